"""How many sequences of symbols there are, and how hard the next one is to guess."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..._errors import InputError

#: Iterations of the power method, and the relative change at which it ends.
_ITERATIONS, _CLOSE = 20_000, 1e-13


def topological_entropy(symbols: Any, *, length: int = 1) -> float:
    r"""Growth rate of the number of sequences: $\ln \rho$ of the graph of which words follow which.

    Words of `length` symbols that occur are the nodes, and there is an edge where one is followed by the other, shifted
    by a symbol; $\rho$ is the spectral radius of its 0/1 matrix. If all sequences that are possible have occurred, this
    bounds the topological entropy from above, and longer words bound it better; what has not occurred in a short
    sequence lowers it.

    Args:
        symbols: Integers; negative ones are gaps across which no word goes.
        length: Symbols of each word.

    Returns:
        Nats per step; 0 where every word has one successor.

    Raises:
        InputError: If the symbols are no sequence of integers, or `length` is not positive.

    Reference:
        Lind & Marcus (1995), An introduction to symbolic dynamics and coding, Cambridge University Press, chapter 4.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> coin = rng.integers(0, 2, 1000)
        >>> round(float(topological_entropy(coin) / np.log(2)), 6)
        1.0
    """
    words = _words(_checked(symbols, length), length + 1)
    if not len(words):
        return 0.0
    _, both = np.unique(np.concatenate([words[:, :-1], words[:, 1:]]), axis=0, return_inverse=True)
    before, after = np.split(both.reshape(-1), 2)
    edges = np.unique(np.stack([before, after], axis=1), axis=0)
    size = int(both.max()) + 1
    graph: Any = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size)).tocsr()
    _, part = connected_components(graph, directed=True, connection="strong")
    # Only within a strong component can a walk go on for ever.
    radii = [_radius(graph[np.ix_(part == c, part == c)]) for c in np.flatnonzero(np.bincount(part) > 0)]
    return float(np.log(max(max(radii), 1.0)))


def entropy_rate(symbols: Any, *, length: int = 1) -> tuple[float, float]:
    r"""How uncertain the next symbol is, given `length` symbols before: $H_{length + 1} - H_{length}$, with its error.

    $H_k = -\sum_w p_w \ln p_w$ over words w of k symbols, with half the number of words over the length of the sequence
    added to each as the correction of Miller (1955).

    Args:
        symbols: Integers; negative ones are gaps across which no word goes.
        length: Symbols that are known.

    Returns:
        Nats per step, and its standard error from ten pieces of the sequence.

    Raises:
        InputError: If the symbols are no sequence of integers, or `length` is not positive.

    Example:
        >>> import numpy as np
        >>> value, error = entropy_rate(np.arange(1000) % 3)
        >>> round(abs(value), 3) + 0.0, error < 0.01
        (0.0, True)
    """
    known = _checked(symbols, length)
    value = _conditional(known, length)
    pieces = [_conditional(piece, length) for piece in np.array_split(known, 10)]
    return value, float(np.std(pieces, ddof=1) / np.sqrt(len(pieces)))


def distinct_words(symbols: Any, length: int) -> int:
    """How many different words of `length` symbols occur."""
    return len(np.unique(_words(_checked(symbols, length), length), axis=0))


def _conditional(symbols: np.ndarray, length: int) -> float:
    return _block(symbols, length + 1) - _block(symbols, length)


def _block(symbols: np.ndarray, length: int) -> float:
    words = _words(symbols, length)
    if not len(words):
        return 0.0
    counts = np.unique(words, axis=0, return_counts=True)[1]
    share = counts / counts.sum()
    return float(-np.sum(share * np.log(share)) + (len(counts) - 1) / (2 * counts.sum()))


def _checked(symbols: Any, length: int) -> np.ndarray:
    known = np.asarray(symbols)
    if known.ndim != 1 or known.dtype.kind not in "iu" or length < 1:
        raise InputError(
            f"`symbols` must be a sequence of integers and `length` at least 1, got an array of shape {known.shape} "
            f"and type `{known.dtype}`, and {length}."
        )
    return known


def _words(symbols: np.ndarray, length: int) -> np.ndarray:
    """All words of `length` symbols without gaps, in order."""
    if len(symbols) < length:
        return np.zeros((0, length), int)
    windows = np.lib.stride_tricks.sliding_window_view(symbols, length)
    return windows[np.all(windows >= 0, axis=1)]


def _radius(graph: Any) -> float:
    """Spectral radius of a strongly connected graph; one is added to the matrix, since cycles would keep it turning."""
    if graph.shape[0] == 1:
        return float(graph.sum())
    vector, radius = np.full(graph.shape[0], graph.shape[0] ** -0.5), 0.0
    for _ in range(_ITERATIONS):
        new = graph @ vector + vector
        before, radius = radius, float(np.linalg.norm(new))
        vector = new / radius
        if abs(radius - before) <= _CLOSE * radius:
            break
    return radius - 1.0
