"""Pseudo-arclength continuation: a whole branch as one compiled program."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ._problem import AbstractProblem, length, tangent_at


class ENDS(eqx.Enumeration):
    """Why a branch ends where it does."""

    running = "The branch has not ended yet."
    bound = "The branch reached an end of the parameter's range."
    left = "The branch left the region of states."
    closed = "The branch closed on itself."
    full = "The branch has more points than `max_points` allows. Raise `max_points` of `PseudoArclength`."
    stuck = (
        "The smallest step did not converge: the curve ends or is not smooth here (a division by zero, a threshold). "
        "Narrow the range of the parameter, or lower `smallest` of `PseudoArclength`."
    )
    no_start = "Newton's method did not converge at the start of the branch, or the curve has no tangent there."


class PseudoArclength(eqx.Module):
    """Keller's method: a step along the tangent, then Newton's method in the plane across it.

    The step grows and shrinks with the angle between successive tangents and with the number of Newton steps. Lengths
    are in the metric of the problem, in which 1 is the width of the window looked at.

    Args:
        max_points: Capacity of a branch.
        first: First step.
        smallest: A step that would have to be smaller ends the branch.
        largest: Largest step.
        angle: Angle between successive tangents, in radians, that is aimed at; three times as much is refused.
        tol: Length of a Newton step below which it has converged.
        max_newton: Newton steps per point.

    Reference:
        Keller (1977), Numerical solution of bifurcation and nonlinear eigenvalue problems, in Applications of
        Bifurcation Theory, Academic Press, 359-384.
    """

    max_points: int = eqx.field(static=True, default=400)
    first: float = eqx.field(static=True, default=5e-3)
    smallest: float = eqx.field(static=True, default=1e-9)
    largest: float = eqx.field(static=True, default=0.04)
    angle: float = eqx.field(static=True, default=0.1)
    tol: float = eqx.field(static=True, default=1e-10)
    max_newton: int = eqx.field(static=True, default=8)


class Bounds(eqx.Module):
    """Where to look: `low <= z <= high`; the last entries bound the parameter, on which a branch ends exactly."""

    low: Any
    high: Any


class Path(eqx.Module):
    """A branch as it was followed; entries beyond `count` are not numbers.

    Attributes:
        points: Points z, shape `(max_points, m + 1)`.
        tangents: Unit tangents, of the same shape, along the direction of travel.
        tests: Test functions, shape `(max_points, k)`.
        count: Number of points.
        step: The step that would have been tried next.
        end: Why the branch ends, one of `ENDS`.
    """

    points: Any
    tangents: Any
    tests: Any
    count: Any
    step: Any
    end: Any


class _Walk(eqx.Module):
    """Where the walk is: the last point, its tangent, where it began, the next step, and what was written."""

    z: Any
    tangent: Any
    origin: tuple[Any, Any]
    step: Any
    count: Any
    points: Any
    tangents: Any
    tests: Any
    end: Any


def follow(
    problem: AbstractProblem, z0: Any, direction: Any, method: PseudoArclength | None = None, *, bounds: Bounds
) -> Path:
    r"""A branch of zeros of G from `z0` on, by pseudo-arclength continuation.

    From a point $z$ with unit tangent $t$ the next one solves $G(z') = 0$, $\langle t, z' - z \rangle = h$. The branch
    ends exactly on a bound of the parameter; elsewhere it ends with the first point out of the bounds, on return to
    its start, or where the reason says so. Pure: it may be compiled, and mapped over problems with `vmap`.

    Args:
        problem: What is zero.
        z0: A point near the branch, shape `(m + 1,)`.
        direction: Where to go: a number whose sign is that of the change of the parameter, or a vector of shape
            `(m + 1,)` with which the first tangent makes an acute angle. Newton's method first brings `z0` onto the
            branch, in the plane across this vector (for a number: with the parameter held).
        method: `PseudoArclength(...)`.
        bounds: Bounds of z.

    Returns:
        A `Path`.
    """
    method = PseudoArclength() if method is None else method
    z0 = jnp.asarray(z0)
    direction = jnp.asarray(direction, z0.dtype)
    towards = direction if direction.ndim else jnp.zeros_like(z0).at[-1].set(direction)
    walk = _begun(problem, z0, towards, method)

    def going(now: _Walk) -> Any:
        return now.end == ENDS.running

    def one(now: _Walk) -> _Walk:
        return _advanced(problem, now, method, bounds)

    walk = eqx.internal.while_loop(going, one, walk, kind="lax", buffers=lambda w: (w.points, w.tangents, w.tests))
    return Path(walk.points, walk.tangents, walk.tests, walk.count, walk.step, walk.end)


def correct(problem: AbstractProblem, guess: Any, border: Any, method: PseudoArclength) -> tuple[Any, Any, Any]:
    """The zero of G in the plane through `guess` that `border` is normal to.

    Returns:
        The point, whether Newton's method converged, and the number of its steps.
    """

    def unfinished(carry: Any) -> Any:
        _, _, count, done, failed = carry
        return ~done & ~failed & (count < method.max_newton)

    def one(carry: Any) -> Any:
        z, before, count, _, _ = carry
        off = jnp.append(problem.residual(z), jnp.sum(border * (z - guess)))
        dz = problem.bordered_solve(z, border, -off)
        size = length(problem, dz)
        # Rounding keeps ill-conditioned problems from shorter steps: steps that are small and shrink no more are done.
        floor = (size < 1e3 * method.tol) & (size > 0.2 * before)
        # Beside a branch point steps can be of any length; none that is longer than the window leads anywhere.
        bad = ~jnp.isfinite(size) | (size > 1.0) | ((count > 0) & (size > 2 * before))
        return jnp.where(bad, z, z + dz), size, count + 1, ~bad & ((size <= method.tol) | floor), bad

    start = (guess, jnp.asarray(jnp.inf, guess.dtype), jnp.asarray(0), jnp.asarray(False), jnp.asarray(False))
    z, _, count, done, _ = jax.lax.while_loop(unfinished, one, start)
    return z, done, count


def _begun(problem: AbstractProblem, z0: Any, towards: Any, method: PseudoArclength) -> _Walk:
    """Before the first point, which is found like all others, but in the plane through `z0` across `towards`."""
    tests = jax.eval_shape(problem.tests, z0, z0)
    unit = towards / length(problem, towards)

    def buffer(shape: tuple[int, ...], dtype: Any) -> Any:
        return jnp.full((method.max_points, *shape), jnp.nan, dtype)

    return _Walk(
        z=z0,
        tangent=unit,
        origin=(z0, unit),
        step=jnp.asarray(method.first, z0.dtype),
        count=jnp.asarray(0),
        points=buffer(z0.shape, z0.dtype),
        tangents=buffer(z0.shape, z0.dtype),
        tests=buffer(tests.shape, tests.dtype),
        end=ENDS.running,
    )


def _advanced(problem: AbstractProblem, now: _Walk, method: PseudoArclength, bounds: Bounds) -> _Walk:
    """One step tried: taken, or the step shortened."""
    weights, fresh = problem.weights(), now.count == 0
    # A step that would pass a bound of the parameter is cut to end on it, with the parameter held there.
    step = jnp.where(fresh, 0.0, now.step)
    p, reach = now.z[-1], now.z[-1] + step * now.tangent[-1]
    target = jnp.clip(reach, bounds.low[-1], bounds.high[-1])
    landing = ~fresh & (reach != target)
    step = jnp.where(landing, (target - p) / jnp.where(landing, now.tangent[-1], 1.0), step)
    guess = now.z + step * now.tangent
    guess = guess.at[-1].set(jnp.where(landing, target, guess[-1]))
    hold = jnp.zeros_like(now.z).at[-1].set(jnp.sqrt(weights[-1]))
    z, converged, newton = correct(problem, guess, jnp.where(landing, hold, weights * now.tangent), method)
    z = z.at[-1].set(jnp.where(landing, target, z[-1]))
    tangent = tangent_at(problem, z, now.tangent)
    angle = jnp.arccos(jnp.clip(jnp.sum(weights * tangent * now.tangent), -1.0, 1.0))
    inside = (z[-1] >= bounds.low[-1]) & (z[-1] <= bounds.high[-1])
    # Beside the angle, the chord must keep to the tangent, lest Newton's method leap onto another branch.
    near = length(problem, z - guess) <= 3 * method.angle * step
    sound = converged & jnp.all(jnp.isfinite(tangent))
    taken = sound & (fresh | ((angle <= 3 * method.angle) & inside & near))
    by_angle = method.angle / jnp.maximum(angle, 1e-12)
    by_newton = jnp.where(newton <= 3, 2.0, jnp.where(newton == 4, 1.2, 0.7))
    factor = jnp.where(taken, jnp.clip(jnp.minimum(by_angle, by_newton), 0.5, 2.0), 0.4)
    next_step = jnp.minimum(now.step * jnp.where(fresh, 1.0, factor), method.largest)
    end = _ended(problem, now, (z, tangent, step, next_step, taken, landing), method, bounds)
    return _written(problem, now, (z, tangent, next_step, taken), end)


def _ended(problem: AbstractProblem, now: _Walk, tried: Any, method: PseudoArclength, bounds: Bounds) -> ENDS:
    """Whether the branch ends with the step just tried, and why."""
    z, tangent, step, next_step, taken, landing = tried
    weights, fresh = problem.weights(), now.count == 0
    outside = jnp.any((z < bounds.low) | (z > bounds.high))
    outward = jnp.where(tangent[-1] > 0, z[-1] >= bounds.high[-1], (tangent[-1] < 0) & (z[-1] <= bounds.low[-1]))
    z0, t0 = now.origin
    before, after = (jnp.sum(weights * t0 * problem.gap(x, z0)) for x in (now.z, z))
    home = (before < 0) & (after >= 0) & (length(problem, problem.gap(z, z0)) <= 2 * step) & (now.count > 2)
    home = home & (jnp.sum(weights * t0 * tangent) > 0.5)
    end = ENDS.where(taken & (now.count + 1 >= method.max_points), ENDS.full, ENDS.running)
    end = ENDS.where(~taken & (next_step < method.smallest), ENDS.stuck, end)
    end = ENDS.where(taken & outside, ENDS.left, end)
    end = ENDS.where(taken & home, ENDS.closed, end)
    end = ENDS.where(taken & (landing | (fresh & outward)), ENDS.bound, end)
    return ENDS.where(fresh & ~taken, ENDS.no_start, end)


def _written(problem: AbstractProblem, now: _Walk, tried: Any, end: ENDS) -> _Walk:
    """The walk after a step was tried; a step that was not taken leaves it where it is."""
    z, tangent, next_step, taken = tried
    fresh = now.count == 0
    z, tangent = jnp.where(taken, z, now.z), jnp.where(taken, tangent, now.tangent)
    here = jnp.where(taken, now.count, now.count - 1)
    return _Walk(
        z=z,
        tangent=tangent,
        origin=jax.tree.map(lambda new, old: jnp.where(fresh, new, old), (z, tangent), now.origin),
        step=next_step,
        count=here + 1,
        # Where nothing has been found yet, `here` is -1, and nothing may be written.
        points=now.points.at[here].set(jnp.where(here >= 0, z, jnp.nan)),
        tangents=now.tangents.at[here].set(jnp.where(here >= 0, tangent, jnp.nan)),
        tests=now.tests.at[here].set(jnp.where(here >= 0, problem.tests(z, tangent), jnp.nan)),
        end=end,
    )
