import numpy as np
import pytest

from dynascope._errors import InputError
from dynascope.analysis.chaos import iaaft, surrogate_test
from dynascope.analysis.chaos._surrogates import matched_ends
from tests.analysis.signals import autoregressive, henon, lorenz, noisy


def test_surrogates_keep_values_and_spectrum():
    x = np.exp(autoregressive(1000, 0.8))[:, None]
    for fake in iaaft(x, count=3, seed=1):
        np.testing.assert_array_equal(np.sort(fake, axis=0), np.sort(x, axis=0))
        ours, theirs = np.abs(np.fft.rfft(x[:, 0]))[1:], np.abs(np.fft.rfft(fake[:, 0]))[1:]
        assert np.linalg.norm(ours - theirs) < 0.1 * np.linalg.norm(ours)
        assert not np.array_equal(fake, x)


def test_surrogates_of_channels_keep_their_correlations():
    first = autoregressive(2000, 1.6, -0.8)
    second = np.roll(first, 3) + 0.5 * autoregressive(2000, 0.5, seed=9)
    x = np.stack([first, second], axis=1)
    wanted = [np.corrcoef(x[: 2000 - k, 0], x[k:, 1])[0, 1] for k in range(10)]
    for fake in iaaft(x, count=3, seed=2):
        got = [np.corrcoef(fake[: 2000 - k, 0], fake[k:, 1])[0, 1] for k in range(10)]
        np.testing.assert_allclose(got, wanted, atol=0.05)


def test_ends_match():
    x = np.sin(np.arange(1000) / 17.3)[:, None]
    found = matched_ends(x, length=500)
    assert found.stop - found.start >= 400
    assert abs(x[found.start, 0] - x[found.stop, 0]) < 0.05


@pytest.mark.parametrize("make", [lambda s: autoregressive(500, 0.9, seed=s), lambda s: _curved(500, s)])
def test_linear_noise_is_rarely_rejected(make):
    rejected = [surrogate_test(make(seed), count=39, seed=seed).reject for seed in range(24)]
    # At a rate of 5 % more than 5 of 24 happen once in 600 times.
    assert sum(rejected) <= 5


def _curved(samples: int, seed: int) -> np.ndarray:
    noise = autoregressive(samples, 1.6, -0.8, seed=seed)
    return np.exp(noise / noise.std())


@pytest.mark.parametrize(
    "x", [henon(800)[:, 0], lorenz(1500)[:, 0], lorenz(1500), noisy(henon(800)[:, 0])],
    ids=["henon", "lorenz", "lorenz, three channels", "noisy henon"],
)  # fmt: skip
def test_nonlinear_dynamics_is_found(x):
    found = surrogate_test(x, seed=1)
    assert found.reject
    assert found.pvalues[1] <= 0.0125
    assert found.data[1] < 0.75 * found.surrogates[:, 1].mean()


def test_too_few_surrogates():
    with pytest.raises(InputError, match="at least 39"):
        surrogate_test(henon(500), count=19)
