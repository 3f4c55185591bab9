"""Numbers that are known of a system, each with its tolerance, its source and how it was checked."""

import dataclasses
import functools
import json
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
        tolerance: How far a correct computation may be from each value; a tuple where each has its own.
        unit: Its unit, `"1"` where dimensionless.
        parameters: The parameters under which it holds, where they differ from the defaults.
        checked: `"analytic"` follows from the equations by the formula in `source`; `"computed"` by the independent
            method named there; `"published"` is the figure of the cited work.
        source: Formula, method or publication.
    """

    quantity: str
    value: Any
    tolerance: Any
    unit: str
    parameters: dict[str, float]
    checked: Literal["analytic", "computed", "published"]
    source: str

    def agrees(self, computed: Any) -> bool:
        """Whether a computed number (or, for several, a sequence of them) is within the tolerance of the known one."""
        several = isinstance(self.value, tuple)
        known, found = (self.value, tuple(computed)) if several else ((self.value,), (computed,))
        by = self.tolerance if isinstance(self.tolerance, tuple) else (self.tolerance,) * len(known)
        return len(found) == len(known) and all(
            abs(float(f) - k) <= b for f, k, b in zip(found, known, by, strict=True)
        )


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What our own analyses found at the standard parameters, and how far each check was from failing.

    `python -m tools.certify` computes it anew.

    Args:
        name: The system.
        regime: What the orbit from the standard start is, in the words of the verdict.
        undecided: Why the numbers are not certified, or nothing if they are.
        unit: Unit of the exponents.
        exponents: Lyapunov spectrum, the mean over two independent orbits; `None` marks minus infinity.
        stderr: Standard error of each.
        kaplan_yorke: Kaplan-Yorke dimension; `None` where the exponents computed do not reach it.
        kaplan_yorke_stderr: Its standard error.
        divergence: Mean growth rate of volumes along the orbit, as the sum of the exponents; `None` where it has none.
        sum_error: The sum of the exponents against the divergence along the same stretch of orbit, over the largest
            absolute exponent.
        orbits: Largest difference between the spectra of two independent orbits, in combined standard errors.
        integrators: The same between two integration methods; `None` for maps.
        lengths: The same between two lengths of a run.
        converged: Whether the halves of both runs agree and the precision asked for was reached.
        step: Step of the integration.
        duration: Time averaged over.
        start: A state on the attractor.
        time_scale: 2 pi over the root mean square of the relative rates of change: the period, for a sine.
        fixed_points: Each with its `state` and its number of `unstable` directions; at most twelve.
        seconds: CPU seconds that all of this took.
    """

    name: str
    regime: str
    undecided: str
    unit: str
    exponents: tuple[float | None, ...]
    stderr: tuple[float | None, ...]
    kaplan_yorke: float | None
    kaplan_yorke_stderr: float | None
    divergence: float | None
    sum_error: float | None
    orbits: float
    integrators: float | None
    lengths: float
    converged: bool
    step: float
    duration: float
    start: tuple[float, ...]
    time_scale: float | None
    fixed_points: tuple[Mapping[str, Any], ...]
    seconds: float


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


@functools.cache
def _certificates() -> dict[str, Certificate]:
    text = resources.files("dynascope.models").joinpath("certified.json").read_text("utf-8")
    fields = {f.name for f in dataclasses.fields(Certificate)}
    rows = [row for row in json.loads(text) if "regime" in row]
    known: list[dict[str, Any]] = [
        {"integrators": None, "lengths": 0.0} | {k: _frozen(v) for k, v in row.items() if k in fields} for row in rows
    ]
    return {row["name"]: Certificate(**row) for row in known}


def certificate(name: str) -> Certificate | None:
    """What was computed of the system which the catalogue calls `name`; None where nothing applies (discrete states).

    Raises:
        InputError: If there is no such system; the message lists close names.

    Example:
        >>> certificate("lorenz").regime
        'chaos'
    """
    if name not in names():
        find(name)
    return _certificates().get(name)


def _computed(row: Certificate) -> dict[str, Fact]:
    """The certified numbers as facts, each with three standard errors of tolerance."""
    source = "`python -m tools.certify`: two independent orbits, two integrators, sum rule"
    found: dict[str, Fact] = {}
    if row.undecided:
        return found
    if all(x is not None for x in row.exponents):
        # An exponent that never varied has no error of its own; the step and rounding leave a part in a million.
        floor = 1e-6 * max(abs(x) for x in row.exponents if x is not None)
        by = tuple(3 * (e or 0.0) + floor for e in row.stderr)
        found["lyapunov_spectrum"] = Fact(
            "lyapunov_spectrum", row.exponents, by, row.unit.replace("nats", "1"), {}, "computed", source
        )
    if row.kaplan_yorke is not None:
        by = 3 * (row.kaplan_yorke_stderr or 0.0) + 1e-6 * row.kaplan_yorke + 1e-12
        found["kaplan_yorke_dimension"] = Fact(
            "kaplan_yorke_dimension", row.kaplan_yorke, by, "1", {}, "computed", source
        )
    return found


def facts(name: str) -> Mapping[str, Fact]:
    """All that is known of the system which the catalogue calls `name`, by quantity; empty where nothing is recorded.

    Analytic and published numbers have their own source; computed ones come from its `certificate`.

    Raises:
        InputError: If there is no such system; the message lists close names.

    Example:
        >>> facts("logistic")["period_doubling_r"].value
        (3.0, 3.449489742783178)
    """
    row = certificate(name)
    return MappingProxyType({**(_computed(row) if row else {}), **_table().get(name, {})})
