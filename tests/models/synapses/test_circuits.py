"""Circuits of neurons: synchrony, order of spikes at one instant, derivatives through spikes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import dynascope as ds
from dynascope import InputError
from dynascope.models import LeakyIntegrateAndFire, RefractoryIntegrateAndFire, WangBuzsaki
from dynascope.models.synapses import (
    AlphaFunction,
    CurrentSynapse,
    DeltaSynapse,
    ExponentialDecay,
    GapJunction,
    GradedCircuit,
    GradedSynapse,
    SpikingCircuit,
)
from dynascope.solve import RK4, GridEvents
from dynascope.solve.maps import time_t_map
from tests.models.synapses.clock import Clock

MUTUAL = 1.0 - jnp.eye(2)
HENON: Any = ds.build("henon")
COURSE: Any = AlphaFunction()
TAU, R, E_L, V_TH = 10.0, 10.0, -65.0, -50.0
CURRENT = 2.0
PERIOD = TAU * np.log(R * CURRENT / (R * CURRENT - (V_TH - E_L)))


def pair(weight: float, tau: float, ahead: float) -> tuple[SpikingCircuit, Any]:
    """Two leaky neurons of which the second is ahead by a part of the period that they have alone."""
    circuit = SpikingCircuit(LeakyIntegrateAndFire(I=CURRENT), CurrentSynapse(AlphaFunction(tau)), weight * MUTUAL)
    times = PERIOD * np.array([0.0, ahead])
    V = E_L + R * CURRENT * (1 - np.exp(-times / TAU))
    return circuit, circuit.initial_state()._replace(neurons=jnp.asarray(V)[:, None])


def shifts(circuit: SpikingCircuit, y0: Any, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Spike times of neuron 0, and how far after each the next spike of neuron 1 is, in parts of the period."""
    run = ds.trajectory(circuit, y0, np.array([0.0, end]))
    assert run.successful
    assert run.events is not None
    a, b = run.events.of(0), run.events.of(1)
    a = a[a < b[-1]][:-1]
    wait = b[np.searchsorted(b, a - 1e-9)] - a
    return a[1:], (wait / np.gradient(a))[1:] % 1.0


@pytest.mark.parametrize("ahead", [0.05, 0.4])
def test_slow_excitation_repels_and_inhibition_attracts(ahead: float) -> None:
    """Van Vreeswijk, Abbott and Ermentrout (1994)."""
    _, excited = shifts(*pair(0.4, 4.0, ahead), 1500.0)
    assert excited[-1] == pytest.approx(0.5, abs=1e-3)
    _, inhibited = shifts(*pair(-0.2, 10.0, ahead), 1500.0)
    assert abs((inhibited[-1] + 0.5) % 1.0 - 0.5) < 1e-6


def test_fast_inhibition_repels() -> None:
    _, fast = shifts(*pair(-0.2, 0.5, 0.3), 1500.0)
    assert fast[-1] == pytest.approx(0.5, abs=1e-3)


def slope_of_coupling(tau: float, shift: float) -> float:
    """H'(shift) of the averaged coupling H(psi) = <(R / TAU) s(theta + psi) / V'(theta)>, by quadrature."""
    theta = (np.arange(20_000) + 0.5) / 20_000 * PERIOD
    velocity = R * CURRENT * np.exp(-theta / TAU) / TAU
    age = np.mod(theta + shift, PERIOD)[:, None] + PERIOD * np.arange(12)
    slope = np.sum(np.exp(1 - age / tau) * (1 - age / tau) / tau, axis=1)
    return float(np.mean(R / TAU * slope / velocity))


def rate_of_approach(circuit: SpikingCircuit, y0: Any, target: float, end: float) -> float:
    """Rate at which the shift of the spikes nears `target`, from the last three quarters of a run."""
    times, shift = shifts(circuit, y0, end)
    late = times > 0.25 * end
    distance = np.abs((shift[late] - target + 0.5) % 1.0 - 0.5)
    return float(np.polyfit(times[late], np.log(distance), 1)[0])


def test_approach_to_synchrony_and_antiphase_is_that_of_averaging() -> None:
    # With s the difference of phases, s' = g (H(-s) - H(s)): rate -2 g H'(P / 2) at antiphase, -2 g H'(0) at synchrony.
    g, tau = 0.01, 4.0
    apart = -2 * g * slope_of_coupling(tau, PERIOD / 2)
    together = -2 * -g * slope_of_coupling(tau, 0.0)
    assert apart < 0
    assert together < 0
    assert rate_of_approach(*pair(g, tau, 0.45), 0.5, 4000.0) == pytest.approx(apart, rel=0.05)
    assert rate_of_approach(*pair(-g, tau, 0.05), 0.0, 4000.0) == pytest.approx(together, rel=0.05)


@pytest.mark.slow
def test_second_exponent_is_the_rate_of_approach() -> None:
    circuit, y0 = pair(0.6, 4.0, 0.45)
    rate = rate_of_approach(circuit, y0, 0.5, 600.0)
    spectrum = ds.lyapunov_spectrum(circuit, y0=y0, transient=1000.0, duration=2000.0)
    assert abs(spectrum.exponents[0]) < 1e-4
    assert spectrum.exponents[1] == pytest.approx(rate, rel=0.03)
    assert spectrum.exponents[2] < 3 * spectrum.exponents[1]


