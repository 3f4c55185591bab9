"""Cycles along which a component is nil, and the branches on which it is not, against formulas."""

import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope._types import Param, State
from dynascope.analysis.bifurcation import CycleContinuation, cycle_branch
from dynascope.analysis.bifurcation._follow import ENDS
from dynascope.analysis.cycles import periodic_orbit

BOUND = ENDS[ENDS.bound]


class Strip(ds.AbstractFlow):
    """x' = x (1 - |x|^2) + i x, and z across a Moebius strip along it: with z = sqrt(x) (u + i v), u' = mu u - u^3."""

    mu: Param = ds.param(-0.1, doc="growth across the cycle")

    def initial_state(self) -> State:
        return jnp.array([1.0, 0.0, 0.0, 0.0])

    def vector_field(self, t, y, u) -> State:
        x, z = y[0] + 1j * y[1], y[2] + 1j * y[3]
        p = 0.5 * (z + x * jnp.conj(z))  # sqrt(x) u
        dx = x * (1 - y[0] ** 2 - y[1] ** 2) + 1j * x
        dz = 0.5j * z + self.mu * p - (p.real**2 + p.imag**2) * p - (z - p)
        return jnp.stack([dx.real, dx.imag, dz.real, dz.imag])


class Crossing(ds.AbstractFlow):
    """x' = x (1 - |x|^2) + i x beside z' = mu z - z^3."""

    mu: Param = ds.param(-0.1, doc="growth across the cycle")

    def initial_state(self) -> State:
        return jnp.array([1.0, 0.0, 0.0])

    def vector_field(self, t, y, u) -> State:
        grown = 1 - y[0] ** 2 - y[1] ** 2
        return jnp.stack([y[0] * grown - y[1], y[1] * grown + y[0], self.mu * y[2] - y[2] ** 3])

    def region(self) -> ds.Box:
        return ds.Box(jnp.array([-2.0, -2.0, -3.0]), jnp.array([2.0, 2.0, 3.0]))


def circle(dimension):
    t = np.linspace(0.0, 2 * np.pi, 101)
    return t, np.stack([np.cos(t), np.sin(t), *[0 * t] * (dimension - 2)], axis=1)


def test_doubling_out_of_a_nil_component():
    # Multiplier -exp(2 pi mu): doubling at mu = 0, with u^2 = mu, twice the period and b = 2 pi.
    system = Strip()
    found = cycle_branch(system, "mu", -0.2, 0.5, orbit=periodic_orbit(system, circle(4)))
    (point,) = found.points
    assert point.type == "period doubling"
    assert point.criticality == "supercritical"
    assert abs(point.parameter) < 1e-9
    assert abs(point.coefficient / (2 * np.pi) - 1) < 1e-6
    single, double = found.branches
    assert single.ends == (BOUND, BOUND)
    assert double.ends[1] == BOUND
    assert len(double) < 60
    # Over two turns the real part of z takes all values between -u and u.
    mu = double.parameter[1:]
    assert mu[-1] == 0.5
    assert np.max(np.abs(double.high[1:, 2] - np.sqrt(mu))) < 1e-4
    assert np.max(np.abs(double.period - 4 * np.pi)) < 1e-8
    # u = sqrt(mu) attracts at the rate 2 mu.
    others = np.min(np.abs(double.eigenvalues - np.exp(-8 * np.pi * double.parameter)[:, None]), axis=1)
    assert np.max(others) < 1e-5
    assert np.all(double.unstable == 0)


def test_crossing_out_of_a_nil_component():
    system = Crossing()
    found = cycle_branch(
        system, "mu", -0.2, 0.5, orbit=periodic_orbit(system, circle(3)), method=CycleContinuation(intervals=20)
    )
    (point,) = found.points
    assert point.type == "branch point of cycles"
    assert abs(point.parameter) < 1e-9
    other = found.branches[1]
    assert other.ends == (BOUND, BOUND)
    assert len(other) < 80
    assert np.max(np.abs(other.high[:, 2] ** 2 - other.parameter)) < 1e-7
    assert sorted(np.sign(other.high[[0, -1], 2])) == [-1.0, 1.0]
