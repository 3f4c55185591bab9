"""Curves of homoclinic orbits against normal forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import fsolve

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.cycles import periodic_orbit
from dynascope.analysis.homoclinic import HomoclinicContinuation, homoclinic_curve, homoclinic_orbit
from dynascope.models.neurons import MorrisLecar


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
    assert curve.types == ("bogdanov-takens",)
    assert np.all(np.abs(curve.special_parameters[0]) <= curve.special_error[0])
    assert np.all(curve.special_error[0] < [1e-6, 1e-4])
    assert "homoclinic orbits to a saddle" in curve.summary()
    assert ds.plot(curve).axes
    assert curve.to_xarray()["parameters"].shape == curve.parameters.shape


def morris_lecar_rest(neuron, v):
    """Residual of a Bogdanov-Takens point in I and phi: rest, determinant and trace, v = (V, w, I, phi)."""
    there = neuron.replace(I=v[2], phi=v[3])

    def velocity(y):
        return there.vector_field(0.0, y, None)

    jacobian = jax.jacfwd(velocity)(jnp.asarray(v[:2]))
    return jnp.array([*velocity(jnp.asarray(v[:2])), 100 * jnp.linalg.det(jacobian), 10 * jnp.trace(jacobian)])


@pytest.mark.slow
def test_morris_lecar_from_saddle_node_to_bogdanov_takens():
    """From the upper fold, where it becomes the saddle-node on the cycle at 39.963 (Rinzel and Ermentrout 1998), to the
    Bogdanov-Takens point on the lower one."""
    neuron = MorrisLecar.preset("homoclinic").replace(I=35.8)
    cycle = periodic_orbit(neuron, [10.0, 0.2])
    orbit = homoclinic_orbit(neuron, cycle, parameter="I")
    assert orbit.parameter == pytest.approx(35.0067, abs=1e-3)
    assert "one stable cycle" in orbit.summary()
    curve = homoclinic_curve(neuron, orbit, parameters=("I", "phi"), ranges=((-60.0, 60.0), (0.02, 1.0)))
    assert set(curve.types) == {"saddle-node", "bogdanov-takens"}
    found = dict(zip(curve.types, zip(curve.special_parameters, curve.special_error, strict=True), strict=True))
    # The current at rest over the voltage, whose largest value is the fold, whatever phi.
    volts = np.linspace(-29.5, -29.3, 201)
    fold = max(_current(neuron, v) for v in volts)
    place, error = found["saddle-node"]
    assert place[0] == pytest.approx(fold, abs=1e-5)
    assert np.all(error < 1e-5)
    exact = fsolve(lambda v: np.asarray(morris_lecar_rest(neuron, v)), [-5.0, 0.1, -10.0, 0.3])
    place, error = found["bogdanov-takens"]
    np.testing.assert_allclose(place, exact[2:], rtol=1e-5)
    assert np.all(np.abs(place - exact[2:]) < np.maximum(10 * error, 1e-4))


def _current(neuron, v):
    """The current at which the neuron rests at a voltage."""
    w = float((1 + np.tanh((v - neuron.V3) / neuron.V4)) / 2)
    velocity = neuron.replace(I=0.0).vector_field(0.0, jnp.array([v, w]), None)
    return -float(velocity[0] * neuron.C)


def sandstede(t, s, p):
    """Sandstede's model: on the leaf x^2 (1 - x) = y^2, z = 0 lies a homoclinic orbit where mu and mt are zero."""
    x, y, z = s
    leaf, f = x**2 * (1 - x) - y**2, p["mt"] - p["alpha"] * z
    return jnp.stack(
        [
            p["a"] * x + p["b"] * y - p["a"] * x**2 + f * x * (2 - 3 * x),
            p["b"] * x + p["a"] * y - 1.5 * p["b"] * x**2 - 1.5 * p["a"] * x * y - f * 2 * y,
            p["c"] * z + p["mu"] * x + p["gamma"] * x * z + p["alpha"] * p["beta"] * leaf,
        ]
    )


