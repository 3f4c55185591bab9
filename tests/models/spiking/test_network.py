"""Networks of spiking neurons against closed forms and against a loop in NumPy over every synapse."""

import re
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.models import Izhikevich, PairSTDP
from dynascope.models.spiking import (
    AllPairs,
    CatalogueCells,
    ConductanceReceptor,
    CurrentReceptor,
    DeltaReceptor,
    Edges,
    FixedInDegree,
    FixedProbability,
    Homeostasis,
    LeakyCells,
    OneToOne,
    PoissonCells,
    PoissonInput,
    Population,
    Projection,
    RecordedCells,
    SpikingNetwork,
    TraubMilesCells,
    UniformDraw,
    WhiteNoise,
    cuba_network,
    spiking_network,
)
from dynascope.series import as_spike_trains
from dynascope.solve import simulate

KEY = jax.random.key(0)


def network(populations: Any, projections: Any = (), background: Any = (), **options: Any) -> Any:
    return spiking_network(populations, projections, background, key=KEY, **options)


def cast(tree: Any, dtype: Any) -> Any:
    return jax.tree.map(lambda x: x.astype(dtype) if eqx.is_inexact_array(x) else x, tree)


def recorded(times: list[list[float]], dt: float) -> RecordedCells:
    return RecordedCells.of(as_spike_trains(times, start=0.0, stop=1e3, time_unit="ms"), dt=dt)


def test_a_driven_neuron_fires_at_the_intervals_of_the_closed_form() -> None:
    cells = LeakyCells(drive=30.0, tau=20.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, refractory=2.0)
    for dt in (0.1, 0.05):
        run = simulate(network([Population("a", 1, cells)], dt=dt), 500.0)
        # The membrane starts at rest, which is the reset: every interval is refractory time plus time to threshold.
        steps = np.ceil(20.0 * np.log(30.0 / 15.0) / dt)
        first = run.steps[0] + 1
        assert first == steps
        np.testing.assert_array_equal(np.diff(run.steps), steps + round(2.0 / dt))


def test_currents_and_their_delay_follow_the_closed_form_exactly() -> None:
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0),), tau=20.0, E_L=-65.0)
    parts = [Population("in", 1, recorded([[10.0]], 0.1)), Population("a", 1, cells)]
    link = Projection("in", "a", OneToOne(), "exc", weight=3.0, delay="2.5 ms")
    net = network(parts, [link], weight_type=jnp.float64)
    run = simulate(net, 60.0, sample=lambda y: net.of(y, "a", "V"), every=0.1)
    t = run.sample_times - 12.5
    exact = -65.0 + np.where(t > 0, 3.0 * 5.0 / (5.0 - 20.0) * (np.exp(-t / 5.0) - np.exp(-t / 20.0)), 0.0)
    np.testing.assert_allclose(run.samples[:, 0], exact, atol=1e-12)
    # Equal time constants have no hole: w (t / tau) exp(-t / tau).
    same = net.replace(**{"groups.1.cells.tau": 5.0})
    run = simulate(same, 60.0, sample=lambda y: net.of(y, "a", "V"), every=0.1)
    exact = -65.0 + np.where(t > 0, 3.0 * t / 5.0 * np.exp(-t / 5.0), 0.0)
    np.testing.assert_allclose(run.samples[:, 0], exact, atol=1e-12)


def test_kicks_lift_the_potential_at_the_end_of_the_step_they_arrive_in() -> None:
    cells = LeakyCells((DeltaReceptor("exc"),), tau=20.0, E_L=0.0, V_th=5.0, V_reset=0.0)
    parts = [Population("in", 1, recorded([[1.0, 5.0]], 0.1)), Population("a", 1, cells)]
    net = network(parts, [Projection("in", "a", OneToOne(), "exc", weight=4.0, delay=1.5)], weight_type=jnp.float64)
    run = simulate(net, 10.0, sample=lambda y: net.of(y, "a", "V")[0], every=0.1)
    at = {round(float(t), 1): float(v) for t, v in zip(run.sample_times, run.samples, strict=True)}
    assert at[2.4] == 0.0
    np.testing.assert_allclose(at[2.5], 4.0, atol=1e-12)
    np.testing.assert_allclose(at[4.5], 4.0 * np.exp(-2.0 / 20.0), atol=1e-12)
    # The second one crosses the threshold in the step in which it arrives.
    assert run.steps[run.units == 1].tolist() == [64]


