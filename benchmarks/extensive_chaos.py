"""Is the chaos of a random network extensive, and what do coupling and input do to it?

Networks x' = -x + g J tanh(x) with independent couplings of variance 1/N and none of a neuron to itself, in Euler steps
of 0.1 time constants, as in Engelken, Wolf and Abbott (2023). Measured, each over five networks:

- `sizes`: the spectrum against its place i / N at N = 100, 200, 400 and g = 4, the same curve if chaos is extensive,
  and its mean, which is ln(1 - dt) / dt whatever the network does, up to terms that vanish with N;
- `gains`: dimension and entropy rate per neuron against g at N = 200;
- `resolved`: the same in steps of 0.4 / g, because strongly coupled neurons switch within 1 / g;
- `noises`: the same at g = 4 under independent white noise to every neuron.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.extensive_chaos [part ...]

Parts not named keep the rows of the last run.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import dynascope as ds
from dynascope.models.networks import RateNetwork
from dynascope.solve import Euler
from dynascope.systems import Recorded

ROOT = Path(__file__).parents[1]
NETWORKS, STEP, STRONG = 5, 0.1, 4.0
SIZES = (100, 200, 400)
GAINS = (0.8, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 40.0, 100.0, 300.0, 1000.0, 10_000.0)
RESOLVED = (6.0, 8.0, 12.0, 20.0, 40.0, 80.0)
#: Standard deviation of the noise per square root of time.
NOISES = (0.0, 0.5, 1.0, 2.0, 4.0)
TRANSIENT = 100.0


class Chaos(NamedTuple):
    """What is kept of one network."""

    exponents: np.ndarray
    dimension: float
    entropy: float


def network(n: int, g: float, seed: int, *, driven: bool = False) -> RateNetwork:
    """The network number `seed`; the same couplings at every gain, and one input channel per neuron if driven."""
    drawn = RateNetwork.draw(n=n, self_coupling=False, g=g, key=jax.random.key(seed))
    return RateNetwork(drawn.J, jnp.eye(n), g, 1.0) if driven else drawn


def chaos(n: int, g: float, seed: int, *, duration: float, noise: float = 0.0, step: float = STEP) -> Chaos:
    """Full spectrum of one network, with Kaplan-Yorke dimension and entropy rate per neuron."""
    inputs: Any = None
    if noise:
        steps = math.ceil((TRANSIENT + 1.5 * duration) / STEP) + 100
        draws = jax.random.normal(jax.random.key(1000 + seed), (steps, n))
        inputs = Recorded(noise / math.sqrt(STEP) * draws, dt=STEP, hold=True)
    found = ds.lyapunov_spectrum(
        network(n, g, seed, driven=bool(noise)),
        k=n,
        transient=TRANSIENT,
        duration=duration,
        solver=Euler(step),
        inputs=inputs,
    )
    return Chaos(found.exponents, found.kaplan_yorke / n, found.entropy_rate / n)


def several(
    n: int, g: float, *, duration: float, noise: float = 0.0, step: float = STEP, networks: int = NETWORKS
) -> dict[str, Any]:
    """Means over networks with their standard errors."""
    begun = time.process_time()
    runs = [chaos(n, g, seed, duration=duration, noise=noise, step=step) for seed in range(networks)]
    row: dict[str, Any] = {"n": n, "g": g, "noise": noise, "duration": duration, "step": step}
    for name, values in {
        "largest": [run.exponents[0] for run in runs],
        "mean": [run.exponents.mean() for run in runs],
        "dimension": [run.dimension for run in runs],
        "entropy": [run.entropy for run in runs],
    }.items():
        row[name] = float(np.mean(values))
        row[f"{name}_stderr"] = float(np.std(values, ddof=1) / math.sqrt(networks))
    row["dimensions"] = [run.dimension for run in runs]
    row["tops"] = [float(run.exponents[0]) for run in runs]
    row["spectrum"] = np.round(np.mean([run.exponents for run in runs], axis=0), 5).tolist()
    print(
        f"N {n:4d} g {g:5.1f} noise {noise:3.1f}: largest {row['largest']:8.4f}, dimension / N "
        f"{row['dimension']:.4f} +- {row['dimension_stderr']:.4f}, entropy / N {row['entropy']:.5f}, mean "
        f"{row['mean']:.5f} ({time.process_time() - begun:.0f} s)",
        flush=True,
    )
    return row


def change(rows: list[dict[str, Any]], first: int, second: int, name: str) -> tuple[float, float]:
    """How much larger `name` is in the second row, network by network, and that in standard errors."""
    apart = np.array(rows[second][name]) - np.array(rows[first][name])
    return float(apart.mean()), float(apart.mean() / (apart.std(ddof=1) / math.sqrt(len(apart))))


def verdicts(rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The claims, each with its number and whether it holds."""
    exact = math.log(1 - STEP) / STEP
    per_neuron = {row["n"]: row["dimension"] for row in rows["sizes"]}
    apart = abs(per_neuron[400] - per_neuron[200]) / per_neuron[400]
    off = max(abs(row["mean"] / exact - 1) for row in rows["sizes"])
    gains, noises, resolved = rows["gains"], rows["noises"], rows["resolved"]
    top = int(np.argmax([row["dimension"] for row in gains]))
    _, rise = change(gains, 0, top, "dimensions")
    _, fall = change(gains, len(gains) - 1, top, "dimensions")
    beyond = [i for i, row in enumerate(resolved) if row["g"] >= 8]
    flat = change(resolved, beyond[0], beyond[-1], "dimensions")
    falls = [change(noises, i, i + 1, name)[1] for i in range(len(noises) - 1) for name in ("dimensions", "tops")]
    return {
        "dimension per neuron, N = 200 against 400": {"value": apart, "bound": 0.2, "holds": apart <= 0.2},
        "mean exponent against ln(1 - dt) / dt": {"value": off, "bound": 0.003, "holds": off <= 0.003},
        "dimension rises with g, then falls": {
            "gain and dimension": [(gains[i]["g"], gains[i]["dimension"]) for i in (0, top, len(gains) - 1)],
            "differences in standard errors": [rise, fall],
            "holds": bool(0 < top < len(gains) - 1 and min(rise, fall) > 3),
        },
        "in steps of 0.4 / g it does not fall from g = 8 to 80": {
            "change and its standard errors": flat,
            "holds": bool(abs(flat[1]) < 3),
        },
        "each step of noise reduces dimension and largest exponent": {
            "differences in standard errors": falls,
            "holds": max(falls) < -2,
        },
    }


