"""The scores of the Common Task Framework, of at most 100."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._errors import InputError
from ._paired import paired


def ctf_short(generated: Any, truth: Any, *, rows: int | None = None) -> float:
    r"""Score of a forecast, $100 (1 - \|X - Y\|_2 / \|X\|_2)$ with the spectral norm of the matrix (time, channel).

    Args:
        generated: Forecast, shape `(time, channel)`.
        truth: What happened, of the same shape.
        rows: Number of first samples compared; None compares all, which is the score of a reconstruction.

    Reference:
        Wyder et al. (2025), Common task framework for a critical evaluation of scientific machine learning algorithms.
    """
    made, true = (x[:rows] for x in paired(generated, truth, equal_length=True))
    size = np.linalg.norm(true, 2)
    if size == 0:
        raise InputError("`truth` is zero throughout, so that no error can be relative to it. Give another stretch.")
    if not np.isfinite(made).all():
        return -np.inf
    return float(100 * (1 - np.linalg.norm(made - true, 2) / size))


def ctf_long(generated: Any, truth: Any, *, rows: int = 1000, bins: int = 50) -> float:
    r"""Score of the long run, $100 (1 - \mathrm{mean}_j \|h_j - g_j\|_1 / \|h_j\|_1)$ of the channels' histograms.

    Args:
        generated: Orbit of the model, shape `(time, channel)`.
        truth: The data, of the same shape.
        rows: Number of last samples compared.
        bins: Bins over the range that both series span together.

    Reference:
        Wyder et al. (2025), Common task framework for a critical evaluation of scientific machine learning algorithms.
    """
    made, true = (x[-rows:] for x in paired(generated, truth, equal_length=True))
    if not np.isfinite(made).all():
        return -np.inf
    apart = []
    for x, y in zip(true.T, made.T, strict=True):
        span = (min(x.min(), y.min()), max(x.max(), y.max()))
        h, g = (np.histogram(z, bins, span)[0] for z in (x, y))
        apart.append(np.abs(h - g).sum() / h.sum())
    return float(100 * (1 - np.mean(apart)))
