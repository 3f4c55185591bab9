"""Maps that watch a flow at fixed intervals: time-T and stroboscopic maps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..._errors import RESULTS, InputError
from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractMap, AbstractSystem, Constant, kind
from ...systems.derived import AbstractOpen
from .._defaults import fixed_solver
from .._integrate import check_solver, integrate
from .._solvers import AbstractSolver


class TimeTMap(AbstractMap, AbstractOpen):
    """The map y(nT) -> y((n + 1) T) of a flow or hybrid system; its input is held constant over each interval.

    It is differentiable in forward mode, so spectra and fixed points (periodic orbits of period T) apply. A state from
    which the solver fails is mapped to NaN, which every analysis reports as a failure.

    Args:
        system: A flow or hybrid system.
        period: The interval T in the system's time unit.
        solver: How to step in between; see `time_t_map` for the default.
    """

    system: AbstractSystem
    period: Param = param(doc="interval T", bounds=(0.0, None))
    solver: AbstractSolver | None = None

    def step(self, n: Time, y: State, u: Input) -> State:
        start = jnp.asarray(n) * self.period
        ts = jnp.stack([start, start + self.period])
        inputs = None if u is None else Constant(u)
        run = integrate(self.system, y, ts, inputs=inputs, solver=self.solver)
        good = run.result == RESULTS.successful
        return jax.tree.map(lambda leaf: jnp.where(good, leaf[-1], jnp.nan), run.ys)


def time_t_map(system: AbstractSystem, period: Any, *, solver: AbstractSolver | None = None) -> TimeTMap:
    """The system watched every `period`: an `AbstractMap` on the same states.

    Args:
        system: A flow or hybrid system.
        period: Interval in the system's time unit.
        solver: None takes `fixed_solver(system)`. Error control sees the orbit but not the tangent vectors: at an
            equilibrium it lengthens its steps without limit, and the Jacobian is lost.

    Raises:
        InputError: If the system is of another kind, or the solver does not fit.
    """
    if kind(system) not in ("flow", "hybrid"):
        raise InputError(
            f"A time-T map needs a flow or a hybrid system; `{type(system).__name__}` is a {kind(system)}. "
            "For delay flows use `history_map`."
        )
    chosen = solver if solver is not None else fixed_solver(system)
    check_solver(system, chosen)
    return TimeTMap(system, period, chosen)


def stroboscopic_map(system: AbstractSystem, *, solver: AbstractSolver | None = None) -> TimeTMap:
    """The system watched once per period of its forcing.

    Raises:
        InputError: If the system declares no `forcing_period()`.
    """
    period = system.forcing_period()
    if period is None:
        raise InputError(
            f"`{type(system).__name__}` has no `forcing_period()`. Drive it by a periodic input "
            "(`driven(system, Sine(...))`) or use `time_t_map(system, period)`."
        )
    return time_t_map(system, period, solver=solver)
