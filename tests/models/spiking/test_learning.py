"""Weights that learn: against closed forms, and against a loop over all spikes with the rules themselves."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope.models import NearestSpike, PairSTDP, TripletSTDP
from dynascope.models.spiking import (
    AllPairs,
    CurrentReceptor,
    DeltaReceptor,
    Edges,
    FixedProbability,
    Homeostasis,
    LeakyCells,
    OneToOne,
    PoissonCells,
    PoissonInput,
    Population,
    Projection,
    RecordedCells,
    UniformDraw,
    spiking_network,
)
from dynascope.models.spiking._table import columns, table
from dynascope.series import as_spike_trains
from dynascope.solve import simulate

KEY = jax.random.key(0)


def clamped(rule: Any, pre: list[list[float]], post: list[list[float]], pattern: Any, **more: Any) -> Any:
    """Two populations that fire as recorded, joined by weights that learn; no neuron hears them.

    Sources have no receptor, so the targets are leaky neurons each driven over threshold by a recorded spike.
    """
    trains = [
        RecordedCells.of(as_spike_trains(times, start=0.0, stop=1e4, time_unit="ms"), dt=0.1) for times in (pre, post)
    ]
    deaf = LeakyCells(
        (DeltaReceptor("force"), CurrentReceptor("plastic", tau=5.0, gain=0.0)),
        tau=1.0, E_L=0.0, V_th=5.0, V_reset=0.0, refractory=0.0,
    )  # fmt: skip
    n = len(post)
    parts = [Population("pre", len(pre), trains[0]), Population("force", n, trains[1]), Population("post", n, deaf)]
    links = [
        Projection("force", "post", OneToOne(), "force", weight=10.0, delay=0.1),
        Projection("pre", "post", pattern, "plastic", plasticity=rule, **more),
    ]
    return spiking_network(parts, links, key=KEY, weight_type=jnp.float64)


@pytest.mark.parametrize("gap", [-35.0, -10.0, -0.5, 0.5, 10.0, 35.0])
def test_an_isolated_pair_changes_a_weight_by_the_window(gap: float) -> None:
    rule = PairSTDP(A_plus=0.01, A_minus=0.012, tau_plus=17.0, tau_minus=34.0, w_max=2.0)
    # A forced neuron fires one step after the spike that forces it.
    net = clamped(rule, [[50.0]], [[50.0 + gap - 0.1]], OneToOne(), weight=1.0)
    run = simulate(net, 120.0)
    assert (run.steps[run.units == 0] - run.steps[run.units == 2]).tolist() == [-round(gap / 0.1)]
    change = 2.0 * (0.01 * np.exp(-gap / 17.0) if gap > 0 else -0.012 * np.exp(gap / 34.0))
    np.testing.assert_allclose(run.state.learning[0].weights - 1.0, change, rtol=1e-10)


@pytest.mark.parametrize("rule", [PairSTDP(), PairSTDP(NearestSpike()), TripletSTDP(), TripletSTDP(NearestSpike())])
def test_many_spikes_teach_what_the_rule_says_for_each(rule: Any) -> None:
    rng = np.random.default_rng(1)
    pre = [np.sort(rng.choice(np.arange(1, 120), 15, replace=False)) * 0.5 for _ in range(4)]
    post = [np.sort(rng.choice(np.arange(1, 120), 15, replace=False)) * 0.5 - 0.1 for _ in range(3)]
    net = clamped(rule, pre, post, FixedProbability(0.6), weight=UniformDraw(0.2, 0.8), delay=2.0)  # type: ignore[arg-type]
    run = simulate(net, 62.5, sample=lambda y: y.learning[0].weights, every=12.5)
    table = net.learning[0].synapses
    sources, targets = np.asarray(table.sources()), np.asarray(table.slots) - net.learning[0].slot
    both = 0
    for e, (i, j) in enumerate(zip(sources, targets, strict=True)):
        w = jnp.asarray(table.weights[e])
        traces = [rule.rest(), rule.rest()]
        mine = run.steps[run.units == i]
        theirs = run.steps[run.units == 7 + j]
        assert len(mine) == len(theirs) == 15
        last = 0
        for step in np.unique(np.concatenate([mine, theirs])):
            fade = jnp.exp(0.1 * (step - last) * rule.rate(jnp.ones_like(rule.rest())))
            traces = [fade * trace for trace in traces]
            fired = (bool(step in mine), bool(step in theirs))
            both += all(fired)
            w = rule.learned(w, traces[0], traces[1], fired)
            traces = [rule.jump(t) if f else t for t, f in zip(traces, fired, strict=True)]
            last = step
        np.testing.assert_allclose(run.state.learning[0].weights[e], w, rtol=1e-10)
    assert both > 5  # ties are part of the test
    assert run.samples.shape == (5, table.count)
    np.testing.assert_allclose(run.samples[0], table.weights)
    assert np.ptp(run.samples, axis=0).max() > 0.01


def test_weights_that_learn_reach_their_targets_after_the_delay() -> None:
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0),), E_L=-65.0)
    source = RecordedCells.of(as_spike_trains([[1.0], [1.0]], start=0.0, stop=9.0, time_unit="ms"), dt=0.1)
    links = [
        Projection("in", "a", Edges([0, 1, 1], [2, 0, 2]), "exc", weight=np.array([0.1, 0.2, 0.3]), delay=0.5,
                   plasticity=PairSTDP()),
    ]  # fmt: skip
    net = spiking_network([Population("in", 2, source), Population("a", 3, cells)], links, key=KEY)
    assert net.synapses.count == 0
    early = simulate(net, 1.4).state
    late = simulate(net, 1.6).state
    assert np.all(net.of(early, "a", "exc") == 0)
    np.testing.assert_allclose(net.of(late, "a", "exc"), np.exp(-0.02) * np.array([0.2, 0.0, 0.4]), rtol=1e-6)


def test_scaling_steers_a_neuron_to_its_rate() -> None:
    # Slow enough for the average, scaling has its only rest where every neuron fires at the rate wanted.
    cells = LeakyCells((DeltaReceptor("exc"), DeltaReceptor("ext")), tau=20.0, E_L=0.0, V_th=20.0, V_reset=10.0)
    parts = [Population("in", 200, PoissonCells(rate=20.0)), Population("a", 20, cells)]
    links = [
        Projection("in", "a", AllPairs(), "exc", weight=weight, delay=0.1,
                   homeostasis=Homeostasis(target=12.0, tau=1000.0, tau_rate=500.0))
        for weight in (0.05,)
    ]  # fmt: skip
    net = spiking_network(parts, links, [PoissonInput("a", "ext", rate=1500.0, weight=0.3)], key=KEY)
    before = simulate(net.replace(**{"learning.0.homeostasis.tau": 1e12}), 2000.0, key=KEY)
    assert before.rate("a", bin=1000.0)[1][-1] < 6.0
    run = simulate(net, 20_000.0, key=KEY, sample=lambda y: y.learning[0].scale, every=1000.0)
    rates = run.rate("a", bin=10_000.0)[1][1:]
    np.testing.assert_allclose(rates, 12.0, rtol=0.05)
    assert np.all(run.samples[0] == 1.0)
    assert np.all(run.samples[-1] > 1.1)


def test_the_factor_of_scaling_follows_its_equation() -> None:
    # A silent neuron: r decays from the target, and log a grows by the integral of 1 - r / target.
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0),))
    source = RecordedCells.of(as_spike_trains([[]], start=0.0, stop=9.0, time_unit="ms"), dt=0.1)
    link = Projection("in", "a", AllPairs(), "exc", homeostasis=Homeostasis(target=5.0, tau=1000.0, tau_rate=100.0))
    net = spiking_network([Population("in", 1, source), Population("a", 1, cells)], [link], key=KEY)
    state = simulate(net, 300.0).state.learning[0]
    np.testing.assert_allclose(state.rate, 5.0 * np.exp(-3.0), rtol=1e-10)
    exact = (300.0 - 100.0 * (1 - np.exp(-3.0))) / 1000.0
    np.testing.assert_allclose(jnp.log(state.scale), exact, rtol=1e-3)


@pytest.mark.parametrize(
    ("rule", "weight", "delay", "size"),
    [
        (None, 1.0, 1.0, 8),
        (PairSTDP(), 1.0, 1.0, 12),
        (PairSTDP(), 1.0, UniformDraw(0.5, 3.0), 12),
        (PairSTDP(), UniformDraw(0.5, 1.0), UniformDraw(0.5, 3.0), 16),
    ],
)
def test_bytes_of_a_synapse_that_learns(rule: Any, weight: Any, delay: Any, size: int) -> None:
    # Target and delay, weight of now, and what a rule at spikes finds it by; 4 more for a start of its own.
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0),))
    link = Projection("a", "a", FixedProbability(0.5), "exc", weight, delay, rule, Homeostasis(target=5.0))
    (learning,) = spiking_network([Population("a", 400, cells)], [link], key=KEY).learning
    weights = learning.initial_state(jnp.float32).weights
    assert weights.shape == (learning.synapses.count,)
    np.testing.assert_array_equal(weights, np.broadcast_to(learning.synapses.weights, weights.shape))
    arrays = [weights, *jax.tree.leaves((learning.synapses, learning.columns))]
    assert size <= sum(one.nbytes for one in arrays) / weights.size < size + 0.1


@pytest.mark.parametrize(("bits", "packed"), [(32, True), (8, True), (7, False)])
def test_synapses_are_found_from_their_targets(bits: int, packed: bool) -> None:
    # 32 sources of up to 8 synapses take 5 + 3 bits; with fewer, rows are searched for.
    counts = np.random.default_rng(0).integers(0, 9, 32)
    counts[[0, 5, 31]] = 0, 8, 0
    targets = np.random.default_rng(1).integers(0, 6, counts.sum())
    synapses = table(counts, targets, np.ones(1), np.zeros(0))
    found = columns(synapses, targets, 6, bits=bits)
    assert bool(found.bits) == packed
    starts = np.asarray(found.first)
    seen = []
    for target in range(6):
        start = min(starts[target], targets.size - found.longest)
        which, sources = (np.asarray(part) for part in found.located(synapses.first, start))
        mine = slice(starts[target] - start, starts[target + 1] - start)
        np.testing.assert_array_equal(targets[which[mine]], target)
        np.testing.assert_array_equal(sources, np.asarray(synapses.sources())[which])
        seen += which[mine].tolist()
    assert sorted(seen) == list(range(targets.size))
