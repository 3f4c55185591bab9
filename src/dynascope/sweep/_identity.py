"""What a sweep depends on, as plain values and digests: inputs that must not change, and the kind of machine."""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import inspect
import json
import os
import platform
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._errors import InputError
from .._results import provenance

_PACKAGE = "dynascope"
#: Parts of the package that only show results: their code changes no number.
_SHOWING = ("plots", "report", "cli", "app", "studies")
#: Arrays up to this size are spelled out in a manifest.
_SPELLED = 4


def digest(value: Any) -> str:
    """Sixteen hexadecimal digits of a value that JSON can hold."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def described(value: Any) -> Any:
    """`value` as plain values that JSON holds and that are the same in every process: arrays and code by their digest.

    Functions of this library are known by name (its version is part of the machine's description); others by name and
    compiled code, with the constants and functions of their own module that they mention.

    Raises:
        InputError: For an object that cannot be told apart from others of its class.
    """
    return _described(value, set())


def _described(value: Any, seen: set[int]) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    if isinstance(value, complex | bytes | np.dtype | range | Path):
        return repr(value)
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return _array(value)
    if id(value) in seen:
        return "(as above)"
    seen.add(id(value))
    match value:
        case functools.partial():
            keywords = {k: _described(v, seen) for k, v in value.keywords.items()}
            arguments = [_described(v, seen) for v in value.args]
            return {"function": _described(value.func, seen), "arguments": arguments, **keywords}
        case enum.Enum():
            return f"{type(value).__qualname__}.{value.name}"
        case type():
            return _class(value, seen)
        case Mapping():
            return {str(k): _described(v, seen) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            return [_described(v, seen) for v in items]
        case types.MethodType():
            return {"method": value.__name__, "of": _described(value.__self__, seen)}
    wrapped = getattr(value, "__wrapped__", None)
    if wrapped is not None:
        return _described(wrapped, seen)
    if inspect.isroutine(value):
        return _function(value, seen)
    fields: dict[str, Any] = getattr(value, "__dict__", {})
    if dataclasses.is_dataclass(value):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if not fields and " at 0x" in repr(value):
        raise InputError(
            f"A sweep cannot tell `{value!r}` apart from another `{type(value).__name__}`, so it could not know a "
            "changed one. Pass a dataclass or plain values instead."
        )
    return {"class": _class(type(value), seen), **{k: _described(v, seen) for k, v in fields.items()}}


def _array(value: Any) -> Any:
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return {"key": np.asarray(jax.random.key_data(value)).tolist()}
    array = np.asarray(value)
    if array.size <= _SPELLED and array.dtype.kind in "biuf" and np.all(np.isfinite(array)):
        return array.tolist()
    content = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]
    return {"shape": list(array.shape), "type": str(array.dtype), "digest": content}


def _ours(module: str | None) -> bool:
    return (module or "").split(".")[0] == _PACKAGE


def _function(value: Any, seen: set[int]) -> Any:
    name = f"{getattr(value, '__module__', None)}:{getattr(value, '__qualname__', type(value).__name__)}"
    code = getattr(value, "__code__", None)
    if code is None or _ours(value.__module__):
        return name
    told: dict[str, Any] = {"name": name, "code": _code(code)}
    cells = [cell.cell_contents for cell in value.__closure__ or ()]
    if cells or value.__defaults__ or value.__kwdefaults__:
        told["with"] = _described([cells, value.__defaults__, value.__kwdefaults__], seen)
    mentioned = {n: value.__globals__[n] for n in _names(code) if n in value.__globals__}
    for n, other in sorted(mentioned.items()):
        here = getattr(other, "__module__", None) == value.__module__ and callable(other)
        if here or isinstance(other, bool | int | float | str | np.ndarray | jax.Array):
            told[f"uses {n}"] = _described(other, seen)
    return told


def _names(code: types.CodeType) -> set[str]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*(_names(c) for c in inner))


def _code(code: types.CodeType) -> str:
    constants = [_code(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return digest([code.co_code.hex(), constants, list(code.co_names), list(code.co_varnames)])


def _class(cls: type, seen: set[int]) -> Any:
    name = f"{cls.__module__}:{cls.__qualname__}"
    own = [c for c in cls.__mro__ if not _ours(c.__module__) and c.__module__.split(".")[0] not in _KNOWN]
    rules = {
        n: _described(v, seen)
        for c in reversed(own)
        for n, v in sorted(vars(c).items())
        if inspect.isfunction(v) and not (n.startswith("__") and n != "__call__")
    }
    return {"name": name, **rules} if rules else name


#: Packages whose version says enough of their classes.
_KNOWN = ("builtins", "equinox", "jax", "numpy", "abc", "typing", "collections", "enum", "functools")


@functools.cache
def machine() -> dict[str, Any]:
    """What decides the last bits of a number: processor, back end of JAX, versions and the code of this library."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "device": jax.devices()[0].device_kind,
        "precision": str(jax.dtypes.canonicalize_dtype(float)),
        **provenance()["versions"],
        "code": _package_code(),
    }


def machine_digest() -> str:
    """The digest of `machine()`."""
    return digest(machine())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _package_code() -> str:
    """A digest of the source of all that computes."""
    root = Path(__file__).parents[1]
    total = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        part = path.relative_to(root)
        if part.parts[0] not in _SHOWING:
            total.update(str(part).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Where two descriptions differ, each as a line `name: old in the store, new now`."""
    if isinstance(old, dict) and isinstance(new, dict):
        found: list[str] = []
        for name in dict.fromkeys([*old, *new]):
            found += differences(old.get(name), new.get(name), f"{path}.{name}" if path else str(name))
        return found
    return [] if old == new else [f"`{path}`: {_short(old)} in the store, {_short(new)} now"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def user_and_host() -> str:
    """Who holds a store, for a message."""
    return f"process {os.getpid()} on {platform.node()}"
