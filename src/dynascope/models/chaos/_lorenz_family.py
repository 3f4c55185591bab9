"""Relatives of the Lorenz system: quadratic flows with a rotation symmetry about the z axis, and their variants."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations


class BurkeShaw(AbstractEquations):
    """A relative of the Lorenz system in which the two wings wind around each other; it has no fixed point on its axis.

    x' = -s (x + y),  y' = -y - s x z,  z' = s x y + v.

    Reference:
        Shaw (1981), Strange attractors, chaotic behavior, and information flow, Zeitschrift fuer Naturforschung A 36,
        80-112.
    """

    variables = variables("x y z")
    reference = (
        "Shaw (1981), Strange attractors, chaotic behavior, and information flow, Zeitschrift fuer "
        "Naturforschung A 36, 80-112"
    )
    start = (-0.0455, 0.187, 0.0249)
    dt = 0.002

    s: Param = param(10.0, doc="coupling")
    v: Param = param(4.272, doc="constant growth of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -self.s * (x + y_), -y_ - self.s * x * z, self.s * x * y_ + self.v


class Chen(AbstractEquations):
    """The system found by controlling Lorenz's to stay chaotic, not equivalent to it.

    x' = a (y - x),  y' = (c - a) x - x z + c y,  z' = x y - b z.

    Reference:
        Chen & Ueta (1999), Yet another chaotic attractor, International Journal of Bifurcation and Chaos 9, 1465-1466.
    """

    variables = variables("x y z")
    reference = (
        "Chen & Ueta (1999), Yet another chaotic attractor, International Journal of Bifurcation and Chaos 9, 1465-1466"
    )
    start = (-14.5, -16.8, 23.5)
    dt = 0.001

    a: Param = param(35.0, doc="rate of x towards y")
    b: Param = param(3.0, doc="decay rate of z")
    c: Param = param(28.0, doc="growth rate of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x), (self.c - self.a) * x - x * z + self.c * y_, x * y_ - self.b * z


class DequanLi(AbstractEquations):
    """Three scrolls from a smooth quadratic flow.

    x' = a (y - x) + d x z,  y' = k x + f y - x z,  z' = c z + x y - e x^2.

    Reference:
        Li (2008), A three-scroll chaotic attractor, Physics Letters A 372, 387-393.
    """

    variables = variables("x y z")
    reference = "Li (2008), A three-scroll chaotic attractor, Physics Letters A 372, 387-393"
    start = (-53.6, -55.5, 233.0)
    dt = 0.0002

    a: Param = param(40.0, doc="rate of x towards y")
    c: Param = param(11.0 / 6.0, doc="growth rate of z")
    d: Param = param(0.16, doc="growth of x with z")
    e: Param = param(0.65, doc="loss of z with the square of x")
    k: Param = param(55.0, doc="feedback of x on y")
    f: Param = param(20.0, doc="growth rate of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x) + self.d * x * z, self.k * x + self.f * y_ - x * z, self.c * z + x * y_ - self.e * x**2


class Finance(AbstractEquations):
    """Interest rate, investment demand and prices.

    x' = (1 / b - a) x + z + x y,  y' = -b y - x^2,  z' = -x - c z.

    Reference:
        Cai & Huang (2007), A new finance chaotic attractor, International Journal of Nonlinear Science 3, 213-220.
    """

    variables = variables("x y z")
    reference = (
        "Cai & Huang (2007), A new finance chaotic attractor, International Journal of Nonlinear Science 3, 213-220"
    )
    start = (-0.637, -5.64, 1.11)
    dt = 0.02

    a: Param = param(0.001, doc="saving")
    b: Param = param(0.2, doc="cost per investment")
    c: Param = param(1.1, doc="elasticity of demand")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return (1 / self.b - self.a) * x + z + x * y_, -self.b * y_ - x**2, -x - self.c * z


class LuChen(AbstractEquations):
    """The bridge between the Lorenz and the Chen system: like the one at small c, like the other at large c (chaos from
    about 12.7 to 28.5).

    x' = a (y - x),  y' = -x z + c y,  z' = x y - b z.

    Reference:
        Lü & Chen (2002), A new chaotic attractor coined, International Journal of Bifurcation and Chaos 12, 659-661.
    """

    variables = variables("x y z")
    reference = (
        "Lü & Chen (2002), A new chaotic attractor coined, International Journal of Bifurcation and Chaos 12, 659-661"
    )
    start = (2.03, 1.11, 19.8)
    dt = 0.002

    a: Param = param(36.0, doc="rate of x towards y")
    b: Param = param(3.0, doc="decay rate of z")
    c: Param = param(20.0, doc="growth rate of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x), -x * z + self.c * y_, x * y_ - self.b * z


class PanXuZhou(AbstractEquations):
    """A relative of the Lorenz system whose second equation has no damping.

    x' = a (y - x),  y' = c x - x z,  z' = x y - b z.

    At the published c = 16 chaos is a transient that ends at one of two foci; these lose stability, and chaos lasts,
    above c = a (a + b) / (a - b), which is 17.27.

    Reference:
        Zhou, Xu, Lu & Pan (2008), On dynamics analysis of a new chaotic attractor, Physics Letters A 372, 5773-5777.
    """

    variables = variables("x y z")
    reference = (
        "Zhou, Xu, Lu & Pan (2008), On dynamics analysis of a new chaotic attractor, Physics Letters A 372, 5773-5777"
    )
    start = (9.1, 3.24, 26.4)
    dt = 0.002

    a: Param = param(10.0, doc="rate of x towards y")
    b: Param = param(8.0 / 3.0, doc="decay rate of z")
    c: Param = param(16.0, doc="feedback of x on y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x), self.c * x - x * z, x * y_ - self.b * z


class RayleighBenard(AbstractEquations):
    """Convection between plates, in the reduced form that circulates under this name.

    x' = a (y - x),  y' = r y - x z,  z' = x y - b z.

    The equations are those of `LuChen`, not the reduction of the equations of convection, which is `Lorenz` (there r
    multiplies x and y decays).

    Reference:
        Lü & Chen (2002), A new chaotic attractor coined, International Journal of Bifurcation and Chaos 12, 659-661.
    """

    variables = variables("x y z")
    reference = (
        "Lü & Chen (2002), A new chaotic attractor coined, International Journal of Bifurcation and Chaos 12, 659-661"
    )
    start = (-9.3, -11.3, 20.9)
    dt = 0.002

    a: Param = param(30.0, doc="rate of x towards y")
    b: Param = param(5.0, doc="decay rate of z")
    r: Param = param(18.0, doc="growth rate of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x), self.r * y_ - x * z, x * y_ - self.b * z


class SanUmSrisuchinwong(AbstractEquations):
    """Two scrolls in compound structure, from a modulus and a hyperbolic tangent.

    x' = y - x,  y' = -z tanh(x),  z' = -a + x y + |y|.

    Reference:
        San-Um & Srisuchinwong (2012), Highly complex chaotic system with piecewise linear nonlinearity and compound
        structures, Journal of Computers 7, 1041-1047.
    """

    variables = variables("x y z")
    reference = (
        "San-Um & Srisuchinwong (2012), Highly complex chaotic system with piecewise linear nonlinearity and "
        "compound structures, Journal of Computers 7, 1041-1047"
    )
    start = (-0.574, -0.821, 0.379)
    dt = 0.002

    a: Param = param(2.0, doc="constant loss of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ - x, -z * jnp.tanh(x), -self.a + x * y_ + jnp.abs(y_)


class ShimizuMorioka(AbstractEquations):
    """Lorenz's system at large Rayleigh number in simpler variables.

    x' = y,  y' = x (1 - z) - lam y,  z' = -alpha z + x^2.

    Reference:
        Shimizu & Morioka (1980), On the bifurcation of a symmetric limit cycle to an asymmetric one in a simple model,
        Physics Letters A 76, 201-204.
    """

    variables = variables("x y z")
    reference = (
        "Shimizu & Morioka (1980), On the bifurcation of a symmetric limit cycle to an asymmetric one in a "
        "simple model, Physics Letters A 76, 201-204"
    )
    start = (-0.347, 0.331, 1.2)
    dt = 0.02

    lam: Param = param(0.85, doc="friction")
    alpha: Param = param(0.5, doc="decay rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_, x * (1 - z) - self.lam * y_, -self.alpha * z + x**2


class Tsucs2(AbstractEquations):
    """The second three-scroll unified chaotic system.

    x' = a (y - x) + d x z,  y' = f y - x z,  z' = c z + x y - e x^2.

    Reference:
        Pan, Zhou & Li (2013), Synchronization of three-scroll unified chaotic system (TSUCS) and its hyper-chaotic
        system using active pinning control, Nonlinear Dynamics 73, 2059-2071.
    """

    variables = variables("x y z")
    reference = (
        "Pan, Zhou & Li (2013), Synchronization of three-scroll unified chaotic system (TSUCS) and its "
        "hyper-chaotic system using active pinning control, Nonlinear Dynamics 73, 2059-2071"
    )
    start = (-0.0609, 0.929, 36.8)
    dt = 0.0005

    a: Param = param(40.0, doc="rate of x towards y")
    c: Param = param(0.833, doc="growth rate of z")
    d: Param = param(0.5, doc="growth of x with z")
    e: Param = param(0.65, doc="loss of z with the square of x")
    f: Param = param(20.0, doc="growth rate of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x) + self.d * x * z, self.f * y_ - x * z, self.c * z + x * y_ - self.e * x**2


class YuWang(AbstractEquations):
    """A relative of the Lorenz system with an exponential growth of z.

    x' = a (y - x),  y' = b x - c x z,  z' = exp(x y) - d z.

    Reference:
        Yu & Wang (2012), A novel three dimension autonomous chaotic system with a quadratic exponential nonlinear term,
        Engineering, Technology and Applied Science Research 2, 209-215.
    """

    variables = variables("x y z")
    reference = (
        "Yu & Wang (2012), A novel three dimension autonomous chaotic system with a quadratic exponential "
        "nonlinear term, Engineering, Technology and Applied Science Research 2, 209-215"
    )
    start = (0.0825, 0.165, 8.56)
    dt = 0.0005

    a: Param = param(10.0, doc="rate of x towards y")
    b: Param = param(40.0, doc="feedback of x on y")
    c: Param = param(2.0, doc="quadratic feedback on y")
    d: Param = param(2.5, doc="decay rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x), self.b * x - self.c * x * z, jnp.exp(x * y_) - self.d * z


class YuWang2(AbstractEquations):
    """The variant of `YuWang` with a hyperbolic cosine.

    x' = a (y - x),  y' = b x - c x z,  z' = cosh(x y) - d z.

    Reference:
        Yu & Wang (2012), A novel three dimension autonomous chaotic system with a quadratic exponential nonlinear term,
        Engineering, Technology and Applied Science Research 2, 209-215.
    """

    variables = variables("x y z")
    reference = (
        "Yu & Wang (2012), A novel three dimension autonomous chaotic system with a quadratic exponential "
        "nonlinear term, Engineering, Technology and Applied Science Research 2, 209-215"
    )
    start = (2.24, 2.96, 20.6)
    dt = 0.001

    a: Param = param(10.0, doc="rate of x towards y")
    b: Param = param(30.0, doc="feedback of x on y")
    c: Param = param(2.0, doc="quadratic feedback on y")
    d: Param = param(2.5, doc="decay rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * (y_ - x), self.b * x - self.c * x * z, jnp.cosh(x * y_) - self.d * z
