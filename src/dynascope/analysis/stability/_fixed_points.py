"""Fixed points of flows and maps from many starts, with eigenvalues, stability and what may be missing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._config import one_blas_thread
from ..._errors import RESULTS, raise_if_failed
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...systems import AbstractSystem, Box, dimension, is_discrete, kind, state_variables
from .._precision import require_64_bit
from ._classify import below_threshold, classified, eigenvalues_at, gaps, residuals_at
from ._continuum import FEWEST, Continuum, continuum_of
from ._deflation import Deflated, by_deflation
from ._frozen import Frozen, frozen_at
from ._missed import completeness, missed
from ._searches import Newton, Search, SpeedDescent, by_newton, by_speed

#: Places of a drifting continuum of which eigenvalues are taken, and how far from a fixed point they must lie.
_PLACES, _APART = 128, 0.02
#: Beyond this dimension visited states are better starts than random ones.
_LARGE = 16
#: A continuum holds at least this share of what the starts ended at.
_SHARE = 0.25


class FixedPoints(AbstractResult):
    """Fixed points (equilibria of flows), one row each, the most stable first.

    Attributes:
        states: Flattened states.
        eigenvalues: Of the Jacobian of the velocity (flows) or of the step (maps).
        residuals: Largest component of the velocity, or of `step(y) - y`.
        errors: Estimated error of each state: the length of the next Newton step.
        hits: How many starts led to each.
        unstable_dimension: Number of unstable eigenvalues.
        slow_points: Slow places that are no fixed points; empty unless `SpeedDescent` was asked.
        speeds: Length of the velocity (of `step(y) - y`) at the slow points.
        stability: A name for each, such as `stable focus`, `saddle`, `unstable node`, `neutral`.
        names: Names of the components.
        discrete: Whether time advances in steps.
        failed_starts: Starts that led to no fixed point.
        continuum: `line`, `ring` or `slow manifold` if the places of rest fill one, else empty.
        manifold_dimension: Its dimension, 0 where there is none.
        drift: Largest speed on the continuum; NaN where there is none.
        missed_share: Estimated chance that one more start of the same kind would find a new point (Good 1953).
        missed_stderr: Its standard error.
    """

    stability: tuple[str, ...] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    discrete: bool
    failed_starts: int
    continuum: str = eqx.field(static=True)
    manifold_dimension: int
    drift: float
    missed_share: float
    missed_stderr: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    states: np.ndarray = output("fixed_point", "component", doc="fixed points")
    eigenvalues: np.ndarray = output("fixed_point", "eigenvalue", doc="eigenvalues of the Jacobian")
    residuals: np.ndarray = output("fixed_point", doc="largest component of the residual")
    errors: np.ndarray = output("fixed_point", doc="length of the next Newton step")
    hits: np.ndarray = output("fixed_point", doc="starts that led there")
    unstable_dimension: np.ndarray = output("fixed_point", doc="number of unstable eigenvalues")
    slow_points: np.ndarray = output("slow_point", "component", doc="slow places that are no fixed points")
    speeds: np.ndarray = output("slow_point", doc="length of the velocity at slow points")

    def __len__(self) -> int:
        return len(self.states)

    def summary(self) -> str:
        """How many points were found, what they are, what shape they fill and what may be missing."""
        starts = int(self.settings["starts"])
        if not len(self) and not self.continuum:
            slow = f" {len(self.speeds)} slow point(s) are no fixed points." if len(self.speeds) else ""
            return f"No fixed point found from {starts} starts.{slow}"
        kinds = ", ".join(f"{name} ({n})" if n > 1 else name for name, n in Counter(self.stability).items())
        parts = [f"{len(self)} fixed point(s): {kinds}."]
        if len(self):
            parts.append(f"Largest residual {self.residuals.max():.1e}.")
        return " ".join([*parts, self.search_told()])

    def search_told(self) -> str:
        """Sentences on the shape of what was found, on slow points, and on what may be missing."""
        if self.continuum:
            return self.shape_told()
        own = str(self.settings.get("completeness", ""))
        parts = [own or completeness(self.hits, int(self.settings["starts"]), "fixed point")] if len(self) else []
        if len(self.speeds):
            parts.append(f"{len(self.speeds)} slow point(s), of speed {self.speeds.min():.1e} or more, are not fixed.")
        return " ".join(parts)

    def shape_told(self) -> str:
        """A sentence on the continuum that the places of rest fill; empty where they are isolated."""
        if not self.continuum:
            return ""
        name = f"{self.continuum} of dimension {self.manifold_dimension}" if self.manifold_dimension > 1 else ""
        name = name or f"{self.continuum}"
        if not len(self.speeds):
            return f"They are no isolated points: they fill a {name}."
        per = "a step" if self.discrete else "a unit of time"
        return (
            f"Slow places fill a {name}: nothing there rests but the fixed point(s), yet nothing moves faster than "
            f"{self.drift:.1e} {per}."
        )


def fixed_points(
    system: AbstractSystem,
    *,
    region: Box | None = None,
    starts: State = None,
    inputs: Any = None,
    t: float = 0.0,
    key: Key | None = None,
    method: Newton | SpeedDescent | Deflated | None = None,
    throw: bool = True,
) -> FixedPoints:
    """Fixed points: f(t, y, u) = 0 for flows, step(n, y, u) = y for maps, at frozen time and input.

    Many starts run at once. Points are merged by distance (angles on their circle), checked by their residual, and
    classified by the eigenvalues of the Jacobian (delay flows: the leading characteristic roots). Random starts cannot
    prove that none is missed, and a point may lie outside of the box; how often each point was met tells how likely
    another start is to find a new one.

    Args:
        system: A flow, map or delay flow, or a hybrid system (of which the flow between events is meant).
        region: Box of random starts; None takes the system's own, else the box of a pilot run, enlarged.
        starts: States to start from, a tree with a leading axis (for example visited states of a network): besides the
            random ones with `Newton`, with `SpeedDescent` instead of
            runs of the system alone, which are added only to fewer than 32.
        inputs: Constant input or signal, frozen at time `t`.
        t: Time at which a driven system is frozen.
        key: Random key of the starts; None takes seed 0.
        method: `Newton(...)`; `Deflated(...)`, which searches on with what is known deflated; or for trained networks
            and other systems of many dimensions `SpeedDescent(...)`. None takes the latter for flows and maps of more
            than 16 dimensions, else `Newton()`.
        throw: Raise `ComputationFailed` if every start failed numerically.

    Returns:
        A `FixedPoints` result; empty if there is none.

    Raises:
        InputError: For noisy or discrete systems, an input that does not fit, `starts` of another shape, 32 bit, or
            `SpeedDescent` on a system with delays or events.
        ComputationFailed: If every start failed numerically, and `throw`.

    Example:
        >>> import dynascope as ds
        >>> points = ds.fixed_points(ds.build("lorenz"))
        >>> len(points), sorted(points.unstable_dimension.tolist())
        (3, [1, 2, 2])
    """
    require_64_bit("The search for fixed points")
    if method is None:
        large = dimension(system) > _LARGE and kind(system) in ("flow", "map")
        method = SpeedDescent() if large else Newton()
    key = key if key is not None else jax.random.key(0)
    frozen = frozen_at(system, inputs, t)
    with one_blas_thread():
        if isinstance(method, SpeedDescent):
            search = by_speed(frozen, region, starts, key, method)
        elif isinstance(method, Deflated):
            search = by_deflation(frozen, region, starts, key, method)
        else:
            search = by_newton(frozen, region, starts, key, method)
    made = _judged(
        frozen,
        search,
        provenance(
            system=type(system).__name__,
            method=type(method).__name__,
            starts=search.starts,
            tol=method.tol,
            merge=method.merge,
            region=search.source,
            t=t,
            seed=seed_of(key),
            **({"completeness": search.said} if search.said else {}),
        ),
    )
    if throw:
        raise_if_failed(made.result, what=f"`fixed_points` of `{type(system).__name__}`")
    return made


def _judged(frozen: Frozen, search: Search, settings: dict[str, Any]) -> FixedPoints:
    """Eigenvalues, names and shape of what a search has found."""
    system, states, errors, hits = frozen.system, search.states, search.errors, search.hits
    variables, discrete = state_variables(system), is_discrete(system)
    reached = int(hits.sum())
    eigenvalues = eigenvalues_at(frozen, states)
    if kind(system) == "hybrid":
        keep = below_threshold(frozen, states)
        states, errors, hits, eigenvalues = states[keep], errors[keep], hits[keep], eigenvalues[keep]
        search = search._replace(states=states, errors=errors, hits=hits)
    raw = np.max(np.abs(residuals_at(frozen, states)), axis=1, initial=0.0)
    names, unstable = classified(eigenvalues, discrete)
    order = np.lexsort((-hits, unstable))
    shape, slow = _shape(frozen, search, eigenvalues)
    speeds = np.linalg.norm(residuals_at(frozen, slow), axis=1)
    chance = missed(hits) if search.chance is None else search.chance
    drift = float("nan") if shape is None else float(max(raw.max(initial=0.0), speeds.max(initial=0.0)))
    return FixedPoints(
        states=states[order],
        eigenvalues=eigenvalues[order],
        residuals=raw[order],
        errors=errors[order],
        hits=hits[order],
        unstable_dimension=unstable[order],
        slow_points=slow[np.argsort(speeds)],
        speeds=np.sort(speeds),
        stability=tuple(names[i] for i in order),
        names=tuple(v.name for v in variables),
        discrete=discrete,
        failed_starts=search.starts - reached,
        continuum="" if shape is None else shape.shape,
        manifold_dimension=0 if shape is None else shape.dimension,
        drift=drift,
        missed_share=chance.share,
        missed_stderr=chance.stderr,
        result=RESULTS.successful if search.sound else RESULTS.nonfinite,
        settings=settings,
    )


def _shape(frozen: Frozen, search: Search, eigenvalues: np.ndarray) -> tuple[Continuum | None, np.ndarray]:
    """The continuum that the places of rest fill, if they do, and the slow points that belong to the answer.

    Either the fixed points themselves fill it, or the places where the starts first became slow do, far from any
    fixed point: the continuum of a trained network drifts, and rests only here and there.
    """
    variables, discrete = state_variables(frozen.system), is_discrete(frozen.system)
    reached = int(search.hits.sum())
    if len(search.states) >= max(FEWEST, _SHARE * reached):
        exact = continuum_of(
            search.states, eigenvalues, scale=search.scale, variables=variables, discrete=discrete, drifts=False
        )
        if exact is not None:
            return exact, search.slow[:0]
    places = search.passed
    if len(search.states):
        nearest = [gaps(search.states, p, scale=search.scale, variables=variables).min() for p in places]
        places = places[np.array(nearest, float) > _APART]
    if len(places) < max(FEWEST, _SHARE * search.starts):
        return None, search.slow
    some = places[np.unique(np.linspace(0, len(places) - 1, min(len(places), _PLACES)).astype(int))]
    drifting = continuum_of(
        some, eigenvalues_at(frozen, some), scale=search.scale, variables=variables, discrete=discrete, drifts=True
    )
    return drifting, (search.slow if drifting is None else some)
