import jax

from ..._types import Input, State, Time
from ...systems import AbstractMap
from ._spins import AbstractSpinMemory, aligned


class Hopfield(AbstractMap, AbstractSpinMemory):
    r"""A memory of spins, updated one after the other: each step is a sweep over all of them in fixed order.

    s_i <- sign(sum_j W_ij s_j - threshold_i)  for i = 1, ..., N; a spin in zero field keeps its value.

    For symmetric W with zero diagonal the energy E = -1/2 s' W s + threshold . s falls with every flip, so that every
    start ends in a fixed point; about 0.138 N random patterns can be stored. `AsynchronousHopfield` picks spins at
    random, `SynchronousHopfield` updates all at once.

    Args:
        W: Symmetric weights with zero diagonal, shape `(N, N)`; `from_patterns` makes them.
        threshold: Thresholds, shape `(N,)`.

    Reference:
        Hopfield (1982), Neural networks and physical systems with emergent collective computational abilities, PNAS
        79, 2554-2558.

    Example:
        >>> import jax.numpy as jnp
        >>> network = Hopfield.from_patterns(jnp.array([[1, -1, 1, -1, 1]]))
        >>> network.step(0, jnp.array([1.0, -1.0, 1.0, -1.0, -1.0]), None).tolist()
        [1.0, -1.0, 1.0, -1.0, 1.0]
    """

    reference = "Hopfield (1982), Neural networks and physical systems with emergent abilities, PNAS 79, 2554-2558"

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u

        def update(i: jax.Array, s: jax.Array) -> jax.Array:
            return s.at[i].set(aligned(self.W[i] @ s - self.threshold[i], s[i]))

        return jax.lax.fori_loop(0, y.shape[0], update, y)
