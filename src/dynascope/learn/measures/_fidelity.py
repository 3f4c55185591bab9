"""Every score of a reconstruction beside its floor and beside what trivial models get, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ._paired import paired
from ._spectra import AbstractSpectralDistance, SmoothedSpectra
from ._state_space import AbstractStateSpaceDivergence, default_divergence

#: Share of the way from the floor to a model that stands still: up to the first a reconstruction may be believed, up
#: to the second it is rough, beyond it is too poor.
GOOD, ROUGH = 0.15, 0.35
#: Share of the score of standing still from which on a floor makes the score worthless.
BLIND = 0.75
#: Value of a divergence that a diverged or stray orbit is given where a number is needed to rank models.
FAILED = np.inf


class Fidelity(AbstractResult):
    """How like the data a reconstruction is in the long run.

    `values` are medians over runs of the reconstruction from several starts. `floors` are what another stretch of the
    same data scores against the same truth: no model can be expected to do better. `trivial` is what models without
    dynamics of their own get. `excess` is the share of the way from the floor to the model that stands still.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    definitions: tuple[str, ...] = eqx.field(static=True)
    trivial_names: tuple[str, ...] = eqx.field(static=True)
    grade: str = eqx.field(static=True)
    failed: int = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    values: NDArray[np.float64] = output("score", doc="Median over runs; infinite if half of them failed")
    stderr: NDArray[np.float64] = output("score", doc="Standard error over runs, by bootstrap")
    floors: NDArray[np.float64] = output("score", doc="Median score of other stretches of the same data")
    floor_stderr: NDArray[np.float64] = output("score", doc="Half the range of the floors, or NaN for a single one")
    trivial: NDArray[np.float64] = output("score", "model", doc="Scores of models that are no models")
    excess: NDArray[np.float64] = output("score", doc="(value - floor) / (standing still - floor)")
    runs: NDArray[np.float64] = output("run", "score", doc="Scores of every run; infinite where it failed")

    @property
    def believable(self) -> bool:
        """Whether the long-run behaviour may be taken for that of the data."""
        return self.grade == "good"

    def summary(self) -> str:
        """A table with floors and trivial models, and whether to believe the reconstruction."""
        head = f"{'':8}{'model':>18}{'floor':>16}" + "".join(f"{name:>13}" for name in self.trivial_names)
        lines = [f"{self.verdict()} ({self.settings['samples']} samples, T = {self.settings['time']:.4g})", head]
        for i, name in enumerate(self.names):
            floor = "-" if np.isnan(self.floors[i]) else _with_error(self.floors[i], self.floor_stderr[i])
            row = f"{name:8}{_with_error(self.values[i], self.stderr[i]):>18}{floor:>16}"
            lines.append(row + "".join(f"{_number(x):>13}" for x in self.trivial[i]))
        return "\n".join(lines + [f"{n}: {d}" for n, d in zip(self.names, self.definitions, strict=True)])

    def verdict(self) -> str:
        """One sentence: good, rough, or too poor to be believed, and why."""
        blind = _blind(self.floors, self.trivial[:, 0])
        if blind.any():
            return (
                "The data cannot tell a good reconstruction from a poor one, so that NONE IS TO BE BELIEVED: in "
                f"{self.names[int(np.argmax(blind))]} other stretches of the same data score hardly better than a "
                "model that stands still. The recording is too short, or changes too much along its way"
            )
        parts = zip(self.names, self.excess, strict=True)
        said = ", ".join(f"{n} {100 * e:.0f}%" if np.isfinite(e) else f"{n} without bound" for n, e in parts)
        why = f"of the way from the floor to a model that stands still: {said}"
        if self.failed:
            why += f"; {self.failed} of {len(self.runs)} runs diverged or left the data for good"
        match self.grade:
            case "good":
                return f"The reconstruction is good: {why}"
            case "rough":
                return f"The reconstruction is rough, and details should not be believed: {why}"
        return f"The reconstruction is TOO POOR TO BE BELIEVED: {why}"


