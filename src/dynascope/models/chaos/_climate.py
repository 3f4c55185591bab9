"""Circulation of the atmosphere in a few modes."""

from typing import Any

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations


class AtmosphericRegime(AbstractEquations):
    """Transitions between regimes of the atmosphere: a slow mode and a fast oscillation, coupled without loss of
    energy.

    x' = mu1 x + sigma x y,  y' = mu2 y + omega z + alpha y z + beta z^2 - sigma x^2,  z' = mu2 z - omega y - alpha y^2
    - beta y z.

    Reference:
        Tuwankotta (2006), Chaos in a coupled oscillators system with widely spaced frequencies and energy-preserving
        non-linearity, International Journal of Non-Linear Mechanics 41, 180-191.
    """

    variables = variables("x y z")
    reference = (
        "Tuwankotta (2006), Chaos in a coupled oscillators system with widely spaced frequencies and "
        "energy-preserving non-linearity, International Journal of Non-Linear Mechanics 41, 180-191"
    )
    start = (0.00222, -0.178, 0.669)
    dt = 0.005

    alpha: Param = param(-2.0, doc="coupling within the fast oscillation")
    beta: Param = param(-5.0, doc="coupling within the fast oscillation")
    mu1: Param = param(0.05, doc="growth rate of the slow mode")
    mu2: Param = param(-0.01, doc="growth rate of the fast oscillation")
    omega: Param = param(3.0, doc="fast frequency")
    sigma: Param = param(1.1, doc="coupling of slow and fast")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return (
            self.mu1 * x + self.sigma * x * y_,
            self.mu2 * y_ + self.omega * z + self.alpha * y_ * z + self.beta * z**2 - self.sigma * x**2,
            self.mu2 * z - self.omega * y_ - self.alpha * y_**2 - self.beta * y_ * z,
        )


class Hadley(AbstractEquations):
    """A westerly current (x) and the cosine and sine phases of a chain of waves: the Hadley circulation under strong
    heating.

    x' = -y^2 - z^2 - a x + a F,  y' = x y - b x z - y + G,  z' = b x y + x z - z.

    The equations are those of `Lorenz84`, at the values under which the collections list them by this name.

    Reference:
        Lorenz (1984), Irregularity: a fundamental property of the atmosphere, Tellus A 36, 98-110.
    """

    variables = variables("x y z")
    reference = "Lorenz (1984), Irregularity: a fundamental property of the atmosphere, Tellus A 36, 98-110"
    start = (0.413, 0.96, 0.777)
    dt = 0.005

    a: Param = param(0.2, doc="damping of the current")
    b: Param = param(4.0, doc="advection of the waves")
    F: Param = param(9.0, doc="symmetric heating")
    G: Param = param(1.0, doc="asymmetric heating")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return (
            -(y_**2) - z**2 - self.a * x + self.a * self.F,
            x * y_ - self.b * x * z - y_ + self.G,
            self.b * x * y_ + x * z - z,
        )
