"""Is the sensitivity of a classifier, as a finite-time exponent, what adversarial examples exploit?

Run: python benchmarks/adversarial_exponents.py [FOLDER]

A small tanh network learns to tell two interleaved half circles apart, once from each of several random starts. At test
points the largest finite-time exponent of its map from input to scores is compared, by rank, with the length of the
smallest change of the input that changes the answer, found by search along 720 directions. Numbers go to
results/adversarial_exponents.json, the picture to FOLDER (docs/images).
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import spearmanr

import dynascope as ds
from dynascope.analysis.learning import input_sensitivity

RESULTS = Path(__file__).parent / "results" / "adversarial_exponents.json"
WIDTHS = (2, 16, 16, 16, 2)
STARTS = 5
#: Directions of the search, and how far it goes.
DIRECTIONS, FARTHEST = 720, 4.0
#: Fixed before the study was run.
TARGET = -0.5


def half_circles(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of two interleaved half circles with noise, and which of the two each belongs to."""
    rng = np.random.default_rng(seed)
    angle, labels = np.pi * rng.random(count), rng.integers(0, 2, count)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    return np.where(labels[:, None] == 0, upper, lower) + 0.15 * rng.standard_normal((count, 2)), labels


def scores(weights: Any, x: Any) -> Any:
    """The scores of the two classes for one point."""
    for w, b in weights[:-1]:
        x = jnp.tanh(w @ x + b)
    w, b = weights[-1]
    return w @ x + b


def trained(seed: int, *, steps: int = 2000, rate: float = 0.01) -> Any:
    """Weights after full-batch Adam on the cross-entropy of 400 points."""
    keys = jax.random.split(jax.random.key(seed), len(WIDTHS) - 1)
    weights = [
        (jax.random.normal(k, (m, n)) / jnp.sqrt(n), jnp.zeros(m))
        for k, n, m in zip(keys, WIDTHS[:-1], WIDTHS[1:], strict=True)
    ]
    points, labels = half_circles(400, seed=1)

    def loss(weights: Any) -> Any:
        found = jax.nn.log_softmax(jax.vmap(lambda x: scores(weights, x))(points))
        return -jnp.mean(found[jnp.arange(len(labels)), labels])

    def step(carry: Any, i: Any) -> Any:
        weights, m, v = carry
        slope = jax.grad(loss)(weights)
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, slope)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g**2, v, slope)
        scale = rate * jnp.sqrt(1 - 0.999 ** (i + 1)) / (1 - 0.9 ** (i + 1))
        weights = jax.tree.map(lambda w, a, b: w - scale * a / (jnp.sqrt(b) + 1e-8), weights, m, v)
        return (weights, m, v), None

    zeros = jax.tree.map(jnp.zeros_like, weights)
    return jax.jit(lambda w: jax.lax.scan(step, (w, zeros, zeros), jnp.arange(steps))[0][0])(weights)


def smallest_changes(weights: Any, points: Any) -> np.ndarray:
    """Length of the smallest change that changes the answer at each point; infinite if none is found.

    Along each direction the first sign change of the margin is bracketed on a grid and halved 40 times.
    """
    angles = 2 * jnp.pi * jnp.arange(DIRECTIONS) / DIRECTIONS
    rays = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
    radii = jnp.linspace(0.0, FARTHEST, 401)

    def margin(x: Any) -> Any:
        out = scores(weights, x)
        return out[0] - out[1]

    def along(x: Any, ray: Any) -> Any:
        side = jnp.sign(margin(x))
        other = jax.vmap(lambda r: side * margin(x + r * ray) <= 0)(radii)
        first = jnp.argmax(other)

        def halve(_: int, ends: Any) -> Any:
            low, high = ends
            middle = (low + high) / 2
            beyond = side * margin(x + middle * ray) <= 0
            return jnp.where(beyond, low, middle), jnp.where(beyond, middle, high)

        low, high = jax.lax.fori_loop(0, 40, halve, (radii[jnp.maximum(first - 1, 0)], radii[first]))
        return jnp.where(jnp.any(other), (low + high) / 2, jnp.inf)

    return np.asarray(
        jax.jit(lambda p: jax.lax.map(lambda x: jnp.min(jax.vmap(lambda r: along(x, r))(rays)), p))(points)
    )


def rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's correlation."""
    found: Any = spearmanr(x, y)
    return float(found.statistic)


def study(seed: int, *, count: int = 300, steps: int = 2000) -> dict[str, float]:
    """Rank correlation of exponent and smallest change on fresh points, with a bootstrap interval."""
    weights = trained(seed, steps=steps)
    points, labels = half_circles(count, seed=2)
    right = np.asarray(jax.vmap(lambda x: jnp.argmax(scores(weights, x)))(points)) == labels
    found = input_sensitivity(lambda x: scores(weights, x), points[right], depth=len(WIDTHS) - 1)
    norms = smallest_changes(weights, points[right])
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(norms), (1000, len(norms)))
    spread = [rank_correlation(found.exponents[d], norms[d]) for d in draws]
    low, high = np.quantile(spread, [0.025, 0.975])
    return {
        "seed": seed, "accuracy": float(right.mean()), "spearman": rank_correlation(found.exponents, norms),
        "low": float(low), "high": float(high), "median_norm": float(np.median(norms)),
    }  # fmt: skip


def draw(folder: Path) -> None:
    """The exponent over the plane, and against the smallest change."""
    weights = trained(0)
    points, _ = half_circles(300, seed=2)
    grid = np.stack(np.meshgrid(np.linspace(-1.7, 2.7, 240), np.linspace(-1.3, 1.8, 170)), axis=-1)
    over = input_sensitivity(lambda x: scores(weights, x), grid.reshape(-1, 2), depth=len(WIDTHS) - 1)
    margins = np.asarray(jax.vmap(lambda x: jnp.diff(scores(weights, x))[0])(grid.reshape(-1, 2)))
    at = input_sensitivity(lambda x: scores(weights, x), points, depth=len(WIDTHS) - 1)
    norms = smallest_changes(weights, points)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.4), layout="constrained", width_ratios=[1.5, 1])
    shown = left.pcolormesh(grid[..., 0], grid[..., 1], over.exponents.reshape(grid.shape[:2]), cmap="cividis")
    left.contour(grid[..., 0], grid[..., 1], margins.reshape(grid.shape[:2]), levels=[0.0], colors="white")
    left.plot(*points.T, ".", color="black", ms=2)
    left.set(aspect="equal", xlabel="first input", ylabel="second input", title="largest exponent; boundary in white")
    figure.colorbar(shown, ax=left, label="nats per layer")
    right.plot(at.exponents, norms, ".", ms=4)
    right.set(xlabel="largest exponent (nats per layer)", ylabel="smallest change that alters the answer", yscale="log")
    figure.savefig(folder / "adversarial-exponents.png", dpi=130)


def main() -> None:
    start = time.process_time()
    rows = [study(seed) for seed in range(STARTS)]
    for row in rows:
        print({k: round(v, 3) for k, v in row.items()}, flush=True)
    worst = max(row["spearman"] for row in rows)
    verdict = "reproduced" if worst <= TARGET else "not reproduced"
    print(f"largest rank correlation {worst:.3f}, target {TARGET}: {verdict}")
    found = {
        "target": TARGET, "verdict": verdict, "widths": WIDTHS, "rows": rows,
        "cpu_seconds": round(time.process_time() - start, 1), "version": ds.__version__,
    }  # fmt: skip
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "images")


if __name__ == "__main__":
    main()
