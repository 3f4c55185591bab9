"""What kind of dynamics made this recording? The signs of all analyses of series, joined by stated rules."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, provenance
from .._rest import is_resting
from .._series import Array, channels, checked_interval
from .._verdict import Evidence, Verdict
from ..chaos import ExponentFromData, SurrogateTest, ZeroOne, exponent_from_data, surrogate_test, zero_one
from ..geometry import CorrelationDimension, Embedding, correlation_dimension, embedding
from ..rhythm import Spectrum, spectrum
from ._attributes import Sign, bursting
from ._denoised import denoised

#: What a verdict can be sure of at most: chaos of many dimensions looks like noise through few channels.
_SUREST = {"noise": 0.75}
#: Confidence that a noisy series rests, and at most that of a verdict on a series whose noise was taken away.
_AT_REST, _CLEANED = 0.75, 0.75
#: Delay in samples from which on a series is sampled finely: then white noise is no part of the motion.
_FINE = 5
#: Least kurtosis of noise: evenly spread values have 1.8.
_FLATTEST = 1.7


class RegimeFromData(AbstractResult):
    """A verdict on a recording, with every result that it rests on (None where one could not be had)."""

    verdict: Verdict
    embedding: Embedding | None
    spectrum: Spectrum | None
    exponent: ExponentFromData | None
    zero_one: ZeroOne | None
    dimension: CorrelationDimension | None
    surrogates: SurrogateTest | None
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)

    def summary(self) -> str:
        """The verdict and its evidence."""
        return self.verdict.summary()


class _Signs(eqx.Module):
    """What the rules look at."""

    samples: int
    delay: int
    trend: float
    mismatch: float
    turns: float
    lines: float
    rhythms: int
    growth: ExponentFromData
    smoothed: bool
    cleaned: bool
    kurtosis: float
    k: ZeroOne | None
    dimension: CorrelationDimension | None
    surrogates: SurrogateTest

    @property
    def gain(self) -> float:
        """Prediction error of the data over that of the surrogates."""
        error = self.surrogates.surrogates[:, 1].mean()
        return float(self.surrogates.data[1] / max(error, 1e-300))

    @property
    def deterministic(self) -> bool:
        return self.surrogates.reject and self.surrogates.pvalues[1] <= self.surrogates.level and self.gain <= 0.75

    @property
    def separating(self) -> bool:
        """A line with a slope above zero by two standard errors."""
        return self.growth.converged and self.growth.grows and self.growth.exponent > 2 * self.growth.stderr

    @property
    def regular(self) -> bool:
        if self.cleaned:
            # What little is irregular may have gone with the noise: more is asked of what is left.
            tame = self.k is not None and self.k.k < 0.5
            return self.mismatch <= 0.02 and self.turns >= 8 and self.lines >= 0.98 and tame
        return self.mismatch <= 0.05 and self.turns >= 8 and self.lines >= 0.95

    @property
    def contradictory(self) -> bool:
        """Regular, and yet neighbours separate: chaos within narrow bands looks so, and little of it is seen."""
        return self.regular and self.deterministic and self.separating

    @property
    def linear(self) -> bool:
        """As unpredictable as coloured noise, in a series long enough for that to mean something."""
        converged = self.dimension is not None and self.dimension.converged
        blank = self.mismatch > 0.2 and self.samples >= 25 * self.delay and not converged
        blank = blank and not self.cleaned and self.kurtosis >= _FLATTEST
        return blank and (not self.surrogates.reject or self.gain > 0.85)


def regime_from_data(x: ArrayLike, *, dt: float = 1.0, seed: int = 0) -> RegimeFromData:
    """The regime of a recording: `fixed point`, `limit cycle`, `torus`, `chaos`, `noise` or `undecided`.

    The rules, in this order:

    1. `fixed point`: the last quarter varies by less than a thousandth of the whole range, or it holds nothing but
       white noise of at most a fifth of the deviation of what was before.
    2. Regular: at some lag between a quarter and a half of the series it repeats itself with a mean square difference
       of at most 5 % of that of unrelated values, over at least eight turns, with 95 % of its power in lines. `limit
       cycle` if every strong spectral line is a multiple of one frequency, else `torus`. Where neighbours separate all
       the same (chaos within narrow bands), the 0-1 test decides: `chaos` if K > 0.5, else `undecided`.
    3. `undecided` and `nonstationary`: a straight trend explains more than 30 % of the variance.
    4. `chaos`: neighbours predict at least a quarter better than in surrogates (p <= 0.05), and either they separate
       along a line with a slope above zero by two standard errors, or (measurement noise hides the line) the 0-1 test
       gives K > 0.7 and they predict twice as well as in surrogates.
    5. `noise`: the surrogates are as predictable as the data within 15 % or the test does not reject, there is no
       line and no correlation dimension, and the series is at least twenty-five delays long. Chaos of many dimensions
       looks the same through few channels, so that the confidence stays at 0.75 or below. Nor is it noise where values
       crowd at two ends (a kurtosis below 1.7; evenly spread ones have 1.8): surrogates have the values of the data,
       so that the test does not see that sign of a rule that saturates.
    6. `undecided` otherwise.

    What is undecided and sampled finely (a delay of at least five samples) is judged once more without its white noise
    (singular spectrum analysis), with a confidence of at most 0.75. Then rule 2 asks for 2 % and 98 %, and K below 0.5;
    and nothing is noise. A moving series with spikes in bursts gets the attribute `bursting`.

    If no line is found in a series with a delay of at least five samples, the exponent is tried once more on a smoothed
    copy (a local cubic over one and a half delays); the evidence says so. The confidence starts at 0.5 and
    gains for every further sign that agrees.

    Args:
        x: (time,) or (time, channel), 300 to some 100,000 samples.
        dt: sampling interval, in time units.
        seed: of surrogates, bootstrap and the frequencies of the 0-1 test.

    Returns:
        A `RegimeFromData`; its code is `not_converged` if the verdict is `undecided`.

    Raises:
        InputError: fewer than 300 samples, or values that are not finite.
    """
    table, interval = channels(x, least=300), checked_interval(dt)
    settings = provenance(dt=interval, seed=seed, samples=table.shape[0], channels=table.shape[1])
    span = np.ptp(table, axis=0)
    rest = np.ptp(table[-(table.shape[0] // 4) :], axis=0)
    moving = span > 1e-13 * np.abs(table).max(axis=0)
    share = float(np.max(rest[moving] / span[moving])) if moving.any() else 0.0
    if share < 1e-3:
        verdict = Verdict("fixed point", 1.0 if share < 1e-6 else 0.9, (_settled(share),))
        return RegimeFromData(verdict, None, None, None, None, None, None, RESULTS.successful, settings)
    table = table[:, moving]
    last = table.shape[0] // 4
    if is_resting(table[-last:], table[:-last]):
        verdict = Verdict("fixed point", _AT_REST, (_only_noise(table, last),), ("noisy",))
        return RegimeFromData(verdict, None, None, None, None, None, None, RESULTS.successful, settings)
    embedded = embedding(table, dt=interval)
    rhythms = spectrum(table, dt=interval)
    signs = _look(table, embedded, rhythms, seed=seed)
    verdict = _decide(signs)
    cleaned = denoised(table, embedded.delay) if embedded.delay >= _FINE else table
    if verdict.regime == "undecided" and embedded.delay >= _FINE and "nonstationary" not in verdict.attributes:
        again = _look(cleaned, embedding(cleaned, dt=interval), rhythms, seed=seed, cleaned=True)
        other = _decide(again)
        if other.regime != "undecided":
            signs, verdict = again, other
    verdict = _with_bursts(verdict, cleaned, interval)
    code = RESULTS.not_converged if verdict.regime == "undecided" else RESULTS.successful
    return RegimeFromData(
        verdict, embedded, rhythms, signs.growth, signs.k, signs.dimension, signs.surrogates, code, settings
    )


def _with_bursts(verdict: Verdict, table: Array, dt: float) -> Verdict:
    """The verdict with the attribute `bursting` and its evidence, if the first channel with bursts shows them."""
    if verdict.regime not in ("limit cycle", "torus", "chaos"):
        return verdict
    time = dt * np.arange(table.shape[0])
    found: Sign | None = next((s for c in table.T if (s := bursting(time, c)) is not None), None)
    if found is None:
        return verdict
    attributes = (*verdict.attributes, found.attribute)
    return Verdict(verdict.regime, verdict.confidence, (*verdict.evidence, found.evidence), attributes)


def _look(table: Array, embedded: Embedding, rhythms: Spectrum, *, seed: int, cleaned: bool = False) -> _Signs:
    growth, smoothed = exponent_from_data(embedded, seed=seed), False
    if not (growth.converged and growth.grows) and embedded.delay >= 5:
        from scipy import signal  # slow to load: only where it is needed

        window = 2 * int(0.75 * embedded.delay) + 1
        softened = np.asarray(signal.savgol_filter(table, window, 3, axis=0))
        again = exponent_from_data(softened, dt=embedded.dt, delay=embedded.delay, seed=seed)
        if again.converged and again.grows:
            growth, smoothed = again, True
    try:
        strength = zero_one(table, seed=seed)
    except InputError:
        # Too few turns for the 0-1 test; the verdict does without, and its evidence says so.
        strength = None
    fundamental, count = _fundamentals(rhythms, samples=table.shape[0])
    return _Signs(
        samples=table.shape[0],
        delay=embedded.delay,
        trend=_trend(table),
        mismatch=_almost_period(table),
        turns=fundamental * embedded.dt * table.shape[0],
        # Noise that was let through beside a line looks like a line: which there are is read from the whole series.
        lines=spectrum(table, dt=embedded.dt).line_fraction if cleaned else rhythms.line_fraction,
        rhythms=count,
        growth=growth,
        smoothed=smoothed,
        cleaned=cleaned,
        kurtosis=_kurtosis(table),
        k=strength,
        dimension=correlation_dimension(table, dt=embedded.dt, delay=embedded.delay, max_dimension=6, pairs=3_000_000),
        surrogates=surrogate_test(table, count=39, most=1500, seed=seed),
    )


def _kurtosis(x: Array) -> float:
    """Fourth moment over the square of the second, of the channel where it is least: 3 for a normal distribution."""
    square = (x - x.mean(axis=0)) ** 2
    return float(np.min(np.mean(square**2, axis=0) / np.maximum(np.mean(square, axis=0) ** 2, 1e-300)))


def _trend(x: Array) -> float:
    """Share of the variance that a straight line through each channel explains."""
    time = np.linspace(-1, 1, x.shape[0])
    centred = x - x.mean(axis=0)
    along = time @ centred
    return float(np.sum(along**2) / (time @ time) / np.sum(centred**2))


def _almost_period(x: Array) -> float:
    """Least mean square difference between the series and itself, later by a quarter to a half of its length.

    In units of the difference of unrelated values. Zero for periodic and near zero for quasiperiodic motion, which
    come back as closely as one likes (almost periods of Bohr); chaos and noise never come back as a whole.
    """
    centred = x - x.mean(axis=0)
    count = centred.shape[0]
    transformed = np.asarray(fft.rfft(centred, fft.next_fast_len(2 * count, real=True), axis=0))
    products = np.asarray(fft.irfft((np.abs(transformed) ** 2).sum(axis=1), fft.next_fast_len(2 * count, real=True)))
    square = np.concatenate([[0.0], np.cumsum((centred**2).sum(axis=1))])
    lag = np.arange(count // 4, count // 2 + 1)
    difference = square[count - lag] + square[count] - square[lag] - 2 * products[lag]
    return float(np.min(difference / (count - lag)) / (2 * square[count] / count))


def _fundamentals(rhythms: Spectrum, *, samples: int) -> tuple[float, int]:
    """The slowest frequency on which the strong lines are built, and whether there are one or more (1 or 2; 0: none).

    Strong lines hold at least 0.1 % of the power. One rhythm: they are all multiples of the strongest
    line divided by 1, 2, 3 or 4 (subharmonics), of the lowest line or of the smallest spacing, within four errors.
    """
    strong = rhythms.peak_powers >= 1e-3
    if not strong.any():
        return 0.0, 0
    frequency, error = rhythms.peaks[strong], rhythms.peak_errors[strong]
    sampling = 1 / rhythms.settings["dt"]
    candidates = [(float(frequency[0]) / k, float(error[0]) / k) for k in (1, 2, 3, 4)]
    lowest = int(np.argmin(frequency))
    candidates.append((float(frequency[lowest]), float(error[lowest])))
    if frequency.size > 1:
        # Of a train of spikes the strongest lines may be any harmonics; their spacing is the rhythm.
        order = np.argsort(frequency)
        gap = int(np.argmin(np.diff(frequency[order])))
        near, far = order[gap], order[gap + 1]
        candidates.append((float(frequency[far] - frequency[near]), float(np.hypot(error[near], error[far]))))
    resolution = sampling / samples
    candidates += [_refined(frequency, error, base) for base, _ in candidates]
    for base, uncertain in candidates:
        # A comb finer than a few bins fits anything.
        if base < 6 * resolution:
            continue
        order, fits = _orders(frequency, error, base, uncertain, floor=1e-9 * sampling)
        # Harmonics above the Nyquist frequency come back as their mirror images; those below it must be there then.
        if 2 * np.unique(order[fits]).size >= np.floor(sampling / (2 * base)):
            for image in (sampling - frequency, sampling + frequency):
                fits |= _orders(image, error, base, uncertain, floor=1e-9 * sampling)[1]
        if fits.all():
            return float(base), 1
    return float(frequency.min()), 2


def _orders(
    frequency: Array, error: Array, base: float, uncertain: float, *, floor: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The nearest multiple of a base for each frequency, and whether it is one within four errors."""
    order = np.maximum(np.round(frequency / base), 1)
    tolerance = 4 * np.hypot(order * uncertain, error) + floor
    # High orders are known too poorly to tell a harmonic from a chance meeting.
    return order, (np.abs(frequency - order * base) <= tolerance) & (tolerance < 0.05 * base)


