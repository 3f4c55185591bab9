"""Equilibria of flows and fixed points of maps as curves in the space of state and parameter."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..stability._frozen import Frozen
from ._free import FreeParameter
from ._problem import AbstractProblem, solve_bordered

#: The tests, in order: of flows and of maps.
FLOW_TESTS = ("fold", "branch point", "hopf")
MAP_TESTS = ("fold", "branch point", "period doubling", "neimark-sacker")


class Equilibria(AbstractProblem):
    """States y that stay at parameter p, with z = (y, p): f(y, p) = 0 for flows, step^k(y, p) = y for maps.

    Tests of flows: the parameter's part of the tangent (fold), the determinant of the Jacobian bordered by the tangent
    (branch point), and the product of all sums of two eigenvalues (Hopf, or neutral saddle). For maps the product of
    all lambda_i lambda_j - 1 takes the place of the last one, and the determinant of the Jacobian plus the identity
    shows period doublings.

    Args:
        frozen: The system under a constant input.
        free: The parameter that varies.
        scale: Width of the region of states, shape `(n,)`.
        width: Width of the range of the parameter.
        discrete: Whether time advances in steps.
        iterates: Steps after which the state returns (maps).
    """

    frozen: Frozen
    free: FreeParameter
    scale: Any
    width: Any
    discrete: bool = eqx.field(static=True, default=False)
    iterates: int = eqx.field(static=True, default=1)

    def at(self, value: Any) -> Frozen:
        """The system with the parameter at `value`."""
        system, u = self.free.at(self.frozen.system, self.frozen.u, value)
        return Frozen(system, u, self.frozen.t, self.frozen.template)

    def moved(self, y: Any, p: Any) -> Any:
        """The velocity at the flattened state `y` (flows), or its image (maps)."""
        there = self.at(p)
        if not self.discrete:
            return there.residual(y)
        if self.iterates == 1:
            return y + there.residual(y)
        return jax.lax.fori_loop(0, self.iterates, lambda _, x: x + there.residual(x), y)

    def residual(self, z: Any) -> Any:
        y, p = z[:-1], z[-1]
        return self.frozen.shorter(self.moved(y, p) - y) if self.discrete else self.moved(y, p)

    def bordered_solve(self, z: Any, border: Any, rhs: Any) -> Any:
        return solve_bordered(self.residual, z, border, rhs)

    def weights(self) -> Any:
        return jnp.append(1 / (self.scale**2 * self.scale.size), 1 / self.width**2)

    def gap(self, z: Any, other: Any) -> Any:
        return jnp.append(self.frozen.shorter(z[:-1] - other[:-1]), z[-1] - other[-1])

    def jacobian(self, z: Any) -> Any:
        """The Jacobian of the velocity (flows) or of the image (maps) with respect to the state."""
        return jax.jacfwd(self.moved)(z[:-1], z[-1])

    def tests(self, z: Any, tangent: Any) -> Any:
        matrix = jax.jacfwd(self.residual)(z)
        own, along = (
            matrix[:, :-1] * self.scale / self.scale[:, None],
            matrix[:, -1:] * self.width / self.scale[:, None],
        )
        scaled = jnp.append(tangent[:-1] / self.scale, tangent[-1] / self.width)
        parts = [tangent[-1] / self.width, _determinant(jnp.concatenate([jnp.hstack([own, along]), scaled[None]]))]
        if self.discrete:
            own = _after(own + jnp.eye(own.shape[0]), parts[-1])
            parts.append(_determinant(own + jnp.eye(own.shape[0])))
        if own.shape[0] > 1:
            # Two calls of LAPACK at once can wait for each other for ever, so that one has to follow the other.
            values = jnp.linalg.eigvals(_after(own, parts[-1]))
            parts.append(_pairs(values, self.discrete))
        return jnp.stack(parts)


def test_names(problem: Equilibria) -> tuple[str, ...]:
    """What each test of the problem shows."""
    names = MAP_TESTS if problem.discrete else FLOW_TESTS
    return names if problem.scale.size > 1 else names[:-1]


def _after(x: Any, y: Any) -> Any:
    """`x`, but not before `y` is known."""
    return jax.lax.optimization_barrier((x, y))[0]


def _determinant(matrix: Any) -> Any:
    """The determinant in units of the largest that rows of these lengths allow."""
    size = jnp.linalg.norm(matrix, axis=1)
    sign, log = jnp.linalg.slogdet(matrix / jnp.where(size > 0, size, 1.0)[:, None])
    return sign * jnp.exp(jnp.maximum(log, -600.0))


def _pairs(values: Any, discrete: bool) -> Any:
    """The sign of the product of lambda_i + lambda_j (maps: lambda_i lambda_j - 1) over i < j, times its least factor.

    Like the determinant of the bialternate product it is zero where two eigenvalues add to zero, but it costs n^2 and
    can neither vanish by underflow nor overflow. Factors are relative to the sizes of their terms.
    """
    i, j = jnp.triu_indices(values.shape[0], 1)
    a, b = values[i], values[j]
    top, size = (a * b - 1, jnp.abs(a * b) + 1) if discrete else (a + b, jnp.abs(a) + jnp.abs(b))
    factor = top / jnp.where(size > 0, size, 1.0)
    least = jnp.min(jnp.abs(factor))
    phase = jnp.prod(jnp.where(factor == 0, 0.0, factor / jnp.where(factor == 0, 1.0, jnp.abs(factor))))
    return jnp.sign(jnp.real(phase)) * least
