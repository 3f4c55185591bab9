"""Curves of critical cycles of a flow in a plane of parameters, by collocation and a minimally augmented system."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._compile import compiled
from ..bifurcation import AbstractProblem, length
from ..bifurcation._cycle_problem import extent
from ..cycles._collocation import CollocationEquations, Linear
from ..cycles._condensed import Chain, solve_chain
from ..cycles._gauss import lagrange_rows

#: Newton steps of one point at most, and the length of a step after which only one more is taken.
_NEWTON, _SHORT = 10, 1e-6
#: The families of curves of cycles.
FOLDS, DOUBLINGS, TORI = "fold of cycles", "period doubling", "neimark-sacker"


class Vectors(NamedTuple):
    """Null vectors of the linearised equations, or rows near to them that border the equations.

    Attributes:
        nodes: At the starts of the intervals, `(m, intervals, d c)`.
        free: At the period or at the phase, `(m, c)`.
    """

    nodes: Any
    free: Any


class CycleCurve(AbstractProblem):
    r"""Cycles with a critical multiplier: z = (states at the mesh, at Gauss points, period, [kappa,] two parameters).

    Beside the equations of a cycle, those of a solution V of the linearised equations are made singular, V(1) = V(0) K,
    with K = 1 (folds), K = -1 (period doublings), or $K = \begin{pmatrix} 0 & -1 \\ 1 & 2 \kappa \end{pmatrix}$, whose
    eigenvalues have product 1 and sum 2 kappa (Neimark-Sacker points; neutral saddles where kappa is beyond -1 or 1,
    which the curve passes smoothly). V is orthogonal to the shift along the orbit at its start and contains a change of
    the period, so that the trivial multiplier is gone. With the operator L of that problem bordered by vectors near to
    its null vectors,

    $\begin{pmatrix} L & B \\ C & 0 \end{pmatrix} \begin{pmatrix} V \\ g \end{pmatrix} =
    \begin{pmatrix} 0 \\ e_1 \end{pmatrix}$, the condition is g = 0, and its derivative $-W^T L_z V$ with W from the
    transposed equations is exact. The chain of intervals is never multiplied out.

    Args:
        equations: The equations of cycles on a mesh; their rule has two free parameters.
        width: Width of the ranges of the parameters, `(2,)`.
        right: Rows C.
        left: Columns B.
        family: One of `fold of cycles`, `period doubling`, `neimark-sacker`.

    Reference:
        Govaerts, Kuznetsov and Dhooge (2005), Numerical continuation of bifurcations of limit cycles in MATLAB, SIAM
        Journal on Scientific Computing 27, 231-252.
    """

    equations: CollocationEquations
    width: Any
    right: Vectors
    left: Vectors
    family: str = eqx.field(static=True)

    @property
    def copies(self) -> int:
        """Columns c of V, which are as many as there are conditions."""
        return 2 if self.family == TORI else 1

    def residual(self, z: Any) -> Any:
        return jnp.concatenate([self.equations.residual(z), self.condition(z)])

    def bordered_solve(self, z: Any, border: Any, rhs: Any) -> Any:
        right, left, _ = self.vectors(z)
        rows = jnp.concatenate([self.slope(z, right, left), border[None]])
        return self.equations.solve_around(z, rows, rhs[:, None])[0][:, 0]

    def slope(self, z: Any, right: Vectors, left: Vectors) -> Any:
        """The derivative of g by z, shape `(c, size)`, with what `vectors` gives."""
        return jax.jacrev(lambda x: self._form(x, right, left))(z)

    def tests(self, z: Any, tangent: Any) -> Any:
        # What happens on the curve is looked for when the multipliers are known.
        del z, tangent
        return jnp.zeros(0)

    def weights(self) -> Any:
        kappa = [jnp.ones(1)] if self.family == TORI else []
        return jnp.concatenate(
            [self.equations.weights(), 1 / self.equations.pace[None] ** 2, *kappa, 1 / self.width**2]
        )

    def condition(self, z: Any) -> Any:
        """g, shape `(c,)`, with its exact first derivative."""
        right, left, g = self.vectors(jax.lax.stop_gradient(z))
        form = self._form(z, right, left)
        return g[:, 0] + form - jax.lax.stop_gradient(form)

    def vectors(self, z: Any) -> tuple[Vectors, Vectors, Any]:
        """V and W, and the matrix g."""
        chain, c = self._chain(z, self.equations.linearised(z)), self.copies
        # Both at once, which takes half the time to compile.
        both = jax.tree.map(lambda *leaves: jnp.stack(leaves), chain, _transposed(chain))
        x, e, _ = jax.vmap(solve_chain)(both)
        right = Vectors(jnp.moveaxis(x[0], -1, 0), e[0, :c].T)
        left = Vectors(jnp.moveaxis(jnp.roll(x[1], -1, axis=0), -1, 0), e[1, :c].T)
        return right, left, e[0, c:]

    def variation(self, z: Any, right: Vectors) -> Any:
        """The first null vector as vectors like z, one for each column of V."""
        return self._variation(right, self.equations.linearised(z), z)

    def _closing(self, z: Any) -> Any:
        """K."""
        if self.family == TORI:
            return jnp.array([[0.0, -1.0], [1.0, 0.0]]).at[1, 1].set(2 * z[-3])
        return jnp.full((1, 1), 1.0 if self.family == FOLDS else -1.0)

    def _chain(self, z: Any, linear: Linear) -> Chain:
        """The bordered equations of V."""
        count, _, d = self.equations.shape
        c = self.copies
        size, eye = d * c, jnp.eye(c)
        steps = jnp.einsum("iab,kl->iakbl", linear.step, eye).reshape(count, size, size)
        close = jnp.einsum("ab,kl->akbl", jnp.eye(d), self._closing(z).T).reshape(size, size)
        right = jnp.broadcast_to(jnp.eye(size), steps.shape).at[-1].set(close)
        columns = -jnp.einsum("ia,kl->iakl", linear.drift[..., 0], eye).reshape(count, size, c)
        # An integral over the orbit would do for folds, but is zero for the shift times (s - 1/2), which changes its
        # sign once around: at the start alone it is not.
        shift = self.equations.slopes[0, 0] / jnp.linalg.norm(self.equations.slopes[0, 0])
        rows = jnp.zeros((c, count, size)).at[:, 0].set(jnp.einsum("a,kl->kal", shift, eye).reshape(c, size))
        return Chain(
            left=-steps,
            right=right,
            extra=jnp.concatenate([columns, jnp.moveaxis(self.left.nodes, 0, -1)], axis=-1),
            rhs=jnp.zeros((count, size, c)),
            border=jnp.concatenate([rows, self.right.nodes]),
            corner=jnp.block([[jnp.zeros((c, c)), self.left.free.T], [self.right.free, jnp.zeros((c, c))]]),
            end=jnp.concatenate([jnp.zeros((c, c)), eye]),
        )

    def _variation(self, right: Vectors, linear: Linear, z: Any) -> Any:
        count, _, d = self.equations.shape
        columns = right.nodes[0].reshape(count, d, self.copies)
        change = jnp.zeros((self.equations.unpacked(z).free.size, self.copies)).at[0].set(right.free[0])
        stages = jnp.einsum("iab,ibc->iac", linear.per_node, columns) + linear.per_free @ change
        return jnp.concatenate([columns.reshape(-1, self.copies), stages.reshape(-1, self.copies), change]).T

    def _form(self, z: Any, right: Vectors, left: Vectors) -> Any:
        """-W^T L(z) V up to a constant, with V and W held.

        At the Gauss points V follows from its values at the mesh, and W likewise, by the equations there, so that those
        need not be differentiated.
        """
        count, degree, d = self.equations.shape
        c = self.copies
        linear = self.equations.linearised(jax.lax.stop_gradient(z))
        columns = self._variation(right, linear, z)
        w = left.nodes.reshape(c, count, d, c)
        inner = -jnp.einsum("iab,miak->mibk", linear.flow, w)
        inner = jnp.einsum("iab,miak->mibk", linear.inverse, inner)

        def changed(column: Any) -> Any:
            return jax.jvp(self.equations.residual, (z,), (column,))[1]

        change = jax.vmap(changed, out_axes=-1)(columns)
        ends, stages = change[: count * d].reshape(count, d, c), change[count * d : count * d * (degree + 1)]
        stages = stages.reshape(count, degree * d, c)
        first = right.nodes[0].reshape(count, d, c)[0]
        closing = jnp.einsum("mak,ak->m", w[:, -1], first @ self._closing(z))
        return jnp.einsum("miak,iak->m", w, ends) - jnp.einsum("miak,iak->m", inner, stages) - closing


def _transposed(chain: Chain) -> Chain:
    """The transposed equations, for u with u[i + 1] = w[i]."""
    k, c = chain.corner.shape[0], chain.end.shape[1]
    return Chain(
        left=jnp.swapaxes(jnp.roll(chain.right, 1, axis=0), -1, -2),
        right=jnp.swapaxes(chain.left, -1, -2),
        extra=jnp.moveaxis(chain.border, 0, -1),
        rhs=chain.rhs,
        border=jnp.moveaxis(jnp.roll(chain.extra, 1, axis=0), -1, 0),
        corner=chain.corner.T,
        end=jnp.concatenate([jnp.zeros((k - c, c)), jnp.eye(c)]),
    )


class Found(NamedTuple):
    """A point of a curve of cycles, and all that is looked at there.

    Attributes:
        z: The point.
        converged: Whether Newton's method found it.
        newton: Number of its steps.
        tangent: Unit tangent.
        low: Least value of each component along the cycle.
        high: Greatest value.
        pair: The pair of matrices that holds its multipliers.
        slopes: Derivative with respect to the phase at the Gauss points.
        right: Null vectors there.
        left: Those of the transposed equations.
        bend: The derivative of the first condition along the null vector, which for folds is zero at a cusp.
    """

    z: Any
    converged: Any
    newton: Any
    tangent: Any
    low: Any
    high: Any
    pair: tuple[Any, Any]
    slopes: Any
    right: Vectors
    left: Vectors
    bend: Any


@compiled
def look_at(problem: CycleCurve, guess: Any, border: Any, along: Any) -> Found:
    """The point in the plane through `guess` across `border`; its tangent makes an acute angle with `along`."""
    equations, weights = problem.equations, problem.weights()
    unit = jnp.zeros_like(guess).at[-1].set(1.0)

    def unfinished(carry: Any) -> Any:
        return (carry[-2] < _NEWTON) & ~carry[-1]

    def one(carry: Any) -> Any:
        z, *_, before, count, _ = carry
        right, left, g = problem.vectors(z)
        slope = problem.slope(z, right, left)
        off = jnp.concatenate([equations.residual(z), g[:, 0], jnp.sum(border * (z - guess))[None]])
        rows = jnp.concatenate([slope, border[None]])
        both, pair = equations.solve_around(z, rows, jnp.stack([-off, unit], axis=1))
        size = length(problem, both[:, 0])
        bad = ~jnp.isfinite(size) | (size > 1.0) | ((count > 0) & (size > 2 * before) & (size > _SHORT))
        bend = jnp.sum(slope[0] * problem.variation(z, right)[0])
        seen = both[:, 1], pair, right, left, bend
        return z + both[:, 0], *seen, bad, size, count + 1, bad | (before < _SHORT)

    d = equations.shape[2]
    none, held = (jnp.zeros((d, d)),) * 2, (problem.right, problem.left)
    no, far = jnp.asarray(False), jnp.asarray(jnp.inf)
    first = (guess, unit, none, *held, jnp.zeros(()), no, far, jnp.asarray(0), no)
    z, tangent, pair, right, left, bend, bad, size, count, _ = jax.lax.while_loop(unfinished, one, first)
    tangent = tangent * jnp.sign(jnp.sum(weights * along * tangent)) / length(problem, tangent)
    low, high = extent(equations, z, jnp.asarray(lagrange_rows(equations.shape[1], 8)))
    scale = equations.rule.scale
    converged = ~bad & (size < _SHORT)
    slopes = equations.slopes_of(z)
    return Found(z, converged, count - 1, tangent, low * scale, high * scale, pair, slopes, right, left, bend)
