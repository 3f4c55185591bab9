"""Capacity of the binary Hopfield network: what is left of a stored pattern at each load, against theory.

Run: python benchmarks/hopfield_capacity.py [FOLDER]

For each load P/N random patterns are stored by Hebb's rule, the network starts at a stored pattern and is swept until
no spin moves; the overlap with the pattern is what it has kept. Numbers go to results/hopfield_capacity.json, the
picture to FOLDER (docs/images).
"""

import json
import math
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import dynascope  # noqa: F401
from dynascope._tree import astype
from dynascope.models import Hopfield, facts, random_patterns

RESULTS = Path(__file__).parent / "results" / "hopfield_capacity.json"
LOADS = (0.05, 0.08, 0.10, 0.12, 0.13, 0.135, 0.14, 0.145, 0.15, 0.16, 0.18, 0.20)
#: Patterns tried of each network.
TRIED = 24


def overlaps(n: int, load: float, *, key: int = 0, most: int = 400) -> tuple[np.ndarray, int]:
    """Overlap of each tried pattern with the state in which the network settles, and the sweeps that took."""
    patterns = random_patterns(jax.random.key(key), round(load * n), n)
    network = astype(Hopfield.from_patterns(patterns), jnp.float32)
    starts = patterns[:TRIED].astype(jnp.float32)
    sweep = jax.jit(jax.vmap(lambda s: network.step(0, s, None)))
    states = starts
    for count in range(1, most + 1):
        before, states = states, sweep(states)
        if bool(jnp.all(before == states)):
            return np.asarray(jnp.mean(states * starts, axis=1)), count
    raise RuntimeError(f"The network of {n} spins at load {load} did not settle in {most} sweeps.")


def theory(load: float) -> float:
    """The overlap at zero temperature by Amit, Gutfreund & Sompolinsky (1985), 0 beyond the capacity."""
    # m = erf(y) where y (sqrt(2 load) + 2 exp(-y^2) / sqrt(pi)) = erf(y); the largest root is the memory.
    for y in np.arange(6.0, 0.5, -1e-4):
        if math.erf(y) > y * (math.sqrt(2 * load) + 2 * math.exp(-y * y) / math.sqrt(math.pi)):
            return math.erf(y)
    return 0.0


def draw(rows: list[dict], folder: Path) -> None:
    """The picture of the docs."""
    fig, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    fine = np.linspace(0.02, 0.139, 240)
    kept = [theory(load) for load in fine]
    below = [(load, m) for load, m in zip(fine, kept, strict=True) if m]
    axes.plot(*zip(*below, strict=True), color="black", lw=4, alpha=0.35, label="theory")
    for n, colour in ((1000, "tab:orange"), (5000, "tab:blue")):
        mine = [row for row in rows if row["n"] == n]
        x = np.array([row["load"] for row in mine])
        low, middle, high = (np.array([row[q] for row in mine]) for q in ("lower_quartile", "median", "upper_quartile"))
        axes.errorbar(x, middle, [middle - low, high - middle], fmt="o-", ms=4, lw=1, color=colour, label=f"{n} spins")
    axes.axvline(0.138, color="grey", ls=":", lw=1)
    axes.annotate("0.138", (0.138, 0.02), xytext=(4, 0), textcoords="offset points", color="grey")
    axes.set(xlabel="load (patterns per spin)", ylabel="overlap with the pattern", ylim=(0, 1.03))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower left")
    fig.savefig(folder / "hopfield-capacity.png", dpi=130)


def main() -> None:
    rows = []
    for n in (1000, 5000):
        for load in LOADS:
            start = time.process_time()
            found, sweeps = overlaps(n, load)
            low, middle, high = np.quantile(found, [0.25, 0.5, 0.75])
            row = {
                "n": n, "load": load, "median": middle, "lower_quartile": low, "upper_quartile": high,
                "least": found.min(), "theory": theory(load), "sweeps": sweeps,
                "cpu_seconds": time.process_time() - start,
            }  # fmt: skip
            rows.append({k: v if isinstance(v, int) else round(float(v), 4) for k, v in row.items()})
            print(rows[-1], flush=True)
    large = {row["load"]: row for row in rows if row["n"] == 5000}
    held, lost = large[0.10]["least"] >= 0.97, large[0.16]["median"] < 0.5
    print(f"overlap >= 0.97 at load 0.10: {held}; median < 0.5 at 0.16: {lost}")
    capacity = facts("hopfield")["capacity"].value
    RESULTS.write_text(json.dumps({"tried": TRIED, "capacity_in_theory": capacity, "rows": rows}, indent=1) + "\n")
    draw(rows, Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "images")


if __name__ == "__main__":
    main()
