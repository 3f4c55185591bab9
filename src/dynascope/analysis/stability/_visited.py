"""States that a system visits on its way, to start a search for fixed points from."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._types import Key
from ...systems import Box, Constant, is_discrete
from .._as_map import as_map
from ._frozen import Frozen

#: Runs, and solver steps (maps: iterations) that each takes; states are taken after 0, 1, 2, 4, 8, ... steps.
_RUNS, _STEPS, _ITERATIONS = 32, 4096, 512
#: A run ends in infinity if it is this many widths of the box away at last, and got there in the last half of its steps
#: from less than a tenth of that.
_FAR, _GROWTH = 1e4, 10.0


def visited(frozen: Frozen, box: Box, key: Key) -> np.ndarray:
    """Flattened states on runs from random places in `box`, and from the initial state, under the frozen input.

    Of runs that diverge only what lies in the box is kept: states on the way to infinity are no places to rest near,
    and the width of all states is the unit of lengths of the search.

    Returns:
        Shape `(states, d)`.
    """
    stepped = as_map(frozen.system, None, inputs=None if frozen.u is None else Constant(frozen.u))
    begun = jax.tree.map(
        lambda a, b: jnp.concatenate([jnp.asarray(a)[None], b]), frozen.template, box.sample(key, _RUNS - 1)
    )
    most = _ITERATIONS if is_discrete(frozen.system) else _STEPS
    now, count, states = begun, 0, [_flat(begun)]
    low, high = (np.asarray(ravel_pytree(corner)[0], float) for corner in (box.low, box.high))
    while count < most:
        more = max(count, 1)
        now = _run_on(stepped, now, jnp.asarray(count), jnp.asarray(more))
        count += more
        states.append(_flat(now))
    every = np.stack(states)
    sizes = np.max(np.abs(every) / np.maximum(high - low, 1e-9), axis=2)
    lost = ~np.isfinite(sizes[-1]) | ((sizes[-1] > _FAR) & (sizes[-1] > _GROWTH * sizes[-2]))
    keep = np.all(np.isfinite(every), axis=2) & (~lost | np.all((low <= every) & (every <= high), axis=2))
    return every[keep]


def mixtures(states: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` states on the lines between random pairs of `states`: saddles lie between attractors."""
    one, other = rng.integers(0, len(states), (2, count))
    share = rng.random((count, 1))
    return share * states[one] + (1 - share) * states[other]


def _flat(tree: Any) -> np.ndarray:
    return np.asarray(jax.vmap(lambda y: ravel_pytree(y)[0])(tree), float)


@compiled
def _run_on(stepped: Any, states: Any, first: Any, steps: Any) -> Any:
    packed = stepped.packing()
    step = stepped.stepper(packed)

    def one(y: Any) -> Any:
        return packed.unpack(jax.lax.fori_loop(0, steps, lambda i, c: step(first + i, c), packed.pack(y)))

    return jax.vmap(one)(states)
