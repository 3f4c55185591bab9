"""What a model is chosen by and judged on: long runs and forecasts on data it has not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..measures import Fidelity, fidelity, is_resting, resting_fidelity
from ..preparation import Prepared
from ._learners import NVAR
from ._reconstruction import AbstractReconstruction, _ahead

#: Long runs of a model, and stretches of data for the floor.
RUNS, FLOORS = 3, 5
#: Share of the length by which a run is longer than what is compared: the beginning is left out.
DISCARD = 0.25
#: Most samples that are compared.
_MOST = 20_000
#: Distance from the data, in standard deviations, at which a run has diverged.
_FAR = 1e6


class Judging(eqx.Module):
    """A stretch of data with what its scores are held against, all in standard units.

    Args:
        truth: The stretch.
        before: Stretches that end before it, from which models are started.
        floors: Other stretches of its length.
        linear: A run of a linear model.
        way: Where the recording ends at rest, the motions that lead there, from the beginning; else none.
        dt: Sampling interval.
    """

    truth: NDArray[np.float64]
    before: tuple[NDArray[np.float64], ...]
    floors: tuple[NDArray[np.float64], ...]
    linear: NDArray[np.float64]
    way: tuple[NDArray[np.float64], ...]
    dt: float = eqx.field(static=True)


def judging(data: Prepared, *, final: bool) -> Judging:
    """The validation stretch, or the test stretch where `final`, with its floors."""
    whole = data.test if final else data.validation
    truth = max(whole, key=len)[:_MOST]
    earlier = data.train + data.validation if final else data.train
    pieces = [x[i : i + len(truth)] for x in earlier for i in range(0, len(x) - len(truth) + 1, len(truth))]
    chosen = np.unique(np.linspace(0, len(pieces) - 1, min(FLOORS, len(pieces))).astype(int)) if pieces else []
    model = NVAR(taps=1, order=1, penalty=1e-8).learn(data, key=jax.random.key(0))
    (linear,) = long_runs(model, data, data.train, len(truth), runs=1)
    rests = is_resting(truth, np.concatenate(data.train))
    way = tuple(x[:_MOST] for x in data.train) if rests else ()
    return Judging(truth, earlier, tuple(pieces[i] for i in chosen), linear, way, data.dt)


def long_runs(
    model: AbstractReconstruction, data: Prepared, before: Sequence[Any], samples: int, *, runs: int = RUNS
) -> NDArray[np.float64]:
    """Free runs of `model` in standard units, shape `(run, sample, channel)`, begun from places in `before`."""
    least = model.start.least(model.system)
    long_enough = [x for x in before if len(x) >= least] or [max(before, key=len)]
    windows = []
    for k in range(runs):
        x = long_enough[-1 - k % len(long_enough)]
        # The end of a stretch first, then places spread over it.
        end = len(x) - (k // len(long_enough)) * max(1, (len(x) - least) // runs)
        windows.append(x[max(0, end - least) : end])
    history = jnp.asarray(data.standard.undo(np.stack(windows)))
    made = _ahead(model, history, steps=int(samples * (1 + DISCARD)))
    found = data.standard(np.asarray(made))[:, -samples:]
    # What is a million deviations away has diverged, though it is finite still; its squares are not.
    return np.where(np.abs(found) < _FAR, found, np.nan)


def judged(model: AbstractReconstruction, data: Prepared, stretch: Judging, *, runs: Any = None) -> Fidelity:
    """Scores of `model` on a stretch, beside its floor and trivial models; `runs` are its long runs if known."""
    made = long_runs(model, data, stretch.before, len(stretch.truth)) if runs is None else runs
    if stretch.way:
        longest = max(stretch.way, key=len)
        shown = model.start.least(model.system)
        along = _approach(model, data, longest, shown)
        return resting_fidelity(list(made), [along] * len(made), stretch.truth, way=longest[shown:], dt=stretch.dt)
    return fidelity(
        list(made),
        stretch.truth,
        others=stretch.floors,
        trivial={"linear": stretch.linear},
        dt=stretch.dt,
    )


def _approach(
    model: AbstractReconstruction, data: Prepared, way: NDArray[np.float64], shown: int
) -> NDArray[np.float64]:
    """A free run in standard units from the first samples of a motion to its end."""
    history = jnp.asarray(data.standard.undo(way[:shown]))[None]
    made = data.standard(np.asarray(_ahead(model, history, steps=len(way) - shown))[0])
    return np.where(np.abs(made) < _FAR, made, np.nan)
