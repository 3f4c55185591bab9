"""A branch of orbits through resets over one parameter, with its bifurcations, up to where it grazes."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..._config import one_blas_thread
from ..._errors import RESULTS, ComputationFailed, InputError
from ..._results import provenance
from ...systems import AbstractHybrid, AbstractSystem, driving, state_variables
from .._precision import require_64_bit
from ..cycles import HybridOrbit, hybrid_orbit
from ..cycles._hybrid_orbit import hybrid, passages_of, pieces_of
from ..cycles._pieces import renewed
from ..cycles._reset_newton import joined
from ._branches import Branch, SpecialPoint
from ._diagram import BifurcationDiagram, tables
from ._free import FreeParameter, checked_range, free_parameter
from ._hybrid_walk import BAND, CLOSED, HybridContinuation, HybridWalk, Point, begun, walked


def hybrid_branch(
    system: AbstractSystem,
    parameter: str,
    low: float,
    high: float,
    *,
    orbit: HybridOrbit | None = None,
    inputs: Any = None,
    method: HybridContinuation | None = None,
) -> BifurcationDiagram:
    r"""The branch of orbits through resets to which a known one belongs, over one parameter.

    Followed both ways by pseudo-arclength continuation of the equations of `hybrid_orbit`, through folds and whether
    stable or not. Folds, period doublings and Neimark-Sacker points are detected by the multipliers and located. The
    number of events in a period stays the same. Where the orbit touches a surface without having crossed it (grazing),
    or crosses one without rising through it, it loses or gains an event. The branch ends there, at a point that is
    located too.

    Args:
        system: A hybrid system that does not depend on time.
        parameter: Name of the parameter, `w[2,3]` for an entry of an array, `input` or `input[0]` for an input level.
        low: Least value.
        high: Greatest value.
        orbit: From `hybrid_orbit`, at the present value of the parameter; None looks for one.
        inputs: Constant input.
        method: `HybridContinuation(...)`.

    Returns:
        A `BifurcationDiagram` with one branch of cycles. Its states are those just after the first reset; periods,
        multipliers and the reasons why it ends are there as for other cycles.

    Raises:
        InputError: If the system is not hybrid or depends on time, or its parameter is not within the range.
        ComputationFailed: If there is no orbit to begin with.

    Reference:
        di Bernardo, Budd, Champneys & Kowalczyk (2008), Piecewise-smooth dynamical systems, Springer, chapters 6 and 8.

    Example:
        >>> import dynascope as ds
        >>> diagram = hybrid_branch(ds.build("leaky-integrate-and-fire"), "I", 1.8, 2.2)
        >>> round(float(diagram.branches[0].period.max()), 6)
        17.917595
    """
    require_64_bit("A branch of orbits")
    system = hybrid(system, inputs)
    method = HybridContinuation() if method is None else method
    signal = driving(system, inputs)
    u = None if signal is None else signal(jnp.zeros(()))
    free = free_parameter(system, parameter, u)
    low, high = checked_range(system, free, low, high)
    value = float(free.of(system, u))
    if not low <= value <= high:
        raise InputError(
            f"The branch begins at the present value of `{parameter}`, {value:g}, which is not between {low:g} and "
            f"{high:g}. Set it with `replace`, or widen the range."
        )
    orbit = hybrid_orbit(system, inputs=inputs) if orbit is None else orbit
    if not orbit.successful:
        raise InputError("`hybrid_branch` needs an orbit, and none was found. Look at its `summary()`.")
    with one_blas_thread():
        back, forth = both_ways(system, orbit, free, value, (low, high), inputs=inputs, method=method)
    branch, special = one_branch(back, forth)
    return BifurcationDiagram(
        parameter_name=free.name,
        parameter_unit=free.unit(system),
        window=(low, high),
        names=tuple(v.name for v in state_variables(system)),
        time_unit=system.time_unit,
        discrete=False,
        notes=tuple(f"The branch ends: {end}" for end in branch.ends),
        result=RESULTS.successful,
        settings=provenance(
            system=type(system).__name__,
            parameter=parameter,
            events=[len(orbit.starts)],
            starts=1,
            **{name: getattr(method, name) for name in method.__dataclass_fields__},
        ),
        **tables([branch], special, orbit.starts.shape[1]),
    )


def both_ways(
    system: AbstractHybrid,
    orbit: HybridOrbit,
    free: FreeParameter,
    value: float,
    window: tuple[float, float],
    *,
    inputs: Any,
    method: HybridContinuation,
    shortest: float = np.inf,
) -> tuple[HybridWalk, HybridWalk]:
    """The branch through `orbit`, at the value `value` of the parameter, towards smaller and towards larger values."""
    starts, times, surfaces, _ = pieces_of(orbit)
    passages = passages_of(system, starts, times, inputs=inputs, free=free, value=value, surfaces=surfaces)
    for _ in range(2):
        passages, starts, times = renewed(passages, starts, times, value, steps=method.steps)
    start = joined(passages, starts, times, value)
    walks = []
    for way in (-1, 1):
        track, first = begun(start, value, window, way=way)
        if first is None:
            raise ComputationFailed("The orbit with which the branch begins was not found again on its own mesh.")
        walks.append(walked(track, first, method=method, shortest=shortest))
        if walks[0].end == CLOSED:
            return HybridWalk([walks[0].points[0]], {}, {}, CLOSED, track.passages), walks[0]
    return walks[0], walks[1]


def one_branch(
    back: HybridWalk, forth: HybridWalk, *, number: int = 0, offset: int = 0, origin: int = -1
) -> tuple[Branch, list[SpecialPoint]]:
    """Both ways from the start as one branch, with its special points in order.

    Args:
        back: The way that is turned round.
        forth: The other one.
        number: Number of the branch.
        offset: Number of its first special point.
        origin: Special point from which it branches off, -1 if there is none.
    """
    points = [*back.points[:0:-1], *forth.points]
    shift = len(back.points) - 1
    found = {shift - i: kind for i, kind in back.special.items()} | {shift + i: k for i, k in forth.special.items()}
    errors = {shift - i: e for i, e in back.errors.items()} | {shift + i: e for i, e in forth.errors.items()}
    special = np.full(len(points), -1, np.int64)
    described = []
    for n, i in enumerate(sorted(found)):
        special[i] = offset + n
        described.append(special_point(points[i], found[i], errors[i], number))

    def column(name: str) -> Any:
        return np.array([getattr(p, name) for p in points])

    mu = column("multipliers")
    size = np.abs(mu)
    size[np.arange(len(mu)), np.argmin(np.abs(mu - 1), axis=1)] = 0.0
    branch = Branch(
        kind="cycle",
        parameter=column("value"),
        states=np.array([p.starts[0] for p in points]),
        low=column("low"),
        high=column("high"),
        period=np.array([p.times.sum() for p in points]),
        eigenvalues=mu,
        unstable=np.sum(size > 1 + BAND, axis=1).astype(np.int64),
        special=special,
        ends=(back.end, forth.end),
        origin=origin,
    )
    return branch, described


def special_point(point: Point, kind: str, error: float, branch: int) -> SpecialPoint:
    """A point of a walk at which something happens."""
    return SpecialPoint(
        type=kind,
        branch=branch,
        parameter=point.value,
        error=error,
        state=point.starts[0],
        eigenvalues=point.multipliers,
        period=float(point.times.sum()),
        coefficient=np.nan,
        criticality="",
    )
