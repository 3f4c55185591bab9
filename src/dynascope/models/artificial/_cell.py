"""Any recurrent cell written in JAX, as a map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._types import Input, State, Time
from ...systems._base import AbstractMap, Variable
from ._layers import as_drive


class CellMap(AbstractMap):
    """A cell as a map: y' = cell(u, y). Made by `from_cell`, which checks that the cell keeps the shapes.

    Args:
        cell: A callable tree of arrays `cell(u, y) -> y`.
        start: State at the start.
        inputs: Number of input channels, 0 for a cell that is always called with an empty input.
    """

    cell: Callable[[Any, State], State]
    start: State
    inputs: int = eqx.field(static=True)

    variables: ClassVar[tuple[Variable, ...]] = (Variable("h"),)
    reference: ClassVar[str] = "a cell given by the user"
    family: ClassVar[str] = "artificial"
    #: Not in the catalogue: there is no cell to show without a user's.
    catalogue_name: ClassVar[str] = ""

    def initial_state(self) -> State:
        return self.start

    def input_size(self) -> int | None:
        """Number of input channels."""
        return self.inputs or None

    def step(self, n: Time, y: State, u: Input) -> State:
        del n
        dtype = jax.tree.leaves(y)[0].dtype
        signal = as_drive(u, self.inputs, dtype)
        return self.cell(jnp.zeros(self.inputs, dtype) if signal is None else signal, y)


def from_cell(cell: Callable[[Any, State], State], *, hidden: Any, inputs: int) -> CellMap:
    """A map from any JAX cell `cell(u, h) -> h`, such as `equinox.nn.GRUCell` or `equinox.nn.LSTMCell`.

    Args:
        cell: The cell; a plain function is accepted too. Where the arguments come in another order or the cell also
            returns an output, wrap it: `lambda u, h: cell(h, u)[0]`.
        hidden: Size of the hidden state, or a tuple of sizes for a state of several parts; an integer is enough for
            `equinox.nn.LSTMCell`, whose state is a pair.
        inputs: Number of input channels.

    Returns:
        A system with the zero state at the start; `eqx.tree_at` changes it, as it does the weights.

    Raises:
        InputError: If the cell cannot be called so, or does not return a state of the same shapes.

    Example:
        >>> import equinox, jax
        >>> system = from_cell(equinox.nn.GRUCell(2, 8, key=jax.random.key(0)), hidden=8, inputs=2)
        >>> system.step(0, system.initial_state(), None).shape
        (8,)
    """
    if not callable(cell):
        raise InputError(f"`cell` must be callable as `cell(u, h) -> h`, got {type(cell).__name__}.")
    if isinstance(cell, eqx.nn.LSTMCell) and isinstance(hidden, int):
        hidden = (hidden, hidden)
    # A plain function is a leaf that is no array, which transformations refuse: `Partial` makes it structure.
    tree = jax.tree_util.Partial(cell) if jax.tree.leaves(cell) == [cell] else cell
    floats = [x.dtype for x in jax.tree.leaves(tree) if eqx.is_inexact_array(x)]
    dtype = floats[0] if floats else jnp.result_type(float)
    start = jax.tree.map(lambda size: jnp.zeros(size, dtype), hidden)
    try:
        out = eqx.filter_eval_shape(tree, jnp.zeros(inputs, dtype), start)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The cell could not be called with an input of shape ({inputs},) and a state of size {hidden}: {error}\n"
            "Check `hidden` and `inputs`, and that the order of arguments is `cell(u, h)`."
        ) from error
    expected = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype.name), start)
    got = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype.name), out)
    if got != expected:
        raise InputError(
            f"The cell must return a state like the one it gets, {expected}, got {got}. "
            "If it also returns an output, wrap it: `lambda u, h: cell(u, h)[0]`."
        )
    return CellMap(tree, start, inputs)
