"""From a recording to a system in one call: prepare, try, choose, judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, ComputationFailed, InputError
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...analysis import Verdict
from ...analysis.stability import lyapunov_spectrum
from ..measures import Fidelity, prediction_error, valid_times
from ..preparation import Delayed, Prepared, prepare
from ._candidates import candidates
from ._learners import AbstractLearner
from ._reconstruction import AbstractReconstruction, forecasts
from ._regime import recorded_regime
from ._scored import Judging, judged, judging, long_runs

#: Seconds of search without a budget.
BUDGET = 60.0
#: Starts of forecasts, and their longest horizon in steps.
_STARTS, _HORIZON = 50, 500
#: Steps ahead at which prediction errors are told.
AHEAD = (1, 20)
#: Weight of the prediction error against the two long-run scores in the choice of a model.
_WEIGHT = 0.1
#: Excess over the floor that counts as none, for floors are known no better: among such models forecasts decide.
_SLACK = 0.05
#: A search ends with a model that is at the floor, and still good after a run so many times as long.
_LATER = 10
#: Steps over which the largest exponent is averaged.
_STEPS = 10_000

#: What is told of a candidate once it is scored: its label, its score, whether it is the best so far.
Told = Callable[[str, float, bool], None]


class Fit(AbstractResult):
    """A system learned from a recording, and how far to trust it.

    `fidelity` holds the long-run scores on the test stretch, which nothing else has looked at. `errors` are those of
    forecasts into it, in units of the training data's standard deviation, squared.
    """

    system: AbstractReconstruction
    fidelity: Fidelity
    regime: Verdict | None
    label: str = eqx.field(static=True)
    data: str = eqx.field(static=True)
    notes: tuple[str, ...] = eqx.field(static=True)
    tried: tuple[str, ...] = eqx.field(static=True)
    failures: tuple[str, ...] = eqx.field(static=True)
    valid_unit: str = eqx.field(static=True)
    valid_definition: str = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    scores: NDArray[np.float64] = output("candidate", doc="What candidates were ranked by; infinite if they failed")
    errors: NDArray[np.float64] = output("step", doc="Mean squared error of forecasts, by steps ahead")
    error_stderr: NDArray[np.float64] = output("step", doc="Standard error over starts")
    persistence: NDArray[np.float64] = output("step", doc="The same of the last sample, persisting")
    truth: NDArray[np.float64] = output("sample", "channel", doc="The stretch that the long-run scores are of")
    generated: NDArray[np.float64] = output("sample", "channel", doc="A free run of the system learned, as long")
    valid_time: float = output(doc="Median valid prediction time")
    valid_stderr: float = output(doc="Its standard error over starts")
    valid_censored: float = output(doc="Share of the forecasts that were still valid at the horizon")
    exponent: float = output(doc="Largest Lyapunov exponent of the system learned, per time unit of the recording")
    exponent_stderr: float = output(doc="Its standard error")

    @property
    def believable(self) -> bool:
        """Whether the long-run behaviour may be taken for that of the data."""
        return self.fidelity.believable

    @property
    def told_ahead(self) -> tuple[int, ...]:
        """Steps ahead at which prediction errors are told."""
        return tuple(n for n in AHEAD if n <= len(self.errors))

    def summary(self) -> str:
        """What was learned, its scores beside their floors, its horizon, and whether to believe it."""
        lines = [
            f"{self.label}, the best of {len(self.tried)} models tried.",
            self.data.splitlines()[0],
            self.fidelity.summary(),
        ]
        for n in self.told_ahead:
            said = _error(self.errors[n - 1], self.error_stderr[n - 1])
            lines.append(f"PE({n}): {said} (persistence {self.persistence[n - 1]:.3g})")
        more = f", {100 * self.valid_censored:.0f}% still valid at the horizon" if self.valid_censored else ""
        lines.append(
            f"valid prediction time: {self.valid_time:.3g} ± {self.valid_stderr:.1g} {self.valid_unit} "
            f"({self.valid_definition}{more})"
        )
        per = "per time unit" if self.system.clock == "1" else f"per {self.system.clock}"
        if self.regime is not None:
            sure = f"confidence {self.regime.confidence:.2f}"
            lines.append(f"regime of the system learned: {self.regime.regime} ({sure})")
        largest = f"{_error(self.exponent, self.exponent_stderr)} {per}"
        lines.append(
            f"largest exponent of the system learned: {largest if np.isfinite(self.exponent) else 'none, it diverges'}"
        )
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def fit(
    data: Any,
    *,
    model: str | AbstractLearner | Sequence[AbstractLearner] | None = None,
    latent: int | None = None,
    budget: float | None = None,
    dt: float | None = None,
    delayed: Delayed | None = None,
    name: bool = False,
    key: Key | None = None,
    tell: Told | None = None,
) -> Fit:
    """Learn a system from a recording.

    Models are learned on the training part, chosen by their long runs over the validation part (state-space divergence
    and spectra, each as the share of the way from its floor to a model that stands still; the error of forecasts
    decides between equals, since a small training error does not reveal a wrong attractor), and judged on the test
    part.

    Args:
        data: A `Recording`, an array with `dt`, a list of such, or `Prepared` data.
        model: Name of a kind of model (`nvar`, `echo-state`, `sindy`, `linear`, ...), a learner, or several; None tries
            several kinds.
        latent: Size of the model's state, for kinds that have one.
        budget: Most seconds of search; None is a minute. At least one model is tried, however short; a model that is at
            the floor in every score ends the search.
        dt: Sampling interval of arrays.
        delayed: Unfold the channels by delays first; a single channel always is.
        name: Whether to name the regime of the system learned, which takes a while for large ones.
        key: Random key, of drawn networks.
        tell: Called with the label and score of each model tried.

    Returns:
        A `Fit`; its `system` goes into every analysis, and into a file by `ds.save`.

    Raises:
        InputError: If the data are unfit, the model is unknown, or the budget is not positive.
        ComputationFailed: If no model at all could be learned.

    Example:
        >>> import numpy as np
        >>> from dynascope.learn.fitting import NVAR
        >>> wave = np.stack([np.sin(0.1 * np.arange(2000)), np.cos(0.1 * np.arange(2000))], axis=1)
        >>> found = fit(wave, dt=0.1, model=NVAR(taps=1, order=1))
        >>> found.believable
        True
    """
    if budget is not None and not (np.isfinite(budget) and budget > 0):
        raise InputError(f"`budget` must be a positive number of seconds, got {budget}.")
    key = jax.random.key(0) if key is None else key
    ready = _prepared(data, dt, delayed)
    learners = _learners(ready, model, latent)
    best, tried, failures, scores = _searched(ready, learners, budget or BUDGET, key, tell)
    if best is None:
        reason = f" The first that was tried: {failures[0]}"
        raise ComputationFailed(f"No model could be learned from {ready.source}.{reason}")
    learner, system = best
    facts = _judged(system, ready)
    return Fit(
        system=system,
        regime=recorded_regime(system, key=key) if name else None,
        label=learner.label,
        data=ready.summary(),
        notes=ready.notes,
        tried=tuple(tried),
        failures=tuple(failures),
        scores=np.asarray(scores),
        result=RESULTS.successful,
        settings=provenance(
            model=model if isinstance(model, str | None) else "given",
            latent=latent,
            budget=budget,
            key=seed_of(key),
        ),
        **facts,
    )


def _prepared(data: Any, dt: float | None, delayed: Delayed | None) -> Prepared:
    if isinstance(data, Prepared):
        return data
    ready = prepare(data, dt=dt, delayed=delayed)
    if ready.channels == 1 and delayed is None:
        ready = prepare(data, dt=dt, delayed=Delayed())
    return ready


def _learners(data: Prepared, model: Any, latent: int | None) -> list[AbstractLearner]:
    if model is None or isinstance(model, str):
        return candidates(data, model=model, latent=latent)
    if latent is not None:
        raise InputError("`latent` goes with the name of a model. A learner has its own field for it.")
    learners: list[Any] = (
        [model] if isinstance(model, AbstractLearner) else list(model) if isinstance(model, list | tuple) else []
    )
    if not learners or not all(isinstance(x, AbstractLearner) for x in learners):
        raise InputError(f"`model` must be the name of a model, a learner or several, got {model!r}.")
    return learners


def _searched(
    data: Prepared, learners: Sequence[AbstractLearner], budget: float, key: Key, tell: Told | None
) -> tuple[tuple[AbstractLearner, AbstractReconstruction] | None, list[str], list[str], list[float]]:
    """The best model within the time, and what became of all that were tried."""
    began, stretch = time.perf_counter(), judging(data, final=False)
    best: tuple[AbstractLearner, AbstractReconstruction] | None = None
    least, longest = np.inf, 0.0
    tried: list[str] = []
    failures: list[str] = []
    scores: list[float] = []
    for i, learner in enumerate(learners):
        at = time.perf_counter()
        # A further model is begun only if it would be done in time were it as slow as the slowest so far.
        if tried and at - began + longest * learner.effort() > budget:
            continue
        try:
            system = learner.learn(data, key=jax.random.fold_in(key, i))
            score, long_run = _score(system, data, stretch)
        except (InputError, ComputationFailed) as error:
            failures.append(f"{learner.label}: {error}")
            continue
        longest = max(longest, (time.perf_counter() - at) / learner.effort())
        tried.append(learner.label)
        scores.append(score)
        if best is None or score < least:
            best, least = (learner, system), score
        if tell is not None:
            tell(learner.label, score, score == least)
        if score == least and _settled(system, data, stretch, long_run):
            break
    return best, tried, failures, scores


def _settled(system: AbstractReconstruction, data: Prepared, stretch: Judging, long_run: Fidelity) -> bool:
    """Whether no other model could score better: at the floor in every score, and still good after a much longer run.

    A model whose motion dies out or grows slowly is good for a while.
    """
    if not (long_run.believable and float(np.max(long_run.excess)) <= _SLACK):
        return False
    count = len(stretch.truth)
    late = long_runs(system, data, stretch.before, _LATER * count, runs=1)[:, -count:]
    return judged(system, data, stretch, runs=late).believable


def _score(system: AbstractReconstruction, data: Prepared, stretch: Judging) -> tuple[float, Fidelity]:
    """What models are ranked by, smaller is better, and the long runs behind it."""
    long_run = judged(system, data, stretch)
    errors = _errors(system, data, [data.standard.undo(x) for x in data.validation])[0]
    apart = min(1.0, float(errors[min(AHEAD[-1], len(errors)) - 1])) if np.isfinite(errors).all() else 1.0
    return float(np.sum(np.maximum(long_run.excess - _SLACK, 0.0))) + _WEIGHT * apart, long_run


def _errors(system: AbstractReconstruction, data: Prepared, stretches: list[Any], horizon: int = AHEAD[-1]) -> Any:
    """Errors of forecasts, their standard errors, those of persistence, and the forecasts."""
    room = max(map(len, stretches)) - system.start.least(system.system)
    made = forecasts(system, stretches, horizon=max(1, min(horizon, room // 2)), starts=_STARTS)
    mean, stderr = prediction_error(made.predicted, made.actual, scale=data.standard.scale)
    return mean, stderr, made


def _judged(system: AbstractReconstruction, data: Prepared) -> dict[str, Any]:
    """Scores, errors and horizon on the test part, and the largest exponent."""
    stretch = judging(data, final=True)
    runs = long_runs(system, data, stretch.before, len(stretch.truth))
    long_run = judged(system, data, stretch, runs=runs)
    exponent, exponent_stderr = _exponent(system)
    own = [data.standard.undo(x) for x in data.test]
    mean, stderr, made = _errors(system, data, own, _HORIZON)
    shown = [x[1:] for x in own]
    lag = np.arange(1, len(mean) + 1)
    still = np.array(
        [np.mean(np.concatenate([_persisted(x, int(n)) for x in shown]) ** 2 / data.standard.scale**2) for n in lag]
    )
    chaotic = np.isfinite(exponent) and exponent > 2 * exponent_stderr
    valid = valid_times(
        made.predicted,
        made.actual,
        dt=data.dt,
        exponent=exponent if chaotic else None,
        scale=data.standard.scale,
        time_unit="time units" if data.time_unit == "1" else data.time_unit,
    )
    return {
        "fidelity": long_run,
        "truth": data.standard.undo(stretch.truth),
        "generated": data.standard.undo(runs[0]),
        "errors": mean,
        "error_stderr": stderr,
        "persistence": still,
        "valid_time": valid.median,
        "valid_stderr": valid.stderr,
        "valid_censored": valid.censored,
        "valid_unit": valid.unit,
        "valid_definition": valid.definition,
        "exponent": exponent,
        "exponent_stderr": exponent_stderr,
    }


def _persisted(x: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Changes over n samples; none where the stretch is too short."""
    return x[n:] - x[:-n]


def _exponent(system: AbstractReconstruction) -> tuple[float, float]:
    """The largest exponent per time unit of the recording; NaN if the system diverges."""
    flow = system.time_unit != "step"
    unit = system.dt if flow else 1.0
    found = lyapunov_spectrum(
        system, k=1, transient=_STEPS / 10 * unit, duration=_STEPS * unit, key=jax.random.key(0), throw=False
    )
    rate = 1.0 if flow else system.dt
    return float(found.exponents[0]) / rate, float(found.stderr[0]) / rate


def _error(value: float, error: float) -> str:
    return f"{value:.3g}" + (f" ± {error:.1g}" if np.isfinite(error) else "")
