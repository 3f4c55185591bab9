import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class RosenzweigMacArthur(AbstractFlow):
    r"""Prey that fill their land and predators that fill their stomachs: the paradox of enrichment.

    x' = r x (1 - x / K) - a x y / (1 + a h x),  y' = e a x y / (1 + a h x) - m y.

    Both live together at x* = m / (a (e - m h)); this turns unstable at K = 2 x* + 1 / (a h), and the cycles beyond
    bring both closer to extinction the richer the land.

    Args:
        r: Growth of the prey, 1/time.
        K: What the land can feed.
        a: Attack rate.
        h: Handling time of a prey.
        e: Predators per prey eaten.
        m: Death of the predators, 1/time.

    Reference:
        Rosenzweig & MacArthur (1963), Graphical representation and stability conditions of predator-prey interactions,
        American Naturalist 97, 209-223.

    Example:
        >>> y = jnp.array([1.0, 1.0])
        >>> RosenzweigMacArthur(m=1.0).vector_field(0.0, y, None).tolist()
        [0.25, -0.5]
    """

    variables = variables("x y", topology="positive")
    reference = (
        "Rosenzweig & MacArthur (1963), Stability conditions of predator-prey interactions, Am. Nat. 97, 209-223"
    )
    family = "canonical"
    catalogue_name = "rosenzweig-macarthur"

    r: Param = param(1.0, doc="growth of the prey", bounds=(0.0, None))
    K: Param = param(4.0, doc="what the land can feed", bounds=(1e-6, None))
    a: Param = param(1.0, doc="attack rate", bounds=(0.0, None))
    h: Param = param(1.0, doc="handling time of a prey", bounds=(0.0, None))
    e: Param = param(1.0, doc="predators per prey eaten", bounds=(0.0, None))
    m: Param = param(0.5, doc="death of the predators", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.r, [1.0, 1.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, y_ = y
        eaten = self.a * x * y_ / (1.0 + self.a * self.h * x)
        return jnp.stack([self.r * x * (1.0 - x / self.K) - eaten, self.e * eaten - self.m * y_])

    def region(self) -> Box:
        return Box(like(self.r, [0.1, 0.1]), like(self.r, [4.0, 3.0]))

    def typical_step(self) -> float:
        return 0.02
