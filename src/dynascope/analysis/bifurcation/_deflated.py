"""Branches that no start has led to: Newton's method with the known solutions deflated."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ._equilibria import Equilibria
from ._follow import Bounds
from ._trace import Traced, trace

#: Newton steps, length of a step (in widths of the region) at most, and below which it has converged.
_STEPS, _LONGEST, _TOL = 80, 0.5, 1e-10
#: Where roots are that are none, in widths of the region.
_FAR = 1e12
#: Rounds of searches at most, each of which deflates what the ones before have found.
_ROUNDS = 4


def deflate(traced: Traced, values: np.ndarray, *, most: int) -> None:
    r"""Follow branches that are found where those already known are deflated, until no more are.

    At each value of the parameter Newton's method starts at the solutions known at the neighbouring values, and solves
    $M(y) f(y) = 0$ with $M(y) = \prod_k (1 + |y - y_k|^{-2})$ over the solutions $y_k$ known there, from which it keeps
    away. Its step is that of f = 0 times $1 / (1 - \nabla \log M \cdot d)$.

    Args:
        traced: What is known; new branches are added.
        values: Values of the parameter, in order.
        most: Branches at most.

    Reference:
        Farrell, Beentjes and Birkisson (2016), The computation of disconnected bifurcation diagrams, arXiv 1603.00809.
    """
    for _ in range(_ROUNDS):
        before = len(traced.branches)
        known = [_known_at(traced, float(p)) for p in values]
        for i, p in enumerate(values):
            guesses = [y for j in (i - 1, i + 1) if 0 <= j < len(values) for y in known[j]]
            trace(traced, _found(traced, float(p), known[i], guesses), most=most, doublings=0)
        if len(traced.branches) == before or len(traced.branches) >= most:
            return


def _known_at(traced: Traced, p: float) -> list[np.ndarray]:
    """States of the branches at a value of the parameter, near enough to be deflated."""
    states = []
    for branch in traced.branches:
        if branch.kind == "cycle":
            continue
        before, after = branch.parameter[:-1] - p, branch.parameter[1:] - p
        for i in np.flatnonzero((before * after < 0) | (before == 0)):
            share = before[i] / (before[i] - after[i]) if before[i] != after[i] else 0.0
            guess = branch.states[i] + share * (branch.states[i + 1] - branch.states[i])
            state, converged = _polished(traced.problem, jnp.asarray(guess), jnp.asarray(p))
            states.append(np.asarray(state) if converged else guess)
    return states


def _found(traced: Traced, p: float, known: list[np.ndarray], guesses: list[np.ndarray]) -> list[np.ndarray]:
    """New solutions at a value of the parameter, as points z."""
    if not guesses:
        return []
    # One size for many, so that one program does for all.
    size, count = traced.problem.scale.size, 8 * -(-max(len(known), len(guesses)) // 8)
    roots = _FAR * np.tile(np.asarray(traced.problem.scale), (count, 1))
    starts = np.repeat(np.asarray(guesses[:1]), count, axis=0)
    roots[: len(known)] = np.array(known).reshape(-1, size)
    starts[: len(guesses)] = guesses
    ends, converged = _deflated(traced.problem, jnp.asarray(starts), jnp.asarray(roots), jnp.asarray(p), traced.bounds)
    return [np.append(y, p) for y, good in zip(np.asarray(ends), np.asarray(converged), strict=True) if good]


@compiled
def _polished(problem: Equilibria, y: Any, p: Any) -> tuple[Any, Any]:
    """The state of rest near `y`."""
    return _newton(problem, y, jnp.full((1, y.size), _FAR) * problem.scale, p)


@compiled
def _deflated(problem: Equilibria, starts: Any, roots: Any, p: Any, bounds: Bounds) -> tuple[Any, Any]:
    """Ends of Newton's method from each start, and whether they are new solutions within the bounds."""
    ends, good = jax.lax.map(lambda y: _newton(problem, y, roots, p), starts)
    inside = jnp.all((ends >= bounds.low[:-1]) & (ends <= bounds.high[:-1]), axis=1)
    return ends, good & inside


def _newton(problem: Equilibria, y: Any, roots: Any, p: Any) -> tuple[Any, Any]:
    scale = problem.scale

    def rate(x: Any) -> Any:
        return problem.residual(jnp.append(x * scale, p)) / scale

    def log_factor(x: Any) -> Any:
        return jnp.sum(jnp.log1p(1 / jnp.sum((x - roots / scale) ** 2, axis=1)))

    def unfinished(carry: Any) -> Any:
        _, length, count = carry
        return (count < _STEPS) & (length > _TOL)

    def step(carry: Any) -> Any:
        x, _, count = carry
        d = -jnp.linalg.solve(jax.jacfwd(rate)(x), rate(x))
        d = d / (1 - jnp.sum(jax.grad(log_factor)(x) * d))
        length = jnp.linalg.norm(d)
        return x + d * jnp.minimum(1.0, _LONGEST / length), jnp.where(jnp.isfinite(length), length, jnp.nan), count + 1

    x, length, _ = jax.lax.while_loop(unfinished, step, (y / scale, jnp.asarray(jnp.inf), jnp.asarray(0)))
    return x * scale, length <= _TOL
