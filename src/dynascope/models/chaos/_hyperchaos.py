"""Four-dimensional flows, most of them with two positive exponents."""

from typing import Any

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations


class HyperBao(AbstractEquations):
    """The Lü system with a fourth variable fed by x and by y z.

    x' = a (y - x) + w,  y' = c y - x z,  z' = x y - b z,  w' = e x + d y z.

    Reference:
        Bao & Liu (2008), A hyperchaotic attractor coined from chaotic Lü system, Chinese Physics Letters 25, 2396-2399.
    """

    variables = variables("x y z w")
    reference = (
        "Bao & Liu (2008), A hyperchaotic attractor coined from chaotic Lü system, Chinese Physics Letters "
        "25, 2396-2399"
    )
    start = (-10.4, -11.3, 14.6, -44.3)
    dt = 0.001

    a: Param = param(36.0, doc="rate of x towards y")
    b: Param = param(3.0, doc="decay rate of z")
    c: Param = param(20.0, doc="growth rate of y")
    d: Param = param(0.1, doc="quadratic feedback on w")
    e: Param = param(21.0, doc="feedback of x on w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x) + w, self.c * y_ - x * z, x * y_ - self.b * z, self.e * x + self.d * y_ * z


class HyperCai(AbstractEquations):
    """A relative of the Lorenz system in which the square of y feeds z, with a slow fourth variable.

    x' = a (y - x),  y' = b x + c y - x z + w,  z' = y^2 - d z,  w' = -e x.

    Reference:
        Wang, Cai, Miao & Tian (2010), Nonlinear feedback control of a novel hyperchaotic system and its circuit
        implementation, Chinese Physics B 19, 030509.
    """

    variables = variables("x y z w")
    reference = (
        "Wang, Cai, Miao & Tian (2010), Nonlinear feedback control of a novel hyperchaotic system and its "
        "circuit implementation, Chinese Physics B 19, 030509"
    )
    start = (1.7, 3.44, 20.6, -4.57)
    dt = 0.002

    a: Param = param(27.5, doc="rate of x towards y")
    b: Param = param(3.0, doc="feedback of x on y")
    c: Param = param(19.3, doc="growth rate of y")
    d: Param = param(2.9, doc="decay rate of z")
    e: Param = param(3.3, doc="feedback of x on w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x), self.b * x + self.c * y_ - x * z + w, y_**2 - self.d * z, -self.e * x


class HyperJia(AbstractEquations):
    """Hyperchaos from the Lorenz system by a fourth variable that feeds back on the first.

    x' = a (y - x) + w,  y' = c x - y - x z,  z' = x y - b z,  w' = d w - x z.

    Reference:
        Jia (2007), Hyperchaos generated from the Lorenz chaotic system and its control, Physics Letters A 366, 217-222.
    """

    variables = variables("x y z w")
    reference = (
        "Jia (2007), Hyperchaos generated from the Lorenz chaotic system and its control, Physics Letters A "
        "366, 217-222"
    )
    start = (-14.6, -8.86, 32.4, -30.2)
    dt = 0.001

    a: Param = param(10.0, doc="rate of x towards y")
    b: Param = param(8.0 / 3.0, doc="decay rate of z")
    c: Param = param(28.0, doc="feedback of x on y")
    d: Param = param(1.3, doc="growth rate of w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x) + w, self.c * x - y_ - x * z, x * y_ - self.b * z, self.d * w - x * z


class HyperLorenz(AbstractEquations):
    """The equations of `HyperJia` at a weaker growth of the fourth variable.

    x' = a (y - x) + w,  y' = c x - y - x z,  z' = x y - b z,  w' = d w - x z.

    Reference:
        Jia (2007), Hyperchaos generated from the Lorenz chaotic system and its control, Physics Letters A 366, 217-222.
    """

    variables = variables("x y z w")
    reference = (
        "Jia (2007), Hyperchaos generated from the Lorenz chaotic system and its control, Physics Letters A "
        "366, 217-222"
    )
    start = (-8.89, -3.39, 15.4, -117.0)
    dt = 0.002

    a: Param = param(10.0, doc="rate of x towards y")
    b: Param = param(8.0 / 3.0, doc="decay rate of z")
    c: Param = param(28.0, doc="feedback of x on y")
    d: Param = param(1.1, doc="growth rate of w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x) + w, self.c * x - y_ - x * z, x * y_ - self.b * z, self.d * w - x * z


class HyperLu(AbstractEquations):
    """The Lü system with a fourth variable that feeds back on the first.

    x' = a (y - x) + w,  y' = -x z + c y,  z' = x y - b z,  w' = x z + d w.

    Reference:
        Chen, Lu, Lü & Yu (2006), Generating hyperchaotic Lü attractor via state feedback control, Physica A 364,
        103-110.
    """

    variables = variables("x y z w")
    reference = (
        "Chen, Lu, Lü & Yu (2006), Generating hyperchaotic Lü attractor via state feedback control, Physica A "
        "364, 103-110"
    )
    start = (-5.58, -8.84, 10.4, 28.9)
    dt = 0.001

    a: Param = param(36.0, doc="rate of x towards y")
    b: Param = param(3.0, doc="decay rate of z")
    c: Param = param(20.0, doc="growth rate of y")
    d: Param = param(1.3, doc="growth rate of w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x) + w, -x * z + self.c * y_, x * y_ - self.b * z, x * z + self.d * w


class HyperPang(AbstractEquations):
    """The Lü system with a fourth variable that integrates x and y.

    x' = a (y - x),  y' = -x z + c y + w,  z' = x y - b z,  w' = -d x - e y.

    Reference:
        Pang & Liu (2011), A new hyperchaotic system from the Lü system and its control, Journal of Computational and
        Applied Mathematics 235, 2775-2789.
    """

    variables = variables("x y z w")
    reference = (
        "Pang & Liu (2011), A new hyperchaotic system from the Lü system and its control, Journal of "
        "Computational and Applied Mathematics 235, 2775-2789"
    )
    start = (15.9, 19.5, 18.9, -5.05)
    dt = 0.001

    a: Param = param(36.0, doc="rate of x towards y")
    b: Param = param(3.0, doc="decay rate of z")
    c: Param = param(20.0, doc="growth rate of y")
    d: Param = param(2.0, doc="feedback of x on w")
    e: Param = param(2.0, doc="feedback of y on w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x), -x * z + self.c * y_ + w, x * y_ - self.b * z, -self.d * x - self.e * y_


class HyperQi(AbstractEquations):
    """Four variables with a wide spectrum and two large positive exponents.

    x' = a (y - x) + y z,  y' = b (x + y) - x z,  z' = -c z - e w + x y,  w' = -d w + f z + x y.

    Reference:
        Qi, van Wyk, van Wyk & Chen (2008), On a new hyperchaotic system, Physics Letters A 372, 124-136.
    """

    variables = variables("x y z w")
    reference = "Qi, van Wyk, van Wyk & Chen (2008), On a new hyperchaotic system, Physics Letters A 372, 124-136"
    start = (-154.0, -80.9, 84.8, 312.0)
    dt = 5e-05

    a: Param = param(50.0, doc="rate of x towards y")
    b: Param = param(24.0, doc="growth rate of y")
    c: Param = param(13.0, doc="decay rate of z")
    d: Param = param(8.0, doc="decay rate of w")
    e: Param = param(33.0, doc="feedback of w on z")
    f: Param = param(30.0, doc="feedback of z on w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return (
            self.a * (y_ - x) + y_ * z,
            self.b * (x + y_) - x * z,
            -self.c * z - self.e * w + x * y_,
            -self.d * w + self.f * z + x * y_,
        )


class HyperRoessler(AbstractEquations):
    """The first equation for hyperchaos: a spiral that grows in two directions and is folded back.

    x' = -y - z,  y' = x + a y + w,  z' = b + x z,  w' = -c z + d w.

    Reference:
        Rössler (1979), An equation for hyperchaos, Physics Letters A 71, 155-157.
    """

    variables = variables("x y z w")
    reference = "Rössler (1979), An equation for hyperchaos, Physics Letters A 71, 155-157"
    start = (-9.47, 2.2, 0.839, 14.5)
    dt = 0.002

    a: Param = param(0.25, doc="growth rate of y")
    b: Param = param(3.0, doc="constant growth of z")
    c: Param = param(0.5, doc="feedback of z on w")
    d: Param = param(0.05, doc="growth rate of w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return -y_ - z, x + self.a * y_ + w, self.b + x * z, -self.c * z + self.d * w


class HyperWang(AbstractEquations):
    """The Liu system with a fourth variable that integrates x.

    x' = a (y - x),  y' = b x - x z + w,  z' = -c z + h x^2,  w' = -d x.

    Reference:
        Wang & Liu (2006), Hyperchaos evolved from the Liu chaotic system, Chinese Physics 15, 963-968.
    """

    variables = variables("x y z w")
    reference = "Wang & Liu (2006), Hyperchaos evolved from the Liu chaotic system, Chinese Physics 15, 963-968"
    start = (-0.108, 3.83, 49.5, -9.96)
    dt = 0.002

    a: Param = param(10.0, doc="rate of x towards y")
    b: Param = param(40.0, doc="feedback of x on y")
    c: Param = param(2.5, doc="decay rate of z")
    d: Param = param(10.6, doc="feedback of x on w")
    h: Param = param(4.0, doc="growth of z with the square of x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x), self.b * x - x * z + w, -self.c * z + self.h * x**2, -self.d * x


class HyperXu(AbstractEquations):
    """A Lorenz-like flow with a fourth variable that feeds back on the first.

    x' = a (y - x) + w,  y' = b x + e x z,  z' = -c z - x y,  w' = x z - d y.

    Reference:
        Xu, Cai & Zheng (2009), A novel hyperchaotic system and its control, Journal of Uncertain Systems 3, 137-144.
    """

    variables = variables("x y z w")
    reference = (
        "Xu, Cai & Zheng (2009), A novel hyperchaotic system and its control, Journal of Uncertain Systems 3, 137-144"
    )
    start = (0.472, 1.54, -2.09, -0.601)
    dt = 0.001

    a: Param = param(10.0, doc="rate of x towards y")
    b: Param = param(40.0, doc="feedback of x on y")
    c: Param = param(2.5, doc="decay rate of z")
    d: Param = param(2.0, doc="feedback of y on w")
    e: Param = param(16.0, doc="quadratic feedback on y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x) + w, self.b * x + self.e * x * z, -self.c * z - x * y_, x * z - self.d * y_


class HyperYan(AbstractEquations):
    """The Chen system with a fourth variable that damps z.

    x' = a (y - x),  y' = (c - a) x - x z + c y,  z' = -b z + x y - y z + x z - w,  w' = -d w + y z - x z.

    Reference:
        Yan (2005), Controlling hyperchaos in the new hyperchaotic Chen system, Applied Mathematics and Computation 168,
        1239-1250.
    """

    variables = variables("x y z w")
    reference = (
        "Yan (2005), Controlling hyperchaos in the new hyperchaotic Chen system, Applied Mathematics and "
        "Computation 168, 1239-1250"
    )
    start = (1.42, 3.29, 22.0, 1.4)
    dt = 0.001

    a: Param = param(37.0, doc="rate of x towards y")
    b: Param = param(3.0, doc="decay rate of z")
    c: Param = param(26.0, doc="growth rate of y")
    d: Param = param(38.0, doc="decay rate of w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return (
            self.a * (y_ - x),
            (self.c - self.a) * x - x * z + self.c * y_,
            -self.b * z + x * y_ - y_ * z + x * z - w,
            -self.d * w + y_ * z - x * z,
        )


class HyperYangChen(AbstractEquations):
    """The Yang-Chen system with a fourth variable that integrates x.

    x' = a (y - x),  y' = c x - x z + w,  z' = -b z + x y,  w' = -d x.

    Reference:
        Meier (2003), Presentation of attractors with cinema; after Yang & Chen (2008), A chaotic system with one saddle
        and two stable node-foci, International Journal of Bifurcation and Chaos 18, 1393-1414.
    """

    variables = variables("x y z w")
    reference = (
        "Meier (2003), Presentation of attractors with cinema; after Yang & Chen (2008), A chaotic system "
        "with one saddle and two stable node-foci, International Journal of Bifurcation and Chaos 18, "
        "1393-1414"
    )
    start = (-15.6, -16.2, 37.5, 1.67)
    dt = 0.002

    a: Param = param(30.0, doc="rate of x towards y")
    b: Param = param(3.0, doc="decay rate of z")
    c: Param = param(35.0, doc="feedback of x on y")
    d: Param = param(8.0, doc="feedback of x on w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x), self.c * x - x * z + w, -self.b * z + x * y_, -self.d * x


class LorenzStenflo(AbstractEquations):
    """Acoustic-gravity waves in a rotating atmosphere: the Lorenz system with a fourth variable for the rotation.

    x' = a (y - x) + d w,  y' = c x - x z - y,  z' = x y - b z,  w' = -x - a w.

    Reference:
        Stenflo (1996), Generalized Lorenz equations for acoustic-gravity waves in the atmosphere, Physica Scripta 53,
        83-84.
    """

    variables = variables("x y z w")
    reference = (
        "Stenflo (1996), Generalized Lorenz equations for acoustic-gravity waves in the atmosphere, Physica "
        "Scripta 53, 83-84"
    )
    start = (5.06, 7.56, 26.9, -1.78)
    dt = 0.005

    a: Param = param(2.0, doc="Prandtl number")
    b: Param = param(0.7, doc="decay rate of z")
    c: Param = param(26.0, doc="Rayleigh number over its critical value")
    d: Param = param(1.5, doc="rotation")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return self.a * (y_ - x) + self.d * w, self.c * x - x * z - y_, x * y_ - self.b * z, -x - self.a * w


class Qi(AbstractEquations):
    """Four variables, each with a cubic product of the three others.

    x' = a (y - x) + y z w,  y' = b (x + y) - x z w,  z' = -c z + x y w,  w' = -d w + x y z.

    Reference:
        Qi, Du, Chen, Chen & Yuan (2005), On a four-dimensional autonomous chaotic system, Chaos, Solitons and Fractals
        23, 1671-1682.
    """

    variables = variables("x y z w")
    reference = (
        "Qi, Du, Chen, Chen & Yuan (2005), On a four-dimensional autonomous chaotic system, Chaos, Solitons "
        "and Fractals 23, 1671-1682"
    )
    start = (-0.527, -0.311, 7.43, 1.74)
    dt = 0.0005

    a: Param = param(45.0, doc="rate of x towards y")
    b: Param = param(10.0, doc="growth rate of y")
    c: Param = param(1.0, doc="decay rate of z")
    d: Param = param(10.0, doc="decay rate of w")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z, w = y
        return (
            self.a * (y_ - x) + y_ * z * w,
            self.b * (x + y_) - x * z * w,
            -self.c * z + x * y_ * w,
            -self.d * w + x * y_ * z,
        )
