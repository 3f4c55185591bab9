"""The number that is varied: a parameter of a system, one entry of an array of them, or an input level."""

from __future__ import annotations

import re
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._param import parameters
from ..._tree import is_traced
from ...systems import AbstractSystem

_NAME = re.compile(r"^(?P<name>.*?)(\[(?P<index>[\d, ]+)\])?$")


class FreeParameter(eqx.Module):
    """A parameter by its dotted name, `w[2,3]` for an entry of an array, `input` or `input[0]` for an input level.

    An array whose entries are all equal is varied as a whole.
    """

    name: str = eqx.field(static=True)
    field: str | None = eqx.field(static=True)
    index: tuple[int, ...] | None = eqx.field(static=True)

    @property
    def count(self) -> int:
        """Number of numbers that vary."""
        return 1

    def at(self, system: AbstractSystem, u: Any, value: Any) -> tuple[AbstractSystem, Any]:
        """The system and its input with the parameter at `value`."""
        if self.field is None:
            return system, u.at[... if self.index is None else self.index].set(value)
        if self.index is None:
            return system.replace(**{self.field: value}), u
        old = parameters(system)[self.field][0]
        return system.replace(**{self.field: old.at[self.index].set(value)}), u

    def of(self, system: AbstractSystem, u: Any) -> Any:
        """The present value."""
        array = u if self.field is None else parameters(system)[self.field][0]
        return jnp.ravel(array)[0] if self.index is None else array[self.index]

    def unit(self, system: AbstractSystem) -> str:
        """Its unit; an input level has none."""
        return "1" if self.field is None else parameters(system)[self.field][1]["unit"]


class FreePair(eqx.Module):
    """Two parameters that vary together; their values are an array of shape `(2,)`."""

    first: FreeParameter
    second: FreeParameter

    @property
    def count(self) -> int:
        """Number of numbers that vary."""
        return 2

    def at(self, system: AbstractSystem, u: Any, value: Any) -> tuple[AbstractSystem, Any]:
        """The system and its input with both parameters at `value`."""
        return self.second.at(*self.first.at(system, u, value[0]), value[1])


def free_parameter(system: AbstractSystem, name: str, u: Any) -> FreeParameter:
    """The parameter `name` of `system`, or its input level, under the input `u`.

    Raises:
        InputError: If there is none of that name, or if it is an array of different numbers and no entry is named.
    """
    known = parameters(system)
    said = _NAME.match(name)
    base = said["name"] if said else name
    index = None
    if said and said["index"]:
        index = tuple(int(i) for i in said["index"].split(",") if i.strip())
    is_input = base == "input" and base not in known and u is not None
    if base not in known and not is_input:
        options = ", ".join(f"`{n}`" for n in [*known, *(["input"] if u is not None else [])]) or "none"
        raise InputError(
            f"`{type(system).__name__}` has no parameter `{base}`. It has: {options}. Check the spelling (names are "
            "case-sensitive)."
        )
    array: Any = u if is_input else known[base][0]
    if index is not None and (len(index) != array.ndim or any(i >= n for i, n in zip(index, array.shape, strict=True))):
        raise InputError(
            f"`{name}` is no entry of `{base}`, which has the shape {array.shape}. Name one number, such as "
            f"`{base}{list((0,) * array.ndim)}`."
        )
    # The numbers themselves are known only outside of `jit`.
    alike = array.size == 1 or is_traced(array) or (array.size and np.ptp(np.asarray(array)) == 0)
    if index is None and not alike:
        raise InputError(
            f"`{base}` of `{type(system).__name__}` holds {array.size} different numbers, so that there is no one "
            f"number to vary. Name an entry, such as `{base}{list((0,) * array.ndim)}`, or another parameter."
        )
    return FreeParameter(name, None if is_input else base, index)


def checked_range(system: AbstractSystem, free: FreeParameter, low: float, high: float) -> tuple[float, float]:
    """The range of the parameter as two numbers.

    Raises:
        InputError: If it is empty, not finite or beyond what the parameter allows.
    """
    try:
        low, high = float(low), float(high)
    except (TypeError, ValueError) as error:
        raise InputError(f"The range of `{free.name}` must be two numbers, got {low!r} and {high!r}.") from error
    if not (np.isfinite(low) and np.isfinite(high)) or low >= high:
        raise InputError(f"The range of `{free.name}` must be finite with `low` below `high`, got {low} to {high}.")
    if free.field is not None:
        least, most = parameters(system)[free.field][1]["bounds"]
        if (least is not None and low < least) or (most is not None and high > most):
            interval = f"[{'-inf' if least is None else least}, {'inf' if most is None else most}]"
            raise InputError(f"`{free.name}` must lie in {interval}, got the range {low} to {high}. Narrow it.")
    return low, high
