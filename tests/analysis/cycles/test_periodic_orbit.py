"""Periodic orbits against closed forms, tables and an independent integration."""

import pytest

import dynascope as ds
from dynascope.analysis.cycles import periodic_orbit


def test_van_der_pol():
    """Period at mu = 1 to ten digits; the only other multiplier is exp of the mean divergence (Liouville)."""
    orbit = periodic_orbit(ds.build("van-der-pol", mu=1.0))
    assert orbit.period == pytest.approx(6.663286859323130, abs=1e-9)
    assert abs(orbit.period - 6.663286859323130) < 3 * orbit.period_error
    assert orbit.stability == "stable"
    assert orbit.trivial_error < 1e-9
    assert orbit.nontrivial == pytest.approx([8.59695e-4], rel=1e-5)
