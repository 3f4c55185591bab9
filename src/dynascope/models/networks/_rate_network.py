from typing import Any, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractFlow, Box, Variable


class RateNetwork(AbstractFlow):
    r"""A random recurrent network of rate neurons: rest for weak coupling, chaos for strong.

    tau x' = -x + g J tanh(x) + B u.

    With independent J_ij of variance 1/N the origin loses stability near g = 1, and for N to infinity chaos sets in at
    once. Make one with `draw`; the gain g is a parameter of its own, so that a sweep keeps the same draw.

    Args:
        J: Couplings, shape `(N, N)`, entry `[i, j]` from neuron j to i.
        B: Weights of the input, shape `(N, m)`; m = 0 for a network without input.
        g: Gain of the coupling.
        tau: Time constant.

    Reference:
        Sompolinsky, Crisanti & Sommers (1988), Chaos in random neural networks, Physical Review Letters 61, 259-262.

    Example:
        >>> import jax
        >>> RateNetwork.draw(n=50, g=1.5, key=jax.random.key(0)).J.shape
        (50, 50)
    """

    variables = (Variable("x"),)
    reference = "Sompolinsky, Crisanti & Sommers (1988), Chaos in random neural networks, Phys. Rev. Lett. 61, 259-262"
    family = "networks"

    J: Param = param(doc="couplings, of variance 1/N")
    B: Param = param(doc="weights of the input")
    g: Param = param(1.5, doc="gain of the coupling")
    tau: Param = param(1.0, doc="time constant", bounds=(1e-6, None))

    @classmethod
    def draw(
        cls, *, n: int, inputs: int = 0, self_coupling: bool = True, g: Any = 1.5, tau: Any = 1.0, key: Key
    ) -> Self:
        """A network with Gaussian couplings of variance 1/n and Gaussian input weights of variance 1.

        Args:
            n: Number of neurons.
            inputs: Number of input channels.
            self_coupling: Whether neurons couple to themselves; without, the diagonal of J is zero.
            g: Gain of the coupling.
            tau: Time constant.
            key: Random key; one key gives the same network for every gain.
        """
        key_J, key_B = jax.random.split(key)
        J = jax.random.normal(key_J, (n, n)) / jnp.sqrt(n)
        if not self_coupling:
            J = J * (1.0 - jnp.eye(n))
        return cls(J, jax.random.normal(key_B, (n, inputs)), g, tau)

    @classmethod
    def example(cls, *, n: int = 100, inputs: int = 0, key: Key | None = None) -> Self:
        """A network of `n` neurons at g = 3, well within chaos."""
        return cls.draw(n=n, inputs=inputs, g=3.0, key=jax.random.key(0) if key is None else key)

    def initial_state(self) -> State:
        # Irregular, so that no symmetry x -> -x or permutation is kept by accident.
        n = self.J.shape[-1]
        return ((jnp.arange(n) * 0.6180339887498949) % 1.0 - 0.5).astype(self.J.dtype)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        drive = 0.0 if u is None else self.B @ u
        return (-y + self.g * (self.J @ jnp.tanh(y)) + drive) / self.tau

    def region(self) -> Box:
        # |x_i| stays near g; starts beyond decay into the box within a few tau.
        side = jnp.ones_like(self.initial_state()) * jnp.maximum(jnp.abs(self.g), 1.0)
        return Box(-side, side)

    def input_size(self) -> int | None:
        return self.B.shape[-1] or None
