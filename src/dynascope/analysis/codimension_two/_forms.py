"""Coefficients of normal forms along a whole curve at once, from exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ._plane import RestPlane

#: Points that one call of a compiled program does: one size, so that one program does for all.
_BLOCK = 32


class Coefficient(NamedTuple):
    """A coefficient at each point, and the size of its own terms, below a small share of which it is rounding."""

    value: np.ndarray
    size: np.ndarray


@compiled
def _forms(plane: RestPlane, points: Any, directions: Any) -> Any:
    """The form at each point in real directions, shape `(N, order, n)`."""

    def one(y: Any, p: Any, vectors: Any) -> Any:
        function = lambda s: plane.moved(s, p)  # noqa: E731
        for v in vectors:
            function = _along(function, v)
        return function(y)

    n = plane.scale.size
    return jax.vmap(one)(points[:, :n], points[:, -2:], directions)


def _along(function: Callable[[Any], Any], v: Any) -> Callable[[Any], Any]:
    return lambda s: jax.jvp(function, (s,), (v,))[1]


@compiled
def _jacobians(plane: RestPlane, points: Any) -> Any:
    n = plane.scale.size
    return jax.vmap(plane.jacobian)(points[:, :n], points[:, -2:])


def _blocks(function: Callable[..., Any], *rows: np.ndarray) -> np.ndarray:
    """`function` over rows, in blocks of one size."""
    found = []
    for i in range(0, len(rows[0]), _BLOCK):
        part = [r[i : i + _BLOCK] for r in rows]
        short = len(part[0])
        padded = [jnp.asarray(np.concatenate([r, np.repeat(r[-1:], _BLOCK - short, axis=0)])) for r in part]
        found.append(np.asarray(function(*padded))[:short])
    return np.concatenate(found)


class CurveForms:
    """The Jacobian A and the forms B, C, ... at points z, row by row, for complex vectors."""

    def __init__(self, plane: RestPlane, points: np.ndarray) -> None:
        self.plane, self.points = plane, points
        self.A = _blocks(lambda z: _jacobians(plane, z), points)

    def __call__(self, *vectors: np.ndarray) -> np.ndarray:
        """The form whose order is the number of vectors, as the sum over their real and imaginary parts."""
        parts = [[(1.0, np.real(v)), (1j, np.imag(v))] if np.iscomplexobj(v) else [(1.0, v)] for v in vectors]
        rows, factors = [], []
        for choice in np.ndindex(*(len(p) for p in parts)):
            chosen = [p[i] for p, i in zip(parts, choice, strict=True)]
            factors.append(np.prod([c for c, _ in chosen]))
            rows.append(np.stack([np.broadcast_to(v, (len(self.points), v.shape[-1])) for _, v in chosen], axis=1))
        many = np.concatenate([self.points] * len(rows))
        found = _blocks(lambda z, d: _forms(self.plane, z, d), many, np.concatenate(rows))
        return np.tensordot(np.array(factors), found.reshape(len(rows), len(self.points), -1), axes=1)


def solved(matrices: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """The solutions of matrices x = rhs, row by row; not numbers where a matrix is singular to the last digit."""
    try:
        return np.linalg.solve(matrices, rhs[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return np.stack([_solution(m, x) for m, x in zip(matrices, rhs, strict=True)])


def _solution(matrix: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(matrix, rhs)
    except np.linalg.LinAlgError:
        return np.full(rhs.shape, np.nan, np.result_type(matrix, rhs))


def dotted(p: np.ndarray, x: np.ndarray) -> np.ndarray:
    """<p, x> = sum conj(p_i) x_i, row by row."""
    return np.sum(np.conj(p) * x, axis=-1)


def critical(matrices: np.ndarray, eigenvalues: Any, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right and left eigenvectors q, p of the eigenvalues nearest to those given, and their product.

    |q| = 1; the left ones are those of the transpose to the conjugate, in no special length. Both come from the
    singular vectors of the smallest singular value, with signs such that q p* changes continuously along a curve.
    """
    n = matrices.shape[-1]
    shift = np.asarray(eigenvalues)[..., None, None] * np.eye(n)
    u, _, vh = np.linalg.svd(matrices * scale / scale[:, None] - shift)
    sign = np.ones(len(matrices)) if np.iscomplexobj(u) else np.sign(np.linalg.det(u) * np.linalg.det(vh))
    q, p = vh[..., -1, :].conj() * scale, sign[:, None] * u[..., -1] / scale
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    p = p / np.linalg.norm(p, axis=-1, keepdims=True)
    return q, p, dotted(p, q)


def fold_coefficient(forms: CurveForms, q: np.ndarray, p: np.ndarray) -> Coefficient:
    """<p, B(q, q)> / 2."""
    second = forms(q, q)
    return Coefficient(0.5 * dotted(p, second), 0.5 * np.sum(np.abs(p * second), axis=-1))


def flip_coefficient(forms: CurveForms, q: np.ndarray, p: np.ndarray) -> Coefficient:
    """<p, C(q, q, q) + 3 B(q, (1 - A)^-1 B(q, q))> / 6."""
    inner = solved(np.eye(q.shape[-1]) - forms.A, forms(q, q))
    return _summed(p, [forms(q, q, q), 3 * forms(q, inner)], 6.0)


def hopf_coefficient(forms: CurveForms, q: np.ndarray, p: np.ndarray, omega: np.ndarray) -> Coefficient:
    """Kuznetsov's first Lyapunov coefficient of flows, but for <p, q>, which divides it."""
    A, one, qb = forms.A, np.eye(q.shape[-1]), q.conj()
    terms = [
        forms(q, q, qb),
        -2 * forms(q, solved(A.astype(complex), forms(q, qb))),
        forms(qb, solved(2j * omega[:, None, None] * one - A, forms(q, q))),
    ]
    return _summed(p, terms, 2 * omega)


def neimark_sacker_coefficient(forms: CurveForms, q: np.ndarray, p: np.ndarray, theta: np.ndarray) -> Coefficient:
    """The cubic coefficient d of maps at eigenvalues exp(+- i theta), but for <p, q>, which divides it."""
    A, one, qb = forms.A, np.eye(q.shape[-1]), q.conj()
    turn = np.exp(1j * theta)
    terms = [
        forms(q, q, qb),
        2 * forms(q, solved((one - A).astype(complex), forms(q, qb))),
        forms(qb, solved((turn**2)[:, None, None] * one - A, forms(q, q))),
    ]
    return _summed(p, [turn.conj()[:, None] * t for t in terms], 2.0)


def _summed(p: np.ndarray, terms: list[np.ndarray], divisor: Any) -> Coefficient:
    every = np.stack(terms)
    return Coefficient(dotted(p, np.sum(every, axis=0)) / divisor, np.sum(np.abs(p * every), axis=(0, -1)) / divisor)
