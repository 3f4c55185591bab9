"""Any system as a map on a loop's carry: what long tangent and ensemble runs step through.

Flows become one step of their fixed-step method, so the tangent map is exact for the computed orbit; hybrid systems
the map over a few steps, resets included; delay flows the map on their history; noisy systems one step under a
fixed realisation of the noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from .._errors import InputError
from .._types import Key, State
from ..solve import (
    AbstractFixedStep,
    EulerHeun,
    EulerMaruyama,
    LocatedEvents,
    Packing,
    check_solver,
    checked_state,
    diffusion_step,
    fixed_solver,
    fixed_step,
    packing,
)
from ..solve.maps import HistoryMap, TimeTMap
from ..systems import AbstractSystem, Variable, dimension, driven, driving, kind, state_variables

#: Solver steps that one map step of a hybrid system spans.
_HYBRID_STEPS = 20
#: Nodes of the history of a delay flow.
_NODES = 200


class Stepped(eqx.Module):
    """A system, its input, solver and noise as one map `step(i, carry)`; `dt` is the time of a step.

    `work` is the number of solver steps inside one step of the map.
    """

    system: AbstractSystem
    inputs: Any
    solver: Any
    key: Any
    dt: jax.Array
    template: State
    work: int = eqx.field(static=True, default=1)

    @property
    def dimension(self) -> int:
        """Size of the flattened state."""
        return sum(jnp.size(leaf) for leaf in jax.tree.leaves(self.template))

    def packing(self) -> Packing:
        """Between states and the carry of the loop."""
        return packing(self.template, lambda y: self._advanced(jnp.zeros((), jnp.int32), y), self._layout())

    def present(self, y: State) -> jax.Array:
        """The flattened present state: the newest row of a history, else the whole state."""
        return y[-1] if isinstance(self.system, HistoryMap) else ravel_pytree(y)[0]

    def variables(self) -> tuple[Variable, ...]:
        """Names and topology of the present state."""
        return state_variables(self.system.system if isinstance(self.system, HistoryMap) else self.system)

    def _layout(self) -> Any:
        return self.solver.layout if isinstance(self.solver, AbstractFixedStep) else None

    def velocity(self, t: Any, y: State) -> State:
        """The velocity of a flow at time `t` under its input."""
        return self.system.vector_field(t, y, None if self.inputs is None else self.inputs(t))  # type: ignore[attr-defined]

    def _advanced(self, i: Any, y: State) -> State:
        """The rule whose cost decides the layout: the velocity of a flow, else the step itself."""
        if kind(self.system) == "flow":
            return self.velocity(i * self.dt, y)
        return self._mapped(i, y)

    def _mapped(self, i: Any, y: State) -> State:
        u = None if self.inputs is None else self.inputs(i * self.dt)
        match kind(self.system):
            case "map":
                return self.system.step(i, y, u)  # type: ignore[attr-defined]
            case "random map":
                noise = self.system.draw(jax.random.fold_in(self.key, i), i)  # type: ignore[attr-defined]
                return self.system.step(i, y, u, noise)  # type: ignore[attr-defined]
            case _:
                key = jax.random.fold_in(self.key, i)
                noisy: Any = self.system
                return diffusion_step(noisy, self.inputs, y, i * self.dt, h=self.dt, key=key, solver=self.solver)

    def stepper(self, packed: Packing) -> Callable[[Any, Any], Any]:
        """The step `(i, carry) -> carry` on packed states."""
        if kind(self.system) == "flow":

            def field(t: Any, c: Any) -> Any:
                return packed.pack(self.velocity(t, packed.unpack(c)))

            step = fixed_step(field, self.solver.tableau, self.dt)
            return lambda i, c: step(i * self.dt, c)
        return lambda i, c: packed.pack(self._mapped(i, packed.unpack(c)))


def as_map(
    system: AbstractSystem, y0: Any, *, inputs: Any = None, key: Key | None = None, solver: Any = None
) -> Stepped:
    """`system` as a map on its state, for long runs.

    Args:
        system: Any system.
        y0: Initial state, or None.
        inputs: Input signal, or None for zero input.
        key: Random key; required for systems with noise.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Raises:
        InputError: If a key is missing, the start has another shape than the state, or the solver does not fit or
            adapts its step.
    """
    signal = driving(system, inputs)
    solver = solver if solver is not None else fixed_solver(system)
    found = kind(system)
    check_solver(system, solver)
    if found in ("sde", "random map") and key is None:
        raise InputError(f"`{type(system).__name__}` is noisy and needs `key`. Pass `key=jax.random.key(0)`.")
    if found in ("flow", "delay flow") and not isinstance(solver, AbstractFixedStep):
        raise InputError(
            f"Long runs of a {found} need a fixed-step solver such as `RK4(dt)`, got `{type(solver).__name__}`. "
            "For a stiff flow analyse its time-T map: `time_t_map(system, T, solver=Kvaerno5())`."
        )
    if found == "sde" and not isinstance(solver, EulerMaruyama | EulerHeun):
        raise InputError("Long runs of noisy flows need `EulerMaruyama(dt)` (Ito) or `EulerHeun(dt)` (Stratonovich).")
    if found == "hybrid":
        if not isinstance(solver, LocatedEvents):
            raise InputError("Tangents through resets need `LocatedEvents(RK4(dt))`.")
        small = LocatedEvents(solver.solver, max_events=64)
        period = _HYBRID_STEPS * solver.solver.dt
        fed = system if signal is None else driven(system, signal)
        start = system.initial_state() if y0 is None else checked_state(system, y0)
        return _plain(TimeTMap(fed, period, small), start, None, period, _HYBRID_STEPS)
    if found == "delay flow":
        span = float(system.longest_delay())  # type: ignore[attr-defined]
        nodes = max(32, min(_NODES, int(jnp.ceil(span / solver.dt)) + 1))
        history = HistoryMap(system, span, nodes)  # type: ignore[arg-type]
        # A start may be one state, held for all of the past, or a whole history.
        if y0 is not None and jnp.shape(y0) == (nodes, dimension(system)):
            past = y0
        else:
            start = system.initial_state() if y0 is None else checked_state(system, y0)
            past = jnp.tile(ravel_pytree(start)[0], (nodes, 1))
        return _plain(history, past, signal, span, nodes)
    start = system.initial_state() if y0 is None else checked_state(system, y0)
    if found in ("map", "random map"):
        return Stepped(system, signal, None, key, jnp.ones(()), start)
    return Stepped(system, signal, solver, key, jnp.asarray(solver.dt), start)


def _plain(mapped: Any, start: Any, signal: Any, period: Any, work: int) -> Stepped:
    """A map made by integration, in the time of its flow; its input is held constant over each of its steps."""
    return Stepped(mapped, signal, None, None, jnp.asarray(period, float), start, work)
