"""Does the Lyapunov spectrum of a network tell how well it does its task?"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

from .._errors import ComputationFailed
from .._results import provenance
from .._types import Key
from ..learn import (
    FEATURES,
    METHODS,
    AeLLETraining,
    Comparison,
    DelayedSine,
    Hyperparameters,
    LossPrediction,
    NetworkPopulation,
    PopulationTraining,
    Spectra,
    loss_prediction,
    train_population,
)
from ..plots import plot, svg
from ..report import Section, Table
from ._study import Claim, Study, StudyOutcome

_REFERENCE = (
    "Vogt, Puelma Touzel, Shlizerman & Lajoie (2022), On Lyapunov exponents for RNNs, Frontiers in Applied Mathematics "
    "and Statistics 8, 818799; Vogt, Zheng & Shlizerman (2024), Lyapunov-guided representation of recurrent neural "
    "network performance, Neural Computing and Applications 36, 21211-21226"
)
_DATA = "computed anew from the spectra and losses of 110 LSTMs of Vogt et al. (2022), repository lyapunov-hyperopt"
_PAPER = "Vogt, Zheng & Shlizerman (2024), abstract and figures; the threshold is ours"

CLAIMS = (
    Claim(
        "single-features-correlate",
        "Single numbers of the spectrum after training go with the loss: rank correlation of the best of max, mean, "
        "variance and |max|, chosen on the training folds.",
        0.63,
        _DATA,
        0.3,
    ),
    Claim(
        "spectrum-tells-loss",
        "The spectrum after training tells the loss: rank correlation of the prediction by AeLLE with the loss, on "
        "settings not seen.",
        0.73,
        f"ridge on 4 principal components, {_DATA}",
        0.6,
    ),
    Claim(
        "beats-single-features",
        "The learned code of the spectrum tells more than any single number: rank correlation of AeLLE minus that of "
        "the best single feature.",
        0.11,
        f"0.73 against 0.63, {_DATA}",
        0.0,
        0.05,
    ),
    Claim(
        "early",
        "The spectrum early in training tells the final loss: rank correlation of the prediction by AeLLE after a "
        "fifth of the training.",
        0.64,
        f"ridge on 4 principal components after 4 of 15 epochs, {_DATA}",
        0.5,
    ),
    Claim(
        "early-beats-single-features",
        "So does it early in training: rank correlation of AeLLE minus that of the best single feature, after a fifth "
        "of the training.",
        0.06,
        f"0.64 against 0.58, {_DATA}",
        0.0,
        0.05,
    ),
    Claim(
        "code-separates",
        "A line in the plane of the code's first two principal components parts good from bad networks: share on the "
        "right side of the median loss, on settings not seen.",
        None,
        _PAPER,
        0.75,
    ),
    Claim(
        "beyond-hyper-parameters",
        "Control: the spectrum after training tells more than the hyper-parameters do without any network: rank "
        "correlation of AeLLE minus that of ridge on kind, size, gain and learning rate with squares and products.",
        None,
        "not asked by the authors",
        0.0,
        0.05,
    ),
)


class Plan(eqx.Module):
    """How large the study is; without arguments it is the published run."""

    hyperparameters: Hyperparameters = eqx.field(default_factory=Hyperparameters)
    training: PopulationTraining = eqx.field(default_factory=PopulationTraining)
    spectra: Spectra = eqx.field(default_factory=Spectra)
    aelle: AeLLETraining = eqx.field(default_factory=AeLLETraining)
    comparison: Comparison = eqx.field(default_factory=Comparison)


def run(*, seed: int = 0, plan: Plan | None = None, progress: bool = False) -> StudyOutcome:
    """Train the networks, predict their losses from their spectra, and judge the claims.

    Args:
        seed: Decides all draws.
        plan: Size of the study; None takes the full one.
        progress: Show progress on standard error.

    Raises:
        ComputationFailed: If fewer than nine tenths of the networks have finite spectra and losses.
    """
    plan = plan or Plan()
    training, predicting = jax.random.split(jax.random.key(seed))
    population = train_population(
        DelayedSine(),
        hyperparameters=plan.hyperparameters,
        training=plan.training,
        spectra=plan.spectra,
        key=training,
        progress=progress,
    ).checked(what="Training the population")
    return judged(population, plan, seed=seed, key=predicting)


def judged(population: NetworkPopulation, plan: Plan, *, seed: int, key: Key) -> StudyOutcome:
    """The claims judged on trained networks: before training, early in it, and after."""
    usable = population.usable()
    if np.mean(usable) < 0.9:
        raise ComputationFailed(f"{np.sum(~usable)} of {len(population)} networks diverged: no fair sample is left.")
    stages = {
        name: loss_prediction(
            population.spectra[checkpoint, usable],
            np.log10(population.losses[-1, usable]),
            hyperparameters=known(population)[usable],
            settings=population.setting[usable],
            training=plan.aelle,
            comparison=plan.comparison,
            key=key,
        )
        for name, checkpoint in (("untrained", 0), ("early", 1), ("trained", -1))
    }
    return _outcome(population, stages, seed, plan)


def known(population: NetworkPopulation) -> np.ndarray:
    """What is known of each network without running it: size, gain and rate with squares and products, per kind."""
    gain, rate, size = population.gain, np.log(population.rate), np.log(population.size)
    numbers = [gain, rate, size, gain**2, rate**2, gain * rate, gain * size, rate * size]
    kinds = [population.kind == i for i in range(1, len(population.kinds))]
    return np.stack([*numbers, *(k * v for k in kinds for v in (np.ones_like(gain), gain, rate, gain**2))], axis=1)


def _outcome(population: NetworkPopulation, stages: dict[str, LossPrediction], seed: int, plan: Plan) -> StudyOutcome:
    trained, early = stages["trained"], stages["early"]
    single, given = METHODS.index("single feature"), METHODS.index("hyper-parameters")
    measured = {
        "single-features-correlate": _three(trained, "correlation", single),
        "spectrum-tells-loss": _three(trained, "correlation", 0),
        "beats-single-features": _three(trained, "advantage", single),
        "early": _three(early, "correlation", 0),
        "early-beats-single-features": _three(early, "advantage", single),
        "code-separates": tuple(map(float, trained.separation)),
        "beyond-hyper-parameters": _three(trained, "advantage", given),
    }
    usable = population.usable()
    numbers = {
        "networks": len(population),
        "diverged": int(np.sum(~usable)),
        "settings": len(np.unique(population.setting)),
        "loss": [float(x) for x in np.quantile(population.losses[-1, usable], (0.0, 0.25, 0.5, 0.75, 1.0))],
        "largest_exponent_stderr": float(np.median(population.largest_stderr[-1, usable])),
        "stages": {name: _said(stage) for name, stage in stages.items()},
        "within_kind": _within_kinds(population, trained),
    }
    settings = provenance(
        seed=seed, **{k: v for k, v in population.settings.items() if k != "versions"}, aelle=str(plan.aelle),
        comparison=str(plan.comparison),
    )  # fmt: skip
    notes = (
        "The task (a sum of sines repeated with a delay), the sizes and the kinds of networks are ours; the authors "
        "trained networks of 64 to 512 units on text and on digits.",
        "Intervals come from resampling settings with the fits kept.",
        "An LSTM of n cells has 2n exponents here, on outputs and memory; the authors kept the memory fixed.",
    )
    return StudyOutcome(
        name=STUDY.name,
        title=STUDY.title,
        reference=_REFERENCE,
        claims=tuple(claim.judged(*measured[claim.id]) for claim in CLAIMS),
        numbers=numbers,
        notes=notes,
        settings=settings,
        sections=_sections(stages),
        results={"population": population, **stages},
    )


def _three(found: LossPrediction, name: str, method: int) -> tuple[float, float, float]:
    values = (getattr(found, f"{name}{end}")[method] for end in ("", "_low", "_high"))
    return tuple(map(float, values))  # type: ignore[return-value]


def _said(found: LossPrediction) -> dict[str, Any]:
    """The correlations of one stage as plain values."""
    return {
        "correlation": {m: _three(found, "correlation", i) for i, m in enumerate(METHODS)},
        "advantage_of_aelle": {m: _three(found, "advantage", i) for i, m in enumerate(METHODS) if i},
        "single_features": dict(zip(FEATURES, map(float, found.features), strict=True)),
        "chosen": {f: sum(row.count(f) for row in found.chosen) for f in FEATURES},
        "separation": [float(x) for x in found.separation],
    }


def _within_kinds(population: NetworkPopulation, found: LossPrediction) -> dict[str, dict[str, float]]:
    """Rank correlation over the networks of one kind alone, of the mean prediction over repeats."""
    from scipy.stats import rankdata

    kind = population.kind[population.usable()]
    return {
        name: {
            method: float(
                np.corrcoef(rankdata(found.predicted[m].mean(axis=0)[kind == i]), rankdata(found.targets[kind == i]))[
                    0, 1
                ]
            )
            for m, method in enumerate(METHODS)
        }
        for i, name in enumerate(population.kinds)
    }


def _sections(stages: dict[str, LossPrediction]) -> tuple[Section, ...]:
    figure = Section(
        "Code and prediction",
        "Left: the code of each spectrum after training, in its first two principal components; rings mark networks "
        "that this AeLLE has not seen. Right: predicted against true loss, each network predicted from other folds.",
        figure=svg(plot(stages["trained"]), name="aelle", description="Latent plane and predicted against true loss"),
    )
    rows = tuple(
        (
            stage,
            *(f"{f.correlation[m]:.2f} ({f.correlation_low[m]:.2f} to {f.correlation_high[m]:.2f})" for m in range(4)),
        )
        for stage, f in stages.items()
    )
    table = Table(("Spectrum", *METHODS), rows)
    caption = "Rank correlation of predicted and final loss, with 95 % intervals, by when the spectrum was taken."
    return figure, Section("Along the training", caption, table=table)


STUDY = Study(
    "aelle",
    "Lyapunov spectra tell how well recurrent networks do",
    _REFERENCE,
    2.5,
    CLAIMS,
    run,
)
