"""What a homoclinic orbit is by the eigenvalues of its equilibrium, and what is born from it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Two real parts, or an imaginary part, that differ by less than this share of the largest eigenvalue are the same.
_SAME = 1e-7


def eigenvalues(jacobian: Any) -> NDArray[np.complex128]:
    """Eigenvalues, the largest real part first, and of pairs that with the positive imaginary part."""
    values: Any = np.linalg.eigvals(jacobian)
    return np.asarray(values[np.lexsort((-values.imag, -values.real))], complex)


class Leading(NamedTuple):
    """The eigenvalues nearest to the imaginary axis on either side, and how many they are; of pairs the upper one."""

    stable: complex
    unstable: complex
    stable_count: int
    unstable_count: int


def leading_of(values: NDArray[np.complex128]) -> Leading:
    """The leading eigenvalues of a saddle."""
    size = float(np.max(np.abs(values)))
    sides = []
    for side in (values[values.real < 0], values[values.real > 0]):
        nearest = float(np.min(np.abs(side.real)))
        group = side[np.abs(np.abs(side.real) - nearest) <= _SAME * size]
        first = group[int(np.argmax(group.imag))]
        sides.append((complex(first) if first.imag > _SAME * size else complex(first.real), len(group)))
    return Leading(sides[0][0], sides[1][0], sides[0][1], sides[1][1])


def saddle_quantity(values: NDArray[np.complex128]) -> float:
    """Sum of the real parts of the leading stable and the leading unstable eigenvalue."""
    found = leading_of(values)
    return found.stable.real + found.unstable.real


def type_of(values: NDArray[np.complex128]) -> str:
    """`saddle`, `saddle-focus` or `focus-focus`, by the leading eigenvalues."""
    found = leading_of(values)
    turning = int(found.stable.imag > 0) + int(found.unstable.imag > 0)
    return ("saddle", "saddle-focus", "focus-focus")[turning]


def born_of(values: NDArray[np.complex128]) -> str:
    """What is born from a generic homoclinic orbit by Andronov and Leontovich's and Shilnikov's theorems, in words."""
    found, sigma = leading_of(values), saddle_quantity(values)
    stable, unstable = int(np.sum(values.real < 0)), int(np.sum(values.real > 0))
    if abs(sigma) <= _SAME * float(np.max(np.abs(values))):
        return "the saddle quantity is zero, so that more than one cycle may be born"
    many = "infinitely many saddle cycles exist nearby, and with them chaotic motion (Shilnikov)"
    match found.stable.imag > 0, found.unstable.imag > 0:
        case True, True:
            return many
        case True, False if sigma > 0:
            return many
        case False, True if sigma < 0:
            return many
    if sigma < 0 and unstable == 1:
        return "one stable cycle is born"
    if sigma > 0 and stable == 1:
        return "one repelling cycle is born"
    return "one saddle cycle is born"
