import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class Oregonator(AbstractFlow):
    r"""The Belousov-Zhabotinsky reaction in three variables: bromous acid, bromide and the catalyst.

    epsilon x' = q y - x y + x (1 - x),  delta y' = -q y - x y + f z,  z' = x - z.

    Args:
        epsilon: Time scale of bromous acid.
        delta: Time scale of bromide.
        q: Ratio of two rates; small.
        f: Bromide made per catalyst: oscillation for about 1/2 to 2.4.

    Reference:
        Field & Noyes (1974), Oscillations in chemical systems IV, Journal of Chemical Physics 60, 1877-1884; in the
        scaling of Tyson (1982), Annals of the New York Academy of Sciences 316, 279-295.

    Example:
        >>> Oregonator(f=2.0).vector_field(0.0, Oregonator().initial_state(), None)[2].tolist()
        -0.25
    """

    variables = variables("x y z", topology="positive")
    reference = "Field & Noyes (1974), Oscillations in chemical systems IV, J. Chem. Phys. 60, 1877-1884"
    family = "canonical"

    epsilon: Param = param(0.04, doc="time scale of bromous acid", bounds=(1e-6, None))
    delta: Param = param(4e-4, doc="time scale of bromide", bounds=(1e-9, None))
    q: Param = param(8e-4, doc="ratio of two rates", bounds=(0.0, None))
    f: Param = param(1.0, doc="bromide made per catalyst", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.f, [0.25, 0.25, 0.5])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, y_, z = y
        return jnp.stack([
            (self.q * y_ - x * y_ + x * (1.0 - x)) / self.epsilon,
            (self.f * z - self.q * y_ - x * y_) / self.delta,
            x - z,
        ])  # fmt: skip

    def region(self) -> Box:
        return Box(like(self.f, [0.01, 0.01, 0.01]), like(self.f, [0.9, 0.9, 0.3]))

    def typical_step(self) -> float:
        # Bromide relaxes at the rate x / delta, up to 2500.
        return 2e-4
