"""Periodic orbits through resets: spiking neurons, bouncing balls."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ...systems import AbstractHybrid, AbstractInput, AbstractSystem, Constant, driving, kind, state_variables
from .._precision import require_64_bit
from ..regime._time import depends_on_time
from ..rhythm import returns
from ._orbit import shown, stability_of
from ._passages import NODE, Along, Passages, even, shares_of
from ._pieces import course
from ._reset_newton import Solution, margin, multipliers, solved

Array = NDArray[np.float64]

#: Events of a pilot run that are compared, and the mismatch up to which it counts as periodic.
_EVENTS, _NEAR = 96, 1e-2
#: Resets nearer to each other than this part of the extent are one.
_SAME = 1e-7


class HybridOrbit(AbstractResult):
    r"""A periodic orbit of a hybrid system with n events in a period, stable or not.

    Attributes:
        period: The smallest period.
        period_error: Estimated error of the period, from two meshes.
        trivial_error: Distance from 1 of the multiplier that is 1 in theory: the error of the multipliers.
        residual: Largest remaining mismatch, relative to the extent of the orbit.
        margin: How far below the surfaces the orbit stays between its events, in units of the guard; infinite where
            the guards have no maximum in between. Nil where the orbit grazes.
        stability: `stable`, `saddle`, `unstable`, or one of them with `(neutral directions)`.
        unstable_dimension: Number of multipliers outside the unit circle.
        surfaces: Surface of each event; the orbit begins just after the last.
        nodes: Number of nodes inside each passage from one event to the next: none unless the flow repels there.
        names: Names of the components.
        time_unit: Unit of time.
        intervals: Time from just after each event to the next one.
        starts: Flattened state just after each reset, the last one first.
        ends: Flattened state just before the event that follows.
        times: Times along the orbit; each event is there twice.
        states: Flattened states at these times: before and after the reset at an event.
        multipliers: Floquet multipliers, the largest first, with the trivial one among them.
        widths: Share of each step in its passage, nil behind the last step of passages with fewer steps.
    """

    period: float
    period_error: float
    trivial_error: float
    residual: float
    margin: float
    stability: str = eqx.field(static=True)
    unstable_dimension: int
    surfaces: tuple[int, ...] = eqx.field(static=True)
    nodes: tuple[int, ...] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    time_unit: str = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    intervals: Array = output("event", unit="time unit", doc="Time to the next event")
    starts: Array = output("event", "component", doc="Flattened state just after the reset")
    ends: Array = output("event", "component", doc="Flattened state just before the next event")
    times: Array = output("point", unit="time unit", doc="Times along the orbit")
    states: Array = output("point", "component", doc="Flattened states along the orbit")
    multipliers: NDArray[np.complex128] = output("multiplier", doc="Floquet multipliers")
    widths: Array = output("event", "step", doc="Share of each step in its passage")

    @property
    def nontrivial(self) -> NDArray[np.complex128]:
        """The multipliers without the trivial one: those of the map from reset to reset."""
        if not self.multipliers.size:
            return self.multipliers
        return np.delete(self.multipliers, int(np.argmin(np.abs(self.multipliers - 1))))

    def summary(self) -> str:
        """Period, events, stability and what they are worth."""
        unit = "" if self.time_unit in ("1", "") else f" {self.time_unit}"
        if self.result != RESULTS.successful:
            return f"No periodic orbit: {RESULTS[self.result]}"
        largest = self.nontrivial[:1]
        leading = f", largest multiplier {shown(largest[0])}" if largest.size else ""
        count = len(self.intervals)
        return (
            f"Period {self.period:.10g} +- {self.period_error:.1g}{unit} with {count} event{'s' if count > 1 else ''}, "
            f"{self.stability}{leading} (the trivial one is 1 up to {self.trivial_error:.1g}), "
            f"residual {self.residual:.1g}."
        )


def hybrid_orbit(
    system: AbstractSystem, guess: Any = None, *, inputs: Any = None, tol: float = 1e-11, throw: bool = True
) -> HybridOrbit:
    r"""A periodic orbit through the resets of a hybrid system by Newton's method, with its Floquet multipliers.

    Unknowns are the states $y_i$ just after each of the n resets and the times $\tau_i$ to the next event; equations
    say that the guard is nil there and that the reset leads to $y_{i+1}$. The flow is integrated by a method of order
    8 on a mesh that follows how fast states and tangents move. Where the flow between two events repels so much that a
    difference of states grows more than 30 times, the passage is cut into up to 16 pieces (multiple shooting): states
    at the nodes in between are unknowns as well. The monodromy matrix is the product of the tangent maps of the pieces
    and of the saltation matrices of the events,

    $$S = Dr + \frac{(f^+ - Dr\, f^-)\, \nabla g^T}{\nabla g \cdot f^-},$$

    with the velocities $f^\mp$ before and after the reset r at the surface g = 0. Its eigenvalues are found without
    forming the product. The orbit need not be stable.

    Args:
        system: A hybrid system that does not depend on time. Surfaces must be hit one at a time.
        guess: Where to begin: None (a pilot run from `initial_state()` onto an attractor), a state (a pilot run from
            there), `(states, intervals)` (flattened states just after each event of a period, and the times to the
            next), or a `HybridOrbit` at other parameters.
        inputs: Constant input.
        tol: Largest estimated error of the period, relative to it, that ends the refinement of the mesh.
        throw: Raise `ComputationFailed` if there is no orbit near the guess.

    Returns:
        A `HybridOrbit`. Without `throw` its code says why there is none: `no_crossing` (events stop),
        `not_converged`, `nonfinite`.

    Raises:
        InputError: If the system is not hybrid or depends on time, the guess does not fit it, or JAX runs at 32 bit.
        ComputationFailed: If no orbit was found, and `throw`.

    Reference:
        Aizerman & Gantmacher (1958), On the stability of periodic motions, Journal of Applied Mathematics and
        Mechanics 22, 1065-1078, for the saltation matrix; di Bernardo, Budd, Champneys & Kowalczyk (2008),
        Piecewise-smooth dynamical systems, Springer, chapter 2.

    Example:
        >>> import dynascope as ds
        >>> orbit = hybrid_orbit(ds.build("leaky-integrate-and-fire"))
        >>> abs(orbit.period - 10 * math.log(4.0)) < 1e-10
        True
    """
    require_64_bit("The search for a periodic orbit")
    system = hybrid(system, inputs)
    begun = _begun(system, guess, inputs)
    name = type(system).__name__
    if not isinstance(begun, tuple):
        found = nothing(system, begun, provenance(system=name, tol=tol))
    else:
        starts, times, surfaces, source = begun
        passages = passages_of(system, starts, times, inputs=inputs, surfaces=surfaces)
        found = described(
            _smallest(solved(passages, starts, times, 0.0, tol=tol), tol),
            0.0,
            settings=provenance(system=name, tol=tol, guess=source),
        )
    if throw:
        raise_if_failed(found.result, what=f"`hybrid_orbit` of `{name}`")
    return found


def hybrid(system: AbstractSystem, inputs: Any) -> AbstractHybrid:
    """The system, if it is hybrid and does not depend on time.

    Raises:
        InputError: With what to do instead.
    """
    if not isinstance(system, AbstractHybrid) or kind(system) != "hybrid":
        raise InputError(
            f"Orbits through resets are those of hybrid systems; `{type(system).__name__}` is a {kind(system)}. "
            "Cycles of flows are found by `periodic_orbit`."
        )
    changing = isinstance(inputs, AbstractInput) and not isinstance(inputs, Constant)
    if changing or system.forcing_period() is not None or depends_on_time(system):
        raise InputError(
            f"`{type(system).__name__}` is driven in time, and orbits through resets are found for autonomous systems "
            "only. Take a constant input."
        )
    return system


def passages_of(
    system: AbstractHybrid,
    starts: Array,
    times: Array,
    *,
    inputs: Any = None,
    free: Any = None,
    value: float = 0.0,
    surfaces: tuple[int, ...] | None = None,
) -> Passages:
    """The equations of an orbit like the guess; unless `surfaces` are given they are those nearest at the ends."""
    signal = driving(system, inputs)
    u = None if signal is None else signal(jnp.zeros(()))
    known = (0,) * len(starts) if surfaces is None else surfaces
    first = Passages(
        system, u, free, known, jnp.asarray(shares_of(known, times)), jnp.asarray(even(len(starts), 256)),
        jnp.asarray(256), jnp.ones(starts.shape[1]), jnp.asarray(times.mean()),
    )  # fmt: skip
    seen = course(first, starts, times, value)
    nodes = np.asarray(seen.nodes)
    extent = np.ptp(np.nan_to_num(nodes.reshape(-1, nodes.shape[-1]), nan=float(starts.mean())), axis=0)
    size = np.abs(starts).max(axis=0)
    size = np.where(size > 1e-6 * max(size.max(), extent.max()), size, max(size.max(), extent.max()) or 1.0)
    # A component that only resets may stay where it is: its own size is then its scale, or that of the others.
    scale = np.where(extent > 1e-6 * size, np.minimum(extent, 1e6 * size), size)
    if surfaces is None:
        ends, rates = np.asarray(seen.guards)[:, -1], np.asarray(seen.rising)[:, -1]
        # In units of time: the surface that is nearest, of those that are approached.
        late = np.where(rates > 0, ends / np.where(rates > 0, rates, 1.0), -np.inf)
        known = tuple(int(i) for i in np.argmax(late, axis=1))
    return Passages(system, u, free, known, first.shares, first.widths, first.steps, jnp.asarray(scale), first.unit)


def pieces_of(orbit: HybridOrbit) -> tuple[Array, Array, tuple[int, ...], Array]:
    """States at the starts of the pieces of an orbit, their times, the surfaces at their ends, and their meshes."""
    starts, times, surfaces, widths = list[Array](), list[float](), list[int](), list[Array]()
    steps = orbit.widths.shape[1] // (1 + max(orbit.nodes))
    place = 0
    for i, inner in enumerate(orbit.nodes):
        for k in range(inner + 1):
            mesh = orbit.widths[i, k * steps : (k + 1) * steps]
            starts.append(orbit.states[place + k * steps])
            times.append(float(mesh.sum() * orbit.intervals[i]))
            surfaces.append(NODE if k < inner else orbit.surfaces[i])
            widths.append(mesh / mesh.sum())
        place += (inner + 1) * steps + 1
    return np.array(starts), np.array(times), tuple(surfaces), np.array(widths)


def _begun(system: AbstractHybrid, guess: Any, inputs: Any) -> Any:
    """Starts and times of the pieces, surfaces if known, and where they come from; else the code of failure."""
    d = len(state_variables(system))
    match guess:
        case HybridOrbit():
            if not guess.successful:
                raise InputError("A guess must be an orbit that was found, and this one was not. See its `summary()`.")
            return *pieces_of(guess)[:3], "earlier orbit"
        case (states, intervals) if np.ndim(states) == 2:
            starts, times = np.asarray(states, float), np.asarray(intervals, float)
            if starts.shape != (times.size, d) or not times.size or not np.all(times > 0):
                raise InputError(
                    f"A guess of states and intervals needs shapes (n, {d}) and (n,) and positive intervals, got "
                    f"shapes {starts.shape} and {times.shape}."
                )
            return starts, times, None, "states and intervals"
    found = returns(system, guess, inputs=inputs, count=_EVENTS, tolerance=_NEAR)
    if not found.successful:
        return found.result
    n = found.multiplicity
    if not n:
        return RESULTS.not_converged
    # The state at return i waits for interval i + 1. The longest pause comes last: a burst begins at phase zero.
    starts, times = np.asarray(found.states)[-n - 1 : -1], np.asarray(found.intervals)[-n:]
    shift = -1 - int(np.argmax(times))
    return np.roll(starts, shift, axis=0), np.roll(times, shift), None, "pilot run"


def _smallest(found: Solution, tol: float) -> Solution:
    """The same orbit on its smallest period."""
    begins = found.passages.begins
    starts, waits, n = found.starts[begins], np.add.reduceat(found.times, begins), len(begins)
    for m in range(1, n if found.good else 1):
        apart = np.abs(np.roll(starts, -m, axis=0) - starts) / np.asarray(found.passages.scale)
        later = np.abs(np.roll(waits, -m) - waits) / waits.mean()
        if n % m == 0 and max(apart.max(), later.max()) < _SAME:
            p, k = found.passages, int(begins[m])
            once = Passages(
                p.system, p.u, p.free, p.surfaces[:k], p.shares[:k], p.widths[:k], p.steps, p.scale, p.unit
            )  # fmt: skip
            return solved(once, found.starts[:k], found.times[:k], 0.0, tol=tol)
    return found


def described(found: Solution, value: float, *, settings: dict[str, Any]) -> HybridOrbit:
    """The result for passages that were solved for."""
    passages = found.passages
    system = passages.system
    finite = bool(np.all(np.isfinite(found.starts)) and np.all(np.isfinite(found.times)))
    if not found.good:
        return nothing(system, RESULTS.not_converged if finite else RESULTS.nonfinite, settings)
    seen = course(passages, found.starts, found.times, value)
    apart = margin(passages, seen, found.times, value)
    if apart < 0 or np.min(np.asarray(seen.rates)) <= 0:
        # A surface is passed before its event: Newton's method has found an orbit of another system.
        return nothing(system, RESULTS.not_converged, settings)
    mu = multipliers(passages, seen)
    trivial = float(np.min(np.abs(mu - 1)))
    name, unstable = stability_of(mu, forced=False, error=trivial)
    begins = passages.begins
    ends = np.append(begins[1:], len(found.starts)) - 1
    times, states, widths = _path(passages, seen, found.times)
    return HybridOrbit(
        period=float(found.times.sum()),
        period_error=float(found.error),
        trivial_error=trivial,
        residual=found.residual,
        margin=apart,
        stability=name,
        unstable_dimension=unstable,
        surfaces=tuple(passages.surfaces[i] for i in ends),
        nodes=tuple(int(n) for n in ends - begins),
        names=tuple(v.name for v in state_variables(system)),
        time_unit=system.time_unit,
        result=RESULTS.successful,
        settings=settings,
        intervals=np.add.reduceat(found.times, begins),
        starts=found.starts[begins],
        ends=np.asarray(seen.nodes)[ends, -1],
        times=times,
        states=states,
        multipliers=mu,
        widths=widths,
    )


def _path(passages: Passages, seen: Along, pieces: Array) -> tuple[Array, Array, Array]:
    """Times and states along all passages, both sides of each event, and the meshes of the passages."""
    steps, begins = int(passages.steps), passages.begins
    lengths = np.asarray(passages.widths)[:, :steps] * pieces[:, None]
    nodes = np.asarray(seen.nodes)[:, : steps + 1]
    groups = np.split(np.arange(len(pieces)), begins[1:])
    widths = np.zeros((len(groups), steps * max(len(g) for g in groups)))
    begin, times, states = 0.0, list[Array](), list[Array]()
    for row, group in zip(widths, groups, strict=True):
        length = lengths[group].ravel()
        row[: length.size] = length / length.sum()
        times.append(begin + np.concatenate([[0.0], np.cumsum(length)]))
        states += [*nodes[group, :-1], nodes[group[-1], -1:]]
        begin += pieces[group].sum()
    return np.concatenate(times), np.concatenate(states), widths


def nothing(system: AbstractSystem, code: Any, settings: dict[str, Any]) -> HybridOrbit:
    """A result without an orbit."""
    d = ravel_pytree(system.initial_state())[0].size
    return HybridOrbit(
        period=math.nan,
        period_error=math.nan,
        trivial_error=math.nan,
        residual=math.nan,
        margin=math.nan,
        stability="unknown",
        unstable_dimension=0,
        surfaces=(),
        nodes=(),
        names=tuple(v.name for v in state_variables(system)),
        time_unit=system.time_unit,
        result=code,
        settings=settings,
        intervals=np.zeros(0),
        starts=np.zeros((0, d)),
        ends=np.zeros((0, d)),
        times=np.zeros(0),
        states=np.zeros((0, d)),
        multipliers=np.zeros(0, complex),
        widths=np.zeros((0, 0)),
    )
