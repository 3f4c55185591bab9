"""A system with its region, its stage and the start that it names itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._types import Key
from ...systems import AbstractSystem, Box, Variable, state_variables
from .._precision import require_64_bit
from .._region import start_region
from ..attractors import Stage, staged

#: Starts whose short run decides on the scales of the coordinates.
_PILOTS = 128


def flat_box(box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a box as flattened states."""
    return np.asarray(ravel_pytree(box.low)[0], float), np.asarray(ravel_pytree(box.high)[0], float)


def drawn(box: Box, key: Key, count: int, variables: Sequence[Variable]) -> np.ndarray:
    """Flattened random states of a box; discrete components take one of its two ends."""
    flats = np.array(jax.vmap(lambda y: ravel_pytree(y)[0])(box.sample(key, count)), float)
    low, high = flat_box(box)
    discrete = np.array([v.topology == "discrete" for v in variables])
    return np.where(discrete, np.where(flats < (low + high) / 2, low, high), flats)


def prepared(
    system: AbstractSystem, region: Box | None, *, inputs: Any, key: Key, solver: Any
) -> tuple[Stage, Box, str]:
    """The stage of a system, its box of starts and where that comes from."""
    require_64_bit("A search for attractors")
    of_noise, of_pilots, of_stage = jax.random.split(key, 3)
    box, source = start_region(system, region, inputs=inputs, key=of_noise)
    low, high = flat_box(box)
    stage = staged(
        system,
        drawn(box, of_pilots, _PILOTS, state_variables(system)),
        extent=high - low,
        inputs=inputs,
        key=of_stage,
        solver=solver,
    )
    return stage, box, source
