"""Where a system ends up: its attractors from many starts, and what share of the starts each one attracts."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import RESULTS
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...systems import AbstractSystem, Box, state_variables
from .._as_map import as_map
from .._precision import require_64_bit
from .._region import start_region
from ._ensemble import Window, settle

#: Fewest random starts, by design.
_STARTS = 64
#: Two runs at rest closer than this, and two moving runs whose features differ by less, are on one attractor.
_SAME_PLACE, _SAME_MOTION = 1e-3, 0.02
#: Minima and maxima depend on when spikes were sampled, so they may differ by this much.
_SAME_EXTREMES = 0.2
#: An excursion within the window below this, in units of the scale of the ensemble, is rest.
_REST = 1e-5


class Attractors(AbstractResult):
    """Groups of starts that end up alike, the most frequent first.

    Attributes:
        states: A flattened present state on each, shape `(attractor, d)`.
        shares: Share of the random starts that lead there; 0 for one that only the system's own initial state found.
        stderr: Standard error of the shares: that of a binomial share with a uniform prior, so that a share of none or
            all of the starts is not taken for certain.
        moving: Whether the state keeps moving there.
        settled: Share of its starts whose motion no longer changed.
        spreads: Largest excursion on it, in units of the ensemble's scale.
        unbounded: Share of the random starts that grow without bound.
        starts: Number of random starts (the initial state of the system is run as well but not counted).
        home: Which attractor the system's own initial state leads to; -1 if it diverges.
        turns: Whether states that differ by a common turn of all angles count as one: then a place of rest is a ring.
        names: Names of the components.
        carries: Full states on each attractor, to go on from.
    """

    unbounded: float
    starts: int
    home: int
    turns: bool
    names: tuple[str, ...] = eqx.field(static=True)
    carries: Any
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    states: np.ndarray = output("attractor", "component", doc="a state on each attractor")
    shares: np.ndarray = output("attractor", doc="share of random starts")
    stderr: np.ndarray = output("attractor", doc="standard error of the share")
    moving: np.ndarray = output("attractor", doc="whether the state keeps moving")
    settled: np.ndarray = output("attractor", doc="share of its runs that had settled")
    spreads: np.ndarray = output("attractor", doc="largest excursion in units of the scale of the ensemble")

    def __len__(self) -> int:
        return len(self.states)

    def summary(self) -> str:
        """Number of attractors and their shares."""
        shares = ", ".join(f"{s:.2f} +- {e:.2f}" for s, e in zip(self.shares[:8], self.stderr[:8], strict=True))
        lost = f"; {self.unbounded:.2f} of the starts diverge" if self.unbounded > 0 else ""
        return f"{len(self)} attractor(s) from {self.starts} starts with shares {shares or 'none'}{lost}."


def attractors(
    system: AbstractSystem,
    *,
    region: Box | None = None,
    starts: int = _STARTS,
    y0: State = None,
    inputs: Any = None,
    key: Key | None = None,
    transient: float | None = None,
    solver: Any = None,
) -> Attractors:
    """Attractors from random starts, by what the runs do in the end.

    All starts run at once until minimum, maximum, mean and deviation of every coordinate stop changing, in windows each
    twice as late as the last. Runs at rest are grouped by place, moving ones by these four features within their
    statistical errors. Random starts find an attractor of share p with probability 1 - (1 - p)^starts.

    Args:
        system: Any system; a noisy one runs under one realisation of its noise.
        region: Box of random starts; None takes the system's own, else that of a pilot run.
        starts: Number of random starts.
        y0: A state to run as well; None takes `initial_state()`.
        inputs: Input signal of a driven system, the same for all starts.
        key: Random key of starts and noise; None takes seed 0.
        transient: Time before the first window; None takes 20,000 solver steps.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Returns:
        An `Attractors` result.
    """
    require_64_bit("A search for attractors")
    key = key if key is not None else jax.random.key(0)
    of_starts, of_noise, of_sight = jax.random.split(key, 3)
    box, source = start_region(system, region, inputs=inputs, key=of_noise)
    stepped = as_map(system, y0, inputs=inputs, key=of_noise, solver=solver)
    drawn = box.sample(of_starts, starts)
    full = jax.vmap(lambda y: _lifted(y, stepped.template))(drawn)
    whole = jax.tree.map(lambda own, many: jnp.concatenate([jnp.asarray(own)[None], many]), stepped.template, full)
    extent = np.asarray(ravel_pytree(box.high)[0] - ravel_pytree(box.low)[0])
    window = settle(stepped, whole, extent=extent, transient=transient, key=of_sight)
    groups = _groups(window)
    order = sorted(groups, key=lambda g: -sum(i > 0 for i in g))
    counts = np.array([sum(i > 0 for i in g) for g in order])
    middle = [_middle(window, g) for g in order]
    home = next((k for k, g in enumerate(order) if 0 in g), -1)
    packed = stepped.packing()
    carried = [packed.unpack(jax.tree.map(lambda leaf, i=i: leaf[i], window.carries)) for i in middle]
    return Attractors(
        states=window.ends[middle] if middle else np.zeros((0, window.ends.shape[1])),
        shares=counts / starts,
        # The spread of a share known from a uniform prior: unlike the plain estimate it is not 0 for none or all.
        stderr=np.sqrt((counts + 1) * (starts - counts + 1) / (starts + 3)) / (starts + 2),
        moving=np.array([bool(window.spread[i] > _REST) and not bool(window.decays[i]) for i in middle], bool),
        settled=np.array([float(np.mean(window.settled[g])) for g in order]),
        spreads=window.spread[middle] if middle else np.zeros(0),
        unbounded=float(np.mean(window.diverged[1:])),
        starts=starts,
        home=home,
        turns=window.turns,
        names=tuple(v.name for v in state_variables(system)),
        carries=tuple(carried),
        result=RESULTS.successful,
        settings=provenance(
            system=type(system).__name__,
            starts=starts,
            region=source,
            solver_steps=window.skipped,
            seed=seed_of(key),
        ),
    )


def _lifted(y: State, template: State) -> State:
    """A start as a full state: constant history for delay flows, itself otherwise."""
    if jax.tree.structure(y) == jax.tree.structure(template) and jax.tree.map(jnp.shape, y) == jax.tree.map(
        jnp.shape, template
    ):
        return y
    flat, _ = ravel_pytree(y)
    return jnp.tile(flat, (template.shape[0], 1))  # type: ignore[union-attr]


def _groups(window: Window) -> list[list[int]]:
    """Indices of the starts that end up alike; diverged ones left out."""
    kept = [i for i in range(len(window.ends)) if not window.diverged[i]]
    still = window.spread <= _REST
    resting = [i for i in kept if still[i] or window.decays[i]]
    groups: list[list[int]] = []
    for i in resting:
        for g in groups:
            slack = _SAME_PLACE + 3 * (window.spread[i] + window.spread[g[0]])
            if np.max(np.abs(window.places[i] - window.places[g[0]])) < slack:
                g.append(i)
                break
        else:
            groups.append([i])
    moving = [i for i in kept if i not in set(resting)]
    return groups + _alike(window, moving)


def _alike(window: Window, moving: list[int]) -> list[list[int]]:
    """Moving runs grouped by their features, joined where they agree within a tolerance and their errors.

    A run that has not settled founds no group of its own if there is another: it may still be on its way there. It
    joins the group that it resembles most.
    """
    half = window.features.shape[1] // 2
    tolerance = np.concatenate([np.full(half, _SAME_EXTREMES), np.full(half, _SAME_MOTION)])
    groups: list[list[int]] = []
    for i in sorted(moving, key=lambda i: (not window.settled[i], float(np.max(window.errors[i])))):
        excess = []
        for g in groups:
            gap = np.abs(window.features[i] - window.features[g[0]])
            excess.append(float(np.max(gap / (tolerance + 4 * np.hypot(window.errors[i], window.errors[g[0]])))))
        if groups and (min(excess) <= 1 or not window.settled[i]):
            groups[int(np.argmin(excess))].append(i)
        else:
            groups.append([i])
    return groups


def _middle(window: Window, group: list[int]) -> int:
    """The member that has settled best: the least excursion at rest, else the first settled one."""
    settled = [i for i in group if window.settled[i]] or group
    return min(settled, key=lambda i: float(window.spread[i])) if window.spread[settled[0]] <= _REST else settled[0]
