"""Train a network to weigh evidence, and find the line along which it remembers the sum.

    python benchmarks/decision.py FOLDER [--units 32] [--steps 3000]

The input is noisy evidence whose mean differs from trial to trial; the output must be the sum so far. A network that
does so keeps the sum along a line of (nearly) fixed points (Mante et al. 2013). The folder receives
`decision.safetensors`; one line of JSON tells what `fixed_points` says of it, and whether the slow points lie in the
order of the sum that they stand for.
"""

import argparse
import json
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.stability import SpeedDescent
from dynascope.learn import Adam
from dynascope.models.artificial import RNN, Readout


def trial(key, length):
    """Evidence of shape (length, 1) and its sum so far."""
    mean, noise = jax.random.split(key)
    drift = 0.04 * jax.random.uniform(mean, (), minval=-1.0, maxval=1.0)
    evidence = drift + 0.1 * jax.random.normal(noise, (length, 1))
    return evidence, jnp.cumsum(evidence, axis=0)


def run(network, inputs):
    """States and outputs along one sequence from rest."""

    def one(y, u):
        y = network.step(0, y, u)
        return y, (y, network.observe(0, y, u))

    return jax.lax.scan(one, network.initial_state(), inputs)[1]


def trained(units, steps, seed, batch=64, length=60):
    """A network that sums its input."""
    body, head, data = jax.random.split(jax.random.key(seed), 3)
    network = RNN.draw(n=units, inputs=1, gain=0.5, key=body).replace(h0=jnp.zeros(units))
    readout = Readout(jax.random.normal(head, (1, units)) / np.sqrt(units), np.zeros(1))
    network = eqx.tree_at(lambda n: n.readout, network, readout, is_leaf=lambda x: x is None)
    nothing = jax.tree.map(lambda _: False, network)
    learned = jax.tree.map(lambda _: True, (network.layers, network.readout))
    weights, rest = eqx.partition(network, eqx.tree_at(lambda n: (n.layers, n.readout), nothing, learned))

    def loss(weights, key):
        inputs, sums = jax.vmap(lambda k: trial(k, length))(jax.random.split(key, batch))
        said = jax.vmap(lambda u: run(eqx.combine(weights, rest), u)[1])(inputs)
        return jnp.mean((said - sums) ** 2)

    @eqx.filter_jit
    def learn(weights, keys):
        def one(carry, inputs):
            key, rate = inputs
            gradient = eqx.filter_grad(loss)(carry[0], key)
            return Adam(rate, 1.0).step(carry[0], gradient, carry[1]), None

        rates = 3e-3 * 0.5 * (1 + jnp.cos(jnp.pi * jnp.arange(steps) / steps)) + 2e-5
        return jax.lax.scan(one, (weights, Adam(1e-3).start(weights)), (keys, rates))[0][0]

    weights = learn(weights, jax.random.split(data, steps))
    return eqx.combine(weights, rest), float(loss(weights, jax.random.key(99)))


def visited(network, key, sequences=64, length=60):
    """States that the network visits while it works."""
    inputs, _ = jax.vmap(lambda k: trial(k, length))(jax.random.split(key, sequences))
    return jax.vmap(lambda u: run(network, u)[0])(inputs).reshape(-1, network.initial_state().size)


def main():
    parser = argparse.ArgumentParser(description="A decision network and its line of slow points.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--units", type=int, default=32)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    network, left = trained(arguments.units, arguments.steps, arguments.seed)
    ds.save(network, arguments.folder / "decision.safetensors")
    points = ds.fixed_points(network, starts=visited(network, jax.random.key(1)), method=SpeedDescent())
    said = np.array([np.asarray(network.observe(0, jnp.asarray(s), None))[0] for s in points.slow_points])
    report = {
        "loss": left,
        "fixed_points": len(points),
        "continuum": points.continuum,
        "drift_per_step": points.drift,
        "sums_on_it": [float(said.min()), float(said.max())] if len(said) else None,
        "summary": points.summary(),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
