"""A cycle as a clock: its states, the gradient of the phase on it, and its flow run forward or backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError
from ...solve import Dop853, integrate
from ...systems import AbstractFlow, AbstractSystem, driving, state_variables
from .._precision import require_64_bit
from ._find import rule_of
from ._guess import Guess
from ._orbit import PeriodicOrbit
from ._phase_response import phase_response
from ._rule import Rule

Array = NDArray[np.float64]

#: How far outside of a box, in units of its width, a flow begins to slow down, and over which distance.
_FAR, _MARGIN = 2.0, 0.1
#: Number of states of one compiled program.
_WIDTH = 64


class Clock(eqx.Module):
    """A stable cycle of a flow, in units of the scale of its rule; phases run from 0 to 1.

    Attributes:
        rule: The velocity.
        period: The period.
        phases: Phases of the starts of the intervals of the mesh, the first of them 0.
        states: Scaled states there.
        gradients: Gradient of the phase there, by scaled states: the phase response over the period.
        turns: Period of each component that is an angle, scaled; zero for all others.
    """

    rule: Rule
    period: Any
    phases: Array
    states: Array
    gradients: Array
    turns: Array

    def gap(self, x: Any) -> Any:
        """Differences of scaled states, those of angles by the shorter way round."""
        return x - self.turns * jnp.round(x / jnp.where(self.turns > 0, self.turns, 1.0))


def clock_of(system: AbstractSystem, orbit: PeriodicOrbit, *, inputs: Any, what: str) -> Clock:
    """The clock of a stable orbit; `what` is the function that needs it.

    Raises:
        InputError: If the orbit is not stable, or none of an autonomous flow.
    """
    require_64_bit(f"`{what}`")
    if orbit.successful and (orbit.unstable_dimension or np.any(np.abs(orbit.nontrivial) >= 1)):
        raise InputError(
            f"`{what}` needs a stable cycle: only states that approach it have its phase. Got one that is "
            f"{orbit.stability}. If it attracts backward in time, take `reversed_time(system)`."
        )
    response = phase_response(system, orbit, inputs=inputs)
    guess = Guess(orbit.times / orbit.period, orbit.states, orbit.period, "orbit")
    rule = rule_of(system, driving(system, inputs), guess)
    scale = np.asarray(rule.scale)
    turns = np.array([v.period if v.topology == "circle" else 0.0 for v in state_variables(system)])
    return Clock(
        rule=rule,
        period=jnp.asarray(orbit.period),
        phases=orbit.mesh[:-1],
        states=orbit.states[: -1 : orbit.degree + 1] / scale,
        gradients=response.response[:-1] * scale / orbit.period,
        turns=turns / scale,
    )


class Paced(AbstractFlow):
    """A scaled flow at `pace` 1 or -1 that comes to rest far outside of a box, with the time that is lost by that.

    Backward in time states run to infinity, often in finite time, and nobody asks for them there. But some come back:
    what has lost time on its way is not where it should be.
    """

    rule: Rule
    pace: Any
    low: Any
    high: Any

    def initial_state(self) -> Any:
        return jnp.zeros(self.low.size + 1)

    def vector_field(self, t: Any, y: Any, u: Any) -> Any:
        del u
        x, width = y[:-1], self.high - self.low
        outside = jnp.maximum(jnp.maximum(self.low - x, x - self.high) / width - _FAR, 0.0)
        share = jnp.exp(-jnp.sum((outside / _MARGIN) ** 4))
        return jnp.append(self.pace * share * self.rule.velocity(t, x, jnp.zeros(())), 1 - share)

    def after(self, x: Any, time: Any) -> tuple[Any, Any]:
        """The scaled state after `time`, and whether it is where it should be."""
        ts, start = jnp.stack([jnp.zeros(()), time]), jnp.append(x, 0.0)
        run = integrate(self, start, ts, solver=Dop853(rtol=1e-12, atol=1e-13))
        end = run.ys[-1]
        return end[:-1], (run.result == RESULTS.successful) & (end[-1] == 0)


def in_batches(program: Callable[..., Any], *lanes: Array) -> list[Array]:
    """The outputs of a compiled program of `_WIDTH` lanes for any number of them."""
    count, found = len(lanes[0]), []
    for first in range(0, count, _WIDTH):
        # A batch that is not full repeats its last lane.
        rows = np.minimum(np.arange(first, first + _WIDTH), count - 1)
        found.append([np.asarray(out)[: count - first] for out in program(*(jnp.asarray(x[rows]) for x in lanes))])
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]
