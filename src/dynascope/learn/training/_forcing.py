"""How strongly the data pull on the state while a model is trained."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._types import Key
from ...systems._base import hook
from ._growth import AbstractGradientGrowth, GrowthOfProducts

Measure = Callable[[AbstractGradientGrowth], jax.Array]


class AbstractForcing(eqx.Module):
    r"""How strongly the data pull: before each step the state z becomes z + alpha B^+ (x - B z).

    B is the observation and B^+ its pseudo-inverse. Where the components themselves are observed this is
    (1 - alpha) z + alpha x in the observed ones and nothing in the others. Derivatives shrink by the same 1 - alpha.
    The loss compares what is predicted before the pull. Implement `strengths`; a forcing that changes along the
    training also replaces `start` and `adapted`.
    """

    @abstractmethod
    def strengths(self, state: Any, steps: int, key: Key) -> jax.Array:
        """The strength alpha for each of the `steps` of one window, shape `(steps,)`, each between 0 and 1."""

    @hook
    def start(self) -> Any:
        """What the forcing remembers before the first update: one number, by default nil."""
        return jnp.zeros(())

    @hook
    def adapted(self, state: Any, update: Any, measure: Measure) -> Any:
        """What it remembers after an update; `measure` says how fast the model spreads derivatives by an estimator."""
        del update, measure
        return state


class NoForcing(AbstractForcing):
    """The model runs freely from the first point of each window: plain back-propagation through time."""

    def strengths(self, state: Any, steps: int, key: Key) -> jax.Array:
        del state, key
        return jnp.zeros(steps)


class SparseTeacherForcing(AbstractForcing):
    """The observed part of the state is replaced by data every `interval` steps; an interval of 1 is identity forcing.

    Args:
        interval: Steps between, about the time over which the system can be foreseen.

    Reference:
        Mikhaeil, Monfared & Durstewitz (2022), On the difficulty of learning chaotic dynamics with RNNs, Advances in
        Neural Information Processing Systems 35.
    """

    interval: int = eqx.field(static=True, default=16)

    def __check_init__(self) -> None:
        if self.interval < 1:
            raise InputError(f"`interval` must be at least 1 step, got {self.interval}.")

    def strengths(self, state: Any, steps: int, key: Key) -> jax.Array:
        del state, key
        return (jnp.arange(steps) % self.interval == 0).astype(float)


class GeneralisedTeacherForcing(AbstractForcing):
    r"""The same alpha in every step: z becomes (1 - alpha) z + alpha z_data.

    Products of Jacobians over T steps are at most $((1 - \alpha)\,\sigma_{max})^T$, where sigma_max is their largest
    singular value: with alpha >= 1 - 1 / sigma_max gradients are bounded for all T.

    Args:
        alpha: Strength, between 0 and 1.

    Reference:
        Hess, Monfared, Brenner & Durstewitz (2023), Generalized teacher forcing for learning chaotic dynamics, ICML.
    """

    alpha: float = eqx.field(static=True, default=0.125)

    def __check_init__(self) -> None:
        _check_share("alpha", self.alpha)

    def strengths(self, state: Any, steps: int, key: Key) -> jax.Array:
        del state, key
        return jnp.full(steps, self.alpha)


class AdaptiveForcing(AbstractForcing):
    r"""Generalised teacher forcing whose alpha follows how fast the model spreads derivatives.

    Every so many updates the growth kappa is estimated along the data of the batch, and $\alpha_n = \max(0, 1 -
    1/\kappa)$. A larger one is taken at once, a smaller one slowly: $\alpha \leftarrow \gamma\alpha + (1 -
    \gamma)\alpha_n$.

    Args:
        growth: How kappa is estimated.
        every: Updates between estimates.
        memory: gamma.
        first: alpha before the first estimate.

    Reference:
        Hess, Monfared, Brenner & Durstewitz (2023), Generalized teacher forcing for learning chaotic dynamics, ICML,
        algorithm 1.
    """

    growth: AbstractGradientGrowth = GrowthOfProducts()
    every: int = eqx.field(static=True, default=5)
    memory: float = eqx.field(static=True, default=0.999)
    first: float = eqx.field(static=True, default=1.0)

    def __check_init__(self) -> None:
        if self.every < 1:
            raise InputError(f"`every` must be at least 1 update, got {self.every}.")
        _check_share("memory", self.memory)
        _check_share("first", self.first)

    def start(self) -> Any:
        return jnp.asarray(self.first)

    def strengths(self, state: Any, steps: int, key: Key) -> jax.Array:
        del key
        return jnp.broadcast_to(state, (steps,))

    def adapted(self, state: Any, update: Any, measure: Measure) -> Any:
        def estimated() -> Any:
            new = jnp.maximum(0.0, 1.0 - 1.0 / measure(self.growth)).astype(state.dtype)
            slow = self.memory * state + (1 - self.memory) * new
            # An estimate that is not finite, from a model about to diverge, is no reason to let go.
            return jnp.where(jnp.isfinite(new), jnp.where(new > state, new, slow), state)

        return jax.lax.cond(update % self.every == 0, estimated, lambda: state)


class ScheduledSampling(AbstractForcing):
    r"""Data replace the prediction in steps drawn at random, with a probability that falls along the training.

    $p = \max(p_{end}, p_0 e^{-n / decay})$ after n updates.

    Args:
        first: Probability p_0 at the start.
        last: Least probability.
        decay: Updates over which it falls by a factor of e.

    Reference:
        Bengio, Vinyals, Jaitly & Shazeer (2015), Scheduled sampling for sequence prediction with recurrent neural
        networks, Advances in Neural Information Processing Systems 28.
    """

    first: float = eqx.field(static=True, default=1.0)
    last: float = eqx.field(static=True, default=0.1)
    decay: float = eqx.field(static=True, default=1000.0)

    def __check_init__(self) -> None:
        _check_share("first", self.first)
        _check_share("last", self.last)
        if self.decay <= 0:
            raise InputError(f"`decay` must be positive, got {self.decay}.")

    def start(self) -> Any:
        return jnp.asarray(self.first)

    def strengths(self, state: Any, steps: int, key: Key) -> jax.Array:
        return jax.random.bernoulli(key, state, (steps,)).astype(state.dtype)

    def adapted(self, state: Any, update: Any, measure: Measure) -> Any:
        del measure
        fallen = self.first * jnp.exp(-(update + 1) / self.decay)
        return jnp.maximum(self.last, fallen).astype(state.dtype)


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"`{name}` must lie between 0 and 1, got {value}.")
