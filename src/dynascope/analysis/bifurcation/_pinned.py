"""Bifurcation points as zeros of extended systems: exact, and differentiable in every other parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._errors import RESULTS, InputError
from ..._types import State
from ...systems import AbstractSystem, dimension, is_discrete
from .._precision import require_64_bit
from ..stability._frozen import frozen_at
from ._equilibria import Equilibria
from ._free import free_parameter

#: Newton steps of an extended system, and the relative length of a step that has converged.
_STEPS, _TOL = 16, 1e-12


class PinnedPoint(eqx.Module):
    """A bifurcation point, located by an extended system.

    Attributes:
        value: Value of the free parameter.
        state: Flattened state.
        frequency: Imaginary part of the critical pair (Hopf), its angle per step (Neimark-Sacker), else 0.
        vector: Critical eigenvector of the Jacobian (branch points: the left null vector), complex for pairs.
        unfolding: How far a branch point is from being one: the size of the term that would unfold it; else 0.
        error: Estimated error of `value`: its part in the last Newton step.
        result: `successful` or `not_converged`.
    """

    value: Any
    state: Any
    frequency: Any
    vector: Any
    unfolding: Any
    error: Any
    result: RESULTS


def fold_point(system: AbstractSystem, parameter: str, value: Any, state: State, *, inputs: Any = None) -> PinnedPoint:
    r"""The fold (saddle-node) near `state` and `value`, as a differentiable function of `system`.

    Solves $f(y, p) = 0$, $f_y v = 0$, $\langle v_0, v \rangle = 1$ by Newton's method. Derivatives with respect to the
    other parameters of the system come from the implicit function theorem, in forward and reverse mode.

    Args:
        system: A flow or a map (for which f is the change of the state in one step).
        parameter: Name of the free parameter.
        value: Its value near the fold.
        state: The state near the fold.
        inputs: Constant input.

    Returns:
        A `PinnedPoint`; its code says whether Newton's method converged.

    Raises:
        InputError: For a system without fixed points, or an unknown parameter.

    Reference:
        Moore & Spence (1980), The calculation of turning points of nonlinear equations, SIAM Journal on Numerical
        Analysis 17, 567-576.
    """
    return pinned_real(_problem(system, parameter, inputs), _guess(system, value, state), 0.0)


def period_doubling_point(
    system: AbstractSystem, parameter: str, value: Any, state: State, *, inputs: Any = None
) -> PinnedPoint:
    """The period doubling (flip) of a map near `state` and `value`: an eigenvalue -1; otherwise as `fold_point`."""
    if not is_discrete(system):
        raise InputError(f"`{type(system).__name__}` is a flow, whose equilibria have no period to double. Give a map.")
    return pinned_real(_problem(system, parameter, inputs), _guess(system, value, state), -2.0)


def hopf_point(system: AbstractSystem, parameter: str, value: Any, state: State, *, inputs: Any = None) -> PinnedPoint:
    r"""The Hopf (maps: Neimark-Sacker) bifurcation near `state` and `value`, as a differentiable function of `system`.

    Solves $f(y, p) = 0$, $f_y q = i \omega q$ (maps: $f_y q = e^{i \theta} q$), $\langle q_0, q \rangle = 1$; otherwise
    as `fold_point`. The pair nearest to the imaginary axis (unit circle) is taken.

    Reference:
        Griewank & Reddien (1983), The calculation of Hopf points by a direct method, IMA Journal of Numerical Analysis
        3, 295-303.
    """
    return pinned_pair(_problem(system, parameter, inputs), _guess(system, value, state))


def branch_point(
    system: AbstractSystem, parameter: str, value: Any, state: State, *, inputs: Any = None
) -> PinnedPoint:
    r"""The point near `state` and `value` where two branches cross; otherwise as `fold_point`.

    Solves $f + \beta \psi = 0$, $f_y^T \psi = 0$, $f_p^T \psi = 0$, $|\psi| = 1$. A crossing that another parameter
    pulls apart has `unfolding` $\beta \ne 0$.

    Reference:
        Allgower & Georg (1990), Numerical continuation methods, Springer, chapter 8.
    """
    return pinned_crossing(_problem(system, parameter, inputs), _guess(system, value, state))


def pinned_real(problem: Equilibria, z: Any, eigenvalue: Any) -> PinnedPoint:
    """The point near `z` where the Jacobian of the residual has the real eigenvalue 0 (fold) or -2 (flip)."""
    residual, start = _scaled(problem, z)
    n = start.size - 1
    shift = eigenvalue * jnp.eye(n)
    matrix = jax.jacfwd(lambda y: residual(y, start[-1]))(start[:-1]) - shift
    first = jnp.linalg.svd(jax.lax.stop_gradient(matrix))[2][-1]

    def extended(x: Any) -> Any:
        y, p, v = x[:n], x[n], x[n + 1 :]
        moved, turned = jax.jvp(lambda w: residual(w, p), (y,), (v,))
        return jnp.concatenate([moved, turned - eigenvalue * v, jnp.sum(first * v)[None] - 1])

    x, error, good = solve_extended(extended, jnp.concatenate([start, first]))
    zero = jnp.zeros(())
    return _point(problem, x, x[n + 1 :], zero, zero, (error, good))


def pinned_pair(problem: Equilibria, z: Any) -> PinnedPoint:
    """The point near `z` where a pair of eigenvalues is imaginary (flows) or on the unit circle (maps)."""
    residual, start = _scaled(problem, z)
    n, discrete = start.size - 1, problem.discrete
    matrix = jax.lax.stop_gradient(jax.jacfwd(lambda y: residual(y, start[-1]))(start[:-1]))
    values, vectors = jnp.linalg.eig(matrix + jnp.eye(n) if discrete else matrix)
    # Turning pairs only: of two real eigenvalues with sum zero nothing turns.
    away = jnp.abs(jnp.abs(values) - 1) if discrete else jnp.abs(jnp.real(values))
    chosen = jnp.argmin(jnp.where(jnp.imag(values) > 0, away, jnp.inf))
    q = vectors[:, chosen]
    q = q / jnp.linalg.norm(q)
    turn = jnp.angle(values[chosen]) if discrete else jnp.imag(values[chosen])

    def extended(x: Any) -> Any:
        y, p, re, im, w = x[:n], x[n], x[n + 1 : 2 * n + 1], x[2 * n + 1 : -1], x[-1]
        moved, push = jax.linearize(lambda s: residual(s, p), y)
        growth, turning = (jnp.cos(w) - 1, jnp.sin(w)) if discrete else (0.0, w)
        size = jnp.sum(q.conj() * (re + 1j * im)) - 1
        return jnp.concatenate(
            [
                moved,
                push(re) - growth * re + turning * im,
                push(im) - growth * im - turning * re,
                jnp.stack([jnp.real(size), jnp.imag(size)]),
            ]
        )

    x, error, good = solve_extended(extended, jnp.concatenate([start, jnp.real(q), jnp.imag(q), turn[None]]))
    vector = x[n + 1 : 2 * n + 1] + 1j * x[2 * n + 1 : -1]
    good = good & jnp.any(jnp.imag(values) > 0) & (jnp.abs(x[-1]) > 1e-9 * jnp.max(jnp.abs(values)))
    return _point(problem, x, vector, jnp.abs(x[-1]), jnp.zeros(()), (error, good))


def pinned_crossing(problem: Equilibria, z: Any) -> PinnedPoint:
    """The point near `z` where two branches cross."""
    residual, start = _scaled(problem, z)
    n = start.size - 1

    def whole(x: Any) -> Any:
        return residual(x[:n], x[n])

    first = jnp.linalg.svd(jax.lax.stop_gradient(jax.jacfwd(whole)(start)), full_matrices=False)[0][:, -1]

    def extended(x: Any) -> Any:
        at, beta, psi = x[: n + 1], x[n + 1], x[n + 2 :]
        moved, pull = jax.vjp(whole, at)
        return jnp.concatenate([moved + beta * psi, pull(psi)[0], jnp.sum(first * psi)[None] - 1])

    x, error, good = solve_extended(extended, jnp.concatenate([start, jnp.zeros(1), first]))
    return _point(problem, x, x[n + 2 :], jnp.zeros(()), x[n + 1], (error, good))


def _problem(system: AbstractSystem, parameter: str, inputs: Any) -> Equilibria:
    require_64_bit("A bifurcation point")
    frozen = frozen_at(system, inputs, 0.0)
    free = free_parameter(system, parameter, frozen.u)
    n = ravel_pytree(frozen.template)[0].size
    return Equilibria(frozen, free, jnp.ones(n), jnp.ones(()), is_discrete(system))


def _guess(system: AbstractSystem, value: Any, state: State) -> Any:
    flat = ravel_pytree(state)[0].astype(float)
    # A shorter one would be stretched by broadcasting, and another question answered.
    if flat.size != dimension(system):
        raise InputError(
            f"`state` must hold the {dimension(system)} components of `{type(system).__name__}`, got {flat.size}."
        )
    return jnp.append(flat, jnp.asarray(value, float))


def _scaled(problem: Equilibria, z: Any) -> tuple[Callable[[Any, Any], Any], Any]:
    """The residual in units of the scales, and where to start; similar matrices have the same eigenvalues."""

    def residual(y: Any, p: Any) -> Any:
        return problem.residual(jnp.append(problem.scale * y, problem.width * p)) / problem.scale

    return residual, jax.lax.stop_gradient(jnp.append(z[:-1] / problem.scale, z[-1] / problem.width))


def _point(problem: Equilibria, x: Any, vector: Any, frequency: Any, unfolding: Any, how: Any) -> PinnedPoint:
    n = problem.scale.size
    error, good = how
    return PinnedPoint(
        value=x[n] * problem.width,
        state=x[:n] * problem.scale,
        frequency=frequency,
        vector=vector * problem.scale,
        unfolding=unfolding,
        error=jnp.abs(error[n]) * problem.width,
        result=RESULTS.where(good, RESULTS.successful, RESULTS.not_converged),
    )


def solve_extended(extended: Callable[[Any], Any], start: Any) -> tuple[Any, Any, Any]:
    """The zero of `extended` near `start` as a differentiable value, the last step, and whether it converged."""

    def solve(function: Callable[[Any], Any], x0: Any) -> tuple[Any, tuple[Any, Any]]:
        def unfinished(carry: Any) -> Any:
            return (carry[2] < _STEPS) & ~carry[3]

        def one(carry: Any) -> Any:
            x, before, count, _ = carry
            dx = _linear(jax.jacfwd(function)(x), -function(x))
            size = jnp.max(jnp.abs(dx))
            # Steps end at rounding, however ill-conditioned the point is: when they are small and shrink no more.
            done = (size <= _TOL) | ((size < 1e-7) & (size > 0.2 * jnp.max(jnp.abs(before))))
            return x + dx, dx, count + 1, done | ~jnp.isfinite(size)

        first = (x0, jnp.full_like(x0, jnp.inf), jnp.asarray(0), jnp.asarray(False))
        x, last, _, done = jax.lax.while_loop(unfinished, one, first)
        # As a number: what comes out beside the root must have tangents.
        return x, (last, jnp.where(done & jnp.all(jnp.isfinite(x)), 1.0, 0.0))

    def tangent(function: Callable[[Any], Any], y: Any) -> Any:
        return _linear(jax.jacfwd(function)(jnp.zeros_like(y)), y)

    x, (last, done) = jax.lax.custom_root(extended, start, solve, tangent, has_aux=True)
    return x, last, done > 0


def _linear(matrix: Any, rhs: Any) -> Any:
    """The solution of matrix x = rhs with rows of like size."""
    size = jnp.max(jnp.abs(matrix), axis=1)
    size = jnp.where(size > 0, size, 1.0)
    return jnp.linalg.solve(matrix / size[:, None], rhs / size)
