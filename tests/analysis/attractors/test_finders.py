"""Other ways to find attractors, and kinds of systems, against the same known answers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.attractors import Features, Proximity
from dynascope.analysis.basins import basin_shares


def box(low: list[float], high: list[float]) -> ds.Box:
    return ds.Box(jnp.array(low), jnp.array(high))


def wells() -> ds.systems.AbstractFlow:
    """Rests at 1 and -2, parted by 0: 3/4 of [-1, 3] goes to 1."""
    return ds.flow(lambda t, y, p: -y * (y - 1) * (y + 2), [0.5])


@pytest.mark.parametrize(
    "finder", [Features(transient=20_000, duration=4000), Proximity([[1.0], [-2.0]])], ids=["features", "proximity"]
)
def test_finders_agree_on_wells(finder):
    found = basin_shares(wells(), region=box([-1.0], [3.0]), finder=finder)
    np.testing.assert_allclose(found.states[:, 0], [1, -2], atol=1e-2)
    assert np.all(np.abs(found.shares - [0.75, 0.25]) < 3 * found.stderr)
    assert found.undecided == 0


@pytest.mark.slow
def test_features_tell_motion_from_rest():
    """r' = r (r^2 - 1) (4 - r^2): rest inside of the unit circle, a cycle of radius 2 outside of it."""

    def rule(t, y, p):
        square = y @ y
        return (square - 1) * (4 - square) * y + jnp.stack([-y[1], y[0]])

    system = ds.flow(rule, [0.5, 0.0])
    for finder in (Features(transient=20_000, duration=8000), None):
        found = basin_shares(system, region=box([-2.0, -2.0], [2.0, 2.0]), finder=finder)
        assert found.moving.tolist() == [True, False]
        assert abs(found.shares[1] - np.pi / 16) < 3 * found.stderr[1]


def test_proximity_leaves_open_what_it_does_not_know():
    found = basin_shares(wells(), region=box([-1.0], [3.0]), finder=Proximity([[1.0]], looks=2000), precision=0.05)
    assert abs(found.undecided - 0.25) < 0.06
    assert not found.successful


def test_wrong_settings_are_refused():
    with pytest.raises(InputError, match="at least one attractor"):
        Proximity([])
    with pytest.raises(InputError, match="positive transient"):
        Features(transient=0)


class Pushed(ds.AbstractFlow):
    """A well on each side under a push of period 3."""

    push: Any = ds.param(0.1)

    def initial_state(self) -> Any:
        return jnp.array([1.0])

    def vector_field(self, t, y, u):
        del u
        return y - y**3 + self.push * jnp.sin(2 * jnp.pi * t / 3)

    def forcing_period(self) -> Any:
        return 3.0


def test_forced_system_is_looked_at_once_per_period():
    """Under a weak push each well holds a cycle, which the strobe sees at rest."""
    found = basin_shares(Pushed(), region=box([-2.0], [2.0]), precision=0.05, name=True)
    assert found.moving.tolist() == [False, False]
    assert found.regimes == ("limit cycle",) * 2
    assert np.all(np.abs(found.shares - 0.5) < 3 * found.stderr + 0.05)


@pytest.mark.slow
def test_delay_flow_settles_in_its_present_state():
    """Below tau = pi / 2 the delayed logistic rests at 1."""
    names = ds.models.names()
    name = next(n for n in ("hutchinson", "delayed-logistic", "mackey-glass") if n in names)
    system = ds.build(name) if name != "mackey-glass" else ds.build(name, tau=2.0)
    found = basin_shares(system, precision=0.08, most=64)
    assert len(found) >= 1
    assert found.shares.sum() + found.unbounded + found.undecided == pytest.approx(1.0)


@pytest.mark.slow
def test_hybrid_neuron_fires_from_every_start():
    found = basin_shares(ds.build("izhikevich"), precision=0.1, most=64, name=True)
    assert len(found) == 1
    assert found.moving[0]


@pytest.mark.slow
def test_memories_of_a_hopfield_network():
    """One pattern: it and its mirror image share the starts evenly."""
    cls = type(ds.build("hopfield", n=25, patterns=1))
    pattern = jnp.where(jax.random.bernoulli(jax.random.key(1), 0.5, (1, 25)), 1.0, -1.0)
    found = basin_shares(cls.from_patterns(pattern))  # type: ignore[attr-defined]
    assert len(found) == 2
    assert np.all(np.abs(found.shares - 0.5) < 3 * found.stderr)
    overlap = np.abs(found.states @ np.asarray(pattern[0])) / 25
    np.testing.assert_array_equal(overlap, 1.0)
