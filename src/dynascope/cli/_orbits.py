"""Orbits beside the branches of `bifurcations --orbits N`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._errors import InputError
from ..analysis.bifurcation import BifurcationDiagram, OrbitDiagram, orbit_diagram
from ..analysis.bifurcation._agreement import AGREEMENTS
from ..analysis.bifurcation._orbit_run import BEHAVIOURS
from ..systems import AbstractSystem
from ._options import Options
from ._setup import key_of
from ._show import plain
from ._written import NUMBERS, written


def orbits_beside(
    system: AbstractSystem, diagram: BifurcationDiagram, options: Options, *, inputs: Any
) -> OrbitDiagram | None:
    """Where orbits settle over the range of the diagram; None where nobody asked."""
    if options.orbits is None:
        return None
    if options.orbits < 2:
        raise InputError(f"`--orbits` needs 2 values of the parameter or more, got {options.orbits}.")
    return orbit_diagram(
        system,
        diagram.parameter_name,
        *diagram.window,
        count=options.orbits,
        beside=diagram,
        inputs=inputs,
        key=key_of(options),
    )


def facts_of(orbits: OrbitDiagram) -> dict[str, Any]:
    """The orbits, one entry of each list for each."""
    which = orbits.names.index(orbits.variable)
    return {
        "variable": orbits.variable,
        "parameter": plain(orbits.parameter),
        "behaviour": [BEHAVIOURS[i] for i in orbits.behaviour],
        "repeats": plain(orbits.repeats),
        "low": plain(orbits.low),
        "high": plain(orbits.high),
        "points": [plain(p[:n, which]) for p, n in zip(orbits.points, orbits.count, strict=True)],
        "branch": plain(orbits.source),
        "agreement": [AGREEMENTS[i] for i in orbits.agreement],
        "settings": plain(orbits.settings),
    }


def files_of(diagram: BifurcationDiagram, orbits: OrbitDiagram | None, out: Path) -> dict[str, str]:
    """The files once they are written: both in one picture, their numbers in a file each."""
    if orbits is None:
        return {"file": str(written(diagram, out))}
    if out.suffix.lower() not in NUMBERS:
        return {"file": str(written(diagram, out, lambda plot: plot(diagram, orbits=orbits)))}
    other = out.with_name(f"{out.stem}-orbits{out.suffix}")
    return {"file": str(written(diagram, out)), "orbits_file": str(written(orbits, other))}


def told(orbits: OrbitDiagram) -> list[str]:
    """The orbits in a few lines."""
    head, *rest = orbits.summary().splitlines()
    return [f"  {head.split(': ', 1)[1]}", *rest]
