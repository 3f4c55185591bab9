"""Identical systems on a graph, coupled by differences."""

from __future__ import annotations

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._param import param
from ..._types import Input, Param, State, Time
from .._base import AbstractFlow, AbstractMap, AbstractSystem, Box, Variable, dimension, hook, state_variables
from .._connectivity import AbstractConnectivity, connectivity
from ._base import check_kind

#: Relative distance between the starts of the units.
_APART = 0.01


class LinearCoupling(eqx.Module):
    """What a unit shows its neighbours, h(y) = H y, by a matrix on the flattened state."""

    matrix: Param = param(doc="inner coupling matrix")

    def __call__(self, y: State) -> State:
        """h(y), a state."""
        flat, unravel = ravel_pytree(y)
        return unravel(self.matrix @ flat)


def coupling_function(coupling: Any, system: AbstractSystem) -> Any:
    """The inner coupling h as a function from states to states.

    Args:
        coupling: None for the state itself, a matrix of shape `(d, d)` that acts on the flattened state, the name of
            the component through which units are coupled (into its own equation), or a function from states to states.
        system: One unit.

    Raises:
        InputError: If it does not fit the state.
    """
    d = dimension(system)
    if coupling is None:
        return LinearCoupling(jnp.eye(d))
    if isinstance(coupling, str):
        names = [v.name for v in state_variables(system)]
        if coupling not in names:
            raise InputError(f"`coupling` names `{coupling}`, but the components are {', '.join(map(repr, names))}.")
        i = names.index(coupling)
        return LinearCoupling(jnp.zeros((d, d)).at[i, i].set(1.0))
    if callable(coupling):
        like = system.initial_state()
        shown = jax.eval_shape(coupling, like)
        same = jax.tree.structure(shown) == jax.tree.structure(like)
        if not same or jax.tree.map(jnp.shape, shown) != jax.tree.map(jnp.shape, like):
            raise InputError(
                f"`coupling` must return a state of `{type(system).__name__}`, of shape "
                f"{jax.tree.map(jnp.shape, like)}, got {jax.tree.map(jnp.shape, shown)}."
            )
        return coupling
    if np.shape(coupling) != (d, d):
        raise InputError(
            f"`coupling` must be a matrix of shape ({d}, {d}), the name of a component or a function of the state, got "
            f"{type(coupling).__name__} of shape {np.shape(coupling)}."
        )
    return LinearCoupling(coupling)


