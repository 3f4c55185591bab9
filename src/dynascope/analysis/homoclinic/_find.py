"""One homoclinic orbit, and the value of a parameter at which it exists."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import provenance
from ...systems import AbstractSystem, driving, kind, state_variables
from .._precision import require_64_bit
from ..bifurcation import Branch, free_parameter
from ..continuation._continuation import changed
from ..cycles import Collocation, periodic_orbit
from ..cycles._find import rule_of
from ..cycles._gauss import phases_of
from ..cycles._guess import Guess, forcing_of
from ..cycles._rule import Rule
from ._kind import eigenvalues
from ._orbit import ConnectingOrbit
from ._solved import Solved, adapted, closer, first_posed, refined, solved
from ._start import raw_path, started

Array = NDArray[np.float64]

#: Distance from the equilibria, as a share of the extent of the orbit, at which it is first cut off.
_DISTANCE = 1e-3
#: An orbit smaller than this share of its start is another one.
_SHRUNK = 0.05
#: Cycles whose largest multiplier is below this are found again by a run of one period.
_FOLLOWED = 1e4
#: How often the ends are moved nearer to the equilibria.
_ROUNDS = 4


def homoclinic_orbit(
    system: AbstractSystem,
    start: Any,
    *,
    parameter: str,
    inputs: Any = None,
    method: Collocation | None = None,
    throw: bool = True,
) -> ConnectingOrbit:
    r"""The homoclinic orbit near a cycle of large period, and the value of `parameter` at which it exists.

    The orbit is cut off near its equilibrium $x^*$, where it must lie in the unstable eigenspace at its beginning and
    in the stable one at its end (projection boundary conditions); path, equilibrium, duration and parameter are found
    together by collocation on a mesh that adapts itself. The ends are moved nearer to the equilibrium by factors of
    ten until the parameter changes no more than `method.tol`, in units of the change that would double velocities.

    A path between two saddles whose unstable manifolds have the same dimension gives a heteroclinic orbit.

    Args:
        system: An autonomous flow, with the parameter at a value near the orbit.
        start: A `PeriodicOrbit` of large period, which passes near to a saddle; a `Branch` of cycles over `parameter`
            that ends with a large period; or a `Trajectory` or `(times, states)` that leaves an equilibrium and comes
            to the same or another one.
        parameter: The free parameter, as in `bifurcations`.
        inputs: Constant input.
        method: `Collocation(...)` gives mesh and accuracy.
        throw: Raise `ComputationFailed` if there is none near the start.

    Returns:
        A `ConnectingOrbit`. Without `throw` its code says why there is none.

    Raises:
        InputError: If the system is no autonomous flow, or the start does not lead from saddle to saddle.
        ComputationFailed: If Newton's method did not converge, and `throw`.

    Reference:
        Beyn (1990), The numerical computation of connecting orbits in dynamical systems, IMA Journal of Numerical
        Analysis 10, 379-405.

    Example:
        >>> import dynascope as ds, jax.numpy as jnp, numpy as np
        >>> def rule(t, y, p):
        ...     return jnp.stack([y[1], y[0] - y[0] ** 2 + p["mu"] * y[1]])
        >>> well = ds.flow(rule, [0.1, 0.1], parameters={"mu": 0.05}, names="x y")
        >>> t = np.linspace(-6.0, 6.0, 61)
        >>> rough = np.stack([1.4 / np.cosh(t / 2), -0.7 * np.tanh(t / 2) / np.cosh(t / 2)], axis=1)
        >>> mesh = ds.analysis.cycles.Collocation(intervals=60, max_intervals=120)
        >>> orbit = homoclinic_orbit(well, (t, rough), parameter="p.mu", method=mesh)
        >>> abs(orbit.parameter) < 1e-8, round(float(orbit.states[:, 0].max()), 6)
        (True, 1.5)
    """
    method = Collocation() if method is None else method
    system, inputs, start = placed(system, inputs, start, parameter)
    level = level_of(system, inputs)
    rule = rule_for(system, start, free_parameter(system, parameter, level), inputs)
    value = float(rule.parameter.of(system, level))
    path, ends = started(rule, start, value, state_variables(system), _DISTANCE)
    first = adapted(solved(*first_posed(rule, path, np.array([value]), ends, method)), method)
    now, mesh_error = refined(first, method)
    cut_error, rounds = np.full(1, np.inf), 0
    while now.found and rounds < _ROUNDS and np.any(cut_error > method.tol * np.asarray(now.problem.width)):
        after, change = closer(now, method)
        if not after.found:
            break
        now, cut_error, rounds = after, change, rounds + 1
        now, again = (now, mesh_error) if len(now.mesh) - 1 >= method.max_intervals else refined(now, method)
        mesh_error = np.where(np.isfinite(again), again, mesh_error)
    settings = {name: getattr(method, name) for name in method.__dataclass_fields__}
    settings |= {"system": type(system).__name__, "guess": type(start).__name__, "rounds": rounds}
    orbit = described(rule, now, (mesh_error, cut_error), provenance(**settings))
    if throw:
        raise_if_failed(orbit.result, what=f"`homoclinic_orbit` of `{type(system).__name__}`")
    return orbit


def placed(system: AbstractSystem, inputs: Any, start: Any, parameter: str) -> tuple[AbstractSystem, Any, Any]:
    """The system and its input at the parameters of the start, and what to start from.

    Of a branch of cycles that is the one of the longest period that one run around it still follows.

    Raises:
        InputError: If a branch holds no cycles of a flow.
    """
    match start:
        case ConnectingOrbit():
            return *_at(system, inputs, start.parameter_name, start.parameter), start
        case Branch():
            growth = np.max(np.abs(start.eigenvalues), axis=1)
            good = np.isfinite(start.period) & (growth < _FOLLOWED)
            if start.kind != "cycle" or not np.any(good):
                raise InputError(
                    f"`start` must be a branch of cycles of a flow, got one of kind `{start.kind}`. Take one whose "
                    "period grows towards its end."
                )
            best = int(np.argmax(np.where(good, start.period, -np.inf)))
            there, inputs = _at(system, inputs, parameter, float(start.parameter[best]))
            period = float(start.period[best])
            return there, inputs, periodic_orbit(there, start.states[best], period=period, inputs=inputs)
        case _:
            return system, inputs, start


def _at(system: AbstractSystem, inputs: Any, name: str, value: float) -> tuple[AbstractSystem, Any]:
    """The system and its input with a parameter at another value."""
    return changed(system, free_parameter(system, name, level_of(system, inputs)), inputs, value)


def level_of(system: AbstractSystem, inputs: Any) -> Any:
    """The constant input, None where there is none."""
    signal = driving(system, inputs)
    return None if signal is None else signal(0.0)


def rule_for(system: AbstractSystem, start: Any, free: Any, inputs: Any) -> Rule:
    """The velocity in units of the extent of the start, with `free` as the free parameter.

    Raises:
        InputError: If the system is no autonomous flow.
    """
    require_64_bit("The search for a homoclinic orbit")
    if kind(system) != "flow" or forcing_of(system, inputs, 1.0) is not None:
        raise InputError(
            f"A homoclinic orbit is one of an autonomous flow; `{type(system).__name__}` is a {kind(system)} or is "
            "driven in time. Freeze its drive with a constant input."
        )
    times, states = raw_path(start, state_variables(system))
    whole = Guess((times - times[0]) / np.ptp(times), states, float(np.ptp(times)), "start")
    return rule_of(system, driving(system, inputs), whole, parameter=free)


def described(rule: Rule, now: Solved, errors: tuple[Array, Array], settings: dict[str, Any]) -> ConnectingOrbit:
    """The result for an orbit that was solved for."""
    scale, outer = np.asarray(rule.scale), now.outer
    values = np.array([eigenvalues(a) for a in now.jacobians])
    degree = now.problem.equations.shape[1]
    whole = float(np.ptp(now.points, axis=0).max()) > _SHRUNK
    good = now.found and whole and all(np.all(np.isfinite(e)) for e in errors)
    code = RESULTS.successful if good else RESULTS.not_converged
    code = code if bool(np.all(np.isfinite(now.z))) else RESULTS.nonfinite
    rests = np.stack([np.asarray(outer.left), np.asarray(outer.right)])
    turns = [v.period if v.topology == "circle" else math.inf for v in state_variables(rule.system)]
    gap = (rests[1] - rests[0]) * scale
    gap = gap - np.where(np.isfinite(turns), np.nan_to_num(turns, posinf=0.0), 0.0) * np.round(gap / np.array(turns))
    return ConnectingOrbit(
        parameter=float(now.value[0]),
        parameter_error=float(errors[0][0] + errors[1][0]),
        mesh_error=float(errors[0][0]),
        truncation_error=float(errors[1][0]),
        residual=now.residual,
        homoclinic=bool(np.all(np.abs(gap) < 1e-6 * scale)),
        unstable_dimension=now.problem.ends[0].basis.shape[1],
        parameter_name=rule.parameter.name,
        names=tuple(v.name for v in state_variables(rule.system)),
        time_unit=rule.system.time_unit,
        degree=degree,
        result=code,
        settings=settings,
        times=float(outer.free[0]) * phases_of(now.mesh, degree),
        states=now.points * scale,
        end_distances=now.apart,
        equilibria=rests * scale,
        eigenvalues=values,
    )
