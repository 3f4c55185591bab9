"""Numbers that are known of a system, each with its tolerance, its source and how it was checked."""

import dataclasses
import functools
import tomllib
from importlib import resources
from typing import Any, Literal

from ._registry import find, names


@dataclasses.dataclass(frozen=True)
class Fact:
    """One known number, or several that belong together.

    Args:
        quantity: What it is, e.g. `"lyapunov_exponents"`, `"hopf"`, `"period"`.
        value: The number; a tuple for several.
        tolerance: How far a correct computation may be from each value.
        unit: Its unit, `"1"` where dimensionless.
        parameters: The parameters under which it holds, where they differ from the defaults.
        checked: `"analytic"` follows from the equations by the formula in `source`; `"computed"` by the independent
            method named there; `"published"` is the figure of the cited work.
        source: Formula, method or publication.
    """

    quantity: str
    value: float | tuple[float, ...]
    tolerance: float
    unit: str
    parameters: dict[str, float]
    checked: Literal["analytic", "computed", "published"]
    source: str


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@functools.cache
def _table() -> dict[str, tuple[Fact, ...]]:
    text = resources.files("dynascope.models").joinpath("facts.toml").read_text("utf-8")
    return {
        name: tuple(
            Fact(**{"unit": "1", "parameters": {}, **{k: _frozen(v) for k, v in row.items()}}) for row in rows
        )
        for name, rows in tomllib.loads(text).items()
    }


def facts(name: str) -> tuple[Fact, ...]:
    """All that is known of the system which the catalogue calls `name`; empty where nothing is recorded.

    Raises:
        InputError: If there is no such system; the message lists close names.
    """
    if name not in names():
        find(name)
    return _table().get(name, ())
