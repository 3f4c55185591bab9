"""Continuous attractors: fixed points that fill a line, a ring or a surface."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...systems import Variable
from .._topology import unrolled
from .._verdict import Evidence, Verdict
from ..attractors import Attractors
from ..stability import FixedPoints
from ..stability._continuum import FEWEST, chain_closes, neutral_directions


def continuum(found: Attractors, points: FixedPoints | None, variables: Sequence[Variable]) -> Verdict | None:
    """The verdict `line attractor`, `ring attractor` or `slow manifold` if most starts rest on a continuum, else None.

    The signs: many places of rest, of which almost every start found its own; and at almost all fixed points near them
    an eigenvalue that is neutral. One neutral direction makes a line, or a ring if the chain of neighbours closes; more
    make a slow manifold.
    """
    resting = np.flatnonzero(~found.moving)
    if points is None or resting.size < FEWEST or resting.size < 0.25 * found.starts:
        return None
    neutral = neutral_directions(points.eigenvalues, discrete=points.discrete)
    if not neutral.size or np.mean(neutral > 0) < 0.9:
        return None
    many = Evidence(
        "places of rest", float(resting.size), None, f"In so many different places do {found.starts} starts rest."
    )
    along = float(np.median(neutral))
    flat = Evidence(
        "neutral eigenvalues", along, None, "At the fixed points, motion along so many directions meets no force."
    )
    if along > 1:
        return Verdict("slow manifold", 0.7, (many, flat))
    closed = chain_closes(unrolled(found.states[resting], variables))
    shape = Evidence(
        "chain of neighbours",
        "closed" if closed else "open",
        None,
        "The places of rest form a ring." if closed else "The places of rest form a line with two ends.",
    )
    return Verdict("ring attractor" if closed else "line attractor", 0.8, (many, flat, shape))
