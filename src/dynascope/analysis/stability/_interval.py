"""Interval arithmetic that rounds outward, on NumPy arrays: what it returns holds every value that can occur.

IEEE 754 promises that sums, products, quotients and square roots are the nearest number to the exact result, so that
the neighbours of what is computed enclose it; a least normal number more covers processors that flush subnormal numbers
to zero. No promise is needed of a library of functions: exponential, sine and cosine are Taylor polynomials with their
remainder, evaluated by these very operations, and all other functions come from them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_TINY = float(np.finfo(float).tiny)
#: Logarithm of 2 and pi between neighbouring numbers; their further digits are 35793c76 and 469898cc (hexadecimal).
_LN2 = float.fromhex("0x1.62e42fefa39efp-1"), float.fromhex("0x1.62e42fefa39f0p-1")
_PI = float.fromhex("0x1.921fb54442d18p+1"), float.fromhex("0x1.921fb54442d19p+1")
#: Beyond this the exponential is bounded by its value here, and by zero or infinity.
_LARGE = 700.0
#: Terms of the Taylor polynomials of the exponential on |r| < 0.36, and of sine and cosine on |r| < 0.8; remainders.
_TERMS, _REST = 15, 1e-18
_TURNS, _REST_TURN = 11, 1e-18
#: Beyond this no sine is computed.
_FAR = 1e8


class Interval(NamedTuple):
    """All numbers from `lo` to `hi`, which may be infinite; arrays of one shape."""

    lo: Any
    hi: Any


def point(value: Any) -> Interval:
    """The interval that holds one number."""
    value = np.asarray(value, float)
    return Interval(value, value)


def _out(lo: Any, hi: Any) -> Interval:
    """Bounds moved outward by one rounding; what is no number is unbounded."""
    lo = np.where(np.isnan(lo), -np.inf, np.nextafter(lo, -np.inf) - _TINY)
    hi = np.where(np.isnan(hi), np.inf, np.nextafter(hi, np.inf) + _TINY)
    return Interval(lo, hi)


def add(a: Interval, b: Interval) -> Interval:
    """The sum a + b."""
    with np.errstate(all="ignore"):
        return _out(a.lo + b.lo, a.hi + b.hi)


def negative(a: Interval) -> Interval:
    """-a, exactly."""
    return Interval(-a.hi, -a.lo)


def subtract(a: Interval, b: Interval) -> Interval:
    """The difference a - b."""
    return add(a, negative(b))


def multiply(a: Interval, b: Interval) -> Interval:
    """The product a b; zero times an infinite bound is zero, since a bound is not reached."""
    with np.errstate(all="ignore"):
        ends = np.stack(np.broadcast_arrays(a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi))
    ends = np.where(np.isnan(ends), 0.0, ends)
    return _out(ends.min(axis=0), ends.max(axis=0))


def divide(a: Interval, b: Interval) -> Interval:
    """The quotient a / b; unbounded where b may be zero."""
    with np.errstate(all="ignore"):
        ends = np.stack(np.broadcast_arrays(a.lo / b.lo, a.lo / b.hi, a.hi / b.lo, a.hi / b.hi))
    lost = (b.lo <= 0) & (b.hi >= 0)
    unknown = lost | np.any(np.isnan(ends), axis=0)
    found = _out(ends.min(axis=0), ends.max(axis=0))
    return Interval(np.where(unknown, -np.inf, found.lo), np.where(unknown, np.inf, found.hi))


def power(a: Interval, n: int) -> Interval:
    """The power a^n for a whole number n."""
    if n < 0:
        return divide(point(np.ones_like(a.lo)), power(a, -n))
    if n == 0:
        return point(np.ones_like(a.lo))
    size = absolute(a)
    top, bottom = point(size.hi), point(size.lo)
    high, low = top, bottom
    for _ in range(n - 1):
        high, low = multiply(high, top), multiply(low, bottom)
    if n % 2 == 0:
        return Interval(np.maximum(low.lo, 0.0), high.hi)
    # Odd powers rise: the ends go to the ends.
    return Interval(_odd(a.lo, n).lo, _odd(a.hi, n).hi)


def _odd(x: Any, n: int) -> Interval:
    out = point(x)
    for _ in range(n - 1):
        out = multiply(out, point(x))
    return out


def absolute(a: Interval) -> Interval:
    """|a|, exactly."""
    inside = (a.lo <= 0) & (a.hi >= 0)
    return Interval(
        np.where(inside, 0.0, np.minimum(np.abs(a.lo), np.abs(a.hi))), np.maximum(np.abs(a.lo), np.abs(a.hi))
    )


def root(a: Interval) -> Interval:
    """The square root; negative numbers have none, so that the lower bound is at least zero."""
    with np.errstate(all="ignore"):
        out = _out(np.sqrt(np.maximum(a.lo, 0.0)), np.sqrt(np.maximum(a.hi, 0.0)))
    return Interval(np.maximum(out.lo, 0.0), np.where(a.lo < 0, np.where(a.hi < 0, np.inf, out.hi), out.hi))


def _polynomial(x: Interval, denominators: list[int], rest: float) -> Interval:
    """The sum of x^k / denominators[k], and a remainder."""
    out = point(np.zeros_like(x.lo))
    for denominator in reversed(denominators):
        term = divide(point(np.ones_like(x.lo)), point(np.full_like(x.lo, float(denominator))))
        out = add(multiply(out, x), term)
    return add(out, Interval(np.full_like(x.lo, -rest), np.full_like(x.lo, rest)))


def _exp(x: Array) -> Interval:
    """Bounds of e^x at points: x = k ln 2 + r with |r| < 0.36, and 15 terms of the series of e^r."""
    inside = np.clip(np.nan_to_num(x, nan=0.0, posinf=_LARGE, neginf=-_LARGE), -_LARGE, _LARGE)
    k = np.rint(inside / _LN2[0])
    r = subtract(point(inside), multiply(point(k), Interval(np.full_like(k, _LN2[0]), np.full_like(k, _LN2[1]))))
    found = _polynomial(r, [math.factorial(i) for i in range(_TERMS)], _REST)
    turns = k.astype(int)
    lo, hi = np.ldexp(found.lo, turns), np.ldexp(found.hi, turns)
    return Interval(np.where(x < -_LARGE, 0.0, lo), np.where(x > _LARGE, np.inf, hi))


def exp(a: Interval) -> Interval:
    """e^a, which rises."""
    lo, hi = _exp(np.asarray(a.lo, float)).lo, _exp(np.asarray(a.hi, float)).hi
    return Interval(np.where(np.isnan(lo), 0.0, np.maximum(lo, 0.0)), np.where(np.isnan(hi), np.inf, hi))


def _log(x: Array) -> Interval:
    """Bounds of log x at points x > 0: y + log(x e^-y) with any y near it, and 1 - 1/t <= log t <= t - 1."""
    safe = np.where((x > 0) & np.isfinite(x), x, 1.0)
    y = np.log(safe)
    t = multiply(point(safe), exp(point(-y)))
    one = point(np.ones_like(safe))
    lo, hi = subtract(one, divide(one, point(t.lo))).lo, subtract(point(t.hi), one).hi
    out = add(point(y), Interval(lo, hi))
    return Interval(np.where(x > 0, out.lo, -np.inf), np.where(np.isinf(x), np.inf, out.hi))


def log(a: Interval) -> Interval:
    """The logarithm of a, which rises; unbounded below where a may be zero."""
    lo, hi = np.asarray(a.lo, float), np.asarray(a.hi, float)
    return Interval(_log(lo).lo, np.where(hi > 0, _log(hi).hi, np.inf))


def tanh(a: Interval) -> Interval:
    """The hyperbolic tangent of a, which rises."""
    ends = [_tanh(np.asarray(x, float)) for x in a]
    return Interval(np.maximum(ends[0].lo, -1.0), np.minimum(ends[1].hi, 1.0))


def _tanh(x: Array) -> Interval:
    small = exp(point(-2 * np.abs(x)))  # doubling is exact
    one = point(np.ones_like(x))
    size = divide(subtract(one, small), add(one, small))
    return Interval(np.where(x < 0, -size.hi, size.lo), np.where(x < 0, -size.lo, size.hi))


def logistic(a: Interval) -> Interval:
    """1 / (1 + e^-a), which rises."""
    one = point(np.ones_like(a.lo))
    lo, hi = (divide(one, add(one, exp(point(-np.asarray(x, float))))) for x in a)
    return Interval(np.maximum(lo.lo, 0.0), np.minimum(hi.hi, 1.0))


def _turned(x: Array, shift: int) -> Interval:
    """Bounds of sin(x + shift pi / 2) at points, by their distance from the nearest multiple of pi / 2."""
    inside = np.where(np.abs(x) < _FAR, x, 0.0)
    k = np.rint(inside / (_PI[0] / 2))
    quarter = Interval(np.full_like(k, _PI[0] / 2), np.full_like(k, _PI[1] / 2))
    r = subtract(point(inside), multiply(point(k), quarter))
    square = multiply(r, r)
    signs = [1 if i % 2 == 0 else -1 for i in range(_TURNS)]
    sine = multiply(r, _polynomial(square, [s * math.factorial(2 * i + 1) for i, s in enumerate(signs)], _REST_TURN))
    cosine = _polynomial(square, [s * math.factorial(2 * i) for i, s in enumerate(signs)], _REST_TURN)
    which = np.mod(k.astype(int) + shift, 4)
    lo = np.choose(which, [sine.lo, cosine.lo, -sine.hi, -cosine.hi])
    hi = np.choose(which, [sine.hi, cosine.hi, -sine.lo, -cosine.lo])
    far = np.abs(x) >= _FAR
    return Interval(np.where(far, -1.0, np.maximum(lo, -1.0)), np.where(far, 1.0, np.minimum(hi, 1.0)))


def _wave(a: Interval, shift: int) -> Interval:
    """sin(a + shift pi / 2): the values at the ends, and 1 or -1 where a crest or a trough may lie between."""
    ends = [_turned(np.asarray(x, float), shift) for x in a]
    lo, hi = np.minimum(ends[0].lo, ends[1].lo), np.maximum(ends[0].hi, ends[1].hi)
    with np.errstate(all="ignore"):
        turn = Interval(np.full_like(lo, 2 * _PI[0]), np.full_like(lo, 2 * _PI[1]))
        phases = add(divide(a, turn), point(np.full_like(lo, shift / 4)))
        crest = np.floor(phases.hi - 0.25 + 1e-9) >= np.ceil(phases.lo - 0.25 - 1e-9)
        trough = np.floor(phases.hi + 0.25 + 1e-9) >= np.ceil(phases.lo + 0.25 - 1e-9)
    wide = ~(np.abs(a.lo) < _FAR) | ~(np.abs(a.hi) < _FAR)
    return Interval(np.where(trough | wide, -1.0, lo), np.where(crest | wide, 1.0, hi))


def sin(a: Interval) -> Interval:
    """The sine."""
    return _wave(a, 0)


def cos(a: Interval) -> Interval:
    """The cosine."""
    return _wave(a, 1)
