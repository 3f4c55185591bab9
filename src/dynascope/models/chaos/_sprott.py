"""The algebraically simple flows that Sprott found by computer search."""

from typing import Any

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractEquations

_SEARCH = "Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650"


class SprottB(AbstractEquations):
    """Case B of Sprott's search: five terms, two of them quadratic.

    x' = y z,  y' = x - y,  z' = a - x y.

    Reference:
        Sprott (1994), Some simple chaotic flows, Physical Review E 50, R647-R650.
    """

    variables = variables("x y z")
    reference = _SEARCH
    start = (0.69, 0.19, -2.2)
    dt = 0.01

    a: Param = param(1.0, doc="constant growth of z")

    def rates(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        return y_ * z, x - y_, self.a - x * y_
