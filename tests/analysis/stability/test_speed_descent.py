"""The speed descended from visited states: trained networks, known counts, continua, slow points that are not fixed."""

import importlib
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.optimize import root

import dynascope as ds
from dynascope.analysis.stability import Newton, SpeedDescent, fixed_points

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "benchmarks"))
flipflop: Any = importlib.import_module("flipflop")
decision: Any = importlib.import_module("decision")


def plane_box(d: int, size: float = 2.0) -> ds.Box:
    return ds.Box(-size * jnp.ones(d), size * jnp.ones(d))


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_three_flip_flops_rest_at_all_places_of_a_cube(name):
    """Eight memories at the corners, twelve saddles on the edges, six on the faces, one point in the middle."""
    network: Any = ds.load(ROOT / "tests" / "data" / f"flipflop-{name}.safetensors")
    points = fixed_points(network, starts=flipflop.visited(network, jax.random.key(1)), method=SpeedDescent())
    assert np.bincount(points.unstable_dimension).tolist() == [8, 12, 6, 1]
    assert points.residuals.max() < 1e-14
    assert points.continuum == ""
    assert len(points.speeds) == 0
    corners = [tuple(1 if i >> b & 1 else -1 for b in (2, 1, 0)) for i in range(8)]
    assert flipflop.memories(network, points) == sorted(corners)
    # A saddle with k unstable directions has forgotten k of the three bits.
    _, unravel = ravel_pytree(network.initial_state())
    for state, unstable in zip(points.states, points.unstable_dimension, strict=True):
        said = np.asarray(network.observe(0, unravel(jnp.asarray(state)), None))
        assert np.sum(np.abs(said) < 0.8) == unstable
    assert points.missed_share <= 0.003
    assert "27 fixed point(s)" in points.summary()


def test_runs_of_its_own_find_the_same_and_an_input_moves_them():
    network: Any = ds.load(ROOT / "tests" / "data" / "flipflop-gru.safetensors")
    own = fixed_points(network, method=SpeedDescent())
    assert np.bincount(own.unstable_dimension).tolist() == [8, 12, 6, 1]
    assert own.settings["region"].startswith("visited from")
    u = jnp.array([0.1, 0.0, 0.0])
    pushed = fixed_points(network, inputs=u, method=SpeedDescent())
    assert np.bincount(pushed.unstable_dimension).tolist() == [4, 4, 1]  # a square: the first bit is held
    for state in pushed.states:
        after = network.step(0, jnp.asarray(state), u)
        np.testing.assert_allclose(after, state, atol=1e-13)
        assert np.asarray(network.observe(0, jnp.asarray(state), None))[0] > 0.5


@pytest.mark.parametrize(("n", "count"), [(2, 3), (3, 3), (4, 9)])
@pytest.mark.parametrize("method", [Newton(), SpeedDescent(starts=256)], ids=["newton", "speed"])
def test_rolled_networks_have_3_3_and_9_fixed_points(n, count, method):
    weights = jnp.stack([-jnp.roll(jnp.linspace(-1.0, 1.0, n), -i) for i in range(n)])
    network = ds.iterated(lambda k, h, p: jnp.tanh(h @ p["W"]), 0.1 * jnp.ones(n), parameters={"W": weights})
    points = fixed_points(network, region=plane_box(n, 1.0), method=method)
    assert len(points) == count
    np.testing.assert_allclose(points.states, np.tanh(points.states @ np.asarray(weights)), atol=1e-14)


def test_graded_hopfield_agrees_with_scipy():
    network: Any = ds.build("graded-hopfield")
    points = fixed_points(network, method=SpeedDescent(starts=128))
    assert len(points) >= 3
    assert np.sum(points.unstable_dimension == 0) >= 2

    def field(y):
        return np.asarray(network.vector_field(0.0, jnp.asarray(y), None))

    for state in points.states[:4]:
        other = root(field, state + 1e-3 * np.cos(np.arange(state.size)), tol=1e-13)
        np.testing.assert_allclose(other.x, state, atol=1e-8)


def test_a_network_that_sums_evidence_has_a_line_of_slow_points():
    network: Any = ds.load(ROOT / "tests" / "data" / "decision.safetensors")
    seen = decision.visited(network, jax.random.key(1))
    points = fixed_points(network, starts=seen, method=SpeedDescent(starts=512))
    assert (points.continuum, points.manifold_dimension) == ("line", 1)
    assert points.drift < 1e-3
    assert "Slow places fill a line" in points.summary()
    # Along the line, in the order of what it says, neighbours are close: each place stands for a sum.
    said = (points.slow_points @ np.asarray(network.readout.weight).T)[:, 0]
    assert np.ptp(said) > 2
    order = points.slow_points[np.argsort(said)]
    steps = np.linalg.norm(np.diff(order, axis=0), axis=1)
    assert steps.sum() < 1.5 * np.linalg.norm(order[-1] - order[0])


