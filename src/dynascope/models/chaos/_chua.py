"""Chua's circuit, with two scrolls and with many."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations


class Chua(AbstractEquations):
    """Chua's circuit: two capacitors, a coil and a resistor of negative slope give the double scroll.

    x' = alpha (y - x - f(x)),  y' = x - y + z,  z' = -beta y,  f(x) = m1 x + (m0 - m1) (|x + 1| - |x - 1|) / 2.

    Reference:
        Matsumoto (1984), A chaotic attractor from Chua's circuit, IEEE Transactions on Circuits and Systems 31,
        1055-1058.
    """

    variables = variables("x y z")
    reference = "Matsumoto (1984), A chaotic attractor from Chua's circuit, IEEE Trans. Circuits Syst. 31, 1055-1058"
    start = (0.981, -0.15, -0.47)
    dt = 0.002

    alpha: Param = param(15.6, doc="ratio of the capacitors")
    beta: Param = param(28.0, doc="inverse inductance")
    m0: Param = param(-8.0 / 7.0, doc="inner slope of the resistor")
    m1: Param = param(-5.0 / 7.0, doc="outer slope of the resistor")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        f = self.m1 * x + (self.m0 - self.m1) * (jnp.abs(x + 1.0) - jnp.abs(x - 1.0)) / 2.0
        return self.alpha * (y_ - x - f), x - y_ + z, -self.beta * y_


class MultiChua(AbstractEquations):
    """Chua's circuit with a resistor of many slopes, which gives as many scrolls as it has pairs of them.

    x' = a (y - h(x)),  y' = x - y + z,  z' = -b y,
    h(x) = m[5] x + sum_i (m[i-1] - m[i]) (|x + c[i]| - |x - c[i]|) / 2 for i = 1 ... 5.

    Reference:
        Yalçin, Suykens & Vandewalle (2005), Cellular neural networks, multi-scroll chaos and synchronization, World
        Scientific.
    """

    variables = variables("x y z")
    reference = "Yalçin, Suykens & Vandewalle (2005), Multi-scroll chaos and synchronization, World Scientific"
    start = (-3.11, 1.46, -3.28)
    dt = 0.001

    a: Param = param(9.0, doc="ratio of the capacitors")
    b: Param = param(100.0 / 7.0, doc="inverse inductance")
    m: Param = param((-1 / 7, 2 / 7, -4 / 7, 2 / 7, -4 / 7, 2 / 7), doc="slopes, from the inside out")
    c: Param = param((1.0, 2.15, 3.6, 8.2, 13.0), doc="where the slope changes")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        kinks = jnp.abs(x + self.c) - jnp.abs(x - self.c)
        h = self.m[-1] * x + jnp.sum((self.m[:-1] - self.m[1:]) * kinks) / 2.0
        return self.a * (y_ - h), x - y_ + z, -self.b * y_
