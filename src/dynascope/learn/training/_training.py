"""What a training gives."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np

from ..._results import AbstractResult, output


class Training(AbstractResult):
    """Trained models, with the history of each run.

    Attributes:
        models: One model per run: the one with the best score where scores were taken, else the last one. Each begins
            at the state to which the end of the data brings it.
        last: The models after the last update.
        starts: Per run the matrix L, shape `(M, N)`, by which data x give the hidden components L x with which a window
            begins; nil where all are observed.
        ends: Per run the flattened state to which the end of the data brings the model.
        losses: Loss of each update.
        gradient_norms: Length of the gradient in each update, before it is cut.
        strengths: Mean pull of the data in each update.
        skipped: Updates that were skipped since their gradient was not finite.
        diverged: Whether a run no longer had a finite gradient at the end.
        scored: Numbers of updates after which scores were taken.
        scores: Score of each run there, smaller is better; infinite where the model could not be scored.
        chosen: After how many updates the model of each run was taken.
    """

    models: tuple[Any, ...]
    last: tuple[Any, ...]
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    starts: np.ndarray = output("run", "component", "channel", doc="from first data to hidden components")
    ends: np.ndarray = output("run", "component", doc="state at the end of the data")
    losses: np.ndarray = output("update", "run", doc="loss")
    gradient_norms: np.ndarray = output("update", "run", doc="length of the gradient")
    strengths: np.ndarray = output("update", "run", doc="pull of the data")
    skipped: np.ndarray = output("run", doc="updates skipped")
    diverged: np.ndarray = output("run", doc="whether the run diverged")
    scored: np.ndarray = output("score", unit="step", doc="updates before the score")
    scores: np.ndarray = output("score", "run", doc="score, smaller is better")
    chosen: np.ndarray = output("run", unit="step", doc="updates before the model taken")

    @property
    def best(self) -> int:
        """Number of the run with the best score; where none was taken, with the least loss over the last tenth."""
        if self.scores.size:
            worth = self.scores.min(axis=0)
        else:
            worth = np.median(self.losses[-max(len(self.losses) // 10, 1) :], axis=0)
        return int(np.argmin(np.where(self.diverged | ~np.isfinite(worth), np.inf, worth)))

    @property
    def model(self) -> Any:
        """The model of the best run."""
        return self.models[self.best]

    def summary(self) -> str:
        """How many runs there are, what became of their loss, and which model is best."""
        runs, done = len(self.models), len(self.losses)
        if not done:
            return f"{runs} run(s) of `{type(self.models[0]).__name__}`, not one update done."
        end = np.median(self.losses[-max(done // 10, 1) :], axis=0)
        bad = int(self.diverged.sum())
        gone = f" {bad} of them diverged." if bad else ""
        scored = f", score {self.scores[:, self.best].min():.4g}" if self.scores.size else ""
        return (
            f"{runs} run(s) of `{type(self.models[0]).__name__}`, {done} updates.{gone} Median loss at the end "
            f"{end.min():.3g} to {end.max():.3g}. The model of run {self.best} after {self.chosen[self.best]} updates "
            f"is taken{scored}. {int(self.skipped.sum())} updates were skipped."
        )
