"""The smallest shock that sends a system to another attractor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import RESULTS, InputError
from ..._random import generator_of, seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...systems import AbstractSystem, Box
from ..attractors import AbstractFinder
from ..basins import Fates, fates, flat_box

#: Shocks tried at once, rounds of searching everywhere, and of refining near the best.
_TRIED, _ROUNDS, _REFINED = 1024, 4, 24
#: Thickness of the shell in which shorter shocks are looked for in all directions, in units of its radius.
_SHELL = 0.02
#: The search ends when no smaller shock is found within this share of the smallest.
_TOLERANCE = 1e-4


class MinimalShock(AbstractResult):
    """The smallest displacement that was found to lead elsewhere.

    Attributes:
        shock: The displacement, a flattened state.
        norm: Its length.
        error: By how much shorter ones near it were tried without effect.
        origin: The state that was displaced.
        leads_to: Index of the attractor where it leads, -1 if the state diverges.
        tried: Number of shocks tried.
    """

    norm: float
    error: float
    leads_to: int
    tried: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    shock: np.ndarray = output("component", doc="smallest displacement that leads elsewhere")
    origin: np.ndarray = output("component", doc="state that was displaced")

    def summary(self) -> str:
        """The length of the shock and where it leads."""
        where = "to infinity" if self.leads_to < 0 else f"to attractor {self.leads_to + 1}"
        return f"Minimal fatal shock {self.norm:.5g} (to {self.error:.1g}, of {self.tried} tried); it leads {where}."


def minimal_shock(
    system: AbstractSystem,
    origin: State,
    *,
    region: Box | None = None,
    components: Sequence[int] | None = None,
    finder: AbstractFinder | None = None,
    inputs: Any = None,
    key: Key | None = None,
    solver: Any = None,
) -> MinimalShock:
    """The minimal fatal shock: the shortest displacement of a state to another basin of attraction.

    Shocks are drawn uniformly from a ball that shrinks to the shortest fatal one, then around that one and shorter,
    ever closer, while a shell below its length is tried in all directions. Basins may be fractal, so nothing is
    assumed about the boundary; a shorter shock in a tongue that no draw has met cannot be excluded.

    Args:
        system: Any system.
        origin: The state to displace, such as one on an attractor.
        region: Box of starts in which attractors are looked for; the first ball reaches to its corners.
        components: Indices of the components that shocks change; None takes those that vary in the region.
        finder: How to find attractors; None takes `Recurrences()`.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Raises:
        InputError: If no shock up to the corners of the region is fatal.

    Reference:
        Halekotte & Feudel (2020), Minimal fatal shocks in multistable complex networks, Scientific Reports 10, 11783.
    """
    key = key if key is not None else jax.random.key(0)
    ends = fates(system, region=region, finder=finder, inputs=inputs, key=key, solver=solver)
    low, high = flat_box(ends.box)
    start = np.asarray(ravel_pytree(origin)[0], float)
    changed = np.flatnonzero(high > low) if components is None else np.asarray(components)
    rng = generator_of(key)
    home, ends = ends.of(start[None])
    reach = float(np.linalg.norm(np.maximum(np.abs(low - start), np.abs(high - start))[changed]))
    best, label, tried = np.full(len(changed), np.inf), -1, 0
    radius, ends = reach, ends
    for _ in range(_ROUNDS):
        shocks = _ball(rng, _TRIED, len(changed)) * radius
        found, where, ends = _shortest(ends, start, changed, shocks, int(home[0]))
        tried += len(shocks)
        if found is None:
            break
        best, label, radius = found, where, float(np.linalg.norm(found))
    if not np.all(np.isfinite(best)):
        raise InputError(
            f"None of {tried} shocks up to {reach:.4g} led elsewhere. Take a larger `region`, unless there is only "
            "one attractor."
        )
    width = 0.5
    for _ in range(_REFINED):
        radius = float(np.linalg.norm(best))
        near = best / radius + width * rng.normal(size=(_TRIED // 4, len(changed))) / np.sqrt(len(changed))
        lengths = radius * (1 - width * rng.random((len(near), 1)))
        shocks = near / np.linalg.norm(near, axis=1, keepdims=True) * lengths
        # Thin tongues of another basin may reach nearer elsewhere: a shell in all directions is tried as well.
        ball = _ball(rng, 2 * _TRIED, len(changed))
        shell = radius * (1 - _SHELL * rng.random((len(ball), 1)))
        shocks = np.concatenate([shocks, ball / np.linalg.norm(ball, axis=1, keepdims=True) * shell])
        found, where, ends = _shortest(ends, start, changed, shocks, int(home[0]))
        tried += len(shocks)
        if found is None:
            width *= 0.5
            if width < _TOLERANCE:
                break
        else:
            best, label = found, where
    shock = np.zeros_like(start)
    shock[changed] = best
    return MinimalShock(
        norm=float(np.linalg.norm(best)),
        error=float(width * np.linalg.norm(best)),
        leads_to=label,
        tried=tried,
        result=RESULTS.successful if width < _TOLERANCE else RESULTS.not_converged,
        settings=provenance(
            system=type(system).__name__,
            region=ends.source,
            components=[int(i) for i in changed],
            seed=seed_of(key),
        ),
        shock=shock,
        origin=start,
    )


def _ball(rng: np.random.Generator, count: int, d: int) -> np.ndarray:
    """Points drawn uniformly from the unit ball."""
    way = rng.normal(size=(count, d))
    return way / np.linalg.norm(way, axis=1, keepdims=True) * rng.random((count, 1)) ** (1 / d)


def _shortest(
    ends: Fates, start: np.ndarray, changed: np.ndarray, shocks: np.ndarray, home: int
) -> tuple[np.ndarray | None, int, Fates]:
    """The shortest of the shocks that leads elsewhere, and where to."""
    states = np.tile(start, (len(shocks), 1))
    states[:, changed] += shocks
    labels, ends = ends.of(states)
    fatal = np.flatnonzero((labels != home) & (labels != -2))
    if not len(fatal):
        return None, -1, ends
    one = fatal[np.argmin(np.linalg.norm(shocks[fatal], axis=1))]
    return shocks[one], int(labels[one]), ends
