"""Exponents over depth against linear networks and the mean field of random ones."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from dynascope._errors import RESULTS, ComputationFailed, InputError
from dynascope.analysis.learning import depth_exponents, input_sensitivity

RNG = np.random.default_rng(6)


class Layer(eqx.Module):
    """x -> W tanh(x) + b, a layer of the pre-activations."""

    weight: Any
    bias: Any

    def __call__(self, x: Any) -> Any:
        return self.weight @ jnp.tanh(x) + self.bias


class Matrix(eqx.Module):
    weight: Any

    def __call__(self, x: Any) -> Any:
        return self.weight @ x


def rotation(n: int) -> np.ndarray:
    return np.linalg.qr(RNG.normal(size=(n, n)))[0]


def test_orthogonal_linear_network_is_isometric() -> None:
    found = depth_exponents([Matrix(rotation(8)) for _ in range(60)], RNG.normal(size=(3, 8)))
    np.testing.assert_allclose(found.exponents, 0.0, atol=1e-14)
    np.testing.assert_allclose(found.log_mean_square, 0.0, atol=1e-12)
    np.testing.assert_allclose(found.spread, 0.0, atol=1e-12)
    np.testing.assert_allclose(found.gain, 1.0, atol=1e-12)
    assert "0 is dynamical isometry" in found.summary()


def test_deep_linear_network_keeps_its_smallest_directions() -> None:
    """Rates of two hundred equal layers are those of one, though e^-600 of the input is left in one direction."""
    scales = np.array([1.05, 0.9, 0.05])
    found = depth_exponents([Matrix(np.diag(scales))] * 200, np.ones((1, 3)))
    np.testing.assert_allclose(found.exponents, np.log(scales), atol=1e-12)
    np.testing.assert_allclose(found.gain, np.mean(scales**2), atol=1e-12)
    assert np.all(np.isinf(found.stderr))


def mean_field(weight: float, bias: float) -> tuple[float, float]:
    """Variance of the pre-activations and chi_1 = sigma_w^2 E[phi'(h)^2] of a wide tanh network, by quadrature."""
    z, w = np.polynomial.hermite_e.hermegauss(101)
    w = w / w.sum()
    q = 1.0
    for _ in range(2000):
        q = weight * float(w @ np.tanh(np.sqrt(q) * z) ** 2) + bias
    return q, weight * float(w @ (1 - np.tanh(np.sqrt(q) * z) ** 2) ** 2)


@pytest.mark.parametrize("chi", [1.0, 0.6])
def test_gain_of_a_random_tanh_network_is_chi(chi: float) -> None:
    """chi = 1 is the edge of chaos of Poole et al. (2016) and Schoenholz et al. (2017)."""
    n, depth, bias = 150, 24, 0.05
    weight = brentq(lambda s: mean_field(s, bias)[1] - chi, 0.3, 3.0)
    assert isinstance(weight, float)
    q, _ = mean_field(weight, bias)
    layers = [
        Layer(np.sqrt(weight / n) * RNG.normal(size=(n, n)), np.sqrt(bias) * RNG.normal(size=n)) for _ in range(depth)
    ]
    found = depth_exponents(layers, np.sqrt(q) * RNG.normal(size=(2, n)))
    error = found.gain.std(ddof=1) / np.sqrt(depth)
    assert error < 0.02
    assert found.gain.mean() == pytest.approx(chi, abs=3 * error)
    # The mean square of the whole product grows as chi to the depth, and Gaussian weights are far from isometric.
    assert found.log_mean_square[-1] / depth == pytest.approx(np.log(chi), abs=0.06)
    assert found.spread[-1] > depth / 4


def test_residual_blocks_and_changing_widths() -> None:
    a, b = RNG.normal(size=(4, 6)), RNG.normal(size=(5, 4))
    layers = [lambda x: a @ x, jnp.tanh, lambda x: x + 0.1 * jnp.sin(x), lambda x: b @ x]
    points = RNG.normal(size=(3, 6))
    found = depth_exponents(layers, points)
    assert found.widths.tolist() == [4, 4, 4, 5]

    def whole(x: Any) -> Any:
        for layer in layers:
            x = layer(x)
        return x

    for point, mine in zip(points, found.per_point, strict=True):
        values = np.linalg.svd(jax.jacfwd(whole)(point), compute_uv=False)[:4]
        np.testing.assert_allclose(mine[:4], np.log(values) / 4, atol=1e-12)
        assert np.all(np.isneginf(mine[4:]))
    assert "2 of 6 directions are wiped out" in found.summary()


def test_wrong_layers_are_explained() -> None:
    points = np.zeros((2, 3))
    with pytest.raises(InputError, match="got none"):
        depth_exponents([], points)
    with pytest.raises(InputError, match="a float at 1"):
        depth_exponents([jnp.tanh, 3.0], points)  # type: ignore[list-item]
    with pytest.raises(InputError, match="Layer 1"):
        depth_exponents([jnp.tanh, Matrix(np.eye(4))], points)
    with pytest.raises(InputError, match="for one"):
        depth_exponents([jnp.tanh], points[0])
    with pytest.raises(ComputationFailed, match="infinite"):
        depth_exponents([jnp.sqrt], points - 1)
    assert bool(depth_exponents([jnp.sqrt], points - 1, throw=False).result == RESULTS.nonfinite)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3)])
def test_sensitivity_is_the_largest_singular_value(shape: tuple[int, int]) -> None:
    matrix = RNG.normal(size=shape)
    found = input_sensitivity(lambda x: matrix @ x, np.zeros((4, shape[1])), depth=2)
    u, s, vt = np.linalg.svd(matrix)
    np.testing.assert_allclose(found.exponents, np.log(s[0]) / 2, atol=1e-12)
    np.testing.assert_allclose(np.abs(found.directions @ vt[0]), 1.0, atol=1e-12)
    np.testing.assert_allclose(found.gains, np.linalg.norm(s), atol=1e-12)
    assert f"{s[0]:.3g}" in found.summary()
    del u


def test_sensitivity_agrees_with_a_small_step() -> None:
    weight = RNG.normal(size=(3, 2))
    x = RNG.normal(size=2)

    def f(x: Any) -> Any:
        return jnp.tanh(weight @ x)

    found = input_sensitivity(f, x[None])
    step = 1e-6 * found.directions[0]
    stretch = np.linalg.norm(f(x + step) - f(x - step)) / 2e-6
    assert np.exp(found.exponents[0]) == pytest.approx(stretch, rel=1e-8)


def test_wrong_points_are_explained() -> None:
    with pytest.raises(InputError, match="points"):
        input_sensitivity(jnp.tanh, np.zeros(3))
    with pytest.raises(InputError, match="`depth`"):
        input_sensitivity(jnp.tanh, np.zeros((1, 3)), depth=0)
