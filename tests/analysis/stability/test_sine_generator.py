"""A network that was taught to swing: its cycle, the place of rest inside, and what it is called."""

import importlib
import sys
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.cycles import periodic_orbit

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "benchmarks"))
sine_generator: Any = importlib.import_module("sine_generator")


def taught() -> Any:
    return ds.load(ROOT / "tests" / "data" / "sine-generator.safetensors")


def test_the_benchmark_makes_the_network_that_is_stored():
    again = sine_generator.trained(40, 12.0)
    assert again.J.shape == (40, 40)
    np.testing.assert_allclose(again.J, taught().J, atol=1e-6)


@pytest.mark.slow
def test_the_network_swings_with_the_period_that_it_was_taught():
    network = taught()
    orbit = periodic_orbit(network)
    assert orbit.stability == "stable"
    assert orbit.period == pytest.approx(12.0, rel=2e-3)
    # What it says is nearly a sine: the readout is the factor of the couplings beside the feedback.
    added = np.asarray(network.J - sine_generator.RateNetwork.draw(n=40, g=0.8, key=_body()).J)
    _, size, right = np.linalg.svd(added)
    assert size[1] < 1e-9 * size[0]
    said = np.tanh(orbit.at(np.arange(256) / 256)) @ right[0]
    power = np.abs(np.fft.rfft(said))[1:] ** 2
    assert power[0] > 0.99 * power.sum()
    # The origin rests, and is left by turning.
    rest = ds.fixed_points(network, starts=jnp.zeros((1, 40)))
    assert rest.stability == ("saddle focus",)
    assert rest.unstable_dimension.tolist() == [2]


def _body() -> Any:
    return sine_generator.jax.random.split(sine_generator.jax.random.key(0), 3)[0]


@pytest.mark.slow
def test_the_network_is_called_a_limit_cycle():
    verdict = ds.regime_of(taught()).verdict
    assert verdict.regime == "limit cycle"
    assert verdict.confidence > 0.9
