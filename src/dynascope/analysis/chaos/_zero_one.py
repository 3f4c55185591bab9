"""The 0-1 test: does a walk driven by the series stay bounded or diffuse?"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._series import Array, channels, standardised
from ..geometry._embedding import choose_delay, principal_components


class AbstractGrowth(eqx.Module):
    """A way to measure how the mean square displacement grows with time."""

    @abstractmethod
    def strength(self, displacement: Array) -> Array:
        """K for each row of `displacement` (frequency, time), from the times 1, 2, ..."""


class Correlation(AbstractGrowth):
    """Correlation of the mean square displacement with time: the version that converges faster."""

    def strength(self, displacement: Array) -> Array:
        time = np.arange(1, displacement.shape[1] + 1)
        time = (time - time.mean()) / time.std()
        centred = displacement - displacement.mean(axis=1, keepdims=True)
        spread = centred.std(axis=1)
        # A displacement that does not change at all (a series with nothing to resonate with) does not grow.
        return np.where(spread > 1e-12, centred @ time / time.size / np.maximum(spread, 1e-300), 0.0)


class Regression(AbstractGrowth):
    """Slope of the log mean square displacement against log time."""

    def strength(self, displacement: Array) -> Array:
        time = np.log(np.arange(1, displacement.shape[1] + 1))
        # The modified displacement may be negative; its smallest value is moved to a small positive one.
        lift = np.maximum(-displacement.min(axis=1, keepdims=True), 0.0) * 1.1
        level = np.log(np.maximum(displacement + lift, 1e-12))
        time = time - time.mean()
        return level @ time / (time @ time)


class ZeroOne(AbstractResult):
    """K of the 0-1 test: near 0 for regular motion, near 1 for chaos (and for noise, which it cannot tell apart)."""

    k: float
    stderr: float
    every: int
    samples: int
    converged: bool
    reason: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    frequencies: NDArray[np.float64] = output("frequency", unit="rad per sample", doc="Random frequencies c")
    strengths: NDArray[np.float64] = output("frequency", doc="K of each frequency")

    def summary(self) -> str:
        """K, its error, and what was done against oversampling."""
        trust = "" if self.converged else f" Not converged: {self.reason}."
        return f"0-1 test: K = {self.k:.3f} +- {self.stderr:.3f} on {self.samples} samples, every {self.every}.{trust}"


def zero_one(
    x: ArrayLike,
    *,
    every: int | None = None,
    growth: AbstractGrowth | None = None,
    frequencies: int = 100,
    damping: float = 1.0,
    most: int = 5000,
    seed: int = 0,
) -> ZeroOne:
    r"""The 0-1 test for chaos of Gottwald and Melbourne.

    For random $c$ the walk $p(n) + i q(n) = \sum_{j \le n} x_j e^{ijc}$ is bounded for regular and diffusive for
    chaotic motion. $K$ measures the growth of its modified mean square displacement $D(n) = M(n) - \alpha \langle
    x\rangle^2 (1 - \cos nc)/(1 - \cos c)$; the answer is the median over $c$, which resonances (single $c$) do not
    move.

    An oversampled flow looks regular to this test. So the series is thinned to one sample per delay (first minimum of
    the mutual information) unless `every` is given; the result says by how much.

    Args:
        x: (time,) or (time, channel); of several channels, the first principal component is tested.
        every: take one sample in so many; None takes the delay.
        growth: `Correlation()` (default) or `Regression()`.
        frequencies: number of random $c$, uniform in $(\pi/5, 4\pi/5)$.
        damping: $\alpha$ of the oscillating term that is taken away; 1 removes all of it.
        most: most samples used after thinning, in the middle of the series.
        seed: of the frequencies.

    Returns:
        A `ZeroOne`. Its standard error joins the spread over the frequencies (of a median) with half of the difference
        between the two halves of the series. It converged if at least 300 samples were left and the error is below
        0.15.

    Raises:
        InputError: fewer than 100 samples are left after thinning, or the series is constant.

    Reference: Gottwald and Melbourne (2009), On the implementation of the 0-1 test for chaos.
    """
    if frequencies < 10:
        raise InputError(f"`frequencies` must be at least 10; got {frequencies}.")
    table = standardised(channels(x, least=100))
    series = principal_components(table, explained=1.0, at_most=1)[0][:, 0]
    step = choose_delay(series)[0] if every is None else every
    if step < 1:
        raise InputError(f"`every` must be at least 1; got {step}.")
    thin = series[::step]
    if thin.size < 100:
        raise InputError(
            f"`x` has {thin.size} samples left after taking one in {step}; at least 100 are needed. "
            "Use a longer series."
        )
    first = max((thin.size - most) // 2, 0)
    thin = thin[first : first + most]
    chosen = np.random.default_rng(seed).uniform(math.pi / 5, 4 * math.pi / 5, frequencies)
    kind = Correlation() if growth is None else growth
    strengths = kind.strength(_displacement(thin, chosen, damping=damping))
    parts = [np.median(kind.strength(_displacement(part, chosen, damping=damping))) for part in np.array_split(thin, 2)]
    # The standard error of a median is about 1.25 times that of a mean.
    stderr = math.hypot(1.25 * float(strengths.std(ddof=1)) / math.sqrt(frequencies), 0.5 * abs(parts[0] - parts[1]))
    enough = thin.size >= 300
    converged = bool(enough and stderr < 0.15)
    return ZeroOne(
        frequencies=chosen,
        strengths=strengths,
        k=float(np.median(strengths)),
        stderr=stderr,
        every=int(step),
        samples=int(thin.size),
        converged=converged,
        reason="" if converged else "the error is too large" if enough else "fewer than 300 samples after thinning",
        result=RESULTS.successful if converged else RESULTS.not_converged,
        settings=provenance(
            every=every, growth=repr(kind), frequencies=frequencies, damping=damping, most=most, seed=seed
        ),
    )


def _displacement(x: Array, frequencies: Array, *, damping: float) -> Array:
    """Modified mean square displacement (frequency, lag) for the lags 1 to a tenth of the series."""
    count = x.size
    lags = count // 10
    kept = count - lags
    out = np.empty((frequencies.size, lags))
    length = fft.next_fast_len(2 * count)
    lag = np.arange(1, lags + 1)
    for row, c in enumerate(frequencies):
        walk = np.cumsum(x * np.exp(1j * c * np.arange(count)))
        walk -= walk.mean()
        power = np.abs(walk) ** 2
        total = np.concatenate([[0.0], np.cumsum(power)])
        later = total[lag + kept] - total[lag]
        early, whole = np.asarray(fft.fft(walk[:kept], length)), np.asarray(fft.fft(walk, length))
        cross = np.real(np.asarray(fft.ifft(np.conj(early) * whole)))[lag]
        raw = (later + total[kept] - 2 * cross) / kept
        out[row] = raw - damping * np.mean(x) ** 2 * (1 - np.cos(lag * c)) / (1 - np.cos(c))
    return out
