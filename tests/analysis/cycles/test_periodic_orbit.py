"""Periodic orbits against closed forms, tables and an independent integration."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynascope as ds
from dynascope import ComputationFailed, InputError
from dynascope.analysis.cycles import Shooting, hopf_guess, periodic_orbit


def test_van_der_pol():
    """Period at mu = 1 to ten digits; the only other multiplier is exp of the mean divergence (Liouville)."""
    orbit = periodic_orbit(ds.build("van-der-pol", mu=1.0))
    assert orbit.period == pytest.approx(6.663286859323130, abs=1e-9)
    assert abs(orbit.period - 6.663286859323130) < 3 * orbit.period_error
    assert orbit.stability == "stable"
    assert orbit.trivial_error < 1e-9
    assert orbit.nontrivial == pytest.approx([8.59695e-4], rel=1e-5)


def test_stuart_landau():
    """Period 2 pi / (omega - c lambda), multiplier exp(-2 lambda T)."""
    orbit = periodic_orbit(ds.build("stuart-landau", lam=0.3, omega=2.0, c=0.7))
    period = 2 * np.pi / (2.0 - 0.7 * 0.3)
    assert orbit.period == pytest.approx(period, rel=1e-11)
    assert orbit.nontrivial == pytest.approx([np.exp(-0.6 * period)], rel=1e-9)
    assert orbit.extent == pytest.approx(np.sqrt(0.3) * np.array([[-1, -1], [1, 1]]), rel=1e-3)


def test_against_independent_integration():
    """An unstable cycle of Hodgkin and Huxley: one period of SciPy's DOP853 from each of eight points closes it."""
    neuron: Any = ds.build("hodgkin-huxley", I=8.0)
    rest = ds.fixed_points(neuron).states[0]
    orbit = periodic_orbit(neuron, hopf_guess(neuron, rest, amplitude=5.0))
    assert orbit.stability == "saddle"
    assert orbit.nontrivial[0] == pytest.approx(10.3029, abs=1e-3)

    def velocity(t, y):
        return np.asarray(rate(y))

    rate = jax.jit(lambda y: neuron.vector_field(0.0, y, None))
    starts, ends = orbit.at(np.arange(8) / 8), orbit.at((np.arange(8) + 1) / 8)
    for start, end in zip(starts, ends, strict=True):
        run = solve_ivp(velocity, (0.0, orbit.period / 8), start, method="DOP853", rtol=1e-12, atol=1e-13)
        assert run.y[:, -1] == pytest.approx(end, rel=1e-6, abs=1e-6)


def test_smallest_period():
    """A guess that goes around twice is given once, and said to have done so."""
    system = ds.build("van-der-pol", mu=1.0)
    once = periodic_orbit(system)
    s = np.linspace(0.0, 2.0, 801)
    twice = periodic_orbit(system, (s * once.period, once.at(s)))
    assert twice.covers == 2
    assert twice.period == pytest.approx(once.period, rel=1e-9)


def test_shooting_agrees():
    system = ds.build("van-der-pol", mu=1.0)
    one = periodic_orbit(system)
    other = periodic_orbit(system, one, method=Shooting(segments=4))
    assert abs(one.period - other.period) < 3 * (one.period_error + other.period_error)
    assert other.nontrivial == pytest.approx(one.nontrivial, rel=1e-8)


def test_forced_response():
    """A damped oscillator under a sine: the answer in closed form, and multipliers of its own decay."""
    pulled = ds.flow(
        lambda t, y, p: jnp.stack([y[1], -y[0] - 0.2 * y[1] + jnp.cos(p["w"] * t)]), [0.0, 0.0], parameters={"w": 1.5}
    )
    period = 2 * np.pi / 1.5
    orbit = periodic_orbit(pulled, [1.0, 0.0], period=period)
    assert orbit.forced
    amplitude = 1 / np.hypot(1 - 1.5**2, 0.2 * 1.5)
    assert orbit.extent[1, 0] == pytest.approx(amplitude, rel=1e-3)
    assert np.abs(orbit.multipliers) == pytest.approx(np.exp(-0.1 * period), rel=1e-8)


def test_round_trip(tmp_path):
    orbit = periodic_orbit(ds.build("van-der-pol", mu=1.0))
    again = ds.load(ds.save(orbit, tmp_path / "orbit.nc"))
    assert again.period == orbit.period
    assert np.array_equal(again.states, orbit.states)
    assert again.to_xarray()["states"].shape == orbit.states.shape
    assert orbit.at([0.0, 1.0])[0] == pytest.approx(orbit.at([1.0])[0])


def test_what_cannot_be_found():
    lorenz = ds.build("lorenz")
    with pytest.raises(ComputationFailed, match="not periodic"):
        periodic_orbit(lorenz)
    assert not periodic_orbit(lorenz, throw=False).successful
    with pytest.raises(InputError, match="is for flows"):
        periodic_orbit(ds.build("henon"))
    with pytest.raises(InputError, match="period"):
        periodic_orbit(lorenz, period=-1.0)
    with pytest.raises(InputError, match="only real eigenvalues"):
        hopf_guess(lorenz, [0.0, 0.0, 0.0])
