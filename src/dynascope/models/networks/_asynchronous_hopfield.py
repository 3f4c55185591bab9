from typing import Any

import jax

from ..._types import Input, Key, State, Time
from ...systems import AbstractRandomMap
from ._spins import AbstractSpinMemory, aligned


class AsynchronousHopfield(AbstractRandomMap, AbstractSpinMemory):
    r"""A memory of spins of which one, chosen at random, is updated at each step.

    i ~ uniform over 1, ..., N;  s_i <- sign(sum_j W_ij s_j - threshold_i); a spin in zero field keeps its value.

    For symmetric W with zero diagonal the energy E = -1/2 s' W s + threshold . s never rises.

    Args:
        W: Symmetric weights with zero diagonal, shape `(N, N)`; `from_patterns` makes them.
        threshold: Thresholds, shape `(N,)`.

    Reference:
        Hopfield (1982), Neural networks and physical systems with emergent collective computational abilities, PNAS
        79, 2554-2558.

    Example:
        >>> import jax.numpy as jnp
        >>> network = AsynchronousHopfield.from_patterns(jnp.array([[1, -1, 1, -1, 1]]))
        >>> network.step(0, jnp.array([1.0, -1.0, 1.0, -1.0, -1.0]), None, 4).tolist()
        [1.0, -1.0, 1.0, -1.0, 1.0]
    """

    reference = "Hopfield (1982), Neural networks and physical systems with emergent abilities, PNAS 79, 2554-2558"

    def draw(self, key: Key, n: Time) -> Any:
        del n
        return jax.random.randint(key, (), 0, self.W.shape[-1])

    def step(self, n: Time, y: State, u: Input, w: Any) -> State:
        del n, u
        return y.at[w].set(aligned(self.W[w] @ y - self.threshold[w], y[w]))
