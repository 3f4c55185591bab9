"""Echo-state networks: readouts by hand, a closed loop that has the attractor of Lorenz."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.learn.reservoirs import (
    AlternatingReadout,
    LinearReadout,
    SquaresReadout,
    echoes,
    fit_echo_state,
)
from dynascope.models.networks import EchoState


def test_features_of_readouts() -> None:
    y = jnp.array([2.0, 3.0, 4.0])
    assert LinearReadout().features(y).tolist() == [1, 2, 3, 4]
    assert SquaresReadout().features(y).tolist() == [1, 2, 3, 4, 4, 9, 16]
    assert AlternatingReadout().features(y).tolist() == [1, 2, 9, 4]
    assert LinearReadout(jnp.array([[1.0], [0.0], [2.0], [0.0]]))(0, y).tolist() == [7.0]


def test_echoes_are_steps() -> None:
    network = EchoState.draw(n=5, inputs=2, key=jax.random.key(0))
    drive = jax.random.normal(jax.random.key(1), (4, 2))
    y = network.initial_state()
    for u in drive:
        y = network.step(0, y, u)
    assert np.asarray(echoes(network, drive)[-1]) == pytest.approx(np.asarray(y))


def test_readout_is_that_of_the_regression() -> None:
    network = EchoState.draw(n=20, inputs=1, bias=0.5, key=jax.random.key(0))
    wave = np.sin(0.2 * np.arange(400))[:, None]
    loop = fit_echo_state(network, [wave], readout=LinearReadout(), penalty=1e-6, washout=50)
    states = echoes(network, jnp.asarray(wave[:-1]))[50:]
    phi = np.asarray(LinearReadout().features(states))
    normal = phi.T @ phi + 1e-6 * len(phi) * np.eye(phi.shape[1])
    assert normal @ np.asarray(loop.rule.weights) == pytest.approx(phi.T @ wave[51:], abs=1e-6)
    # Fed with itself it goes on with the wave, for two periods at least.
    run = ds.trajectory(loop, states[-1], np.arange(60))
    shown = np.asarray(jax.vmap(lambda y: loop.rule(0, y))(jnp.asarray(run.ys)))[:, 0]
    assert np.abs(shown - np.sin(0.2 * (399 + np.arange(60)))).max() < 0.05


def test_closed_loop_has_the_exponent_of_lorenz() -> None:
    run = ds.trajectory(ds.build("lorenz"), None, np.arange(0.0, 180.0, 0.02))
    x = np.asarray(run.ys)[1000:]
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    network = EchoState.draw(n=300, inputs=3, spectral_radius=0.4, input_scale=0.3, bias=0.3, key=jax.random.key(0))
    loop = fit_echo_state(network, [z], penalty=1e-6)
    start = echoes(network, jnp.asarray(z[-200:]))[-1]
    found = ds.lyapunov_spectrum(loop, k=2, y0=start, transient=500, duration=15_000)
    exponents, errors = np.asarray(found.exponents) / 0.02, np.asarray(found.stderr) / 0.02
    # The true exponents are 0.906 and 0.
    assert abs(exponents[0] - 0.906) < 0.05
    assert abs(exponents[1]) < 0.03 + 3 * errors[1]


def test_noise_is_drawn_from_the_key() -> None:
    network = EchoState.draw(n=10, inputs=1, key=jax.random.key(0))
    wave = np.sin(0.2 * np.arange(300))[:, None]
    a, b, c = (fit_echo_state(network, [wave], noise=0.1, key=jax.random.key(k)).rule.weights for k in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.allclose(a, c)
    with pytest.raises(ds.InputError, match="needs a `key`"):
        fit_echo_state(network, [wave], noise=0.1)


def test_bad_input() -> None:
    network = EchoState.draw(n=10, inputs=1, key=jax.random.key(0))
    with pytest.raises(ds.InputError, match="takes 1 inputs"):
        fit_echo_state(network, [np.ones((300, 2))])
    with pytest.raises(ds.InputError, match="longer than the washout"):
        fit_echo_state(network, [np.ones((50, 1))])


@pytest.mark.parametrize("leak", [1.0, 0.3])
def test_sparse_reservoirs_step_alike_compiled_or_not(leak: float) -> None:
    network = EchoState.draw(n=30, inputs=2, bias=0.2, leak=leak, density=0.1, key=jax.random.key(0))
    drive = jax.random.normal(jax.random.key(1), (40, 2))
    compiled = jax.jit(lambda d: echoes(network, d))(drive)
    found = echoes(network, drive)
    np.testing.assert_allclose(found, compiled, rtol=0, atol=1e-13)
    np.testing.assert_allclose(echoes(network, drive[20:], found[19]), compiled[20:], rtol=0, atol=1e-13)
    # Traced where a derivative is asked for.
    slope = jax.grad(lambda s: jnp.sum(echoes(network.replace(spectral_radius=s), drive)))(0.9)
    h = 1e-5
    up, down = (jnp.sum(echoes(network.replace(spectral_radius=0.9 + d), drive)) for d in (h, -h))
    assert float(slope) == pytest.approx(float(up - down) / (2 * h), rel=1e-5)
