"""Maximum-entropy models: enumeration, Markov chains with known entropy, fits that recover, and sampling."""

import itertools
import math

import jax
import numpy as np
import pytest

from dynascope import InputError
from dynascope.analysis.spikes import (
    MonteCarlo,
    Terms,
    divergence_rate,
    gibbs,
    goodness_of_fit,
    independent_terms,
    markov_terms,
    maximum_entropy,
    pairwise_terms,
    rates_and_correlations,
)
from dynascope.analysis.spikes._potential import drawn as rasters
from dynascope.analysis.spikes._space_time import _couplings, _fields, _sweep


def test_independent_units():
    p = np.array([0.1, 0.3, 0.6])
    found = gibbs(independent_terms(3), np.log(p / (1 - p)))
    np.testing.assert_allclose(found.averages, p, atol=1e-15)
    assert found.entropy == pytest.approx(-np.sum(p * np.log(p) + (1 - p) * np.log(1 - p)), abs=1e-14)


@pytest.mark.parametrize("units", [2, 3])
def test_ising_by_enumeration(units):
    lam = np.random.default_rng(units).normal(size=len(pairwise_terms(units)))
    found = gibbs(pairwise_terms(units), lam)
    weights = []
    for w in itertools.product((0, 1), repeat=units):
        single = sum(lam[i] * w[i] for i in range(units))
        pairs = itertools.combinations(range(units), 2)
        weights.append(math.exp(single + sum(lam[units + k] * w[i] * w[j] for k, (i, j) in enumerate(pairs))))
    p = np.array(weights) / sum(weights)
    np.testing.assert_allclose(found.blocks, p, atol=1e-15)
    assert found.pressure == pytest.approx(math.log(sum(weights)), abs=1e-13)
    assert found.entropy == pytest.approx(-p @ np.log(p), abs=1e-13)


def chain(a, b):
    """Coefficients of the two-state chain with P(1 | 0) = a, P(0 | 1) = b: log of the transition matrix, normalised."""
    terms = markov_terms(1, length=2)
    l00, l01, l10, l11 = (math.log(x) for x in (1 - a, a, b, 1 - b))
    return terms, np.array([l01 + l10 - 2 * l00, l11 - l01 - l10 + l00])


@pytest.mark.parametrize(("a", "b"), [(0.2, 0.3), (0.05, 0.6), (0.9, 0.95)])
def test_two_state_markov_chain(a, b):
    found = gibbs(*chain(a, b))
    h = [-(x * math.log(x) + (1 - x) * math.log(1 - x)) for x in (a, b)]
    assert found.averages[0] == pytest.approx(a / (a + b), abs=1e-13)
    assert found.entropy == pytest.approx((b * h[0] + a * h[1]) / (a + b), abs=1e-12)
    np.testing.assert_allclose(found.conditional, [1 - a, a, b, 1 - b], atol=1e-12)


def test_divergence_of_known_chains():
    (a, b), (c, d) = (0.2, 0.3), (0.4, 0.1)
    kl = [x * math.log(x / y) + (1 - x) * math.log((1 - x) / (1 - y)) for x, y in ((a, c), (b, d))]
    truth = (b * kl[0] + a * kl[1]) / (a + b)
    assert divergence_rate(*chain(a, b), other=chain(c, d)) == pytest.approx(truth, abs=1e-12)
    # From the independent model of the same rate: entropy of the rate less entropy rate.
    p = a / (a + b)
    plain = -(p * math.log(p) + (1 - p) * math.log(1 - p))
    alone = (independent_terms(1), [math.log(p / (1 - p))])
    assert divergence_rate(*chain(a, b), other=alone) == pytest.approx(plain - gibbs(*chain(a, b)).entropy, abs=1e-12)


def test_three_bins_against_the_full_transfer_matrix():
    terms = markov_terms(2, length=3)
    lam = 0.5 * np.random.default_rng(0).normal(size=len(terms))
    found = gibbs(terms, lam)
    energy = terms.of_blocks() @ lam
    L = np.zeros((16, 16))
    for block in range(64):
        L[block >> 2, block & 15] = math.exp(energy[block])
    values, right = np.linalg.eig(L)
    others, left = np.linalg.eig(L.T)
    v = np.abs(np.real(right[:, np.argmax(np.real(values))]))
    u = np.abs(np.real(left[:, np.argmax(np.real(others))]))
    assert found.pressure == pytest.approx(math.log(np.max(np.real(values))), abs=1e-12)
    p = np.array([u[k >> 2] * L[k >> 2, k & 15] * v[k & 15] for k in range(64)])
    np.testing.assert_allclose(found.blocks, p / p.sum(), atol=1e-13)


def drawn(terms, lam, steps, seed=0):
    return rasters(terms, gibbs(terms, lam), (1, steps), np.random.default_rng(seed))[0]


