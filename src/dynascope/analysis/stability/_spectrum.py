"""A Lyapunov spectrum with errors, and how it is made from growth rates along an orbit."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np

from ..._errors import RESULTS
from ..._results import AbstractResult, output
from .._blocks import block_error

#: What it may mean that derivatives and differences do not agree.
_APART = "the run is too short to be trusted, or a derivative is wrong."
#: Running means that are kept.
_KEPT = 200


class LyapunovSpectrum(AbstractResult):
    """Lyapunov exponents with errors.

    Attributes:
        exponents: In decreasing order, natural logarithm per unit of time (maps: per step). `-inf` marks a direction
            that is wiped out exactly, such as one removed by a reset.
        stderr: Standard error of each, from the power of the growth rates at low frequencies; for noisy flows with the
            error of the step, whose method is of first order, from a run at half the step.
        times: Times at which the running means were taken.
        running: Running mean of each exponent, shape `(time, exponent)`.
        kaplan_yorke: Kaplan-Yorke dimension; NaN if too few exponents were computed to reach it.
        kaplan_yorke_stderr: Its standard error.
        entropy_rate: Sum of the positive exponents (an upper bound of the entropy rate; equal to it for many systems).
        entropy_rate_stderr: Its standard error.
        volume_rate: Growth rate of volumes along an early stretch of the same orbit: the mean divergence of a flow, the
            mean log-determinant of a map. NaN if some exponents were left out, for noisy flows, delays and resets.
        sum_error: How far the sum of the rates over that stretch is from it, over the largest absolute rate: the error
            of the step, free of statistics.
        twin: Growth rate of a small separation of two orbits along the first part of the run, by differences instead of
            derivatives: it equals the largest exponent unless the run is too short or a derivative is wrong.
        twin_stderr: Its standard error.
        converged: Whether the requested precision was reached and the two halves of the run agree.
        unit: `nats/step` or `nats/<time unit>`.
    """

    kaplan_yorke: float
    kaplan_yorke_stderr: float
    entropy_rate: float
    entropy_rate_stderr: float
    converged: bool
    unit: str
    dimension: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    exponents: np.ndarray = output("exponent", doc="Lyapunov exponents")
    stderr: np.ndarray = output("exponent", doc="standard errors")
    times: np.ndarray = output("average", doc="times of the running means")
    running: np.ndarray = output("average", "exponent", doc="running means")
    volume_rate: float = math.nan
    sum_error: float = math.nan
    twin: float = math.nan
    twin_stderr: float = math.nan

    def summary(self) -> str:
        """The exponents with errors in one line."""
        shown = ", ".join(f"{x:.5g} +- {e:.1g}" for x, e in zip(self.exponents[:6], self.stderr[:6], strict=True))
        more = f" and {len(self.exponents) - 6} more" if len(self.exponents) > 6 else ""
        state = "converged" if self.converged else "not converged: run longer before trusting small exponents"
        twin = (
            ""
            if self.twin_agrees
            else f" Two orbits separate at {self.twin:.5g} +- {self.twin_stderr:.1g} instead: {_APART}"
        )
        return f"Lyapunov exponents ({self.unit}): {shown}{more}; {state}.{self.warning}{twin}"

    @property
    def signs(self) -> np.ndarray:
        """Of each exponent 1 or -1, or 0 where the run does not tell it from zero.

        That takes four standard errors, the error of the step as the sum rule shows it, and one logarithm over the
        whole run, which is as far as an exponent that is nil may still be from it.
        """
        finite = self.exponents[np.isfinite(self.exponents)]
        step = np.nan_to_num(self.sum_error) * (float(np.max(np.abs(finite))) if finite.size else 0.0)
        width = 4 * self.stderr + step + 1.0 / float(self.settings.get("duration", math.inf))
        return np.where(np.abs(self.exponents) > width, np.sign(self.exponents), 0.0)

    @property
    def warning(self) -> str:
        """A sentence if the run is too short to say the sign of some exponents, else nothing.

        One exponent of a flow may be nil without a word: that of the direction of motion.
        """
        unknown = np.flatnonzero(self.signs == 0) + 1
        if len(unknown) <= (self.unit != "nats/step"):
            return ""
        named = ", ".join(str(i) for i in unknown[:6]) + (", ..." if len(unknown) > 6 else "")
        which = f"sign of exponent {named} is" if len(unknown) == 1 else f"signs of exponents {named} are"
        return f" The {which} not known: nil, or the run is too short to say."

    @property
    def twin_agrees(self) -> bool:
        """Whether two nearby orbits separate as the largest exponent says: within four errors and one percent."""
        if not (np.isfinite(self.twin) and np.isfinite(self.exponents[:1]).all()):
            return True
        scale = float(np.max(np.abs(self.exponents[np.isfinite(self.exponents)])))
        # Over a run of length T a regular orbit leaves a few units of log separation.
        width = 4 * math.hypot(self.twin_stderr, float(self.stderr[0])) + 1e-2 * abs(self.twin) + 1e-3 * scale
        width += 10.0 / float(self.settings.get("duration", math.inf))
        return bool(abs(self.twin - float(self.exponents[0])) <= width)

    @property
    def zero_widths(self) -> np.ndarray:
        """How far from zero each exponent may be and still not differ from it.

        Four standard errors, a thousandth of the largest exponent, and what rounding leaves over a step.
        """
        finite = self.exponents[np.isfinite(self.exponents)]
        scale = float(np.max(np.abs(finite))) if finite.size else 1.0
        return 4 * self.stderr + 1e-3 * scale + 1e-10 / float(self.settings.get("step", 1.0))


def spectrum_of(
    series: np.ndarray, *, span: float, dimension: int, unit: str, settings: dict[str, Any], result: Any = None
) -> LyapunovSpectrum:
    """The spectrum from growth rates of blocks of one length.

    Args:
        series: Shape `(block, vector)`.
        span: Time of all blocks together.
        dimension: Size of the flattened state.
        unit: Of the rates.
        settings: What the run was made with.
        result: How it ended; None for well.

    Returns:
        The spectrum without checks; `converged` says whether the two halves agree.
    """
    series = series[:, np.argsort(-series.mean(axis=0), kind="stable")]
    mean = series.mean(axis=0)
    known = np.isfinite(mean)  # a direction that is wiped out has the exponent -inf, exactly
    error = np.zeros_like(mean)
    error[known] = block_error(series[:, known])
    half = len(series) // 2
    halves = np.abs(series[:half, known].mean(axis=0) - series[half:, known].mean(axis=0))
    counts = np.arange(1, len(series) + 1)
    keep = np.unique(np.geomspace(1, len(series), _KEPT).astype(int)) - 1
    ky, ky_error = _kaplan_yorke(series, dimension)
    positive = mean > 2 * error
    return LyapunovSpectrum(
        exponents=mean,
        stderr=error,
        times=(counts * span / len(series))[keep],
        running=(np.cumsum(series, axis=0) / counts[:, None])[keep],
        kaplan_yorke=ky,
        kaplan_yorke_stderr=ky_error,
        entropy_rate=float(mean[positive].sum()),
        entropy_rate_stderr=float(block_error(series[:, positive].sum(axis=1))) if positive.any() else 0.0,
        converged=bool(np.all(halves <= 6 * error[known] + 1e-9 * np.abs(mean[known]))),
        unit=unit,
        dimension=dimension,
        result=RESULTS.successful if result is None else result,
        settings=settings,
    )


def no_spectrum(vectors: int, *, dimension: int, unit: str, settings: dict[str, Any], result: Any) -> LyapunovSpectrum:
    """Of an orbit that was lost: NaN throughout."""
    nothing = np.full(vectors, np.nan)
    return LyapunovSpectrum(
        exponents=nothing,
        stderr=nothing,
        times=np.zeros(0),
        running=np.zeros((0, vectors)),
        kaplan_yorke=math.nan,
        kaplan_yorke_stderr=math.nan,
        entropy_rate=math.nan,
        entropy_rate_stderr=math.nan,
        converged=False,
        unit=unit,
        dimension=dimension,
        result=result,
        settings=settings,
    )


def _kaplan_yorke(series: np.ndarray, dimension: int) -> tuple[float, float]:
    r"""Kaplan-Yorke dimension $j + \sum_{i \le j} \lambda_i / |\lambda_{j+1}|$ and its error through the blocks."""
    mean = series.mean(axis=0)
    sums = np.cumsum(mean)
    if mean[0] <= 0:
        return 0.0, 0.0
    below = np.flatnonzero(sums < 0)
    if below.size == 0:
        return (float(dimension), 0.0) if len(mean) == dimension else (math.nan, math.nan)
    j = int(below[0])
    last = mean[j]
    if not np.isfinite(last):
        return float(j), 0.0
    value = j + sums[j - 1] / abs(last)
    linear = series[:, :j].sum(axis=1) / abs(last) + sums[j - 1] / last**2 * series[:, j]
    return float(value), float(block_error(linear))
