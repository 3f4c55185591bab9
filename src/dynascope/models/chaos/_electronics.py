"""Oscillators of electronics."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations


class AnishchenkoAstakhov(AbstractEquations):
    """A generator with a stabilising amplifier that works on one half-wave.

    x' = mu x + y - x z,  y' = -x,  z' = -eta z + eta max(x, 0)^2.

    Reference:
        Anishchenko, Astakhov, Neiman, Vadivasova & Schimansky-Geier (2007), Nonlinear dynamics of chaotic and
        stochastic systems, Springer.
    """

    variables = variables("x y z")
    reference = (
        "Anishchenko, Astakhov, Neiman, Vadivasova & Schimansky-Geier (2007), Nonlinear dynamics of chaotic "
        "and stochastic systems, Springer"
    )
    start = (-0.645, 2.29, 0.337)
    dt = 0.005

    mu: Param = param(1.2, doc="gain of the generator")
    eta: Param = param(0.5, doc="rate of the amplifier")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.mu * x + y_ - x * z, -x, -self.eta * z + self.eta * jnp.maximum(x, 0) ** 2


class Colpitts(AbstractEquations):
    """A transistor oscillator with a piecewise linear junction.

    x' = y - a F,  y' = c - x - b y - z,  z' = y - d z,  with F = max(e - 1 - z, 0).

    Reference:
        Kennedy (1994), Chaos in the Colpitts oscillator, IEEE Transactions on Circuits and Systems I 41, 771-774.
    """

    variables = variables("x y z")
    reference = (
        "Kennedy (1994), Chaos in the Colpitts oscillator, IEEE Transactions on Circuits and Systems I 41, 771-774"
    )
    start = (6.97, 1.22, 8.79)
    dt = 0.002

    a: Param = param(30.0, doc="conductance of the junction")
    b: Param = param(0.8, doc="resistance of the coil")
    c: Param = param(20.0, doc="supply")
    d: Param = param(0.08, doc="leak of the second capacitor")
    e: Param = param(10.0, doc="threshold of the junction")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        F = jnp.maximum(self.e - 1 - z, 0)
        return y_ - self.a * F, self.c - x - self.b * y_ - z, y_ - self.d * z
