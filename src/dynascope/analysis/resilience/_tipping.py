"""Where the states of each basin go when the parameters change."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._errors import RESULTS
from ..._random import generator_of, seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...systems import AbstractSystem, Box
from ..attractors import AbstractFinder
from ..basins import fates, flat_box, share_error


class TippingProbabilities(AbstractResult):
    """Probability that a state of one basin before lies in another after.

    Attributes:
        probabilities: Row i, column j: of the starts that led to attractor i before, the share that leads to j after;
            the last column is for those that diverge.
        stderr: Standard errors.
        before: Share of all starts that led to each attractor before.
        states_before: A state on each attractor before.
        states_after: A state on each attractor after.
        starts: Number of random starts.
    """

    starts: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    probabilities: np.ndarray = output("before", "after", doc="probability of tipping from row to column")
    stderr: np.ndarray = output("before", "after", doc="standard error")
    before: np.ndarray = output("before", doc="share of each basin before")
    states_before: np.ndarray = output("before", "component", doc="a state on each attractor before")
    states_after: np.ndarray = output("kept", "component", doc="a state on each attractor after")

    def summary(self) -> str:
        """The matrix in words."""
        rows = []
        for i, row in enumerate(self.probabilities):
            parts = [f"{p:.3f} +- {e:.3f}" for p, e in zip(row, self.stderr[i], strict=True)]
            rows.append(f"from {i + 1}: {', '.join(parts)}")
        return f"Tipping probabilities to {len(self.states_after)} attractor(s) and to infinity, {'; '.join(rows)}."


def tipping_probabilities(
    before: AbstractSystem,
    after: AbstractSystem,
    *,
    region: Box | None = None,
    starts: int = 4096,
    finder: AbstractFinder | None = None,
    inputs: Any = None,
    key: Key | None = None,
    solver: Any = None,
) -> TippingProbabilities:
    r"""Probability of tipping from attractor to attractor when the parameters jump, from the overlap of basins.

    $P(i \to j) = |B_i(p_1) \cap B_j(p_2)| / |B_i(p_1)|$, estimated from the same random starts in both systems.

    Args:
        before: The system with its first parameters.
        after: The same with its last parameters.
        region: Box of starts; None takes that of `before`.
        starts: Number of starts.
        finder: How to find attractors; None takes `Recurrences()`.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Reference:
        Kaszás, Feudel & Tél (2019), Tipping phenomena in typical dynamical systems subjected to parameter drift,
        Scientific Reports 9, 8654.
    """
    key = key if key is not None else jax.random.key(0)
    of_fates, of_starts = jax.random.split(key)
    first = fates(before, region=region, finder=finder, inputs=inputs, key=of_fates, solver=solver)
    second = fates(after, region=first.box, finder=finder, inputs=inputs, key=of_fates, solver=solver)
    low, high = flat_box(first.box)
    rng = generator_of(of_starts)
    states = low + (high - low) * rng.random((starts, len(low)))
    here, first = first.of(states)
    there, second = second.of(states)
    # -1 is divergence, the last column.
    columns = [*range(len(second.known)), -1]
    counts = np.array([[np.sum((here == i) & (there == j)) for j in columns] for i in range(len(first.known))])
    total = np.array([np.sum(here == i) for i in range(len(first.known))])
    errors = [share_error(row, int(n)) for row, n in zip(counts, total, strict=True)]
    d = len(low)
    return TippingProbabilities(
        starts=starts,
        result=RESULTS.successful if np.all((here != -2) & (there != -2)) else RESULTS.not_converged,
        settings=provenance(
            system=type(before).__name__,
            region=first.source,
            seed=seed_of(key),
        ),
        probabilities=counts / np.maximum(total, 1)[:, None],
        stderr=np.array(errors).reshape(len(first.known), len(columns)),
        before=total / starts,
        states_before=np.stack([a.states[0] for a in first.known]) if first.known else np.zeros((0, d)),
        states_after=np.stack([a.states[0] for a in second.known]) if second.known else np.zeros((0, d)),
    )
