"""Standard errors of correlated averages against theory."""

import numpy as np
import pytest

from dynascope.analysis._blocks import block_error


def autoregressive(phi: float, count: int, runs: int, seed: int) -> np.ndarray:
    """Stationary AR(1) series of unit innovations, shape `(count, runs)`."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, runs))
    out = np.empty_like(noise)
    out[0] = noise[0] / np.sqrt(1 - phi**2)
    for i in range(1, count):
        out[i] = phi * out[i - 1] + noise[i]
    return out


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_error_of_an_autoregressive_mean(phi):
    """The mean of n terms of x' = phi x + xi has variance 1 / (n (1 - phi)^2) for large n."""
    count, runs = 2**14, 200
    series = autoregressive(phi, count, runs, seed=1)
    errors = block_error(series)
    assert errors.shape == (runs,)
    theory = 1 / ((1 - phi) * np.sqrt(count))
    # The largest of several noisy estimates lies above the truth: never more than 20% on average, and not below it.
    assert 1.0 <= errors.mean() / theory < 1.2
    # The real spread of the means agrees with both, within its own error of 5%.
    assert series.mean(axis=0).std(ddof=1) == pytest.approx(theory, rel=0.16)


def test_intervals_of_two_errors_cover_the_truth():
    series = autoregressive(0.8, 2**12, 400, seed=2)
    covered = np.abs(series.mean(axis=0)) < 2 * block_error(series)
    assert 0.93 <= covered.mean() <= 1.0


def test_few_terms():
    assert block_error(np.zeros((1, 3))).tolist() == [np.inf] * 3
    assert block_error(np.array([1.0, 3.0])) == pytest.approx(1.0)
    assert block_error(np.full(100, 7.0)) == 0.0


def test_odd_lengths_drop_no_more_than_a_block():
    series = autoregressive(0.5, 1001, 50, seed=3)
    np.testing.assert_allclose(block_error(series), block_error(series[:1000]), rtol=0.2)


def test_negative_correlations_are_seen():
    """What one term has too much the next has too little: the sum is bounded, and so the error falls as 1/n."""
    rng = np.random.default_rng(4)
    place = rng.standard_normal((2**12 + 1, 200))
    series = np.diff(place, axis=0)
    spread = series.mean(axis=0).std(ddof=1)
    assert spread == pytest.approx(np.sqrt(2) / 2**12, rel=0.16)
    errors = block_error(series)
    assert 0.6 < np.median(errors) / spread < 1.3
    assert np.mean(np.abs(series.mean(axis=0)) < 2 * errors) > 0.95


def test_long_correlations_are_not_underrated_by_much():
    """Correlations that last for a fiftieth of the series."""
    series = autoregressive(float(np.exp(-50 / 2**10)), 2**10, 400, seed=5)
    covered = np.abs(series.mean(axis=0)) < 2 * block_error(series)
    assert covered.mean() > 0.88
