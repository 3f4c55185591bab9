"""Where the search for a connecting orbit begins: a cycle of large period, or a path between two equilibria."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from ..._compile import compiled
from ..._errors import InputError
from ...series import Trajectory
from ...systems import Variable
from ..cycles import PeriodicOrbit
from ..cycles._guess import winding_of
from ..cycles._rule import Rule, velocities
from ._ending import Ending, ending
from ._orbit import ConnectingOrbit

Array = NDArray[np.float64]

#: Places of a cycle that are looked at.
_DENSE = 4000
#: Within this distance of an equilibrium, as a share of the size of the orbit, the start is replaced by a linear tail.
_JOIN = 0.03
#: An equilibrium farther than this from the place where it was looked for belongs to another part of the state space.
_FAR = 0.5
#: Newton steps for an equilibrium.
_STEPS = 60


class Path(NamedTuple):
    """A path that may lie near a connecting orbit, in scaled units.

    Attributes:
        times: From 0 on, `(time,)`.
        states: Scaled flattened states, `(time, d)`.
        left: The equilibrium that it leaves, `(d,)`.
        right: That at which it arrives, `(d,)`.
    """

    times: Array
    states: Array
    left: Array
    right: Array


def raw_path(start: Any, variables: tuple[Variable, ...]) -> tuple[Array, Array]:
    """Times and flattened states of whatever the user gives; a cycle is cut open where it is slowest.

    Raises:
        InputError: If it is none of these.
    """
    d = len(variables)
    match start:
        case PeriodicOrbit():
            if not start.successful or start.forced:
                raise InputError(
                    "`start` must be an orbit of an autonomous flow that was found; this one was not, or is forced."
                )
            # Twice around, so that the cut may lie anywhere.
            s = np.linspace(0.0, 2.0, 2 * _DENSE + 1)
            return start.period * s, start.at(s)
        case ConnectingOrbit():
            times, states = start.times, start.states
        case Trajectory():
            times, states = np.asarray(start.ts, float), np.asarray(start.flat, float)
        case (times, states) if np.ndim(times) == 1 and np.ndim(states) == 2:
            times, states = np.asarray(times, float), np.asarray(states, float)
        case _:
            raise InputError(
                f"`start` must be a `PeriodicOrbit` of large period, a `Trajectory` or `(times, states)`, got a "
                f"{type(start).__name__}."
            )
    if states.shape != (times.size, d) or times.size < 10:
        raise InputError(
            f"A path needs at least 10 times and states of shape (times, {d}), got shapes {times.shape} and "
            f"{states.shape}."
        )
    if not (np.all(np.isfinite(times)) and np.all(np.isfinite(states)) and np.all(np.diff(times) > 0)):
        raise InputError("The times of a path must increase and its states must be finite.")
    return times, states


def started(
    rule: Rule, start: Any, value: Any, variables: tuple[Variable, ...], distance: float
) -> tuple[Path, tuple[Ending, Ending]]:
    """The path with linear tails to `distance` from its equilibria, and the conditions at its ends.

    Raises:
        InputError: If there is no saddle near its ends, or the dimensions of their manifolds do not fit.
    """
    scale = np.asarray(rule.scale)
    times, states = raw_path(start, variables)
    xs = states / scale
    if isinstance(start, PeriodicOrbit):
        speed = np.linalg.norm(np.asarray(velocities(rule, np.zeros(_DENSE + 1), xs[: _DENSE + 1], value)), axis=1)
        rest = rest_near(rule, xs[int(np.argmin(speed))], value)
        first = int(np.argmin(np.linalg.norm(xs[:_DENSE] - rest, axis=1)))
        winding = winding_of(states[: _DENSE + 1], variables) / scale
        times, xs = times[first : first + _DENSE + 1] - times[first], xs[first : first + _DENSE + 1]
        rests = rest, rest + winding
    else:
        rests = rest_near(rule, xs[0], value), rest_near(rule, xs[-1], value)
    unstable = [_unstable(rule, x, value) for x in rests]
    d = len(scale)
    if unstable[0] != unstable[1] or not 0 < unstable[0] < d:
        raise InputError(
            f"The equilibria at the ends of the path have unstable manifolds of {unstable[0]} and {unstable[1]} of {d} "
            "dimensions: an orbit along which one parameter has one value needs the same number, and not all or none. "
            "Take a path between saddles."
        )
    ends = tuple(
        ending(np.asarray(_jacobian(rule, x, value)), n, arrives=bool(i), distance=distance)
        for i, (x, n) in enumerate(zip(rests, unstable, strict=True))
    )
    path = _joined(Path(times, xs, *rests), rule, value, (ends[0], ends[1]))
    return path, (ends[0], ends[1])


def _joined(path: Path, rule: Rule, value: Any, ends: tuple[Ending, Ending]) -> Path:
    """The path with what lies near its equilibria replaced by solutions of the linearised equations."""
    times, xs = path.times, path.states
    gaps = [np.linalg.norm(xs - rest, axis=1) for rest in (path.left, path.right)]
    size = max(float(g.max()) for g in gaps)
    middle = int(np.argmax(np.minimum(*gaps)))
    near = [max(_JOIN * size, 2 * float(g.min())) for g in (gaps[0][: middle + 1], gaps[1][middle:])]
    inside = np.flatnonzero(gaps[0][: middle + 1] < near[0])
    begin = int(inside[-1]) if inside.size else 0
    inside = np.flatnonzero(gaps[1][middle:] < near[1])
    end = middle + int(inside[0]) if inside.size else len(xs) - 1
    before = _tail(np.asarray(_jacobian(rule, path.left, value)), xs[begin] - path.left, ends[0])
    after = _tail(np.asarray(_jacobian(rule, path.right, value)), xs[end] - path.right, ends[1])
    rows = [path.left + before[1][::-1], xs[begin : end + 1], path.right + after[1]]
    clocks = [times[begin] - before[0][::-1], times[begin : end + 1], times[end] + after[0]]
    clock = np.concatenate(clocks)
    return Path(clock - clock[0], np.concatenate(rows), path.left, path.right)


def _tail(jacobian: Array, gap: Array, end: Ending) -> tuple[Array, Array]:
    """Times and gaps of the linearised flow from `gap` towards the equilibrium, down to the distance of `end`."""
    basis, form = np.asarray(end.basis), np.asarray(end.form)
    inner = end.side * basis.T @ jacobian @ basis  # in the direction in which it decays
    values = np.linalg.eigvals(inner)
    turn = float(np.max(np.abs(values.imag)))
    step = min(0.2 / float(np.min(np.abs(values.real))), 0.3 / turn if turn > 0 else np.inf)
    factor, at = expm(step * inner), basis.T @ gap
    rows: list[Array] = []
    while np.sqrt(at @ form @ at) > float(end.distance) and len(rows) < 100_000:
        at = factor @ at
        rows.append(basis @ at)
    return float(step) * np.arange(1.0, len(rows) + 1), np.array(rows).reshape(-1, len(gap))


def lengthened(path: Path, jacobians: tuple[Array, Array], ends: tuple[Ending, Ending]) -> Path:
    """The path with tails to the distances of other `ends`."""
    before = _tail(jacobians[0], path.states[0] - path.left, ends[0])
    after = _tail(jacobians[1], path.states[-1] - path.right, ends[1])
    clock = np.concatenate([-before[0][::-1], path.times, path.times[-1] + after[0]])
    rows = np.concatenate([path.left + before[1][::-1], path.states, path.right + after[1]])
    return Path(clock - clock[0], rows, path.left, path.right)


def rest_near(rule: Rule, x: Array, value: Any) -> Array:
    """The equilibrium near the scaled state `x`.

    Raises:
        InputError: If there is none.
    """
    found, size = _rest(rule, jnp.asarray(x), value)
    gap = float(np.linalg.norm(np.asarray(found) - x))
    if not (np.isfinite(gap) and float(size) < 1e-8 and gap < _FAR):
        where = np.array2string(x * np.asarray(rule.scale), precision=4)
        raise InputError(
            f"There is no equilibrium near the state {where}, where the path should rest. Start from a cycle of larger "
            "period, or from a path that begins and ends nearer to equilibria."
        )
    return np.asarray(found)


def _unstable(rule: Rule, x: Array, value: Any) -> int:
    values = np.linalg.eigvals(np.asarray(_jacobian(rule, x, value)))
    return int(np.sum(values.real > 0))


@compiled
def _jacobian(rule: Rule, x: Any, value: Any) -> Any:
    return jax.jacfwd(rule.velocity, 1)(0.0, x, value)


@compiled
def _rest(rule: Rule, x: Any, value: Any) -> tuple[Any, Any]:
    """Newton's method with steps of limited length; the length of the last step."""

    def one(carry: Any, _: None) -> Any:
        x, _ = carry
        f, a = rule.velocity(0.0, x, value), jax.jacfwd(rule.velocity, 1)(0.0, x, value)
        dx = -jnp.linalg.solve(a, f)
        size = jnp.linalg.norm(dx)
        return (x + dx * jnp.minimum(1.0, 0.1 / size), size), None

    return jax.lax.scan(one, (x, jnp.asarray(jnp.inf)), None, length=_STEPS)[0]
