"""Populations that eat, infect and compete."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import Variable, variables
from ._equations import AbstractEquations


class Blasius(AbstractEquations):
    """Plants, herbivores and carnivores whose cycles keep one rhythm while their peaks vary.

    x' = a x - eaten,  y' = -b y + eaten - caught,  z' = -c (z - zs) + caught,  with eaten = alpha1 x y / (1 + k1 x),
    caught = alpha2 y z / (1 + k2 y).

    Reference:
        Blasius, Huppert & Stone (1999), Complex dynamics and phase synchronization in spatially extended ecological
        systems, Nature 399, 354-359.
    """

    variables = variables("x y z")
    reference = (
        "Blasius, Huppert & Stone (1999), Complex dynamics and phase synchronization in spatially extended "
        "ecological systems, Nature 399, 354-359"
    )
    start = (7.63, 12.5, 0.786)
    dt = 0.02

    a: Param = param(1.0, doc="growth rate of the plants")
    b: Param = param(1.0, doc="death rate of the herbivores")
    c: Param = param(10.0, doc="death rate of the carnivores")
    alpha1: Param = param(0.2, doc="grazing")
    alpha2: Param = param(1.0, doc="predation")
    k1: Param = param(0.05, doc="saturation of grazing")
    k2: Param = param(0.0, doc="saturation of predation")
    zs: Param = param(0.006, doc="carnivores that live on other prey")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        eaten = self.alpha1 * x * y_ / (1 + self.k1 * x)
        caught = self.alpha2 * y_ * z / (1 + self.k2 * y_)
        return self.a * x - eaten, -self.b * y_ + eaten - caught, -self.c * (z - self.zs) + caught


class HastingsPowell(AbstractEquations):
    """A food chain of three species with saturating consumption; its attractor has the shape of a teacup.

    x' = x (1 - x) - f1 y,  y' = f1 y - f2 z - d1 y,  z' = f2 z - d2 z,  with f1 = a1 x / (1 + b1 x),  f2 = a2 y / (1 +
    b2 y).

    Reference:
        Hastings & Powell (1991), Chaos in a three-species food chain, Ecology 72, 896-903.
    """

    variables = variables("x y z")
    reference = "Hastings & Powell (1991), Chaos in a three-species food chain, Ecology 72, 896-903"
    start = (0.981, 0.0151, 8.68)
    dt = 0.1

    a1: Param = param(5.0, doc="attack rate of the consumer")
    a2: Param = param(0.1, doc="attack rate of the predator")
    b1: Param = param(3.0, doc="saturation of the consumer")
    b2: Param = param(2.0, doc="saturation of the predator")
    d1: Param = param(0.4, doc="death rate of the consumer")
    d2: Param = param(0.01, doc="death rate of the predator")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        f1 = self.a1 * x / (1 + self.b1 * x)
        f2 = self.a2 * y_ / (1 + self.b2 * y_)
        return x * (1 - x) - f1 * y_, f1 * y_ - f2 * z - self.d1 * y_, f2 * z - self.d2 * z


class ItikBanksTumor(AbstractEquations):
    """Tumour cells, healthy cells and effector cells of the immune system.

    x' = x (1 - x) - a12 x y - a13 x z,  y' = r2 y (1 - y) - a21 x y,  z' = r3 x z / (x + k3) - a31 x z - d3 z.

    Reference:
        Itik & Banks (2010), Chaos in a three-dimensional cancer model, International Journal of Bifurcation and Chaos
        20, 71-79.
    """

    variables = variables("x y z")
    reference = (
        "Itik & Banks (2010), Chaos in a three-dimensional cancer model, International Journal of Bifurcation "
        "and Chaos 20, 71-79"
    )
    start = (0.0311, 0.927, 0.000235)
    dt = 0.05

    a12: Param = param(1.0, doc="loss of tumour to healthy cells")
    a13: Param = param(2.5, doc="loss of tumour to effectors")
    a21: Param = param(1.5, doc="loss of healthy cells to tumour")
    a31: Param = param(0.2, doc="loss of effectors to tumour")
    d3: Param = param(0.5, doc="death rate of effectors")
    k3: Param = param(1.0, doc="half saturation of the response")
    r2: Param = param(0.6, doc="growth rate of healthy cells")
    r3: Param = param(4.5, doc="recruitment of effectors")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return (
            x * (1 - x) - self.a12 * x * y_ - self.a13 * x * z,
            self.r2 * y_ * (1 - y_) - self.a21 * x * y_,
            self.r3 * x * z / (x + self.k3) - self.a31 * x * z - self.d3 * z,
        )


class SaltonSea(AbstractEquations):
    """Healthy fish, infected fish and the birds that eat these.

    x' = r x (1 - (x + y) / k) - lam x y,  y' = lam x y - m caught - mu y,  z' = th caught - d z,  with caught = y z /
    (y + a).

    Reference:
        Upadhyay, Bairagi, Kundu & Chattopadhyay (2008), Chaos in eco-epidemiological problem of the Salton Sea and its
        possible control, Applied Mathematics and Computation 196, 392-401.
    """

    variables = variables("x y z")
    reference = (
        "Upadhyay, Bairagi, Kundu & Chattopadhyay (2008), Chaos in eco-epidemiological problem of the Salton "
        "Sea and its possible control, Applied Mathematics and Computation 196, 392-401"
    )
    start = (140.0, 130.0, 55.3)
    dt = 0.005

    r: Param = param(22.0, doc="growth rate of healthy fish")
    k: Param = param(400.0, doc="capacity")
    lam: Param = param(0.06, doc="infection")
    m: Param = param(15.5, doc="predation")
    a: Param = param(15.0, doc="half saturation of predation")
    mu: Param = param(3.4, doc="death rate of infected fish")
    th: Param = param(10.0, doc="growth of birds per catch")
    d: Param = param(8.3, doc="death rate of birds")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        caught = y_ * z / (y_ + self.a)
        return (
            self.r * x * (1 - (x + y_) / self.k) - self.lam * x * y_,
            self.lam * x * y_ - self.m * caught - self.mu * y_,
            self.th * caught - self.d * z,
        )


class TurchinHanski(AbstractEquations):
    """Voles and weasels under the seasons of the north.

    n' = season r n - r n^2 - g n^2 / (n^2 + h^2) - a n p / (n + d),  p' = season s p - s p^2 / n,  phi' = omega,  with
    season = 1 - e sin(phi).

    Reference:
        Turchin & Hanski (1997), An empirically based model for latitudinal gradient in vole population dynamics, The
        American Naturalist 149, 842-874.
    """

    variables = (*variables("n p"), Variable("phi", topology="circle"))
    reference = (
        "Turchin & Hanski (1997), An empirically based model for latitudinal gradient in vole population "
        "dynamics, The American Naturalist 149, 842-874"
    )
    start = (0.865, 0.0755, 3.1)
    dt = 0.002

    r: Param = param(8.12, doc="growth rate of prey")
    e: Param = param(0.5, doc="strength of the seasons")
    g: Param = param(0.1, doc="generalist predation")
    h: Param = param(0.8, doc="half saturation of generalists")
    a: Param = param(8.0, doc="specialist predation")
    d: Param = param(0.04, doc="half saturation of specialists")
    s: Param = param(1.25, doc="growth rate of predators")
    omega: Param = param(6.283185307179586, doc="frequency of the seasons")

    def rates(self, y: State) -> tuple[Any, ...]:
        n, p, phi = y
        season = 1 - self.e * jnp.sin(phi)
        return (
            season * self.r * n - self.r * n**2 - self.g * n**2 / (n**2 + self.h**2) - self.a * n * p / (n + self.d),
            season * self.s * p - self.s * p**2 / n,
            self.omega,
        )
