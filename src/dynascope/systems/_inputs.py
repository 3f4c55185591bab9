"""Input signals u(t): values that a solver evaluates, for flows at any time and for maps at step numbers."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from .._errors import InputError
from .._param import param
from .._tree import is_traced
from .._types import Key, Param, Time
from ._base import AbstractSystem


class AbstractInput(eqx.Module):
    """A signal u(t) with one entry per input channel."""

    @abstractmethod
    def __call__(self, t: Time) -> jax.Array:
        """The value at time (or step) `t`, shape `(channels,)`."""

    def __add__(self, other: AbstractInput) -> Sum:
        """Both signals at once."""
        return Sum((self, other))


def _check_positive(signal: AbstractInput, name: str) -> None:
    value = getattr(signal, name)
    if not is_traced(value) and not (jnp.all(value > 0) and jnp.all(jnp.isfinite(value))):
        raise InputError(f"`{name}` of `{type(signal).__name__}` must be positive, got {value}.")


class Constant(AbstractInput):
    """u(t) = value.

    Args:
        value: Array of shape `(channels,)`, or a number for one channel.
    """

    value: Param = param(doc="value of the signal")

    def __call__(self, t: Time) -> jax.Array:
        del t
        return jnp.atleast_1d(self.value)


class Step(AbstractInput):
    """u(t) = before for t < onset, after from then on."""

    before: Param = param(0.0, doc="value before the onset")
    after: Param = param(1.0, doc="value from the onset on")
    onset: Param = param(0.0, doc="time of the step")

    def __call__(self, t: Time) -> jax.Array:
        return jnp.atleast_1d(jnp.where(t < self.onset, self.before, self.after))


class PulseTrain(AbstractInput):
    """Rectangular pulses of `height` and `width`, one every `period`, the first at `onset`; zero elsewhere."""

    height: Param = param(1.0, doc="height of a pulse")
    width: Param = param(1.0, doc="length of a pulse", bounds=(0.0, None))
    period: Param = param(10.0, doc="time from one pulse to the next", bounds=(0.0, None))
    onset: Param = param(0.0, doc="start of the first pulse")

    def __check_init__(self) -> None:
        _check_positive(self, "period")

    def __call__(self, t: Time) -> jax.Array:
        phase = jnp.mod(t - self.onset, self.period)
        return jnp.atleast_1d(jnp.where((t >= self.onset) & (phase < self.width), self.height, 0.0 * self.height))


class Sine(AbstractInput):
    """u(t) = offset + amplitude sin(2 pi t / period + phase)."""

    amplitude: Param = param(1.0, doc="amplitude")
    period: Param = param(1.0, doc="period", bounds=(0.0, None))
    phase: Param = param(0.0, unit="rad", doc="phase at t = 0")
    offset: Param = param(0.0, doc="mean value")

    def __check_init__(self) -> None:
        _check_positive(self, "period")

    def __call__(self, t: Time) -> jax.Array:
        angle = 2 * jnp.pi * t / self.period + self.phase
        return jnp.atleast_1d(self.offset + self.amplitude * jnp.sin(angle))


class Ramp(AbstractInput):
    """A straight rise (or fall) from `before` to `after` between the times `start` and `stop`, constant outside."""

    before: Param = param(0.0, doc="value until the start")
    after: Param = param(1.0, doc="value from the stop on")
    start: Param = param(0.0, doc="time at which the ramp begins")
    stop: Param = param(1.0, doc="time at which it ends, after the start")

    def __check_init__(self) -> None:
        if not is_traced((self.start, self.stop)) and not jnp.all(self.stop > self.start):
            raise InputError(f"`stop` of a `Ramp` must lie after its `start`, got {self.start} and {self.stop}.")

    def __call__(self, t: Time) -> jax.Array:
        share = jnp.clip((t - self.start) / (self.stop - self.start), 0, 1)
        return jnp.atleast_1d(self.before + share * (self.after - self.before))


class Pieces(AbstractInput):
    """Straight pieces from knot to knot: steps, pulses, ramps and any mixture of them.

    Before the first and after the last knot the signal keeps their values. A time that is listed twice is a jump, from
    the first of its values to the second, which holds from that time on.

    Args:
        times: Times of the knots, not decreasing, shape `(knots,)`.
        values: Values there, shape `(knots,)` for one channel or `(knots, channels)`.

    Example:
        >>> triangle = Pieces([1.0, 2.0, 3.0], [0.0, 4.0, 0.0])
        >>> float(triangle(2.5)[0])
        2.0
        >>> pulse = Pieces.steps([1.0, 2.0], [0.0, 4.0, 0.0])
        >>> [float(pulse(t)[0]) for t in (0.9, 1.0, 1.9, 2.0)]
        [0.0, 4.0, 4.0, 0.0]
    """

    times: Param = param(doc="times of the knots")
    values: Param = param(doc="values at the knots")

    def __check_init__(self) -> None:
        times, values = self.times, self.values
        if times.ndim != 1 or times.size < 1 or values.ndim not in (1, 2) or len(values) != len(times):
            raise InputError(
                "`Pieces` needs `times` of shape (knots,) and one of `values` for each, got shapes "
                f"{times.shape} and {values.shape}."
            )
        if not is_traced(times) and bool(jnp.any(~jnp.isfinite(times)) | jnp.any(jnp.diff(times) < 0)):
            raise InputError(f"`times` of `Pieces` must be finite and must not decrease, got {times}.")

    @classmethod
    def steps(cls, edges: Any, levels: Any) -> Pieces:
        """Constant pieces: `levels[0]` before `edges[0]`, `levels[i + 1]` from `edges[i]` on.

        Args:
            edges: Times of the jumps, increasing, shape `(jumps,)`.
            levels: One level more, shape `(jumps + 1,)` or `(jumps + 1, channels)`.

        Raises:
            InputError: If the shapes do not fit.
        """
        edges, levels = jnp.asarray(edges, float), jnp.asarray(levels, float)
        if edges.ndim != 1 or edges.size < 1 or len(levels) != len(edges) + 1:
            raise InputError(
                "`Pieces.steps` needs `edges` of shape (jumps,) and one more of `levels`, got shapes "
                f"{edges.shape} and {levels.shape}."
            )
        # Every edge is a knot twice: with the level before and with the one after.
        return cls(jnp.repeat(edges, 2), jnp.repeat(levels, 2, axis=0)[1:-1])

    def __call__(self, t: Time) -> jax.Array:
        right = jnp.searchsorted(self.times, t, side="right")
        last = self.times.size - 1
        i, j = jnp.clip(right - 1, 0, last), jnp.clip(right, 0, last)
        gap = self.times[j] - self.times[i]
        share = jnp.where(gap > 0, (t - self.times[i]) / jnp.where(gap > 0, gap, 1), 0)
        return jnp.atleast_1d(self.values[i] + share * (self.values[j] - self.values[i]))


class Sum(AbstractInput):
    """The sum of several signals of the same channels, such as a step and noise on top of it."""

    parts: tuple[AbstractInput, ...]

    def __check_init__(self) -> None:
        if not self.parts or not all(isinstance(part, AbstractInput) for part in self.parts):
            raise InputError(f"`parts` of a `Sum` must be a tuple of at least one input, got {self.parts!r}.")

    def __call__(self, t: Time) -> jax.Array:
        values = [part(t) for part in self.parts]
        if len({v.shape for v in values}) > 1:
            raise InputError(f"The parts of a `Sum` must agree in channels, got {[v.shape[0] for v in values]}.")
        return sum(values[1:], values[0])


class Noise(AbstractInput):
    """Gaussian noise, held constant over intervals of length `dt`: u(t) = mean + std xi[floor(t / dt)].

    The draws are counted by time from `key`, so the same key gives the same signal whatever the solver's steps or
    chunks. For a white-noise current of intensity D (variance 2 D t of its integral) use std = sqrt(2 D / dt).

    Args:
        key: Random key of JAX.
        channels: Number of channels.
        mean: Mean value.
        std: Standard deviation of each held value.
        dt: Length of an interval; 1 for maps.
    """

    key: Key
    channels: int = eqx.field(static=True, default=1)
    mean: Param = param(0.0, doc="mean value")
    std: Param = param(1.0, doc="standard deviation", bounds=(0.0, None))
    dt: Param = param(1.0, doc="length of one interval", bounds=(0.0, None))

    def __check_init__(self) -> None:
        _check_positive(self, "dt")

    def __call__(self, t: Time) -> jax.Array:
        # The small offset keeps n * dt, rounded down, from falling into the interval before.
        index = jnp.floor(jnp.asarray(t) / self.dt + 1e-9).astype(jnp.int32)
        draw = jax.random.normal(jax.random.fold_in(self.key, index), (self.channels,), self.mean.dtype)
        return self.mean + self.std * draw


class Recorded(AbstractInput):
    """A recorded signal: linear between samples, or held from each sample to the next.

    Before the first and after the last sample the signal keeps the value of that sample; with `cyclic=True` it
    repeats instead.

    Args:
        values: Samples, shape `(time, channels)`.
        dt: Sampling interval; 1 for maps.
        t0: Time of the first sample.
        hold: Keep each sample until the next one instead of interpolating; always right for maps.
        cyclic: Repeat the recording for ever.
    """

    values: Param = param(doc="samples, time first")
    dt: Param = param(1.0, doc="sampling interval", bounds=(0.0, None))
    t0: Param = param(0.0, doc="time of the first sample")
    hold: bool = eqx.field(static=True, default=False)
    cyclic: bool = eqx.field(static=True, default=False)

    def __check_init__(self) -> None:
        _check_positive(self, "dt")
        if self.values.ndim != 2 or self.values.shape[0] < 1:
            raise InputError(
                f"A recorded input needs `values` of shape (time, channels), got shape {self.values.shape}. "
                "Use `values[:, None]` for one channel."
            )

    def __call__(self, t: Time) -> jax.Array:
        position = (jnp.asarray(t) - self.t0) / self.dt
        count = self.values.shape[0]
        position = jnp.mod(position, count) if self.cyclic else jnp.clip(position, 0, count - 1)
        left = jnp.floor(position + 1e-9).astype(jnp.int32)
        left = jnp.minimum(left, count - 1)
        if self.hold:
            return self.values[left]
        right = jnp.mod(left + 1, count) if self.cyclic else jnp.minimum(left + 1, count - 1)
        weight = jnp.clip(position - left, 0, 1)
        return (1 - weight) * self.values[left] + weight * self.values[right]


def as_input(value: Any, *, channels: int | None) -> AbstractInput | None:
    """Turn a number, an array or an input into an input for a system with `channels` channels.

    Raises:
        InputError: If the system takes no input, or the number of channels differs.
    """
    if value is None:
        return None
    signal = value if isinstance(value, AbstractInput) else Constant(jnp.atleast_1d(jnp.asarray(value, float)))
    if channels is None:
        raise InputError("This system takes no input, but `inputs` was given. Leave `inputs` out.")
    shape = jax.eval_shape(signal, jnp.zeros(())).shape
    if shape != (channels,):
        raise InputError(
            f"This system takes {channels} input channel(s), but `inputs` has shape {shape}. "
            f"Give a signal of shape ({channels},)."
        )
    return signal


def driving(system: AbstractSystem, inputs: Any) -> AbstractInput | None:
    """The signal that drives `system`: `inputs`, else zero for a system with input channels, else None.

    Raises:
        InputError: As `as_input`.
    """
    size = system.input_size()
    if inputs is None and size:
        return Constant(jnp.zeros(size))
    return as_input(inputs, channels=size)