def _refined(frequency: Array, error: Array, base: float) -> tuple[float, float]:
    """A fundamental from all of its harmonics by least squares, with its error: high orders fix it best."""
    order = np.maximum(np.round(frequency / base), 1)
    square = float(order @ order)
    return float(order @ frequency / square), float(np.sqrt((order * error) @ (order * error)) / square)


def _decide(signs: _Signs) -> Verdict:
    k = signs.k.k if signs.k is not None else None
    attributes = ["noisy"] if signs.growth.reason.startswith("measurement noise") or signs.smoothed else []
    attributes = ["noisy"] if signs.cleaned else attributes
    dimension = signs.dimension is not None and signs.dimension.converged
    if signs.regular and not signs.contradictory:
        regime = "limit cycle" if signs.rhythms == 1 else "torus"
        agree = (signs.lines >= 0.95, not signs.separating, k is not None and k < 0.3, signs.mismatch <= 0.02)
        attributes += ["quasiperiodic"] if regime == "torus" else []
    elif signs.trend > 0.3:
        return Verdict("undecided", 0.0, _evidence(signs), (*attributes, "nonstationary"))
    elif signs.contradictory and not (k is not None and k > 0.5):
        return Verdict("undecided", 0.0, _evidence(signs), tuple(attributes))
    elif signs.deterministic and signs.separating:
        regime = "chaos"
        agree = (k is not None and k > 0.7, dimension, signs.gain <= 0.5, signs.lines < 0.9, not signs.smoothed)
    elif signs.deterministic and signs.gain <= 0.5 and signs.k is not None and signs.k.converged and signs.k.k > 0.7:
        regime, agree = "chaos", (dimension,)
    elif signs.linear and not signs.separating:
        regime = "noise"
        agree = (signs.surrogates.pvalue > 0.1, signs.gain > 0.9, signs.samples >= 50 * signs.delay, signs.lines < 0.5)
    else:
        return Verdict("undecided", 0.0, _evidence(signs), tuple(attributes))
    confidence = 0.5 + 0.5 * sum(agree) / max(len(agree), 3)
    surest = _CLEANED if signs.cleaned else _SUREST.get(regime, 0.99)
    return Verdict(regime, min(confidence, surest), _evidence(signs), tuple(attributes))


