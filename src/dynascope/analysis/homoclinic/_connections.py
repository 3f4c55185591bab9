"""Connecting orbits as zeros of a function: collocation on a finite interval with projection boundary conditions."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._compile import compiled
from ..bifurcation import AbstractProblem
from ..cycles._collocation import CollocationEquations
from ..cycles._condensed import Chain, solve_chain
from ._ending import Ending


class Outer(NamedTuple):
    """The unknowns of a connecting orbit beside its path.

    Attributes:
        jump: From the first to the last state, `(d,)`.
        left: The equilibrium that it leaves, `(d,)`.
        right: The equilibrium at which it arrives, `(d,)`.
        free: The time it takes, and the free parameter or parameters.
    """

    jump: Any
    left: Any
    right: Any
    free: Any


class Connections(AbstractProblem):
    r"""Orbits from one equilibrium to another: z = (states at the mesh, at Gauss points, jump, equilibria, time, p).

    On the phase s in [0, 1] with $x' = T f(x, p)$ by collocation, $x(1) = x(0) + j$, and

    $f(x_0, p) = 0, \quad f(x_1, p) = 0, \quad W_0 P_0 (x(0) - x_0) = 0, \quad W_1 P_1 (x(1) - x_1) = 0, \quad
    |x(0) - x_0| = \varepsilon_0, \quad |x(1) - x_1| = \varepsilon_1$,

    with the spectral projectors of `Ending`. The two distances choose the phase and the time T. Where `timed`, T is
    held instead, the phase is that of the reference, and the distances follow: so curves pass where the orbit changes
    the direction in which it arrives, or where an eigenvalue becomes zero.

    Args:
        equations: The equations of the path on a mesh, as for cycles; their phase condition is not used.
        ends: Conditions where the orbit leaves and where it arrives.
        width: Size of the parameters in the metric.
        timed: Whether the time is held, at `equations.pace`, instead of the distances.

    Reference:
        Beyn (1990), The numerical computation of connecting orbits in dynamical systems, IMA Journal of Numerical
        Analysis 10, 379-405; Champneys, Kuznetsov and Sandstede (1996), A numerical toolbox for homoclinic bifurcation
        analysis, International Journal of Bifurcation and Chaos 6, 867-887.
    """

    equations: CollocationEquations
    ends: tuple[Ending, Ending]
    width: Any
    timed: bool = eqx.field(static=True, default=False)

    @property
    def count(self) -> int:
        """Number of the free parameters."""
        return self.equations.rule.parameter.count

    @property
    def path_size(self) -> int:
        """Number of unknowns that belong to the path."""
        count, degree, d = self.equations.shape
        return count * d * (degree + 1)

    def outer(self, z: Any) -> Outer:
        """What belongs to z beside the path."""
        return self._unpacked(z[self.path_size :])

    def path(self, z: Any) -> Any:
        """The vector that the equations of the path take."""
        return jnp.concatenate([z[: self.path_size], self.outer(z).free])

    def residual(self, z: Any) -> Any:
        count, _, d = self.equations.shape
        inner = self.equations.residual(self.path(z))
        inner, phase = inner[:-1].at[(count - 1) * d : count * d].add(-self.outer(z).jump), inner[-1:]
        parts = [inner, self._bottom(z[:d], z[self.path_size :])]
        return jnp.concatenate([*parts, phase] if self.timed else parts)

    def bordered_solve(self, z: Any, border: Any, rhs: Any) -> Any:
        return self.solve(z, border[None], rhs[:, None])[:, 0]

    def solve(self, z: Any, rows: Any, rhs: Any) -> Any:
        """The solutions x of `[G_z; rows] x = rhs`, column by column; as many rows as parameters beyond the first."""
        count, degree, d = self.equations.shape
        sides, inner, outer = rhs.shape[1], count * d, self.path_size
        linear = self.equations.linearised(self.path(z))
        ends, stages, last = rhs[:inner].reshape(count, d, -1), rhs[inner:outer].reshape(count, -1, sides), rhs[outer:]
        fixed = -linear.inverse @ stages
        start, extra = z[:d], z[outer:]
        by_start, by_extra = jax.jacfwd(self._bottom, argnums=(0, 1))(start, extra)
        extras = self._spread(linear.drift).at[-1, :, :d].add(-jnp.eye(d))
        bottom = jnp.zeros((by_start.shape[0], count, d)).at[:, 0].set(by_start)
        if self.timed:
            phase = jnp.zeros(z.size).at[inner:outer].set(self.equations.phase_row().ravel())
            rows = jnp.concatenate([phase[None], rows])
        on_stages = rows[:, inner:outer].reshape(-1, count, degree * d)
        border = rows[:, :inner].reshape(-1, count, d) + jnp.einsum("kia,iab->kib", on_stages, linear.per_node)
        corner = rows[:, outer:] + jnp.einsum("kia,iab->kb", on_stages, self._spread(linear.per_free))
        moved = jnp.einsum("kia,iar->kr", on_stages, fixed)
        chain = Chain(
            left=-linear.step,
            right=jnp.broadcast_to(jnp.eye(d), linear.step.shape),
            extra=-extras,
            rhs=linear.flow @ fixed - ends,
            border=jnp.concatenate([bottom, border]),
            corner=jnp.concatenate([by_extra, corner]),
            end=last.at[by_start.shape[0] :].add(-moved),
        )
        x, e, _ = solve_chain(chain)
        y = linear.per_node @ x + self._spread(linear.per_free) @ e + fixed
        return jnp.concatenate([x.reshape(inner, sides), y.reshape(outer - inner, sides), e])

    def tests(self, z: Any, tangent: Any) -> Any:
        # What happens on the curve is looked for when the eigenvalues are known.
        del z, tangent
        return jnp.zeros(0)

    def weights(self) -> Any:
        d = self.equations.shape[2]
        none, rest = jnp.zeros(d), jnp.full(d, 0.25 / d)
        # The time goes to infinity where an eigenvalue goes to zero, and says nothing of how far two orbits are apart.
        free = jnp.concatenate([jnp.zeros(1), 1 / self.width**2])
        return jnp.concatenate([self.equations.weights(), none, rest, rest, free])

    def units(self) -> Any:
        """The size of each unknown, by which the length of a Newton step is measured."""
        free = jnp.concatenate([self.equations.pace[None], self.width])
        return jnp.concatenate([jnp.ones(self.path_size + 3 * self.equations.shape[2]), free])

    def jacobians(self, z: Any) -> tuple[Any, Any]:
        """The Jacobians at both equilibria, in scaled units."""
        outer = self.outer(z)
        return self._jacobian(outer.left, outer.free), self._jacobian(outer.right, outer.free)

    def apart(self, z: Any) -> Any:
        """Distances of the ends from their equilibria, in scaled units, `(2,)`."""
        outer, start = self.outer(z), z[: self.equations.shape[2]]
        return jnp.stack([jnp.linalg.norm(start - outer.left), jnp.linalg.norm(start + outer.jump - outer.right)])

    def _jacobian(self, x: Any, free: Any) -> Any:
        rule = self.equations.rule
        return jax.jacfwd(rule.velocity, 1)(0.0, x, rule.value(free))

    def _unpacked(self, e: Any) -> Outer:
        d = self.equations.shape[2]
        return Outer(e[:d], e[d : 2 * d], e[2 * d : 3 * d], e[3 * d :])

    def _spread(self, by_free: Any) -> Any:
        """Derivatives with respect to time and parameters as those with respect to all outer unknowns."""
        return jnp.pad(by_free, ((0, 0), (0, 0), (3 * self.equations.shape[2], 0)))

    def _bottom(self, start: Any, e: Any) -> Any:
        """The conditions beside those of the path, from its first state and the outer unknowns."""
        rule, outer = self.equations.rule, self._unpacked(e)
        p = rule.value(outer.free)
        parts, lengths = [], []
        gaps = start - outer.left, start + outer.jump - outer.right
        for rest, gap, end in zip((outer.left, outer.right), gaps, self.ends, strict=True):
            parts.append(rule.velocity(0.0, rest, p) / end.rate)
            # How the eigenspaces turn matters only in proportion to the small gap, and would need second derivatives of
            # the velocity: Newton's method does without.
            jacobian = self._jacobian(*jax.lax.stop_gradient((rest, outer.free)))
            parts.append(end.forbidden(jacobian, gap) / end.distance)
            lengths.append(jnp.log(end.apart(gap) / end.distance))
        if self.timed:
            lengths = [outer.free[0] / self.equations.pace - 1]
        return jnp.concatenate([*parts, jnp.stack(lengths)])


@compiled
def newton(problem: Connections, z: Any, rows: Any, *, steps: int = 40, tol: float = 1e-11) -> tuple[Any, ...]:
    """Damped Newton steps in the plane through `z` that `rows` are normal to.

    Returns:
        The end, the largest entry of its residual, the length of the last step (the estimate of its error), and the
        number of steps.
    """
    guess, units, place = z, problem.units(), -1 - problem.count

    def off(z: Any) -> Any:
        return jnp.concatenate([problem.residual(z), rows @ (z - guess)])

    def unfinished(carry: Any) -> Any:
        _, _, _, length, share, count = carry
        return (count < steps) & (length > tol) & (share > 1e-5)

    def step(carry: Any) -> Any:
        z, r, size, _, share, count = carry
        dz = problem.solve(z, rows, -r[:, None])[:, 0]
        length = jnp.max(jnp.abs(dz / units))
        length = jnp.where(jnp.isfinite(length), length, jnp.inf)
        share = jnp.minimum(share, 0.5 * z[place] / jnp.maximum(jnp.abs(dz[place]), 1e-300))  # the time stays positive
        new = z + share * dz
        r_new = off(new)
        size_new = jnp.linalg.norm(r_new)
        close = length < 1e-8  # there the residual is rounding and says nothing
        taken = (size_new < size) | (close & jnp.isfinite(size_new))
        z, r, size = jnp.where(taken, new, z), jnp.where(taken, r_new, r), jnp.where(taken, size_new, size)
        return z, r, size, length, jnp.where(taken, jnp.minimum(1.0, 3 * share), share / 4), count + 1

    r = off(z)
    first = (z, r, jnp.linalg.norm(r), jnp.asarray(jnp.inf), jnp.asarray(1.0), 0)
    z, r, _, length, _, count = jax.lax.while_loop(unfinished, step, first)
    return z, jnp.max(jnp.abs(r)), length, count
