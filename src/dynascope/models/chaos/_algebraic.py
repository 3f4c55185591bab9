"""Relatives of the Lorenz flow (confined, coupled, on a ring), and other flows of a few algebraic terms."""

from typing import Any

import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable, variables
from .._array import like
from ._equations import AbstractEquations


class LorenzBounded(AbstractEquations):
    """The Lorenz flow, slowed down and turned back at a sphere, so that no orbit escapes.

    (x', y', z') = (sigma (y - x), x (rho - z) - y, x y - beta z) (1 - (x^2 + y^2 + z^2) / r^2).

    Reference:
        Sprott & Xiong (2015), Classifying and quantifying basins of attraction, Chaos 25, 083101.
    """

    variables = variables("x y z")
    reference = "Sprott & Xiong (2015), Classifying and quantifying basins of attraction, Chaos 25, 083101"
    start = (-10.5, -15.7, 22.2)
    dt = 0.002

    sigma: Param = param(10.0, doc="Prandtl number")
    rho: Param = param(28.0, doc="Rayleigh number over its critical value")
    beta: Param = param(8.0 / 3.0, doc="aspect ratio of the rolls")
    r: Param = param(64.0, doc="radius of the sphere")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        inside = 1.0 - (x * x + y_ * y_ + z * z) / self.r**2
        return (
            self.sigma * (y_ - x) * inside,
            (x * (self.rho - z) - y_) * inside,
            (x * y_ - self.beta * z) * inside,
        )


class LorenzCoupled(AbstractEquations):
    """A chaotic Lorenz flow that drives a second one, which by itself would rest.

    x1' = sigma (y1 - x1),  y1' = x1 (rho1 - z1) - y1,  z1' = x1 y1 - beta z1,
    x2' = sigma (y2 - x2) + eps (x1 - x2),  y2' = x2 (rho2 - z2) - y2,  z2' = x2 y2 - beta z2.

    Reference:
        Lorenz (1963), Deterministic nonperiodic flow, Journal of the Atmospheric Sciences 20, 130-141; coupling in one
        direction as in Rulkov, Sushchik, Tsimring & Abarbanel (1995), Physical Review E 51, 980-994.
    """

    variables = variables("x1 y1 z1 x2 y2 z2")
    reference = "Lorenz (1963), Deterministic nonperiodic flow, J. Atmos. Sci. 20, 130-141"
    start = (-11.1, -17.7, 26.9, -1.9, -0.359, 0.0504)
    dt = 0.002

    sigma: Param = param(10.0, doc="Prandtl number of both")
    beta: Param = param(8.0 / 3.0, doc="aspect ratio of the rolls of both")
    rho1: Param = param(35.0, doc="Rayleigh number of the driver over its critical value")
    rho2: Param = param(1.15, doc="Rayleigh number of the driven flow over its critical value")
    eps: Param = param(2.85, doc="strength of the coupling")

    def rates(self, y: State) -> tuple[Any, ...]:
        x1, y1, z1, x2, y2, z2 = y
        return (
            self.sigma * (y1 - x1),
            x1 * (self.rho1 - z1) - y1,
            x1 * y1 - self.beta * z1,
            self.sigma * (y2 - x2) + self.eps * (x1 - x2),
            x2 * (self.rho2 - z2) - y2,
            x2 * y2 - self.beta * z2,
        )


class Lorenz96(AbstractFlow):
    """Weather on a circle of latitude: `n` values, advected by their neighbours, damped and forced.

    x_i' = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + F, with indices modulo n.

    The advection keeps the energy sum x_i^2 / 2; the rest state x_i = F loses stability at F = 8/9 on large rings, on
    small ones a little later.

    Args:
        F: Forcing.
        n: Number of places, at least 4.

    Raises:
        InputError: If `n` is below 4.

    Reference:
        Lorenz (1996), Predictability: a problem partly solved, Seminar on Predictability, ECMWF, vol. 1, 1-18.
    """

    variables = (Variable("x"),)
    reference = "Lorenz (1996), Predictability: a problem partly solved, Seminar on Predictability, ECMWF, 1, 1-18"
    family = "chaos"

    F: Param = param(8.0, doc="forcing")
    n: int = setting(40, doc="number of places")

    def __check_init__(self) -> None:
        if self.n < 4:
            raise InputError(
                f"`n` of `Lorenz96` must be at least 4, got {self.n}. On smaller rings neighbours coincide."
            )

    def initial_state(self) -> State:
        # Golden-ratio steps: no two places alike, so that no symmetry of the ring survives.
        places = (jnp.arange(self.n) * 0.6180339887498949) % 1.0
        return like(self.F, 2.0 + 12.0 * (places - 0.5))

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        # The ring opened, with two places repeated before and one after: one copy where three turned rings are three.
        ring = jnp.concatenate([y[-2:], y, y[:1]])
        return (ring[3:] - ring[:-3]) * ring[1:-2] - y + self.F

    def region(self) -> Box:
        middle = jnp.full_like(self.initial_state(), 2.0)
        return Box(middle - 8.0, middle + 8.0)

    def typical_step(self) -> float:
        return 0.005


