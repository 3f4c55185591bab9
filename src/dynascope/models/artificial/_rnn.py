"""The simple recurrent network (Elman network)."""

from __future__ import annotations

from typing import ClassVar, Self

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Key, Param, Time, Vector
from ...systems._base import Box, Variable
from ._layers import AbstractRecurrent, Readout, RecurrentLayer, as_drive, check_stack, check_start, draw_layers

_FUNCTIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu}


class RNN(AbstractRecurrent):
    """The simple recurrent network, equal to `torch.nn.RNN` step by step.

    h' = phi(W_ih u + b_ih + g W_hh h + b_hh), with phi = tanh or relu, for each layer in turn; the input of a higher
    layer is the new h of the layer below. The state is the h of all layers, one after another.

    Args:
        layers: Weights of the layers, gates = 1.
        gain: Factor g of all recurrent weights; 1 is the network as trained.
        h0: State at the start, a number or one entry per unit.
        readout: Linear readout of the top layer, which `observe` then shows; None shows the state.
        nonlinearity: `"tanh"` or `"relu"`.

    Raises:
        InputError: If shapes do not fit or `nonlinearity` is unknown.

    Reference:
        Elman (1990), Finding structure in time, Cognitive Science 14, 179-211.

    Example:
        >>> import jax
        >>> network = RNN.draw(n=8, inputs=2, key=jax.random.key(0))
        >>> network.step(0, network.initial_state(), None).shape
        (8,)
    """

    layers: tuple[RecurrentLayer, ...]
    gain: Param = param(1.0, doc="factor of the recurrent weights")
    h0: Param = param(0.0, doc="state at the start")
    readout: Readout | None = None
    nonlinearity: str = setting("tanh", doc="`tanh` or `relu`")

    variables: ClassVar[tuple[Variable, ...]] = (Variable("h"),)
    reference: ClassVar[str] = "Elman (1990), Finding structure in time, Cognitive Science 14, 179-211"
    family: ClassVar[str] = "artificial"

    def __check_init__(self) -> None:
        if self.nonlinearity not in _FUNCTIONS:
            raise InputError(f"`nonlinearity` must be `tanh` or `relu`, got {self.nonlinearity!r}.")
        check_stack(self, 1, self.layers[0].weight_hh.shape[1] if self.layers else 0)
        check_start("h0", self.h0, self._size())

    def _size(self) -> int:
        return len(self.layers) * self.layers[0].weight_hh.shape[1]

    def initial_state(self) -> Vector:
        return jnp.broadcast_to(self.h0, (self._size(),))

    def region(self) -> Box | None:
        """The cube [-1, 1] that tanh maps everything into; None for relu, which has no bound."""
        if self.nonlinearity == "relu":
            return None
        ones = jnp.ones_like(self.initial_state())
        return Box(-ones, ones)

    def outputs(self, y: Vector) -> list[Vector]:
        return jnp.split(y, len(self.layers))

    def step(self, n: Time, y: Vector, u: Input) -> Vector:
        del n
        signal = as_drive(u, self.input_size(), y.dtype)
        new = []
        for layer, h in zip(self.layers, self.outputs(y), strict=True):
            signal = _FUNCTIONS[self.nonlinearity](layer.drive(signal) + layer.feedback(h, self.gain))
            new.append(signal)
        return jnp.concatenate(new)

    @classmethod
    def draw(
        cls,
        *,
        n: int = 64,
        inputs: int = 1,
        layers: int = 1,
        gain: float = 1.0,
        bias: float = 0.0,
        nonlinearity: str = "tanh",
        key: Key,
    ) -> Self:
        """A random network that starts from a random state.

        Without biases and with tanh, rest loses its stability at a gain of about 1 and chaos follows for large n.

        Args:
            n: Units per layer.
            inputs: Input channels.
            layers: Number of layers.
            gain: Factor g of the recurrent weights, whose entries have variance 1/n.
            bias: Standard deviation of the biases.
            nonlinearity: `"tanh"` or `"relu"`.
            key: Random key.

        Raises:
            InputError: If a size is not positive.
        """
        weights, start = jax.random.split(key)
        drawn = draw_layers(weights, sizes=(n, 1, inputs, layers), outputs=n, bias=bias)
        h0 = jnp.tanh(jax.random.normal(start, (layers * n,)))
        return cls(layers=drawn, gain=gain, h0=h0, nonlinearity=nonlinearity)

    @classmethod
    def example(cls, *, n: int = 64, inputs: int = 1, layers: int = 1, key: Key | None = None) -> Self:
        """A random network at a gain of 3, far on the chaotic side; arguments as in `draw`."""
        return cls.draw(n=n, inputs=inputs, layers=layers, gain=3.0, key=jax.random.key(1) if key is None else key)