def fidelity(
    generated: Sequence[Any],
    truth: Any,
    *,
    others: Sequence[Any] = (),
    trivial: Mapping[str, Any] | None = None,
    divergence: AbstractStateSpaceDivergence | None = None,
    spectra: AbstractSpectralDistance | None = None,
    dt: float = 1.0,
    seed: int = 0,
) -> Fidelity:
    """Score runs of a reconstruction against a stretch of data that it has not seen.

    Args:
        generated: Runs of the reconstruction, each of the shape of `truth`; a run that diverged stays in.
        truth: The stretch of data, shape `(time, channel)`, standardised by the training data.
        others: Other stretches of the same data of that length, for the floor; without one there is no floor.
        trivial: Runs of trivial models by name, shape `(time, channel)`. The mean of the data is always among them.
        divergence: The definition of D_stsp; bins of GTF for up to five channels, else the mixture.
        spectra: The definition of D_H; smoothed spectra over 20 bins, or a fiftieth of the frequencies if fewer.
        dt: Sampling interval.
        seed: Seed of the bootstrap over runs.

    Raises:
        InputError: If there is no run, or shapes differ.
    """
    if not len(generated):
        raise InputError("`generated` holds no run. Give one at least.")
    true = paired(truth, truth)[1]
    divergence = default_divergence(true.shape[1]) if divergence is None else divergence
    spectra = SmoothedSpectra(min(20.0, len(true) / 100)) if spectra is None else spectra
    runs = np.array([_scores(run, true, divergence, spectra) for run in generated])
    still = np.broadcast_to(true.mean(axis=0), true.shape)
    others_scored = np.array([_scores(x, true, divergence, spectra) for x in others]).reshape(-1, 2)
    models = {"mean": still, **(trivial or {})}
    scored = np.stack([_scores(x, true, divergence, spectra) for x in models.values()], axis=1)
    values, floors = np.median(runs, axis=0), np.full(2, np.nan)
    floor_spread = np.full(2, np.nan)
    if len(others_scored):
        floors = np.median(others_scored, axis=0)
        floor_spread = np.ptp(others_scored, axis=0) / 2 if len(others_scored) > 1 else floor_spread
    base = np.where(np.isfinite(floors), floors, 0.0)
    above = np.maximum(np.where(np.isfinite(values), values, 0.0) - base, 0.0)
    excess = np.where(np.isfinite(values), above / np.maximum(scored[:, 0] - base, 1e-12), np.inf)
    failed = int(np.isinf(runs).any(axis=1).sum())
    return Fidelity(
        names=("D_stsp", "D_H"),
        definitions=(divergence.definition, spectra.definition),
        trivial_names=tuple(models),
        grade=_grade(excess, failed, len(runs)) if not _blind(floors, scored[:, 0]).any() else "poor",
        failed=failed,
        result=RESULTS.successful,
        settings=provenance(
            runs=len(runs), samples=len(true), time=len(true) * dt, floors=len(others_scored), seed=seed
        ),
        values=values,
        stderr=_bootstrap(runs, seed),
        floors=floors,
        floor_stderr=floor_spread,
        trivial=scored,
        excess=excess,
        runs=runs,
    )


def _scores(
    run: Any, true: NDArray[np.float64], divergence: AbstractStateSpaceDivergence, spectra: AbstractSpectralDistance
) -> NDArray[np.float64]:
    apart = divergence(run, true)
    return np.array([FAILED if np.isnan(apart) else apart, spectra(run, true)])


def _blind(floors: NDArray[np.float64], still: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a floor is so near to standing still that the score says nothing."""
    return ~np.isnan(floors) & (floors >= BLIND * still)


def _grade(excess: NDArray[np.float64], failed: int, runs: int) -> str:
    worst = float(np.max(excess))
    if worst <= GOOD and not failed:
        return "good"
    return "rough" if worst <= ROUGH and 2 * failed < runs else "poor"


def _bootstrap(runs: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    if len(runs) < 2:
        return np.full(runs.shape[1], np.nan)
    if np.isinf(runs).any():
        # The median of draws that may be infinite has no spread to speak of.
        return np.where(np.isinf(runs).any(axis=0), np.inf, _bootstrap(np.where(np.isinf(runs), 0.0, runs), seed))
    generator = np.random.default_rng(seed)
    return np.median(runs[generator.integers(len(runs), size=(500, len(runs)))], axis=1).std(axis=0)


def _number(value: float) -> str:
    return "diverged" if np.isinf(value) else f"{value:.3g}"


def _with_error(value: float, error: float) -> str:
    return _number(value) + (f" ± {error:.1g}" if np.isfinite(error) and np.isfinite(value) else "")
