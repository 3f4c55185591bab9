"""Series of settled motion, and pushes and pairs of starts: the runs that attributes are read from."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.spatial import KDTree

from ..._compile import compiled
from ...systems import AbstractSystem, Box, Variable, kind
from .._as_map import Stepped, as_map
from .._verdict import Evidence
from ._attributes import Array, Sign, bursting, extrema, frequencies, intermittent, mixed_mode

#: Samples of a series, solver steps between two of them in a flow, and by how much longer a slow motion is watched.
_SAMPLES, _EVERY, _LONGER = 32_768, 2, 8
#: Maxima that a series should show, and iterates that may tell intermittency.
_MAXIMA, _ITERATES = 24, 200
#: Dimension up to which states of rest are pushed; sizes of pushes in units of the region, and their number.
_PUSHED, _PUSHES, _SIZES = 8, (0.01, 1.0), 48
#: Solver steps after a push; distance, in units of the region, within which it has come back.
_AFTER, _RETURNED = 20_000, 1e-2
#: A push is answered all at once where the response grows by this factor between neighbouring sizes (a tenth apart) to
#: at least so many times the push; pushes up to so much larger come back as well.
_JUMP, _LARGER, _BEYOND = 1.6, 1.5, 1.3
#: Dimension up to which transients are examined, pairs of starts, looks at each, solver steps and iterations between.
_SMALL, _PAIRS, _LOOKS, _STRIDE, _STRIDE_MAP = 16, 128, 1024, 16, 1
#: Distance of a pair in units of the region, its growth that tells chaos, and the share of starts that must show it.
_APART, _GROWTH, _SHARE = 1e-9, 1e5, 0.2
#: A start has settled within this distance of the attractors; it is gone when this many regions away.
_NEAR, _GONE = 0.03, 3.0


def of_motion(
    system: AbstractSystem, carry: Any, regime: str, *, watched: str | None, inputs: Any, solver: Any
) -> list[Sign]:
    """Attributes of settled motion: mixed modes and bursts of flows, intermittency of chaos, frequencies of a torus.

    Args:
        system: A flow or a map; of other kinds nothing is said.
        carry: A state on the attractor.
        regime: What it is.
        watched: Name of the component to watch; None takes the first.
        inputs: Input signal.
        solver: Fixed-step solver.
    """
    found = kind(system)
    if found not in ("flow", "map") or regime not in ("limit cycle", "chaos", "hyperchaos", "torus"):
        return []
    stepped = as_map(system, carry, inputs=inputs, solver=solver)
    names = [v.name for v in stepped.variables()]
    which = names.index(watched) if watched in names else 0
    every = 1 if found == "map" else _EVERY
    x, end = _series(stepped, carry, every)
    if found == "flow" and len(extrema(_coordinate(x, which, stepped.variables())).at) < _MAXIMA:
        every *= _LONGER
        x, _ = _series(stepped, end, every)
    line, t = _coordinate(x, which, stepped.variables()), every * float(stepped.dt) * np.arange(len(x))
    if not np.all(np.isfinite(x)) or np.ptp(line) == 0:
        return []
    if regime == "torus":
        return [s for s in [frequencies(line, every * float(stepped.dt), system.time_unit)] if s is not None]
    signs = [mixed_mode(line), bursting(t, line)] if found == "flow" else []
    if regime == "chaos":
        turns = x if found == "map" else extrema(line).values[:, None]
        signs.append(intermittent(turns) if len(turns) >= _ITERATES else None)
    return [s for s in signs if s is not None]


def _coordinate(x: Array, which: int, variables: tuple[Variable, ...]) -> Array:
    """One component of a series; of an angle its cosine."""
    if variables[which].topology == "circle":
        return np.cos(2 * np.pi * x[:, which] / variables[which].period)
    return x[:, which]


def _series(stepped: Stepped, carry: Any, every: int) -> tuple[Array, Any]:
    seen, end = _run(stepped, jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], carry), jnp.asarray(every), _SAMPLES)
    return np.asarray(seen[0]), jax.tree.map(lambda leaf: leaf[0], end)


@compiled
def _run(stepped: Stepped, starts: Any, every: Any, looks: int) -> tuple[jax.Array, Any]:
    """Flattened states of many starts, `every` steps apart, shape `(start, look, d)`, and the last states."""
    packed = stepped.packing()
    step = stepped.stepper(packed)

    def one(y: Any) -> Any:
        def look(carry: Any, _: Any) -> Any:
            c, i = carry
            c = jax.lax.fori_loop(0, every, lambda j, s: step(i + j, s), c)
            return (c, i + every), ravel_pytree(packed.unpack(c))[0]

        (c, _), seen = jax.lax.scan(look, (packed.pack(y), jnp.zeros_like(every)), None, length=looks)
        return seen, packed.unpack(c)

    return jax.vmap(one)(starts)


def excitable(system: AbstractSystem, rest: Array, box: Box, *, inputs: Any, solver: Any) -> Sign | None:
    """`excitable`: some pushes off rest are answered all at once by a large excursion that comes back.

    A flow at rest is pushed along each component, both ways, by 48 sizes a tenth apart. Somewhere the largest distance
    from rest must grow by 60 % from one size to the next, to 1.5 times the push at least, and all pushes up to 30 %
    larger must come back to the same place. A linear system answers in proportion to the push.
    """
    d = len(rest)
    if kind(system) != "flow" or d > _PUSHED:
        return None
    extent = np.asarray(ravel_pytree(box.high)[0]) - np.asarray(ravel_pytree(box.low)[0])
    extent = np.where(extent > 0, extent, 1.0)
    sizes = np.geomspace(*_PUSHES, _SIZES)
    ways = np.concatenate([np.eye(d), -np.eye(d)])
    flats = rest + (ways[:, None] * sizes[None, :, None] * extent).reshape(-1, d)
    stepped = as_map(system, None, inputs=inputs, solver=solver)
    periods = np.array([v.period if v.topology == "circle" else np.inf for v in stepped.variables()])
    far, last = _responses(
        stepped, *(jnp.asarray(a, float) for a in (flats, rest, extent, np.where(np.isfinite(periods), periods, 0.0)))
    )
    far, last = np.asarray(far).reshape(2 * d, _SIZES), np.asarray(last).reshape(2 * d, _SIZES)
    back = np.isfinite(far) & (last < _RETURNED)
    for w in range(2 * d):
        for k in range(_SIZES - 1):
            beyond = sizes <= _BEYOND * sizes[k + 1]
            jump = far[w, k + 1] > _JUMP * far[w, k] and far[w, k + 1] > _LARGER * sizes[k + 1]
            if jump and np.all(back[w][beyond]):
                i = w % d
                name, size = stepped.variables()[i].name, float(sizes[k + 1] * extent[i]) * (1 if w < d else -1)
                meaning = (
                    f"Pushed off rest by {size:.3g} in {name} it makes an excursion {far[w, k + 1] / far[w, k]:.3g} "
                    "times as large as after a push a tenth smaller, and comes back."
                )
                error = float(abs(size) * (1 - sizes[k] / sizes[k + 1]))
                return Sign("excitable", Evidence(f"threshold of a push in {name}", size, error, meaning))
    return None


@compiled
def _responses(stepped: Stepped, flats: Any, rest: Any, extent: Any, periods: Any) -> tuple[jax.Array, jax.Array]:
    """Largest and last distance from rest of each start, in units of the region."""
    packed = stepped.packing()
    step = stepped.stepper(packed)
    _, unravel = ravel_pytree(stepped.template)

    def away(c: Any) -> Any:
        gap = ravel_pytree(packed.unpack(c))[0] - rest
        turn = jnp.where(periods > 0, periods, 1.0)
        gap = jnp.where(periods > 0, jnp.mod(gap + turn / 2, turn) - turn / 2, gap)
        return jnp.max(jnp.abs(gap) / extent)

    def one(flat: Any) -> Any:
        def body(i: Any, carry: Any) -> Any:
            c, far = carry
            c = step(i, c)
            return c, jnp.maximum(far, away(c))

        c = packed.pack(unravel(flat))
        c, far = jax.lax.fori_loop(0, _AFTER, body, (c, away(c)))
        return far, away(c)

    return jax.vmap(one)(flats)


def transient_chaos(
    system: AbstractSystem, carries: tuple[Any, ...], box: Box, *, inputs: Any, solver: Any, key: Any
) -> Sign | None:
    """`transient chaos`: before they settle, many starts part from a neighbour by a factor of 10^5.

    Of 128 pairs of starts 10^-9 of the region apart, at least a fifth must part by that factor while within the region
    and not yet at the attractors. The lifetime is the mean time that those still on their way at half of all need from
    then on.

    Args:
        system: A flow or a map without noise, none of whose attractors is chaotic.
        carries: States on all attractors.
        box: Region of starts.
        inputs: Input signal.
        solver: Fixed-step solver.
        key: Random key.
    """
    low, high = (np.asarray(ravel_pytree(c)[0], float) for c in (box.low, box.high))
    if kind(system) not in ("flow", "map") or len(low) > _SMALL:
        return None
    stepped = as_map(system, None, inputs=inputs, solver=solver)
    extent = np.where(high > low, high - low, 1.0)
    _, unravel = ravel_pytree(stepped.template)
    starts = np.asarray(jax.vmap(lambda y: ravel_pytree(y)[0])(box.sample(key, _PAIRS)), float)
    both = jax.vmap(unravel)(jnp.asarray(np.concatenate([starts, starts + _APART * extent])))
    every = _STRIDE_MAP if kind(system) == "map" else _STRIDE
    clouds = [_series(stepped, c, every)[0][-4096:] for c in carries]
    times, growth = np.full(_PAIRS, np.inf), np.zeros(_PAIRS)
    for attempt in range(2):
        every *= _LONGER if attempt else 1
        seen, _ = _run(stepped, both, jnp.asarray(every), _LOOKS)
        times, growth = _fates(np.asarray(seen), clouds, (low + high) / 2, extent, stepped.variables())
        if np.mean(np.isfinite(times)) > 0.75:
            break
    share = float(np.mean(growth > _GROWTH))
    if share < _SHARE:
        return None
    step = every * float(stepped.dt)
    half = float(np.median(np.minimum(times, _LOOKS)))
    late = times > half
    spent, gone = float(np.sum(np.minimum(times[late], _LOOKS) - half)), int(np.sum(np.isfinite(times[late])))
    life = step * spent / max(gone, 1)
    error = float(life / np.sqrt(max(gone, 1)))
    meaning = f"Chaos that ends: {share:.0%} of the starts part from a neighbour by 10^5 before they settle or leave."
    return Sign("transient chaos", Evidence(f"lifetime of chaos ({system.time_unit})", life, error, meaning))


def _fates(
    seen: Array, clouds: list[Array], middle: Array, extent: Array, variables: tuple[Variable, ...]
) -> tuple[Array, Array]:
    """Look from which on each start is at the attractors or gone (infinite if never), and the growth of its pair."""
    circle = np.array([v.topology == "circle" for v in variables])
    rates = np.array([2 * np.pi / v.period if v.topology == "circle" else 0.0 for v in variables])

    def shown(x: Array) -> Array:
        flat = x / extent
        return np.concatenate([flat[..., ~circle], np.cos(x * rates)[..., circle], np.sin(x * rates)[..., circle]], -1)

    first, second = np.split(seen, 2)
    with np.errstate(over="ignore", invalid="ignore"):
        inside = np.all((np.abs(first - middle) < _GONE * extent) | circle, axis=2)
        gap = np.linalg.norm(shown(first) - shown(second), axis=2)
    inside = np.logical_and.accumulate(inside, axis=1)
    near = np.zeros(inside.shape, bool)
    if clouds:
        tree = KDTree(shown(np.concatenate(clouds)))
        near[inside] = tree.query(shown(first[inside]), distance_upper_bound=_NEAR)[0] < _NEAR
    settled = ~inside | near
    # The last look at which it was not settled.
    last = settled.shape[1] - np.argmax(~settled[:, ::-1], axis=1)
    last = np.where(settled.all(axis=1), 0, last)
    times = np.where(last < settled.shape[1], last.astype(float), np.inf)
    looks = np.arange(settled.shape[1])[None]
    growth = np.max(np.where(inside & (looks < last[:, None]), gap, 0.0), axis=1) / (_APART * np.sqrt(len(extent)))
    return times, growth