def test_interneurons_that_inhibit_each_other_synchronise() -> None:
    circuit = GradedCircuit.example()
    one = circuit.neuron.initial_state()
    y0 = circuit.initial_state()._replace(neurons=jnp.stack([one, one.at[0].add(10.0)]))
    ts = np.arange(0.0, 1000.0, 0.1)
    V = np.asarray(ds.trajectory(circuit, y0, ts, solver=RK4(0.05)).ys.neurons[..., 0])
    spikes = [ts[:-1][(v[:-1] < -20.0) & (v[1:] >= -20.0)] for v in V.T]
    assert len(spikes[0]) > 30
    assert abs(spikes[0][0] - spikes[1][0]) > 10.0
    np.testing.assert_allclose(spikes[0][-5:], spikes[1][-5:], atol=0.11)


def irregular() -> tuple[SpikingCircuit, Any]:
    """Three leaky neurons with different drive and synapses of both signs."""
    W = jnp.array([[0.0, -1.4, 0.9], [1.1, 0.0, -0.8], [0.7, 1.3, 0.0]])
    circuit = SpikingCircuit(
        LeakyIntegrateAndFire(I=jnp.array([1.9, 2.1, 1.7])), CurrentSynapse(ExponentialDecay(5.0)), W
    )
    return circuit, circuit.initial_state()


