import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class MagneticPendulum(AbstractFlow):
    r"""A pendulum above three magnets: where it comes to rest depends on the start in a fractal way.

    x'' = -omega^2 x - alpha x' - sum_i gamma_i (x - a_i) / D_i^3, the same for y, with
    D_i^2 = (x - a_i)^2 + (y - b_i)^2 + d^2 and magnets (a_i, b_i) at 120, 240 and 360 degrees on the unit circle.

    The state is the position (x, y) and the velocity (vx, vy).

    Args:
        gamma: Strengths of the magnets, shape `(3,)`.
        d: Height of the pendulum above them.
        alpha: Friction, 1/time.
        omega: Angular frequency without magnets, rad/time.

    Reference:
        Motter, Gruiz, Károlyi & Tél (2013), Doubly transient chaos: generic form of chaos in autonomous dissipative
        systems, Physical Review Letters 111, 194101.

    Example:
        >>> MagneticPendulum(d=0.3).vector_field(0.0, MagneticPendulum().initial_state(), None)[:2].tolist()
        [0.0, 0.0]
    """

    variables = variables("x y vx vy")
    reference = "Motter, Gruiz, Károlyi & Tél (2013), Doubly transient chaos, Phys. Rev. Lett. 111, 194101"
    family = "canonical"

    gamma: Param = param((1.0, 1.0, 1.0), doc="strengths of the magnets")
    d: Param = param(0.2, doc="height of the pendulum above the magnets", bounds=(1e-6, None))
    alpha: Param = param(0.2, doc="friction", bounds=(0.0, None))
    omega: Param = param(0.8, unit="rad", doc="angular frequency without magnets")

    def initial_state(self) -> State:
        return like(self.d, [1.5, 1.0, 0.0, 0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        place, velocity = y[:2], y[2:]
        half = 0.8660254037844386
        magnets = like(self.d, [[-0.5, half], [-0.5, -half], [1.0, 0.0]])
        apart = place - magnets
        # Cubes by multiplication: a power with a whole exponent is several times slower to differentiate.
        square = jnp.sum(apart * apart, axis=1) + self.d**2
        pull = (self.gamma / (square * jnp.sqrt(square))) @ apart
        return jnp.concatenate([velocity, -(self.omega**2) * place - self.alpha * velocity - pull])

    def region(self) -> Box:
        return Box(like(self.d, [-2.0, -2.0, -0.1, -0.1]), like(self.d, [2.0, 2.0, 0.1, 0.1]))

    def typical_step(self) -> float:
        return 0.01
