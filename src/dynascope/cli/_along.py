"""The command `basins --over NAME=A:B:N`: attractors and their shares along a parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .._errors import RESULTS, InputError
from ..analysis.bifurcation import BifurcationDiagram, bifurcations
from ..analysis.continuation import GlobalContinuation, global_continuation
from ..sweep import Range
from ..systems import AbstractSystem, Box, dimension, kind
from ._answer import Answer
from ._options import Options
from ._setup import key_of, stepper
from ._show import plain, table
from ._sweep import over
from ._values import share
from ._written import written

#: Starts at every value without `--rtol`, and attractors that are shown to people.
_STARTS, _SHOWN = 1000, 20
#: Systems up to this dimension have their local branches drawn into the picture.
_SMALL = 16


def along(
    target: str, system: AbstractSystem, options: Options, *, region: Box | None, inputs: Any, notes: tuple[str, ...]
) -> Answer:
    """Attractors over one parameter with shares and errors."""
    name, values = _asked(options)
    precision = share(options.rtol, option="--rtol")
    found = global_continuation(
        system,
        name,
        values,
        region=region,
        starts=_STARTS if precision is None else int(np.ceil(0.25 / precision**2)),
        inputs=inputs,
        key=key_of(options),
        solver=stepper(system, options.dt),
    )
    rows = [
        {
            "first": found.span(i)[0],
            "last": found.span(i)[1],
            "present": found.present[:, i].tolist(),
            "moving": found.moving[:, i].tolist(),
            "share": plain(found.shares[:, i]),
            "stderr": plain(found.stderr[:, i]),
        }
        for i in range(len(found))
    ]
    facts: dict[str, Any] = {
        "target": target,
        "kind": kind(system),
        "dimension": dimension(system),
        "names": list(found.names),
        "parameter": found.parameter_name,
        "unit": found.parameter_unit,
        "values": plain(found.values),
        "attractors": rows,
        "unbounded": plain(found.unbounded),
        "unbounded_stderr": plain(found.unbounded_stderr),
        "undecided": plain(found.undecided),
        "starts": found.starts,
        "result": RESULTS[found.result] or "successful",
        "notes": list(notes),
        "settings": plain(found.settings),
    }
    if options.out is not None:
        # A picture shows the local branches too, where the system has them.
        joined = lambda plot: plot(found, diagram=_branches(system, found, inputs, options))  # noqa: E731
        facts["file"] = str(written(found, Path(options.out), joined))
    return Answer(facts, _told(target, found, facts.get("file")))


def _asked(options: Options) -> tuple[str, Any]:
    """The parameter and its values."""
    if len(options.over or []) != 1:
        raise InputError("`basins` follows one parameter at a time: give `--over` once, such as `--over a=1.2:1.4:66`.")
    if options.cells is not None:
        raise InputError(
            "`--cells` belongs to a picture of basins, which `--over` does not draw. Leave one of them out."
        )
    name, values = over((options.over or [""])[0])
    levels = values.values() if isinstance(values, Range) else values
    if any(isinstance(v, str) for v in levels):
        raise InputError(f"`--over {name}=...` must hold numbers, such as `--over {name}=1.2:1.4:66`.")
    return name, levels


def _branches(
    system: AbstractSystem, found: GlobalContinuation, inputs: Any, options: Options
) -> BifurcationDiagram | None:
    """Equilibria and cycles over the same values; None where there are none to follow."""
    low, high = float(found.values.min()), float(found.values.max())
    plain_rule = kind(system) in ("flow", "map") and system.forcing_period() is None
    if not plain_rule or dimension(system) > _SMALL or not low < high:
        return None
    return bifurcations(system, found.parameter_name, low, high, inputs=inputs, key=key_of(options))


def _told(target: str, found: GlobalContinuation, file: str | None) -> str:
    name = found.parameter_name
    lines = [
        f"{target}: {len(found)} attractor(s) over {len(found.values)} values of {name}, {found.starts} starts each"
    ]
    rows = [("#", f"{name} from", "to", "values", "share", "", "largest error")]
    for i in range(min(len(found), _SHOWN)):
        here = found.present[:, i]
        low, high = found.span(i)
        shares = found.shares[here, i]
        rows.append(
            (
                str(i + 1), f"{low:.5g}", f"{high:.5g}", str(int(here.sum())), f"{shares.min():.3f}",
                f"to {shares.max():.3f}", f"{found.stderr[here, i].max():.2g}",
            )
        )  # fmt: skip
    lines.append(table(rows, right=(0, 1, 2, 3)))
    if len(found) > _SHOWN:
        lines.append(f"  and {len(found) - _SHOWN} more (`--json` shows all)")
    for share_, text in ((found.unbounded, "diverge"), (found.undecided, "are undecided")):
        if np.any(share_ > 0):
            lines.append(f"  Up to {share_.max():.3f} of the starts {text}.")
    return "\n".join(lines + ([f"  written to {file}"] if file else []))
