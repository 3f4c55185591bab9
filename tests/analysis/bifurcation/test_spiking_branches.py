"""Whole diagrams of hybrid systems: rest, spiking, where each begins, against formulas and against runs."""

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope._types import Param, State
from dynascope.analysis.bifurcation import HybridContinuation, hybrid_branch
from dynascope.analysis.cycles import hybrid_orbit
from dynascope.analysis.rhythm import returns


class TwoSpikes(ds.AbstractHybrid):
    """V' = exp(x); at V = 1: V to 0, x to mu x + x^3: a reset map that doubles at mu = -1."""

    mu: Param = ds.param(-0.5, doc="multiplier of the reset at x = 0")

    def initial_state(self) -> State:
        return jnp.array([0.0, 0.3])

    def vector_field(self, t, y, u) -> State:
        return jnp.stack([jnp.exp(y[1]), 0.0 * y[1]])

    def guard(self, t, y, u) -> jax.Array:
        return y[:1] - 1.0

    def reset(self, t, y, u, fired) -> State:
        return jnp.stack([0.0 * y[0], self.mu * y[1] + y[1] ** 3])

    def region(self) -> ds.Box:
        return ds.Box(jnp.array([-1.0, -1.0]), jnp.array([1.0, 1.0]))


class Bump(ds.AbstractHybrid):
    """V = height sin^2(pi s) + s^8 at the time s after the reset of V and s at V = 1: a bump before the event."""

    height: Param = ds.param(0.5, doc="height of the bump on the way")

    def initial_state(self) -> State:
        return jnp.zeros(2)

    def vector_field(self, t, y, u) -> State:
        s = y[1]
        return jnp.stack([self.height * math.pi * jnp.sin(2 * math.pi * s) + 8 * s**7, 1.0 + 0.0 * s])

    def guard(self, t, y, u) -> jax.Array:
        return y[:1] - 1.0

    def reset(self, t, y, u, fired) -> State:
        return 0.0 * y


def test_leaky_neuron():
    # V' = (-(V - E) + R I) / tau: rest reaches the threshold at R I = 15, T = tau ln(R I / (R I - 15)).
    neuron = ds.build("leaky-integrate-and-fire")
    found = ds.bifurcations(neuron, "I", 0.5, 4.0)
    assert found.kinds == ("equilibrium", "cycle")
    assert found.settings["events"] == [0, 1]
    rest, spikes = found.branches
    assert sorted(found.types) == ["boundary equilibrium", "infinite period"]
    assert all(abs(p.parameter - 1.5) < 1e-12 for p in found.points)
    assert rest.parameter.max() == pytest.approx(1.5, abs=1e-12)
    assert np.all(rest.unstable == 0)
    assert "surface" in rest.ends[int(np.argmax(rest.parameter[[0, -1]]))]
    good = np.isfinite(spikes.period)
    current = 10 * spikes.parameter[good]
    assert np.max(np.abs(spikes.period[good] / (10 * np.log(current / (current - 15))) - 1)) < 1e-8
    assert np.sum(~good) == 1
    orbits = ds.orbit_diagram(neuron, "I", 0.5, 4.0, count=7, beside=found)
    assert orbits.share("agrees") == 1.0
    assert orbits.behaviour[orbits.source < 0].tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert set(orbits.source) == {-1, 0, 1}
    # What agrees must be able not to: here all branches are moved.
    low = dataclasses.replace(found, low=found.low - 2.0)
    assert ds.orbit_diagram(neuron, "I", 0.5, 4.0, count=4, beside=low).share("agrees") < 0.5


def test_quadratic_neuron():
    # tau V' = V^2 + I from -10 to 10: T = 2 tau atan(10 / sqrt(I)) / sqrt(I), and a saddle-node at I = 0.
    found = ds.bifurcations(ds.build("quadratic-integrate-and-fire"), "I", -1.0, 2.0)
    by_type = {p.type: p for p in found.points}
    assert sorted(by_type) == ["fold", "fold on an invariant circle"]
    assert abs(by_type["fold on an invariant circle"].parameter) < 1e-10
    branch = found.branches[1]
    good = np.isfinite(branch.period)
    root = np.sqrt(branch.parameter[good])
    assert np.max(np.abs(branch.period[good] / (20 * np.arctan(10 / root) / root) - 1)) < 1e-8
    # Far below the cut-off this is pi tau / sqrt(I).
    assert branch.period[good].max() * root.min() == pytest.approx(10 * math.pi, rel=0.02)


