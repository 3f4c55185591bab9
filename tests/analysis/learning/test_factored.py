"""Long products against arithmetic with two hundred digits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope.analysis.learning._factored import (
    extended,
    identity,
    log_mean_square,
    log_singular_values,
    participation,
)

RNG = np.random.default_rng(0)
GRADED = np.diag(np.exp(-np.arange(6.0)))


def rotation(n: int) -> np.ndarray:
    return np.linalg.qr(RNG.normal(size=(n, n)))[0]


CHAINS = {
    "gaussian": [RNG.normal(size=(6, 6)) / np.sqrt(6) for _ in range(40)],
    "graded": [GRADED @ rotation(6) for _ in range(40)],
    "exploding": [300 * RNG.normal(size=(6, 6)) for _ in range(130)],
    "orthogonal": [rotation(6) for _ in range(40)],
    "singular": [np.diag([1.0, 1, 0, 0, 1, 1]) @ RNG.normal(size=(6, 6)) for _ in range(30)],
    "widths": [RNG.normal(size=shape) for shape in ((4, 6), (7, 4), (5, 7))],
}


@pytest.mark.parametrize("name", CHAINS)
def test_singular_values_of_a_product(name: str) -> None:
    mpmath = pytest.importorskip("mpmath")
    step = jax.jit(lambda p, j: extended(p, j @ p.q))
    product = identity(6, jnp.float64)
    with mpmath.workdps(200):
        exact = mpmath.eye(6)
        for jacobian in CHAINS[name]:
            product = step(product, jnp.asarray(jacobian))
            exact = mpmath.matrix(jacobian.tolist()) * exact
        values = [x for x in mpmath.svd_r(exact, compute_uv=False) if x > mpmath.mpf(10) ** -150]
        expected = np.array([float(mpmath.log(x)) for x in values])
        square = float(mpmath.log(sum(x * x for x in values) / 6))
    found = np.asarray(log_singular_values(product))
    live = np.isfinite(found)
    np.testing.assert_allclose(found[live], expected, atol=1e-9)
    assert np.all(np.isneginf(found[~live]))
    assert float(log_mean_square(product)) == pytest.approx(square, abs=1e-10)


def test_close_small_singular_values_are_right_to_a_few_per_cent() -> None:
    """Two far below the rest and 2 % apart: the hardest case for sweeps."""
    left, right = rotation(4), rotation(4)
    scales = np.array([1.0, 0.5, 1.00e-15, 0.98e-15])
    third = np.diag(np.cbrt(scales))
    product = identity(4, jnp.float64)
    for factor in (right, third, third, left @ third):
        product = extended(product, jnp.asarray(factor) @ product.q)
    found = np.asarray(log_singular_values(product))
    np.testing.assert_allclose(found, np.log(scales), atol=0.03)
    np.testing.assert_allclose(found[:2], np.log(scales[:2]), atol=1e-12)


def test_participation_counts_directions() -> None:
    logs = jnp.log(jnp.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1e-9, 1e-9, 1e-9], [2.0, 2.0, 1e-9, 1e-9]])) - 2000.0
    np.testing.assert_allclose(participation(logs), [4.0, 1.0, 2.0], atol=1e-12)
    assert float(participation(jnp.full(3, -jnp.inf))) == 0.0