def test_conductances_are_exact_to_second_order() -> None:
    from scipy.integrate import solve_ivp

    exact = solve_ivp(
        lambda t, y: [(-65.0 - y[0] + 0.8 * np.exp(-t / 5.0) * (0.0 - y[0])) / 20.0],
        (0.0, 20.0), [-65.0], rtol=1e-11, atol=1e-11,
    ).y[0, -1]  # fmt: skip
    errors = []
    for dt in (0.4, 0.2, 0.1):
        cells = LeakyCells((ConductanceReceptor("exc", tau=5.0, E=0.0),), tau=20.0, E_L=-65.0, V_th=0.0)
        net = network([Population("a", 1, cells, {"exc": 0.8})], dt=dt)
        errors.append(abs(float(net.of(simulate(net, 20.0).state, "a", "V")[0]) - exact))
    orders = np.log2(np.asarray(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 2.0, atol=0.05)


def in_numpy(net: Any, steps: int) -> list[tuple[int, int]]:
    """All spikes of a network of leaky neurons with two currents, every synapse visited one by one."""
    group = net.groups[0]
    cells, n, dt = group.cells, group.size, net.dt
    V = np.array(group.start[0])
    s = [np.zeros(n), np.zeros(n)]
    clock = np.zeros(n)
    first, slots = np.asarray(net.synapses.first), np.asarray(net.synapses.slots)
    w = np.asarray(net.synapses.weights, float)
    waits = np.asarray(net.synapses.waits)
    coming: dict[int, np.ndarray] = {}
    found = []
    tau = float(cells.tau)
    for step in range(steps):
        arrived = coming.pop(step, np.zeros(2 * n))
        s = [s[k] + arrived[k * n : (k + 1) * n] for k in range(2)]
        free = clock <= 0
        inf = float(cells.E_L + cells.drive)
        V1 = inf + (V - inf) * np.exp(-dt / tau)
        for k, one in enumerate(cells.receptors):
            q = float(one.tau)
            V1 = V1 + s[k] * q / (q - tau) * (np.exp(-dt / q) - np.exp(-dt / tau))
            s[k] = s[k] * np.exp(-dt / q)
        V = np.where(free, V1, V)
        clock = np.maximum(clock - 1, 0)
        spikes = np.flatnonzero(free & (float(cells.V_th) < V))
        V[spikes] = float(cells.V_reset)
        clock[spikes] = round(float(cells.refractory) / dt)
        for i in spikes:
            found.append((step, int(i)))
            for e in range(first[i], first[i + 1]):
                when = step + 1 + int(waits[e])
                coming.setdefault(when, np.zeros(2 * n))[slots[e]] += w[e]
    return found


@pytest.mark.parametrize("delay", [0.0, 1.3, UniformDraw(0.0, 4.0)])
def test_every_spike_is_that_of_a_loop_over_all_synapses(delay: Any) -> None:
    cells = LeakyCells(
        (CurrentReceptor("exc", tau=5.0), CurrentReceptor("inh", tau=10.0)), drive=21.0, refractory=2.0
    )  # fmt: skip
    parts = [Population(name, size, cells, {"V": UniformDraw(-65.0, -50.0)}) for name, size in (("E", 40), ("I", 11))]
    links = [
        Projection("E", "E", FixedProbability(0.2), "exc", weight=UniformDraw(0.5, 3.0), delay=delay),
        Projection("E", "I", FixedInDegree(5), "exc", weight=2.0, delay=delay),
        Projection("I", "E", FixedProbability(0.5), "inh", weight=-1.5, delay=delay),
    ]
    net = network(parts, links, weight_type=jnp.float64)
    assert len(net.groups) == 1
    run = simulate(net, 200.0)
    wanted = in_numpy(net, 2000)
    assert len(wanted) > 200
    assert list(zip(run.steps.tolist(), run.units.tolist(), strict=True)) == wanted


def test_populations_of_different_cells_find_each_other() -> None:
    # Two sources reach a current of one population and the conductance of another, across groups.
    a = LeakyCells((CurrentReceptor("exc", tau=5.0),), E_L=-65.0)
    b = LeakyCells((CurrentReceptor("slow", tau=50.0), ConductanceReceptor("exc", tau=5.0)), E_L=-65.0)
    parts = [Population("in", 2, recorded([[1.0], [1.0]], 0.1)), Population("a", 3, a), Population("b", 4, b)]
    links = [
        Projection("in", "a", Edges([0, 1], [2, 0]), "exc", weight=np.array([1.0, 2.0])),
        Projection("in", "b", Edges([1], [3]), "exc", weight=0.5),
    ]
    net = network(parts, links, weight_type=jnp.float64)
    assert len(net.groups) == 3
    state = simulate(net, 1.1).state
    fade = np.exp(-0.1 / 5.0)
    np.testing.assert_allclose(net.of(state, "a", "exc"), fade * np.array([2.0, 0.0, 1.0]), rtol=1e-12)
    np.testing.assert_allclose(net.of(state, "b", "exc"), fade * np.array([0.0, 0.0, 0.0, 0.5]), rtol=1e-12)
    assert np.all(net.of(state, "b", "slow") == 0)


def test_trajectory_gives_the_states_that_simulate_passes_through() -> None:
    net = SpikingNetwork.example(n=20)
    run = simulate(net, 20.0, sample=lambda y: net.of(y, "E", "V"), every=1.0)
    path = ds.trajectory(net, None, np.arange(0, 200, 10))
    np.testing.assert_allclose(net.of(path.ys, "E", "V"), run.samples, rtol=1e-12)


def test_a_run_in_two_pieces_is_the_run_in_one() -> None:
    net = network(
        [Population("a", 50, LeakyCells((DeltaReceptor("exc"),), drive=14.0))],
        [Projection("a", "a", FixedInDegree(5), "exc", weight=0.5, delay=1.5)],
        [PoissonInput("a", "exc", rate=500.0, weight=1.0), WhiteNoise("a", sigma=2.0)],
    )
    key = jax.random.key(3)
    whole = simulate(net, 100.0, key=key)
    one = simulate(net, 40.0, key=key)
    two = simulate(net, 60.0, y0=one.state, key=key, first_step=one.last_step)
    assert whole.steps.size > 50
    np.testing.assert_array_equal(whole.steps, np.concatenate([one.steps, two.steps]))
    np.testing.assert_array_equal(whole.units, np.concatenate([one.units, two.units]))
    assert two.start == 40.0
    assert two.stop == 100.0


def test_poisson_counts_have_the_mean_variance_and_tail_of_poisson() -> None:
    from scipy.stats import poisson

    one = PoissonInput("a", "exc", rate=20000.0, weight=1.0)
    counts = np.asarray(one.arriving(jax.random.key(1), 200_000, dt=0.1))
    for k in range(8):
        share, exact = float(np.mean(counts == k)), float(poisson.pmf(k, 2.0))
        assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / counts.size)
    assert abs(counts.mean() - 2.0) < 4 * np.sqrt(2.0 / counts.size)
    assert one.largest(0.1) >= 15


