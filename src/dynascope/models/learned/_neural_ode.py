"""A flow whose velocity is a network."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Key, Param, Time, Vector
from ...systems._base import AbstractFlow, Variable
from ..artificial import Dense
from ._seen import check_seen, check_sizes, seen

_FUNCTIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu, "silu": jax.nn.silu}


class NeuralODE(AbstractFlow):
    """A neural ordinary differential equation: the velocity is a network of dense layers.

    dy/dt = W_L phi(... phi(W_1 y + b_1) ...) + b_L, with phi = tanh, relu or silu between the layers.

    Args:
        layers: The dense layers, first to last; the last has as many outputs as the first has inputs.
        y0: State at the start, a number or shape `(M,)`.
        nonlinearity: `"tanh"`, `"relu"` or `"silu"`.
        observed: The first so many components are seen; None shows all.

    Raises:
        InputError: If the layers do not fit on each other, or the nonlinearity is unknown.

    Reference:
        Chen, Rubanova, Bettencourt & Duvenaud (2018), Neural ordinary differential equations, Advances in Neural
        Information Processing Systems 31.

    Example:
        >>> import numpy as np
        >>> flow = NeuralODE((Dense(np.eye(2), np.zeros(2)), Dense([[0.0, 1.0], [-1.0, 0.0]], np.zeros(2))))
        >>> flow.vector_field(0.0, np.array([0.0, 1.0]), None).round(3).tolist()
        [0.762, 0.0]
    """

    layers: tuple[Dense, ...]
    y0: Param = param(0.0, doc="state at the start")
    nonlinearity: str = setting("tanh", doc="`tanh`, `relu` or `silu`")
    observed: int | None = setting(None, doc="number of components seen, the first ones")

    variables: ClassVar[tuple[Variable, ...]] = (Variable("y"),)
    reference: ClassVar[str] = (
        "Chen, Rubanova, Bettencourt & Duvenaud (2018), Neural ordinary differential equations, NeurIPS 31"
    )
    family: ClassVar[str] = "learned"
    catalogue_name: ClassVar[str] = "neural-ode"

    def __check_init__(self) -> None:
        if self.nonlinearity not in _FUNCTIONS:
            known = ", ".join(f"`{name}`" for name in _FUNCTIONS)
            raise InputError(f"`nonlinearity` must be one of {known}, got {self.nonlinearity!r}.")
        if not self.layers:
            raise InputError("`NeuralODE` needs at least one layer, got none. Give `layers=(Dense(...), ...)`.")
        sizes = [self.layers[-1].weight.shape[0], *(layer.weight.shape[0] for layer in self.layers)]
        taken = [layer.weight.shape[1] for layer in self.layers]
        if taken != sizes[:-1]:
            raise InputError(
                f"The layers of `NeuralODE` must take what the layer before gives, the first one as much as the last "
                f"gives: {sizes[:-1]} inputs, got {taken}."
            )
        if self.y0.shape not in ((), (sizes[0],)):
            raise InputError(f"`y0` must be a number or have shape ({sizes[0]},), got shape {self.y0.shape}.")
        check_seen("NeuralODE", sizes[0], self.observed, None)

    def initial_state(self) -> Vector:
        return jnp.broadcast_to(self.y0, (self.layers[0].weight.shape[1],))

    def observe(self, t: Time, y: Vector, u: Input) -> Any:
        """The first components."""
        del t, u
        return seen(y, self.observed, None)

    def vector_field(self, t: Time, y: Vector, u: Input) -> Vector:
        del t, u
        phi = _FUNCTIONS[self.nonlinearity]
        for layer in self.layers[:-1]:
            y = phi(layer(y))
        return self.layers[-1](y)

    @classmethod
    def draw(
        cls,
        *,
        n: int = 3,
        width: int = 32,
        depth: int = 2,
        observed: int | None = None,
        nonlinearity: str = "tanh",
        key: Key,
    ) -> Self:
        """A random flow to begin training with: entries of a matrix have variance one over its inputs.

        Args:
            n: Components M of the state.
            width: Units of each hidden layer.
            depth: Number of hidden layers.
            observed: The first so many components are seen; None for all.
            nonlinearity: As in the class.
            key: Random key.

        Raises:
            InputError: If a size is not positive, or `observed` exceeds `n`.
        """
        check_sizes(n=n, width=width, depth=depth)
        weights, start = jax.random.split(key)
        sizes = [n, *[width] * depth, n]
        layers = tuple(
            Dense(jax.random.normal(part, (after, before)) / jnp.sqrt(before), jnp.zeros(after))
            for part, before, after in zip(jax.random.split(weights, depth + 1), sizes[:-1], sizes[1:], strict=True)
        )
        y0 = jax.random.normal(start, (n,))
        return cls(layers, y0=y0, nonlinearity=nonlinearity, observed=observed)

    @classmethod
    def example(cls, *, n: int = 3, key: Key | None = None) -> Self:
        """A flow of random weights, not trained; arguments as in `draw`."""
        return cls.draw(n=n, key=jax.random.key(1) if key is None else key)
