"""Synapses against what is known of them in closed form."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.models import LeakyIntegrateAndFire, LinearFlow
from dynascope.models.synapses import (
    AbstractSynapse,
    AbstractTimeCourse,
    AlphaFunction,
    ConductanceSynapse,
    CurrentSynapse,
    DeltaSynapse,
    DoubleExponential,
    ExponentialDecay,
    GapJunction,
    GradedCircuit,
    GradedSynapse,
    NMDASynapse,
    SpikingCircuit,
    TsodyksMarkramSynapse,
)
from dynascope.systems import Constant
from tests.models.synapses.clock import Clock

TAU, R, E_L, V_TH = 10.0, 10.0, -65.0, -50.0
FROM_1_TO_0 = jnp.array([[0.0, 1.0], [0.0, 0.0]])


def after_one_spike(synapse: AbstractSynapse, weight: float, ts: np.ndarray) -> ds.Trajectory:
    """Neuron 1 fires at time 0 and then not for 27 ms; neuron 0 rests and feels it."""
    neuron = LeakyIntegrateAndFire(I=jnp.array([0.0, 1.6]))
    circuit = SpikingCircuit(neuron, synapse, weight * FROM_1_TO_0)
    y0 = circuit.initial_state()._replace(neurons=jnp.array([[E_L], [V_TH]]))
    run = ds.trajectory(circuit, y0, ts)
    assert run.successful
    assert run.events is not None
    np.testing.assert_array_equal(run.events.of(1), [0.0])
    assert run.events.of(0).size == 0
    return run


def test_exponential_potential_of_a_leaky_neuron() -> None:
    tau = 5.0
    ts = np.linspace(0.0, 25.0, 251)
    V = after_one_spike(CurrentSynapse(ExponentialDecay(tau)), 0.8, ts).ys.neurons[:, 0, 0]
    closed = E_L + R * 0.8 * tau / (TAU - tau) * (np.exp(-ts / TAU) - np.exp(-ts / tau))
    np.testing.assert_allclose(V, closed, atol=1e-9)
    peak = TAU * tau / (TAU - tau) * np.log(TAU / tau)
    assert peak == pytest.approx(6.931471805599453)
    height = R * 0.8 * (tau / TAU) ** (tau / (TAU - tau)) * tau / TAU
    at_peak = after_one_spike(CurrentSynapse(ExponentialDecay(tau)), 0.8, np.array([0.0, peak])).ys.neurons[-1, 0, 0]
    assert float(at_peak) - E_L == pytest.approx(height, abs=1e-9)
    assert float(jnp.max(V)) <= float(at_peak)


def test_alpha_potential_of_a_leaky_neuron() -> None:
    tau = 3.0
    ts = np.linspace(0.0, 25.0, 251)
    V = after_one_spike(CurrentSynapse(AlphaFunction(tau)), 0.8, ts).ys.neurons[:, 0, 0]
    k = 1 / tau - 1 / TAU
    closed = E_L + R * 0.8 * np.e / (tau * TAU) * np.exp(-ts / TAU) * (1 - np.exp(-k * ts) * (1 + k * ts)) / k**2
    np.testing.assert_allclose(V, closed, atol=1e-9)


@pytest.mark.parametrize(
    ("course", "closed"),
    [
        (ExponentialDecay(5.0), lambda t: np.exp(-t / 5)),
        (AlphaFunction(2.0), lambda t: t / 2 * np.exp(1 - t / 2)),
        (
            DoubleExponential(2.0, 100.0),
            lambda t: (np.exp(-t / 100) - np.exp(-t / 2)) / (50 ** (-2 / 98) - 50 ** (-100 / 98)),
        ),
    ],
)
def test_time_courses_and_their_peak(course: AbstractTimeCourse, closed: object) -> None:
    circuit = SpikingCircuit(Clock(jnp.array([1e9, 1000.0])), CurrentSynapse(course), FROM_1_TO_0)
    y0 = circuit.initial_state()._replace(neurons=jnp.array([[0.0], [1.0]]))
    ts = np.linspace(0.0, 30.0, 301)
    run = ds.trajectory(circuit, y0, ts)
    opening = jax.vmap(course.opening)(run.ys.synapses[:, 1])
    np.testing.assert_allclose(opening[1:], closed(ts[1:]), atol=1e-6)  # type: ignore[operator]
    assert float(jnp.max(opening)) <= 1.0 + 1e-9
    if isinstance(course, DoubleExponential):
        assert float(course.peak_time()) == pytest.approx(100 * 2 / 98 * np.log(50))
        assert closed(float(course.peak_time())) == pytest.approx(1.0)  # type: ignore[operator]


def test_equal_time_constants_are_refused() -> None:
    with pytest.raises(InputError, match="use `AlphaFunction"):
        DoubleExponential(2.0, 2.0)


def test_conductance_pulls_to_the_reversal_potential() -> None:
    synapse = ConductanceSynapse(ExponentialDecay(5.0), E=-75.0)
    at = [float(synapse.current(jnp.array([0.5]), jnp.array(0.0), jnp.array(V))) for V in (-80.0, -75.0, -60.0)]
    assert at == [2.5, 0.0, -7.5]
    # With g the peak conductance: tau V' = E_L - V + R g s (E - V), integrated with its integrating factor.
    g, tau = 0.05, 5.0
    ts = np.linspace(0.0, 20.0, 41)
    V = after_one_spike(synapse, g, ts).ys.neurons[:, 0, 0]
    fine = np.linspace(0.0, 20.0, 200001)
    total = (fine + R * g * tau * (1 - np.exp(-fine / tau))) / TAU  # the integral of the total conductance
    drive = R * g * np.exp(-fine / tau) * (-75.0 - E_L) / TAU * np.exp(total)
    integral = np.concatenate([[0.0], np.cumsum((drive[1:] + drive[:-1]) / 2) * fine[1]])
    np.testing.assert_allclose(V, (E_L + np.exp(-total) * integral)[::5000], atol=1e-7)


def test_magnesium_block() -> None:
    nmda = NMDASynapse()
    fact = ds.models.facts("spiking-circuit")["nmda_block"]
    assert fact.agrees([float(nmda.block(jnp.array(V))) for V in (0.0, -60.0)])
    assert float(nmda.block(jnp.array(0.0))) == pytest.approx(1 / (1 + 1 / 3.57), abs=1e-12)
    free = NMDASynapse(Mg=0.0)
    assert float(free.block(jnp.array(-60.0))) == 1.0
    # The current has a region of negative slope, where depolarisation opens more than it drives less.
    V = jnp.linspace(-80.0, 20.0, 101)
    current = jax.vmap(lambda v: nmda.current(jnp.array([1.0, 0.0]), v, v))(V)
    assert -40 < float(V[jnp.argmax(current)]) < -20


def released(synapse: TsodyksMarkramSynapse, period: float, count: int) -> np.ndarray:
    """What each spike of a regular train releases, from the jumps of an exponential synapse."""
    circuit = SpikingCircuit(Clock(jnp.array([1e9, period])), synapse, FROM_1_TO_0)
    y0 = circuit.initial_state()._replace(neurons=jnp.array([[0.0], [1.0]]))
    ts = np.concatenate([[0.0], period * (np.arange(count) + 0.5)])
    run = ds.trajectory(circuit, y0, ts)
    assert run.successful
    assert run.events is not None
    assert run.events.of(1).size == count
    s = np.asarray(run.ys.synapses[1:, 1, 2])
    tau = 5.0
    # s half a period after spike k holds what it released and what was left of the one before.
    at_spike = s * np.exp(0.5 * period / tau)
    left = np.concatenate([[0.0], s[:-1] * np.exp(-0.5 * period / tau)])
    return at_spike - left


@pytest.mark.parametrize("name", ["depressing", "facilitating"])
@pytest.mark.parametrize("rate", [20.0, 50.0])
def test_short_term_plasticity_settles_at_the_formula(name: str, rate: float) -> None:
    synapse = TsodyksMarkramSynapse.preset(name)
    U, tau_rec, tau_facil = TsodyksMarkramSynapse.presets[name]
    period = 1000.0 / rate
    kept = np.exp(-period / tau_facil) if tau_facil else 0.0
    recovered = np.exp(-period / tau_rec)
    u = U / (1 - (1 - U) * kept)
    x = (1 - recovered) / (1 - (1 - u) * recovered)
    count = int(10 * (tau_rec if name == "depressing" else tau_facil) / period)
    found = released(synapse, period, count)
    assert found[0] == pytest.approx(U, rel=1e-7)
    assert found[-1] == pytest.approx(u * x, rel=1e-6)
    if (name, rate) == ("depressing", 20.0):
        assert ds.models.facts("spiking-circuit")["depressing_release"].agrees(found[-1])
    # The approach to it is exact too: the recursion of Markram, Wang and Tsodyks (1998).
    us, xs = [U], [1.0]
    for _ in range(count - 1):
        xs.append(1 - (1 - xs[-1] * (1 - us[-1])) * recovered)
        us.append(us[-1] * kept + U * (1 - us[-1] * kept))
    np.testing.assert_allclose(found, np.multiply(us, xs), rtol=1e-6)
    second = found[1] / found[0]  # the paired-pulse ratio
    closed = (kept * (1 - U) + 1) * (1 - U * recovered)
    assert second == pytest.approx(closed, rel=1e-7)
    assert (second > 1) == (name == "facilitating")
    steps = [b - a for a, b in pairwise(found)]
    assert name == "facilitating" or max(steps) < 1e-9


def test_short_term_plasticity_scales_kicks() -> None:
    synapse = TsodyksMarkramSynapse(DeltaSynapse(), U=0.4)
    circuit = SpikingCircuit(Clock(jnp.array([1e9, 1000.0])), synapse, 0.3 * FROM_1_TO_0)
    y0 = circuit.initial_state()._replace(neurons=jnp.array([[0.1], [1.0]]))
    assert ds.trajectory(circuit, y0, np.array([0.0, 1.0])).ys.neurons[-1, 0, 0] == pytest.approx(0.1 + 0.3 * 0.4)


class Cell(ds.AbstractFlow):
    """A passive cell, V' = -k V + u."""

    k: object = ds.param(0.1, unit="1/ms", doc="rate of the leak")

    def initial_state(self) -> jax.Array:
        return jnp.array([0.0])

    def vector_field(self, t: object, y: jax.Array, u: jax.Array | None) -> jax.Array:
        return -self.k * y + (0.0 if u is None else u)  # type: ignore[operator]

    def input_size(self) -> int:
        return 1


