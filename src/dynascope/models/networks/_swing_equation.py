import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import like


class SwingEquation(AbstractFlow):
    r"""One machine on an infinitely strong grid; also a damped driven pendulum, or a Josephson junction.

    delta' = v,  m v' = P - alpha v - K sin(delta).

    It locks to the grid at sin(delta) = P / K, which exists for P < K. For weak damping it may also slip round and
    round, at a mean speed of about P / alpha: this cycle is born from the saddle in a homoclinic bifurcation at about
    P = 4 alpha sqrt(K / m) / pi, so that between there and K the machine has two fates.

    Args:
        P: Power of the turbine.
        K: Capacity of the line.
        m: Inertia.
        alpha: Damping.

    Reference:
        Tricomi (1933), Integrazione di un'equazione differenziale presentatasi in elettrotecnica, Annali della Scuola
        Normale Superiore di Pisa 2, 1-20; Strogatz (1994), Nonlinear Dynamics and Chaos, section 8.5.

    Example:
        >>> import math
        >>> SwingEquation(P=0.5).vector_field(0.0, jnp.array([math.pi / 6, 0.0]), None).round(12).tolist()
        [0.0, 0.0]
    """

    variables = (Variable("delta", "rad", topology="circle"), Variable("v", "rad"))
    reference = "Tricomi (1933), Integrazione di un'equazione differenziale, Ann. Sc. Norm. Super. Pisa 2, 1-20"
    family = "networks"

    P: Param = param(0.3, doc="power of the turbine")
    K: Param = param(1.0, doc="capacity of the line", bounds=(0.0, None))
    m: Param = param(1.0, doc="inertia", bounds=(1e-6, None))
    alpha: Param = param(0.1, doc="damping", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.P, [0.0, 1.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        delta, v = y
        return jnp.stack([v, (self.P - self.alpha * v - self.K * jnp.sin(delta)) / self.m])

    def region(self) -> Box:
        corner = like(self.P, [jnp.pi, 4.0])
        return Box(-corner, corner)

    def typical_step(self) -> float:
        return 0.05
