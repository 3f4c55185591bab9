"""A rule for one point as a rule for many at once, each of its numbers an array over the points.

`jax.vmap` of a rule on an array of few components holds many points as one array `(point, component)`: processors then
read every other number only, products of small matrices become calls, and each slice is a pass over memory. Here the
rule is taken apart into operations on single numbers, and each number becomes an array over the points, which XLA fuses
and compiles to vector instructions.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from ._sincos import cosine, sine

#: Most operations on single numbers that a rule may be taken apart into: compilation takes longer with each.
_MOST = 3000
#: What acts on each number alone.
_ELEMENTWISE = frozenset(
    {"abs", "acos", "acosh", "add", "and", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "clamp"}
    | {"convert_element_type", "copy", "cos", "cosh", "div", "eq", "erf", "erfc", "exp", "exp2", "expm1", "floor"}
    | {"ge", "gt", "integer_pow", "is_finite", "le", "log", "log1p", "logistic", "lt", "max", "min", "mul", "ne", "neg"}
    | {"not", "or", "pow", "rem", "round", "rsqrt", "select_n", "sign", "sin", "sinh", "sqrt", "square", "sub", "tan"}
    | {"tanh", "xor"}
)
#: What only moves numbers; all arguments but the first are known while tracing.
_MOVING = frozenset(
    {"broadcast_in_dim", "dynamic_slice", "expand_dims", "gather", "reshape", "rev", "slice", "squeeze", "transpose"}
)
#: What joins numbers along axes, one after another.
_REDUCING: dict[str, Callable[[Any, Any], Any]] = {
    "reduce_sum": operator.add,
    "reduce_prod": operator.mul,
    "reduce_max": jnp.maximum,
    "reduce_min": jnp.minimum,
    "reduce_and": operator.and_,
    "reduce_or": operator.or_,
}
#: What runs a program once, and where that is found. A loop holds one too, which is no call.
_CALLS = frozenset(
    {"checkpoint", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "jit", "pjit", "remat2"}
)
_CALLED = ("jaxpr", "call_jaxpr", "fun_jaxpr")


#: Stands for any number in a trial, which tells whether every operation is known but stages none.
_ANY = object()


class _Unknown(Exception):
    """The rule holds an operation that is not taken apart."""


def many_points(rule: Callable[..., Sequence[jax.Array]], *arguments: Any) -> Callable[..., list[Any]] | None:
    """`rule`, which takes and gives scalars, for many points: each argument a scalar or an array over the points.

    Numbers that the rule holds, such as parameters, are the same for all points. Sine and cosine in double precision
    are polynomials. Sums are taken in order, so that results agree with those of `jax.vmap` to rounding.

    Args:
        rule: A function of scalars that returns a sequence of scalars.
        arguments: Scalars of the types of its arguments.

    Returns:
        The rule for many points; None if it holds loops, branches, random numbers, sorting or too many operations.
    """
    closed = jax.make_jaxpr(rule)(*arguments)
    try:
        held = [_split(c) for c in closed.consts]
        trial = [_single(_ANY) for _ in closed.jaxpr.invars]
        _evaluated(closed.jaxpr, [_trial(c) for c in held], trial, [_MOST])
    except _Unknown:
        return None

    def whole(*lanes: Any) -> list[Any]:
        outs = _evaluated(closed.jaxpr, held, [_single(x) for x in lanes], [_MOST])
        return [out[()] for out in outs]

    return whole


def _single(value: Any) -> np.ndarray:
    """An array of objects that holds one."""
    out = np.empty((), object)
    out[()] = value
    return out


def _split(value: Any) -> np.ndarray:
    """A small array as an array of its numbers."""
    shape = np.shape(value)
    if np.prod(shape, dtype=int) > _MOST:
        raise _Unknown
    out = np.empty(shape, object)
    if _is_known(value):
        value = np.asarray(value)
        for place in np.ndindex(*shape):
            out[place] = value[place]
        return out
    flat = jnp.ravel(value)
    for n, place in enumerate(np.ndindex(*shape)):
        out[place] = jax.lax.squeeze(jax.lax.slice(flat, (n,), (n + 1,)), (0,))
    return out


def _trial(values: np.ndarray) -> np.ndarray:
    """The numbers that are known while tracing, and `_ANY` for all others."""
    out = np.empty(values.shape, object)
    for place in np.ndindex(*values.shape):
        out[place] = values[place] if _is_known(values[place]) else _ANY
    return out


def _tried(values: np.ndarray) -> bool:
    return any(x is _ANY for x in values.reshape(-1))


def _evaluated(jaxpr: Jaxpr, held: list[np.ndarray], given: list[np.ndarray], left: list[int]) -> list[np.ndarray]:
    """The outputs of a program whose arrays are arrays of objects; `left` counts operations down."""
    values: dict[Any, np.ndarray] = dict(zip(jaxpr.constvars, held, strict=True))
    values.update(zip(jaxpr.invars, given, strict=True))

    def read(atom: Any) -> np.ndarray:
        return _split(np.asarray(atom.val)) if isinstance(atom, Literal) else values[atom]

    for equation in jaxpr.eqns:
        outs = _applied(equation, [read(a) for a in equation.invars], left)
        values.update(zip(equation.outvars, outs, strict=True))
    return [read(a) for a in jaxpr.outvars]


def _applied(equation: Any, arguments: list[np.ndarray], left: list[int]) -> list[np.ndarray]:
    """The outputs of one operation."""
    name, params = equation.primitive.name, equation.params
    if name in _ELEMENTWISE:
        return [_elementwise(equation, arguments, left)]
    if name in _MOVING:
        return [_moved(equation, arguments)]
    if name == "concatenate":
        return [np.concatenate(arguments, axis=params["dimension"])]
    if name == "stack":
        return [np.stack(arguments, axis=params["axis"])]
    if name == "unstack":
        return [_part(arguments[0], n, params["axis"]) for n in range(arguments[0].shape[params["axis"]])]
    if name == "split":
        return np.split(arguments[0], np.cumsum(params["sizes"])[:-1], axis=params["axis"])
    if name == "iota":
        return [_split(np.asarray(_known(equation, [])))]
    if name in _REDUCING:
        return [_reduced(_REDUCING[name], arguments[0], params["axes"], left)]
    if name == "dot_general":
        return [_product(equation, arguments[0], arguments[1], left)]
    inner = next((params[key] for key in _CALLED if key in params), None) if name in _CALLS else None
    if isinstance(inner, ClosedJaxpr):
        return _evaluated(inner.jaxpr, [_split(c) for c in inner.consts], arguments, left)
    if isinstance(inner, Jaxpr) and not inner.constvars:
        return _evaluated(inner, [], arguments, left)
    raise _Unknown(name)


def _part(values: np.ndarray, n: int, axis: int) -> np.ndarray:
    """The `n`-th part along an axis, an array even if it is one number."""
    return np.moveaxis(values, axis, 0)[n : n + 1].reshape(np.delete(values.shape, axis))


def _known(equation: Any, arguments: Sequence[Any]) -> Any:
    """The operation on numbers that are known while tracing."""
    with jax.ensure_compile_time_eval():
        return equation.primitive.bind(*map(jnp.asarray, arguments), **equation.params)


def _is_known(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic)


def _spend(left: list[int], count: int) -> None:
    left[0] -= count
    if left[0] < 0:
        raise _Unknown


def _elementwise(equation: Any, arguments: list[np.ndarray], left: list[int]) -> np.ndarray:
    shape = equation.outvars[0].aval.shape
    # A clamp may have scalar bounds for an array, and a choice a scalar condition.
    arguments = [np.broadcast_to(a, shape) for a in arguments]
    out = np.empty(shape, object)
    for place in np.ndindex(*shape):
        numbers = [a[place] for a in arguments]
        if all(map(_is_known, numbers)):
            out[place] = np.asarray(_known(equation, numbers))[()]
            continue
        _spend(left, 1)
        if any(x is _ANY for x in numbers):
            out[place] = _ANY
            continue
        types = [a.aval.dtype for a in equation.invars]
        points = next((np.shape(x) for x in numbers if np.ndim(x)), ())
        same = [jnp.broadcast_to(jnp.asarray(x, t), points) for x, t in zip(numbers, types, strict=True)]
        match equation.primitive.name:
            case "sin" if types[0] == np.float64:
                out[place] = sine(same[0])
            case "cos" if types[0] == np.float64:
                out[place] = cosine(same[0])
            case _:
                out[place] = equation.primitive.bind(*same, **equation.params)
    return out


def _moved(equation: Any, arguments: list[np.ndarray]) -> np.ndarray:
    """Where each number of the output comes from is found by moving the numbers' places."""
    first, *rest = arguments
    if not all(_is_known(x) for a in rest for x in a.reshape(-1)):
        raise _Unknown
    # Out of bounds a gather may fill with another number, which no place stands for: 0 stands for none.
    places = np.arange(1, first.size + 1).reshape(first.shape)
    numbers = [np.array(a.tolist(), dtype=v.aval.dtype) for a, v in zip(rest, equation.invars[1:], strict=True)]
    moved = np.asarray(_known(equation, [places, *numbers]))
    if moved.size and not (moved.min() >= 1 and moved.max() <= first.size):
        raise _Unknown
    return first.reshape(-1)[moved - 1] if moved.ndim else _single(first.reshape(-1)[int(moved) - 1])


