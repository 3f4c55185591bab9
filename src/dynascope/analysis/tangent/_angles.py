"""Angles between subspaces."""

from __future__ import annotations

import numpy as np


def angles_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Smallest principal angle between the spans of the columns of `a` and `b`, shape `(..., d, p)` and `(..., d, q)`.

    From its sine and its cosine both, so that small angles and right ones keep all their digits (Bjorck & Golub 1973).

    Returns:
        Shape `(...)`, 0 to pi/2.
    """
    p, q = np.linalg.qr(a)[0], np.linalg.qr(b)[0]
    overlap = np.swapaxes(q, -1, -2) @ p
    cosine = np.linalg.svd(overlap, compute_uv=False)[..., 0]
    # With more columns in `a` than in `b`, the sines of the surplus ones are 1 and never the smallest.
    sine = np.linalg.svd(p - q @ overlap, compute_uv=False)[..., -1]
    return np.arctan2(sine, cosine)


def subspaces(coefficients: np.ndarray, unstable: int, centre: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Angles between the unstable, centre and stable subspaces.

    Args:
        coefficients: Covariant vectors in an orthonormal frame, shape `(moment, k, k)`, columns ordered by exponent.
        unstable: Number of positive exponents.
        centre: Number of nil ones; the rest is stable.

    Returns:
        The names of the pairs, and angles of shape `(moment, pair)`.
    """
    parts = {
        "unstable": coefficients[:, :, :unstable],
        "centre": coefficients[:, :, unstable : unstable + centre],
        "stable": coefficients[:, :, unstable + centre :],
    }
    present = [name for name, columns in parts.items() if columns.shape[2]]
    pairs = [(a, b) for i, a in enumerate(present) for b in present[i + 1 :]]
    angles = [angles_between(parts[a], parts[b]) for a, b in pairs]
    stacked = np.stack(angles, axis=1) if angles else np.zeros((len(coefficients), 0))
    return tuple(f"{a}-{b}" for a, b in pairs), stacked
