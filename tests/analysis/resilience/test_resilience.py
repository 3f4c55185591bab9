"""Shocks, edges, paths and probabilities against theory."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.resilience import (
    edge_state,
    local_resilience,
    minimal_shock,
    minimum_action_path,
    tipping_probabilities,
)


def box(low: list[float], high: list[float]) -> ds.Box:
    return ds.Box(jnp.array(low), jnp.array(high))


def well(shift: float = 0.0) -> ds.systems.AbstractFlow:
    """Wells at -1 and 1 with the pass at `shift`."""
    return ds.flow(lambda t, y, p: -(y - 1) * (y + 1) * (y - p["s"]), [0.5], parameters={"s": shift})


def test_minimal_shock_of_two_wells():
    """In the plane x' = x - x^3, y' = -y the boundary is the y axis: from (1, 0) one unit to the left."""
    system = ds.flow(lambda t, y, p: jnp.stack([y[0] - y[0] ** 3, -y[1]]), [1.0, 0.0])
    found = minimal_shock(system, jnp.array([1.0, 0.0]), region=box([-2.0, -2.0], [2.0, 2.0]))
    np.testing.assert_allclose(found.shock, [-1.0, 0.0], atol=2e-2)
    assert found.norm == pytest.approx(1.0, abs=2e-4)
    assert found.error < 1e-3
    only = minimal_shock(system, jnp.array([1.0, 0.5]), region=box([-2.0, -2.0], [2.0, 2.0]), components=(0,))
    np.testing.assert_allclose(only.shock, [-1.0, 0.0], atol=1e-3)


def test_minimal_shock_of_newtons_method():
    """From the root 1 of z^3 = 1: 0.622, as others found on fine grids."""
    found = minimal_shock(ds.build("newton-map"), jnp.array([1.0, 0.0]), region=box([-2.0, -2.0], [2.0, 2.0]))
    assert found.norm == pytest.approx(0.622, abs=0.001)
    end = found.origin + found.shock
    z = complex(*end)
    for _ in range(200):
        z = z - (z**3 - 1) / (3 * z**2)
    assert abs(z - 1) > 1


def test_no_shock_is_fatal_where_there_is_one_attractor():
    with pytest.raises(InputError, match="led elsewhere"):
        minimal_shock(ds.flow(lambda t, y, p: -y, [1.0]), jnp.array([0.0]), region=box([-1.0], [1.0]))


def test_edge_of_two_wells_is_the_pass():
    found = edge_state(well(0.3), jnp.array([-1.0]), jnp.array([1.0]), region=box([-2.0], [2.0]))
    assert found.at_rest
    assert found.state[0] == pytest.approx(0.3, abs=1e-6)
    with pytest.raises(InputError, match="Both states lead"):
        edge_state(well(0.3), jnp.array([-1.0]), jnp.array([-0.9]), region=box([-2.0], [2.0]))


def test_edge_of_the_plane_is_reached_along_the_boundary():
    """The boundary x = 0 is attracted to the saddle at the origin."""
    system = ds.flow(lambda t, y, p: jnp.stack([y[0] - y[0] ** 3, -0.2 * y[1]]), [1.0, 0.0])
    found = edge_state(system, jnp.array([1.0, 1.0]), jnp.array([-0.7, 1.0]), region=box([-2.0, -2.0], [2.0, 2.0]))
    np.testing.assert_allclose(found.path[:, 0], 0, atol=1e-6)
    assert found.path[0, 1] == pytest.approx(1.0)
    np.testing.assert_allclose(found.state, 0, atol=1e-3)


@pytest.mark.slow
def test_edge_state_of_thomas():
    """At b = 0.16 an equilibrium of norm 4.06585 lies on the boundary."""
    system: Any = ds.build("thomas", b=0.16)
    region = box([-4.0] * 3, [4.0] * 3)
    from dynascope.analysis.basins import basin_shares

    shares = basin_shares(system, region=region, precision=0.05)
    found = edge_state(system, jnp.asarray(shares.states[0]), jnp.asarray(shares.states[1]), region=region)
    assert found.norm == pytest.approx(4.06585, abs=1e-4)
    assert found.at_rest
    slope = system.vector_field(0.0, jnp.asarray(found.state), None)
    assert float(jnp.max(jnp.abs(slope))) < 1e-4


def test_local_resilience_of_a_shear():
    """J = [[-1, k], [0, -2]]: reactivity is (-3 + sqrt(1 + k^2)) / 2."""
    system = ds.flow(lambda t, y, p: jnp.stack([-y[0] + p["k"] * y[1], -2 * y[1]]), [0.0, 0.0], parameters={"k": 10.0})
    found = local_resilience(system, jnp.zeros(2))
    assert found.resilience == pytest.approx(1.0)
    assert found.return_time == pytest.approx(1.0)
    assert found.reactivity == pytest.approx((-3 + np.sqrt(101)) / 2)
    # The off-diagonal entry of the propagator is k (e^-t - e^-2t), at most k / 4 at t = ln 2.
    assert found.amplification == pytest.approx(2.6, abs=0.1)
    assert found.when == pytest.approx(np.log(2), abs=0.1)
    calm = local_resilience(system.replace(**{"p.k": 0.0}), jnp.zeros(2))
    assert calm.reactivity == pytest.approx(-1.0)
    assert calm.amplification == pytest.approx(1.0)


def test_local_resilience_of_maps_and_wrong_states():
    system = ds.iterated(lambda n, y, p: jnp.stack([0.5 * y[0] + 2 * y[1], 0.25 * y[1]]), [0.0, 0.0])
    found = local_resilience(system, jnp.zeros(2))
    assert found.resilience == pytest.approx(np.log(2))
    assert found.reactivity == pytest.approx(np.log(np.linalg.norm([[0.5, 2], [0, 0.25]], 2)))
    with pytest.raises(InputError, match="not at rest"):
        local_resilience(system, jnp.ones(2))
    unstable = local_resilience(well(), jnp.array([0.0]))
    assert unstable.resilience == pytest.approx(-1.0)
    assert np.isinf(unstable.return_time)


def test_tipping_probabilities_are_overlaps():
    """The pass moves from -0.5 to 0.5: of (-0.5, 2] two fifths fall back; of [-2, -0.5) none rise."""
    found = tipping_probabilities(well(-0.5), well(0.5), region=box([-2.0], [2.0]))
    row = {float(np.round(s)): i for i, s in enumerate(found.states_before[:, 0])}
    column = {float(np.round(s)): i for i, s in enumerate(found.states_after[:, 0])}
    fall = found.probabilities[row[1.0], column[-1.0]]
    assert abs(fall - 0.4) < 3 * found.stderr[row[1.0], column[-1.0]]
    assert found.probabilities[row[-1.0], column[1.0]] == 0
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0)
    assert abs(found.before[row[1.0]] - 0.625) < 0.03


def test_action_of_a_potential_is_twice_the_barrier():
    found = minimum_action_path(well(), jnp.array([-1.0]), jnp.array([0.0]), points=100)
    assert abs(found.action - 0.5) < 1e-4
    down = minimum_action_path(well(), jnp.array([0.0]), jnp.array([1.0]), points=100)
    assert down.action < 1e-6


def shot(angle: float) -> tuple[float, float]:
    """Hamilton's equations from the well of Maier and Stein until u = -0.001: the height v there and the action."""

    def rule(t, z):
        u, v, p, q, _ = z
        j = np.array([[1 - 3 * u * u - 10 * v * v, -20 * u * v], [-2 * u * v, -(1 + u * u)]])
        dp, dq = -j.T @ np.array([p, q])
        return [u - u**3 - 10 * u * v * v + p, -(1 + u * u) * v + q, dp, dq, (p * p + q * q) / 2]

    def arrived(t, z):
        return z[0] + 1e-3

    arrived.terminal = True  # type: ignore[attr-defined]
    r, (c, s) = 1e-4, (np.cos(angle), np.sin(angle))
    run = solve_ivp(
        rule, [0, 30], [-1 + r * c, r * s, 4 * r * c, 4 * r * s, 2 * r * r],
        rtol=1e-11, atol=1e-13, events=arrived, method="DOP853",
    )  # fmt: skip
    return run.y[1, -1], run.y[4, -1]


@pytest.mark.slow
def test_action_of_maier_and_stein():
    """0.3375 is given elsewhere; shots that pass ever nearer to the saddle lead to 0.340."""
    found = minimum_action_path(ds.build("maier-stein"), jnp.array([-1.0, 0.0]), jnp.array([0.0, 0.0]), points=100)
    assert found.action == pytest.approx(0.3375, rel=0.01)
    heights, actions = np.array([shot(angle) for angle in (1.228, 1.2285, 1.229)]).T
    at_the_saddle = np.polyfit(heights**2, actions, 2)[-1]
    assert abs(found.action - at_the_saddle) < 1e-3
    assert np.abs(found.path[:, 1]).max() > 0.25  # off the axis, where the action would be 0.5


def test_noise_that_leaves_a_direction_out_is_refused():
    half = ds.systems.noisy(ds.flow(lambda t, y, p: -y, [1.0, 1.0]), jnp.array([1.0, 0.0]))
    with pytest.raises(InputError, match="leaves a direction out"):
        minimum_action_path(half, jnp.zeros(2), jnp.ones(2))
