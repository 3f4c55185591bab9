"""Gradients through time against closed forms and automatic differentiation of the whole run."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope._errors import ComputationFailed, InputError
from dynascope.analysis.learning import gradient_health
from dynascope.models.artificial import GRU, RNN, RecurrentLayer
from dynascope.models.canonical import LinearMap

RNG = np.random.default_rng(4)
TURN = np.linalg.qr(RNG.normal(size=(5, 5)))[0]
NOTHING = np.zeros((2, 140, 0))


def test_orthogonal_network_keeps_every_gradient() -> None:
    found = gradient_health(LinearMap(TURN), NOTHING, lags=100)
    np.testing.assert_allclose(found.log_singular_values, 0.0, atol=1e-12)
    np.testing.assert_allclose(found.participation, 5.0, atol=1e-10)
    assert math.isinf(found.vanishing_horizon)
    assert math.isinf(found.exploding_horizon)
    assert "neither vanish nor explode within 100 steps" in found.summary()


def test_scaled_down_it_loses_them_at_the_expected_lag() -> None:
    found = gradient_health(LinearMap(0.9 * TURN), NOTHING, lags=100)
    np.testing.assert_allclose(found.log_singular_values, found.lags[:, None] * np.log(0.9) * np.ones(5), atol=1e-12)
    assert found.vanishing_horizon == pytest.approx(math.log(1e-3) / math.log(0.9), abs=1e-9)
    assert found.largest_exponent == pytest.approx(math.log(0.9), abs=1e-12)
    assert found.summary().startswith("Gradients vanish (below 0.001) after 66 steps")


def test_scaled_up_they_explode() -> None:
    found = gradient_health(LinearMap(1.1 * TURN), NOTHING, lags=[50, 100], explode=100.0)
    assert found.exploding_horizon == pytest.approx(math.log(100) / math.log(1.1), abs=1e-9)
    assert found.lags.tolist() == [50, 100]


def test_tanh_network_at_rest_has_the_powers_of_its_weights() -> None:
    weight = 0.8 * RNG.normal(size=(4, 4)) / 2
    layer = RecurrentLayer(np.zeros((4, 1)), weight, np.zeros(4), np.zeros(4))
    found = gradient_health(RNN((layer,)), np.zeros((2, 40, 1)), lags=range(1, 13), transient=3)
    power = np.eye(4)
    for row, mean in zip(found.log_singular_values, found.log_gradient[1:], strict=False):
        power = weight @ power
        values = np.linalg.svd(power, compute_uv=False)
        np.testing.assert_allclose(row, np.log(values), atol=1e-7)
        assert mean == pytest.approx(0.5 * math.log(np.mean(values**2)), abs=1e-12)


def test_gradient_of_a_loss_is_that_of_the_whole_run() -> None:
    """By reverse mode through every step after t - lag; and no gradient exceeds the largest singular value."""
    network: Any = GRU.draw(n=4, inputs=2, bias=0.2, key=jax.random.key(1))
    drive = RNG.normal(size=(1, 30, 2))

    def loss(y: Any) -> Any:
        return jnp.sum(jnp.sin(3 * y)) + y[0] ** 2

    found = gradient_health(network, drive, lags=20, loss=loss, transient=0)

    @jax.jit
    def states(y: Any) -> Any:
        return jax.lax.scan(lambda y, u: (network.step(0, y, u),) * 2, y, drive[0])[1]

    ys = states(network.initial_state())

    def rest(y: Any, lag: int) -> Any:
        for u in drive[0, 30 - lag :]:
            y = network.step(0, y, u)
        return loss(y)

    start = np.linalg.norm(jax.grad(loss)(ys[-1]))
    for lag in (1, 2, 7, 20):
        exact = np.linalg.norm(jax.grad(rest)(ys[-1 - lag], lag)) / start
        assert found.log_gradient[lag] == pytest.approx(math.log(exact), abs=1e-10)
    assert np.all(found.log_gradient[found.lags] <= found.log_singular_values[:, 0] + 1e-9)


def test_several_ends_average_windows_of_the_run() -> None:
    network: Any = GRU.draw(n=3, inputs=2, key=jax.random.key(1))
    drive = RNG.normal(size=(1, 50, 2))
    both = gradient_health(network, drive, lags=[10], ends=2, transient=10)
    parts = [gradient_health(network, drive[:, :n], lags=[10], transient=10) for n in (35, 50)]
    expected = np.mean([p.log_singular_values for p in parts], axis=0)
    np.testing.assert_allclose(both.log_singular_values, expected, atol=1e-9)


def test_lengths_may_differ_and_gradients_follow_the_exponent() -> None:
    network = GRU.draw(n=6, inputs=2, key=jax.random.key(2))
    drive = [RNG.normal(size=(n, 2)) for n in (120, 150, 180, 140)]
    found = gradient_health(network, drive, lags=90)
    rate = (found.log_singular_values[-1, 0] - found.log_singular_values[-8, 0]) / (found.lags[-1] - found.lags[-8])
    assert rate == pytest.approx(found.largest_exponent, rel=0.1)
    assert 0 < found.vanishing_stderr < 5
    assert "vanish" in found.summary()
    assert np.all((found.participation >= 1) & (found.participation <= 6))


def test_rectified_units_that_are_off_lose_their_directions() -> None:
    layer = RecurrentLayer(np.zeros((3, 1)), np.eye(3), np.array([1.0, 1.0, -1e6]), np.zeros(3))
    found = gradient_health(RNN((layer,), nonlinearity="relu"), np.zeros((2, 30, 1)), lags=10)
    np.testing.assert_allclose(found.log_singular_values[:, :2], 0.0, atol=1e-12)
    assert np.all(np.isneginf(found.log_singular_values[:, 2]))


def test_wrong_input_is_explained() -> None:
    with pytest.raises(InputError, match="`lags`"):
        gradient_health(LinearMap(TURN), NOTHING, lags=200)
    with pytest.raises(InputError, match="`vanish`"):
        gradient_health(LinearMap(TURN), NOTHING, vanish=2.0)
    with pytest.raises(InputError, match="`ends`"):
        gradient_health(LinearMap(TURN), NOTHING, ends=0)
    with pytest.raises(ComputationFailed, match="infinite"):
        gradient_health(LinearMap(1e300 * TURN), NOTHING, lags=4)