def test_gap_junction_removes_differences_at_twice_its_conductance() -> None:
    g = 0.3
    circuit = GradedCircuit(Cell(0.1), GapJunction(), g * (1 - jnp.eye(2)))
    y0 = circuit.initial_state()._replace(neurons=jnp.array([[1.0], [-0.4]]))
    ts = np.linspace(0.0, 10.0, 11)
    V = ds.trajectory(circuit, y0, ts).ys.neurons[..., 0]
    np.testing.assert_allclose(V[:, 0] - V[:, 1], 1.4 * np.exp(-(0.1 + 2 * g) * ts), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(V.sum(axis=1), 0.6 * np.exp(-0.1 * ts), rtol=1e-6)
    found = ds.fixed_points(circuit)
    np.testing.assert_allclose(found.states, [[0.0, 0.0]], atol=1e-9)
    np.testing.assert_allclose(np.sort(found.eigenvalues[0].real), [-0.1 - 2 * g, -0.1], rtol=1e-9)


def test_gap_junctions_of_several_cells_are_a_laplacian() -> None:
    W = jnp.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.2], [0.5, 0.2, 0.0]])
    circuit = GradedCircuit(Cell(0.1), GapJunction(), W)
    jacobian = jax.jacfwd(
        lambda V: circuit.vector_field(0.0, circuit.initial_state()._replace(neurons=V), None).neurons
    )
    laplacian = W - jnp.diag(W.sum(axis=1))
    np.testing.assert_allclose(jacobian(jnp.zeros((3, 1)))[:, 0, :, 0], laplacian - 0.1 * jnp.eye(3), atol=1e-12)


