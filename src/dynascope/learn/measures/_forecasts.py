"""How far ahead a model sees: errors of forecasts from many starts."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError


def prediction_error(
    predicted: Any, actual: Any, *, scale: Any = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""PE(n), the mean squared error n steps ahead, with its standard error over starts.

    $\mathrm{PE}(n) = \frac{1}{S N} \sum_{s, j} (x_{s, n, j} - \hat x_{s, n, j})^2 / \sigma_j^2$ over S starts and N
    channels.

    Args:
        predicted: Forecasts, shape `(start, step, channel)`; entry 0 of the second axis is one step ahead.
        actual: What happened, of the same shape.
        scale: Standard deviation of the training data, shape `(channel,)`; 1 for standardised data.

    Returns:
        PE(1), PE(2), ... and their standard errors, shape `(step,)` each; infinite where a forecast diverged.
    """
    made, true = _forecasts(predicted, actual)
    with np.errstate(over="ignore", invalid="ignore"):
        each = np.mean(((made - true) / scale) ** 2, axis=2)
    each = np.where(np.isfinite(each), each, np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = each.std(axis=0, ddof=1) if len(each) > 1 else np.full(each.shape[1], np.inf)
        mean = each.mean(axis=0)
    return mean, np.where(np.isfinite(mean), spread / np.sqrt(len(each)), np.inf)


def smape(predicted: Any, actual: Any) -> NDArray[np.float64]:
    r"""Symmetric mean absolute percentage error of each forecast, between 0 and 200.

    $\mathrm{sMAPE} = \frac{200}{n N} \sum_{i, j} |x_{ij} - \hat x_{ij}| / (|x_{ij}| + |\hat x_{ij}|)$ over n steps and
    N channels, in the units of the data: it changes when a channel is shifted. The package dysts has halved it since
    2025.

    Args:
        predicted: Forecasts, shape `(start, step, channel)`.
        actual: What happened, of the same shape.

    Returns:
        One value for each start; a forecast that diverged counts 200 from there on.
    """
    return _smape_terms(predicted, actual).mean(axis=1)


class AbstractValidity(eqx.Module):
    """A rule for how long a forecast is valid."""

    @property
    @abstractmethod
    def definition(self) -> str:
        """The definition in one line, for tables."""

    @abstractmethod
    def lengths(self, predicted: Any, actual: Any, *, scale: Any = 1.0) -> NDArray[np.int64]:
        """Number of steps for which each forecast is valid, shape `(start,)`; the horizon if it never fails.

        Args:
            predicted: Forecasts, shape `(start, step, channel)`.
            actual: What happened, of the same shape.
            scale: Standard deviation of the training data, shape `(channel,)`.
        """


class NRMSEThreshold(AbstractValidity):
    r"""Valid while the normalised error $\sqrt{\mathrm{mean}_j (x_j - \hat x_j)^2 / \sigma_j^2}$ is small enough.

    Args:
        threshold: Largest error of a valid forecast; 0.4 and 0.5 are common.

    Reference:
        Vlachas, Pathak, Hunt, Sapsis, Girvan, Ott & Koumoutsakos (2020), Backpropagation algorithms and reservoir
        computing in recurrent neural networks for the forecasting of complex spatiotemporal dynamics, Neural Networks
        126, 191-217.
    """

    threshold: float = eqx.field(static=True, default=0.4)

    @property
    def definition(self) -> str:
        """The threshold."""
        return f"first step with a normalised error above {self.threshold:g}"

    def lengths(self, predicted: Any, actual: Any, *, scale: Any = 1.0) -> NDArray[np.int64]:
        made, true = _forecasts(predicted, actual)
        with np.errstate(over="ignore", invalid="ignore"):
            error = np.sqrt(np.mean(((made - true) / scale) ** 2, axis=2))
        return _before(~(error <= self.threshold))


class SMAPEPrefix(AbstractValidity):
    r"""Valid while the sMAPE of all steps so far is at most `threshold` (of 200), in the units of the data.

    Args:
        threshold: Largest error of a valid forecast; 30 is common.

    Reference:
        Gilpin (2023), Model scale versus domain knowledge in statistical forecasting of chaotic systems, Physical
        Review Research 5, 043252.
    """

    threshold: float = eqx.field(static=True, default=30.0)

    @property
    def definition(self) -> str:
        """The threshold."""
        return f"first step with an sMAPE from the start above {self.threshold:g} of 200"

    def lengths(self, predicted: Any, actual: Any, *, scale: Any = 1.0) -> NDArray[np.int64]:
        del scale
        terms = _smape_terms(predicted, actual)
        so_far = np.cumsum(terms, axis=1) / np.arange(1, terms.shape[1] + 1)
        return _before(so_far > self.threshold)


class ValidTimes(eqx.Module):
    """Valid prediction times over many starts.

    Args:
        median: Their median, in Lyapunov times where the exponent is known, else in time units.
        stderr: Its standard error, by bootstrap over starts.
        times: All of them, shape `(start,)`.
        censored: Share of the starts whose forecast was still valid at the horizon.
        unit: `"Lyapunov times"` or the time unit.
        definition: The rule, in one line.
    """

    median: float
    stderr: float
    times: NDArray[np.float64]
    censored: float
    unit: str = eqx.field(static=True)
    definition: str = eqx.field(static=True)


def valid_times(
    predicted: Any,
    actual: Any,
    *,
    dt: float,
    exponent: float | None = None,
    scale: Any = 1.0,
    rule: AbstractValidity | None = None,
    time_unit: str = "1",
    seed: int = 0,
) -> ValidTimes:
    """How long forecasts are valid, in Lyapunov times.

    Args:
        predicted: Forecasts, shape `(start, step, channel)`.
        actual: What happened, of the same shape.
        dt: Time between steps.
        exponent: Largest Lyapunov exponent per time unit; None or a value of at most 0 gives time units.
        scale: Standard deviation of the training data, shape `(channel,)`.
        rule: `NRMSEThreshold(0.4)` if not given, or `SMAPEPrefix(30)`.
        time_unit: Name of the time unit.
        seed: Seed of the bootstrap.

    Example:
        >>> import numpy as np
        >>> truth = np.zeros((1, 10, 1))
        >>> wrong = np.arange(10)[None, :, None] * 0.1
        >>> float(valid_times(wrong, truth, dt=0.5, rule=NRMSEThreshold(0.45)).median)
        2.5
    """
    rule = NRMSEThreshold() if rule is None else rule
    steps = rule.lengths(predicted, actual, scale=scale)
    chaotic = exponent is not None and exponent > 0
    times = np.asarray(steps * dt, np.float64) * (exponent if exponent is not None and chaotic else 1.0)
    generator = np.random.default_rng(seed)
    drawn = np.median(times[generator.integers(len(times), size=(500, len(times)))], axis=1)
    return ValidTimes(
        median=float(np.median(times)),
        stderr=float(drawn.std()) if len(times) > 1 else float("inf"),
        times=times,
        censored=float(np.mean(steps == np.shape(predicted)[1])),
        unit="Lyapunov times" if chaotic else time_unit,
        definition=rule.definition,
    )


def _forecasts(predicted: Any, actual: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    made, true = np.asarray(predicted, float), np.asarray(actual, float)
    if made.shape != true.shape or made.ndim != 3 or not made.size:
        raise InputError(
            f"`predicted` and `actual` must have one shape (start, step, channel), got {made.shape} and {true.shape}."
        )
    return made, true


def _smape_terms(predicted: Any, actual: Any) -> NDArray[np.float64]:
    """200 |x - y| / (|x| + |y|), averaged over channels, shape `(start, step)`; 200 where the forecast diverged."""
    made, true = _forecasts(predicted, actual)
    bad = ~np.isfinite(made)
    made = np.where(bad, 0.0, made)
    size = np.abs(made) + np.abs(true)
    terms = 200.0 * np.abs(made - true) / np.where(size > 0, size, 1.0)
    return np.where(bad, 200.0, terms).mean(axis=2)


def _before(failed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of steps before the first failure of each row."""
    return np.where(failed.any(axis=1), failed.argmax(axis=1), failed.shape[1])
