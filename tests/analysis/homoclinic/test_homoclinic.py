"""Homoclinic and heteroclinic orbits against closed forms and published values."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import dynascope as ds
from dynascope import ComputationFailed, InputError
from dynascope.analysis.bifurcation import cycle_branch
from dynascope.analysis.cycles import Collocation, hopf_guess, periodic_orbit
from dynascope.analysis.homoclinic import homoclinic_orbit

MESH = Collocation(intervals=60, max_intervals=120)


def plane_rule(t, y, p):
    """One rule for all, so that one program serves: free of friction a well, with a cubic term Nagumo's front."""
    force = p["b"] + p["k"] * y[0] + p["l"] * y[0] ** 2 + p["m"] * y[0] ** 3
    return jnp.stack([y[1], force + (p["mu"] + p["n"] * y[0]) * y[1]])


def plane(**values):
    names = dict.fromkeys(("b", "k", "l", "m", "mu", "n"), 0.0)
    return ds.flow(plane_rule, [0.1, 0.1], parameters=names | values, names="x y")


@pytest.fixture(scope="module")
def rough():
    """A rough guess of the orbit of the well."""
    t = np.linspace(-6.0, 6.0, 61)
    return t, np.stack([1.4 / np.cosh(t / 2), -0.7 * np.tanh(t / 2) / np.cosh(t / 2)], axis=1)


@pytest.fixture(scope="module")
def well():
    return plane(k=1.0, l=-1.0, mu=0.05)


@pytest.fixture(scope="module")
def loop(well, rough):
    return homoclinic_orbit(well, rough, parameter="p.mu", method=MESH)


def test_well_has_its_orbit_without_friction(loop):
    """x'' = x - x^2 has the orbit 3/2 sech^2(t/2), and with friction of either sign none."""
    orbit = loop
    assert orbit.homoclinic
    assert abs(orbit.parameter) < 1e-12
    assert abs(orbit.parameter) <= orbit.parameter_error < 1e-9
    # It passes its top where the velocity is zero.
    top = brentq(lambda t: orbit.at(t)[0, 1], 0.4 * orbit.duration, 0.6 * orbit.duration)
    exact = 1.5 / np.cosh((orbit.times - top) / 2) ** 2
    np.testing.assert_allclose(orbit.states[:, 0], exact, atol=1e-8)
    np.testing.assert_allclose(orbit.eigenvalues, [[1.0, -1.0], [1.0, -1.0]], atol=1e-12)
    np.testing.assert_allclose(orbit.equilibria, 0.0, atol=1e-12)
    assert np.all(orbit.end_distances < 1e-3)
    assert "saddle quantity" in orbit.summary()


def test_front_of_nagumo():
    """u'' + c u' + u (1 - u) (u - a) = 0: the front (1 + exp(-x/sqrt 2))^-1 from 0 to 1 has c = (2 a - 1) / sqrt 2."""
    system = plane(k=0.3, l=-1.3, m=1.0, mu=0.2)
    x = np.linspace(-12.0, 12.0, 101)
    rough = np.stack([0.5 * (1 + np.tanh(x / 3)), 1 / 6 / np.cosh(x / 3) ** 2], axis=1)
    front = homoclinic_orbit(system, (x, rough), parameter="p.mu", method=MESH)
    assert not front.homoclinic
    assert -front.parameter == pytest.approx((2 * 0.3 - 1) / np.sqrt(2), abs=1e-9)
    u = front.states[:, 0]
    np.testing.assert_allclose(front.states[:, 1], u * (1 - u) / np.sqrt(2), atol=1e-8)
    assert "Heteroclinic" in front.summary()


#: Of the origin for sigma = 10, beta = 8/3.
LORENZ = 13.926557407520


