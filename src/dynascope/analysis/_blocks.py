"""Standard errors of time averages whose terms are correlated."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Lowest frequencies over which the power is averaged: all of them, and the first half.
_WIDE, _NARROW = 6, 3


def block_error(series: Any) -> np.ndarray:
    r"""Standard error of the mean of a correlated series, from its power at the lowest frequencies.

    The variance of the mean of n terms is $S(0) / n$, where S is the spectral density; S(0) is taken as the mean of the
    periodogram over the six lowest frequencies but zero, or over the three lowest if that is more, as it is where
    correlations last for a good part of the series. Averages over blocks, the common way, are blind to correlations
    that are negative: growth along an orbit swings with each turn, what one block has too much the next has too
    little, and blocks overrate the error of an exponent ten times (Lorenz) to thirty times (Roessler).

    Args:
        series: Shape `(time, ...)`.

    Returns:
        Shape `(...)`; infinite for fewer than two terms.

    Reference:
        Heidelberger & Welch (1981), A spectral method for confidence interval generation and run length control in
        simulations, Communications of the ACM 24, 233-245.
    """
    values = np.asarray(series, float)
    count = values.shape[0]
    if count < 2:
        return np.full(values.shape[1:], np.inf)
    apart = values - values.mean(axis=0)
    if count < 2 * _WIDE + 2:
        return np.sqrt(np.sum(apart**2, axis=0) / (count * (count - 1)))
    power = np.abs(np.fft.rfft(apart, axis=0)[1 : _WIDE + 1]) ** 2
    return np.sqrt(np.maximum(power.mean(axis=0), power[:_NARROW].mean(axis=0))) / count
