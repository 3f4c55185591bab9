"""The rules that give a firing pattern its name: one function for each kind of stimulus."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._stimulus import Array, Epoch, Protocol
from ._train import Train, cycle, missing_spikes, train, variation

UNDECIDED = "undecided"

#: A train has ended for good when the silence after it is this many times its longest interval and its latency.
_ENDED = 3.0
#: Coefficient of variation up to which intervals are equal.
_EQUAL = 0.15
#: Fewest intervals from which a lack of order can be told.
_MANY = 30
#: Intervals after a burst at the onset stay within this factor of the settled one.
_STEADY = 1.25
#: Last interval over the first, below which a train accelerates.
_FASTER = 0.8
#: Missing spikes up to which onset is of class 1, and from which it is of class 2.
_CLASS_1, _CLASS_2 = 1.1, 1.3
#: Smallest swing of the potential that counts, mV, and smallest hump of an after-depolarisation, mV.
_SWING, _HUMP = 0.1, 2.0


class Finding(NamedTuple):
    """The name of a pattern, and the sentences that it rests on."""

    pattern: str
    evidence: tuple[str, ...]


def found(pattern: str, *evidence: str) -> Finding:
    """A finding with its sentences."""
    return Finding(pattern, evidence)


def to_step(events: Array, window: Epoch, *, burst_interval: float) -> Finding:
    """The pattern during a step of current."""
    inside = window.spikes(events)
    if not inside.size:
        return found("silent", "No spike during the step.")
    t = train(inside, start=window.start, stop=window.stop)
    longest = max(t.latency, float(t.gaps.max(initial=0.0)))
    if t.silence > _ENDED * longest:
        return _ended(t, burst_interval)
    if t.spikes < 4:
        return found(UNDECIDED, f"{t.spikes} spike(s), and no silence long enough to say that they have ended.")
    return _bursting(t) or _changing(t) or _steady(t)


def _ended(t: Train, burst_interval: float) -> Finding:
    """Few spikes at the onset and silence for the rest."""
    silence = f"Silent for the last {t.silence:.4g}, {t.silence / max(t.latency, t.gaps.max(initial=0.0)):.3g} times"
    sentence = f"{silence} the longest wait before."
    if t.spikes == 1:
        return found("phasic spiking", "One spike at the onset.", sentence)
    if t.spikes >= 3 and t.gaps.max() <= burst_interval:
        return found(
            "phasic bursting", f"One burst of {t.spikes} spikes at intervals up to {t.gaps.max():.3g}.", sentence
        )
    return found("transient spiking", f"{t.spikes} spikes at intervals from {t.gaps.min():.3g}.", sentence)


def _bursting(t: Train) -> Finding | None:
    """Repeated bursts: all but the last, which the end may cut, have two spikes or more."""
    whole = t.groups[:-1]
    if len(t.groups) < 2 or min(whole) < 2 or sum(n >= 2 for n in t.groups) < 2:
        return None
    pause = float(t.pauses.mean())
    sizes = f"{len(t.groups)} bursts of {min(whole)} to {max(whole)} spikes, pauses of {pause:.4g}."
    if t.latency > 0.4 * pause:
        return found("delayed bursting", sizes, f"The first spike comes after {t.latency:.4g}, like after a pause.")
    return found("tonic bursting", sizes)


def _changing(t: Train) -> Finding | None:
    """A burst at the onset, intervals that lengthen, or intervals that shorten."""
    after = t.gaps[t.at_onset :] / t.settled
    if t.at_onset >= 2 and np.all(after > 1 / _STEADY) and np.all(after < _STEADY):
        return found(
            "mixed mode",
            f"A burst of {t.at_onset + 1} spikes at the onset.",
            f"Then intervals of {t.settled:.4g} at once, equal to a factor of {_STEADY}.",
        )
    settled = t.late.size < 2 or variation(t.late) < _EQUAL
    if settled and t.lengthening >= 3 and np.all(np.diff(t.gaps[: t.lengthening + 1]) > 0):
        grown = t.settled / t.gaps[0]
        return found(
            "spike frequency adaptation", f"{t.lengthening} intervals lengthen in turn, by {grown:.3g} in all."
        )
    if t.gaps[-1] < _FASTER * t.gaps[0] and np.all(np.diff(t.gaps) < 0.02 * t.gaps[:-1]):
        shrunk = f"Intervals shorten from {t.gaps[0]:.4g} to {t.gaps[-1]:.4g}."
        if t.latency > t.gaps.max():
            return found("delayed accelerating", f"The first spike comes late, after {t.latency:.4g}.", shrunk)
        return found("accelerating", shrunk)
    return None


def _steady(t: Train) -> Finding:
    """Equal intervals, a sequence of intervals that repeats, or none."""
    late = t.late
    cv = variation(late) if late.size > 1 else 0.0
    if cv < _EQUAL:
        return found(
            "tonic spiking", f"After {t.lengthening} interval(s) all others are equal to {100 * cv:.2g} percent."
        )
    second = t.gaps[t.gaps.size // 2 :]
    if second.size < _MANY:
        return found(UNDECIDED, f"Intervals vary by {100 * cv:.3g} percent, but there are only {t.gaps.size} of them.")
    lag = cycle(second)
    spread = f"Intervals vary by {100 * variation(second):.3g} percent."
    if lag is not None:
        return found("periodic spiking", spread, f"Their sequence repeats after {lag}.")
    return found("irregular spiking", spread, f"No sequence of up to {second.size // 3} intervals repeats.")


def to_inhibition(events: Array, p: Protocol, *, burst_interval: float) -> Finding:
    """The pattern under a step or pulse below the level at the start."""
    window = p.down[0]
    before, inside = events[events < window.start], window.spikes(events)
    after = events[events >= window.stop]
    if before.size:
        return found(UNDECIDED, f"{before.size} spike(s) before the inhibition.")
    if inside.size >= 2:
        t = train(inside, start=window.start, stop=window.stop)
        what = "bursting" if len(t.groups) >= 2 and t.groups[0] >= 2 else "spiking"
        return found(f"inhibition-induced {what}", f"{inside.size} spikes during the inhibition, none before.")
    if inside.size or not after.size:
        return found(UNDECIDED, f"{inside.size} spike(s) during the inhibition, {after.size} after it.")
    sentence = f"Silent during the inhibition; the first spike comes {after[0] - window.stop:.4g} after its end."
    t = train(after, start=window.stop, stop=p.stop)
    if t.silence <= t.gaps.max(initial=0.0):
        return found(UNDECIDED, sentence, "The spikes after it have not ended.")
    if after.size == 1:
        return found("rebound spike", sentence)
    if t.gaps.max() <= burst_interval:
        return found("rebound burst", sentence, f"{after.size} spikes at intervals up to {t.gaps.max():.3g}.")
    return found(UNDECIDED, sentence, f"{after.size} spikes at intervals up to {t.gaps.max():.3g}: no burst.")


def to_pulse(events: Array, p: Protocol, *, times: Array, potential: Array | None) -> Finding:
    """The pattern after one short pulse: when the spike comes, and what the potential does afterwards."""
    pulse = p.up[0]
    if not events.size:
        return found("silent", "No spike.")
    if events.size > 1 or events[0] < pulse.start:
        return found(UNDECIDED, f"{events.size} spike(s) for one pulse, the first at {events[0]:.4g}.")
    late = float(events[0] - pulse.stop)
    if late > pulse.length:
        return found("spike latency", f"One spike, {late:.4g} after the end of a pulse of {pulse.length:.4g}.")
    one = "One spike for one pulse."
    if potential is None:
        return found("single spike", one, "Without the potential nothing can be said of what follows.")
    swings = _swings(times, potential, since=max(float(events[0]), pulse.stop))
    humps = [s for s in swings[1:2] if s > _HUMP] if swings and swings[0] < 0 else [s for s in swings[:1] if s > _HUMP]
    listed = ", ".join(f"{s:.2g}" for s in swings[:5])
    if humps and len(swings) < 3 + (swings[0] < 0):
        return found("depolarising after-potential", one, f"Then the potential rises to {humps[0]:.3g} above rest.")
    if len(swings) >= 3:
        return found("subthreshold oscillations", one, f"Then the potential swings about rest by {listed}.")
    return found("single spike", one, "Then the potential returns to rest without a swing.")


def _swings(times: Array, potential: Array, *, since: float) -> list[float]:
    """The turning points of the potential after the spike, relative to its final value, alternating in sign."""
    from_spike = potential[times > since]
    if from_spike.size < 8:
        return []
    rest = float(np.mean(from_spike[-max(1, from_spike.size // 20) :]))
    # The samples of the spike itself fall from its peak: what follows begins at the first low.
    lowest = int(np.argmax(np.diff(from_spike) > 0)) if from_spike[0] - rest > 10 * _HUMP else 0
    v = from_spike[lowest:] - rest
    turns = 1 + np.flatnonzero(np.diff(v)[1:] * np.diff(v)[:-1] < 0)
    kept: list[float] = []
    for value in (float(v[i]) for i in turns):
        if abs(value) < _SWING:
            continue
        if kept and kept[-1] * value > 0:
            kept[-1] = max(kept[-1], value, key=abs)
        else:
            kept.append(value)
    return kept


def to_pulses(events: Array, p: Protocol) -> Finding:
    """The pattern under several equal pulses: a train switched on and off, or a preference for an interval."""
    if not events.size:
        return found("silent", "No spike.")
    if len(p.up) == 2:
        return _switched(events, p)
    if len(p.up) % 2:
        return found(UNDECIDED, f"{len(p.up)} pulses are no pairs.")
    pairs = list(zip(p.up[::2], p.up[1::2], strict=True))
    waits = np.array([b.start - a.start for a, b in pairs])
    answered = np.array(
        [np.any((events >= a.start) & (events < b.stop + wait)) for (a, b), wait in zip(pairs, waits, strict=True)]
    )
    if answered.all() or not answered.any() or np.ptp(waits) == 0:
        return found(UNDECIDED, f"{int(answered.sum())} of {answered.size} pairs are answered.")
    yes, no = waits[answered], waits[~answered]
    sentence = (
        f"Pairs {', '.join(f'{w:.3g}' for w in yes)} apart are answered, {', '.join(f'{w:.3g}' for w in no)} not."
    )
    if yes.min() > no.max():
        return found("resonator", sentence)
    if yes.max() < no.min():
        return found("integrator", sentence)
    return found(UNDECIDED, sentence)


def _switched(events: Array, p: Protocol) -> Finding:
    """Bistability: the first pulse starts a train, the second ends it."""
    on, off = p.up
    between = events[(events >= on.start) & (events < off.start)]
    after = events[events >= off.start]
    if events[0] < on.start:
        return found(UNDECIDED, "Spikes before the first pulse.")
    if between.size < 3:
        return found(UNDECIDED, f"{between.size} spike(s) between the pulses: no train.")
    interval = float(np.diff(between).max())
    if off.start - between[-1] > 1.5 * interval:
        return found(UNDECIDED, "The train ends before the second pulse.")
    last = float(after[-1]) if after.size else float(between[-1])
    if p.stop - last <= 1.5 * interval:
        return found(UNDECIDED, "The second pulse does not end the train.")
    return found("bistability", f"The first pulse starts a train of {between.size} spikes, the second ends it.")


def to_both(events: Array, p: Protocol) -> Finding:
    """Threshold variability: a pulse that fails alone is enough after inhibition."""
    if len(p.up) != 2 or len(p.down) != 1 or not p.up[0].stop < p.down[0].start < p.up[1].start:
        return found(UNDECIDED, "No rule for this sequence of pulses.")
    first, low, second = p.up[0], p.down[0], p.up[1]
    early, late = events[events < second.start], events[events >= second.start]
    if not np.isclose(first.first, second.first):
        return found(UNDECIDED, "The pulses differ.")
    if early.size or not late.size:
        return found(UNDECIDED, f"{early.size} spike(s) before the second pulse, {late.size} after.")
    wait = second.start - low.stop
    return found("threshold variability", f"The same pulse fails alone and succeeds {wait:.3g} after inhibition.")


def to_ramps(events: Array, p: Protocol) -> Finding:
    """Class of excitability on one ramp, accommodation on two."""
    if len(p.ramps) == 2:
        slow, fast = sorted(p.ramps, key=lambda r: (r.last - r.first) / r.length)
        wanted = slow.last > fast.last and not slow.spikes(events).size and fast.spikes(events).size
        if wanted:
            levels = f"The slow ramp to {slow.last:.3g} fails, the fast one to {fast.last:.3g} succeeds."
            return found("accommodation", levels)
        return found(UNDECIDED, "The slow ramp is not the higher one, or does not fail, or the fast one fails.")
    inside = p.ramps[0].spikes(events)
    if len(p.ramps) > 1 or p.up or p.down or inside.size < 4 or inside.size < events.size:
        return found(UNDECIDED, f"{inside.size} of {events.size} spikes on {len(p.ramps)} ramp(s): too few to tell.")
    missing = missing_spikes(inside)
    first = f"First interval {inside[1] - inside[0]:.4g}."
    would = f"A rate that grows from zero would have given {missing:.2g} spikes before the first."
    if missing < _CLASS_1:
        return found("class 1 excitability", first, would)
    if missing > _CLASS_2:
        return found("class 2 excitability", first, would)
    return found(UNDECIDED, first, would)
