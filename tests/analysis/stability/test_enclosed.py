"""Proofs by intervals: bounds that hold what they must, and all fixed points of a box."""

import math
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.stability import _interval as iv
from dynascope.analysis.stability import enclosed_fixed_points
from dynascope.analysis.stability._interval import Interval
from dynascope.analysis.stability._interval_rules import interval_extension

mpmath = pytest.importorskip("mpmath")

FUNCTIONS: list[tuple[str, Any, Any, float, float]] = [
    ("exp", iv.exp, mpmath.exp, -30.0, 30.0),
    ("log", iv.log, mpmath.log, 1e-3, 50.0),
    ("tanh", iv.tanh, mpmath.tanh, -4.0, 4.0),
    ("logistic", iv.logistic, lambda x: 1 / (1 + mpmath.exp(-x)), -20.0, 20.0),
    ("sin", iv.sin, mpmath.sin, -40.0, 40.0),
    ("cos", iv.cos, mpmath.cos, -40.0, 40.0),
    ("root", iv.root, mpmath.sqrt, 0.0, 9.0),
    ("cube", lambda a: iv.power(a, 3), lambda x: x**3, -3.0, 3.0),
    ("inverse square", lambda a: iv.power(a, -2), lambda x: 1 / x**2, 0.1, 3.0),
]


@pytest.mark.parametrize(("name", "bounds", "exact", "low", "high"), FUNCTIONS, ids=[f[0] for f in FUNCTIONS])
def test_bounds_hold_the_value_of_40_digits_and_little_more(name, bounds, exact, low, high):
    del name
    rng = np.random.default_rng(0)
    places = rng.uniform(low, high, 200)
    found = bounds(iv.point(places))
    with mpmath.workdps(40):
        truth = [exact(mpmath.mpf(float(x))) for x in places]
        low_, high_ = ([mpmath.mpf(float(x)) for x in side] for side in found)
        assert all(a <= v <= b for a, v, b in zip(low_, truth, high_, strict=True))
    assert np.max((found.hi - found.lo) / np.maximum(np.abs(np.array(truth, float)), 1e-3)) < 1e-11
    ends = np.sort(rng.uniform(low, high, (100, 2)), axis=1)
    wide = bounds(Interval(ends[:, 0], ends[:, 1]))
    for share in (0.0, 0.3, 0.7, 1.0):
        inside = ends[:, 0] + share * (ends[:, 1] - ends[:, 0])
        values = np.array([float(exact(mpmath.mpf(float(x)))) for x in inside])
        slack = 1e-14 * np.abs(values)
        assert np.all((wide.lo <= values + slack) & (values - slack <= wide.hi))


def test_sums_and_products_hold_the_exact_fraction():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 300)) * 10.0 ** rng.integers(-8, 8, (2, 300))
    for bounds, exact in [
        (iv.add, lambda x, y: x + y),
        (iv.subtract, lambda x, y: x - y),
        (iv.multiply, lambda x, y: x * y),
        (iv.divide, lambda x, y: x / y),
    ]:
        found = bounds(iv.point(a), iv.point(b))
        truth = [exact(Fraction(x), Fraction(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
        low, high = ([Fraction(x) for x in side.tolist()] for side in found)
        assert all(lo <= v <= hi for lo, v, hi in zip(low, truth, high, strict=True))
    unknown = iv.divide(iv.point(np.ones(1)), Interval(np.array([-1.0]), np.array([1.0])))
    assert (unknown.lo[0], unknown.hi[0]) == (-np.inf, np.inf)


@pytest.mark.parametrize("name", ["lorenz", "morris-lecar", "hodgkin-huxley", "wilson-cowan"])
def test_rules_of_models_keep_within_their_bounds(name):
    system: Any = ds.build(name)

    def rule(y):
        return system.vector_field(0.0, y, None)

    rng = np.random.default_rng(2)
    centre = np.asarray(system.initial_state()) + 0.5 * rng.normal(size=(16, np.size(system.initial_state())))
    for function in (rule, jax.jacfwd(rule)):
        bounds, _ = interval_extension(jax.vmap(function), jnp.asarray(centre))(Interval(centre - 0.2, centre + 0.2))
        for _ in range(8):
            value = np.asarray(jax.vmap(function)(jnp.asarray(centre + rng.uniform(-0.2, 0.2, centre.shape))))
            slack = 1e-11 * (1 + np.abs(value))
            assert np.all((bounds.lo <= value + slack) & (value - slack <= bounds.hi))


def test_lorenz_has_three_equilibria_and_no_other():
    found = enclosed_fixed_points(ds.build("lorenz"))
    assert found.complete
    assert found.successful
    side = math.sqrt(8 / 3 * 27)
    for place in ([0, 0, 0], [side, side, 27], [-side, -side, 27]):
        inside = np.all((found.low <= np.array(place) + 1e-14) & (np.array(place) - 1e-14 <= found.high), axis=1)
        assert inside.sum() == 1
    assert np.max(found.high - found.low) < 1e-12
    assert "to be all in the region" in found.summary()


def test_all_points_of_a_map_with_many():
    """x -> x + sin(pi x) rests at every whole number: 21 from -10 to 10."""
    system = ds.iterated(lambda n, y, p: y + jnp.sin(jnp.pi * y), [0.3], names="x")
    box = ds.Box(jnp.array([-10.25]), jnp.array([10.25]))
    found = enclosed_fixed_points(system, region=box)
    assert found.complete
    np.testing.assert_allclose(np.sort(found.states[:, 0]), np.arange(-10, 11), atol=1e-12)


def test_what_cannot_be_decided_is_said():
    """x^2 has a double zero: no proof of one point there, and none that there is none."""
    double = ds.flow(lambda t, y, p: y**2, [0.3], names="x")
    box = ds.Box(jnp.array([-1.0]), jnp.array([1.1]))
    found = enclosed_fixed_points(double, region=box)
    assert not found.complete
    assert not found.successful
    assert np.min(found.undecided_low) <= 0 <= np.max(found.undecided_high)
    assert "stayed undecided" in found.summary()
    # A rule that jumps over zero has no zero, though its slope is 1 on both sides.
    jumping = ds.flow(lambda t, y, p: y + jnp.where(y > 0, 1.0, -1.0), [0.3], names="x")
    assert len(enclosed_fixed_points(jumping, region=box)) == 0


def test_rules_without_bounds_are_refused():
    box = ds.Box(jnp.array([-1.0]), jnp.array([1.1]))
    rounding = ds.flow(lambda t, y, p: y - jnp.round(y), [0.3], names="x")
    with pytest.raises(ds.InputError, match="uses `round`"):
        enclosed_fixed_points(rounding, region=box)
    with pytest.raises(ds.InputError, match="or has angles"):
        enclosed_fixed_points(ds.build("standard-map"))
