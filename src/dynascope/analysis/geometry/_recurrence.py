"""Recurrence quantification: when does the state come back, and for how long does it stay on the same course?"""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._series import Array
from ._embedding import Embedding, embedding

#: The measures, in the order of the arrays of a `Recurrence`.
MEASURES = (
    "recurrence rate",
    "determinism",
    "mean diagonal",
    "longest diagonal",
    "entropy of diagonals",
    "divergence",
    "laminarity",
    "trapping time",
)


class Recurrence(AbstractResult):
    """Recurrence quantification, averaged over blocks of the series; see `MEASURES` for the order of the entries."""

    measures: tuple[str, ...]
    threshold: float
    theiler: int
    converged: bool
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    values: NDArray[np.float64] = output("measure", doc="Measures, lengths in samples, entropy in nats")
    errors: NDArray[np.float64] = output("measure", doc="Standard errors over the blocks")
    blocks: NDArray[np.float64] = output("block", "measure", doc="Measures of each block")

    def __getitem__(self, measure: str) -> float:
        """One measure by name, such as `"determinism"`."""
        if measure not in self.measures:
            raise InputError(f"`measure` must be one of {', '.join(self.measures)}; got {measure!r}.")
        return float(self.values[self.measures.index(measure)])

    def summary(self) -> str:
        """Determinism and laminarity, with errors."""
        det, lam = self.measures.index("determinism"), self.measures.index("laminarity")
        trust = "" if self.converged else " Not converged: the blocks differ by more than a tenth of the determinism."
        return (
            f"Recurrence at a rate of {100 * self['recurrence rate']:.1f}%: determinism {self.values[det]:.3f} +- "
            f"{self.errors[det]:.3f}, mean diagonal {self['mean diagonal']:.1f} samples, laminarity "
            f"{self.values[lam]:.3f} +- {self.errors[lam]:.3f}, in {self.blocks.shape[0]} blocks.{trust}"
        )


def recurrence(
    x: ArrayLike | Embedding,
    *,
    dt: float = 1.0,
    rate: float = 0.05,
    shortest: int = 2,
    block: int = 1000,
    blocks: int = 4,
    **unfolding: Any,
) -> Recurrence:
    r"""Quantify the recurrence plot $R_{ij} = [\,|x_i - x_j| \le \epsilon\,]$ of the embedded series.

    The radius $\epsilon$ is set so that a share `rate` of all pairs outside the Theiler window recurs, which makes
    series of different kinds comparable. To bound the memory (8 `block`^2 bytes) the plot is made for `blocks`
    contiguous stretches of at most `block` points, spread over the series, with one common radius; diagonals longer
    than a block are cut there.

    - determinism: share of recurrences in diagonals of at least `shortest` samples; mean, longest: of those diagonals;
      entropy: of the distribution of their lengths; divergence: 1 / longest;
    - laminarity: share of recurrences in vertical lines of at least `shortest`; trapping time: their mean length.

    Args:
        x: (time,) or (time, channel), or an `Embedding`.
        dt: sampling interval; only for the settings.
        rate: share of pairs that recur.
        shortest: the shortest line that counts, in samples.
        block: points in one block at most.
        blocks: number of blocks.
        **unfolding: `delay`, `dimension`, `theiler`, ... of `embedding`.

    Returns:
        A `Recurrence`: means and standard errors over the blocks; converged if the error of the determinism is below
        a tenth of it.

    Raises:
        InputError: a rate outside (0, 0.5), fewer than two blocks, or a series too short for the blocks.

    Reference: Zbilut and Webber (1992), Embeddings and delays as derived from quantification of recurrence plots;
    Marwan et al. (2007), Recurrence plots for the analysis of complex systems.
    """
    if not 0 < rate < 0.5:
        raise InputError(f"`rate` must lie between 0 and 0.5; got {rate}.")
    if shortest < 2 or blocks < 2:
        raise InputError(f"`shortest` and `blocks` must be at least 2; got {shortest} and {blocks}.")
    embedded = x if isinstance(x, Embedding) else embedding(x, dt=dt, **unfolding)
    points = embedded.points
    size = min(block, points.shape[0] // blocks)
    # Lines need room beside the band that the Theiler window takes out.
    theiler = min(embedded.theiler, size // 4)
    if size < 30:
        raise InputError(f"`x` gives {points.shape[0]} points, too few for {blocks} blocks of 30. Use a longer series.")
    starts = np.linspace(0, points.shape[0] - size, blocks).astype(np.int64)
    upper = np.triu_indices(size, theiler + 1)
    stretches = [_distances(points[start : start + size]) for start in starts]
    # One pair in a few is enough for the quantile.
    threshold = float(np.quantile(np.concatenate([d[upper][::7] for d in stretches]), rate))
    table = np.array([_measures(d <= threshold, theiler=theiler, shortest=shortest) for d in stretches])
    values, errors = table.mean(axis=0), table.std(axis=0, ddof=1) / math.sqrt(blocks)
    converged = bool(errors[1] <= 0.1 * max(values[1], 1e-12))
    return Recurrence(
        values=values,
        errors=errors,
        blocks=table,
        measures=MEASURES,
        threshold=threshold,
        theiler=theiler,
        converged=converged,
        result=RESULTS.successful if converged else RESULTS.not_converged,
        settings=provenance(
            dt=embedded.dt, rate=rate, shortest=shortest, block=size, blocks=blocks, delay=embedded.delay,
            dimension=embedded.dimension, theiler=theiler,
        ),
    )  # fmt: skip


def _distances(points: Array) -> Array:
    square = (points**2).sum(axis=1)
    return np.sqrt(np.maximum(square[:, None] + square[None] - 2 * points @ points.T, 0.0))


def _runs(lines: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Lengths of the runs of True along the last axis of (line, position)."""
    padded = np.zeros((lines.shape[0], lines.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = lines
    change = np.diff(padded, axis=1).ravel()
    return np.flatnonzero(change == -1) - np.flatnonzero(change == 1)


def _measures(plot: NDArray[np.bool_], *, theiler: int, shortest: int) -> list[float]:
    """The eight measures of one recurrence plot, in the order of `MEASURES`."""
    size = plot.shape[0]
    offset = np.arange(size)
    # Row k of this table is the diagonal at distance k, filled up with False at its end.
    position = offset[:, None] + offset[None]
    diagonals = plot[offset[None], np.minimum(position, size - 1)] & (position < size)
    diagonal = _runs(diagonals[theiler + 1 :])
    vertical = _runs(plot & (np.abs(offset[:, None] - offset[None]) > theiler))
    total = int(diagonal.sum())
    pairs = (size - theiler - 1) * (size - theiler) / 2
    long, tall = diagonal[diagonal >= shortest], vertical[vertical >= shortest]
    share = np.bincount(long)[shortest:] / max(long.size, 1)
    entropy = float(-np.sum(share[share > 0] * np.log(share[share > 0])))
    longest = int(long.max()) if long.size else 0
    return [
        total / pairs,
        float(long.sum()) / max(total, 1),
        float(long.mean()) if long.size else 0.0,
        float(longest),
        entropy,
        1 / longest if longest else 1.0,
        float(tall.sum()) / max(int(vertical.sum()), 1),
        float(tall.mean()) if tall.size else 0.0,
    ]
