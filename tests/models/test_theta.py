"""Theta rhythms: place cells that precess by interference, and gamma nested in theta."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import butter, hilbert, sosfiltfilt

import dynascope as ds
from dynascope.analysis.spikes import phase_amplitude_coupling, phase_precession
from dynascope.models.networks import OscillatoryInterference
from dynascope.models.populations import NestedOscillation
from dynascope.systems import Noise, Sine

LENGTH, THETA = 0.4, 8.0


@pytest.fixture(scope="module")
def run() -> Any:
    """Two cells while the animal runs at a speed that changes by half of itself."""
    cells = OscillatoryInterference(np.array([0.1, 0.3]), THETA, LENGTH)
    ts = 0.002 * np.arange(12001)
    signal = Sine(amplitude=0.1, period=2.0, offset=0.2)
    return cells, ts, np.asarray(ds.trajectory(cells, None, ts, inputs=signal).ys)


def way(ts: np.ndarray) -> np.ndarray:
    """The integral of 0.2 + 0.1 sin(2 pi 0.5 t)."""
    return 0.2 * ts + 0.1 * (1 - np.cos(np.pi * ts)) / np.pi


def test_advance_measures_the_way_whatever_the_speed(run):
    cells, ts, ys = run
    ahead = np.asarray(jax.vmap(cells.advance)(ys))
    expected = 2 * np.pi * (way(ts)[:, None] - np.asarray(cells.offsets)) / LENGTH
    np.testing.assert_allclose(np.exp(1j * ahead), np.exp(1j * expected), atol=1e-6)


def test_spikes_precess_by_a_cycle_for_each_length(run):
    cells, ts, ys = run
    drive = np.asarray(jax.vmap(cells.drive)(ys))
    rng = np.random.default_rng(0)
    for cell, centre in enumerate(np.asarray(cells.offsets)):
        fired = rng.random(ts.size) < 0.2 * drive[:, cell] ** 2
        # Place within the field that is passed, from -L/2 to L/2.
        place = (way(ts)[fired] - centre + LENGTH / 2) % LENGTH - LENGTH / 2
        found = phase_precession(place, ys[fired, 0])
        assert abs(found.slope + 2 * np.pi / LENGTH) < 4 * found.slope_stderr
        assert found.slope_stderr < 0.1 * 2 * np.pi / LENGTH
        assert found.correlation < -0.5
        # Fields lie where the rhythms agree.
        assert abs(np.mean(place)) < 0.01


def test_at_rest_nothing_precesses():
    cells = OscillatoryInterference.example(n=3)
    run = ds.trajectory(cells, None, np.linspace(0.0, 2.0, 50))
    ahead = np.exp(1j * np.asarray(jax.vmap(cells.advance)(run.ys)))
    np.testing.assert_allclose(ahead, np.broadcast_to(ahead[0], ahead.shape), atol=1e-9)


def nested(k: float, waver: float, duration: float) -> np.ndarray:
    """States every millisecond, once settled, with a frequency of theta that wavers by `waver` Hz."""
    ts = np.concatenate([[0.0], 1.0 + 0.001 * np.arange(round(1000 * duration) + 1)])
    signal = Noise(jax.random.key(0), std=waver, dt=0.05)
    return np.asarray(ds.trajectory(NestedOscillation(k=k), None, ts, inputs=signal, solver=ds.solve.RK4(0.0005)).ys)[
        1:
    ]


def test_amplitude_is_that_of_the_bernoulli_equation():
    ys = nested(0.8, 0.0, 2.0)
    phase, size = np.arctan2(ys[:, 1], ys[:, 0]), np.hypot(ys[:, 2], ys[:, 3])
    np.testing.assert_allclose(size, NestedOscillation(k=0.8).amplitude(jnp.asarray(phase)), rtol=1e-4)
    # Amplitudes that settle at once follow the slow rhythm without delay.
    fast = NestedOscillation(k=0.8, alpha=1e5)
    angle = jnp.linspace(0.0, 6.0, 7)
    np.testing.assert_allclose(fast.amplitude(angle), np.sqrt(1 + 0.8 * np.cos(angle)), rtol=0.01)


def band(x: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.asarray(hilbert(sosfiltfilt(butter(3, [low, high], "band", fs=1000.0, output="sos"), x)))[500:-500]


def test_coupling_is_detected_in_the_sum_of_both_and_only_there():
    rng = np.random.default_rng(0)
    found = {}
    # Theta must waver: against a strictly periodic one a shifted amplitude is coupled as much as ever.
    for k in (0.8, 0.0):
        ys = nested(k, 2.0, 30.0)
        x = ys[:, 0] + ys[:, 2] + 0.3 * rng.standard_normal(len(ys))
        slow, fast = band(x, 5.0, 11.0), band(x, 35.0, 85.0)
        found[k] = phase_amplitude_coupling(np.angle(slow), np.abs(fast), surrogates=100)
    exact = np.asarray(NestedOscillation(k=0.8).amplitude(jnp.asarray(2 * np.pi * (np.arange(18) + 0.5) / 18)))
    share = exact / exact.sum()
    index = 1 + np.sum(share * np.log(share)) / np.log(18)
    assert found[0.8].modulation_index == pytest.approx(index, rel=0.25)
    assert found[0.8].modulation_index > 5 * found[0.8].chance
    assert found[0.8].pvalue < 0.02
    assert found[0.0].modulation_index < 0.05 * index
    # Gamma is largest a little after the crest of theta, by the time that amplitudes need.
    late = np.angle(np.sum(exact * np.exp(1j * 2 * np.pi * (np.arange(18) + 0.5) / 18)))
    assert found[0.8].preferred == pytest.approx(late, abs=0.1)
    assert 0 < late < 1
