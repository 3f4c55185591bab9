"""Quadratic and cubic flows with several wings or scrolls."""

from typing import Any

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations


class Aizawa(AbstractEquations):
    """A sphere-like attractor with a tube through its axis, from the bifurcations of an invariant torus.

    x' = (z - b) x - d y,  y' = d x + (z - b) y,  z' = c + a z - z^3 / 3 - (x^2 + y^2) (1 + e z) + f z x^3.

    Reference:
        Langford (1984), Numerical studies of torus bifurcations, in Numerical methods for bifurcation problems,
        Birkhaeuser, 285-295; after Aizawa & Uezu (1982), Progress of Theoretical Physics 67, 982-985.
    """

    variables = variables("x y z")
    reference = (
        "Langford (1984), Numerical studies of torus bifurcations, in Numerical methods for bifurcation "
        "problems, Birkhaeuser, 285-295; after Aizawa & Uezu (1982), Progress of Theoretical Physics 67, "
        "982-985"
    )
    start = (-0.71, -0.975, 1.37)
    dt = 0.005

    a: Param = param(0.95, doc="growth rate of z")
    b: Param = param(0.7, doc="height at which the radius is at rest")
    c: Param = param(0.6, doc="constant growth of z")
    d: Param = param(3.5, doc="rotation rate")
    e: Param = param(0.25, doc="growth of the radial feedback with z")
    f: Param = param(0.1, doc="asymmetry")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return (
            (z - self.b) * x - self.d * y_,
            self.d * x + (z - self.b) * y_,
            self.c + self.a * z - z**3 / 3 - (x**2 + y_**2) * (1 + self.e * z) + self.f * z * x**3,
        )


