"""Distances to the threshold and exact periods: closed forms, brute force, the theorem on perturbations, death."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import rankdata

import dynascope as ds
from dynascope import RESULTS, InputError
from dynascope.analysis.threshold import Thresholded, perturbed_rasters, threshold_diagram, threshold_distance
from dynascope.models import BMS, GIF, Henon


def alone(current: float, gamma: float) -> BMS:
    return BMS(jnp.zeros((1, 1)), jnp.array([current]), gamma)


def test_one_neuron_in_closed_form() -> None:
    # From reset: 0.6, 0.9, 1.05, which fires and starts from 0.6 again.
    found = threshold_distance(alone(0.6, 0.5), starts=3)
    assert found.periods.tolist() == [3, 3, 3]
    np.testing.assert_allclose(found.distances, 0.05, atol=1e-15)
    np.testing.assert_allclose(found.rates, 1 / 3)
    assert np.all(found.closures == 0.0)
    # Below threshold it rests at I / (1 - gamma).
    rest = threshold_distance(alone(0.3, 0.6), jnp.array([0.2]))
    assert rest.periods.tolist() == [1]
    assert rest.distances[0] == pytest.approx(0.25, abs=1e-12)
    assert rest.dead.all()
    assert "1 of 1 starts die" in rest.summary()


def test_a_period_made_by_rounding_is_not_believed() -> None:
    # The potential rises to the threshold and never meets it; rounding lets it fire after 53 steps, again and again.
    network = alone(0.5, 0.5)
    y, fired = jnp.array([0.0]), 0
    for n in range(60):
        y = network.step(n, y, None)
        fired += int(network.spikes(y)[0])
    assert fired == 1
    found = threshold_distance(network, jnp.array([0.0]), longest=3000)
    assert found.periods.tolist() == [0]
    assert found.distances[0] < 1e-12
    assert found.result == RESULTS.not_converged
    assert np.isinf(found.closures[0])


def brute_force(network: BMS, y: np.ndarray, steps: int) -> tuple[int, float]:
    """Period and distance from a list of all states, for a network whose neurons all fire or have died out."""
    W, gamma, C = np.asarray(network.W), float(network.gamma), float(network.C)
    states = [y]
    for _ in range(steps):
        Z = (y >= 1.0).astype(float)
        y = gamma * y * (1 - Z) + C * (W @ Z) + np.asarray(network.I)
        states.append(y)
    last = states[-1]
    gaps = np.array([np.max(np.abs(s - last)) for s in states[:-1]])
    period = steps - int(np.flatnonzero(gaps < 1e-13)[-1])
    return period, float(min(np.min(np.abs(s - 1.0)) for s in states[-period:]))


def test_periods_of_networks_by_brute_force() -> None:
    several = 0
    for seed in range(6):
        network = BMS.draw(n=20, C=8.0, gamma=0.5, key=jax.random.key(seed))
        start = np.random.default_rng(seed).uniform(0, 3, 20)
        found = threshold_distance(network, jnp.asarray(start))
        period, distance = brute_force(network, start, 6000)
        assert found.periods[0] == period
        assert found.distances[0] == pytest.approx(distance, abs=1e-11)
        several += period > 3
    assert several >= 2


def test_changes_below_the_distance_never_change_the_raster() -> None:
    orbits = 0
    for seed in range(8):
        network = BMS.draw(n=30, C=8.0, gamma=0.6, key=jax.random.key(seed))
        found = threshold_distance(network, starts=3, key=jax.random.key(100 + seed))
        if not np.any(found.periods > 0):
            continue
        assert np.all(found.distances[found.periods > 0] > 0)
        tried = perturbed_rasters(network, found, (0.5, 0.999, 1.001), trials=20)
        orbits += len(tried.orbits)
        assert np.all(tried.random[:, :2] == 0)
        assert not tried.aimed[:, :2].any()
        # The distance is sharp: just beyond it the aimed change adds a spike or takes one away.
        alive = found.periodic[tried.orbits]
        assert tried.aimed[alive, 2].all()
        assert "of random" in tried.summary()
    assert orbits >= 15


def test_networks_with_conductances_too() -> None:
    network = GIF.draw(n=8, I=0.3, key=jax.random.key(3)).replace(tau_L=4.0, tau_E=1.0, tau_I=1.0)
    assert isinstance(network, Thresholded)
    found = threshold_distance(network, starts=2, longest=40_000)
    assert found.periodic.any()
    tried = perturbed_rasters(network, found, (0.99, 1.01), components=range(8))
    assert np.all(tried.random[:, 0] == 0)
    assert tried.aimed[:, 1].all()


def test_neural_death_at_weak_coupling_only() -> None:
    found = threshold_diagram(lambda key: BMS.draw(n=50, key=key), {"gamma": [0.8], "C": [1.0, 8.0]}, draws=20)
    assert found.dead[0, 0] == 1.0
    assert found.dead[0, 1] <= 0.25
    np.testing.assert_allclose(found.distances[0, 0], 1.0)
    periods, distances = found.periods[0, 1], found.distances[0, 1]
    cycles = (periods > 1) & (found.rates[0, 1] > 0)
    assert np.all(distances[cycles] > 0)
    assert cycles.sum() >= 8
    assert found.share_error(found.dead)[0, 0] < 0.06
    assert np.allclose(found.dead + found.periodic + found.irregular, 1.0)
    assert np.corrcoef(rankdata(periods[cycles]), rankdata(distances[cycles]))[0, 1] <= -0.3
    assert "20 networks" in found.summary()
    figure = ds.plot(found)
    assert len(figure.axes) == 3


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="no threshold to measure"):
        threshold_distance(Henon())
    with pytest.raises(InputError, match="`tolerance` lie between"):
        threshold_distance(alone(0.6, 0.5), tolerance=0.7)
    with pytest.raises(InputError, match="two parameters"):
        threshold_diagram(lambda key: BMS.draw(n=5, key=key), {"C": [1.0]})
    with pytest.raises(InputError, match="must lie in"):
        threshold_diagram(lambda key: BMS.draw(n=5, key=key), {"gamma": [0.5, 1.5], "C": [1.0]}, draws=1)
    lost = threshold_distance(alone(0.5, 0.5), jnp.array([0.0]), longest=200)
    with pytest.raises(InputError, match="exact period"):
        perturbed_rasters(alone(0.5, 0.5), lost)
