"""Changes of stability along a branch that no special point explains."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ._branches import Branch, SpecialPoint

#: How many eigenvalues change sides at a special point.
_CHANGES = {
    "fold": 1,
    "hopf": 2,
    "period doubling": 1,
    "neimark-sacker": 2,
    "fold of cycles": 1,
    "branch point of cycles": 1,
}
#: Eigenvalues this near to the border, relative to the largest (multipliers: absolutely), are on no side.
_NEAR, _NEAR_MULTIPLIER = 1e-6, 1e-4


def unexplained(branches: Sequence[Branch], points: Sequence[SpecialPoint], name: str, *, discrete: bool) -> list[str]:
    """A sentence for each stretch of a branch whose number of unstable eigenvalues changes without a reason.

    Args:
        branches: All branches.
        points: All special points.
        name: Name of the parameter.
        discrete: Whether time advances in steps.
    """
    told = []
    for branch in branches:
        sure = np.flatnonzero((branch.special < 0) & ~_doubtful(branch, discrete))
        for i, j in itertools.pairwise(sure.tolist()):
            passed = [points[k].type for k in branch.special[i + 1 : j] if k >= 0]
            if "branch point" in passed:  # there any number may change
                continue
            change = abs(int(branch.unstable[j]) - int(branch.unstable[i]))
            possible = sum(_CHANGES.get(kind, 0) for kind in passed)
            if change > possible or (change - possible) % 2:
                seen = " and ".join(passed) or "no special point"
                told.append(
                    f"On a branch of {branch.kind}s the number of unstable eigenvalues changes from "
                    f"{branch.unstable[i]} to {branch.unstable[j]} between {name} = {branch.parameter[i]:.6g} and "
                    f"{branch.parameter[j]:.6g}, which {seen} there cannot explain."
                )
    return told


def _doubtful(branch: Branch, discrete: bool) -> np.ndarray:
    """Whether the number of unstable eigenvalues is uncertain: where one, beside the trivial one, is on the border."""
    values = branch.eigenvalues
    if branch.kind == "equilibrium":
        return np.min(np.abs(values.real), axis=1) < _NEAR * np.maximum(np.max(np.abs(values), axis=1), 1e-300)
    gaps = np.abs(np.abs(values) - 1)
    near = np.full(len(values), _NEAR_MULTIPLIER)
    if not discrete:
        trivial = np.argmin(np.abs(values - 1), axis=1)
        rows = np.arange(len(values))
        near = np.maximum(near, 10 * np.abs(values[rows, trivial] - 1))
        gaps[rows, trivial] = np.inf
    return np.any(gaps < near[:, None], axis=1)
