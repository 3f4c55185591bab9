"""Where states lead, asked again and again with what was learned before."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._types import Key
from ...systems import AbstractSystem, Box
from ..attractors import AbstractFinder, KnownAttractor, Recurrences, Stage
from ._prepared import drawn, prepared

#: Random starts that look for attractors before the first question.
_EXPLORERS = 256


class Fates(eqx.Module):
    """A system whose attractors are known as far as some random starts tell; asking may add to them.

    Attributes:
        stage: The system, ready to be run from many starts.
        finder: How attractors are found.
        known: Attractors by now.
        box: The region of starts.
        source: Where the region comes from.
        key: Random key of the finder.
        asked: How often it was asked.
    """

    stage: Stage
    finder: AbstractFinder
    known: tuple[KnownAttractor, ...]
    box: Box
    source: str = eqx.field(static=True)
    key: Key
    asked: int = 0

    def of(self, states: np.ndarray) -> tuple[np.ndarray, Fates]:
        """Labels of flattened present states (-1 diverges, -2 undecided), and the fates with what was found anew."""
        found = self.finder.assigned(
            self.stage, np.asarray(states, float), self.known, key=jax.random.fold_in(self.key, self.asked)
        )
        return found.labels, eqx.tree_at(
            lambda f: (f.known, f.asked), self, (found.known, self.asked + 1), is_leaf=lambda x: x is self.known
        )


def fates(
    system: AbstractSystem,
    *,
    region: Box | None = None,
    finder: AbstractFinder | None = None,
    inputs: Any = None,
    key: Key | None = None,
    solver: Any = None,
) -> Fates:
    """The fates of the states of `system`, its attractors first looked for from random starts.

    Args:
        system: Any system.
        region: Box of these starts; None takes the system's own, else that of a pilot run.
        finder: How to find attractors; None takes `Recurrences()`.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
    """
    of_stage, of_starts, of_finder = jax.random.split(key if key is not None else jax.random.key(0), 3)
    stage, box, source = prepared(system, region, inputs=inputs, key=of_stage, solver=solver)
    chosen = finder if finder is not None else Recurrences()
    _, first = Fates(stage, chosen, (), box, source, of_finder).of(drawn(box, of_starts, _EXPLORERS, stage.variables))
    return first
