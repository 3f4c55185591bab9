"""Stimulation that desynchronises, chimera states and large Kuramoto networks, beside theory.

Run: python benchmarks/desynchronisation.py [PART ...]

Parts: `feedback` (delayed feedback against r = sqrt(1 - 2 / (K - d))), `reset` (coordinated reset against the strength
needed), `chimera` (two populations against the reduced equations of Abrams et al. 2008), `speed` (10,000 oscillators,
steps of RK4, against NumPy, one thread each; cost at 100,000). Numbers go to results/desynchronisation.json, the
picture of the first two to docs/images.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import fsolve

import dynascope as ds
from dynascope.analysis.synchrony import chimera, order_parameters
from dynascope.models import (
    CoordinatedReset,
    DelayedFeedbackKuramoto,
    Gaussian,
    Kuramoto,
    Lorentzian,
    SakaguchiPopulations,
)
from dynascope.solve import RK4

HERE = Path(__file__).parent
RESULTS, IMAGES = HERE / "results" / "desynchronisation.json", HERE.parent / "docs" / "images"
K = 4.0
STRENGTHS = (0.0, 0.5, 1.0, 1.5, 1.8, 2.0, 2.2, 2.5, 3.0)
FACTORS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.1, 1.3, 1.6, 2.0, 3.0)


def phases(system, start, window: tuple[float, float, float], dt: float) -> np.ndarray:
    """Phases of a window (begin, end, interval), flat over oscillators."""
    run = ds.trajectory(system, start, np.r_[0.0, np.arange(*window)], solver=RK4(dt))
    return np.asarray(run.ys)[1:].reshape(len(run.ts) - 1, -1)


def feedback() -> dict:
    """Order parameters under feedback after a whole and after half a period."""
    rows = []
    for d in STRENGTHS:
        for share in (1.0, 0.5):
            system = DelayedFeedbackKuramoto.quantiles(n=1000, K=K, d=d)
            system = system.replace(tau=share * system.tau)
            found = order_parameters(phases(system, None, (30.0, 60.0, 0.1), 0.005), orders=(1,))
            felt = K - d if share == 1.0 else K + d
            theory = float(np.sqrt(max(0.0, 1 - 2 / felt)))
            row = {"d": d, "periods": share, "r": float(found.values[0]), "stderr": float(found.stderr[0])}
            rows.append(row | {"theory": theory, "difference": float(found.values[0]) - theory})
    ordered = [abs(row["difference"]) for row in rows if row["theory"] > 0]
    beyond = [row["r"] for row in rows if row["periods"] == 1.0 and row["d"] > K - 2]
    return {
        "n": 1000,
        "K": K,
        "rows": rows,
        "largest_difference": max(ordered),
        "largest_r_beyond": max(beyond),
        "chance": float(np.sqrt(np.pi / 1000) / 2),
    }


def reset() -> dict:
    """Order parameters under coordinated reset, from synchrony and from clusters evenly apart."""
    base = CoordinatedReset.quantiles(n=400, frequencies=Lorentzian(2 * np.pi, 0.04), K=0.4)
    needed = float(base.needed_strength(0.04))
    apart = jnp.arange(400) % 4 * (-jnp.pi / 2)
    rows = []
    for factor in FACTORS:
        system = base.replace(S=factor * needed)
        row = {"factor": factor, "S": factor * needed}
        for name, start in (("from_synchrony", None), ("from_clusters", apart)):
            found = order_parameters(phases(system, start, (200.0, 300.0, 0.1), 0.02), orders=(1, 4))
            row |= {f"Z1_{name}": float(found.values[0]), f"Z4_{name}": float(found.values[1])}
        rows.append(row)
    return {"n": 400, "needed_strength": needed, "rows": rows}


def steady(A: float, beta: float = 0.1) -> tuple[float, float]:
    """Order parameter and phase difference of the steady chimera of infinitely many oscillators."""
    mu, nu, alpha = (1 + A) / 2, (1 - A) / 2, np.pi / 2 - beta

    def still(x: np.ndarray) -> list[float]:
        r, psi = x
        grow = mu * r * np.cos(alpha) + nu * np.cos(psi - alpha)
        turn = (1 + r**2) / (2 * r) * (mu * r * np.sin(alpha) - nu * np.sin(psi - alpha))
        return [grow, turn - mu * np.sin(alpha) - nu * r * np.sin(psi + alpha)]

    found: Any = fsolve(still, [0.7, -0.2])
    return float(found[0]), float(found[1])


def chimeras() -> dict:
    """A steady and a breathing chimera of two populations of 256."""
    rows = []
    for A in (0.2, 0.28):
        system = SakaguchiPopulations.two(n=256, A=A)
        found = chimera(phases(system, None, (1000.0, 1500.0, 0.5), 0.05), np.repeat([0, 1], 256))
        rows.append(
            {
                "A": A,
                "verdict": found.verdict,
                "r": found.values.tolist(),
                "stderr": found.stderr.tolist(),
                "spread": found.series.std(axis=0).tolist(),
                "steady_r": steady(A)[0],
                "chimera_index": found.chimera_index,
            }
        )
    return {"rows": rows}


def speed() -> dict:
    """Processor and wall time of steps of RK4, least of five interleaved rounds."""
    steps, dt = 10_000, 0.01

    def made(n: int):
        system = Kuramoto.quantiles(n=n, frequencies=Gaussian(), K=2.0)
        count = steps if n == 10_000 else steps // 10

        def run(m: Kuramoto) -> np.ndarray:
            return np.asarray(ds.trajectory(m, None, [0.0, count * dt], solver=RK4(dt)).ys[-1])

        run(system)
        return system, run

    (small, run), (large, run_large) = made(10_000), made(100_000)
    omega, theta = np.asarray(small.omega), np.asarray(small.initial_state())

    def field(x: np.ndarray) -> np.ndarray:
        s, c = np.sin(x), np.cos(x)
        return omega + 2.0 * (s.mean() * c - c.mean() * s)

    def numpy_steps(x: np.ndarray, count: int) -> np.ndarray:
        for _ in range(count):
            k1 = field(x)
            k2 = field(x + 0.5 * dt * k1)
            k3 = field(x + 0.5 * dt * k2)
            k4 = field(x + dt * k3)
            x = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return x

    short = ds.trajectory(small, None, [0.0, 100 * dt], solver=RK4(dt)).ys[-1]
    apart = float(np.max(np.abs(np.asarray(short) - numpy_steps(theta, 100))))
    jobs = {
        "ours": lambda: run(small),
        # A tenth of the steps, ten times: all steps cost the same.
        "numpy": lambda: numpy_steps(theta, steps // 10),
        "ours_100000": lambda: run_large(large),
    }
    cpu, wall = dict.fromkeys(jobs, np.inf), dict.fromkeys(jobs, np.inf)
    for _ in range(5):
        for name, job in jobs.items():
            before = time.process_time(), time.perf_counter()
            job()
            share = 1 if name == "ours" else 10
            cpu[name] = min(cpu[name], (time.process_time() - before[0]) * share)
            wall[name] = min(wall[name], (time.perf_counter() - before[1]) * share)
    return {
        "steps": steps,
        "cpu_seconds_per_10000_steps": cpu,
        "wall_seconds_per_10000_steps": wall,
        "times_faster_than_numpy": cpu["numpy"] / cpu["ours"],
        "times_faster_than_numpy_wall": wall["numpy"] / wall["ours"],
        "cost_of_ten_times_as_many": cpu["ours_100000"] / cpu["ours"],
        "apart_after_100_steps": apart,
    }


def draw(rows: dict) -> None:
    """The picture of the docs."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.0), layout="constrained")
    ds_ = np.linspace(0, 3, 400)
    for share, colour, felt in ((1.0, "tab:blue", K - ds_), (0.5, "tab:orange", K + ds_)):
        mine = [row for row in rows["feedback"]["rows"] if row["periods"] == share]
        left.plot(ds_, np.sqrt(np.maximum(0, 1 - 2 / felt)), lw=1, color=colour)
        name = "after one period" if share == 1.0 else "after half a period"
        left.plot([row["d"] for row in mine], [row["r"] for row in mine], "o", ms=4, color=colour, label=name)
    left.set(xlabel="strength d of the feedback", ylabel="order parameter r", ylim=(0, 1), title="Delayed feedback")
    mine = rows["reset"]["rows"]
    for key, colour, name in (
        ("Z1_from_synchrony", "tab:blue", "|Z₁| from synchrony"),
        ("Z1_from_clusters", "tab:green", "|Z₁| from clusters"),
        ("Z4_from_synchrony", "tab:orange", "|Z₄| from synchrony"),
    ):
        values = [row[key] for row in mine]
        right.plot([row["factor"] for row in mine], values, "o-", ms=4, lw=1, color=colour, label=name)
    right.axvline(1.0, color="0.3", lw=0.8, ls="--")
    right.set(xlabel="strength over that needed", ylabel="order parameter", ylim=(0, 1), title="Coordinated reset")
    for panel in (left, right):
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False, fontsize=8)
    fig.savefig(IMAGES / "stimulation.png", dpi=130)


PARTS = {"feedback": feedback, "reset": reset, "chimera": chimeras, "speed": speed}


def main() -> None:
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in sys.argv[1:] or list(PARTS):
        rows[name] = PARTS[name]()
        print(name, json.dumps(rows[name]), flush=True)
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    if "feedback" in rows and "reset" in rows:
        draw(rows)


if __name__ == "__main__":
    main()
