"""The rules that turn signs into a regime, one function per situation; each says what it saw."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._verdict import Evidence, Verdict
from ..rhythm import Returns
from ..spikes import Bursts
from ..stability import FixedPoints, LyapunovSpectrum

#: Confidence of a verdict on which all signs agree, on which one sign is missing, and on which signs are weak.
_SURE, _LIKELY, _WEAK = 0.97, 0.85, 0.6
#: A torus needs zero exponents known better than this growth per return.
_BLURRED = 0.3
#: An exponent this many standard errors from zero has a sign.
_ERRORS = 4.0


def judge_rest(
    spread: float, points: FixedPoints | None, here: int | None, settled: float, *, turns: bool = False
) -> Verdict:
    """A state that stays where it is: a fixed point, if the eigenvalues there do not say otherwise.

    Args:
        spread: How far the state still moved, in units of the scale of the ensemble.
        points: The fixed points that Newton's method found; None where it has no meaning.
        here: Which of them this one is; None if it is none of them.
        settled: Share of its runs that had settled.
        turns: Whether a common turn of all angles changes nothing: then the places of rest form a ring.
    """
    signs = [Evidence("excursion", spread, None, "The state stays where it is.")]
    if here is None or points is None:
        return Verdict("fixed point", _LIKELY if settled > 0.5 else _WEAK, tuple(signs))
    leading = points.eigenvalues[here][0]
    value = float(abs(leading)) if points.discrete else float(leading.real)
    unstable = int(points.unstable_dimension[here])
    name = "largest modulus of an eigenvalue" if points.discrete else "largest real part of an eigenvalue"
    meaning = f"The fixed point there is: {points.stability[here]}."
    signs.append(Evidence(name, value, None, meaning))
    if unstable:
        return Verdict("undecided", 0.3, tuple(signs))
    if turns:
        symmetry = Evidence("common turn of all angles", "no effect", None, "Every turned state rests as well: a ring.")
        return Verdict("ring attractor", _SURE if settled > 0.5 else _LIKELY, (symmetry, *signs))
    return Verdict("fixed point", _SURE if settled > 0.5 else _LIKELY, tuple(signs))


def judge_steps(period: int, settled: float) -> Verdict:
    """A state without a tangent (spins): periodic if it comes back exactly."""
    if period == 1:
        sign = Evidence("repeats after", 1.0, None, "The state maps to itself.")
        return Verdict("fixed point", _SURE, (sign,))
    if period > 1:
        sign = Evidence("repeats after", float(period), None, f"The state comes back exactly after {period} steps.")
        return Verdict("periodic", _SURE, (sign,), (f"period {period}",))
    sign = Evidence("repeats after", None, None, "The state did not come back within 64 steps.")
    return Verdict("undecided", 0.3 * settled, (sign,))


def judge_noise(spectrum: LyapunovSpectrum) -> Verdict:
    """A driven or noisy system: does it forget where it started?"""
    value, error = float(spectrum.exponents[0]), float(spectrum.stderr[0])
    sure = _SURE if spectrum.converged else _LIKELY
    if value < -_ERRORS * error:
        meaning = "Different starts under the same drive become alike: it forgets its past."
        return Verdict("contracting", sure, (_largest(spectrum, meaning),))
    if value > _ERRORS * error:
        meaning = "Different starts under the same drive separate for ever."
        return Verdict("chaos", sure, (_largest(spectrum, meaning),))
    return Verdict("undecided", 0.3, (_largest(spectrum, "Its sign is within the error."),))


def _largest(spectrum: LyapunovSpectrum, meaning: str) -> Evidence:
    return Evidence(
        f"largest Lyapunov exponent ({spectrum.unit})", float(spectrum.exponents[0]), float(spectrum.stderr[0]), meaning
    )


def judge_motion(
    spectrum: LyapunovSpectrum, back: Returns, settled: float, discrete: bool, *, spikes: Bursts | None = None
) -> Verdict:
    """A moving state of an undriven system: from the signs of its exponents and from its returns.

    Flows have one exponent of zero along the motion. No positive exponent: a cycle, or with a further zero a torus;
    one positive: chaos; more: hyperchaos. Exact returns overrule a second zero (a cycle near a bifurcation) and
    contradict a positive exponent. `spikes` of a hybrid system that come in bursts add the attribute `bursting`.
    """
    exponents = spectrum.exponents
    width = spectrum.zero_widths
    positive = int(np.sum(exponents > width))
    zeros = int(np.sum(np.abs(exponents) <= width))
    rhythm = _rhythm(back)
    repeats = back.multiplicity > 0
    steady = 1.0 if settled > 0.5 else 0.85
    cycle = "periodic" if discrete else "limit cycle"
    attributes = (f"period {back.multiplicity}",) if discrete and repeats else ()
    if spikes is not None and spikes.bursting:
        attributes = (*attributes, "bursting")
    along = 0 if discrete else 1
    if positive and not repeats:
        name = "chaos" if positive == 1 else "hyperchaos"
        meaning = f"{positive} positive exponent{'s' if positive > 1 else ''}: nearby states separate exponentially."
        signs = (_largest(spectrum, meaning), _dimension(spectrum), rhythm)
        return Verdict(name, steady * (_SURE if spectrum.converged else _LIKELY), signs, attributes)
    if positive:
        signs = (_largest(spectrum, "It is positive, yet the motion repeats itself."), rhythm)
        return Verdict("undecided", 0.3, signs)
    if repeats:
        meaning = "No positive exponent: nearby motions do not separate."
        sure = _SURE if zeros <= along else _LIKELY
        return Verdict(cycle, steady * sure, (rhythm, _largest(spectrum, meaning)), attributes)
    turn = float(np.mean(back.intervals)) if len(back.intervals) else 1.0
    if zeros > along and float(np.max(width[:zeros])) * turn > _BLURRED:
        meaning = "The errors are too large to tell zero from a slow growth or decay. A longer run may decide."
        return Verdict("undecided", 0.2, (_largest(spectrum, meaning), rhythm))
    if zeros > along:
        which = "1 exponent does" if zeros == 1 else f"{zeros} exponents do"
        meaning = f"{which} not differ from zero and none is positive: motion on a torus."
        return Verdict("torus", steady * _LIKELY, (_largest(spectrum, meaning), rhythm), ("quasiperiodic",))
    if zeros == along and not discrete:
        meaning = "The largest exponent is zero and the others negative, as on a cycle, but no exact return was seen."
        return Verdict(cycle, steady * _WEAK, (_largest(spectrum, meaning), rhythm))
    meaning = "All exponents are negative: the motion is dying out, or repeats after more returns than were watched."
    return Verdict("undecided", 0.3, (_largest(spectrum, meaning), rhythm))


def _dimension(spectrum: LyapunovSpectrum) -> Evidence:
    value = spectrum.kaplan_yorke
    known = bool(np.isfinite(value))
    return Evidence(
        "Kaplan-Yorke dimension",
        value if known else None,
        spectrum.kaplan_yorke_stderr if known else None,
        "Dimension of the attractor." if known else "Larger than the number of exponents computed can show.",
    )


def _rhythm(back: Returns) -> Evidence:
    if back.multiplicity:
        times = "" if back.multiplicity == 1 else f", after {back.multiplicity} returns"
        return Evidence(
            f"period ({back.unit})", float(back.period), float(back.period_stderr), f"The motion repeats{times}."
        )
    gap: Any = float(back.gap) if np.isfinite(back.gap) else None
    return Evidence("recurrence mismatch", gap, None, "The motion did not repeat within 32 returns.")
