"""A flow seen at the sampling of data, as a map that can be trained."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...solve._runge_kutta import rk_step
from ...solve._tableaus import RK4
from ...systems import AbstractFlow, AbstractMap, kind
from ...systems.derived import AbstractOpen

Rule = Callable[[Any, State, Any], State]


class AbstractAdjoint(eqx.Module):
    """How derivatives go back through the steps between two samples. Implement `through`."""

    @abstractmethod
    def through(self, rule: Rule, given: Any, y: State, span: tuple[Any, Any, int]) -> State:
        """The state at the end of `span` (start, step, number of steps) under the velocity `rule(t, y, given)`."""


class Direct(AbstractAdjoint):
    """Derivatives of the steps themselves, exact; memory grows with their number."""

    def through(self, rule: Rule, given: Any, y: State, span: tuple[Any, Any, int]) -> State:
        return _steps(rule, given, y, *span)


class Backsolved(AbstractAdjoint):
    r"""The adjoint equation, solved backward along with the state; memory does not depend on the number of steps.

    $\dot a = -a\, \partial f / \partial y$ from the end on, with $\int a\, \partial f / \partial \theta\, dt$ for the
    parameters. As accurate as the steps are; between two samples a contracting flow must not expand beyond that when it
    runs backward.

    Reference:
        Chen, Rubanova, Bettencourt & Duvenaud (2018), Neural ordinary differential equations, NeurIPS 31.
    """

    def through(self, rule: Rule, given: Any, y: State, span: tuple[Any, Any, int]) -> State:
        start, h, steps = span
        return _backsolved(rule, steps, given, y, start, h)


class SampledFlow(AbstractMap, AbstractOpen):
    """The map y(n dt) -> y((n + 1) dt) of a flow, by Runge-Kutta steps of fourth order and fixed number.

    Unlike a time-T map it has derivatives in reverse mode, which training needs. Once trained, `system` is the flow.

    Args:
        system: A flow.
        dt: Time between two samples of the data.
        steps: Runge-Kutta steps between them.
        adjoint: How derivatives go back through them: `Direct()` or `Backsolved()`.

    Raises:
        InputError: If the system is no flow, or `steps` is not positive.
    """

    system: AbstractFlow
    dt: Param = param(doc="time between samples", bounds=(0.0, None))
    steps: int = setting(1, doc="Runge-Kutta steps between samples")
    adjoint: AbstractAdjoint = Direct()

    def __check_init__(self) -> None:
        if kind(self.system) != "flow" or self.steps < 1:
            raise InputError(
                f"`SampledFlow` needs a flow and `steps` of at least 1, got a {kind(self.system)} and {self.steps}."
            )

    def step(self, n: Time, y: State, u: Input) -> State:
        weights, rest = eqx.partition(self.system, eqx.is_inexact_array)

        def rule(t: Any, y: State, given: Any) -> State:
            return eqx.combine(given[0], rest).vector_field(t, y, given[1])

        return self.adjoint.through(rule, (weights, u), y, (n * self.dt, self.dt / self.steps, self.steps))


def _steps(rule: Rule, given: Any, y: State, start: Any, h: Any, steps: int) -> State:
    def once(y: State, i: Any) -> tuple[State, None]:
        return rk_step(lambda t, y: rule(t, y, given), RK4, start + i * h, y, h=h), None

    return once(y, 0)[0] if steps == 1 else jax.lax.scan(once, y, jnp.arange(steps))[0]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _backsolved(rule: Rule, steps: int, given: Any, y: State, start: Any, h: Any) -> State:
    return _steps(rule, given, y, start, h, steps)


def _forth(rule: Rule, steps: int, given: Any, y: State, start: Any, h: Any) -> tuple[State, Any]:
    end = _steps(rule, given, y, start, h, steps)
    return end, (given, end, start, h)


def _back(rule: Rule, steps: int, kept: Any, a: State) -> Any:
    given, y, start, h = kept
    end = start + steps * h

    def backward(s: Any, carry: Any) -> Any:
        y, a, _ = carry
        velocity, pulled = jax.vjp(lambda y, given: rule(end - s, y, given), y, given)
        return (jax.tree.map(jnp.negative, velocity), *pulled(a))

    def once(carry: Any, i: Any) -> tuple[Any, None]:
        return rk_step(backward, RK4, i * h, carry, h=h), None

    nothing = jax.tree.map(jnp.zeros_like, given)
    first, before, of_given = jax.lax.scan(once, (y, a, nothing), jnp.arange(steps))[0]
    # A later end moves the state along its velocity there; a later start takes that of the start away.
    at_end, at_start = _product(a, rule(end, y, given)), _product(before, rule(start, first, given))
    return of_given, before, at_end - at_start, steps * at_end


def _product(a: State, b: State) -> Any:
    return sum(jnp.sum(x * y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


_backsolved.defvjp(_forth, _back)
