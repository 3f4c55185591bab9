"""Analyses in the form that a sweep wants: few numbers and words per point."""

from __future__ import annotations

from typing import Any

from .._types import Key
from ..analysis.regime import regime_of
from ..analysis.tangent import orbit_exponents
from ..systems import AbstractSystem


def exponents(system: AbstractSystem, *, key: Key | None = None, **options: Any) -> dict[str, Any]:
    """Lyapunov exponents of a run of fixed length: vectorised over points, and without errors.

    Args:
        system: Any system with a continuous state, without resets.
        key: Random key of a noisy system.
        **options: Further arguments of `orbit_exponents`, such as `steps` and `k`.

    Returns:
        `exponents`, per unit of time (maps: per step).
    """
    return {"exponents": orbit_exponents(system, key=key, **options)}


def regime(system: AbstractSystem, *, key: Key | None = None, **options: Any) -> dict[str, Any]:
    """The regime of a system as a word, for phase diagrams.

    Args:
        system: Any system.
        key: Random key of the starts.
        **options: Further arguments of `regime_of`.

    Returns:
        `regime`, its `confidence`, the number of `attractors` and the share of `unbounded` starts.
    """
    found = regime_of(system, key=key, **options)
    return {
        "regime": found.verdict.regime,
        "confidence": found.verdict.confidence,
        "attractors": len(found.attractors),
        "unbounded": float(found.found.unbounded),
    }
