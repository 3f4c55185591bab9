"""Closed chains of blocks against dense linear algebra."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg

from dynascope.analysis.cycles._condensed import Chain, eliminated, solve_chain
from dynascope.analysis.cycles._gauss import equidistributed, evaluated, gauss, phases_of


def drawn(count: int, d: int, k: int) -> Chain:
    rng = np.random.default_rng(count)
    shapes = ((count, d, d), (count, d, d), (count, d, k), (count, d, 1), (k, count, d), (k, k), (k, 1))
    return Chain(*(jnp.asarray(rng.normal(size=s)) for s in shapes))


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13])
def test_chain_against_dense(count):
    d, k = 3, 2
    chain = drawn(count, d, k)
    x, e, (p, q) = solve_chain(chain)
    dense, rhs = np.zeros((count * d + k, count * d + k)), np.zeros(count * d + k)
    for i in range(count):
        rows, after = slice(i * d, (i + 1) * d), (i + 1) % count
        dense[rows, rows] += chain.left[i]
        dense[rows, after * d : (after + 1) * d] += chain.right[i]
        dense[rows, count * d :] = chain.extra[i]
        rhs[rows] = chain.rhs[i, :, 0]
    dense[count * d :] = np.concatenate([np.asarray(chain.border).reshape(k, -1), chain.corner], axis=1)
    rhs[count * d :] = chain.end[:, 0]
    wanted = np.linalg.solve(dense, rhs)
    assert np.concatenate([np.ravel(x), np.ravel(e)]) == pytest.approx(wanted, rel=1e-8, abs=1e-8)
    product = np.eye(d)
    for left, right in zip(np.asarray(chain.left), np.asarray(chain.right), strict=True):
        product = -np.linalg.solve(right, left) @ product
    mine = np.sort(np.abs(np.asarray(linalg.eigvals(np.asarray(p), -np.asarray(q)))))
    assert mine[-1] == pytest.approx(np.abs(np.linalg.eigvals(product)).max(), rel=1e-6)


def test_multipliers_far_apart():
    """Growth by 1e30 beside decay by 1e-30 and a neutral direction: the product of the blocks loses the latter."""
    count, rng = 60, np.random.default_rng(0)
    bases = np.linalg.qr(rng.normal(size=(count, 3, 3)))[0]
    rates = np.diag([10.0**0.5, 1.0, 10.0**-0.5])
    blocks = np.stack([bases[(i + 1) % count] @ rates @ bases[i].T for i in range(count)])
    shapes = (count, 3, 0), (count, 3, 1), (0, count, 3), (0, 0), (0, 1)
    none = [jnp.zeros(shape) for shape in shapes]
    pair = solve_chain(Chain(-jnp.asarray(blocks), jnp.broadcast_to(jnp.eye(3), blocks.shape), *none))[2]
    found = np.sort(np.abs(np.asarray(linalg.eigvals(np.asarray(pair[0]), -np.asarray(pair[1])))))
    assert found[1] == pytest.approx(1.0, abs=1e-10)
    assert found[2] > 1e13


def test_elimination_pivots():
    rng = np.random.default_rng(1)
    m = rng.normal(size=(5, 6, 9))
    m[:, 0, 0] = 0.0
    solved, rest = eliminated(jnp.asarray(m), 4)
    assert solved.shape == (5, 4, 5)
    for one, top, bottom in zip(m, np.asarray(solved), np.asarray(rest), strict=True):
        # Eliminated rows are combinations of the old ones: the ranks of both together stay the same.
        both = np.block([[np.eye(4), top], [np.zeros((2, 4)), bottom]])
        assert np.linalg.matrix_rank(np.concatenate([one, both]), tol=1e-8) == 6


@pytest.mark.parametrize("degree", [2, 3, 4, 7])
def test_gauss_table(degree):
    table = gauss(degree)
    powers = np.arange(degree)
    assert table.weights @ table.nodes[:, None] ** powers == pytest.approx(1 / (powers + 1))
    wanted = table.nodes[:, None] ** (powers + 1) / (powers + 1)
    assert table.matrix @ table.nodes[:, None] ** powers == pytest.approx(wanted)
    # The m-th derivative of s^m is m!, whose derivative m s^(m-1) the leading weights see.
    slope = degree * table.nodes ** (degree - 1)
    assert table.leading @ slope == pytest.approx(np.prod(np.arange(1, degree + 1)))


def test_mesh_goes_where_the_change_is():
    mesh = np.linspace(0, 1, 21)
    for _ in range(5):
        s = phases_of(mesh, 4)[:-1].reshape(20, 5)[:, 1:]
        mesh = equidistributed(mesh, (200.0 / np.cosh(200 * (s - 0.5)) ** 2)[..., None], 20)
    assert mesh[[0, -1]].tolist() == [0, 1]
    assert np.all(np.diff(mesh) > 0)
    assert np.sum(np.abs(mesh - 0.5) < 0.03) >= 8
    assert np.diff(mesh).max() < 0.2


def test_polynomial_is_exact():
    mesh = np.array([0.0, 0.2, 0.7, 1.0])
    s = phases_of(mesh, 3)[:-1].reshape(3, 4)
    values = np.stack([s**3 - s, 2 * s**2], axis=-1)
    at = np.linspace(0, 1, 17)
    found = evaluated(mesh, values[:, 0], values[:, 1:], at)
    assert found == pytest.approx(np.stack([at**3 - at, 2 * at**2], axis=-1), abs=1e-13)
