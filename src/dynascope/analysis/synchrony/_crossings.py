"""Where a curve with errors changes its sign, and where it is negative."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np

#: Standard errors from zero at which a sign counts as known.
_SURE = 2.0


class Crossings(eqx.Module):
    """Zeros of a curve and the intervals in which it is negative.

    Attributes:
        places: Zeros between points of known and opposite sign.
        errors: Their standard errors.
        brackets: The last point before and the first after each zero whose signs are known, shape `(zero, 2)`.
        intervals: Where the curve is negative, shape `(interval, 2)`.
        intervals_errors: Standard errors of the ends; infinite where the curve ends.
    """

    places: np.ndarray
    errors: np.ndarray
    brackets: np.ndarray
    intervals: np.ndarray
    intervals_errors: np.ndarray


def crossings(x: np.ndarray, values: np.ndarray, errors: np.ndarray) -> Crossings:
    """Zeros and negative intervals of a curve over rising `x`; none for complex `x` or values that are not known.

    Between the two points of known sign the zero is that of a straight line through them and all points between; its
    error joins that of the values there with what the line leaves of them.
    """
    empty = np.zeros((0, 2))
    if np.iscomplexobj(x) or not np.all(np.isfinite(values)):
        return Crossings(np.zeros(0), np.zeros(0), empty, empty, empty)
    sign = np.where(values > _SURE * errors, 1, np.where(values < -_SURE * errors, -1, 0))
    known = np.flatnonzero(sign)
    places, spreads, brackets, intervals, ends = [], [], [], [], []
    opened: tuple[float, float] | None = None
    for n, i in enumerate(known):
        before = int(known[n - 1]) if n else -1
        if n == 0 and sign[i] < 0:
            # The curve begins negative, or at values that may be zero.
            opened = (float(x[i]), np.inf if i == 0 else float(x[i] - x[i - 1]))
        elif n and sign[i] != sign[before]:
            place, error = _zero(x[before : i + 1], values[before : i + 1], errors[before : i + 1])
            places.append(place)
            spreads.append(error)
            brackets.append((x[before], x[i]))
            if sign[i] < 0:
                opened = (place, error)
            elif opened is not None:
                intervals.append((opened[0], place))
                ends.append((opened[1], error))
                opened = None
    if opened is not None:
        last = int(known[-1])
        gap = np.inf if last == len(x) - 1 else float(x[last + 1] - x[last])
        intervals.append((opened[0], float(x[last])))
        ends.append((opened[1], gap))
    return Crossings(np.array(places), np.array(spreads), _pairs(brackets), _pairs(intervals), _pairs(ends))


def _pairs(rows: list[Any]) -> np.ndarray:
    return np.array(rows, float).reshape(len(rows), 2)


def _zero(x: np.ndarray, values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    slope, level = np.polyfit(x - x.mean(), values, 1)
    # The secant of the ends always has a zero between them; the line through all points need not.
    if slope * (values[-1] - values[0]) <= 0 or not x[0] <= x.mean() - level / slope <= x[-1]:
        slope = (values[-1] - values[0]) / (x[-1] - x[0])
        level = values[0] + slope * (x.mean() - x[0])
    place = float(x.mean() - level / slope)
    left = float(np.sqrt(np.mean((values - level - slope * (x - x.mean())) ** 2)))
    sampling = float(np.interp(place, x, errors))
    # Within one interval nothing is known of the bend of the curve: an eighth of the interval stands for it.
    bend = (x[-1] - x[0]) / 8 if len(x) == 2 else 0.0
    return place, float(np.sqrt((np.hypot(sampling, left) / slope) ** 2 + bend**2))
