"""Distances that know the shape of the state space: angles wrap, all else is a line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..systems import Variable


def wrapped(states: np.ndarray, variables: Sequence[Variable]) -> np.ndarray:
    """States with every angle in `[0, period)`; shape `(..., d)`."""
    out = np.array(states, float)
    for i, v in enumerate(variables):
        if v.topology == "circle":
            turned = np.mod(out[..., i], v.period)
            out[..., i] = np.where(turned >= v.period, 0.0, turned)  # a tiny negative angle rounds up to the period
    return out


def distance(a: np.ndarray, b: np.ndarray, scale: np.ndarray, variables: Sequence[Variable]) -> float:
    """Largest difference of a component in units of `scale`; on circles the shorter way round."""
    gap = np.abs(a - b)
    for i, v in enumerate(variables):
        if v.topology == "circle":
            gap[i] = min(gap[i] % v.period, v.period - gap[i] % v.period)
    return float(np.max(gap / scale))


def unrolled(states: np.ndarray, variables: Sequence[Variable]) -> np.ndarray:
    """States with every angle replaced by its cosine and sine, so that ordinary distances and averages apply."""
    columns = []
    for i, v in enumerate(variables):
        if v.topology == "circle":
            angle = 2 * np.pi * states[..., i] / v.period
            columns += [np.cos(angle), np.sin(angle)]
        else:
            columns.append(states[..., i])
    return np.stack(columns, axis=-1)
