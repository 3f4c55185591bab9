"""The command `bifurcations` with `--and`: curves of bifurcations over two parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .._errors import RESULTS, InputError
from ..analysis.bifurcation import CycleContinuation
from ..analysis.codimension_two import BifurcationSet, CodimensionTwoPoint, bifurcation_set
from ..systems import AbstractSystem, dimension, kind
from ._answer import Answer
from ._options import Options
from ._setup import input_of, key_of
from ._show import plain, table
from ._written import written

#: Special points and components of a state that are shown to people.
_SHOWN, _COMPONENTS = 40, 3


def over_two(
    target: str,
    system: AbstractSystem,
    ranges: dict[str, tuple[float, float]],
    options: Options,
    *,
    notes: tuple[str, ...] = (),
) -> Answer:
    """Curves of bifurcations in the plane of two parameters, and the points of codimension two on them."""
    inputs, assumed = input_of(system, options)
    cycles = CycleContinuation(doublings=0) if options.cycles else None
    found = bifurcation_set(system, ranges, inputs=inputs, key=key_of(options), cycles=cycles)
    facts: dict[str, Any] = {
        "target": target,
        "kind": kind(system),
        "dimension": dimension(system),
        "names": list(found.names),
        "parameters": list(found.parameter_names),
        "units": list(found.parameter_units),
        "window": [list(w) for w in found.window],
        "points": [_point(p) for p in found.points],
        "curves": [
            {
                "kind": curve.kind,
                "parameters": plain(curve.parameters),
                "state": plain(curve.states),
                "period": plain(curve.period),
                "coefficient": plain(curve.coefficient),
                "unstable": plain(curve.unstable),
                "special": plain(curve.special),
                "origin": curve.origin,
                "ends": list(curve.ends),
            }
            for curve in found.curves
        ],
        "result": RESULTS[found.result] or "successful",
        "notes": [*notes, *assumed, *found.notes],
        "settings": plain(found.settings),
    }
    if options.out is not None:
        facts["file"] = str(written(found, Path(options.out)))
    return Answer(facts, _told(target, found, facts.get("file")))


def second_range(text: str, first: str) -> tuple[str, tuple[float, float]]:
    """The name and the range of `--and NAME=A:B`.

    Raises:
        InputError: If the text is no such thing, or names the first parameter again.
    """
    name, equals, ends = text.partition("=")
    parts = ends.split(":")
    try:
        low, high = (float(part) for part in parts)
    except ValueError as error:
        raise InputError(f"`--and` needs NAME=FROM:TO, such as `--and V3=-20:40`; got {text!r}.") from error
    if not equals or not name:
        raise InputError(f"`--and` needs NAME=FROM:TO, such as `--and V3=-20:40`; got {text!r}.")
    if name == first:
        raise InputError(f"`--and` must name another parameter than `--parameter {first}`.")
    return name, (low, high)


def _point(point: CodimensionTwoPoint) -> dict[str, Any]:
    row: dict[str, Any] = {
        "type": point.type,
        "parameters": plain(point.parameters),
        "error": plain(point.error),
        "state": plain(point.state),
        "eigenvalues": plain(point.eigenvalues),
    }
    if point.said:
        some = point.coefficients[np.isfinite(point.coefficients)]
        row["normal_form"] = {"coefficients": plain(some), "said": point.said}
    return row


def _told(target: str, found: BifurcationSet, file: str | None) -> str:
    head, *_ = found.summary().splitlines()
    lines = [f"{target}: {head}"]
    if found.types:
        rows: list[tuple[str, ...]] = [("type", *found.parameter_names, "normal form", "", "state")]
        order = np.argsort(found.special_parameters[:, 0], kind="stable")[:_SHOWN]
        for point in (found.points[i] for i in order):
            state = [f"{n} = {x:.5g}" for n, x in zip(found.names, point.state, strict=True)]
            rows.append(
                (
                    point.type,
                    *(f"{value:.9g}" for value in point.parameters),
                    ", ".join(f"{c:.4g}" for c in point.coefficients if np.isfinite(c)),
                    point.said,
                    ", ".join(state[:_COMPONENTS]) + (", ..." if len(state) > _COMPONENTS else ""),
                )
            )
        lines.append(table(rows, right=(1, 2, 3)))
        if len(found.types) > _SHOWN:
            lines.append(f"  and {len(found.types) - _SHOWN} more (`--json` shows all)")
    lines += [f"  Note: {note}" for note in found.notes]
    return "\n".join(lines + ([f"  written to {file}"] if file else []))
