"""The closed-form continuous-time network: a cell that is told how much time has passed."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param
from ..._types import Input, Key, Param, Time, Vector
from ...systems import AbstractMap, Box, Variable
from ..artificial import Dense, Readout
from ..artificial._layers import as_drive
from ._seen import check_seen, check_sizes, drawn_readout, seen


class ClosedFormContinuous(AbstractMap):
    r"""The closed-form continuous-time cell (CfC): two targets, between which the time that has passed decides.

    $z = \varphi(W_B [x; h] + b_B)$ with $\varphi(a) = 1.7159 \tanh(2a/3)$; the gate is
    $g = \sigma(\tau\, (W_a z + b_a) + W_b z + b_b)$, and $h' = (1 - g) \tanh(W_1 z + b_1) + g \tanh(W_2 z + b_2)$.

    The input is $u = (\tau, x)$: first the time since the last sample, then the sample; no input is $\tau = 0$ and
    x = 0. It replaces the flow of a liquid time-constant network by an expression that needs no solver, so that samples
    may lie at any distance.

    Args:
        backbone: W_B and b_B, from the sample and the state to z.
        first: W_1 and b_1, the target of short gaps where the gate rises with time.
        second: W_2 and b_2, the target of long ones.
        rate: W_a and b_a, how fast time opens the gate.
        offset: W_b and b_b, where the gate is when no time has passed.
        h0: State at the start, a number or shape `(N,)`.
        readout: What is seen is C h + d; None shows the components, which lie between -1 and 1.

    Raises:
        InputError: If shapes do not fit.

    Reference:
        Hasani, Lechner, Amini, Liebenwein, Ray, Tschaikowski, Teschl & Rus (2022), Closed-form continuous-time neural
        networks, Nature Machine Intelligence 4, 992-1003.

    Example:
        >>> import jax
        >>> cell = ClosedFormContinuous.draw(n=4, inputs=2, key=jax.random.key(0))
        >>> cell.step(0, cell.initial_state(), jnp.array([0.5, 1.0, -1.0])).shape
        (4,)
    """

    backbone: Dense
    first: Dense
    second: Dense
    rate: Dense
    offset: Dense
    h0: Param = param(0.0, doc="state at the start")
    readout: Readout | None = None

    variables: ClassVar[tuple[Variable, ...]] = (Variable("h"),)
    reference: ClassVar[str] = (
        "Hasani, Lechner, Amini, Liebenwein, Ray, Tschaikowski, Teschl & Rus (2022), Closed-form continuous-time "
        "neural networks, Nature Machine Intelligence 4, 992-1003"
    )
    family: ClassVar[str] = "learned"

    def __check_init__(self) -> None:
        heads = [d.weight.shape for d in (self.first, self.second, self.rate, self.offset)]
        hidden, taken = self.backbone.weight.shape
        size = heads[0][0]
        if any(shape != (size, hidden) for shape in heads) or taken < size:
            raise InputError(
                f"`first`, `second`, `rate` and `offset` must have shape (N, {hidden}), from the {hidden} outputs of "
                f"`backbone`, which takes the sample and the N components of the state ({taken} in all); got "
                f"{', '.join(map(str, heads))}."
            )
        if self.h0.shape not in ((), (size,)):
            raise InputError(f"`h0` must be a number or have shape ({size},), got shape {self.h0.shape}.")
        check_seen("ClosedFormContinuous", size, None, self.readout)

    def _size(self) -> int:
        return self.first.weight.shape[0]

    def initial_state(self) -> Vector:
        return jnp.broadcast_to(self.h0, (self._size(),))

    def observe(self, t: Time, y: Vector, u: Input) -> Any:
        """The readout, or the state."""
        del t, u
        return seen(y, None, self.readout)

    def region(self) -> Box | None:
        """The cube [-1, 1]: each new component lies between two values of tanh."""
        ones = jnp.ones_like(self.initial_state())
        return Box(-ones, ones)

    def input_size(self) -> int | None:
        """The gap, and the channels of the sample."""
        return 1 + self.backbone.weight.shape[1] - self._size()

    def step(self, n: Time, y: Vector, u: Input) -> Vector:
        del n
        size = self.input_size()
        heard = jnp.zeros(size or 1, y.dtype) if u is None else as_drive(u, size, y.dtype)
        gap, x = heard[0], heard[1:]
        z = 1.7159 * jnp.tanh(2.0 / 3.0 * self.backbone(jnp.concatenate([x, y])))
        gate = jax.nn.sigmoid(gap * self.rate(z) + self.offset(z))
        return (1 - gate) * jnp.tanh(self.first(z)) + gate * jnp.tanh(self.second(z))

    @classmethod
    def draw(cls, *, n: int = 32, inputs: int = 1, hidden: int = 64, channels: int | None = None, key: Key) -> Self:
        """A random cell that starts from a random state; entries of a matrix have variance one over its inputs.

        Args:
            n: Units N.
            inputs: Channels of a sample, the gap not counted; may be 0.
            hidden: Units of the backbone.
            channels: Draw a readout with so many channels.
            key: Random key.

        Raises:
            InputError: If a size is not positive.
        """
        check_sizes(n=n, hidden=hidden, inputs=inputs + 1)
        keys = jax.random.split(key, 6)
        shapes = [(hidden, inputs + n), *[(n, hidden)] * 4]
        parts = [
            Dense(jax.random.normal(k, shape) / jnp.sqrt(shape[1]), jnp.zeros(shape[0]))
            for k, shape in zip(keys[:5], shapes, strict=True)
        ]
        start = jnp.tanh(jax.random.normal(keys[5], (n,)))
        return cls(*parts, h0=start, readout=drawn_readout(n, channels, jax.random.fold_in(key, 6)))

    @classmethod
    def example(cls, *, n: int = 16, inputs: int = 1, key: Key | None = None) -> Self:
        """A random cell, not trained; arguments as in `draw`."""
        return cls.draw(n=n, inputs=inputs, key=jax.random.key(1) if key is None else key)
