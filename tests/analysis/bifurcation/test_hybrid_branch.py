"""Branches of orbits through resets: folds, doublings, tori and grazing at values known from formulas."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope._types import Param, State
from dynascope.analysis.bifurcation import HybridContinuation, hybrid_branch
from dynascope.analysis.bifurcation._hybrid_walk import BOUND
from dynascope.analysis.cycles import hybrid_orbit, hybrid_phase_response
from dynascope.analysis.rhythm import returns
from dynascope.models.neurons import Izhikevich
from dynascope.solve import RK4, event_map


class ResetMap(ds.AbstractHybrid):
    """V' = 2 + w; at V = 1: V to 0, (v, w) to (w, w^2 + c + e v): Hénon's map from reset to reset."""

    c: Param = ds.param(0.0, doc="constant")
    e: Param = ds.param(0.0, doc="memory")

    def initial_state(self) -> State:
        return jnp.zeros(3)

    def vector_field(self, t, y, u) -> State:
        return jnp.array([2.0 + y[2], 0.0, 0.0])

    def guard(self, t, y, u) -> jax.Array:
        return y[:1] - 1.0

    def reset(self, t, y, u, fired) -> State:
        return jnp.stack([0.0 * y[0], y[2], y[2] ** 2 + self.c + self.e * y[1]])


class Spiral(ds.AbstractHybrid):
    """z' = (-b + 2 i) z, at Re z = threshold to -i: Re z = exp(-b t) sin(2 t)."""

    threshold: Param = ds.param(0.5, doc="height of the surface")

    def initial_state(self) -> State:
        return jnp.array([0.0, -1.0])

    def vector_field(self, t, y, u) -> State:
        return jnp.stack([-0.3 * y[0] - 2 * y[1], 2 * y[0] - 0.3 * y[1]])

    def guard(self, t, y, u) -> jax.Array:
        return y[:1] - self.threshold

    def reset(self, t, y, u, fired) -> State:
        return jnp.array([0.0, -1.0]) + 0.0 * y


class Repelling(ds.AbstractHybrid):
    """V' = 1, y = x - V (1 - V) grows as exp(k t); at V = 1: V to 0, x to p + q x: once around y to p + q exp(k) y."""

    k: Param = ds.param(12.0, doc="rate of growth between events")
    p: Param = ds.param(0.5, doc="where the reset leads")
    q: Param = ds.param(-0.7, doc="what the reset keeps")

    def initial_state(self) -> State:
        return jnp.zeros(2)

    def vector_field(self, t, y, u) -> State:
        v, x = y
        return jnp.stack([1.0 + 0.0 * x, self.k * (x - v * (1 - v)) + 1 - 2 * v])

    def guard(self, t, y, u) -> jax.Array:
        return y[:1] - 1.0

    def reset(self, t, y, u, fired) -> State:
        return jnp.stack([0.0 * y[0], self.p + self.q * y[1]])


def test_fold_and_period_doubling():
    # With e = 0 the fixed points of w^2 + c have a fold at c = 1/4 and double at c = -3/4, where w = -1/2.
    system = ResetMap()
    orbit = hybrid_orbit(system, (np.array([[0.0, 0.1, 0.1]]), np.array([0.45])))
    assert abs(orbit.period - 0.5) < 1e-12
    found = hybrid_branch(system, "c", -1.0, 0.5, orbit=orbit)
    by_type = {p.type: p for p in found.points}
    assert sorted(by_type) == ["fold of cycles", "period doubling"]
    assert abs(by_type["fold of cycles"].parameter - 0.25) < 1e-10
    assert abs(by_type["fold of cycles"].period - 0.4) < 1e-5
    assert abs(by_type["period doubling"].parameter + 0.75) < 1e-9
    assert abs(by_type["period doubling"].period - 1 / 1.5) < 1e-8
    # Every orbit of the branch: w is a root of w = w^2 + c, the multiplier 2 w, the period 1 / (2 + w).
    branch = found.branches[0]
    w = branch.states[:, 2]
    assert np.max(np.abs(w - w**2 - branch.parameter)) < 1e-9
    assert np.max(np.abs(branch.period - 1 / (2 + w))) < 1e-9
    clear = np.abs(np.abs(2 * w) - 1) > 1e-5
    assert np.array_equal(branch.unstable[clear] == 0, np.abs(2 * w[clear]) < 1)
    assert "fold of cycles at c = 0.25" in found.summary()


def test_torus():
    # Multipliers m^2 - 2 w m - e = 0: a complex pair of modulus sqrt(-e), on the circle at e = -1.
    system = ResetMap(c=0.3, e=-0.9)
    w = (1.9 - math.sqrt(1.9**2 - 1.2)) / 2
    orbit = hybrid_orbit(system, (np.array([[0.0, w, w]]), np.array([1 / (2 + w)])))
    assert abs(abs(orbit.nontrivial[0]) - math.sqrt(0.9)) < 1e-10
    found = hybrid_branch(system, "e", -1.2, -0.8, orbit=orbit)
    assert [p.type for p in found.points] == ["neimark-sacker"]
    assert abs(found.points[0].parameter + 1) < 1e-9


def test_grazing_ends_a_branch():
    # The spiral rises to exp(-b s) sin(2 s) at tan(2 s) = 2 / b; a higher threshold is never reached.
    peak = math.atan(2 / 0.3) / 2
    highest = math.exp(-0.3 * peak) * math.sin(2 * peak)
    orbit = hybrid_orbit(Spiral(), (np.array([[0.0, -1.0]]), np.array([0.3])))
    found = hybrid_branch(Spiral(), "threshold", 0.1, 1.5, orbit=orbit, method=HybridContinuation(steps=32))
    assert [p.type for p in found.points] == ["grazing"]
    assert abs(found.points[0].parameter - highest) < 1e-9
    assert abs(found.points[0].period - peak) < 1e-4  # a square root of the distance
    ends = found.branches[0].ends
    assert "end of the parameter's range" in ends[0]
    assert "grazes" in ends[1]


