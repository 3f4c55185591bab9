"""Populations: the mean field of quadratic neurons against the neurons themselves, and the pictures of the docs.

Run: python benchmarks/populations.py

Quadratic integrate-and-fire neurons with Lorentzian excitabilities (at their quantiles) are moved exactly from step to
step and coupled by the spikes of the last step. A pulse of current switches them from low to high activity; their rate
is compared with the mean field of Montbrio, Pazo & Roxin before, during and after the pulse. Numbers go to
results/populations.json, pictures to docs/images.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import dynascope as ds
from dynascope.models import JansenRit, MontbrioPazoRoxin, NeuralFieldLattice, NeuralFieldRing, Sigmoid
from dynascope.systems import PulseTrain

ROOT = Path(__file__).parent
IMAGES = ROOT.parent / "docs" / "images"
ON, OFF, END, STEP = 10.0, 20.0, 40.0, 1e-3


def advanced(V: np.ndarray, drive: np.ndarray, dt: float) -> tuple[int, np.ndarray]:
    """Solves V' = V^2 + drive over `dt` through infinity and back; returns the number of spikes and the potentials."""
    w = np.sqrt(np.abs(drive))
    phase = np.arctan(V / w) + w * dt
    T = np.tanh(w * dt)
    denominator = w - V * T
    after = np.where(drive > 0, w * np.tan(phase), w * (V - w * T) / denominator)
    spikes = np.where(drive > 0, np.floor((phase + np.pi / 2) / np.pi), (w < V) & (denominator < 0))
    return int(spikes.sum()), after


def rate_of_neurons(N: int, *, eta: float, J: float, current: float) -> np.ndarray:
    """Spikes per neuron and time in each step."""
    excitability = eta + np.tan(np.pi * ((np.arange(N) + 0.5) / N - 0.5))
    V, rates, rate = np.full(N, -2.0), np.zeros(round(END / STEP)), 0.0
    for i in range(rates.size):
        pulse = current if ON <= i * STEP < OFF else 0.0
        fired, V = advanced(V, excitability + J * rate + pulse, STEP)
        rates[i] = rate = fired / (N * STEP)
    return rates


def compared(N: int) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """The rate of N neurons and of the mean field in windows of 0.1 time constants, and how they differ."""
    start = time.process_time()
    rates = rate_of_neurons(N, eta=-5.0, J=15.0, current=3.0)
    seconds = time.process_time() - start
    population = MontbrioPazoRoxin(tau=1.0)
    pulse = PulseTrain(height=3.0, width=OFF - ON, period=10 * END, onset=ON)
    times = np.arange(0.0, END, STEP)
    y0 = jnp.array([1e-6, -2.0])  # all neurons start at one potential: the mean field with (almost) no width
    field = np.asarray(ds.trajectory(population, y0, times, inputs=pulse, solver=ds.solve.RK4(STEP)).ys[:, 0])
    window = round(0.1 / STEP)
    seen, expected = (x.reshape(-1, window).mean(1) for x in (rates, field))
    middle = (np.arange(seen.size) + 0.5) * 0.1
    row: dict[str, Any] = {"neurons": N, "three_over_root_n": 3 / np.sqrt(N), "cpu_seconds": round(seconds, 1)}
    for name, low, high in (("low", 5.0, ON), ("pulse", 15.0, OFF), ("high", 30.0, END)):
        part = (middle >= low) & (middle < high)
        row[name] = {"neurons": float(seen[part].mean()), "mean_field": float(expected[part].mean())}
    row["rms_difference"] = float(np.sqrt(np.mean((seen - expected) ** 2)))
    return row, seen, expected