def test_sources_fire_at_their_rate_and_recorded_ones_when_recorded() -> None:
    net = network([Population("p", 200, PoissonCells(rate=50.0))])
    run = simulate(net, 2000.0, key=jax.random.key(2))
    expected = 200 * 20000 * -np.expm1(-0.005)
    assert abs(run.steps.size - expected) < 4 * np.sqrt(expected)
    times = [[1.0, 2.05, 30.0], [], [1.0]]
    again = simulate(network([Population("r", 3, recorded(times, 0.1))]), 40.0).trains()
    np.testing.assert_allclose(again.train(0) * 1e3, [1.0, 2.1, 30.0])
    assert again.counts.tolist() == [3, 0, 1]


def test_input_reaches_its_population_as_a_current() -> None:
    cells = LeakyCells(tau=20.0, E_L=-65.0, V_th=0.0)
    net = network([Population("a", 2, cells), Population("b", 3, cells)])
    assert len(net.groups) == 1
    state = simulate(net, 400.0, inputs=jnp.array([5.0, 10.0])).state
    np.testing.assert_allclose(net.of(state, "a", "V"), -60.0, atol=1e-6)
    np.testing.assert_allclose(net.of(state, "b", "V"), -55.0, atol=1e-6)


def test_catalogue_neurons_fire_as_alone() -> None:
    cells = CatalogueCells(Izhikevich(I=10.0))
    net = network([Population("a", 1, cells)], dt=0.05)
    run = simulate(net, 300.0)
    fine = simulate(network([Population("a", 1, cells)], dt=0.0125), 300.0)
    events = ds.trajectory(Izhikevich(I=10.0), None, np.array([0.0, 300.0])).events
    assert events is not None
    times = events.of(0)
    assert len(times) == run.steps.size > 3
    # Spikes are rounded up to steps, an error of first order in the step.
    late, later = ((one.steps + 1) * dt - times for one, dt in ((fine, 0.0125), (run, 0.05)))
    assert np.all(late > 0)
    assert np.all(later < 0.6)
    assert late.mean() < 0.4 * later.mean()


