import numpy as np
import pytest

from dynascope.analysis.geometry import correlation_dimension
from tests.analysis.signals import henon, lorenz, noisy, sine, torus, white


@pytest.mark.parametrize(
    ("x", "value", "within"),
    [
        pytest.param(henon(6000)[:, 0], 1.21, 0.04, id="henon"),
        pytest.param(lorenz(10000)[:, 0], 2.05, 0.12, id="lorenz"),
        pytest.param(lorenz(6000), 2.05, 0.12, id="lorenz, three channels"),
        pytest.param(sine(4000), 1.0, 0.06, id="sine"),
        pytest.param(torus(8000), 2.0, 0.15, id="torus"),
    ],
)
def test_known_dimensions(x, value, within):
    found = correlation_dimension(x, pairs=8_000_000)
    assert found.converged, found.reason
    assert abs(found.value - value) <= within
    assert abs(found.value - value) <= 3 * found.stderr


def test_noise_fills_every_dimension():
    found = correlation_dimension(white(4000), pairs=4_000_000)
    assert not found.converged
    np.testing.assert_allclose(found.estimates[:3], [1, 2, 3], atol=0.15)


def test_measurement_noise_is_reported():
    found = correlation_dimension(noisy(henon(5000)[:, 0]), pairs=4_000_000)
    assert not found.converged


def test_theiler_window_matters():
    slow = np.cumsum(white(3000, seed=4))
    # Brownian motion has dimension 2 if neighbours in time count (Osborne and Provenzale, 1989); with a window it must
    # not look like a set of low dimension with the same certainty.
    assert correlation_dimension(slow, pairs=2_000_000).theiler > 100
