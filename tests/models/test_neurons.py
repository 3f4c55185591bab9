"""Known answers of the neurons: rest states, thresholds and bifurcations from the vector field alone."""

import itertools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar, root

from dynascope import InputError
from dynascope.models import (
    AdEx,
    ConnorStevens,
    ExponentialIntegrateAndFire,
    FitzHughNagumo,
    HindmarshRose,
    HodgkinHuxley,
    Izhikevich,
    LeakyIntegrateAndFire,
    MorrisLecar,
    QuadraticIntegrateAndFire,
    ThetaNeuron,
    WangBuzsaki,
    facts,
)
from dynascope.models._array import linoid
from dynascope.systems import AbstractFlow

Field = Callable[[Any, Any], Any]


def field_and_jacobian(system: Any) -> tuple[Field, Field]:
    """Compiled functions of (state, current)."""

    def field(y: Any, current: Any) -> Any:
        return eqx.tree_at(lambda s: s.I, system, jnp.asarray(current)).vector_field(0.0, y, None)

    return jax.jit(field), jax.jit(jax.jacfwd(field))


def hopf_currents(system: AbstractFlow, currents: np.ndarray, start: Any) -> list[float]:
    """Where the largest real part of the eigenvalues crosses zero along the branch of equilibria."""
    field, jacobian = field_and_jacobian(system)
    y = np.asarray(start, float)

    def growth(current: float) -> float:
        nonlocal y
        for _ in range(30):
            y = y - np.linalg.solve(np.asarray(jacobian(y, current)), np.asarray(field(y, current)))
        assert np.max(np.abs(field(y, current))) < 1e-9
        return float(np.linalg.eigvals(np.asarray(jacobian(y, current))).real.max())

    found, low = [], growth(float(currents[0]))
    for a, b in itertools.pairwise(currents):
        high = growth(float(b))
        if low * high < 0:
            found.append(float(brentq(growth, a, b, xtol=1e-9)))  # type: ignore[arg-type]
        low = high
    return found


def largest_steady_current(steady: Callable[[Any], Any], system: Any, low: float, high: float) -> float:
    """The largest current that some voltage between `low` and `high` can balance: the saddle-node."""
    field, _ = field_and_jacobian(system)
    balancing = jax.jit(lambda V: -field(steady(V), 0.0)[0] * system.C)
    found = minimize_scalar(lambda V: -float(balancing(V)), bounds=(low, high), method="bounded")
    return -float(found.fun)  # type: ignore[union-attr]


def relaxed_gates(system: Any) -> Callable[[Any], Any]:
    """The state at voltage V with every gate at rest: gates relax linearly, so one Newton step finds it."""
    field, jacobian = field_and_jacobian(system)

    def steady(V: Any) -> Any:
        y = jnp.concatenate([jnp.reshape(V, (1,)), jnp.full(system.initial_state().size - 1, 0.5)])
        gates = y[1:] - jnp.linalg.solve(jacobian(y, 0.0)[1:, 1:], field(y, 0.0)[1:])
        return jnp.concatenate([y[:1], gates])

    return steady


