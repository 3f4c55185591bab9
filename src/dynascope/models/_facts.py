"""Numbers that are known of a system, each with its tolerance, its source and how it was checked."""

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from ._registry import find, names


@dataclasses.dataclass(frozen=True)
class Fact:
    """One known number, or several that belong together.

    Args:
        quantity: What it is, e.g. `"lyapunov_exponents"`, `"hopf"`, `"period"`.
        value: The number, a float; a tuple of floats for several.
        tolerance: How far a correct computation may be from each value.
        unit: Its unit, `"1"` where dimensionless.
        parameters: The parameters under which it holds, where they differ from the defaults.
        checked: `"analytic"` follows from the equations by the formula in `source`; `"computed"` by the independent
            method named there; `"published"` is the figure of the cited work.
        source: Formula, method or publication.
    """

    quantity: str
    value: Any
    tolerance: float
    unit: str
    parameters: dict[str, float]
    checked: Literal["analytic", "computed", "published"]
    source: str

    def agrees(self, computed: Any) -> bool:
        """Whether a computed number (or, for several, a sequence of them) is within the tolerance of the known one."""
        several = isinstance(self.value, tuple)
        known, found = (self.value, tuple(computed)) if several else ((self.value,), (computed,))
        return len(found) == len(known) and all(
            abs(float(f) - k) <= self.tolerance for f, k in zip(found, known, strict=True)
        )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@functools.cache
def _table() -> dict[str, Mapping[str, Fact]]:
    text = resources.files("dynascope.models").joinpath("facts.toml").read_text("utf-8")
    table: dict[str, Mapping[str, Fact]] = {}
    for name, rows in tomllib.loads(text).items():
        known = [Fact(**{"unit": "1", "parameters": {}, **{k: _frozen(v) for k, v in row.items()}}) for row in rows]
        table[name] = MappingProxyType({fact.quantity: fact for fact in known})
    return table


def facts(name: str) -> Mapping[str, Fact]:
    """All that is known of the system which the catalogue calls `name`, by quantity; empty where nothing is recorded.

    Raises:
        InputError: If there is no such system; the message lists close names.

    Example:
        >>> facts("logistic")["period_doubling_r"].value
        (3.0, 3.449489742783178)
    """
    if name not in names():
        find(name)
    return _table().get(name, MappingProxyType({}))
