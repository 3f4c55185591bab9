"""Frames of tangent vectors: factorisations of any condition, and matrix products instead of many vectors."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope.analysis._as_map import as_map
from dynascope.analysis._frames import (
    Growth,
    condition_grown,
    interval_of,
    orthonormal_columns,
    orthonormal_few,
    orthonormal_many,
    random_frames,
    spread_of,
    tangent_of,
)
from dynascope.analysis.stability import Benettin, lyapunov_spectrum
from dynascope.models import RateNetwork
from dynascope.solve import RK4, Euler


def frame(condition: float, *, d: int = 120, k: int = 40) -> jax.Array:
    """Columns of unit length, of about this condition number."""
    rng = np.random.default_rng(3)
    left, right = np.linalg.qr(rng.normal(size=(d, k)))[0], np.linalg.qr(rng.normal(size=(k, k)))[0]
    columns = left * np.geomspace(1, 1 / condition, k) @ right
    return jnp.asarray(columns / np.linalg.norm(columns, axis=0))


@pytest.mark.parametrize("condition", [1.0, 1e3, 1e5, 1e6, 1e8, 1e12, 1e20])
def test_frames_of_any_condition_are_factorised(condition: float) -> None:
    v = frame(condition)
    q, lengths = jax.jit(orthonormal_many)(v)
    expected = np.linalg.qr(np.asarray(v))[1]
    assert np.max(np.abs(q.T @ q - np.eye(40))) < 2e-6  # nearly orthonormal is enough ...
    r = q.T @ v  # ... and the vectors span what they spanned
    np.testing.assert_allclose(q @ r, v, atol=3e-6 / min(condition, 1e5) + 1e-13)
    if condition <= 1e12:
        np.testing.assert_allclose(lengths, np.abs(np.diagonal(expected)), rtol=3e-6)


def test_a_direction_that_is_wiped_out_has_no_length() -> None:
    v = np.asarray(frame(10.0)).copy()
    v[:, 7] = 0.0
    q, lengths = orthonormal_many(jnp.asarray(v))
    assert lengths[7] == 0
    assert np.all(np.isfinite(q))
    assert np.all(np.delete(lengths, 7) > 0)


def test_what_one_pass_leaves_out_is_made_good_by_the_next() -> None:
    # Growth by e^9 between factorisations: Q is off by 1e-8, the sum over 200 of them by no more than that.
    rng = np.random.default_rng(0)
    d, k = 60, 30
    scale = np.exp(np.linspace(4.5, -4.5, d))
    steps = jnp.asarray([(np.linalg.qr(rng.normal(size=(d, d)))[0] * scale) for _ in range(200)])

    def total(factorise: object) -> jax.Array:
        def push(q: jax.Array, m: jax.Array) -> tuple[jax.Array, jax.Array]:
            return factorise(m @ q)  # type: ignore[operator]

        return jnp.log(jax.lax.scan(push, random_frames(jax.random.key(0), d, k), steps)[1]).sum(axis=0)

    cheap, exact = total(orthonormal_many), total(orthonormal_columns)
    np.testing.assert_allclose(cheap, exact, atol=1e-7)


def test_small_frames_agree_with_large_ones() -> None:
    v = frame(100.0, d=7, k=5)
    vectors, lengths = orthonormal_few(tuple(v.T))
    np.testing.assert_allclose(jnp.stack(lengths), orthonormal_columns(v)[1], atol=1e-12)
    np.testing.assert_allclose(jnp.stack(vectors) @ jnp.stack(vectors).T, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(jnp.log(condition_grown(lengths)), spread_of(np.log(np.asarray(lengths))[None]))


def test_growth_is_a_product_that_cannot_overflow() -> None:
    lengths = np.random.default_rng(1).uniform(1e-3, 1e5, 1000)
    total = Growth(jnp.ones(()), jnp.zeros((), jnp.int64))
    for length in lengths:
        total = total.grown(length)
        assert 1 <= total.mantissa < 2
    np.testing.assert_allclose(total.log(), np.log(lengths).sum(), rtol=1e-14)
    assert total.grown(0.0).grown(3.0).log() == -np.inf


def test_intervals_follow_the_growth() -> None:
    assert interval_of(np.array([[0.5, -0.5], [0.2, 0.1]])) == 10
    assert interval_of(np.array([[0.0, 0.0]])) == 50
    assert interval_of(np.array([[20.0, 20.0]])) == 10  # all alike, but they would overflow
    assert interval_of(np.array([[3.0, -np.inf, -3.0]])) == 1


@pytest.mark.parametrize(("solver", "products"), [(Euler(0.1), 1), (RK4(0.1), 4)])
def test_a_frame_moves_by_matrix_products(solver: object, products: int) -> None:
    """One product of matrices per evaluation of the Jacobian, and no loop over vectors."""
    n, k = 48, 24
    network = RateNetwork.draw(n=n, g=4.0, key=jax.random.key(0))
    tangent = tangent_of(as_map(network, None, solver=solver))
    run = tangent.start(network.initial_state(), random_frames(jax.random.key(1), n, k))
    text = jax.jit(lambda run: tangent.push(0, run)).lower(run).as_text()
    shapes = re.findall(r"dot_general .*-> tensor<(\w+)xf64>", text)
    assert shapes.count(f"{n}x{k}") == products
    assert set(shapes) <= {f"{n}x{k}", f"{n}"}


def test_the_accuracy_that_is_left_is_told() -> None:
    network = RateNetwork.draw(n=40, g=4.0, key=jax.random.key(0))
    chosen = lyapunov_spectrum(network, k=40, transient=100.0, duration=150.0, solver=Euler(0.1))
    assert 5 < chosen.settings["growth_per_interval"] < 15
    assert 1e-15 < chosen.settings["accuracy"] < 1e-9
    assert chosen.settings["every"] > 5
    often = lyapunov_spectrum(
        network, k=40, transient=100.0, duration=150.0, solver=Euler(0.1), method=Benettin(every=1)
    )
    assert often.settings["accuracy"] < 1e-15
    # The same orbit (to rounding, which grows): volumes shrink alike to what chaos makes of two runs.
    assert abs(chosen.exponents.sum() - often.exponents.sum()) < 0.02 * abs(often.exponents.sum())
