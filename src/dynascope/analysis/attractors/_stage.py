"""Where many starts are run at once and watched through the same few coordinates."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._types import Key, State
from ...systems import AbstractSystem, Variable, kind
from .._as_map import Stepped, as_map
from ._crowd import crowd
from ._ensemble import sight

#: Beyond this many coordinates states are watched in the principal subspace of the activity, of this dimension.
_PRINCIPAL = 16
#: Quantiles between which the ensemble lies.
_BULK = (0.005, 0.995)
#: Solver steps per period of a forcing, at least.
_PER_PERIOD = 32
#: Up to so many states are filled up to a power of two.
_FEW = 65_536


class Lens(eqx.Module):
    """The watched coordinates of a flattened present state, each in units of its size in the ensemble.

    Angles become cosine and sine. Beyond 16 coordinates only their projections on the principal subspace of the
    ensemble's activity are kept.

    Attributes:
        straight: Indices of the components that are no angles.
        angles: Indices of those that are.
        rates: 2 pi over the periods of the angles.
        mix: Matrix from coordinates to watched ones, scaling included.
        turns: Whether angles are taken relative to their mean direction, because the rule does not change when all
            turn together.
    """

    straight: jax.Array
    angles: jax.Array
    rates: jax.Array
    mix: jax.Array
    turns: bool = eqx.field(static=True)
    plain: bool = eqx.field(static=True)

    def raw(self, flat: jax.Array) -> jax.Array:
        """The coordinates before scaling."""
        if self.plain:
            return flat
        phases = flat[self.angles] * self.rates
        if self.turns:
            phases = phases - jnp.arctan2(jnp.sum(jnp.sin(phases)), jnp.sum(jnp.cos(phases)))
        return jnp.concatenate([flat[self.straight], jnp.cos(phases), jnp.sin(phases)])

    def __call__(self, flat: jax.Array) -> jax.Array:
        """The watched coordinates, shape `(k,)`."""
        raw = self.raw(flat)
        return raw * self.mix if self.mix.ndim == 1 else raw @ self.mix


class Stage(eqx.Module):
    """A system, ready to be run from many starts.

    Attributes:
        stepped: The system as a map.
        lens: What is seen of a state.
        unit: Steps of the map between two looks, or a multiple of it: the period of a forcing, else 1.
        sizes: Size of each component of the flattened present state in the ensemble.
        extent: Size of the region of starts in each component.
    """

    stepped: Stepped
    lens: Lens
    unit: int = eqx.field(static=True)
    sizes: np.ndarray
    extent: np.ndarray

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Names and topology of the present state."""
        return self.stepped.variables()

    @property
    def discrete(self) -> bool:
        """Whether the state has components that jump between values."""
        return any(v.topology == "discrete" for v in self.variables)

    @property
    def iterated(self) -> bool:
        """Whether the system is a map of its own, not a flow that is stepped."""
        return kind(self.stepped.system) in ("map", "random map") and self.stepped.work == 1

    @property
    def step_time(self) -> float:
        """Time of one look's worth of steps."""
        return float(self.stepped.dt) * self.unit

    def carries(self, flats: np.ndarray) -> Any:
        """Packed full states of flattened present ones, shape `(start, d)`; a history is constant."""
        count = len(flats)
        # Few different sizes, so that few programs are compiled.
        size = max(8, 1 << (count - 1).bit_length()) if 0 < count <= _FEW else count
        many = np.concatenate([flats, np.repeat(flats[:1], size - count, axis=0)]) if size > count else flats
        return jax.tree.map(lambda leaf: np.asarray(leaf)[:count], _packed(self.stepped, jnp.asarray(many)))

    def presents(self, carries: Any) -> np.ndarray:
        """Flattened present states of packed full ones."""
        return np.asarray(_presents(self.stepped, carries))

    def seen(self, flats: np.ndarray) -> np.ndarray:
        """Watched coordinates of flattened present states, shape `(..., d)`."""
        flats = np.asarray(flats, float)
        if flats.size == 0:
            return np.zeros((*flats.shape[:-1], self.lens.mix.shape[-1]))
        many = jnp.asarray(flats.reshape(-1, flats.shape[-1]))
        return np.asarray(_looked(self.lens, many)).reshape(*flats.shape[:-1], -1)

    def run(self, carries: Any, position: int, strides: np.ndarray) -> tuple[Any, np.ndarray]:
        """Advance and look after each of `strides` (in units of the stage).

        Returns:
            The packed full states at the end, and what was seen, shape `(start, time, k)`.
        """
        steps = jnp.asarray(strides, jnp.int32) * self.unit
        ends, seen = _run(self.stepped, self.lens, carries, jnp.asarray(position, jnp.int32), steps)
        # On the host, where states are picked and joined at no cost.
        return jax.tree.map(np.asarray, ends), np.stack([np.asarray(x).T for x in seen], axis=-1)

    def displaced(self, carries: Any, shifts: np.ndarray) -> Any:
        """Packed full states moved by `shifts`, shape `(start, d)`; histories are moved as a whole."""
        return jax.tree.map(np.asarray, _displaced(self.stepped, carries, jnp.asarray(shifts)))


