"""Train a GRU and an LSTM on three flip-flops, and look for their fixed points.

    python benchmarks/flipflop.py FOLDER [--units 24] [--steps 3000]

Three channels bring rare pulses of +1 or -1; three outputs must hold the sign of the last pulse of their channel
(Sussillo & Barak 2013). A network that does so needs eight stable fixed points, one per memory, and saddles between
them. The folder receives `flipflop-gru.safetensors` and `flipflop-lstm.safetensors`, and one line of JSON per network
goes to the output: loss, share of right answers, fixed points by unstable dimension, and which memories they hold.
"""

import argparse
import functools
import json
import time
from collections import Counter
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.learn import Adam
from dynascope.models.artificial import GRU, LSTM, Readout

BITS = 3
#: A pulse comes in each channel with this probability per step.
PULSES = 0.15


def trial(key, length):
    """Inputs and targets of one sequence, each of shape (length, 3); every channel starts with a pulse."""
    when, sign = jax.random.split(key)
    pulses = jax.random.bernoulli(when, PULSES, (length, BITS)).at[0].set(True)
    inputs = jnp.where(pulses, jax.random.rademacher(sign, (length, BITS), float), 0.0)
    _, targets = jax.lax.scan(lambda held, u: (jnp.where(u != 0, u, held),) * 2, jnp.zeros(BITS), inputs)
    return inputs, targets


def outputs(network, inputs):
    """What the network says along a sequence that it begins from rest."""

    def one(state, u):
        state = network.step(0, state, u)
        return state, network.observe(0, state, u)

    return jax.lax.scan(one, network.initial_state(), inputs)[1]


def loss(network, key, batch, length):
    """Mean squared error over fresh sequences."""
    inputs, targets = jax.vmap(lambda k: trial(k, length))(jax.random.split(key, batch))
    return jnp.mean((jax.vmap(lambda u: outputs(network, u))(inputs) - targets) ** 2)


def fresh(kind, units, key):
    """An untrained network at rest, with a readout."""
    body, head = jax.random.split(key)
    network = kind.draw(n=units, inputs=BITS, gain=1.0, key=body)
    network = network.replace(h0=jnp.zeros_like(network.h0))
    if kind is LSTM:
        network = network.replace(c0=jnp.zeros_like(network.c0))
    weight = jax.random.normal(head, (BITS, units)) / np.sqrt(units)
    return eqx.tree_at(lambda n: n.readout, network, Readout(weight, np.zeros(BITS)), is_leaf=lambda x: x is None)


def trainable(network):
    """Which leaves are learned: weights and biases, not the start nor the gain."""
    nothing = jax.tree.map(lambda _: False, network)
    learned = jax.tree.map(lambda _: True, (network.layers, network.readout))
    return eqx.tree_at(lambda n: (n.layers, n.readout), nothing, learned)


def trained(kind, *, units, steps, seed, batch=32, length=40):
    """A trained network."""
    of_network, of_data = jax.random.split(jax.random.key(seed))
    weights, rest = eqx.partition(fresh(kind, units, of_network), trainable(fresh(kind, units, of_network)))

    @eqx.filter_jit
    def learn(weights, rest, keys):
        def one(carry, inputs):
            weights, state = carry
            key, rate = inputs
            gradient = eqx.filter_grad(lambda w: loss(eqx.combine(w, rest), key, batch, length))(weights)
            return Adam(rate, 1.0).step(weights, gradient, state), None

        rates = 1e-2 * 0.5 * (1 + jnp.cos(jnp.pi * jnp.arange(steps) / steps)) + 1e-4
        (weights, _), _ = jax.lax.scan(one, (weights, Adam(1e-2).start(weights)), (keys, rates))
        return weights

    return eqx.combine(learn(weights, rest, jax.random.split(of_data, steps)), rest)


def right_answers(network, key, sequences=64, length=200):
    """Share of the steps of fresh, longer sequences at which all three signs are right."""
    inputs, targets = jax.vmap(lambda k: trial(k, length))(jax.random.split(key, sequences))
    said = jax.vmap(functools.partial(outputs, network))(inputs)
    return float(jnp.mean(jnp.all(jnp.sign(said) == targets, axis=-1)))


def visited(network, key, count=1024):
    """States that the network visits while it works, as a tree with a leading axis."""
    inputs, _ = jax.vmap(lambda k: trial(k, count // 16))(jax.random.split(key, 16))

    def states(u):
        return jax.lax.scan(lambda y, v: (network.step(0, y, v),) * 2, network.initial_state(), u)[1]

    return jax.tree.map(lambda leaf: leaf.reshape(-1, leaf.shape[-1]), jax.vmap(states)(inputs))


def memories(network, points):
    """The signs that the stable fixed points say."""
    _, unravel = jax.flatten_util.ravel_pytree(network.initial_state())
    stable = points.states[points.unstable_dimension == 0]
    said = [np.sign(np.asarray(network.observe(0, unravel(jnp.asarray(s)), None))).astype(int) for s in stable]
    return sorted(tuple(map(int, s)) for s in said)


def main():
    parser = argparse.ArgumentParser(description="Train a GRU and an LSTM on three flip-flops.")
    parser.add_argument("folder", type=Path, help="where the networks are saved")
    parser.add_argument("--units", type=int, default=24)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for kind in (GRU, LSTM):
        start = time.perf_counter()
        network = trained(kind, units=arguments.units, steps=arguments.steps, seed=arguments.seed)
        seconds = time.perf_counter() - start
        ds.save(network, arguments.folder / f"flipflop-{kind.__name__.lower()}.safetensors")
        begun = time.perf_counter()
        points = ds.fixed_points(network, starts=visited(network, jax.random.key(1)))
        report = {
            "network": kind.__name__,
            "units": arguments.units,
            "training_seconds": round(seconds, 1),
            "loss": float(loss(network, jax.random.key(2), 64, 100)),
            "right": right_answers(network, jax.random.key(3)),
            "fixed_points": len(points),
            "by_unstable_dimension": dict(sorted(Counter(points.unstable_dimension.tolist()).items())),
            "memories": memories(network, points),
            "largest_residual": float(points.residuals.max()) if len(points) else None,
            "seconds": round(time.perf_counter() - begun, 1),
        }
        print(json.dumps(report))


if __name__ == "__main__":
    main()