def test_traub_miles_neurons_converge_with_the_step() -> None:
    rests = TraubMilesCells().rest()
    assert all(0 < float(x) < 1 for x in rests[1:])
    # Rates as printed, at -50, -48 and -23 mV by their limits.
    V = np.array([-90.0, -63.0, -50.0 + 1e-6, -48.0 + 1e-6, -23.0 + 1e-6, 40.0])
    v = V + 63.0
    opening = (
        0.32 * (13 - v) / np.expm1((13 - v) / 4),
        0.128 * np.exp((17 - v) / 18),
        0.032 * (15 - v) / np.expm1((15 - v) / 5),
    )
    closing = (0.28 * (v - 40) / np.expm1((v - 40) / 5), 4 / (1 + np.exp((40 - v) / 5)), 0.5 * np.exp((10 - v) / 40))
    for (a, b), alpha, beta in zip(TraubMilesCells().rates(jnp.asarray(V)), opening, closing, strict=True):
        np.testing.assert_allclose(a, alpha, rtol=1e-8)
        np.testing.assert_allclose(b, beta, rtol=1e-8)
    counts, last = [], []
    for dt in (0.05, 0.025, 0.0125):
        run = simulate(network([Population("a", 1, TraubMilesCells(drive=500.0))], dt=dt), 100.0)
        counts.append(run.steps.size)
        last.append((run.steps[4] + 1) * dt)
    assert min(counts) >= 5
    assert abs(last[2] - last[1]) < 0.7 * abs(last[1] - last[0])


def test_memory_per_synapse_is_at_most_twelve_bytes() -> None:
    net = cuba_network(n=4000, key=KEY)
    assert net.synapses.bytes_per_synapse < 8.1
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0),))
    # Targets among 65,537 neurons take 17 bits, and a wait of 65,535 steps takes 16: one too many.
    link = Projection("a", "a", FixedProbability(0.1), "exc", delay=UniformDraw(0.5, 5.0))
    several = network([Population("a", 1000, cells)], [link])
    assert several.synapses.bytes_per_synapse < 8.1
    waits = np.asarray(several.synapses.waits)
    assert (waits.min(), waits.max()) == (5, 50)
    link = Projection("a", "b", Edges([0, 0], [0, 65_536]), "exc", delay=np.array([0.1, 6553.5]))
    long = network([Population("a", 1, cells), Population("b", 65_537, cells)], [link])
    assert long.synapses.routes.dtype == jnp.uint64
    assert (long.synapses.slots.tolist(), long.synapses.waits.tolist()) == ([1, 65_537], [1, 65_535])


def test_derivatives_by_weights_are_those_of_finite_differences() -> None:
    net = SpikingNetwork.example(n=20)
    start = net.initial_state()
    V = start.cells[0][0].at[:4].set(-49.99)
    y = start._replace(cells=((V,),))
    net = cast(net, jnp.float64)

    def arrives(w: jax.Array) -> jax.Array:
        return jnp.sum(jnp.sin(net.replace(**{"synapses.weights": w}).step(0, y, None).synapses))

    w = net.synapses.weights
    forward = jax.jvp(arrives, (w,), (jnp.ones_like(w),))[1]
    backward = jnp.sum(jax.grad(arrives)(w))
    central = (arrives(w + 1e-6) - arrives(w - 1e-6)) / 2e-6
    assert abs(float(forward)) > 0.1
    np.testing.assert_allclose(forward, central, rtol=1e-6)
    np.testing.assert_allclose(backward, forward, rtol=1e-10)


