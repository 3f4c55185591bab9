"""All curves through given points, and those that meet them at points of codimension two."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..bifurcation import Bounds, PseudoArclength, SpecialPoint
from ..bifurcation._branches import leading
from ._curve_problems import Curve, PairCurve, ZeroCurve
from ._doubled_folds import GENERALISED, cut_at_halves, first_fold
from ._forms import CurveForms
from ._measured import Measured, measured, pair_period
from ._plane import RestPlane
from ._points import CodimensionTwoPoint, normal_form
from ._result import BifurcationCurve
from ._walk import Walked, corrected, other_pair, walked

#: Lengths in the metric below which two special points are one, and below which a point lies on a known curve.
_BESIDE, _ON = 1e-4, 1e-6
#: Points of a curve closer than this to a special one are left out for it.
_DOUBLE = 1e-7
#: So near to a generalised period doubling, in the metric, does a curve of folds of doubled cycles end there.
_NEAR = 0.1
#: The families of curves that one problem follows.
FOLD, FLIP, PAIR = "fold", "period doubling", "pair"
#: Which family of curves meets that in which a point was found.
_MEETS = {
    ("bogdanov-takens", FOLD): PAIR, ("bogdanov-takens", PAIR): FOLD,
    ("resonance 1:1", FOLD): PAIR, ("resonance 1:1", PAIR): FOLD,
    ("resonance 1:2", FLIP): PAIR, ("resonance 1:2", PAIR): FLIP,
    ("zero-hopf", FOLD): PAIR, ("zero-hopf", PAIR): FOLD,
    ("fold-neimark-sacker", FOLD): PAIR, ("fold-neimark-sacker", PAIR): FOLD,
    ("flip-neimark-sacker", FLIP): PAIR, ("flip-neimark-sacker", PAIR): FLIP,
    ("fold-flip", FOLD): FLIP, ("fold-flip", FLIP): FOLD,
    ("double hopf", PAIR): PAIR, ("double neimark-sacker", PAIR): PAIR,
}  # fmt: skip


@compiled
def _visited(plane: RestPlane, y: Any, p: Any) -> Any:
    return plane.visited(y, p)


def _phases(plane: RestPlane, z: np.ndarray) -> list[np.ndarray]:
    """The point z and, on cycles of maps, those that are the same cycle begun at another state."""
    if plane.iterates == 1:
        return [z]
    n = plane.scale.size
    states = np.asarray(_visited(plane, jnp.asarray(z[:n]), jnp.asarray(z[-2:])))
    return [np.concatenate([y, z[n:]]) for y in states]


@dataclasses.dataclass(frozen=True)
class Start:
    """A point z of a curve: its family, the plane it lies in, and the special point that it comes from."""

    family: str
    plane: RestPlane
    z: np.ndarray
    origin: int = -1


@dataclasses.dataclass
class Search:
    """Curves and special points as they are found.

    `whole` holds every curve as it was followed, before it is cut where pairs become real.
    """

    bounds: Bounds
    rate: float
    method: PseudoArclength
    curves: list[BifurcationCurve] = dataclasses.field(default_factory=list)
    points: list[CodimensionTwoPoint] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    whole: list[tuple[str, int, np.ndarray]] = dataclasses.field(default_factory=list)

    def problem(self, family: str, plane: RestPlane) -> Curve:
        """The problem that follows a family of curves."""
        if family == PAIR:
            return PairCurve(plane, jnp.asarray(self.rate))
        return ZeroCurve(plane, jnp.asarray(-2.0 if family == FLIP else 0.0))

    def start(self, plane: RestPlane, point: SpecialPoint, parameters: np.ndarray) -> Start | None:
        """Where the curve of a special point of a one-parameter diagram begins; None where it has none."""
        if point.type in (FOLD, FLIP):
            return Start(point.type, plane, np.concatenate([point.state, parameters]))
        if point.type not in ("hopf", "neimark-sacker") or not np.isfinite(point.period):
            return None
        turn = 2 * np.pi / point.period * plane.iterates
        kappa = np.cos(turn) if plane.discrete else (turn / self.rate) ** 2
        return Start(PAIR, plane, np.concatenate([point.state, [kappa], parameters]))

    def doubled(self, plane: RestPlane, place: np.ndarray, origin: int) -> list[Start]:
        """Where the curve of folds of doubled cycles begins at a generalised period doubling, if it is found."""
        first = first_fold(plane, place, self.method)
        if first is None:
            self.notes.append(f"Folds of the doubled cycle at {place[-2]:.6g}, {place[-1]:.6g} were not found.")
            return []
        return [Start(FOLD, plane.repeated(2 * plane.iterates), first, origin)]


def search(found: Search, starts: list[Start], *, most: int, switching: bool) -> None:
    """Follow the curves through `starts`, each once, and those that meet them, until `most` have been followed."""
    waiting = list(starts)
    while waiting:
        start = waiting.pop(0)
        problem = found.problem(start.family, start.plane)
        if _known(found, problem, start):
            continue
        if len(found.whole) >= most:
            note = f"More than {most} curves: the rest was left out. Raise `max_curves`."
            found.notes += [note] if note not in found.notes else []
            return
        curve = walked(problem, start.z, _bounds(found, problem), found.method)
        if curve is None:
            where = ", ".join(f"{f.name} = {v:.6g}" for f, v in zip(start.plane.free, start.z[-2:], strict=True))
            found.notes.append(f"A curve through a {_named(start)} at {where} could not be followed.")
            continue
        new = _added(found, problem, start, curve)
        waiting += new if switching else []


def _named(start: Start) -> str:
    return {FOLD: "fold", FLIP: "period doubling"}.get(
        start.family, "Neimark-Sacker point" if start.plane.discrete else "Hopf point"
    )


def _bounds(found: Search, problem: Curve) -> Bounds:
    """The bounds of z: kappa has none."""
    n, size = problem.size, problem.weights().size
    free = jnp.full(size - n - 2, jnp.inf)
    return Bounds(
        jnp.concatenate([found.bounds.low[:n], -free, found.bounds.low[n:]]),
        jnp.concatenate([found.bounds.high[:n], free, found.bounds.high[n:]]),
    )


def _known(found: Search, problem: Curve, start: Start) -> bool:
    """Whether the start lies on a curve that has been followed."""
    same = [z for family, iterates, z in found.whole if (family, iterates) == (start.family, start.plane.iterates)]
    return any(_lies_on(found, problem, z, point) for z in same for point in _phases(start.plane, start.z))


def _lies_on(found: Search, problem: Curve, z: np.ndarray, point: np.ndarray) -> bool:
    """Whether a point lies on the curve through the points z: on that between the two nearest to it."""
    weights = np.asarray(problem.weights())
    a, chord = z[:-1], z[1:] - z[:-1]
    squares = np.sum(weights * chord**2, axis=1)
    share = np.clip(np.sum(weights * (point - a) * chord, axis=1) / np.maximum(squares, 1e-300), 0, 1)
    feet = a + share[:, None] * chord
    off = np.sqrt(np.sum(weights * (feet - point) ** 2, axis=1))
    for i in np.argsort(off)[:3]:
        if off[i] > np.sqrt(squares[i]) + _ON:
            return False
        if off[i] < _ON:
            return True
        border = weights * chord[i] / np.sqrt(squares[i])
        at, converged = corrected(problem, feet[i], border, found.method)
        if converged and np.sqrt(np.sum(weights * (at - point) ** 2)) < _ON:
            return True
    return False


def _added(found: Search, problem: Curve, start: Start, curve: Walked) -> list[Start]:
    """Enter a curve with its special points; return the starts of the curves that meet it there."""
    new: list[Start] = []
    rows: list[np.ndarray] = []
    marks: list[int] = []
    curve, halved = cut_at_halves(problem, curve)
    for i, z in enumerate(curve.z):
        rows.append(z)
        marks.append(-1)
        for crossing in (c for c in curve.crossings if c.after == i):
            number, is_new = _numbered(found, problem, crossing.type, crossing.z, crossing.error)
            rows.append(crossing.z)
            marks.append(number)
            other = _MEETS.get((crossing.type, start.family))
            if is_new and crossing.type == GENERALISED:
                new += found.doubled(start.plane, np.append(crossing.z[: problem.size], crossing.z[-2:]), number)
            if is_new and other is not None:
                new.append(
                    Start(other, start.plane, _meeting(found, problem, other, crossing.type, crossing.z), number)
                )
    z, special = np.array(rows), np.array(marks, int)
    for side in (i for i in (0, 1) if halved[i]):
        z, special = _to_halves(found, problem, z, special, side)
    z, special = _without_doubles(problem, z, special)
    found.whole.append((start.family, start.plane.iterates, z))
    _entered(found, problem, start, (z, special), curve.ends)
    return new


def _to_halves(
    found: Search, problem: Curve, z: np.ndarray, special: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """The curve of folds of doubled cycles up to the generalised period doubling at its first (0) or last (1) end."""
    end, weights = z[-side], np.asarray(problem.weights())
    known = [(i, np.append(p.state, p.parameters)) for i, p in enumerate(found.points) if p.type == GENERALISED]
    phases = [(i, phase) for i, place in known for phase in _phases(problem.plane, place)]
    off = [float(np.sum(weights * (phase - end) ** 2)) for _, phase in phases]
    if not off or min(off) > _NEAR**2:
        return z, special
    number, place = phases[int(np.argmin(off))]
    at = len(z) if side else 0
    return np.insert(z, at, place, axis=0), np.insert(special, at, number)


def _without_doubles(problem: Curve, z: np.ndarray, special: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points without the ordinary ones that lie on special ones."""
    weights = np.asarray(problem.weights())
    marked = z[special >= 0]
    if not len(marked):
        return z, special
    off = np.sqrt(np.min(np.sum(weights * (z[:, None] - marked) ** 2, axis=-1), axis=1))
    keep = (special >= 0) | (off > _DOUBLE)
    return z[keep], special[keep]


