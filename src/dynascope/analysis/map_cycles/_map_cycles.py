"""All cycles of a map up to a period, stable or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.spatial import KDTree

from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._random import generator_of, seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...systems import AbstractPiecewiseLinear, AbstractSystem, Box, kind, state_variables
from .._precision import require_64_bit
from .._region import start_region
from .._topology import unrolled, wrapped
from ..stability._classify import classified
from ..stability._frozen import frozen_at
from ..stability._missed import Missed, missed
from ..stability._searches import given_states
from ..stability._visited import visited
from ._regions import Regions, enumerated
from ._returning import Returning, monodromy, orbits, polished, returning, step_jacobians
from ._transformations import Attempts, DavidchackLai, SchmelcherDiakonos, signed_permutations, stabilised

#: An orbit is of a shorter period if it comes back to this distance, in units of the region, before its end.
_RETURNS = 1e-7
#: Starts from points of shorter cycles lie around them with this deviation, in units of the region.
_AROUND = 0.02


class MapCycles(AbstractResult):
    """Cycles of a map, one row per orbit, by period; a fixed point is a cycle of period 1.

    Attributes:
        periods: Minimal period of each cycle.
        points: The states along each cycle, from the one of least first component on; NaN beyond its period.
        multipliers: Eigenvalues of the Jacobian of the p-th iterate, the largest first.
        unstable_dimension: How many of them lie outside of the unit circle.
        residuals: Largest component of F^p(x) - x over the points.
        errors: Largest length of the next Newton step over the points.
        hits: How many starts led to each.
        searched: Periods that were searched.
        missed_share: For each of them, the chance that one more start would find a new cycle (Good 1953).
        missed_stderr: Standard errors of these chances.
        complete: Whether every sequence of linear regions was tried, so that no isolated cycle is missing.
        stability: A name for each, such as `stable node` or `saddle`.
        names: Names of the components.
    """

    stability: tuple[str, ...] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    periods: np.ndarray = output("cycle", doc="minimal periods")
    points: np.ndarray = output("cycle", "phase", "component", doc="states along the cycles")
    multipliers: np.ndarray = output("cycle", "multiplier", doc="eigenvalues of the Jacobian along the cycle")
    unstable_dimension: np.ndarray = output("cycle", doc="number of unstable multipliers")
    residuals: np.ndarray = output("cycle", doc="largest component of F^p(x) - x")
    errors: np.ndarray = output("cycle", doc="largest length of the next Newton step")
    hits: np.ndarray = output("cycle", doc="starts that led there")
    searched: np.ndarray = output("searched", doc="periods that were searched")
    missed_share: np.ndarray = output("searched", doc="chance that another start finds a new cycle")
    missed_stderr: np.ndarray = output("searched", doc="standard error of that chance")
    complete: np.ndarray = output("searched", doc="whether every sequence of linear regions was tried")

    def __len__(self) -> int:
        return len(self.periods)

    def counts(self) -> dict[int, int]:
        """How many cycles there are of each period that was searched."""
        found = Counter(self.periods.tolist())
        return {int(p): found.get(int(p), 0) for p in self.searched}

    def summary(self) -> str:
        """How many cycles there are of each period, how many are stable, and what may be missing."""
        listed = ", ".join(f"{p}: {n}" for p, n in self.counts().items())
        stable = int(np.sum(self.unstable_dimension == 0))
        accuracy = f" Largest residual {self.residuals.max():.1e}." if len(self) else ""
        worst = int(np.argmax(self.missed_share + self.missed_stderr))
        if np.all(self.complete):
            sure = "Every sequence of linear regions was tried: no isolated cycle is missing."
        elif self.missed_share[worst] == 0:
            sure = (
                "Every cycle was met at least twice: another start would find a new one with a chance below about "
                f"{self.missed_stderr[worst]:.1g}."
            )
        else:
            sure = (
                f"At period {self.searched[worst]} another start would find a new one with a chance of "
                f"{self.missed_share[worst]:.2g} ± {self.missed_stderr[worst]:.1g}."
            )
        return f"{len(self)} cycle(s) (period: number): {listed}; {stable} stable.{accuracy} {sure}"


def periodic_points(
    system: AbstractSystem,
    period: int | Sequence[int],
    *,
    region: Box | None = None,
    starts: State = None,
    inputs: Any = None,
    t: float = 0.0,
    key: Key | None = None,
    method: DavidchackLai | SchmelcherDiakonos | Regions | None = None,
    throw: bool = True,
) -> MapCycles:
    """All cycles of a map up to a period, or of some periods: orbits with F^p(x) = x and no shorter period.

    Starts are states visited on runs of the map, random places in the region, and places around the points of shorter
    cycles. They follow a flow that makes cycles stable, are polished by Newton's method at every point of the orbit,
    and merged into orbits. Rounds of starts go on until each cycle has been met at least twice. For the cycles of a
    flow use its Poincare map.

    Args:
        system: A map, at frozen time and input.
        period: The longest period p, of which and below which all are searched; or the periods to search.
        region: Box of random starts; None takes the map's own, else the box of a pilot run, enlarged.
        starts: States to start from besides, a tree with a leading axis.
        inputs: Constant input or signal, frozen at time `t`.
        t: Step at which a driven map is frozen.
        key: Random key; None takes seed 0.
        method: `DavidchackLai(...)`, `SchmelcherDiakonos(...)`, or for piecewise-linear maps `Regions(...)`, which they
            take by default.
        throw: Raise `ComputationFailed` if every start failed numerically.

    Returns:
        A `MapCycles` result. Where multipliers exceed about 1e12, double precision no longer tells cycles apart.

    Raises:
        InputError: If the system is not a map, `period` is not positive, `starts` has another shape, or 32 bit.
        ComputationFailed: If every start failed numerically, and `throw`.

    Example:
        >>> import dynascope as ds
        >>> cycles = ds.periodic_points(ds.build("logistic", r=4.0), 3)
        >>> cycles.counts()
        {1: 2, 2: 1, 3: 2}
    """
    require_64_bit("The search for cycles")
    if kind(system) != "map":
        raise InputError(
            f"`periodic_points` is for maps, `{type(system).__name__}` is a {kind(system)}. For the cycles of a flow "
            "give its `poincare_map(system, section)`, for a forced one its `stroboscopic_map(system)`."
        )
    wanted = sorted({int(p) for p in (range(1, period + 1) if isinstance(period, int) else period)})
    if not wanted or wanted[0] < 1:
        raise InputError(f"`period` must be at least 1, got {period}.")
    linear = isinstance(system, AbstractPiecewiseLinear)
    if method is None:
        method = Regions() if linear else DavidchackLai()
    if isinstance(method, Regions) and not linear:
        raise InputError(
            f"`Regions` enumerates the cycles of piecewise-linear maps, but `{type(system).__name__}` does not say its "
            "`rectified_form`. Use `DavidchackLai()`."
        )
    key = key if key is not None else jax.random.key(0)
    frozen = frozen_at(system, inputs, t)
    with one_blas_thread():
        hunt, source = _hunt(frozen, region, starts, key, method)
        found: list[Cycles] = []
        for p in wanted:
            if isinstance(method, Regions):
                found.append(hunt.by_regions(p))
                continue
            found.append(hunt.cycles(p, found[-1].points.reshape(-1, hunt.scale.size) if found else hunt.seen[:0]))
    settings = provenance(
        system=type(system).__name__,
        method=type(method).__name__,
        starts=[f.starts for f in found],
        merge=hunt.merge,
        region=source,
        t=t,
        seed=seed_of(key),
    )
    made = _together(hunt, found, wanted, settings)
    if throw:
        raise_if_failed(made.result, what=f"`periodic_points` of `{type(system).__name__}`")
    return made


class Cycles(NamedTuple):
    """Cycles of one period: all their points, errors, hits, and how many starts were made (and stayed finite)."""

    points: np.ndarray
    residuals: np.ndarray
    errors: np.ndarray
    hits: np.ndarray
    starts: int
    finite: bool
    complete: bool


class _Hunt(NamedTuple):
    """What all periods share."""

    rule: Returning
    seen: np.ndarray
    low: np.ndarray
    scale: np.ndarray
    variables: Any
    method: Any
    matrices: np.ndarray
    rng: np.random.Generator
    merge: float

    def cycles(self, period: int, shorter: np.ndarray) -> Cycles:
        """All cycles of minimal period `period` that rounds of starts find."""
        d, method = self.scale.size, self.method
        points, hits = np.zeros((0, period, d)), np.zeros(0, int)
        starts, finite = 0, False
        for _ in range(method.rounds):
            ends, sound = self._ends(period, shorter)
            starts, finite = starts + method.starts, finite or sound
            points, hits = self._counted(period, points, hits, ends)
            if np.all(hits > 1):
                break
        return self._finished(points, hits, starts, finite=finite)

    def by_regions(self, period: int) -> Cycles:
        """All cycles of minimal period `period` of a piecewise-linear map."""
        frozen, d = self.rule.frozen, self.scale.size
        found = enumerated(frozen.system.rectified_form(frozen.u), period, self.method, self.rng)  # type: ignore[attr-defined]
        none = np.zeros((0, period, d)), np.zeros(0, int)
        points, hits = self._counted(period, *none, found.orbits[:, 0])
        return self._finished(points, hits, found.tried, finite=True, complete=found.complete)

    def _finished(
        self, points: np.ndarray, hits: np.ndarray, starts: int, *, finite: bool, complete: bool = False
    ) -> Cycles:
        """The cycles with every point polished."""
        period, d = points.shape[1:]
        flat = jnp.asarray(points.reshape(-1, d))
        if not len(points):
            return Cycles(points, np.zeros(0), np.zeros(0), hits, starts, finite, complete)
        ends, gaps, errors = (np.asarray(x) for x in polished(self.rule, flat, period))
        better = wrapped(ends, self.variables).reshape(points.shape)
        gaps, errors = gaps.reshape(len(points), period), errors.reshape(len(points), period)
        return Cycles(better, gaps.max(axis=1), errors.max(axis=1), hits, starts, finite, complete)

    def _ends(self, period: int, shorter: np.ndarray) -> tuple[np.ndarray, bool]:
        """Polished ends of one round that return after `period` steps, and whether the map is finite anywhere."""
        method, rng = self.method, self.rng
        n, d = method.starts, self.scale.size
        places = self.low + rng.random((n, d)) * self.scale
        some = rng.random(n)
        run = some < 0.5
        places[run] = self.seen[rng.integers(0, len(self.seen), int(run.sum()))]
        if len(shorter):
            near = some > 0.75
            chosen = shorter[rng.integers(0, len(shorter), int(near.sum()))]
            places[near] = chosen + _AROUND * self.scale * rng.normal(size=chosen.shape)
        attempts = Attempts(
            jnp.asarray(places),
            jnp.asarray(self.matrices[rng.integers(0, len(self.matrices), n)]),
            jnp.asarray(method.strengths(period, n, rng)),
        )
        scale = jnp.asarray(self.scale)
        centre = jnp.asarray(self.low + self.scale / 2)
        ends, sound = stabilised(self.rule, attempts, method, period=period, centre=centre, scale=scale)
        finer, _, errors = (np.asarray(x) for x in polished(self.rule, ends, period))
        near = np.all(np.abs(finer - np.asarray(centre)) <= 10 * self.scale, axis=1)
        good = near & (errors <= method.tol * self.scale.max())
        return wrapped(finer[good], self.variables), bool(sound)

    def _counted(
        self, period: int, points: np.ndarray, hits: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The cycles with those of `ends` that are new, and how often each has been met."""
        d = self.scale.size
        if not len(ends):
            return points, hits
        if len(points):
            tree = KDTree(self._spread(points.reshape(-1, d)))
            near, which = (np.asarray(x) for x in tree.query(self._spread(ends)))
            known = near < self.merge
            hits = hits + np.bincount(which[known] // period, minlength=len(hits))
            ends = ends[~known]
        new, counted = [], []
        tours = wrapped(np.asarray(orbits(self.rule, jnp.asarray(ends), period)), self.variables)
        while len(ends):
            tour = tours[0]
            spread = self._spread(tour)
            own, _ = KDTree(spread).query(self._spread(ends))
            own = np.asarray(own) < self.merge
            own[0] = True
            again = np.max(np.abs(spread[1:] - spread[0]), axis=1)
            if not np.any(again < _RETURNS):  # else the period is a divisor of this one
                new.append(np.roll(tour, -int(np.argmin(tour[:, 0])), axis=0))
                counted.append(int(own.sum()))
            ends, tours = ends[~own], tours[~own]
        if not new:
            return points, hits
        return np.concatenate([points, new]), np.concatenate([hits, counted])

    def _spread(self, states: np.ndarray) -> np.ndarray:
        """States in units of the region, angles as points of a circle."""
        lines = np.where([v.topology == "circle" for v in self.variables], 1.0, self.scale)
        return unrolled(states / lines, self.variables)


def _hunt(frozen: Any, region: Box | None, starts: State, key: Key, method: Any) -> tuple[_Hunt, str]:
    box, source = start_region(frozen.system, region, inputs=frozen.u, key=key)
    low, high = (np.asarray(ravel_pytree(corner)[0], float) for corner in (box.low, box.high))
    seen = visited(frozen, box, key)
    inside = seen[np.all(np.abs(seen - (low + high) / 2) <= 10 * (high - low), axis=1)]
    seen = inside if len(inside) else (low + high)[None] / 2
    if starts is not None:
        seen = np.concatenate([seen, given_states(frozen, starts)])
    rng = generator_of(key)
    matrices = signed_permutations(low.size)
    scale = np.maximum(high - low, 1e-9)
    merge = 1e-8 if isinstance(method, Regions) else method.merge
    return _Hunt(
        returning(frozen), seen, low, scale, state_variables(frozen.system), method, matrices, rng, merge
    ), source


def _together(hunt: _Hunt, found: list[Cycles], wanted: list[int], settings: dict[str, Any]) -> MapCycles:
    """One result of the cycles of all periods."""
    d, longest = hunt.scale.size, max(wanted)
    points, multipliers = [], []
    for cycles, p in zip(found, wanted, strict=True):
        filled = np.full((len(cycles.points), longest, d), np.nan)
        filled[:, :p] = cycles.points
        points.append(filled)
        if len(cycles.points):
            total = monodromy(np.asarray(step_jacobians(hunt.rule, jnp.asarray(cycles.points))))
            values = np.linalg.eigvals(total).astype(complex)
            multipliers.append(np.take_along_axis(values, np.argsort(-np.abs(values), axis=1), axis=1))
    table = np.concatenate(multipliers) if multipliers else np.zeros((0, d), complex)
    names, unstable = classified(table, True)
    # Where nothing was found at all, the next start would find something with a chance below one over their number.
    chances = [
        Missed(0.0, 0.0, 0.0) if f.complete else missed(f.hits) if len(f.hits) else Missed(0.0, 1 / f.starts, 0.0)
        for f in found
    ]
    return MapCycles(
        stability=tuple(names),
        names=tuple(v.name for v in hunt.variables),
        result=RESULTS.successful if any(cycles.finite for cycles in found) else RESULTS.nonfinite,
        settings=settings,
        periods=np.repeat(wanted, [len(cycles.points) for cycles in found]),
        points=np.concatenate(points),
        multipliers=table,
        unstable_dimension=unstable,
        residuals=np.concatenate([cycles.residuals for cycles in found]),
        errors=np.concatenate([cycles.errors for cycles in found]),
        hits=np.concatenate([cycles.hits for cycles in found]),
        searched=np.array(wanted),
        missed_share=np.array([c.share for c in chances]),
        missed_stderr=np.array([c.stderr for c in chances]),
        complete=np.array([f.complete for f in found]),
    )
