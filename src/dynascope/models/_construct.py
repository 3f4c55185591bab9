"""From a class of systems to a system, given some of its values by name."""

import difflib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._errors import InputError

if TYPE_CHECKING:
    from ..systems import AbstractSystem

#: Sizes of drawn networks that may be zero; all others are at least one.
_MAY_BE_ZERO = {"inputs"}


def construct(cls: "type[AbstractSystem]", changes: Mapping[str, Any]) -> "AbstractSystem":
    """A system of class `cls`: its `example` if it has one, else its defaults, with `changes` by name.

    Args:
        cls: A concrete class.
        changes: Parameters and settings as in `AbstractSystem.replace`; arguments of `example` and parameters without a
            default are used to build the system, the others afterwards. Where the class has presets, `preset` is the
            name of the one to begin with.

    Raises:
        InputError: If a parameter without default is missing, a name is unknown or a value does not fit.
    """
    preset = getattr(cls, "preset", None)
    if preset is not None and "preset" in changes:
        # A name made of digits (`1952`) comes from the command line as a number.
        system, rest = preset(str(changes["preset"])), {k: v for k, v in changes.items() if k != "preset"}
        return system.replace(**rest) if rest else system
    arguments = _arguments(cls)
    given = {k: _fitting(cls, k, v, arguments[k]) for k, v in changes.items() if k in arguments}
    missing = [k for k, p in arguments.items() if p.default is p.empty and k not in given]
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        raise InputError(
            f"`{cls.__name__}` cannot be built: {listed} {'has' if len(missing) == 1 else 'have'} no default. Declare "
            f"one, `param(1.0)`, write a classmethod `example()` that returns a system, or give a value "
            f"(`{missing[0]}=...`; command line: `--set {missing[0]}=...`)."
        )
    rest = {k: v for k, v in changes.items() if k not in given}
    make = getattr(cls, "example", cls)
    system = make(**given)
    return system.replace(**rest) if rest else system


def draws(cls: "type[AbstractSystem]") -> bool:
    """Whether systems of class `cls` are drawn at random, so that a seed changes them."""
    return "key" in _arguments(cls)


def sized(cls: "type[AbstractSystem]") -> bool:
    """Whether systems of class `cls` are built by a size `n`."""
    return "n" in _arguments(cls)


def _arguments(cls: type) -> dict[str, inspect.Parameter]:
    """What builds a system: all arguments of `example`, or the arguments of the class that have no default."""
    example = getattr(cls, "example", None)
    found = inspect.signature(example if example is not None else cls).parameters
    named = {k: p for k, p in found.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    return named if example is not None else {k: p for k, p in named.items() if p.default is p.empty}


def _fitting(cls: type, name: str, value: Any, argument: inspect.Parameter) -> Any:
    """`value` if it fits the annotation of `argument`: sizes are whole and positive, keys are random keys."""
    if argument.annotation in (int, "int"):
        whole = isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
        least = 0 if name in _MAY_BE_ZERO else 1
        if not whole or value < least:
            raise InputError(f"`{name}` of `{cls.__name__}` must be a whole number of at least {least}, got {value!r}.")
        return int(value)
    if argument.annotation in (bool, "bool") and not isinstance(value, bool):
        raise InputError(f"`{name}` of `{cls.__name__}` must be true or false, got {value!r}.")
    if name == "key" and isinstance(value, int | float | str):
        raise InputError(
            f"`key` of `{cls.__name__}` must be a random key, got {value!r}. Pass `jax.random.key(0)` (command line: "
            "`--seed 0`)."
        )
    return value


def close_name(wanted: str, known: Any) -> str:
    """The hint `" Did you mean ...?"` with the entry of `known` most like `wanted`, or nothing."""
    close = difflib.get_close_matches(wanted, list(known), n=1, cutoff=0.6)
    return f" Did you mean `{close[0]}`?" if close else ""