def test_graded_synapse_settles_where_opening_balances_closing() -> None:
    synapse = GradedSynapse.preset("AMPA")
    T = 1 / (1 + np.exp(-(10.0 - 2.0) / 5.0))
    s = 1.1 * T / (1.1 * T + 0.19)
    assert float(synapse.rate(jnp.array([s]), jnp.array(10.0))[0]) == pytest.approx(0.0, abs=1e-15)
    assert float(synapse.rate(jnp.array([0.0]), jnp.array(-70.0))[0]) < 1e-6
    with pytest.raises(InputError, match="no preset `NMDA`"):
        GradedSynapse.preset("NMDA")


def test_input_channels_reach_their_neurons() -> None:
    circuit = GradedCircuit(Cell(0.1), GapJunction(), jnp.zeros((2, 2)))
    run = ds.trajectory(circuit, None, np.linspace(0.0, 200.0, 3), inputs=Constant(jnp.array([1.0, -2.0])))
    np.testing.assert_allclose(run.ys.neurons[-1, :, 0], [10.0, -20.0], rtol=1e-6)


def test_linear_flow_is_no_neuron() -> None:
    with pytest.raises(InputError, match="takes no input channels"):
        GradedCircuit(LinearFlow(), GapJunction(), jnp.zeros((2, 2)))
