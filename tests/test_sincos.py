"""Sine and cosine together: against extended precision, with derivatives, at the edges."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from dynascope._sincos import cosine, sincos, sine

EXTENDED = np.finfo(np.longdouble).nmant > 60


def samples(size: float) -> np.ndarray:
    """Numbers of that size, a third of them as near as can be to multiples of a quarter turn, where zeros are."""
    rng = np.random.default_rng(0)
    near = np.round(rng.uniform(-size, size, 3000) / (np.pi / 2)) * (np.pi / 2)
    return np.concatenate([rng.uniform(-size, size, 6000), near])


@pytest.mark.skipif(not EXTENDED, reason="this processor has no extended precision to compare with")
@pytest.mark.parametrize(("size", "most"), [(0.7, 1.0), (10.0, 1.5), (1e3, 1.5), (1e5, 2.5), (1e6, 2.5)])
def test_error_in_units_in_the_last_place(size: float, most: float) -> None:
    x = samples(size)
    for found, exact in zip(
        jax.jit(sincos)(x), (np.sin(x.astype(np.longdouble)), np.cos(x.astype(np.longdouble))), strict=True
    ):
        units = np.abs(np.asarray(found).astype(np.longdouble) - exact) / np.spacing(np.abs(exact).astype(float))
        assert np.max(units) < most
        assert np.max(np.abs(np.asarray(found) - exact)) < 2.0**-52


def test_phases_of_any_size_lose_no_more_than_their_rounding() -> None:
    x = samples(1e12)
    for found, exact in zip(sincos(jnp.asarray(x)), (np.sin(x), np.cos(x)), strict=True):
        assert np.max(np.abs(np.asarray(found) - exact) / np.spacing(np.abs(x))) < 4.0


def test_edges() -> None:
    sine, cosine = sincos(jnp.array([0.0, -0.0, np.inf, -np.inf, np.nan]))
    np.testing.assert_array_equal(sine[:2], 0.0)
    np.testing.assert_array_equal(cosine[:2], 1.0)
    assert np.all(np.isnan(sine[2:]))
    assert np.all(np.isnan(cosine[2:]))


def test_derivatives_of_first_and_second_order_and_batches() -> None:
    x = jnp.asarray(samples(20.0)[::500])
    check_grads(sincos, (x,), order=2, modes=("fwd", "rev"))
    v = jnp.linspace(-1.0, 1.0, x.size)
    (s, c), (ds, dc) = jax.jvp(sincos, (x,), (v,))
    np.testing.assert_array_equal(ds, c * v)
    np.testing.assert_array_equal(dc, -s * v)
    np.testing.assert_array_equal(jax.vmap(sincos)(x)[0], s)


def test_other_precisions_keep_their_type() -> None:
    x = jnp.linspace(-9.0, 9.0, 50, dtype=jnp.float32)
    for found, known in zip(sincos(x), (jnp.sin(x), jnp.cos(x)), strict=True):
        assert found.dtype == jnp.float32
        np.testing.assert_array_equal(found, known)


@pytest.mark.skipif(not EXTENDED, reason="this processor has no extended precision to compare with")
@pytest.mark.parametrize("size", [0.7, 10.0, 1e3, 1e6])
def test_each_alone_errs_by_less_than_two_units_in_the_last_place(size: float) -> None:
    x = samples(size)
    for function, exact in ((sine, np.sin), (cosine, np.cos)):
        right = exact(x.astype(np.longdouble))
        units = np.abs(np.asarray(jax.jit(function)(x)).astype(np.longdouble) - right) / np.spacing(
            np.abs(right).astype(float)
        )
        assert np.max(units) < 2.5
        assert not np.any(np.isfinite(function(jnp.array([np.inf, -np.inf, np.nan]))))
