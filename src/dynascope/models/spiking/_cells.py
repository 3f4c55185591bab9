"""Populations of neurons as one array per variable, stepped together."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param
from ..._types import Param
from ...systems import Variable
from ._receptors import AbstractReceptor, ConductanceReceptor, CurrentReceptor, DeltaReceptor

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar

#: One array of shape `(n,)` per variable.
Parts = tuple[jax.Array, ...]


class AbstractCells(eqx.Module):
    """Neurons of one kind, each variable an array over all of them.

    Implement `variables`, `rest`, `advance` and `reset`; then any number of them is a population of a `SpikingNetwork`.
    Parameters are one number, or one per neuron.
    """

    #: The places where spikes arrive.
    receptors: AbstractVar[tuple[AbstractReceptor, ...]]
    #: Refractory time, ms.
    refractory: AbstractVar[Any]

    @property
    @abstractmethod
    def variables(self) -> tuple[Variable, ...]:
        """Names and units of the variables of one neuron; the potential is the first."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """The unit of inputs and of currents."""

    @abstractmethod
    def rest(self) -> Parts:
        """The variables of one resting neuron, or of all where parameters differ."""

    @abstractmethod
    def advance(self, x: Parts, s: Parts, drive: Any, *, dt: Any, busy: jax.Array, w: Any) -> tuple[Parts, jax.Array]:
        """One step.

        Args:
            x: The variables.
            s: Of every receptor what arrived: kicks, or the current or conductance at the start of the step.
            drive: Input current, in `unit`.
            dt: Length of the step, ms.
            busy: Which neurons are refractory.
            w: Normal noise of the strength given by `WhiteNoise`, shape `(n,)`, or None.

        Returns:
            The variables before resets, and who spikes.
        """

    @abstractmethod
    def reset(self, x: Parts, fired: jax.Array) -> Parts:
        """The variables after the spikes of the neurons in `fired`."""


def check_receptors(cells: AbstractCells) -> None:
    """Refuse receptors without a name of their own."""
    names = [one.name for one in cells.receptors]
    if len(set(names)) < len(names):
        raise InputError(f"The receptors of `{type(cells).__name__}` must have different names, got {names}.")


class LeakyCells(AbstractCells):
    r"""Leaky integrate-and-fire neurons, integrated exactly.

    tau V' = E_L - V + drive + sum_k s_k + sum_k g_k (E_k - V) ; a spike where V exceeds V_th at the end of a step, then
    V = V_reset for the refractory time. `WhiteNoise` adds sigma sqrt(tau) xi(t).

    Currents s (in mV: times the resistance) and noise are integrated exactly, so that only the times of spikes are
    rounded to steps. Conductances g (relative to the leak) are taken at the middle of the step, an error of second
    order. While refractory, currents and conductances go on decaying and kicks are ignored.

    Args:
        receptors: The places where spikes arrive.
        drive: Constant current times resistance, mV.
        tau: Time constant of the membrane, ms.
        E_L: Resting potential, mV.
        V_th: Threshold, mV.
        V_reset: Potential during the refractory time, mV.
        refractory: Refractory time, ms; rounded to steps.

    Reference:
        Rotter & Diesmann (1999), Exact digital simulation of time-invariant linear systems with applications to
        neuronal modeling, Biological Cybernetics 81, 381-402.

    Example:
        >>> LeakyCells((CurrentReceptor("exc", tau=5.0),)).rest()[0].tolist()
        -65.0
    """

    receptors: tuple[AbstractReceptor, ...] = ()
    drive: Param = param(0.0, unit="mV", doc="constant current times resistance")
    tau: Param = param(20.0, unit="ms", doc="time constant of the membrane", bounds=(1e-6, None))
    E_L: Param = param(-65.0, unit="mV", doc="resting potential")
    V_th: Param = param(-50.0, unit="mV", doc="threshold")
    V_reset: Param = param(-65.0, unit="mV", doc="potential during the refractory time")
    refractory: Param = param(2.0, unit="ms", doc="refractory time", bounds=(0.0, None))

    def __check_init__(self) -> None:
        check_receptors(self)

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("V", "mV"),)

    @property
    def unit(self) -> str:
        return "mV"

    def rest(self) -> Parts:
        return (self.E_L,)

    def advance(self, x: Parts, s: Parts, drive: Any, *, dt: Any, busy: jax.Array, w: Any) -> tuple[Parts, jax.Array]:
        (V,) = x
        level, opening, ramps = self.E_L + self.drive + drive, 1.0, 0.0
        for one, arrived in zip(self.receptors, s, strict=True):
            if isinstance(one, ConductanceReceptor):
                g = arrived * jnp.exp(-0.5 * dt / one.tau)
                level, opening = level + g * one.E, opening + g
            elif isinstance(one, CurrentReceptor):
                ramps = ramps + arrived * ramp(dt, self.tau, one.tau)
        if isinstance(opening, float):
            fade = jnp.exp(-dt / self.tau)
        else:
            level, fade = level / opening, jnp.exp(-dt * opening / self.tau)
        moved = level + (V - level) * fade + ramps
        if w is not None:
            moved = moved + jnp.sqrt(0.5 * (1.0 - fade * fade)) * w
        for one, arrived in zip(self.receptors, s, strict=True):
            if isinstance(one, DeltaReceptor):
                moved = moved + arrived
        V = jnp.where(busy, V, moved)
        return (V,), ~busy & (self.V_th < V)

    def reset(self, x: Parts, fired: jax.Array) -> Parts:
        return (jnp.where(fired, self.V_reset, x[0]),)


def ramp(dt: Any, tau: Any, tau_s: Any) -> Any:
    """What a current that starts at 1 and decays with `tau_s` adds to a leaky potential in a step.

    (1 / tau) times the integral of exp(-(dt - t) / tau) exp(-t / tau_s), without a hole where both are equal.
    """
    z = dt * (1.0 / tau - 1.0 / tau_s)
    near = jnp.abs(z) < 1e-4
    safe = jnp.where(near, 1.0, z)
    mean = jnp.where(near, 1.0 + 0.5 * z + z * z / 6.0, jnp.expm1(safe) / safe)
    return dt / tau * jnp.exp(-dt / tau) * mean
