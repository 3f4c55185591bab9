"""Does what is at rest attract? Displaced states tell, and how far the answer holds."""

from __future__ import annotations

import functools
from typing import Any

import equinox as eqx
import jax
import numpy as np
from scipy import linalg

from ._grouping import group_of
from ._known import KnownAttractor
from ._stage import Stage
from ._windows import strides

#: Displaced states per place of rest, for its radius and for the first question whether it attracts at all.
_PROBES, _FEW = 64, 16
#: Displacement, in units of the ensemble, at which a place must attract; the largest radius that is tried.
_NEAR, _WIDEST = 1e-3, 0.1
#: By how much the radius shrinks from trial to trial, for plain distances and for those with a form.
_SHRINK, _SHRINK_FORM = 0.5, 0.84
#: Share of the radius of a trial that is taken; with a form, where more states are tried on both surfaces.
_TAKEN, _TAKEN_FORM, _CONFIRMING = 0.5, 0.8, 128
#: A state that moves by less than this share of its distance between two looks stays away.
_STUCK = 1e-3
#: Displacement, in units of the ensemble, that shows the linear map around a place of rest; its largest dimension.
_TINY, _SMALL = 1e-5, 8
#: Squared length of the form along any direction, at least, where it is 1 along the stiffest.
_SOFTEST = 1e-2
#: Parts of a trial of a radius, after each of which it ends if all have come back.
_TRIAL = 32
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
    come back to within 10^-3 of the ensemble. In small systems distances are those of the quadratic form that shrinks
    at every step of the linear map around the place (Lyapunov's), so that what slowly spirals in is known for good
    long before it has come to rest; there it is 0.8 of that distance, if 128 further states on either surface come
    back.
    """
    if stage.discrete:
        # Spins do not move a little: only the very same state is the attractor.
        return eqx.tree_at(lambda a: a.radius, place, _NEAR), carries
    steps = max(length, position // stage.unit)
    away = _away(stage, place, np.full(_FEW, _NEAR), position=position, parts=(steps // 2, steps - steps // 2), rng=rng)
    if not np.max(away) < _STAYED * _NEAR:
        pushed = stage.displaced(
            jax.tree.map(lambda leaf: leaf[np.asarray(members)], carries), _directions(stage, len(members), rng) * _NEAR
        )
        return None, jax.tree.map(lambda leaf, new: _replaced(leaf, members, new), carries, pushed)
    shaped = eqx.tree_at(lambda a: a.form, place, _form(stage, place, position))
    others = [float(shaped.distance(a.points[0])) for a in known if not a.moving]
    radius = min([_WIDEST, *(_APART * gap for gap in others)])
    formed = shaped.form.size > 0
    taken, shrink = (_TAKEN_FORM, _SHRINK_FORM) if formed else (_TAKEN, _SHRINK)
    # Places of one system are often alike: the first trial is a little beyond what held for those before.
    alike = [a.radius / taken / shrink**1.5 for a in known if not a.moving and (a.form.size > 0) == formed]
    radius = min(radius, max(alike, default=radius))
    surfaces = np.repeat([1.0, taken], _CONFIRMING)
    while radius > _NEAR:
        back = functools.partial(_come_back, stage, shaped, position=position, steps=steps, rng=rng)
        if back(np.full(_PROBES, radius)) and (not formed or back(radius * surfaces)):
            return eqx.tree_at(lambda a: a.radius, shaped, taken * radius), carries
        radius *= shrink
    return eqx.tree_at(lambda a: a.radius, place, 0.5 * _NEAR), carries


def _come_back(
    stage: Stage, place: KnownAttractor, radii: np.ndarray, *, position: int, steps: int, rng: np.random.Generator
) -> bool:
    """Whether all states displaced by `radii` come back to this very place: another may lie within a share of them."""
    enough, part = min(_BACK * float(radii.min()), _NEAR), max(1, steps // _TRIAL)
    away = _away(stage, place, radii, position=position, parts=(part,) * _TRIAL, rng=rng, enough=enough)
    return bool(np.max(away) < enough)


def _replaced(rows: np.ndarray, members: list[int], new: np.ndarray) -> np.ndarray:
    out = np.array(rows)
    out[members] = new
    return out


def _form(stage: Stage, place: KnownAttractor, position: int) -> np.ndarray:
    """The form of distances around a place of rest, upper triangular; empty where plain ones are taken.

    With A the linear map of a step, P = sum_j (A^j)^T A^j solves A^T P A - P + 1 = 0, and x^T P x falls at every step.
    P is scaled to 1 along its stiffest direction and held above 10^-2; its factor is returned.
    """
    k, plain = place.points.shape[1], np.zeros((0, 0))
    alone = stage.lens.plain and stage.lens.mix.ndim == 1 and stage.stepped.dimension == k
    if not alone or k > _SMALL:
        return plain
    shifts = np.zeros((_FEW, k))
    shifts[:k], shifts[k : 2 * k] = _TINY * np.eye(k), -_TINY * np.eye(k)
    many = jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], _FEW, axis=0), place.carry)
    _, seen = stage.run(stage.displaced(many, shifts * stage.sizes), position, np.array([1, 1]))
    linear = (seen[:k, 0] - seen[k : 2 * k, 0]).T / (2 * _TINY)
    if not np.all(np.isfinite(linear)) or not np.max(np.abs(np.linalg.eigvals(linear))) < 1 - _TINY**2:
        return plain
    values, vectors = np.linalg.eigh(linalg.solve_discrete_lyapunov(linear.T, np.eye(k)))
    if not (np.all(np.isfinite(values)) and values[0] > 0):
        return plain
    values = np.maximum(values / values[-1], _SOFTEST)
    return np.linalg.cholesky((vectors * values) @ vectors.T).T


def joined(known: tuple[KnownAttractor, ...], one: KnownAttractor) -> tuple[KnownAttractor, ...]:
    """All that is known with one more place of rest, whose neighbours draw back from it."""

    def beside(a: KnownAttractor) -> KnownAttractor:
        if a.moving:
            return a
        return eqx.tree_at(lambda b: b.radius, a, min(a.radius, _APART * float(a.distance(one.points[0]))))

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
    radii: np.ndarray,
    *,
    position: int,
    parts: tuple[int, ...],
    rng: np.random.Generator,
    enough: float = 0.0,
) -> np.ndarray:
    """Distances of states displaced by `radii` after `parts` of steps; infinite if they diverged.

    It ends early when all are below `enough`, or one is not and has stopped.
    """
    count = len(radii)
    many = jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], count, axis=0), place.carry)
    units = _directions(stage, count, rng)
    if place.form.size:
        units = units / stage.sizes @ np.linalg.inv(place.form).T * stage.sizes
    at, gaps = stage.displaced(many, units * radii[:, None]), np.full(count, np.inf)
    for n in range(0, len(parts), 2):
        walk = np.array(parts[n : n + 2])
        at, seen = stage.run(at, position, walk)
        position += int(walk.sum()) * stage.unit
        gaps = place.distance(seen[:, -1])
        gaps = np.where(np.isfinite(gaps), gaps, np.inf)
        stuck = (np.linalg.norm(seen[:, -1] - seen[:, 0], axis=1) < _STUCK * gaps) & (gaps >= enough)
        if enough and (np.max(gaps) < enough or np.any(stuck | np.isinf(gaps))):
            break
    return gaps


def _directions(stage: Stage, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random displacements of unit length in units of the ensemble, as flattened present states."""
    draws = rng.normal(size=(count, len(stage.sizes)))
    unit = draws / np.linalg.norm(draws, axis=1, keepdims=True)
    positive = np.array([v.topology == "positive" for v in stage.variables])
    return np.where(positive, np.abs(unit), unit) * stage.sizes
