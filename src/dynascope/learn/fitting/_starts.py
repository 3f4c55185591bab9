"""How a stretch of data becomes the state of a model, and how the state is seen as data."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._param import param, setting
from ..._types import Param, State
from ..reservoirs import echoes
from ..training._pull import Observation
from ..training._update import forced_run


class AbstractView(eqx.Module):
    """How the channels, in standard units, are seen in the state of a model."""

    @abstractmethod
    def __call__(self, system: Any, t: Any, y: State) -> jax.Array:
        """The channels at time `t` and state `y` of `system`."""


class Observed(AbstractView):
    """What the system itself shows."""

    def __call__(self, system: Any, t: Any, y: State) -> jax.Array:
        return system.observe(t, y, None)


class FedBack(AbstractView):
    """What a closed loop feeds itself: the readout of a reservoir."""

    def __call__(self, system: Any, t: Any, y: State) -> jax.Array:
        return system.rule(t, y)


class AbstractStart(eqx.Module):
    """How a stretch of data, in standard units, becomes a state of a model.

    `lag` says how many steps the state must still go to be one step after the last sample: 1 for a state that is at
    the last sample, 0 for one that has heard it already.
    """

    lag: ClassVar[int] = 1

    @abstractmethod
    def least(self, system: Any) -> int:
        """Number of samples that are needed."""

    @abstractmethod
    def __call__(self, system: Any, history: jax.Array) -> State:
        """The state after `history`, shape `(time, channel)`."""


class LastSample(AbstractStart):
    """The last sample is the state."""

    def least(self, system: Any) -> int:
        del system
        return 1

    def __call__(self, system: Any, history: jax.Array) -> State:
        del system
        return history[-1]


class LastSamples(AbstractStart):
    """The latest samples are the state, the newest first."""

    def least(self, system: Any) -> int:
        return system.memory

    def __call__(self, system: Any, history: jax.Array) -> State:
        return history[::-1][: system.memory]


class Lifted(AbstractStart):
    """All monomials of the last sample are the state."""

    def least(self, system: Any) -> int:
        del system
        return 1

    def __call__(self, system: Any, history: jax.Array) -> State:
        return system.lifted(history[-1])


class Echo(AbstractStart):
    """The state of a reservoir that has heard the data.

    Args:
        samples: How many samples it should hear, to have forgotten its start.
    """

    samples: int = eqx.field(static=True, default=100)
    lag: ClassVar[int] = 0

    def least(self, system: Any) -> int:
        del system
        return self.samples

    def __call__(self, system: Any, history: jax.Array) -> State:
        return echoes(system.system, history)[-1]


class Forced(AbstractStart):
    """The state of a latent model that was pulled towards the data at every step.

    Args:
        matrix: L, from the first sample to the hidden components, shape `(M, N)`.
        channels: N, what is observed.
        size: M, components of the flattened state.
        direct: Whether the first components are observed themselves.
        samples: How many samples should pull.
    """

    matrix: Param = param(doc="from the first sample to the hidden components")
    channels: int = setting(doc="what is observed")
    size: int = setting(doc="components of the state")
    direct: bool = setting(True, doc="whether the first components are observed themselves")
    samples: int = setting(50, doc="how many samples should pull")
    lag: ClassVar[int] = 0

    def least(self, system: Any) -> int:
        del system
        return self.samples

    def __call__(self, system: Any, history: jax.Array) -> State:
        observation = Observation(self.channels, self.size, self.direct)
        window = history, jnp.ones_like(history), None
        after, _ = forced_run(system, observation, self.matrix, window, jnp.ones(len(history)))
        return ravel_pytree(system.initial_state())[1](after[-1])
