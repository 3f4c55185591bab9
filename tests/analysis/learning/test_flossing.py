"""The loss that pushes exponents: its slope, and what it does to gradients."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope.analysis.learning import flossing_loss, gradient_health, sequence_exponents
from dynascope.models.artificial import LSTM, RNN

DRIVE = 0.3 * np.random.default_rng(2).normal(size=(3, 40, 1))


@pytest.mark.parametrize("every", [1, 4])
def test_slope_is_that_of_finite_differences(every: int) -> None:
    network: Any = RNN.draw(n=4, gain=1.2, bias=0.1, key=jax.random.key(0))

    def loss(weight: Any) -> Any:
        changed = eqx.tree_at(lambda n: n.layers[0].weight_hh, network, weight)
        return flossing_loss(changed, DRIVE, k=3, target=jnp.array([0.0, -0.1, -0.2]), every=every)

    weight = network.layers[0].weight_hh
    slope = jax.jit(jax.grad(loss))(weight)
    compiled = jax.jit(loss)
    h = 2e-4
    for i in range(4):
        e = jnp.zeros((4, 4)).at[i, (i + 1) % 4].set(h)
        near, far = (compiled(weight + m * e) - compiled(weight - m * e) for m in (1, 2))
        measured = (8 * near - far) / (12 * h)
        assert float(slope[i, (i + 1) % 4]) == pytest.approx(float(measured), rel=1e-6, abs=1e-6)


def test_loss_is_the_mean_square_distance() -> None:
    network = LSTM.draw(n=2, key=jax.random.key(1))
    found = sequence_exponents(network, DRIVE, k=2)
    expected = np.mean(np.sum((np.asarray(found) + 0.5) ** 2, axis=1))
    assert float(flossing_loss(network, DRIVE, k=2, target=-0.5)) == pytest.approx(expected, abs=1e-14)


def test_flossing_moves_exponents_to_zero_and_gradients_reach_further() -> None:
    optax = pytest.importorskip("optax")
    network: Any = RNN.draw(n=8, gain=0.6, key=jax.random.key(3))
    optimiser = optax.adam(0.02)
    trained = eqx.filter(network, eqx.is_inexact_array)
    state = optimiser.init(trained)

    @eqx.filter_jit
    def improve(network: Any, state: Any) -> Any:
        value, slope = eqx.filter_value_and_grad(flossing_loss)(network, DRIVE, k=4, transient=5)
        change, state = optimiser.update(slope, state)
        return eqx.apply_updates(network, change), state, value

    losses = []
    flossed = network
    for _ in range(120):
        flossed, state, value = improve(flossed, state)
        losses.append(float(value))
    assert losses[-1] < 1e-2 * losses[0]
    after = np.asarray(sequence_exponents(flossed, DRIVE, k=4, transient=5))
    assert np.all(np.abs(after.mean(axis=0)) < 0.03)
    before, now = (gradient_health(n, DRIVE, lags=30, transient=5) for n in (network, flossed))
    assert before.vanishing_horizon < 16
    assert now.vanishing_horizon > 2 * before.vanishing_horizon
    assert now.participation[-1] > before.participation[-1]