@pytest.mark.slow
def test_orbit_flip_of_sandstedes_model():
    """With c = -1/2 the direction of z is the leading one, along which the orbit in the plane z = 0 does not arrive."""
    values = {"a": 0.1, "b": 1.0, "c": -0.5, "alpha": 0.5, "beta": 1.0, "gamma": -0.3, "mu": 0.05, "mt": 0.0}
    system = ds.flow(sandstede, jnp.zeros(3), parameters=values, names="x y z")
    t = np.linspace(-8.0, 8.0, 161)
    x = 1 / np.cosh(t / 2) ** 2
    path = t, np.stack([x, -np.tanh(t / 2) * x, 0.1 * x], axis=1)
    ranges = ((-1.0, 1.0), (-0.1, 0.1))
    curve = homoclinic_curve(system, path, parameters=("p.mt", "p.mu"), ranges=ranges)
    assert curve.types == ("orbit flip, stable",)
    np.testing.assert_allclose(curve.special_parameters, 0.0, atol=1e-9)
    at = int(np.flatnonzero(curve.special == 0)[0])
    np.testing.assert_allclose(curve.orbits[at, :, 2], 0.0, atol=1e-8)
    # The eigenvalues there are a + b, c and a - b.
    np.testing.assert_allclose(curve.eigenvalues[at], [1.1, -0.5, -0.9], atol=1e-8)
    # From one of its own orbits it is found again.
    x0 = curve.parameters[3]
    again = homoclinic_orbit(system.replace(**{"p.mu": x0[1], "p.mt": x0[0]}), curve.start(3), parameter="p.mt")
    assert again.parameter == pytest.approx(x0[0], abs=1e-8)


def driven_rule(t, s, p):
    """The well, whose orbit 3/2 sech^2(t/2) exists where mu is zero, and an oscillator that it drives."""
    x, y, u, v = s
    return jnp.stack([y, x - x**2 + p["mu"] * y, v, x - p["k"] * u - p["c"] * v])


def driven(k, c):
    system = ds.flow(driven_rule, jnp.zeros(4), parameters={"mu": 0.0, "k": k, "c": c}, names="x y u v")
    t = np.linspace(-10.0, 40.0, 501)

    def force(at):
        return 1.5 / np.cosh(at / 2) ** 2

    run = solve_ivp(lambda at, z: [z[1], force(at) - k * z[0] - c * z[1]], (-10, 40), [0.0, 0.0], t_eval=t, rtol=1e-8)
    return system, (t, np.stack([force(t), -np.tanh(t / 2) * force(t), *run.y], axis=1))


@pytest.mark.slow
def test_saddle_becomes_saddle_focus_and_loses_its_saddle():
    """The oscillator's eigenvalues, which are the leading ones, are equal where 4 k = c^2 and imaginary where c = 0."""
    system, path = driven(0.23, 1.0)
    curve = homoclinic_curve(system, path, parameters=("p.mu", "p.k"), ranges=((-0.3, 0.3), (0.2, 0.4)))
    assert curve.types == ("double stable eigenvalue",)
    np.testing.assert_allclose(curve.special_parameters[0], [0.0, 0.25], atol=1e-8)
    assert "a saddle or a saddle-focus" in curve.summary()
    system, path = driven(1.0, 0.3)
    curve = homoclinic_curve(system, path, parameters=("p.mu", "p.c"), ranges=((-0.3, 0.3), (-0.2, 0.4)))
    assert curve.types == ("shilnikov-hopf",)
    np.testing.assert_allclose(curve.special_parameters[0], 0.0, atol=1e-4)
    assert np.all(np.abs(curve.special_parameters[0]) < curve.special_error[0] + 1e-9)
    assert any("Shilnikov-Hopf" in end for end in curve.ends)


def test_wrong_ranges_are_refused(start):
    system, path = start
    with pytest.raises(InputError, match="outside of"):
        homoclinic_curve(system, path, parameters=("p.b1", "p.b2"), ranges=((-1.0, 1.0), (0.0, 1.0)))
    with pytest.raises(InputError, match="two different names"):
        homoclinic_curve(system, path, parameters=("p.b1", "p.b1"), ranges=((-1.0, 1.0), (-1.0, 1.0)))
    with pytest.raises(InputError, match="intervals"):
        HomoclinicContinuation(intervals=1)
