from typing import ClassVar, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import injected, like
from .._presets import chosen


class TsodyksMarkramNetwork(AbstractFlow):
    r"""An excitatory population whose synapses tire and warm up: bursts of the population, memory without firing.

    tau h' = -h + J u x R(h) + I + input,     R(h) = alpha ln(1 + exp(h / alpha)),
    x' = (1 - x) / tau_d - u x R(h),
    u' = (U - u) / tau_f + U (1 - u) R(h).

    x is the share of transmitter that is left (depression), u the share of it that a spike releases (facilitation).
    At rest, with R for the rate, u = U (1 + tau_f R) / (1 + U tau_f R), x = 1 / (1 + u tau_d R) and I = h - J u x R
    (`current_at_rest`): folds are the extrema of that curve.

    Presets: `working memory` (default; facilitation outlasts depression: rest and steady firing at 12 spikes a second
    both attract, so that a brief input writes or wipes a memory), `population spikes` (the same at less input: the
    memory is kept by synchronous bursts), `depression` (hardly any facilitation: bursts from every start). U, tau_d and
    tau_f of the first two are those of Mongillo, Barak & Tsodyks, those of the third Tsodyks, Pawelzik & Markram;
    J, tau, alpha and I are chosen for this rate model.

    Args:
        I: Background input, 1/s.
        J: Strength of the recurrent synapses.
        U: Release probability at rest.
        tau: Time constant of the population, s.
        tau_d: Recovery time of depression, s.
        tau_f: Decay time of facilitation, s.
        alpha: Softness of the threshold of the rate, 1/s.

    Reference:
        Tsodyks, Pawelzik & Markram (1998), Neural networks with dynamic synapses, Neural Computation 10, 821-835;
        Mongillo, Barak & Tsodyks (2008), Synaptic theory of working memory, Science 319, 1543-1546.

    Example:
        >>> network = TsodyksMarkramNetwork()
        >>> float(network.resources(jnp.array(10.0))[0])  # u at 10 spikes a second
        0.8
    """

    variables = (Variable("h", "1/s"), Variable("x"), Variable("u"))
    reference = (
        "Tsodyks, Pawelzik & Markram (1998), Neural networks with dynamic synapses, Neural Comput. 10, 821-835; "
        "Mongillo, Barak & Tsodyks (2008), Synaptic theory of working memory, Science 319, 1543-1546"
    )
    time_unit = "s"
    family = "populations"
    presets: ClassVar[dict[str, dict[str, float]]] = {
        "working memory": {},
        "population spikes": {"I": -2.0},
        "depression": {"U": 0.5, "tau_d": 0.8, "tau_f": 0.01, "tau": 0.03, "J": 6.0, "I": -1.5},
    }

    I: Param = param(-1.55, unit="1/s", doc="background input")
    J: Param = param(4.0, doc="strength of the recurrent synapses")
    U: Param = param(0.2, doc="release probability at rest", bounds=(0.0, 1.0))
    tau: Param = param(0.01, unit="s", doc="time constant of the population", bounds=(1e-6, None))
    tau_d: Param = param(0.2, unit="s", doc="recovery time of depression", bounds=(1e-6, None))
    tau_f: Param = param(1.5, unit="s", doc="decay time of facilitation", bounds=(1e-6, None))
    alpha: Param = param(1.5, unit="1/s", doc="softness of the threshold of the rate", bounds=(1e-6, None))

    @classmethod
    def preset(cls, name: str) -> Self:
        """The network of parameter set `name`; `presets` lists them."""
        return cls(**chosen(cls, cls.presets, name))

    def rate(self, h: jax.Array) -> jax.Array:
        """The firing rate R(h) at input `h`, 1/s."""
        return self.alpha * jax.nn.softplus(h / self.alpha)

    def resources(self, rate: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Release u and resources x in which synapses settle under a constant `rate`, 1/s."""
        u = self.U * (1.0 + self.tau_f * rate) / (1.0 + self.U * self.tau_f * rate)
        return u, 1.0 / (1.0 + u * self.tau_d * rate)

    def current_at_rest(self, rate: jax.Array) -> jax.Array:
        """The input I under which a positive `rate` (1/s) is a state of rest."""
        u, x = self.resources(rate)
        h = rate + self.alpha * jnp.log(-jnp.expm1(-rate / self.alpha))
        return h - self.J * u * x * rate

    def initial_state(self) -> State:
        return like(self.I, jnp.stack([self.I, jnp.ones_like(self.I), self.U]))

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        h, x, release = y
        rate = self.rate(h)
        flux = release * x * rate
        return jnp.stack(
            [
                (-h + self.J * flux + self.I + injected(u)) / self.tau,
                (1.0 - x) / self.tau_d - flux,
                (self.U - release) / self.tau_f + self.U * (1.0 - release) * rate,
            ]
        )

    def region(self) -> Box:
        return Box(like(self.I, [-10.0, 0.0, 0.0]), like(self.I, [50.0, 1.0, 1.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.0005