class Halvorsen(AbstractEquations):
    """Three alike quantities in a ring, each losing to the square of the next.

    x' = -a x - b (y + z) - y^2,  y' = -a y - b (z + x) - z^2,  z' = -a z - b (x + y) - x^2.

    Reference:
        Sprott (2010), Elegant chaos: algebraically simple chaotic flows, World Scientific.
    """

    variables = variables("x y z")
    reference = "Sprott (2010), Elegant chaos: algebraically simple chaotic flows, World Scientific"
    start = (2.66, -7.46, -4.1)
    dt = 0.002

    a: Param = param(1.27, doc="damping")
    b: Param = param(4.0, doc="linear coupling")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        a, b = self.a, self.b
        return -a * x - b * (y_ + z) - y_**2, -a * y_ - b * (z + x) - z**2, -a * z - b * (x + y_) - x**2


class Thomas(AbstractEquations):
    """A damped particle in a lattice of forces, the same for each of three coordinates.

    x' = a sin y - b x,  y' = a sin z - b y,  z' = a sin x - b z.

    With a = 1 the rest states off the origin turn unstable at b = 0.32899; chaos begins near b = 0.2082 and is
    robust at the standard b = 0.18.

    Reference:
        Thomas (1999), Deterministic chaos seen in terms of feedback circuits: analysis, synthesis, "labyrinth chaos",
        International Journal of Bifurcation and Chaos 9, 1889-1905.
    """

    variables = variables("x y z")
    reference = (
        "Thomas (1999), Deterministic chaos seen in terms of feedback circuits, Int. J. Bifurc. Chaos 9, 1889-1905"
    )
    start = (2.68, 1.76, 3.32)
    dt = 0.05

    a: Param = param(1.0, doc="amplitude of the force")
    b: Param = param(0.18, doc="damping")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        a, b = self.a, self.b
        return a * jnp.sin(y_) - b * x, a * jnp.sin(z) - b * y_, a * jnp.sin(x) - b * z


class ThomasLabyrinth(AbstractEquations):
    """The lattice of forces of Thomas without damping: a deterministic walk through a labyrinth.

    x' = a sin y,  y' = a sin z,  z' = a sin x, periodic in each coordinate.

    Volumes are kept: there is no attractor.

    Reference:
        Thomas (1999), Deterministic chaos seen in terms of feedback circuits: analysis, synthesis, "labyrinth chaos",
        International Journal of Bifurcation and Chaos 9, 1889-1905.
    """

    variables = variables("x y z", topology="circle")
    reference = (
        "Thomas (1999), Deterministic chaos seen in terms of feedback circuits, Int. J. Bifurc. Chaos 9, 1889-1905"
    )
    start = (0.1, 0.7, 2.0)
    dt = 0.05

    a: Param = param(1.0, doc="amplitude of the force")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * jnp.sin(y_), self.a * jnp.sin(z), self.a * jnp.sin(x)


