"""Standard errors of time averages whose terms are correlated."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Fewest blocks from which a standard error is still believed.
_FEWEST = 16


def block_error(series: Any) -> np.ndarray:
    """Standard error of the mean of a correlated series, by blocking (Flyvbjerg and Petersen 1989).

    The series is averaged over blocks of length 1, 2, 4, ... while at least 16 blocks remain; correlation makes the
    naive error grow with the block length until blocks are independent, so the largest of these errors is taken.

    Args:
        series: Shape `(time, ...)`.

    Returns:
        Shape `(...)`; infinite for fewer than two terms.
    """
    values = np.asarray(series, float)
    if values.shape[0] < 2:
        return np.full(values.shape[1:], np.inf)
    worst = np.zeros(values.shape[1:])
    while True:
        count = values.shape[0]
        worst = np.maximum(worst, values.std(axis=0, ddof=1) / np.sqrt(count))
        if count // 2 < _FEWEST:
            return worst
        values = 0.5 * (values[0 : count - count % 2 : 2] + values[1:count:2])