def test_single_precision_stays_single() -> None:
    net = cast(SpikingNetwork.example(n=20), jnp.float32)
    run = simulate(net, 5.0)
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(run.state))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda c: ([Population("a", 0, c)], []), "`size` of population `a`"),
        (lambda c: ([], []), "at least one population"),
        (lambda c: ([Population("a", 2, c), Population("a", 2, c)], []), "different names"),
        (lambda c: ([Population("a", 2, c, {"W": 0.0})], []), "names `W`"),
        (lambda c: ([Population("a", 2, c, {"V": np.zeros(3)})], []), "has shape (3,)"),
        (lambda c: ([Population("a", 2, c, {"V": "5 ms"})], []), "is potential in mV"),
        (lambda c: ([Population("a", 2, c)], [Projection("a", "b", AllPairs(), "exc")]), "no population `b`"),
        (lambda c: ([Population("a", 2, c)], [Projection("a", "a", AllPairs(), "gaba")]), "no receptor `gaba`"),
        (lambda c: ([Population("a", 2, c)], [Projection("a", "a", AllPairs(), "exc", delay=-1.0)]), "at least 0 ms"),
        (lambda c: ([Population("a", 2, c)], [Projection("a", "a", AllPairs(), "exc", delay="1 mV")]), "is time in ms"),
        (lambda c: ([Population("a", 2, c)], [Projection("a", "a", AllPairs(), "exc", delay="soon")]), "with a unit"),
        (lambda c: ([Population("a", 2, c)], [Projection("a", "a", AllPairs(), "exc", delay=1e5)]), "65535 steps"),
        (lambda c: ([Population("a", 2, c)], [Projection("a", "a", FixedInDegree(2), "exc")]), "from 1 to 1"),
        (lambda c: ([Population("a", 2, c)], [Projection("a", "a", Edges([0], [2]), "exc")]), "go from 2 to 2"),
        (lambda c: ([Population("a", 2, c)], [Projection("a", "a", AllPairs(), "exc", np.ones(3))]), "shape (3,)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        network(*make(LeakyCells((CurrentReceptor("exc", tau=5.0),))))


def test_other_mistakes_are_refused() -> None:
    kicked = [Population("a", 2, LeakyCells((DeltaReceptor("exc"),)))]
    with pytest.raises(InputError, match="needs one step"):
        network(kicked, [Projection("a", "a", AllPairs(), "exc")])
    with pytest.raises(InputError, match="different names"):
        LeakyCells((DeltaReceptor("exc"), DeltaReceptor("exc")))
    with pytest.raises(InputError, match="no population `b`"):
        network(kicked, [], [WhiteNoise("b")])
    with pytest.raises(InputError, match="more than 50"):
        network(kicked, [], [PoissonInput("a", "exc", rate=1e6)])
    with pytest.raises(InputError, match="`dt` must be positive"):
        network(kicked, dt=0.0)
    noisy = network(kicked, [], [WhiteNoise("a")])
    with pytest.raises(InputError, match="needs a random key"):
        simulate(noisy, 10.0)
    with pytest.raises(InputError, match="spikes in steps"):
        simulate(Izhikevich(), 10.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="`duration` must be"):
        simulate(network(kicked), 0.0)
    with pytest.raises(InputError, match="no variable `W`"):
        noisy.of(noisy.initial_state(), "a", "W")


LEAKY = [Population("a", 2, LeakyCells((CurrentReceptor("exc", tau=5.0),)))]
TRAINS = as_spike_trains([[1.0, 2.0]], start=0.0, stop=5.0, time_unit="ms")


def any_(value: Any) -> Any:
    """The value, of which type checkers know nothing."""
    return value


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Population("a", 2, any_(Izhikevich())), "as `CatalogueCells(neuron, receptors)`"),
        (lambda: Population("a", 2, LeakyCells(tau=-1.0)), "`a.tau` must lie in [1e-06, inf] ms, got -1.0"),
        (lambda: LeakyCells(tau=any_("20 ms")), "must be a number or an array, got '20 ms'"),
        (lambda: Projection("a", "a", any_(np.eye(2)), "exc"), "`Edges.of(matrix)`, got `ndarray`"),
        (lambda: Projection("a", "a", AllPairs(), "exc", plasticity=any_("stdp")), "`PairSTDP`, `TripletSTDP` or None"),
        (
            lambda: Projection("a", "a", AllPairs(), "exc", homeostasis=Homeostasis(target=-1.0)),
            "`homeostasis.target` must lie in",
        ),
        (lambda: network(LEAKY, [], [WhiteNoise("a", sigma=-1.0)]), "`WhiteNoise of a.sigma` must lie in"),
        (lambda: network(LEAKY, [], [PoissonInput("a", "exc", rate=-1.0)]), "`PoissonInput of a.rate` must lie in"),
        (
            lambda: network(LEAKY, [Projection("a", "a", AllPairs(), "exc", -1.0, plasticity=PairSTDP(w_max=2.0))]),
            "learn between 0 and 2, but start from -1 to -1",
        ),
        (
            lambda: network(LEAKY, [Projection("a", "a", Edges.of(np.ones((1, 2))), "exc")]),
            "2 sources and 1 targets, but there are 2 and 2: its shape must be (2, 2)",
        ),
        (
            lambda: network(LEAKY, [Projection("a", "a", FixedInDegree(any_(1.5)), "exc")]),
            "must be a whole number from",
        ),
        (lambda: RecordedCells.of(any_([[1.0]]), dt=0.1), "needs `SpikeTrains`"),
        (lambda: Population("in", 3, RecordedCells.of(TRAINS, dt=0.1)), "3 sources, but 1 recorded trains"),
        (
            lambda: network([Population("in", 1, RecordedCells.of(TRAINS, dt=0.2))], dt=0.1),
            "steps of 0.2 ms, but the network has steps of 0.1 ms",
        ),
        (lambda: simulate(network(LEAKY), any_("10 ms")), "`duration` must be a number of ms"),
        (lambda: ds.lyapunov_spectrum(network(LEAKY)), "`lyapunov_spectrum` would miss how they move"),
    ],
)
def test_parts_that_are_none_and_parameters_out_of_bounds_are_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        make()


