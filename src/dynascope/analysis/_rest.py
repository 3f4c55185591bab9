"""Whether the end of a series only holds noise around one place."""

from __future__ import annotations

from typing import Any

import numpy as np

#: At rest, successive samples are no more alike than chance allows: twice the standard error of a correlation.
_ALIKE = 2.0
#: Largest share of the deviation before that is left at rest.
_LEFT = 0.2


def is_resting(x: Any, before: Any) -> bool:
    """Whether a stretch only holds noise around one place, after a larger motion.

    In every channel the deviation is at most a fifth of that of `before`, and neighbouring samples are no more alike
    than those of white noise.
    """
    x, before = np.asarray(x, float), np.asarray(before, float)
    deviation, moved = x.std(axis=0), before.std(axis=0)
    if np.any(deviation > _LEFT * moved):
        return False
    centred = x - x.mean(axis=0)
    power = np.maximum(np.mean(centred**2, axis=0), np.finfo(float).tiny)
    alike = np.mean(centred[1:] * centred[:-1], axis=0) / power
    # What is left without noise, as a decay goes on below everything that matters, is at rest as well.
    return bool(np.all((np.abs(alike) <= _ALIKE / np.sqrt(len(x)) + 0.05) | (deviation <= 1e-4 * moved)))
