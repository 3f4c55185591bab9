"""Recurrent networks that hear their own prediction."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Key, Param, Time, Vector
from ...systems import AbstractMap, Variable, state_variables
from ..artificial import GRU, LSTM, RNN, Readout
from ._seen import check_sizes


class AutoregressiveNetwork(AbstractMap):
    """A recurrent network (simple, GRU or LSTM) that runs freely, since its prediction is its next input.

    h' = cell(h, x), x' = C h' + c, or with `increment` x' = x + C h' + c. The state is the prediction x and, behind
    it, the state h of the network. Overwriting x by data is what teacher forcing of recurrent networks does.

    Args:
        network: The recurrent network, with a readout of as many channels as it takes for input.
        x0: Prediction at the start, a number or shape `(N,)`; the network starts from its own initial state.
        increment: Whether the network says what is to be added to x.

    Raises:
        InputError: If the network has no readout, or one of another size than its input.

    Reference:
        Williams & Zipser (1989), A learning algorithm for continually running fully recurrent neural networks, Neural
        Computation 1, 270-280; run freely: Vlachas et al. (2020), Neural Networks 126, 191-217.

    Example:
        >>> import jax
        >>> model = AutoregressiveNetwork.draw(GRU, n=8, observed=3, key=jax.random.key(0))
        >>> model.step(0, model.initial_state(), None).shape
        (11,)
    """

    network: RNN | GRU | LSTM
    x0: Param = param(0.0, doc="prediction at the start")
    increment: bool = setting(True, doc="whether the network says what is added to x")

    reference: ClassVar[str] = (
        "Williams & Zipser (1989), A learning algorithm for continually running fully recurrent neural networks, "
        "Neural Computation 1, 270-280"
    )
    family: ClassVar[str] = "learned"

    def __check_init__(self) -> None:
        read, channels = self.network.readout, self.network.input_size()
        if read is None or read.weight.shape[0] != channels:
            said = "none" if read is None else f"one of {read.weight.shape[0]} channels"
            raise InputError(
                f"`AutoregressiveNetwork` needs a network with a readout of as many channels as its input, which has "
                f"{channels or 0}; got {said}."
            )
        if self.x0.shape not in ((), (channels,)):
            raise InputError(f"`x0` must be a number or have shape ({channels},), got shape {self.x0.shape}.")

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`x0`, `x1`, ... and then those of the network."""
        return (*(Variable(f"x{i}") for i in range(self._channels())), *state_variables(self.network))

    def _channels(self) -> int:
        return self.network.input_size() or 0

    def initial_state(self) -> Vector:
        h, _ = ravel_pytree(self.network.initial_state())
        return jnp.concatenate([jnp.broadcast_to(self.x0, (self._channels(),)), h])

    def observe(self, t: Time, y: Vector, u: Input) -> Any:
        """The prediction x."""
        del t, u
        return y[: self._channels()]

    def step(self, n: Time, y: Vector, u: Input) -> Vector:
        del u
        _, unravel = ravel_pytree(self.network.initial_state())
        x, h = jnp.split(y, [self._channels()])
        after = self.network.step(n, unravel(h), x)
        said = self.network.observe(n, after, None)
        return jnp.concatenate([x + said if self.increment else said, ravel_pytree(after)[0]])

    @classmethod
    def draw(
        cls,
        kind: type[RNN | GRU | LSTM] = GRU,
        *,
        n: int = 32,
        observed: int = 3,
        layers: int = 1,
        increment: bool = True,
        key: Key,
    ) -> Self:
        """A random network to begin training with, at rest and with a weak readout.

        Args:
            kind: `RNN`, `GRU` or `LSTM`.
            n: Units per layer.
            observed: Channels N.
            layers: Number of layers.
            increment: Whether the network says what is added to x.
            key: Random key.

        Raises:
            InputError: If a size is not positive.
        """
        check_sizes(n=n, observed=observed, layers=layers)
        weights, read, start = jax.random.split(key, 3)
        network: Any = kind.draw(n=n, inputs=observed, layers=layers, key=weights)
        readout = Readout(0.1 * jax.random.normal(read, (observed, n)) / jnp.sqrt(n), jnp.zeros(observed))
        network = eqx.tree_at(lambda s: s.readout, network, readout, is_leaf=lambda x: x is None)
        network = network.replace(h0=0.0, **({"c0": 0.0} if kind is LSTM else {}))
        return cls(network, x0=jax.random.normal(start, (observed,)), increment=increment)

    @classmethod
    def example(cls, *, n: int = 16, key: Key | None = None) -> Self:
        """A GRU of three channels with random weights, not trained; arguments as in `draw`."""
        return cls.draw(GRU, n=n, key=jax.random.key(1) if key is None else key)
