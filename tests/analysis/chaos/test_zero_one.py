import numpy as np
import pytest

from dynascope._errors import InputError
from dynascope.analysis.chaos import Regression, zero_one
from tests.analysis.signals import henon, logistic, lorenz, noisy, sine, torus, van_der_pol


@pytest.mark.parametrize(
    "x", [henon(3000)[:, 0], logistic(3000), lorenz(8000)[:, 0]], ids=["henon", "logistic", "lorenz"]
)
def test_chaos_is_near_one(x):
    assert zero_one(x).k > 0.9
    assert zero_one(x, growth=Regression()).k > 0.75
    assert zero_one(noisy(x)).k > 0.9


@pytest.mark.parametrize(
    "x",
    [sine(4000), torus(8000), van_der_pol(6000)[:, 0], logistic(3000, r=3.5)],
    ids=["sine", "torus", "van der pol", "period 4"],
)
def test_regular_is_near_zero(x):
    found = zero_one(x)
    assert abs(found.k) < 0.15
    assert zero_one(x, growth=Regression()).k < 0.25


def test_oversampling_is_undone_and_said():
    x = lorenz(8000, dt=0.01)[:, 0]
    assert zero_one(x, every=1).k < 0.5
    thinned = zero_one(x)
    assert thinned.k > 0.9
    assert thinned.every > 10


def test_same_seed_same_answer():
    x = logistic(1000)
    np.testing.assert_array_equal(zero_one(x, seed=3).strengths, zero_one(x, seed=3).strengths)


def test_displacement_against_its_definition():
    from dynascope.analysis.chaos._zero_one import _displacement

    x, c = logistic(200), np.array([1.1])
    walk = np.cumsum(x * np.exp(1j * c * np.arange(200)))
    lags = np.arange(1, 21)
    direct = np.array([np.mean(np.abs(walk[n : n + 180] - walk[:180]) ** 2) for n in lags])
    direct -= x.mean() ** 2 * (1 - np.cos(lags * c)) / (1 - np.cos(c))
    np.testing.assert_allclose(_displacement(x, c, damping=1.0)[0], direct, atol=1e-10)


def test_too_short_after_thinning():
    with pytest.raises(InputError, match="one in"):
        zero_one(lorenz(500)[:, 0], every=10)
