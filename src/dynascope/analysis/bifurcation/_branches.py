"""The parts of a bifurcation diagram: branches and special points."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class SpecialPoint(eqx.Module):
    """A point of a branch where something happens.

    Attributes:
        type: `fold`, `branch point`, `hopf`, `period doubling`, `neimark-sacker`, or another of those in the guide.
        branch: Number of the branch on which it was found.
        parameter: Value of the parameter.
        error: Its estimated error.
        state: Flattened state.
        eigenvalues: Of the Jacobian (of cycles: Floquet multipliers), the leading first.
        period: Of the cycles born there: 2 pi / omega of a Hopf point, 2 pi / theta of a Neimark-Sacker point, that of
            the cycle for points on cycles; else not a number.
        coefficient: Of the normal form; not a number where there is none.
        criticality: What it says, such as `supercritical`.
    """

    type: str = eqx.field(static=True)
    branch: int = eqx.field(static=True)
    parameter: float
    error: float
    state: Array
    eigenvalues: Any
    period: float
    coefficient: float
    criticality: str = eqx.field(static=True)


class Branch(eqx.Module):
    """A branch, in the order in which it was followed; special points lie among its points.

    Attributes:
        kind: `equilibrium` (of flows), `fixed point` (of maps) or `cycle`.
        parameter: Values of the parameter, shape `(N,)`.
        states: Flattened states, shape `(N, n)`; of cycles that at phase zero.
        low: Least value of each component: the state itself, or the minimum over the cycle.
        high: Greatest value of each component.
        period: Period of cycles, not a number for equilibria.
        eigenvalues: Of the Jacobian, or Floquet multipliers, complex, shape `(N, n)`, the leading first.
        unstable: Number of unstable eigenvalues.
        special: Number of the special point at each point, else -1.
        ends: Why it ends at its first and at its last point.
        origin: Number of the special point from which it branches off, -1 if it was found by itself.
    """

    kind: str = eqx.field(static=True)
    parameter: Array
    states: Array
    low: Array
    high: Array
    period: Array
    eigenvalues: Any
    unstable: NDArray[np.int64]
    special: NDArray[np.int64]
    ends: tuple[str, str] = eqx.field(static=True)
    origin: int = eqx.field(static=True)

    def __len__(self) -> int:
        return len(self.parameter)


def leading(matrices: np.ndarray, *, discrete: bool) -> np.ndarray:
    """Eigenvalues of each matrix, the most unstable first; not numbers where the matrix is none."""
    good = np.all(np.isfinite(matrices), axis=(-2, -1))
    values = np.full(matrices.shape[:-1], np.nan, complex)
    if np.any(good):
        values[good] = np.linalg.eigvals(matrices[good])
    size = np.abs(values) if discrete else np.real(values)
    return np.take_along_axis(values, np.argsort(-size, axis=-1, kind="stable"), axis=-1)


def unstable_count(values: np.ndarray, *, discrete: bool) -> np.ndarray:
    """How many eigenvalues of each row are unstable, beyond rounding."""
    if discrete:
        return np.sum(np.abs(values) > 1 + 1e-8, axis=-1)
    size = np.maximum(np.max(np.abs(values), axis=-1, keepdims=True), 1e-300)
    return np.sum(np.real(values) > 1e-10 * size, axis=-1)