@pytest.mark.slow
def test_exponents_are_those_of_finite_differences_through_the_resets() -> None:
    circuit, y0 = irregular()
    flat, unravel = ravel_pytree(y0)
    interval, count, h = 5.0, 240, 1e-6
    advance = time_t_map(circuit, interval)

    @jax.jit
    def step(y: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        def go(z: jax.Array) -> jax.Array:
            return ravel_pytree(advance.step(0, unravel(z), None))[0]

        eye = jnp.eye(y.size)
        central = jax.vmap(lambda v: (go(y + h * v) - go(y - h * v)) / (2 * h))(eye).T
        return go(y), central, jax.jacfwd(go)(y)

    y, frame, total = flat, np.eye(flat.size), np.zeros(flat.size)
    for i in range(count):
        y, central, exact = step(y)
        if i < 40:  # about as many spikes
            np.testing.assert_allclose(exact, central, atol=2e-5 * (1 + float(np.max(np.abs(exact)))))
        frame, r = np.linalg.qr(np.asarray(central) @ frame)
        total += np.log(np.abs(np.diag(r)))
    run = ds.trajectory(circuit, y0, np.array([0.0, count * interval]))
    assert run.events is not None
    assert int(run.events.count) > 200
    spectrum = ds.lyapunov_spectrum(circuit, y0=y0, transient=0.0, duration=count * interval)
    np.testing.assert_allclose(spectrum.exponents, total / (count * interval), atol=1.5e-3)


def test_kicks_pass_on_at_one_instant_and_in_order() -> None:
    # 0 kicks 1 over its threshold, 1 kicks 2: three events at one time; all are reset, then kicked.
    W = jnp.array([[0.0, 0.0, 0.05], [0.5, 0.0, 0.0], [0.1, 0.5, 0.0]])
    circuit = SpikingCircuit(Clock(jnp.full(3, 100.0)), DeltaSynapse(), W)
    y0 = circuit.initial_state()._replace(neurons=jnp.array([[0.9], [0.7], [0.4]]))
    run = ds.trajectory(circuit, y0, np.array([0.0, 10.0 + 1e-6]))
    assert run.successful
    assert run.events is not None
    assert int(run.events.count) == 3
    np.testing.assert_array_equal(run.events.surfaces[:3], [0, 1, 2])
    np.testing.assert_allclose(run.events.times[:3], 10.0, atol=1e-9)
    np.testing.assert_allclose(run.ys.neurons[-1, :, 0], [0.05, 0.0, 0.0], atol=1e-7)


def test_neurons_that_fire_together_are_reset_before_the_kicks() -> None:
    circuit = SpikingCircuit(Clock(jnp.full(2, 100.0)), DeltaSynapse(), jnp.array([[0.0, 0.2], [0.3, 0.0]]))
    y0 = circuit.initial_state()._replace(neurons=jnp.array([[0.9], [0.9]]))
    run = ds.trajectory(circuit, y0, np.array([0.0, 10.0 + 1e-6]))
    assert run.events is not None
    assert run.events.times[0] == run.events.times[1]
    np.testing.assert_allclose(run.ys.neurons[-1, :, 0], [0.2, 0.3], atol=1e-7)


def test_an_avalanche_without_end_is_reported() -> None:
    circuit = SpikingCircuit(Clock(jnp.full(2, 100.0)), DeltaSynapse(), 1.5 * MUTUAL)
    run = ds.trajectory(circuit, None, np.array([0.0, 150.0]), throw=False)
    assert run.result == ds.RESULTS.zeno


def test_spikes_of_flows_are_upward_crossings() -> None:
    circuit = SpikingCircuit(WangBuzsaki(I=jnp.array([1.0, 0.0])), CurrentSynapse(), jnp.zeros((2, 2)))
    ts = np.linspace(0.0, 100.0, 10001)
    one = WangBuzsaki().initial_state()
    run = ds.trajectory(circuit, circuit.initial_state()._replace(neurons=jnp.stack([one, one])), ts)
    assert run.events is not None
    V = np.asarray(run.ys.neurons[:, 0, 0])
    up = np.flatnonzero((V[:-1] < -20.0) & (V[1:] >= -20.0))
    crossings = ts[up] + 0.01 * (-20.0 - V[up]) / (V[up + 1] - V[up])
    assert crossings.size > 4
    np.testing.assert_allclose(run.events.of(0), crossings, atol=1e-3)
    assert run.events.of(1).size == 0
    returns = run.events.of(2)
    assert np.all((returns > run.events.of(0)[: returns.size]) & (returns < run.events.of(0)[: returns.size] + 3.0))
    spikes = circuit.spiked(run.events.surfaces)
    assert int(jnp.sum(spikes == 0)) == crossings.size
    assert set(np.unique(spikes)) == {-1, 0}
    alone = ds.trajectory(WangBuzsaki(I=1.0), run.ys.neurons[0, 0], ts, solver=RK4(0.01)).ys[:, 0]
    np.testing.assert_allclose(V, alone, atol=1e-3)  # watching the spikes changes nothing


def test_neurons_with_further_guards_keep_them() -> None:
    neuron = RefractoryIntegrateAndFire(I=jnp.array([1.8, 2.5]), tau_ref=3.0)
    circuit = SpikingCircuit(neuron, CurrentSynapse(), jnp.zeros((2, 2)))
    run = ds.trajectory(circuit, None, np.array([0.0, 100.0]))
    assert run.events is not None
    for i, current in enumerate((1.8, 2.5)):
        period = 3.0 + TAU * np.log(R * current / (R * current - (V_TH - E_L)))
        np.testing.assert_allclose(np.diff(run.events.of(i)), period, atol=1e-8)
        ends = run.events.of(2 + i)
        np.testing.assert_allclose(ends - run.events.of(i)[: ends.size], 3.0, atol=1e-8)
    assert set(np.unique(circuit.spiked(run.events.surfaces))) == {-1, 0, 1}


def test_spikes_on_the_grid_come_within_a_step() -> None:
    circuit, y0 = irregular()
    ts = np.array([0.0, 40.0])
    located = ds.trajectory(circuit, y0, ts).events
    gridded = ds.trajectory(circuit, y0, ts, solver=GridEvents(RK4(1e-3))).events
    assert located is not None
    assert gridded is not None
    assert int(located.count) == int(gridded.count) > 5
    for i in range(3):
        np.testing.assert_allclose(gridded.of(i), located.of(i), atol=0.02)


def test_parts_are_parameters_by_dotted_name() -> None:
    circuit = SpikingCircuit.example().replace(**{"synapse.course.tau": 2.0, "neuron.I": jnp.array([1.8, 2.2])})
    assert float(circuit.synapse.course.tau) == 2.0  # type: ignore[attr-defined]
    rates = circuit.vector_field(0.0, circuit.initial_state()._replace(neurons=jnp.full((2, 1), E_L)), None).neurons
    np.testing.assert_allclose(rates[:, 0], [1.8, 2.2])


def test_names_of_neuron_and_synapse_do_not_collide() -> None:
    class Named(ds.AbstractFlow):
        variables = (ds.Variable("s"),)

        def initial_state(self) -> Any:
            return jnp.zeros(1)

        def vector_field(self, t: Any, y: Any, u: Any) -> Any:
            return -y + u

        def input_size(self) -> int:
            return 1

    circuit = GradedCircuit(Named(), GradedSynapse(), MUTUAL)
    assert [v.name for v in circuit.variables] == ["s_0", "s_1", "syn_s_0", "syn_s_1"]
    assert circuit.region() is None


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: SpikingCircuit(LeakyIntegrateAndFire(), CurrentSynapse(), jnp.zeros((2, 3))), r"shape \(n, n\)"),
        (lambda: SpikingCircuit(HENON, CurrentSynapse(), MUTUAL), "input channels"),
        (lambda: SpikingCircuit(LeakyIntegrateAndFire(), COURSE, MUTUAL), "`AbstractSynapse`"),
        (
            lambda: SpikingCircuit(LeakyIntegrateAndFire(I=jnp.ones(3)), CurrentSynapse(), MUTUAL),
            r"has shape \(3,\), but `SpikingCircuit` joins 2",
        ),
        (lambda: SpikingCircuit(WangBuzsaki(), CurrentSynapse(), MUTUAL, potential=3), "0 to 2; got 3"),
        (lambda: GradedCircuit(WangBuzsaki(), CurrentSynapse(), MUTUAL), "driven by spikes"),
        (lambda: GradedCircuit(LeakyIntegrateAndFire(), GapJunction(), MUTUAL), "is a hybrid"),
    ],
)
def test_wrong_parts(make: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        make()
