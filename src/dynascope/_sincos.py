"""Sine and cosine, for arrays in double precision on a CPU, where XLA calls the C library once per element."""

import math

import jax
import jax.numpy as jnp

#: pi / 2 as a sum of three numbers, the first two of 33 bits: their products with a quarter-turn count below 2^20 are
#: exact, so that the remainder is exact to its last bits (Cody & Waite 1980).
_HALF_PI = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)
#: Taylor coefficients of sin(r) / r and cos(r) in r^2; the first left out is below 2^-56 of the sum for |r| < pi / 4.
_SINE = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(9))
_COSINE = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(9))
#: The same of the sine for |r| < pi / 2.
_HALF_TURN = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(11))


@jax.custom_jvp
def sincos(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The sine and the cosine of `x`, several times faster than one by one in double precision on a CPU.

    Their error is below 1 unit in the last place for abs(x) < 1e6. Beyond, they are those of a number within a few
    units in the last place of x, which is all that rounding leaves of a phase.
    """
    if x.dtype != jnp.float64:
        return jnp.sin(x), jnp.cos(x)
    turns = jnp.round(x * (2.0 / math.pi))
    # The remainder as r and what rounding took from it, `rest`: both differences below are exact.
    first = x - turns * _HALF_PI[0]
    second = first - turns * _HALF_PI[1]
    lost = ((first - second) - turns * _HALF_PI[1]) - turns * _HALF_PI[2]
    r = second + lost
    rest = (second - r) + lost
    z = r * r
    # The largest terms are added last, to the derivative times `rest` and what rounding takes from 1 - z / 2.
    s = r + (r * (z * _polynomial(_SINE[1:], z)) + rest * (1.0 - 0.5 * z))
    most = 1.0 - 0.5 * z
    c = most + (((1.0 - most) - 0.5 * z) + (z * z * _polynomial(_COSINE[2:], z) - r * rest))
    quarter = turns - 4.0 * jnp.floor(0.25 * turns)
    swap = (quarter == 1.0) | (quarter == 3.0)
    sine, cosine = jnp.where(swap, c, s), jnp.where(swap, s, c)
    return jnp.where(quarter >= 2.0, -sine, sine), jnp.where((quarter == 1.0) | (quarter == 2.0), -cosine, cosine)


@sincos.defjvp
def _derivative(
    primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]:
    (x,), (v,) = primals, tangents
    s, c = sincos(x)
    return (s, c), (c * v, -s * v)


def _polynomial(coefficients: tuple[float, ...], z: jax.Array) -> jax.Array:
    """The sum of coefficients[k] z^k by Horner's rule."""
    total = jnp.full_like(z, coefficients[-1])
    for a in reversed(coefficients[:-1]):
        total = total * z + a
    return total


def sine(x: jax.Array) -> jax.Array:
    """The sine of double precision numbers, to 2.5 units in the last place for abs(x) < 1e6; see `sincos` beyond."""
    turns = jnp.round(x * (1.0 / math.pi))
    return _of_half_turn(x, turns, turns)


def cosine(x: jax.Array) -> jax.Array:
    """The cosine of double precision numbers; see `sine`."""
    turns = jnp.round(x * (1.0 / math.pi) - 0.5)
    return _of_half_turn(x, turns + 0.5, turns + 1.0)


def _of_half_turn(x: jax.Array, turns: jax.Array, sign: jax.Array) -> jax.Array:
    """The sine of what is left of `x` after `turns` half turns, negative where `sign` is odd."""
    r = x - turns * (2 * _HALF_PI[0]) - turns * (2 * _HALF_PI[1]) - turns * (2 * _HALF_PI[2])
    z = r * r
    s = r + r * (z * _polynomial(_HALF_TURN[1:], z))
    s = jnp.where(sign - 2.0 * jnp.floor(0.5 * sign) == 1.0, -s, s)
    # Divided by one: XLA would compute the polynomial again for every use, but what it has divided it keeps.
    return s / (1.0 + 0.0 * r)
