"""The map of the blinking vortex, in closed form but for one equation of Kepler's."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractRecurrence

_TWO_PI = 6.283185307179586
#: Newton steps from the far end; Kepler's equation is convex there, so that each step approaches from one side.
_NEWTON = 12


class BlinkingVortexMap(AbstractRecurrence):
    """Stirring by two point vortices in a round tank, each on for half a period T, seen once a period.

    While the vortex at b is on, a particle runs round a circle |z - b| = lambda |z - a^2 / b| of radius rho about
    z_c = (b - lambda^2 a^2 / b) / (1 - lambda^2), where its angle theta obeys Kepler's equation
    theta - e sin theta = 2 pi t / T_c + const,  e = 2 lambda / (1 + lambda^2),
    T_c = (2 pi rho)^2 (1 + lambda^2) / (Gamma (1 - lambda^2)); then the same for the vortex at -b.

    Reference:
        Aref (1984), Stirring by chaotic advection, Journal of Fluid Mechanics 143, 1-21.
    """

    variables = variables("x y")
    reference = "Aref (1984), Stirring by chaotic advection, J. Fluid Mech. 143, 1-21"
    start = (0.1, 0.3)

    a: Param = param(1.0, doc="radius of the tank")
    b: Param = param(0.5, doc="distance of the vortices from the centre")
    Gamma: Param = param(_TWO_PI, doc="circulation of a vortex")
    T: Param = param(3.0, doc="period of the protocol")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = self._turned(*y)
        # Half a turn brings the other vortex to the place of the first.
        x, y_ = self._turned(-x, -y_)
        return -x, -y_

    def _turned(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Where the vortex at b carries a particle in half a period."""
        b, image = self.b, self.a**2 / self.b
        square = ((x - b) ** 2 + y * y) / ((x - image) ** 2 + y * y)
        centre = (b - square * image) / (1.0 - square)
        radius_squared = square * ((image - b) / (1.0 - square)) ** 2
        e = 2.0 * jnp.sqrt(square) / (1.0 + square)
        theta = jnp.arctan2(y, x - centre)
        turn = self.Gamma * (1.0 - square) / ((1.0 + square) * _TWO_PI * radius_squared)
        theta = _kepler(theta - e * jnp.sin(theta) + turn * self.T / 2.0, e)
        radius = jnp.sqrt(radius_squared)
        return centre + radius * jnp.cos(theta), radius * jnp.sin(theta)


def _kepler(mean: Any, e: Any) -> Any:
    """The angle E with E - e sin E = `mean`, up to full turns."""
    mean = mean - _TWO_PI * jnp.round(mean / _TWO_PI)
    angle = jnp.where(mean > 0, 0.5, -0.5) * jnp.asarray(_TWO_PI, mean.dtype)
    for _ in range(_NEWTON):
        angle = angle - (angle - e * jnp.sin(angle) - mean) / (1.0 - e * jnp.cos(angle))
    return angle
