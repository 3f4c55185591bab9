"""Noisy flows against theory: moments, and strong order along one path of the noise."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.solve import Diffrax, EulerHeun, EulerMaruyama
from dynascope.systems import noisy
from tests.solve.known import Geometric, rotation

PATHS = 400


def test_moments_of_ornstein_uhlenbeck() -> None:
    process = ds.build("ornstein-uhlenbeck").replace(theta=2.0, mu=0.5, sigma=0.7)
    count, t = 4000, 1.0
    keys = jax.random.split(jax.random.key(1), count)
    run = jax.vmap(lambda k: ds.trajectory(process, [3.0], [0.0, t], key=k, solver=EulerMaruyama(0.002)).ys[-1, 0])
    ends = np.asarray(run(keys))
    mean = 0.5 + 2.5 * np.exp(-2.0 * t)
    variance = 0.49 / 4 * (1 - np.exp(-4.0 * t))
    assert abs(ends.mean() - mean) < 4 * np.sqrt(variance / count) + 0.01
    assert abs(ends.var() - variance) < 4 * variance * np.sqrt(2 / count) + 0.002


def strong_order(system: Any, solver: Any, exact: Any) -> float:
    """Slope of the mean error at t = 1 against the step; `exact(w)` solves it for noise that ends at w."""
    counts = np.array([8, 32, 128])
    errors = []
    for count in counts:

        def end(key: Any, count: int = int(count)) -> Any:
            shocks = jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (1,)))(jnp.arange(count))
            run = ds.trajectory(system, None, [0.0, 1.0], key=key, solver=solver(1.0 / count))
            return run.ys[-1, 0] - exact(jnp.sum(shocks) / np.sqrt(count))

        errors.append(float(jnp.mean(jnp.abs(jax.vmap(end)(jax.random.split(jax.random.key(5), PATHS))))))
    assert errors[-1] < 0.01
    return float(np.polyfit(np.log(1.0 / counts), np.log(errors), 1)[0])


class Averaging(ds.AbstractSDE):
    """dx = (1 - x) / (1 + t) dt + dW / (1 + t): additive noise, x(t) = (x(0) + t + W(t)) / (1 + t)."""

    interpretation = "ito"

    def initial_state(self) -> Any:
        return jnp.array([3.0])

    def vector_field(self, t: Any, y: Any, u: Any) -> Any:
        return (1 - y) / (1 + t)

    def diffusion(self, t: Any, y: Any, u: Any) -> Any:
        return jnp.ones(1) / (1 + t)


def test_strong_order_of_euler_maruyama_for_additive_noise() -> None:
    assert strong_order(Averaging(), EulerMaruyama, lambda w: (4 + w) / 2) == pytest.approx(1.0, abs=0.1)


def test_strong_order_of_euler_heun_for_multiplicative_noise() -> None:
    assert strong_order(Geometric(), EulerHeun, lambda w: jnp.exp(0.5 + 0.4 * w)) == pytest.approx(1.0, abs=0.1)


def test_same_key_same_path_other_key_other_path() -> None:
    process = ds.build("ornstein-uhlenbeck")
    ts = np.linspace(0.0, 1.0, 11)
    runs = [ds.trajectory(process, None, ts, key=jax.random.key(i)).ys for i in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.all(runs[0][1:] != runs[2][1:])


def test_noise_of_components_is_independent_and_scaled() -> None:
    system = noisy(ds.flow(lambda t, y, p: 0 * y, [0.0, 0.0]), [1.0, 2.0])
    ys = ds.trajectory(system, None, np.arange(4001.0), key=jax.random.key(0), solver=EulerMaruyama(1.0)).ys
    cov = np.cov(np.diff(ys, axis=0).T)
    np.testing.assert_allclose(cov, [[1, 0], [0, 4]], atol=4 * 4 * np.sqrt(2 / 4000))


def test_noise_matrix_mixes_sources() -> None:
    class Mixed(ds.AbstractSDE):
        interpretation = "ito"

        def initial_state(self) -> Any:
            return jnp.zeros(2)

        def vector_field(self, t: Any, y: Any, u: Any) -> Any:
            return 0 * y

        def diffusion(self, t: Any, y: Any, u: Any) -> Any:
            return jnp.array([[1.0], [-3.0]])

    ys = ds.trajectory(Mixed(), None, np.arange(5.0), key=jax.random.key(0), solver=EulerMaruyama(1.0)).ys
    assert np.all(ys[1:, 0] != 0)
    np.testing.assert_allclose(ys[:, 1], -3 * ys[:, 0])


def test_without_noise_it_is_euler() -> None:
    quiet = ds.trajectory(noisy(rotation(), 0.0), None, [0.0, 1.0], key=jax.random.key(0), solver=EulerMaruyama(0.01))
    plain = ds.trajectory(rotation(), None, [0.0, 1.0], solver=ds.solve.Euler(0.01))
    np.testing.assert_allclose(quiet.ys, plain.ys, rtol=1e-12)


def test_wrong_calculus_is_refused() -> None:
    with pytest.raises(ds.InputError, match="is for ito noise, but `Geometric` declares stratonovich"):
        ds.trajectory(Geometric(), None, [0.0, 1.0], key=jax.random.key(0), solver=EulerMaruyama(0.1))


def test_noise_through_diffrax() -> None:
    import diffrax

    solver = Diffrax(diffrax.EulerHeun(), dt=1 / 64)
    keys = jax.random.split(jax.random.key(2), 300)
    ends = jax.vmap(lambda k: ds.trajectory(Geometric(), None, [0.0, 1.0], key=k, solver=solver).ys[-1, 0])(keys)
    logs = np.log(np.asarray(ends))
    assert abs(logs.mean() - 0.5) < 4 * 0.4 / np.sqrt(300)
    assert abs(logs.std() - 0.4) < 4 * 0.4 / np.sqrt(600)
