"""Attractors by recurrences: known ones are found, and slow passages are not mistaken for them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.attractors import Recurrences
from dynascope.analysis.basins import basin_shares


def box(low: list[float], high: list[float]) -> ds.Box:
    return ds.Box(jnp.array(low), jnp.array(high))


def test_wells_of_known_width_are_found_with_their_shares():
    """x' = -x (x - 1)(x + 2) rests at 1 and -2, parted by 0: 3/4 of [-1, 3] goes to 1."""
    system = ds.flow(lambda t, y, p: -y * (y - 1) * (y + 2), [0.5])
    found = basin_shares(system, region=box([-1.0], [3.0]))
    np.testing.assert_allclose(found.states[:, 0], [1, -2], atol=1e-5)
    assert np.all(np.abs(found.shares - [0.75, 0.25]) < 3 * found.stderr)
    assert np.all(found.stderr <= 0.02)
    assert found.home == 0
    assert found.successful


@pytest.mark.parametrize("gap", [1e-3, 1e-5])
def test_ghost_of_a_vanished_fixed_point_is_no_attractor(gap: float):
    """theta' = 1 - (1 - gap) cos theta is slow near 0 for a time of 4.4 / sqrt(gap), but never stops."""
    system = ds.flow(
        lambda t, y, p: jnp.stack([
            -y[1] * (1 - p["k"] * y[0]) + y[0] * (1 - y[0] ** 2 - y[1] ** 2),
            y[0] * (1 - p["k"] * y[0]) + y[1] * (1 - y[0] ** 2 - y[1] ** 2),
        ]),
        [0.5, 0.0],
        parameters={"k": 1 - gap},
    )  # fmt: skip
    found = basin_shares(system, region=box([-1.5, -1.5], [1.5, 1.5]), precision=0.05, solver=ds.solve.RK4(0.05))
    assert len(found) == 1
    assert found.moving.tolist() == [True]
    # Of the slower ghost a few starts may be left undecided, but none is said to rest.
    assert found.shares[0] + found.undecided == 1.0
    assert found.undecided < 0.02
    radius = np.linalg.norm(found.points[0], axis=1)
    np.testing.assert_allclose(radius, 1.0, atol=1e-3)
    assert np.ptp(found.known[0].points, axis=0).min() > 0.5


def test_saddle_at_which_all_scouts_pass_is_no_attractor():
    """x' = x - x^3, y' = -y: starts on the y axis come to the saddle and stay for ever, but for a push."""
    system = ds.flow(lambda t, y, p: jnp.stack([y[0] - y[0] ** 3, -y[1]]), [0.0, 1.0])
    found = basin_shares(system, region=box([-1e-9, -1.0], [1e-9, 1.0]), precision=0.05)
    assert np.all(np.abs(np.abs(found.states[:, 0]) - 1) < 1e-5)
    assert found.shares.sum() == pytest.approx(1.0)


@pytest.mark.slow
def test_relaxation_oscillation_with_long_rests_is_one_cycle():
    found = basin_shares(ds.build("van-der-pol", mu=20.0), precision=0.05, name=True)
    assert found.regimes == ("limit cycle",)
    assert found.shares[0] == 1.0


@pytest.mark.slow
def test_chaotic_transient_is_no_attractor():
    """Duffing's oscillator at weak forcing wanders between both wells before it settles in one."""
    system = ds.build("duffing", gamma=0.2, delta=0.15)
    found = basin_shares(system, region=box([-2.2, -2.2, 0.0], [2.2, 2.2, 0.0]), precision=0.03)
    assert len(found) == 2
    assert np.all(np.abs(found.shares - 0.5) < 3 * found.stderr)


def test_cycle_of_a_map_is_one_attractor():
    found = basin_shares(ds.build("logistic", r=3.5), precision=0.05, name=True)
    assert found.regimes == ("periodic",)
    assert len(np.unique(np.round(found.points[0], 6))) == 4


def test_what_diverges_is_counted():
    found = basin_shares(ds.build("van-der-pol", mu=-1.0), region=box([-3.0, -3.0], [3.0, 3.0]), precision=0.05)
    assert len(found) == 1
    assert not found.moving[0]
    assert found.shares[0] + found.unbounded == pytest.approx(1.0)
    assert found.unbounded_stderr > 0


def test_same_key_gives_the_same_answer():
    one, two = (basin_shares(ds.build("newton-map"), precision=0.05, key=jax.random.key(3)) for _ in range(2))
    np.testing.assert_array_equal(one.shares, two.shares)
    np.testing.assert_array_equal(one.states, two.states)


def test_wrong_settings_are_refused():
    with pytest.raises(InputError, match="at least one scout"):
        Recurrences(scouts=0)
    with pytest.raises(InputError, match="must be positive"):
        basin_shares(ds.build("henon"), precision=0.0)
