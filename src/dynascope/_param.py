"""The makers of fields: `param` for numbers that may vary, `setting` for what shapes the system."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from ._errors import InputError

_NO_DEFAULT = dataclasses.MISSING


def _as_array(value: Any) -> Any:
    """A floating (or complex) array of `value`; arrays of any float type and tracers pass unchanged."""
    if isinstance(value, jax.Array | np.ndarray) and jnp.issubdtype(value.dtype, jnp.inexact):
        return jnp.asarray(value)
    if isinstance(value, str):
        raise InputError(
            f"A parameter must be a number or an array, got {value!r}. Give the number alone, in the unit that the "
            "parameter is described in."
        )
    return jnp.asarray(value, dtype=jnp.result_type(float))


def param(
    default: Any = _NO_DEFAULT,
    *,
    unit: str = "1",
    doc: str = "",
    bounds: tuple[float | None, float | None] = (None, None),
    learned: bool = False,
) -> Any:
    """Declare a parameter: an array leaf that may be swept, continued or trained without recompiling.

    Args:
        default: Default value; leave it out for a required parameter (weights).
        unit: Physical unit, `"1"` where dimensionless.
        doc: What the symbol means.
        bounds: Closed interval `(low, high)` of legal values, `None` for open ends; checked by `replace`
            and by the command line.
        learned: Whether this is a learned weight, which `fit` trains unless told otherwise.
    """
    metadata = {"role": "param", "unit": unit, "doc": doc, "bounds": bounds, "learned": learned}
    if default is _NO_DEFAULT:
        return eqx.field(converter=_as_array, metadata=metadata)
    return eqx.field(default=default, converter=_as_array, metadata=metadata)


def setting(default: Any = _NO_DEFAULT, *, doc: str = "") -> Any:
    """Declare a setting: a static integer, string or flag (a size, an order) whose change rebuilds the system."""
    metadata = {"role": "setting", "doc": doc}
    if default is _NO_DEFAULT:
        return eqx.field(static=True, metadata=metadata)
    return eqx.field(static=True, default=default, metadata=metadata)


_UNDECLARED = {"role": "param", "unit": "1", "doc": "", "bounds": (None, None), "learned": False}


def params(*, doc: str = "") -> Any:
    """Declare a dictionary of parameters by name, for systems made from plain functions."""
    return eqx.field(metadata={"role": "params", "doc": doc})


def parameters(system: Any, *, prefix: str = "") -> dict[str, tuple[Any, Mapping[str, Any]]]:
    """All parameters of `system` by dotted name, each with its value and what `param` said of it."""
    found: dict[str, tuple[Any, Mapping[str, Any]]] = {}
    for field in dataclasses.fields(system):
        value = getattr(system, field.name)
        if field.metadata.get("role") == "param":
            found[prefix + field.name] = (value, field.metadata)
        elif field.metadata.get("role") == "params":
            found |= {f"{prefix}{field.name}.{name}": (entry, _UNDECLARED) for name, entry in value.items()}
        elif isinstance(value, eqx.Module):
            found |= parameters(value, prefix=f"{prefix}{field.name}.")
        elif isinstance(value, tuple) and value and all(isinstance(v, eqx.Module) for v in value):
            for i, part in enumerate(value):
                found |= parameters(part, prefix=f"{prefix}{field.name}.{i}.")
    return found


def settings(system: Any) -> dict[str, Any]:
    """The settings of `system` by name."""
    return {f.name: getattr(system, f.name) for f in dataclasses.fields(system) if f.metadata.get("role") == "setting"}


def replaced(system: Any, changes: dict[str, Any]) -> Any:
    """A copy of `system` with parameters or settings changed; see `AbstractSystem.replace`."""
    known = parameters(system)
    static = settings(system)
    for name, value in changes.items():
        if name in static:
            system = _rebuilt(system, name, value)
        elif name in known:
            old, metadata = known[name]
            system = _with_leaf(system, name.split("."), _checked(name, value, old, metadata, system))
        else:
            options = ", ".join(f"`{n}`" for n in [*known, *static]) or "none"
            raise InputError(
                f"`{type(system).__name__}` has no parameter `{name}`. It has: {options}. "
                "Check the spelling (names are case-sensitive)."
            )
    _check_invariants(system)
    return system


def _check_invariants(system: Any) -> None:
    """Run what `__check_init__` promises of a new system on a changed one: replacing a leaf builds nothing anew."""
    for cls in type(system).__mro__:
        check = cls.__dict__.get("__check_init__")
        if check is not None:
            check(system)


def _rebuilt(system: Any, name: str, value: Any) -> Any:
    old = getattr(system, name)
    if isinstance(old, int) and not isinstance(old, bool) and isinstance(value, float) and value.is_integer():
        value = int(value)
    if old is not None and not isinstance(value, type(old)):
        raise InputError(
            f"Setting `{name}` of `{type(system).__name__}` must be of type `{type(old).__name__}`, got {value!r}."
        )
    return dataclasses.replace(system, **{name: value})


def _checked(name: str, value: Any, old: Any, metadata: Mapping[str, Any], system: Any) -> Any:
    """`value` as an array like `old`, with its shape and bounds checked where they are known."""
    try:
        new = jnp.asarray(value, dtype=old.dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"Parameter `{name}` must be a number or an array, got {value!r}.") from error
    if old.ndim and new.ndim and new.shape != old.shape:
        raise InputError(
            f"Parameter `{name}` of `{type(system).__name__}` has shape {old.shape}, got shape {new.shape}. "
            "Give a scalar for all entries or an array of that shape."
        )
    if old.ndim and not new.ndim:
        new = jnp.broadcast_to(new, old.shape)
    if not isinstance(new, Tracer):
        _check_bounds(name, np.asarray(new), metadata)
    return new


def check_bounds(part: Any, name: str) -> None:
    """Check all parameters of a part of a system, which building it does not: constructors also run while tracing.

    Args:
        part: Any value with fields made by `param`.
        name: Begin of the names of its parameters in the message.

    Raises:
        InputError: If a parameter is not finite or out of its bounds.
    """
    for full, (value, metadata) in parameters(part, prefix=f"{name}.").items():
        if not isinstance(value, Tracer):
            _check_bounds(full, np.asarray(value), metadata)


def _check_bounds(name: str, value: Any, metadata: Any) -> None:
    low, high = metadata["bounds"]
    if not np.all(np.isfinite(value)):
        raise InputError(f"Parameter `{name}` must be finite, got {value}.")
    if (low is not None and np.any(value < low)) or (high is not None and np.any(value > high)):
        interval = f"[{'-inf' if low is None else low}, {'inf' if high is None else high}]"
        unit = "" if metadata["unit"] == "1" else f" {metadata['unit']}"
        raise InputError(f"Parameter `{name}` must lie in {interval}{unit}, got {value}.")


def _with_leaf(node: Any, path: list[str], value: Any) -> Any:
    head, *rest = path
    if isinstance(node, tuple):
        i = int(head)
        return (*node[:i], _with_leaf(node[i], rest, value) if rest else value, *node[i + 1 :])
    if isinstance(node, dict):
        return {**node, head: _with_leaf(node[head], rest, value) if rest else value}
    child = _with_leaf(getattr(node, head), rest, value) if rest else value
    return eqx.tree_at(lambda n: getattr(n, head), node, child, is_leaf=lambda x: x is None or x is getattr(node, head))
