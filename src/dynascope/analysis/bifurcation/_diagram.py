"""What `bifurcations` returns: all branches and special points in one table of points."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._results import AbstractResult, output
from ._branches import Array, Branch, SpecialPoint
from ._unexplained import unexplained

#: Special points that a summary lists.
_LISTED = 24
#: Plural names of the kinds of branches.
_PLURAL = {"equilibrium": "equilibria", "fixed point": "fixed points", "cycle": "cycles"}


class BifurcationDiagram(AbstractResult):
    """Branches of equilibria and cycles over one parameter, with every special point.

    All branches lie in one table of points, branch after branch; `branches` and `points` give them one by one.

    Attributes:
        parameter_name: Name of the parameter.
        parameter_unit: Its unit.
        window: Range of the parameter.
        names: Names of the components.
        time_unit: Unit of periods.
        discrete: Whether time advances in steps.
        kinds: Kind of each branch: `equilibrium`, `fixed point` or `cycle`.
        ends: Why each branch ends at its first and at its last point.
        types: Type of each special point.
        criticality: What the normal form of each says.
        notes: What was left out or could not be explained.
        parameter: Value of the parameter at each point.
        states: Flattened state at each point (of cycles at phase zero).
        low: Least value of each component there.
        high: Greatest value.
        period: Period there.
        eigenvalues: Of the Jacobian, or Floquet multipliers.
        unstable: Number of unstable eigenvalues.
        branch: Branch of each point.
        special: Special point at each point, else -1.
        origin: Special point from which each branch comes, else -1.
        special_parameter: Value of the parameter at each special point.
        special_error: Its estimated error.
        special_states: State at each special point.
        special_eigenvalues: Eigenvalues there.
        special_period: Period of the cycles born there.
        special_coefficient: Coefficient of the normal form.
        special_branch: Branch on which each was found.
    """

    parameter_name: str = eqx.field(static=True)
    parameter_unit: str = eqx.field(static=True)
    window: tuple[float, float] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    time_unit: str = eqx.field(static=True)
    discrete: bool = eqx.field(static=True)
    kinds: tuple[str, ...] = eqx.field(static=True)
    ends: tuple[tuple[str, str], ...] = eqx.field(static=True)
    types: tuple[str, ...] = eqx.field(static=True)
    criticality: tuple[str, ...] = eqx.field(static=True)
    notes: tuple[str, ...] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    parameter: Array = output("point", doc="value of the parameter")
    states: Array = output("point", "component", doc="flattened state")
    low: Array = output("point", "component", doc="least value of each component")
    high: Array = output("point", "component", doc="greatest value of each component")
    period: Array = output("point", unit="time unit", doc="period")
    eigenvalues: Any = output("point", "eigenvalue", doc="eigenvalues of the Jacobian, or Floquet multipliers")
    unstable: NDArray[np.int64] = output("point", doc="number of unstable eigenvalues")
    branch: NDArray[np.int64] = output("point", doc="branch of each point")
    special: NDArray[np.int64] = output("point", doc="special point there, else -1")
    origin: NDArray[np.int64] = output("branch_number", doc="special point from which the branch comes, else -1")
    special_parameter: Array = output("special_point", doc="value of the parameter")
    special_error: Array = output("special_point", doc="estimated error of the value of the parameter")
    special_states: Array = output("special_point", "component", doc="flattened state")
    special_eigenvalues: Any = output("special_point", "eigenvalue", doc="eigenvalues there")
    special_period: Array = output("special_point", unit="time unit", doc="period of the cycles born there")
    special_coefficient: Array = output("special_point", doc="coefficient of the normal form")
    special_branch: NDArray[np.int64] = output("special_point", doc="branch on which it was found")

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The branches one by one."""
        return tuple(self._one(i) for i in range(len(self.kinds)))

    @property
    def points(self) -> tuple[SpecialPoint, ...]:
        """The special points one by one, in the order in which they were found."""
        return tuple(
            SpecialPoint(
                type=self.types[i],
                branch=int(self.special_branch[i]),
                parameter=float(self.special_parameter[i]),
                error=float(self.special_error[i]),
                state=self.special_states[i],
                eigenvalues=self.special_eigenvalues[i],
                period=float(self.special_period[i]),
                coefficient=float(self.special_coefficient[i]),
                criticality=self.criticality[i],
            )
            for i in range(len(self.types))
        )

    def _one(self, i: int) -> Branch:
        at = self.branch == i
        return Branch(
            kind=self.kinds[i],
            parameter=self.parameter[at],
            states=self.states[at],
            low=self.low[at],
            high=self.high[at],
            period=self.period[at],
            eigenvalues=self.eigenvalues[at],
            unstable=self.unstable[at],
            special=self.special[at],
            ends=self.ends[i],
            origin=int(self.origin[i]),
        )

    def summary(self) -> str:
        """How many branches there are, and what happens on them."""
        unit = "" if self.parameter_unit == "1" else f" {self.parameter_unit}"
        where = f"{self.parameter_name} from {self.window[0]:g} to {self.window[1]:g}{unit}"
        notes = [f"  Note: {note}" for note in self.notes]
        if not self.kinds:
            return "\n".join([f"{where}: no equilibrium found from {self.settings['starts']} starts.", *notes])
        counts = [(kind, sum(k == kind for k in self.kinds)) for kind in dict.fromkeys(self.kinds)]
        said = ", ".join(f"{n} branch{'es' if n > 1 else ''} of {_PLURAL[kind]}" for kind, n in counts)
        lines = [f"{where}: {said}; {len(self.types) or 'no'} special point{'s' if len(self.types) != 1 else ''}."]
        order = np.argsort(self.special_parameter, kind="stable")
        points = self.points
        lines += [f"  {told(points[i], self)}" for i in order[:_LISTED]]
        if len(points) > _LISTED:
            lines.append(f"  and {len(points) - _LISTED} more")
        return "\n".join([*lines, *notes])


