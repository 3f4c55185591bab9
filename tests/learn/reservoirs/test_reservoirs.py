"""Echo-state networks: readouts by hand, a closed loop that has the attractor of Lorenz."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.learn.regression import ridge
from dynascope.learn.reservoirs import (
    AlternatingReadout,
    LinearReadout,
    SquaresReadout,
    echoes,
    fit_echo_state,
    predictions,
)
from dynascope.learn.reservoirs._abreast import abreast
from dynascope.learn.reservoirs._echoes import _by_rows, written
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


def long_drive(count: int) -> np.ndarray:
    """A smooth random walk on a circle, two channels."""
    angle = np.cumsum(np.random.default_rng(0).normal(size=count)) / 5
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)


def reservoir(radius: float, leak: float = 1.0) -> EchoState:
    key = jax.random.key(2)
    return EchoState.draw(n=40, inputs=2, spectral_radius=radius, bias=0.2, leak=leak, density=0.2, key=key)


@pytest.mark.parametrize("leak", [1.0, 0.7])
def test_long_drives_are_heard_at_many_places_at_once(leak: float) -> None:
    network, drive = reservoir(0.8, leak), long_drive(10_000)
    start = np.linspace(-0.9, 0.9, 40)
    kept = np.full((len(drive), 40), np.nan)
    assert abreast(network, drive, start, lambda states, places: written(kept, states, places))
    one_by_one = _by_rows(network, drive, start)
    np.testing.assert_allclose(kept, one_by_one, rtol=0, atol=2e-14)
    assert np.array_equal(echoes(network, drive, start), kept)


def test_what_does_not_forget_is_heard_in_turn() -> None:
    # Far beyond the unit circle the state goes on to depend on where it began.
    network, drive = reservoir(6.0), long_drive(5000)
    taken: list[int] = []
    assert not abreast(network, drive, np.zeros(40), lambda states, places: taken.append(places.size))
    assert not taken
    np.testing.assert_array_equal(echoes(network, drive), _by_rows(network, drive, np.zeros(40)))
    # Nor is a short drive cut.
    assert not abreast(reservoir(0.8), drive[:3000], np.zeros(40), lambda states, places: taken.append(places.size))


@pytest.mark.parametrize("count", [600, 6000])
def test_sums_and_predictions_are_those_of_all_states(count: int) -> None:
    network, data = reservoir(0.8), long_drive(count)
    for stretches in ([data], [data[: count // 3], data]):
        loop = fit_echo_state(network, stretches, readout=SquaresReadout(), penalty=1e-4, washout=50)
        parts = [(np.asarray(echoes(network, x[:-1]))[50:], x[51:]) for x in stretches]
        phi = np.concatenate([np.asarray(SquaresReadout().features(jnp.asarray(y))) for y, _ in parts])
        targets = np.concatenate([x for _, x in parts])
        expected = ridge(phi, targets, penalty=1e-4 * len(phi))
        np.testing.assert_allclose(loop.rule.weights, expected, rtol=0, atol=1e-7)
    said = predictions(loop, data)
    np.testing.assert_allclose(said, jax.vmap(lambda y: loop.rule(0, y))(echoes(network, data)), atol=1e-9)
    assert np.std(said[100:-1] - data[101:]) < 0.5 * np.std(data)