@pytest.mark.parametrize("terms", [pairwise_terms(4), markov_terms(3, length=2)], ids=["ising", "markov"])
def test_fit_recovers_what_made_the_raster(terms):
    rng = np.random.default_rng(1)
    lam = np.array([-1.5 if len(m) == 1 else 0.0 for m in terms.monomials]) + 0.4 * rng.normal(size=len(terms))
    raster = drawn(terms, lam, 20000)
    fit = maximum_entropy(raster, terms)
    assert fit.successful
    np.testing.assert_allclose(fit.averages, fit.observed, atol=1e-9)
    more = [maximum_entropy(drawn(terms, lam, 20000, seed=k), terms) for k in range(10, 15)]
    z = np.array([(f.coefficients - lam) / f.coefficients_stderr for f in [fit, *more]])
    assert np.max(np.abs(z)) < 4
    assert 0.75 < np.std(z) < 1.25
    truth = gibbs(terms, lam)
    assert abs(fit.entropy - truth.entropy) < 4 * fit.entropy_stderr
    # Rates and correlations of a raster of the fit are those of the data.
    rates, pairs = rates_and_correlations(raster)
    again, others = rates_and_correlations(drawn(terms, fit.coefficients, 20000, seed=5))
    assert np.all(np.abs(again.value - rates.value) < 4 * np.hypot(rates.stderr, again.stderr))
    off = ~np.eye(terms.units, dtype=bool)
    assert np.all(np.abs(others.value - pairs.value)[off] < 4.5 * np.hypot(pairs.stderr, others.stderr)[off])
    assert "nats per bin" in fit.summary()


def test_goodness_of_fit_tells_right_models_from_wrong_ones():
    terms = markov_terms(2, length=2)
    lam = np.array([-1.0, -1.2, 0.6, 0.8, -0.5, 0.9, -0.4])
    raster = drawn(terms, lam, 6000)
    right = goodness_of_fit(maximum_entropy(raster, terms), raster)
    assert right.pvalue > 0.05
    assert abs(right.divergence) < 3 * right.divergence_stderr
    wrong = goodness_of_fit(maximum_entropy(raster, pairwise_terms(2)), raster, length=2)
    assert wrong.pvalue == 0.01
    fitted = maximum_entropy(raster, pairwise_terms(2))
    truth = divergence_rate(terms, lam, other=(pairwise_terms(2), fitted.coefficients))
    assert wrong.divergence == pytest.approx(truth, abs=4 * wrong.divergence_stderr)
    assert "misses" in wrong.summary()
    assert "chance" in right.summary()


def test_pvalues_of_true_models_are_uniform():
    terms = pairwise_terms(3)
    lam = np.array([-1.0, -0.5, -1.5, 0.5, -0.3, 0.8])
    p = []
    for seed in range(20):
        raster = drawn(terms, lam, 2000, seed=seed)
        p.append(goodness_of_fit(maximum_entropy(raster, terms), raster, count=39, seed=seed).pvalue)
    assert 0.3 < np.mean(p) < 0.7
    assert np.mean(np.array(p) < 0.2) < 0.5


@pytest.mark.parametrize("length", [1, 2])
def test_monte_carlo_agrees_with_the_transfer_matrix(length):
    terms = markov_terms(3, length=length)
    rng = np.random.default_rng(length)
    lam = np.array([-1.2 if len(m) == 1 else 0.0 for m in terms.monomials]) + 0.4 * rng.normal(size=len(terms))
    raster = drawn(terms, lam, 10000)
    exact = maximum_entropy(raster, terms)
    found = maximum_entropy(raster, terms, method=MonteCarlo(bins=6000, rounds=20, samples=20))
    assert found.successful
    assert np.max(np.abs(found.coefficients - exact.coefficients) / exact.coefficients_stderr) < 1.5
    assert found.entropy == pytest.approx(exact.entropy, abs=0.01)


@pytest.mark.slow
def test_monte_carlo_of_thirty_units_recovers_rates_and_pairs():
    terms = pairwise_terms(30)
    rng = np.random.default_rng(0)
    lam = np.array([-2.0 if len(m) == 1 else 0.0 for m in terms.monomials]) + 0.15 * rng.normal(size=len(terms))
    fields = _fields(lam, _couplings(terms), terms)
    raster = np.asarray(_sweep(jax.numpy.zeros((10000, 30)), *fields, jax.random.key(9), 30))
    fit = maximum_entropy(raster, terms, method=MonteCarlo(bins=10000, rounds=15, sweeps=5, samples=8))
    assert fit.successful
    miss = np.abs(fit.averages - fit.observed)
    assert np.all((miss < 0.01 * fit.observed) | (miss < 2 * fit.observed_stderr))
    z = (fit.coefficients - lam) / fit.coefficients_stderr
    assert 0.8 < z.std() < 1.3


def test_what_is_refused():
    with pytest.raises(InputError, match="never or always"):
        maximum_entropy(np.array([[0, 1], [0, 0], [0, 1]]), independent_terms(2))
    with pytest.raises(InputError, match="at most 16"):
        gibbs(markov_terms(5, length=4), np.zeros(85))
    with pytest.raises(InputError, match="Give a `method`"):
        maximum_entropy(np.random.default_rng(0).random((500, 20)) < 0.5, independent_terms(20))
    with pytest.raises(InputError, match="no set of spikes"):
        Terms(2, 1, (((2, 0),),))
    with pytest.raises(InputError, match="occurs twice"):
        Terms(2, 1, (((0, 0), (1, 0)), ((1, 0), (0, 0))))
    seen = pairwise_terms(2).seen_in(np.array([[0, 1], [1, 0], [0, 0]]))
    assert seen.monomials == (((0, 0),), ((1, 0),))
