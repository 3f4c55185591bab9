"""How fast a model spreads derivatives along data: five estimates, none of which calls a factorisation."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ...models.learned import ShallowPLRNN
from ...systems import AbstractPiecewiseLinear

#: Squarings of J^T J: the norm is at most d^(1/2^10) too large, which is 0.4 % for a hundred components.
_SQUARINGS = 9
_TINY = 1e-30


class AbstractGradientGrowth(eqx.Module):
    """An estimate of the growth kappa of derivatives over one step. Implement `of`.

    `needs_jacobians` says whether the Jacobians along the data are to be computed.
    """

    @property
    @abstractmethod
    def needs_jacobians(self) -> bool:
        """Whether `of` uses the Jacobians."""

    @abstractmethod
    def of(self, jacobians: Any, model: Any) -> jax.Array:
        """The growth kappa from Jacobians of shape `(windows, steps, d, d)`, or from the parameters of the model."""


class GrowthOfProducts(AbstractGradientGrowth):
    """The largest, over windows, of the geometric mean of the spectral norms along the window.

    An upper bound of the growth of the product of Jacobians per step.
    """

    @property
    def needs_jacobians(self) -> bool:
        return True

    def of(self, jacobians: Any, model: Any) -> jax.Array:
        del model
        return jnp.exp(jnp.max(jnp.mean(jnp.log(spectral_norms(jacobians) + _TINY), axis=1)))


class GrowthOfMean(AbstractGradientGrowth):
    """The largest, over windows, of the spectral norm of the arithmetic mean of the Jacobians along the window."""

    @property
    def needs_jacobians(self) -> bool:
        return True

    def of(self, jacobians: Any, model: Any) -> jax.Array:
        del model
        return jnp.max(spectral_norms(jnp.mean(jacobians, axis=1)))


class GrowthOfEntries(AbstractGradientGrowth):
    """The largest, over windows, of the spectral norm of the entrywise geometric mean of the Jacobians.

    Entries are averaged as exp(mean(log |J|)) with the sign of their mean, since a logarithm of a negative entry does
    not exist.
    """

    @property
    def needs_jacobians(self) -> bool:
        return True

    def of(self, jacobians: Any, model: Any) -> jax.Array:
        del model
        sizes = jnp.exp(jnp.mean(jnp.log(jnp.abs(jacobians) + _TINY), axis=1))
        return jnp.max(spectral_norms(jnp.sign(jnp.mean(jacobians, axis=1)) * sizes))


class LargestGrowth(AbstractGradientGrowth):
    """The largest spectral norm of all Jacobians of the batch."""

    @property
    def needs_jacobians(self) -> bool:
        return True

    def of(self, jacobians: Any, model: Any) -> jax.Array:
        del model
        return jnp.max(spectral_norms(jacobians))


class GrowthBound(AbstractGradientGrowth):
    """A bound from the weights alone: max |a| + |W1| |W2| of a shallow PLRNN, |A| + |W| |V| of other such maps."""

    @property
    def needs_jacobians(self) -> bool:
        return False

    def of(self, jacobians: Any, model: Any) -> jax.Array:
        del jacobians
        if isinstance(model, ShallowPLRNN):
            # Clipped or not: the difference of two active patterns has entries of at most one.
            return jnp.max(jnp.abs(model.a)) + spectral_norms(model.outer) * spectral_norms(model.inner)
        if isinstance(model, AbstractPiecewiseLinear):
            form = model.rectified_form(None)
            return spectral_norms(form.linear) + spectral_norms(form.outer) * spectral_norms(form.inner)
        raise InputError(
            f"`GrowthBound` reads the weights of piecewise-linear maps; `{type(model).__name__}` is none. Use "
            "`GrowthOfProducts()`, which takes any model."
        )


def spectral_norms(matrices: Any) -> jax.Array:
    r"""Largest singular values of matrices `(..., m, n)`, from above and within half a percent.

    $\sigma_1 \le (\operatorname{tr} (J^T J)^{2^k})^{1/2^{k+1}} \le d^{1/2^{k+1}} \sigma_1$: squaring takes a few
    products of matrices, while a batch of LAPACK calls waits for threads.
    """
    if matrices.shape[-2] < matrices.shape[-1]:
        matrices = jnp.swapaxes(matrices, -1, -2)
    power = jnp.swapaxes(matrices, -1, -2) @ matrices
    log = jnp.zeros(power.shape[:-2], power.dtype)
    for k in range(_SQUARINGS + 1):
        size = jnp.trace(power, axis1=-2, axis2=-1) + _TINY
        log = log + jnp.log(size) / 2**k
        power = power / size[..., None, None]
        if k < _SQUARINGS:
            power = power @ power
    return jnp.exp(0.5 * log)
