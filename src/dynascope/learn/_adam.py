"""Descent by moments of the gradient, as a pure function that may be batched over learning rates."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from .._param import param
from .._types import Param

_TINY = 1e-8


class AdamState(NamedTuple):
    """How many steps were made, and running means of the gradient and of its square."""

    steps: jax.Array
    mean: Any
    square: Any


class Adam(eqx.Module):
    r"""Adam with the norm of the gradient cut at `clip`.

    $m \leftarrow \beta_1 m + (1 - \beta_1) g$, $v \leftarrow \beta_2 v + (1 - \beta_2) g^2$,
    $w \leftarrow w - \eta\, \hat m / (\sqrt{\hat v} + 10^{-8})$, where the hats correct for the start at zero.

    Args:
        rate: Learning rate, an array leaf: `vmap` over it trains at many rates at once.
        clip: A gradient (over all weights together) that is longer is cut to this length.
        beta1: Memory of the mean.
        beta2: Memory of the mean square.

    Reference:
        Kingma & Ba (2015), Adam: a method for stochastic optimization, ICLR.

    Example:
        >>> import jax
        >>> adam, w = Adam(0.1), jax.numpy.array(3.0)
        >>> state = adam.start(w)
        >>> for _ in range(200):
        ...     w, state = adam.step(w, jax.grad(lambda w: w**2)(w), state)
        >>> bool(abs(w) < 0.01)
        True
    """

    rate: Param = param(1e-3, doc="learning rate", bounds=(0.0, None))
    clip: Param = param(1.0, doc="longest gradient", bounds=(0.0, None))
    beta1: float = eqx.field(static=True, default=0.9)
    beta2: float = eqx.field(static=True, default=0.999)

    def start(self, weights: Any) -> AdamState:
        """The state before the first step."""
        nothing = jax.tree.map(jnp.zeros_like, weights)
        return AdamState(jnp.zeros((), int), nothing, nothing)

    def step(self, weights: Any, gradient: Any, state: AdamState) -> tuple[Any, AdamState]:
        """The weights after one step along `gradient`, and the new state."""
        length = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(gradient)))
        shrink = jnp.minimum(1.0, self.clip.astype(length.dtype) / (length + _TINY))
        count = state.steps + 1
        mean = jax.tree.map(lambda m, g: self.beta1 * m + (1 - self.beta1) * shrink * g, state.mean, gradient)
        square = jax.tree.map(
            lambda v, g: self.beta2 * v + (1 - self.beta2) * (shrink * g) ** 2, state.square, gradient
        )
        scale, spread = 1 - self.beta1**count, 1 - self.beta2**count

        def moved(w: Any, m: Any, v: Any) -> Any:
            change = (m / scale.astype(w.dtype)) / (jnp.sqrt(v / spread.astype(w.dtype)) + _TINY)
            return w - self.rate.astype(w.dtype) * change

        return jax.tree.map(moved, weights, mean, square), AdamState(count, mean, square)
