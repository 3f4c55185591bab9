"""What a spike does where it arrives: kicks, currents and conductances."""

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax.numpy as jnp

from ..._param import param, setting
from ..._types import Param

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractReceptor(eqx.Module):
    """A place of a neuron where spikes arrive: what arrives there is multiplied by `gain` and summed.

    Implement a field `name`, by which projections find it, and `gain`; the cells say what they do with the sum.
    """

    name: AbstractVar[str]
    gain: AbstractVar[Any]


class DeltaReceptor(AbstractReceptor):
    """Spikes that lift the potential at once, V -> V + w; refractory neurons ignore them.

    A delay of at least one step is needed: the kick is felt at the end of the step in which it arrives.

    Args:
        name: The name by which projections find it.
        gain: Factor of all weights.

    Example:
        >>> DeltaReceptor("exc").name
        'exc'
    """

    name: str = setting(doc="name by which projections find it")
    gain: Param = param(1.0, doc="factor of all weights")


class CurrentReceptor(AbstractReceptor):
    """Spikes that start a current, s' = -s / tau, s -> s + w at a spike.

    Args:
        name: The name by which projections find it.
        tau: Time constant of the decay, ms.
        gain: Factor of all weights.

    Example:
        >>> float(CurrentReceptor("exc", tau=5.0).tau)
        5.0
    """

    name: str = setting(doc="name by which projections find it")
    tau: Param = param(5.0, unit="ms", doc="time constant of the decay", bounds=(1e-6, None))
    gain: Param = param(1.0, doc="factor of all weights")


class ConductanceReceptor(AbstractReceptor):
    """Spikes that open a conductance, g' = -g / tau, g -> g + w at a spike; the current is g (E - V).

    Args:
        name: The name by which projections find it.
        tau: Time constant of the decay, ms.
        E: Reversal potential, mV.
        gain: Factor of all weights.

    Example:
        >>> float(ConductanceReceptor("inh", tau=10.0, E=-80.0).E)
        -80.0
    """

    name: str = setting(doc="name by which projections find it")
    tau: Param = param(5.0, unit="ms", doc="time constant of the decay", bounds=(1e-6, None))
    E: Param = param(0.0, unit="mV", doc="reversal potential")
    gain: Param = param(1.0, doc="factor of all weights")


def decay(receptor: AbstractReceptor, dt: Any) -> Any:
    """What a step leaves of the current or conductance; 0 for kicks."""
    if isinstance(receptor, CurrentReceptor | ConductanceReceptor):
        return jnp.exp(-dt / receptor.tau)
    return 0.0


def lasting(receptors: tuple[AbstractReceptor, ...]) -> tuple[int, ...]:
    """Positions of the receptors that have a state of their own."""
    return tuple(k for k, one in enumerate(receptors) if not isinstance(one, DeltaReceptor))