def test_too_many_spikes_and_infinite_states_are_told() -> None:
    net = network([Population("a", 10, LeakyCells(drive=100.0, refractory=0.0))])
    with pytest.raises(ds.ComputationFailed, match="More spikes occurred"):
        simulate(net, 100.0, max_spikes=10)
    assert not simulate(net, 100.0, max_spikes=10, throw=False).successful
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0),), drive=100.0)
    loop = [Projection("a", "a", AllPairs(), "exc", weight=1e308)]
    broken = simulate(network([Population("a", 3, cells)], loop, weight_type=jnp.float64), 50.0, throw=False)
    assert "infinite or not a number" in broken.summary()


def test_the_run_knows_rates_trains_and_its_units() -> None:
    cells = LeakyCells(drive=30.0, E_L=-65.0, V_reset=-65.0, tau=20.0)
    net = network([Population("a", 3, cells), Population("b", 2, LeakyCells())])
    run = simulate(net, 500.0)
    begins, rates = run.rate("a", bin=100.0)
    assert begins.tolist() == [0.0, 100.0, 200.0, 300.0, 400.0]
    np.testing.assert_allclose(rates, 1e3 / (run.steps[3] - run.steps[0]) * 10, rtol=0.25)
    assert run.rate("b")[1].sum() == 0
    trains = run.trains("a", start=100.0, units=[1, 2])
    assert trains.names == ("a 1", "a 2")
    assert trains.start == 0.1
    assert trains.train(0).min() >= 0.1
    assert "b (2) at 0 Hz" in run.summary()
    assert run.to_xarray()["time"].size == run.steps.size
    with pytest.raises(InputError, match="no population `c`"):
        run.trains("c")
    with pytest.raises(InputError, match="`start` must lie"):
        run.trains(start=600.0)
    with pytest.raises(InputError, match="`bin` must be"):
        run.rate(bin=1e6)
