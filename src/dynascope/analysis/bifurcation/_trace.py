"""All branches of equilibria: each followed once, with its special points, and from its branch points to the next."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ._branches import Branch, SpecialPoint, leading, unstable_count
from ._equilibria import Equilibria
from ._follow import ENDS, Bounds, Path, PseudoArclength, correct, follow
from ._locate import crossings, subdivided
from ._normal_forms import critical_vectors, forms_at
from ._special import changes_stability, special_point
from ._switching import other_tangent

#: Lengths in the metric below which two points are one: found points, and a fold beside a branch point.
_SAME, _BESIDE = 1e-6, 1e-4
#: Pieces into which a step is cut that has passed over something.
_PIECES = 24
#: Said of the end of a branch that is a special point.
_BEGINS = "The branch begins here."

_follow = compiled(follow)
_subdivided = compiled(subdivided)


@compiled
def _jacobians(problem: Equilibria, points: Any) -> Any:
    return jax.vmap(problem.jacobian)(points)


@compiled
def _held(problem: Equilibria, guess: Any, method: PseudoArclength) -> tuple[Any, Any]:
    """The equilibrium near `guess` with the parameter held."""
    hold = jnp.zeros_like(guess).at[-1].set(jnp.sqrt(problem.weights()[-1]))
    z, converged, _ = correct(problem, guess, hold, method)
    return z, converged


@dataclasses.dataclass
class Traced:
    """Branches and special points as they are found; `tangents` are those of the branches at the special points."""

    problem: Equilibria
    bounds: Bounds
    method: PseudoArclength
    branches: list[Branch] = dataclasses.field(default_factory=list)
    specials: list[SpecialPoint] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def length(self, x: np.ndarray) -> Any:
        """Lengths of the rows of `x` in the metric."""
        return np.sqrt(np.sum(np.asarray(self.problem.weights()) * x**2, axis=-1))

    def apart(self, z: np.ndarray, other: np.ndarray) -> float:
        """The distance of two points."""
        return float(self.length(np.asarray(self.problem.gap(jnp.asarray(z), jnp.asarray(other)))))


class _Start(NamedTuple):
    """Where a branch may be followed: a point on it, or a special point, the tangent there and its number."""

    z: np.ndarray
    along: np.ndarray | None = None
    origin: int = -1
    both: bool = True


def trace(traced: Traced, starts: Sequence[np.ndarray], *, most: int, doublings: int) -> None:
    """Follow the branches through `starts`, and those that branch off them, until `most` have been followed.

    A start that lies on a branch already followed is left out, so that each branch comes once; of an unconnected one
    a start is enough. Of maps the doubled cycles are followed too, through `doublings` generations.
    """
    for z in starts:
        _emptied(traced, [_Start(z)], most)
    first = 0
    for _ in range(doublings if traced.problem.discrete else 0):
        born = [(i, p) for i, p in enumerate(traced.specials) if i >= first and p.type == "period doubling"]
        first = len(traced.specials)
        waiting = [_doubled(traced, i, point) for i, point in born]
        # The lists of branches and points stay the same objects, so that the numbers go on.
        problem = dataclasses.replace(traced.problem, iterates=2 * traced.problem.iterates)
        traced = dataclasses.replace(traced, problem=problem)
        for start in waiting:
            _emptied(traced, [start], most)


def _emptied(traced: Traced, waiting: list[_Start], most: int) -> None:
    """Follow what waits, and what comes of it."""
    while waiting:
        start = waiting.pop(0)
        if start.along is None and _known(traced, start.z):
            continue
        if len(traced.branches) >= most:
            note = f"More than {most} branches: the rest was left out. Raise `max_branches`."
            traced.notes += [note] if note not in traced.notes else []
            return
        waiting += _one_branch(traced, start)


def _doubled(traced: Traced, number: int, point: SpecialPoint) -> _Start:
    """The start of the doubled cycle: both directions of the eigenvector are the same cycle, a half of it apart."""
    z = _place(point)
    q, _ = critical_vectors(np.asarray(forms_at(traced.problem, z).A), -1.0)
    along = np.append(np.real(q), 0.0)
    return _Start(z, along / traced.length(along), number, both=False)


def _one_branch(traced: Traced, start: _Start) -> list[_Start]:
    """Follow one branch, both ways unless its other half is the same; return the starts of what branches off."""
    z0, along, origin, both = start
    forth = _half(traced, z0, along, 1.0)
    closed = forth is not None and bool(forth.end == ENDS.closed)
    back = None if closed or not both else _half(traced, z0, along, -1.0)
    if forth is None and back is None:
        return []
    number = len(traced.branches)
    rows = {1: _Rows.empty(z0.size), -1: _Rows.empty(z0.size)}
    new: list[_Start] = []
    for sign, half in ((-1, back), (1, forth)):
        if half is not None:
            rows[sign], born = _with_specials(traced, half, number)
            new += born
    middle = _Rows.empty(z0.size) if along is None else _Rows(z0[None], np.array([origin]))
    if along is None and len(rows[1].points) and len(rows[-1].points):
        rows[-1] = rows[-1].part(slice(1, None))  # both halves hold the start
    whole = _Rows.joined(rows[-1].part(slice(None, None, -1)), middle, rows[1])
    ends = [ENDS[ENDS.closed] if closed else _BEGINS if h is None else ENDS[h.end] for h in (back, forth)]
    traced.branches.append(_branch(traced, whole, (ends[0], ends[1]), origin))
    return new


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Points z and the numbers of the special points among them."""

    points: np.ndarray
    marks: np.ndarray

    @classmethod
    def empty(cls, size: int) -> _Rows:
        return cls(np.zeros((0, size)), np.zeros(0, int))

    @classmethod
    def joined(cls, *parts: _Rows) -> _Rows:
        return cls(np.concatenate([p.points for p in parts]), np.concatenate([p.marks for p in parts]))

    def part(self, which: slice) -> _Rows:
        return _Rows(self.points[which], self.marks[which])


