"""Optional packages: imported when needed, with the line that installs them when absent."""

from __future__ import annotations

import importlib
from typing import Any

from .._errors import InputError


def optional(module: str, *, extra: str, why: str) -> Any:
    """The module called `module`.

    Raises:
        InputError: If it is not installed; the message gives the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(
            f"{why} needs the package `{package}`, which cannot be imported ({error}). Install it with "
            f"`pip install 'dynascope[{extra}]'`."
        ) from error
