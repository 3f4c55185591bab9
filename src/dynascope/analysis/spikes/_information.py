"""Entropy and mutual information of spike words, corrected for the few samples that there are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._errors import InputError
from ._firing import Estimate

Array = NDArray[np.float64]


def words(raster: ArrayLike, *, length: int = 1) -> NDArray[np.int64]:
    """Numbers of the spatio-temporal words in a raster: one for every stretch of `length` bins.

    Args:
        raster: Whether each unit fired in each bin, shape `(time, unit)`; more than one spike counts as one.
        length: Bins of a word; units times bins must not exceed 62.

    Returns:
        Word numbers, shape `(time - length + 1,)`: the first unit of the first bin is the highest bit.

    Raises:
        InputError: If a word has too many bits or the raster is too short.

    Example:
        >>> words([[0, 1], [1, 1], [0, 0]]).tolist()
        [1, 3, 0]
        >>> words([[0, 1], [1, 1], [0, 0]], length=2).tolist()
        [7, 12]
    """
    bits = np.asarray(raster) > 0
    if bits.ndim != 2 or len(bits) < length or length < 1 or bits.shape[1] * length > 62:
        raise InputError(
            f"A raster of shape {bits.shape} has no words of {length} bins of at most 62 bits. Use fewer units or bins."
        )
    n = bits.shape[1]
    single = bits @ (1 << np.arange(n - 1, -1, -1, dtype=np.int64))
    out = np.zeros(len(bits) - length + 1, np.int64)
    for k in range(length):
        out = (out << n) | single[k : len(single) - length + 1 + k]
    return out


def entropy(symbols: ArrayLike) -> Estimate:
    """Entropy of the distribution of symbols, in nats, with the bias of few samples taken off.

    H = -sum p log p + (K - 1) / (2 n) for K symbols that occur among n (Miller and Madow); its error is that of the
    mean of -log p. Right to order 1 / n where n is well above the number of symbols that are possible; too small where
    it is not.

    Args:
        symbols: Integers, such as `words(raster)`.

    Returns:
        The entropy and its standard error.

    Raises:
        InputError: If there are no symbols.

    Reference:
        Miller (1955), Note on the bias of information estimates, Information Theory in Psychology, 95-100; Paninski
        (2003), Estimation of entropy and mutual information, Neural Computation 15, 1191-1253.

    Example:
        >>> round(entropy([0, 1] * 500).value, 6)
        0.693647
    """
    values = np.asarray(symbols).ravel()
    if not values.size:
        raise InputError("There are no symbols to take the entropy of.")
    _, counts = np.unique(values, return_counts=True)
    n = values.size
    share = counts / n
    surprise = -np.log(share)
    plain = float(share @ surprise)
    variance = max(float(share @ surprise**2) - plain**2, 0.0)
    return Estimate(plain + (counts.size - 1) / (2 * n), math.sqrt(variance / n))


def mutual_information(first: ArrayLike, second: ArrayLike) -> Estimate:
    """Mutual information of two rows of symbols, in nats, with the bias of few samples taken off.

    I = sum p(x, y) log(p(x, y) / (p(x) p(y))) - (K_xy - K_x - K_y + 1) / (2 n), K the numbers of symbols and pairs that
    occur. For independent rows the bias, not the error, is the larger part: the plain value is never negative, this one
    may be. The error is that of the mean of the logarithm, and at least the standard deviation under independence,
    sqrt((K_x - 1) (K_y - 1) / 2) / n.

    Args:
        first: Integers, such as `words(raster)`.
        second: As many of another variable, for instance a stimulus.

    Returns:
        The information and its standard error.

    Raises:
        InputError: If the rows are empty or differ in length.

    Reference:
        Panzeri & Treves (1996), Analytical estimates of limited sampling biases in different information measures,
        Network 7, 87-107; Roulston (1999), Physica D 125, 285-294.

    Example:
        >>> bit = [0, 1] * 5000
        >>> round(mutual_information(bit, bit).value, 3)
        0.693
    """
    x, y = np.asarray(first).ravel(), np.asarray(second).ravel()
    if x.size != y.size or not x.size:
        raise InputError(f"Both rows must have the same length, not nought, got {x.size} and {y.size}.")
    n = x.size
    _, x = np.unique(x, return_inverse=True)
    _, y = np.unique(y, return_inverse=True)
    kx, ky = int(x.max()) + 1, int(y.max()) + 1
    px, py = np.bincount(x) / n, np.bincount(y) / n
    pairs, counts = np.unique(x * ky + y, return_counts=True)
    share = counts / n
    gain = np.log(share / (px[pairs // ky] * py[pairs % ky]))
    plain = float(share @ gain)
    variance = max(float(share @ gain**2) - plain**2, 0.0)
    bias = (counts.size - kx - ky + 1) / (2 * n)
    chance = math.sqrt((kx - 1) * (ky - 1) / 2) / n
    return Estimate(plain - bias, max(math.sqrt(variance / n), chance))