def _half(traced: Traced, z0: np.ndarray, along: np.ndarray | None, sign: float) -> Path | None:
    """A branch followed one way; None if there is none, or if it is known already."""
    problem, method = traced.problem, traced.method
    if along is None:
        path = _follow(problem, jnp.asarray(z0), jnp.asarray(sign), method, bounds=traced.bounds)
        return None if path.end == ENDS.no_start else path
    for share in (1.0, 0.25, 0.0625):
        # Away from the branch point by a first step; what is found must lie there, not on the branch we come from.
        step = sign * share * method.first
        first = z0 + step * along
        path = _follow(problem, jnp.asarray(first), jnp.asarray(sign * along), method, bounds=traced.bounds)
        found = np.asarray(path.points)[0]
        if path.end != ENDS.no_start and traced.length(found - first) < 0.5 * abs(step):
            return None if _known(traced, found) else path
    return None


def _known(traced: Traced, z: np.ndarray) -> bool:
    """Whether `z` lies on a branch that has been followed: on one of its points with that parameter."""
    for branch in traced.branches:
        rows = np.concatenate([branch.states, branch.parameter[:, None]], axis=1)
        before, after = rows[:-1, -1] - z[-1], rows[1:, -1] - z[-1]
        for i in np.flatnonzero(before * after <= 0):
            share = before[i] / (before[i] - after[i]) if before[i] != after[i] else 0.0
            guess = rows[i] + share * (rows[i + 1] - rows[i])
            if traced.apart(guess, z) > 3 * traced.length(rows[i + 1] - rows[i]):
                continue
            guess[-1] = z[-1]
            found, converged = _held(traced.problem, jnp.asarray(guess), traced.method)
            if converged and traced.apart(np.asarray(found), z) < _SAME:
                return True
    return False


def _with_specials(traced: Traced, path: Path, branch: int) -> tuple[_Rows, list[_Start]]:
    """The points of a path with its special points in their places, and the starts of branches that cross it."""
    count = int(path.count)
    points = np.asarray(path.points)[:count]
    unstable = _unstable(traced, points)
    found = _specials_of(traced, path, branch)
    # Every change of stability must be explained by what was found; where it is not, a step has passed over two.
    for i in range(count - 1):
        here = [(p, t) for j, p, t in found if j == i]
        change = abs(int(unstable[i + 1]) - int(unstable[i]))
        possible = sum(changes_stability(p, traced.problem.discrete) for p, _ in here)
        if change > possible or (change - possible) % 2:
            finer = _subdivided(traced.problem, path, jnp.asarray(i), _PIECES, method=traced.method)
            found = [f for f in found if f[0] != i]
            found += [(i, p, t) for _, p, t in _specials_of(traced, finer, branch)]
    rows: list[np.ndarray] = []
    marks: list[int] = []
    new: list[_Start] = []
    for i in range(count):
        rows.append(points[i])
        marks.append(-1)
        here = [(p, t) for j, p, t in found if j == i]
        for point, tangent in sorted(here, key=lambda f: float(traced.length(_place(f[0]) - points[i]))):
            number, is_new = _numbered(traced, point)
            rows.append(_place(point))
            marks.append(number)
            if is_new and point.type == "branch point":
                new += _crossing(traced, point, tangent, number)
    return _Rows(np.array(rows).reshape(-1, points.shape[1]), np.array(marks, int)), new


