"""Systems that were learned from recordings: they speak the units of the recording and go on from a stretch of it."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...solve import RK4, integrate
from ...systems import AbstractFlow, AbstractMap, AbstractSystem, Box, Variable, state_variables
from ._starts import AbstractStart, AbstractView, LastSample

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractReconstruction(AbstractSystem):
    """A system learned from a recording.

    Its state is that of the model inside, `system`, in standard units; `observe` shows the channels in the units of the
    recording, and `forecast` goes on from a stretch of data.
    """

    system: AbstractVar[Any]
    view: AbstractVar[AbstractView]
    start: AbstractVar[AbstractStart]
    offset: AbstractVar[Any]
    scale: AbstractVar[Any]
    begin: AbstractVar[Any]
    around: AbstractVar[Box]
    dt: AbstractVar[float]
    names: AbstractVar[tuple[str, ...]]
    units: AbstractVar[tuple[str, ...]]
    clock: AbstractVar[str]

    @abstractmethod
    def advanced(self, state: State, steps: int) -> State:
        """The states at samples 0, 1, ..., `steps - 1` from `state` on; leaves gain a leading axis."""

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The channels where they are the state, else the variables of the model inside."""
        if isinstance(self.start, LastSample):
            return tuple(Variable(name) for name in self.names)
        return state_variables(self.system)

    @property
    def reference(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of the model inside."""
        return self.system.reference

    def initial_state(self) -> State:
        """The state to which the training data bring the model."""
        return self.begin

    def region(self) -> Box | None:
        """Where the training data lie; for states with a memory, near the state to which they lead."""
        return self.around

    def observe(self, t: Time, y: State, u: Input) -> jax.Array:
        """The channels in the units of the recording."""
        del u
        return self.offset + self.scale * self.view(self.system, t, y)

    def after(self, history: Any) -> State:
        """The state one step after the last sample of `history`, shape `(time, channel)`, in the recording's units."""
        standard = (jnp.asarray(history) - self.offset) / self.scale
        state = self.start(self.system, standard)
        if not self.start.lag:
            return state
        return jax.tree.map(lambda leaf: leaf[1], self.advanced(state, 2))

    def forecast(self, history: Any, steps: int) -> jax.Array:
        """The next `steps` samples after `history`, shape `(steps, channel)`, in the units of the recording.

        Args:
            history: Samples up to now, shape `(time, channel)`; at least `start.least(system)` of them.
            steps: How far to look ahead.
        """
        states = self.advanced(self.after(history), steps)
        return jax.vmap(lambda y: self.observe(0, y, None))(states)


class ReconstructedMap(AbstractMap, AbstractReconstruction):
    """A map learned from samples: one step is one sampling interval.

    Args:
        system: The model, in standard units.
        view: How the channels are seen in its state.
        start: How a stretch of data becomes its state.
        offset: Mean of the training data, shape `(channel,)`.
        scale: Their standard deviation, shape `(channel,)`.
        begin: The state to which the training data bring the model.
        around: Box of starts.
        dt: Sampling interval, in the unit `clock`.
        names: Names of the channels.
        units: Their units.
        clock: Unit of time of the recording.
    """

    system: Any
    view: AbstractView
    start: AbstractStart
    offset: Param = param(doc="mean of the training data")
    scale: Param = param(doc="standard deviation of the training data")
    begin: Any = eqx.field(kw_only=True)
    around: Box = eqx.field(kw_only=True)
    dt: float = setting(doc="sampling interval")
    names: tuple[str, ...] = setting(doc="names of the channels")
    units: tuple[str, ...] = setting(doc="units of the channels")
    clock: str = setting(doc="unit of time of the recording")

    family: ClassVar[str] = "learned"

    def step(self, n: Time, y: State, u: Input) -> State:
        return self.system.step(n, y, u)

    def advanced(self, state: State, steps: int) -> State:
        return jax.lax.scan(lambda y, n: (self.system.step(n, y, None), y), state, jnp.arange(steps))[1]


class ReconstructedFlow(AbstractFlow, AbstractReconstruction):
    """A flow learned from samples, in the time unit of the recording.

    Args:
        system: The model.
        view: How the channels are seen in its state.
        start: How a stretch of data becomes its state.
        offset: Mean of the training data, shape `(channel,)`; nil where the model speaks the recording's units.
        scale: Their standard deviation, shape `(channel,)`; one where the model speaks the recording's units.
        begin: The state to which the training data bring the model.
        around: Box of starts.
        dt: Sampling interval.
        names: Names of the channels.
        units: Their units.
        clock: Unit of time.
        substeps: Steps of the solver in one sampling interval, for forecasts.
    """

    system: Any
    view: AbstractView
    start: AbstractStart
    offset: Param = param(doc="mean of the training data")
    scale: Param = param(doc="standard deviation of the training data")
    begin: Any = eqx.field(kw_only=True)
    around: Box = eqx.field(kw_only=True)
    dt: float = setting(doc="sampling interval")
    names: tuple[str, ...] = setting(doc="names of the channels")
    units: tuple[str, ...] = setting(doc="units of the channels")
    clock: str = setting(doc="unit of time of the recording")
    substeps: int = setting(4, doc="solver steps in one sampling interval")

    family: ClassVar[str] = "learned"

    @property
    def time_unit(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of the recording."""
        return self.clock

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return self.system.vector_field(t, y, u)

    def typical_step(self) -> float | None:
        """A part of the sampling interval."""
        return self.dt / self.substeps

    def advanced(self, state: State, steps: int) -> State:
        # A trajectory has two times at least.
        ts = self.dt * jnp.arange(max(2, steps))
        ys = integrate(self.system, state, ts, solver=RK4(self.dt / self.substeps)).ys
        return jax.tree.map(lambda leaf: leaf[:steps], ys)


class Forecasts(eqx.Module):
    """Forecasts from many starts, with what happened.

    Args:
        predicted: Shape `(start, step, channel)`, in the units of the recording; not finite where one diverged.
        actual: The same of the data.
    """

    predicted: NDArray[np.float64]
    actual: NDArray[np.float64]


def forecasts(
    reconstruction: AbstractReconstruction, data: Any, *, horizon: int, starts: int = 100, history: int | None = None
) -> Forecasts:
    """Forecast from evenly spread places in data that the model has not seen.

    Args:
        reconstruction: The model.
        data: Samples, shape `(time, channel)`, in the units of the recording, or several such stretches.
        horizon: Steps to look ahead.
        starts: Number of places, over all stretches together.
        history: Samples that the model is shown before each; as many as it needs if not given.

    Raises:
        InputError: If no stretch is long enough for a history and a horizon.
    """
    stretches = [np.asarray(x, float) for x in (data if isinstance(data, list | tuple) else [data])]
    shown = reconstruction.start.least(reconstruction.system) if history is None else history
    room = [max(0, len(x) - shown - horizon + 1) for x in stretches]
    if not sum(room):
        raise InputError(
            f"No stretch has the {shown + horizon} samples that a history of {shown} and a horizon of {horizon} need. "
            "Shorten the horizon."
        )
    places = np.unique(np.linspace(0, sum(room) - 1, min(starts, sum(room))).astype(int))
    ends = np.cumsum(room)
    before, after = [], []
    for place in places:
        i = int(np.searchsorted(ends, place, side="right"))
        first = int(place - (ends[i - 1] if i else 0))
        before.append(stretches[i][first : first + shown])
        after.append(stretches[i][first + shown : first + shown + horizon])
    predicted = _ahead(reconstruction, jnp.asarray(np.stack(before)), steps=horizon)
    return Forecasts(np.asarray(predicted), np.stack(after))


@compiled
def _ahead(reconstruction: AbstractReconstruction, histories: jax.Array, *, steps: int) -> jax.Array:
    return jax.vmap(lambda history: reconstruction.forecast(history, steps))(histories)
