"""Train a network to swing by itself, and see what its dynamics are called.

    python benchmarks/sine_generator.py FOLDER [--units 40] [--period 12]

A random rate network is driven by a sine through feedback weights while a readout learns, by ridge regression, to
say the sine; then the readout takes the place of the drive (Jaeger and Haas 2004; Sussillo and Abbott 2009 train
the same loop step by step). What is left is an autonomous network whose couplings are the random ones plus a
product of two vectors. The folder receives `sine-generator.safetensors`; one line of JSON tells what `ds.regime_of`
says of it, and the period of its cycle.
"""

import argparse
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.cycles import periodic_orbit
from dynascope.models.networks import RateNetwork
from dynascope.systems import Sine

#: Periods of the drive, those at the beginning that are not learned from, and samples of each.
PERIODS, SKIPPED, SAMPLES = 60, 20, 60


def trained(units, period, *, gain=0.8, noise=1e-2, ridge=1e-3, seed=0):
    """The closed network."""
    body, back, jitter = jax.random.split(jax.random.key(seed), 3)
    network = RateNetwork.draw(n=units, inputs=1, g=gain, key=body)
    feedback = jax.random.uniform(back, (units, 1), minval=-1.0, maxval=1.0)
    network = network.replace(B=feedback)
    ts = np.linspace(0.0, PERIODS * period, PERIODS * SAMPLES + 1)
    run = ds.trajectory(network, None, ts, inputs=Sine(1.0, period))
    rates = np.tanh(np.asarray(run.flat))[SKIPPED * SAMPLES :]
    rates = rates + noise * np.asarray(jax.random.normal(jitter, rates.shape))
    target = np.sin(2 * np.pi * ts[SKIPPED * SAMPLES :] / period)
    readout = np.linalg.solve(rates.T @ rates + ridge * len(rates) * np.eye(units), rates.T @ target)
    return RateNetwork(network.J + jnp.outer(feedback[:, 0], readout) / gain, jnp.zeros((units, 0)), gain, 1.0)


def main() -> None:
    """Train, save and ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--period", type=float, default=12.0)
    options = parser.parse_args()
    network = trained(options.units, options.period)
    ds.save(network, options.folder / "sine-generator.safetensors")
    said = ds.regime_of(network)
    orbit = periodic_orbit(network)
    rest = ds.fixed_points(network)
    facts = {
        "regime": said.verdict.regime,
        "confidence": said.verdict.confidence,
        "period": orbit.period,
        "taught": options.period,
        "stability": orbit.stability,
        "rest": list(rest.stability),
        "unstable": rest.unstable_dimension.tolist(),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
