"""The rate of a leaky neuron in white noise, by the formula of Siegert."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf, erfcx

from ..._errors import InputError
from ..._tree import is_traced

#: Gauss-Legendre nodes and weights on [0, 1].
_NODES, _WEIGHTS = (0.5 * a + b for a, b in zip(np.polynomial.legendre.leggauss(64), (0.5, 0.0), strict=True))


def siegert_rate(mu: Any, sigma: Any, *, tau: Any, threshold: Any, reset: Any, refractory: Any = 0.0) -> jax.Array:
    r"""The rate of a leaky integrate-and-fire neuron in Gaussian white noise.

    tau V' = mu - V + sigma sqrt(tau) xi(t), reset from threshold to reset, silent for the refractory time after it:
    1 / rate = refractory + tau sqrt(pi) * integral of exp(x^2) (1 + erf x) from (reset - mu) / sigma to
    (threshold - mu) / sigma.

    Without threshold the potential would vary by sigma^2 / 2. The exponentials are never formed: below the mean the
    integrand is the scaled complementary error function, above it the largest one is taken out. So the rate goes to
    zero without overflow far below threshold, and to that of the noiseless neuron for small sigma above it.
    Differentiable and batched by broadcasting; relative error below 1e-9.

    Args:
        mu: Mean drive, mV: the potential that the neuron would settle at without threshold.
        sigma: Strength of the noise, mV, positive.
        tau: Time constant of the membrane.
        threshold: Threshold, mV.
        reset: Potential just after a spike, mV, below the threshold.
        refractory: Refractory time, in the unit of `tau`.

    Returns:
        Spikes per unit of `tau`: times 1000 for Hz where that is ms. Shape by broadcasting.

    Raises:
        InputError: If `sigma` or `tau` is not positive, `refractory` is negative, or `reset` is not below `threshold`.

    Reference:
        Siegert (1951), On the first passage time probability problem, Physical Review 81, 617-623; Brunel (2000),
        Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, Journal of Computational
        Neuroscience 8, 183-208.

    Example:
        >>> rate = siegert_rate(15.0, 1.5**0.5, tau=10.0, threshold=15.0, reset=0.0, refractory=2.0)
        >>> round(1000 * float(rate), 4)
        27.1096
    """
    _check(sigma, tau, threshold, reset, refractory)
    low = jnp.asarray((reset - jnp.asarray(mu, float)) / sigma)
    high = jnp.asarray((threshold - jnp.asarray(mu, float)) / sigma)
    low, high = jnp.broadcast_arrays(low, high)
    # Below the mean: integral of erfcx(x) over x = -high ... -low, as far as positive.
    below = _below(jnp.maximum(-high, 0.0), jnp.maximum(-low, 0.0))
    above = _above(jnp.maximum(low, 0.0), jnp.maximum(high, 0.0))
    # exp(-high^2) where the threshold lies above the mean, else 1.
    scale = jnp.exp(-(jnp.maximum(high, 0.0) ** 2))
    return scale / (refractory * scale + tau * math.sqrt(math.pi) * (scale * below + above))


def _check(sigma: Any, tau: Any, threshold: Any, reset: Any, refractory: Any) -> None:
    if is_traced((sigma, tau, threshold, reset, refractory)):
        return
    for name, value in (("sigma", sigma), ("tau", tau)):
        if not np.all(np.asarray(value) > 0):
            raise InputError(f"`{name}` must be positive, got {value}.")
    if not np.all(np.asarray(refractory) >= 0):
        raise InputError(f"`refractory` must not be negative, got {refractory}.")
    if not np.all(np.asarray(reset) < np.asarray(threshold)):
        raise InputError(f"`reset` must lie below `threshold`, got {reset} and {threshold}.")


def _scaled_erfc(x: jax.Array) -> jax.Array:
    """exp(x^2) erfc(x) for positive `x`; from 20 on by its asymptotic series, whose ninth term is below rounding.

    The function of JAX 0.10 is nil between 26.54 and 26.65, where one of its two branches underflows too early.
    """
    far = jnp.maximum(x, 20.0)
    z = 0.5 / far**2
    series = jnp.ones_like(z)
    for k in range(8, 0, -1):
        series = 1.0 - (2 * k - 1) * z * series
    return jnp.where(x < 20.0, erfcx(jnp.minimum(x, 20.0)), series / (far * math.sqrt(math.pi)))


def _below(start: jax.Array, stop: jax.Array) -> jax.Array:
    """Integral of erfcx from `start` to `stop`, both positive.

    It falls like 1 / x, so the nodes are even in s = log(1 + x).
    """
    first, last = jnp.log1p(start), jnp.log1p(stop)
    s = first[..., None] + (last - first)[..., None] * _NODES
    return (last - first) * jnp.sum(_WEIGHTS * _scaled_erfc(jnp.expm1(s)) * jnp.exp(s), axis=-1)


def _above(start: jax.Array, stop: jax.Array) -> jax.Array:
    """Integral of exp(x^2 - stop^2) (1 + erf x) from `start` to `stop`, both positive.

    With y = stop - x it falls like exp(-2 stop y), so the nodes are even in s = log(1 + (1 + 2 stop) y).
    """
    rate = 1.0 + 2.0 * stop
    last = jnp.log1p(rate * (stop - start))
    s = last[..., None] * _NODES
    y = jnp.expm1(s) / rate[..., None]
    integrand = jnp.exp(-y * (2.0 * stop[..., None] - y)) * (1.0 + erf(stop[..., None] - y))
    return last / rate * jnp.sum(_WEIGHTS * integrand * jnp.exp(s), axis=-1)
