"""What is typed after an option, as the value that the library takes."""

import math
from typing import Any

from .._errors import InputError


def changes(texts: list[str] | None) -> dict[str, Any]:
    """The values of all `--set NAME=VALUE` by name."""
    found: dict[str, Any] = {}
    for text in texts or []:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise InputError(
                f"`--set {text}` is not of the form NAME=VALUE. Write for instance `--set I=10`, without spaces around "
                "the equals sign."
            )
        if name in found:
            raise InputError(f"`--set {name}=...` is given twice. Give one value, or several as a list: `{name}=1,2`.")
        found[name] = value_of(value)
    return found


def value_of(text: str) -> Any:
    """A whole number, a number, a list of numbers, true or false, or the text itself."""
    if "," in text:
        parts = [_number(part) for part in text.strip("[]() ").split(",") if part.strip()]
        return text if any(p is None for p in parts) else [float(p) for p in parts if p is not None]
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    number = _number(text)
    return text if number is None else number


def numbers(text: str, *, option: str) -> list[float]:
    """Numbers separated by commas."""
    parts = [_number(part) for part in text.strip("[]() ").split(",")]
    bad = [part for part, number in zip(text.strip("[]() ").split(","), parts, strict=True) if number is None]
    if bad:
        raise InputError(f"`{option} {text}` holds {bad[0].strip()!r}, which is no number. Write `{option} 1,2.5,-3`.")
    return [float(p) for p in parts if p is not None]


def duration(value: float | None, *, option: str, whole: bool = False, zero: bool = False) -> float | None:
    """A time given on the command line, checked: finite, positive (or zero, if allowed), whole for maps."""
    if value is None:
        return None
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        least = "zero or more" if zero else "positive"
        raise InputError(f"`{option}` must be a finite time, {least}, got {value:g}.")
    if whole and value != int(value):
        raise InputError(f"`{option}` counts the steps of a map and must be whole, got {value:g}.")
    return value


def share(value: float | None, *, option: str) -> float | None:
    """A tolerance or share: finite and positive."""
    if value is not None and not (math.isfinite(value) and value > 0):
        raise InputError(f"`{option}` must be a positive number, such as 1e-6, got {value:g}.")
    return value


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
