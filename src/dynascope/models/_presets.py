from collections.abc import Mapping
from typing import Any, TypeVar

from .._errors import InputError

_Values = TypeVar("_Values")


def chosen(cls: type[Any], presets: Mapping[str, _Values], name: str, *, what: str = "preset") -> _Values:
    """What `presets` holds for `name`, or an error that lists the names that `cls` has."""
    if name not in presets:
        options = ", ".join(f"`{p}`" for p in presets)
        raise InputError(f"`{cls.__name__}` has no {what} `{name}`. It has: {options}.")
    return presets[name]
