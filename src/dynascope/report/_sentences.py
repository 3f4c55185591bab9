"""Verdicts in words: one plain sentence per regime, with the number that carries it."""

from __future__ import annotations

import math
from pathlib import PurePath

import numpy as np

from ..analysis.regime import Attractor, Diagnosis, RegimeFromData


def measured(value: float, error: float | None, unit: str = "1") -> str:
    """A value with its error, rounded to two digits of the error: `0.906 ± 0.004 per ms`.

    An error below a millionth is left out.
    """
    tail = "" if unit == "1" else f" {unit}"
    if not math.isfinite(value):
        return "unknown"
    if error is None or not math.isfinite(error) or error <= 0:
        return f"{value:.6g}{tail}"
    if error < 1e-6 * abs(value):
        return f"{value:.7g}{tail}"
    digits = max(0, -math.floor(math.log10(error)) + 1)
    if digits > 12 or abs(value) >= 1e6:
        return f"{value:.6g} ± {error:.1g}{tail}"
    return f"{value:.{digits}f} ± {error:.{digits}f}{tail}"


def short_name(target: str) -> str:
    """A target as it reads in a sentence: a file without its folders."""
    return PurePath(target).name or target


def rate(unit: str) -> str:
    """How a rate in `nats/<unit>` is read: `per ms`, `per step`, `per unit of time`."""
    name = unit.split("/")[-1]
    return "per unit of time" if name in ("time", "1") else f"per {name}"


def describe_system(target: str, diagnosis: Diagnosis) -> str:
    """The verdict on a system in one sentence."""
    verdict = diagnosis.verdict
    first = diagnosis.attractors[0] if diagnosis.attractors else None
    lost = diagnosis.found.unbounded
    tail = f" From {lost:.0%} of the random starts it runs away to infinity." if 0 < lost < 1 else ""
    match verdict.regime:
        case "unbounded":
            return f"{target} has no attractor: from every start tried, its state runs away to infinity."
        case "conservative":
            return f"{target} preserves volume: nothing attracts, and every start keeps its own motion."
        case "line attractor" | "ring attractor" | "slow manifold":
            return f"{target} has a {verdict.regime}: it can stay at a continuum of states and remember them."
        case "multistable":
            return f"{target} is multistable: {_coexisting(diagnosis)}.{tail}"
        case _:
            return f"{target} {_does(verdict.regime, first)}.{tail}"


def _does(regime: str, attractor: Attractor | None) -> str:
    if attractor is None:
        return "could not be classified: the fixed step of the solver is too long for it, or it is stiff"
    spectrum, back = attractor.spectrum, attractor.returns
    period = ""
    if back is not None and back.multiplicity:
        period = measured(float(back.period), float(back.period_stderr), "" if back.unit == "1" else back.unit).strip()
    largest = ""
    if spectrum is not None:
        largest = f"{measured(float(spectrum.exponents[0]), float(spectrum.stderr[0]))} {rate(spectrum.unit)}"
    forgetting = largest
    if spectrum is not None:
        forgetting = f"{measured(-float(spectrum.exponents[0]), float(spectrum.stderr[0]))} {rate(spectrum.unit)}"
    return {
        "fixed point": "comes to rest at a fixed point",
        "limit cycle": f"settles on a limit cycle{f' with a period of {period}' if period else ''}",
        "periodic": f"repeats itself every {back.multiplicity if back is not None else '?'} steps",
        "torus": _torus(attractor),
        "chaos": f"is chaotic: nearby states separate at a rate of {largest}",
        "hyperchaos": f"is hyperchaotic: nearby states separate in several directions, at most at {largest}",
        "contracting": f"forgets its past: different starts under one drive become alike at a rate of {forgetting}",
        "undecided": "could not be classified: the signs are too weak or contradict each other",
    }[regime]


def _torus(attractor: Attractor) -> str:
    zeros = 0
    if attractor.spectrum is not None and attractor.spectrum.unit == "nats/step":
        zeros = int(np.sum(np.abs(attractor.spectrum.exponents) <= attractor.spectrum.zero_widths))
    if zeros == 1:
        return "moves around a closed curve and never quite repeats: its rhythm does not fit its steps"
    return "moves on a torus: it combines rhythms whose periods do not fit together, and never quite repeats"


def _coexisting(diagnosis: Diagnosis) -> str:
    parts: list[str] = []
    regimes = [a for a in diagnosis.attractors if a.share > 0]
    for regime in dict.fromkeys(a.verdict.regime for a in regimes):
        group = [a for a in regimes if a.verdict.regime == regime]
        share = sum(a.share for a in group)
        count = "a" if len(group) == 1 else str(len(group))
        parts.append(f"{count} {_plural(regime, len(group))} ({share:.0%} of the random starts)")
    more = len(diagnosis.found) - len(diagnosis.attractors)
    text = " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
    return f"{text} coexist" + (f", with {more} more attractors not examined" if more > 0 else "")


def _plural(regime: str, count: int) -> str:
    names = {
        "chaos": "chaotic attractor",
        "hyperchaos": "hyperchaotic attractor",
        "periodic": "periodic orbit",
        "contracting": "response to the drive",
    }
    name = names.get(regime, "undecided motion" if regime == "undecided" else regime)
    if count == 1:
        return name
    irregular = {"torus": "tori", "response to the drive": "responses to the drive"}
    return irregular.get(name, f"{name}s")


def describe_recording(target: str, regime: RegimeFromData) -> str:
    """The verdict on a recording in one sentence."""
    growth = ""
    if regime.exponent is not None and math.isfinite(regime.exponent.exponent):
        value = measured(regime.exponent.exponent, regime.exponent.stderr)
        growth = f", with neighbouring states separating at {value} per unit of time"
    text = {
        "fixed point": "is at rest apart from noise",
        "limit cycle": "repeats itself: a limit cycle, as far as the data show",
        "torus": "combines several steady rhythms: motion on a torus",
        "chaos": f"looks chaotic{growth}",
        "noise": "cannot be told from filtered noise: no sign of low-dimensional dynamics",
        "undecided": "does not decide the question: the signs are too weak or contradict each other",
    }.get(regime.verdict.regime, f"shows: {regime.verdict.regime}")
    return f"{target} {text}."
