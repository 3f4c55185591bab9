"""Echo-state networks: what they forget, at which rate, and a reservoir that runs by itself."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.models import EchoState, Lorenz, facts
from dynascope.solve import RK4
from dynascope.systems import DenseConnectivity, Recorded, SparseConnectivity, closed_loop


def noise(steps: int, channels: int = 1, *, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.random.default_rng(5).uniform(-1.0, 1.0, (steps, channels))


def play(network: EchoState, start: jax.Array, signal: Any) -> np.ndarray:
    """The state after each entry of `signal`."""

    def one(x: jax.Array, u: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = network.step(0, x, u)
        return x, x

    return np.asarray(jax.jit(lambda x, u: jax.lax.scan(one, x, u)[1])(start, jnp.asarray(signal)))


@pytest.mark.parametrize("density", [1.0, 0.1])
def test_draw_scales_to_the_spectral_radius_and_keeps_its_draw(density: float) -> None:
    networks = [
        EchoState.draw(
            n=80, inputs=2, input_scale=0.3, bias=0.2, density=density, spectral_radius=r, key=jax.random.key(1)
        )
        for r in (0.9, 1.4)
    ]
    W = np.asarray(networks[0].W.dense())
    assert isinstance(networks[0].W, DenseConnectivity if density == 1.0 else SparseConnectivity)
    assert np.max(np.abs(np.linalg.eigvals(W))) == pytest.approx(1.0, abs=1e-10)
    assert np.mean(W != 0) == pytest.approx(density, abs=1e-3)
    np.testing.assert_array_equal(W, networks[1].W.dense())
    assert 0.25 < float(jnp.max(jnp.abs(networks[0].W_in))) <= 0.3
    x, u = networks[0].region().sample(jax.random.key(2), 1)[0], jnp.array([0.4, -0.7])
    wanted = np.tanh(0.9 * W @ x + networks[0].W_in @ u + networks[0].bias)
    np.testing.assert_allclose(networks[0].step(0, x, u), wanted, atol=1e-12)
    slow = networks[0].replace(leak=0.3)
    np.testing.assert_allclose(slow.step(0, x, u), 0.7 * x + 0.3 * wanted, atol=1e-12)


@pytest.mark.parametrize(("radius", "leak"), [(0.9, 1.0), (0.9, 0.3), (1.3, 0.5)])
def test_exponents_of_rest_are_the_logarithms_of_the_eigenvalues(radius: float, leak: float) -> None:
    network = EchoState.draw(n=12, inputs=0, spectral_radius=radius, leak=leak, key=jax.random.key(4))
    linear = (1.0 - leak) * np.eye(12) + leak * radius * np.asarray(network.W.dense())
    wanted = np.sort(np.log(np.abs(np.linalg.eigvals(linear))))[::-1]
    found = ds.lyapunov_spectrum(network, y0=jnp.zeros(12), transient=500, duration=4000)
    np.testing.assert_allclose(found.exponents, wanted, atol=4e-3)
    np.testing.assert_allclose(found.exponents.sum(), np.log(abs(np.linalg.det(linear))), atol=1e-9)
    if leak == 1.0:
        assert facts("echo-state")["largest_exponent_of_rest"].agrees(found.exponents[0])


def test_input_is_echoed_at_the_rate_of_the_conditional_exponent() -> None:
    network = EchoState.draw(n=60, spectral_radius=0.9, input_scale=0.5, key=jax.random.key(2))
    # Longer than what is asked for: a run is made up to whole blocks.
    signal = noise(12_000)
    found = ds.lyapunov_spectrum(network, k=1, inputs=Recorded(jnp.asarray(signal)), transient=500, duration=5000)
    rate = float(found.exponents[0])
    # The slopes of tanh are below 1: driven networks forget faster than at rest, never slower than the norm allows.
    assert rate < np.log(0.9)
    assert rate <= np.log(0.9 * np.linalg.norm(np.asarray(network.W.dense()), 2))
    # Two states a little apart come together at that rate, on average over pieces of the same input.
    visited = play(network, jnp.zeros(60), signal)
    where = np.arange(500, 5900, 100)
    pieces = jnp.asarray(np.stack([signal[i + 1 : i + 101] for i in where]))

    @jax.jit
    @jax.vmap
    def apart(x: jax.Array, piece: jax.Array) -> jax.Array:
        other = x + 1e-3 * jax.random.normal(jax.random.key(0), (60,))
        both, _ = jax.lax.scan(
            lambda y, u: (jax.vmap(lambda x: network.step(0, x, u))(y), None), jnp.stack([x, other]), piece[:40]
        )
        later, _ = jax.lax.scan(lambda y, u: (jax.vmap(lambda x: network.step(0, x, u))(y), None), both, piece[40:])
        return jnp.log(jnp.linalg.norm(later[1] - later[0]) / jnp.linalg.norm(both[1] - both[0])) / 60

    rates = np.asarray(apart(jnp.asarray(visited[where]), pieces))
    assert abs(np.mean(rates) - rate) < 3 * np.std(rates) / np.sqrt(len(rates)) + 0.01


def test_norm_below_one_contracts_every_step() -> None:
    network = EchoState.draw(n=40, leak=0.6, key=jax.random.key(3))
    sigma = np.linalg.norm(np.asarray(network.W.dense()), 2)
    network = network.replace(spectral_radius=0.95 / sigma)
    signal = noise(50, amplitude=2.0)
    distance = np.linalg.norm(play(network, jnp.ones(40), signal) - play(network, -jnp.ones(40), signal), axis=1)
    assert np.all(distance[1:] <= (0.4 + 0.6 * 0.95) * distance[:-1])


def test_chaos_of_a_large_radius_is_silenced_by_strong_input() -> None:
    network = EchoState.draw(n=100, spectral_radius=3.0, key=jax.random.key(0))
    start = 0.1 * jax.random.normal(jax.random.key(1), (100,))
    free = ds.lyapunov_spectrum(network, k=1, y0=start, transient=500, duration=3000)
    loud = Recorded(jnp.asarray(noise(4000, amplitude=20.0)))
    driven = ds.lyapunov_spectrum(network, k=1, y0=start, inputs=loud, transient=500, duration=3000)
    assert free.exponents[0] > 0.02
    assert driven.exponents[0] < -0.1


def test_readout_is_shown_and_closes_the_loop_on_lorenz() -> None:
    # A reservoir of 300 units learns the flow of Lorenz by ridge regression and then runs by itself.
    dt, learned = 0.02, 4000
    run = ds.trajectory(Lorenz(), None, jnp.arange(learned + 600) * dt + 0.0, solver=RK4(0.002))
    data = np.asarray(run.ys[100:])
    data = (data - data.mean(0)) / data.std(0)
    network = EchoState.draw(
        n=300, inputs=3, outputs=3, spectral_radius=0.6, input_scale=0.3, bias=0.5, density=0.05, key=jax.random.key(7)
    )
    states = play(network, network.initial_state(), data[:learned])
    X, Y = states[200:-1], data[201:learned]
    readout = np.linalg.solve(X.T @ X + 1e-8 * np.eye(300), X.T @ Y).T
    trained = network.replace(readout=readout)
    np.testing.assert_allclose(trained.observe(0, jnp.asarray(states[-1]), None), readout @ states[-1], rtol=1e-12)
    alone = closed_loop(trained, lambda n, x: trained.readout @ x)
    predicted = ds.trajectory(alone, jnp.asarray(states[-1]), jnp.arange(300))
    error = np.linalg.norm(np.asarray(predicted.ys) @ readout.T - data[learned : learned + 300], axis=1) / np.sqrt(3)
    valid = int(np.argmax(error > 0.4)) if np.any(error > 0.4) else 300
    # Lyapunov times of 1 / 0.9056.
    assert valid * dt * 0.9056 >= 4.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EchoState.draw(n=10, density=0.0, key=jax.random.key(0)), "`density` must be above 0"),
        (lambda: EchoState.draw(n=10, density=0.01, key=jax.random.key(0)), "No cycle connects the 10 units"),
        (lambda: EchoState(jnp.eye(3), jnp.ones((2, 1)), jnp.ones(3), jnp.ones((0, 3))), "network of 3 units needs"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
