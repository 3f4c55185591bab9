"""Start, times, input, solver and seed of a run, from the options of the command line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from .._errors import InputError
from .._param import parameters
from .._types import Key, State
from ..data import FileKind, read_recording, sniff
from ..solve import RK4, EulerHeun, EulerMaruyama, LocatedEvents, step_for
from ..systems import (
    AbstractInput,
    AbstractNoisy,
    AbstractSystem,
    Constant,
    Noise,
    Recorded,
    is_discrete,
    kind,
    state_variables,
)
from ._options import Options
from ._values import duration, numbers

#: Solver steps per output of a flow, and lengths of a run without `--t1`: in solver steps, and in iterations.
STEPS_PER_OUTPUT, RUN_STEPS, RUN_ITERATIONS = 5, 10_000, 1_000
#: Most bytes of one trajectory.
_LARGEST = 8e9


def key_of(options: Options) -> Key:
    """The random key of `--seed`, 0 if not given."""
    return jax.random.key(options.seed or 0)


def start_of(system: AbstractSystem, options: Options) -> State:
    """The initial state of `--y0`, or None."""
    if options.y0 is None:
        return None
    values = numbers(options.y0, option="--y0")
    flat, unravel = ravel_pytree(system.initial_state())
    if len(values) != flat.size:
        names = [v.name for v in state_variables(system)]
        listed = ", ".join(names) if len(names) <= 8 else f"{names[0]} to {names[-1]}"
        raise InputError(
            f"`--y0` has {len(values)} number(s), but the state of `{type(system).__name__}` has {flat.size}: {listed}."
            " Give one number for each."
        )
    if not all(math.isfinite(v) for v in values):
        raise InputError(f"`--y0` must be finite, got {options.y0}.")
    return unravel(jnp.asarray(values, flat.dtype))


def span_of(system: AbstractSystem, options: Options) -> tuple[float | None, float | None]:
    """`--t1` and `--transient`, checked: positive, and whole for maps."""
    whole = is_discrete(system)
    end = duration(options.t1, option="--t1", whole=whole)
    return end, duration(options.transient, option="--transient", whole=whole, zero=True)


def output_times(system: AbstractSystem, options: Options, *, dimension: int) -> np.ndarray:
    """Output times from the end of the transient, `--t1` long, every `--dt`."""
    whole = is_discrete(system)
    end, transient = span_of(system, options)
    dt = duration(options.dt, option="--dt", whole=whole)
    if whole:
        end, dt = end or (dt or 1) * RUN_ITERATIONS, dt or 1
    else:
        step = STEPS_PER_OUTPUT * step_for(system)
        end = end or (RUN_STEPS * step / STEPS_PER_OUTPUT if dt is None else dt * RUN_STEPS / STEPS_PER_OUTPUT)
        dt = dt or float(np.clip(step, end / 1e6, end / 100))
    if dt > end:
        raise InputError(f"`--dt {dt:g}` is longer than the run of {end:g}. Give a shorter `--dt` or a longer `--t1`.")
    count = math.floor(end / dt * (1 + 1e-12) + 1e-9)
    if count * dimension * 8 > _LARGEST:
        raise InputError(
            f"`--t1 {end:g}` with `--dt {dt:g}` makes {count:.3g} outputs of {dimension} numbers, more than memory is "
            "for. Raise `--dt` or lower `--t1`."
        )
    ts = (transient or 0.0) + dt * np.arange(count + 1)
    return ts.astype(np.int64) if whole else ts


def stepper(system: AbstractSystem, dt: float | None, *, max_events: int = 4096) -> Any:
    """The fixed-step solver of `--dt` for this kind of system; None keeps the default.

    Raises:
        InputError: For maps, which have no step, and steps that are not positive.
    """
    if dt is None:
        return None
    if is_discrete(system):
        raise InputError(f"`{type(system).__name__}` is a map, which has no solver and no step. Leave `--dt` out.")
    duration(dt, option="--dt")
    match kind(system):
        case "hybrid":
            return LocatedEvents(RK4(dt), max_events=max_events)
        case "sde" if isinstance(system, AbstractNoisy):
            return EulerMaruyama(dt) if system.interpretation == "ito" else EulerHeun(dt)
    return RK4(dt)


def input_of(system: AbstractSystem, options: Options) -> tuple[AbstractInput | None, tuple[str, ...]]:
    """The signal of `--input`, and what had to be assumed about it.

    Raises:
        InputError: If the system takes no input, or the signal does not have its number of channels.
    """
    text = options.input
    if text is None:
        return None, ()
    channels = system.input_size()
    if not channels:
        current = next((name for name in ("I", "I_ext", "drive", "b") if name in parameters(system)), None)
        hint = f" A constant drive is a parameter: `--set {current}=...`." if current else ""
        raise InputError(
            f"`{type(system).__name__}` takes no input, so `--input` means nothing here.{hint} Leave it out."
        )
    word, _, rest = text.partition(":")
    if word == "noise":
        return _noise(system, options, rest, channels)
    try:
        value = float(text)
    except ValueError:
        return _recorded(system, options, text, channels)
    if not math.isfinite(value):
        raise InputError(f"`--input` must be finite, got {text}.")
    return Constant(jnp.full(channels, value)), ()


def _noise(system: AbstractSystem, options: Options, text: str, channels: int) -> tuple[AbstractInput, tuple[str, ...]]:
    (std,) = numbers(text, option="--input noise:") if text else (1.0,)
    if not (math.isfinite(std) and std >= 0):
        raise InputError(f"`--input noise:{text}` needs a standard deviation of zero or more, such as `noise:0.5`.")
    # A key of its own, so that the input does not repeat the noise of the system.
    key = jax.random.fold_in(key_of(options), 1)
    if is_discrete(system):
        return Noise(key, channels, std=std), ()
    held = step_for(system) * STEPS_PER_OUTPUT
    note = f"The input noise of standard deviation {std:g} is held constant over intervals of {held:.4g}."
    return Noise(key, channels, std=std, dt=held), (note,)


def _recorded(
    system: AbstractSystem, options: Options, text: str, channels: int
) -> tuple[AbstractInput, tuple[str, ...]]:
    if sniff(text) is not FileKind.RECORDING or not Path(text).exists():
        problem = "does not exist" if sniff(text) is FileKind.RECORDING else "is neither a number nor a recording"
        raise InputError(f"`--input {text}` {problem}. Give a file, `noise`, `noise:STD` or a number.")
    discrete = is_discrete(system)
    reading: dict[str, Any] = {"shortest": 1, "transpose": None}
    try:
        recording = read_recording(text, dt=1.0 if discrete else None, **reading)
    except InputError:
        if discrete or options.dt is None:
            raise
        recording = read_recording(text, dt=options.dt, **reading)
    count, found = recording.shape
    if found != channels:
        raise InputError(
            f"`--input {text}` has {found} channel(s), but `{type(system).__name__}` takes {channels}. Give a file "
            f"with {channels} column(s)."
        )
    note = f"The input has {count} samples, one every {'step' if discrete else f'{recording.dt:g}'}, and then repeats."
    signal = Recorded(jnp.asarray(recording.values), dt=1.0 if discrete else recording.dt, hold=discrete, cyclic=True)
    return signal, (note,)
