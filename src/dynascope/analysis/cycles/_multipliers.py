"""Floquet multipliers from a pair of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg


def multipliers(once_around: Any) -> NDArray[np.complex128]:
    """The eigenvalues mu of P v + mu Q v = 0, the largest first; empty if the pair is not finite.

    Where Q is singular the flow wipes out a direction backward in time and mu is infinite.
    """
    p, q = (np.asarray(m, float) for m in once_around)
    if not (np.all(np.isfinite(p)) and np.all(np.isfinite(q))):
        return np.zeros(0, complex)
    # Rows of the pair may differ by many powers of ten; scaling them changes no eigenvalue and helps the QZ method.
    size = np.maximum(np.abs(p).max(axis=1), np.abs(q).max(axis=1))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(linalg.eigvals(p / size, -q / size), complex)
    values = np.where(np.isnan(values), np.inf, values)
    return values[np.argsort(-np.abs(values), kind="stable")]
