"""The branches of isochrons: points found by integrating backward from the cycle, as close together as is asked."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ._clock import Clock, Paced, in_batches
from ._gauss import gauss
from ._orbit import PeriodicOrbit

Array = NDArray[np.float64]

#: Distance from the cycle, in units of its extent, up to which isochrons are straight to rounding of the phase.
_STRAIGHT = 1e-5
#: Where, in units of `spacing`, a branch has its first point beside the cycle.
_FIRST = 1e-3
#: First and longest step of the logarithm of the amplitude, and how many steps are taken at once.
_STEP, _LONGEST, _AT_ONCE = 0.5, 2.0, 8
#: Steps are doubled where their points are nearer than this, and halved where they are farther, in units of `spacing`.
_TIGHT, _WIDE = 0.5, 8.0
#: Points of a branch at most.
_POINTS = 5000
#: Neighbours nearer than this in the logarithm of the amplitude are not parted further.
_CLOSEST = 1e-12


class Limits(NamedTuple):
    """How close together the points of branches are, and how long branches are, in widths of the box."""

    spacing: float
    length: float


class Bundle(NamedTuple):
    """The directions of the isochrons along the cycle, and what a point on one of them starts from.

    Attributes:
        clock: The cycle.
        flow: Its flow backward in time.
        period: Its period.
        width: Width of the box in scaled units.
        rate: Logarithm of the multiplier: how amplitudes shrink in one period.
        directions: w at the starts of the intervals.
        phases: Their phases, over as many periods as are needed.
        reach: Logarithm of the greatest distance from the cycle, from there on, of what has amplitude 1 at phase 0.
    """

    clock: Clock
    flow: Paced
    period: float
    width: Array
    rate: float
    directions: Array
    phases: Array
    reach: Array

    def points(self, phase: Array, side: Array, amplitude: Array) -> tuple[Array, Array]:
        """Points of isochrons at logarithms of amplitudes, and the distance each moves in a period, in boxes."""
        wanted = np.log(_STRAIGHT) - amplitude + self.rate * phase
        near = np.searchsorted(-self.reach, -wanted, side="left")
        k = np.maximum(near, np.searchsorted(self.phases, phase - 1e-12, side="left"))
        ahead = np.maximum(self.phases[k] - phase, 0.0)
        node = k % len(self.directions)
        size = side * np.exp(amplitude + self.rate * ahead)
        starts = self.clock.states[node] + size[:, None] * self.directions[node]
        # A batch takes as long as its longest lane.
        order = np.argsort(ahead, kind="stable")
        lanes = starts[order], ahead[order] * self.period
        back = in_batches(lambda x, t: _back(self.flow, x, t), *lanes)
        points, moves, sound = (x[np.argsort(order, kind="stable")] for x in back)
        # What could not be followed is far outside of the box.
        sound = sound & np.all(np.isfinite(points) & np.isfinite(moves), axis=1)
        points = np.where(sound[:, None], points, self.clock.states[0] + 10 * self.width)
        moves = np.where(sound[:, None], moves, 0.0) * self.period / self.width
        return points, np.where(sound, np.linalg.norm(moves, axis=1), np.inf)

    def latest(self, phase: float) -> float:
        """The greatest logarithm of an amplitude that can be reached in the longest time."""
        return float(np.log(_STRAIGHT) + self.rate * phase - self.reach[-1])


@compiled
def _back(flow: Paced, starts: Any, times: Any) -> Any:
    def one(x: Any, time: Any) -> Any:
        end, sound = flow.after(x, time)
        return end, flow.rule.velocity(jnp.zeros(()), end, jnp.zeros(())), sound

    return jax.vmap(one)(starts, times)


@compiled
def _divergence(clock: Clock, states: Any) -> Any:
    def one(x: Any) -> Any:
        return jnp.trace(jax.jacfwd(lambda x: clock.rule.velocity(jnp.zeros(()), x, jnp.zeros(())))(x))

    return jax.vmap(one)(states)


def bundle_of(clock: Clock, orbit: PeriodicOrbit, low: Array, high: Array, periods: int) -> Bundle:
    """Directions of the isochrons, transported along the cycle.

    The area between velocity and w changes by the divergence of the flow, and for w normal to the gradient of the phase
    it is the length of w over that of the gradient (Liouville): so no equation has to be solved for w.
    """
    n = len(clock.phases)
    stages = (orbit.states[:-1] / np.asarray(clock.rule.scale)).reshape(n, orbit.degree + 1, 2)[:, 1:]
    spread = np.asarray(_divergence(clock, jnp.asarray(stages.reshape(-1, 2)))).reshape(n, -1)
    grown = orbit.period * np.diff(orbit.mesh) * (spread @ gauss(orbit.degree).weights)
    rate = float(grown.sum())
    before = np.cumsum(grown) - grown
    directions = np.stack([-clock.gradients[:, 1], clock.gradients[:, 0]], axis=1)
    sizes = np.log(np.linalg.norm(directions, axis=1)) + before - rate * clock.phases
    directions = directions * np.exp(before - rate * clock.phases - sizes.max())[:, None]
    turns = np.arange(periods + 2)
    phases = (turns[:, None] + clock.phases).ravel()
    reach = np.tile(sizes - sizes.max(), len(turns)) + rate * phases
    reach = np.maximum.accumulate(reach[::-1])[::-1]
    flow = Paced(clock.rule, -jnp.ones(()), jnp.asarray(low), jnp.asarray(high))
    return Bundle(clock, flow, orbit.period, high - low, rate, directions, phases, reach)


class Branch(NamedTuple):
    """One branch under way.

    Attributes:
        phase: Phase of the isochron.
        side: 1 or -1.
        step: Step of the logarithm of the amplitude.
        amplitudes: Logarithms of amplitudes, rising; the first is minus infinity, the point on the cycle.
        points: Points there, in scaled units.
        moves: How far each moves in a period, in boxes.
        unsure: For each pair of neighbours, whether the way between them is still to be looked at.
        end: Why it ends; empty while it goes on.
    """

    phase: float
    side: float
    step: float
    amplitudes: Array
    points: Array
    moves: Array
    unsure: NDArray[np.bool_]
    end: str

    def grown(self, bundle: Bundle, amplitudes: Array, found: tuple[Array, Array], limits: Limits) -> Branch:
        """With more points at its end, cut at its end if that is among them, and with a step that suits them."""
        longer = self._replace(
            amplitudes=np.concatenate([self.amplitudes, amplitudes]),
            points=np.concatenate([self.points, found[0]]),
            moves=np.concatenate([self.moves, found[1]]),
            unsure=np.concatenate([self.unsure, np.ones(len(amplitudes), bool)]),
        ).cut(bundle, limits)
        if longer.end or longer.amplitudes[-1] + _AT_ONCE * self.step > bundle.latest(self.phase):
            return longer._replace(end=longer.end or "periods")
        ways = np.linalg.norm(np.diff(longer.points[-len(amplitudes) :], axis=0) / bundle.width, axis=1)
        wide, tight = ways.max() > _WIDE * limits.spacing, ways.max() < _TIGHT * limits.spacing
        factor = 0.5 if wide else 2.0 if tight else 1.0
        # Half of a period at most, after which a branch may have turned about.
        return longer._replace(step=min(self.step * factor, _LONGEST, max(_STEP, -bundle.rate / 2)))

    def parted(self, bundle: Bundle, found: tuple[Array, Array], limits: Limits) -> Branch:
        """With the middles of all pairs that were unsure; pairs are sure where the way over the middle is short."""
        at = np.flatnonzero(self.unsure)
        ways = [np.linalg.norm((found[0] - self.points[at + k]) / bundle.width, axis=1) for k in (0, 1)]
        wide = ways[0] + ways[1] > limits.spacing
        unsure = self.unsure.copy()
        unsure[at] = wide
        closer = self._replace(
            amplitudes=np.insert(self.amplitudes, at + 1, self.middles),
            points=np.insert(self.points, at + 1, found[0], axis=0),
            moves=np.insert(self.moves, at + 1, found[1]),
            unsure=np.insert(unsure, at + 1, wide),
        ).cut(bundle, limits)
        stuck = closer.unsure & (np.diff(closer.amplitudes) < _CLOSEST)
        if not np.any(stuck) and not (np.any(closer.unsure) and len(closer.points) > _POINTS):
            return closer
        sure = closer.first_of(int(np.argmax(closer.unsure)) + 1)
        return sure._replace(end="points")

    @property
    def middles(self) -> Array:
        """Logarithms of amplitudes between the pairs that are unsure."""
        at = np.flatnonzero(self.unsure)
        return 0.5 * (self.amplitudes[at] + self.amplitudes[at + 1])

    def cut(self, bundle: Bundle, limits: Limits) -> Branch:
        """Up to its end, if it has one; the first point outside of the box is kept to be approached."""
        low, high = np.asarray(bundle.flow.low), np.asarray(bundle.flow.high)
        run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.points, axis=0) / bundle.width, axis=1))])
        reached = {
            "region": ~np.all((self.points >= low) & (self.points <= high), axis=1),
            "phaseless": self.moves < limits.spacing,
            "length": ~(run <= limits.length),
        }
        first = {end: int(np.argmax(there)) for end, there in reached.items() if np.any(there)}
        if not first:
            return self
        end = min(first, key=lambda name: first[name])
        return self.first_of(first[end] + 1)._replace(end=end)

    def first_of(self, count: int) -> Branch:
        """Its first points."""
        return self._replace(
            amplitudes=self.amplitudes[:count],
            points=self.points[:count],
            moves=self.moves[:count],
            unsure=self.unsure[: count - 1],
        )


def traced(bundle: Bundle, phases: Array, sides: Array, limits: Limits) -> list[Branch]:
    """The branches of the given phases and sides (1 or -1: along w or against it), each up to its end."""
    branches = _begun(bundle, phases, sides, limits)
    while going := [i for i, b in enumerate(branches) if not b.end]:
        more = [branches[i].amplitudes[-1] + branches[i].step * np.arange(1, _AT_ONCE + 1) for i in going]
        for i, amplitudes, found in zip(going, more, _found(bundle, [branches[i] for i in going], more), strict=True):
            branches[i] = branches[i].grown(bundle, amplitudes, found, limits)
    while unsure := [i for i, b in enumerate(branches) if np.any(b.unsure)]:
        middles = [branches[i].middles for i in unsure]
        for i, found in zip(unsure, _found(bundle, [branches[i] for i in unsure], middles), strict=True):
            branches[i] = branches[i].parted(bundle, found, limits)
    return [b.first_of(len(b.points) - 1) if b.end == "region" else b for b in branches]


def _begun(bundle: Bundle, phases: Array, sides: Array, limits: Limits) -> list[Branch]:
    """Each branch with its point on the cycle and one very near to it."""
    sizes = np.log(np.linalg.norm(bundle.directions / bundle.width, axis=1))
    nodes = bundle.clock.phases
    beside = np.log(_FIRST * limits.spacing) - np.interp(phases, np.append(nodes, 1.0), np.append(sizes, sizes[0]))
    nothing = np.zeros(0)
    empty = [
        Branch(phase, side, _STEP, nothing, np.zeros((0, 2)), nothing, np.zeros(0, bool), "")
        for phase, side in zip(phases, sides, strict=True)
    ]
    first = [np.array([-np.inf, a]) for a in beside]
    return [
        b._replace(amplitudes=a, points=points, moves=moves, unsure=np.zeros(1, bool))
        for b, a, (points, moves) in zip(empty, first, _found(bundle, empty, first), strict=True)
    ]


def _found(bundle: Bundle, branches: list[Branch], amplitudes: list[Array]) -> list[tuple[Array, Array]]:
    """Points of each branch at its own amplitudes, and their moves."""
    counts = [len(a) for a in amplitudes]
    phases = np.repeat([b.phase for b in branches], counts)
    sides = np.repeat([b.side for b in branches], counts)
    points, moves = bundle.points(phases, sides, np.concatenate(amplitudes))
    ends = np.cumsum(counts)[:-1]
    return list(zip(np.split(points, ends), np.split(moves, ends), strict=True))
