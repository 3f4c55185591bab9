"""Pseudo-arclength steps along orbits through resets, and the location of what happens between two of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError
from ..cycles._passages import CAPACITY, Passages
from ..cycles._pieces import course, renewed
from ..cycles._reset_newton import Solution, margin, mismatch, moved, multipliers

Array = NDArray[np.float64]

#: Multipliers this near to the unit circle are not counted as unstable.
BAND = 1e-6
#: Newton steps of a point, the step that counts as none, and tries to locate a special point.
_NEWTON, _STILL, _TRIES = 10, 1e-10, 60
#: Points between two moves of the mesh.
_STRETCH = 4
#: Sizes of the first doubled orbit, in units of its extent, and the cosine below which a difference has turned round.
_BORN, _OPPOSITE = (1e-2, 3e-3), -0.8
#: A multiplier larger than this is that of a canard.
_STEEP = 1e3
#: The parameter stands still where this small a share of a step goes along it.
_FLAT = 1e-6
#: No step may pass a surface by more than this share of how far below it the passage has been.
_FAR = 0.1

BOUND = "The branch reached an end of the parameter's range."
GRAZING = "The orbit grazes a surface: it is about to lose or gain an event."
LONG = "The period grows without an end in sight: an equilibrium or a saddle lies ahead, or a threshold out of reach."
FULL = "The branch has more points than `max_points` allows. Raise `max_points` of `HybridContinuation`."
STUCK = "The smallest step did not converge: the branch ends or is not smooth here."
CLOSED = "The branch closed on itself."
STEEP = (
    "The orbit runs along a repelling part of the flow, as a canard does: a change of the state after a reset grows "
    "{:.2g} times in a period, and steps along the branch become too short to follow it."
)
HALVED = "The two halves of the period became one, at a period doubling of an orbit of half as many events."


class HybridContinuation(eqx.Module):
    """How branches of orbits through resets are followed.

    Args:
        steps: Steps of the integrator from one reset to the next, or along each piece of a passage that is cut.
        max_points: Points at most, each way.
        longest: A period longer than this many times that at the start ends the branch.
        first: First step, in units of the extent of the orbit and of the range of the parameter.
        smallest: A step that would have to be smaller ends the branch.
        largest: Largest step.
        angle: Angle between successive tangents that is aimed at, in radians; three times as much is refused.
    """

    steps: int = eqx.field(static=True, default=128)
    max_points: int = eqx.field(static=True, default=250)
    longest: float = eqx.field(static=True, default=20.0)
    first: float = eqx.field(static=True, default=5e-3)
    smallest: float = eqx.field(static=True, default=1e-7)
    largest: float = eqx.field(static=True, default=0.1)
    angle: float = eqx.field(static=True, default=0.15)

    def __check_init__(self) -> None:
        if not 8 <= self.steps <= CAPACITY or self.max_points < 2 or not self.longest > 1:
            raise InputError(
                f"`HybridContinuation` needs 8 to {CAPACITY} `steps`, at least 2 `max_points` and `longest` above 1, "
                f"got {self.steps}, {self.max_points} and {self.longest}."
            )


class Point(NamedTuple):
    """An orbit of the branch, its tangent, and the test functions that change their sign at special points.

    Attributes:
        starts: States at the starts of all pieces.
        times: Their times.
        begins: Numbers of the pieces that begin after an event.
        value: The parameter.
        tangent: Direction of the branch, in the scaled unknowns of the equations and the parameter.
        multipliers: Floquet multipliers, the largest first.
        low: Least values of the components.
        high: Their greatest values.
        tests: Test functions.
    """

    starts: Array
    times: Array
    begins: NDArray[np.int64]
    value: float
    tangent: Array
    multipliers: Any
    low: Array
    high: Array
    tests: dict[str, float]

    @property
    def events(self) -> int:
        """Number of events in a period."""
        return len(self.begins)

    @property
    def resets(self) -> Array:
        """States just after each reset."""
        return self.starts[self.begins]

    @property
    def waits(self) -> Array:
        """Times between events."""
        return np.add.reduceat(self.times, self.begins)


class HybridWalk(NamedTuple):
    """One way along a branch: points, special points by their number, why it ends, and the last equations."""

    points: list[Point]
    special: dict[int, str]
    errors: dict[int, float]
    end: str
    passages: Passages


class Track(NamedTuple):
    """What stays the same on a stretch: equations, and the range of the parameter."""

    passages: Passages
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low

    def equations(self, starts: Array, times: Array, value: float) -> tuple[Array, Array]:
        left, matrix = mismatch(self.passages, starts, times, value)
        matrix[:, -1] *= self.width
        return left, matrix

    def corrected(self, start: Any, row: Array) -> tuple[Array, Array, float, Array] | None:
        """The solution near `start` in the plane across `row`, with the derivative there; None if there is none."""
        starts, times, value = start
        for _ in range(_NEWTON):
            left, matrix = self.equations(starts, times, value)
            whole = np.concatenate([matrix, row[None]])
            if not (np.all(np.isfinite(left)) and np.all(np.isfinite(whole))):
                return None
            change = np.asarray(np.linalg.lstsq(whole, np.append(-left, 0.0), rcond=1e-15)[0], float)
            starts, times = moved(self.passages, starts, times, change[:-1])
            value = value + change[-1] * self.width
            if np.abs(change).max() > 1 or np.any(times <= 0):
                return None
            if np.abs(change).max() < _STILL:
                return starts, times, float(value), matrix
        return None

    def point(self, starts: Array, times: Array, value: float, matrix: Array, before: Array) -> Point | None:
        """The point with its tangent in the direction of `before`; None where that is beyond the integrator."""
        tangent = np.linalg.svd(matrix)[2][-1]
        tangent = tangent if tangent @ before > 0 else -tangent
        seen = course(self.passages, starts, times, value)
        with np.errstate(over="ignore", invalid="ignore"):
            mu = multipliers(self.passages, seen)
        if not mu.size or _beyond(self.passages, seen):
            return None
        others = np.delete(mu, int(np.argmin(np.abs(mu - 1))))
        pairs = [others[i] * others[j] - 1 for i in range(others.size) for j in range(i)]
        apart = min(margin(self.passages, seen, times, value), 1e300)
        nodes = np.asarray(seen.nodes).reshape(-1, starts.shape[1])
        tests = {
            "fold of cycles": float(tangent[-1]),
            "period doubling": float(np.prod(others + 1).real),
            "neimark-sacker": float(np.prod(pairs).real) if pairs else 1.0,
            "grazing": apart,
            "late crossing": float(np.min(np.asarray(seen.rates))),
        }
        begins = self.passages.begins
        return Point(starts, times, begins, value, tangent, mu, nodes.min(axis=0), nodes.max(axis=0), tests)

    def stepped(self, point: Point, h: float) -> Point | None:
        """The point at the distance `h` along the tangent."""
        starts, times = moved(self.passages, point.starts, point.times, h * point.tangent[:-1])
        found = self.corrected((starts, times, point.value + h * point.tangent[-1] * self.width), point.tangent)
        return None if found is None else self.point(*found, point.tangent)

    def at(self, point: Point, value: float) -> Point | None:
        """The point near `point` at the value of the parameter."""
        row = np.zeros_like(point.tangent)
        row[-1] = 1.0
        found = self.corrected((point.starts, point.times, value), row)
        return None if found is None else self.point(*found, point.tangent)

    def located(self, point: Point, h: float, new: Point, name: str) -> tuple[Point | None, float, float]:
        """The point between `point` and `new`, `h` along the tangent, where a test is nil.

        Returns:
            The point, None if it was not found; the error of its value; its distance along the tangent.
            For grazing the point is on the near side: beyond it there is no such orbit.
        """
        s, low, high, a, b = h, 0.0, h, point.tests[name], new.tests[name]
        best, value, last = None, point.value, new.value
        for k in range(_TRIES):
            straight = k % 3 < 2 and abs(a) < 1e299 and a != b
            s = low - a * (high - low) / (b - a) if straight else 0.5 * (low + high)
            s = s if low < s < high else 0.5 * (low + high)
            found = self.stepped(point, s)
            if found is None:
                return None, np.inf, s
            best, last, value = found, value, found.value
            if found.tests[name] * point.tests[name] > 0:
                low, a, b = s, found.tests[name], b / 2
            else:
                high, b, a = s, found.tests[name], a / 2 if abs(a) < 1e299 else a
            if high - low < 1e-12 or (abs(value - last) < 1e-14 * self.width and k > 3):
                break
        if name in _LAST:
            best = self.stepped(point, low) if low > 0 else best
        gap = abs(best.value - last) if best is not None else np.inf
        return best, gap + 1e-12 * self.width, s


def _beyond(passages: Passages, seen: Any) -> bool:
    """Whether a passage goes far beyond a surface before it ends, as the steps of one that is too long may."""
    guards = np.asarray(seen.guards)[:, : int(passages.steps) + 1]
    for pieces in np.split(guards, passages.begins[1:]):
        g = pieces.reshape(-1, guards.shape[-1])
        been_below = np.logical_or.accumulate(g < 0)
        far = g > _FAR * np.maximum(-g.min(axis=0), 0.0)
        if np.any(been_below[:-2] & far[1:-1]):
            return True
    return False


#: Tests that end a branch.
_LAST = ("grazing", "late crossing")


def begun(start: Solution, value: float, window: tuple[float, float], *, way: int) -> tuple[Track, Point | None]:
    """The equations and the first point of the branch through `start`, towards larger (`way` = 1) or smaller values."""
    track = Track(start.passages, *window)
    _, matrix = track.equations(start.starts, start.times, value)
    ahead = np.zeros(matrix.shape[1])
    ahead[-1] = way
    return track, track.point(start.starts, start.times, value, matrix, ahead) if start.good else None


def doubled(point: Point, passages: Passages, window: tuple[float, float]) -> tuple[Track, Point] | None:
    """The first orbit with twice the events beyond a period doubling, and its equations; None if it is not found.

    Of the two directions in which the equations for twice the events are singular one leads along the branch and one
    changes its sign from the first half to the second: the latter is taken.
    """
    p, twice = passages, np.tile(np.asarray(passages.widths), (2, 1))
    shares = jnp.tile(p.shares, 2)
    wide = Passages(p.system, p.u, p.free, p.surfaces * 2, shares, jnp.asarray(twice), p.steps, p.scale, p.unit)
    track = Track(wide, *window)
    starts, times = np.tile(point.starts, (2, 1)), np.tile(point.times, 2)
    _, matrix = track.equations(starts, times, point.value)
    flat = np.linalg.svd(matrix)[2][-2:, :-1]
    half = flat.shape[1] // 2
    odd = 0.5 * (flat[:, :half] - flat[:, half:])
    wave = np.linalg.svd(odd)[2][0]
    row = np.concatenate([wave, -wave, [0.0]]) / np.sqrt(2)
    for size in _BORN:
        found = track.corrected((*moved(wide, starts, times, size * row[:-1]), point.value), row)
        first = None if found is None else track.point(*found, row)
        if first is not None:
            return track, first
    return None


def walked(track: Track, first: Point, *, method: HybridContinuation, shortest: float = np.inf) -> HybridWalk:
    """The branch from `first` on, in the direction of its tangent.

    A period longer than `method.longest` times that of `first`, or than so many times `shortest`, ends it.
    """
    points, special, errors = [first], dict[int, str](), dict[int, float]()
    h, longest = method.first, method.longest * min(first.times.sum(), shortest)

    def ended(why: str) -> HybridWalk:
        if why == STUCK:
            largest = float(np.abs(points[-1].multipliers).max())
            why = STEEP.format(largest) if largest > _STEEP else why
        return HybridWalk(points, special, errors, why, track.passages)

    while True:
        point = points[-1]
        if len(points) >= method.max_points:
            return ended(FULL)
        new = track.stepped(point, h)
        angle = np.inf if new is None else float(np.arccos(np.clip(new.tangent @ point.tangent, -1.0, 1.0)))
        if new is None or angle > 3 * method.angle:
            h /= 2
            if h < method.smallest:
                return ended(LONG if len(points) > 1 and _stands(*points[-2:]) else STUCK)
            continue
        if _merged(point, new):
            return ended(HALVED)
        end = _noted(track, points, new, h, special, errors)
        if end:
            return ended(end)
        if new.times.sum() > longest or _stands(point, new):
            return ended(LONG)
        if len(points) > 8 and _closed(track, points[0], new, h):
            points[-1] = points[0]
            return ended(CLOSED)
        h = min(method.largest, h * float(np.clip(method.angle / max(angle, 1e-9), 0.5, 2.0)))
        if len(points) % _STRETCH == 0:
            track, points[-1] = _renewed(track, points[-1], method)


def _stands(point: Point, new: Point) -> bool:
    """Whether the period grows at one value of the parameter, as it does on the way to a homoclinic orbit."""
    still = max(abs(point.tangent[-1]), abs(new.tangent[-1])) < _FLAT
    return still and bool(new.times.sum() > point.times.sum())


def _merged(point: Point, new: Point) -> bool:
    """Whether the difference of the two halves of the period has turned round between two points."""
    n = point.events
    if n % 2:
        return False
    before, after = (np.ravel(p.resets[: n // 2] - p.resets[n // 2 :]) for p in (point, new))
    size = float(np.linalg.norm(before) * np.linalg.norm(after))
    return size > 0 and float(before @ after) < _OPPOSITE * size


def _noted(track: Track, points: list[Point], new: Point, h: float, special: Any, errors: Any) -> str:
    """Append the new point behind the special points passed on the way, and say why the branch ends, if it does."""
    point, passed = points[-1], []
    for name, was in point.tests.items():
        if was * new.tests[name] < 0:
            found, error, s = track.located(point, h, new, name)
            if found is not None:
                passed.append((s, name, found, error))
            elif name in _LAST:
                return GRAZING
    # Where an event becomes tangent the equations themselves may turn round, and behind it there is no orbit.
    end = min((p[0] for p in passed if p[1] in _LAST), default=np.inf)
    passed = [p for p in passed if p[0] < end - 1e-4 * h or p[0] == end]
    for _, name, found, error in sorted(passed, key=lambda p: p[0]):
        if not track.low <= found.value <= track.high:
            break
        special[len(points)], errors[len(points)] = "grazing" if name in _LAST else name, error
        points.append(found)
        if name in _LAST:
            return GRAZING
    if not track.low <= new.value <= track.high:
        edge = track.low if new.value < track.low else track.high
        # Spikes are so steep that Newton's method has to begin near: at the step that leads to the edge.
        near = track.stepped(point, h * (edge - point.value) / (new.value - point.value))
        last = track.at(new if near is None else near, edge)
        points.extend([] if last is None or last.value == points[-1].value else [last])
        return BOUND
    points.append(new)
    return ""


def _closed(track: Track, first: Point, new: Point, h: float) -> bool:
    """Whether the walk is back at its start, in all unknowns and the parameter."""
    gap = np.abs(new.resets - first.resets) / np.asarray(track.passages.scale)
    late = np.abs(new.waits - first.waits) / float(track.passages.unit)
    beside = abs(new.value - first.value) / track.width
    if max(gap.max(), late.max(), beside) >= h:
        return False
    ways = [_carried(p, first.begins, first.times) for p in (first, new)]
    return bool(ways[0] @ ways[1] > 0.9)


def _renewed(track: Track, point: Point, method: HybridContinuation) -> tuple[Track, Point]:
    """The track with mesh, nodes and unit of time of the present orbit, and the point on it."""
    passages, starts, times = renewed(track.passages, point.starts, point.times, point.value, steps=method.steps)
    passages = eqx.tree_at(lambda p: p.unit, passages, jnp.asarray(point.waits.mean()))
    fresh = track._replace(passages=passages)
    ahead = _carried(point, passages.begins, times)
    found = fresh.corrected((starts, times, point.value), ahead)
    there = None if found is None else fresh.point(*found, ahead)
    return (track, point) if there is None else (fresh, there)


def _carried(point: Point, begins: Any, times: Array) -> Array:
    """The tangent of a point on other pieces, without what it says of nodes between two events."""
    d = point.starts.shape[1]
    old = point.tangent[:-1].reshape(-1, d + 1)
    waits = np.add.reduceat(old[:, d], point.begins)
    counts = np.diff(np.append(begins, len(times)))
    new = np.zeros((len(times), d + 1))
    new[begins, :d] = old[point.begins, :d]
    new[:, d] = times * np.repeat(waits / np.add.reduceat(times, begins), counts)
    carried = np.append(new.ravel(), point.tangent[-1])
    return carried / np.linalg.norm(carried)