def _numbered(found: Search, problem: Curve, type_: str, z: np.ndarray, error: np.ndarray) -> tuple[int, bool]:
    """The number of a special point, and whether it is new: several curves pass through it."""
    n = problem.size
    weights = np.append(np.asarray(problem.weights())[:n], np.asarray(problem.weights())[-2:])
    place = np.append(z[:n], z[-2:])
    phases = np.array(_phases(problem.plane, place))
    for i, other in enumerate(found.points):
        off = np.append(other.state, other.parameters) - phases
        if other.type == type_ and np.sqrt(np.min(np.sum(weights * off**2, axis=1))) < _BESIDE:
            return i, False
    form = normal_form(problem.plane, type_, place)
    found.points.append(
        CodimensionTwoPoint(
            type=type_,
            parameters=place[-2:],
            error=error,
            state=place[:-2],
            eigenvalues=leading(CurveForms(problem.plane, place[None]).A, discrete=problem.plane.discrete)[0],
            coefficients=np.array([form.first, form.second]),
            said=form.said,
        )
    )
    return len(found.points) - 1, True


def _meeting(found: Search, problem: Curve, family: str, type_: str, z: np.ndarray) -> np.ndarray:
    """The point of the other family's curve at a special point where two curves meet."""
    n = problem.size
    if family != PAIR:
        return np.append(z[:n], z[-2:])
    discrete = problem.plane.discrete
    match type_:
        case "bogdanov-takens":
            kappa = 0.0
        case "resonance 1:1":
            kappa = 1.0
        case "resonance 1:2":
            kappa = -1.0
        case _:
            pair = other_pair(measured(problem, z[None], coefficients=False).rest[0], discrete)
            kappa = np.cos(np.angle(pair)) if discrete else abs(pair / found.rate) ** 2
    return np.concatenate([z[:n], [kappa], z[-2:]])


