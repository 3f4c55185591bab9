"""Where on a branch a test function vanishes."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ._follow import Path, PseudoArclength, correct
from ._problem import AbstractProblem, tangent_at

#: Steps of the search for a zero in an interval; bisection alone needs 50 for all digits.
_STEPS = 60


class Located(eqx.Module):
    """A zero of a test function on a branch.

    Attributes:
        point: The point z, shape `(m + 1,)`.
        tangent: The unit tangent there.
        tests: All test functions there.
        width: Width of the last interval, in arclength: what the place is uncertain by.
        converged: Whether every point of the search was found.
    """

    point: Any
    tangent: Any
    tests: Any
    width: Any
    converged: Any


def crossings(path: Path) -> Any:
    """Whether each test changes its sign between each point and the next, shape `(max_points - 1, k)`."""
    before, after = path.tests[:-1], path.tests[1:]
    # A zero exactly on a point belongs to the interval that begins there.
    changed = jnp.where(before == 0, (after != 0) & _first(path), before * after < 0)
    inside = jnp.arange(changed.shape[0]) + 1 < path.count
    return changed & inside[:, None]


def _first(path: Path) -> Any:
    """For zeros exactly on a point: whether the sign before them is other than that after, or there is none before."""
    before, after = path.tests[:-1], path.tests[1:]
    earlier = jnp.concatenate([jnp.zeros_like(before[:1]), before[:-1]])
    return earlier * after < 0


def locate(
    problem: AbstractProblem,
    path: Path,
    index: Any,
    which: Any,
    *,
    method: PseudoArclength | None = None,
    tol: float = 1e-13,
) -> Located:
    """The zero of test function `which` between the points `index` and `index + 1` of a branch.

    The points between are those of the branch in the planes across the tangent at `index`; among them the zero is
    bracketed by Chandrupatla's method (inverse quadratic interpolation where it is safe, bisection elsewhere). Pure:
    it may be compiled, and mapped over `index`, `which` and problems.

    Args:
        problem: What was followed.
        path: The branch.
        index: Point before the change of sign.
        which: Number of the test function.
        method: That of the branch.
        tol: Width of the last interval, relative to that of the first.

    Reference:
        Chandrupatla (1997), A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function
        without using derivatives, Advances in Engineering Software 28, 145-149.
    """
    method = PseudoArclength() if method is None else method
    a, b, along = path.points[index], path.points[index + 1], path.tangents[index]
    border = problem.weights() * along
    reach = jnp.sum(border * (b - a))

    def at(share: Any) -> tuple[Any, Any, Any, Any]:
        z, converged, _ = correct(problem, a + share * (b - a), border, method)
        tangent = tangent_at(problem, z, along)
        return z, tangent, problem.tests(z, tangent), converged

    share, width, sound = _zero(
        lambda s: (at(s)[2][which], at(s)[3]), path.tests[index, which], path.tests[index + 1, which], tol
    )
    z, tangent, tests, converged = at(share)
    tangent = jnp.where(jnp.all(jnp.isfinite(tangent)), tangent, along)
    return Located(z, tangent, tests, jnp.abs(width * reach), sound & converged)


def subdivided(
    problem: AbstractProblem, path: Path, index: Any, pieces: int, *, method: PseudoArclength | None = None
) -> Path:
    """The interval between the points `index` and `index + 1` of a branch as a branch of its own, in equal pieces.

    What a step has passed over (two zeros of one test) shows between the finer points. Points that are not found cut it
    short.
    """
    method = PseudoArclength() if method is None else method
    a, b, along = path.points[index], path.points[index + 1], path.tangents[index]

    def at(share: Any) -> tuple[Any, Any, Any, Any]:
        z, converged, _ = correct(problem, a + share * (b - a), problem.weights() * along, method)
        tangent = tangent_at(problem, z, along)
        return z, tangent, problem.tests(z, tangent), converged

    points, tangents, tests, converged = jax.lax.map(at, jnp.linspace(0.0, 1.0, pieces + 1))
    count = jnp.sum(jnp.cumprod(converged))
    return Path(points, tangents, tests, count, path.step, path.end)


def _zero(function: Any, at_zero: Any, at_one: Any, tol: float) -> tuple[Any, Any, Any]:
    """A zero of `function` in [0, 1], where its signs at the ends differ: the place, the last width, and soundness."""

    def unfinished(carry: Any) -> Any:
        (a, b, _), (fa, fb, _), _, count, _ = carry
        return (jnp.abs(b - a) > tol) & (fa != 0) & (fb != 0) & (count < _STEPS)

    def one(carry: Any) -> Any:
        (a, b, _), (fa, fb, _), share, count, sound = carry
        x = a + share * (b - a)
        fx, converged = function(x)
        # Exactly on a branch point the bordered matrix is singular: there is nothing nearer to the zero than that.
        fx = jnp.where(jnp.isfinite(fx), fx, 0.0)
        same = jnp.sign(fx) == jnp.sign(fa)
        c, fc = jnp.where(same, a, b), jnp.where(same, fa, fb)
        b, fb = jnp.where(same, b, a), jnp.where(same, fb, fa)
        a, fa = x, fx
        # Inverse quadratic interpolation through (a, b, c), where that is monotonic.
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        smooth = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
        quadratic = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        least = jnp.minimum(0.5, 0.25 * tol / jnp.abs(b - a))
        share = jnp.where(smooth & jnp.isfinite(quadratic), jnp.clip(quadratic, least, 1 - least), 0.5)
        return (a, b, c), (fa, fb, fc), share, count + 1, sound & converged

    zero = jnp.zeros_like(at_zero)
    start = ((zero, zero + 1, zero), (at_zero, at_one, at_zero), zero + 0.5, jnp.asarray(0), jnp.asarray(True))
    (a, b, _), (fa, fb, _), _, _, sound = jax.lax.while_loop(unfinished, one, start)
    best = jnp.where(jnp.abs(fa) <= jnp.abs(fb), a, b)
    return best, jnp.abs(b - a), sound
