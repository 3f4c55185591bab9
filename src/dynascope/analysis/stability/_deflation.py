"""Fixed points that no start has led to: Newton's method kept away from those already known."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import InputError
from ..._types import Key, State
from ...systems import Box, dimension, state_variables
from .._region import start_region
from ._classify import gaps
from ._descent import damped_step, relative_size
from ._frozen import Frozen
from ._missed import Missed
from ._searches import Search, flattened, given_states, polished

#: Newton's method without deflation has to begin this near to a root of the deflated system, in relative residuals.
_NEAR = 1e-5
#: Roots stand this far away, in widths of the region, where there are none.
_FAR = 1e9
#: Starts beside known points lie between these distances from them, in widths of the region.
_BESIDE = (1e-4, 0.1)


class Deflated(eqx.Module):
    r"""Newton's method in rounds, each of which is kept away from what the rounds before have found.

    The first round is that of `Newton`: many starts at once. Each following one solves $M(y) F(y) = 0$ from starts of
    its own, half of them anywhere in the region and half beside known points, where

    $M(y) = \prod_k \left(1 + |y - y_k|^{-p}\right)$

    over the points $y_k$ known so far, in units of the region. M grows without bound at each of them, so that none
    attracts any longer, and is 1 far away; zeros of F that are not among them stay zeros. New ones are polished without
    M. Exponents p take turns: p = 1 tells apart points that lie close together in one direction, p = 2 also keeps away
    from double zeros. The search ends where a round with each has found nothing new. It finds points that attract few
    starts under Newton's method, and proves nothing, as all random searches.

    Args:
        starts: Starts of each round; None takes 256, beyond dimension 16 it takes 64.
        rounds: Rounds at most, the first included.
        most: The search ends where it knows so many points: they may fill a continuum.
        powers: The exponents p, 1 or more each.
        max_steps: Steps per start.
        tol: Largest residual, relative to the size of the terms that cancel in it.
        merge: Points closer than this, relative to the size of the region, are one.

    Reference:
        Brown & Gearhart (1971), Deflation techniques for the calculation of further solutions of a nonlinear system,
        Numerische Mathematik 16, 334-342; Farrell, Birkisson & Funke (2015), Deflation techniques for finding distinct
        solutions of nonlinear partial differential equations, SIAM Journal on Scientific Computing 37, A2026-A2045.
    """

    starts: int | None = eqx.field(static=True, default=None)
    rounds: int = eqx.field(static=True, default=10)
    most: int = eqx.field(static=True, default=256)
    powers: tuple[float, ...] = eqx.field(static=True, default=(1.0, 2.0))
    max_steps: int = eqx.field(static=True, default=100)
    tol: float = eqx.field(static=True, default=1e-10)
    merge: float = eqx.field(static=True, default=1e-6)

    def __check_init__(self) -> None:
        counts = (self.rounds, self.most, 1 if self.starts is None else self.starts)
        if min(counts) < 1 or not self.powers or not all(p >= 1 for p in self.powers):
            raise InputError(
                "`Deflated` needs `starts`, `rounds`, `most` and all of `powers` to be at least 1, got "
                f"{self.starts}, {self.rounds}, {self.most} and {self.powers}."
            )


def by_deflation(frozen: Frozen, region: Box | None, starts: State, key: Key, method: Deflated) -> Search:
    """Newton's method from random starts and from `starts`, then with what is known deflated, until nothing is new."""
    system = frozen.system
    box, source = start_region(system, region, inputs=frozen.u, key=key)
    count = method.starts if method.starts is not None else 256 if dimension(system) <= 16 else 64
    keys = jax.random.split(key, method.rounds)
    # The first round is the whole search of `Newton` with the same key.
    flats = flattened(box.sample(key, count))
    if starts is not None:
        flats = np.concatenate([flats, given_states(frozen, starts)])
    scale = np.asarray(jnp.maximum(ravel_pytree(box.high)[0] - ravel_pytree(box.low)[0], 1e-9))
    states, errors, hits, sound = polished(frozen, flats, scale, method, None)
    total, rounds, empty, chance = len(flats), 1, 0, None
    while rounds < method.rounds and len(states) < method.most and empty < len(method.powers):
        power = method.powers[(rounds - 1) % len(method.powers)]
        begun = _beside(states, flattened(box.sample(keys[rounds], count)), scale, keys[rounds])
        new, new_errors, new_hits = _round(frozen, (begun, states), scale, power, method)
        total, rounds, empty = total + len(begun), rounds + 1, 0 if len(new) else empty + 1
        chance = _of_round(new_hits, len(begun))
        states, errors = np.concatenate([states, new]), np.concatenate([errors, new_errors])
        hits = np.concatenate([hits, new_hits])
    nothing = np.zeros((0, scale.size))
    said = _told(rounds, count, len(states) >= method.most, chance)
    return Search(states, errors, hits, nothing, nothing, scale, total, sound, source, chance, said)


