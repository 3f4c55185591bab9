import numpy as np
import pytest

from dynascope._errors import RESULTS
from dynascope.analysis.rhythm import period
from tests.analysis.signals import noisy, sine, van_der_pol


def test_sine():
    found = period(sine(5000, period=23.7), dt=0.1)
    assert abs(found.period - 2.37) <= max(3 * found.stderr, 1e-5)
    assert found.stderr < 1e-4
    assert found.variation < 1e-3


def test_noisy_sine_has_one_crossing_a_turn():
    found = period(noisy(sine(5000, period=23.7)), dt=0.1)
    assert found.intervals.size in (209, 210)
    assert abs(found.period - 2.37) <= 3 * found.stderr


def test_van_der_pol():
    # Period of the oscillator at mu = 3 (published tables: 8.859).
    found = period(van_der_pol(5000), dt=0.05)
    assert found.period == pytest.approx(8.8591, abs=1e-3)


def test_ramp_does_not_return():
    found = period(np.arange(100.0))
    assert found.result == RESULTS.not_converged
    assert "No period" in found.summary()
