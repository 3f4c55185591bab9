"""The algebraically simple flows that Sprott found by computer search."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations

_SEARCH = "Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650"


class SprottA(AbstractEquations):
    """Case A of Sprott's search: an oscillator with a thermostat (Nose and Hoover), conservative and time-reversible.

    x' = y,  y' = -x + y z,  z' = a - y^2.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (0.0, 5.0, 0.0)
    dt = 0.01

    a: Param = param(1.0, doc="squared speed that the thermostat holds")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_, -x + y_ * z, self.a - y_**2


class SprottB(AbstractEquations):
    """Case B of Sprott's search: five terms, two of them quadratic.

    x' = y z,  y' = x - y,  z' = a - x y.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (1.49, 0.468, -0.797)
    dt = 0.01

    a: Param = param(1.0, doc="constant growth of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ * z, x - y_, self.a - x * y_


class SprottC(AbstractEquations):
    """Case C of Sprott's search: five terms, two of them quadratic.

    x' = y z,  y' = x - y,  z' = a - x^2.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (-0.478, -0.703, 0.212)
    dt = 0.01

    a: Param = param(1.0, doc="constant growth of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ * z, x - y_, self.a - x**2


class SprottD(AbstractEquations):
    """Case D of Sprott's search: five terms, two of them quadratic.

    x' = -y,  y' = x + z,  z' = x z + a y^2.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (-0.362, 0.387, 0.998)
    dt = 0.01

    a: Param = param(3.0, doc="growth of z with the square of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -y_, x + z, x * z + self.a * y_**2


class SprottE(AbstractEquations):
    """Case E of Sprott's search: five terms, two of them quadratic.

    x' = y z,  y' = x^2 - y,  z' = 1 - a x.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (1.09, 0.61, 0.386)
    dt = 0.01

    a: Param = param(4.0, doc="feedback of x on z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ * z, x**2 - y_, 1 - self.a * x


class SprottF(AbstractEquations):
    """Case F of Sprott's search: six terms, one of them quadratic.

    x' = y + z,  y' = -x + a y,  z' = x^2 - z.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (0.724, -0.0452, 0.354)
    dt = 0.02

    a: Param = param(0.5, doc="growth rate of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ + z, -x + self.a * y_, x**2 - z


class SprottG(AbstractEquations):
    """Case G of Sprott's search: six terms, one of them quadratic.

    x' = a x + z,  y' = x z - y,  z' = -x + y.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (-1.32, -2.41, 1.72)
    dt = 0.02

    a: Param = param(0.4, doc="growth rate of x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * x + z, x * z - y_, -x + y_


class SprottH(AbstractEquations):
    """Case H of Sprott's search: six terms, one of them quadratic.

    x' = -y + z^2,  y' = x + a y,  z' = x - z.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (-0.229, 0.131, -1.44)
    dt = 0.02

    a: Param = param(0.5, doc="growth rate of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -y_ + z**2, x + self.a * y_, x - z


class SprottI(AbstractEquations):
    """Case I of Sprott's search: six terms, one of them quadratic.

    x' = -a y,  y' = x + z,  z' = x + y^2 - z.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (0.0834, -0.248, 0.151)
    dt = 0.02

    a: Param = param(0.2, doc="feedback of y on x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -self.a * y_, x + z, x + y_**2 - z


class SprottJ(AbstractEquations):
    """Case J of Sprott's search: six terms, one of them quadratic.

    x' = a z,  y' = -b y + z,  z' = -x + y + y^2.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (19.5, -0.1, -7.11)
    dt = 0.01

    a: Param = param(2.0, doc="feedback of z on x")
    b: Param = param(2.0, doc="decay rate of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * z, -self.b * y_ + z, -x + y_ + y_**2


class SprottK(AbstractEquations):
    """Case K of Sprott's search: six terms, one of them quadratic.

    x' = x y - z,  y' = x - y,  z' = x + a z.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (0.658, 0.264, -0.0649)
    dt = 0.02

    a: Param = param(0.3, doc="growth rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return x * y_ - z, x - y_, x + self.a * z


class SprottL(AbstractEquations):
    """Case L of Sprott's search: six terms, one of them quadratic.

    x' = y + b z,  y' = a x^2 - y,  z' = 1 - x.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (-7.48, 22.5, -8.35)
    dt = 0.02

    a: Param = param(0.9, doc="growth of y with the square of x")
    b: Param = param(3.9, doc="feedback of z on x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ + self.b * z, self.a * x**2 - y_, 1 - x


class SprottM(AbstractEquations):
    """Case M of Sprott's search: six terms, one of them quadratic.

    x' = -z,  y' = -x^2 - y,  z' = a + a x + y.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (2.77, -4.19, -0.152)
    dt = 0.02

    a: Param = param(1.7, doc="growth of z, constant and with x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -z, -(x**2) - y_, self.a + self.a * x + y_


class SprottN(AbstractEquations):
    """Case N of Sprott's search: six terms, one of them quadratic.

    x' = -a y,  y' = x + z^2,  z' = 1 + y - b z.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (1.89, -4.16, -4.04)
    dt = 0.01

    a: Param = param(2.0, doc="feedback of y on x")
    b: Param = param(2.0, doc="decay rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -self.a * y_, x + z**2, 1 + y_ - self.b * z


class SprottO(AbstractEquations):
    """Case O of Sprott's search: six terms, one of them quadratic.

    x' = y,  y' = x - z,  z' = x + x z + a y.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (-0.00285, 0.303, 0.424)
    dt = 0.02

    a: Param = param(2.7, doc="feedback of y on z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_, x - z, x + x * z + self.a * y_


class SprottP(AbstractEquations):
    """Case P of Sprott's search: six terms, one of them quadratic.

    x' = a y + z,  y' = -x + y^2,  z' = x + y.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (0.176, -0.00409, 0.295)
    dt = 0.02

    a: Param = param(2.7, doc="feedback of y on x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a * y_ + z, -x + y_**2, x + y_


class SprottQ(AbstractEquations):
    """Case Q of Sprott's search: six terms, one of them quadratic.

    x' = -z,  y' = x - y,  z' = a x + y^2 + b z.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (-0.265, 1.4, 8.45)
    dt = 0.02

    a: Param = param(3.1, doc="feedback of x on z")
    b: Param = param(0.5, doc="growth rate of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -z, x - y_, self.a * x + y_**2 + self.b * z


class SprottR(AbstractEquations):
    """Case R of Sprott's search: six terms, one of them quadratic.

    x' = a - y,  y' = b + z,  z' = x y - z.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (-3.15, 0.897, -3.95)
    dt = 0.02

    a: Param = param(0.9, doc="constant growth of x")
    b: Param = param(0.4, doc="constant growth of y")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return self.a - y_, self.b + z, x * y_ - z


class SprottS(AbstractEquations):
    """Case S of Sprott's search: six terms, one of them quadratic.

    x' = -x - a y,  y' = x + z^2,  z' = 1 + x.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (-0.264, -0.22, 0.809)
    dt = 0.01

    a: Param = param(4.0, doc="feedback of y on x")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return -x - self.a * y_, x + z**2, 1 + x


class SprottMore(AbstractEquations):
    """An oscillator whose friction has a constant size and switches its sign with z; the attractor fills space.

    x' = y,  y' = -x - a sign(z) y,  z' = y^2 - exp(-x^2),  where sign(z) is tanh(z / width), since a jump would be
    invisible to tangent vectors: the exponents converge as width goes to 0.

    Reference:
        Sprott (2020), Do we need more chaos examples?, Chaos Theory and Applications 2 (2).
    """

    variables = variables("x y z")
    reference = "Sprott (2020), Do we need more chaos examples?, Chaos Theory and Applications 2 (2)"
    start = (-1.28, 0.395, 0.268)
    dt = 0.0005

    a: Param = param(1.0, doc="size of the friction")
    width: Param = param(0.01, doc="width of the switch", bounds=(1e-12, None))

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_, -x - self.a * jnp.tanh(z / self.width) * y_, y_**2 - jnp.exp(-(x**2))
