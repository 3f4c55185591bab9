"""Transformations that make unstable cycles of maps stable, so that many starts find them."""

from __future__ import annotations

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._errors import InputError
from ._returning import Returning, solved

#: Matrices beyond which random ones are drawn.
_MATRICES = 64


def signed_permutations(d: int, *, seed: int = 0) -> np.ndarray:
    """Matrices with one entry of +1 or -1 in each row and column, shape `(count, d, d)`.

    All 2^d d! of them up to three dimensions; beyond, 64 random ones, the identity and its negative among them.
    """
    if d <= 3:
        found = []
        for order in itertools.permutations(range(d)):
            for signs in itertools.product((1.0, -1.0), repeat=d):
                found.append(np.eye(d)[list(order)] * np.array(signs)[:, None])
        return np.array(found)
    rng = np.random.default_rng(seed)
    drawn = [np.eye(d)[rng.permutation(d)] * rng.choice([-1.0, 1.0], d)[:, None] for _ in range(_MATRICES - 2)]
    return np.array([np.eye(d), -np.eye(d), *drawn])


class DavidchackLai(eqx.Module):
    r"""Steps that follow a stabilised flow far from a cycle and become Newton's method close to it.

    $x \leftarrow x + [\beta s(x) 1 - C J(x)]^{-1} C g(x)$ with $g = F^p(x) - x$, its Jacobian $J$, $s = |g|$ and signed
    permutation matrices $C$: each cycle is stable for some $C$. Starts are visited states, random ones and the points
    of the next shorter cycles; each draws its $C$, and its $\beta$ from a range, whose inverse is the longest step.

    Args:
        starts: Starts in each round.
        rounds: Rounds at most; they end as soon as every cycle has been met at least twice.
        beta: Range of beta times the width of the region, drawn evenly in the logarithm; None takes 1 to 10 * 2^p.
        max_steps: Steps per start.
        tol: Largest length of the next Newton step, relative to the width of the region.
        merge: Points closer than this, relative to the width of the region, are one.

    Reference:
        Davidchack & Lai (1999), Efficient algorithm for detecting unstable periodic orbits in chaotic systems,
        Physical Review E 60, 6172-6175.
    """

    starts: int = eqx.field(static=True, default=4096)
    rounds: int = eqx.field(static=True, default=16)
    beta: tuple[float, float] | None = eqx.field(static=True, default=None)
    max_steps: int = eqx.field(static=True, default=60)
    tol: float = eqx.field(static=True, default=1e-11)
    merge: float = eqx.field(static=True, default=1e-9)

    def __check_init__(self) -> None:
        _check(self)
        if self.beta is not None and not 0 < self.beta[0] <= self.beta[1]:
            raise InputError(f"`beta` must be a positive range (low, high), got {self.beta}.")

    def strengths(self, period: int, count: int, rng: np.random.Generator) -> np.ndarray:
        """The beta of each start, in units of the inverse width of the region."""
        low, high = self.beta if self.beta is not None else (1.0, 10.0 * 2.0 ** min(period, 40))
        return np.exp(rng.uniform(np.log(low), np.log(high), count))

    def step(self, gap: Any, jacobian: Any, matrix: Any, strength: Any) -> Any:
        """The change of x, in units of the region."""
        damping = strength * jnp.sqrt(jnp.sum(gap**2)) * jnp.eye(gap.size)
        return solved(damping - matrix @ jacobian, matrix @ gap)


class SchmelcherDiakonos(eqx.Module):
    r"""Short steps $x \leftarrow x + \lambda C (F^p(x) - x)$, whose attractors are the cycles that $C$ makes stable.

    The step is `strength` relative to the size of the Jacobian there. Ends are polished by Newton's method. Slower than
    `DavidchackLai`, but no linear system is solved on the way.

    Args:
        strength: Length of a step relative to the one at which it may become unstable, below 1.
        starts: Starts in each round.
        rounds: Rounds at most; they end as soon as every cycle has been met at least twice.
        max_steps: Steps per start.
        tol: Largest length of the next Newton step, relative to the width of the region.
        merge: Points closer than this, relative to the width of the region, are one.

    Reference:
        Schmelcher & Diakonos (1997), Detecting unstable periodic orbits of chaotic dynamical systems, Physical Review
        Letters 78, 4733-4736.
    """

    strength: float = eqx.field(static=True, default=0.5)
    starts: int = eqx.field(static=True, default=1024)
    rounds: int = eqx.field(static=True, default=16)
    max_steps: int = eqx.field(static=True, default=400)
    tol: float = eqx.field(static=True, default=1e-11)
    merge: float = eqx.field(static=True, default=1e-9)

    def __check_init__(self) -> None:
        _check(self)
        if not 0 < self.strength < 1:
            raise InputError(f"`strength` must lie between 0 and 1, got {self.strength}.")

    def strengths(self, period: int, count: int, rng: np.random.Generator) -> np.ndarray:
        """The strength of each start: the same for all."""
        del period, rng
        return np.full(count, self.strength)

    def step(self, gap: Any, jacobian: Any, matrix: Any, strength: Any) -> Any:
        """The change of x, in units of the region."""
        return strength * (matrix @ gap) / (1.0 + jnp.sqrt(jnp.sum(jacobian**2)))


def _check(method: DavidchackLai | SchmelcherDiakonos) -> None:
    if min(method.starts, method.rounds, method.max_steps) < 1:
        raise InputError(
            f"`{type(method).__name__}` needs `starts`, `rounds` and `max_steps` of at least 1, got {method.starts}, "
            f"{method.rounds} and {method.max_steps}."
        )


class Attempts(eqx.Module):
    """Starts of one round: places, matrices C and strengths, one each."""

    places: Any
    matrices: Any
    strengths: Any


@compiled
def stabilised(rule: Returning, attempts: Attempts, method: Any, *, period: Any, centre: Any, scale: Any) -> Any:
    """Where all starts end after the steps of `method`, and whether the map is finite at any start.

    Starts that leave the region far behind end at NaN.
    """

    def one(start: Any, matrix: Any, strength: Any) -> Any:
        def step(carry: Any) -> Any:
            y, count, _ = carry
            at = rule(y, period)
            change = method.step(at.gap / scale, at.jacobian * scale / scale[:, None], matrix, strength)
            new = y + scale * change
            lost = ~jnp.all(jnp.isfinite(new)) | jnp.any(jnp.abs(new - centre) > 10 * scale)
            return jnp.where(lost, jnp.nan, new), count + 1, lost | (jnp.max(jnp.abs(change)) < 1e-12)

        def going(carry: Any) -> Any:
            return (carry[1] < method.max_steps) & ~carry[2]

        return jax.lax.while_loop(going, step, (start, 0, jnp.asarray(False)))[0]

    sound = jnp.any(jnp.isfinite(jax.vmap(rule.image)(attempts.places)))
    return jax.vmap(one)(attempts.places, attempts.matrices, attempts.strengths), sound
