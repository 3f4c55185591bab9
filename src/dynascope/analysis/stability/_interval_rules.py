"""Functions written in JAX, evaluated on intervals: the primitives of their trace, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from . import _interval as iv
from ._interval import Interval

#: Primitives that hold a trace of their own, and the name of the parameter that holds it.
_CALLS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "remat": "jaxpr",
    "checkpoint": "jaxpr",
}


class NoBounds(Exception):
    """A primitive for which no bounds are known."""


def interval_extension(function: Callable[[Any], Any], like: Any) -> Callable[[Interval], tuple[Interval, bool]]:
    """`function` of one array on intervals: the result holds all its values on the box.

    Args:
        function: From arrays of the shape of `like` to arrays.
        like: An array.

    Returns:
        A function of intervals that gives bounds, and whether a choice between two expressions was open anywhere, where
        the function may jump; it raises `NoBounds` where it meets a primitive without bounds.
    """
    closed = jax.make_jaxpr(function)(like)
    constants = [_constant(c) for c in closed.consts]

    def extended(box: Interval) -> tuple[Interval, bool]:
        jumps: list[str] = []
        return _run(closed.jaxpr, constants, [box], jumps)[0], bool(jumps)

    return extended


def _constant(value: Any) -> Any:
    value = np.asarray(value)
    return iv.point(value) if value.dtype.kind == "f" else value


def _run(jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any], jumps: list[str]) -> list[Any]:
    """The results of a trace; `jumps` receives what may jump on the way."""
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, constants, strict=True))
    known |= dict(zip(jaxpr.invars, arguments, strict=True))

    def read(atom: Any) -> Any:
        return _constant(atom.val) if isinstance(atom, core.Literal) else known[atom]

    for equation in jaxpr.eqns:
        values = [read(v) for v in equation.invars]
        found = _applied(equation, values, jumps)
        known.update(zip(equation.outvars, found, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _applied(equation: Any, values: list[Any], jumps: list[str]) -> list[Any]:
    name, parameters = equation.primitive.name, equation.params
    if name in _CALLS:
        inner = parameters[_CALLS[name]]
        if isinstance(inner, core.ClosedJaxpr):
            return _run(inner.jaxpr, [_constant(c) for c in inner.consts], values, jumps)
        return _run(inner, [], values, jumps)
    if not any(isinstance(v, Interval) for v in values):
        # Whole numbers and truths are exact.
        found = equation.primitive.bind(*(jnp.asarray(v) for v in values), **parameters)
        return [_constant(f) for f in (found if equation.primitive.multiple_results else [found])]
    if name in ("select_n", "sign", "convert_element_type") and _open(values[0], truth=name != "sign"):
        jumps.append(name)
    if name in _PLAIN:
        return [_PLAIN[name](*(_interval(v) for v in values))]
    if name in _WITH:
        return [_WITH[name](parameters, *values)]
    if name in _MOVES or name in _SLOW:
        return _moved(equation, values)
    raise NoBounds(name)


def _open(value: Any, *, truth: bool) -> bool:
    """Whether a truth is open anywhere, or a sign."""
    if not isinstance(value, Interval):
        return False
    if truth:
        return bool(np.any((value.lo == 0) & (value.hi == 1)))
    return bool(np.any((value.lo <= 0) & (value.hi >= 0) & (value.lo < value.hi)))


def _interval(value: Any) -> Interval:
    return value if isinstance(value, Interval) else iv.point(np.asarray(value, float))


def _larger(a: Interval, b: Interval) -> Interval:
    return Interval(np.maximum(a.lo, b.lo), np.maximum(a.hi, b.hi))


def _smaller(a: Interval, b: Interval) -> Interval:
    return Interval(np.minimum(a.lo, b.lo), np.minimum(a.hi, b.hi))


def _truth(surely: Any, perhaps: Any) -> Interval:
    """A truth as an interval between 0 and 1."""
    return Interval(np.asarray(surely, float), np.asarray(perhaps, float))


def _logarithm_of_more(a: Interval) -> Interval:
    return iv.log(iv.add(iv.point(np.ones_like(a.lo)), a))


def _exponential_less_one(a: Interval) -> Interval:
    return iv.subtract(iv.exp(a), iv.point(np.ones_like(a.lo)))


def _reciprocal_root(a: Interval) -> Interval:
    return iv.divide(iv.point(np.ones_like(a.lo)), iv.root(a))


def _hyperbolic(x: Any, sign: float) -> Interval:
    """(e^x + sign e^-x) / 2 at points."""
    both = iv.exp(iv.point(x)), iv.exp(iv.point(-np.asarray(x)))
    total = iv.add(both[0], both[1] if sign > 0 else iv.negative(both[1]))
    return iv.divide(total, iv.point(np.full_like(total.lo, 2.0)))


def _cosh(a: Interval) -> Interval:
    size = iv.absolute(a)
    return Interval(np.maximum(_hyperbolic(size.lo, 1.0).lo, 1.0), _hyperbolic(size.hi, 1.0).hi)


def _sinh(a: Interval) -> Interval:
    return Interval(_hyperbolic(a.lo, -1.0).lo, _hyperbolic(a.hi, -1.0).hi)


def _any_power(a: Interval, b: Interval) -> Interval:
    """a^b: a whole number in common where b is one, else exp(b log a) for a that is not negative."""
    first = float(np.ravel(b.lo)[0]) if np.size(b.lo) else 0.0
    if np.all(b.lo == first) and np.all(b.hi == first) and first == round(first) and abs(first) < 64:
        return iv.power(a, int(first))
    found = iv.exp(iv.multiply(b, iv.log(a)))
    unknown = a.lo < 0
    return Interval(np.where(unknown, -np.inf, found.lo), np.where(unknown, np.inf, found.hi))


#: Functions of intervals alone.
_PLAIN: dict[str, Callable[..., Interval]] = {
    "add": iv.add,
    "add_any": iv.add,
    "sub": iv.subtract,
    "mul": iv.multiply,
    "div": iv.divide,
    "neg": iv.negative,
    "exp": iv.exp,
    "log": iv.log,
    "log1p": _logarithm_of_more,
    "expm1": _exponential_less_one,
    "tanh": iv.tanh,
    "logistic": iv.logistic,
    "sin": iv.sin,
    "cos": iv.cos,
    "cosh": _cosh,
    "sinh": _sinh,
    "sqrt": iv.root,
    "rsqrt": _reciprocal_root,
    "abs": iv.absolute,
    "square": lambda a: iv.power(a, 2),
    "max": _larger,
    "min": _smaller,
    "pow": _any_power,
    "sign": lambda a: Interval(np.sign(a.lo), np.sign(a.hi)),
    "eq": lambda a, b: _truth((a.lo == a.hi) & (b.lo == b.hi) & (a.lo == b.lo), (a.lo <= b.hi) & (a.hi >= b.lo)),
    "ne": lambda a, b: _truth((a.lo > b.hi) | (a.hi < b.lo), ~((a.lo == a.hi) & (b.lo == b.hi) & (a.lo == b.lo))),
    "gt": lambda a, b: _truth(a.lo > b.hi, a.hi > b.lo),
    "ge": lambda a, b: _truth(a.lo >= b.hi, a.hi >= b.lo),
    "lt": lambda a, b: _truth(a.hi < b.lo, a.lo < b.hi),
    "le": lambda a, b: _truth(a.hi <= b.lo, a.lo <= b.hi),
    "and": _smaller,
    "or": _larger,
    "not": lambda a: Interval(1 - a.hi, 1 - a.lo),
}


def _selected(parameters: Any, which: Any, *cases: Any) -> Interval:
    """One of several values; where it is open which, all that both can be."""
    del parameters
    bounds = [_interval(c) for c in cases]
    if len(bounds) != 2:
        raise NoBounds("select_n")
    which = _interval(which)
    first, second = bounds
    lo = np.where(which.hi == 0, first.lo, np.where(which.lo == 1, second.lo, np.minimum(first.lo, second.lo)))
    hi = np.where(which.hi == 0, first.hi, np.where(which.lo == 1, second.hi, np.maximum(first.hi, second.hi)))
    return Interval(lo, hi)


def _summed(parameters: Any, a: Interval) -> Interval:
    for axis in sorted(parameters["axes"], reverse=True):
        parts = [Interval(np.take(a.lo, i, axis), np.take(a.hi, i, axis)) for i in range(a.lo.shape[axis])]
        total = iv.point(np.zeros(np.delete(a.lo.shape, axis))) if not parts else parts[0]
        for part in parts[1:]:
            total = iv.add(total, part)
        a = total
    return a


def _dotted(parameters: Any, a: Any, b: Any) -> Interval:
    """Products of arrays: both as (batch, own, common), then sums over what is common."""
    (common_a, common_b), (batch_a, batch_b) = parameters["dimension_numbers"]
    a, b = _interval(a), _interval(b)

    def arranged(x: Interval, common: Any, batch: Any) -> tuple[Interval, tuple[int, ...], tuple[int, ...]]:
        own = [i for i in range(x.lo.ndim) if i not in (*common, *batch)]
        order = (*batch, *own, *common)
        head, mine = (tuple(x.lo.shape[i] for i in part) for part in (batch, own))
        shape = (int(np.prod(head)), int(np.prod(mine)), -1) if x.lo.size else (0, 0, 0)
        return Interval(*(np.transpose(side, order).reshape(shape) for side in x)), head, mine

    (left, head, own_a), (right, _, own_b) = arranged(a, common_a, batch_a), arranged(b, common_b, batch_b)
    products = iv.multiply(
        Interval(left.lo[:, :, None], left.hi[:, :, None]), Interval(right.lo[:, None], right.hi[:, None])
    )
    out = _summed({"axes": (3,)}, products)
    return Interval(*(side.reshape(*head, *own_a, *own_b) for side in out))


#: Functions that need the parameters of the primitive.
_WITH: dict[str, Callable[..., Interval]] = {
    "integer_pow": lambda p, a: iv.power(a, p["y"]),
    "select_n": _selected,
    "reduce_sum": _summed,
    "dot_general": _dotted,
    "convert_element_type": lambda _, a: a,
    "copy": lambda _, a: a,
    "stop_gradient": lambda _, a: a,
}


def _broadcast(p: Any, a: Any) -> Any:
    shape = [1] * len(p["shape"])
    for i, axis in enumerate(p["broadcast_dimensions"]):
        shape[axis] = a.shape[i]
    return np.broadcast_to(a.reshape(shape), p["shape"])


def _sliced(p: Any, a: Any) -> Any:
    strides = p["strides"] or (1,) * a.ndim
    return a[tuple(slice(*ends) for ends in zip(p["start_indices"], p["limit_indices"], strides, strict=True))]


#: Primitives that only move numbers about, on arrays: they do the same to both ends.
_MOVES: dict[str, Callable[..., Any]] = {
    "broadcast_in_dim": _broadcast,
    "reshape": lambda p, a: np.reshape(a, p["new_sizes"]),
    "squeeze": lambda p, a: np.squeeze(a, tuple(p["dimensions"])),
    "transpose": lambda p, a: np.transpose(a, p["permutation"]),
    "slice": _sliced,
    "concatenate": lambda p, *a: np.concatenate(a, p["dimension"]),
    "stack": lambda p, *a: np.stack(a, p["axis"]),
    "split": lambda p, a: np.split(a, np.cumsum(p["sizes"])[:-1], p["axis"]),
    "rev": lambda p, a: np.flip(a, p["dimensions"]),
}
#: The same, left to JAX.
_SLOW = ("unstack", "gather", "dynamic_slice", "pad", "expand_dims")


def _moved(equation: Any, values: list[Any]) -> list[Interval]:
    """Both ends moved; whole numbers among the arguments are places."""
    name, many = equation.primitive.name, equation.primitive.multiple_results
    ends = []
    for i in range(2):
        sides = [v[i] if isinstance(v, Interval) else v for v in values]
        if name in _MOVES:
            found = _MOVES[name](equation.params, *sides)
        else:
            found = equation.primitive.bind(*(jnp.asarray(side) for side in sides), **equation.params)
        ends.append([np.asarray(f, float) for f in (found if many else [found])])
    return [Interval(lo, hi) for lo, hi in zip(*ends, strict=True)]