def test_period_without_end():
    neuron = ds.build("quadratic-integrate-and-fire", I=1.0)
    orbit = hybrid_orbit(neuron, (np.array([[-10.0]]), np.array([20 * math.atan(10.0)])))
    found = hybrid_branch(neuron, "I", -0.5, 2.0, orbit=orbit, method=HybridContinuation(longest=10.0))
    branch = found.branches[0]
    exact = 20 * np.arctan(10 / np.sqrt(branch.parameter)) / np.sqrt(branch.parameter)
    assert np.max(np.abs(branch.period / exact - 1)) < 1e-8
    assert "without an end" in branch.ends[0]
    assert not found.points


def test_doubling_of_a_neuron_is_that_of_its_simulation():
    neuron = ds.build("izhikevich", c=-60.0, d=2.0)
    found = hybrid_branch(neuron, "c", -60.2, -58.9)
    assert [p.type for p in found.points] == ["period doubling"]
    assert -59.6 < found.points[0].parameter < -59.4
    for c, intervals in ((-59.6, 1), (-59.4, 2)):
        assert returns(neuron.replace(c=c), transient=8000.0, tolerance=1e-5).multiplicity == intervals
    point = found.points[0]
    there = hybrid_orbit(neuron.replace(c=point.parameter), (point.state[None], np.array([point.period])))
    assert abs(there.nontrivial[0] + 1) < 1e-6


def test_along_a_repelling_flow():
    # y = p / (1 - q exp(k)) just after the reset, the multiplier q exp(k): nodes keep both to rounding.
    guess = np.array([[0.0, 0.0]]), np.array([1.0])
    orbit = hybrid_orbit(Repelling(), guess)
    assert orbit.nodes == (3,)
    assert orbit.widths.shape == (1, len(orbit.times) - 1)
    grown = -0.7 * math.exp(12)
    assert abs(orbit.ends[0, 1] - 0.5 * math.exp(12) / (1 - grown)) < 1e-13
    assert abs(orbit.nontrivial[0] / grown - 1) < 1e-11
    assert orbit.trivial_error < 1e-12
    again = hybrid_orbit(Repelling(k=13.0), orbit)
    assert again.nodes == (3,)
    assert abs(again.nontrivial[0] / (-0.7 * math.exp(13)) - 1) < 1e-11
    assert abs(again.ends[0, 1] - 0.5 * math.exp(13) / (1 + 0.7 * math.exp(13))) < 1e-13
    response = hybrid_phase_response(Repelling(), orbit)
    assert response.phases.shape == orbit.times.shape
    assert response.norm_error < 1e-11
    found = hybrid_branch(Repelling(k=2.0), "k", -1.0, 24.0, orbit=hybrid_orbit(Repelling(k=2.0), guess))
    branch = found.branches[0]
    assert branch.ends == (BOUND, BOUND)
    assert [p.type for p in found.points] == ["period doubling"]
    assert abs(found.points[0].parameter + math.log(0.7)) < 1e-9
    k = branch.parameter
    own = np.array([mu[np.argmax(np.abs(mu - 1))] for mu in branch.eigenvalues])
    assert np.max(np.abs(own / (-0.7 * np.exp(k)) - 1)) < 1e-8
    assert np.max(np.abs(branch.states[:, 1] - 0.5 / (1 + 0.7 * np.exp(k)))) < 1e-10


@pytest.mark.slow
def test_canard_of_a_neuron():
    # Spikes at two intervals in turn, one along a repelling part of the flow, against zeros of the map from reset to
    # reset. With one passage from reset to reset the branch came to a halt at -53.4.
    from scipy.optimize import brentq

    neuron = Izhikevich(c=-58.0, d=2.0)
    found = hybrid_branch(neuron, "c", -58.0, -45.0)
    branch = found.branches[0]
    assert branch.ends == (BOUND, BOUND)
    assert [p.type for p in found.points] == ["period doubling"]
    i = int(np.argmin(np.abs(branch.parameter + 52.0)))
    c, w = branch.parameter[i], branch.states[i, 1]
    own = branch.eigenvalues[i][np.argmax(np.abs(branch.eigenvalues[i] - 1))].real
    again = event_map(neuron.replace(c=c), solver=RK4(0.005))

    @jax.jit
    def twice(w):
        first, state, _ = again.returned(jnp.stack([c, w]), None)
        second, state, _ = again.returned(state, None)
        return state[1], first + second

    def gap(w):
        return float(twice(w)[0]) - w

    zero: Any = brentq(gap, w - 1e-6, w + 1e-6, xtol=1e-13)
    assert abs(zero - w) < 1e-8
    assert abs(float(twice(zero)[1]) - branch.period[i]) < 1e-6
    slope = (gap(w + 1e-9) - gap(w - 1e-9)) / 2e-9 + 1
    assert own < -1e5
    assert abs(slope / own - 1) < 1e-2


def test_what_is_refused():
    with pytest.raises(InputError, match="not between"):
        hybrid_branch(Spiral(), "threshold", 0.6, 0.8)
    with pytest.raises(InputError, match="periodic_orbit"):
        hybrid_branch(ds.build("van-der-pol"), "mu", 0.0, 2.0)
    with pytest.raises(InputError, match="max_points"):
        HybridContinuation(max_points=1)
