"""Which solver is taken when the user names none."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from .._compile import compiled
from .._errors import RESULTS
from .._tree import is_traced
from .._types import State
from ..systems import AbstractFlow, AbstractSystem, driving, kind
from ._integrate import integrate
from ._solvers import RK4, EulerHeun, EulerMaruyama, LocatedEvents, Tsit5

#: The pilot run that finds a step: its length in units of |y| / |dy/dt|, and the share of its smallest step taken.
_PILOT_LENGTH, _PILOT_SHARE = 200.0, 0.5


def default_solver(system: AbstractSystem) -> Any:
    """The solver of `trajectory`: error-controlled where possible, else a fixed step of `step_for(system)`."""
    match kind(system):
        case "flow":
            return Tsit5()
        case "map" | "random map":
            return None
        case _:
            return fixed_solver(system)


def fixed_solver(system: AbstractSystem) -> Any:
    """The solver of long-time analyses: fixed steps of `step_for(system)` and no error control."""
    match kind(system):
        case "map" | "random map":
            return None
        case "flow" | "delay flow":
            return RK4(step_for(system))
        case "hybrid":
            return LocatedEvents(RK4(step_for(system)))
        case _:
            ito = system.interpretation == "ito"  # type: ignore[attr-defined]
            return (EulerMaruyama if ito else EulerHeun)(step_for(system))


def step_for(system: AbstractSystem) -> Any:
    """A step at which RK4 is accurate: the system's own `typical_step()`, else from a pilot run.

    The pilot integrates the deterministic part from `initial_state()` with Tsit5 at tolerance 1e-7 over two hundred
    times its own initial time scale, and takes half of the smallest step accepted.
    """
    declared = system.typical_step()
    step = _pilot(system, system.initial_state()) if declared is None else declared
    return step if is_traced(step) else float(step)


@compiled
def _pilot(system: AbstractSystem, y: State) -> Any:
    smooth = _Smooth(system)
    inputs = driving(system, None)
    flat, _ = ravel_pytree(y)
    velocity, _ = ravel_pytree(smooth.vector_field(jnp.zeros(()), y, None if inputs is None else inputs(0.0)))
    speed = jnp.linalg.norm(velocity)
    scale = jnp.where(speed > 0, (jnp.linalg.norm(flat) + 1e-3) / jnp.where(speed > 0, speed, 1.0), 1.0)
    ts = jnp.linspace(0.0, _PILOT_LENGTH * scale, 3)
    run = integrate(smooth, y, ts, inputs=inputs, solver=Tsit5(rtol=1e-7, atol=1e-9, max_steps=20_000))
    smallest = run.stats["smallest_step"]
    usable = jnp.isfinite(smallest) & ((run.result == RESULTS.successful) | (run.result == RESULTS.max_steps))
    return jnp.where(usable, _PILOT_SHARE * smallest, 1e-3 * scale)


class _Smooth(AbstractFlow):
    """The deterministic, event-free and memoryless part of a system, for the pilot run."""

    system: AbstractSystem

    def initial_state(self) -> State:
        return self.system.initial_state()

    def input_size(self) -> int | None:
        return self.system.input_size()

    def vector_field(self, t: Any, y: State, u: Any) -> State:
        if kind(self.system) == "delay flow":
            return self.system.vector_field(t, y, lambda _: y, u)  # type: ignore[attr-defined]
        return self.system.vector_field(t, y, u)  # type: ignore[attr-defined]
