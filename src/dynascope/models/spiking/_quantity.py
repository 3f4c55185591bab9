"""Numbers with units at the border of a network, and numbers drawn at random."""

from __future__ import annotations

import math
import re
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError

#: Each unit as its dimension and its size in the base unit of that dimension.
_UNITS = {
    **{name: ("time", size) for name, size in (("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("min", 6e4))},
    **{name: ("frequency", size) for name, size in (("1/ms", 1e3), ("kHz", 1e3), ("Hz", 1.0), ("1/s", 1.0))},
    **{name: ("potential", size) for name, size in (("uV", 1e-3), ("mV", 1.0), ("V", 1e3))},
    **{name: ("current", size) for name, size in (("pA", 1.0), ("nA", 1e3), ("uA", 1e6))},
    **{name: ("conductance", size) for name, size in (("pS", 1e-3), ("nS", 1.0), ("uS", 1e3))},
    "1": ("a pure number", 1.0),
}


def in_unit(value: Any, unit: str, *, name: str) -> Any:
    """`value` as a number in `unit`; text such as `"1.5 ms"` is converted, anything else is in that unit already.

    Args:
        value: A number, an array, or a number with a unit as text.
        unit: The unit wanted.
        name: What it is, for the message.

    Raises:
        InputError: If the text is no number with a unit of the same dimension.

    Example:
        >>> in_unit("0.2 s", "ms", name="delay")
        200.0
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([-+0-9.eE]+)\s*([A-Za-z/1]+)\s*", value)
    wanted, size = _UNITS.get(unit, ("a number without unit here", 1.0))
    try:
        number = float(match[1]) if match else math.nan
    except ValueError:
        number = math.nan
    found = _UNITS.get(match[2]) if match else None
    if found is None or not math.isfinite(number):
        raise InputError(
            f"`{name}` must be a number with a unit, got {value!r}. Give a number in {unit}, or text such as "
            f'"2 {unit}"; known units are {", ".join(_UNITS)}.'
        )
    if found[0] != wanted:
        raise InputError(f"`{name}` is {wanted} in {unit}, got {value!r}, which is {found[0]}.")
    return number * found[1] / size


class UniformDraw(eqx.Module):
    """Numbers drawn evenly between two bounds.

    Args:
        low: The lower bound.
        high: The upper bound.

    Example:
        >>> UniformDraw(1.0, 2.0).drawn((3,), np.random.default_rng(0)).shape
        (3,)
    """

    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)

    def __check_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise InputError(
                f"`UniformDraw` needs finite bounds with `low` below `high`, got {self.low} and {self.high}."
            )

    def drawn(self, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float64]:
        """Numbers of that shape."""
        return generator.uniform(self.low, self.high, shape)


class NormalDraw(eqx.Module):
    """Numbers of a normal distribution; those outside of the bounds are drawn again.

    Args:
        mean: The mean, before bounds.
        std: The standard deviation, before bounds.
        low: Least number.
        high: Largest number.

    Example:
        >>> bool(NormalDraw(0.0, 1.0, low=0.0).drawn((100,), np.random.default_rng(0)).min() >= 0)
        True
    """

    mean: float = eqx.field(static=True)
    std: float = eqx.field(static=True)
    low: float = eqx.field(static=True, default=-math.inf)
    high: float = eqx.field(static=True, default=math.inf)

    def __check_init__(self) -> None:
        if not (self.std >= 0 and math.isfinite(self.mean)):
            raise InputError(f"`NormalDraw` needs a finite mean and a positive `std`, got {self.mean} and {self.std}.")
        if not self.low < self.high or not self.low - 3 * self.std < self.mean < self.high + 3 * self.std:
            raise InputError(
                f"Hardly any number of `NormalDraw` with mean {self.mean:g} and standard deviation {self.std:g} lies "
                f"between {self.low:g} and {self.high:g}. Give wider bounds."
            )

    def drawn(self, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float64]:
        """Numbers of that shape."""
        values = generator.normal(self.mean, self.std, shape)
        while np.any(outside := (values < self.low) | (values > self.high)):
            values[outside] = generator.normal(self.mean, self.std, int(outside.sum()))
        return values


def numbers(
    value: Any, shape: tuple[int, ...], generator: np.random.Generator, *, unit: str, name: str
) -> NDArray[np.float64]:
    """Numbers of that shape from a number, a number with a unit, an array, or a distribution.

    Raises:
        InputError: If the shape or the unit does not fit, or a number is not finite.
    """
    if isinstance(value, UniformDraw | NormalDraw):
        return value.drawn(shape, generator)
    try:
        given = np.asarray(in_unit(value, unit, name=name), float)
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"`{name}` must be numbers in {unit}, `UniformDraw` or `NormalDraw`, got {value!r}."
        ) from error
    if given.ndim and given.shape != shape:
        raise InputError(
            f"`{name}` has shape {given.shape}, but needs {shape}. Give one number for all, or that shape."
        )
    if not np.all(np.isfinite(given)):
        raise InputError(f"`{name}` must be finite, but some of its numbers are not.")
    return np.broadcast_to(given, shape)