def told(point: SpecialPoint, diagram: BifurcationDiagram) -> str:
    """A special point in one line."""
    digits = (
        9 if point.error <= 0 else int(np.clip(np.ceil(np.log10(max(abs(point.parameter), 1e-12) / point.error)), 4, 9))
    )
    parts = [f"{point.type} at {diagram.parameter_name} = {point.parameter:.{digits}g}"]
    if point.criticality:
        parts.append(point.criticality)
    if np.isfinite(point.period):
        unit = " steps" if diagram.discrete else "" if diagram.time_unit == "1" else f" {diagram.time_unit}"
        parts.append(f"period {point.period:.6g}{unit}")
    return ", ".join(parts)


def with_branches(
    diagram: BifurcationDiagram,
    branches: Sequence[Branch],
    points: Sequence[SpecialPoint],
    notes: Sequence[str] = (),
) -> BifurcationDiagram:
    """The diagram with further branches and special points behind its own.

    Numbers of branches and special points in what is added count from the beginning of the whole diagram.
    """
    every, special = [*diagram.branches, *branches], [*diagram.points, *points]
    fields = tables(every, special, len(diagram.names))
    doubts = unexplained(branches, special, diagram.parameter_name, discrete=diagram.discrete)
    return dataclasses.replace(diagram, notes=(*diagram.notes, *notes, *doubts), **fields)


def tables(branches: Sequence[Branch], points: Sequence[SpecialPoint], size: int) -> dict[str, Any]:
    """The fields of a diagram that hold its branches and special points, of states with `size` components."""

    def column(name: str, like: np.ndarray) -> np.ndarray:
        return np.concatenate([like, *(np.asarray(getattr(b, name), like.dtype) for b in branches)])

    def special(name: str, like: np.ndarray) -> np.ndarray:
        return np.array([getattr(p, name) for p in points], like.dtype).reshape(-1, *like.shape[1:])

    one, many, whole = np.zeros(0), np.zeros((0, size)), np.zeros(0, np.int64)
    return {
        "kinds": tuple(b.kind for b in branches),
        "ends": tuple(b.ends for b in branches),
        "types": tuple(p.type for p in points),
        "criticality": tuple(p.criticality for p in points),
        **{name: column(name, one) for name in ("parameter", "period")},
        **{name: column(name, many) for name in ("states", "low", "high")},
        **{name: column(name, whole) for name in ("unstable", "special")},
        "eigenvalues": column("eigenvalues", many.astype(complex)),
        "branch": np.concatenate([whole, *(np.full(len(b), i) for i, b in enumerate(branches))]),
        "origin": np.array([b.origin for b in branches], np.int64),
        **{f"special_{name}": special(name, one) for name in ("parameter", "error", "period", "coefficient")},
        "special_states": special("state", many),
        "special_eigenvalues": special("eigenvalues", many.astype(complex)),
        "special_branch": special("branch", whole),
    }