class NetworkFlow(AbstractFlow):
    """Identical flows on a graph: y_i' = f(t, y_i, u) + strength sum_j W_ij (h(y_j) - h(y_i)); see `networked`."""

    system: AbstractFlow
    graph: AbstractConnectivity
    coupling: Any
    strength: Param = param(doc="strength of the coupling")

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return _numbered(self.system, self.graph.size)

    @property
    def time_unit(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.system.time_unit

    @property
    def reference(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.system.reference

    def initial_state(self) -> State:
        return _spread(self.system, self.graph.size)

    def region(self) -> Box | None:
        return _repeated_box(self.system, self.graph.size)

    def input_size(self) -> int | None:
        return self.system.input_size()

    @hook
    def forcing_period(self) -> Any:
        return self.system.forcing_period()

    def typical_step(self) -> float | None:
        return self.system.typical_step()

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        own = jax.vmap(lambda one: self.system.vector_field(t, one, u))(y)
        return _pulled(own, self.graph, self.strength, jax.vmap(self.coupling)(y))


class NetworkMap(AbstractMap):
    """Identical maps on a graph: y_i' = F(n, y_i, u) + strength sum_j W_ij (h(y_j) - h(y_i)); see `networked`."""

    system: AbstractMap
    graph: AbstractConnectivity
    coupling: Any
    strength: Param = param(doc="strength of the coupling")

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return _numbered(self.system, self.graph.size)

    @property
    def reference(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.system.reference

    def initial_state(self) -> State:
        return _spread(self.system, self.graph.size)

    def region(self) -> Box | None:
        return _repeated_box(self.system, self.graph.size)

    def input_size(self) -> int | None:
        return self.system.input_size()

    @hook
    def forcing_period(self) -> Any:
        return self.system.forcing_period()

    def step(self, n: Time, y: State, u: Input) -> State:
        own = jax.vmap(lambda one: self.system.step(n, one, u))(y)
        return _pulled(own, self.graph, self.strength, jax.vmap(self.coupling)(y))


def networked(system: AbstractSystem, graph: Any, coupling: Any = None, *, strength: Any = 1.0) -> AbstractSystem:
    r"""Copies of one system on the nodes of a graph, as one system: each state is stacked along a first axis of units.

    $\dot y_i = f(t, y_i, u) + \sigma \sum_j W_{ij} (h(y_j) - h(y_i))$, for maps $y_i' = F(n, y_i, u) + \sigma \sum_j
    \dots$. The synchronised state, all $y_i$ equal, is a solution whatever the graph; it is computed exactly.

    Args:
        system: One unit: a flow or a map. Its input, if it takes one, reaches all units alike.
        graph: A connectivity, or what `connectivity` makes one of: entry `[i, j]` is the weight from unit j to unit i.
            Loops have no effect.
        coupling: The inner coupling h: None for the state itself, the name of one component (coupled into its own
            equation), a matrix of shape `(d, d)` on the flattened state, or a function from states to states.
        strength: sigma.

    Returns:
        A system of the same kind. Its `initial_state` has the units one per cent apart.

    Raises:
        InputError: For another kind of system, or a coupling or graph that does not fit.

    Example:
        >>> import dynascope as ds
        >>> pair = networked(ds.build("lorenz"), [[0.0, 1.0], [1.0, 0.0]], "x", strength=4.0)
        >>> pair.initial_state().shape
        (2, 3)
    """
    found = check_kind(system, ("flow", "map"), operation="networked")
    wires, shown = connectivity(graph), coupling_function(coupling, system)
    if found == "flow":
        return NetworkFlow(system, wires, shown, strength)  # type: ignore[arg-type]
    return NetworkMap(system, wires, shown, strength)  # type: ignore[arg-type]


def laplacian(graph: Any) -> np.ndarray:
    """The Laplacian of a graph: the sum of each row of weights on the diagonal, minus the weights.

    Args:
        graph: As in `networked`.

    Returns:
        Shape `(N, N)`; every row sums to zero.

    Example:
        >>> laplacian([[0.0, 2.0], [1.0, 0.0]]).tolist()
        [[2.0, -2.0], [-1.0, 1.0]]
    """
    weights = np.array(connectivity(graph).dense(), float)
    np.fill_diagonal(weights, 0.0)
    return np.diag(weights.sum(axis=1)) - weights


def _pulled(own: State, graph: AbstractConnectivity, strength: Any, shown: State) -> State:
    """The rule of the units by themselves plus what their neighbours add."""

    def pull(rule: jax.Array, h: jax.Array) -> jax.Array:
        # Differences to the first unit: where all units are equal the coupling is then zero exactly, not by rounding.
        apart = (h - h[:1]).reshape(h.shape[0], -1)
        received = graph @ apart - (graph @ jnp.ones((h.shape[0], 1), h.dtype)) * apart
        return rule + strength * received.reshape(h.shape)

    return jax.tree.map(pull, own, shown)


def _numbered(system: AbstractSystem, units: int) -> tuple[Variable, ...]:
    """Names in the order of the flattened state: part after part, in each unit after unit."""
    rest, names = list(state_variables(system)), []
    for leaf in jax.tree.leaves(system.initial_state()):
        some, rest = rest[: jnp.size(leaf)], rest[jnp.size(leaf) :]
        names += [dataclasses.replace(v, name=f"{v.name}_{i}") for i in range(units) for v in some]
    return tuple(names)


def _spread(system: AbstractSystem, units: int) -> State:
    """The start of one unit for all, one per cent apart, so that a state that is not stable is left."""

    def apart(leaf: Any) -> jax.Array:
        one = jnp.asarray(leaf)
        # Multiples of the golden ratio, cut to their fractions, lie evenly and never twice at one place.
        places = jnp.mod(0.6180339887498949 * jnp.arange(units), 1.0).astype(one.dtype)
        return one[None] * (1 + _APART * places.reshape(-1, *(1,) * one.ndim))

    return jax.tree.map(apart, system.initial_state())


def _repeated_box(system: AbstractSystem, units: int) -> Box | None:
    box = system.region()
    if box is None:
        return None
    repeat = lambda corner: jax.tree.map(lambda leaf: jnp.repeat(jnp.asarray(leaf)[None], units, axis=0), corner)  # noqa: E731
    return Box(repeat(box.low), repeat(box.high))
