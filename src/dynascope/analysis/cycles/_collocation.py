"""Cycles as zeros of a function: collocation at Gauss points, the inner unknowns eliminated interval by interval.

With phase s in [0, 1], period T, intervals of width h_i and the Gauss points c_j, the unknowns are the states x_i at
the starts of the intervals, the states Y_ij at the Gauss points, T (unless the forcing fixes it) and a parameter p:

    Y_ij = x_i + h_i T sum_k a_jk f(Y_ik, p),    x_{i+1} = x_i + h_i T sum_k b_k f(Y_ik, p),    x_N = x_0 + winding.

This is collocation by polynomials of degree m (de Boor and Swartz 1973), written as an implicit Runge-Kutta method.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ._condensed import Chain, eliminated, solve_chain
from ._gauss import gauss
from ._rule import Rule


class Unknowns(NamedTuple):
    """What a cycle is made of.

    Attributes:
        nodes: Scaled states at the starts of the intervals, `(intervals, d)`.
        stages: Scaled states at the Gauss points, `(intervals, degree, d)`.
        free: The period (autonomous flows only) and the free parameter, or several of them.
    """

    nodes: Any
    stages: Any
    free: Any


def parts(z: Any, shape: tuple[int, int, int]) -> Unknowns:
    """The unknowns of the vector `z`, of NumPy or JAX, on a mesh with intervals, degree and dimension `shape`."""
    count, degree, d = shape
    inner = count * d
    outer = inner + count * degree * d
    return Unknowns(z[:inner].reshape(count, d), z[inner:outer].reshape(count, degree, d), z[outer:])


class Linear(NamedTuple):
    """The linearised equations of all intervals after elimination of their Gauss points.

    `stages = per_node x_i + per_free e - inverse rhs`, `x_{i+1} = step x_i + drift e + ...`; where the right-hand sides
    were given, `inverse` is `inverse rhs`.
    """

    per_node: Any
    per_free: Any
    inverse: Any
    flow: Any
    step: Any
    drift: Any


class CollocationEquations(eqx.Module):
    """The equations of a cycle on one mesh, G(z) = 0, with the free parameter as the last entry of z.

    Attributes:
        rule: The flow, scaled.
        widths: Widths of the intervals, with sum 1, `(intervals,)`.
        degree: Number of Gauss points in each.
        winding: By how much each scaled component grows once around: turns of angles, else zero.
        reference: Scaled stages of a nearby cycle, `(intervals, degree, d)`: the phase is chosen to be nearest to it.
        slopes: Derivative of the reference with respect to the phase at the same points.
        pace: Period of the reference.
    """

    rule: Rule
    widths: Any
    winding: Any
    reference: Any
    slopes: Any
    pace: Any

    @property
    def shape(self) -> tuple[int, int, int]:
        """Intervals, degree and dimension."""
        count, degree, d = self.reference.shape
        return count, degree, d

    @property
    def mesh(self) -> NDArray[np.float64]:
        """Ends of the intervals, from 0 to 1, on the host."""
        mesh = np.concatenate([[0.0], np.cumsum(np.asarray(self.widths))])
        return mesh / mesh[-1]

    def packed(self, unknowns: Unknowns) -> Any:
        """The unknowns in one vector."""
        return jnp.concatenate([jnp.ravel(unknowns.nodes), jnp.ravel(unknowns.stages), unknowns.free])

    def unpacked(self, z: Any) -> Unknowns:
        """The unknowns of the vector `z`."""
        return parts(z, self.shape)

    def residual(self, z: Any) -> Any:
        """Mismatch of the ends of the intervals, of their Gauss points, and of the phase."""
        unknowns = self.unpacked(z)
        ends, inner, _ = jax.vmap(self._interval, in_axes=(0, 0, 0, 0, None))(
            unknowns.nodes, unknowns.stages, self.widths, self._starts(), unknowns.free
        )
        mismatch = [jnp.ravel(ends - self._following(unknowns.nodes)), jnp.ravel(inner)]
        if self.rule.multiple is None:
            mismatch.append(jnp.sum(self.phase_row() * (unknowns.stages - self.reference))[None])
        return jnp.concatenate(mismatch)

    def bordered_solve(self, z: Any, border: Any, rhs: Any) -> Any:
        """The solution x of `[G_z; border] x = rhs`; `rhs` has one entry more than `residual`."""
        return self.solve_around(z, border, rhs[:, None])[0][:, 0]

    def solve_around(self, z: Any, border: Any, rhs: Any) -> tuple[Any, tuple[Any, Any]]:
        """`bordered_solve` for the columns of `rhs`, with the pair of `once_around`, which costs nothing more.

        With several rows in `border`, as many as there are free unknowns beyond what `residual` fixes.
        """
        count, degree, d = self.shape
        sides = rhs.shape[1]
        inner = count * d
        outer = inner + count * degree * d
        ends, stages, last = rhs[:inner].reshape(count, d, -1), rhs[inner:outer].reshape(count, -1, sides), rhs[outer:]
        linear = self.linearised(z, stages)
        fixed = -linear.inverse
        rows = jax.vmap(self.unpacked)(jnp.atleast_2d(border))
        on_nodes, on_stages, corner = rows.nodes, rows.stages.reshape(-1, count, degree * d), rows.free
        if self.rule.multiple is None:
            phase = self.phase_row().reshape(1, count, -1)
            on_nodes = jnp.concatenate([jnp.zeros_like(on_nodes[:1]), on_nodes])
            on_stages = jnp.concatenate([phase, on_stages])
            corner = jnp.concatenate([jnp.zeros_like(corner[:1]), corner])
        chain = Chain(
            left=-linear.step,
            right=jnp.broadcast_to(jnp.eye(d), linear.step.shape),
            extra=-linear.drift,
            rhs=linear.flow @ fixed - ends,
            border=on_nodes + jnp.einsum("kia,iab->kib", on_stages, linear.per_node),
            corner=corner + jnp.einsum("kia,iab->kb", on_stages, linear.per_free),
            end=last - jnp.einsum("kia,iar->kr", on_stages, fixed),
        )
        x, e, pair = solve_chain(chain)
        y = linear.per_node @ x + linear.per_free @ e + fixed
        return jnp.concatenate([x.reshape(inner, sides), y.reshape(outer - inner, sides), e]), pair

    def transition(self, z: Any) -> Any:
        """The derivative of the state at the end of each interval by that at its start, `(intervals, d, d)`."""
        return self.linearised(z).step

    def once_around(self, z: Any) -> tuple[Any, Any]:
        """The pair (P, Q) whose eigenvalues, P v + mu Q v = 0, are the Floquet multipliers."""
        step = self.transition(z)
        count, _, d = step.shape
        none = jnp.zeros((count, d, 0)), jnp.zeros((count, d, 1)), jnp.zeros((0, count, d))
        empty = jnp.zeros((0, 0)), jnp.zeros((0, 1))
        return solve_chain(Chain(-step, jnp.broadcast_to(jnp.eye(d), step.shape), *none, *empty))[2]

    def slopes_of(self, z: Any) -> Any:
        """Derivative with respect to the phase at the Gauss points, `(intervals, degree, d)`."""
        unknowns = self.unpacked(z)
        period, p = self.rule.period(unknowns.free), self.rule.value(unknowns.free)
        ts = period * (self._starts()[:, None] + self.widths[:, None] * gauss(self.shape[1]).nodes)
        flat = self.rule.velocities(ts.ravel(), unknowns.stages.reshape(-1, self.shape[2]), p)
        return period * flat.reshape(self.shape)

    def weights(self) -> Any:
        """Weights of an inner product of two vectors z that does not depend on the mesh."""
        _, degree, d = self.shape
        on_nodes = jnp.broadcast_to(0.5 * self.widths[:, None], self.reference[:, 0].shape)
        on_stages = 0.5 * self.widths[:, None, None] * gauss(degree).weights[:, None] * jnp.ones(d)
        return jnp.concatenate([jnp.ravel(on_nodes), jnp.ravel(on_stages)]) / d

    def _starts(self) -> Any:
        return jnp.cumsum(self.widths) - self.widths

    def _following(self, nodes: Any) -> Any:
        return jnp.concatenate([nodes[1:], nodes[:1] + self.winding])

    def phase_row(self) -> Any:
        """Weights of the states at the Gauss points in the equation that chooses the phase."""
        weight = self.widths[:, None, None] * gauss(self.shape[1]).weights[:, None] * self.slopes
        return weight / jnp.sum(weight * self.slopes)

    def _interval(self, x: Any, stages: Any, width: Any, start: Any, free: Any) -> tuple[Any, Any, Any]:
        """End of one interval, mismatch at its Gauss points, and T f there."""
        table = gauss(self.shape[1])
        period = self.rule.period(free)
        f = period * self.rule.velocities(period * (start + width * table.nodes), stages, self.rule.value(free))
        return x + width * (table.weights @ f), x + width * (table.matrix @ f) - stages, f

    def linearised(self, z: Any, rhs: Any = None) -> Linear:
        """The linearised equations at `z`; for right-hand sides `rhs`, `(intervals, degree * d, r)`, alone if given."""
        unknowns, (count, degree, d) = self.unpacked(z), self.shape
        rhs = jnp.broadcast_to(jnp.eye(degree * d), (count, degree * d, degree * d)) if rhs is None else rhs
        blocks = jax.vmap(self._blocks, in_axes=(0, 0, 0, 0, None, 0))
        return blocks(unknowns.nodes, unknowns.stages, self.widths, self._starts(), unknowns.free, rhs)

    def _blocks(self, x: Any, stages: Any, width: Any, start: Any, free: Any, rhs: Any) -> Linear:
        _, degree, d = self.shape
        table = gauss(degree)
        period = self.rule.period(free)
        ts = period * (start + width * table.nodes)
        jacobians = jax.vmap(lambda t, y: jax.jacfwd(self.rule.velocity, 1)(t, y, self.rule.value(free)))(ts, stages)
        jacobians = width * period * jacobians
        inside = jnp.einsum("jk,kab->jakb", table.matrix, jacobians).reshape(degree * d, degree * d)
        flow = jnp.einsum("k,kab->akb", table.weights, jacobians).reshape(d, degree * d)
        by_end, by_inner, _ = jax.jacfwd(lambda e: self._interval(x, stages, width, start, e))(free)
        size = degree * d
        sides = jnp.concatenate([jnp.tile(jnp.eye(d), (degree, 1)), by_inner.reshape(size, -1), rhs], axis=1)
        found, _ = eliminated(jnp.concatenate([jnp.eye(size) - inside, sides], axis=1), size)
        per_node, per_free, inverse = found[:, :d], found[:, d : d + free.size], found[:, d + free.size :]
        return Linear(per_node, per_free, inverse, flow, jnp.eye(d) + flow @ per_node, by_end + flow @ per_free)


@compiled
def newton(equations: CollocationEquations, z: Any, *, steps: int = 40, tol: float = 1e-11) -> tuple[Any, Any, Any]:
    """Damped Newton steps at a fixed parameter.

    Returns:
        The end, the largest entry of its residual, and the length of the last step (the estimate of its error).
    """
    border = jnp.zeros_like(z).at[-1].set(1.0)

    def unfinished(carry: Any) -> Any:
        _, _, _, length, share, count = carry
        return (count < steps) & (length > tol) & (share > 1e-5)

    def step(carry: Any) -> Any:
        z, r, size, _, share, count = carry
        dz = equations.bordered_solve(z, border, jnp.concatenate([-r, jnp.zeros(1)]))
        length = jnp.max(jnp.abs(dz))
        length = jnp.where(jnp.isfinite(length), length, jnp.inf)
        if equations.rule.multiple is None:  # the period must stay positive
            share = jnp.minimum(share, 0.5 * z[-2] / jnp.maximum(jnp.abs(dz[-2]), 1e-300))
        new = z + share * dz
        r_new = equations.residual(new)
        size_new = jnp.linalg.norm(r_new)
        better = size_new < size
        close = length < 1e-8  # there the residual is rounding and says nothing
        taken = better | (close & jnp.isfinite(size_new))
        z, r, size = jnp.where(taken, new, z), jnp.where(taken, r_new, r), jnp.where(taken, size_new, size)
        return z, r, size, length, jnp.where(taken, jnp.minimum(1.0, 3 * share), share / 4), count + 1

    r = equations.residual(z)
    first = (z, r, jnp.linalg.norm(r), jnp.asarray(jnp.inf), jnp.asarray(1.0), 0)
    z, r, _, length, *_ = jax.lax.while_loop(unfinished, step, first)
    return z, jnp.max(jnp.abs(r)), length
