"""Jerk equations x''' = f(x, x', x'') and their kin."""

from typing import Any

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations


class Arneodo(AbstractEquations):
    """A cubic jerk equation near a homoclinic orbit of Shilnikov's type.

    x' = y,  y' = z,  z' = -a x - b y - c z + d x^3.

    Reference:
        Arneodo, Coullet & Tresser (1981), Possible new strange attractors with spiral structure, Communications in
        Mathematical Physics 79, 573-579.
    """

    variables = variables("x y z")
    reference = (
        "Arneodo, Coullet & Tresser (1981), Possible new strange attractors with spiral structure, "
        "Communications in Mathematical Physics 79, 573-579"
    )
    start = (0.725, 2.0, 1.87)
    dt = 0.01

    a: Param = param(-5.5, doc="linear restoring force")
    b: Param = param(4.5, doc="damping")
    c: Param = param(1.0, doc="decay rate of z")
    d: Param = param(-1.0, doc="cubic force")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_, z, -self.a * x - self.b * y_ - self.c * z + self.d * x**3


class Coullet(AbstractEquations):
    """The cubic jerk equation of `Arneodo` at weaker forces, after a period-doubling cascade.

    x' = y,  y' = z,  z' = -a x - b y - c z + d x^3.

    Reference:
        Coullet, Tresser & Arneodo (1979), Transition to stochasticity for a class of forced oscillators, Physics
        Letters A 72, 268-270.
    """

    variables = variables("x y z")
    reference = (
        "Coullet, Tresser & Arneodo (1979), Transition to stochasticity for a class of forced oscillators, "
        "Physics Letters A 72, 268-270"
    )
    start = (0.131, -0.385, 0.505)
    dt = 0.02

    a: Param = param(-0.8, doc="linear restoring force")
    b: Param = param(1.1, doc="damping")
    c: Param = param(0.45, doc="decay rate of z")
    d: Param = param(-1.0, doc="cubic force")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_, z, -self.a * x - self.b * y_ - self.c * z + self.d * x**3


class GenesioTesi(AbstractEquations):
    """A quadratic jerk equation in which harmonic balance predicts the chaos.

    x' = y,  y' = z,  z' = -c x - b y - a z + x^2.

    Reference:
        Genesio & Tesi (1992), Harmonic balance methods for the analysis of chaotic dynamics in nonlinear systems,
        Automatica 28, 531-548.
    """

    variables = variables("x y z")
    reference = (
        "Genesio & Tesi (1992), Harmonic balance methods for the analysis of chaotic dynamics in nonlinear "
        "systems, Automatica 28, 531-548"
    )
    start = (0.0917, -0.506, 0.195)
    dt = 0.02

    a: Param = param(0.44, doc="decay rate of z")
    b: Param = param(1.1, doc="damping")
    c: Param = param(1.0, doc="linear restoring force")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_, z, -self.c * x - self.b * y_ - self.a * z + x**2


class Rucklidge(AbstractEquations):
    """Double convection in a horizontal layer with lateral constraints.

    x' = -kappa x + lam y - y z,  y' = x,  z' = -z + y^2.

    Reference:
        Rucklidge (1992), Chaos in models of double convection, Journal of Fluid Mechanics 237, 209-229.
    """

    variables = variables("x y z")
    reference = "Rucklidge (1992), Chaos in models of double convection, Journal of Fluid Mechanics 237, 209-229"
    start = (-3.52, 0.26, 8.02)
    dt = 0.01

    kappa: Param = param(2.0, doc="friction")
    lam: Param = param(6.7, doc="buoyancy")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -self.kappa * x + self.lam * y_ - y_ * z, x, -z + y_**2
