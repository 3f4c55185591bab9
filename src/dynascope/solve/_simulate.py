"""Long runs of networks of spiking neurons: who spikes when, and samples of the state, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._bits import flagged, words, words_of
from .._compile import compiled
from .._errors import RESULTS, InputError, raise_if_failed
from .._types import Key, State
from ..systems import AbstractMap, AbstractRandomMap, AbstractSpiking, driving
from ._progress import Progress
from ._spiking_run import SpikingRun
from ._trajectory import checked_state

#: Numbers moved by the steps of one chunk, so that an interrupt from the keyboard is heard within a second or so.
_WORK = 100_000_000
#: Largest memory of the spikes of one chunk, and of its samples, bytes.
_BUFFER = 32_000_000


def simulate(
    network: AbstractSpiking,
    duration: float,
    *,
    y0: State | None = None,
    inputs: Any = None,
    key: Key | None = None,
    sample: Callable[[Any], Any] | None = None,
    every: float = 1.0,
    max_spikes: int = 50_000_000,
    first_step: int = 0,
    throw: bool = True,
    progress: bool = False,
) -> SpikingRun:
    """Run a network of spiking neurons and record its spikes.

    Spikes leave the compiled loop as bits, one per unit and step, chunk by chunk, so that neither their number nor the
    length of the run bounds the memory of the device.

    Args:
        network: A map or random map with spikes, such as a `SpikingNetwork`.
        duration: Length of the run, ms; rounded to steps.
        y0: Initial state, None for `network.initial_state()`; the `state` of an earlier run continues it.
        inputs: Input signal in time (`AbstractInput`, number or array), its clock in ms; None means zero input.
        key: Random key; required for networks with noise. The noise is counted by step, so that a run in two pieces
            with one key is the run in one.
        sample: What to record of the state, a function of the state; its values are taken at the beginning of the run
            and then once in `every`.
        every: Time between samples, ms; rounded to steps.
        max_spikes: Largest number of spikes that is kept.
        first_step: Number of the first step, as `run.last_step` of the run that is continued.
        throw: Raise `ComputationFailed` when the end is not reached; with False what was reached comes back.
        progress: Show a progress bar on standard error.

    Returns:
        A `SpikingRun`: spikes, rates, samples, and the last state. An interrupt from the keyboard returns what is done,
        with code `RESULTS.interrupted`.

    Raises:
        InputError: If the system does not spike, or an argument does not fit.
        ComputationFailed: With the sentence of the result code, if `throw`.

    Example:
        >>> from dynascope.models.spiking import SpikingNetwork
        >>> run = simulate(SpikingNetwork.example(n=20), 50.0)
        >>> len(run.trains())
        20
    """
    steps, block = _checked(network, duration, every if sample is not None else None, key)
    y = checked_state(network, network.initial_state() if y0 is None else y0)
    # Without input a network is spared adding zeros.
    signal = None if inputs is None else driving(network, inputs)
    units = sum(size for _, size in network.populations)
    width = words_of(units)
    # Spikes on their way and weights do not move, and a chunk begins with a copy of them all: it must not be short.
    moved = 4 * units
    most = max(1, min(_BUFFER // (4 * width), _WORK // max(moved, 1)))
    if sample is None:
        length, blocks = min(most, steps), 1
    else:
        sampled = sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(jax.eval_shape(sample, y)))
        blocks = max(1, min(most // block, _BUFFER // (8 * max(sampled, 1)), math.ceil(steps / block)))
        length = block
    result, at = RESULTS.successful, 0
    found: list[tuple[np.ndarray, np.ndarray]] = []
    samples: list[Any] = []
    total = 0
    with Progress(steps, "simulating", show=progress) as bar:
        try:
            while at < steps and result == RESULTS.successful:
                count = min(steps - at, length * blocks)
                plan = (jnp.asarray(first_step + at, jnp.int32), jnp.asarray(count, jnp.int32))
                y, bits, taken, finite = _chunk(network, y, signal, key, plan, sample, (length, blocks, width))
                rows, units = flagged(np.asarray(bits)[:count])
                total += rows.size
                samples.append(jax.tree.map(lambda a, c=count: np.asarray(a)[: math.ceil(c / length)], taken))
                found.append((rows + first_step + at, units.astype(np.int32)))
                at += count
                bar.advance(count)
                if not bool(finite):
                    result = RESULTS.nonfinite
                elif total > max_spikes:
                    result = RESULTS.spike_overflow
        except KeyboardInterrupt:
            result = RESULTS.interrupted
    if throw and result != RESULTS.interrupted:
        raise_if_failed(result, what=f"`simulate` of `{type(network).__name__}`")
    rows = np.concatenate([r for r, _ in found]) if found else np.zeros(0, np.int64)
    units = np.concatenate([u for _, u in found]) if found else np.zeros(0, np.int32)
    taken = jax.tree.map(lambda *parts: np.concatenate(parts), *samples) if sample is not None and samples else None
    count = 0 if taken is None else math.ceil(at / block)
    moments = network.dt * (first_step + block * np.arange(count, dtype=np.float64))
    return SpikingRun(
        steps=rows,
        units=units,
        sample_times=moments,
        samples=taken,
        state=y,
        result=result,
        populations=network.populations,
        dt=network.dt,
        first_step=first_step,
        last_step=first_step + at,
        source=type(network).__name__,
    )


def _checked(network: Any, duration: float, every: float | None, key: Any) -> tuple[int, int]:
    """Number of steps of the run, and of steps between samples."""
    if not isinstance(network, AbstractSpiking) or not isinstance(network, AbstractMap | AbstractRandomMap):
        raise InputError(
            f"`simulate` needs a network that spikes in steps, such as `SpikingNetwork`; got "
            f"`{type(network).__name__}`. `trajectory` runs every other system."
        )
    if isinstance(network, AbstractRandomMap) and key is None:
        raise InputError(
            f"`{type(network).__name__}` is noisy and needs a random key. Pass `key=jax.random.key(0)` or another seed."
        )
    if isinstance(duration, str):
        raise InputError(f"`duration` must be a number of ms, got {duration!r}.")
    steps = round(float(duration) / network.dt) if math.isfinite(duration) else 0
    if steps < 1:
        raise InputError(f"`duration` must be at least one step of {network.dt:g} ms, got {duration:g} ms.")
    block = steps if every is None else round(float(every) / network.dt)
    if block < 1:
        raise InputError(f"`every` must be at least one step of {network.dt:g} ms, got {every:g} ms.")
    return steps, block


@compiled
def _chunk(network: Any, y: Any, signal: Any, key: Any, plan: Any, sample: Any, shape: Any) -> Any:
    """Up to `length * blocks` steps: the last state, spikes as bits, samples, and whether all is finite."""
    first, count = plan
    length, blocks, width = shape
    noisy = isinstance(network, AbstractRandomMap)
    bits = jnp.zeros((length * blocks, width), jnp.uint32)
    seen = None if sample is None else jax.eval_shape(sample, y)
    taken = jax.tree.map(lambda s: jnp.zeros((blocks, *s.shape), s.dtype), seen)

    def one(i: Any, carry: Any) -> Any:
        y, bits = carry
        n = first + i
        u = None if signal is None else signal(n * network.dt)
        w = (network.draw(jax.random.fold_in(key, n), n),) if noisy else ()
        y, fired = network.spiking_step(n, y, u, *w)
        return y, jax.lax.dynamic_update_slice(bits, words(fired)[None], (i, jnp.zeros_like(i)))

    def block(b: Any, carry: Any) -> Any:
        y, bits, taken = carry
        if sample is not None:
            taken = jax.tree.map(lambda a, v: a.at[b].set(v), taken, sample(y))
        begin, end = jnp.int32(b * length), jnp.minimum(jnp.int32((b + 1) * length), count)
        y, bits = jax.lax.fori_loop(begin, end, one, (y, bits))
        return y, bits, taken

    y, bits, taken = jax.lax.fori_loop(0, (count + length - 1) // length, block, (y, bits, taken))
    leaves = [leaf for leaf in jax.tree.leaves(y) if eqx.is_inexact_array(leaf)]
    return y, bits, taken, jnp.all(jnp.asarray([jnp.all(jnp.isfinite(leaf)) for leaf in leaves]))
