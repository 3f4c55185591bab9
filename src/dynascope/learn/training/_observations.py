"""How data are spread about what a model shows: what a misfit costs, and how data pull on the state."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError

#: Standardised data have entries of unit size: larger means and spreads are most likely a mistake.
_LARGE = 20.0
#: Expected counts are taken for no smaller than this where they weigh channels.
_RARE = 1e-3


class AbstractObservation(eqx.Module):
    """The distribution of data x given what the model shows, s = `observe` of its state."""

    @abstractmethod
    def losses(self, shown: Any, data: Any) -> jax.Array:
        """What each value costs; the loss of training is the mean over those that are known."""

    @abstractmethod
    def gain(self, matrix: Any, rest: Any) -> Any:
        """What `correction` needs of the matrix B of s = B z + s(0), shape `(N, M)`, and of `rest`, s(0)."""

    @abstractmethod
    def correction(self, gain: Any, shown: Any, data: Any, strength: Any) -> jax.Array:
        """The change of the state, shape `(M,)`, by data that pull with `strength` (0 for missing channels)."""

    @abstractmethod
    def begun(self, data: Any) -> jax.Array:
        """The numbers of which the hidden components at the start of a window are a linear function."""

    @abstractmethod
    def check(self, values: np.ndarray, channel: int) -> None:
        """Raise `InputError` unless the known values of a channel can be such data."""


class GaussianObservation(AbstractObservation):
    r"""Data with equal noise in all channels, $x = s + \epsilon$: the mean squared error, and the pull B^+ (x - s)."""

    def losses(self, shown: Any, data: Any) -> jax.Array:
        return (shown - data) ** 2

    def gain(self, matrix: Any, rest: Any) -> Any:
        del rest
        return jnp.linalg.pinv(matrix)

    def correction(self, gain: Any, shown: Any, data: Any, strength: Any) -> jax.Array:
        return gain @ (strength * (data - shown))

    def begun(self, data: Any) -> jax.Array:
        return data

    def check(self, values: np.ndarray, channel: int) -> None:
        if abs(values.mean()) > _LARGE or values.std() > _LARGE or values.std() < 1 / _LARGE:
            raise InputError(
                f"Channel {channel} has mean {values.mean():.3g} and standard deviation {values.std():.3g}: training "
                "takes standardised data. Subtract the mean and divide by the standard deviation of the training part; "
                "counts take `observation=PoissonObservation()`."
            )


class PoissonObservation(AbstractObservation):
    r"""Counts, of which the model shows the logarithm of the rate: $x \sim \mathrm{Poisson}(e^s)$, s = C z + d.

    The loss is the negative log likelihood $e^s - x s + \ln x!$, in nats per count. Counts pull by a step of Fisher
    scoring, $z + \alpha (C^T R C + 1)^{-1} C^T R\,(x - e^s) / \max(R, e^s)$ with R = e^d, which weighs what they say of
    z against a prior of unit variance: a single count says little. The linear readout of a model is C and d.

    Reference:
        Smith & Brown (2003), Estimating a state-space model from point process observations, Neural Computation 15,
        965-991.
    """

    def losses(self, shown: Any, data: Any) -> jax.Array:
        return jnp.exp(shown) - data * shown + jax.scipy.special.gammaln(data + 1.0)

    def gain(self, matrix: Any, rest: Any) -> Any:
        rates = jnp.maximum(jnp.exp(rest), _RARE)
        weighed = matrix.T * rates
        return jnp.linalg.solve(weighed @ matrix + jnp.eye(matrix.shape[1], dtype=matrix.dtype), weighed), rates

    def correction(self, gain: Any, shown: Any, data: Any, strength: Any) -> jax.Array:
        expected = jnp.exp(shown)
        return gain[0] @ (strength * (data - expected) / jnp.maximum(gain[1], expected))

    def begun(self, data: Any) -> jax.Array:
        return jnp.log1p(data)

    def check(self, values: np.ndarray, channel: int) -> None:
        wrong = values[(values < 0) | (values != np.round(values))]
        if wrong.size:
            raise InputError(
                f"Channel {channel} holds values that are no counts, such as {wrong[0]:.6g}. Counts are taken as they "
                "are, neither standardised nor smoothed."
            )
