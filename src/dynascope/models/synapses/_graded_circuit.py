from typing import NamedTuple, Self

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable, kind
from ..neurons import WangBuzsaki
from ._continuous import GradedSynapse
from ._joining import check_parts, currents, each, external, held, joined_variables, rows_of, staggered
from ._synapse import AbstractSynapse


class GradedState(NamedTuple):
    """State of a circuit without events: neurons `(n, d)`, and synapses `(n, k)` or None."""

    neurons: jax.Array
    synapses: jax.Array | None


class GradedCircuit(AbstractFlow):
    r"""Neurons joined by gap junctions or graded synapses: a flow, since nothing in it jumps.

    y_i' = f(y_i, u_i + sum_j W_ij i(s_j, V_j, V_i)),  s_j' = g(s_j, V_j).

    Every parameter of the neuron and of the synapse is one number, or has one entry per neuron (synapses: per
    presynaptic neuron). Input channel i is a current into neuron i. `SpikingCircuit` has synapses driven by spikes.

    Args:
        neuron: A flow with one input channel, its state one array.
        synapse: `GapJunction` or `GradedSynapse`.
        W: Weights, shape `(n, n)`, entry `[i, j]` from neuron j to i; in the unit of the synapse (a conductance).
        potential: Which component of the neuron is its potential.

    Reference:
        Wang & Buzsáki (1996), Gamma oscillation by synaptic inhibition in a hippocampal interneuronal network model,
        Journal of Neuroscience 16, 6402-6413 (the example: two of their neurons that inhibit each other).

    Example:
        >>> GradedCircuit.example().initial_state().neurons.shape
        (2, 3)
    """

    reference = "Wang & Buzsáki (1996), Gamma oscillation by synaptic inhibition, J. Neurosci. 16, 6402-6413"
    family = "synapses"

    neuron: AbstractFlow
    synapse: AbstractSynapse
    W: Param = param(doc="weights, from column to row")
    potential: int = setting(0, doc="which component of the neuron is its potential")

    def __check_init__(self) -> None:
        check_parts(self, self.W.shape[0])
        if kind(self.neuron) != "flow":
            raise InputError(
                f"`GradedCircuit` needs neurons that are flows; `{type(self.neuron).__name__}` is a "
                f"{kind(self.neuron)}. Use `SpikingCircuit`."
            )
        if self.synapse.needs_spikes:
            raise InputError(
                f"`{type(self.synapse).__name__}` is driven by spikes, which `GradedCircuit` does not have. Use "
                "`SpikingCircuit`, or `GapJunction` or `GradedSynapse`."
            )

    @classmethod
    def example(cls, *, n: int = 2) -> Self:
        """`n` fast-spiking interneurons that inhibit each other, and synchronise; 0.1 mS/cm2 of inhibition each."""
        W = 0.1 * (1.0 - jnp.eye(n)) / max(n - 1, 1)
        return cls(WangBuzsaki(I=1.0), GradedSynapse.preset("interneuron"), W)

    @property
    def time_unit(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.neuron.time_unit

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return joined_variables(self.neuron, self.synapse, jax.eval_shape(self.initial_state).neurons)

    def initial_state(self) -> State:
        index = jnp.arange(self.W.shape[-1])
        neurons = each(self.neuron, lambda one, _: one.initial_state(), index)
        box = self.neuron.region()
        if box is not None:
            high = each(self.neuron, lambda one, _: one.region().high, index)
            neurons = staggered(neurons, self.potential, high[:, self.potential])
        synapses = each(self.synapse, lambda one, _: one.rest(), index)
        return GradedState(neurons, held(synapses))

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        V = y.neurons[:, self.potential]
        s = rows_of(y.synapses, y.neurons)
        current = currents(self.synapse, self.W, s, V) + external(u)
        neurons = each(self.neuron, lambda one, yi, ui: one.vector_field(t, yi, ui[None]), y.neurons, current)
        synapses = each(self.synapse, lambda one, si, Vi: one.rate(si, Vi), s, V)
        return GradedState(neurons, held(synapses))

    def region(self) -> Box | None:
        if self.neuron.region() is None:
            return None
        index = jnp.arange(self.W.shape[-1])
        low, high = each(self.neuron, lambda one, _: (one.region().low, one.region().high), index)
        rest = each(self.synapse, lambda one, _: one.rest(), index)
        return Box(GradedState(low, held(jnp.zeros_like(rest))), GradedState(high, held(jnp.ones_like(rest))))

    def input_size(self) -> int:
        return self.W.shape[-1]

    def typical_step(self) -> float | None:
        return self.neuron.typical_step()
