"""The brute-force diagram: where orbits settle, and whether the branches say the same."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...solve import AbstractFixedStep, LocatedEvents, fixed_solver
from ...systems import AbstractSystem, Box, is_discrete, kind, state_variables
from .._precision import require_64_bit
from .._region import start_region
from ..stability._frozen import frozen_at
from ._agreement import AGREEMENTS, agreement_of, starts_on
from ._bifurcations import check_kind
from ._branches import Array
from ._diagram import BifurcationDiagram
from ._equilibria import Equilibria
from ._free import FreeParameter, checked_range, free_parameter
from ._orbit_run import BEHAVIOURS, Seen, behaviour_of, watched
from ._spiking_run import watched_resets

#: Steps of the transient and of half of the window: of flows, and of maps.
_FLOW, _MAP = (20_000, 5_000), (4_000, 400)
#: Of hybrid systems: the longest wait for an event, in steps, in both, and events of the transient.
_HYBRID, _EVENTS = (50_000, 50_000), 100
#: Differences below this share of the size of a component are none.
_TOL = 2e-3
#: Orbits that start on a branch start beside it, by this share of the region.
_BESIDE = 1e-3


class OrbitDiagram(AbstractResult):
    """Where orbits settle over a parameter; one row for each orbit.

    Attributes:
        parameter_name: Name of the parameter.
        parameter_unit: Its unit.
        window: Its range.
        names: Names of the components.
        variable: The component whose maxima are taken (flows).
        time_unit: Unit of time.
        discrete: Whether time advances in steps.
        parameter: Value of the parameter.
        points: Flattened states at the last maxima of the variable (of maps: the last states; of hybrid systems: those
            just before the last events), in their order; not numbers beyond `count`. At rest there is none.
        count: How many there are.
        low: Least value of each component in the second half of the window.
        high: Greatest value.
        behaviour: Index into `rest`, `periodic`, `irregular`, `unsettled`, `unbounded`.
        repeats: After how many points a periodic orbit repeats; 1 at rest, 0 elsewhere.
        source: Branch of the diagram on which the orbit was started; -1 for other starts.
        agreement: Index into `not compared`, `agrees`, `leaves its branch`, `not in the diagram`.
    """

    parameter_name: str = eqx.field(static=True)
    parameter_unit: str = eqx.field(static=True)
    window: tuple[float, float] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    variable: str = eqx.field(static=True)
    time_unit: str = eqx.field(static=True)
    discrete: bool = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    parameter: Array = output("orbit", doc="value of the parameter")
    points: Array = output("orbit", "point", "component", doc="states at maxima (of maps: states)")
    count: NDArray[np.int64] = output("orbit", doc="number of points")
    low: Array = output("orbit", "component", doc="least value of each component")
    high: Array = output("orbit", "component", doc="greatest value of each component")
    behaviour: NDArray[np.int64] = output("orbit", doc="rest, periodic, irregular, unsettled or unbounded")
    repeats: NDArray[np.int64] = output("orbit", doc="points after which a periodic orbit repeats")
    source: NDArray[np.int64] = output("orbit", doc="branch on which the orbit was started, else -1")
    agreement: NDArray[np.int64] = output("orbit", doc="whether the branches say the same")

    def share(self, word: str) -> float:
        """Share of the orbits that could be compared with the diagram whose comparison ended with `word`."""
        compared = self.agreement > 0
        return float(np.mean(self.agreement[compared] == AGREEMENTS.index(word))) if compared.any() else float("nan")

    def summary(self) -> str:
        """How the orbits behave, and where they and the diagram differ."""
        unit = "" if self.parameter_unit == "1" else f" {self.parameter_unit}"
        counts = [f"{int(np.sum(self.behaviour == i))} {word}" for i, word in enumerate(BEHAVIOURS)]
        told = ", ".join(c for c in counts if not c.startswith("0 "))
        where = f"{self.parameter_name} from {self.window[0]:g} to {self.window[1]:g}{unit}"
        lines = [f"{where}: {len(self.parameter)} orbits: {told}."]
        compared = self.agreement > 0
        if compared.any():
            agree = int(np.sum(self.agreement == 1))
            lines.append(f"  {agree} of {int(compared.sum())} regular orbits agree with the branches.")
        for code, word in enumerate(AGREEMENTS[2:], start=2):
            at = self.parameter[self.agreement == code]
            if at.size:
                lines.append(f"  {word}: {at.size}, at {self.parameter_name} = {at.min():.5g} to {at.max():.5g}.")
        return "\n".join(lines)


def orbit_diagram(
    system: AbstractSystem,
    parameter: str,
    low: float,
    high: float,
    *,
    count: int = 200,
    points: int = 64,
    variable: str | None = None,
    starts: int = 1,
    beside: BifurcationDiagram | None = None,
    y0: State = None,
    inputs: Any = None,
    transient: float | None = None,
    duration: float | None = None,
    region: Box | None = None,
    key: Key | None = None,
    solver: Any = None,
) -> OrbitDiagram:
    """Where orbits settle for many values of a parameter, chaos included, and whether the branches say the same.

    After the transient the states of a map are kept, of a flow those at the maxima of one component, of a hybrid system
    those just before its events. All orbits run
    side by side in one compiled program. With a diagram `beside`, orbits also start next to every stable branch and
    must stay there, and every orbit that rests or repeats must lie on a stable branch: what does not is told.

    Args:
        system: A flow or a hybrid system without periodic forcing, or a map; without noise or delays.
        parameter: Name of the parameter, as in `bifurcations`.
        low: Least value.
        high: Greatest value.
        count: Values of the parameter, evenly spaced.
        points: States that are kept of each orbit.
        variable: Component whose maxima are taken; None takes the first.
        starts: Starts at each value: the first is `y0`, all others are random in `region`.
        beside: From `bifurcations`, over the same parameter.
        y0: First start; None takes `initial_state()`.
        inputs: Constant input.
        transient: Time left out; None takes 20,000 steps of the solver (maps: 4,000 steps). Of hybrid systems 100
            events are left out, and this is the longest time to wait for one; None takes 50,000 steps.
        duration: Time watched after it; None takes half of the transient (maps: 800 steps). Of hybrid systems `points`
            events are watched, and half of this is the longest time to wait for one; None takes 100,000 steps.
        region: Box of random starts; None takes the system's own, else that of a pilot run.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver such as `RK4(dt)`; None takes the shortest step needed at five values.

    Returns:
        An `OrbitDiagram`.

    Raises:
        InputError: For a system of another kind, an unknown parameter or component, or numbers that make no sense.

    Example:
        >>> import dynascope as ds
        >>> orbits = orbit_diagram(ds.build("logistic"), "r", 2.75, 3.5, count=6)
        >>> orbits.repeats.tolist()
        [1, 1, 2, 2, 2, 4]
    """
    require_64_bit("An orbit diagram")
    variables = state_variables(system)
    names = tuple(v.name for v in variables)
    which = _checked(system, names, variable, count, points, starts)
    frozen = frozen_at(system, inputs, 0.0)
    free = free_parameter(system, parameter, frozen.u)
    low, high = checked_range(system, free, low, high)
    if beside is not None and (beside.parameter_name != free.name or beside.names != names):
        raise InputError(
            f"`beside` is a diagram over `{beside.parameter_name}` of other states. Give one of `{free.name}`."
        )
    key = key if key is not None else jax.random.key(0)
    of_region, of_starts = jax.random.split(key)
    box, source = start_region(system, region, inputs=frozen.u, key=of_region)
    first = ravel_pytree(system.initial_state() if y0 is None else y0)[0]
    width = _width(box, beside)
    rows = _rows(np.asarray(first), box, np.linspace(low, high, count), starts, beside, of_starts, width)
    discrete = is_discrete(system)
    solver = None if discrete else _solver(system, frozen.u, free, (low, high), solver)
    dt = 1.0 if solver is None else float(_inner(solver).dt)
    skipped, half = _steps(transient, duration, dt, kind(system))
    problem = Equilibria(frozen, free, jnp.asarray(width), jnp.asarray(high - low), discrete)
    with one_blas_thread():
        seen = jax.device_get(_run(problem, rows, solver, (skipped, half), which=which, room=points))
    judged = [behaviour_of(seen, i, width, _TOL, discrete=discrete) for i in range(len(rows.values))]
    kinds, repeats = (np.array([j[i] for j in judged], np.int64) for i in range(2))
    kept, numbers = np.where((kinds == 0)[:, None, None], np.nan, seen.points), np.where(kinds == 0, 0, seen.count)
    return OrbitDiagram(
        parameter_name=free.name,
        parameter_unit=free.unit(system),
        window=(low, high),
        names=names,
        variable=names[which],
        time_unit=system.time_unit,
        discrete=discrete,
        result=RESULTS.successful,
        settings=provenance(
            system=type(system).__name__,
            parameter=parameter,
            low=low,
            high=high,
            count=count,
            starts=starts,
            transient=skipped * dt,
            duration=2 * half * dt,
            dt=dt,
            region=source,
            tol=_TOL,
            seed=seed_of(key),
        ),
        parameter=rows.values,
        points=np.asarray(kept),
        count=np.asarray(numbers, np.int64),
        low=np.asarray(seen.low)[:, 1],
        high=np.asarray(seen.high)[:, 1],
        behaviour=kinds,
        repeats=repeats,
        source=rows.sources,
        agreement=_compared(beside, seen, rows, kinds, width),
    )


class _Rows(NamedTuple):
    """Where orbits start: flattened states, values of the parameter, and the branches that they start on, else -1."""

    states: Array
    values: Array
    sources: NDArray[np.int64]


def _run(problem: Equilibria, rows: _Rows, solver: Any, steps: tuple[int, int], *, which: int, room: int) -> Seen:
    """All orbits, watched after so many steps of the transient for twice so many steps."""
    starts, values = jnp.asarray(rows.states), jnp.asarray(rows.values)
    if kind(problem.frozen.system) == "hybrid":
        inner = _inner(solver)
        waits = steps[0] * inner.dt, steps[1] * inner.dt
        return watched_resets(
            problem, starts, values, solver=inner, waits=waits, skipped=jnp.asarray(_EVENTS), room=room
        )
    tableau, dt = (None, 1.0) if solver is None else (solver.tableau, solver.dt)
    counts = jnp.asarray(steps[0]), jnp.asarray(steps[1])
    return watched(problem, starts, values, tableau=tableau, dt=jnp.asarray(dt), steps=counts, which=which, room=room)


def _rows(
    first: Array, box: Box, values: Array, starts: int, beside: BifurcationDiagram | None, key: Key, width: Array
) -> _Rows:
    """The first start and random ones at each value, and starts next to all stable branches."""
    of_random, of_shifts = jax.random.split(key)
    random = np.asarray(jax.vmap(lambda y: ravel_pytree(y)[0])(box.sample(of_random, starts)))
    states, at = np.tile(np.concatenate([first[None], random[1:]]), (len(values), 1)), np.repeat(values, starts)
    sources = np.full(len(at), -1, np.int64)
    if beside is None:
        return _Rows(states, at, sources)
    on, where, branch = starts_on(beside, values)
    on = on + _BESIDE * width * np.asarray(jax.random.normal(of_shifts, on.shape))
    return _Rows(np.concatenate([states, on]), np.concatenate([at, where]), np.concatenate([sources, branch]))


def _checked(
    system: AbstractSystem, names: tuple[str, ...], variable: str | None, count: int, points: int, starts: int
) -> int:
    """The number of the watched component."""
    check_kind(system)
    if kind(system) not in ("flow", "hybrid", "map"):
        raise InputError(
            f"`orbit_diagram` is for flows, hybrid systems and maps; `{type(system).__name__}` is a {kind(system)}. "
            "Use `sweep`."
        )
    if count < 2 or points < 4 or starts < 1:
        raise InputError(
            f"`orbit_diagram` needs `count` of 2, `points` of 4 and `starts` of 1 or more, got {count}, {points} and "
            f"{starts}."
        )
    if variable is not None and variable not in names:
        raise InputError(f"`variable` must be one of {', '.join(names[:20])}; got {variable!r}.")
    return 0 if variable is None else names.index(variable)


def _width(box: Box, beside: BifurcationDiagram | None) -> Array:
    """Size of each component: that of the region and of what the diagram covers."""
    low, high = (np.asarray(ravel_pytree(side)[0], float) for side in (box.low, box.high))
    if beside is not None and len(beside.parameter):
        low, high = np.minimum(low, beside.low.min(axis=0)), np.maximum(high, beside.high.max(axis=0))
    return np.maximum(high - low, 1e-9)


def _solver(system: AbstractSystem, u: Any, free: FreeParameter, window: tuple[float, float], solver: Any) -> Any:
    """The given solver, else that with the shortest step among five values of the parameter."""
    if solver is None:
        values = np.linspace(*window, 5)
        found = [fixed_solver(free.at(system, u, float(v))[0]) for v in values]
        return min(found, key=lambda s: float(_inner(s).dt))
    if kind(system) == "hybrid" and isinstance(solver, AbstractFixedStep):
        solver = LocatedEvents(solver)
    if not isinstance(_inner(solver), AbstractFixedStep):
        raise InputError(f"Orbits need a fixed-step solver such as `RK4(dt)`, got `{type(solver).__name__}`.")
    return solver


def _inner(solver: Any) -> Any:
    """The method between events."""
    return solver.solver if isinstance(solver, LocatedEvents) else solver


def _steps(transient: float | None, duration: float | None, dt: float, what: str) -> tuple[int, int]:
    """Steps of the transient and of half of the window."""
    usual = {"map": _MAP, "hybrid": _HYBRID}.get(what, _FLOW)
    skipped = usual[0] if transient is None else round(transient / dt)
    half = usual[1] if duration is None else round(duration / dt / 2)
    if skipped < 0 or half < 4:
        raise InputError(
            f"`transient` must not be negative and `duration` must span 8 steps of {dt:g}, got {transient} and "
            f"{duration}."
        )
    return skipped, half


def _compared(beside: BifurcationDiagram | None, seen: Any, rows: _Rows, kinds: Any, width: Array) -> NDArray[np.int64]:
    """Whether each orbit lies on a stable branch: on its own if it started there."""
    if beside is None:
        return np.zeros(len(rows.values), np.int64)
    branches, window = beside.branches, beside.window[1] - beside.window[0]
    ends = zip(rows.values, seen.low[:, 1], seen.high[:, 1], kinds, rows.sources, strict=True)
    found = [
        agreement_of(
            branches, p, (low, high), behaviour=BEHAVIOURS[kind_], source=int(source), width=width, window=window
        )
        for p, low, high, kind_, source in ends
    ]
    return np.array(found, np.int64)
