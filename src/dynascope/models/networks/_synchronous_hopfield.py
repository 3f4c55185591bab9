from ..._types import Input, State, Time
from ...systems import AbstractMap
from ._spins import AbstractSpinMemory, aligned


class SynchronousHopfield(AbstractMap, AbstractSpinMemory):
    r"""A memory of spins, all updated at once.

    s[n+1] = sign(W s[n] - threshold); a spin in zero field keeps its value.

    For symmetric W every start ends in a fixed point or a cycle of period two. The energy of `Hopfield` may rise; what
    never does is -s[n+1]' W s[n] + threshold . (s[n+1] + s[n]).

    Args:
        W: Symmetric weights, shape `(N, N)`; `from_patterns` makes them.
        threshold: Thresholds, shape `(N,)`.

    Reference:
        Little (1974), The existence of persistent states in the brain, Mathematical Biosciences 19, 101-120.

    Example:
        >>> import jax.numpy as jnp
        >>> network = SynchronousHopfield(jnp.array([[0.0, -1.0], [-1.0, 0.0]]), jnp.zeros(2))
        >>> network.step(0, jnp.array([1.0, 1.0]), None).tolist()
        [-1.0, -1.0]
    """

    reference = "Little (1974), The existence of persistent states in the brain, Math. Biosci. 19, 101-120"

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return aligned(self.W @ y - self.threshold, y)
