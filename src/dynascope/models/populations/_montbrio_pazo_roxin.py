import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import injected, like


class MontbrioPazoRoxin(AbstractFlow):
    r"""The exact mean field of infinitely many quadratic integrate-and-fire neurons: firing rate and mean potential.

    tau r' = Delta / (pi tau) + 2 r v,
    tau v' = v^2 + eta + J tau r - (pi tau r)^2 + I + u.

    It follows without approximation from tau V_j' = V_j^2 + eta_j + J tau r + I (with spikes at infinity) for N to
    infinity, if the eta_j have a Lorentzian density with centre eta and half width Delta. In W = pi tau r + i v the
    potentials are Lorentzian too: pi tau r is their half width, v their centre. The conformal map
    Z = (1 - W*) / (1 + W*) leads to the order parameter of the phases theta_j = 2 arctan V_j (`order`, `from_order`).

    States of rest lie on eta + I = pi^2 R^2 - J R - Delta^2 / (4 pi^2 R^2) with R = tau r. A low and a high one
    coexist beyond a cusp (`cusp`) at R = (3/4)^(1/4) sqrt(Delta) / pi, J = 7.7962 sqrt(Delta), eta + I = -sqrt(3)
    Delta. The equations have one more state of rest, at a negative rate, which no population reaches.

    Args:
        I: Injected current, common to all neurons.
        eta: Centre of the excitabilities.
        Delta: Half width of the excitabilities.
        J: Coupling.
        tau: Time constant of the membrane, ms.

    Reference:
        Montbrio, Pazo & Roxin (2015), Macroscopic description for networks of spiking neurons, Physical Review X 5,
        021028.

    Example:
        >>> population = MontbrioPazoRoxin()
        >>> y = jnp.array([0.05, -0.3])
        >>> bool(jnp.allclose(population.from_order(population.order(y)), y))
        True
    """

    variables = (Variable("r", "1/ms", topology="positive"), Variable("v"))
    reference = (
        "Montbrio, Pazo & Roxin (2015), Macroscopic description for networks of spiking neurons, Phys. Rev. X 5, 021028"
    )
    time_unit = "ms"
    family = "populations"

    I: Param = param(0.0, doc="injected current, common to all neurons")
    eta: Param = param(-5.0, doc="centre of the excitabilities")
    Delta: Param = param(1.0, doc="half width of the excitabilities", bounds=(0.0, None))
    J: Param = param(15.0, doc="coupling")
    tau: Param = param(10.0, unit="ms", doc="time constant of the membrane", bounds=(1e-6, None))

    def order(self, y: State) -> jax.Array:
        """The complex order parameter Z = mean exp(i theta) of the phases at state `y`."""
        W = jax.lax.complex(jnp.pi * self.tau * y[0], -y[1])  # its conjugate
        return (1.0 - W) / (1.0 + W)

    def from_order(self, Z: jax.Array) -> State:
        """The state (r, v) of the order parameter `Z`; the inverse of `order`."""
        W = (1.0 - jnp.conj(Z)) / (1.0 + jnp.conj(Z))
        return jnp.stack([W.real / (jnp.pi * self.tau), W.imag])

    def drive_at_rest(self, r: jax.Array) -> jax.Array:
        """The drive eta + I under which firing rate `r` (1/ms) is a state of rest; there v = -Delta / (2 pi tau r)."""
        R = self.tau * r
        return (jnp.pi * R) ** 2 - self.J * R - (self.Delta / (2.0 * jnp.pi * R)) ** 2

    def cusp(self) -> tuple[jax.Array, jax.Array]:
        """Coupling J and drive eta + I of the cusp: two states of rest coexist only for stronger coupling."""
        R = 0.75**0.25 * jnp.sqrt(self.Delta) / jnp.pi
        J = 2.0 * jnp.pi**2 * R + self.Delta**2 / (2.0 * jnp.pi**2 * R**3)
        return J, (jnp.pi * R) ** 2 - J * R - (self.Delta / (2.0 * jnp.pi * R)) ** 2

    def initial_state(self) -> State:
        return like(self.I, jnp.stack([0.1 / self.tau, jnp.full_like(self.tau, -1.0)]))

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        r, v = y
        R = self.tau * r
        spread = self.Delta / (jnp.pi * self.tau)
        drive = self.eta + self.J * R + self.I + injected(u)
        return jnp.stack([spread + 2.0 * r * v, v * v + drive - (jnp.pi * R) ** 2]) / self.tau

    def region(self) -> Box:
        low, high = jnp.full_like(self.tau, -3.0), jnp.full_like(self.tau, 2.0)
        return Box(jnp.stack([0.01 / self.tau, low]), jnp.stack([2.0 / self.tau, high]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.05
