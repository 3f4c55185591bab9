from typing import Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from ._spins import hebb, mixed_spins, random_patterns


class GradedHopfield(AbstractFlow):
    r"""A memory of neurons with graded response in continuous time.

    x' = -x + tanh(beta W x).

    For symmetric W the energy L = -1/2 v' W v + 1/beta sum_i int_0^{v_i} artanh with v = tanh(beta W x) never rises;
    -1/2 x' W x may. The origin is stable while beta times the largest eigenvalue of W is below 1.

    Args:
        W: Symmetric weights, shape `(N, N)`; `from_patterns` makes them.
        beta: Gain.

    Reference:
        Hopfield (1984), Neurons with graded response have collective computational properties like those of two-state
        neurons, PNAS 81, 3088-3092.

    Example:
        >>> network = GradedHopfield.from_patterns(jnp.array([[1, -1, 1, -1, 1]]), beta=4.0)
        >>> network.initial_state().shape
        (5,)
    """

    variables = (Variable("x"),)
    reference = "Hopfield (1984), Neurons with graded response have collective properties, PNAS 81, 3088-3092"
    family = "networks"

    W: Param = param(doc="weights")
    beta: Param = param(4.0, doc="gain", bounds=(1e-6, None))

    @classmethod
    def from_patterns(cls, patterns: jax.Array, *, beta: float | jax.Array = 4.0) -> Self:
        """The network that stores the rows of `patterns` (spins -1 and 1, shape `(P, N)`) by Hebb's rule."""
        return cls(hebb(patterns), beta)

    @classmethod
    def example(cls, *, n: int = 100, patterns: int = 5, key: Key | None = None) -> Self:
        """A network of `n` neurons that stores random patterns."""
        return cls.from_patterns(random_patterns(jax.random.key(0) if key is None else key, patterns, n))

    def energy(self, y: State) -> jax.Array:
        """The energy L of state `y`, which no orbit of symmetric weights raises."""
        h = self.beta * (self.W @ y)
        v = jnp.tanh(h)
        # The integral of artanh is v artanh(v) + ln(1 - v^2) / 2 = v h - ln cosh(h), here without overflow.
        log_cosh = jnp.abs(h) + jnp.log1p(jnp.exp(-2.0 * jnp.abs(h))) - jnp.log(2.0)
        return -0.5 * v @ (self.W @ v) + jnp.sum(v * h - log_cosh) / self.beta

    def initial_state(self) -> State:
        return 0.5 * mixed_spins(self.W.shape[-1], self.W)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        return -y + jnp.tanh(self.beta * (self.W @ y))

    def region(self) -> Box:
        corner = jnp.ones_like(self.initial_state())
        return Box(-corner, corner)

    def typical_step(self) -> float:
        return 0.05
