import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import injected, like, linoid


def _relaxation(V: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Steady values and time constants (ms) of the gates (m, h, n, a, b) at voltage `V`."""
    alpha = jnp.stack([3.8 * linoid((V + 29.7) / 10.0), 0.266 * jnp.exp(-(V + 48.0) / 20.0), _alpha_n(V)])
    beta = jnp.stack(
        [
            15.2 * jnp.exp(-0.0556 * (V + 54.7)),
            3.8 * jax.nn.sigmoid((V + 18.0) / 10.0),
            0.25 * jnp.exp(-(V + 55.7) / 80.0),
        ]
    )
    a = jnp.cbrt(0.0761 * jnp.exp(0.0314 * (V + 94.22)) * jax.nn.sigmoid(-0.0346 * (V + 1.17)))
    b = jax.nn.sigmoid(-0.0688 * (V + 53.3)) ** 4
    tau_a = 0.3632 + 1.158 * jax.nn.sigmoid(-0.0497 * (V + 55.96))
    tau_b = 1.24 + 2.678 * jax.nn.sigmoid(-0.0624 * (V + 16.027))
    steady = jnp.concatenate([alpha / (alpha + beta), jnp.stack([a, b])])
    return steady, jnp.concatenate([1.0 / (alpha + beta), jnp.stack([tau_a, tau_b])])


def _alpha_n(V: jax.Array) -> jax.Array:
    return 0.2 * linoid((V + 45.7) / 10.0)


class ConnorStevens(AbstractFlow):
    r"""A neuron of the crab's walking legs, whose transient A-current lets it fire at any low rate.

    C V' = I + u - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) - g_A a^3 b (V - E_A) - g_L (V - E_L),
    x' = (x_inf(V) - x) / tau_x(V)  for the gates x = m, h, n, a, b.

    Rates and steady values in the form of Dayan & Abbott (2001), chapter 6 (voltages absolute, no temperature factor).

    Args:
        I: Injected current, uA/cm2.
        C: Capacitance of the membrane, uF/cm2.
        g_Na: Largest sodium conductance, mS/cm2.
        g_K: Largest delayed-rectifier conductance, mS/cm2.
        g_A: Largest A-current conductance, mS/cm2; without it spiking starts at a finite rate.
        g_L: Leak conductance, mS/cm2.
        E_Na: Reversal potential of sodium, mV.
        E_K: Reversal potential of potassium, mV.
        E_A: Reversal potential of the A-current, mV.
        E_L: Reversal potential of the leak, mV.

    Reference:
        Connor, Walter & McKown (1977), Neural repetitive firing: modifications of the Hodgkin-Huxley axon suggested by
        experimental results from crustacean axons, Biophysical Journal 18, 81-102.

    Example:
        >>> ConnorStevens(I=12.0).initial_state().shape
        (6,)
    """

    variables = (Variable("V", "mV"), *(Variable(gate) for gate in "mhnab"))
    reference = "Connor, Walter & McKown (1977), Neural repetitive firing, Biophys. J. 18, 81-102"
    time_unit = "ms"
    family = "neurons"

    I: Param = param(10.0, unit="uA/cm2", doc="injected current")
    C: Param = param(1.0, unit="uF/cm2", doc="capacitance of the membrane", bounds=(1e-6, None))
    g_Na: Param = param(120.0, unit="mS/cm2", doc="largest sodium conductance", bounds=(0.0, None))
    g_K: Param = param(20.0, unit="mS/cm2", doc="largest delayed-rectifier conductance", bounds=(0.0, None))
    g_A: Param = param(47.7, unit="mS/cm2", doc="largest A-current conductance", bounds=(0.0, None))
    g_L: Param = param(0.3, unit="mS/cm2", doc="leak conductance", bounds=(0.0, None))
    E_Na: Param = param(55.0, unit="mV", doc="reversal potential of sodium")
    E_K: Param = param(-72.0, unit="mV", doc="reversal potential of potassium")
    E_A: Param = param(-75.0, unit="mV", doc="reversal potential of the A-current")
    E_L: Param = param(-17.0, unit="mV", doc="reversal potential of the leak")

    def initial_state(self) -> State:
        V = like(self.I, -68.0)
        steady, _ = _relaxation(V)
        return jnp.concatenate([V[None], steady])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        V, m, h, n, a, b = y
        ionic = (
            self.g_Na * m**3 * h * (V - self.E_Na)
            + self.g_K * n**4 * (V - self.E_K)
            + self.g_A * a**3 * b * (V - self.E_A)
            + self.g_L * (V - self.E_L)
        )
        steady, tau = _relaxation(V)
        return jnp.concatenate([((self.I + injected(u) - ionic) / self.C)[None], (steady - y[1:]) / tau])

    def region(self) -> Box:
        return Box(like(self.I, [-80.0, *[0.0] * 5]), like(self.I, [40.0, *[1.0] * 5]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.01