def _settled(share: float) -> Evidence:
    return Evidence(
        "range of the last quarter",
        share,
        None,
        "The series settles: its last quarter hardly varies compared with all.",
    )


def _only_noise(table: Array, last: int) -> Evidence:
    left = float(np.max(table[-last:].std(axis=0) / table[:-last].std(axis=0)))
    meaning = "The series settles: its last quarter is white noise about one place, small beside the motion before."
    return Evidence("deviation of the last quarter", left, None, meaning)


def _evidence(signs: _Signs) -> tuple[Evidence, ...]:
    growth, surrogates = signs.growth, signs.surrogates
    after = " after smoothing" if signs.smoothed else ""
    returns = (
        "The series repeats itself as a whole." if signs.mismatch <= 0.05 else "The series never repeats as a whole."
    )
    rhythm = {0: "no line", 1: "multiples of one frequency", 2: "more than one independent frequency"}[signs.rhythms]
    shown = [
        Evidence(
            "least return mismatch", signs.mismatch, None, f"{returns[:-1]} (in {signs.turns:.0f} slowest turns)."
        ),
        Evidence("share of power in lines", signs.lines, None, f"Spectral lines: {rhythm}."),
        Evidence(
            "largest exponent",
            growth.exponent,
            growth.stderr,
            f"Neighbours{after}: {growth.reason}." if growth.converged else f"No exponent{after}: {growth.reason}.",
        ),
        Evidence(
            "surrogate test p-value",
            surrogates.pvalue,
            surrogates.stderr,
            ("More" if surrogates.reject else "No more") + " structure than coloured noise, prediction error "
            f"{signs.gain:.2f} of that of surrogates.",
        ),
    ]
    if signs.cleaned:
        meaning = "All of this is said of the series without its white noise."
        shown.append(Evidence("noise taken away", None, None, meaning))
    if signs.kurtosis < _FLATTEST:
        meaning = "Values crowd at two ends, as those of a rule that saturates."
        shown.append(Evidence("kurtosis", signs.kurtosis, None, meaning))
    if signs.trend > 0.3:
        shown.append(
            Evidence("share of a trend", signs.trend, None, "A trend: the series has not settled on anything.")
        )
    if signs.k is None:
        shown.append(Evidence("0-1 test K", None, None, "Too few turns for the 0-1 test."))
    else:
        meaning = (
            "diffuses: irregular" if signs.k.k > 0.7 else "stays bounded: regular" if signs.k.k < 0.3 else "unclear"
        )
        shown.append(Evidence("0-1 test K", signs.k.k, signs.k.stderr, f"The walk of the 0-1 test: {meaning}."))
    if signs.dimension is not None:
        value, error = signs.dimension.value, signs.dimension.stderr
        said = "Correlation dimension: " + signs.dimension.reason + "."
        shown.append(Evidence("correlation dimension", value if np.isfinite(value) else None, error, said))
    return tuple(shown)
