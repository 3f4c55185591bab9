"""Attractors by recurrences: where a run keeps coming back to cells that it has visited before."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._errors import InputError
from ..._random import generator_of
from ._finder import AbstractFinder, Assigned
from ._grouping import Clouds, group_of, groups
from ._known import DIVERGED, OPEN, UNDECIDED, KnownAttractor, race, targets_of
from ._stage import Stage
from ._trust import certified, joined, surveyed
from ._windows import MOVING, REST, Judged, judge, strides

#: Solver steps (maps: iterations) of the first window of looks, and looks in each.
_FIRST, _FIRST_MAP, _LOOKS = 4096, 1024, 512
#: Looks in a row by which a start has arrived at a moving attractor, at first and at most.
_STREAK, _LONGEST = 128, 2048
#: How many times longer than the scouts needed a start may take before it is looked at as a scout itself.
_PATIENCE = 8


class Recurrences(AbstractFinder):
    """Attractors by recurrences, without knowing anything about them before.

    A few starts, the scouts, run in windows of looks at irregular times, each window twice as long as all before. A
    scout has come to *rest* when a whole window fits into 10^-6 of what the ensemble covers, and is *recurrent* when
    either half of a window visits the cells of the other, on a grid that is as fine as its own looks allow, without
    growing or shrinking, twice in a row. A slow passage is not: its halves visit different cells
    as soon as the cells are small enough, and a place of rest counts only if states displaced from it come back, so
    that saddles and ghosts are no attractors. Scouts whose points mix are on one attractor.

    All other starts then race, thousands at once, until they enter the neighbourhood of a place of rest from which
    test states return, or stay in the cells of a moving attractor for 128 looks, or as
    many more as it takes until the race tells of every scout what it found. Those that take much longer than the
    scouts become scouts, and may find something new.

    Args:
        scouts: Number of starts that search.
        windows: Most windows; what has not come to a decision then is undecided.
        stride: Solver steps between two looks of the race (periods of a forcing, iterations of a map).

    Reference:
        Datseris & Wagemakers (2022), Effortless estimation of basins of attraction, Chaos 32, 023104, for the idea of
        recurrences on cells; windows, displaced states and the race are our own.
    """

    scouts: int = eqx.field(static=True, default=128)
    windows: int = eqx.field(static=True, default=8)
    stride: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.scouts < 1 or self.windows < 2:
            raise InputError(
                f"`Recurrences` needs at least one scout and two windows, got {self.scouts} and {self.windows}."
            )

    def assigned(
        self, stage: Stage, starts: np.ndarray, known: tuple[KnownAttractor, ...] = (), *, key: Any
    ) -> Assigned:
        rng = generator_of(key)
        labels, times = np.full(len(starts), OPEN, np.int32), np.zeros(len(starts))
        steps = 0
        order = rng.permutation(len(starts)) if len(starts) > self.scouts else np.arange(len(starts))
        if not known:
            first = order[: self.scouts]
            told, late, known, steps = self._scouted(stage, starts[first], known, rng)
            # Those that have settled race as well, so that all times mean the same.
            unsure = told < 0
            labels[first[unsure]], times[first[unsure]] = told[unsure], late[unsure]
            known = self._agreed(stage, starts[first[~unsure]], told[~unsure], known)
        stride = self._stride(stage)
        while np.any(labels == OPEN):
            rest = np.flatnonzero(labels == OPEN)
            if known:
                # Scouts that come back undecided do so because they take long, not because more time would be spent
                # on each start of the race.
                streak = max([_STREAK, *(a.streak for a in known)])
                looks = max(_PATIENCE * self._longest(stage), 64 * stride) // stride + 2 * streak
                targets = targets_of(known, streak=streak)
                won, took = race(stage, targets, stage.carries(starts[rest]), 0, looks=looks, stride=stride)
                labels[rest], times[rest] = won, took * stride * stage.step_time
                steps += int(took.sum()) * stride * stage.unit
                rest = rest[won == OPEN]
            some = rest[: self.scouts]
            if not len(some):
                break
            before = len(known)
            labels[some], times[some], known, more = self._scouted(stage, starts[some], known, rng)
            steps += more
            if len(known) == before and len(rest) > len(some):
                # Nothing new where the race did not end: the others are scouts too.
                for i in range(len(some), len(rest), self.scouts):
                    part = rest[i : i + self.scouts]
                    labels[part], times[part], known, more = self._scouted(stage, starts[part], known, rng)
                    steps += more
        return Assigned(labels, times, known, steps * stage.stepped.work)

    def _agreed(
        self, stage: Stage, starts: np.ndarray, told: np.ndarray, known: tuple[KnownAttractor, ...]
    ) -> tuple[KnownAttractor, ...]:
        """The attractors with streaks so long that the race agrees with what the scouts found."""
        if not any(a.moving for a in known) or not len(starts):
            return known
        streak = _STREAK
        stride = self._stride(stage)
        while streak < _LONGEST:
            looks = max(_PATIENCE * self._longest(stage), 64 * stride) // stride + 2 * streak
            won, _ = race(stage, targets_of(known, streak=streak), stage.carries(starts), 0, looks=looks, stride=stride)
            if np.all((won == told) | (won == OPEN)):
                break
            streak *= 2
        return tuple(eqx.tree_at(lambda a: a.streak, a, streak) for a in known)

    def _stride(self, stage: Stage) -> int:
        return self.stride or (1 if stage.unit > 1 or stage.iterated else 8)

    def _longest(self, stage: Stage) -> int:
        """Steps (in units of the stage) of a scout's third window."""
        return max(4 * (_FIRST_MAP if stage.iterated else _FIRST) // (stage.unit * stage.stepped.work), _LOOKS)

    def _scouted(
        self, stage: Stage, starts: np.ndarray, known: tuple[KnownAttractor, ...], rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, tuple[KnownAttractor, ...], int]:
        """Labels, times, all attractors known and the steps taken by starts that search."""
        count = len(starts)
        labels, times = np.full(count, OPEN, np.int32), np.zeros(count)
        carries, position, steps = stage.carries(starts), 0, 0
        length = max(_LOOKS, (_FIRST_MAP if stage.iterated else _FIRST) // (stage.unit * stage.stepped.work))
        live, before = np.arange(count), np.full(count, OPEN)
        for _ in range(self.windows):
            walk = strides(length, _LOOKS, rng)
            carries, seen = stage.run(_padded(carries, live), position, walk)
            carries, seen = _taken(carries, np.arange(len(live))), seen[: len(live)]
            position, steps = position + int(walk.sum()) * stage.unit, steps + int(walk.sum()) * len(live) * stage.unit
            judged = judge(seen)
            labels[live[judged.diverged]] = DIVERGED
            # Rest is put to the test by displaced states; what moves must be found to recur twice.
            steady = ((judged.kinds == before[live]) | (judged.kinds == REST)) & ~judged.diverged
            before[live] = judged.kinds
            fresh, known, carries = self._named(stage, judged, seen, carries, steady, position, length, known, rng)
            labels[live] = np.where(fresh >= 0, fresh, labels[live])
            times[live] = position * float(stage.stepped.dt)
            kept = labels[live] == OPEN
            carries, live, length = jax.tree.map(lambda leaf, k=kept: leaf[k], carries), live[kept], 2 * length
            if not len(live):
                break
        labels[labels == OPEN] = UNDECIDED
        return labels, times, known, steps

    def _named(
        self,
        stage: Stage,
        judged: Judged,
        seen: np.ndarray,
        carries: Any,
        steady: np.ndarray,
        position: int,
        length: int,
        known: tuple[KnownAttractor, ...],
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, tuple[KnownAttractor, ...], Any]:
        """Labels of the scouts that have settled (else `OPEN`), the attractors, and scouts pushed off saddles."""
        labels = np.full(len(seen), OPEN, np.int32)
        at_rest = np.flatnonzero(steady & (judged.kinds == REST))
        moving = np.flatnonzero(steady & (judged.kinds == MOVING))
        ends = seen[:, -1]
        strangers = []
        for i in at_rest:
            label = group_of(ends[i], known)
            labels[i] = label if label >= 0 else OPEN
            strangers += [i] if label < 0 else []
        for members in groups(ends[strangers]):
            mine = [strangers[m] for m in members]
            one = KnownAttractor(
                points=ends[mine[:1]],
                states=stage.presents(_taken(carries, mine[:1])),
                carry=jax.tree.map(lambda leaf, m=mine[0]: leaf[m], carries),
                moving=False,
                radius=0.0,
                spread=float(judged.spreads[mine[0]]),
            )
            sure, carries = certified(stage, one, known, carries, mine, position=position, length=length, rng=rng)
            if sure is not None:
                known = joined(known, sure)
                labels[mine] = len(known) - 1
            else:
                labels[mine] = OPEN
        sets, fleeting = Clouds.of(known), Clouds((), ())
        for i in moving:
            label = sets.group_of(seen[i])
            if label < 0 and fleeting.group_of(seen[i]) < 0:
                one, stays = surveyed(stage, _taken(carries, [i]), position, rng)
                label = sets.group_of(one.points)
                if label < 0 and stays:
                    known, label = (*known, one), len(known)
                    sets = Clouds.of(known)
                elif not stays:
                    fleeting = Clouds.of((*fleeting.known, one))
                    label = -1
            labels[i] = label if label >= 0 else OPEN
        return labels, known, carries


def _taken(carries: Any, indices: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[np.asarray(indices)], carries)


def _padded(carries: Any, live: np.ndarray) -> Any:
    """The carries, repeated to one of few sizes so that few programs are compiled."""
    count = len(live)
    size = next((s for s in (8, 32, 128, 512, 2048) if s >= count), count)
    return _taken(carries, np.concatenate([np.arange(count), np.zeros(size - count, int)]))
