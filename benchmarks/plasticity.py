"""Draw the window of spike-timing-dependent plasticity and the responses of depressing and facilitating synapses.

    python benchmarks/plasticity.py [file of the picture]

Points of the window are weights of a circuit of two leaky neurons, each of which spikes once; lines are formulas. The
program ends with an error if the two differ by more than a millionth of the largest change.
"""

import sys

import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import dynascope as ds
from dynascope.models import LeakyIntegrateAndFire
from dynascope.models.synapses import (
    CurrentSynapse,
    DeltaSynapse,
    ExponentialDecay,
    PairSTDP,
    SpikingCircuit,
    TsodyksMarkramSynapse,
)

FROM_1_TO_0 = jnp.array([[0.0, 1.0], [0.0, 0.0]])
INK, BLUE, ORANGE = "#22303c", "#1b5e84", "#c8641b"


def spiking_every(period: float) -> float:
    """The current (nA) at which the leaky neuron spikes every `period` ms."""
    return 1.5 / (1 - float(np.exp(-period / 10.0)))


def spiking_first_at(time: float, current: float) -> float:
    """The potential (mV) from which it first spikes at `time`."""
    return -65.0 + 10.0 * current - (10.0 * current - 15.0) * float(np.exp(time / 10.0))


def window(rule: PairSTDP, gaps: np.ndarray) -> np.ndarray:
    """Change of the weight by one pair of spikes, for each t_post - t_pre."""
    current = spiking_every(130.0)
    mute = DeltaSynapse(gain=0.0)  # the weight learns, but moves nothing
    circuit = SpikingCircuit(LeakyIntegrateAndFire(I=current), mute, 0.5 * FROM_1_TO_0, rule, plastic=((0, 1),))
    changes = []
    for gap in gaps:
        V = jnp.array([[spiking_first_at(60.0 + gap, current)], [spiking_first_at(60.0, current)]])
        run = ds.trajectory(circuit, circuit.initial_state()._replace(neurons=V), np.array([0.0, 125.0]))
        changes.append(float(run.ys.weights[-1, 0]) - 0.5)
    return np.array(changes)


def response(name: str, ts: np.ndarray) -> np.ndarray:
    """Potential above rest (mV) of a neuron that gets a train of 20 Hz through a synapse of kind `name`."""
    kinds = TsodyksMarkramSynapse.presets[name]
    synapse = TsodyksMarkramSynapse.preset(name, synapse=CurrentSynapse(ExponentialDecay(3.0)))
    neurons = LeakyIntegrateAndFire(I=jnp.array([0.0, spiking_every(50.0)]), tau=jnp.array([20.0, 10.0]))
    circuit = SpikingCircuit(neurons, synapse, 0.4 / kinds[0] * FROM_1_TO_0)  # equal first responses
    V = jnp.array([[-65.0], [spiking_first_at(50.0, spiking_every(50.0))]])
    start = circuit.initial_state()._replace(neurons=V)
    run = ds.trajectory(circuit, start, ts)
    return np.asarray(run.ys.neurons[:, 0, 0]) + 65.0


def draw(path: str) -> None:
    """The picture."""
    rule = PairSTDP()
    gaps = np.array([-55.0, -40.0, -28.0, -18.0, -10.0, -5.0, -1.0, 1.0, 5.0, 10.0, 18.0, 28.0, 40.0, 55.0])
    found = window(rule, gaps)
    known = np.where(gaps > 0, 0.005 * np.exp(-gaps / 20.0), -0.00525 * np.exp(gaps / 20.0))
    worst = float(np.max(np.abs(found - known))) / 0.00525
    if worst > 1e-6:
        raise SystemExit(f"The window differs from the formula by {worst:.1e} of its largest value.")
    figure = Figure(figsize=(7.4, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.0, 1.3])
    for side in (np.linspace(-60.0, -1e-6, 200), np.linspace(1e-6, 60.0, 200)):
        line = np.where(side > 0, 0.5 * np.exp(-side / 20.0), -0.525 * np.exp(side / 20.0))
        left.plot(side, line, color=BLUE, linewidth=1.2, label="formula" if side[0] < 0 else None)
    left.plot(gaps, 100.0 * found, "o", color=ORANGE, markersize=4.5, label="circuit")
    left.axhline(0.0, color=INK, linewidth=0.6)
    left.axvline(0.0, color=INK, linewidth=0.6)
    left.set(xlabel="t_post - t_pre (ms)", ylabel="change of the weight (% of w_max)", ylim=(-0.6, 0.6))
    left.legend(frameon=False, fontsize=8, loc="upper left")
    ts = np.linspace(0.0, 620.0, 3101)
    for name, colour in (("depressing", BLUE), ("facilitating", ORANGE)):
        right.plot(ts, response(name, ts), color=colour, linewidth=1.2, label=name)
    right.set(xlabel="time (ms)", ylabel="potential above rest (mV)", ylim=(0.0, None))
    right.legend(frameon=False, fontsize=8, loc="upper left")
    left.set_title("Pairs of spikes (Song et al. 2000)", loc="left", fontsize=9)
    right.set_title("A train of 20 Hz (Markram et al. 1998)", loc="left", fontsize=9)
    for axes in (left, right):
        axes.xaxis.label.set_size(9)
        axes.yaxis.label.set_size(9)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    figure.savefig(path, dpi=150)
    print(f"{path}: window equal to the formula within {worst:.1e} of its largest value")


if __name__ == "__main__":
    draw(sys.argv[1] if len(sys.argv) > 1 else "docs/images/plasticity.png")
