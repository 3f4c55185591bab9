"""Newton's method for the passages of an orbit with resets, on meshes of equal changes."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ._multipliers import of_product
from ._passages import CAPACITY, NODE, Along, Passages, beside, halved, linearised
from ._pieces import renewed

Array = NDArray[np.float64]

#: Newton steps at most, and the length of a step, relative to the extent of the orbit, that counts as none.
_MOST, _STILL = 40, 1e-9
#: Steps of a passage at first.
_FIRST = 64


class Solution(NamedTuple):
    """Passages that join: states at the starts of the pieces, their times, the last Newton step, the mesh used.

    Attributes:
        passages: The equations.
        starts: States at the start of each piece, `(n, d)`: just after a reset, or at a node.
        times: Times of the pieces, `(n,)`.
        step: Length of the last Newton step, relative to the extent.
        residual: Largest mismatch.
        error: Estimated error of the period.
    """

    passages: Passages
    starts: Array
    times: Array
    step: float
    residual: float
    error: float

    @property
    def good(self) -> bool:
        """Whether Newton's method has converged."""
        return bool(np.isfinite(self.residual)) and self.step < _STILL


def mismatch(passages: Passages, starts: Array, times: Array, value: float) -> tuple[Array, Array]:
    """What is left of the equations, `n (d + 1)` numbers, and their derivative by the unknowns and the parameter.

    Unknowns are `(y_0, tau_0, y_1, ...)` in units of the extent and of time; states are in these units too, guards in
    units of what they change by in a unit of time. At a node in a passage the pieces' times keep their ratio.
    """
    n, d = starts.shape
    scale = np.append(np.asarray(passages.scale), float(passages.unit))
    got = linearised(passages, jnp.asarray(starts), jnp.asarray(times), jnp.asarray(value))
    gaps = np.asarray(passages.gap(jnp.asarray(np.asarray(got.after) - np.roll(starts, -1, axis=0))))
    by = np.concatenate([np.asarray(got.after_by), np.asarray(got.guard_by)[:, None]], axis=1)
    rows = np.concatenate([scale[:d], [1.0]])
    # A passage that is too long may blow up; what is not finite is seen by whoever asked.
    with np.errstate(invalid="ignore", over="ignore"):
        pace = np.maximum(np.abs(by[:, d, d]) * scale[d], 1e-300)
        left = np.concatenate([gaps / rows[:d], (np.asarray(got.guard) / pace)[:, None]], axis=1)
        by = by / rows[:, None]
        by[:, d] /= pace[:, None]
    size, shares = d + 1, np.asarray(passages.shares)
    matrix = np.zeros((n * size, n * size + 1))
    for i in range(n):
        here = slice(i * size, (i + 1) * size)
        matrix[here, here] += by[i, :, :size] * np.where(np.isfinite(by[i, :, :size]), scale, 1.0)
        after = (i + 1) % n * size
        matrix[i * size : i * size + d, after : after + d] -= np.eye(d)
        matrix[here, -1] = by[i, :, -1]
        if passages.surfaces[i] == NODE:
            row = i * size + d
            matrix[row] = 0.0
            matrix[row, row], matrix[row, after + d] = 1.0, -shares[i] / shares[i + 1]
            left[i, d] = (times[i] - times[i + 1] * shares[i] / shares[i + 1]) / scale[d]
    return left.ravel(), matrix


def moved(passages: Passages, starts: Array, times: Array, change: Array) -> tuple[Array, Array]:
    """States and times after a change of the unknowns."""
    steps = change.reshape(len(starts), -1)
    return starts + steps[:, :-1] * np.asarray(passages.scale), times + steps[:, -1] * float(passages.unit)


def joined(passages: Passages, starts: Array, times: Array, value: float) -> Solution:
    """The passages joined by Newton's method; steps are halved while they make the mismatch larger."""
    left, matrix = mismatch(passages, starts, times, value)
    step = np.inf
    for _ in range(_MOST):
        if not np.all(np.isfinite(matrix)):
            return Solution(passages, starts, times, np.inf, np.nan, np.inf)
        change = np.asarray(np.linalg.lstsq(matrix[:, :-1], -left, rcond=1e-14)[0], float)
        share, size, new = 1.0, np.abs(left).max(), (starts, times)
        for _ in range(8):
            new = moved(passages, starts, times, share * change)
            left, matrix = mismatch(passages, *new, value)
            larger = not np.all(np.isfinite(left)) or np.abs(left).max() > max(size, 1e-9) or np.any(new[1] <= 0)
            if not larger:
                break
            share /= 2
        starts, times = new
        before, step = step, float(np.abs(change).max())
        if step < 1e-13 or (step < _STILL and step > 0.1 * before):
            break
    return Solution(passages, starts, times, step, float(np.abs(left).max()), np.inf)