def _entered(
    found: Search, problem: Curve, start: Start, rows: tuple[np.ndarray, np.ndarray], ends: tuple[str, str]
) -> None:
    """Enter the curve, cut where a pair becomes real: beyond such a point nothing bifurcates."""
    z, special = rows
    known = _at_points(problem, z, special)
    cuts = []
    if isinstance(problem, PairCurve):
        turning = ("bogdanov-takens", "resonance 1:1", "resonance 1:2")
        cuts = [i for i in np.flatnonzero(special >= 0) if found.points[special[i]].type in turning]
    stops = [0, *(i for i in cuts if 0 < i < len(z) - 1), len(z) - 1]
    for begin, end in itertools.pairwise(stops):
        part = slice(begin, end + 1)
        said = [ends[0], ends[1]]
        for side, at in enumerate((begin, end)):
            if 0 < at < len(z) - 1:
                said[side] = f"The pair becomes real, at a {found.points[special[at]].type} point."
        found.curves.append(
            BifurcationCurve(
                kind=_kind(problem, start.family, z[part]),
                parameters=z[part, -2:],
                states=z[part, : problem.size],
                period=known.period[part],
                coefficient=known.coefficient[part],
                eigenvalues=known.values[part],
                unstable=known.unstable[part],
                special=special[part],
                iterates=start.plane.iterates,
                ends=(said[0], said[1]),
                origin=start.origin,
            )
        )


def _kind(problem: Curve, family: str, z: np.ndarray) -> str:
    if family != PAIR:
        return family
    middle = float(np.median(z[:, -3]))
    if problem.plane.discrete:
        return "neimark-sacker" if abs(middle) < 1 else "neutral saddle"
    return "hopf" if middle > 0 else "neutral saddle"


def _at_points(problem: Curve, z: np.ndarray, special: np.ndarray) -> Measured:
    """What is known at each point; at special ones, where coefficients vanish or grow without bound, less."""
    plain = special < 0
    here: Any = measured(problem, z[plain])
    n = z.shape[1]
    values = leading(CurveForms(problem.plane, z).A, discrete=problem.plane.discrete)
    unstable, coefficient, period = np.zeros(len(z), np.int64), np.full(len(z), np.nan), np.full(len(z), np.nan)
    unstable[plain], coefficient[plain], period[plain] = here.unstable, here.coefficient, here.period
    for i in np.flatnonzero(~plain):
        beside = [unstable[j] for j in (i - 1, i + 1) if 0 <= j < len(z) and plain[j]]
        unstable[i] = max(beside, default=0)
    if isinstance(problem, PairCurve):
        period[~plain] = pair_period(problem, z[~plain, n - 3])
    else:
        period[:] = here.period[0]
    return Measured(values, values[:, :0], unstable, coefficient, period, {}, {}, np.zeros((len(z), 0)))
