"""Does what is at rest attract? Displaced states tell, and how far the answer holds."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

from ._grouping import group_of
from ._known import KnownAttractor
from ._stage import Stage
from ._windows import strides

#: Displaced states per place of rest, for its radius and for the first question whether it attracts at all.
_PROBES, _FEW = 64, 16
#: Displacement, in units of the ensemble, at which a place must attract; the largest radius that is tried.
_NEAR, _WIDEST = 1e-3, 0.1
#: Share of the gap between two places of rest that the radius of each may reach.
_APART = 0.4
#: A displaced state has come back if it is nearer than this share of where it started.
_BACK = 0.5
#: Displaced states of a survey, its looks, in how many parts they come, and how much longer than its scout it runs.
_COPIES, _POINTS, _PARTS, _LONGER = 8, 8192, 32, 4
#: States on each moving attractor that are kept.
_KEPT = 64
#: Cells along the longest side, and the share of them that last looks must visit of those that looks before did.
_CELLS, _NARROWER = 32, 0.3
#: It has not left if it is nearer than this: places of a continuum keep their distance.
_STAYED = 1.05


def certified(
    stage: Stage,
    place: KnownAttractor,
    known: tuple[KnownAttractor, ...],
    carries: Any,
    members: list[int],
    *,
    position: int,
    length: int,
    rng: np.random.Generator,
) -> tuple[KnownAttractor | None, Any]:
    """The place of rest with its radius if it attracts, else None and its scouts pushed off it.

    States displaced by 10^-3 of the ensemble must not move away in the time that the scouts took to arrive: they leave
    a saddle, and from a ghost they drift on. The radius is half of the largest distance from which all of 64 states
    come back to within 10^-3 of the ensemble.
    """
    if stage.discrete:
        # Spins do not move a little: only the very same state is the attractor.
        return eqx.tree_at(lambda a: a.radius, place, _NEAR), carries
    steps = max(length, position // stage.unit)
    away = _away(stage, place, _NEAR, _FEW, position=position, steps=steps, rng=rng)
    if not np.max(away) < _STAYED * _NEAR:
        pushed = stage.displaced(
            jax.tree.map(lambda leaf: leaf[np.asarray(members)], carries), _directions(stage, len(members), rng) * _NEAR
        )
        return None, jax.tree.map(lambda leaf, new: leaf.at[np.asarray(members)].set(new), carries, pushed)
    others = [float(np.linalg.norm(a.points[0] - place.points[0])) for a in known if not a.moving]
    radius = min([_WIDEST, *(_APART * gap for gap in others)])
    while radius > _NEAR:
        away = _away(stage, place, radius, _PROBES, position=position, steps=steps, rng=rng)
        # Far displacements must come back to this very place: another one may lie within a share of them.
        if np.max(away) < min(_BACK * radius, _NEAR):
            return eqx.tree_at(lambda a: a.radius, place, 0.5 * radius), carries
        radius /= 2
    return eqx.tree_at(lambda a: a.radius, place, 0.5 * _NEAR), carries


def joined(known: tuple[KnownAttractor, ...], one: KnownAttractor) -> tuple[KnownAttractor, ...]:
    """All that is known with one more place of rest, whose neighbours draw back from it."""

    def beside(a: KnownAttractor) -> KnownAttractor:
        if a.moving:
            return a
        gap = float(np.linalg.norm(a.points[0] - one.points[0]))
        return eqx.tree_at(lambda b: b.radius, a, min(a.radius, _APART * gap))

    return (*(beside(a) for a in known), one)


def surveyed(stage: Stage, carry: Any, position: int, rng: np.random.Generator) -> tuple[KnownAttractor, bool]:
    """What recurs, with many points, and whether it stays: a chaotic transient recurs too, but not for ever.

    Eight states displaced from one on it by 10^-3 of the ensemble run on, each four times as long as its scout did
    until then. It stays if the last looks of each are on what the others show.
    """
    many = jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf), _COPIES, axis=0), carry)
    at = stage.displaced(many, _directions(stage, _COPIES, rng) * _NEAR)
    length = max(_LONGER * (position // stage.unit), _POINTS)
    states, points, last = [stage.presents(carry)], [], np.zeros((0, 0, 0))
    # Parts of one length may last about one period, so that all of their ends are one state.
    for n, factor in enumerate(rng.uniform(0.5, 1.5, _PARTS)):
        part = strides(round(factor * length / _PARTS), _POINTS // _PARTS, rng)
        at, last = stage.run(at, position, part)
        position += int(part.sum()) * stage.unit
        if n:  # what was displaced is given time to return
            points.append(last[0])
        if n >= _PARTS // 2:  # some of the copies may take long to do so
            states.append(stage.presents(at))
    cloud = np.concatenate(points)
    one = KnownAttractor(
        points=cloud,
        states=_spread_out(stage, np.concatenate(states)),
        carry=jax.tree.map(lambda leaf: leaf[0], carry),
        moving=True,
        radius=0.0,
        spread=float(np.ptp(cloud, axis=0).max()),
    )
    # Either half is judged against the other: the second may have left, and then the first shows what is not there.
    if not np.all(np.isfinite(cloud)) or not np.all(np.isfinite(last)):
        return one, False
    middle = len(points) // 2
    early, late = (eqx.tree_at(lambda a: a.points, one, np.concatenate(p)) for p in (points[:middle], points[middle:]))
    stays = all(group_of(end, (early,)) == 0 for end in last) and _as_wide(last, points[:middle])
    return one, stays and all(group_of(part, (late,)) == 0 for part in points[:middle])


def _as_wide(last: np.ndarray, before: list[np.ndarray]) -> bool:
    """Whether the last looks of each copy visit about as many cells as looks before: not so where a chaotic transient
    ends on a cycle that lies among its own points.
    """
    low, size = before[0].min(axis=0), max(float(np.ptp(np.concatenate(before), axis=0).max()), 1e-12) / _CELLS
    counts = [len(np.unique(np.floor((part - low) / size), axis=0)) for part in (*before, *last)]
    return min(counts[len(before) :]) >= _NARROWER * float(np.median(counts[: len(before)]))


def _spread_out(stage: Stage, states: np.ndarray) -> np.ndarray:
    """The first state and those that are farthest from all chosen before: an orbit rests longest where it is slow."""
    seen = stage.seen(states)
    gaps, chosen = np.full(len(seen), np.inf), [0]
    for _ in range(min(_KEPT, len(seen)) - 1):
        gaps = np.minimum(gaps, np.linalg.norm(seen - seen[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(np.nan_to_num(gaps, nan=-1.0, posinf=-1.0))))
    return states[chosen]


def _away(
    stage: Stage,
    place: KnownAttractor,
    radius: float,
    count: int,
    *,
    position: int,
    steps: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Distances of displaced states at the end of `steps`; infinite if they diverged."""
    many = jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], count, axis=0), place.carry)
    moved = stage.displaced(many, _directions(stage, count, rng) * radius)
    _, seen = stage.run(moved, position, np.array([steps // 2, steps - steps // 2]))
    gaps = np.linalg.norm(seen[:, -1] - place.points[0], axis=1)
    return np.where(np.isfinite(gaps), gaps, np.inf)


def _directions(stage: Stage, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random displacements of unit length in units of the ensemble, as flattened present states."""
    draws = rng.normal(size=(count, len(stage.sizes)))
    unit = draws / np.linalg.norm(draws, axis=1, keepdims=True)
    positive = np.array([v.topology == "positive" for v in stage.variables])
    return np.where(positive, np.abs(unit), unit) * stage.sizes
