"""Maps by scan, with and without noise."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import dynascope as ds
from dynascope.models.artificial import RNN


def test_henon_equals_a_plain_loop() -> None:
    x, y, expected = 0.1, 0.2, []
    for _ in range(30):
        expected.append((x, y))
        x, y = 1 - 1.4 * x * x + y, 0.3 * x
    run = ds.trajectory(ds.build("henon"), [0.1, 0.2], np.arange(30))
    np.testing.assert_allclose(run.ys, expected, rtol=1e-9)
    np.testing.assert_allclose(ds.trajectory(ds.build("henon"), [0.1, 0.2], [0, 7, 8, 29]).ys, run.ys[[0, 7, 8, 29]])


def test_step_number_reaches_the_rule() -> None:
    counter = ds.iterated(lambda n, y, p: y + n, [0.0])
    np.testing.assert_array_equal(ds.trajectory(counter, None, np.arange(3, 8)).ys[:, 0], [0, 3, 7, 12, 18])
    np.testing.assert_array_equal(ds.trajectory(counter, None, [3, 5, 7]).ys[:, 0], [0, 7, 18])


def test_noise_is_counted_by_the_step_number() -> None:
    class Walk(ds.AbstractRandomMap):
        def initial_state(self) -> Any:
            return jnp.zeros(1)

        def draw(self, key: Any, n: Any) -> Any:
            return jax.random.normal(key, (1,))

        def step(self, n: Any, y: Any, u: Any, w: Any) -> Any:
            return y + w

    key = jax.random.key(4)
    whole = ds.trajectory(Walk(), None, np.arange(2001), key=key).ys[:, 0]
    assert np.std(np.diff(whole)) == pytest.approx(1, abs=4 / np.sqrt(4000))
    later = ds.trajectory(Walk(), None, np.arange(500, 2001), key=key).ys[:, 0]
    np.testing.assert_allclose(later, whole[500:] - whole[500], atol=1e-12)
    strided = ds.trajectory(Walk(), None, np.arange(0, 2001, 100), key=key).ys[:, 0]
    np.testing.assert_allclose(strided, whole[::100], atol=1e-12)


def test_divergence_is_a_code() -> None:
    run = ds.trajectory(ds.build("logistic"), [-1.0], np.arange(200), throw=False)
    assert run.result == ds.RESULTS.nonfinite
    assert 5 < len(run.ts) < 30
    with pytest.raises(ds.ComputationFailed, match="diverges"):
        ds.trajectory(ds.build("logistic"), [-1.0], np.arange(200))


def test_gradient_through_steps() -> None:
    def end(r: Any) -> Any:
        return ds.trajectory(ds.build("logistic").replace(r=r), [0.3], np.arange(0, 9, 2)).ys[-1, 0]

    step = 1e-6
    assert float(jax.grad(end)(3.2)) == pytest.approx((end(3.2 + step) - end(3.2 - step)) / (2 * step), rel=1e-5)


def test_inputs_are_taken_at_their_step() -> None:
    cell = RNN.example()
    channels = cell.input_size() or 0
    signal = ds.systems.Recorded(np.random.default_rng(0).normal(size=(6, channels)), hold=True)
    run = ds.trajectory(cell, None, np.arange(7), inputs=signal)
    y = cell.initial_state()
    for n in range(6):
        y = cell.step(n, y, signal.values[n])
    np.testing.assert_allclose(run.flat[-1], ravel_pytree(y)[0], rtol=1e-12)
