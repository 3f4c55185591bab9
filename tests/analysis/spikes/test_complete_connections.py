"""The chain with complete connections: what it promises, and where the threshold network departs from it."""

import math

import numpy as np
import pytest

from dynascope import InputError
from dynascope.analysis.spikes import CompleteConnections, maximum_entropy, pairwise_terms


def network(gamma, *, strength=1.0, I=0.3, theta=1.0, sigma=0.5):  # noqa: E741
    W = strength * np.random.default_rng(1).normal(size=(5, 5)) / math.sqrt(5)
    return CompleteConnections(W=W, I=np.full(5, I), gamma=gamma, theta=theta, sigma=sigma)


def calibration(chain, raster):
    """Largest difference of chance and share of spikes in ten bins of the chance, in standard errors and plainly."""
    p = chain.probabilities(raster)
    worst, widest = 0.0, 0.0
    for low in np.arange(0, 1, 0.1):
        inside = (p >= low) & (p < low + 0.1)
        if inside.sum() >= 1000:
            apart = abs(p[inside].mean() - raster[inside].mean())
            worst = max(worst, apart / math.sqrt(p[inside].mean() * (1 - p[inside].mean()) / inside.sum()))
            widest = max(widest, apart)
    return worst, widest


def test_chain_keeps_its_probabilities():
    chain = network(0.7)
    raster = chain.draw(100000)
    worst, widest = calibration(chain, raster)
    assert worst < 4
    assert widest < 0.01


def test_threshold_network_fires_less_unless_it_forgets():
    forgetful = network(0.0)
    worst, _ = calibration(forgetful, forgetful.threshold(100000))
    assert worst < 4
    chain = network(0.7)
    raster = chain.threshold(100000)
    # 0.2 against 0.27 of the chain: the noise of a neuron that has not fired lies low.
    assert raster.mean() < 0.8 * chain.draw(100000).mean()
    assert raster.mean() < 0.75 * chain.probabilities(raster).mean()


def test_probabilities_by_hand():
    chain = network(0.6)
    raster = chain.draw(12, seed=3)
    found = chain.probabilities(raster)
    W, n = np.asarray(chain.W), 11
    for k in range(5):
        fired = np.flatnonzero(raster[:n, k])
        tau = int(fired[-1]) if fired.size else -1
        C = sum(0.6 ** (n - 1 - past) * ((W[k] @ raster[past] if past >= 0 else 0.0) + 0.3) for past in range(tau, n))
        m = n - tau
        s = 0.5 * math.sqrt((1 - 0.6 ** (2 * m)) / (1 - 0.36))
        assert found[n, k] == pytest.approx(0.5 * math.erfc((1.0 - C) / s / math.sqrt(2)), abs=1e-12)
    np.testing.assert_allclose(chain.probabilities(raster, memory=12), found, atol=1e-12)


def test_potential_is_normalised():
    chain = network(0.7)
    past = chain.draw(20)
    words = (np.arange(32)[:, None] >> np.arange(5)) & 1
    total = sum(math.exp(chain.potential(np.vstack([past, word]))[-1]) for word in words)
    assert total == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("gamma", [0.5, 0.7])
def test_finite_memory_is_forgotten_geometrically(gamma):
    # Where neurons rarely fire nothing but the leak forgets: the potential is off by gamma^R, and the divergence, of
    # second order in it, by gamma^(2 R).
    chain = network(gamma, strength=0.3, I=0.1, theta=1.2 if gamma < 0.6 else 1.6, sigma=0.4)
    raster = chain.draw(40000)
    memory = np.arange(7, 13)
    divergence = [chain.divergence(raster, memory=int(r)) for r in memory]
    off = [np.mean(np.abs(chain.potential(raster) - chain.potential(raster, memory=int(r)))) for r in memory]
    assert np.polyfit(memory, np.log(off), 1)[0] == pytest.approx(math.log(gamma), rel=0.2)
    assert np.polyfit(memory, np.log(divergence), 1)[0] == pytest.approx(2 * math.log(gamma), rel=0.2)
    # Spikes reset the memory: in an active network it is lost faster.
    active = network(gamma)
    raster = active.draw(20000)
    slope = np.polyfit(memory, np.log([active.divergence(raster, memory=int(r)) for r in memory]), 1)[0]
    assert slope < 2 * math.log(gamma)


def test_ising_fit_of_the_chain_misses_its_memory():
    chain = network(0.7)
    raster = chain.draw(50000)
    fit = maximum_entropy(raster, pairwise_terms(5))
    assert fit.successful
    # The Ising model has the rates and pairs, but its conditional probabilities are farther off than memory of two.
    ising = float(np.mean(chain.potential(raster))) - fit.log_likelihood
    assert ising > 2 * chain.divergence(raster, memory=2) > 0


def test_refused():
    with pytest.raises(InputError, match="gamma"):
        network(1.0)
    with pytest.raises(InputError, match="shape"):
        CompleteConnections(W=np.zeros((2, 2)), I=[0.0], gamma=0.5)
    with pytest.raises(InputError, match="memory"):
        network(0.5).probabilities(np.zeros((3, 5)), memory=0)
