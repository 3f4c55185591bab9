"""What happens on a path of equilibria: located, told apart, and described by its normal form."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._errors import RESULTS
from ._branches import SpecialPoint, leading
from ._equilibria import Equilibria, test_names
from ._follow import Path, PseudoArclength
from ._locate import Located, locate
from ._normal_forms import (
    Forms,
    NormalForm,
    crossing_form,
    flip_form,
    fold_form,
    forms_at,
    hopf_form,
    neimark_sacker_form,
)
from ._pinned import PinnedPoint, pinned_crossing, pinned_pair, pinned_real

#: Lengths in the metric: an extended system that leads farther away than this has found something else.
_NEAR = 1e-2

#: A cubic coefficient that matters less than this over the whole region is zero.
_NOTHING = 1e-10

_located = compiled(locate)
_pinned_real = compiled(pinned_real)
_pinned_pair = compiled(pinned_pair)
_pinned_crossing = compiled(pinned_crossing)


def special_point(
    problem: Equilibria, path: Path, where: tuple[int, int], branch: int, method: PseudoArclength
) -> tuple[SpecialPoint, np.ndarray] | None:
    """The special point between the points `where[0]` and `where[0] + 1`, shown by test `where[1]`, and its tangent.

    Returns:
        None where nothing happens: at neutral saddles.
    """
    index, test = where
    kind = test_names(problem)[test]
    found = _located(problem, path, jnp.asarray(index), jnp.asarray(test), method=method)
    z = np.asarray(found.point)
    values = leading(np.asarray(forms_at(problem, z).A)[None], discrete=problem.discrete)[0]
    if kind in ("hopf", "neimark-sacker") and not _turns(values, problem.discrete):
        return None
    pinned = _pinned(problem, z, kind)
    at = np.append(np.asarray(pinned.state), float(pinned.value))
    gap = np.sqrt(np.sum(np.asarray(problem.weights()) * (at - z) ** 2))
    # A crossing that is pulled apart a little is none; where the extended system fails, the search along the branch
    # has found the place, only less exactly.
    exact = bool(pinned.result == RESULTS.successful) and gap < _NEAR and abs(float(pinned.unfolding)) < 1e-7
    if not exact:
        at = z
    forms = forms_at(problem, at)
    turn = float(pinned.frequency) if exact else _turn(values, problem.discrete)
    coefficient, said = _form(problem, forms, kind, turn)
    # Where all terms vanish, as in a linear system, the signs of what rounding leaves say nothing.
    if kind not in ("fold", "branch point") and abs(coefficient) * float(jnp.sum(problem.scale**2)) < _NOTHING:
        said = "degenerate"
    point = SpecialPoint(
        type=kind,
        branch=branch,
        parameter=float(at[-1]),
        error=_error(problem, found, pinned, exact),
        state=at[:-1],
        eigenvalues=leading(forms.A[None], discrete=problem.discrete)[0],
        period=_period(problem, kind, turn),
        coefficient=coefficient,
        criticality=said,
    )
    return point, np.asarray(found.tangent)


def _period(problem: Equilibria, kind: str, turn: float) -> float:
    """Period of the cycle born there, or of the cycle itself; an equilibrium has none."""
    match kind:
        case "hopf" | "neimark-sacker":
            return 2 * np.pi / turn * problem.iterates if turn else float("nan")
        case "period doubling":
            return 2.0 * problem.iterates
    return float(problem.iterates) if problem.iterates > 1 else float("nan")


def _pinned(problem: Equilibria, z: np.ndarray, kind: str) -> PinnedPoint:
    match kind:
        case "fold":
            return _pinned_real(problem, z, jnp.asarray(0.0))
        case "period doubling":
            return _pinned_real(problem, z, jnp.asarray(-2.0))
        case "branch point":
            return _pinned_crossing(problem, z)
    return _pinned_pair(problem, z)


def _error(problem: Equilibria, found: Located, pinned: PinnedPoint, exact: bool) -> float:
    """Of the parameter: the last Newton step or the last interval, and rounding."""
    rounding = 4 * np.finfo(float).eps * abs(float(found.point[-1]))
    last = float(pinned.error) if exact else float(found.width) * float(problem.width)
    return max(last, rounding)


def _form(problem: Equilibria, forms: Forms, kind: str, turn: float) -> NormalForm:
    match kind:
        case "fold":
            return fold_form(forms, problem.discrete)
        case "period doubling":
            return flip_form(forms)
        case "hopf":
            return hopf_form(forms, turn)
        case "neimark-sacker":
            return neimark_sacker_form(forms, turn)
    return crossing_form(forms, problem.discrete, float(np.linalg.norm(problem.scale)))


def _critical_pair(values: np.ndarray, discrete: bool) -> complex:
    """The first of the two eigenvalues whose sum (maps: product less one) is nearest to zero."""
    i, j = np.triu_indices(len(values), 1)
    a, b = values[i], values[j]
    gap = np.abs(a * b - 1) / (np.abs(a * b) + 1) if discrete else np.abs(a + b) / np.maximum(abs(a) + abs(b), 1e-300)
    return complex(a[int(np.argmin(gap))])


def _turns(values: np.ndarray, discrete: bool) -> bool:
    """Whether the critical pair is a complex one, not two real eigenvalues of a neutral saddle."""
    chosen = _critical_pair(values, discrete)
    return abs(chosen.imag) > 1e-6 * abs(chosen)


def _turn(values: np.ndarray, discrete: bool) -> float:
    chosen = _critical_pair(values, discrete)
    return abs(float(np.angle(chosen))) if discrete else abs(chosen.imag)


def changes_stability(point: SpecialPoint, discrete: bool) -> int:
    """How many eigenvalues become stable or unstable at a point, as far as its eigenvalues tell."""
    values: Any = np.asarray(point.eigenvalues)
    size = 1.0 if discrete else max(float(np.max(np.abs(values))), 1e-300)
    off = np.abs(np.abs(values) - 1) if discrete else np.abs(values.real)
    return int(np.sum(off < 1e-6 * size))