def solved(passages: Passages, starts: Array, times: Array, value: float, *, tol: float) -> Solution:
    """The passages joined on meshes that are refined until the error of the period is below `tol` of it."""
    steps = _FIRST
    for _ in range(2):
        passages, starts, times = renewed(passages, starts, times, value, steps=steps)
    found = joined(passages, starts, times, value)
    if not found.good:
        return found
    passages, starts, times = renewed(found.passages, found.starts, found.times, value, steps=steps)
    found = joined(passages, starts, times, value)
    while found.good and 2 * steps <= CAPACITY:
        fine = halved(np.asarray(passages.widths), steps)
        steps *= 2
        passages = eqx.tree_at(lambda p: (p.widths, p.steps), passages, (jnp.asarray(fine), jnp.asarray(steps)))
        last = found.times.sum()
        found = joined(passages, found.starts, found.times, value)
        # Order 8 would allow 2^8; a sixteenth is on the safe side of rules that are not smooth.
        error = abs(found.times.sum() - last) / 16 + (4e-16 * steps + found.step * 1e-3) * abs(last)
        found = found._replace(error=error)
        if error <= tol * last:
            break
    return found


def multipliers(passages: Passages, seen: Along) -> NDArray[np.complex128]:
    """The multipliers, with all saltations, the largest first; empty if the course is not finite."""
    scale, maps = np.asarray(passages.scale), list[Array]()
    for tangents, jump in zip(np.asarray(seen.tangents), np.asarray(seen.jumps), strict=True):
        # A product over one piece grows little: pieces are cut so.
        piece = np.eye(len(scale))
        for tangent in tangents[: int(passages.steps)]:
            piece = tangent @ piece
        maps += [piece * scale / scale[:, None], jump * scale / scale[:, None]]
    return of_product(maps)


def margin(passages: Passages, seen: Along, times: Array, value: float) -> float:
    """How far below the surfaces the orbit stays between its events; infinite without a maximum of a guard in between.

    Where it is nil the orbit grazes a surface. The highest maximum is found by a cubic through two nodes and then by a
    step of the integrator to it.
    """
    steps, tops = int(passages.steps), list[tuple[float, float, Array, int]]()
    for i, tau in enumerate(times):
        ends = tau * np.concatenate([[0.0], np.cumsum(np.asarray(passages.widths)[i, :steps])])
        guards, rising = np.asarray(seen.guards)[i, : steps + 1], np.asarray(seen.rising)[i, : steps + 1]
        for k in range(guards.shape[1]):
            g, rate = guards[:, k], rising[:, k]
            for j in np.flatnonzero((rate[:-1] > 0) & (rate[1:] <= 0)):
                h = ends[j + 1] - ends[j]
                top, s = _top(h, g[j : j + 2], rate[j : j + 2])
                tops.append((top, s * h, np.asarray(seen.nodes)[i, j], k))
    if not tops:
        return np.inf
    _, late, node, k = max(tops, key=lambda t: t[0])
    g, rate, bend = (float(x[k]) for x in beside(passages, jnp.asarray(node), jnp.asarray(late), jnp.asarray(value)))
    return -(g - rate**2 / (2 * bend) if bend < 0 else g)


def _top(h: float, g: Array, rate: Array) -> tuple[float, float]:
    """The maximum of the cubic through two values and slopes, and the share of the step at which it lies."""
    a, b = g[0], h * rate[0]
    c, d = 3 * (g[1] - g[0]) - h * (2 * rate[0] + rate[1]), 2 * (g[0] - g[1]) + h * (rate[0] + rate[1])
    roots: Any = np.roots([3 * d, 2 * c, b]) if d or c else np.zeros(1)
    inside = [float(s.real) for s in np.atleast_1d(roots) if abs(s.imag) < 1e-9 and 0 <= s.real <= 1]
    return max((float(a + s * (b + s * (c + s * d))), s) for s in [*inside, 0.0, 1.0])
