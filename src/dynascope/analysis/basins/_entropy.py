"""How mixed basins are: entropy of small boxes, and of those on the boundary."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, provenance
from ._basins import Basins


class BasinEntropy(AbstractResult):
    """Entropies of the labels in boxes of a grid, in nats.

    Attributes:
        entropy: Mean over all boxes: 0 for one basin, at most the logarithm of their number.
        stderr: Its standard error over boxes.
        boundary: Mean over boxes with more than one label; NaN if there is none.
        boundary_stderr: Its standard error.
        fractal: Whether the boundary entropy is above ln 2 by more than two standard errors, which no smooth boundary
            reaches (a boundary below may still be fractal).
        boxes: Number of boxes, and of those on the boundary.
    """

    entropy: float
    stderr: float
    boundary: float
    boundary_stderr: float
    fractal: bool
    boxes: tuple[int, int] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)

    def summary(self) -> str:
        """Both entropies and what they say."""
        said = "the boundary is fractal" if self.fractal else "which a smooth boundary may have too"
        return (
            f"Basin entropy {self.entropy:.4f} +- {self.stderr:.4f}, boundary basin entropy {self.boundary:.4f} +- "
            f"{self.boundary_stderr:.4f} (ln 2 is 0.6931): {said}."
        )


def basin_entropy(basins: Basins | np.ndarray, *, side: int = 5) -> BasinEntropy:
    r"""Basin entropy and boundary basin entropy of labels on a grid.

    The grid is cut into boxes of `side` cells each way. With $p_{ij}$ the share of label j in box i,
    $S_b = \langle -\sum_j p_{ij} \ln p_{ij} \rangle$ over all boxes, $S_{bb}$ the same over boxes with several labels.
    A straight boundary that cuts boxes anywhere gives $S_{bb} = 1/2$.

    Args:
        basins: From `basins`, or an array of labels; starts that diverge are a basin of their own.
        side: Cells along each side of a box; what is left over at the upper ends is not used.

    Raises:
        InputError: If the grid is smaller than a box.

    Reference:
        Daza, Wagemakers, Georgeot, Guéry-Odelin & Sanjuán (2016), Basin entropy: a new tool to analyze uncertainty in
        dynamical systems, Scientific Reports 6, 31416.

    Example:
        >>> import numpy as np
        >>> basin_entropy(np.zeros((20, 20), int)).entropy
        0.0
    """
    image = basins.image if isinstance(basins, Basins) else np.asarray(basins)
    if min(image.shape) < side or side < 2:
        raise InputError(f"Boxes of side {side} (at least 2) do not fit into a grid of shape {image.shape}.")
    counts = [n // side for n in image.shape]
    cut = image[tuple(slice(0, n * side) for n in counts)]
    split = cut.reshape([x for n in counts for x in (n, side)])
    order = [*range(0, 2 * image.ndim, 2), *range(1, 2 * image.ndim, 2)]
    boxes = split.transpose(order).reshape(int(np.prod(counts)), -1)
    entropies = np.zeros(len(boxes))
    for label in np.unique(boxes):
        p = np.mean(boxes == label, axis=1)
        entropies -= np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0)
    mixed = entropies[np.any(boxes != boxes[:, :1], axis=1)]
    boundary = float(mixed.mean()) if len(mixed) else float("nan")
    boundary_error = _error(mixed)
    return BasinEntropy(
        entropy=float(entropies.mean()),
        stderr=_error(entropies),
        boundary=boundary,
        boundary_stderr=boundary_error,
        fractal=bool(len(mixed) and boundary > np.log(2) + 2 * boundary_error),
        boxes=(len(boxes), len(mixed)),
        result=RESULTS.successful,
        settings=provenance(side=side, shape=list(image.shape)),
    )


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
