"""Whole sets of bifurcations against published numbers, and against other ways to solve for the same points."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize

import dynascope as ds
from dynascope.data import load, save
from tests.analysis.bifurcation import small_systems
from tests.analysis.codimension_two import planes


def _places(found, type_):
    return np.array(sorted(tuple(p.parameters) for p in found.points if p.type == type_))


@functools.cache
def _fibre():
    neuron = ds.models.MorrisLecar.preset("class 1")
    return neuron, ds.bifurcation_set(neuron, {"I": (-50.0, 250.0), "V3": (-20.0, 40.0)})


def _rest(neuron):
    """The current that holds the voltage, and the Jacobian there, by formulae of their own."""

    def current(V, V3):
        w = 0.5 * (1 + jnp.tanh((V - V3) / neuron.V4))
        m = 0.5 * (1 + jnp.tanh((V - neuron.V1) / neuron.V2))
        return neuron.g_Ca * m * (V - neuron.E_Ca) + neuron.g_K * w * (V - neuron.E_K) + neuron.g_L * (V - neuron.E_L)

    def trace(V, V3):
        w = 0.5 * (1 + jnp.tanh((V - V3) / neuron.V4))
        fast = jax.grad(
            lambda x: (
                neuron.g_Ca * 0.5 * (1 + jnp.tanh((x - neuron.V1) / neuron.V2)) * (x - neuron.E_Ca)
                + neuron.g_K * w * (x - neuron.E_K)
                + neuron.g_L * (x - neuron.E_L)
            )
        )
        return -fast(V) / neuron.C - neuron.phi * jnp.cosh(0.5 * (V - V3) / neuron.V4)

    return current, trace


@functools.cache
def _other_fibre():
    neuron = ds.build("morris-lecar")
    return neuron, ds.bifurcation_set(neuron, {"I": (-100.0, 500.0), "V3": (-60.0, 60.0)})


@pytest.mark.slow
@pytest.mark.parametrize(("made", "counts"), [(_fibre, (1, 1, 1)), (_other_fibre, (2, 2, 0))])
def test_morris_lecar_has_the_points_that_its_current_voltage_curve_gives(made, counts):
    neuron, found = made()
    current, trace = _rest(neuron)
    slope = jax.grad(current)
    types = ("bogdanov-takens", "cusp", "generalised hopf")
    assert tuple(found.types.count(type_) for type_ in types) == counts
    # Folds are extrema of the steady current over voltage; at the cusp its inflection is horizontal.
    for point in (p for p in found.points if p.type in types[:2]):
        other = trace if point.type == "bogdanov-takens" else jax.grad(slope)
        equations = jax.jit(lambda x, other=other: jnp.stack([slope(x[0], x[1]), other(x[0], x[1])]))
        near = [point.state[0] + 0.3, point.parameters[1] - 0.2]
        solution: Any = optimize.root(equations, near, tol=1e-13)
        np.testing.assert_allclose(equations(solution.x), 0.0, atol=1e-12)
        expected = [float(current(*solution.x)), solution.x[1]]
        np.testing.assert_allclose(point.parameters, expected, rtol=1e-9)
    for curve in found.curves:
        values = np.array([float(current(y[0], p[1])) for y, p in zip(curve.states, curve.parameters, strict=True)])
        np.testing.assert_allclose(values, curve.parameters[:, 0], atol=1e-8)


@pytest.mark.slow
def test_set_agrees_with_diagrams_on_other_lines():
    neuron, found = _fibre()
    diagram = ds.bifurcations(neuron.replace(V3=9.0), "I", -50.0, 250.0, cycles=None)
    for kind in ("fold", "hopf"):
        crossed = []
        for curve in (c for c in found.curves if c.kind == kind):
            p, q = curve.parameters.T
            for i in np.flatnonzero((q[:-1] - 9) * (q[1:] - 9) < 0):
                crossed.append(p[i] + (9 - q[i]) / (q[i + 1] - q[i]) * (p[i + 1] - p[i]))
        expected = sorted(p.parameter for p in diagram.points if p.type == kind)
        # Between points of the curve the chord is near, not exact.
        np.testing.assert_allclose(sorted(crossed), expected, atol=0.5)


@pytest.mark.slow
def test_saved_set_is_the_same(tmp_path):
    _, found = _fibre()
    again = load(save(found, tmp_path / "set.nc"))
    assert again.summary() == found.summary()
    np.testing.assert_array_equal(again.parameters, found.parameters)


@pytest.mark.slow
def test_carbon_monoxide_has_the_points_of_bifurcationkit_and_its_cusp():
    system, region = planes.carbon_monoxide()
    found = ds.bifurcation_set(system, {"p.q2": (0.5, 2.0), "p.k": (0.01, 2.2)}, region=region)
    np.testing.assert_allclose(
        _places(found, "bogdanov-takens")[:, ::-1], [[0.722339, 1.161199], [0.971397, 1.417628]], atol=1e-6
    )
    assert pytest.approx(_places(found, "generalised hopf")[1, 1], abs=1e-6) == 0.305879
    # Rest is a zero of one function of x; at the cusp its first two derivatives vanish too. BifurcationKit prints
    # k = 0.35665 for it, which this does not confirm.
    (cusp,) = _places(found, "cusp")

    def balance(x, q2, k):
        z = (1 - x) / (1 + 1 / k + q2 / (0.1 + 10 * x))
        return 5 * z**2 - 2 * x**2 - 10 * x * q2 * z / (0.1 + 10 * x)

    first = jax.grad(balance)
    second = jax.grad(first)
    solution: Any = optimize.root(
        jax.jit(lambda s: jnp.stack([balance(*s), first(*s), second(*s)])), [0.036, 1.006, 0.356], tol=1e-12
    )
    assert solution.success
    np.testing.assert_allclose(cusp, solution.x[1:], rtol=1e-9)
    assert cusp[1] == pytest.approx(0.355991, abs=1e-6)


@pytest.mark.slow
def test_extended_lorenz_84_has_points_of_all_five_types():
    system, region = small_systems.lorenz_84()
    found = ds.bifurcation_set(system, {"p.F": (1.0, 3.0), "p.T": (-0.08, 0.08)}, region=region)
    bt = _places(found, "bogdanov-takens")
    np.testing.assert_allclose(np.abs(bt), [[1.446716701115361, 0.020940169683322466]] * 2, rtol=1e-9)
    state = next(p.state for p in found.points if p.type == "bogdanov-takens" and p.parameters[1] > 0)
    published = [1.225640495986278, -0.036320793271068824, 0.19728832311233313, -0.12339001198518826]
    np.testing.assert_allclose(state, published, rtol=1e-8)
    counts = {t: found.types.count(t) for t in set(found.types)}
    assert counts == {"bogdanov-takens": 2, "zero-hopf": 2, "double hopf": 2, "generalised hopf": 2, "cusp": 1}
    # U -> -U with T -> -T is a symmetry.
    for type_ in counts:
        places = _places(found, type_)
        np.testing.assert_allclose(np.sort(places[:, 1]), np.sort(-places[:, 1]), atol=1e-11)
        np.testing.assert_allclose(places[:, 0], places[0, 0], rtol=1e-11)
    hh = next(p for p in found.points if p.type == "double hopf")
    np.testing.assert_allclose(np.real(hh.eigenvalues), 0.0, atol=1e-12)
    zh = next(p for p in found.points if p.type == "zero-hopf")
    assert np.sum(np.abs(np.real(zh.eigenvalues)) < 1e-12) == 3
