"""Known rates of the neurons, by integration: exact formulas, square-root onsets, published numbers."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.rhythm import returns
from dynascope.analysis.spikes import siegert_rate
from dynascope.models import (
    AdEx,
    ConnorStevens,
    HodgkinHuxley,
    Izhikevich,
    LeakyIntegrateAndFire,
    MorrisLecar,
    QuadraticIntegrateAndFire,
    RefractoryIntegrateAndFire,
    StuartLandau,
    ThetaNeuron,
    VanDerPol,
    WangBuzsaki,
    facts,
)
from dynascope.models.neurons import Experiment
from dynascope.solve import RK4
from dynascope.systems import Pieces


def spikes(system: Any, duration: float, *, y0: Any = None, inputs: Any = None, dt: float = 0.02) -> np.ndarray:
    """Event times, or interpolated upward crossings of -20 mV."""
    ts = np.linspace(0.0, duration, round(10 * duration) + 1)
    hybrid = isinstance(system, ds.systems.AbstractHybrid)
    run = ds.trajectory(system, y0, ts, inputs=inputs, solver=None if hybrid else RK4(dt))
    if run.events is not None:
        return run.events.of(0)
    V = np.asarray(run.flat[:, 0])
    k = np.flatnonzero((V[:-1] < -20.0) & (V[1:] >= -20.0))
    return ts[k] + (-20.0 - V[k]) / (V[k + 1] - V[k]) * (ts[1] - ts[0])


def settled_rate(system: Any, duration: float, **options: Any) -> float:
    """Hz, from the last interval; nil if there are no two spikes in the second half."""
    times = spikes(system, duration, **options)
    late = times[times > 0.5 * duration]
    return 1000.0 / float(np.diff(late)[-1]) if late.size > 1 else 0.0


@pytest.mark.parametrize("current", [1.501, 1.6, 2.0, 5.0, 20.0])
def test_leaky_neurons_fire_at_their_exact_rate(current: float) -> None:
    period = 10.0 * np.log(10 * current / (10 * current - 15.0))
    plain = np.diff(spikes(LeakyIntegrateAndFire(I=current), 400.0))
    deaf = np.diff(spikes(RefractoryIntegrateAndFire(I=current, tau_ref=3.0), 400.0))
    np.testing.assert_allclose(plain, period, rtol=1e-9)
    np.testing.assert_allclose(deaf, period + 3.0, rtol=1e-9)


def test_leaky_neurons_are_silent_below_threshold() -> None:
    assert spikes(LeakyIntegrateAndFire(I=1.4999), 400.0).size == 0
    assert spikes(RefractoryIntegrateAndFire(I=1.4999), 400.0).size == 0


def test_refractory_neuron_is_deaf_and_wakes_at_the_exact_time() -> None:
    neuron = RefractoryIntegrateAndFire(I=0.0, tau_ref=4.0)
    # A pulse of 100 nA takes the potential from -65 to -50 mV in tau ln(1000 / 985); a second one, within the
    # refractory time, does nothing; the third charges for 0.1 ms after the end of it.
    charge = 10.0 * np.log(1000.0 / 985.0)
    wakes = 1.0 + charge + 4.0
    third = Pieces.steps([1.0, 2.0, 3.0, 4.0, wakes - 0.2, wakes + 0.1], [0.0, 100.0, 0.0, 100.0, 0.0, 100.0, 0.0])
    run = ds.trajectory(neuron, None, np.array([0.0, 3.5, wakes + 0.1]), inputs=third)
    assert run.events is not None
    # The step that meets the jump of the current sees it for part of its length: 0.02 ms at most.
    np.testing.assert_allclose(run.events.of(0), [1.0 + charge], atol=0.02)
    np.testing.assert_allclose(run.events.of(1), run.events.of(0) + 4.0, rtol=1e-12)
    assert float(run.ys[1, 0]) == -65.0
    np.testing.assert_allclose(run.ys[2, 0], -65.0 + 1000.0 * (1 - np.exp(-0.01)), atol=2.5)
    assert float(run.ys[2, 1]) == -1.0


def test_facts_of_the_refractory_neuron() -> None:
    known = facts("refractory-integrate-and-fire")
    neuron = RefractoryIntegrateAndFire()
    assert known["period"].agrees(np.diff(spikes(neuron, 100.0))[-1])
    at = neuron.replace(**known["siegert_rate"].parameters)
    rate = siegert_rate(
        at.R * at.I,
        np.sqrt(1.5),
        tau=at.tau,
        threshold=at.V_th - at.E_L,
        reset=at.V_reset - at.E_L,
        refractory=at.tau_ref,
    )
    assert known["siegert_rate"].agrees(1000.0 * rate)


@pytest.mark.slow
def test_refractory_neuron_is_a_limit_cycle_that_does_not_burst() -> None:
    assert "bursting" not in ds.regime_of(RefractoryIntegrateAndFire()).verdict.attributes


def test_theta_neuron_is_the_quadratic_one_by_change_of_variable() -> None:
    # From V = -10 to 10 both need the same time, and at every time between V = tan(theta / 2).
    theta, V = ThetaNeuron(I=0.7), QuadraticIntegrateAndFire(I=0.7)
    ts = np.linspace(0.0, 40.0, 401)
    angles = ds.trajectory(theta, jnp.array([2 * np.arctan(-10.0)]), ts, solver=RK4(0.005)).ys[:, 0]
    run = ds.trajectory(V, None, ts)
    assert run.events is not None
    first = float(run.events.of(0)[0])
    before = ts < first - 0.5
    assert before.sum() > 100
    np.testing.assert_allclose(np.tan(angles[before] / 2), run.ys[before, 0], rtol=1e-7, atol=1e-7)
    exact = 2 * 10.0 / np.sqrt(0.7) * np.arctan(10.0 / np.sqrt(0.7))
    np.testing.assert_allclose(first, exact, rtol=1e-8)


def test_both_conventions_of_hodgkin_and_huxley_are_one_axon() -> None:
    absolute, from_rest = HodgkinHuxley.preset("absolute"), HodgkinHuxley.preset("1952")
    shift = jnp.array([65.0, 0.0, 0.0, 0.0])
    for y in (absolute.initial_state(), jnp.array([-40.0, 0.3, 0.4, 0.5]), jnp.array([30.0, 0.9, 0.1, 0.7])):
        np.testing.assert_allclose(
            from_rest.vector_field(0.0, y + shift, None), absolute.vector_field(0.0, y, None), rtol=1e-11, atol=1e-11
        )
    np.testing.assert_allclose(from_rest.initial_state(), absolute.initial_state() + shift, atol=1e-12)
    box, other = absolute.region(), from_rest.region()
    np.testing.assert_allclose(other.low - box.low, shift)
    # Reversal potentials of table 3 of the paper, with the sign turned; its leak of 10.613 makes rest 0 mV.
    assert [float(v) for v in (from_rest.E_Na, from_rest.E_K, from_rest.E_L)] == [115.0, -12.0, 10.613]
    rest = ds.fixed_points(from_rest.replace(I=0.0)).states
    np.testing.assert_allclose(np.min(np.abs(rest[:, 0] - (65.0 - 64.996379))), 0.0, atol=1e-5)


def test_hodgkin_huxley_fires_where_rest_is_still_stable() -> None:
    assert facts("hodgkin-huxley")["hopf"].value[0] > 9.0
    assert settled_rate(HodgkinHuxley(I=6.0), 300.0) == 0.0
    assert 55.0 < settled_rate(HodgkinHuxley(I=7.0), 300.0) < 63.0
    np.testing.assert_allclose(settled_rate(HodgkinHuxley(I=10.0), 300.0), 1000.0 / 14.63621, rtol=1e-3)


def test_wang_buzsaki_rate() -> None:
    # The paper: up to 400 Hz at 20 uA/cm2.
    fast = 1000.0 / returns(WangBuzsaki(I=20.0)).period
    np.testing.assert_allclose(fast, 400.0, rtol=0.025)
    assert facts("wang-buzsaki")["rate"].agrees(fast)
    # Square-root onset at the saddle-node on the cycle: four times the distance, twice the rate.
    onset = float(facts("wang-buzsaki")["saddle_node"].value)
    near, far = (settled_rate(WangBuzsaki(I=onset + d), 2500.0) for d in (0.0015, 0.006))
    assert 0.5 < near < 3.0
    np.testing.assert_allclose(far / near, 2.0, rtol=0.05)


def test_connor_stevens_fires_at_any_rate_by_its_a_current() -> None:
    onset = float(facts("connor-stevens")["saddle_node"].value)
    assert settled_rate(ConnorStevens(I=onset - 0.02), 1000.0) == 0.0
    assert facts("connor-stevens")["period"].agrees(returns(ConnorStevens()).period)
    slow = settled_rate(ConnorStevens(I=onset + 0.1), 1500.0)
    assert 0.0 < slow < 5.0
    without = [settled_rate(ConnorStevens(I=float(x), g_A=0.0), 500.0) for x in np.arange(-14.0, -6.0, 1.0)]
    assert without[0] == 0.0
    assert min(rate for rate in without if rate > 0) > 50.0


def test_oscillators_turn_at_their_known_speed() -> None:
    assert facts("van-der-pol")["period"].agrees(returns(VanDerPol(mu=1.0)).period)
    # For small mu the period is 2 pi (1 + mu^2 / 16 - 5 mu^4 / 3072 + ...).
    expected = 2 * np.pi * (1 + 0.3**2 / 16 - 5 * 0.3**4 / 3072)
    np.testing.assert_allclose(returns(VanDerPol(mu=0.3)).period, expected, rtol=2e-6)
    assert facts("stuart-landau")["period"].agrees(returns(StuartLandau()).period)


def test_morris_lecar_classes() -> None:
    onset = float(facts("morris-lecar")["saddle_node"].value)
    first = MorrisLecar.preset("class 1")
    near, far = (settled_rate(first.replace(I=onset + d), 6000.0, dt=0.1) for d in (0.05, 0.2))
    assert near < 3.0
    np.testing.assert_allclose(far / near, 2.0, rtol=0.05)
    # Class 2 fires at no low rate: just below the Hopf point it still fires from a push.
    second = MorrisLecar(I=92.0)
    assert settled_rate(second, 3000.0, y0=jnp.array([10.0, 0.0]), dt=0.1) > 7.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Izhikevich.behaviour("nonsense"), r"`Izhikevich` has no behaviour `nonsense`\. It has: `tonic"),
        (lambda: AdEx.pattern("nonsense"), r"`AdEx` has no pattern `nonsense`\. It has: `tonic spiking`, `adaptation`"),
        (lambda: HodgkinHuxley.preset("nonsense"), r"no preset `nonsense`\. It has: `absolute`, `1952`"),
    ],
)
def test_unknown_experiment(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_experiments_start_at_rest_and_are_driven_by_their_input_alone() -> None:
    everything = [Izhikevich.behaviour(n) for n in Izhikevich.behaviours] + [AdEx.pattern(n) for n in AdEx.patterns]
    assert len(everything) == 28
    for experiment in everything:
        assert isinstance(experiment, Experiment)
        system, y0, inputs, duration = experiment
        assert float(system.I) == 0.0
        velocity = np.asarray(system.vector_field(0.0, y0, inputs(0.0)))
        assert abs(velocity[0]) < 0.6  # mV/ms: near rest
        assert experiment.times(11)[-1] == duration
