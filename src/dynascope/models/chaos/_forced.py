"""Oscillators under periodic force, and quasi-periodic motion."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import Variable, variables
from ._equations import AbstractEquations


class ArnoldWeb(AbstractEquations):
    """Two coupled rotators and a clock, nearly integrable: slow diffusion along the web of resonances.

    p1' = -mu sin(x1) / D^2,  p2' = -mu sin(x2) / D^2,  x1' = p1,  x2' = p2,  z' = w,  with D = 4 + cos(x1) + cos(x2) +
    cos(z).

    Reference:
        Froeschlé, Guzzo & Lega (2000), Graphical evolution of the Arnold web: from order to chaos, Science 289,
        2108-2110.
    """

    variables = (
        *variables("p1 p2"),
        Variable("x1", topology="circle"),
        Variable("x2", topology="circle"),
        Variable("z", topology="circle"),
    )
    reference = (
        "Froeschlé, Guzzo & Lega (2000), Graphical evolution of the Arnold web: from order to chaos, Science "
        "289, 2108-2110"
    )
    start = (0.0929, 0.0687, 3.04, 2.24, 3.45)
    dt = 0.1

    mu: Param = param(0.01, doc="perturbation")
    w: Param = param(1.0, doc="frequency of the clock")

    def rates(self, y: State) -> tuple[Any, ...]:
        p1, p2, x1, x2, z = y
        D = 4 + jnp.cos(x1) + jnp.cos(x2) + jnp.cos(z)
        return -self.mu * jnp.sin(x1) / D**2, -self.mu * jnp.sin(x2) / D**2, p1, p2, self.w


class FluidTrampoline(AbstractEquations):
    """A droplet that bounces on a vibrated soap film: a one-sided spring in free fall.

    x' = y,  y' = -1 - film + gamma cos(theta),  theta' = omega,  with film = x + psi y |y| while x < 0
    and 0 in flight. At the default values chaos is a long transient that ends in a periodic bounce.

    Reference:
        Gilet & Bush (2009), The fluid trampoline: droplets bouncing on a soap film, Journal of Fluid Mechanics 625,
        167-203.
    """

    variables = (*variables("x y"), Variable("theta", topology="circle"))
    reference = (
        "Gilet & Bush (2009), The fluid trampoline: droplets bouncing on a soap film, Journal of Fluid "
        "Mechanics 625, 167-203"
    )
    start = (2.86, -2.7, 5.45)
    dt = 0.005

    gamma: Param = param(1.82, doc="acceleration of the film")
    psi: Param = param(0.01019, doc="loss in the film")
    omega: Param = param(1.21, doc="frequency")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, theta = y
        film = jnp.where(x < 0, x + self.psi * y_ * jnp.abs(y_), 0)
        return y_, -1 - film + self.gamma * jnp.cos(theta), self.omega


class ForcedFitzHughNagumo(AbstractEquations):
    """An excitable neuron under a periodic current; period doubling leads to chaos.

    v' = v - v^3 / 3 - w + I + f sin(phi),  w' = c (v + a - b w),  phi' = omega.

    Reference:
        Rajasekar & Lakshmanan (1988), Period doubling route to chaos for a BVP oscillator with periodic external force,
        Journal of Theoretical Biology 133, 473-477.
    """

    variables = (*variables("v w"), Variable("phi", topology="circle"))
    reference = (
        "Rajasekar & Lakshmanan (1988), Period doubling route to chaos for a BVP oscillator with periodic "
        "external force, Journal of Theoretical Biology 133, 473-477"
    )
    start = (-1.83, -0.377, 4.87)
    dt = 0.05

    a: Param = param(0.7, doc="offset of the recovery")
    b: Param = param(0.8, doc="decay of the recovery")
    c: Param = param(0.1, doc="rate of the recovery")
    I: Param = param(0.0, doc="constant current")
    f: Param = param(0.74, doc="amplitude of the force")
    omega: Param = param(1.0, doc="frequency of the force")

    def rates(self, y: State) -> tuple[Any, ...]:
        v, w, phi = y
        return v - v**3 / 3 - w + self.I + self.f * jnp.sin(phi), self.c * (v + self.a - self.b * w), self.omega


class ForcedVanDerPol(AbstractEquations):
    """The van der Pol oscillator under a periodic force.

    x' = y,  y' = mu (1 - x^2) y - x + a sin(phi),  phi' = omega.

    Reference:
        Parlitz & Lauterborn (1987), Period-doubling cascades and devil's staircases of the driven van der Pol
        oscillator, Physical Review A 36, 1428-1434.
    """

    variables = (*variables("x y"), Variable("phi", topology="circle"))
    reference = (
        "Parlitz & Lauterborn (1987), Period-doubling cascades and devil's staircases of the driven van der "
        "Pol oscillator, Physical Review A 36, 1428-1434"
    )
    start = (-1.04, 1.07, 2.91)
    dt = 0.002

    mu: Param = param(5.0, doc="non-linear friction")
    a: Param = param(5.0, doc="amplitude of the force")
    omega: Param = param(2.466, doc="frequency of the force")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, phi = y
        return y_, self.mu * (1 - x**2) * y_ - x + self.a * jnp.sin(phi), self.omega


class StickSlipOscillator(AbstractEquations):
    """A mass with a double-well spring on a moving belt with dry friction, weakly forced.

    x' = v,  v' = eps (gamma cos(theta) - T) + a x - b x^3,  theta' = omega,  with s = v - vs and the friction
    T = t0 sign(s) - alpha s + beta s^3, where sign(s) is tanh(s / width): it sticks by creeping.

    Reference:
        Awrejcewicz & Holicke (1999), Melnikov's method and stick-slip chaotic oscillations in very weakly forced
        mechanical systems, International Journal of Bifurcation and Chaos 9, 505-518.
    """

    variables = (*variables("x v"), Variable("theta", topology="circle"))
    reference = (
        "Awrejcewicz & Holicke (1999), Melnikov's method and stick-slip chaotic oscillations in very weakly "
        "forced mechanical systems, International Journal of Bifurcation and Chaos 9, 505-518"
    )
    start = (0.79, 0.304, 4.1)
    dt = 0.01

    a: Param = param(1.0, doc="linear repulsion")
    b: Param = param(1.0, doc="cubic spring")
    eps: Param = param(0.05, doc="size of force and friction")
    gamma: Param = param(1.0, doc="amplitude of the force")
    omega: Param = param(2.0, doc="frequency of the force")
    t0: Param = param(0.3, doc="dry friction")
    width: Param = param(0.01, doc="width of the switch of dry friction", bounds=(1e-12, None))
    alpha: Param = param(0.3, doc="decrease of friction with speed")
    beta: Param = param(0.3, doc="cubic friction")
    vs: Param = param(0.4, doc="speed of the belt")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, v, theta = y
        s = v - self.vs
        T = self.t0 * jnp.tanh(s / self.width) - self.alpha * s + self.beta * s**3
        return v, self.eps * (self.gamma * jnp.cos(theta) - T) + self.a * x - self.b * x**3, self.omega


class Torus(AbstractEquations):
    """Quasi-periodic motion on nested tori, all exponents zero: one turn the long way while n turns the short way.

    x' = -y - n z x / rho,  y' = x - n z y / rho,  z' = n (rho - r),  with rho = sqrt(x^2 + y^2).

    The start chooses the torus: the radius of the tube stays what it was.

    Reference:
        Strogatz (1994), Nonlinear dynamics and chaos, section 8.6.
    """

    variables = variables("x y z")
    reference = "Strogatz (1994), Nonlinear dynamics and chaos, section 8.6"
    start = (1.5, 0.0, 0.0)
    dt = 0.002

    n: Param = param(15.297058540778355, doc="turns the short way for one the long way (the root of 234)")
    r: Param = param(1.0, doc="radius of the centre of the tube")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        rho = jnp.sqrt(x**2 + y_**2)
        return -y_ - self.n * z * x / rho, x - self.n * z * y_ / rho, self.n * (rho - self.r)
