"""The published networks, and theory: small or short versions of `benchmarks/spiking_networks.py`."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from dynascope.analysis.spikes import firing_regime, firing_statistics, siegert_rate
from dynascope.models.spiking import (
    LeakyCells,
    Population,
    UniformDraw,
    WhiteNoise,
    brunel_network,
    cobahh_network,
    cuba_network,
    spiking_network,
)
from dynascope.solve import simulate


def test_the_current_based_benchmark_has_its_rate_and_irregularity() -> None:
    run = simulate(cuba_network(key=jax.random.key(0)), 5000.0)
    trains = run.trains()
    found = firing_statistics(trains)
    # Brette et al. (2007): 5.5 Hz, mean CV 0.685; networks differ from draw to draw by some percent.
    assert abs(found.rates.mean() / 5.5 - 1) < 0.08
    assert abs(found.cv[trains.counts >= 3].mean() / 0.685 - 1) < 0.05
    regime = firing_regime(run.trains("E", start=200.0, units=range(0, 3200, 20))).verdict.regime
    assert regime.startswith("asynchronous")


def test_the_hodgkin_huxley_benchmark_has_its_rate() -> None:
    network = cobahh_network(key=jax.random.key(0))
    single = jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, network)
    run = simulate(single, 400.0)
    assert abs(run.rate(bin=400.0)[1][0] / 36.5 - 1) < 0.1


def test_noisy_neurons_fire_at_the_rate_of_siegert() -> None:
    cells = LeakyCells(drive=13.0, tau=10.0, E_L=0.0, V_th=15.0, V_reset=0.0, refractory=2.0)
    rates, errors, steps = [], [], (0.2, 0.05)
    for dt in steps:
        parts = [Population("a", 1000, cells, {"V": UniformDraw(0.0, 15.0)})]
        network = spiking_network(parts, [], [WhiteNoise("a", 4.0)], dt=dt, key=jax.random.key(0))
        each = simulate(network, 900.0, key=jax.random.key(1)).trains(start=100.0).counts / 0.8
        rates.append(each.mean())
        errors.append(each.std() / np.sqrt(1000))
    # Crossings between steps are missed, in proportion to the root of the step: twice the finer less the coarser.
    limit, error = 2 * rates[1] - rates[0], np.hypot(2 * errors[1], errors[0])
    exact = 1e3 * float(siegert_rate(13.0, 4.0, tau=10.0, threshold=15.0, reset=0.0, refractory=2.0))
    assert abs(limit - exact) < 3 * error
    assert error < 0.02 * exact


@pytest.mark.slow
def test_brunels_network_fires_asynchronously_at_the_rate_of_the_mean_field() -> None:
    g, eta, inputs, kick, tau = 5.0, 2.0, 1000, 0.1, 0.02

    def excess(rate: float) -> float:
        outside = eta * 20.0 / (kick * inputs * tau)
        mu = inputs * kick * tau * (outside + rate * (1 - g / 4))
        sigma = kick * np.sqrt(inputs * tau * (outside + rate * (1 + g * g / 4)))
        return float(siegert_rate(mu, sigma, tau=tau, threshold=20.0, reset=10.0, refractory=0.002)) - rate

    # The state without oscillation: each neuron fires as in the noise that its own rate makes.
    expected = brentq(excess, 1e-3, 499.0)
    run = simulate(brunel_network(g=g, eta=eta, key=jax.random.key(0)), 500.0, key=jax.random.key(1))
    trains = run.trains(start=100.0)
    assert abs(firing_statistics(trains).rates.mean() / expected - 1) < 0.02
    assert firing_regime(trains).verdict.regime == "asynchronous irregular"


@pytest.mark.slow
@pytest.mark.parametrize(("g", "eta", "word"), [(3.0, 2.0, "synchronous regular"), (6.0, 4.0, "synchronous irregular")])
def test_brunels_network_oscillates_where_he_says(g: float, eta: float, word: str) -> None:
    run = simulate(brunel_network(g=g, eta=eta, key=jax.random.key(2)), 400.0, key=jax.random.key(3))
    assert firing_regime(run.trains(start=150.0)).verdict.regime == word
