"""Passages from just after one reset to just after the next, in pieces: states, tangents, saltation."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from ..._compile import compiled
from ...solve import Dop853, rk_step
from ...systems import AbstractHybrid, state_variables

Array = NDArray[np.float64]

#: Steps of a piece at most: the capacity of its mesh.
CAPACITY = 512
#: Surface of a piece that ends at a node between two events.
NODE = -1


class Passages(eqx.Module):
    r"""The passages of a periodic orbit with resets, in n pieces, as one equation.

    A passage along which the flow repels is cut into pieces along which it does not; most are one piece. Unknowns are
    the states $y_i$ at the starts of the pieces and their times $\tau_i$. With the flow $\varphi$, the guard g and the
    reset r, $g_{s_i}(\varphi(y_i, \tau_i)) = 0$ and $y_{i+1} = r(\varphi(y_i, \tau_i))$ where a piece ends at an event,
    and $y_{i+1} = \varphi(y_i, \tau_i)$ with $\tau_i / \tau_{i+1}$ fixed where it ends at a node in between. A piece
    is integrated by a fixed number of steps whose shares of it are fixed, so that all is a smooth function of the
    unknowns, and events are solved for and not searched.

    Attributes:
        system: The hybrid system.
        u: Its constant input.
        free: The parameter that varies, None if there is none.
        surfaces: Surface at which each piece ends, `NODE` between two events; the last one ends at an event.
        shares: Share of each piece in its passage, `(n,)`.
        widths: Share of each step of each piece, `(n, CAPACITY)`; zero beyond `steps`.
        steps: Number of steps of a piece.
        scale: Extent of each component.
        unit: Unit of times.
    """

    system: AbstractHybrid
    u: Any
    free: Any
    surfaces: tuple[int, ...] = eqx.field(static=True)
    shares: Any
    widths: Any
    steps: Any
    scale: Any
    unit: Any

    @property
    def begins(self) -> NDArray[np.int64]:
        """Numbers of the pieces with which passages begin."""
        return begins_of(self.surfaces)

    def _at(self, value: Any) -> tuple[Any, Any]:
        return (self.system, self.u) if self.free is None else self.free.at(self.system, self.u, value)

    def velocity(self, y: Any, value: Any) -> Any:
        """The velocity at the flat state `y`."""
        system, u = self._at(value)
        return ravel_pytree(system.vector_field(jnp.zeros(()), self._tree(y), u))[0]

    def guards(self, y: Any, value: Any) -> Any:
        """All entries of the guard."""
        system, u = self._at(value)
        return jnp.atleast_1d(system.guard(jnp.zeros(()), self._tree(y), u))

    def reset(self, y: Any, surface: Any, value: Any) -> Any:
        """The state after an event of one surface; at a node it stays what it is."""
        system, u = self._at(value)
        fired = jnp.arange(self.guards(y, value).size) == surface
        after = ravel_pytree(system.reset(jnp.zeros(()), self._tree(y), u, fired))[0]
        return jnp.where(jnp.asarray(surface) == NODE, y, after)

    def _tree(self, y: Any) -> Any:
        return ravel_pytree(self.system.initial_state())[1](y)

    def end(self, y: Any, tau: Any, widths: Any, value: Any) -> Any:
        """The state after a piece of length `tau`, before the reset."""

        def field(t: Any, x: Any) -> Any:
            del t
            return self.velocity(x, value)

        def step(i: Any, x: Any) -> Any:
            return rk_step(field, Dop853.tableau, 0.0, x, h=tau * widths[i])

        return jax.lax.fori_loop(0, self.steps, step, y)

    def gap(self, x: Any) -> Any:
        """Differences of states, those of angles by the shorter way round."""
        turns = np.array([v.period if v.topology == "circle" else 0.0 for v in state_variables(self.system)])
        return x - turns * jnp.round(x / np.where(turns > 0, turns, 1.0))


class Passage(NamedTuple):
    """One linearised piece: where it ends and what it ends on, with derivatives by state, time and parameter."""

    after: Any
    guard: Any
    after_by: Any
    guard_by: Any


class Along(NamedTuple):
    """What happens along each piece.

    Attributes:
        nodes: States at the ends of the steps, `(n, CAPACITY + 1, d)`; the last one repeated beyond `steps`.
        tangents: Derivative of each node by the one before, `(n, CAPACITY, d, d)`.
        changes: How far state and tangents move in each step, in units of the extent, `(n, CAPACITY)`.
        guards: Every entry of the guard at the nodes, `(n, CAPACITY + 1, k)`.
        rising: Their rates of change there.
        velocities: Velocities at the nodes, `(n, CAPACITY + 1, d)`.
        jumps: Saltation matrix at the end of each piece, the identity at a node, `(n, d, d)`.
        rates: Rate at which the guard that fires rises there, infinite at a node, `(n,)`.
    """

    nodes: Any
    tangents: Any
    changes: Any
    guards: Any
    rising: Any
    velocities: Any
    jumps: Any
    rates: Any


@compiled
def linearised(passages: Passages, starts: Any, times: Any, value: Any) -> Passage:
    """All pieces with their derivatives by `(y, tau, value)`, each of shape `(n, ..., d + 2)`."""
    surfaces = jnp.asarray(passages.surfaces)

    def one(y: Any, tau: Any, widths: Any, surface: Any) -> Passage:
        def go(z: Any) -> Any:
            last = passages.end(z[:-2], z[-2], widths, z[-1])
            hit = (passages.reset(last, surface, z[-1]), passages.guards(last, z[-1])[surface])
            return hit, hit

        by, (after, guard) = jax.jacfwd(go, has_aux=True)(jnp.concatenate([y, jnp.stack([tau, value])]))
        return Passage(after, guard, *by)

    return jax.vmap(one)(starts, times, passages.widths, surfaces)


@compiled
def along(passages: Passages, starts: Any, times: Any, value: Any) -> Along:
    """The course of all pieces."""
    surfaces = jnp.asarray(passages.surfaces)

    def field(t: Any, x: Any) -> Any:
        del t
        return passages.velocity(x, value)

    def course(y: Any, tau: Any, widths: Any) -> Any:
        def step(x: Any, width: Any) -> Any:
            def go(x: Any) -> Any:
                new = rk_step(field, Dop853.tableau, 0.0, x, h=tau * width)
                return new, new

            tangent, new = jax.jacfwd(go, has_aux=True)(x)
            # How far states and tangents move, in units of the extent.
            turned = tangent * passages.scale / passages.scale[:, None] - jnp.eye(x.size)
            change = jnp.max(jnp.abs(new - x) / passages.scale) + jnp.max(jnp.abs(turned))
            return new, (new, tangent, change)

        _, (nodes, tangents, changes) = jax.lax.scan(step, y, widths)
        return jnp.concatenate([y[None], nodes]), tangents, changes

    def jump(last: Any, surface: Any, after: Any) -> Any:
        before, behind = passages.velocity(last, value), passages.velocity(after, value)
        slope = jax.jacfwd(lambda x: passages.guards(x, value)[surface])(last)
        push = jax.jacfwd(lambda x: passages.reset(x, surface, value))(last)
        rate = slope @ before
        inner = surface == NODE
        salted = push + jnp.outer(behind - push @ before, slope) / rate
        return jnp.where(inner, push, salted), jnp.where(inner, jnp.inf, rate)

    def watched(x: Any) -> Any:
        return jax.jvp(lambda x: passages.guards(x, value), (x,), (passages.velocity(x, value),))

    nodes, tangents, changes = jax.vmap(course)(starts, times, passages.widths)
    jumps, rates = jax.vmap(jump)(nodes[:, -1], surfaces, jnp.roll(starts, -1, axis=0))
    guards, rising = jax.vmap(jax.vmap(watched))(nodes)
    velocities = jax.vmap(jax.vmap(lambda x: passages.velocity(x, value)))(nodes)
    return Along(nodes, tangents, changes, guards, rising, velocities, jumps, rates)


@compiled
def beside(passages: Passages, y: Any, h: Any, value: Any) -> tuple[Any, Any, Any]:
    """Every entry of the guard a time `h` after the state `y`, with its first and second rate of change."""

    def field(t: Any, x: Any) -> Any:
        del t
        return passages.velocity(x, value)

    def rate(x: Any) -> Any:
        return jax.jvp(lambda x: passages.guards(x, value), (x,), (field(0.0, x),))

    there = rk_step(field, Dop853.tableau, 0.0, y, h=h)
    (guard, slope), (_, bend) = jax.jvp(rate, (there,), (field(0.0, there),))
    return guard, slope, bend


def even(count: int, steps: int) -> Array:
    """Even meshes of `steps` steps for `count` pieces."""
    return np.tile(np.where(np.arange(CAPACITY) < steps, 1.0 / steps, 0.0), (count, 1))


def halved(widths: Array, steps: int) -> Array:
    """The same meshes with every step cut in two."""
    fine = np.zeros_like(widths)
    fine[:, : 2 * steps] = np.repeat(0.5 * widths[:, :steps], 2, axis=1)
    return fine


def begins_of(surfaces: tuple[int, ...]) -> NDArray[np.int64]:
    """Numbers of the pieces with which passages begin."""
    return np.flatnonzero(np.append(True, np.asarray(surfaces[:-1]) != NODE))


def shares_of(surfaces: tuple[int, ...], times: Array) -> Array:
    """Share of each piece in its passage."""
    begins = begins_of(surfaces)
    counts = np.diff(np.append(begins, len(times)))
    return times / np.repeat(np.add.reduceat(times, begins), counts)


def shared_out(lengths: list[Array], changes: list[Array], steps: int) -> Array:
    """Meshes of `steps` steps in each of which state and tangents would move equally far.

    Args:
        lengths: Lengths of the steps of each piece.
        changes: How far state and tangents move in each of them.
        steps: Number of steps of each new mesh.
    """
    new = np.zeros((len(lengths), CAPACITY))
    for i, (length, change) in enumerate(zip(lengths, changes, strict=True)):
        w = length / length.sum()
        # The floor keeps the widest step within bounds where nothing moves.
        density = np.maximum(change / w, 0.3 * change.sum())
        share = np.concatenate([[0.0], np.cumsum(density * w)])
        ends = np.interp(np.linspace(0.0, share[-1], steps + 1), share, np.concatenate([[0.0], np.cumsum(w)]))
        new[i, :steps] = np.diff(ends) / ends[-1]
    return new
