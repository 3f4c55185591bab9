import numpy as np
import pytest

from dynascope._errors import RESULTS
from dynascope.analysis.chaos import Kantz, Rosenstein, exponent_from_data
from tests.analysis.signals import (
    autoregressive,
    henon,
    logistic,
    lorenz,
    noisy,
    roessler,
    sine,
    torus,
    van_der_pol,
    white,
)


@pytest.mark.parametrize(
    ("x", "dt", "value", "within"),
    [
        pytest.param(lorenz(20000)[:, 0], 0.02, 0.9056, 0.15, id="lorenz"),
        pytest.param(lorenz(10000), 0.02, 0.9056, 0.15, id="lorenz, three channels"),
        pytest.param(roessler(10000)[:, 0], 0.1, 0.0714, 0.2, id="roessler"),
        pytest.param(henon(5000)[:, 0], 1.0, 0.4192, 0.1, id="henon"),
        pytest.param(logistic(5000), 1.0, np.log(2), 0.05, id="logistic"),
    ],
)
def test_known_exponents(x, dt, value, within):
    found = exponent_from_data(x, dt=dt)
    assert found.converged, found.reason
    assert abs(found.exponent - value) <= within * value
    assert abs(found.exponent - value) <= 3 * found.stderr
    assert found.stderr <= 0.25 * value


@pytest.mark.parametrize(("x", "value"), [(henon(5000)[:, 0], 0.4192), (logistic(5000), np.log(2))])
def test_kantz_on_maps(x, value):
    found = exponent_from_data(x, method=Kantz())
    assert abs(found.exponent - value) <= 0.15 * value


def test_unit_is_one_over_time():
    x = lorenz(5000)[:, 0]
    slow, fast = exponent_from_data(x, dt=0.02), exponent_from_data(x, dt=0.01)
    assert fast.exponent == pytest.approx(2 * slow.exponent, rel=1e-12)


@pytest.mark.parametrize("x", [sine(4000), torus(4000), van_der_pol(4000)[:, 0]], ids=["sine", "torus", "van der pol"])
@pytest.mark.parametrize("method", [Rosenstein(), Kantz()], ids=["rosenstein", "kantz"])
def test_neighbours_of_regular_motion_stay(x, method):
    found = exponent_from_data(x, method=method)
    assert not found.grows
    if found.converged:
        assert abs(found.exponent) < 1e-3


@pytest.mark.parametrize("x", [white(4000), autoregressive(4000, 0.9), autoregressive(4000, 1.8, -0.9)])
@pytest.mark.parametrize("method", [Rosenstein(), Kantz()], ids=["rosenstein", "kantz"])
def test_noise_has_no_exponent(x, method):
    found = exponent_from_data(x, method=method)
    assert not found.converged
    assert found.result == RESULTS.not_converged
    assert found.summary().startswith("No exponent")


def test_noise_on_chaos_is_noticed():
    found = exponent_from_data(noisy(henon(5000)[:, 0]))
    assert not found.converged
    assert "noise" in found.reason
