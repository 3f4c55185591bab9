"""Normal forms of bifurcations of cycles, from the exact derivatives of their return map."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..cycles._collocation import CollocationEquations
from ._normal_forms import Forms, NormalForm, flip_form, fold_form, neimark_sacker_form
from ._return_map import CAPACITY, ReturnMap, return_map

#: Steps of each interval of the mesh at first, and how many times more where they do not resolve the cycle.
_PARTS, _FINER = 2, 4
#: A cycle that misses itself by more than this, in units of its extent, is not resolved; nor is one whose critical
#: multiplier is farther than the second from where it belongs.
_MISSED, _LOST = 1e-4, 1e-2
#: A multiplier larger than this leaves too few digits to the others.
_WILD = 1e6


def cycle_form(kind: str, equations: CollocationEquations, z: Any, multipliers: Any) -> NormalForm | None:
    """The normal form of a `fold`, `period doubling` or `neimark-sacker` point z on a branch of cycles.

    The coefficient is that of the return map, in the convention of maps: critical vectors have length 1 in the units of
    the states, at the first point of the cycle.

    Returns:
        None for other points, and where explicit steps do not resolve the cycle or another multiplier leaves no digits.

    Reference:
        Kuznetsov (2004), Elements of applied bifurcation theory, 3rd edition, Springer, section 5.4; Kuznetsov,
        Govaerts, Doedel and Dhooge (2005), Numerical periodic normalization for codim 1 bifurcations of limit cycles,
        SIAM Journal on Numerical Analysis 43, 1407-1435.
    """
    mu: Any = np.asarray(multipliers, complex)
    turning = mu[mu.imag > 1e-6]
    if kind not in ("fold", "period doubling", "neimark-sacker") or not np.max(np.abs(mu)) < _WILD:
        return None
    if kind == "neimark-sacker" and not turning.size:
        return None
    theta = float(np.angle(turning[np.argmin(np.abs(np.abs(turning) - 1))])) if kind == "neimark-sacker" else 0.0
    critical = -1.0 if kind == "period doubling" else np.exp(1j * theta)
    forms = _forms(equations, z)
    if forms is None or np.min(np.abs(np.linalg.eigvals(forms.A) - critical)) > _LOST:
        return None
    match kind:
        case "fold":
            return fold_form(forms, discrete=True)
        case "period doubling":
            return flip_form(forms)
    return neimark_sacker_form(forms, theta)


def _forms(equations: CollocationEquations, z: Any) -> Forms | None:
    """The forms of the return map of the cycle z; None where no number of steps resolves it."""
    parts = _PARTS
    while parts * len(equations.widths) < CAPACITY // 2:
        mapped = return_map(equations, z, parts)
        point = jnp.append(jnp.zeros(mapped.frame.shape[1]), jnp.asarray(z)[-1])
        matrix, image = (np.asarray(x) for x in _around(mapped, point))
        missed = np.max(np.abs(np.asarray(mapped.frame) @ image / np.asarray(equations.rule.scale)))
        if np.all(np.isfinite(matrix)) and missed < _MISSED:
            return Forms(mapped, point, matrix)
        parts *= _FINER
    return None


@compiled
def _around(mapped: ReturnMap, z: Any) -> tuple[Any, Any]:
    """The derivative of the return map, and its image of the cycle, which should be nil."""

    def image(s: Any) -> tuple[Any, Any]:
        there = mapped.moved(s, z[-1])
        return there, there

    return jax.jacfwd(image, has_aux=True)(z[:-1])
