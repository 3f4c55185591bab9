"""Floquet multipliers from a pair of matrices, or from the maps that follow each other in a period."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

#: Of LAPACK itself: `scipy.linalg.eigvals` takes many times as long to look at so small a pair as to solve it.
_GGEV: Any = linalg.get_lapack_funcs("ggev", dtype=np.float64)
#: Times around at most, and the turn of a basis in one of them that counts as none.
_SWEEPS, _TURNED = 8, 1e-13


def multipliers(once_around: Any) -> NDArray[np.complex128]:
    """The eigenvalues mu of P v + mu Q v = 0, the largest first; empty if the pair is not finite.

    Where Q is singular the flow wipes out a direction backward in time and mu is infinite.
    """
    p, q = (np.asarray(m, float) for m in once_around)
    if not (np.all(np.isfinite(p)) and np.all(np.isfinite(q))):
        return np.zeros(0, complex)
    # Rows of the pair may differ by many powers of ten; scaling them changes no eigenvalue and helps the QZ method.
    size = np.maximum(np.abs(p).max(axis=1), np.abs(q).max(axis=1))[:, None]
    size = np.where(size > 0, size, 1.0)
    real, imaginary, under, *_ = _GGEV(p / size, -q / size, compute_vl=0, compute_vr=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (real + 1j * imaginary) / under
    values = np.where(np.isnan(values), np.inf, values)
    return values[np.argsort(-np.abs(values), kind="stable")]


def of_product(maps: Any) -> NDArray[np.complex128]:
    """The eigenvalues of a product of square matrices, the largest first; empty if it is not finite.

    The first matrix is applied first. By orthogonal iteration, once around and again, each is made triangular in
    turning bases, so that the product is formed of triangular factors, whose diagonals multiply without mixing.
    Eigenvalues many powers of ten apart are each as accurate as the matrices, where those of a plain product are lost
    beside the largest.

    Reference:
        Bojanczyk, Golub & Van Dooren (1992), The periodic Schur decomposition, Proc. SPIE 1770, 31-42.
    """
    factors = [np.asarray(m, float) for m in maps]
    if not np.all(np.isfinite(factors)):
        return np.zeros(0, complex)
    d = len(factors[0])
    # Any basis that is not one of a special direction of the maps.
    basis = np.linalg.qr(np.cos(np.arange(1.0, d * d + 1)).reshape(d, d)).Q
    product = np.eye(d)
    for _ in range(_SWEEPS):
        start, upper = basis, np.eye(d)
        for factor in factors:
            basis, triangle = np.linalg.qr(factor @ basis)
            upper = triangle @ upper
        turn = start.T @ basis
        # Rounding here would be multiplied by the largest eigenvalue and drown the others.
        below = np.tril(np.abs(turn) < _TURNED, -1)
        product = np.where(below, 0.0, turn) @ upper
        if below.sum() == d * (d - 1) // 2:
            break
    if not np.all(np.isfinite(product)):
        return np.zeros(0, complex)
    values = np.asarray(np.linalg.eigvals(product), complex)
    return values[np.argsort(-np.abs(values), kind="stable")]
