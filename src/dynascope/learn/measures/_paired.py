"""What all comparisons of two series ask of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError


def paired(
    generated: Any, truth: Any, *, equal_length: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two series of the same channels, shapes `(time, channel)`; the true one must be finite.

    Raises:
        InputError: If the shapes do not fit, a series is too short, or the true one is not finite.
    """
    made, true = (_table(x, name) for x, name in ((generated, "generated"), (truth, "truth")))
    if made.shape[1] != true.shape[1]:
        raise InputError(
            f"`generated` has {made.shape[1]} channels and `truth` has {true.shape[1]}. Give series of the same "
            "channels, with time along the first axis."
        )
    if equal_length and len(made) != len(true):
        raise InputError(
            f"`generated` has {len(made)} samples and `truth` has {len(true)}; this measure depends on the length. Cut "
            "both to the same one."
        )
    if not np.isfinite(true).all():
        raise InputError("`truth` has values that are not finite. Mend it with `as_recording(..., missing=...)`.")
    return made, true


def _table(values: Any, name: str) -> NDArray[np.float64]:
    table = np.asarray(values, np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) < 2 or not table.shape[1]:
        raise InputError(f"`{name}` must have the shape (time, channel) and two samples at least, got {table.shape}.")
    return table
