"""What a system is: the interface that every model obeys and every analysis relies on.

A system holds parameters and a rule, and nothing about time stepping: no `dt`, no key, no solver. Two kinds of
time (`AbstractFlow`, `AbstractMap`) and three capabilities (noise, events, delays) describe all of them.
"""

import dataclasses
import functools
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from .._compile import compiled
from .._errors import InputError
from .._param import replaced
from .._types import Input, Key, State, Time

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


def hook(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a method with a documented default which a system may replace."""
    method.__is_hook__ = True  # type: ignore[attr-defined]
    return method


@dataclasses.dataclass(frozen=True)
class Variable:
    """One component of the state: its name, unit and topology.

    Args:
        name: The symbol, e.g. `"V"`.
        unit: Physical unit, `"1"` where dimensionless.
        topology: `"real"`, `"circle"`, `"positive"` or `"discrete"`; what distances and Newton's method need.
        period: Length of the circle for `"circle"`.
    """

    name: str
    unit: str = "1"
    topology: Literal["real", "circle", "positive", "discrete"] = "real"
    period: float = 2 * jnp.pi


def variables(names: str, unit: str = "1", **kwargs: Any) -> tuple[Variable, ...]:
    """Variables from names separated by spaces, all of one unit: `variables("x y z")`."""
    return tuple(Variable(name, unit, **kwargs) for name in names.split())


class Box(eqx.Module):
    """An axis-aligned box of states: `low` and `high` are states (trees like the state itself)."""

    low: State
    high: State

    def sample(self, key: Key, count: int) -> State:
        """`count` states drawn uniformly; leaves gain a leading axis."""
        return _sampled(self, key, count)


@compiled
def _sampled(box: Box, key: Key, count: int) -> State:
    flat_low, unravel = ravel_pytree(box.low)
    flat_high, _ = ravel_pytree(box.high)
    draws = jax.random.uniform(key, (count, flat_low.size), flat_low.dtype)
    return jax.vmap(unravel)(flat_low + draws * (flat_high - flat_low))


class AbstractSystem(eqx.Module):
    """Anything with a state and a rule that moves it.

    Implement `initial_state` and the rule of the kind of time (`AbstractFlow.vector_field` or `AbstractMap.step`), set
    `variables` and `reference`, and declare parameters with `param`. Then trajectories, spectra, fixed points, basins,
    reports and plots work. Write the rule for one state; the library batches it with `vmap`.
    """

    #: Names, units and topology of the flattened state; None names them `y0`, `y1`, ...
    variables: ClassVar[tuple[Variable, ...] | None] = None
    #: Where the equations come from: authors, year, journal.
    reference: ClassVar[str] = ""
    #: Unit of time: `"ms"`, `"s"`, `"1"` or `"step"`.
    time_unit: ClassVar[str] = "1"
    #: Short family name under which `dynascope list` shows the system.
    family: ClassVar[str] = ""

    @abstractmethod
    def initial_state(self) -> State:
        """A typical state to start from; it fixes the structure, shapes and types of every state."""

    @hook
    def region(self) -> Box | None:
        """The box of random starts; None lets a pilot run choose it (and the result says so)."""
        return None

    @hook
    def observe(self, t: Time, y: State, u: Input) -> Any:
        """What is seen of state `y`; by default the state itself."""
        del t, u
        return y

    @hook
    def input_size(self) -> int | None:
        """Number of input channels, None for one without input."""
        return None

    @hook
    def forcing_period(self) -> Any:
        """Period of an explicit dependence on time, or None for autonomous systems."""
        return None

    @hook
    def typical_step(self) -> float | None:
        """A step of the fixed-step solver at which its error is small; None for a rule by a pilot run."""
        return None

    def replace(self, **changes: Any) -> Self:
        """A copy with changed parameters or settings.

        Args:
            **changes: New values by name; dotted names (`{"cell.w": 1.0}` with `**`) reach nested parts.

        Returns:
            A system of the same class. Scalars fill array parameters; types and shapes are kept.

        Raises:
            InputError: If a name is unknown, a shape differs or a value is out of bounds.
        """
        return replaced(self, changes)


class AbstractFlow(AbstractSystem):
    """A system in continuous time, dy/dt = f(t, y, u)."""

    @abstractmethod
    def vector_field(self, t: Time, y: State, u: Input) -> State:
        """The velocity dy/dt at time `t`, state `y` and input `u` (None when nothing drives the system)."""


class AbstractMap(AbstractSystem):
    """A system in discrete time, y[n+1] = step(n, y[n], u[n])."""

    time_unit: ClassVar[str] = "step"

    @abstractmethod
    def step(self, n: Time, y: State, u: Input) -> State:
        """The state after step `n` from state `y` under input `u` (None when nothing drives the system)."""


class AbstractNoisy(AbstractSystem):
    """Capability: white noise, dy = f dt + g(t, y, u) dW with one independent dW per column."""

    #: `"ito"` or `"stratonovich"`.
    interpretation: AbstractVar[Literal["ito", "stratonovich"]]

    @abstractmethod
    def diffusion(self, t: Time, y: State, u: Input) -> Any:
        """Noise amplitudes: shape `(d,)` for independent noise per component of the flattened state, or `(d, m)`."""


class AbstractEventful(AbstractSystem):
    """Capability: events. When an entry of `guard` rises through zero, `reset` moves the state."""

    @abstractmethod
    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        """One number per surface, shape `(k,)`; an event of surface i is entry i rising through zero."""

    @abstractmethod
    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        """The state just after the event(s) marked in `fired`, a boolean array of shape `(k,)`."""


class AbstractSDE(AbstractFlow, AbstractNoisy):
    """A flow with white noise."""


class AbstractHybrid(AbstractFlow, AbstractEventful):
    """A flow interrupted by resets, such as an integrate-and-fire neuron."""


class AbstractRandomMap(AbstractSystem):
    """A map with noise, y[n+1] = step(n, y[n], u[n], w[n]) with w[n] = draw(key, n)."""

    time_unit: ClassVar[str] = "step"

    @abstractmethod
    def draw(self, key: Key, n: Time) -> Any:
        """The noise of step `n`; the solver counts the key by `n`, so the same key repeats the same noise."""

    @abstractmethod
    def step(self, n: Time, y: State, u: Input, w: Any) -> State:
        """The state after step `n` under input `u` and noise `w`."""


class AbstractDelayFlow(AbstractSystem):
    """A flow with memory, dy/dt = f(t, y(t), y(t - tau), ..., u)."""

    #: The longest delay that any parameter may reach; static, it sizes the stored history.
    max_delay: AbstractVar[float]

    @hook
    def longest_delay(self) -> Any:
        """The longest delay at the present parameter values; by default `max_delay`."""
        return self.max_delay

    @abstractmethod
    def vector_field(self, t: Time, y: State, history: Callable[[Any], State], u: Input) -> State:
        """The velocity at time `t`; `history(s)` is the state at an earlier time `s >= t - max_delay`."""


Kind = Literal["flow", "map", "sde", "random map", "hybrid", "delay flow"]


def kind(system: AbstractSystem) -> Kind:
    """The kind of `system` in one or two words.

    Raises:
        InputError: If the combination of capabilities has no solver; the message names it.
    """
    noisy, eventful = isinstance(system, AbstractNoisy), isinstance(system, AbstractEventful)
    match system:
        case AbstractFlow() if noisy and eventful:
            raise InputError(
                f"`{type(system).__name__}` has noise and events together, which no solver here supports yet. "
                "Leave the noise out, or replace the events by a smooth spike (quadratic or exponential neuron)."
            )
        case AbstractFlow() if noisy:
            return "sde"
        case AbstractFlow() if eventful:
            return "hybrid"
        case AbstractFlow():
            return "flow"
        case AbstractDelayFlow() if noisy or eventful:
            raise InputError(
                f"`{type(system).__name__}` combines delays with {'noise' if noisy else 'events'}, which no solver "
                "here supports yet. Leave one of them out."
            )
        case AbstractDelayFlow():
            return "delay flow"
        case AbstractMap():
            return "map"
        case AbstractRandomMap():
            return "random map"
        case type():
            raise InputError(f"`{system.__name__}` is a class, not a system. Build one: `{system.__name__}()`.")
        case _:
            raise InputError(
                f"`{type(system).__name__}` is not a system: subclass `AbstractFlow`, `AbstractMap` or one of their "
                "variants (see docs/extend.md)."
            )


def is_discrete(system: AbstractSystem) -> bool:
    """Whether time advances in steps."""
    return isinstance(system, AbstractMap | AbstractRandomMap)


def dimension(system: AbstractSystem) -> int:
    """Number of components of the flattened state (for delay flows: of the present state)."""
    return sum(jnp.size(leaf) for leaf in jax.tree.leaves(system.initial_state()))


def state_variables(system: AbstractSystem, *, size: int | None = None) -> tuple[Variable, ...]:
    """Names, units and topology of the flattened state; unnamed components become `y0`, `y1`, ...

    `size` is the dimension where it is known already.
    """
    d = dimension(system) if size is None else size
    declared = system.variables
    if declared is None:
        return _numbered(Variable("y"), d)
    if len(declared) == 1 and d > 1:
        return _numbered(declared[0], d)
    if len(declared) != d:
        raise InputError(
            f"`{type(system).__name__}.variables` names {len(declared)} components, but its state has {d}. "
            "Name every component, or give one name for all."
        )
    return declared


@functools.lru_cache(maxsize=32)
def _numbered(one: Variable, count: int) -> tuple[Variable, ...]:
    """As many variables like `one`, which for a large network take longer to make than a thousand steps."""
    return tuple(dataclasses.replace(one, name=f"{one.name}{i}") for i in range(count))


def default_input(system: AbstractSystem) -> Input:
    """The input of a system that nothing drives: zeros for a system with input channels, else None."""
    size = system.input_size()
    return jnp.zeros(size) if size else None
