"""Long short-term memory."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param
from ..._types import Input, Key, Param, Time, Vector
from ...systems._base import Box, Variable
from ._layers import AbstractRecurrent, Readout, RecurrentLayer, as_drive, check_stack, check_start, draw_layers

# Beyond this |c| the output tanh(c) differs from +-1 by less than 5e-9: larger starts would look alike.
_SATURATED = 10.0


class LSTMState(NamedTuple):
    """Outputs `h` and memory cells `c` of all layers, each one layer after another."""

    h: Vector
    c: Vector


class OutputProjection(eqx.Module):
    """The projection h = W_hr (o tanh c) of a layer with fewer outputs than memory cells.

    Args:
        weight: Shape `(r, n)`.
    """

    weight: Param = param(doc="projection weights", learned=True)


class LSTM(AbstractRecurrent):
    """Long short-term memory with forget gates, equal to `torch.nn.LSTM` step by step, with or without projections.

    With a = W_ih u + b_ih + g W_hh h + b_hh, cut into blocks i, f, g, o:

    c' = sigma(a_f) c + sigma(a_i) tanh(a_g), h' = sigma(a_o) tanh(c'), or h' = W_hr (sigma(a_o) tanh(c'))

    for each layer in turn; the input of a higher layer is the new h of the layer below. Both h and c are state: the
    Jacobian of a layer of n cells is 2n by 2n.

    Args:
        layers: Weights of the layers, gates = 4.
        projections: One per layer for a network with projections, else none.
        gain: Factor g of all recurrent weights; 1 is the network as trained.
        h0: Outputs at the start, a number or one entry per output.
        c0: Memory at the start, a number or one entry per cell.
        readout: Linear readout of the top layer, which `observe` then shows; None shows the state.

    Raises:
        InputError: If shapes do not fit.

    Reference:
        Hochreiter & Schmidhuber (1997), Long short-term memory, Neural Computation 9, 1735-1780; forget gates:
        Gers, Schmidhuber & Cummins (2000), Learning to forget, Neural Computation 12, 2451-2471.

    Example:
        >>> import jax
        >>> network = LSTM.draw(n=8, key=jax.random.key(0))
        >>> h, c = network.step(0, network.initial_state(), None)
        >>> h.shape, c.shape
        ((8,), (8,))
    """

    layers: tuple[RecurrentLayer, ...]
    projections: tuple[OutputProjection, ...] = ()
    gain: Param = param(1.0, doc="factor of the recurrent weights")
    h0: Param = param(0.0, doc="outputs at the start")
    c0: Param = param(0.0, doc="memory at the start")
    readout: Readout | None = None

    reference: ClassVar[str] = (
        "Hochreiter & Schmidhuber (1997), Long short-term memory, Neural Computation 9, 1735-1780"
    )
    family: ClassVar[str] = "artificial"

    def __check_init__(self) -> None:
        cells = self.layers[0].weight_hh.shape[0] // 4 if self.layers else 0
        outputs = self.projections[0].weight.shape[0] if self.projections else cells
        check_stack(self, 4, outputs)
        if self.projections:
            shapes = [p.weight.shape for p in self.projections]
            if shapes != [(outputs, cells)] * len(self.layers):
                raise InputError(
                    f"`projections` must hold one weight of shape {(outputs, cells)} for each of the "
                    f"{len(self.layers)} layer(s), got {shapes}."
                )
        check_start("h0", self.h0, len(self.layers) * outputs)
        check_start("c0", self.c0, len(self.layers) * cells)

    def _sizes(self) -> tuple[int, int]:
        rows, outputs = self.layers[0].weight_hh.shape
        return len(self.layers) * outputs, len(self.layers) * (rows // 4)

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`h0`, `h1`, ... and then `c0`, `c1`, ..."""
        outputs, cells = self._sizes()
        return (*(Variable(f"h{i}") for i in range(outputs)), *(Variable(f"c{i}") for i in range(cells)))

    def initial_state(self) -> LSTMState:
        outputs, cells = self._sizes()
        return LSTMState(jnp.broadcast_to(self.h0, (outputs,)), jnp.broadcast_to(self.c0, (cells,)))

    def region(self) -> Box | None:
        """A box that holds every state which the network left alone can reach.

        At zero input |a| <= |b| + sum |W| |h|; with the largest gates that this allows, |c| <= i g / (1 - f). Where
        that exceeds 10 the box ends at 10, beyond which tanh(c) no longer changes.
        """
        below, all_h, all_c = None, [], []
        start = self.initial_state()
        for i, layer in enumerate(self.layers):
            h = jnp.ones_like(self.outputs(start)[0])
            if self.projections:
                h = jnp.abs(self.projections[i].weight).sum(axis=1)
            spread = jnp.abs(self.gain * layer.weight_hh) @ h
            if below is not None:
                spread = spread + jnp.abs(layer.weight_ih) @ below
            centre = layer.bias_ih + layer.bias_hh
            high_i, high_f, _, high_o = jnp.split(centre + spread, 4)
            largest_g = jnp.tanh(jnp.split(jnp.abs(centre) + spread, 4)[2])
            # 1 - sigma(x) is written sigma(-x), which keeps its digits for large x.
            c = jax.nn.sigmoid(high_i) * largest_g / jax.nn.sigmoid(-high_f)
            out = jax.nn.sigmoid(high_o) * jnp.tanh(c)
            below = jnp.abs(self.projections[i].weight) @ out if self.projections else out
            all_h.append(below)
            all_c.append(jnp.minimum(c, _SATURATED))
        high = LSTMState(jnp.concatenate(all_h), jnp.concatenate(all_c))
        return Box(LSTMState(-high.h, -high.c), high)

    def outputs(self, y: LSTMState) -> list[Vector]:
        return jnp.split(y.h, len(self.layers))

    def step(self, n: Time, y: LSTMState, u: Input) -> LSTMState:
        del n
        signal = as_drive(u, self.input_size(), y.h.dtype)
        new_h, new_c = [], []
        cells = jnp.split(y.c, len(self.layers))
        for i, (layer, h, c) in enumerate(zip(self.layers, self.outputs(y), cells, strict=True)):
            a_i, a_f, a_g, a_o = jnp.split(layer.drive(signal) + layer.feedback(h, self.gain), 4)
            c = jax.nn.sigmoid(a_f) * c + jax.nn.sigmoid(a_i) * jnp.tanh(a_g)
            signal = jax.nn.sigmoid(a_o) * jnp.tanh(c)
            if self.projections:
                signal = self.projections[i].weight @ signal
            new_h.append(signal)
            new_c.append(c)
        return LSTMState(jnp.concatenate(new_h), jnp.concatenate(new_c))

    @classmethod
    def draw(
        cls,
        *,
        n: int = 64,
        inputs: int = 1,
        layers: int = 1,
        outputs: int | None = None,
        gain: float = 1.0,
        bias: float = 0.0,
        key: Key,
    ) -> Self:
        """A random network that starts from a random state.

        Args:
            n: Memory cells per layer.
            inputs: Input channels.
            layers: Number of layers.
            outputs: Outputs per layer when they are a projection of the n cells; None for n outputs without one.
            gain: Factor g of the recurrent weights, whose entries have variance 1 over the outputs.
            bias: Standard deviation of each bias.
            key: Random key.

        Raises:
            InputError: If a size is not positive, or `outputs` is not smaller than `n`.
        """
        if outputs is not None and not 0 < outputs < n:
            raise InputError(f"`outputs` must lie between 1 and n - 1 = {n - 1}, got {outputs}. Use None for none.")
        r = outputs or n
        weights, start_h, start_c, project = jax.random.split(key, 4)
        drawn = draw_layers(weights, sizes=(n, 4, inputs, layers), outputs=r, bias=bias)
        keys = jax.random.split(project, layers) if outputs else ()
        return cls(
            layers=drawn,
            projections=tuple(OutputProjection(jax.random.normal(k, (r, n)) / jnp.sqrt(n)) for k in keys),
            gain=gain,
            h0=jnp.tanh(jax.random.normal(start_h, (layers * r,))),
            c0=jax.random.normal(start_c, (layers * n,)),
        )

    @classmethod
    def example(cls, *, n: int = 32, inputs: int = 1, layers: int = 1, key: Key | None = None) -> Self:
        """A random network at a gain of 8, where it is weakly chaotic; arguments as in `draw`."""
        return cls.draw(n=n, inputs=inputs, layers=layers, gain=8.0, key=jax.random.key(1) if key is None else key)
