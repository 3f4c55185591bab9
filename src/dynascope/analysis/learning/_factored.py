"""Products of many Jacobians in a factored form that neither overflows nor loses its small singular values."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

#: Sweeps that turn a graded matrix into its singular values.
_SWEEPS = 8
#: Singular values above this part of the largest are taken from a plain decomposition, which has them to 1e-8.
_PLAIN = 1e-8


class Product(NamedTuple):
    r"""A matrix $M = Q\, \mathrm{diag}(e^s)\, T$ whose scales lie in `s` alone.

    Such a form is used for long chains in quantum Monte Carlo (Loh et al. 1989; Bai et al. 2011): Q is orthonormal, the
    rows of T have a largest entry of one, and neither e^s nor M is ever formed.

    Attributes:
        q: Orthonormal columns, shape `(m, r)`.
        s: Logarithms of the scales, shape `(r,)`; -inf for a direction that is wiped out.
        t: Shape `(r, n)`.
    """

    q: jax.Array
    s: jax.Array
    t: jax.Array


def identity(n: int, dtype: Any) -> Product:
    """The product of no matrices."""
    return Product(jnp.eye(n, dtype=dtype), jnp.zeros(n, dtype), jnp.eye(n, dtype=dtype))


def extended(product: Product, image: Any) -> Product:
    """`J M` from `image = J Q`.

    Columns are put in the order of their true lengths before the factorisation; scales then leave to the left, where
    they decrease.
    """
    lengths = jnp.linalg.norm(image, axis=0)
    order = jnp.argsort(-(_log(lengths) + product.s))
    q, r = jnp.linalg.qr(image[:, order])
    s, t = _graded(r, product.s[order])
    return Product(q, s, t @ product.t[order])


def _log(x: Any) -> Any:
    return jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1.0)), -jnp.inf)


def _graded(r: Any, s: Any) -> tuple[Any, Any]:
    """`R diag(e^s)` as `diag(e^s') T` with rows of T whose largest entry is one; entries of pure rounding are nil."""
    column = jnp.linalg.norm(r, axis=0)
    noise = 4 * r.shape[0] * jnp.finfo(r.dtype).eps * column
    r = jnp.where(jnp.abs(r) <= noise, 0.0, jnp.triu(r))
    logs = _log(jnp.abs(r)) + s
    scale = jnp.max(logs, axis=1)
    safe = jnp.where(jnp.isfinite(scale), scale, 0.0)
    return scale, jnp.sign(r) * jnp.exp(logs - safe[:, None])


def log_singular_values(product: Product) -> Any:
    """Logarithms of the singular values, decreasing; -inf for directions that are wiped out.

    Those within 1e-8 of the largest are right to 1e-8; smaller ones come from sweeps of QR factorisations of the
    graded matrix, exact where neighbours differ by a factor of e or more and within a few per cent where they do not.
    """
    s, t = product.s, product.t

    def sweep(_: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
        s, t = state
        order = jnp.argsort(-(s + _log(jnp.linalg.norm(t, axis=1))))
        r = jnp.linalg.qr(t[order].T)[1]
        return _graded(r, s[order])

    # The first sweep makes T square.
    s, t = jax.lax.fori_loop(0, _SWEEPS, sweep, sweep(0, (s, t)))
    swept = -jnp.sort(-(s + _log(jnp.abs(jnp.diagonal(t)))))
    top = jnp.max(s)
    base = jnp.where(jnp.isfinite(top), top, 0.0)
    plain = jnp.linalg.svd(jnp.exp(s - base)[:, None] * t, compute_uv=False)
    trusted = plain > _PLAIN * jnp.maximum(plain[0], jnp.finfo(t.dtype).tiny)
    return jnp.where(trusted, _log(plain) + base, swept)


def log_mean_square(product: Product) -> Any:
    r"""$\log (\|M\|_F^2 / n)$, the mean squared singular value over the `n` columns."""
    rows = 2 * (product.s + _log(jnp.linalg.norm(product.t, axis=1)))
    return jax.nn.logsumexp(rows) - jnp.log(product.t.shape[1])


def participation(logs: Any) -> Any:
    r"""$(\sum \sigma^2)^2 / \sum \sigma^4$ of logarithms of singular values: how many directions share the square."""
    top = jnp.max(logs, axis=-1, keepdims=True)
    squares = jnp.exp(2 * (logs - jnp.where(jnp.isfinite(top), top, 0.0)))
    fourth = jnp.sum(squares**2, axis=-1)
    return jnp.where(fourth > 0, jnp.sum(squares, axis=-1) ** 2 / jnp.where(fourth > 0, fourth, 1.0), 0.0)