def _reduced(join: Callable[[Any, Any], Any], values: np.ndarray, axes: Sequence[int], left: list[int]) -> np.ndarray:
    kept = [n for n in range(values.ndim) if n not in axes]
    shape = tuple(values.shape[n] for n in kept)
    rows = values.transpose(*kept, *axes).reshape(*shape, -1)
    if rows.shape[-1] == 0:
        raise _Unknown
    _spend(left, rows.size)
    out = np.empty(shape, object)
    for place in np.ndindex(*shape):
        out[place] = _ANY if _tried(rows[place]) else functools.reduce(join, rows[place])
    return out


def _product(equation: Any, a: np.ndarray, b: np.ndarray, left: list[int]) -> np.ndarray:
    """A product of small matrices as sums of products."""
    (of_a, of_b), (many_a, many_b) = equation.params["dimension_numbers"]
    if len({v.aval.dtype for v in (*equation.invars, *equation.outvars)}) > 1:
        raise _Unknown
    free_a = [n for n in range(a.ndim) if n not in (*of_a, *many_a)]
    free_b = [n for n in range(b.ndim) if n not in (*of_b, *many_b)]
    shape = tuple(a.shape[n] for n in (*many_a, *free_a)) + tuple(b.shape[n] for n in free_b)
    batch, length = int(np.prod([a.shape[n] for n in many_a])), int(np.prod([a.shape[n] for n in of_a]))
    rows = a.transpose(*many_a, *free_a, *of_a).reshape(batch, -1, length)
    columns = b.transpose(*many_b, *of_b, *free_b).reshape(batch, length, -1)
    if length == 0:
        raise _Unknown
    _spend(left, 2 * batch * rows.shape[1] * columns.shape[2] * length)
    out = np.empty((batch, rows.shape[1], columns.shape[2]), object)
    tried = _tried(rows) or _tried(columns)
    for n, i, j in np.ndindex(*out.shape):
        if tried:
            out[n, i, j] = _ANY
            continue
        out[n, i, j] = functools.reduce(operator.add, [rows[n, i, k] * columns[n, k, j] for k in range(length)])
    return out.reshape(shape)