def staged(
    system: AbstractSystem,
    starts: np.ndarray,
    *,
    extent: np.ndarray,
    inputs: Any = None,
    key: Key,
    solver: Any = None,
) -> Stage:
    """`system` on a stage whose lens is made from a short run of the flattened `starts`.

    A forced system is looked at once per period of its forcing; the step of its solver is shortened to divide it.
    """
    of_noise, of_sight = jax.random.split(key)
    period = system.forcing_period()
    stepped = as_map(system, None, inputs=inputs, key=of_noise, solver=solver)
    unit = 1
    if period is not None and kind(system) in ("flow", "sde"):
        unit = max(_PER_PERIOD, int(np.ceil(float(period) / float(stepped.dt) - 1e-9)))
        solver = eqx.tree_at(lambda s: s.dt, stepped.solver, jnp.asarray(float(period) / unit))
        stepped = as_map(system, None, inputs=inputs, key=of_noise, solver=solver)
    elif period is not None and kind(system) in ("map", "random map"):
        unit = max(1, round(float(period)))
    variables = stepped.variables()
    circle = np.array([v.topology == "circle" for v in variables])
    rates = np.array([2 * np.pi / v.period for v in variables if v.topology == "circle"])
    turns = bool(circle.any()) and sight(stepped, len(variables), of_sight).turns
    lens = Lens(
        straight=jnp.asarray(np.flatnonzero(~circle)),
        angles=jnp.asarray(np.flatnonzero(circle)),
        rates=jnp.asarray(rates),
        mix=jnp.ones(len(variables) + int(circle.sum())),
        turns=turns,
        plain=not circle.any(),
    )
    rough = Stage(stepped, lens, unit, np.ones(len(variables)), extent)
    return _focused(rough, starts, circle)


def _focused(rough: Stage, starts: np.ndarray, circle: np.ndarray) -> Stage:
    """The stage with its coordinates scaled by what a short run covers, and projected where there are many."""
    looks = 64
    _, seen = rough.run(rough.carries(starts), 0, np.full(looks, 4))
    first = rough.seen(starts)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        fine = np.all(np.isfinite(seen), axis=(1, 2)) & np.all(
            np.abs(seen) < 1e3 * (1 + np.abs(first).max(axis=(0, 1))), axis=(1, 2)
        )
    cloud = np.concatenate([first, seen], axis=1)[fine] if fine.any() else first
    flat = cloud.reshape(-1, cloud.shape[-1])
    # A few starts that are thrown far for a moment do not make the ensemble large.
    cover = np.maximum(np.ptp(first, axis=(0, 1)), np.ptp(np.quantile(flat, _BULK, axis=0), axis=0))
    straight = np.flatnonzero(~circle)
    cover[: len(straight)] = np.maximum(cover[: len(straight)], 1e-6 * rough.extent[straight])
    cover[len(straight) :] = 2.0
    size = np.where(cover > 1e-12, cover, max(float(cover.max()), 1.0))
    sizes = np.ones(len(circle))
    sizes[straight] = size[: len(straight)]
    mix = 1 / size
    if len(size) > _PRINCIPAL:
        # What differs late is what tells attractors apart, so the second half decides.
        late = cloud[:, cloud.shape[1] // 2 :].reshape(-1, len(size))
        some = late[:: max(1, len(late) // 4096)]
        _, spread, rows = np.linalg.svd(some - some.mean(axis=0), full_matrices=False)
        size = 4 * float(spread[0]) / np.sqrt(len(some)) if spread[0] > 0 else 1.0
        mix = rows[:_PRINCIPAL].T / size
        sizes = np.full(len(circle), size)
    return eqx.tree_at(lambda s: (s.lens.mix, s.sizes), rough, (jnp.asarray(mix), sizes))


def lifted(y: State, template: State) -> State:
    """A start as a full state: constant history for delay flows, itself otherwise."""
    if jax.tree.structure(y) == jax.tree.structure(template) and jax.tree.map(jnp.shape, y) == jax.tree.map(
        jnp.shape, template
    ):
        return y
    flat, _ = ravel_pytree(y)
    return jnp.tile(flat, (template.shape[0], 1))  # type: ignore[union-attr]


def _full(stepped: Stepped, flat: jax.Array) -> State:
    """The full state of a flattened present one."""
    own, unravel = ravel_pytree(stepped.template)
    return unravel(flat) if own.size == flat.size else lifted(flat, stepped.template)


@compiled
def _packed(stepped: Stepped, flats: jax.Array) -> Any:
    return jax.vmap(lambda f: stepped.packing().pack(_full(stepped, f)))(flats)


@compiled
def _presents(stepped: Stepped, carries: Any) -> jax.Array:
    return jax.vmap(lambda c: stepped.present(stepped.packing().unpack(c)))(carries)


@compiled
def _looked(lens: Lens, flats: jax.Array) -> jax.Array:
    return jax.vmap(lens)(flats)


@compiled
def _displaced(stepped: Stepped, carries: Any, shifts: jax.Array) -> Any:
    packed = stepped.packing()

    def one(c: Any, shift: jax.Array) -> Any:
        own, unravel = ravel_pytree(packed.unpack(c))
        return packed.pack(unravel(own + jnp.tile(shift, own.size // shift.size)))

    return jax.vmap(one)(carries, shifts)


@compiled
def _run(stepped: Stepped, lens: Lens, carries: Any, first: Any, strides: Any) -> Any:
    many = crowd(stepped, lens)

    def look(carry: Any, stride: Any) -> Any:
        c, i = carry
        c = jax.lax.fori_loop(0, stride, lambda j, s: many.step(i + j, s), c)
        return (c, i + stride), many.seen(c)

    (c, _), seen = jax.lax.scan(look, (many.entered(carries), first), strides)
    return many.left(c), seen
