"""Reduced models of weather, of the magnetic field and of stars."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import Variable, variables
from ._equations import AbstractEquations


class Lorenz84(AbstractEquations):
    """The westerly wind and two phases of the eddies that carry heat to the pole.

    x' = -y^2 - z^2 - a x + a F,  y' = x y - b x z - y + G,  z' = b x y + x z - z.

    Reference:
        Lorenz (1984), Irregularity: a fundamental property of the atmosphere, Tellus A 36, 98-110.
    """

    variables = variables("x y z")
    reference = "Lorenz (1984), Irregularity: a fundamental property of the atmosphere, Tellus A 36, 98-110"
    start = (1.6, 0.467, 1.05)
    dt = 0.005

    a: Param = param(0.25, doc="damping of the westerly wind")
    b: Param = param(4.0, doc="displacement of the eddies by the wind")
    F: Param = param(8.0, doc="heating contrast between equator and pole")
    G: Param = param(1.0, doc="heating contrast between land and sea")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return (
            -y_ * y_ - z * z + self.a * (self.F - x),
            x * y_ - self.b * x * z - y_ + self.G,
            self.b * x * y_ + x * z - z,
        )


class VallisElNino(AbstractEquations):
    """Current and temperatures of the equatorial Pacific: El Niño as chaos.

    x' = B y - C (x + p),  y' = x z - y,  z' = 1 - z - x y.

    Reference:
        Vallis (1988), Conceptual models of El Niño and the Southern Oscillation, Journal of Geophysical Research 93,
        13979-13991.
    """

    variables = variables("x y z")
    reference = (
        "Vallis (1988), Conceptual models of El Niño and the Southern Oscillation, J. Geophys. Res. 93, 13979-13991"
    )
    start = (-0.311, -0.183, 0.18)
    dt = 0.005

    B: Param = param(102.0, doc="drive of the current by the difference of temperatures")
    C: Param = param(3.0, doc="damping of the current")
    p: Param = param(0.0, doc="trade wind")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.B * y_ - self.C * (x + self.p), x * z - y_, 1.0 - z - x * y_


class RikitakeDynamo(AbstractEquations):
    """Two disk dynamos, each in the field of the other: reversals of the magnetic field of the Earth.

    x' = -mu x + z y,  y' = -mu y + (z - a) x,  z' = 1 - x y.

    Reference:
        Rikitake (1958), Oscillations of a system of disk dynamos, Mathematical Proceedings of the Cambridge
        Philosophical Society 54, 89-105.
    """

    variables = variables("x y z")
    reference = "Rikitake (1958), Oscillations of a system of disk dynamos, Proc. Camb. Phil. Soc. 54, 89-105"
    start = (-0.892, -0.145, 0.958)
    dt = 0.01

    mu: Param = param(1.0, doc="electric resistance")
    a: Param = param(1.0, doc="difference of the speeds of the disks")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -self.mu * x + z * y_, -self.mu * y_ + (z - self.a) * x, 1.0 - x * y_


class WindmiReduced(AbstractEquations):
    """Substorms: current, voltage and pressure of the magnetosphere in a steady solar wind.

    I' = a1 (v_sw - V),  V' = b1 I - b2 P^(1/2) - b3 V,
    P' = v_sw^2 - P^(5/4) v_sw^(1/2) (1 + tanh(d1 (I - 1))) / 2.

    Chaos fills most of v_sw from 4 to 8; at 5 there is a window of periodic substorms.

    Reference:
        Horton, Weigel & Sprott (2001), Chaos and the limits of predictability for the solar-wind-driven
        magnetosphere-ionosphere system, Physics of Plasmas 8, 2946-2952.
    """

    variables = (Variable("I"), Variable("V"), Variable("P", topology="positive"))
    reference = "Horton, Weigel & Sprott (2001), Chaos and the limits of predictability, Phys. Plasmas 8, 2946-2952"
    start = (0.998, 5.01, 5270.0)
    dt = 0.01

    a1: Param = param(0.247, doc="inverse inductance")
    b1: Param = param(10.8, doc="drive of the voltage by the current")
    b2: Param = param(0.0752, doc="loss of voltage to the pressure")
    b3: Param = param(1.06, doc="conductance")
    d1: Param = param(2200.0, doc="steepness of the onset of unloading")
    v_sw: Param = param(4.5, doc="voltage of the solar wind")

    def rates(self, y: State) -> tuple[Any, ...]:
        current, voltage, pressure = y
        unloading = (1.0 + jnp.tanh(self.d1 * (current - 1.0))) / 2.0
        return (
            self.a1 * (self.v_sw - voltage),
            self.b1 * current - self.b2 * jnp.sqrt(pressure) - self.b3 * voltage,
            self.v_sw**2 - pressure**1.25 * jnp.sqrt(self.v_sw) * unloading,
        )


class MooreSpiegel(AbstractEquations):
    """A parcel of gas in a star, which heats and cools as it bobs up and down.

    x''' + x'' + (T - R + R x^2) x' + T x = 0, as x' = y,  y' = z,  z' = -z - (T - R + R x^2) y - T x.

    Reference:
        Moore & Spiegel (1966), A thermally excited non-linear oscillator, Astrophysical Journal 143, 871-887.
    """

    variables = variables("x y z")
    reference = "Moore & Spiegel (1966), A thermally excited non-linear oscillator, Astrophys. J. 143, 871-887"
    start = (0.145, 2.7, 6.03)
    dt = 0.005

    T: Param = param(6.0, doc="restoring force")
    R: Param = param(20.0, doc="thermal instability")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, v, a = y
        return v, a, -a - (self.T - self.R + self.R * x * x) * v - self.T * x
