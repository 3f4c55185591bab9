import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class Repressilator(AbstractFlow):
    r"""Three genes in a ring, each silencing the next: the first clock built into a bacterium.

    m_i' = -m_i + alpha / (1 + p_{i-1}^n) + alpha0,  p_i' = -beta (p_i - m_i),  i = 1, 2, 3 around the ring.

    The symmetric fixed point p = alpha / (1 + p^n) + alpha0 is unstable where (beta + 1)^2 / beta < 3 X^2 / (4 + 2 X)
    with X = -alpha n p^(n-1) / (1 + p^n)^2.

    Args:
        alpha: Transcription without repressor, in excess of the leak.
        alpha0: Transcription under full repression (the leak).
        beta: Decay of proteins over decay of messengers.
        n: Hill coefficient.

    Reference:
        Elowitz & Leibler (2000), A synthetic oscillatory network of transcriptional regulators, Nature 403, 335-338.

    Example:
        >>> y = Repressilator().initial_state()
        >>> Repressilator(alpha0=0.5).vector_field(0.0, 0.0 * y, None).tolist()
        [216.5, 216.5, 216.5, 0.0, 0.0, 0.0]
    """

    variables = variables("m1 m2 m3 p1 p2 p3", topology="positive")
    reference = (
        "Elowitz & Leibler (2000), A synthetic oscillatory network of transcriptional regulators, Nature 403, 335-338"
    )
    family = "canonical"

    alpha: Param = param(216.0, doc="transcription without repressor", bounds=(0.0, None))
    alpha0: Param = param(0.216, doc="transcription under full repression", bounds=(0.0, None))
    beta: Param = param(0.2, doc="decay of proteins over decay of messengers", bounds=(0.0, None))
    n: Param = param(2.0, doc="Hill coefficient", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.alpha, [5.0, 10.0, 15.0, 5.0, 10.0, 15.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        m, p = y[:3], y[3:]
        made = self.alpha / (1.0 + jnp.roll(p, 1) ** self.n) + self.alpha0
        return jnp.concatenate([made - m, self.beta * (m - p)])

    def region(self) -> Box:
        return Box(like(self.alpha, [1.0] * 6), like(self.alpha, [80.0] * 6))

    def typical_step(self) -> float:
        return 0.02
