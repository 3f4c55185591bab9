"""Attractors and their shares against what is known exactly or was counted on a fine grid."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.attractors import attractors

#: Share of [-2, 2]^2 whose orbit under the Henon map (a 1.4, b 0.3) stays bounded: 10^6 starts, error 0.0005.
HENON_BASIN = 0.4325


def box(low: list[float], high: list[float]) -> ds.Box:
    return ds.Box(jnp.array(low), jnp.array(high))


def test_symmetric_wells_share_the_starts_evenly():
    found = attractors(ds.build("lorenz", rho=10.0), key=jax.random.key(1))
    assert len(found) == 2
    assert not found.moving.any()
    assert found.unbounded == 0
    np.testing.assert_allclose(found.shares.sum(), 1.0)
    assert np.all(np.abs(found.shares - 0.5) < 3 * found.stderr)
    root = np.sqrt(8 / 3 * 9)
    np.testing.assert_allclose(np.sort(found.states[:, 0]), [-root, root], rtol=1e-6)
    assert found.home in (0, 1)
    assert found.states[found.home][0] == pytest.approx(root, rel=1e-6)


def test_share_of_the_henon_basin():
    found = attractors(ds.build("henon"), region=box([-2, -2], [2, 2]), starts=1024)
    assert len(found) == 1
    assert found.moving[0]
    assert abs(found.shares[0] - HENON_BASIN) < 3 * found.stderr[0]
    assert found.shares[0] + found.unbounded == pytest.approx(1.0)
    assert found.stderr[0] == pytest.approx(np.sqrt(HENON_BASIN * (1 - HENON_BASIN) / 1024), rel=0.05)


def test_wells_of_known_width():
    """x' = -x (x - 1)(x + 2) rests at 1 and -2, parted by 0: half of [-1, 1] goes each way, and 3/4 of [-1, 3] to 1."""
    system = ds.flow(lambda t, y, p: -y * (y - 1) * (y + 2), [0.5])
    for high, right in ((1.0, 0.5), (3.0, 0.75)):
        found = attractors(system, region=box([-1.0], [high]), starts=256)
        assert len(found) == 2
        one = int(np.argmax(found.states[:, 0]))
        np.testing.assert_allclose(np.sort(found.states[:, 0]), [-2, 1], atol=1e-6)
        assert abs(found.shares[one] - right) < 3 * found.stderr[one]
        assert found.home == one


def test_reversed_oscillator_is_partly_unbounded():
    """With mu = -1 the cycle of van der Pol repels: inside it all starts rest at the origin, outside they escape."""
    found = attractors(ds.build("van-der-pol", mu=-1.0), region=box([-3, -3], [3, 3]))
    assert len(found) == 1
    assert not found.moving[0]
    assert 0 < found.unbounded < 1
    assert found.shares[0] + found.unbounded == pytest.approx(1.0)
    np.testing.assert_allclose(found.states[0], 0, atol=1e-6)


def test_hodgkin_huxley_rests_or_fires_between_its_bifurcations():
    found = attractors(ds.build("hodgkin-huxley", I=8.0))
    assert len(found) == 2
    assert sorted(found.moving.tolist()) == [False, True]


def test_pattern_and_its_mirror_image_are_the_memories_of_a_small_network():
    pattern = jnp.array([[1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0]])
    cls = type(ds.build("hopfield", n=7, patterns=1))
    found = attractors(cls.from_patterns(pattern))  # type: ignore[attr-defined]
    assert len(found) == 2
    assert not found.moving.any()
    rows = sorted(found.states.tolist())
    np.testing.assert_array_equal(rows, sorted([pattern[0].tolist(), (-pattern[0]).tolist()]))


@pytest.mark.slow
def test_states_that_differ_by_a_turn_of_all_phases_are_one():
    locked = ds.build("kuramoto", n=8, K=4.0)
    found = attractors(locked)
    assert len(found) == 1
    assert found.shares[0] == 1.0
    assert 0 < found.stderr[0] < 0.05