def test_lorenz_from_a_run():
    """A run along the unstable manifold of the origin that nearly returns."""
    lorenz = ds.build("lorenz", rho=13.95)
    shot = ds.trajectory(lorenz, [0.01, 0.017, 0.0], np.linspace(0.0, 2.0, 801))
    orbit = homoclinic_orbit(lorenz, shot, parameter="rho", method=MESH)
    assert orbit.parameter == pytest.approx(LORENZ, abs=1e-9)
    assert abs(orbit.parameter - LORENZ) < orbit.parameter_error
    np.testing.assert_allclose(orbit.equilibria, 0.0, atol=1e-9)
    fast = np.sqrt(121 + 40 * (orbit.parameter - 1))
    assert orbit.saddle_quantity == pytest.approx((fast - 11) / 2 - 8 / 3, abs=1e-9)
    assert (orbit.type, orbit.unstable_dimension) == ("saddle", 1)
    assert "one saddle cycle is born" in orbit.summary()


@pytest.mark.slow
def test_lorenz_from_the_end_of_a_branch():
    """The cycles born at the Hopf point tend to the homoclinic orbit."""
    lorenz = ds.build("lorenz", rho=24.0)
    c = np.sqrt(8 / 3 * 23.0)
    cycle = periodic_orbit(lorenz, hopf_guess(lorenz, [c, c, 23.0], amplitude=6.0))
    branch = cycle_branch(lorenz, "rho", 13.0, 24.7, orbit=cycle).branches[0]
    orbit = homoclinic_orbit(lorenz, branch, parameter="rho", method=MESH)
    assert orbit.parameter == pytest.approx(LORENZ, abs=1e-9)


def lure_rule(t, y, p):
    return jnp.stack([y[1], y[2], -p["a"] * y[2] - y[1] - y[0] + y[0] ** 2])


@pytest.mark.slow
def test_shilnikov_orbit_of_lure_system():
    """Against shooting: bisection on which way the unstable manifold of (1, 0, 0) leaves after its return, with DOP853
    at a tolerance of 1e-13, gives a = 0.37491618423083."""
    system = ds.flow(lure_rule, jnp.zeros(3), parameters={"a": 0.37}, names="x y z")
    values, vectors = np.linalg.eig(np.array([[0.0, 1, 0], [0, 0, 1], [1, -1, -0.37]]))
    out = np.real(vectors[:, int(np.argmax(np.real(values)))])
    rest = np.array([1.0, 0.0, 0.0])
    run = ds.trajectory(system, rest - 1e-3 * out / out[0], np.linspace(0.0, 26.0, 2601))
    gap = np.linalg.norm(run.flat - rest, axis=1)
    far = int(np.argmax(gap))
    back = far + int(np.argmin(gap[far:]))
    orbit = homoclinic_orbit(system, (run.ts[: back + 1], run.flat[: back + 1]), parameter="p.a")
    assert orbit.parameter == pytest.approx(0.37491618423083, abs=1e-11)
    assert orbit.type == "saddle-focus"
    assert "infinitely many saddle cycles" in orbit.summary()


def test_orbit_is_evaluated_and_drawn(loop):
    orbit = loop
    np.testing.assert_allclose(orbit.at(orbit.times[3::7]), orbit.states[3::7], atol=1e-12)
    dataset = orbit.to_xarray()
    assert dataset["states"].shape == orbit.states.shape
    assert ds.plot(orbit).axes


def test_starts_that_lead_nowhere(well, rough):
    system, (t, rough) = well, rough
    with pytest.raises(InputError, match="between saddles"):
        # The centre at (1, 0) has no unstable direction.
        homoclinic_orbit(system.replace(**{"p.mu": -0.1}), (t, rough * 0 + [1.0, 0.0]), parameter="p.mu")
    with pytest.raises(InputError, match="`start` must be"):
        homoclinic_orbit(system, [0.0, 0.0], parameter="p.mu")
    with pytest.raises(InputError, match="at least 10 times"):
        homoclinic_orbit(system, (t[:5], rough[:5]), parameter="p.mu")
    with pytest.raises(InputError, match="autonomous"):
        homoclinic_orbit(ds.build("henon"), (t, rough), parameter="a")
    with pytest.raises(ComputationFailed, match="homoclinic_orbit"):
        homoclinic_orbit(system, (t, rough * [1.0, -1.0]), parameter="p.mu", method=MESH)
