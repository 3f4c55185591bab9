"""Points of codimension two as differentiable functions of a system, against closed forms."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.codimension_two import (
    bogdanov_takens_point,
    cusp_point,
    double_hopf_point,
    generalised_hopf_point,
    zero_hopf_point,
)


def _held_to(place, formula, x, *, rtol=1e-10):
    """The place and its derivative, by one compiled program."""
    both = jax.jit(lambda s: jax.jvp(lambda r: place(r).values, (s,), (jnp.ones(()),)))
    value, slope = both(jnp.asarray(x))
    np.testing.assert_allclose(value, formula(x), rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(slope, jax.jacfwd(formula)(x), rtol=rtol, atol=1e-12)


def cubic():
    """x' = a + b x + c x^2 - x^3 + y, y' = -y: a cusp at a = c^3 / 27, b = -c^2 / 3."""

    def rate(t, y, p):
        return jnp.stack([p["a"] + p["b"] * y[0] + p["c"] * y[0] ** 2 - y[0] ** 3 + y[1], -y[1]])

    return ds.flow(rate, [0.0, 0.0], parameters={"a": 0.0, "b": 0.0, "c": 1.0})


def _cusp(c):
    return cusp_point(cubic().replace(**{"p.c": c}), ("p.a", "p.b"), jnp.array([0.0, -0.3]), jnp.array([0.3, 0.0]))


def _formula_of_cusp(c):
    return jnp.stack([c**3 / 27, -(c**2) / 3])


def test_gradient_of_a_cusp():
    _held_to(_cusp, _formula_of_cusp, 1.0)
    # In reverse mode, too.
    np.testing.assert_allclose(jax.jacrev(lambda c: _cusp(c).values)(1.0), [1 / 9, -2 / 3], rtol=1e-10)


def test_cusps_of_a_family():
    family = jnp.linspace(0.8, 1.2, 5)
    points = jax.jit(jax.vmap(_cusp))(family)
    np.testing.assert_allclose(points.values, jax.vmap(_formula_of_cusp)(family), atol=1e-13)
    np.testing.assert_allclose(points.state[:, 0], family / 3, atol=1e-10)
    assert np.all(np.asarray(points.error) < 1e-10)


def test_cusps_of_morris_lecar_are_those_of_the_bifurcation_set():
    neuron = ds.models.MorrisLecar.preset("class 2")

    @jax.jit
    def place(conductance):
        there = neuron.replace(g_Ca=conductance)
        return cusp_point(there, ("I", "V3"), jnp.array([91.0, 6.2]), jnp.array([-10.5, 0.255]))

    conductance = float(neuron.g_Ca)
    point = place(conductance)
    np.testing.assert_allclose(point.values, [92.10523, 6.41821], atol=1e-5)
    slope = jax.jit(jax.jacfwd(lambda g: place(g).values))(conductance)
    numeric = (place(conductance + 1e-4).values - place(conductance - 1e-4).values) / 2e-4
    np.testing.assert_allclose(slope, numeric, rtol=1e-6)


def test_gradient_of_the_bogdanov_takens_point_of_fitzhugh_nagumo():
    neuron: Any = ds.build("fitzhugh-nagumo")
    a = float(neuron.a)

    def formula(eps):
        b = 1 / jnp.sqrt(eps)
        v = -jnp.sqrt(1 - eps * b)
        return jnp.stack([(v + a) / b - v + v**3 / 3, b])

    def place(eps):
        return bogdanov_takens_point(
            neuron.replace(eps=eps), ("I", "b"), jnp.array([0.65, 3.6]), jnp.array([-0.9, 0.0])
        )

    _held_to(place, formula, 0.08, rtol=1e-9)


def test_resonance_one_to_one_of_a_map():
    """(x, y) -> (a x (1 - y) + b, x): determinant a x and trace a (1 - x) are 1 and 2 at a = 3, b = -1/3."""

    def step(n, y, p):
        return jnp.stack([p["a"] * y[0] * (1 - y[1]) + p["b"], y[0]])

    system = ds.iterated(step, [0.1, 0.1], parameters={"a": 3.0, "b": 0.0})
    point = bogdanov_takens_point(system, ("p.a", "p.b"), jnp.array([2.9, -0.3]), jnp.array([0.3, 0.3]))
    assert point.result == ds.RESULTS.successful
    np.testing.assert_allclose(point.values, [3.0, -1 / 3], atol=1e-12)
    np.testing.assert_allclose(point.state, 1 / 3, atol=1e-10)
    with pytest.raises(ds.InputError, match="this point is located for flows"):
        zero_hopf_point(system, ("p.a", "p.b"), jnp.array([2.9, -0.3]), jnp.array([0.3, 0.3]))


def test_gradient_of_the_zero_hopf_point_of_langford():
    def rate(t, y, p):
        growth, size = y[2] - p["B"], y[0] ** 2 + y[1] ** 2
        dw = p["c"] + p["a"] * y[2] - y[2] ** 3 / 3 - size * (1 + 0.25 * y[2])
        return jnp.stack([growth * y[0] - 3.5 * y[1], 3.5 * y[0] + growth * y[1], dw])

    system = ds.flow(rate, [0.1, 0.1, 0.7], parameters={"a": 0.5, "c": 0.0, "B": 0.7})

    def place(B):
        return zero_hopf_point(
            system.replace(**{"p.B": B}), ("p.a", "p.c"), jnp.array([0.5, -0.2]), jnp.array([0.0, 0.0, 0.72])
        )

    _held_to(place, lambda B: jnp.stack([B**2, -2 * B**3 / 3]), 0.7)


def test_gradient_of_a_double_hopf_point():
    def rate(t, y, p):
        r, s = y[0] ** 2 + y[1] ** 2, y[2] ** 2 + y[3] ** 2
        g, h, w = p["a"] - p["k"] ** 2 - r - 2 * s, p["b"] - p["k"] ** 3 - 1.5 * r - s, jnp.sqrt(5.0)
        return jnp.stack([g * y[0] - y[1], y[0] + g * y[1], h * y[2] - w * y[3], w * y[2] + h * y[3]])

    system = ds.flow(rate, [0.0] * 4, parameters={"a": 0.0, "b": 0.0, "k": 0.5})

    def place(k):
        return double_hopf_point(system.replace(**{"p.k": k}), ("p.a", "p.b"), jnp.array([0.3, 0.1]), jnp.zeros(4))

    _held_to(place, lambda k: jnp.stack([k**2, k**3]), 0.5)


@pytest.mark.slow
def test_gradient_of_the_generalised_hopf_point_of_fitzhugh_nagumo():
    """There eps b^2 - 2 b + 1 = 0."""
    neuron: Any = ds.build("fitzhugh-nagumo")
    a = float(neuron.a)

    def formula(eps):
        b = (1 - jnp.sqrt(1 - eps)) / eps
        v = -jnp.sqrt(1 - eps * b)
        return jnp.stack([(v + a) / b - v + v**3 / 3, b])

    def place(eps):
        guess = jnp.array([0.13, 0.52]), jnp.array([-0.97, -0.54])
        return generalised_hopf_point(neuron.replace(eps=eps), ("I", "b"), *guess)

    _held_to(place, formula, 0.08, rtol=1e-9)


def test_where_there_is_none_the_code_says_so():
    line = ds.flow(lambda t, y, p: p["a"] + p["b"] - y, [0.0], parameters={"a": 0.0, "b": 0.0})
    point = cusp_point(line, ("p.a", "p.b"), jnp.zeros(2), jnp.zeros(1))
    assert point.result == ds.RESULTS.not_converged