def picture(rows: dict[str, list[dict[str, Any]]]) -> Any:
    """Spectra of three sizes on one curve; dimension against gain, and against noise."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    for row in rows["sizes"]:
        places = (np.arange(row["n"]) + 0.5) / row["n"]
        left.plot(places, row["spectrum"], label=f"N = {row['n']}", lw=1.2)
    left.axhline(0, color="0.6", lw=0.6)
    left.set(xlabel="i / N", ylabel="exponent", title=f"g = {STRONG:g}")
    left.legend(frameon=False)

    def curve(axis: Any, name: str, x: str, color: str, label: str | None = None) -> None:
        known = rows[name]
        axis.errorbar(
            [r[x] for r in known], [r["dimension"] for r in known], [r["dimension_stderr"] for r in known],
            marker="o", ms=4, lw=1, color=color, label=label,
        )  # fmt: skip
        axis.set(ylabel="dimension / N", ylim=(0, None))

    curve(middle, "gains", "g", "C0", "steps of 0.1")
    curve(middle, "resolved", "g", "C1", "steps of 0.4 / g")
    middle.legend(frameon=False)
    middle.set(xlabel="g", xscale="log", title="N = 200")
    curve(right, "noises", "noise", "C0")
    tops = right.twinx()
    tops.errorbar(
        [r["noise"] for r in rows["noises"]], [r["largest"] for r in rows["noises"]],
        [r["largest_stderr"] for r in rows["noises"]], marker="s", ms=3, lw=0.8, color="C3",
    )  # fmt: skip
    tops.axhline(0, color="C3", lw=0.4)
    tops.set_ylabel("largest exponent", color="C3")
    right.set(xlabel="strength of the noise", title=f"N = 200, g = {STRONG:g}")
    return figure


def main(names: list[str]) -> None:
    """Measure, print, draw and write."""
    parts = {
        "sizes": lambda: [several(n, STRONG, duration=300.0) for n in SIZES],
        "gains": lambda: [several(200, g, duration=150.0) for g in GAINS],
        "resolved": lambda: [several(200, g, duration=100.0, step=0.4 / g) for g in RESOLVED],
        "noises": lambda: [several(200, STRONG, duration=400.0, noise=noise) for noise in NOISES],
    }
    target = ROOT / "benchmarks" / "results" / "extensive_chaos.json"
    rows = json.loads(target.read_text("utf-8"))["rows"] if target.exists() else {}
    for name in names or list(parts):
        rows[name] = parts[name]()
        target.write_text(json.dumps({"step": STEP, "networks": NETWORKS, "rows": rows}) + "\n")
    claims = verdicts(rows)
    for claim, verdict in claims.items():
        print(f"{claim}: {verdict}")
    picture(rows).savefig(ROOT / "docs" / "images" / "extensive-chaos.png", dpi=110)
    target.write_text(json.dumps({"step": STEP, "networks": NETWORKS, "claims": claims, "rows": rows}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
