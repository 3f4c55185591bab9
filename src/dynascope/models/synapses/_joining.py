"""What circuits share: one rule applied to all neurons, the sum of synaptic currents, and names of the joined state."""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._types import Input
from ...systems import AbstractSystem, Variable, state_variables
from ._synapse import AbstractSynapse

#: Steps of the golden ratio fill an interval evenly, whatever their number.
_GOLDEN = 0.6180339887498949


def _own(module: Any) -> tuple[Any, Any]:
    """The parameters that have one entry per neuron, and all the rest."""
    return eqx.partition(module, lambda leaf: eqx.is_array(leaf) and leaf.ndim == 1)


def each(module: Any, rule: Callable[..., Any], *args: Any) -> Any:
    """`rule(module, *args)` for every neuron; arguments and parameters of shape `(n,)` are taken apart."""
    own, shared = _own(module)
    return jax.vmap(lambda part, *one: rule(eqx.combine(part, shared), *one))(own, *args)


def currents(synapse: AbstractSynapse, W: jax.Array, s: jax.Array, V: jax.Array) -> jax.Array:
    """The synaptic current into each neuron, shape `(n,)`, from all states and potentials."""

    def into(V_post: jax.Array) -> jax.Array:
        return each(synapse, lambda one, state, V_pre: one.current(state, V_pre, V_post), s, V)

    return jnp.sum(W * jax.vmap(into)(V), axis=1)


def external(u: Input) -> Any:
    """The current into each neuron from outside."""
    return 0.0 if u is None else u


def held(rows: jax.Array) -> jax.Array | None:
    """Rows of the state, or None where they have no entries: analyses never meet empty arrays."""
    return rows if rows.shape[-1] else None


def rows_of(kept: jax.Array | None, like: jax.Array) -> jax.Array:
    """What `held` was given."""
    return jnp.zeros((like.shape[0], 0), like.dtype) if kept is None else kept


def staggered(neurons: jax.Array, potential: int, top: Any) -> jax.Array:
    """States whose potentials lie at different heights, up to half way to `top`.

    Identical neurons that start alike stay alike, which shows nothing of the circuit.
    """
    n = neurons.shape[0]
    shares = ((jnp.arange(n) * _GOLDEN) % 1.0).astype(neurons.dtype)
    V = neurons[:, potential]
    return neurons.at[:, potential].add(0.5 * shares * (top - V))


def joined_variables(neuron: AbstractSystem, synapse: AbstractSynapse, neurons: jax.Array) -> tuple[Variable, ...]:
    """The variables of all neurons and their synapses; `neurons` are states of the neurons."""
    n, d = neurons.shape
    own = state_variables(neuron, size=d)
    return (*named(own, n), *named(apart(own, synapse.variables), n))


def named(parts: tuple[Variable, ...], n: int) -> tuple[Variable, ...]:
    """The variables of `n` copies: `V_0`, `w_0`, `V_1`, ..."""
    return tuple(dataclasses.replace(v, name=f"{v.name}_{i}") for i in range(n) for v in parts)


def apart(taken: tuple[Variable, ...], more: tuple[Variable, ...]) -> tuple[Variable, ...]:
    """`more`, with `syn_` before all names if one of them is taken by a neuron."""
    if not {v.name for v in taken} & {v.name for v in more}:
        return more
    return tuple(dataclasses.replace(v, name=f"syn_{v.name}") for v in more)


def check_parts(circuit: Any, n: int) -> None:
    """Refuse parts that do not fit: weights that are not square, neurons without input, a wrong number of entries."""
    name = type(circuit).__name__
    if circuit.W.ndim != 2 or circuit.W.shape[0] != circuit.W.shape[1]:
        raise InputError(
            f"`W` of `{name}` must have shape (n, n), entry [i, j] from neuron j to i; got {circuit.W.shape}."
        )
    if not isinstance(circuit.neuron, AbstractSystem) or not isinstance(circuit.synapse, AbstractSynapse):
        raise InputError(
            f"`{name}` needs a system as `neuron` and an `AbstractSynapse` as `synapse`, got "
            f"`{type(circuit.neuron).__name__}` and `{type(circuit.synapse).__name__}`."
        )
    if circuit.neuron.input_size() != 1:
        raise InputError(
            f"`{type(circuit.neuron).__name__}` takes {circuit.neuron.input_size() or 'no'} input channels, but a "
            f"neuron of `{name}` needs exactly one, for its synaptic current."
        )
    for part in (circuit.neuron, circuit.synapse):
        wrong = [leaf.shape for leaf in jax.tree.leaves(part) if eqx.is_array(leaf) and leaf.shape not in ((), (n,))]
        if wrong:
            raise InputError(
                f"A parameter of `{type(part).__name__}` has shape {wrong[0]}, but `{name}` joins {n} neurons. Give "
                f"one number for all of them, or {n}."
            )
    y = jax.eval_shape(lambda: each(circuit.neuron, lambda one, _: one.initial_state(), jnp.arange(n)))
    if not isinstance(y, jax.ShapeDtypeStruct) or len(y.shape) != 2:
        raise InputError(
            f"The state of `{type(circuit.neuron).__name__}` is not one array of shape (d,), as `{name}` needs it."
        )
    if not 0 <= circuit.potential < y.shape[1]:
        raise InputError(
            f"`potential` of `{name}` must be the index of a component of the neuron, 0 to {y.shape[1] - 1}; got "
            f"{circuit.potential}."
        )
