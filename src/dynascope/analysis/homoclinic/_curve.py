"""Homoclinic orbits followed over two parameters, with the points of codimension two on their curve."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ...systems import AbstractSystem, state_variables
from ..bifurcation import free_parameter
from ..bifurcation._free import FreePair, checked_range
from ..codimension_two._cycle_curve_walk import sound
from ..cycles import Collocation
from ..cycles._rule import Rule
from ._connections import Connections
from ._find import level_of, placed, rule_for
from ._kind import born_of, type_of
from ._points import Found, HomoclinicContinuation, Walked, Window, looked, row_of, timed
from ._solved import adapted, first_posed, solved
from ._start import started
from ._walk import walk

Array = NDArray[np.float64]


class HomoclinicCurve(AbstractResult):
    """A curve of homoclinic orbits in the plane of two parameters, with the special points on it.

    Special points lie among its points, but for those to which it tends without reaching them.

    Attributes:
        parameter_names: Names of the parameters.
        parameter_units: Their units.
        window: Their ranges.
        names: Names of the components.
        time_unit: Unit of time.
        types: Type of each special point: `neutral saddle` (also `-focus`), where the saddle quantity is zero; `double
            stable eigenvalue` or `double unstable eigenvalue`, between saddle and saddle-focus; `orbit flip, stable` or
            `orbit flip, unstable`; and at the ends `bogdanov-takens`, `saddle-node`, `shilnikov-hopf`, extrapolated
            from the points before where the curve only tends to them.
        ends: Why the curve ends at its first and at its last point.
        parameters: Values of the parameters at each point.
        duration: Time between the ends of the orbit.
        end_distances: Their distances from the equilibrium, with each component in units of its extent.
        equilibria: The equilibrium.
        eigenvalues: Its eigenvalues, the largest real part first.
        saddle_quantity: Sum of the real parts of the leading stable and the leading unstable eigenvalue.
        special: Number of the special point at each point, else -1.
        times: Times along the orbit.
        orbits: States at these times.
        special_parameters: Values of the parameters at each special point.
        special_error: Their estimated errors: what a mesh twice as fine changes, or of extrapolated points what
            leaving out one of those they come from does.
    """

    parameter_names: tuple[str, str] = eqx.field(static=True)
    parameter_units: tuple[str, str] = eqx.field(static=True)
    window: tuple[tuple[float, float], tuple[float, float]] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    time_unit: str = eqx.field(static=True)
    types: tuple[str, ...] = eqx.field(static=True)
    ends: tuple[str, str] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    parameters: Array = output("point", "parameter", doc="values of the parameters")
    duration: Array = output("point", unit="time unit", doc="time between the ends of the orbit")
    end_distances: Array = output("point", "end", doc="distances of the ends from the equilibrium")
    equilibria: Array = output("point", "component", doc="the equilibrium")
    eigenvalues: NDArray[np.complex128] = output("point", "eigenvalue", doc="its eigenvalues")
    saddle_quantity: Array = output("point", unit="1 / time unit", doc="saddle quantity")
    special: NDArray[np.int64] = output("point", doc="special point there, else -1")
    times: Array = output("point", "place", unit="time unit", doc="times along the orbit")
    orbits: Array = output("point", "place", "component", doc="states at these times")
    special_parameters: Array = output("special_point", "parameter", doc="values of the parameters")
    special_error: Array = output("special_point", "parameter", doc="their estimated errors")

    def __len__(self) -> int:
        return len(self.parameters)

    def start(self, point: int) -> tuple[Array, Array]:
        """The orbit at one point as times and states, from which `homoclinic_orbit` starts."""
        return self.times[point], self.orbits[point]

    def summary(self) -> str:
        """Where the curve runs, and what happens on it."""
        if not len(self):
            return f"No curve: {RESULTS[self.result]}"
        p, q = self.parameter_names
        low, high = self.parameters.min(axis=0), self.parameters.max(axis=0)
        kinds = list(dict.fromkeys(type_of(v) for v, s in zip(self.eigenvalues, self.special, strict=True) if s < 0))
        lines = [
            f"{len(self)} homoclinic orbits to a {' or a '.join(kinds)}, {p} from {low[0]:.6g} to {high[0]:.6g}, {q} "
            f"from {low[1]:.6g} to {high[1]:.6g}; {len(self.types) or 'no'} special "
            f"point{'s' if len(self.types) != 1 else ''}."
        ]
        for name, place, error in zip(self.types, self.special_parameters, self.special_error, strict=True):
            lines.append(f"  {name} at {p} = {place[0]:.9g}, {q} = {place[1]:.9g}, +- {np.max(error):.1g}")
        lines += [f"  One end: {self.ends[0]}", f"  Other end: {self.ends[1]}"]
        return "\n".join(lines)

    def born(self, point: int) -> str:
        """What is born from the orbit at one point, in a sentence."""
        return born_of(self.eigenvalues[point])


def homoclinic_curve(
    system: AbstractSystem,
    start: Any,
    *,
    parameters: tuple[str, str],
    ranges: tuple[tuple[float, float], tuple[float, float]],
    inputs: Any = None,
    method: HomoclinicContinuation | None = None,
) -> HomoclinicCurve:
    r"""The curve of homoclinic orbits in the plane of two parameters, followed both ways from one of them.

    Pseudo-arclength continuation of the boundary value problem of `homoclinic_orbit`, at held duration, which grows
    where the ends move away from the equilibrium. On the way the eigenvalues and the directions in which the orbit
    leaves and arrives tell special points: $\sigma = 0$, on one side of which a stable cycle is born and on the other
    an unstable one (or chaos begins); equal leading eigenvalues; orbit flips; and the ends of the curve at
    Bogdanov-Takens, saddle-node and Shilnikov-Hopf points.

    Args:
        system: An autonomous flow.
        start: A homoclinic orbit that `homoclinic_orbit` found in either of the parameters, or what that starts from: a
            cycle of large period, a branch of cycles over the first parameter, times and states.
        parameters: The two parameters, as in `bifurcations`; the first one is solved for at the start.
        ranges: Their ranges.
        inputs: Constant input.
        method: `HomoclinicContinuation(...)`.

    Returns:
        A `HomoclinicCurve`.

    Raises:
        InputError: If the parameters or ranges are wrong, or the start does not fit.
        ComputationFailed: If no homoclinic orbit was found near the start.

    Reference:
        Champneys, Kuznetsov and Sandstede (1996), A numerical toolbox for homoclinic bifurcation analysis,
        International Journal of Bifurcation and Chaos 6, 867-887.

    Example:
        >>> import dynascope as ds, jax.numpy as jnp, numpy as np
        >>> def rule(t, y, p):
        ...     return jnp.stack([y[1], p["k"] * y[0] - y[0] ** 2 + p["mu"] * y[1]])
        >>> well = ds.flow(rule, [0.1, 0.1], parameters={"mu": 0.05, "k": 1.0}, names="x y")
        >>> t = np.linspace(-6.0, 6.0, 61)
        >>> rough = np.stack([1.4 / np.cosh(t / 2), -0.7 * np.tanh(t / 2) / np.cosh(t / 2)], axis=1)
        >>> ranges = ((-1.0, 1.0), (0.8, 1.2))
        >>> curve = homoclinic_curve(well, (t, rough), parameters=("p.mu", "p.k"), ranges=ranges)
        >>> bool(np.max(np.abs(curve.parameters[:, 0])) < 1e-8)
        True
    """
    method = HomoclinicContinuation() if method is None else method
    system, inputs, start = placed(system, inputs, start, parameters[0])
    rule, low, high = _plane(system, start, parameters, ranges, inputs)
    problem, found, window = _begun(rule, start, (low, high), method)
    back, forth = (walk(problem, found, sign, method, window) for sign in (-1.0, 1.0))
    settings = {name: getattr(method, name) for name in method.__dataclass_fields__}
    return _curve(rule, (back, forth), (low, high), provenance(**settings, system=type(system).__name__))


def _plane(
    system: AbstractSystem, start: Any, parameters: tuple[str, str], ranges: Any, inputs: Any
) -> tuple[Rule, Array, Array]:
    """The velocity with both parameters free, and their ranges.

    Raises:
        InputError: If these are wrong, or do not hold the present values.
    """
    level = level_of(system, inputs)
    if len(parameters) != 2 or parameters[0] == parameters[1] or np.shape(ranges) != (2, 2):
        raise InputError(
            f"`parameters` must be two different names and `ranges` two pairs of numbers, got {parameters} and "
            f"{ranges}."
        )
    pair = FreePair(*(free_parameter(system, name, level) for name in parameters))
    bounds = np.array([checked_range(system, f, *r) for f, r in zip((pair.first, pair.second), ranges, strict=True)])
    value = np.array([float(pair.first.of(system, level)), float(pair.second.of(system, level))])
    if np.any(value < bounds[:, 0]) or np.any(value > bounds[:, 1]):
        raise InputError(
            f"The start lies at `{parameters[0]}` = {value[0]:.6g}, `{parameters[1]}` = {value[1]:.6g}, outside of "
            "`ranges`. Widen them."
        )
    return rule_for(system, start, pair, inputs), bounds[:, 0], bounds[:, 1]


def _begun(
    rule: Rule, start: Any, bounds: tuple[Array, Array], method: HomoclinicContinuation
) -> tuple[Connections, Found, Window]:
    """The equations at the first orbit, the point of the curve there, and where it may run.

    Raises:
        ComputationFailed: If it is not found again on the mesh of the curve.
    """
    low, high = bounds
    level = None if rule.signal is None else rule.signal(0.0)
    free = rule.parameter.first, rule.parameter.second
    value = np.array([float(f.of(rule.system, level)) for f in free])
    path, ends = started(rule, start, value, state_variables(rule.system), method.distance)
    count = method.intervals
    mesh = Collocation(count, method.degree, max_intervals=2 * count)
    problem, z = first_posed(rule, path, value, ends, mesh)
    border = np.zeros_like(z)
    border[-1] = 1 / (high - low)[1]
    # First where the ends are, with the second parameter held; then with the time held.
    first = adapted(solved(problem, z, border[None]), mesh)
    wide = eqx.tree_at(lambda p: p.width, first.problem, jnp.asarray(high - low))
    problem = timed(wide, first.z, first.jacobians, method.distance)
    found = looked(problem, first.z, border, border)
    if not sound(found):
        raise_if_failed(RESULTS.not_converged, what=f"`homoclinic_curve` of `{type(rule.system).__name__}`")
    scale = np.asarray(rule.scale)
    row = row_of(problem, found)
    size = float(np.max(np.linalg.norm((row.states - row.rest) / scale, axis=1)))
    names = free[0].name, free[1].name
    return problem, found, Window(low, high, names, method.longest * row.duration, size, scale)


def _curve(
    rule: Rule, halves: tuple[Walked, Walked], bounds: tuple[Array, Array], settings: dict[str, Any]
) -> HomoclinicCurve:
    """The result of both ways."""
    back, forth = halves
    shift = len(back.crossings)
    behind = back.rows[:0:-1]
    ahead = [r._replace(special=r.special + shift) if r.special >= 0 else r for r in forth.rows]
    rows, crossings = [*behind, *ahead], [*back.crossings, *forth.crossings]
    closed = forth.end.startswith("The curve closed")
    if closed:
        rows, crossings = forth.rows, forth.crossings
    free, system = (rule.parameter.first, rule.parameter.second), rule.system
    low, high = ([float(x) for x in b] for b in bounds)
    return HomoclinicCurve(
        parameter_names=(free[0].name, free[1].name),
        parameter_units=(free[0].unit(system), free[1].unit(system)),
        window=((low[0], high[0]), (low[1], high[1])),
        names=tuple(v.name for v in state_variables(system)),
        time_unit=system.time_unit,
        types=tuple(c.type for c in crossings),
        ends=(forth.end, forth.end) if closed else (back.end, forth.end),
        result=RESULTS.successful,
        settings=settings,
        parameters=np.array([r.parameters for r in rows]),
        duration=np.array([r.duration for r in rows]),
        end_distances=np.array([r.apart for r in rows]),
        equilibria=np.array([r.rest for r in rows]),
        eigenvalues=np.array([r.values for r in rows]),
        saddle_quantity=np.array([r.quantity for r in rows]),
        special=np.array([r.special for r in rows], np.int64),
        times=np.array([r.times for r in rows]),
        orbits=np.array([r.states for r in rows]),
        special_parameters=np.array([c.row.parameters for c in crossings]).reshape(-1, 2),
        special_error=np.array([c.error for c in crossings]).reshape(-1, 2),
    )
