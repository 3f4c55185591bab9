"""The command `fit`: a recording in, a system out, with its scores beside their floors."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from ..data import save
from ..series import Recording
from ..systems import dimension, kind
from ._answer import Answer
from ._options import Options
from ._setup import key_of
from ._show import plain
from ._targets import read_target

if TYPE_CHECKING:
    from ..learn.fitting import Fit

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def fit(target: str, options: Options) -> Answer:
    """Learn a system from a recording, and write it."""
    # Training is slow to load: only a fit needs it.
    from ..learn.fitting import fit as fit_system

    budget = seconds_of(options.budget)
    found = read_target(target, options)
    if not isinstance(found.value, Recording):
        raise InputError(
            f"`fit` needs a recording of numbers, but `{target}` is none. Make one of a system with `dynascope "
            f"simulate {target} --out {found.name}.nc`."
        )
    out = Path(options.out if options.out is not None else f"{found.name}-model.safetensors")
    if out.suffix.lower() != ".safetensors" or not out.parent.is_dir():
        raise InputError(f"`--out {out}` must be a file in an existing folder that ends in .safetensors.")
    if not options.quiet:
        for note in found.notes:
            print(f"Note: {note}", file=sys.stderr)

    def tell(label: str, score: float, best: bool) -> None:
        if not options.quiet:
            print(f"  {score:8.3f}  {label}{'  (best so far)' if best else ''}", file=sys.stderr, flush=True)

    fitted = fit_system(
        found.value,
        model=options.model,
        latent=options.latent,
        budget=budget,
        name=True,
        key=key_of(options),
        tell=tell,
    )
    save(fitted.system, out)
    return Answer(_facts(target, fitted, out, found.notes), f"{fitted.summary()}\nwritten to {out}")


def seconds_of(text: str | None, *, none: bool = False) -> float | None:
    """The seconds of `90`, `90s`, `5m` or `1h`, and of `0` where `none` is a choice; None for None."""
    if text is None:
        return None
    if none and text.strip() == "0":
        return 0.0
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([smh]?)\s*", text.lower())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds > 0:
        more = ", or `0` for none" if none else ""
        raise InputError(f"`--budget {text}` must be a positive time: seconds, or `30s`, `5m`, `1h`{more}.")
    return seconds


def _facts(target: str, fitted: Fit, out: Path, notes: tuple[str, ...]) -> dict[str, Any]:
    long_run, system = fitted.fidelity, fitted.system
    scores = [
        {
            "name": name,
            "definition": definition,
            "value": plain(long_run.values[i]),
            "stderr": plain(long_run.stderr[i]),
            "floor": plain(long_run.floors[i]),
            "floor_stderr": plain(long_run.floor_stderr[i]),
            "trivial": dict(zip(long_run.trivial_names, plain(long_run.trivial[i]), strict=True)),
            "excess": plain(long_run.excess[i]),
        }
        for i, (name, definition) in enumerate(zip(long_run.names, long_run.definitions, strict=True))
    ]
    errors = [
        {
            "steps": n,
            "value": plain(fitted.errors[n - 1]),
            "stderr": plain(fitted.error_stderr[n - 1]),
            "persistence": plain(fitted.persistence[n - 1]),
        }
        for n in fitted.told_ahead
    ]
    return {
        "target": target,
        "file": str(out),
        "model": fitted.label,
        "kind": kind(system),
        "dimension": dimension(system),
        "channels": list(system.names),
        "dt": system.dt,
        "time_unit": system.clock,
        "regime": None if fitted.regime is None else fitted.regime.regime,
        "regime_confidence": None if fitted.regime is None else plain(fitted.regime.confidence),
        "grade": long_run.grade,
        "believable": fitted.believable,
        "verdict": long_run.verdict(),
        "samples": long_run.settings["samples"],
        "time": plain(long_run.settings["time"]),
        "metrics": scores,
        "prediction_errors": errors,
        "valid_time": {
            "median": plain(fitted.valid_time),
            "stderr": plain(fitted.valid_stderr),
            "censored": plain(fitted.valid_censored),
            "unit": fitted.valid_unit,
            "definition": fitted.valid_definition,
        },
        "exponent": plain(fitted.exponent),
        "exponent_stderr": plain(fitted.exponent_stderr),
        "candidates": [
            {"model": label, "score": plain(score)} for label, score in zip(fitted.tried, fitted.scores, strict=True)
        ],
        "failures": list(fitted.failures),
        "notes": [*notes, *fitted.notes],
        "settings": plain(fitted.settings),
    }
