"""Any neuron of the catalogue as a population."""

from typing import Any

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Param
from ...systems import AbstractFlow, AbstractHybrid, Variable, kind, state_variables
from ._cells import AbstractCells, Parts, check_receptors
from ._receptors import AbstractReceptor, ConductanceReceptor, CurrentReceptor, DeltaReceptor


class CatalogueCells(AbstractCells):
    r"""Neurons of any kind in the catalogue, alike, stepped by the classical method of Runge and Kutta.

    y_i' = f(y_i, u_i + sum_k s_k + sum_k g_k (E_k - V_i)); currents and conductances decay within the step as they do
    between steps. A hybrid neuron spikes where its first guard is up at the end of a step and is reset there; a flow
    spikes where its potential rises through `threshold`.

    Args:
        neuron: A flow or hybrid system whose state is one array, with one input channel.
        receptors: The places where spikes arrive, in units of the neuron's input.
        threshold: Potential whose upward crossing is a spike of a flow, mV.
        refractory: Least time between two spikes that are seen, ms.
        potential: Which component of the state is the potential.
        substeps: Steps of the method in one step of the network.

    Reference:
        Brette et al. (2007), Simulation of networks of spiking neurons, Journal of Computational Neuroscience 23,
        349-398.

    Example:
        >>> from dynascope.models import Izhikevich
        >>> [v.name for v in CatalogueCells(Izhikevich()).variables]
        ['v', 'w']
    """

    neuron: AbstractFlow
    receptors: tuple[AbstractReceptor, ...] = ()
    threshold: Param = param(-20.0, unit="mV", doc="potential whose upward crossing is a spike of a flow")
    refractory: Param = param(0.0, unit="ms", doc="least time between two spikes that are seen", bounds=(0.0, None))
    potential: int = setting(0, doc="which component of the state is the potential")
    substeps: int = setting(1, doc="steps of the method in one step of the network")

    def __check_init__(self) -> None:
        check_receptors(self)
        name = type(self.neuron).__name__
        if kind(self.neuron) not in ("flow", "hybrid"):
            raise InputError(f"`CatalogueCells` needs a flow or a hybrid neuron; `{name}` is a {kind(self.neuron)}.")
        if self.neuron.input_size() != 1:
            raise InputError(f"`CatalogueCells` needs a neuron with one input channel; `{name}` has not.")
        state = jax.eval_shape(self.neuron.initial_state)
        if not isinstance(state, jax.ShapeDtypeStruct) or len(state.shape) != 1:
            raise InputError(f"`CatalogueCells` needs a neuron whose state is one array; that of `{name}` is not.")
        if self.substeps < 1:
            raise InputError(f"`substeps` must be at least 1, got {self.substeps}.")

    @property
    def variables(self) -> tuple[Variable, ...]:
        return state_variables(self.neuron)

    @property
    def unit(self) -> str:
        return "nA"

    def rest(self) -> Parts:
        return tuple(self.neuron.initial_state())

    def advance(self, x: Parts, s: Parts, drive: Any, *, dt: Any, busy: jax.Array, w: Any) -> tuple[Parts, jax.Array]:
        y0 = jnp.stack(x)
        h = dt / self.substeps

        def field(t: Any, y: jax.Array) -> jax.Array:
            V, u = y[self.potential], jnp.zeros_like(y[0]) + drive
            for one, arrived in zip(self.receptors, s, strict=True):
                match one:
                    case ConductanceReceptor():
                        u = u + arrived * jnp.exp(-t / one.tau) * (one.E - V)
                    case CurrentReceptor():
                        u = u + arrived * jnp.exp(-t / one.tau)
            return jax.vmap(lambda yi, ui: self.neuron.vector_field(0.0, yi, ui[None]), (1, 0), 1)(y, u)

        def step(i: Any, y: jax.Array) -> jax.Array:
            t = i * h
            k1 = field(t, y)
            k2 = field(t + 0.5 * h, y + 0.5 * h * k1)
            k3 = field(t + 0.5 * h, y + 0.5 * h * k2)
            return y + h / 6.0 * (k1 + 2.0 * (k2 + k3) + field(t + h, y + h * k3))

        y = y0
        for i in range(self.substeps):
            y = step(i, y)
        if w is not None:
            y = y.at[self.potential].add(w * jnp.sqrt(jnp.asarray(dt, y.dtype)))
        for one, arrived in zip(self.receptors, s, strict=True):
            if isinstance(one, DeltaReceptor):
                y = y.at[self.potential].add(jnp.where(busy, 0.0, arrived))
        if isinstance(self.neuron, AbstractHybrid):
            up = _guards(self.neuron, y)[0] >= 0
        else:
            up = (self.threshold < y[self.potential]) & (self.threshold >= y0[self.potential])
        return tuple(y), ~busy & up

    def reset(self, x: Parts, fired: jax.Array) -> Parts:
        if not isinstance(self.neuron, AbstractHybrid):
            return x
        neuron, y = self.neuron, jnp.stack(x)
        none = jnp.zeros((1,), y.dtype)
        up = (_guards(neuron, y) >= 0).at[0].set(fired)
        return tuple(jax.vmap(lambda yi, f: neuron.reset(0.0, yi, none, f), (1, 1), 1)(y, up))


def _guards(neuron: AbstractHybrid, y: jax.Array) -> jax.Array:
    """All guards of neurons in states `y` of shape `(d, n)`, shape `(k, n)`."""
    none = jnp.zeros((1,), y.dtype)
    return jax.vmap(lambda yi: neuron.guard(0.0, yi, none), 1, 1)(y)
