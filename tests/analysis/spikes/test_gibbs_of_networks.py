"""Maximum-entropy fits to spikes of noisy integrate-and-fire networks: rates and correlations of pairs come back."""

import numpy as np
import pytest

from dynascope.analysis.spikes import CompleteConnections, markov_terms, maximum_entropy, rates_and_correlations


@pytest.mark.parametrize("seed", [0, 3])
def test_a_fit_has_the_rates_and_correlations_of_its_raster(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = 0.8 * rng.normal(size=(5, 5)) / np.sqrt(5)
    chain = CompleteConnections(weights, 0.4 * np.ones(5), gamma=0.5, sigma=0.5)
    raster, fresh = (chain.draw(50_000, seed=k) for k in (2 * seed, 2 * seed + 1))
    fit = maximum_entropy(raster, markov_terms(5, length=2))
    joint = np.zeros((5, 5))
    for monomial, value in zip(fit.terms.monomials, fit.averages, strict=True):
        units = [u for u, _ in monomial]
        if len({b for _, b in monomial}) == 1:
            joint[units[0], units[-1]] = joint[units[-1], units[0]] = value
    rates = np.diagonal(joint)
    spread = np.sqrt(rates * (1 - rates))
    pairs = (joint - np.outer(rates, rates)) / np.outer(spread, spread)
    seen = rates_and_correlations(raster)
    off = ~np.eye(5, dtype=bool)
    # Of the raster itself: within 1 % and 2 sampling errors.
    assert np.all(np.abs(rates - seen[0].value) < 0.01 * seen[0].value)
    assert np.all((np.abs(pairs - seen[1].value) < 2 * seen[1].stderr)[off])
    # Of a raster that it never saw: what chance allows.
    other = rates_and_correlations(fresh)
    z = np.concatenate(
        [
            (rates - other[0].value) / (np.sqrt(2) * other[0].stderr),
            ((pairs - other[1].value) / (np.sqrt(2) * other[1].stderr))[np.triu(off)],
        ]
    )
    assert np.sqrt(np.mean(z**2)) < 1.6
    assert np.max(np.abs(seen[1].value[off])) > 0.05  # there is something to recover
