"""What is followed: a curve of zeros of a smooth function."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ...systems import hook


class AbstractProblem(eqx.Module):
    """Zeros of G: R^(m+1) -> R^m, which form a curve; the last entry of z is the free parameter.

    Implement the four methods in JAX, for one point. Then `follow` traces the curve in one compiled program, `locate`
    finds the zeros of the test functions on it, and both can be mapped over families of problems with `vmap`.
    """

    @abstractmethod
    def residual(self, z: Any) -> Any:
        """G(z), shape `(m,)`."""

    @abstractmethod
    def bordered_solve(self, z: Any, border: Any, rhs: Any) -> Any:
        """The solution x of [G_z(z); border] x = rhs, all of shape `(m + 1,)`; dense problems use `solve_bordered`."""

    @abstractmethod
    def tests(self, z: Any, tangent: Any) -> Any:
        """Test functions, shape `(k,)`: smooth along the curve, with a change of sign where something happens."""

    @abstractmethod
    def weights(self) -> Any:
        """Weights w of the metric |x|^2 = sum_i w_i x_i^2 in which arclength is measured, shape `(m + 1,)`.

        They must make length 1 a large step: as far as one would ever want to look.
        """

    @hook
    def gap(self, z: Any, other: Any) -> Any:
        """How far `z` is from `other`; where components are angles, by the shorter way round."""
        return z - other


def solve_bordered(residual: Callable[[Any], Any], z: Any, border: Any, rhs: Any) -> Any:
    """The bordered system of a dense problem: the Jacobian of `residual` by forward mode and one LU decomposition."""
    matrix = jnp.concatenate([jax.jacfwd(residual)(z), border[None]])
    # Rows of physical equations differ by many powers of ten; pivots should not be chosen by their units.
    size = jnp.max(jnp.abs(matrix), axis=1)
    size = jnp.where(size > 0, size, 1.0)
    return jnp.linalg.solve(matrix / size[:, None], rhs / size)


def length(problem: AbstractProblem, x: Any) -> Any:
    """The length of `x` in the metric of the problem."""
    return jnp.sqrt(jnp.sum(problem.weights() * x**2))


def tangent_at(problem: AbstractProblem, z: Any, towards: Any) -> Any:
    """The unit tangent of the curve at `z` that makes an acute angle with `towards`."""
    unit = jnp.zeros_like(z).at[-1].set(1.0)
    t = problem.bordered_solve(z, problem.weights() * towards, unit)
    return t / length(problem, t)
