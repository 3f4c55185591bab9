from typing import Any, ClassVar, Self

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Param
from ...systems import Variable
from .._presets import chosen
from ._chemical import CurrentSynapse
from ._synapse import AbstractSynapse


class TsodyksMarkramSynapse(AbstractSynapse):
    r"""A synapse whose strength depends on its recent use: depletion x and facilitation u of another synapse.

    x' = (1 - x) / tau_rec,  u' = -u / tau_facil;  at a spike u -> u + U (1 - u), then u x is released and x -> x - u x.

    In a regular train of period T the release settles at u x with u = U / (1 - (1 - U) exp(-T / tau_facil)) and
    x = (1 - exp(-T / tau_rec)) / (1 - (1 - u) exp(-T / tau_rec)). With `tau_facil` 0 nothing facilitates: u is U at
    every spike, the depressing synapse of 1997. `preset` gives `"depressing"` and `"facilitating"`, as fitted in 1998.

    Args:
        synapse: The synapse that is opened by the release: any that needs spikes.
        U: Share of the resources that the first spike uses.
        tau_rec: Time constant of recovery, ms.
        tau_facil: Time constant of facilitation, ms; 0 for none.

    Reference:
        Tsodyks & Markram (1997), The neural code between neocortical pyramidal neurons depends on neurotransmitter
        release probability, PNAS 94, 719-723; Markram, Wang & Tsodyks (1998), Differential signaling via the same axon
        of neocortical pyramidal neurons, PNAS 95, 5323-5328.

    Example:
        >>> TsodyksMarkramSynapse.preset("depressing").release(jnp.array([1.0, 0.0])).tolist()
        0.5
    """

    #: U, tau_rec and tau_facil (ms) of the fits of 1998.
    presets: ClassVar[dict[str, tuple[float, float, float]]] = {
        "depressing": (0.5, 800.0, 0.0),
        "facilitating": (0.03, 130.0, 530.0),
    }
    needs_spikes: ClassVar[bool] = True

    synapse: AbstractSynapse = eqx.field(default_factory=CurrentSynapse)
    U: Param = param(0.5, doc="share of the resources that the first spike uses", bounds=(0.0, 1.0))
    tau_rec: Param = param(800.0, unit="ms", doc="time constant of recovery", bounds=(1e-6, None))
    tau_facil: Param = param(0.0, unit="ms", doc="time constant of facilitation, 0 for none", bounds=(0.0, None))

    @classmethod
    def preset(cls, name: str, *, synapse: AbstractSynapse | None = None) -> Self:
        """The synapse with the numbers of kind `name`; `presets` lists them."""
        U, tau_rec, tau_facil = chosen(cls, cls.presets, name)
        return cls(CurrentSynapse() if synapse is None else synapse, U=U, tau_rec=tau_rec, tau_facil=tau_facil)

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("x"), Variable("u"), *self.synapse.variables)

    def _used(self, u: jax.Array) -> jax.Array:
        """The share of the resources that a spike uses if it was `u` just before."""
        return jnp.where(self.tau_facil > 0, u + self.U * (1.0 - u), self.U)

    def release(self, s: jax.Array) -> jax.Array:
        """What a spike releases from state `s`: u x with u just after and x just before the spike."""
        return self._used(s[1]) * s[0]

    def rest(self) -> jax.Array:
        own = jnp.asarray([1.0, 0.0], self.U.dtype)
        return jnp.concatenate([own, self.synapse.rest()])

    def rate(self, s: jax.Array, V_pre: jax.Array) -> jax.Array:
        x, u = s[0], s[1]
        facilitates = self.tau_facil > 0
        fade = jnp.where(facilitates, -u / jnp.where(facilitates, self.tau_facil, 1.0), 0.0 * u)
        return jnp.concatenate([jnp.stack([(1.0 - x) / self.tau_rec, fade]), self.synapse.rate(s[2:], V_pre)])

    def jump(self, s: jax.Array, amount: Any) -> jax.Array:
        released = self.release(s)
        own = jnp.stack([s[0] - released, self._used(s[1])])
        return jnp.concatenate([own, self.synapse.jump(s[2:], amount * released)])

    def kick(self, s: jax.Array, amount: Any) -> Any:
        return self.synapse.kick(s[2:], amount * self.release(s))

    def current(self, s: jax.Array, V_pre: jax.Array, V_post: jax.Array) -> jax.Array:
        return self.synapse.current(s[2:], V_pre, V_post)
