"""Connectivities: the three structures give one product, and refuse what does not fit."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from dynascope import InputError
from dynascope.systems import (
    AbstractConnectivity,
    DenseConnectivity,
    SparseConnectivity,
    StencilConnectivity,
    connectivity,
)

RING = np.roll(np.eye(7), 1, axis=1) + np.roll(np.eye(7), -1, axis=1)
LATTICE = StencilConnectivity([0.5, -1.0, 2.0], offsets=((0, 1), (-1, 0), (2, 1)), shape=(4, 5))  # type: ignore[arg-type]


def random_matrix(n: int = 12) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.where(rng.random((n, n)) < 0.3, rng.normal(size=(n, n)), 0.0)


def test_sparse_product_is_that_of_scipy_and_of_the_full_matrix() -> None:
    matrix = random_matrix()
    scattered = connectivity(sparse.csr_array(matrix))
    full = connectivity(matrix)
    assert isinstance(scattered, SparseConnectivity)
    assert isinstance(full, DenseConnectivity)
    assert scattered.weights.size == np.count_nonzero(matrix)
    for x in (np.arange(12.0), np.random.default_rng(0).normal(size=(12, 3))):
        wanted = sparse.csr_array(matrix) @ x
        np.testing.assert_allclose(scattered @ jnp.asarray(x), wanted, atol=1e-14)
        np.testing.assert_allclose(full @ jnp.asarray(x), wanted, atol=1e-14)
    np.testing.assert_array_equal(scattered.dense(), matrix)
    np.testing.assert_array_equal(full.dense(), matrix)


def test_ring_and_lattice_are_their_matrices() -> None:
    np.testing.assert_array_equal(StencilConnectivity.ring(7).dense(), RING)
    x = np.random.default_rng(1).normal(size=(4, 5))
    wanted = np.zeros((4, 5))
    for i in range(4):
        for j in range(5):
            wanted[i, j] = 0.5 * x[i, (j + 1) % 5] - x[i - 1, j] + 2.0 * x[(i + 2) % 4, (j + 1) % 5]
    np.testing.assert_allclose(LATTICE @ jnp.asarray(x.ravel()), wanted.ravel(), atol=1e-14)
    np.testing.assert_allclose(LATTICE.dense() @ x.ravel(), wanted.ravel(), atol=1e-14)


def test_edges_in_any_order_add_up() -> None:
    network = SparseConnectivity.from_edges([2, 0, 2], [1, 2, 1], n=3, weights=[1.0, 5.0, 2.0])
    np.testing.assert_array_equal(network.dense(), [[0, 0, 5], [0, 0, 0], [0, 3, 0]])


@pytest.mark.parametrize(
    "network", [connectivity(RING), connectivity(sparse.csr_array(RING)), StencilConnectivity.ring(7)]
)
def test_weights_are_a_parameter_under_jit_grad_and_vmap(network: AbstractConnectivity) -> None:
    x = jnp.arange(7.0)

    @eqx.filter_jit
    @eqx.filter_grad
    def slope(network: AbstractConnectivity) -> jax.Array:
        return jnp.sum(network @ x)

    # The sum over all units of W x is linear in the weights: the gradient times the weights is the sum itself.
    np.testing.assert_allclose(jnp.sum(slope(network).weights * network.weights), jnp.sum(network @ x), rtol=1e-12)
    both = jax.tree.map(
        lambda a, b: jnp.stack([a, b]), network, eqx.tree_at(lambda c: c.weights, network, 2.0 * network.weights)
    )
    products = eqx.filter_vmap(lambda c: c @ x)(both)
    np.testing.assert_allclose(products[1], 2.0 * products[0], rtol=1e-12)
    single = jax.tree.map(lambda a: a.astype(jnp.float32) if eqx.is_inexact_array(a) else a, network)
    assert (single @ x.astype(jnp.float32)).dtype == jnp.float32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: connectivity(np.ones((2, 3))), "must be a square matrix"),
        (lambda: connectivity(sparse.csr_array(np.ones((2, 3)))), "must be square"),
        (lambda: connectivity("ring"), "got str"),
        (lambda: SparseConnectivity.from_edges([0], [3], n=3), "name unit 3, but there are 3"),
        (lambda: SparseConnectivity.from_edges([0, 1], [1], n=3), "lists of one length"),
        (lambda: SparseConnectivity(jnp.array([1, 0]), jnp.array([0, 1]), jnp.ones(2), 2), "must rise"),
        (lambda: StencilConnectivity(jnp.ones(1), ((1,), (2,)), (5,)), "has 2 offsets"),
        (lambda: StencilConnectivity(jnp.ones(1), ((1, 1),), (5,)), "one entry per axis"),
        (lambda: StencilConnectivity.ring(4, neighbours=2), "ring of 4 units cannot have 2"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
