"""Pendula, particles in a potential and other systems of mechanics; those without friction keep their energy."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import Box, Variable, variables
from .._array import like
from ._equations import AbstractEquations


class DoublePendulum(AbstractEquations):
    """A pendulum that hangs from a pendulum, without friction, by angles and their momenta.

    With D = m1 + m2 sin^2(theta1 - theta2) and the kinetic energy
    T = (m2 l2^2 p1^2 + (m1 + m2) l1^2 p2^2 - 2 m2 l1 l2 p1 p2 cos(theta1 - theta2)) / (2 m2 l1^2 l2^2 D),
    theta1' = dT/dp1,  theta2' = dT/dp2,  p1' = -dT/dtheta1 - (m1 + m2) g l1 sin theta1,
    p2' = -dT/dtheta2 - m2 g l2 sin theta2.

    Reference:
        Shinbrot, Grebogi, Wisdom & Yorke (1992), Chaos in a double pendulum, American Journal of Physics 60, 491-499.
    """

    variables = (
        Variable("theta1", topology="circle"),
        Variable("theta2", topology="circle"),
        Variable("p1"),
        Variable("p2"),
    )
    reference = "Shinbrot, Grebogi, Wisdom & Yorke (1992), Chaos in a double pendulum, Am. J. Phys. 60, 491-499"
    # Both arms level and at rest: enough energy to turn over.
    start = (1.57, 1.57, 0.0, 0.0)
    dt = 0.002

    m1: Param = param(1.0, doc="upper mass")
    m2: Param = param(1.0, doc="lower mass")
    l1: Param = param(1.0, doc="length of the upper arm")
    l2: Param = param(1.0, doc="length of the lower arm")
    g: Param = param(9.81, doc="gravity")

    def rates(self, y: State) -> tuple[Any, ...]:
        theta1, theta2, p1, p2 = y
        m1, m2, l1, l2, g = self.m1, self.m2, self.l1, self.l2, self.g
        c, s = jnp.cos(theta1 - theta2), jnp.sin(theta1 - theta2)
        D = m1 + m2 * s * s
        turn1 = (l2 * p1 - l1 * p2 * c) / (l1 * l1 * l2 * D)
        turn2 = ((m1 + m2) * l1 * p2 - m2 * l2 * p1 * c) / (m2 * l1 * l2 * l2 * D)
        # dT/dtheta1 = -dT/dtheta2: the energy depends on the difference alone, through the cosine and through D.
        kinetic = (p1 * turn1 + p2 * turn2) / 2.0
        pull = p1 * p2 * s / (l1 * l2 * D) - kinetic * 2.0 * m2 * s * c / D
        return (
            turn1,
            turn2,
            -pull - (m1 + m2) * g * l1 * jnp.sin(theta1),
            pull - m2 * g * l2 * jnp.sin(theta2),
        )


class SwingingAtwood(AbstractEquations):
    """Two weights on one rope over two pulleys, of which the lighter one may swing.

    r' = p_r / (M + m),  theta' = p / (m r^2),  p_r' = p^2 / (m r^3) - M g + m g cos theta,  p' = -m g r sin theta.

    Energy: p_r^2 / (2 (M + m)) + p^2 / (2 m r^2) + M g r - m g r cos theta. At M = 3 m it is integrable.

    Reference:
        Tufillaro, Abbott & Griffiths (1984), Swinging Atwood's machine, American Journal of Physics 52, 895-903.
    """

    variables = (
        Variable("r", topology="positive"),
        Variable("theta", topology="circle"),
        Variable("p_r"),
        Variable("p"),
    )
    reference = "Tufillaro, Abbott & Griffiths (1984), Swinging Atwood's machine, Am. J. Phys. 52, 895-903"
    start = (1.0, 1.57, 0.327, 4.65)
    dt = 0.0002

    m: Param = param(1.0, doc="swinging mass")
    M: Param = param(4.5, doc="hanging mass")
    g: Param = param(9.81, doc="gravity")

    def rates(self, y: State) -> tuple[Any, ...]:
        r, theta, p_r, p = y
        m, M, g = self.m, self.M, self.g
        return (
            p_r / (M + m),
            p / (m * r * r),
            p * p / (m * r**3) - M * g + m * g * jnp.cos(theta),
            -m * g * r * jnp.sin(theta),
        )


class HenonHeiles(AbstractEquations):
    """A star near the centre of a galaxy: an oscillator of two dimensions with a cubic term.

    x' = p,  y' = q,  p' = -x - 2 lam x y,  q' = -y - lam (x^2 - y^2), where lam is lambda.

    Energy: (p^2 + q^2 + x^2 + y^2) / 2 + lam (x^2 y - y^3 / 3); orbits below 1 / (6 lam^2) stay bounded. It starts at
    energy 1/6 (lam = 1), where nearly all is chaos.

    Reference:
        Hénon & Heiles (1964), The applicability of the third integral of motion: some numerical experiments,
        Astronomical Journal 69, 73-79.
    """

    variables = variables("x y p q")
    reference = "Hénon & Heiles (1964), The applicability of the third integral of motion, Astron. J. 69, 73-79"
    # q such that the energy is just below 1/6.
    start = (0.0, -0.25, 0.42, 0.2788)
    dt = 0.02

    lam: Param = param(1.0, doc="strength of the cubic term")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, p, q = y
        return p, q, -x - 2.0 * self.lam * x * y_, -y_ - self.lam * (x * x - y_ * y_)


class NuclearQuadrupole(AbstractEquations):
    """The quadrupole vibration of an atomic nucleus, as a classical Hamiltonian of fourth order.

    H = A (p1^2 + p2^2) / 2 + A r^2 / 2 + B q1 (3 q2^2 - q1^2) / sqrt(2) + D r^4 / 4 with r^2 = q1^2 + q2^2:
    q1' = A p1,  q2' = A p2,  p1' = -A q1 + 3 B (q1^2 - q2^2) / sqrt(2) - D q1 r^2,
    p2' = -A q2 - 3 sqrt(2) B q1 q2 - D q2 r^2.

    Reference:
        Baran & Raduta (1998), Classical and quantal chaos described by a fourth order quadrupole boson Hamiltonian,
        International Journal of Modern Physics E 7, 527-551.
    """

    variables = variables("q1 q2 p1 p2")
    reference = (
        "Baran & Raduta (1998), Chaos of a fourth order quadrupole boson Hamiltonian, Int. J. Mod. Phys. E 7, 527-551"
    )
    start = (-0.39, 0.696, -0.857, -1.76)
    dt = 0.01

    A: Param = param(1.0, doc="stiffness and inverse mass")
    B: Param = param(0.55, doc="cubic term")
    D: Param = param(0.4, doc="quartic term")

    def rates(self, y: State) -> tuple[Any, ...]:
        q1, q2, p1, p2 = y
        A, B, D = self.A, self.B, self.D
        square = q1 * q1 + q2 * q2
        half = 0.7071067811865476
        return (
            A * p1,
            A * p2,
            -A * q1 + 3.0 * half * B * (q1 * q1 - q2 * q2) - D * q1 * square,
            -A * q2 - 6.0 * half * B * q1 * q2 - D * q2 * square,
        )


class Duffing(AbstractEquations):
    """A periodically pushed oscillator with a cubic spring: a steel beam between two magnets.

    x' = v,  v' = -delta v - alpha x - beta x^3 + gamma cos phi,  phi' = omega.

    Reference:
        Holmes (1979), A nonlinear oscillator with a strange attractor, Philosophical Transactions of the Royal Society
        A 292, 419-448; after Duffing (1918), Erzwungene Schwingungen bei veränderlicher Eigenfrequenz, Vieweg.
    """

    variables = (Variable("x"), Variable("v"), Variable("phi", topology="circle"))
    reference = "Holmes (1979), A nonlinear oscillator with a strange attractor, Phil. Trans. R. Soc. A 292, 419-448"
    start = (0.485, -0.576, 3.1)
    dt = 0.02

    alpha: Param = param(-1.0, doc="linear stiffness")
    beta: Param = param(1.0, doc="cubic stiffness")
    delta: Param = param(0.15, doc="damping")
    gamma: Param = param(0.3, doc="amplitude of the forcing")
    omega: Param = param(1.0, doc="angular frequency of the forcing")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, v, phi = y
        push = self.gamma * jnp.cos(phi)
        return v, -self.delta * v - self.alpha * x - self.beta * x**3 + push, self.omega

    def region(self) -> Box:
        """The square of side 4.4 around the wells, at all phases of the forcing."""
        return Box(like(self.alpha, [-2.2, -2.2, 0.0]), like(self.alpha, [2.2, 2.2, 2 * jnp.pi]))


class DrivenPendulum(AbstractEquations):
    """A damped pendulum under a periodic torque.

    theta' = omega,  omega' = -omega / q - sin theta + g cos phi,  phi' = Omega.

    Reference:
        Baker & Gollub (1990), Chaotic dynamics: an introduction, Cambridge University Press, chapter 3.
    """

    variables = (Variable("theta", topology="circle"), Variable("omega"), Variable("phi", topology="circle"))
    reference = "Baker & Gollub (1990), Chaotic dynamics: an introduction, Cambridge University Press"
    start = (1.39, 2.18, 0.974)
    dt = 0.05

    q: Param = param(2.0, doc="quality factor")
    g: Param = param(1.5, doc="amplitude of the torque")
    Omega: Param = param(2.0 / 3.0, doc="angular frequency of the torque")

    def rates(self, y: State) -> tuple[Any, ...]:
        theta, omega, phi = y
        return omega, -omega / self.q - jnp.sin(theta) + self.g * jnp.cos(phi), self.Omega


class NoseHoover(AbstractEquations):
    """A harmonic oscillator kept at a temperature by a friction that may turn negative.

    q' = p,  p' = -q - zeta p,  zeta' = (p^2 - T) / Q.

    It is reversible in time; a chaotic sea surrounds tori. It starts in the sea.

    Reference:
        Posch, Hoover & Vesely (1986), Canonical dynamics of the Nosé oscillator: stability, order, and chaos, Physical
        Review A 33, 4253-4265.
    """

    variables = variables("q p zeta")
    reference = "Posch, Hoover & Vesely (1986), Canonical dynamics of the Nosé oscillator, Phys. Rev. A 33, 4253-4265"
    start = (0.0, 5.0, 0.0)
    dt = 0.005

    T: Param = param(1.0, doc="temperature")
    Q: Param = param(1.0, doc="inertia of the thermostat")

    def rates(self, y: State) -> tuple[Any, ...]:
        q, p, zeta = y
        return p, -q - zeta * p, (p * p - self.T) / self.Q
