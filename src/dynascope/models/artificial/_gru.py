"""The gated recurrent unit."""

from __future__ import annotations

from typing import ClassVar, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, Time, Vector
from ...systems._base import Box, Variable
from ._layers import AbstractRecurrent, Readout, RecurrentLayer, as_drive, check_stack, check_start, draw_layers


class GRU(AbstractRecurrent):
    """The gated recurrent unit, equal to `torch.nn.GRU` step by step.

    With a = W_ih u + b_ih and b = g W_hh h + b_hh, cut into blocks r, z, n:

    r = sigma(a_r + b_r), z = sigma(a_z + b_z), m = tanh(a_n + r b_n), h' = (1 - z) m + z h

    for each layer in turn; the input of a higher layer is the new h of the layer below. The state is the h of all
    layers, one after another. PyTorch's variant lets r act after the recurrent matrix, unlike the paper.

    Args:
        layers: Weights of the layers, gates = 3.
        gain: Factor g of all recurrent weights; 1 is the network as trained.
        h0: State at the start, a number or one entry per unit.
        readout: Linear readout of the top layer, which `observe` then shows; None shows the state.

    Raises:
        InputError: If shapes do not fit.

    Reference:
        Cho et al. (2014), Learning phrase representations using RNN encoder-decoder for statistical machine
        translation, Proceedings of EMNLP, 1724-1734.

    Example:
        >>> import jax
        >>> network = GRU.draw(n=8, layers=2, key=jax.random.key(0))
        >>> network.step(0, network.initial_state(), None).shape
        (16,)
    """

    layers: tuple[RecurrentLayer, ...]
    gain: Param = param(1.0, doc="factor of the recurrent weights")
    h0: Param = param(0.0, doc="state at the start")
    readout: Readout | None = None

    variables: ClassVar[tuple[Variable, ...]] = (Variable("h"),)
    reference: ClassVar[str] = (
        "Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, EMNLP, 1724-1734"
    )
    family: ClassVar[str] = "artificial"

    def __check_init__(self) -> None:
        check_stack(self, 3, self.layers[0].weight_hh.shape[0] // 3 if self.layers else 0)
        check_start("h0", self.h0, self._size())

    def _size(self) -> int:
        return len(self.layers) * self.layers[0].weight_hh.shape[1]

    def initial_state(self) -> Vector:
        return jnp.broadcast_to(self.h0, (self._size(),))

    def region(self) -> Box | None:
        """The cube [-1, 1], which no trajectory leaves: h' lies between h and a tanh."""
        ones = jnp.ones_like(self.initial_state())
        return Box(-ones, ones)

    def outputs(self, y: Vector) -> list[Vector]:
        return jnp.split(y, len(self.layers))

    def step(self, n: Time, y: Vector, u: Input) -> Vector:
        del n
        signal = as_drive(u, self.input_size(), y.dtype)
        new = []
        for layer, h in zip(self.layers, self.outputs(y), strict=True):
            a_r, a_z, a_n = jnp.split(layer.drive(signal), 3)
            b_r, b_z, b_n = jnp.split(layer.feedback(h, self.gain), 3)
            z = jax.nn.sigmoid(a_z + b_z)
            candidate = jnp.tanh(a_n + jax.nn.sigmoid(a_r + b_r) * b_n)
            signal = (1 - z) * candidate + z * h
            new.append(signal)
        return jnp.concatenate(new)

    @classmethod
    def draw(
        cls, *, n: int = 64, inputs: int = 1, layers: int = 1, gain: float = 1.0, bias: float = 0.0, key: Key
    ) -> Self:
        """A random network that starts from a random state.

        Args:
            n: Units per layer.
            inputs: Input channels.
            layers: Number of layers.
            gain: Factor g of the recurrent weights, whose entries have variance 1/n.
            bias: Standard deviation of the biases.
            key: Random key.

        Raises:
            InputError: If a size is not positive.
        """
        weights, start = jax.random.split(key)
        drawn = draw_layers(weights, sizes=(n, 3, inputs, layers), outputs=n, bias=bias)
        return cls(layers=drawn, gain=gain, h0=jnp.tanh(jax.random.normal(start, (layers * n,))))

    @classmethod
    def example(cls, *, n: int = 64, inputs: int = 1, layers: int = 1, key: Key | None = None) -> Self:
        """A random network at a gain of 4, where it is weakly chaotic; arguments as in `draw`."""
        return cls.draw(n=n, inputs=inputs, layers=layers, gain=4.0, key=jax.random.key(1) if key is None else key)
