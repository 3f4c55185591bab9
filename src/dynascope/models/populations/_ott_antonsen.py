import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class OttAntonsen(AbstractFlow):
    r"""The order parameter of infinitely many Kuramoto oscillators: one complex equation for all of them.

    z' = (i omega0 - Delta) z + K / 2 (z - |z|^2 z)  with z = x + i y.

    Exact for Lorentzian frequencies with centre omega0 and half width Delta, on the manifold that attracts all smooth
    densities of phases. Beyond K_c = 2 Delta oscillators lock and |z| settles at sqrt(1 - K_c / K) (`order_at_rest`),
    with exponents (0, 2 Delta - K); below, the incoherent state z = 0 attracts at the rate K / 2 - Delta.

    Args:
        K: Coupling, rad/time.
        Delta: Half width of the frequencies, rad/time.
        omega0: Centre of the frequencies, rad/time.

    Reference:
        Ott & Antonsen (2008), Low dimensional behavior of large systems of globally coupled oscillators, Chaos 18,
        037113.

    Example:
        >>> round(float(OttAntonsen(K=4.0).order_at_rest()) ** 2, 12)
        0.5
    """

    variables = variables("x y")
    reference = (
        "Ott & Antonsen (2008), Low dimensional behavior of large systems of globally coupled oscillators, "
        "Chaos 18, 037113"
    )
    family = "populations"

    K: Param = param(3.0, unit="rad", doc="coupling")
    Delta: Param = param(1.0, unit="rad", doc="half width of the frequencies", bounds=(0.0, None))
    omega0: Param = param(1.0, unit="rad", doc="centre of the frequencies")

    def order_at_rest(self) -> jax.Array:
        """The order parameter |z| that attracts: sqrt(1 - 2 Delta / K), or 0 below the critical coupling."""
        locked = 2.0 * self.Delta < self.K
        # `where` differentiates both branches: the root is taken of 1 where nothing locks.
        share = jnp.where(locked, 1.0 - 2.0 * self.Delta / jnp.where(locked, self.K, 1.0), 1.0)
        return jnp.where(locked, jnp.sqrt(share), 0.0)

    def initial_state(self) -> State:
        return like(self.K, [0.1, 0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, y_ = y
        growth = 0.5 * self.K * (1.0 - x * x - y_ * y_) - self.Delta
        return jnp.stack([growth * x - self.omega0 * y_, self.omega0 * x + growth * y_])

    def region(self) -> Box:
        # |z| is at most 1: a box inside of the unit circle.
        return Box(like(self.K, [-0.7, -0.7]), like(self.K, [0.7, 0.7]))

    def typical_step(self) -> float:
        return 0.02
