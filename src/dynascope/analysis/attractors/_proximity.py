"""Attractors that are given: a start leads to the one that it comes near to."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._errors import InputError
from ._finder import AbstractFinder, Assigned
from ._known import OPEN, UNDECIDED, KnownAttractor, race, targets_of
from ._stage import Stage


class Proximity(AbstractFinder):
    """Attractors given by states on them; a start has arrived when it comes within a distance of such a state.

    Nothing new is found: what comes near to none is undecided.

    Args:
        states: For each attractor the flattened states on it, shape `(point, d)` or `(d,)`.
        distance: Distance at which a start has arrived, in units of what the ensemble covers.
        looks: Most looks.
        stride: Solver steps between two looks (periods of a forcing, iterations of a map).

    Raises:
        InputError: If no attractor is given or the distance is not positive.
    """

    states: tuple[np.ndarray, ...] = eqx.field(converter=lambda v: tuple(np.atleast_2d(np.asarray(s)) for s in v))
    distance: float = 1e-3
    looks: int = eqx.field(static=True, default=50_000)
    stride: int = eqx.field(static=True, default=4)

    def __check_init__(self) -> None:
        if not self.states or not self.distance > 0:
            raise InputError("`Proximity` needs at least one attractor in `states` and a positive `distance`.")

    def assigned(
        self, stage: Stage, starts: np.ndarray, known: tuple[KnownAttractor, ...] = (), *, key: Any
    ) -> Assigned:
        del key
        known = known or tuple(_given(stage, s, self.distance) for s in self.states)
        # Every state counts as a place of its own.
        places = tuple(
            KnownAttractor(a.points[i : i + 1], a.states[i : i + 1], a.carry, False, self.distance, 0.0)
            for a in known
            for i in range(len(a.points))
        )
        owner = np.array([n for n, a in enumerate(known) for _ in range(len(a.points))])
        targets = targets_of(places, streak=1)
        labels, took = race(stage, targets, stage.carries(starts), 0, looks=self.looks, stride=self.stride)
        named = np.where(labels >= 0, owner[np.maximum(labels, 0)], np.where(labels == OPEN, UNDECIDED, labels))
        steps = int(took.sum()) * self.stride * stage.unit * stage.stepped.work
        return Assigned(named.astype(np.int32), took * self.stride * stage.step_time, known, steps)


def _given(stage: Stage, states: np.ndarray, distance: float) -> KnownAttractor:
    """An attractor as it is given; of several states it moves from one to the other."""
    points = stage.seen(states)
    return KnownAttractor(
        points=points,
        states=np.asarray(states, float),
        carry=jax.tree.map(lambda leaf: np.asarray(leaf)[0], stage.carries(states[:1])),
        moving=len(states) > 1,
        radius=distance,
        spread=float(np.ptp(points, axis=0).max()),
    )
