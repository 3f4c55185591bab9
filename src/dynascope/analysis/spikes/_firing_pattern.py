"""Which of the known firing patterns a neuron shows, by rule, from its spikes and its stimulus."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ._patterns import UNDECIDED, Finding, found, to_both, to_inhibition, to_pulse, to_pulses, to_ramps, to_step
from ._stimulus import Array, Epoch, Protocol, protocol
from ._train import adaptation, jackknife, variation

#: A pulse above the start is a step if it fills this share of the record.
_LONG = 0.4


class FiringPattern(AbstractResult):
    """The pattern of a train of spikes.

    Attributes:
        pattern: Its name, `silent` or `undecided`.
        evidence: The sentences that it rests on.
        spikes: Number of spikes.
        latency: From the first change of the stimulus (or the begin of the record) to the first spike after it; not a
            number without one.
        adaptation_index: Mean of (next - this) / (next + this) over the intervals.
        adaptation_index_stderr: Its standard error, by the jackknife; infinite for fewer than four intervals.
        isi_cv: Coefficient of variation of the intervals.
        isi_cv_stderr: Its standard error, as above.
        event_times: The spikes.
        times: Times of the samples of stimulus and potential.
        stimulus: The stimulus.
        potential: The potential; not a number where none was given.
    """

    pattern: str
    spikes: int
    latency: float
    adaptation_index: float
    adaptation_index_stderr: float
    isi_cv: float
    isi_cv_stderr: float
    result: Any
    evidence: tuple[str, ...] = eqx.field(static=True)
    settings: dict[str, Any] = eqx.field(static=True)
    event_times: Array = output("event", unit="time unit", doc="Spikes")
    times: Array = output("time", unit="time unit", doc="Times of the samples")
    stimulus: Array = output("time", doc="Stimulus")
    potential: Array = output("time", unit="mV", doc="Potential")

    def summary(self) -> str:
        """The pattern and what it rests on."""
        return f"{self.pattern[:1].upper()}{self.pattern[1:]}. {' '.join(self.evidence)}"


def firing_pattern(
    event_times: ArrayLike,
    *,
    times: ArrayLike,
    stimulus: ArrayLike,
    potential: ArrayLike | None = None,
    burst_interval: float = 10.0,
) -> FiringPattern:
    """Name the firing pattern of a neuron from its spikes and the stimulus that it was given.

    The stimulus must be straight from jump to jump. Its shape decides which rules apply:

    - **A step** up, or no change at all. Spikes that end (silence of three times the longest wait): `phasic spiking`
      (one), `phasic bursting` (three or more, at most `burst_interval` apart), else `transient spiking`. Spikes that go
      on: `tonic bursting` (intervals of two kinds, a factor of three apart, and two spikes or more in every burst), or
      `delayed bursting` if the first comes later than 0.4 pauses; `mixed mode` (a burst of three spikes or more at the
      onset, then at once intervals equal to a factor of 1.25: also called initial burst); `spike frequency adaptation`
      (three intervals or more lengthen in turn before they settle to a tenth); `accelerating`, or `delayed
      accelerating` if the first spike waits longer than any interval; `tonic spiking` (settled intervals vary by less
      than 15 percent); of 60 intervals or more that vary by more, `periodic spiking` (their sequence repeats to 5
      percent) or `irregular spiking` (it does not).
    - **One short pulse** up, one spike: `spike latency` (it comes later than the length of the pulse after its end);
      with the potential `depolarising after-potential` (it then rises to 2 mV above rest or more) or `subthreshold
      oscillations` (it swings about rest three times or more by at least 0.1 mV); else `single spike`.
    - **Two pulses** up: `bistability` (the first starts a train, the second ends it). **Pairs of pulses**: `integrator`
      (the shorter interval is answered) or `resonator` (the longer).
    - **A step or pulse down**: `inhibition-induced spiking` or `bursting` (spikes during it), `rebound spike` or
      `rebound burst` (after it). **Up, down, up**: `threshold variability` (the same pulse fails alone).
    - **A ramp**: `class 1 excitability` if the squared rate, extrapolated to zero, leaves room for less than 1.1 spikes
      before the first, `class 2 excitability` if for more than 1.3. **Two ramps**: `accommodation` (the slow one fails
      although it rises higher).

    Args:
        event_times: Increasing times of the spikes, shape `(event,)`.
        times: Evenly spaced times of the samples, shape `(time,)`; fine enough for five samples in each pulse.
        stimulus: The stimulus there, shape `(time,)`.
        potential: The membrane potential there, mV, shape `(time,)`; two of the patterns are below threshold.
        burst_interval: Longest interval within a single burst, in the unit of `times` (10 ms).

    Returns:
        A `FiringPattern`; code `not_converged` where it is `undecided`.

    Raises:
        InputError: If times do not increase or shapes differ.

    Reference:
        Izhikevich (2004), Which model to use for cortical spiking neurons?, IEEE Transactions on Neural Networks 15,
        1063-1070 (the patterns); Naud, Marcille, Clopath & Gerstner (2008), Firing patterns in the adaptive
        exponential integrate-and-fire model, Biological Cybernetics 99, 335-347. The rules are this library's own.

    Example:
        >>> import numpy as np
        >>> times = np.linspace(0.0, 100.0, 1001)
        >>> spikes = np.arange(20.0, 100.0, 10.0)
        >>> firing_pattern(spikes, times=times, stimulus=times >= 10.0).pattern
        'tonic spiking'
    """
    events, t, u = np.asarray(event_times, float), np.asarray(times, float), np.asarray(stimulus, float)
    v = None if potential is None else np.asarray(potential, float)
    _check(events, t, u, v)
    p = protocol(t, u)
    finding = _ruled(events, p, t, v, burst_interval)
    gaps = np.diff(events)
    onset = min((e.start for e in (*p.up, *p.down, *p.ramps)), default=p.start)
    later = events[events >= onset]
    return FiringPattern(
        pattern=finding.pattern,
        spikes=int(events.size),
        latency=float(later[0] - onset) if later.size else math.nan,
        adaptation_index=adaptation(gaps),
        adaptation_index_stderr=jackknife(adaptation, gaps),
        isi_cv=variation(gaps),
        isi_cv_stderr=jackknife(variation, gaps),
        result=RESULTS.not_converged if finding.pattern == UNDECIDED else RESULTS.successful,
        evidence=finding.evidence,
        settings=provenance(burst_interval=burst_interval),
        event_times=events,
        times=t,
        stimulus=u,
        potential=np.full(t.shape, np.nan) if v is None else v,
    )


def _check(events: Array, times: Array, stimulus: Array, potential: Array | None) -> None:
    if events.ndim != 1 or not np.all(np.isfinite(events)) or np.any(np.diff(events) <= 0):
        raise InputError("`event_times` must be a one-dimensional array of finite, increasing times.")
    steps = np.diff(times) if times.ndim == 1 else np.zeros(0)
    if (
        steps.size < 10
        or not np.all(np.isfinite(times))
        or not np.allclose(steps, steps.mean(), rtol=1e-3)
        or (steps[0] <= 0)
    ):
        raise InputError("`times` must be a one-dimensional array of more than ten evenly spaced, increasing times.")
    for name, values in (("stimulus", stimulus), ("potential", potential)):
        if values is not None and (values.shape != times.shape or not np.all(np.isfinite(values))):
            raise InputError(
                f"`{name}` must hold one finite number for each of the {times.size} times, got shape {values.shape}."
            )


def _ruled(events: Array, p: Protocol, times: Array, potential: Array | None, burst_interval: float) -> Finding:
    """The rules for the shape of the stimulus."""
    if p.ramps:
        return to_ramps(events, p)
    if p.up and p.down:
        return to_both(events, p)
    if p.down:
        if len(p.down) > 1:
            return found(UNDECIDED, f"No rule for {len(p.down)} pulses below the start.")
        return to_inhibition(events, p, burst_interval=burst_interval)
    if len(p.up) > 1:
        return to_pulses(events, p)
    window = p.up[0] if p.up else Epoch(p.start, p.stop, 0.0, 0.0)
    if window.length >= _LONG * (p.stop - p.start):
        if events.size and events[0] < window.start:
            return found(UNDECIDED, "Spikes before the step.")
        # The record ends with the last sample, and so does a step that goes on.
        stop = np.nextafter(window.stop, np.inf) if window.stop == p.stop else window.stop
        return to_step(events, window._replace(stop=float(stop)), burst_interval=burst_interval)
    return to_pulse(events, p, times=times, potential=potential)
