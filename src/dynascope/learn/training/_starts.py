"""Models that begin where data end."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import InputError
from ...models.artificial import LSTMState
from ...models.learned import AutoregressiveNetwork
from ...systems import AbstractMap
from ...systems.derived import AbstractDerived
from ._learned import learned_leaves
from ._observations import AbstractObservation
from ._pull import observation_of
from ._update import begun, forced_run
from ._windows import driving_rows

#: Fields that hold the state at the start, by the names that models give them.
_STARTS = ("z0", "y0", "h0")


def begun_at(model: Any, z: Any) -> Any:
    """`model` with the flattened state `z` as its initial state; unchanged where it has no field for it."""
    z = jnp.asarray(z)
    if isinstance(model, AbstractDerived):
        return eqx.tree_at(lambda m: m.system, model, begun_at(model.system, z))
    if isinstance(model, AutoregressiveNetwork):
        channels = model.network.readout.weight.shape[0] if model.network.readout is not None else 0
        _, unravel = ravel_pytree(model.network.initial_state())
        state = unravel(z[channels:])
        if isinstance(state, LSTMState):
            return eqx.tree_at(lambda m: (m.x0, m.network.h0, m.network.c0), model, (z[:channels], state.h, state.c))
        return eqx.tree_at(lambda m: (m.x0, m.network.h0), model, (z[:channels], state))
    for name in _STARTS:
        if isinstance(getattr(model, name, None), jax.Array):
            return eqx.tree_at(lambda m, name=name: getattr(m, name), model, z)
    return model


def synchronised(
    model: AbstractMap,
    data: Any,
    *,
    inputs: Any = None,
    start: Any = None,
    alpha: float = 1.0,
    observation: AbstractObservation | None = None,
) -> np.ndarray:
    """States of a model that follows data: in each step it is pulled towards them, then left to step.

    The last state is where a forecast begins: `model` run from there predicts what follows the data.

    Args:
        model: A trained map.
        data: Standardised (or counts), shape `(T, N)`; NaN where missing.
        inputs: Input of the model at each sample, shape `(T, K)`; that of the last sample is not heard yet.
        start: The matrix L of `Training.starts` for the hidden components of the first state; None for nil.
        alpha: Strength of the pull; 1 replaces what is observed.
        observation: How data are spread about what the model shows; None for `GaussianObservation()`.

    Returns:
        The flattened states after the pull, shape `(T, M)`.

    Raises:
        InputError: If the data have another number of channels than the model shows, or the inputs do not fit.
    """
    seen = observation_of(model, learned_leaves(model), observation)
    rows = np.asarray(data, float)
    if rows.ndim != 2 or rows.shape[1] != seen.channels:
        raise InputError(f"`{type(model).__name__}` shows {seen.channels} channel(s), got data of shape {rows.shape}.")
    heard = None if inputs is None else driving_rows(inputs, [len(rows)])[0]
    check_inputs(model, heard)
    matrix = jnp.zeros((seen.size, seen.channels)) if start is None else jnp.asarray(start)
    known = np.isfinite(rows).astype(float)
    return np.asarray(_followed(model, seen, matrix, (np.where(known > 0, rows, 0.0), known, heard), alpha))


def check_inputs(model: Any, inputs: np.ndarray | None) -> None:
    """Raise unless `model` takes as many inputs as there are columns; None fits any model."""
    if inputs is not None and (model.input_size() or 0) != inputs.shape[1]:
        raise InputError(
            f"`{type(model).__name__}` takes {model.input_size() or 0} input(s), but `inputs` has {inputs.shape[1]} "
            "column(s)."
        )


@compiled
def _followed(model: Any, observation: Any, matrix: Any, window: Any, alpha: Any) -> Any:
    rows, known, inputs = window
    inverse = observation.inverse(model)
    strengths = jnp.full(len(rows), alpha)
    first = begun(model, observation, matrix, rows[0], inverse)
    if len(rows) == 1:
        return first[None]
    return forced_run(model, observation, matrix, (rows, known, inputs), strengths)[1]
