from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, AbstractHybrid, Box, Variable, kind
from ..neurons import LeakyIntegrateAndFire
from ._chemical import CurrentSynapse
from ._joining import check_parts, currents, each, external, held, joined_variables, named, rows_of, staggered
from ._stdp import AbstractPlasticity
from ._synapse import AbstractSynapse
from ._time_courses import AlphaFunction

#: Relaxation of a latch to the nearer of its two positions, 1/ms. It never leaves them; the rate makes both stable.
_LATCHING = 1.0
#: A guard that is not armed.
_NEVER = -1.0


class CircuitState(NamedTuple):
    """State of a spiking circuit; parts that a circuit does not have are None.

    Attributes:
        neurons: States of the neurons, shape `(n, d)`.
        synapses: States of the synapses of each presynaptic neuron, shape `(n, k)`.
        latches: 1 from a spike until the potential is below the threshold again, else 0; only of neurons that are
            flows, shape `(n,)`.
        traces: Traces of each neuron's spikes for plasticity, shape `(n, m)`.
        weights: Weights that learn, in the order of `plastic`.
    """

    neurons: jax.Array
    synapses: jax.Array | None
    latches: jax.Array | None
    traces: jax.Array | None
    weights: jax.Array | None


class SpikingCircuit(AbstractHybrid):
    r"""A few neurons joined by synapses, exact to every spike: for analysis rather than size.

    y_i' = f(y_i, u_i + sum_j W_ij i(s_j, V_j, V_i)),  s_j' = g(s_j, V_j);  at a spike of j: y_j is reset, the kicks of
    its synapses are added to the potentials of its targets, and s_j jumps.

    A neuron spikes where its first guard rises through zero, or, if it is a flow, where its potential rises through
    `threshold` (it then goes on as it was, and can spike again once it was below). Spikes arrive without delay. What
    happens at one instant: all neurons whose guards are up fire together; they are reset first; then all kicks are
    added, also to those just reset; then weights learn, from the traces before. Neurons lifted over their threshold by
    the kicks fire next, at the same time but as a later event, and so on; an avalanche that runs on after every neuron
    could have fired is Zeno behaviour, and the run ends with that code.

    Every parameter of the neuron and of the synapse is one number, or has one entry per neuron (synapses: per
    presynaptic neuron). Input channel i is a current into neuron i. Event surface i is a spike of neuron i, and surface
    n + i its second guard, if it has one, or of flows the return below the threshold. Where two neurons spike at
    exactly the same time the flow has no derivative, because a small change decides which one is first: exponents are
    those of orbits without such ties.

    Args:
        neuron: A hybrid system whose first guard is its spike, or a flow; one input channel, its state one array.
        synapse: The kind of all synapses.
        W: Weights, shape `(n, n)`, entry `[i, j]` from neuron j to i, in the unit of the synapse; those that learn
            start here.
        plasticity: `PairSTDP` or `TripletSTDP`, or None.
        threshold: Potential whose upward crossing is a spike of a neuron that is a flow, mV.
        plastic: Pairs `(post, pre)` of the connections that learn; None for all between different neurons.
        potential: Which component of the neuron is its potential.

    Reference:
        Van Vreeswijk, Abbott & Ermentrout (1994), When inhibition not excitation synchronizes neural firing, Journal of
        Computational Neuroscience 1, 313-321 (the example).

    Example:
        >>> SpikingCircuit.example().initial_state().synapses.shape
        (2, 2)
    """

    reference = "Van Vreeswijk, Abbott & Ermentrout (1994), When inhibition not excitation synchronizes neural firing"
    family = "synapses"

    neuron: AbstractFlow
    synapse: AbstractSynapse
    W: Param = param(doc="weights, from column to row")
    plasticity: AbstractPlasticity | None = None
    threshold: Param = param(-20.0, unit="mV", doc="potential whose upward crossing is a spike of a flow")
    plastic: tuple[tuple[int, int], ...] | None = setting(None, doc="connections (post, pre) that learn")
    potential: int = setting(0, doc="which component of the neuron is its potential")

    def __check_init__(self) -> None:
        n = self.W.shape[0]
        check_parts(self, n)
        if kind(self.neuron) not in ("flow", "hybrid"):
            raise InputError(
                f"`SpikingCircuit` needs neurons that are flows or hybrid systems; `{type(self.neuron).__name__}` is a "
                f"{kind(self.neuron)}."
            )
        pairs = self.plastic or ()
        if self.plastic is not None and self.plasticity is None:
            raise InputError("`plastic` of `SpikingCircuit` names connections that learn, but `plasticity` is None.")
        if len(set(pairs)) < len(pairs) or any(len(pair) != 2 or not all(0 <= i < n for i in pair) for pair in pairs):
            raise InputError(
                f"`plastic` of `SpikingCircuit` must hold different pairs (post, pre) of indices below {n}, "
                f"got {pairs}."
            )

    @classmethod
    def example(cls, *, n: int = 2) -> Self:
        """`n` leaky integrate-and-fire neurons that excite each other slowly, and so avoid to fire together."""
        W = 0.2 * (1.0 - jnp.eye(n)) / max(n - 1, 1)
        return cls(LeakyIntegrateAndFire(I=2.0), CurrentSynapse(AlphaFunction(tau=4.0)), W)

    @property
    def _spikes_by_crossing(self) -> bool:
        return not isinstance(self.neuron, AbstractHybrid)

    @property
    def _learning(self) -> tuple[Any, Any]:
        """Indices of the postsynaptic and presynaptic neurons of the connections that learn."""
        n = self.W.shape[-1]
        pairs = self.plastic
        if pairs is None:
            pairs = tuple((i, j) for i in range(n) for j in range(n) if i != j)
        return jnp.asarray([i for i, _ in pairs], int), jnp.asarray([j for _, j in pairs], int)

    def weights(self, y: State) -> jax.Array:
        """The weights of all connections in state `y`, shape `(n, n)`."""
        return self.W if y.weights is None else self.W.at[self._learning].set(y.weights)

    def spiked(self, surfaces: Any) -> Any:
        """The neurons of event surfaces; -1 for events that are no spikes (second guards, returns, padding)."""
        surfaces = jnp.asarray(surfaces)
        return jnp.where(surfaces < self.W.shape[-1], surfaces, -1)

    @property
    def time_unit(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.neuron.time_unit

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        n = self.W.shape[-1]
        found = [*joined_variables(self.neuron, self.synapse, jax.eval_shape(self.initial_state).neurons)]
        if self._spikes_by_crossing:
            found += named((Variable("latch"),), n)
        if self.plasticity is not None:
            found += named(self.plasticity.variables, n)
            found += [Variable(f"w_{int(i)}_{int(j)}") for i, j in zip(*self._learning, strict=True)]
        return tuple(found)

    def _joined(self, neurons: jax.Array, synapses: jax.Array, rest: tuple[Any, Any, Any]) -> CircuitState:
        latches, traces, weights = rest
        return CircuitState(neurons, held(synapses), latches, traces, weights)

    def initial_state(self) -> State:
        index = jnp.arange(self.W.shape[-1])
        neurons = each(self.neuron, lambda one, _: one.initial_state(), index)
        box = self.neuron.region()
        if box is not None:
            neurons = staggered(neurons, self.potential, self._top())
        synapses = each(self.synapse, lambda one, _: one.rest(), index)
        latches = jnp.zeros_like(neurons[:, 0]) if self._spikes_by_crossing else None
        if self.plasticity is None:
            return self._joined(neurons, synapses, (latches, None, None))
        traces = jnp.broadcast_to(self.plasticity.rest(), (len(index), len(self.plasticity.variables)))
        return self._joined(neurons, synapses, (latches, traces, self.W[self._learning]))

    def _top(self) -> jax.Array:
        """The highest potential of random starts, below every threshold."""
        index = jnp.arange(self.W.shape[-1])
        high = each(self.neuron, lambda one, _: one.region().high, index)[:, self.potential]
        low = each(self.neuron, lambda one, _: one.region().low, index)[:, self.potential]
        return jnp.minimum(high, self.threshold - 0.01 * (high - low)) if self._spikes_by_crossing else high

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        V = y.neurons[:, self.potential]
        s = rows_of(y.synapses, y.neurons)
        current = currents(self.synapse, self.weights(y), s, V) + external(u)
        neurons = each(self.neuron, lambda one, yi, ui: one.vector_field(t, yi, ui[None]), y.neurons, current)
        synapses = each(self.synapse, lambda one, si, Vi: one.rate(si, Vi), s, V)
        latches = None if y.latches is None else _LATCHING * (jnp.round(y.latches) - y.latches)
        if self.plasticity is None:
            return self._joined(neurons, synapses, (latches, None, None))
        traces = jax.vmap(self.plasticity.rate)(y.traces)
        return self._joined(neurons, synapses, (latches, traces, jnp.zeros_like(y.weights)))

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        if y.latches is not None:
            above = y.neurons[:, self.potential] - self.threshold
            latched = y.latches > 0.5
            return jnp.concatenate([jnp.where(latched, _NEVER, above), jnp.where(latched, -above, _NEVER)])
        current = self._input(y, u)
        guards = each(self.neuron, lambda one, yi, ui: one.guard(t, yi, ui[None]), y.neurons, current)
        return guards.T.reshape(-1)  # the spikes of all neurons first

    def _input(self, y: State, u: Input) -> jax.Array:
        V = y.neurons[:, self.potential]
        return currents(self.synapse, self.weights(y), rows_of(y.synapses, y.neurons), V) + external(u)

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        spikes = fired[: self.W.shape[-1]]
        if y.latches is None:
            current = self._input(y, u)

            def start_anew(one: Any, yi: jax.Array, ui: jax.Array, f: jax.Array) -> jax.Array:
                return one.reset(t, yi, ui[None], f)

            by_neuron = fired.reshape(-1, spikes.size).T
            neurons, latches = each(self.neuron, start_anew, y.neurons, current, by_neuron), None
        else:
            neurons, returned = y.neurons, fired[self.W.shape[-1] :]
            latches = jnp.where(spikes, 1.0, jnp.where(returned, 0.0, y.latches)).astype(y.latches.dtype)
        W, s = self.weights(y), rows_of(y.synapses, y.neurons)
        kicks = each(self.synapse, lambda one, si: one.kick(si, jnp.ones((), si.dtype)), s)
        neurons = neurons.at[:, self.potential].add(W @ jnp.where(spikes, kicks, 0.0))
        jumped = each(self.synapse, lambda one, si: one.jump(si, jnp.ones((), si.dtype)), s)
        synapses = jnp.where(spikes[:, None], jumped, s)
        if self.plasticity is None:
            return self._joined(neurons, synapses, (latches, None, None))
        rule, (post, pre) = self.plasticity, self._learning
        weights = jax.vmap(lambda w, a, b, f, g: rule.learned(w, a, b, (f, g)))(
            y.weights, y.traces[pre], y.traces[post], spikes[pre], spikes[post]
        )
        traces = jnp.where(spikes[:, None], jax.vmap(self.plasticity.jump)(y.traces), y.traces)
        return self._joined(neurons, synapses, (latches, traces, weights))

    def region(self) -> Box | None:
        if self.neuron.region() is None:
            return None
        start = self.initial_state()
        index = jnp.arange(self.W.shape[-1])
        low, high = each(self.neuron, lambda one, _: (one.region().low, one.region().high), index)
        high = high.at[:, self.potential].set(self._top())
        zeros = jax.tree.map(jnp.zeros_like, start)
        ones = jax.tree.map(jnp.ones_like, start)
        if start.latches is not None:
            ones = ones._replace(latches=0.4 * ones.latches)
        if self.plasticity is not None:
            ones = ones._replace(weights=self.plasticity.w_max * ones.weights)
        return Box(zeros._replace(neurons=low), ones._replace(neurons=high))

    def input_size(self) -> int:
        return self.W.shape[-1]

    def typical_step(self) -> float | None:
        return self.neuron.typical_step()
