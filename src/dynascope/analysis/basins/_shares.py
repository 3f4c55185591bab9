"""How likely each attractor is: shares of random starts, until they are known well enough."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...systems import AbstractSystem, Box
from ..attractors import AbstractFinder, KnownAttractor, Recurrences
from ._named import named, states_of
from ._prepared import drawn, prepared

#: Starts of the first round; every further one doubles them.
_FIRST = 512
#: States on each attractor that a result holds.
_POINTS = 64


class BasinShares(AbstractResult):
    """What share of the starts each attractor attracts, the most frequent first.

    Attributes:
        shares: Share of the random starts that lead to each.
        stderr: Its standard error: that of a binomial share with a uniform prior.
        states: A flattened present state on each, shape `(attractor, d)`.
        points: More of them on each, shape `(attractor, point, d)`; of one at rest, the same one.
        moving: Whether the state keeps moving there.
        regimes: What each one is, in the words of the verdict, if that was asked for.
        unbounded: Share of starts that grow without bound, and its error.
        undecided: Share of starts of which it could not be told where they lead.
        starts: Number of random starts.
        home: Which attractor the initial state of the system leads to; -1 if none.
        known: The attractors as a finder takes them.
    """

    regimes: tuple[str, ...] = eqx.field(static=True)
    unbounded: float
    unbounded_stderr: float
    undecided: float
    starts: int
    home: int
    names: tuple[str, ...] = eqx.field(static=True)
    known: tuple[KnownAttractor, ...]
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    shares: np.ndarray = output("attractor", doc="share of random starts")
    stderr: np.ndarray = output("attractor", doc="standard error of the share")
    states: np.ndarray = output("attractor", "component", doc="a state on each attractor")
    points: np.ndarray = output("attractor", "point", "component", doc="states on each attractor")
    moving: np.ndarray = output("attractor", doc="whether the state keeps moving")

    def __len__(self) -> int:
        return len(self.shares)

    def summary(self) -> str:
        """Attractors with their shares."""
        parts = []
        for i in range(min(len(self), 8)):
            name = self.regimes[i] if self.regimes else ("moving" if self.moving[i] else "at rest")
            parts.append(f"{name} {self.shares[i]:.3f} +- {self.stderr[i]:.3f}")
        more = f" and {len(self) - 8} more" if len(self) > 8 else ""
        lost = f"; {self.unbounded:.3f} +- {self.unbounded_stderr:.3f} diverge" if self.unbounded > 0 else ""
        unsure = f"; {self.undecided:.3f} undecided" if self.undecided > 0 else ""
        return f"{len(self)} attractor(s) from {self.starts} starts: {', '.join(parts) or 'none'}{more}{lost}{unsure}."


def share_error(counts: Any, total: int) -> np.ndarray:
    """Standard error of shares from counts, with a uniform prior, so that none or all is not taken for certain."""
    counts = np.asarray(counts, float)
    return np.sqrt((counts + 1) * (total - counts + 1) / (total + 3)) / (total + 2)


def basin_shares(
    system: AbstractSystem,
    *,
    finder: AbstractFinder | None = None,
    region: Box | None = None,
    precision: float = 0.02,
    most: int = 65_536,
    name: bool = False,
    inputs: Any = None,
    key: Key | None = None,
    solver: Any = None,
) -> BasinShares:
    """Share of the starts in a region that each attractor attracts, with standard errors.

    Starts are drawn uniformly from the region, each round as many as before, until the standard errors of all shares
    are below `precision` or there are `most` starts. An attractor of share p is missed with probability (1 - p)^starts.

    Args:
        system: Any system. One with a forcing period is looked at once per period, a delay flow through its present
            state, a large network in the principal subspace of its activity.
        finder: How to find attractors; None takes `Recurrences()`.
        region: Box of starts; None takes the system's own, else that of a pilot run.
        precision: Standard error at which to stop.
        most: Largest number of starts.
        name: Whether to say what each attractor is, which takes its Lyapunov exponents.
        inputs: Input signal of a driven system, the same for all starts.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Returns:
        A `BasinShares` result.

    Raises:
        InputError: If `precision` or `most` is not positive.

    Reference:
        Menck, Heitzig, Marwan & Kurths (2013), How basin stability complements the linear-stability paradigm, Nature
        Physics 9, 89-92.

    Example:
        >>> import dynascope as ds
        >>> shares = basin_shares(ds.build("newton-map"), precision=0.05)
        >>> len(shares), bool(abs(shares.shares.sum() - 1) < 1e-12)
        (3, True)
    """
    if not (precision > 0 and most >= 1):
        raise InputError(f"`precision` and `most` must be positive, got {precision} and {most}.")
    key = key if key is not None else jax.random.key(0)
    finder = finder if finder is not None else Recurrences()
    of_stage, of_starts, of_finder = jax.random.split(key, 3)
    stage, box, source = prepared(system, region, inputs=inputs, key=of_stage, solver=solver)
    known: tuple[KnownAttractor, ...] = ()
    labels, total, steps = np.zeros(0, np.int32), 0, 0
    while True:
        fresh = min(max(total, min(_FIRST, most)), most - total)
        starts = drawn(box, jax.random.fold_in(of_starts, total), fresh, stage.variables)
        found = finder.assigned(stage, starts, known, key=jax.random.fold_in(of_finder, total))
        known, labels, steps = found.known, np.concatenate([labels, found.labels]), steps + found.steps
        total += fresh
        counts = np.array([np.sum(labels == i) for i in [*range(len(known)), -1]])
        if total >= most or np.all(share_error(counts, total) <= precision):
            break
    own = np.asarray(ravel_pytree(system.initial_state())[0], float)[None]
    home = finder.assigned(stage, own, known, key=jax.random.fold_in(of_finder, 2**31))
    known = home.known
    order = np.argsort([-np.sum(labels == i) for i in range(len(known))], kind="stable")
    known = tuple(known[i] for i in order)
    counts = np.array([np.sum(labels == i) for i in order], int)
    regimes = named(system, stage, known, inputs=inputs, key=of_finder, solver=solver) if name else ()
    states = states_of(known, stage, count=_POINTS)
    lost = int(np.sum(labels == -1))
    return BasinShares(
        regimes=regimes,
        unbounded=lost / total,
        unbounded_stderr=float(share_error(lost, total)),
        undecided=float(np.mean(labels == -2)),
        starts=total,
        home=int(np.flatnonzero(order == home.labels[0])[0]) if home.labels[0] >= 0 else -1,
        names=tuple(v.name for v in stage.variables),
        known=known,
        result=RESULTS.successful if np.all(labels != -2) else RESULTS.not_converged,
        settings=provenance(
            system=type(system).__name__,
            finder=type(finder).__name__,
            region=source,
            precision=precision,
            solver_steps=steps,
            seed=seed_of(key),
        ),
        shares=counts / total,
        stderr=share_error(counts, total),
        states=states[:, 0],
        points=states,
        moving=np.array([a.moving for a in known], bool),
    )