def test_doubling_is_followed():
    # x = 0 of x -> mu x + x^3 doubles at mu = -1 into x -> -x with x^2 = -1 - mu, whose multiplier is (3 + 2 mu)^2;
    # a period of the doubled orbit takes exp(x) + exp(-x).
    found = ds.bifurcations(TwoSpikes(), "mu", -1.4, 0.5, spikes=HybridContinuation(steps=16))
    (point,) = found.points
    assert point.type == "period doubling"
    assert abs(point.parameter + 1) < 1e-9
    assert found.settings["events"] == [2, 1]  # the run at mu = -1.4 comes first
    double, single = found.branches
    assert double.origin == 0
    x2 = -1 - double.parameter
    assert x2.min() == pytest.approx(0.0, abs=1e-9)
    assert x2.max() == pytest.approx(0.4, abs=1e-9)
    assert np.max(np.abs(double.period - 2 * np.cosh(np.sqrt(np.maximum(x2, 0.0))))) < 1e-8
    own = np.min(np.abs(double.eigenvalues), axis=1)  # the other one is trivial
    assert np.max(np.abs(own - (3 + 2 * double.parameter) ** 2)) < 1e-6
    assert set(double.unstable[1:-1]) == {0}
    assert np.array_equal(single.unstable[single.special < 0] > 0, single.parameter[single.special < 0] < -1)


@pytest.mark.slow
def test_regular_spiking_neuron():
    # Rest: trace 0.08 v + 5 - a = 0 at I = 3.7975, and 0.04 v^2 + 4.8 v + 140 + I = 0 has one root at I = 4.
    neuron = ds.build("izhikevich")
    found = ds.bifurcations(neuron, "I", 0.0, 30.0)
    by_type = {p.type: p for p in found.points}
    assert sorted(by_type) == ["fold", "homoclinic", "hopf"]
    assert abs(by_type["hopf"].parameter - 3.7975) < 1e-8
    assert abs(by_type["fold"].parameter - 4.0) < 1e-8
    # From just after a spike the neuron goes on spiking above this value, and comes to rest below.
    ends = by_type["homoclinic"]
    assert ends.error < 1e-6
    for side, fires in ((1e-3, True), (-1e-3, False)):
        there = neuron.replace(I=ends.parameter + side)
        run = returns(there, found.branches[2].states[0], count=4, transient=1500.0, max_time=2000.0)
        assert run.successful == fires
    branch = found.branches[2]
    assert branch.parameter.min() == pytest.approx(ends.parameter, abs=1e-12)
    assert branch.parameter.max() == pytest.approx(30.0, abs=1e-9)
    assert np.all(branch.unstable[branch.parameter > 3.775] == 0)
    assert not found.notes


def test_graze_on_the_way():
    # V = height sin^2(pi s) + s^8 has its maximum where its slope is nil; it grazes V = 1 where that maximum is 1.
    from scipy.optimize import brentq, minimize_scalar

    def top(height):
        found: Any = minimize_scalar(
            lambda s: -(height * math.sin(math.pi * s) ** 2 + s**8), bounds=(0.3, 0.7), method="bounded",
            options={"xatol": 1e-12},
        )  # fmt: skip
        return -found.fun - 1

    exact: Any = brentq(top, 0.8, 1.2, xtol=1e-13)
    orbit = hybrid_orbit(Bump())
    assert orbit.period == pytest.approx(1.0, abs=1e-10)
    assert orbit.margin == pytest.approx(-top(0.5), abs=1e-7)
    found = hybrid_branch(Bump(), "height", 0.3, 1.4, orbit=orbit, method=HybridContinuation(steps=64))
    (point,) = found.points
    assert point.type == "grazing"
    assert abs(point.parameter - exact) < 1e-7
    assert point.period == pytest.approx(1.0, abs=1e-9)
    assert "grazes" in found.branches[0].ends[1]
    # Beyond, the same start fires at the bump.
    assert hybrid_orbit(Bump(height=exact + 0.02)).period < 0.6