RING = ds.flow(lambda t, y, p: (1 - y @ y) * y, [0.5, 0.2])
LINE = ds.flow(lambda t, y, p: jnp.stack([y[1] - y[0], y[0] - y[1], -y[2]]), [0.5, 0.2, 1.0])
PLANE = ds.flow(lambda t, y, p: jnp.stack([0 * y[0], 0 * y[1], y[0] * y[1] - y[2]]), [0.5, 0.2, 1.0])
HALVES = ds.iterated(lambda n, y, p: jnp.stack([0.5 * (y[0] + y[1]), 0.5 * (y[0] + y[1])]), [0.5, 0.2])


@pytest.mark.parametrize(
    ("system", "shape", "dimension"),
    [(RING, "ring", 1), (LINE, "line", 1), (PLANE, "slow manifold", 2), (HALVES, "line", 1)],
    ids=["ring", "line", "plane", "map"],
)
def test_endless_fixed_points_are_told_by_their_shape(system, shape, dimension):
    d = np.size(system.initial_state())
    points = fixed_points(system, region=plane_box(d), method=SpeedDescent(starts=96))
    assert (points.continuum, points.manifold_dimension) == (shape, dimension)
    assert points.drift < 1e-9
    assert f"they fill a {shape}" in points.summary()


def drifting_ring(strength: float) -> Any:
    def field(t, y, p):
        del t
        turn = jnp.stack([-y[1], y[0]])
        return (1 - y @ y) * y + p["e"] * jnp.sin(3 * jnp.arctan2(y[1], y[0])) * turn

    return ds.flow(field, [0.5, 0.2], parameters={"e": strength})


def test_a_ring_that_drifts_is_told_with_its_drift():
    slow = fixed_points(drifting_ring(1e-3), region=plane_box(2), method=SpeedDescent(starts=256))
    assert len(slow) == 7  # three stable, three saddles, and the middle
    assert slow.continuum == "ring"
    assert 1e-4 < slow.drift < 2e-3
    assert "Slow places fill a ring" in slow.summary()
    np.testing.assert_allclose(np.linalg.norm(slow.slow_points, axis=1), 1.0, atol=0.01)
    # With a drift as fast as everything else there is no ring to speak of.
    fast = fixed_points(drifting_ring(0.5), region=plane_box(2), method=SpeedDescent(starts=256))
    assert len(fast) == 7
    assert fast.continuum == ""


def test_a_ghost_is_slow_but_not_fixed():
    ghost = ds.flow(lambda t, y, p: jnp.stack([y[0] ** 2 + p["e"], -y[1]]), [0.5, 0.2], parameters={"e": 1e-3})
    points = fixed_points(ghost, region=plane_box(2), method=SpeedDescent(starts=128))
    assert len(points) == 0
    assert points.continuum == ""
    assert len(points.speeds) >= 1
    assert points.speeds[0] == pytest.approx(1e-3, rel=1e-3)
    assert points.failed_starts == 128
    assert "no fixed point" in points.summary().lower()
    real = fixed_points(ghost.replace(**{"p.e": -1e-3}), region=plane_box(2), method=SpeedDescent(starts=128))
    np.testing.assert_allclose(np.sort(real.states[:, 0]), [-np.sqrt(1e-3), np.sqrt(1e-3)], rtol=1e-9)


def test_runs_to_infinity_do_not_blur_what_rests():
    # Half of the starts grow as 1.1^n; one unit of length as wide as they get would take both points for one.
    def rule(n, y, p):
        return 0.5 * y.at[0].set(2 * y[0] + 0.2 * (jnp.abs(y[0]) - 1))

    system = ds.iterated(rule, jnp.zeros(17).at[0].set(-1.5))
    points = fixed_points(system, region=plane_box(17, 3.0), method=SpeedDescent(starts=64))
    np.testing.assert_allclose(points.states[:, 0], [-1.0, 1.0], atol=1e-12)
    assert points.stability == ("stable node", "saddle")


def test_what_speed_descent_refuses():
    with pytest.raises(ds.InputError, match="delay flow"):
        fixed_points(ds.build("mackey-glass"), method=SpeedDescent())
    with pytest.raises(ds.InputError, match="`mixed`"):
        SpeedDescent(mixed=2.0)
    with pytest.raises(ds.InputError, match="one leading axis"):
        fixed_points(ds.build("lorenz"), starts=jnp.zeros(3), method=SpeedDescent())
