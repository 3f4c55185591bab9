"""Points of maps at which two bifurcations meet, against normal forms whose curves are known exactly."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.bifurcation import SpecialPoint
from dynascope.analysis.codimension_two._bifurcation_set import _Made
from dynascope.analysis.codimension_two._search import search

_WINDOW = {"p.a": (-0.5, 0.5), "p.b": (-0.4, 0.6)}
TURN = 1.1


def _followed(step, size, type_, place, state, turn=np.nan):
    """The curve through a given point, and those that meet it at points of codimension two."""
    generator = np.random.default_rng(5)
    linear = generator.normal(size=(size, size)) + 2 * np.eye(size)
    inverse = np.linalg.inv(linear)
    system = ds.iterated(
        lambda n, y, p: linear @ step(inverse @ y, p), [0.0] * size, parameters={"a": place[0], "b": place[1]}
    )
    made = _Made(system, _WINDOW, ds.Box(jnp.full(size, -3.0), jnp.full(size, 3.0)), None, None, None)
    point = SpecialPoint(
        type_, 0, place[0], 0.0, linear @ np.array(state, float), np.ones(1), 2 * np.pi / turn, np.nan, ""
    )
    found = made.search([point])
    start = found.start(made.plane, point, np.array(place))
    assert start is not None
    search(found, [start], most=4, switching=True)
    return made.result(found, {})


def _of(found, kind):
    (curve,) = [c for c in found.curves if c.kind == kind]
    return curve.parameters.T


def _at_origin(found, type_):
    (point,) = [p for p in found.points if p.type == type_]
    np.testing.assert_allclose(point.parameters, 0.0, atol=1e-8)
    return point


def test_fold_flip_joins_folds_and_period_doublings():
    """x -> a + x + x^2 - y^2 / 3, y -> -(1 + b) y + x y: folds of y = 0 on a = 0, flips at x = b on a = -b^2."""

    def step(z, p):
        x, y = z
        return jnp.stack([p["a"] + x + x**2 - y**2 / 3, -(1 + p["b"]) * y + x * y])

    found = _followed(step, 2, "fold", (0.0, 0.3), [0.0, 0.0])
    a, _ = _of(found, "fold")
    np.testing.assert_allclose(a, 0.0, atol=1e-10)
    a, b = _of(found, "period doubling")
    np.testing.assert_allclose(a, -(b**2), atol=1e-9)
    point = _at_origin(found, "fold-flip")
    np.testing.assert_allclose(np.sort(point.eigenvalues.real), [-1.0, 1.0], atol=1e-7)


def _circle(growth, z):
    """z times growth, turned by TURN."""
    cos, sin = np.cos(TURN), np.sin(TURN)
    return growth * jnp.stack([cos * z[0] - sin * z[1], sin * z[0] + cos * z[1]])


def test_fold_neimark_sacker_joins_folds_and_neimark_sacker_points():
    """x -> a + x + x^2 - |z|^2 / 2, z -> (1 + b + x) exp(i turn) z: folds on a = 0, pairs of modulus 1 at x = -b."""

    def step(y, p):
        x, z = y[0], y[1:]
        first = p["a"] + x + x**2 - jnp.sum(z**2) / 2
        return jnp.concatenate([first[None], _circle(1 + p["b"] + x, z)])

    found = _followed(step, 3, "fold", (0.0, 0.3), [0.0] * 3)
    a, _ = _of(found, "fold")
    np.testing.assert_allclose(a, 0.0, atol=1e-10)
    a, b = _of(found, "neimark-sacker")
    np.testing.assert_allclose(a, -(b**2), atol=1e-9)
    _at_origin(found, "fold-neimark-sacker")


@pytest.mark.parametrize("first", ["period doubling", pytest.param("neimark-sacker", marks=pytest.mark.slow)])
def test_flip_neimark_sacker_joins_flips_and_neimark_sacker_points(first):
    """x -> -(1 + a) x + x^3, z -> (1 + b - x^2 - |z|^2) exp(i turn) z: flips on a = 0, pairs on b = 0."""

    def step(y, p):
        x, z = y[0], y[1:]
        one = -(1 + p["a"]) * x + x**3
        return jnp.concatenate([one[None], _circle(1 + p["b"] - x**2 - jnp.sum(z**2), z)])

    place, turn = ((0.0, 0.3), np.nan) if first == "period doubling" else ((0.3, 0.0), TURN)
    found = _followed(step, 3, first, place, [0.0] * 3, turn)
    np.testing.assert_allclose(_of(found, "period doubling")[0], 0.0, atol=1e-10)
    np.testing.assert_allclose(_of(found, "neimark-sacker")[1], 0.0, atol=1e-10)
    point = _at_origin(found, "flip-neimark-sacker")
    turning = point.eigenvalues[np.abs(point.eigenvalues.imag) > 1e-6]
    np.testing.assert_allclose(np.abs(np.angle(turning)), TURN, atol=1e-8)
