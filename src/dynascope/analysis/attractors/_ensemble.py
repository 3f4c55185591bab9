"""Many starts at once: run them until they have settled, and describe where each one stays."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._types import State
from ...systems import kind
from .._as_map import Stepped
from .._blocks import block_error

#: Samples of each window, and the largest number of windows, each preceded by a run twice as long as the last.
_SAMPLES, _ROUNDS = 512, 6
#: Strides at which maps are sampled.
_PRIMES = (11, 13, 17, 23, 31, 43, 61, 83, 127)
#: Windows of systems beyond dimension 8, and beyond 64.
_FEW_ROUNDS, _FEWEST_ROUNDS = 4, 3
#: Solver steps before the first window, and the arithmetic that may be spent on it in large systems.
_FIRST_SKIP, _FIRST_WORK = 20_000, 1.5e8
#: Beyond this dimension windows keep random projections instead of all components.
_KEPT = 32
#: A change of a feature from window to window below this, in units of the scale, is settled.
_SETTLED = 1e-3
#: An excursion below this within a window, in units of the scale, is standing still.
_STILL = 1e-7
#: What the ensemble covers is not believed to be less than this share of the region of starts.
_ROUNDING = 1e-6
#: A run on its way to rest has an excursion below this within a window, in units of the scale.
_SMALL = 0.3
#: A state this many times larger than the region of starts has diverged.
_FAR = 1e6
#: So does one whose mean moves on in one direction by this many regions, at a pace that does not slacken: windows lie
#: twice as far apart each time, so a steady pace doubles the distance between their means.
_AWAY, _PACE = 3.0, 1.5


class Window(eqx.Module):
    """What an ensemble did last.

    Attributes:
        ends: Flattened present states at the end, shape `(start, d)`.
        places: Their kept coordinates in units of `scale`: what tells whether two runs rest at the same place.
        features: Minimum, maximum, mean and standard deviation of each kept coordinate in units of `scale`,
            shape `(start, feature)`.
        errors: Statistical errors of the features.
        spread: Largest excursion of a coordinate within the window, in units of `scale`.
        decays: Whether the excursion is shrinking.
        settled: Whether the features did not change from the window before.
        diverged: Whether the state became infinite, left the region by a factor of 10^6 or drifts away at a steady
            pace.
        middles: Time averages of the kept coordinates, unscaled, shape `(start, kept)`.
        moves: How far they moved since the window before; zero in the first.
        carries: Full states, to start from (for delay flows with their history).
        scale: Size of each kept coordinate.
        skipped: Solver steps run in all.
        turns: Whether states that differ by a common turn of all angles are one.
    """

    ends: np.ndarray
    places: np.ndarray
    features: np.ndarray
    errors: np.ndarray
    spread: np.ndarray
    decays: np.ndarray
    settled: np.ndarray
    diverged: np.ndarray
    middles: np.ndarray
    moves: np.ndarray
    carries: Any
    scale: np.ndarray
    skipped: int
    turns: bool


def settle(stepped: Stepped, starts: State, *, extent: np.ndarray, transient: float | None, key: Any) -> Window:
    """Run all starts until they have settled.

    Args:
        stepped: The system as a map.
        starts: Full states with a leading axis.
        extent: Size of the region of starts in each component of the flattened present state.
        transient: Time before the first window; None takes 20,000 solver steps (fewer in large systems). Every further
            window comes after twice the time of the one before, six in all at most.
        key: Random key of the projections.

    Returns:
        The last window. Runs that never settle are marked so.
    """
    count = jax.tree.leaves(starts)[0].shape[0]
    seen = sight(stepped, extent.size, key)
    skip = _first_skip(stepped, extent.size, count, transient)
    carries, position = jax.vmap(stepped.packing().pack)(starts), jnp.zeros((), jnp.int64)
    window, total = None, 0
    for _ in range(_ROUNDS if extent.size <= 8 else _FEW_ROUNDS if extent.size <= 64 else _FEWEST_ROUNDS):
        stride = _stride(stepped, skip, extent.size)
        carries, position, samples, ends = _watch(stepped, seen, carries, position, skip=skip, stride=stride)
        total += (skip + stride * _SAMPLES) * stepped.work
        window = _described(
            np.asarray(samples), np.asarray(ends), carries, extent, before=window, skipped=total, turns=seen.turns
        )
        if bool(np.all(window.settled | window.diverged)):
            break
        skip *= 2
    return window  # pyright: ignore[reportReturnType]  # at least one round has run


def _first_skip(stepped: Stepped, d: int, count: int, transient: float | None) -> int:
    if transient is not None:
        return max(1, round(transient / float(stepped.dt)))
    steps = _FIRST_SKIP // 10 if _is_iterated(stepped) else _FIRST_SKIP
    affordable = int(_FIRST_WORK / (count * max(d, 8) ** 2))
    return max(4, min(steps, max(affordable, 100)) // stepped.work)


def _stride(stepped: Stepped, skip: int, d: int) -> int:
    """Steps from sample to sample: the window lasts about as long as the run before it.

    The iterates of a map are taken at a prime stride of at least 11: at a stride that its period divides, a cycle would
    look at rest, and at stride 1 slow irregular motion would look settled too soon. Large maps can only afford stride
    1.
    """
    wanted = max(1, skip // _SAMPLES)
    if not _is_iterated(stepped):
        return wanted
    return next(p for p in _PRIMES if p >= wanted or p == _PRIMES[-1]) if d <= 64 else 1


def _is_iterated(stepped: Stepped) -> bool:
    """Whether the system is a map of its own, not one made by integration."""
    return kind(stepped.system) in ("map", "random map") and stepped.work == 1


class Sight(eqx.Module):
    """What is kept of a state: angles as cosine and sine, and beyond 32 coordinates random projections.

    Attributes:
        rates: 2 pi over the period of an angle; 0 for other components.
        mix: Projection matrix, or None.
        turns: Whether the rule does not change when all angles turn together. Then states that differ only by such
            a turn are one: angles are taken relative to their mean direction, which is kept apart as two last
            coordinates that tell motion but not place.
    """

    rates: jax.Array
    mix: jax.Array | None
    turns: bool = eqx.field(static=True)

    def __call__(self, flat: jax.Array) -> jax.Array:
        """The kept coordinates of a flattened present state."""
        straight = self.rates == 0
        angles = flat * self.rates
        direction = jnp.zeros(())
        if self.turns:
            x = jnp.sum(jnp.where(straight, 0.0, jnp.cos(angles)))
            direction = jnp.arctan2(jnp.sum(jnp.sin(angles)), x)
            angles = angles - direction
        whole = jnp.concatenate([jnp.where(straight, flat, jnp.cos(angles)), jnp.where(straight, 0.0, jnp.sin(angles))])
        kept = whole if self.mix is None else whole @ self.mix
        return jnp.append(kept, jnp.stack([jnp.cos(direction), jnp.sin(direction)])) if self.turns else kept


def sight(stepped: Stepped, d: int, key: Any) -> Sight:
    """What to keep of states of dimension `d`."""
    variables = stepped.variables()
    rates = jnp.asarray([2 * np.pi / v.period if v.topology == "circle" else 0.0 for v in variables])
    mix = jax.random.normal(key, (2 * d, _KEPT)) / np.sqrt(d) if d > _KEPT else None
    return Sight(rates, mix, _turns(stepped, rates))


def _turns(stepped: Stepped, rates: jax.Array) -> bool:
    """Whether one step commutes with a turn of all angles by a radian, to rounding."""
    if not bool(jnp.any(rates)):
        return False
    flat, unravel = ravel_pytree(stepped.template)
    shift = jnp.where(rates == 0, 0.0, 1.0 / jnp.where(rates == 0, 1.0, rates))
    packed = stepped.packing()
    step = stepped.stepper(packed)

    @compiled
    def moved(y: jax.Array) -> jax.Array:
        return ravel_pytree(packed.unpack(step(jnp.zeros((), jnp.int32), packed.pack(unravel(y)))))[0]

    return bool(jnp.allclose(moved(flat + shift), moved(flat) + shift, rtol=0, atol=1e-9))


def _watch(stepped: Stepped, seen: Sight, carries: Any, first: Any, *, skip: int, stride: int) -> Any:
    """Run `skip` steps and then take samples, `stride` steps apart."""
    return _watched(stepped, seen, carries, first, jnp.asarray(skip), jnp.asarray(stride))


@compiled
def _watched(stepped: Stepped, seen: Sight, carries: Any, first: Any, skip: Any, stride: Any) -> Any:
    packed = stepped.packing()
    step = stepped.stepper(packed)

    def one(c: Any) -> Any:
        c = jax.lax.fori_loop(0, skip, lambda i, s: step(first + i, s), c)

        def sample(carry: Any, _: Any) -> Any:
            c, i = carry
            c = jax.lax.fori_loop(0, stride, lambda j, s: step(i + j, s), c)
            return (c, i + stride), seen(stepped.present(packed.unpack(c)))

        (c, last), samples = jax.lax.scan(sample, (c, first + skip), None, length=_SAMPLES)
        return c, last, samples, stepped.present(packed.unpack(c))

    carries, last, samples, ends = jax.vmap(one)(carries)
    return carries, last[0], samples, ends


def _described(
    samples: np.ndarray,
    ends: np.ndarray,
    carries: Any,
    extent: np.ndarray,
    *,
    before: Window | None,
    skipped: int,
    turns: bool,
) -> Window:
    direction = np.ptp(samples[:, :, -2:], axis=1).max(axis=1) if turns else 0.0
    samples = samples[:, :, :-2] if turns else samples
    far = np.any(np.abs(ends) > _FAR * (np.abs(extent) + 1), axis=1)
    diverged = far | ~np.all(np.isfinite(samples), axis=(1, 2)) | ~np.all(np.isfinite(ends), axis=1)
    middles = np.where(diverged[:, None, None], 0.0, samples).mean(axis=1)
    moves = np.zeros_like(middles) if before is None else middles - before.middles
    if before is not None:
        onward = (moves * before.moves > 0) & (np.abs(moves) > _PACE * np.abs(before.moves))
        diverged |= np.any(onward & (np.abs(moves) > _AWAY * np.max(np.abs(extent))), axis=1)
    clean = np.where(diverged[:, None, None], 0.0, samples)
    scale = _scale(clean[~diverged], extent) if np.any(~diverged) else np.ones(samples.shape[2])
    scaled = clean / scale
    features = np.concatenate([scaled.min(axis=1), scaled.max(axis=1), scaled.mean(axis=1), scaled.std(axis=1)], axis=1)
    width = scaled.shape[2]
    mean_error = np.stack([block_error(run) for run in scaled])
    std_error = np.stack([block_error(np.abs(run - run.mean(axis=0))) for run in scaled])
    # The extremes of an irregular run fluctuate about as much as its standard deviation is known.
    errors = np.concatenate([4 * std_error, 4 * std_error, mean_error, std_error], axis=1)
    spread = np.maximum(np.ptp(scaled, axis=1).max(axis=1), np.nan_to_num(direction))
    quarters = np.stack([np.ptp(part, axis=1) for part in np.array_split(scaled, 4, axis=1)])
    # Every coordinate, quarter after quarter, and already small: irregular motion does not do that by chance.
    decays = np.all(quarters[1:] < 0.95 * quarters[:-1] + 1e-12, axis=(0, 2)) & (spread < _SMALL)
    settled = spread < _STILL
    if before is not None:
        ratio = before.scale / scale
        change = np.abs(features - before.features * np.tile(ratio, 4))
        slack = _SETTLED + 3 * np.hypot(errors, before.errors)
        settled |= np.all((change <= slack)[:, 2 * width :], axis=1)
        settled &= ~(decays & (spread > _STILL))
    return Window(
        ends=ends,
        places=scaled[:, -1],
        features=features,
        errors=errors,
        spread=spread,
        decays=decays,
        settled=settled,
        diverged=diverged,
        middles=middles,
        moves=moves,
        carries=carries,
        scale=scale,
        skipped=skipped,
        turns=turns,
    )


def _scale(samples: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Size of each kept coordinate: what the ensemble covers, but not less than a thousandth of the largest.

    Nor less than 10^-6 of the region of starts: where all runs have come to one place, what is left is rounding.
    """
    cover = np.ptp(samples.reshape(-1, samples.shape[2]), axis=0)
    size = np.maximum(cover, 1e-3 * np.max(np.abs(samples), axis=(0, 1)))
    plain = samples.shape[2] == 2 * extent.size  # values or cosines, then sines; else projections
    size = np.maximum(size, _ROUNDING * (np.append(extent, np.ones(extent.size)) if plain else np.max(extent)))
    return np.where(size > 1e-12, size, max(float(size.max()), 1.0))
