"""Pictures and numbers of the page on gradients: networks before and after flossing, and depth at three gains.

Run: python benchmarks/gradients.py [FOLDER]

A tanh network of 32 units whose gradients vanish is flossed: 300 steps of Adam push its eight leading exponents to zero
along noisy inputs. Three deep tanh networks, below, at and above the edge of chaos, show what depth does. Numbers go
to results/gradients.json, pictures to FOLDER (docs/images).
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.learning import (
    depth_exponents,
    flossing_loss,
    gradient_health,
    lyapunov_over_sequences,
)
from dynascope.models.artificial import RNN

RESULTS = Path(__file__).parent / "results" / "gradients.json"
STEPS, RATE, FLOSSED = 300, 0.01, 8


class Layer(eqx.Module):
    """x -> W tanh(x) + b."""

    weight: Any
    bias: Any

    def __call__(self, x: Any) -> Any:
        return self.weight @ jnp.tanh(x) + self.bias


def flossed(network: Any, drive: Any) -> tuple[Any, list[float]]:
    """The network after `STEPS` steps of Adam on the exponents, and the loss on the way."""
    weights, rest = eqx.partition(network, eqx.is_inexact_array)

    @jax.jit
    def step(weights: Any, m: Any, v: Any, i: Any) -> Any:
        value, slope = jax.value_and_grad(
            lambda w: flossing_loss(eqx.combine(w, rest), drive, k=FLOSSED, transient=10)
        )(weights)
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, slope)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g**2, v, slope)
        scale = RATE * jnp.sqrt(1 - 0.999 ** (i + 1)) / (1 - 0.9 ** (i + 1))
        return jax.tree.map(lambda w, a, b: w - scale * a / (jnp.sqrt(b) + 1e-8), weights, m, v), m, v, value

    m = v = jax.tree.map(jnp.zeros_like, weights)
    losses = []
    for i in range(STEPS):
        weights, m, v, value = step(weights, m, v, i)
        losses.append(float(value))
    return eqx.combine(weights, rest), losses


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "images"
    start = time.process_time()
    rng = np.random.default_rng(0)
    network = RNN.draw(n=32, inputs=2, gain=1.0, key=jax.random.key(0))
    train, test = (0.3 * rng.normal(size=(count, 150, 2)) for count in (8, 20))
    after, losses = flossed(network, train)
    found: dict[str, Any] = {"loss": [losses[0], losses[-1]]}
    for name, net in (("before", network), ("after", after)):
        exponents = lyapunov_over_sequences(net, test, k=FLOSSED + 2)
        health = gradient_health(net, test, lags=100)
        print(name, exponents.summary(), health.summary(), sep="\n  ")
        ds.plot(health).savefig(folder / f"gradients-{name}.png", dpi=130)
        found[name] = {
            "exponents": exponents.exponents.tolist(),
            "stderr": exponents.stderr.tolist(),
            "vanishing_horizon": health.vanishing_horizon if np.isfinite(health.vanishing_horizon) else None,
            "gradient_at_100": float(np.exp(health.log_gradient[-1])),
            "participation_at_100": float(health.participation[-1]),
        }
    n, depth = 100, 50
    for gain in (0.9, 1.0, 1.5):
        layers = [Layer(gain * rng.normal(size=(n, n)) / np.sqrt(n), 0.05 * rng.normal(size=n)) for _ in range(depth)]
        result = depth_exponents(layers, 0.3 * rng.normal(size=(10, n)))
        print(gain, result.summary())
        found[f"depth at gain {gain}"] = {
            "largest_exponent": float(result.exponents[0]),
            "stderr": float(result.stderr[0]),
            "gain_of_the_last_layers": float(result.gain[-10:].mean()),
        }
        if gain == 1.5:
            ds.plot(result).savefig(folder / "gradients-depth.png", dpi=130)
    found["cpu_seconds"] = round(time.process_time() - start, 1)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
