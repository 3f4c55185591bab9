"""Projections whose weights learn: at spikes by the traces of both neurons, and slowly by the rate of the target."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._bits import after, words
from ..._param import param, setting
from ..._types import Param
from ...systems import Variable
from ..synapses import AbstractPlasticity
from ._table import Columns, Synapses, delivered, over_rows, slots_of, target_of


class Homeostasis(eqx.Module):
    r"""Synaptic scaling: each neuron multiplies all its inputs of a projection by one factor that steers its own rate.

    a' = a (1 - r / target) / tau, with the rate r averaged over `tau_rate`; spikes arrive with weight a w. Integrated
    by one exponential per step, so that a stays positive.

    Args:
        target: The rate wanted, Hz.
        tau: Time constant of the factor, ms.
        tau_rate: Time over which the rate is averaged, ms.

    Reference:
        Turrigiano, Leslie, Desai, Rutherford & Nelson (1998), Activity-dependent scaling of quantal amplitude in
        neocortical neurons, Nature 391, 892-896; van Rossum, Bi & Turrigiano (2000), Stable Hebbian learning from
        spike timing-dependent plasticity, Journal of Neuroscience 20, 8812-8821 (its form).

    Example:
        >>> float(Homeostasis(target=5.0).target)
        5.0
    """

    target: Param = param(5.0, unit="Hz", doc="the rate wanted", bounds=(1e-6, None))
    tau: Param = param(2000.0, unit="ms", doc="time constant of the factor", bounds=(1e-6, None))
    tau_rate: Param = param(500.0, unit="ms", doc="time over which the rate is averaged", bounds=(1e-6, None))


class LearningState(NamedTuple):
    """State of one projection that learns; parts without a rule are empty.

    Attributes:
        weights: Its weights, in the order of their sources, shape `(synapse,)`.
        pre: Traces of the sources, shape `(k, pre)`.
        post: Traces of the targets, shape `(k, post)`.
        scale: Factor of all inputs of each target, shape `(post,)`.
        rate: Averaged rate of each target, Hz, shape `(post,)`.
    """

    weights: jax.Array
    pre: jax.Array
    post: jax.Array
    scale: jax.Array
    rate: jax.Array


class Learning(eqx.Module):
    """A projection that learns: its synapses sorted by source, and for rules at spikes also by target.

    Its memory beside that of the synapses, for each of them: the weight of now, and for rules at spikes 4 bytes for the
    sorting by target. A spike changes weights when it is sent, whatever its delay: delays are those of dendrites.

    Attributes:
        synapses: The synapses, with the weights that they start from: one number if all start alike.
        rule: `PairSTDP`, `TripletSTDP` or another rule at spikes; None for none.
        homeostasis: Scaling of all inputs of a neuron, or None.
        columns: The synapses by their targets; empty without a rule at spikes.
        pre: First unit of the sources, and their number.
        post: First unit of the targets, and their number.
        slot: Slot of the first target.
    """

    synapses: Synapses
    rule: AbstractPlasticity | None
    homeostasis: Homeostasis | None
    columns: Columns
    pre: tuple[int, int] = setting(doc="first unit of the sources, and their number")
    post: tuple[int, int] = setting(doc="first unit of the targets, and their number")
    slot: int = setting(doc="slot of the first target")

    def variables(self, k: int) -> list[Variable]:
        """Names of the state, of the projection number `k`."""
        found = [Variable(f"w{k}_{i}") for i in range(self.synapses.count)]
        names = [] if self.rule is None else [one.name for one in self.rule.variables]
        for end, (_, size) in (("pre", self.pre), ("post", self.post)):
            found += [Variable(f"{name}{k}_{end}_{i}") for name in names for i in range(size)]
        if self.homeostasis is not None:
            found += [Variable(f"scale{k}_{i}", topology="positive") for i in range(self.post[1])]
            found += [Variable(f"rate{k}_{i}", "Hz") for i in range(self.post[1])]
        return found

    def initial_state(self, like: Any) -> LearningState:
        """The state before any spike, of floating type `like`."""
        rest = jnp.zeros((0,), like) if self.rule is None else self.rule.rest().astype(like)
        steered = self.post[1] if self.homeostasis is not None else 0
        target = jnp.zeros((), like) if self.homeostasis is None else self.homeostasis.target
        return LearningState(
            weights=jnp.broadcast_to(self.synapses.weights.astype(like), (self.synapses.count,)),
            pre=jnp.broadcast_to(rest[:, None], (rest.size, self.pre[1])),
            post=jnp.broadcast_to(rest[:, None], (rest.size, self.post[1])),
            scale=jnp.ones((steered,), like),
            rate=jnp.broadcast_to(target, (steered,)).astype(like),
        )

    def advanced(self, y: LearningState, fired: jax.Array, ring: jax.Array, *, dt: float) -> LearningState:
        """The state after a step at whose end `fired` units spiked, all spikes being in the ring."""
        pre, post = self._ends(fired)
        if self.homeostasis is not None:
            y = self._scaled(self.homeostasis, y, post, dt)
        if self.rule is not None:
            # Weights are changed where they lie, after they were sent.
            packed = after(words(pre), ring), after(words(post), ring)
            y = self._learned(self.rule, y, (pre, post), packed, dt)
        return y

    def _ends(self, fired: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Which sources and which targets fired."""
        pre = jax.lax.dynamic_slice(fired, (self.pre[0],), (self.pre[1],))
        return pre, jax.lax.dynamic_slice(fired, (self.post[0],), (self.post[1],))

    def sent(self, ring: jax.Array, y: LearningState, fired: jax.Array, n: Any, *, depth: int) -> jax.Array:
        """The ring with the spikes of a step at whose end `fired` units spiked."""
        pre, _ = self._ends(fired)
        if self.homeostasis is None:
            return delivered(self.synapses, ring, pre, n, depth=depth, weights=y.weights)
        table = self.synapses
        count = table.count
        target = target_of(table, ring, depth)

        def visit(flat: jax.Array, start: Any, mine: jax.Array, row: Any) -> jax.Array:
            del row
            route = jax.lax.dynamic_slice(table.routes, (start,), mine.shape)
            w = jax.lax.dynamic_slice(y.weights, (start,), mine.shape)
            # Entries of other rows may belong to other targets, but all lie in this projection.
            sent = jnp.where(mine, w * y.scale[slots_of(route, table.bits) - self.slot], 0)
            return flat.at[target.places(n, route)].add(sent, mode="promise_in_bounds")

        rows = over_rows(table.first, words(pre), piece=table.piece, longest=table.longest, count=count)
        return rows(ring, visit)

    def _scaled(self, rule: Homeostasis, y: LearningState, post: jax.Array, dt: float) -> LearningState:
        rate = y.rate * jnp.exp(-dt / rule.tau_rate) + jnp.where(post, 1e3 / rule.tau_rate, 0.0).astype(y.rate.dtype)
        return y._replace(rate=rate, scale=y.scale * jnp.exp(dt / rule.tau * (1.0 - y.rate / rule.target)))

    def _learned(
        self, rule: AbstractPlasticity, y: LearningState, fired: tuple[jax.Array, ...], packed: Any, dt: float
    ) -> LearningState:
        pre, post = fired
        # Traces decay linearly, so that the rate at 1 gives the exact factor of a step.
        fade = jnp.exp(dt * rule.rate(jnp.ones_like(rule.rest()))).astype(y.pre.dtype)[:, None]
        before, after = fade * y.pre, fade * y.post
        table = self.synapses
        count, size = table.count, min(table.piece, table.count)

        def from_source(w: jax.Array, start: Any, mine: jax.Array, row: Any) -> jax.Array:
            old = jax.lax.dynamic_slice(w, (start,), (size,))
            route = jax.lax.dynamic_slice(table.routes, (start,), (size,))
            to = jnp.clip(slots_of(route, table.bits) - self.slot, 0, self.post[1] - 1)
            traces, hit = after[:, to], post[to]
            new = jax.vmap(lambda a, b, f: rule.learned(a, before[:, row], b, (True, f)), (0, 1, 0))(old, traces, hit)
            return jax.lax.dynamic_update_slice(w, jnp.where(mine, new, old), (start,))

        def from_target(w: jax.Array, start: Any, mine: jax.Array, row: Any) -> jax.Array:
            which, source = self.columns.located(table.first, start)
            # Where both fired, the pass over sources has seen the spike of the target.
            mine = mine & ~pre[source]
            old = w[which]
            new = jax.vmap(lambda a, b: rule.learned(a, b, after[:, row], (False, True)), (0, 1))(
                old, before[:, source]
            )
            return w.at[jnp.where(mine, which, count)].set(new, mode="drop")

        rows = over_rows(table.first, packed[0], piece=size, longest=table.longest, count=count)
        most = self.columns.longest
        columns = over_rows(self.columns.first, packed[1], piece=most, longest=most, count=count)
        weights = columns(rows(y.weights, from_source), from_target)
        return y._replace(weights=weights, pre=_jumped(rule, before, pre), post=_jumped(rule, after, post))


def _jumped(rule: AbstractPlasticity, traces: jax.Array, fired: jax.Array) -> jax.Array:
    """Traces after the spikes of the neurons in `fired`."""
    return jnp.where(fired, jax.vmap(rule.jump, 1, 1)(traces), traces)
