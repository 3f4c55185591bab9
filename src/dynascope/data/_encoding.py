"""Values as a description that JSON holds plus named arrays, and back: nothing is pickled and no code is stored."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._errors import RESULTS, InputError
from .._tree import is_traced

#: Kinds of array that every container holds exactly: flags, whole, real and complex numbers.
_KINDS = "biufc"


def encode(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """Describe `value`; its arrays are put into `arrays` under names that begin with `path`.

    Raises:
        InputError: If a part of it is neither data nor an object of a public class, such as a function.
    """
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, float) and not isinstance(value, np.generic):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, RESULTS):
        return {"code": _code_name(value)}
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return _array(value, path, arrays)
    if isinstance(value, dict):
        if not all(isinstance(k, str) for k in value):
            raise InputError(f"`{path}` is a dictionary with keys that are no text, which a file cannot hold.")
        return {"dict": {k: encode(v, _below(path, k), arrays) for k, v in value.items()}}
    if isinstance(value, list):
        return [encode(v, _below(path, i), arrays) for i, v in enumerate(value)]
    if isinstance(value, tuple) and type(value) is tuple:
        return {"tuple": [encode(v, _below(path, i), arrays) for i, v in enumerate(value)]}
    if (names := _fields(type(value))) is not None:
        fields = {name: encode(getattr(value, name), _below(path, name), arrays) for name in names}
        return {"class": public_name(type(value), path), "fields": fields}
    raise InputError(
        f"`{path or 'value'}` is a {type(value).__name__}, which a file cannot hold without code. Save the numbers "
        "that it is made of, or write it as a class of its own in a Python file."
    )


def decode(spec: Any, arrays: Mapping[str, np.ndarray], own: ModuleType | None) -> Any:
    """The value that `spec` describes; classes are those of Dynascope, and of the module `own`.

    Raises:
        InputError: If a class is unknown or does not have the fields described.
    """
    if spec is None or isinstance(spec, bool | int | float | str):
        return spec
    if isinstance(spec, list):
        return [decode(s, arrays, own) for s in spec]
    match spec:
        case {"float": str(text)}:
            return float(text)
        case {"code": str(name)}:
            return getattr(RESULTS, name)
        case {"array": str(name), "library": library}:
            return _as_in(library, arrays[name])
        case {"key": str(name), "implementation": str(implementation)}:
            return jax.random.wrap_key_data(jnp.asarray(arrays[name]), impl=implementation)
        case {"dict": dict(entries)}:
            return {k: decode(v, arrays, own) for k, v in entries.items()}
        case {"tuple": list(entries)}:
            return tuple(decode(s, arrays, own) for s in entries)
        case {"class": str(name), "fields": dict(fields)}:
            return _built(name, {k: decode(v, arrays, own) for k, v in fields.items()}, own)
    raise InputError(f"The file describes a part that this version does not know: {str(spec)[:80]!r}.")


def public_name(cls: type, path: str) -> str:
    """Where a class can be found again: `package:Class` of Dynascope, or `file.py:Class` of the user.

    Raises:
        InputError: If it cannot be found again by that name.
    """
    if cls.__module__.partition(".")[0] == "dynascope":
        parts = cls.__module__.split(".")
        public = next((i for i, part in enumerate(parts) if part.startswith("_")), len(parts))
        package = ".".join(parts[:public])
        if getattr(importlib.import_module(package), cls.__name__, None) is cls:
            return f"{package}:{cls.__name__}"
        raise InputError(
            f"`{path or 'value'}` is a `{cls.__name__}`, which has no public class. If an operation made it, save "
            "what it was made from, and repeat the operation after loading."
        )
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if file is None or "." in cls.__qualname__ or "site-packages" in Path(file).parts:
        raise InputError(
            f"`{path or 'value'}` is a `{cls.__name__}` of `{cls.__module__}`, which cannot be found again when the "
            "file is loaded. Define the class at the top of a Python file of yours."
        )
    return f"{Path(file).name}:{cls.__name__}"


def is_own(name: str) -> bool:
    """Whether a public name is that of a class in a user's file."""
    return name.partition(":")[0].endswith(".py")


def _below(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _fields(cls: type) -> list[str] | None:
    """Names of the fields of a dataclass or NamedTuple, else None."""
    if dataclasses.is_dataclass(cls):
        return [f.name for f in dataclasses.fields(cls)]
    return list(cls._fields) if issubclass(cls, tuple) and "_fields" in vars(cls) else None  # type: ignore[attr-defined]


def _code_name(code: Any) -> str:
    for name in vars(RESULTS)["_name_to_item"]:
        if bool(getattr(RESULTS, name) == code):
            return name
    raise InputError("The result code is none of `RESULTS`.")


def _array(value: Any, path: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    if is_traced(value):
        raise InputError(f"`{path}` is not known yet: save after `jit`, not inside it.")
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        data = arrays[path] = np.asarray(jax.random.key_data(value))
        known = {"type": data.dtype.name, "shape": list(data.shape)}
        return {"key": path, "implementation": str(jax.random.key_impl(value)), **known}
    library = "jax" if isinstance(value, jax.Array) else "numpy" if isinstance(value, np.ndarray) else "scalar"
    array = np.asarray(value)
    if array.dtype.kind not in _KINDS or array.dtype.itemsize > (16 if array.dtype.kind == "c" else 8):
        raise InputError(f"`{path}` has the type `{array.dtype}`. Only numbers of up to 64 bit can be saved.")
    arrays[path] = array
    return {"array": path, "library": library, "type": array.dtype.name, "shape": list(array.shape)}


def _as_in(library: Any, array: np.ndarray) -> Any:
    if library == "jax":
        return jnp.asarray(array)
    return array[()] if library == "scalar" else array


def _built(name: str, fields: dict[str, Any], own: ModuleType | None) -> Any:
    """An object of a registered class with exactly these fields; what its checks promise is checked again."""
    cls = _class_of(name, own)
    wanted = _fields(cls)
    if wanted is None or set(wanted) != set(fields):
        have = ", ".join(f"`{f}`" for f in wanted or ())
        raise InputError(
            f"The file gives `{name}` the fields {', '.join(f'`{f}`' for f in fields)}, but here it has {have}. "
            "It was saved by another version."
        )
    if issubclass(cls, tuple):
        return cls(**fields)
    # As JAX rebuilds trees: the fields as they were, without converters, so that every bit stays.
    value = object.__new__(cls)
    for field, entry in fields.items():
        object.__setattr__(value, field, entry)
    for ancestor in cls.__mro__:
        check = ancestor.__dict__.get("__check_init__")
        if check is not None:
            check(value)
    return value


def _class_of(name: str, own: ModuleType | None) -> type:
    package, _, cls_name = name.partition(":")
    if is_own(name):
        if own is None:
            raise InputError(
                f"The file holds an object of the class `{cls_name}` of `{package}`, which is not part of Dynascope. "
                f'If you trust that file, pass `source="{name}"` (command line: `--source {name}`).'
            )
        found = vars(own).get(cls_name)
        where = own.__file__
    else:
        parts = package.split(".")
        if parts[0] != "dynascope" or any(not p.isidentifier() or p.startswith("_") for p in parts):
            raise InputError(f"The file asks for the class `{name}`, which is not one of Dynascope.")
        try:
            found = getattr(importlib.import_module(package), cls_name, None)
        except ImportError:
            found = None
        where = f"`{package}`"
    if not inspect.isclass(found) or _fields(found) is None:
        raise InputError(f"There is no class `{cls_name}` in {where}. The file was saved by another version.")
    return found
