"""Draws the pictures of `docs/spike-trains.md` and `docs/theta.md`, and two of `docs/spiking-networks.md`.

    python benchmarks/spike_pictures.py

The numbers on place cells and nested rhythms go to `results/theta.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy.signal import butter, hilbert, sosfiltfilt

import dynascope as ds
from dynascope.analysis import spikes
from dynascope.models.populations import NestedOscillation
from dynascope.models.spiking import cuba_network
from dynascope.plots._style import ACCENT, MUTED, PALE, STYLE, WARM
from dynascope.solve import simulate
from dynascope.systems import Noise

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "theta.json"
IMAGES = HERE.parent / "docs" / "images"


def networks() -> None:
    network = cuba_network(key=jax.random.key(0))
    run = simulate(network, 1000.0)
    ds.plot(run).savefig(IMAGES / "cuba.png", dpi=140)
    ds.plot(network).savefig(IMAGES / "cuba-connections.png", dpi=140)


def trains() -> None:
    """Thirty trains of which half of the spikes follow common events, spread over 10 ms."""
    rng = np.random.default_rng(0)
    events = np.cumsum(rng.exponential(0.2, 100))
    events = events[(events > 0.1) & (events < 9.9)]
    rows = []
    for _ in range(30):
        own = rng.uniform(0.0, 10.0, 50)
        shared = events[rng.random(events.size) < 0.5]
        rows.append(np.concatenate([own, shared + 0.005 * rng.standard_normal(shared.size)]))
    found = ds.as_spike_trains(rows, start=0.0, stop=10.0)
    ds.plot(found).savefig(IMAGES / "spike-raster.png", dpi=140)
    first, second = np.triu_indices(30, 1)
    result = spikes.correlogram(found, bin=0.002, longest=0.06, pairs=np.stack([first, second], axis=1))
    ds.plot(result).savefig(IMAGES / "spike-correlogram.png", dpi=140)


def place_cells(panels: Any) -> dict[str, Any]:
    """Forty cells and more on a track of 2 m: precession through one field, and errors of decoding."""
    dt, track, theta = 0.001, 2.0, 8.0
    code = spikes.PlaceCode(np.linspace(-0.3, track + 0.3, 53))
    t = dt * np.arange(96001)
    way = (0.25 * t) % (2 * track)
    x, phi = np.minimum(way, 2 * track - way), 2 * np.pi * theta * t
    trains = code.draw(x, phi, dt=dt, key=jax.random.key(0))
    times = trains.train(26)
    place, phase = np.interp(times, t, x), spikes.phases_at(times, phi, dt=dt)
    line = spikes.phase_precession(place, phase)
    at = np.linspace(place.min(), place.max(), 2)
    for turn in (0, 360):
        panels[0].plot(place, np.degrees(phase) % 360 + turn, ".", color=ACCENT, ms=2.5)
    for turn in range(8):
        panels[0].plot(at, np.degrees(line.offset + line.slope * at) + 360 * turn, color=WARM, lw=0.9)
    panels[0].set_ylim(0, 720)
    panels[0].set_xlim(place.min(), place.max())
    panels[0].set_yticks([0, 360, 720])
    panels[0].set_xlabel("position (m)")
    panels[0].set_ylabel("phase (degrees)")
    panels[0].set_title("one cell: phases fall through the field")
    grid, numbers = np.linspace(0, track, 401), {}
    for name, more, colour in (("rates", {}, PALE), ("rates and phases", {"phases": phi, "dt": dt}, ACCENT)):
        found = spikes.decoded_position(code, trains, window=1 / theta, grid=grid, **more)
        true = np.interp(found.times, t, x)
        error = np.abs(found.positions - true)[(true > 0.2) & (true < 1.8)]
        panels[1].hist(100 * error, np.linspace(0, 10, 51), color=colour, alpha=0.85, label=f"by {name}")
        numbers[name] = {
            "median_error_m": float(np.median(error)),
            "bound_m": 0.6745 * code.error_bound(1 / theta, phased=bool(more)),
        }
    panels[1].set_xlabel("error of the position (cm)")
    panels[1].set_ylabel("cycles of theta")
    panels[1].legend()
    panels[1].set_title("where is the animal?")
    numbers["ratio"] = numbers["rates and phases"]["median_error_m"] / numbers["rates"]["median_error_m"]
    numbers["slope_rad_per_m"] = {"value": line.slope, "stderr": line.slope_stderr, "true": code.slope}
    numbers["correlation"] = line.correlation
    return numbers


def nested(panels: Any) -> dict[str, Any]:
    """Gamma in theta, and what the statistic finds in the sum of both with noise."""
    numbers: dict[str, Any] = {}
    ts = np.concatenate([[0.0], 1.0 + 0.001 * np.arange(60001)])
    rng = np.random.default_rng(0)
    for k in (0.8, 0.0):
        signal = Noise(jax.random.key(0), std=2.0, dt=0.05)
        run = ds.trajectory(NestedOscillation(k=k), None, ts, inputs=signal, solver=ds.solve.RK4(0.0005))
        ys = np.asarray(run.ys)[1:]
        x = ys[:, 0] + ys[:, 2] + 0.3 * rng.standard_normal(len(ys))

        def band(low: float, high: float, x: Any = x) -> Any:
            return hilbert(sosfiltfilt(butter(3, [low, high], "band", fs=1000.0, output="sos"), x))[500:-500]

        slow, fast = band(5.0, 11.0), band(35.0, 85.0)
        found = spikes.phase_amplitude_coupling(np.angle(slow), np.abs(fast), surrogates=200)
        numbers[f"k = {k:g}"] = {
            "modulation_index": found.modulation_index,
            "shifted": found.chance,
            "pvalue": found.pvalue,
        }
        if k:
            panels[0].plot(ts[1:601] - 1, x[:600], color=ACCENT, lw=0.8)
            panels[0].plot(ts[1:601] - 1, ys[:600, 0], color=WARM, lw=0.9)
            exact = np.asarray(NestedOscillation(k=k).amplitude(jnp.asarray(found.centres)))
            degrees = np.degrees(found.centres)
            panels[1].bar(degrees, found.amplitudes / found.amplitudes.mean(), width=17, color=PALE, label="measured")
            panels[1].plot(degrees, exact / exact.mean(), "o", color=WARM, ms=3, label="exact")
            share = exact / exact.sum()
            numbers["exact_index"] = float(1 + np.sum(share * np.log(share)) / np.log(share.size))
        else:
            level = found.amplitudes / found.amplitudes.mean()
            panels[1].step(np.degrees(found.centres), level, where="mid", color=MUTED, lw=0.9, label="uncoupled")
    panels[0].set_xlabel("time (s)")
    panels[0].set_title("gamma in theta")
    panels[1].set_xlabel("phase of theta (degrees)")
    panels[1].set_ylabel("amplitude of gamma / mean")
    panels[1].legend(loc="upper center", ncols=3, fontsize=7)
    panels[1].set_ylim(0, 1.9)
    panels[1].set_title("measured against the equation")
    return numbers


if __name__ == "__main__":
    trains()
    networks()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 5.0), layout="constrained")
        panels = figure.subplots(2, 2)
        results = {"place_cells": place_cells(panels[0]), "nested": nested(panels[1])}
        figure.savefig(IMAGES / "theta.png", dpi=140)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))
