"""Who is joined to whom: numbers of pairs, no pair twice, and probabilities as asked for."""

import numpy as np
import pytest

from dynascope import InputError
from dynascope.models.spiking import (
    AbstractPattern,
    AllPairs,
    DistanceDependent,
    Edges,
    FixedInDegree,
    FixedProbability,
    NormalDraw,
    OneToOne,
    UniformDraw,
)
from dynascope.models.spiking._quantity import in_unit, numbers


def matrix(pattern: AbstractPattern, pre: int, post: int, *, same: bool = False, seed: int = 0) -> np.ndarray:
    """How often each source (row) is joined to each target."""
    found = pattern.pairs(pre, post, same=same, generator=np.random.default_rng(seed))
    assert found.targets.dtype == np.int32
    out = np.zeros((pre, post), int)
    np.add.at(out, (np.repeat(np.arange(pre), found.counts), found.targets), 1)
    for row in np.split(found.targets, np.cumsum(found.counts)[:-1]):
        assert np.all(np.diff(row) >= 0)
    return out


def test_every_pair_and_each_with_its_own() -> None:
    np.testing.assert_array_equal(matrix(AllPairs(), 3, 3, same=True), 1 - np.eye(3, dtype=int))
    np.testing.assert_array_equal(matrix(AllPairs(loops=True), 3, 3, same=True), 1)
    np.testing.assert_array_equal(matrix(AllPairs(), 2, 4), 1)
    np.testing.assert_array_equal(matrix(OneToOne(), 4, 4), np.eye(4, dtype=int))
    with pytest.raises(InputError, match="one size"):
        matrix(OneToOne(), 4, 5)


@pytest.mark.parametrize("p", [0.02, 0.5, 1.0])
def test_fixed_probability_is_that_of_every_pair(p: float) -> None:
    joined = np.sum([matrix(FixedProbability(p), 60, 80, seed=seed) for seed in range(50)], axis=0)
    assert matrix(FixedProbability(p), 60, 80).max() == 1
    total = joined.sum()
    assert abs(total - 50 * 4800 * p) <= 4 * np.sqrt(50 * 4800 * p * (1 - p))
    # The corners of the list of all pairs are no exception.
    spread = 4.5 * np.sqrt(50 * p * (1 - p))
    assert np.all(np.abs(joined[[0, 0, -1, -1], [0, -1, 0, -1]] - 50 * p) <= spread + 1e-9)
    assert np.trace(matrix(FixedProbability(0.5), 60, 60, same=True)) == 0
    assert np.trace(matrix(FixedProbability(0.5, loops=True), 60, 60, same=True)) > 10


@pytest.mark.parametrize(("degree", "pre"), [(5, 100), (60, 100), (99, 100)])
def test_fixed_in_degree_takes_different_sources_evenly(degree: int, pre: int) -> None:
    once = matrix(FixedInDegree(degree), pre, pre, same=True)
    assert once.max() == 1
    assert np.trace(once) == 0
    np.testing.assert_array_equal(once.sum(axis=0), degree)
    if degree < 99:
        drawn = [matrix(FixedInDegree(degree), pre, pre, same=True, seed=seed) for seed in range(40)]
        total = np.sum(drawn, axis=(0, 2))
        share = degree / (pre - 1)
        assert np.all(np.abs(total - 40 * degree) < 5 * np.sqrt(40 * (pre - 1) * share * (1 - share)))


def test_distance_decides_as_asked() -> None:
    x = np.arange(40)[:, None] / 40
    pattern = DistanceDependent(x, x, peak=0.8, length=0.1, period=1.0)
    joined = np.mean([matrix(pattern, 40, 40, same=True, seed=seed) for seed in range(100)], axis=0)
    apart = np.abs(x - x.T)
    apart = np.minimum(apart, 1 - apart)
    for steps in (1, 4, 8, 20):
        here = np.isclose(apart, steps / 40)
        chance = 0.8 * np.exp(-((steps / 40) ** 2) / 0.02)
        error = np.sqrt(chance * (1 - chance) / (100 * here.sum()))
        assert abs(joined[here].mean() - chance) < 4.5 * error + 1e-4
    assert np.trace(joined) == 0
    with pytest.raises(InputError, match="positions of 40 sources"):
        matrix(pattern, 39, 40)
    with pytest.raises(InputError, match="One coordinate is a column"):
        DistanceDependent(x[:, 0], x, peak=1.0, length=1.0)
    with pytest.raises(InputError, match="`peak` must be"):
        DistanceDependent(x, x, peak=2.0, length=1.0)


def test_edges_and_matrices_are_taken_as_given() -> None:
    from scipy import sparse

    W = np.array([[0.0, 2.0, 0.0], [3.0, 0.0, 4.0]])  # from column to row
    for given in (W, sparse.csr_array(W)):
        found = Edges.of(given).pairs(3, 2, same=False, generator=np.random.default_rng(0))
        assert found.counts.tolist() == [1, 1, 1]
        assert found.targets.tolist() == [1, 0, 1]
        assert found.weights is not None
        assert found.weights.tolist() == [3.0, 2.0, 4.0]
    assert matrix(Edges([0, 0], [1, 1]), 2, 2).tolist() == [[0, 2], [0, 0]]
    with pytest.raises(InputError, match="as many targets"):
        Edges([0], [1, 2])


def test_distributions_and_units() -> None:
    rng = np.random.default_rng(0)
    drawn = numbers(NormalDraw(1.0, 1.0, low=0.0), (10_000,), rng, unit="mV", name="w")
    assert drawn.min() >= 0
    assert abs(drawn.mean() - 1.2876) < 0.04  # mean of the normal distribution cut at one deviation below
    assert abs(numbers(UniformDraw(1.0, 3.0), (10_000,), rng, unit="1", name="w").mean() - 2.0) < 0.03
    assert in_unit("-0.06 V", "mV", name="V") == -60.0
    assert in_unit("2 kHz", "Hz", name="r") == 2000.0
    assert in_unit("1.5 nA", "pA", name="I") == 1500.0
    with pytest.raises(InputError, match="must be finite"):
        numbers(np.inf, (2,), rng, unit="mV", name="V")
    with pytest.raises(InputError, match="`UniformDraw` or `NormalDraw`"):
        numbers({}, (2,), rng, unit="mV", name="V")
    with pytest.raises(InputError, match="`low` below `high`"):
        UniformDraw(2.0, 1.0)
    with pytest.raises(InputError, match="Hardly any number"):
        NormalDraw(0.0, 1.0, low=10.0)
    with pytest.raises(InputError, match="positive `std`"):
        NormalDraw(0.0, -1.0)
