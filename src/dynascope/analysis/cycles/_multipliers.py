"""Floquet multipliers from a pair of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

#: Of LAPACK itself: `scipy.linalg.eigvals` takes many times as long to look at so small a pair as to solve it.
_GGEV: Any = linalg.get_lapack_funcs("ggev", dtype=np.float64)


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