@pytest.mark.parametrize("x", [-60.0, -3.0, -0.1, -1e-3, -1e-9, 0.0, 1e-12, 1e-4, 0.0999999, 0.1, 2.0, 60.0])
def test_linoid_and_its_derivatives_have_no_hole(x: float) -> None:
    # The reference is evaluated in extended precision, by the series where the formula has its hole.
    def exact(z: np.longdouble) -> np.longdouble:
        if abs(z) < 1e-3:
            return 1 + z / 2 + z**2 / 12 - z**4 / 720 + z**6 / 30240
        return z / -np.expm1(-z)

    z = np.longdouble(x)
    np.testing.assert_allclose(linoid(jnp.asarray(x)), float(exact(z)), rtol=1e-14)
    np.testing.assert_allclose(linoid(jnp.asarray(x), jnp.exp(-x)), float(exact(z)), rtol=1e-14)
    h = np.longdouble(1e-3)
    first = float((exact(z - 2 * h) - 8 * exact(z - h) + 8 * exact(z + h) - exact(z + 2 * h)) / (12 * h))
    second = float((exact(z - h) - 2 * exact(z) + exact(z + h)) / h**2)
    np.testing.assert_allclose(jax.grad(linoid)(x), first, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(jax.grad(lambda x: linoid(x, jnp.exp(-x)))(x), first, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(jax.grad(jax.grad(linoid))(x), second, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("model", "holes"), [(HodgkinHuxley, (-40.0, -55.0)), (WangBuzsaki, (-35.0, -34.0))])
def test_rates_have_no_hole_where_the_formula_does(model: Any, holes: tuple[float, ...]) -> None:
    field, jacobian = field_and_jacobian(model())
    for V in holes:
        y = np.asarray(model().initial_state())
        at, near = y.copy(), y.copy()
        at[0], near[0] = V, V + 1e-7
        assert np.all(np.isfinite(field(at, 0.0)))
        np.testing.assert_allclose(field(at, 0.0), field(near, 0.0), rtol=1e-5)
        np.testing.assert_allclose(jacobian(at, 0.0), jacobian(near, 0.0), rtol=1e-5, atol=1e-9)


def test_hodgkin_huxley_rests_and_loses_its_rest_where_known() -> None:
    model = HodgkinHuxley(I=0.0)
    found = root(lambda y: np.asarray(model.vector_field(0.0, y, None)), np.asarray(model.initial_state()))
    assert facts("hodgkin-huxley")["rest"].agrees(found.x[0])
    assert abs(found.x[0] + 64.996) < 1e-3
    hopf = hopf_currents(model, np.linspace(0.0, 170.0, 35), found.x)
    assert facts("hodgkin-huxley")["hopf"].agrees(hopf)
    np.testing.assert_allclose(hopf, [9.7754, 154.522], atol=1e-3)


def test_fitzhugh_nagumo_loses_its_rest_where_known() -> None:
    hopf = hopf_currents(FitzHughNagumo(), np.linspace(0.0, 2.0, 21), [-1.2, -0.6])
    assert facts("fitzhugh-nagumo")["hopf"].agrees(hopf)
    v = np.array([-1.0, 1.0]) * np.sqrt(1 - 0.08 * 0.8)
    np.testing.assert_allclose((v + 0.7) / 0.8 - v + v**3 / 3, facts("fitzhugh-nagumo")["hopf"].value, atol=1e-12)


def test_morris_lecar_begins_to_fire_in_both_known_ways() -> None:
    hopf = hopf_currents(MorrisLecar(), np.linspace(0.0, 250.0, 41), [-60.0, 0.01])
    assert facts("morris-lecar")["hopf"].agrees(hopf)
    np.testing.assert_allclose(hopf, [93.8576, 212.0188], atol=1e-3)
    first = MorrisLecar.preset("class 1")
    assert facts("morris-lecar")["saddle_node"].agrees(
        largest_steady_current(relaxed_gates(first), first, -45.0, -15.0)
    )


def test_wang_buzsaki_threshold() -> None:
    model = WangBuzsaki()
    assert facts("wang-buzsaki")["saddle_node"].agrees(
        largest_steady_current(relaxed_gates(model), model, -64.0, -50.0)
    )


def test_connor_stevens_rests_at_minus_68_and_has_its_threshold() -> None:
    model = ConnorStevens()
    field, _ = field_and_jacobian(model)
    found = root(lambda y: np.asarray(field(y, 0.0)), np.asarray(model.initial_state()))
    np.testing.assert_allclose(found.x[0], -68.0, atol=0.05)
    computed = largest_steady_current(relaxed_gates(model), model, -62.0, -53.0)
    assert facts("connor-stevens")["saddle_node"].agrees(computed)


def test_input_adds_to_the_current() -> None:
    for model in (HodgkinHuxley(I=0.0), Izhikevich(I=0.0), HindmarshRose(I=0.0), ThetaNeuron(I=0.0), AdEx(I=0.0)):
        y = model.initial_state()
        pushed = model.vector_field(0.0, y, jnp.array([2.5]))
        np.testing.assert_allclose(pushed, model.replace(I=2.5).vector_field(0.0, y, None), rtol=1e-12)


def test_hindmarsh_rose_with_frozen_adaptation_has_one_to_three_rests() -> None:
    # Equilibria satisfy c - d x^2 - a x^3 + b x^2 - s (x - x_R) + I = 0.
    roots = np.roots([-1.0, -2.0, -4.0, 1.0 - 4.0 * 1.6 + 3.25])
    x = float(roots[np.abs(roots.imag) < 1e-9].real[0])
    y = np.array([x, 1.0 - 5.0 * x**2, 4.0 * (x + 1.6)])
    np.testing.assert_allclose(HindmarshRose().vector_field(0.0, y, None), 0.0, atol=1e-12)


def test_leaky_neuron_threshold_and_period() -> None:
    threshold = facts("leaky-integrate-and-fire")["threshold_current"].value
    at_threshold = LeakyIntegrateAndFire(I=threshold)
    np.testing.assert_allclose(at_threshold.vector_field(0.0, at_threshold.V_th[None], None), 0.0, atol=1e-12)
    model = LeakyIntegrateAndFire()
    # The time from reset to threshold is the integral of dV / V', here by Gauss-Legendre quadrature.
    period = passage(model, float(model.V_reset), float(model.V_th))
    assert facts("leaky-integrate-and-fire")["period"].agrees(period)


def test_quadratic_neuron_period() -> None:
    model = QuadraticIntegrateAndFire()
    assert facts("quadratic-integrate-and-fire")["period"].agrees(passage(model, -10.0, 10.0))
    resting = QuadraticIntegrateAndFire(I=-4.0)
    np.testing.assert_allclose(resting.vector_field(0.0, jnp.array([-2.0]), None), 0.0, atol=1e-12)


def passage(model: AbstractFlow, low: float, high: float) -> float:
    """The time that a one-dimensional flow takes from `low` to `high`."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    V = 0.5 * (high - low) * (nodes + 1.0) + low
    speed = jax.vmap(lambda v: model.vector_field(0.0, v, None))(V[:, None])
    return float(0.5 * (high - low) * np.sum(weights / np.asarray(speed)[:, 0]))


def test_exponential_neuron_threshold() -> None:
    current = facts("exponential-integrate-and-fire")["saddle_node"].value
    model = ExponentialIntegrateAndFire(I=current)
    at = model.V_T[None]
    np.testing.assert_allclose(model.vector_field(0.0, at, None), 0.0, atol=1e-12)
    slope = jax.jacfwd(lambda y: model.vector_field(0.0, y, None))(at)
    np.testing.assert_allclose(slope, 0.0, atol=1e-12)
    assert facts("exponential-integrate-and-fire")["saddle_node"].agrees(
        model.g_L * (model.V_T - model.E_L - model.Delta)
    )


def test_theta_neuron_is_the_quadratic_one_on_a_circle() -> None:
    theta, V = ThetaNeuron(I=0.7, tau=3.0), QuadraticIntegrateAndFire(I=0.7, tau=3.0)
    angles = np.linspace(-3.0, 3.0, 9)
    slow = jax.vmap(lambda y: theta.vector_field(0.0, y, None))(angles[:, None])[:, 0]
    # dV/dt = V'(theta) dtheta/dt with V = tan(theta / 2).
    fast = jax.vmap(lambda y: V.vector_field(0.0, y, None))(np.tan(angles / 2)[:, None])[:, 0]
    np.testing.assert_allclose(slow * 0.5 / np.cos(angles / 2) ** 2, fast, rtol=1e-10)
    around = 2 * np.pi / 4000 * np.arange(4000)
    speed = jax.vmap(lambda y: ThetaNeuron().vector_field(0.0, y, None))(around[:, None])[:, 0]
    assert facts("theta-neuron")["period"].agrees(np.sum(2 * np.pi / 4000 / np.asarray(speed)))


def test_izhikevich_rest_and_presets() -> None:
    # Regular spiking at I = 0: 0.04 v^2 + (5 - b) v + 140 = 0 gives -70 and -50.
    model = Izhikevich(I=0.0)
    for v, stable in ((-70.0, True), (-50.0, False)):
        y = jnp.array([v, 0.2 * v])
        np.testing.assert_allclose(model.vector_field(0.0, y, None), 0.0, atol=1e-12)
        eigenvalues = np.linalg.eigvals(np.asarray(jax.jacfwd(lambda y: model.vector_field(0.0, y, None))(y)))
        assert bool(np.all(eigenvalues.real < 0)) is stable
    fired = model.reset(0.0, jnp.array([30.0, -10.0]), None, jnp.array([True]))
    np.testing.assert_allclose(fired, [-65.0, -2.0])
    for name, (a, b, c, d) in Izhikevich.presets.items():
        neuron = Izhikevich.preset(name)
        np.testing.assert_allclose([neuron.a, neuron.b, neuron.c, neuron.d], [a, b, c, d])


def test_adex_is_the_exponential_neuron_without_adaptation() -> None:
    shared = {"C": 2.0, "g_L": 0.3, "E_L": -66.0, "V_T": -52.0, "Delta": 2.5, "V_peak": -35.0, "I": 0.4}
    full, plain = AdEx(a=0.0, b=0.0).replace(**shared), ExponentialIntegrateAndFire().replace(**shared)
    for V in (-70.0, -50.0, -36.0):
        adapted = full.vector_field(0.0, jnp.array([V, 0.0]), None)
        np.testing.assert_allclose(adapted[0], plain.vector_field(0.0, jnp.array([V]), None)[0], rtol=1e-12)
    fired = AdEx().reset(0.0, jnp.array([-40.4, 10.0]), None, jnp.array([True]))
    np.testing.assert_allclose(fired, [-70.6, 90.5])


def test_adex_loses_its_rest_at_the_known_threshold() -> None:
    # Since a / g_L exceeds C / (g_L tau_w), rest is lost in a Hopf bifurcation, where the trace vanishes:
    # g_L (exp(x) - 1) / C = 1 / tau_w with x = (V - V_T) / Delta.
    model = AdEx()
    x = float(np.log1p(281.0 / (30.0 * 144.0)))
    V = -50.4 + 2.0 * x
    w = 4.0 * (V + 70.6)
    current = 30.0 * (V + 70.6) - 30.0 * 2.0 * np.exp(x) + w
    at = model.replace(I=current)
    y = jnp.array([V, w])
    np.testing.assert_allclose(at.vector_field(0.0, y, None), 0.0, atol=1e-10)
    jacobian = np.asarray(jax.jacfwd(lambda y: at.vector_field(0.0, y, None))(y))
    np.testing.assert_allclose(np.trace(jacobian), 0.0, atol=1e-12)
    assert np.linalg.det(jacobian) > 0


@pytest.mark.parametrize("model", [Izhikevich, MorrisLecar])
def test_unknown_preset(model: Any) -> None:
    with pytest.raises(InputError, match=r"has no preset `nonsense`\. It has: `"):
        model.preset("nonsense")
