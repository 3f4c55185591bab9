"""The command `bifurcations`: the diagram over one parameter, with a table of its special points."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._errors import RESULTS, InputError
from .._param import parameters
from ..analysis.bifurcation import BifurcationDiagram, OrbitDiagram, SpecialPoint
from ..analysis.bifurcation import bifurcations as bifurcations_of
from ..systems import AbstractSystem, dimension, kind
from ._answer import Answer
from ._bifurcation_set import over_two, second_range
from ._options import Options
from ._orbits import facts_of, files_of, orbits_beside, told
from ._setup import input_of, key_of
from ._show import plain, table
from ._targets import system_of
from ._written import out_of

#: Special points and components of a state that are shown to people.
_SHOWN, _COMPONENTS = 40, 3


def bifurcations(target: str, options: Options) -> Answer:
    """Branches and special points over a parameter, or curves of bifurcations over two."""
    found, system = system_of(target, options, command="bifurcations")
    name, low, high = _asked(system, options)
    out = out_of(options)
    if options.second is not None:
        if options.orbits is not None:
            raise InputError("`--orbits` belongs to a diagram over one parameter. Leave it or `--and` out.")
        other, ends = second_range(options.second, name)
        return over_two(target, system, {name: (low, high), other: ends}, options, notes=found.notes)
    if options.cycles:
        raise InputError("`--cycles` goes with `--and`: diagrams over one parameter follow cycles by themselves.")
    inputs, assumed = input_of(system, options)
    diagram = bifurcations_of(system, name, low, high, inputs=inputs, key=key_of(options))
    facts: dict[str, Any] = {
        "target": target,
        "kind": kind(system),
        "dimension": dimension(system),
        "names": list(diagram.names),
        "parameter": diagram.parameter_name,
        "unit": diagram.parameter_unit,
        "from": diagram.window[0],
        "to": diagram.window[1],
        "points": [_point(p) for p in diagram.points],
        "branches": _branches(diagram),
        "result": RESULTS[diagram.result] or "successful",
        "notes": [*found.notes, *assumed, *diagram.notes],
        "settings": plain(diagram.settings),
    }
    orbits = orbits_beside(system, diagram, options, inputs=inputs)
    if orbits is not None:
        facts["orbits"] = facts_of(orbits)
    files = {} if out is None else files_of(diagram, orbits, out)
    return Answer(facts | files, _told(target, diagram, orbits, list(files.values())))


def _asked(system: AbstractSystem, options: Options) -> tuple[str, float, float]:
    """The parameter and its range."""
    if options.parameter is None:
        listed = ", ".join(f"`{n}`" for n in parameters(system)) or "none"
        raise InputError(f"Say which parameter to vary: `--parameter NAME`. `{type(system).__name__}` has {listed}.")
    if options.low is None or options.high is None:
        raise InputError(f"Say the range of `{options.parameter}`: `--from A --to B`.")
    return options.parameter, options.low, options.high


def _point(point: SpecialPoint) -> dict[str, Any]:
    row: dict[str, Any] = {
        "type": point.type,
        "parameter": plain(point.parameter),
        "error": plain(point.error),
        "state": plain(point.state),
        "branch": point.branch,
        "eigenvalues": plain(point.eigenvalues),
    }
    if np.isfinite(point.period):
        row["period"] = point.period
    if point.criticality:
        row["normal_form"] = {"coefficient": plain(point.coefficient), "criticality": point.criticality}
    return row


def _branches(diagram: BifurcationDiagram) -> list[dict[str, Any]]:
    rows = []
    for branch in diagram.branches:
        row: dict[str, Any] = {
            "kind": branch.kind,
            "parameter": plain(branch.parameter),
            "state": plain(branch.states),
            "unstable": plain(branch.unstable),
            "special": plain(branch.special),
            "origin": branch.origin,
            "ends": list(branch.ends),
        }
        if branch.kind == "cycle":
            row |= {"low": plain(branch.low), "high": plain(branch.high), "period": plain(branch.period)}
        rows.append(row)
    return rows


def _told(target: str, diagram: BifurcationDiagram, orbits: OrbitDiagram | None, files: list[str]) -> str:
    head, *_ = diagram.summary().splitlines()
    lines = [f"{target}: {head}"]
    if diagram.types:
        rows = [("type", diagram.parameter_name, "period", "normal form", "", "state")]
        order = np.argsort(diagram.special_parameter, kind="stable")[:_SHOWN]
        for point in (diagram.points[i] for i in order):
            state = [f"{n} = {x:.5g}" for n, x in zip(diagram.names, point.state, strict=True)]
            more = ", ..." if len(state) > _COMPONENTS else ""
            rows.append(
                (
                    point.type,
                    f"{point.parameter:.9g}",
                    f"{point.period:.6g}" if np.isfinite(point.period) else "",
                    f"{point.coefficient:.4g}" if np.isfinite(point.coefficient) else "",
                    point.criticality,
                    ", ".join(state[:_COMPONENTS]) + more,
                )
            )
        lines.append(table(rows, right=(1, 2, 3)))
        if len(diagram.types) > _SHOWN:
            lines.append(f"  and {len(diagram.types) - _SHOWN} more (`--json` shows all)")
    lines += [f"  Note: {note}" for note in diagram.notes]
    lines += [] if orbits is None else told(orbits)
    return "\n".join(lines + [f"  written to {file}" for file in files])
