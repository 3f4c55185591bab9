"""The verdict: one regime, how sure it is, and the signs that speak for it."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx

from .._errors import InputError

#: Every regime that a verdict may name; the order is that of the design: simple to complicated, then undecided.
REGIMES = (
    "fixed point",
    "limit cycle",
    "periodic",
    "torus",
    "chaos",
    "hyperchaos",
    "conservative",
    "unbounded",
    "line attractor",
    "ring attractor",
    "slow manifold",
    "contracting",
    "noise",
    "multistable",
    # Where nothing but spike times is known.
    "silent",
    "bursting",
    "asynchronous irregular",
    "asynchronous regular",
    "synchronous irregular",
    "synchronous regular",
    "undecided",
)


class Evidence(eqx.Module):
    """One sign that a verdict rests on.

    Attributes:
        sign: what was measured, such as `largest exponent`.
        value: what came out; None where the sign could not be measured.
        error: its standard error; None where it has none (a label, a count).
        meaning: what this value says about the regime, as a sentence.
    """

    sign: str = eqx.field(static=True)
    value: float | str | None = eqx.field(static=True)
    error: float | None = eqx.field(static=True)
    meaning: str = eqx.field(static=True)

    def to_json(self) -> dict[str, Any]:
        """The four fields as plain values; a number that is not finite becomes None, which JSON can hold."""
        return {
            "sign": self.sign,
            "value": _finite(self.value),
            "error": _finite(self.error),
            "meaning": self.meaning,
        }


class Verdict(eqx.Module):
    """What kind of dynamics this is.

    Attributes:
        regime: one of `REGIMES`.
        confidence: from 0 (a guess) to 1 (every sign agrees).
        evidence: the signs, most telling first.
        attributes: what else is true: `excitable`, `bursting`, `quasiperiodic`, `noisy`, ...
    """

    regime: str = eqx.field(static=True)
    confidence: float = eqx.field(static=True)
    evidence: tuple[Evidence, ...] = ()
    attributes: tuple[str, ...] = eqx.field(static=True, default=())

    def __check_init__(self):
        if self.regime not in REGIMES:
            raise InputError(f"`regime` must be one of {', '.join(REGIMES)}; got {self.regime!r}.")
        if not 0.0 <= self.confidence <= 1.0:
            raise InputError(f"`confidence` must lie between 0 and 1; got {self.confidence}.")

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain values that `json.dumps` takes."""
        return {
            "regime": self.regime,
            "confidence": float(self.confidence),
            "evidence": [item.to_json() for item in self.evidence],
            "attributes": list(self.attributes),
        }

    def summary(self) -> str:
        """The regime, the confidence and what the signs say."""
        head = f"{self.regime} (confidence {self.confidence:.2f})"
        extra = f", {', '.join(self.attributes)}" if self.attributes else ""
        return f"{head}{extra}. " + " ".join(item.meaning for item in self.evidence)


def _finite(value: float | str | None) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    return float(value) if math.isfinite(value) else None
