"""What `bifurcation_set` returns: all curves and points of codimension two in one table of points."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._results import AbstractResult, output
from ._points import Array, CodimensionTwoPoint

#: Points that a summary lists.
_LISTED = 24
#: Plural names of the kinds of curves.
_PLURAL = {
    "fold": "folds",
    "hopf": "Hopf points",
    "neutral saddle": "neutral saddles",
    "period doubling": "period doublings",
    "neimark-sacker": "Neimark-Sacker points",
    "fold of cycles": "folds of cycles",
}


class BifurcationCurve(eqx.Module):
    """A curve of bifurcations, in the order in which it was followed; special points lie among its points.

    Attributes:
        kind: `fold`, `hopf`, `fold of cycles`, `period doubling`, `neimark-sacker`, or `neutral saddle`, where nothing
            bifurcates. Period doublings and Neimark-Sacker points of flows are those of cycles.
        parameters: Values of both parameters, shape `(N, 2)`.
        states: Flattened states, shape `(N, n)`; of cycles of flows that at phase zero.
        period: Of the cycles born there, or of the cycle itself; else not a number.
        coefficient: Of the normal form, as on one-parameter diagrams (of folds its size alone); not a number at points
            of codimension two, on neutral saddles and for cycles of flows.
        eigenvalues: Of the Jacobian (of cycles of flows: Floquet multipliers), the leading first, complex, shape
            `(N, n)`.
        unstable: How many eigenvalues beside the critical ones are unstable.
        special: Number of the special point at each point, else -1.
        iterates: Steps after which the state returns (maps).
        ends: Why it ends at its first and at its last point.
        origin: Number of the special point from which it was followed, -1 if it was found on a line.
    """

    kind: str = eqx.field(static=True)
    parameters: Array
    states: Array
    period: Array
    coefficient: Array
    eigenvalues: Any
    unstable: NDArray[np.int64]
    special: NDArray[np.int64]
    iterates: int = eqx.field(static=True)
    ends: tuple[str, str] = eqx.field(static=True)
    origin: int = eqx.field(static=True)

    def __len__(self) -> int:
        return len(self.parameters)


class BifurcationSet(AbstractResult):
    """Curves of bifurcations in the plane of two parameters, with every point of codimension two found on them.

    All curves lie in one table of points, curve after curve; `curves` and `points` give them one by one.

    Attributes:
        parameter_names: Names of the parameters.
        parameter_units: Their units.
        window: Their ranges.
        names: Names of the components.
        time_unit: Unit of periods.
        discrete: Whether time advances in steps.
        kinds: Kind of each curve.
        ends: Why each curve ends at its first and at its last point.
        types: Type of each special point.
        said: What the normal form of each says.
        notes: What was left out or could not be followed.
        parameters: Values of the parameters at each point.
        states: Flattened state there.
        period: Period of the cycles born there.
        coefficient: Coefficient of the normal form of codimension one.
        eigenvalues: Eigenvalues of the Jacobian.
        unstable: How many eigenvalues beside the critical ones are unstable.
        curve: Curve of each point.
        special: Special point at each point, else -1.
        origin: Special point from which each curve was followed, else -1.
        iterates: Steps after which the state returns, for each curve.
        special_parameters: Values of the parameters at each special point.
        special_error: Their estimated errors.
        special_states: State there.
        special_eigenvalues: Eigenvalues there.
        special_coefficients: Coefficients of the normal form, not numbers where there are none.
    """

    parameter_names: tuple[str, str] = eqx.field(static=True)
    parameter_units: tuple[str, str] = eqx.field(static=True)
    window: tuple[tuple[float, float], tuple[float, float]] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    time_unit: str = eqx.field(static=True)
    discrete: bool = eqx.field(static=True)
    kinds: tuple[str, ...] = eqx.field(static=True)
    ends: tuple[tuple[str, str], ...] = eqx.field(static=True)
    types: tuple[str, ...] = eqx.field(static=True)
    said: tuple[str, ...] = eqx.field(static=True)
    notes: tuple[str, ...] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    parameters: Array = output("point", "parameter", doc="values of the parameters")
    states: Array = output("point", "component", doc="flattened state")
    period: Array = output("point", unit="time unit", doc="period of the cycles born there")
    coefficient: Array = output("point", doc="coefficient of the normal form of codimension one")
    eigenvalues: Any = output("point", "eigenvalue", doc="eigenvalues of the Jacobian")
    unstable: NDArray[np.int64] = output("point", doc="number of unstable eigenvalues beside the critical ones")
    curve: NDArray[np.int64] = output("point", doc="curve of each point")
    special: NDArray[np.int64] = output("point", doc="special point there, else -1")
    origin: NDArray[np.int64] = output("curve_number", doc="special point from which the curve was followed, else -1")
    iterates: NDArray[np.int64] = output("curve_number", doc="steps after which the state returns")
    special_parameters: Array = output("special_point", "parameter", doc="values of the parameters")
    special_error: Array = output("special_point", "parameter", doc="their estimated errors")
    special_states: Array = output("special_point", "component", doc="flattened state")
    special_eigenvalues: Any = output("special_point", "eigenvalue", doc="eigenvalues there")
    special_coefficients: Array = output("special_point", "coefficient_number", doc="coefficients of the normal form")

    @property
    def curves(self) -> tuple[BifurcationCurve, ...]:
        """The curves one by one."""
        return tuple(self._one(i) for i in range(len(self.kinds)))

    @property
    def points(self) -> tuple[CodimensionTwoPoint, ...]:
        """The special points one by one, in the order in which they were found."""
        return tuple(
            CodimensionTwoPoint(
                type=self.types[i],
                parameters=self.special_parameters[i],
                error=self.special_error[i],
                state=self.special_states[i],
                eigenvalues=self.special_eigenvalues[i],
                coefficients=self.special_coefficients[i],
                said=self.said[i],
            )
            for i in range(len(self.types))
        )

    def _one(self, i: int) -> BifurcationCurve:
        at = self.curve == i
        return BifurcationCurve(
            kind=self.kinds[i],
            parameters=self.parameters[at],
            states=self.states[at],
            period=self.period[at],
            coefficient=self.coefficient[at],
            eigenvalues=self.eigenvalues[at],
            unstable=self.unstable[at],
            special=self.special[at],
            iterates=int(self.iterates[i]),
            ends=self.ends[i],
            origin=int(self.origin[i]),
        )

    def summary(self) -> str:
        """How many curves there are, and the points of codimension two on them."""
        where = " and ".join(
            f"{name} from {low:g} to {high:g}{'' if unit == '1' else f' {unit}'}"
            for name, unit, (low, high) in zip(self.parameter_names, self.parameter_units, self.window, strict=True)
        )
        if not self.kinds:
            return "\n".join([f"{where}: no bifurcation found.", *(f"  Note: {note}" for note in self.notes)])
        counts = [(kind, sum(k == kind for k in self.kinds)) for kind in dict.fromkeys(self.kinds)]
        said = ", ".join(f"{n} curve{'s' if n > 1 else ''} of {_PLURAL[kind]}" for kind, n in counts)
        some = f"{len(self.types) or 'no'} point{'s' if len(self.types) != 1 else ''} of codimension two"
        lines = [f"{where}: {said}; {some}."]
        order = np.argsort(self.special_parameters[:, 0], kind="stable")
        points = self.points
        lines += [f"  {told(points[i], self)}" for i in order[:_LISTED]]
        if len(points) > _LISTED:
            lines.append(f"  and {len(points) - _LISTED} more")
        return "\n".join([*lines, *(f"  Note: {note}" for note in self.notes)])


def told(point: CodimensionTwoPoint, found: BifurcationSet) -> str:
    """A special point in one line."""
    place = ", ".join(f"{n} = {v:.9g}" for n, v in zip(found.parameter_names, point.parameters, strict=True))
    return f"{point.type} at {place}" + (f", {point.said}" if point.said else "")


def tables(curves: list[BifurcationCurve], points: list[CodimensionTwoPoint], size: int) -> dict[str, Any]:
    """The fields of a set that hold its curves and special points, of states with `size` components."""

    def column(name: str, like: np.ndarray) -> np.ndarray:
        return np.concatenate([like, *(np.asarray(getattr(c, name), like.dtype) for c in curves)])

    def special(name: str, like: np.ndarray) -> np.ndarray:
        return np.array([getattr(p, name) for p in points], like.dtype).reshape(-1, *like.shape[1:])

    one, two, many, whole = np.zeros(0), np.zeros((0, 2)), np.zeros((0, size)), np.zeros(0, np.int64)
    return {
        "kinds": tuple(c.kind for c in curves),
        "ends": tuple(c.ends for c in curves),
        "types": tuple(p.type for p in points),
        "said": tuple(p.said for p in points),
        "parameters": column("parameters", two),
        "states": column("states", many),
        "eigenvalues": column("eigenvalues", many.astype(complex)),
        **{name: column(name, one) for name in ("period", "coefficient")},
        **{name: column(name, whole) for name in ("unstable", "special")},
        "curve": np.concatenate([whole, *(np.full(len(c), i) for i, c in enumerate(curves))]),
        "origin": np.array([c.origin for c in curves], np.int64),
        "iterates": np.array([c.iterates for c in curves], np.int64),
        **{f"special_{name}": special(name, two) for name in ("parameters", "error", "coefficients")},
        "special_states": special("state", many),
        "special_eigenvalues": special("eigenvalues", many.astype(complex)),
    }