class Bouali(AbstractEquations):
    """An extended van der Pol equation with a feedback loop, whose attractor has a stretched loop.

    x' = x (a - y) + alpha z,  y' = -y (1 - x^2),  z' = -x (b - s z) - c z.

    Reference:
        Bouali (2012), A novel strange attractor with a stretched loop, Nonlinear Dynamics 70, 2375-2381.
    """

    variables = variables("x y z")
    reference = "Bouali (2012), A novel strange attractor with a stretched loop, Nonlinear Dynamics 70, 2375-2381"
    start = (-0.757, 3.55, 0.389)
    dt = 0.005

    a: Param = param(4.0, doc="level of y at which x is at rest")
    alpha: Param = param(0.3, doc="feedback of z on x")
    b: Param = param(1.5, doc="feedback of x on z")
    s: Param = param(1.0, doc="quadratic feedback on z")
    c: Param = param(0.05, doc="decay rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return x * (self.a - y_) + self.alpha * z, -y_ * (1 - x**2), -x * (self.b - self.s * z) - self.c * z


class Bouali2(AbstractEquations):
    """The extended van der Pol equation with a slow linear feedback, whose attractor has the outline of a bottle.

    x' = alpha x (1 - y) - beta z,  y' = -gamma y (1 - x^2),  z' = mu x.

    Reference:
        Bouali (2013), A 3D strange attractor with a distinctive silhouette: the butterfly effect revisited,
        arXiv:1311.6128.
    """

    variables = variables("x y z")
    reference = (
        "Bouali (2013), A 3D strange attractor with a distinctive silhouette: the butterfly effect revisited, "
        "arXiv:1311.6128"
    )
    start = (0.679, 1.76, -0.113)
    dt = 0.01

    alpha: Param = param(3.0, doc="growth rate of x")
    beta: Param = param(2.2, doc="feedback of z on x")
    gamma: Param = param(1.0, doc="rate of y")
    mu: Param = param(0.004, doc="rate of the slow feedback")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.alpha * x * (1 - y_) - self.beta * z, -self.gamma * y_ * (1 - x**2), self.mu * x


class ChenLee(AbstractEquations):
    """Euler's equations of a rigid body with linear feedback that makes them chaotic.

    x' = a x - y z,  y' = b y + x z,  z' = c z + x y / 3.

    Reference:
        Chen & Lee (2004), Anti-control of chaos in rigid body motion, Chaos, Solitons and Fractals 21, 957-965.
    """

    variables = variables("x y z")
    reference = (
        "Chen & Lee (2004), Anti-control of chaos in rigid body motion, Chaos, Solitons and Fractals 21, 957-965"
    )
    start = (19.1, 22.0, 15.9)
    dt = 0.001

    a: Param = param(5.0, doc="growth rate of x")
    b: Param = param(-10.0, doc="growth rate of y")
    c: Param = param(-3.8, doc="growth rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * x - y_ * z, self.b * y_ + x * z, self.c * z + x * y_ / 3


class Laser(AbstractEquations):
    """A cubic-quadratic flow with two wings, listed as a model of a laser.

    x' = a (y - x) + b y z^2,  y' = c x + d x z^2,  z' = h z + k x^2.

    Reference:
        Abooee, Yaghini-Bonabi & Jahed-Motlagh (2013), Analysis and circuitry realization of a novel three-dimensional
        chaotic system, Communications in Nonlinear Science and Numerical Simulation 18, 1235-1245.
    """

    variables = variables("x y z")
    reference = (
        "Abooee, Yaghini-Bonabi & Jahed-Motlagh (2013), Analysis and circuitry realization of a novel "
        "three-dimensional chaotic system, Communications in Nonlinear Science and Numerical Simulation 18, "
        "1235-1245"
    )
    start = (-1.36, -1.66, -1.13)
    dt = 0.001

    a: Param = param(10.0, doc="rate of x towards y")
    b: Param = param(1.0, doc="cubic feedback on x")
    c: Param = param(5.0, doc="feedback of x on y")
    d: Param = param(-1.0, doc="cubic feedback on y")
    h: Param = param(-5.0, doc="growth rate of z")
    k: Param = param(-6.0, doc="growth of z with the square of x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x) + self.b * y_ * z**2, self.c * x + self.d * x * z**2, self.h * z + self.k * x**2


class LiuChen(AbstractEquations):
    """Two double scrolls that belong together, from three quadratic terms.

    x' = a x - y z,  y' = -b y + x z,  z' = -c z + x y.

    Reference:
        Liu & Chen (2004), Can a three-dimensional smooth autonomous quadratic chaotic system generate a single
        four-scroll attractor?, International Journal of Bifurcation and Chaos 14, 1395-1403.
    """

    variables = variables("x y z")
    reference = (
        "Liu & Chen (2004), Can a three-dimensional smooth autonomous quadratic chaotic system generate a "
        "single four-scroll attractor?, International Journal of Bifurcation and Chaos 14, 1395-1403"
    )
    start = (-12.5, 0.136, -0.173)
    dt = 0.001

    a: Param = param(0.5, doc="growth rate of x")
    b: Param = param(10.0, doc="decay rate of y")
    c: Param = param(4.0, doc="decay rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * x - y_ * z, -self.b * y_ + x * z, -self.c * z + x * y_


class LuChenCheng(AbstractEquations):
    """A four-scroll flow that contains the forms of Lorenz, Chen and Lü.

    x' = -a b / (a + b) x - y z + c,  y' = a y + x z,  z' = b z + x y.

    Reference:
        Lü, Chen & Cheng (2004), A new chaotic system and beyond: the generalized Lorenz-like system, International
        Journal of Bifurcation and Chaos 14, 1507-1537.
    """

    variables = variables("x y z")
    reference = (
        "Lü, Chen & Cheng (2004), A new chaotic system and beyond: the generalized Lorenz-like system, "
        "International Journal of Bifurcation and Chaos 14, 1507-1537"
    )
    start = (12.0, 5.18, 6.94)
    dt = 0.001

    a: Param = param(-10.0, doc="growth rate of y")
    b: Param = param(-4.0, doc="growth rate of z")
    c: Param = param(18.1, doc="constant growth of x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -self.a * self.b / (self.a + self.b) * x - y_ * z + self.c, self.a * y_ + x * z, self.b * z + x * y_


class NewtonLeipnik(AbstractEquations):
    """A rigid body with linear feedback: two strange attractors side by side.

    x' = -a x + y + 10 y z,  y' = -x - 0.4 y + 5 x z,  z' = b z - 5 x y.

    Reference:
        Leipnik & Newton (1981), Double strange attractors in rigid body motion with linear feedback control, Physics
        Letters A 86, 63-67.
    """

    variables = variables("x y z")
    reference = (
        "Leipnik & Newton (1981), Double strange attractors in rigid body motion with linear feedback "
        "control, Physics Letters A 86, 63-67"
    )
    start = (-0.182, -0.082, 0.413)
    dt = 0.01

    a: Param = param(0.4, doc="friction of x and of y")
    b: Param = param(0.175, doc="growth rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -self.a * x + y_ + 10 * y_ * z, -x - 0.4 * y_ + 5 * x * z, self.b * z - 5 * x * y_


class QiChen(AbstractEquations):
    """A flow with a quadratic term in each equation, that has two or four wings.

    x' = a (y - x) + e y z,  y' = c x + d y - x z,  z' = x y - b z.

    Reference:
        Qi, Chen, van Wyk, van Wyk & Zhang (2008), A four-wing chaotic attractor generated from a new 3-D quadratic
        autonomous system, Chaos, Solitons and Fractals 38, 705-721.
    """

    variables = variables("x y z")
    reference = (
        "Qi, Chen, van Wyk, van Wyk & Zhang (2008), A four-wing chaotic attractor generated from a new 3-D "
        "quadratic autonomous system, Chaos, Solitons and Fractals 38, 705-721"
    )
    start = (11.4, 5.14, 78.7)
    dt = 0.0005

    a: Param = param(38.0, doc="rate of x towards y")
    b: Param = param(2.666, doc="decay rate of z")
    c: Param = param(80.0, doc="feedback of x on y")
    d: Param = param(1.0, doc="growth rate of y")
    e: Param = param(1.0, doc="quadratic feedback on x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x) + self.e * y_ * z, self.c * x + self.d * y_ - x * z, x * y_ - self.b * z


class Sakarya(AbstractEquations):
    """Four wings, born when two coexisting attractors merge.

    x' = -x + y + y z,  y' = -x - y + a x z,  z' = z - b x y.

    Reference:
        Li, Pehlivan, Sprott & Akgul (2015), A novel four-wing strange attractor born in bistability, IEICE Electronics
        Express 12, 20141116.
    """

    variables = variables("x y z")
    reference = (
        "Li, Pehlivan, Sprott & Akgul (2015), A novel four-wing strange attractor born in bistability, IEICE "
        "Electronics Express 12, 20141116"
    )
    start = (-10.0, -2.32, 0.586)
    dt = 0.002

    a: Param = param(0.4, doc="quadratic feedback on y")
    b: Param = param(0.3, doc="quadratic feedback on z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -x + y_ + y_ * z, -x - y_ + self.a * x * z, z - self.b * x * y_


class WangSun(AbstractEquations):
    """Four wings, each quadratic term a product of the two other variables.

    x' = a x + c y z,  y' = b x + d y - x z,  z' = e z + f x y.

    Reference:
        Wang, Sun, van Wyk, Qi & van Wyk (2009), A 3-D four-wing attractor and its analysis, Brazilian Journal of
        Physics 39, 547-553.
    """

    variables = variables("x y z")
    reference = (
        "Wang, Sun, van Wyk, Qi & van Wyk (2009), A 3-D four-wing attractor and its analysis, Brazilian "
        "Journal of Physics 39, 547-553"
    )
    start = (-0.878, 0.0236, 0.0129)
    dt = 0.02

    a: Param = param(0.2, doc="growth rate of x")
    b: Param = param(-0.01, doc="feedback of x on y")
    c: Param = param(1.0, doc="quadratic feedback on x")
    d: Param = param(-0.4, doc="growth rate of y")
    e: Param = param(-1.0, doc="growth rate of z")
    f: Param = param(-1.0, doc="quadratic feedback on z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * x + self.c * y_ * z, self.b * x + self.d * y_ - x * z, self.e * z + self.f * x * y_


class ZhouChen(AbstractEquations):
    """Three layers of wings, from a feedback circuit.

    x' = a x + b y + y z,  y' = c y - x z + d y z,  z' = e z - x y.

    Reference:
        Zhou & Chen (2004), A simple smooth chaotic system with a 3-layer attractor, International Journal of
        Bifurcation and Chaos 14, 1795-1799.
    """

    variables = variables("x y z")
    reference = (
        "Zhou & Chen (2004), A simple smooth chaotic system with a 3-layer attractor, International Journal "
        "of Bifurcation and Chaos 14, 1795-1799"
    )
    start = (8.5, 7.42, -8.45)
    dt = 0.0005

    a: Param = param(2.97, doc="growth rate of x")
    b: Param = param(0.15, doc="feedback of y on x")
    c: Param = param(-3.0, doc="growth rate of y")
    d: Param = param(1.0, doc="quadratic feedback on y")
    e: Param = param(-8.78, doc="growth rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * x + self.b * y_ + y_ * z, self.c * y_ - x * z + self.d * y_ * z, self.e * z - x * y_
