"""Tracers in flows that keep areas or volumes: stirring by chaotic advection.

A plane flow is the curl of its stream function: x' = d psi / dy, y' = -d psi / dx.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import Variable, variables
from ._equations import AbstractEquations

_STIRRED = (Variable("x"), Variable("y"), Variable("phi", topology="circle"))
_TWO_PI = 6.283185307179586


def _along(psi: Callable[[Any, Any], Any], x: Any, y: Any) -> tuple[Any, Any]:
    """The velocity (d psi / dy, -d psi / dx) of a stream function."""
    by_x, by_y = jax.grad(psi, argnums=(0, 1))(x, y)
    return by_y, -by_x


def _switch(s: Any, phi: Any) -> Any:
    """Goes from 0 to 1 and back once a turn of `phi`, within an angle of about 1 / `s`."""
    return (1.0 + jnp.tanh(s * jnp.sin(phi))) / 2.0


class DoubleGyre(AbstractEquations):
    """Two vortices side by side whose border swings to and fro.

    psi = A sin(pi f(x)) sin(pi y),  f(x) = eps sin(phi) x^2 + (1 - 2 eps sin(phi)) x,
    x' = -d psi / dy,  y' = d psi / dx,  phi' = omega, for 0 <= x <= 2 and 0 <= y <= 1.

    Reference:
        Shadden, Lekien & Marsden (2005), Definition and properties of Lagrangian coherent structures from finite-time
        Lyapunov exponents in two-dimensional aperiodic flows, Physica D 212, 271-304.
    """

    variables = _STIRRED
    reference = "Shadden, Lekien & Marsden (2005), Lagrangian coherent structures, Physica D 212, 271-304"
    start = (1.65, 0.743, 6.28)
    dt = 0.05

    A: Param = param(0.1, doc="speed of the vortices")
    eps: Param = param(0.25, doc="amplitude of the swing")
    omega: Param = param(_TWO_PI / 10.0, doc="angular frequency of the swing")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, phi = y
        swing = self.eps * jnp.sin(phi)
        f = swing * x * x + (1.0 - 2.0 * swing) * x
        slope = 2.0 * swing * x + 1.0 - 2.0 * swing
        speed = jnp.pi * self.A
        return (
            -speed * jnp.sin(jnp.pi * f) * jnp.cos(jnp.pi * y_),
            speed * jnp.cos(jnp.pi * f) * jnp.sin(jnp.pi * y_) * slope,
            self.omega,
        )


class BlinkingVortex(AbstractEquations):
    """Two point vortices in a round tank, switched on in turn.

    psi = -Gamma / (2 pi) ln(|z - b| / |z - a^2 / b|), the vortex at b and its image beyond the wall, at z = x + i y;
    in the other half of the period b is -b. The switch is (1 + tanh(s sin phi)) / 2 and phi' = 2 pi / tau.

    Reference:
        Aref (1984), Stirring by chaotic advection, Journal of Fluid Mechanics 143, 1-21.
    """

    variables = _STIRRED
    reference = "Aref (1984), Stirring by chaotic advection, J. Fluid Mech. 143, 1-21"
    start = (0.788, 0.213, 6.28)
    dt = 0.0005

    a: Param = param(1.0, doc="radius of the tank")
    b: Param = param(0.5, doc="distance of the vortices from the centre")
    Gamma: Param = param(_TWO_PI, doc="circulation of a vortex")
    tau: Param = param(3.0, doc="period of the protocol")
    s: Param = param(60.0, doc="steepness of the switch")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, phi = y

        def psi(b: Any, x: Any, y: Any) -> Any:
            return self.Gamma / (2.0 * _TWO_PI) * jnp.log(_image(self.a, b, x, y) / ((x - b) ** 2 + y * y))

        on = _switch(self.s, phi)
        u, v = _along(lambda x, y: on * psi(self.b, x, y) + (1.0 - on) * psi(-self.b, x, y), x, y_)
        return u, v, _TWO_PI / self.tau


class BlinkingRotlet(AbstractEquations):
    """Two thin stirring rods in a round tank of a viscous fluid, turned one after the other.

    psi = sigma / 2 (ln(k / ((x - b)^2 + y^2)) - (1 - r^2 / a^2) (a^2 - b^2 r^2 / a^2) / k) with r^2 = x^2 + y^2 and
    k = a^2 + b^2 r^2 / a^2 - 2 b x, which vanishes with its slope at the wall; in the other half of the period b is -b.
    The switch is (1 + tanh(s sin phi)) / 2 and phi' = 2 pi / tau.

    Reference:
        Meleshko & Aref (1996), A blinking rotlet model for chaotic advection, Physics of Fluids 8, 3215-3217.
    """

    variables = _STIRRED
    reference = "Meleshko & Aref (1996), A blinking rotlet model for chaotic advection, Phys. Fluids 8, 3215-3217"
    start = (0.0502, -0.35, 6.28)
    dt = 0.0005

    a: Param = param(1.0, doc="radius of the tank")
    b: Param = param(0.5298833894399929, doc="distance of the rods from the centre")
    sigma: Param = param(1.0, doc="strength of a rod")
    tau: Param = param(3.0, doc="period of the protocol")
    s: Param = param(60.0, doc="steepness of the switch")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, phi = y

        def psi(b: Any, x: Any, y: Any) -> Any:
            square, wall = x * x + y * y, self.a**2
            k = _image(self.a, b, x, y)
            no_slip = (1.0 - square / wall) * (wall - b * b * square / wall) / k
            return self.sigma / 2.0 * (jnp.log(k / ((x - b) ** 2 + y * y)) - no_slip)

        on = _switch(self.s, phi)
        u, v = _along(lambda x, y: on * psi(self.b, x, y) + (1.0 - on) * psi(-self.b, x, y), x, y_)
        return u, v, _TWO_PI / self.tau


def _image(a: Any, b: Any, x: Any, y: Any) -> Any:
    """Square distance from the image a^2 / b of a vortex at b, times b^2 / a^2: without a hole at b = 0."""
    return a * a + b * b * (x * x + y * y) / (a * a) - 2.0 * b * x


class LidDrivenCavityFlow(AbstractEquations):
    """A viscous fluid in a rectangle, stirred by its upper and lower walls in turn.

    psi = sum_n U_n C_n f_n(y) sin(n pi x / a) for n = 1, 2, with q_n = n pi / a, C_n = a^2 / pi / (a sinh(2 q_n b) +
    2 n pi b) and f_n = 2 pi / a (y cosh(q_n b) sinh(q_n y) - b sinh(q_n b) cosh(q_n y)), for 0 <= x <= a and |y| <= b.
    U_1 is u1 in one half of the period and -u1 in the other, U_2 is u2; the switch is (1 + tanh(s sin phi)) / 2 and
    phi' = 2 pi / tau.

    Reference:
        Grover, Ross, Stremler & Kumar (2012), Topological chaos, braiding and bifurcation of almost-cyclic sets, Chaos
        22, 043135.
    """

    variables = _STIRRED
    reference = (
        "Grover, Ross, Stremler & Kumar (2012), Topological chaos, braiding and almost-cyclic sets, Chaos 22, 043135"
    )
    start = (5.45, 0.953, 4.0)
    dt = 0.0005

    a: Param = param(6.0, doc="length of the cavity")
    b: Param = param(1.0, doc="half of its height")
    u1: Param = param(9.92786, doc="strength of the first mode")
    u2: Param = param(8.34932, doc="strength of the second mode")
    tau: Param = param(1.1, doc="period of the protocol")
    s: Param = param(22.0, doc="steepness of the switch")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, phi = y
        a, b = self.a, self.b

        def mode(n: int, x: Any, y: Any) -> Any:
            q = n * jnp.pi / a
            scale = a * a / jnp.pi / (a * jnp.sinh(2.0 * q * b) + 2.0 * n * jnp.pi * b)
            f = y * jnp.cosh(q * b) * jnp.sinh(q * y) - b * jnp.sinh(q * b) * jnp.cosh(q * y)
            return scale * _TWO_PI / a * f * jnp.sin(q * x)

        first = self.u1 * (2.0 * _switch(self.s, phi) - 1.0)
        u, v = _along(lambda x, y: first * mode(1, x, y) + self.u2 * mode(2, x, y), x, y_)
        return u, v, _TWO_PI / self.tau


class InteriorSquirmer(AbstractEquations):
    """A viscous fluid in a round tank whose wall slips along itself by a pattern that changes in time.

    psi = (r^2 - 1) sum_n (G_n Im z^n - A_n Re z^n) at z = x + i y for n = 1, 2, ..., with A_n = a_n w and
    G_n = g_n (1 - w), w = (1 + tanh(s sin phi)) / 2 and phi' = 2 pi / tau.

    Reference:
        Blake (1971), Self propulsion due to oscillations on the surface of a cylinder at low Reynolds number, Bulletin
        of the Australian Mathematical Society 5, 255-264.
    """

    variables = _STIRRED
    reference = "Blake (1971), Self propulsion due to oscillations on a cylinder, Bull. Aust. Math. Soc. 5, 255-264"
    start = (-0.301, 0.423, 6.28)
    dt = 0.001

    a: Param = param((0.5,) * 5, doc="cosine amplitudes of the slip, in the first half of the period")
    g: Param = param((0.5,) * 5, doc="sine amplitudes of the slip, in the second half")
    tau: Param = param(3.0, doc="period of the protocol")
    s: Param = param(60.0, doc="steepness of the switch")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, phi = y
        on = _switch(self.s, phi)

        def psi(x: Any, y: Any) -> Any:
            # Real and imaginary part of z^n, from one power to the next.
            re, im, total = 1.0, 0.0, 0.0
            for a, g in zip(self.a, self.g, strict=True):
                re, im = re * x - im * y, re * y + im * x
                total = total + (1.0 - on) * g * im - on * a * re
            return (x * x + y * y - 1.0) * total

        return *_along(psi, x, y_), _TWO_PI / self.tau


class OscillatingFlow(AbstractEquations):
    """A row of convection rolls that sways from side to side.

    psi = A sin(x + b sin phi) sin y,  x' = d psi / dy,  y' = -d psi / dx,  phi' = omega; lengths in units of the
    inverse wave number.

    Reference:
        Solomon & Gollub (1988), Chaotic particle transport in time-dependent Rayleigh-Bénard convection, Physical
        Review A 38, 6280-6286.
    """

    variables = variables("x y phi", topology="circle")
    reference = "Solomon & Gollub (1988), Chaotic particle transport in convection, Phys. Rev. A 38, 6280-6286"
    start = (3.87, 0.545, 0.135)
    dt = 0.1

    A: Param = param(0.72, doc="speed of the rolls")
    b: Param = param(0.48, doc="amplitude of the sway")
    omega: Param = param(0.49, doc="angular frequency of the sway")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, phi = y
        f = x + self.b * jnp.sin(phi)
        return self.A * jnp.sin(f) * jnp.cos(y_), -self.A * jnp.cos(f) * jnp.sin(y_), self.omega


class BickleyJet(AbstractEquations):
    """A zonal jet with three waves on it, seen in the frame of the third.

    psi = -U L tanh(y / L) + c3 y + U L sech^2(y / L) sum_n eps_n cos(n theta - phi_n) with n = 1, 2, 3 and phi_3 = 0,
    R theta' = -d psi / dy,  y' = d psi / d(R theta),  phi_1' = (c1 - c3) / R,  phi_2' = 2 (c2 - c3) / R.

    theta is the longitude on a channel of length 2 pi R and eps the three amplitudes; lengths in Mm, times in days. By
    default the two frequencies are in the ratio of the golden mean.

    Reference:
        Rypina, Brown, Beron-Vera, Koçak, Olascoaga & Udovydchenkov (2007), On the Lagrangian dynamics of atmospheric
        zonal jets and the permeability of the stratospheric polar vortex, Journal of the Atmospheric Sciences 64,
        3595-3610.
    """

    variables = (
        Variable("theta", topology="circle"),
        Variable("y", "Mm"),
        Variable("phi1", topology="circle"),
        Variable("phi2", topology="circle"),
    )
    reference = (
        "Rypina et al. (2007), On the Lagrangian dynamics of atmospheric zonal jets, J. Atmos. Sci. 64, 3595-3610"
    )
    # Between the jet and its vortices; the vortices themselves are islands.
    start = (0.3, 2.5, 0.0, 0.0)
    dt = 0.01

    U: Param = param(5.413824, unit="Mm/day", doc="speed of the jet")
    L: Param = param(1.77, unit="Mm", doc="width of the jet")
    R: Param = param(3.1855, unit="Mm", doc="length of the channel over 2 pi")
    eps: Param = param((0.0075, 0.15, 0.3), doc="amplitudes of the waves")
    c1: Param = param(0.7826581165517257, unit="Mm/day", doc="speed of the first wave")
    c2: Param = param(1.10983392, unit="Mm/day", doc="speed of the second wave")
    c3: Param = param(2.495772864, unit="Mm/day", doc="speed of the third wave")

    def rates(self, y: State) -> tuple[Any, ...]:
        theta, y_, phi1, phi2 = y
        tanh = jnp.tanh(y_ / self.L)
        sech2 = 1.0 - tanh * tanh
        angles = jnp.stack([theta - phi1, 2.0 * theta - phi2, 3.0 * theta])
        number = jnp.arange(1, 4, dtype=y.dtype) / self.R
        waves = jnp.sum(self.eps * jnp.cos(angles))
        slopes = jnp.sum(self.eps * number * jnp.sin(angles))
        return (
            (self.U * sech2 * (1.0 + 2.0 * tanh * waves) - self.c3) / self.R,
            -self.U * self.L * sech2 * slopes,
            (self.c1 - self.c3) / self.R,
            2.0 * (self.c2 - self.c3) / self.R,
        )


class ArnoldBeltramiChildress(AbstractEquations):
    """A steady flow in three dimensions, parallel to its own vorticity, with chaotic stream lines (the ABC flow).

    x' = A sin z + C cos y,  y' = B sin x + A cos z,  z' = C sin y + B cos x, periodic in each coordinate.

    Reference:
        Dombre, Frisch, Greene, Hénon, Mehr & Soward (1986), Chaotic streamlines in the ABC flows, Journal of Fluid
        Mechanics 167, 353-391; after Arnold (1965), Comptes Rendus 261, 17-20.
    """

    variables = variables("x y z", topology="circle")
    reference = "Dombre et al. (1986), Chaotic streamlines in the ABC flows, J. Fluid Mech. 167, 353-391"
    start = (0.1, 0.2, 0.3)
    dt = 0.02

    A: Param = param(1.7320508075688772, doc="amplitude of the waves along z")
    B: Param = param(1.4142135623730951, doc="amplitude of the waves along x")
    C: Param = param(1.0, doc="amplitude of the waves along y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        A, B, C = self.A, self.B, self.C
        return (
            A * jnp.sin(z) + C * jnp.cos(y_),
            B * jnp.sin(x) + A * jnp.cos(z),
            C * jnp.sin(y_) + B * jnp.cos(x),
        )
