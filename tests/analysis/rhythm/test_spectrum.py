import numpy as np
import pytest

from dynascope._errors import InputError
from dynascope.analysis.rhythm import spectrum
from tests.analysis.signals import autoregressive, logistic, noisy, sine, torus, white


def test_white_noise_is_flat_at_its_variance():
    found = spectrum(white(20000), dt=0.01)
    assert found.flatness > 0.95
    assert found.line_fraction < 0.01
    # One-sided density of unit variance: 2 dt; the confidence interval covers it as often as it says.
    inside = (found.lower[1:-1] <= 0.02) & (found.upper[1:-1] >= 0.02)
    assert 0.9 <= inside.mean() <= 0.99
    assert np.trapezoid(found.power, found.frequencies) == pytest.approx(1.0, rel=0.03)


def test_autoregressive_spectrum_is_the_known_one():
    x = autoregressive(50000, 0.8)
    found = spectrum(x)
    exact = 2 / np.abs(1 - 0.8 * np.exp(-2j * np.pi * found.frequencies)) ** 2
    ratio = found.power[5:-5] / exact[5:-5]
    assert ratio.mean() == pytest.approx(1.0, abs=0.03)


def test_sine_is_one_line_at_its_frequency():
    found = spectrum(noisy(sine(5000, period=23.7)), dt=0.5)
    assert found.peaks.size >= 1
    assert abs(found.peaks[0] - 1 / (23.7 * 0.5)) <= 3 * found.peak_errors[0]
    assert found.line_fraction == pytest.approx(1 / 1.01, abs=0.005)


def test_torus_has_lines_at_sums_of_two_frequencies():
    found = spectrum(torus(5000))
    ratio = (np.sqrt(5) - 1) / 2
    for wanted in np.array([1, ratio, 1 + ratio, 1 - ratio]) / 23.7:
        assert np.abs(found.peaks - wanted).min() < 1e-5
    assert found.line_fraction > 0.99


def test_line_at_the_nyquist_frequency():
    found = spectrum(logistic(1000, r=3.5))
    assert np.abs(found.peaks - 0.5).min() < 1e-9
    assert found.line_fraction > 0.99


def test_constant_has_no_spectrum():
    with pytest.raises(InputError, match="constant"):
        spectrum(np.ones(100))
