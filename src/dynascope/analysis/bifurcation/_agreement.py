"""Whether branches and orbits say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._branches import Array, Branch
from ._diagram import BifurcationDiagram

#: What a comparison can end with, by number.
AGREEMENTS = ("not compared", "agrees", "leaves its branch", "not in the diagram")
_NONE, _AGREES, _LEAVES, _MISSING = range(4)
#: Distance, as a share of the size of a component, within which an orbit lies on a branch; and the share of a step of
#: the branch that straight interpolation between its points may be off.
_NEAR, _BENT = 0.01, 0.3
#: So near to a special point, as a share of the window, orbits settle too slowly to tell the sides apart.
_BRINK = 5e-3


class _Piece(NamedTuple):
    """A branch between two of its points, at one value of the parameter."""

    branch: int
    state: Array
    low: Array
    high: Array
    slack: Array
    stable: bool
    brink: bool


def pieces(branches: Sequence[Branch], p: float, brink: float) -> Iterator[_Piece]:
    """All pieces of branches over the value `p`; special points within `brink` of it are told."""
    for number, branch in enumerate(branches):
        left, right = branch.parameter[:-1] - p, branch.parameter[1:] - p
        for i in np.flatnonzero((left * right <= 0) & (left != right)).tolist():
            share = left[i] / (left[i] - right[i])
            low, high, state = (_mixed(x, i, share) for x in (branch.low, branch.high, branch.states))
            ends = slice(i, i + 2)
            slack = [np.abs(np.diff(side[ends], axis=0)[0]) for side in (branch.low, branch.high)]
            beside = (branch.special[ends] >= 0) & (np.abs(branch.parameter[ends] - p) < brink)
            yield _Piece(number, state, low, high, np.maximum(*slack), _stable(branch, i), bool(np.any(beside)))


def _mixed(rows: Array, i: int, share: float) -> Array:
    return rows[i] + share * (rows[i + 1] - rows[i])


def _stable(branch: Branch, i: int) -> bool:
    """Whether the piece after point `i` is stable, as its ordinary end says: special points are on the brink."""
    ends = [j for j in (i, i + 1) if branch.special[j] < 0]
    return bool(ends) and int(np.min(branch.unstable[ends])) == 0


def starts_on(diagram: BifurcationDiagram, values: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """States on every stable branch at each of `values`, the values again, and the numbers of the branches.

    Next to special points none is given: there what a branch attracts is too near to what it does not.
    """
    branches, brink = diagram.branches, 4 * _BRINK * (diagram.window[1] - diagram.window[0])
    over = ((p, piece) for p in values for piece in pieces(branches, float(p), brink))
    found = [(p, piece) for p, piece in over if piece.stable and not piece.brink]
    states = np.array([piece.state for _, piece in found]).reshape(-1, len(diagram.names))
    return states, np.array([p for p, _ in found], float), np.array([piece.branch for _, piece in found], np.int64)


def agreement_of(
    branches: Sequence[Branch],
    p: float,
    extent: tuple[Array, Array],
    *,
    behaviour: str,
    source: int,
    width: Array,
    window: float,
) -> int:
    """What the comparison of an orbit with the branches ends with, as an index into `AGREEMENTS`.

    Args:
        branches: The branches.
        p: Value of the parameter.
        extent: Least and greatest value of each component along the orbit.
        behaviour: How the orbit behaves.
        source: Branch on which it was started, or -1.
        width: Size of each component.
        window: Width of the range of the parameter.
    """
    if behaviour == "unsettled" or (source < 0 and behaviour in ("irregular", "unbounded")):
        return _NONE
    low, high = extent
    for piece in pieces(branches, p, _BRINK * window):
        slack = _NEAR * width + _BENT * piece.slack
        near = np.all(np.abs(low - piece.low) <= slack) and np.all(np.abs(high - piece.high) <= slack)
        if near and (piece.stable or piece.brink) and source in (-1, piece.branch):
            return _AGREES
    return _LEAVES if source >= 0 else _MISSING
