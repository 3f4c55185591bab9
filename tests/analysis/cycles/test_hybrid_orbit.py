"""Orbits through resets against formulas, long simulations and differences of the map from reset to reset."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import ComputationFailed, InputError
from dynascope.analysis.cycles import hybrid_orbit, hybrid_phase_response
from dynascope.analysis.rhythm import returns
from dynascope.models.neurons import AdEx, Izhikevich
from dynascope.solve import RK4, LocatedEvents, event_map
from dynascope.systems import Sine


@pytest.fixture(scope="module")
def leaky():
    neuron = ds.build("leaky-integrate-and-fire", I=2.0)
    return neuron, hybrid_orbit(neuron)


def test_leaky_neuron(leaky):
    neuron, orbit = leaky
    assert abs(orbit.period - 10 * math.log(20 / 5)) < 1e-12 + orbit.period_error
    assert orbit.period_error < 1e-11
    assert orbit.trivial_error < 1e-13
    assert orbit.stability == "stable"
    assert orbit.nontrivial.size == 0
    assert orbit.surfaces == (0,)
    assert "13.8629436" in orbit.summary()
    assert "1 event," in orbit.summary()
    # Z = 1 / f, with f = (R I - (V - E_L)) / tau along V(t) = E_L + R I (1 - exp(-t / tau)).
    response = hybrid_phase_response(neuron, orbit)
    exact = 10 / (20 * np.exp(-orbit.times / 10))
    assert np.max(np.abs(response.response[:, 0] / exact - 1)) < 1e-12
    assert response.norm_error < 1e-13
    assert response.phases[-1] == pytest.approx(1.0)


def test_guess_of_another_current(leaky):
    neuron, orbit = leaky
    other = hybrid_orbit(neuron.replace(I=1.6), orbit)
    assert abs(other.period - 10 * math.log(16.0)) < 1e-11
    assert other.settings["guess"] == "earlier orbit"


def test_the_smallest_period_is_given(leaky):
    neuron, orbit = leaky
    twice = hybrid_orbit(neuron, (np.repeat(orbit.starts, 2, axis=0), np.repeat(orbit.intervals, 2)))
    assert len(twice.intervals) == 1
    assert abs(twice.period - orbit.period) < 1e-11


def test_quadratic_neuron():
    neuron = ds.build("quadratic-integrate-and-fire", I=4.0)
    orbit = hybrid_orbit(neuron)
    assert abs(orbit.period - 10 * math.atan(5.0)) < 1e-11
    response = hybrid_phase_response(neuron, orbit)
    # V = 2 tan(2 t / tau - atan 5), Z = tau / (V^2 + I).
    exact = 10 / (4 * (1 + np.tan(orbit.times / 5 - math.atan(5.0)) ** 2))
    assert np.max(np.abs(response.response[:, 0] / exact - 1)) < 1e-10


@pytest.mark.parametrize(("preset", "spikes"), [("RS", 1), ("CH", 5)])
def test_izhikevich_equals_a_long_simulation(preset, spikes):
    neuron = Izhikevich.preset(preset)
    orbit = hybrid_orbit(neuron)
    assert len(orbit.intervals) == spikes
    assert orbit.stability == "stable"
    # Resets are to the same potential, and the recovery hardly remembers: the orbit is stable beyond measure.
    seen = returns(neuron, count=2 * spikes, solver=LocatedEvents(RK4(0.0025)), transient=800.0)
    assert abs(seen.intervals[:spikes].sum() - orbit.period) < 1e-8
    assert np.max(np.abs(np.sort(seen.intervals[:spikes]) - np.sort(orbit.intervals))) < 1e-8
    assert abs(orbit.nontrivial[0]) < 1e-6
    assert orbit.trivial_error < 1e-9


def test_multiplier_and_response_are_differences():
    neuron = AdEx()
    orbit = hybrid_orbit(neuron)
    again = event_map(neuron, solver=RK4(0.005))
    w = orbit.starts[0, 1]

    @jax.jit
    def wait(w):
        time, state, _ = again.returned(jnp.stack([neuron.V_reset, w]), None)
        return time, state[1]

    up, down = (np.array(wait(w + shift)) for shift in (0.05, -0.05))
    slope = (up[1] - down[1]) / 0.1
    assert abs(slope - orbit.nontrivial[0].real) < 1e-6 * abs(slope) + 1e-6
    assert orbit.trivial_error < 1e-9
    # A kick of w moves this interval and, through the multiplier mu, all later ones: dT (1 + mu + mu^2 + ...) of w.
    response = hybrid_phase_response(neuron, orbit)
    delay = (up[0] - down[0]) / 0.1
    assert abs(response.response[0, 1] + delay / (1 - slope)) < 1e-5
    assert response.norm_error < 1e-9


def test_two_surfaces():
    neuron = ds.build("refractory-integrate-and-fire", I=2.0)
    wait = 10 * math.log(4.0)
    orbit = hybrid_orbit(neuron, (np.array([[-65.0, -1.0], [-65.0, 0.0]]), np.array([wait + 0.1, 2.1])))
    assert orbit.surfaces == (0, 1)
    assert np.allclose(orbit.intervals, [wait, 2.0], atol=1e-11)
    response = hybrid_phase_response(neuron, orbit)
    assert abs(response.response[0, 0] - 0.5) < 1e-10
    assert response.norm_error < 1e-10


def test_what_is_refused(leaky):
    neuron, _ = leaky
    with pytest.raises(InputError, match="periodic_orbit"):
        hybrid_orbit(ds.build("van-der-pol"))
    with pytest.raises(InputError, match="driven in time"):
        hybrid_orbit(neuron, inputs=Sine(amplitude=1.0, period=10.0))
    with pytest.raises(InputError, match="shapes"):
        hybrid_orbit(neuron, (np.zeros((1, 2)), np.ones(1)))
    with pytest.raises(ComputationFailed, match="hybrid_orbit"):
        hybrid_orbit(neuron.replace(I=1.0))
    silent = hybrid_orbit(neuron.replace(I=1.0), throw=False)
    assert not silent.successful
    assert math.isnan(silent.period)
    assert "No periodic orbit" in silent.summary()
    with pytest.raises(InputError, match="none was found"):
        hybrid_phase_response(neuron, silent)
    with pytest.raises(InputError, match="this one was not"):
        hybrid_orbit(neuron, silent)