def _specials_of(traced: Traced, path: Path, branch: int) -> list[tuple[int, SpecialPoint, np.ndarray]]:
    """The special points of a path, each with the number of the point before it and the tangent of the path there."""
    found = []
    for i, k in zip(*np.nonzero(np.asarray(crossings(path))), strict=True):
        made = special_point(traced.problem, path, (int(i), int(k)), branch, traced.method)
        if made is not None:
            found.append((int(i), *made))
    # Where branches cross, the parameter turns back on some of them; that is no fold.
    crossed = [_place(p) for _, p, _ in found if p.type == "branch point"]
    return [f for f in found if f[1].type != "fold" or all(traced.length(_place(f[1]) - z) > _BESIDE for z in crossed)]


def _numbered(traced: Traced, point: SpecialPoint) -> tuple[int, bool]:
    """The number of a special point, and whether it is new: branch points belong to two branches."""
    for i, other in enumerate(traced.specials):
        if other.type == point.type and traced.apart(_place(other), _place(point)) < _BESIDE:
            return i, False
    traced.specials.append(point)
    return len(traced.specials) - 1, True


def _crossing(traced: Traced, point: SpecialPoint, tangent: np.ndarray, number: int) -> list[_Start]:
    along = other_tangent(traced.problem, _place(point), tangent)
    if along is None:
        where = f"{traced.problem.free.name} = {point.parameter:.6g}"
        traced.notes.append(f"The branch point at {where} is not simple: its other branches were not followed.")
        return []
    return [_Start(_place(point), along, number)]


def _place(point: SpecialPoint) -> np.ndarray:
    return np.append(point.state, point.parameter)


def _eigenvalues(traced: Traced, points: np.ndarray) -> np.ndarray:
    """Of the Jacobian at each point; in blocks of one size, so that one program does for all."""
    size = traced.method.max_points
    blocks = []
    for i in range(0, len(points), size):
        block = points[i : i + size]
        padded = np.concatenate([block, np.repeat(block[-1:], size - len(block), axis=0)])
        blocks.append(np.asarray(_jacobians(traced.problem, jnp.asarray(padded)))[: len(block)])
    return leading(np.concatenate(blocks), discrete=traced.problem.discrete)


def _unstable(traced: Traced, points: np.ndarray) -> np.ndarray:
    return unstable_count(_eigenvalues(traced, points), discrete=traced.problem.discrete)


def _branch(traced: Traced, rows: _Rows, ends: tuple[str, str], origin: int) -> Branch:
    values = _eigenvalues(traced, rows.points)
    states, problem = rows.points[:, :-1], traced.problem
    repeats = problem.discrete and problem.iterates > 1
    visited = np.asarray(_visited(problem, jnp.asarray(rows.points))) if repeats else states[:, None]
    return Branch(
        kind="cycle" if repeats else "fixed point" if problem.discrete else "equilibrium",
        parameter=rows.points[:, -1],
        states=states,
        low=visited.min(axis=1),
        high=visited.max(axis=1),
        period=np.full(len(states), float(problem.iterates) if repeats else np.nan),
        eigenvalues=values,
        unstable=unstable_count(values, discrete=problem.discrete),
        special=rows.marks,
        ends=ends,
        origin=origin,
    )


@compiled
def _visited(problem: Equilibria, points: Any) -> Any:
    """All states of the cycles through `points`, shape `(N, iterates, n)`."""
    once = dataclasses.replace(problem, iterates=1)

    def cycle(z: Any) -> Any:
        return jax.lax.scan(lambda y, _: (once.moved(y, z[-1]), y), z[:-1], None, problem.iterates)[1]

    return jax.vmap(cycle)(points)
