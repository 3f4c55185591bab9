"""Networks of few units that are chaotic."""

from typing import Any

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations

_BEER = ((5.422, -0.018, 2.75), (-0.24, 4.59, 1.21), (0.535, -2.25, 3.885))

_INHIBITION = (
    (0.0, -1.0, 0.0, 0.0, -1.0, -1.0),
    (0.0, 0.0, 0.0, -1.0, -1.0, -1.0),
    (-1.0, -1.0, 0.0, 0.0, -1.0, 0.0),
    (-1.0, -1.0, -1.0, 0.0, 0.0, 0.0),
    (-1.0, -1.0, 0.0, -1.0, 0.0, 0.0),
    (0.0, -1.0, -1.0, -1.0, 0.0, 0.0),
)

_HALF_SATURATIONS = (
    (0.39, 0.34, 0.30, 0.24, 0.23),
    (0.22, 0.39, 0.34, 0.30, 0.27),
    (0.27, 0.22, 0.39, 0.34, 0.30),
    (0.30, 0.24, 0.22, 0.39, 0.34),
    (0.34, 0.30, 0.22, 0.20, 0.39),
)

_CONTENTS = (
    (0.04, 0.04, 0.07, 0.04, 0.04),
    (0.08, 0.08, 0.08, 0.10, 0.08),
    (0.10, 0.10, 0.10, 0.10, 0.14),
    (0.05, 0.03, 0.03, 0.03, 0.03),
    (0.07, 0.09, 0.07, 0.07, 0.07),
)


class BeerRNN(AbstractEquations):
    """The smallest continuous-time recurrent network that is chaotic: three neurons.

    tau_i y_i' = -y_i + sum_j W_ij sigma(y_j + theta_j),  sigma(x) = 1 / (1 + exp(-x)).

    Reference:
        Beer (1995), On the dynamics of small continuous-time recurrent neural networks, Adaptive Behavior 3, 469-509.
    """

    variables = variables("y1 y2 y3")
    reference = (
        "Beer (1995), On the dynamics of small continuous-time recurrent neural networks, Adapt. Behav. 3, 469-509"
    )
    start = (7.08, 3.36, 1.82)
    dt = 0.1

    W: Param = param(_BEER, doc="weights to i (row) from j (column)")
    theta: Param = param((-4.108, -2.787, -1.114), doc="biases")
    tau: Param = param((1.0, 2.5, 1.0), doc="time constants")

    def rates(self, y: State) -> tuple[Any, ...]:
        return tuple((-y + self.W @ jax.nn.sigmoid(y + self.theta)) / self.tau)


class CellularNeuralNetwork(AbstractEquations):
    """Three cells of a cellular neural network with piecewise linear output.

    x' = -x + p1 f(x) - s f(y) - s f(z),  y' = -y - s f(x) + p2 f(y) - r f(z),
    z' = -z - s f(x) + r f(y) + p3 f(z),  with f(x) = (|x + 1| - |x - 1|) / 2.

    Reference:
        Zou & Nossek (1993), Bifurcation and chaos in cellular neural networks, IEEE Transactions on Circuits and
        Systems I 40, 166-173.
    """

    variables = variables("x y z")
    reference = (
        "Zou & Nossek (1993), Bifurcation and chaos in cellular neural networks, IEEE Trans. Circ. Sys. I 40, 166"
    )
    start = (0.802, 0.786, -0.252)
    dt = 0.01

    p1: Param = param(1.24, doc="weight of the first cell on itself")
    p2: Param = param(1.1, doc="weight of the second cell on itself")
    p3: Param = param(1.0, doc="weight of the third cell on itself")
    s: Param = param(3.21, doc="mutual inhibition with the first cell")
    r: Param = param(4.4, doc="rotation between the second and the third cell")

    def rates(self, y: State) -> tuple[Any, ...]:
        f, g, h = jnp.clip(y, -1, 1)
        return tuple(
            -y
            + jnp.stack(
                [
                    self.p1 * f - self.s * (g + h),
                    -self.s * f + self.p2 * g - self.r * h,
                    -self.s * f + self.r * g + self.p3 * h,
                ]
            )
        )


class HuismanWeissing(AbstractEquations):
    """Five species of plankton (N) that compete for five resources (R), each limited by its scarcest one.

    N_i' = N_i (mu_i - m),  R_j' = D (S_j - R_j) - sum_i C_ji mu_i N_i,  with mu_i = min over j of r R_j / (K_ji + R_j).

    Reference:
        Huisman & Weissing (1999), Biodiversity of plankton by species oscillations and chaos, Nature 402, 407-410.
    """

    variables = variables("N1 N2 N3 N4 N5 R1 R2 R3 R4 R5", topology="positive")
    reference = (
        "Huisman & Weissing (1999), Biodiversity of plankton by species oscillations and chaos, Nature 402, 407-410"
    )
    time_unit = "d"
    start = (12.2, 24.8, 34.3, 10.6, 38.1, 0.167, 0.181, 0.468, 0.153, 0.098)
    dt = 0.01

    r: Param = param(1.0, unit="1/d", doc="largest growth rate")
    m: Param = param(0.25, unit="1/d", doc="death rate")
    D: Param = param(0.25, unit="1/d", doc="turnover of the water")
    S: Param = param((6.0, 10.0, 14.0, 4.0, 9.0), doc="supply of each resource")
    K: Param = param(_HALF_SATURATIONS, doc="half saturation for resource (row) of species (column)")
    C: Param = param(_CONTENTS, doc="content of resource (row) in species (column)")

    def rates(self, y: State) -> tuple[Any, ...]:
        N, R = y[:5], y[5:]
        mu = jnp.min(self.r * R[:, None] / (self.K + R[:, None]), axis=0)
        return (*(N * (mu - self.m)), *(self.D * (self.S - R) - self.C @ (mu * N)))


class LewisGlass(AbstractEquations):
    """A continuous Hopfield network of six units with asymmetric inhibition, which frustrates it.

    x_i' = -x_i / tau + (1 + tanh(eps sum_j K_ij x_j)) / 2 - beta.

    Reference:
        Lewis & Glass (1992), Nonlinear dynamics and symbolic dynamics of neural networks, Neural Computation 4,
        621-642.
    """

    variables = variables("x1 x2 x3 x4 x5 x6")
    reference = (
        "Lewis & Glass (1992), Nonlinear dynamics and symbolic dynamics of neural networks, Neural Comput. 4, 621"
    )
    start = (0.57, -0.851, 0.907, 0.405, 0.156, -0.904)
    dt = 0.01

    K: Param = param(_INHIBITION, doc="weights to i (row) from j (column)")
    tau: Param = param(2.5, doc="time constant")
    eps: Param = param(10.0, doc="gain")
    beta: Param = param(0.5, doc="threshold")

    def rates(self, y: State) -> tuple[Any, ...]:
        return tuple(-y / self.tau + (1 + jnp.tanh(self.eps * (self.K @ y))) / 2 - self.beta)
