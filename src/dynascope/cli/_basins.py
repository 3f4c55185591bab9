"""The command `basins`: attractors with their shares, and a picture if one is asked for."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from .._errors import RESULTS, InputError
from ..analysis.basins import Basins, BasinShares, basin_shares, grid_of
from ..analysis.basins import basins as basins_on
from ..systems import AbstractSystem, Box, dimension, kind, state_variables
from ._along import along
from ._answer import Answer
from ._options import Options
from ._setup import input_of, key_of, start_of, stepper
from ._show import plain, table
from ._targets import system_of
from ._values import share
from ._written import PICTURES, out_of, written

#: Standard error of the shares without `--rtol`, and cells along each side of a picture without `--cells`.
_PRECISION, _CELLS = 0.02, 200
#: Attractors and components of a state that are shown to people.
_SHOWN, _COMPONENTS = 20, 4


def basins(target: str, options: Options) -> Answer:
    """Attractors with regime and share of the starts in a region."""
    for word in ("t1", "transient"):
        if getattr(options, word) is not None:
            raise InputError(f"`--{word}` means nothing to `basins`, which runs each start until it has settled.")
    found, system = system_of(target, options, command="basins")
    out = out_of(options)
    if options.over:
        inputs, assumed = input_of(system, options)
        region, notes = region_of(system, options), (*found.notes, *assumed)
        return along(target, system, options, region=region, inputs=inputs, notes=notes)
    if options.cells is not None and not (out is not None and out.suffix.lower() in PICTURES):
        raise InputError("`--cells` says how fine the picture is and needs one: add `--out basins.png`.")
    inputs, assumed = input_of(system, options)
    region = region_of(system, options)
    shares = basin_shares(
        system,
        region=region,
        precision=share(options.rtol, option="--rtol") or _PRECISION,
        name=True,
        inputs=inputs,
        key=key_of(options),
        solver=stepper(system, options.dt),
    )
    rows = [
        {
            "regime": shares.regimes[i],
            "share": plain(shares.shares[i]),
            "stderr": plain(shares.stderr[i]),
            "moving": bool(shares.moving[i]),
            "home": i == shares.home,
            "state": plain(shares.states[i]),
        }
        for i in range(len(shares))
    ]
    facts: dict[str, Any] = {
        "target": target,
        "kind": kind(system),
        "dimension": dimension(system),
        "names": list(shares.names),
        "attractors": rows,
        "unbounded": shares.unbounded,
        "unbounded_stderr": shares.unbounded_stderr,
        "undecided": shares.undecided,
        "starts": shares.starts,
        "result": RESULTS[shares.result] or "successful",
        "notes": [*found.notes, *assumed],
        "settings": plain(shares.settings),
    }
    if out is not None:
        facts["file"] = str(written(shares, out, lambda plot: plot(_drawn(system, shares, region, inputs, options))))
    return Answer(facts, _told(target, shares, facts.get("file")))


def region_of(system: AbstractSystem, options: Options) -> Box | None:
    """The box of `--region x=-2:2,y=0`: what is not named keeps the system's own range, or is held at its start."""
    if options.region is None:
        return None
    names = [v.name for v in state_variables(system)]
    flat, unravel = ravel_pytree(system.initial_state())
    start = start_of(system, options)
    low = np.array(flat if start is None else ravel_pytree(start)[0], float)
    high = low.copy()
    for part in options.region.split(","):
        name, _, ends = part.partition("=")
        numbers = [_number(end) for end in ends.split(":")]
        if name.strip() not in names or len(numbers) > 2 or any(n is None for n in numbers):
            raise InputError(
                f"`--region {options.region}` must read NAME=LOW:HIGH or NAME=VALUE, separated by commas, with names "
                f"among {', '.join(names[:12])}; got `{part}`."
            )
        i = names.index(name.strip())
        low[i], high[i] = numbers[0], numbers[-1]  # type: ignore[assignment]
    if np.any(low > high):
        raise InputError(f"`--region {options.region}` has a lower end above its upper one. Write NAME=LOW:HIGH.")
    return Box(unravel(jnp.asarray(low, flat.dtype)), unravel(jnp.asarray(high, flat.dtype)))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _drawn(system: AbstractSystem, shares: BasinShares, region: Box | None, inputs: Any, options: Options) -> Basins:
    """The basins over the first two components that vary."""
    box = region if region is not None else system.region()
    if box is None:
        raise InputError(
            f"`{type(system).__name__}` declares no region, so a picture needs one: add "
            f"`--region {','.join(f'{n}=-1:1' for n in shares.names[:2])}`."
        )
    low, high = (np.asarray(ravel_pytree(side)[0], float) for side in (box.low, box.high))
    wide = [i for i in range(len(low)) if high[i] > low[i]][:2]
    at = np.where([i in wide for i in range(len(low))], low, (low + high) / 2)
    ranges = {shares.names[i]: (float(low[i]), float(high[i])) for i in wide}
    grid = grid_of(system, ranges, cells=options.cells or _CELLS, at=jnp.asarray(at))
    return basins_on(system, grid, name=True, inputs=inputs, key=key_of(options), solver=stepper(system, options.dt))


def _told(target: str, shares: BasinShares, file: str | None) -> str:
    lines = [f"{target}: {len(shares)} attractor(s) from {shares.starts} starts"]
    rows = [("#", "regime", "share", "", "a state on it")]
    for i in range(min(len(shares), _SHOWN)):
        state = [f"{n} = {x:.4g}" for n, x in zip(shares.names, shares.states[i], strict=True)]
        more = f", and {len(state) - _COMPONENTS} more" if len(state) > _COMPONENTS else ""
        rows.append(
            (
                str(i + 1), shares.regimes[i], f"{shares.shares[i]:.4f}", f"± {shares.stderr[i]:.1g}",
                ", ".join(state[:_COMPONENTS]) + more,
            )
        )  # fmt: skip
    if shares.unbounded:
        rows.append(("", "diverges", f"{shares.unbounded:.4f}", f"± {shares.unbounded_stderr:.1g}", ""))
    if shares.undecided:
        rows.append(("", "undecided", f"{shares.undecided:.4f}", "", ""))
    lines.append(table(rows, right=(0, 2)))
    if len(shares) > _SHOWN:
        lines.append(f"  and {len(shares) - _SHOWN} more (`--json` shows all)")
    if 0 <= shares.home < len(shares):
        lines.append(f"  The initial state leads to number {shares.home + 1}.")
    return "\n".join(lines + ([f"  written to {file}"] if file else []))
