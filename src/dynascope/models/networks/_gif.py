from typing import Any, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractMap, Box, Variable
from ._spiking_maps import distance_to_threshold, spikes, spread_potentials


class GIF(AbstractMap):
    r"""Integrate-and-fire neurons with conductances, whose spikes are known to within a time step (gIF).

    V_i[t+1] = gamma_i V_i[t] (1 - Z_i[t]) + J_i,  Z_i[t] = 1 where V_i[t] >= theta, else 0,
    gamma_i = exp(-int_t^{t+delta} g_i ds),  J_i = int_t^{t+delta} i_i(s) exp(-int_s^{t+delta} g_i) ds,
    g_i = 1/tau_L + G_E,i + G_I,i,  i_i = E_L/tau_L + E_E G_E,i + E_I G_I,i + I_i.

    A spike of neuron j opens conductances of neuron i by C abs(W_ij), exciting where W_ij > 0 and inhibiting where
    W_ij < 0, which close exponentially. Unlike in `BMS` the contraction gamma_i depends on the past spikes; the
    consequences are the same: stable periodic orbits, read off from their spikes. gamma_i is exact; in J_i
    conductances take their mean over the step, an error of third order in delta.

    The state has shape `(3, N)`: V, G_E and G_I. Potentials are counted from the reset in units of the distance to
    threshold.

    Args:
        W: Signed weights, shape `(N, N)`, entry `[i, j]` from neuron j to i.
        I: Input currents, 1/ms, shape `(N,)`.
        C: Strength of the coupling, 1/ms.
        theta: Threshold; after a spike a neuron starts from 0.
        tau_L: Time constant of the membrane at rest, ms.
        tau_E: Time constant of excitation, ms.
        tau_I: Time constant of inhibition, ms.
        E_L: Potential at rest.
        E_E: Reversal potential of excitation.
        E_I: Reversal potential of inhibition.
        delta: Length of a step, ms.

    Reference:
        Cessac & Vieville (2008), On dynamics of integrate-and-fire neural networks with conductance based synapses,
        Frontiers in Computational Neuroscience 2:2.

    Example:
        >>> network = GIF(jnp.zeros((1, 1)), jnp.zeros(1), tau_L=20.0, delta=20.0)
        >>> network.step(0, jnp.array([[0.5], [0.0], [0.0]]), None)[0].round(4).tolist()
        [0.1839]
    """

    reference = "Cessac & Vieville (2008), On dynamics of integrate-and-fire networks with conductances, Front. CN 2:2"
    family = "networks"

    W: Param = param(doc="signed weights, of variance 1/N")
    I: Param = param(unit="1/ms", doc="input currents")
    C: Param = param(0.04, unit="1/ms", doc="strength of the coupling", bounds=(0.0, None))
    theta: Param = param(1.0, doc="threshold", bounds=(1e-6, None))
    tau_L: Param = param(20.0, unit="ms", doc="time constant of the membrane at rest", bounds=(1e-6, None))
    tau_E: Param = param(5.0, unit="ms", doc="time constant of excitation", bounds=(1e-6, None))
    tau_I: Param = param(10.0, unit="ms", doc="time constant of inhibition", bounds=(1e-6, None))
    E_L: Param = param(0.0, doc="potential at rest")
    E_E: Param = param(4.7, doc="reversal potential of excitation")
    E_I: Param = param(-0.7, doc="reversal potential of inhibition")
    delta: Param = param(1.0, unit="ms", doc="length of a step", bounds=(1e-6, None))

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All potentials, then all exciting, then all inhibiting conductances."""
        n = range(self.I.shape[-1])
        conductances = tuple(Variable(f"{name}{i}", "1/ms", "positive") for name in ("G_E", "G_I") for i in n)
        return (*(Variable(f"V{i}") for i in n), *conductances)

    @classmethod
    def draw(cls, *, n: int, C: Any = 0.04, I: Any = 0.0, key: Key) -> Self:
        """A network with Gaussian weights of variance 1/n; a positive weight excites, a negative one inhibits.

        Args:
            n: Number of neurons.
            C: Strength of the coupling, 1/ms.
            I: Input current, 1/ms, one for all neurons or one each.
            key: Random key; one key gives the same network for every strength.
        """
        W = jax.random.normal(key, (n, n)) / jnp.sqrt(n)
        return cls(W, jnp.broadcast_to(jnp.asarray(I, W.dtype), (n,)), C)

    @classmethod
    def example(cls, *, n: int = 50, key: Key | None = None) -> Self:
        """A network of `n` neurons that an input keeps active."""
        return cls.draw(n=n, I=0.06, key=jax.random.key(0) if key is None else key)

    def spikes(self, y: State) -> jax.Array:
        """The spikes Z of state `y`: 1 for a neuron at or above threshold, else 0."""
        return spikes(y[0], self.theta)

    def distance(self, y: State) -> jax.Array:
        """The distance of the potentials of `y` to the discontinuity, min_i abs(V_i - theta)."""
        return distance_to_threshold(y[0], self.theta)

    def initial_state(self) -> State:
        V = spread_potentials(self.I, self.theta)
        return jnp.stack([V, jnp.zeros_like(V), jnp.zeros_like(V)])

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        Z = self.spikes(y)
        # Spikes open their conductances at once, at the beginning of the step.
        G_E = y[1] + self.C * (jnp.maximum(self.W, 0.0) @ Z)
        G_I = y[2] + self.C * (jnp.maximum(-self.W, 0.0) @ Z)
        mean_E, mean_I = (-G * tau * jnp.expm1(-self.delta / tau) / self.delta for G, tau in self._closing(G_E, G_I))
        g = 1.0 / self.tau_L + mean_E + mean_I
        i = self.E_L / self.tau_L + mean_E * self.E_E + mean_I * self.E_I + self.I
        V = jnp.exp(-g * self.delta) * y[0] * (1.0 - Z) - i / g * jnp.expm1(-g * self.delta)
        return jnp.stack([V, *(G * jnp.exp(-self.delta / tau) for G, tau in self._closing(G_E, G_I))])

    def _closing(self, G_E: jax.Array, G_I: jax.Array) -> tuple[tuple[jax.Array, jax.Array], ...]:
        """Each conductance with its time constant."""
        return (G_E, self.tau_E), (G_I, self.tau_I)

    def region(self) -> Box:
        low = jnp.zeros_like(self.initial_state())
        return Box(low, low + jnp.stack([3.0 * self.theta, self.theta, self.theta])[:, None])
