"""What a labelled case is, the registry of families, and long runs that label chaos without any of our analyses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Rng = np.random.Generator


class Case(NamedTuple):
    """A system whose regime is known.

    Attributes:
        name: Family and parameters.
        system: Makes it.
        regimes: Its regime, or several words that are all right.
        why: Where the label comes from.
        inputs: Makes its input.
        interval: Sampling interval of recordings (maps: 1); None leaves it out of the recordings.
        recorded: Words that are right for a recording of it.
    """

    name: str
    system: Callable[[], Any]
    regimes: tuple[str, ...]
    why: str
    inputs: Callable[[], Any] | None = None
    interval: float | None = None
    recorded: tuple[str, ...] = ()


class Family(NamedTuple):
    """Cases of one kind: how many there are in each half, and how one is drawn."""

    name: str
    count: int
    draw: Callable[[Rng], Case]


FIXED, CYCLE, PERIODIC, TORUS = ("fixed point",), ("limit cycle",), ("periodic",), ("torus",)
CHAOS, CHAOTIC, MANY = ("chaos",), ("chaos", "hyperchaos"), ("multistable",)
LOST, KEPT, FORGETS = ("unbounded",), ("conservative",), ("contracting",)
#: An exponent above this (per step, or per unit of time) is chaos; draws between nil and this are drawn again.
CLEAR = 0.05


def exponent_of_map(rule: Callable[[Any], Any], y: Any, *, steps: int = 20_000) -> float:
    """Largest exponent from the parting of two orbits, brought together again after every step."""
    y = np.asarray(y, float)
    for _ in range(2000):
        y = np.asarray(rule(y))
    other, total = y + 1e-8 / np.sqrt(y.size), 0.0
    for _ in range(steps):
        y, other = np.asarray(rule(y)), np.asarray(rule(other))
        gap = float(np.linalg.norm(other - y))
        if not np.isfinite(gap) or gap == 0.0:
            return float("nan") if not np.isfinite(gap) else -20.0
        total += np.log(gap / 1e-8)
        other = y + (other - y) * (1e-8 / gap)
    return total / steps


def exponent_of_flow(field: Callable[[Any], Any], y: Any, *, dt: float, steps: int = 20_000) -> float:
    """The same for a flow, stepped by the classical method of Runge and Kutta; per unit of time."""

    def step(y: Any) -> Any:
        a = field(y)
        b = field(y + dt / 2 * a)
        c = field(y + dt / 2 * b)
        return y + dt / 6 * (a + 2 * b + 2 * c + field(y + dt * c))

    return exponent_of_map(step, y, steps=steps) / dt


def until(draw: Callable[[], Any], clear: Callable[[Any], bool]) -> Any:
    """The first draw that is clear."""
    for _ in range(200):
        value = draw()
        if clear(value):
            return value
    raise RuntimeError("No clear case in 200 draws.")
