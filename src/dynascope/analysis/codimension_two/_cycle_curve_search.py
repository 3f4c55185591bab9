"""Curves of critical cycles through special points and generalised Hopf points, and those that meet them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._config import one_blas_thread
from ...systems import Constant, state_variables
from ..bifurcation import ENDS, CycleContinuation, SpecialPoint
from ..bifurcation._cycle_starts import wave_at
from ..bifurcation._free import FreePair
from ..cycles._gauss import phases_of
from ..cycles._guess import Failure, simulated
from ..cycles._rule import Rule
from ..cycles._solved import Collocation, mesh_of_guess, posed
from ._cycle_curve import DOUBLINGS, FOLDS, TORI, CycleCurve, Found
from ._cycle_curve_walk import (
    SHRUNK,
    VANISHED,
    CurveRow,
    CycleCrossing,
    CycleCurveWalk,
    Window,
    looked,
    place_of,
    posed_curve,
    row_of,
    sound,
    walk_curve,
)
from ._forms import CurveForms
from ._points import CodimensionTwoPoint, frequencies, pair_vectors, zero_hopf_terms
from ._result import BifurcationCurve
from ._search import PAIR, Search, Start, search

#: Size of the first cycle beside a generalised Hopf point, as a share of the region of states.
_AMPLITUDE = 0.02
#: A cycle lies on a curve if it is this near to the line between two of its points, as a share of their distance.
_ON = 0.2
#: Distances below which two special points are one, and below which shrinking cycles end at a generalised Hopf point.
_SAME, _NEAR = 1e-5, 0.1
#: Which family of curves meets that on which a point was found.
_MEETS = {
    ("resonance 1:1", FOLDS): TORI, ("resonance 1:1", TORI): FOLDS,
    ("resonance 1:2", DOUBLINGS): TORI, ("resonance 1:2", TORI): DOUBLINGS,
    ("fold-flip", FOLDS): DOUBLINGS, ("fold-flip", DOUBLINGS): FOLDS,
    ("fold-neimark-sacker", TORI): FOLDS, ("flip-neimark-sacker", TORI): DOUBLINGS,
}  # fmt: skip
#: Points of equilibria at which curves of folds of cycles, and of Neimark-Sacker points, begin.
BAUTIN, MODES = ("generalised hopf",), ("zero-hopf", "double hopf")
#: The families of curves of special points of cycles.
FAMILIES = (FOLDS, DOUBLINGS, TORI)


@dataclasses.dataclass(frozen=True)
class CycleStart:
    """A cycle near a curve: its problem and z, a vector that is held across it, and the special point it comes from."""

    problem: CycleCurve
    z: Any
    border: Any
    origin: int = -1


@dataclasses.dataclass
class CycleSearch:
    """Curves of cycles as they are found; they are entered into `found` beside those of equilibria.

    Args:
        found: Curves and points.
        plane: The flow with its two parameters.
        method: How curves are followed.
        whole: Every curve as it was followed, with the size of the cycles on it.
        cycles: Cycles at those special points that lie on curves of cycles.
    """

    found: Search
    plane: Any
    method: CycleContinuation
    whole: list[tuple[str, list[CurveRow]]] = dataclasses.field(default_factory=list)
    cycles: dict[int, CycleCrossing] = dataclasses.field(default_factory=dict)

    @property
    def rule(self) -> Rule:
        """The flow in units of the region of states."""
        frozen, pair = self.plane.frozen, FreePair(*self.plane.free)
        signal = None if frozen.u is None else Constant(frozen.u)
        return Rule(frozen.system, signal, frozen.template, self.plane.scale, pair, None)

    @property
    def size(self) -> np.ndarray:
        """Width of the region of states."""
        return np.asarray(self.plane.scale)

    def window(self, period: float) -> Window:
        """Where a curve is followed that begins with a cycle of this period."""
        names = self.plane.free[0].name, self.plane.free[1].name
        return Window(np.asarray(self.plane.low), np.asarray(self.plane.high), names, self.method.longest * period)

    def at_point(self, point: SpecialPoint, parameters: np.ndarray) -> CycleStart | None:
        """Where the curve of a special point on a branch of cycles begins; None if the cycle is not found again."""
        system, rule = self.plane.frozen.system, self.rule
        there, u = rule.at(self.plane.frozen.u, jnp.asarray(parameters))
        state = ravel_pytree(system.initial_state())[1](jnp.asarray(point.state))
        guess = simulated(there, state, point.period, None if u is None else Constant(u), "special point")
        if isinstance(guess, Failure):
            return None
        variables, degree = state_variables(system), self.method.degree
        sizes = Collocation(intervals=self.method.intervals, degree=degree, max_intervals=1024)
        mesh = mesh_of_guess(rule, guess, sizes, variables, jnp.asarray(parameters))
        states, winding = guess.at(phases_of(mesh, degree), variables)
        kappa = []
        if point.type == TORI:
            turning = np.asarray(point.eigenvalues)[np.abs(np.imag(point.eigenvalues)) > 1e-9]
            kappa = [float(np.cos(np.angle(turning[np.argmin(np.abs(np.abs(turning) - 1))])))]
        free = np.array([point.period, *kappa, *parameters])
        equations, z = posed(rule, mesh, states / self.size, winding / self.size, free, degree)
        return self._held(posed_curve(equations, z, point.type, self.plane.width), z, -1, 1)

    def at_point_of_rest(self, point: CodimensionTwoPoint, origin: int) -> list[CycleStart]:
        """Where curves of cycles begin at a point of codimension two of equilibria; none at most of them."""
        if point.type in BAUTIN:
            return [self.at_bautin(point, origin)]
        return self.at_modes(point, origin) if point.type in MODES else []

    def at_bautin(self, point: CodimensionTwoPoint, origin: int) -> CycleStart:
        """The first fold of cycles beside a generalised Hopf point: a small cycle whose size is held."""
        place = np.append(point.state, point.parameters)[None]
        found: Any = np.linalg.eig(CurveForms(self.plane, place).A[0])
        values: Any = np.asarray(found[0], complex)
        turning = np.flatnonzero(np.imag(values) > 0)
        chosen = turning[np.argmin(np.abs(np.real(values[turning])))]
        free = np.array([2 * np.pi / float(np.imag(values[chosen])), *point.parameters])
        equations, z, wave = wave_at(self.rule, point.state, free, found[1][:, chosen], self.method, _AMPLITUDE)
        problem = posed_curve(equations, z, FOLDS, self.plane.width)
        weights = np.asarray(problem.weights()) * np.asarray(wave)
        return CycleStart(problem, z, weights / math.sqrt(float(np.sum(weights * wave))), origin)

    def at_modes(self, point: CodimensionTwoPoint, origin: int) -> list[CycleStart]:
        """The first Neimark-Sacker points of small cycles beside a zero-Hopf or double Hopf point.

        The cycles of each of two pairs lose their stability to the other one; those beside an eigenvalue zero turn
        around it with frequency sqrt(-2 couple act) rho, where rho is the size of the cycle.
        """
        place = np.append(point.state, point.parameters)
        scale = np.asarray(self.plane.scale)
        if point.type == "zero-hopf":
            terms = zero_hopf_terms(self.plane, place)
            product = -2 * terms.couple * terms.act
            rho = 0.5 * _AMPLITUDE / float(np.linalg.norm(terms.q / scale))
            modes = [(terms.omega, math.sqrt(product) * rho, terms.q)] if product > 0 else []
        else:
            A = CurveForms(self.plane, place[None]).A
            slow, fast = frequencies(A[0], 2)
            modes = [(w, v, pair_vectors(self.plane, A, w)[0][0]) for w, v in ((slow, fast), (fast, slow))]
        return [self._small(point, omega, other, q, origin) for omega, other, q in modes]

    def _small(self, point: CodimensionTwoPoint, omega: float, other: float, q: Any, origin: int) -> CycleStart:
        """A small cycle of frequency `omega` beside which a mode turns with frequency `other`; its size is held."""
        period = 2 * np.pi / omega
        free = np.array([period, math.cos(other * period), *point.parameters])
        equations, z, wave = wave_at(self.rule, point.state, free, q, self.method, _AMPLITUDE)
        problem = posed_curve(equations, z, TORI, self.plane.width)
        weights = np.asarray(problem.weights()) * np.asarray(wave)
        return CycleStart(problem, z, weights / math.sqrt(float(np.sum(weights * wave))), origin)

    def _held(self, problem: CycleCurve, z: Any, origin: int, which: int) -> CycleStart:
        """A start at which one of the parameters is held."""
        border = np.zeros(np.size(z))
        border[which - 2] = 1 / float(problem.width[which])
        return CycleStart(problem, z, border, origin)

    def follow(self, starts: list[CycleStart], *, most: int, switching: bool) -> None:
        """Follow the curves through `starts`, each once, and those that meet them."""
        waiting = list(starts)
        with one_blas_thread():
            while waiting:
                start = waiting.pop(0)
                begun = self._begun(start)
                if begun is None:
                    self._note(f"A curve of {_plural(start.problem.family)} at {self._where(start)} was not found.")
                    continue
                problem, here = begun
                if self._known(problem.family, row_of(problem, here)):
                    continue
                if len(self.found.whole) + len(self.whole) >= most:
                    self._note(f"More than {most} curves: the rest was left out. Raise `max_curves`.")
                    return
                waiting += self._one(problem, here, start.origin, switching=switching)

    def _note(self, text: str) -> None:
        self.found.notes += [text] if text not in self.found.notes else []

    def _where(self, start: CycleStart) -> str:
        values = np.asarray(start.z)[-2:]
        return ", ".join(f"{f.name} = {v:.6g}" for f, v in zip(self.plane.free, values, strict=True))

    def _begun(self, start: CycleStart) -> tuple[CycleCurve, Found] | None:
        """The first point of a curve; where one parameter cannot be held, the other is."""
        z = np.asarray(start.z)
        other = self._held(start.problem, z, start.origin, 0)
        for border in (start.border, other.border):
            here = looked(start.problem, z, np.asarray(border), np.asarray(border))
            if sound(here):
                return start.problem, here
        return None

    def _known(self, family: str, row: CurveRow) -> bool:
        """Whether a cycle lies on a curve that has been followed."""
        window = self.window(row.period)
        point = place_of(row, window, self.size)
        for _, rows in (w for w in self.whole if w[0] == family):
            places = np.array([place_of(r, window, self.size) for r in rows])
            if len(places) < 2:
                continue
            a, chord = places[:-1], places[1:] - places[:-1]
            squares = np.maximum(np.sum(chord**2, axis=1), 1e-300)
            share = np.clip(np.sum((point - a) * chord, axis=1) / squares, 0, 1)
            off = np.linalg.norm(a + share[:, None] * chord - point, axis=1)
            if np.any(off < _ON * np.sqrt(squares) + 1e-6):
                return True
        return False

    def _one(self, problem: CycleCurve, here: Found, origin: int, *, switching: bool) -> list[CycleStart]:
        """Follow a curve both ways and enter it; return the starts of the curves that meet it."""
        window = self.window(row_of(problem, here).period)
        forth = walk_curve(problem, here, 1.0, self.method, window)
        closed = forth.end == ENDS[ENDS.closed].replace("branch", "curve")
        back = CycleCurveWalk([], [], forth.end) if closed else walk_curve(problem, here, -1.0, self.method, window)
        rows, crossings = [], back.crossings + forth.crossings
        rows += back.rows[:0:-1]
        rows += [r._replace(special=r.special + len(back.crossings) if r.special >= 0 else -1) for r in forth.rows]
        numbers = [self._numbered(c) for c in crossings]
        rows = [r._replace(special=numbers[r.special][0] if r.special >= 0 else -1) for r in rows]
        begin = max(len(back.rows) - 1, 0)
        if origin in self.cycles:
            rows[begin] = rows[begin]._replace(special=origin)
        if len(rows) < 2:
            self._note(f"A curve of {_plural(problem.family)} could not be followed: {forth.end}")
            return []
        self.whole.append((problem.family, list(rows)))
        rows = [*self._shrunk(rows[0], back.end), *rows, *self._shrunk(rows[-1], forth.end)]
        self.found.curves.append(_curve(problem.family, rows, (back.end, forth.end), origin))
        if not switching:
            return []
        born = [(c, number) for c, (number, new) in zip(crossings, numbers, strict=True) if new]
        return [s for c, number in born for s in self._meeting(problem.family, c, number)]

    def _numbered(self, crossing: CycleCrossing) -> tuple[int, bool]:
        """The number of a special point, and whether it is new: several curves pass through it."""
        window = self.window(crossing.row.period)
        here = place_of(crossing.row, window, self.size)
        for number, other in self.cycles.items():
            gap = np.max(np.abs(place_of(other.row, window, self.size) - here))
            if other.type == crossing.type and gap < _SAME + 10 * float(np.max(crossing.error / window.width)):
                return number, False
        self.found.points.append(
            CodimensionTwoPoint(
                type=crossing.type,
                parameters=crossing.row.parameters,
                error=crossing.error,
                state=crossing.row.start,
                eigenvalues=crossing.row.multipliers,
                coefficients=np.full(2, np.nan),
                said="",
            )
        )
        self.cycles[len(self.found.points) - 1] = crossing
        return len(self.found.points) - 1, True

    def _meeting(self, family: str, crossing: CycleCrossing, number: int) -> list[CycleStart]:
        """The start of the other curve at a point where two meet."""
        other = _MEETS.get((crossing.type, family))
        if other is None:
            return []
        z = np.asarray(crossing.z)
        z = np.delete(z, len(z) - 3) if family == TORI else z
        if other == TORI:
            z = np.insert(z, len(z) - 2, 1.0 if crossing.type == "resonance 1:1" else -1.0)
        problem = posed_curve(crossing.equations, z, other, self.plane.width)
        return [self._held(problem, z, number, 1)]

    def _shrunk(self, row: CurveRow, end: str) -> list[CurveRow]:
        """The point of equilibria on which the curve ends, as a row of it."""
        if end == VANISHED:
            number = self._nearest(row, self.found.points, MODES)
        elif end == SHRUNK:
            number = self._bautin(row)
            if number is None:
                self._note("A curve of folds of cycles ends at a generalised Hopf point that could not be located.")
        else:
            return []
        if number is None:
            return []
        point = self.found.points[number]
        values = np.asarray(point.eigenvalues)
        turning = values[np.imag(values) > 0]
        turning = turning[np.argsort(np.abs(np.real(turning)))][: 2 if point.type == "double hopf" else 1]
        omega = np.imag(turning)[np.argmin(np.abs(np.imag(turning) - 2 * np.pi / row.period))]
        period = 2 * np.pi / float(omega)
        mu = np.exp(values * period)
        kappa = row.kappa
        if end == VANISHED:
            others = np.imag(turning)[np.imag(turning) != omega]
            kappa = math.cos(float(others[0]) * period) if others.size else 1.0
        return [CurveRow(point.parameters, period, point.state, point.state, point.state, mu, 0.0, kappa, number)]

    def _bautin(self, row: CurveRow) -> int | None:
        """The number of the generalised Hopf point near a small cycle; the Hopf curve is followed if none is known."""
        known = self._nearest(row, self.found.points, BAUTIN)
        if known is not None:
            return known
        aside = Search(self.found.bounds, self.found.rate, self.found.method)
        kappa = (2 * np.pi / row.period / self.found.rate) ** 2
        z = np.concatenate([0.5 * (row.low + row.high), [kappa], row.parameters])
        search(aside, [Start(PAIR, self.plane, z)], most=1, switching=False)
        near = self._nearest(row, aside.points, BAUTIN)
        if near is None:
            return None
        self.found.points.append(aside.points[near])
        return len(self.found.points) - 1

    def _nearest(self, row: CurveRow, points: list[CodimensionTwoPoint], types: tuple[str, ...]) -> int | None:
        """The nearest of the points of some types, if it is near."""
        window = self.window(row.period)

        def gap(i: int) -> float:
            off = (points[i].parameters - row.parameters) / (window.high - window.low)
            return max(
                float(np.max(np.abs(off))),
                float(np.max(np.abs(0.5 * (row.low + row.high) - points[i].state) / self.size)),
            )

        near = min((i for i, p in enumerate(points) if p.type in types), key=gap, default=None)
        return near if near is not None and gap(near) < _NEAR else None


def _plural(family: str) -> str:
    return {FOLDS: "folds of cycles", DOUBLINGS: "period doublings"}.get(family, "Neimark-Sacker points")


def _curve(family: str, rows: list[CurveRow], ends: tuple[str, str], origin: int) -> BifurcationCurve:
    return BifurcationCurve(
        kind=family,
        parameters=np.array([r.parameters for r in rows]),
        states=np.array([r.start for r in rows]),
        period=np.array([r.period for r in rows]),
        coefficient=np.full(len(rows), np.nan),
        eigenvalues=np.array([r.multipliers for r in rows], complex),
        unstable=np.array([_unstable(family, r) for r in rows], np.int64),
        special=np.array([r.special for r in rows], np.int64),
        iterates=1,
        ends=ends,
        origin=origin,
    )


def _unstable(family: str, row: CurveRow) -> int:
    """How many multipliers beside the trivial and the critical ones are outside the unit circle."""
    mu = np.asarray(row.multipliers)
    mu = np.delete(mu, int(np.argmin(np.abs(mu - 1))))
    critical = {FOLDS: [1.0], DOUBLINGS: [-1.0]}.get(family)
    if critical is None:
        angle = math.acos(min(1.0, max(-1.0, row.kappa)))
        critical = [np.exp(1j * angle), np.exp(-1j * angle)]
    for value in critical:
        mu = np.delete(mu, int(np.argmin(np.abs(mu - value)))) if mu.size else mu
    return int(np.sum(np.abs(mu) > 1 + 1e-6))
