"""Scores of a reconstruction of a motion that comes to rest: the way there, and the place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS
from ..._results import provenance
from ...analysis._rest import is_resting as is_resting
from ._fidelity import FAILED, Fidelity, _bootstrap, _grade


def resting_fidelity(
    generated: Sequence[Any], approach: Any, truth: Any, *, way: Any, dt: float = 1.0, seed: int = 0
) -> Fidelity:
    """Score a reconstruction of a motion that comes to rest, for which densities and spectra say nothing.

    `approach` is the mean squared difference between the motion and a free run of the model from its beginning; its
    floor is the noise. `rest` is the distance between the places where model and data rest. A model that stands still
    at the mean has about 1 in the first.

    Args:
        generated: Ends of runs of the model, shape `(time, channel)` each.
        approach: A free run of the model along the motion, or several, shape of `way`.
        truth: The stretch at rest.
        way: The motion on which the run is judged, in standard units.
        dt: Sampling interval.
        seed: Seed of the bootstrap over runs.
    """
    truth, way = np.asarray(truth, float), np.asarray(way, float)
    noise, place = truth.std(axis=0), truth.mean(axis=0)
    runs = []
    for end, run in zip(generated, approach, strict=True):
        found = np.array([np.mean((np.asarray(run) - way) ** 2), _distance(end, place)])
        runs.append(np.where(np.isfinite(found), found, FAILED))
    table: NDArray[np.float64] = np.array(runs)
    values = np.median(table, axis=0)
    floors = np.array([np.mean(noise**2), np.sqrt(np.mean(noise**2) / len(truth))])
    mean = np.broadcast_to(way.mean(axis=0), way.shape)
    still = np.array([np.mean((mean - way) ** 2), 1.0])
    trivial = np.array([[still[0]], [_distance(mean, place)]])
    above = np.maximum(np.where(np.isfinite(values), values, 0.0) - floors, 0.0)
    excess = np.where(np.isfinite(values), above / np.maximum(still - floors, 1e-12), np.inf)
    failed = int(np.isinf(table).any(axis=1).sum())
    return Fidelity(
        names=("approach", "rest"),
        definitions=(
            "mean squared difference between the motion and a free run from its beginning, in variances of the data",
            "distance between the places of rest, in deviations of the data (1 for standing a deviation away)",
        ),
        trivial_names=("mean",),
        grade=_grade(excess, failed, len(table)),
        failed=failed,
        result=RESULTS.successful,
        settings=provenance(runs=len(table), samples=len(truth), time=len(truth) * dt, floors=1, seed=seed),
        values=values,
        stderr=_bootstrap(table, seed),
        floors=floors,
        floor_stderr=np.full(2, np.nan),
        trivial=trivial,
        excess=excess,
        runs=table,
    )


def _distance(end: Any, place: NDArray[np.float64]) -> float:
    """How far a run is from a place, motion about it included."""
    return float(np.sqrt(np.mean((np.asarray(end) - place) ** 2)))
