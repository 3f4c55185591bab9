"""Chemical and biochemical reactions, and an evolving population."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import Variable, variables
from ._equations import AbstractEquations


class GlycolyticOscillation(AbstractEquations):
    """Two enzymes in a row, each activated by its own product.

    alpha' = nu - sigma1 phi,  beta' = q1 sigma1 phi - sigma2 eta,  gamma' = q2 sigma2 eta - k_s gamma,
    phi = alpha (1 + alpha) (1 + beta)^2 / (L1 + (1 + alpha)^2 (1 + beta)^2),
    eta = beta (1 + d beta) (1 + gamma)^2 / (L2 + (1 + d beta)^2 (1 + gamma)^2).

    Reference:
        Decroly & Goldbeter (1982), Birhythmicity, chaos, and other patterns of temporal self-organization in a
        multiply regulated biochemical system, Proceedings of the National Academy of Sciences 79, 6917-6921.
    """

    variables = variables("alpha beta gamma", topology="positive")
    reference = "Decroly & Goldbeter (1982), Birhythmicity, chaos, and other patterns, PNAS 79, 6917-6921"
    time_unit = "s"
    start = (41.0, 58.6, 0.0667)
    dt = 0.05

    nu: Param = param(0.45, unit="1/s", doc="supply of substrate")
    sigma1: Param = param(10.0, unit="1/s", doc="rate of the first enzyme")
    sigma2: Param = param(10.0, unit="1/s", doc="rate of the second enzyme")
    k_s: Param = param(1.99, unit="1/s", doc="removal of the last product")
    L1: Param = param(5e8, doc="allosteric constant of the first enzyme")
    L2: Param = param(100.0, doc="allosteric constant of the second enzyme")
    q1: Param = param(50.0, doc="ratio of scales at the first step")
    q2: Param = param(0.02, doc="ratio of scales at the second step")
    d: Param = param(0.0, doc="affinity of the second enzyme to its substrate")

    def rates(self, y: State) -> tuple[Any, ...]:
        a, b, c = y
        bound = ((1.0 + a) * (1.0 + b)) ** 2
        phi = bound * a / (1.0 + a) / (self.L1 + bound)
        active = (1.0 + self.d * b) * (1.0 + c) ** 2
        eta = b * active / (self.L2 + (1.0 + self.d * b) * active)
        return (
            self.nu - self.sigma1 * phi,
            self.q1 * self.sigma1 * phi - self.sigma2 * eta,
            self.q2 * self.sigma2 * eta - self.k_s * c,
        )


class ForcedBrusselator(AbstractEquations):
    """An autocatalytic reaction of three molecules, fed periodically.

    x' = A - (B + 1) x + x^2 y + f cos phi,  y' = B x - x^2 y,  phi' = omega.

    Reference:
        Kai & Tomita (1979), Stroboscopic phase portrait of a forced nonlinear oscillator, Progress of Theoretical
        Physics 61, 54-73.
    """

    variables = (Variable("x"), Variable("y"), Variable("phi", topology="circle"))
    reference = "Kai & Tomita (1979), Stroboscopic phase portrait of a forced oscillator, Prog. Theor. Phys. 61, 54-73"
    start = (0.367, 2.93, 2.35)
    dt = 0.05

    A: Param = param(0.4, doc="supply of x")
    B: Param = param(1.2, doc="conversion of x to y")
    f: Param = param(0.05, doc="amplitude of the forcing")
    omega: Param = param(0.81, doc="angular frequency of the forcing")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, phi = y
        made = x * x * y_
        return self.A - (self.B + 1.0) * x + made + self.f * jnp.cos(phi), self.B * x - made, self.omega


class KawczynskiStrizhak(AbstractEquations):
    """A reaction of mixed modes, large swings among small ones, as one cubic and two linear equations.

    x' = gamma (y - x^3 + 3 mu x),  y' = -2 mu x - y - z + beta,  z' = kappa (x - z).

    Reference:
        Strizhak & Kawczynski (1995), Complex transient oscillations in the Belousov-Zhabotinskii reaction in a batch
        reactor, Journal of Physical Chemistry 99, 10830-10833.
    """

    variables = variables("x y z")
    reference = "Strizhak & Kawczynski (1995), Complex transient oscillations, J. Phys. Chem. 99, 10830-10833"
    start = (-1.25, 6.03, -1.21)
    dt = 0.02

    gamma: Param = param(0.49, doc="rate of x")
    mu: Param = param(2.1, doc="instability")
    beta: Param = param(-0.4, doc="constant supply of y")
    kappa: Param = param(0.2, doc="rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return (
            self.gamma * (y_ - x**3 + 3.0 * self.mu * x),
            -2.0 * self.mu * x - y_ - z + self.beta,
            self.kappa * (x - z),
        )


class BelousovZhabotinsky(AbstractEquations):
    """The oscillating reaction of bromate and malonic acid in a stirred tank, reduced to three species.

    x, z, v are HBrO2, Ce(IV) and bromomalonic acid in units of X0 = k2 A H^2 / k5, Z0 = C A / (40 M) and
    V0 = 4 A H C / M^2; y, bromide in units of Y0 = 4 X0, follows them; time in units of T0 = 1 / (10 k2 A H C) s:
    y = alpha k6 Z0 V0 z v / (Y0 (k1 H X0 x + k2 A H^2 + k_f)),  r = k4 A^(1/2) H^(3/2) (C - Z0 z) (X0 x)^(1/2),
    x' = T0 ((-k1 H X0 x + k2 A H^2) Y0 y - 2 k3 X0^2 x^2 + r / 2 - k5 X0 Z0 x z / 2 - k_f X0 x) / X0,
    z' = T0 (r - k5 X0 Z0 x z - alpha k6 V0 Z0 z v - beta k7 M Z0 z - k_f Z0 z) / Z0,
    v' = T0 ((2 k1 H X0 x + k2 A H^2) Y0 y + k3 X0^2 x^2 - alpha k6 Z0 V0 z v - k_f V0 v) / V0.

    Reference:
        Györgyi & Field (1992), A three-variable model of deterministic chaos in the Belousov-Zhabotinsky reaction,
        Nature 355, 808-810.
    """

    variables = variables("x z v", topology="positive")
    reference = (
        "Györgyi & Field (1992), A three-variable model of deterministic chaos in the BZ reaction, Nature 355, 808-810"
    )
    start = (0.0166, 0.684, 0.847)
    dt = 2e-06

    A: Param = param(0.1, unit="M", doc="bromate")
    H: Param = param(0.26, unit="M", doc="acid")
    M: Param = param(0.25, unit="M", doc="malonic acid")
    C: Param = param(0.000833, unit="M", doc="total cerium")
    alpha: Param = param(666.7, doc="factor of the sixth reaction")
    beta: Param = param(0.3478, doc="factor of the seventh reaction")
    k1: Param = param(4e6, unit="1/(M^2 s)", doc="rate of the first reaction")
    k2: Param = param(2.0, unit="1/(M^3 s)", doc="rate of the second reaction")
    k3: Param = param(3000.0, unit="1/(M s)", doc="rate of the third reaction")
    k4: Param = param(55.2, unit="1/(M^2.5 s)", doc="rate of the fourth reaction")
    k5: Param = param(7000.0, unit="1/(M s)", doc="rate of the fifth reaction")
    k6: Param = param(0.09, unit="1/(M s)", doc="rate of the sixth reaction")
    k7: Param = param(0.23, unit="1/(M s)", doc="rate of the seventh reaction")
    k_f: Param = param(3.5e-4, unit="1/s", doc="flow through the tank")

    def rates(self, y: State) -> tuple[Any, ...]:
        A, H, M, C, k_f = self.A, self.H, self.M, self.C, self.k_f
        first, second = self.k1 * H, self.k2 * A * H * H
        X0, Z0, V0 = second / self.k5, C * A / (40.0 * M), 4.0 * A * H * C / (M * M)
        T0 = 1.0 / (10.0 * self.k2 * A * H * C)
        # Concentrations in mol per litre.
        X, Z, V = X0 * y[0], Z0 * y[1], V0 * y[2]
        brominated = self.alpha * self.k6 * Z * V
        Y = brominated / (first * X + second + k_f)
        oxidised = self.k4 * jnp.sqrt(A * H * X) * H * (C - Z)
        reduced = self.k5 * X * Z
        square = self.k3 * X * X
        dX = (second - first * X) * Y - 2.0 * square + (oxidised - reduced) / 2.0 - k_f * X
        dZ = oxidised - reduced - brominated - (self.beta * self.k7 * M + k_f) * Z
        dV = (2.0 * first * X + second) * Y + square - brominated - k_f * V
        return T0 * dX / X0, T0 * dZ / Z0, T0 * dV / V0


class IsothermalChemical(AbstractEquations):
    """Cubic autocatalysis fed by a precursor, with a slow feedback: mixed modes at one temperature.

    alpha' = mu (kappa + gamma) - alpha beta^2 - alpha,  sigma beta' = alpha beta^2 + alpha - beta,
    delta gamma' = beta - gamma.

    Reference:
        Petrov, Scott & Showalter (1992), Mixed-mode oscillations in chemical systems, Journal of Chemical Physics 97,
        6191-6198.
    """

    variables = variables("alpha beta gamma", topology="positive")
    reference = (
        "Petrov, Scott & Showalter (1992), Mixed-mode oscillations in chemical systems, J. Chem. Phys. 97, 6191-6198"
    )
    start = (0.51, 0.886, 1.0)
    dt = 0.002

    mu: Param = param(0.29786, doc="supply")
    kappa: Param = param(2.5, doc="precursor")
    sigma: Param = param(0.013, doc="time scale of beta")
    delta: Param = param(1.0, doc="time scale of gamma")

    def rates(self, y: State) -> tuple[Any, ...]:
        a, b, c = y
        made = a * b * b + a
        return self.mu * (self.kappa + c) - made, (made - b) / self.sigma, (b - c) / self.delta


class CoevolvingPredatorPrey(AbstractEquations):
    """A prey x and its predator y, where a trait alpha of the prey evolves up its own landscape of fitness.

    x' = x (a1 alpha / (1 + b1 alpha) - d1 - a3 y / (1 + b2 x)),  y' = y (a2 x / (1 + b2 x) - d2),
    alpha' = V (d1 (2 k2 alpha - 4 k4 alpha^3) - a1 k1 x alpha / (1 + b1 alpha)).

    Reference:
        Gilpin & Feldman (2017), A phase transition induces chaos in a predator-prey ecosystem with a dynamic fitness
        landscape, PLOS Computational Biology 13, e1005644.
    """

    variables = (Variable("x", topology="positive"), Variable("y", topology="positive"), Variable("alpha"))
    reference = (
        "Gilpin & Feldman (2017), A phase transition induces chaos in an ecosystem, PLOS Comput. Biol. 13, e1005644"
    )
    start = (6.74e-05, 0.49, 0.707)
    dt = 0.05

    a1: Param = param(2.5, doc="growth of the prey by its trait")
    a2: Param = param(0.05, doc="growth of the predator")
    a3: Param = param(0.4, doc="predation")
    b1: Param = param(6.0, doc="saturation of the growth by the trait")
    b2: Param = param(1.333, doc="saturation of predation")
    d1: Param = param(0.16, doc="death of the prey")
    d2: Param = param(0.004, doc="death of the predator")
    k1: Param = param(6.0, doc="cost of the trait in a crowd")
    k2: Param = param(9.0, doc="quadratic part of the landscape")
    k4: Param = param(9.0, doc="quartic part of the landscape")
    V: Param = param(0.33333, doc="speed of evolution")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, alpha = y
        growth = self.a1 * alpha / (1.0 + self.b1 * alpha)
        eaten = x / (1.0 + self.b2 * x)
        uphill = self.d1 * (2.0 * self.k2 * alpha - 4.0 * self.k4 * alpha**3) - self.k1 * x * growth
        return x * (growth - self.d1) - self.a3 * eaten * y_, (self.a2 * eaten - self.d2) * y_, self.V * uphill
