"""The p-fold iterate of a map with its Jacobian, and what of it does not return."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ...systems import state_variables
from ..stability._frozen import Frozen


class Returned(NamedTuple):
    """What `returning` gives for one state: g(x) = F^p(x) - x, angles the shorter way round, and its Jacobian."""

    gap: Any
    jacobian: Any


class Returning(eqx.Module):
    """A map at one moment, of which states that return after some steps are wanted.

    Args:
        frozen: The map under its input.
        periods: Length of the circle for each component of the state, 0 for a line.
    """

    frozen: Frozen
    periods: Any

    def image(self, flat: Any) -> Any:
        """F(x) on flattened states."""
        return self.frozen.residual(flat) + flat

    def __call__(self, flat: Any, period: Any) -> Returned:
        """G and its Jacobian at `flat` for cycles of `period` steps, which may be a traced number."""
        tangents = jnp.eye(flat.size, dtype=flat.dtype)

        def one(i: Any, carry: Any) -> Any:
            del i
            y, frame = carry
            new, push = jax.linearize(self.image, y)
            return new, jax.vmap(push, in_axes=1, out_axes=1)(frame)

        end, total = jax.lax.fori_loop(0, period, one, (flat, tangents))
        return Returned(shorter_way(end - flat, self.periods), total - tangents)

    def orbit(self, flat: Any, period: int) -> Any:
        """The states x, F(x), ..., F^(p-1)(x)."""

        def one(y: Any, _: None) -> Any:
            return self.image(y), y

        return jax.lax.scan(one, flat, None, length=period)[1]


def returning(frozen: Frozen) -> Returning:
    """The map of `frozen`, with the circles among its variables."""
    variables = state_variables(frozen.system)
    return Returning(frozen, jnp.asarray([v.period if v.topology == "circle" else 0.0 for v in variables]))


def shorter_way(difference: Any, periods: Any) -> Any:
    """Differences of angles between minus and plus half of their circle; others as they are."""
    safe = jnp.where(periods > 0, periods, 1.0)
    return jnp.where(periods > 0, difference - safe * jnp.round(difference / safe), difference)


@compiled
def polished(rule: Returning, points: Any, period: Any) -> tuple[Any, Any, Any]:
    """A few plain Newton steps on g: ends, |g| there, and lengths of the next step."""

    def one(flat: Any) -> Any:
        def step(i: Any, y: Any) -> Any:
            del i
            at = rule(y, period)
            new = y - solved(at.jacobian, at.gap)
            # At the edge of the numbers' accuracy a step may lead away again: it is not taken.
            return jnp.where(jnp.sum(rule(new, period).gap ** 2) <= jnp.sum(at.gap**2), new, y)

        y = jax.lax.fori_loop(0, 8, step, flat)
        at = rule(y, period)
        # Where the Jacobian overflows, any residual would be small beside it.
        sound = jnp.all(jnp.isfinite(at.jacobian))
        return y, jnp.max(jnp.abs(at.gap)), jnp.where(sound, jnp.max(jnp.abs(solved(at.jacobian, at.gap))), jnp.inf)

    return jax.lax.map(one, points, batch_size=2048)


@compiled
def orbits(rule: Returning, points: Any, period: int) -> Any:
    """The orbits of all points, shape `(n, period, d)`."""
    return jax.vmap(lambda y: rule.orbit(y, period))(points)


@compiled
def step_jacobians(rule: Returning, points: Any) -> Any:
    """The Jacobian of one step at each of the points, shape `(..., d, d)`."""
    flat = points.reshape(-1, points.shape[-1])
    return jax.vmap(jax.jacfwd(rule.image))(flat).reshape(*points.shape, points.shape[-1])


def monodromy(jacobians: np.ndarray) -> np.ndarray:
    """The product of the Jacobians along each cycle, shape `(n, period, d, d)` to `(n, d, d)`."""
    total = np.broadcast_to(np.eye(jacobians.shape[-1]), (len(jacobians), *jacobians.shape[-2:])).copy()
    for k in range(jacobians.shape[1]):
        total = jacobians[:, k] @ total
    return total


def solved(matrix: Any, right: Any) -> Any:
    """The solution of a linear system; written out for one and two unknowns, where calling LAPACK takes longer."""
    d = right.shape[0]
    if d == 1:
        return right / matrix[0]
    if d == 2:
        (a, b), (c, e) = matrix
        return jnp.stack([e * right[0] - b * right[1], a * right[1] - c * right[0]]) / (a * e - b * c)
    return jnp.linalg.solve(matrix, right)
