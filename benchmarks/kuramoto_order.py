"""Synchrony of Kuramoto networks against coupling, for three distributions of frequencies, beside the theory.

Run: python benchmarks/kuramoto_order.py [FOLDER]

Frequencies are quantiles, so that nothing is left to chance; the order parameter r is averaged over time after a
transient. Theory: r = sqrt(1 - K_c / K) for Lorentzian frequencies, and where there is no formula the solution of
1 = K int cos^2(x) g(K r sin x) dx over the half circle. Numbers go to results/kuramoto_order.json, the picture to
FOLDER (docs/images).
"""

import json
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import dynascope as ds
from dynascope.models import Gaussian, Kuramoto, Lorentzian, Uniform
from dynascope.solve import RK4

RESULTS = Path(__file__).parent / "results" / "kuramoto_order.json"
N = 2000
FACTORS = (0.5, 0.8, 0.95, 1.05, 1.1, 1.25, 1.5, 2.0, 2.5, 3.0)
DENSITIES = {
    "Lorentzian": lambda w: 1 / (np.pi * (1 + w**2)),
    "Gaussian": lambda w: np.exp(-(w**2) / 2) / np.sqrt(2 * np.pi),
    "Uniform": lambda w: 0.5 * (np.abs(w) <= 1),
}


def order(network: Kuramoto, *, transient: float = 60.0, duration: float = 60.0) -> float:
    """The time average of r, sampled twice per time unit."""
    ts = jnp.concatenate([jnp.zeros(1), transient + jnp.arange(0.0, duration, 0.5)])
    run = ds.trajectory(network, None, ts, solver=RK4(network.typical_step()))
    return float(np.mean(np.abs(jax.vmap(network.order)(run.ys[1:]))))


def branch(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Couplings and order parameters of the synchronous state, by the product K r, which determines both."""
    x = np.linspace(-np.pi / 2, np.pi / 2, 4001)
    products = np.linspace(1e-3, 8.0, 4000)
    couplings = np.array([1 / np.trapezoid(np.cos(x) ** 2 * DENSITIES[name](z * np.sin(x)), x) for z in products])
    return couplings, products / couplings


def theory(name: str, K: float) -> float:
    """The order parameter for infinitely many oscillators, 0 below the critical coupling."""
    couplings, orders = branch(name)
    return float(np.interp(K, couplings, orders)) if couplings[0] < K else 0.0


def draw(rows: list[dict], folder: Path) -> None:
    """The picture of the docs."""
    fig, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    for name, colour in zip(DENSITIES, ("tab:blue", "tab:orange", "tab:green"), strict=True):
        mine = [row for row in rows if row["frequencies"] == name]
        couplings, orders = branch(name)
        axes.plot([0.0, couplings[0], *couplings], [0.0, 0.0, *orders], lw=1, color=colour)
        axes.plot([row["K"] for row in mine], [row["r"] for row in mine], "o", ms=4, color=colour, label=name)
    axes.set(xlabel="coupling K", ylabel="order parameter r", xlim=(0, 6), ylim=(0, 1.03))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    fig.savefig(folder / "kuramoto-order.png", dpi=130)


def main() -> None:
    rows = []
    for frequencies in (Gaussian(), Uniform(), Lorentzian()):
        name = type(frequencies).__name__
        for factor in FACTORS:
            start = time.process_time()
            K = factor * float(frequencies.critical_coupling())
            found, wanted = order(Kuramoto.quantiles(n=N, frequencies=frequencies, K=K)), theory(name, K)
            seconds = time.process_time() - start
            within = abs(found - wanted) <= 3 / np.sqrt(N)
            row = {"K": K, "r": found, "theory": wanted, "difference": found - wanted, "cpu_seconds": seconds}
            rows.append({"frequencies": name, **{k: round(v, 4) for k, v in row.items()}, "within": bool(within)})
            print(rows[-1], flush=True)
    RESULTS.write_text(json.dumps({"n": N, "allowed": 3 / np.sqrt(N), "rows": rows}, indent=1) + "\n")
    draw(rows, Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "images")


if __name__ == "__main__":
    main()