class Dadras(AbstractEquations):
    """Three quadratic terms whose balance gives two, three or four wings.

    x' = y - a x + b y z,  y' = c y - x z + z,  z' = d x y - e z.

    Reference:
        Dadras & Momeni (2009), A novel three-dimensional autonomous chaotic system generating two, three and
        four-scroll attractors, Physics Letters A 373, 3637-3642.
    """

    variables = variables("x y z")
    reference = (
        "Dadras & Momeni (2009), A novel three-dimensional autonomous chaotic system, Phys. Lett. A 373, 3637-3642"
    )
    start = (8.2, 4.04, 0.872)
    dt = 0.002

    a: Param = param(3.0, doc="decay of x")
    b: Param = param(2.7, doc="product y z in x")
    c: Param = param(1.7, doc="growth of y")
    d: Param = param(2.0, doc="product x y in z")
    e: Param = param(9.0, doc="decay of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ - self.a * x + self.b * y_ * z, self.c * y_ - x * z + z, self.d * x * y_ - self.e * z


class PehlivanWei(AbstractEquations):
    """Four quadratic terms, with Hopf bifurcations of several kinds.

    x' = y - y z,  y' = y + y z - a x,  z' = b - x y - y^2.

    Reference:
        Pehlivan & Wei (2012), Analysis, nonlinear control, and chaos generator circuit of another strange chaotic
        system, Turkish Journal of Electrical Engineering and Computer Sciences 20, 1229-1239.
    """

    variables = variables("x y z")
    reference = "Pehlivan & Wei (2012), Another strange chaotic system, Turk. J. Elec. Eng. Comput. Sci. 20, 1229-1239"
    start = (-1.11, 0.39, -1.6)
    dt = 0.01

    a: Param = param(2.0, doc="pull of x on y")
    b: Param = param(2.0, doc="constant growth of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ - y_ * z, y_ + y_ * z - self.a * x, self.b - x * y_ - y_**2


class RabinovichFabrikant(AbstractEquations):
    """Three resonant waves in a medium out of equilibrium.

    x' = y (z - 1 + x^2) + gamma x,  y' = x (3 z + 1 - x^2) + gamma y,  z' = -2 z (alpha + x y).

    Reference:
        Rabinovich & Fabrikant (1979), Stochastic self-modulation of waves in nonequilibrium media, Soviet Physics JETP
        50, 311-317.
    """

    variables = variables("x y z")
    reference = "Rabinovich & Fabrikant (1979), Stochastic self-modulation of waves, Sov. Phys. JETP 50, 311-317"
    start = (-1.14, 1.79, 0.772)
    dt = 0.01

    alpha: Param = param(1.1, doc="damping of z")
    gamma: Param = param(0.87, doc="growth of the waves")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return (
            y_ * (z - 1.0 + x * x) + self.gamma * x,
            x * (3.0 * z + 1.0 - x * x) + self.gamma * y_,
            -2.0 * z * (self.alpha + x * y_),
        )


class GuckenheimerHolmes(AbstractEquations):
    """A rotation that meets a steady instability, with terms that break its symmetry about the axis.

    x' = a x - b y + c x z + d z (x^2 + y^2),  y' = a y + b x + c y z,  z' = e - z^2 - f (x^2 + y^2) - a z^3.

    Reference:
        Guckenheimer & Holmes (1983), Nonlinear oscillations, dynamical systems, and bifurcations of vector fields,
        Springer, section 7.4.
    """

    variables = variables("x y z")
    reference = "Guckenheimer & Holmes (1983), Nonlinear oscillations, dynamical systems, and bifurcations, Springer"
    start = (0.745, 0.995, -0.989)
    dt = 0.001

    a: Param = param(0.4, doc="growth of the rotation, and the cubic limit of z")
    b: Param = param(20.25, doc="angular frequency")
    c: Param = param(3.0, doc="growth of the rotation with z")
    d: Param = param(1.6, doc="what breaks the symmetry")
    e: Param = param(1.7, doc="constant growth of z")
    f: Param = param(0.44, doc="loss of z to the rotation")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        square = x * x + y_ * y_
        return (
            self.a * x - self.b * y_ + self.c * x * z + self.d * z * square,
            self.a * y_ + self.b * x + self.c * y_ * z,
            self.e - z * z - self.f * square - self.a * z**3,
        )


class SprottTorus(AbstractEquations):
    """A flow that is dissipative for some starts and keeps volumes for others: an attractor among nested tori.

    x' = y + a x y + x z,  y' = b - a x^2 + y z,  z' = x - x^2 - y^2.

    Starts near (2, 0, 0) reach the strange attractor, starts near (1, 0, 0) stay on a torus.

    Reference:
        Sprott (2014), A dynamical system with a strange attractor and invariant tori, Physics Letters A 378, 1361-1363.
    """

    variables = variables("x y z")
    reference = (
        "Sprott (2014), A dynamical system with a strange attractor and invariant tori, Phys. Lett. A 378, 1361-1363"
    )
    start = (0.612, 0.304, -1.01)
    dt = 0.01

    a: Param = param(2.0, doc="exchange between x and y")
    b: Param = param(1.0, doc="constant growth of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ + self.a * x * y_ + x * z, self.b - self.a * x * x + y_ * z, x - x * x - y_ * y_


class SprottJerk(AbstractEquations):
    """The simplest dissipative chaotic flow: one quadratic term in a third-order equation.

    x''' + A x'' - x'^2 + x = 0, as x' = y,  y' = z,  z' = -A z + y^2 - x.

    Reference:
        Sprott (1997), Simplest dissipative chaotic flow, Physics Letters A 228, 271-274.
    """

    variables = variables("x y z")
    reference = "Sprott (1997), Simplest dissipative chaotic flow, Phys. Lett. A 228, 271-274"
    start = (-0.363, -0.689, 0.419)
    dt = 0.02

    A: Param = param(2.017, doc="damping")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, v, a = y
        return v, a, -self.A * a + v * v - x


class JerkCircuit(AbstractEquations):
    """A circuit for a third-order equation whose only nonlinear part is a diode.

    x''' + x'' + x + eps (exp(x' / y0) - 1) = 0, as x' = y,  y' = z,  z' = -z - x - eps (exp(y / y0) - 1).

    Reference:
        Sprott (2011), A new chaotic jerk circuit, IEEE Transactions on Circuits and Systems II 58, 240-243.
    """

    variables = variables("x y z")
    reference = "Sprott (2011), A new chaotic jerk circuit, IEEE Trans. Circuits Syst. II 58, 240-243"
    start = (-0.987, 0.26, 0.208)
    dt = 0.002

    eps: Param = param(1e-9, doc="saturation current of the diode")
    y0: Param = param(0.026, doc="thermal voltage of the diode")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, v, a = y
        return v, a, -a - x - self.eps * jnp.expm1(v / self.y0)
