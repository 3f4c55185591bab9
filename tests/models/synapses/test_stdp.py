"""Spike-timing-dependent plasticity against the sums over pairs and triplets of spikes that define it."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.models.synapses import (
    AbstractPairing,
    AbstractPlasticity,
    AllToAll,
    CurrentSynapse,
    DeltaSynapse,
    NearestSpike,
    PairSTDP,
    SpikingCircuit,
    TripletSTDP,
)
from tests.models.synapses.clock import Clock

PAIRINGS: tuple[Any, ...] = (AllToAll(), NearestSpike())
FROM_1_TO_0 = jnp.array([[0.0, 0.5], [0.0, 0.0]])


def trained(rule: AbstractPlasticity, first: tuple[float, float], periods: tuple[float, float], end: float) -> tuple:
    """Weights and spikes (pre, post) of neuron 1 onto 0 whose first spikes and periods are given as (pre, post)."""
    circuit = SpikingCircuit(
        Clock(jnp.array(periods[::-1])), CurrentSynapse(), FROM_1_TO_0, plasticity=rule, plastic=((0, 1),)
    )
    phases = 1.0 - jnp.array(first[::-1]) / jnp.array(periods[::-1])
    y0 = circuit.initial_state()._replace(neurons=phases[:, None])
    run = ds.trajectory(circuit, y0, np.linspace(0.0, end, 11))
    assert run.successful
    assert run.events is not None
    return run.ys.weights[:, 0], run.events.of(1), run.events.of(0)


@pytest.mark.parametrize("pairing", PAIRINGS, ids=["all", "nearest"])
def test_window_of_isolated_pairs(pairing: AbstractPairing) -> None:
    rule = PairSTDP(pairing, A_plus=0.01, A_minus=0.012, tau_plus=17.0, tau_minus=34.0)
    for dt in (-40.0, -10.0, -1.0, 1.0, 10.0, 40.0):
        weights, pre, post = trained(rule, (60.0, 60.0 + dt), (1e6, 1e6), 200.0)
        assert (pre.size, post.size) == (1, 1)
        assert post[0] - pre[0] == pytest.approx(dt, abs=1e-6)
        window = 0.01 * np.exp(-dt / 17.0) if dt > 0 else -0.012 * np.exp(dt / 34.0)
        assert float(weights[-1]) - 0.5 == pytest.approx(window, rel=1e-6)


def brute_force(rule: PairSTDP, pre: np.ndarray, post: np.ndarray) -> float:
    """The sum over pairs of spikes, without traces."""
    change = 0.0
    last_only = isinstance(rule.pairing, NearestSpike)
    for t in post:
        earlier = pre[pre < t]
        change += (
            float(rule.A_plus) * np.exp(-(t - (earlier[-1:] if last_only else earlier)) / float(rule.tau_plus)).sum()
        )
    for t in pre:
        earlier = post[post < t]
        gaps = t - (earlier[-1:] if last_only else earlier)
        change -= float(rule.A_minus) * np.exp(-gaps / float(rule.tau_minus)).sum()
    return change


@pytest.mark.parametrize("pairing", PAIRINGS, ids=["all", "nearest"])
def test_trains_are_sums_over_pairs(pairing: AbstractPairing) -> None:
    rule = PairSTDP(pairing)
    weights, pre, post = trained(rule, (3.0, 5.5), (13.0, 17.0), 200.0)
    assert pre.size == 16
    assert post.size == 12
    assert float(weights[-1]) - 0.5 == pytest.approx(brute_force(rule, pre, post), rel=1e-6)


def test_pairings_differ() -> None:
    pre, post = np.arange(3.0, 200.0, 13.0), np.arange(5.5, 200.0, 17.0)
    assert abs(brute_force(PairSTDP(), pre, post) - brute_force(PairSTDP(NearestSpike()), pre, post)) > 1e-3


def test_weights_stay_within_their_bounds() -> None:
    weights, *_ = trained(PairSTDP(A_plus=0.3), (3.0, 5.0), (20.0, 20.0), 300.0)
    assert float(weights.max()) == 1.0
    weights, *_ = trained(PairSTDP(A_minus=0.3), (5.0, 3.0), (20.0, 20.0), 300.0)
    assert float(weights.min()) == 0.0
    scaled, *_ = trained(PairSTDP(w_max=4.0), (60.0, 70.0), (1e6, 1e6), 100.0)
    assert float(scaled[-1]) - 0.5 == pytest.approx(4 * 0.005 * np.exp(-0.5), rel=1e-6)


def triplet_formula(rate: float, dt: float, pairs: int) -> float:
    """Change by `pairs` pairings at frequency `rate` (Hz): sums of the minimal model of Pfister and Gerstner (2006)."""
    A3, A2, tau_plus, tau_minus, tau_y = 6.5e-3, 7.1e-3, 16.8, 33.7, 114.0
    pre = 1000.0 / rate * np.arange(pairs)
    post = pre + dt
    change = 0.0
    for t in post:
        r1 = np.exp(-(t - pre[pre < t]) / tau_plus).sum()
        change += A3 * r1 * np.exp(-(t - post[post < t]) / tau_y).sum()
    for t in pre:
        change -= A2 * np.exp(-(t - post[post < t]) / tau_minus).sum()
    return float(change)


@pytest.mark.parametrize(("rate", "dt"), [(0.5, 10.0), (10.0, -10.0), (20.0, 10.0), (50.0, 10.0), (50.0, -10.0)])
def test_triplets_depend_on_frequency(rate: float, dt: float) -> None:
    pairs = 4 if rate < 1 else 15
    period = 1000.0 / rate
    first = 15.0
    end = first + period * (pairs - 1) + max(dt, 0.0) + 0.2 * min(period, 50.0)
    weights, pre, post = trained(TripletSTDP(), (first, first + dt), (period, period), end)
    assert (pre.size, post.size) == (pairs, pairs)
    assert float(weights[-1]) - 0.5 == pytest.approx(triplet_formula(rate, dt, pairs), rel=1e-5, abs=1e-9)


def test_order_post_before_pre_potentiates_at_high_frequency() -> None:
    # 60 pairings: nothing at +10 ms and depression at -10 ms when rare, potentiation of both at 50 Hz.
    assert abs(triplet_formula(0.1, 10.0, 60)) < 1e-6
    assert triplet_formula(0.1, -10.0, 60) == pytest.approx(-60 * 7.1e-3 * np.exp(-10 / 33.7), rel=1e-6)
    assert min(triplet_formula(50.0, dt, 60) for dt in (10.0, -10.0)) > 0.7
    # In a long train the change per pair vanishes at one rate.
    rates, changes = (34.9, 35.1), []
    for rate in rates:
        period = 1000.0 / rate
        shift = 0.5 * period
        clocks = Clock(jnp.array([period, period]))
        circuit = SpikingCircuit(clocks, CurrentSynapse(), FROM_1_TO_0, TripletSTDP(), plastic=((0, 1),))
        y0 = circuit.initial_state()._replace(neurons=jnp.array([[1.0], [1.0 - 10.0 / period]]))
        ts = np.array([0.0, 40.0 * period + shift, 50.0 * period + shift])
        weights = ds.trajectory(circuit, y0, ts).ys.weights
        changes.append(float(weights[2, 0] - weights[1, 0]))
    assert changes[0] < 0 < changes[1]
    zero = rates[0] - changes[0] * (rates[1] - rates[0]) / (changes[1] - changes[0])
    assert ds.models.facts("spiking-circuit")["triplet_reversal_rate"].agrees(zero)


def test_full_triplet_rule_and_simultaneous_spikes() -> None:
    rule = TripletSTDP(A2_plus=5e-3, A3_minus=2.3e-4)
    weights, pre, post = trained(rule, (3.0, 5.5), (13.0, 17.0), 100.0)
    change = 0.0
    for t in post:
        o2 = np.exp(-(t - post[post < t]) / 114.0).sum()
        change += np.exp(-(t - pre[pre < t]) / 16.8).sum() * (5e-3 + 6.5e-3 * o2)
    for t in pre:
        r2 = np.exp(-(t - pre[pre < t]) / 101.0).sum()
        change -= np.exp(-(t - post[post < t]) / 33.7).sum() * (7.1e-3 + 2.3e-4 * r2)
    assert float(weights[-1]) - 0.5 == pytest.approx(change, rel=1e-6)
    same, pre, post = trained(PairSTDP(), (10.0, 10.0), (1e6, 1e6), 20.0)
    np.testing.assert_array_equal(pre, post)
    assert float(same[-1]) == 0.5


def test_all_connections_learn_unless_named() -> None:
    circuit = SpikingCircuit(Clock(jnp.array([1e6, 1e6, 1e6])), DeltaSynapse(), jnp.full((3, 3), 0.1), PairSTDP())
    y = circuit.initial_state()
    assert y.weights.shape == (6,)
    learned = y._replace(weights=jnp.arange(6.0))
    expected = jnp.array([[0.1, 0.0, 1.0], [2.0, 0.1, 3.0], [4.0, 5.0, 0.1]])
    np.testing.assert_array_equal(circuit.weights(learned), expected)
    assert [v.name for v in circuit.variables][-6:] == ["w_0_1", "w_0_2", "w_1_0", "w_1_2", "w_2_0", "w_2_1"]


def test_a_kick_uses_the_learned_weight_before_the_spike_changes_it() -> None:
    rule = PairSTDP(A_minus=0.2)
    circuit = SpikingCircuit(Clock(jnp.array([1e6, 1e6])), DeltaSynapse(), FROM_1_TO_0, rule, plastic=((0, 1),))
    y0 = circuit.initial_state()._replace(neurons=jnp.array([[0.1], [1.0]]), traces=jnp.ones((2, 2)))
    run = ds.trajectory(circuit, y0, np.array([0.0, 1e-3]))
    assert float(run.ys.neurons[-1, 0, 0]) == pytest.approx(0.1 + 0.5, abs=1e-6)
    assert float(run.ys.weights[-1, 0]) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("plasticity", "plastic", "complaint"),
    [
        (None, ((0, 1),), "`plasticity` is None"),
        (PairSTDP(), ((0, 2),), "indices below 2"),
        (PairSTDP(), ((0, 1), (0, 1)), "different pairs"),
    ],
)
def test_wrong_connections(plasticity: PairSTDP | None, plastic: tuple, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        SpikingCircuit(Clock(jnp.array([1e6, 1e6])), DeltaSynapse(), FROM_1_TO_0, plasticity, plastic=plastic)
