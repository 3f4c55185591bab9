"""Curves of critical states in a plane of parameters, as zeros of minimally augmented systems.

Points are z = (y, p, q) or (y, kappa, p, q).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from ..bifurcation import AbstractProblem, solve_bordered
from ._plane import RestPlane


class ZeroCurve(AbstractProblem):
    r"""States of rest whose Jacobian has a given real eigenvalue: folds and period doublings.

    With $J$ the Jacobian of what is zero at rest and $e$ the eigenvalue, solves f = 0 and $u^T (J - e) v = 0$, with
    u and v the singular vectors of the smallest singular value at the same point, held still when derivatives are
    taken. The derivative of that singular value is exact so, there is no border that could become unfit on the way, and
    cusps and Bogdanov-Takens points are ordinary points of the curve.

    Args:
        plane: The states of rest.
        eigenvalue: e, of the velocity's Jacobian or of that of the change in one step: 0 for folds, -2 for period
            doublings of maps.

    Reference:
        Govaerts (2000), Numerical methods for bifurcations of dynamical equilibria, SIAM, chapters 3 and 4.
    """

    plane: RestPlane
    eigenvalue: Any

    @property
    def size(self) -> int:
        """Number of components of the state."""
        return self.plane.scale.size

    def residual(self, z: Any) -> Any:
        y, p = z[:-2], z[-2:]
        return jnp.append(self.plane.change(y, p), self.singular(y, p))

    def singular(self, y: Any, p: Any) -> Any:
        """The smallest singular value of the scaled matrix $J - e$, with its exact first derivative."""
        scale = self.plane.scale

        def push(v: Any) -> Any:
            return jax.jvp(lambda s: self.plane.change(s, p), (y,), (scale * v,))[1] / scale - self.eigenvalue * v

        matrix = jax.lax.stop_gradient(jax.vmap(push, out_axes=1)(jnp.eye(y.size)))
        # Rows must not be scaled by their own lengths: one that vanishes is what makes the matrix singular.
        u, _, vh = jnp.linalg.svd(matrix)
        return jnp.sum(u[:, -1] * push(vh[-1]))

    def bordered_solve(self, z: Any, border: Any, rhs: Any) -> Any:
        return _bordered(self, z, border, rhs)

    def tests(self, z: Any, tangent: Any) -> Any:
        # What happens on the curve is looked for when it has been followed: most tests need more than one point.
        del z, tangent
        return jnp.zeros(0)

    def weights(self) -> Any:
        return _weights(self.plane)


class PairCurve(AbstractProblem):
    r"""States of rest with a critical pair of eigenvalues: Hopf and Neimark-Sacker points, and neutral saddles.

    With $K = (U^T V)^{-1} U^T J V$ the Jacobian restricted to the plane of the pair, spanned by the columns of V (those
    of U span that of the transpose), solves f = 0 and, for flows, tr K = 0, det K = kappa, for maps det K = 1,
    tr K = 2 kappa. So kappa is the square of the frequency (in units of `rate`), or the cosine of the angle. Where it
    passes zero (maps: one or minus one) the pair becomes real; the curve goes on, as one of neutral saddles, and the
    point is an ordinary one of it. The planes are held still when derivatives are taken, which then are exact. Of
    several pairs the one is meant whose sum and product are nearest to those that kappa says.

    Args:
        plane: The states of rest.
        rate: Unit of frequencies; 1 for maps.

    Reference:
        Govaerts (2000), Numerical methods for bifurcations of dynamical equilibria, SIAM, chapters 4 and 5.
    """

    plane: RestPlane
    rate: Any

    @property
    def size(self) -> int:
        """Number of components of the state."""
        return self.plane.scale.size

    def residual(self, z: Any) -> Any:
        y, kappa, p = z[:-3], z[-3], z[-2:]
        total, product = self.pair(y, kappa, p)
        own = jnp.stack([product - 1, total / 2 - kappa] if self.plane.discrete else [total, product - kappa])
        return jnp.concatenate([self.plane.change(y, p), own])

    def pair(self, y: Any, kappa: Any, p: Any) -> tuple[Any, Any]:
        """Sum and product of the pair, in units of the rate, with exact first derivatives."""
        scale = self.plane.scale

        def push(v: Any) -> Any:
            return jax.jvp(lambda s: self.plane.moved(s, p), (y,), (scale * v,))[1] / scale / self.rate

        matrix = jax.lax.stop_gradient(jax.vmap(push, out_axes=1)(jnp.eye(y.size)))
        left, right = _planes(matrix, jax.lax.stop_gradient(kappa), self.plane.discrete)
        (w00, w01), (w10, w11) = left.T @ right
        (m00, m01), (m10, m11) = left.T @ jax.vmap(push, in_axes=1, out_axes=1)(right)
        size = w00 * w11 - w01 * w10
        return (w11 * m00 - w01 * m10 + w00 * m11 - w10 * m01) / size, (m00 * m11 - m01 * m10) / size

    def bordered_solve(self, z: Any, border: Any, rhs: Any) -> Any:
        return _bordered(self, z, border, rhs)

    def tests(self, z: Any, tangent: Any) -> Any:
        del z, tangent
        return jnp.zeros(0)

    def weights(self) -> Any:
        return _weights(self.plane, jnp.ones(1))


Curve: TypeAlias = ZeroCurve | PairCurve


def _planes(matrix: Any, kappa: Any, discrete: bool) -> tuple[Any, Any]:
    """Bases of the left and of the right plane of the pair of eigenvalues nearest to what kappa says.

    (A - a)(A - b) vanishes on the plane of the pair a, b, also where a and b are one and have one eigenvector.
    """
    values = jnp.linalg.eigvals(matrix)
    i, j = jnp.triu_indices(values.shape[0], 1)
    total, product = values[i] + values[j], values[i] * values[j]
    wanted = (2 * kappa, 1.0) if discrete else (0.0, kappa)
    best = jnp.argmin(jnp.abs(total - wanted[0]) + jnp.abs(product - wanted[1]))
    one = jnp.eye(matrix.shape[0])
    both = matrix @ matrix - jnp.real(total[best]) * matrix + jnp.real(product[best]) * one
    u, _, vh = jnp.linalg.svd(both)
    # In a plane all there is is the plane itself, and the matrix above is nothing but rounding.
    return (one, one) if matrix.shape[0] == 2 else (u[:, -2:], vh[-2:].T)


def _bordered(problem: Curve, z: Any, border: Any, rhs: Any) -> Any:
    # Two calls of LAPACK at once can wait for each other for ever: the Jacobian has to follow the right-hand side.
    z, rhs = jax.lax.optimization_barrier((z, rhs))
    return solve_bordered(problem.residual, z, border, rhs)


def _weights(plane: RestPlane, *more: Any) -> Any:
    return jnp.concatenate([1 / (plane.scale**2 * plane.scale.size), *more, 1 / plane.width**2])