def jansen_rit_sweep() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least and largest potential of the rhythm at each input p, from rest upwards and from above downwards."""
    ps = np.concatenate([np.arange(40.0, 110.0, 5.0), np.arange(110.0, 140.0, 2.0), np.arange(140.0, 350.0, 10.0)])
    ends: list[list[list[float]]] = []
    for order in (ps, ps[::-1]):
        state: Any = np.zeros(6) if order is ps else None
        row = []
        for p in order:
            ys = ds.trajectory(JansenRit(p=p), state, np.arange(0.0, 20.0, 0.002)).ys
            v = np.asarray(ys[8500:, 1] - ys[8500:, 2])
            row.append([v.min(), v.max()])
            state = np.asarray(ys[-1])
        ends.append(row if order is ps else row[::-1])
    return ps, np.array(ends[0]), np.array(ends[1])


def draw_columns(seen: np.ndarray, expected: np.ndarray, N: int) -> None:
    """Jansen-Rit over its input, and the quadratic neurons with their mean field."""
    figure = Figure(figsize=(7.4, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    ps, up, down = jansen_rit_sweep()
    for ends, colour, label in ((down, "#dd8a3d", "from above"), (up, "#1b5e84", "from below")):
        left.plot(ps, ends[:, 0], ".", color=colour, ms=4, label=label)
        left.plot(ps, ends[:, 1], ".", color=colour, ms=4)
    for fact in ("hopf_p", "fold_p"):
        for p in np.atleast_1d(ds.facts("jansen-rit")[fact].value):
            left.axvline(p, color="#97a1ab", lw=0.7, ls="-" if fact == "hopf_p" else ":")
    left.set(xlabel="input p (1/s)", ylabel="y1 - y2, least and largest (mV)", title="Jansen-Rit: two rhythms")
    left.legend(loc="lower right")
    times = (np.arange(seen.size) + 0.5) * 0.1
    right.axvspan(ON, OFF, color="#eef1f4", lw=0)
    right.plot(times, seen, color="#dd8a3d", lw=1.4, label=f"{N} neurons")
    right.plot(times, expected, color="#1b5e84", lw=0.9, label="mean field")
    right.set(xlabel="time (membrane time constants)", ylabel="firing rate", title="Montbrio-Pazo-Roxin: switched on")
    right.legend()
    figure.savefig(IMAGES / "populations.png", dpi=150)


def draw_fields() -> None:
    """A bump that a cue has placed, and the patterns of a lattice."""
    figure = Figure(figsize=(7.4, 2.7), layout="constrained")
    bump, stripes, spots = figure.subplots(1, 3, width_ratios=(1.35, 1, 1))
    field = NeuralFieldRing()
    x = np.asarray(field.places())
    for place, colour in ((5.0, "#1b5e84"), (12.0, "#dd8a3d")):
        cue = 0.6 * jnp.exp(-0.5 * (field.places() - place) ** 2) - 0.4
        end = ds.trajectory(field, cue, np.array([0.0, 200.0])).ys[-1]
        bump.plot(x, end, color=colour)
        bump.plot(x, cue, color=colour, lw=0.7, ls=":")
    bump.axhline(0.0, color="#97a1ab", lw=0.7)
    bump.set(xlabel="place on the ring", ylabel="potential", title="Cue (dotted) and what is kept")
    for axes, h, slope, title in ((stripes, 1.5 * np.pi, 2.0, "Stripes, h = 4.71"), (spots, 2.0, 2.0, "Spots, h = 2")):
        lattice = NeuralFieldLattice(h, length=48.0, gain=Sigmoid(slope), n=96)
        axes.imshow(ds.trajectory(lattice, None, np.array([0.0, 500.0])).ys[-1], cmap="cividis", extent=(0, 48, 0, 48))
        axes.set(title=title, xticks=(0, 24, 48), yticks=(0, 24, 48))
    figure.savefig(IMAGES / "neural_fields.png", dpi=150)


def main() -> None:
    """Compare, write and draw."""
    rows = []
    for N in (1000, 4000, 16000):
        row, seen, expected = compared(N)
        rows.append(row)
        print(json.dumps(row))
    (ROOT / "results" / "populations.json").write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    mpl.rcParams.update({"font.size": 8, "axes.spines.right": False, "axes.spines.top": False, "legend.frameon": False})
    draw_columns(seen, expected, rows[-1]["neurons"])
    draw_fields()


if __name__ == "__main__":
    main()
