"""What all recurrent networks share: a layer of weights, a stack of layers, a linear readout."""

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param
from ..._types import Input, Key, Param, State, Time, Vector
from ...systems._base import AbstractMap

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class RecurrentLayer(eqx.Module):
    """The weights of one recurrent layer, in the layout of PyTorch: the rows of the gates one after another.

    Args:
        weight_ih: From the input, shape `(gates * n, m)`.
        weight_hh: From the layer's own output of the step before, shape `(gates * n, r)`.
        bias_ih: Bias beside the input, shape `(gates * n,)`; zeros for a layer without.
        bias_hh: Bias beside the recurrence, shape `(gates * n,)`; zeros for a layer without.

    Raises:
        InputError: If the shapes do not fit together.
    """

    weight_ih: Param = param(doc="weights from the input", learned=True)
    weight_hh: Param = param(doc="recurrent weights", learned=True)
    bias_ih: Param = param(doc="bias beside the input", learned=True)
    bias_hh: Param = param(doc="bias beside the recurrence", learned=True)

    def __check_init__(self) -> None:
        shapes = {name: getattr(self, name).shape for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        rows = self.weight_hh.shape[0] if self.weight_hh.ndim else 0
        if (
            self.weight_ih.ndim != 2
            or self.weight_hh.ndim != 2
            or {self.weight_ih.shape[0]} != {rows}
            or {self.bias_ih.shape, self.bias_hh.shape} != {(rows,)}
        ):
            raise InputError(
                f"The weights of a recurrent layer must have equally many rows (matrices) or entries (biases), got "
                f"{shapes}. Give `weight_ih` (gates * n, m), `weight_hh` (gates * n, r) and biases (gates * n,)."
            )

    def drive(self, u: Any) -> Vector:
        """The part of the input, W_ih u + b_ih; the bias alone where there is no input."""
        return self.bias_ih if u is None else self.weight_ih @ u + self.bias_ih

    def feedback(self, h: Vector, gain: Any) -> Vector:
        """The recurrent part, g W_hh h + b_hh."""
        return gain * (self.weight_hh @ h) + self.bias_hh


class Readout(eqx.Module):
    """A linear readout o = W h + b.

    Args:
        weight: Shape `(outputs, n)`.
        bias: Shape `(outputs,)`.
    """

    weight: Param = param(doc="readout weights", learned=True)
    bias: Param = param(doc="readout bias", learned=True)

    def __check_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            raise InputError(
                f"A readout needs `weight` (outputs, n) and `bias` (outputs,), got {self.weight.shape} and "
                f"{self.bias.shape}."
            )

    def __call__(self, h: Vector) -> Vector:
        """What is read from `h`."""
        return self.weight @ h + self.bias


class AbstractRecurrent(AbstractMap):
    """A stack of recurrent layers; within one step each layer sees the new output of the layer below.

    Implement the step, and `outputs`, the new output of each layer within a state. The input of the first layer is
    `u`; the `gain` multiplies all recurrent weights, so that one number moves a network from rest to chaos.
    """

    layers: AbstractVar[tuple[RecurrentLayer, ...]]
    gain: AbstractVar[jax.Array]
    h0: AbstractVar[jax.Array]
    readout: AbstractVar[Readout | None]

    @abstractmethod
    def outputs(self, y: State) -> list[Vector]:
        """The outputs h of the layers in state `y`, the top layer last."""

    def input_size(self) -> int | None:
        """Number of input channels of the first layer, None where it has none."""
        return self.layers[0].weight_ih.shape[1] or None

    def observe(self, t: Time, y: State, u: Input) -> Any:
        """The readout of the top layer, or the state itself for a network without readout."""
        del t, u
        return y if self.readout is None else self.readout(self.outputs(y)[-1])


def as_drive(u: Input, size: int | None, dtype: Any) -> Any:
    """The input as a vector of `size` channels and of the type of the state; None stays None.

    Raises:
        InputError: If the shape differs.
    """
    if u is None or not size:
        return None
    shape = jnp.shape(u)
    if shape != (size,) and not (size == 1 and shape == ()):
        raise InputError(
            f"The network takes {size} input channel(s), got an input of shape {shape}. Give shape ({size},)."
        )
    return jnp.reshape(jnp.asarray(u, dtype), (size,))


def check_stack(system: AbstractRecurrent, gates: int, outputs: int) -> None:
    """Check that the layers fit on top of each other and that their rows are `gates` times their units.

    Raises:
        InputError: If they do not; the message names the layer.
    """
    name = type(system).__name__
    if not system.layers:
        raise InputError(f"`{name}` needs at least one layer, got none. Give `layers=(RecurrentLayer(...),)`.")
    rows = system.layers[0].weight_hh.shape[0]
    if rows % gates:
        raise InputError(
            f"The layers of `{name}` have {gates} blocks of rows, but `layers.0.weight_hh` has {rows} rows, which "
            f"{gates} does not divide. Check the kind of network."
        )
    for i, layer in enumerate(system.layers):
        below = outputs if i else layer.weight_ih.shape[1]
        expected = (rows, outputs), (rows, below)
        if (layer.weight_hh.shape, layer.weight_ih.shape) != expected:
            raise InputError(
                f"Layer {i} of `{name}` must have `weight_hh` of shape {expected[0]} and `weight_ih` of shape "
                f"{expected[1]}, got {layer.weight_hh.shape} and {layer.weight_ih.shape}."
            )
    if system.readout is not None and system.readout.weight.shape[1] != outputs:
        raise InputError(
            f"The readout of `{name}` must have {outputs} columns, got shape {system.readout.weight.shape}."
        )


def check_start(name: str, value: Any, size: int) -> None:
    """Check that an initial state is a number or a vector of `size` entries.

    Raises:
        InputError: If it is neither.
    """
    if value.shape not in ((), (size,)):
        raise InputError(f"`{name}` must be a number or have shape ({size},), got shape {value.shape}.")


def draw_layers(key: Key, *, sizes: tuple[int, int, int, int], outputs: int, bias: float) -> tuple[RecurrentLayer, ...]:
    """Random layers: entries of W_hh have variance 1/r and those of W_ih variance 1/m; biases have deviation `bias`.

    Args:
        key: Random key.
        sizes: Units n, gates, inputs and number of layers.
        outputs: Outputs r of a layer (n, or fewer with projections).
        bias: Standard deviation of each of the two biases.

    Raises:
        InputError: If a size is not a positive integer.
    """
    n, gates, inputs, depth = sizes
    for name, value, least in (("n", n, 1), ("inputs", inputs, 0), ("layers", depth, 1)):
        if value < least:
            raise InputError(f"`{name}` must be at least {least}, got {value}.")
    drawn = []
    for i, part in enumerate(jax.random.split(key, depth)):
        below = outputs if i else inputs
        k_ih, k_hh, b_ih, b_hh = jax.random.split(part, 4)
        drawn.append(
            RecurrentLayer(
                weight_ih=jax.random.normal(k_ih, (gates * n, below)) / math.sqrt(max(below, 1)),
                weight_hh=jax.random.normal(k_hh, (gates * n, outputs)) / math.sqrt(outputs),
                bias_ih=bias * jax.random.normal(b_ih, (gates * n,)),
                bias_hh=bias * jax.random.normal(b_hh, (gates * n,)),
            )
        )
    return tuple(drawn)
