"""One explicit Runge-Kutta step on any carry: a flat array or a tuple of scalars."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from ._tableaus import Tableau

Field = Callable[[Any, Any], Any]

#: Least relative error that is asked for, in rounding units of the state.
_ROUNDING = 4


def combine(y: Any, h: Any, weights: Sequence[Any], stages: Sequence[Any]) -> Any:
    """`y + h sum_i weights[i] stages[i]`, skipping zero weights; `h` is None where it is in the weights already.

    The newest stage is the one that is waited for: it is added last, so that all else is done by then.
    """
    some = [(w, k) for w, k in zip(weights, stages, strict=False) if not (isinstance(w, float | int) and w == 0)]
    terms = some if h is None else [(h * w, k) for w, k in some]
    if not terms:
        return y
    *early, last = (w for w, _ in terms)

    def combined(leaf: Any, *ks: Any) -> Any:
        if early:
            leaf = leaf + functools.reduce(jnp.add, [w * k for w, k in zip(early, ks, strict=False)])
        return leaf + last * ks[-1]

    return jax.tree.map(combined, y, *(k for _, k in terms))


def stages(field: Field, tableau: Tableau, t: Any, y: Any, h: Any, *, first: Any = None) -> list[Any]:
    """The stage velocities k_i; `first` is k_0 where it is known already."""
    ks = [field(t, y) if first is None else first]
    for c, row in zip(tableau.c[1:], tableau.a[1:], strict=True):
        ks.append(field(t + c * h, combine(y, h, row, ks)))
    return ks


def rk_step(field: Field, tableau: Tableau, t: Any, y: Any, *, h: Any) -> Any:
    """The state after one step of length `h`."""
    return combine(y, h, tableau.b, stages(field, tableau, t, y, h))


def fixed_step(field: Field, tableau: Tableau, h: Any) -> Callable[[Any, Any], Any]:
    """`rk_step` as a function of `(t, y)`, for a loop of steps of one length.

    Products of the step with the weights are made here, outside of the loop: for a small system they are a tenth of it.
    """
    a = [[h * w if w != 0 else 0.0 for w in row] for row in tableau.a]
    b = [h * w if w != 0 else 0.0 for w in tableau.b]

    def step(t: Any, y: Any) -> Any:
        ks = [field(t, y)]
        for c, row in zip(tableau.c[1:], a[1:], strict=True):
            ks.append(field(t + c * h, combine(y, None, row, ks)))
        return combine(y, None, b, ks)

    return step


def error_ratio(tableau: Tableau, y: Any, y1: Any, h: Any, ks: Sequence[Any], *, rtol: Any, atol: Any) -> Any:
    """Root mean square of the estimated error over `atol + rtol max(|y|, |y1|)`; accept when at most 1."""
    if tableau.e is None:
        raise ValueError(f"`{tableau.name}` has no error estimate; use it with a fixed step.")
    zero = jax.tree.map(jnp.zeros_like, y)
    # Rounding sets a floor: no step, however short, is more accurate than the numbers it is made of.
    largest = functools.reduce(jnp.maximum, [jnp.max(jnp.abs(leaf)) for leaf in jax.tree.leaves(y)])
    eps = jnp.finfo(largest.dtype).eps
    floor, rtol = atol + _ROUNDING * eps * largest, jnp.maximum(rtol, _ROUNDING * eps)
    scale = jax.tree.map(lambda a, b: floor + rtol * jnp.maximum(jnp.abs(a), jnp.abs(b)), y, y1)
    norm5 = _mean_square(combine(zero, h, tableau.e, ks), scale)
    if tableau.e2 is None:
        return jnp.sqrt(norm5)
    norm3 = _mean_square(combine(zero, h, tableau.e2, ks), scale)
    denominator = norm5 + 0.01 * norm3
    return jnp.where(denominator > 0, norm5 / jnp.sqrt(jnp.where(denominator > 0, denominator, 1)), 0.0)


def _mean_square(error: Any, scale: Any) -> Any:
    ratios = jax.tree.leaves(jax.tree.map(lambda e, s: (e / s) ** 2, error, scale))
    return sum(jnp.sum(r) for r in ratios) / sum(jnp.size(r) for r in ratios)