def test_what_grows_without_bound():
    for system in (
        ds.flow(lambda t, y, p: y, [1.0]),
        ds.flow(lambda t, y, p: jnp.ones_like(y), [1.0]),
        ds.iterated(lambda n, y, p: y + 1, [0.0]),
        ds.iterated(lambda n, y, p: 2 * y, [1.0]),
    ):
        found = attractors(system)
        assert found.unbounded == 1.0
        assert len(found) == 0
        assert found.home == -1
        assert "shares none" in found.summary()
        assert found.to_xarray().sizes["attractor"] == 0


def test_initial_state_that_escapes_hides_nothing():
    """x -> x^2 from 2 escapes, yet from inside of [-1, 1] all starts go to 0."""
    found = attractors(ds.iterated(lambda n, y, p: y**2, [2.0]))
    assert found.home == -1
    assert len(found) == 1
    assert 0 < found.unbounded < 1
    assert found.settings["region"] == "pilot run that grew without bound"
    np.testing.assert_allclose(found.states[0], 0, atol=1e-12)


def test_other_side_of_the_origin_is_looked_at_when_a_system_names_no_region():
    """A particle in a double well that starts in the right one still shows both."""
    found = attractors(ds.flow(lambda t, y, p: y - y**3, [0.5]))
    np.testing.assert_allclose(np.sort(found.states[:, 0]), [-1, 1], atol=1e-6)
    assert found.settings["region"] == "pilot run"
    assert found.states[found.home][0] > 0


def test_both_wells_are_seen_from_one_of_them_in_five_dimensions():
    """The wells lie at plus and minus one column of an orthogonal matrix; a box about one of them holds just that."""
    q = jnp.linalg.qr(jnp.asarray(np.random.default_rng(3).normal(size=(5, 5))))[0]

    def rule(t, y, p):
        z = q.T @ y
        return q @ jnp.concatenate([(z[0] - z[0] ** 3)[None], -z[1:]])

    found = attractors(ds.flow(rule, list(np.asarray(q[:, 0]))), transient=200.0)
    assert len(found) == 2
    assert found.shares.min() > 0.25
    np.testing.assert_allclose(np.abs(found.states @ np.asarray(q[:, 0])), 1, atol=1e-6)


def test_attractor_of_the_initial_state_alone_is_kept_with_share_zero():
    found = attractors(
        ds.flow(lambda t, y, p: y - y**3, [0.5]), region=box([0.1], [2.0]), y0=jnp.array([-0.5]), starts=64
    )
    assert len(found) == 2
    assert found.shares.tolist() == [1.0, 0.0]
    assert found.home == 1
    np.testing.assert_allclose(found.states[:, 0], [1, -1], atol=1e-6)
    assert 0 < found.stderr[1] < 0.05


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [([0.0, 0.0], [1.0, 1.0], "must be a state of `Lorenz`"), ([1.0] * 3, [0.0] * 3, "`low` below `high`")],
)
def test_region_that_is_none(low, high, message):
    with pytest.raises(ds.InputError, match=message):
        attractors(ds.build("lorenz"), region=box(low, high))


def test_key_decides_the_starts():
    system: Any = ds.build("lorenz", rho=10.0)
    one, again = attractors(system, key=jax.random.key(5)), attractors(system, key=jax.random.key(5))
    other = attractors(system, key=jax.random.key(6))
    np.testing.assert_array_equal(one.states, again.states)
    np.testing.assert_array_equal(one.shares, again.shares)
    assert one.settings["seed"] != other.settings["seed"]
    assert one.states.tolist() != other.states.tolist()


def test_export():
    found = attractors(ds.build("lorenz", rho=10.0))
    data = found.to_xarray()
    assert data["states"].dims == ("attractor", "component")
    np.testing.assert_array_equal(data["shares"].values, found.shares)
    assert data.attrs["unbounded"] == 0.0
    assert found.summary().startswith("2 attractor(s) from 64 starts with shares 0.")
