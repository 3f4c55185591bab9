"""Curves of homoclinic orbits against normal forms."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.homoclinic import HomoclinicContinuation, homoclinic_curve


def normal_form(t, y, p):
    return jnp.stack([y[1], p["b1"] + p["b2"] * y[0] + y[0] ** 2 - y[0] * y[1]])


@pytest.fixture(scope="module")
def start():
    """The normal form of the Bogdanov-Takens point, and its orbit in the Hamiltonian limit."""
    b2 = -0.2
    b1 = -6 / 25 * b2**2
    saddle = (-b2 + np.sqrt(b2**2 - 4 * b1)) / 2
    rate = np.sqrt(2 * saddle + b2)
    t = np.linspace(-6, 6, 121) / rate
    x = saddle - 1.5 * rate**2 / np.cosh(rate * t / 2) ** 2
    y = 1.5 * rate**3 * np.tanh(rate * t / 2) / np.cosh(rate * t / 2) ** 2
    return ds.flow(normal_form, jnp.zeros(2), parameters={"b1": b1, "b2": b2}, names="x y"), (t, np.stack([x, y], 1))


def test_curve_ends_at_the_bogdanov_takens_point(start):
    """Near the point the curve is b1 = -6/25 b2^2 (Kuznetsov, Elements of Applied Bifurcation Theory, chapter 8)."""
    system, path = start
    curve = homoclinic_curve(system, path, parameters=("p.b1", "p.b2"), ranges=((-0.05, 0.01), (-0.4, 0.1)))
    b1, b2 = curve.parameters.T
    ratio = b1 / b2**2 / (-6 / 25)
    # The next term of the expansion is linear in the size of b2.
    near = (np.abs(b2) > 5e-3) & (np.abs(b2) < 0.1)
    assert np.count_nonzero(near) > 2
    np.testing.assert_allclose((1 - ratio[near]) / np.abs(b2[near]), 0.12, atol=0.02)
    assert np.max(curve.end_distances) < 2e-3
    # The divergence of the flow at the saddle is negative all along: a stable cycle.
    saddle = (-b2 + np.sqrt(b2**2 - 4 * b1)) / 2
    np.testing.assert_allclose(curve.saddle_quantity, -saddle, rtol=1e-6)
    assert "one stable cycle" in curve.born(0)
    assert any("Bogdanov-Takens" in end for end in curve.ends)
    assert any("end of the range" in end for end in curve.ends)
    assert not curve.types
    assert "homoclinic orbits to a saddle" in curve.summary()
    assert ds.plot(curve).axes
    assert curve.to_xarray()["parameters"].shape == curve.parameters.shape


def test_wrong_ranges_are_refused(start):
    system, path = start
    with pytest.raises(InputError, match="outside of"):
        homoclinic_curve(system, path, parameters=("p.b1", "p.b2"), ranges=((-1.0, 1.0), (0.0, 1.0)))
    with pytest.raises(InputError, match="two different names"):
        homoclinic_curve(system, path, parameters=("p.b1", "p.b1"), ranges=((-1.0, 1.0), (-1.0, 1.0)))
    with pytest.raises(InputError, match="intervals"):
        HomoclinicContinuation(intervals=1)