def _beside(states: np.ndarray, flats: np.ndarray, scale: np.ndarray, key: Key) -> np.ndarray:
    """The starts with every second one moved beside a known point, at a distance of any order of size."""
    if not len(states):
        return flats
    some = np.array(flats)
    aim, how_far, which = (jax.random.fold_in(key, i) for i in range(3))
    half = some[::2].shape
    low, high = np.log(_BESIDE)
    away = np.exp(np.asarray(jax.random.uniform(how_far, (half[0], 1), minval=low, maxval=high)))
    towards = np.asarray(jax.random.normal(aim, half))
    chosen = np.asarray(jax.random.randint(which, (half[0],), 0, len(states)))
    some[::2] = states[chosen] + scale * away * towards / np.linalg.norm(towards, axis=1, keepdims=True)
    return some


def _round(
    frozen: Frozen, places: tuple[np.ndarray, np.ndarray], scale: np.ndarray, power: float, method: Deflated
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a round finds beside the known points, from starts and known points: states, errors and hits."""
    flats, known = places
    # One size for many, so that one program does for all rounds.
    size = 8 * -(-max(len(known), 1) // 8)
    roots = np.full((size, scale.size), np.nan)
    roots[: len(known)] = known
    found = deflated_newton(
        frozen, jnp.asarray(flats), jnp.asarray(roots), jnp.asarray(scale), jnp.asarray(power), method.max_steps
    )
    ends, residuals = (np.asarray(x) for x in found)
    near = ends[np.all(np.isfinite(ends), axis=1) & (residuals <= _NEAR)]
    # As many starts as before, so that nothing compiles anew; copies of one add nothing.
    if not len(near):
        return near, np.zeros(0), np.zeros(0, int)
    padded = np.concatenate([near, np.repeat(near[:1], len(flats) - len(near), axis=0)])
    weights = np.append(np.ones(len(near), int), np.zeros(len(flats) - len(near), int))
    states, errors, hits, _ = polished(frozen, padded, scale, method, weights)
    variables = state_variables(frozen.system)
    new = [not len(known) or gaps(known, s, scale=scale, variables=variables).min() >= method.merge for s in states]
    keep = np.array(new, bool)
    return states[keep], errors[keep], hits[keep]


def _of_round(hits: np.ndarray, starts: int) -> Missed:
    """The chance that one more start of a round finds something new: the share of the round's own that did."""
    share = int(hits.sum()) / starts
    return Missed(share, max(float(np.sqrt(share * (1 - share) / starts)), 1 / starts), float(len(hits)))


def _told(rounds: int, starts: int, full: bool, chance: Missed | None) -> str:
    """A sentence on how complete the search is."""
    if full:
        return "The search stopped at `most` points; there may be more, or they fill a continuum."
    if chance is None:
        return ""
    if chance.share > 0:
        return f"The last of {rounds} rounds still found new ones. Raise `rounds` of `Deflated`."
    return (
        f"With all of these deflated, {starts} starts found no other: another one would with a chance below about "
        f"{chance.stderr:.1g}."
    )


@compiled
def deflated_newton(frozen: Frozen, flats: Any, roots: Any, scale: Any, power: Any, max_steps: Any) -> tuple[Any, Any]:
    """Ends and relative residuals of damped Newton steps on M F from each of `flats`; rows of NaN are no `roots`."""
    d = scale.size
    jacobian = jax.jacfwd(frozen.residual)
    turns = frozen.turns()

    def log_factor(y: Any) -> Any:
        off = y - jnp.where(jnp.isnan(roots), y + _FAR * scale, roots)
        # On circles chords, which know no turns.
        on = jnp.where(jnp.isfinite(turns), turns, 1.0) / jnp.pi
        off = jnp.where(jnp.isfinite(turns), on * jnp.sin(off / on), off)
        return jnp.sum(jnp.log1p(jnp.sum((off / scale) ** 2, axis=1) ** (-power / 2)))

    slope = jax.grad(log_factor)

    def merit(y: Any, r: Any) -> Any:
        return jnp.log(jnp.sum(r**2)) / 2 + log_factor(y)

    def solve(flat: Any) -> Any:
        def one(carry: Any) -> Any:
            y, r, best, damping, count, _ = carry
            # The Jacobian of M F, but for the factor M, which a step does not see.
            new, length = damped_step(jacobian(y) + jnp.outer(r, slope(y)), scale, y, r, damping)
            r_new = frozen.residual(new)
            now = merit(new, r_new)
            better = now < best
            y, r, best = jnp.where(better, new, y), jnp.where(better, r_new, r), jnp.where(better, now, best)
            damping = jnp.clip(jnp.where(better, damping / 10, damping * 10), 1e-12, 1e6)
            done = (length < 1e-12) | (~better & (damping >= 1e6)) | (jnp.max(jnp.abs(r)) == 0)
            return y, r, best, damping, count + 1, done

        def unfinished(carry: Any) -> Any:
            return (carry[-2] < max_steps) & ~carry[-1]

        r0 = frozen.residual(flat)
        start = (flat, r0, merit(flat, r0), jnp.asarray(1e-3, flat.dtype), 0, jnp.asarray(False))
        y, r, *_ = jax.lax.while_loop(unfinished, one, start)
        return y, relative_size(jacobian(y), scale, y, r)

    return jax.lax.map(solve, flats, batch_size=max(1, min(flats.shape[0], 2_000_000 // (d * d + 1))))
