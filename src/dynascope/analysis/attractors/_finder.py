"""What every way of finding attractors promises."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np

from ._known import KnownAttractor
from ._stage import Stage


class Assigned(eqx.Module):
    """Where starts lead.

    Attributes:
        labels: Index of the attractor of each start; -1 if it diverges, -2 if that could not be decided.
        times: Time until that was seen.
        known: All attractors known by now: a finder is a value, so that nothing is remembered but this.
        steps: Solver steps taken.
    """

    labels: np.ndarray
    times: np.ndarray
    known: tuple[KnownAttractor, ...]
    steps: int


class AbstractFinder(eqx.Module):
    """A way to find attractors and to tell which start leads to which.

    Implement `assigned`; then `basin_shares`, `basins`, `minimal_shock`, `edge_state` and what is built on them work
    with it.
    """

    @abstractmethod
    def assigned(
        self, stage: Stage, starts: np.ndarray, known: tuple[KnownAttractor, ...] = (), *, key: Any
    ) -> Assigned:
        """Where the flattened present states `starts`, shape `(start, d)`, lead, given attractors known before."""
