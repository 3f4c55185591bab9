"""Training of maps on data: the driver around compiled stretches of updates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._random import seed_of
from ..._results import provenance
from ..._types import Key
from ...systems import AbstractMap, kind
from ._checkpoint import identity
from ._forcing import AbstractForcing, AdaptiveForcing
from ._learned import learned_leaves
from ._observations import AbstractObservation, PoissonObservation
from ._optimiser import RectifiedAdam
from ._penalties import AbstractPenalty
from ._pull import observation_of
from ._run import Runs
from ._starts import check_inputs
from ._training import Training
from ._update import Plan
from ._windows import Windows, prepared


class Selection(eqx.Module):
    """How the model is chosen among those along the training, since the loss does not tell a failed attractor.

    Args:
        measure: A function of the free-running model, begun at the end of the data, to a number; smaller is better.
        every: Updates between two scores.
        patience: The training ends where no run has bettered its score in so many scores; None for never.
    """

    measure: Callable[[Any], Any] = eqx.field(static=True)
    every: int = eqx.field(static=True, default=1000)
    patience: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.every < 1 or (self.patience is not None and self.patience < 1):
            raise InputError(
                f"`Selection` needs `every` and `patience` of at least 1, got {self.every} and {self.patience}."
            )


def train(
    model: AbstractMap | Sequence[AbstractMap],
    data: Any,
    *,
    inputs: Any = None,
    observation: AbstractObservation | None = None,
    forcing: AbstractForcing | None = None,
    optimiser: Any = None,
    updates: int = 5000,
    windows: Windows | None = None,
    penalties: Sequence[AbstractPenalty] = (),
    validate: Selection | Callable[[Any], Any] | None = None,
    trainable: Sequence[str] | None = None,
    checkpoint: str | Path | None = None,
    precision: Any = jnp.float32,
    key: Key,
    progress: bool = False,
) -> Training:
    r"""Train a map to reproduce the dynamics behind data, by back-propagation through forced runs.

    Each update draws windows of the data. In each of them the model starts from the first point, is pulled towards the
    data before each step as `forcing` says, and the loss is the mean squared error of its predictions,
    $\sum_t |B z_t - x_t|^2 / (T N)$, before the pull, over the values that are known; for counts, their negative log
    likelihood.

    Args:
        model: A map that shows what the data hold (`observe`), drawn at random; several of one structure are trained at
            once, each on windows of its own. Make a map of a flow by `SampledFlow`.
        data: Standardised, time along the first axis: an array `(T, N)`, or a list of trials; NaN where missing. Counts
            stay as they are.
        inputs: Known input of the model in the form of the data, an array `(T, K)` or a list of them: the row of a
            sample acts on the step from it to the next. None for none.
        observation: How data are spread about what the model shows: `GaussianObservation()` if None, or
            `PoissonObservation()` for counts.
        forcing: How the data pull; None for `AdaptiveForcing()`.
        optimiser: A `RectifiedAdam`, or a transformation of Optax; None for `RectifiedAdam()`.
        updates: Steps of the optimiser.
        windows: Length and number of windows, noise on what pulls.
        penalties: What is added to the loss.
        validate: A measure of the free-running model by which one is chosen, or a `Selection`.
        trainable: Names of the parameters to train; None for the learned weights.
        checkpoint: A file (`.npz`) that holds the training while it runs. Where it exists, training goes on from it,
            bit by bit as if it had not been stopped.
        precision: Floating type during training; models come back in their own.
        key: Random key of windows and noise.
        progress: Show progress, loss and score on standard error.

    Returns:
        A `Training`. Interrupted from the keyboard it holds what was done.

    Raises:
        InputError: If the model cannot be trained on these data, or the checkpoint is of another training.

    Example:
        >>> import jax, numpy as np
        >>> from dynascope.models import ShallowPLRNN
        >>> wave = np.stack([np.sin(0.1 * np.arange(500)), np.cos(0.1 * np.arange(500))], axis=1)
        >>> drawn = ShallowPLRNN.draw(n=2, hidden=10, key=jax.random.key(0))
        >>> found = train(drawn, wave, updates=20, windows=Windows(length=30), key=jax.random.key(1))
        >>> found.losses.shape, found.successful
        ((20, 1), True)
    """
    models = tuple(model) if isinstance(model, Sequence) else (model,)
    windows = windows or Windows()
    selection = validate if isinstance(validate, Selection) or validate is None else Selection(validate)
    optimiser = RectifiedAdam() if optimiser is None else optimiser
    _check(models, updates)
    learned = learned_leaves(models[0], trainable)
    seen = observation_of(models[0], learned, observation)
    if windows.noise and isinstance(observation, PoissonObservation):
        raise InputError(
            f"Counts with the `noise` of {windows.noise:g} that `Windows` adds are counts no more. Leave `noise` out."
        )
    rows = prepared(data, windows, np.dtype(precision), inputs=inputs, noise=seen.noise)
    check_inputs(models[0], rows.inputs)
    if rows.rows.shape[1] != seen.channels:
        raise InputError(
            f"`{type(models[0]).__name__}` shows {seen.channels} channel(s), but the data have "
            f"{rows.rows.shape[1]}. Draw it with `observed=` (or `n=`) as many, or give a readout (`channels=`)."
        )
    transformation = optimiser.over(updates) if isinstance(optimiser, RectifiedAdam) else optimiser
    plan = Plan(seen, windows, forcing or AdaptiveForcing(), tuple(penalties), transformation)
    settings = _settings(plan, optimiser, models, updates, selection, precision, key)
    runs = Runs(models, learned, rows, plan, key=key, precision=precision)
    mark = identity(settings, runs.carry, runs.fixed, rows)
    file = None if checkpoint is None else (Path(checkpoint), mark)
    code = runs.go(updates, selection, file, progress=progress)
    return runs.result(code, provenance(**settings))


def _check(models: tuple[Any, ...], updates: int) -> None:
    if not models or updates < 1:
        raise InputError(f"`train` needs at least one model and one update, got {len(models)} and {updates}.")
    for m in models:
        if not isinstance(m, AbstractMap):
            what = kind(m)
            hint = " Make a map of it: `SampledFlow(flow, dt)`." if what == "flow" else " Only maps can be trained."
            raise InputError(f"`train` needs a map; `{type(m).__name__}` is a {what}.{hint}")
        shapes = [jax.tree.map(jnp.shape, eqx.filter(x, eqx.is_array)) for x in (m, models[0])]
        if jax.tree.structure(m) != jax.tree.structure(models[0]) or shapes[0] != shapes[1]:
            raise InputError(
                "Models that are trained together must be of one class with equal settings and shapes. Draw them "
                "alike, with different keys."
            )


def _settings(
    plan: Plan, optimiser: Any, models: Any, updates: int, selection: Any, precision: Any, key: Key
) -> dict[str, Any]:
    named = str(optimiser) if isinstance(optimiser, RectifiedAdam) else "a transformation of optax"
    return {
        "model": type(models[0]).__name__,
        "runs": len(models),
        "observation": type(plan.observation.noise).__name__,
        "forcing": str(plan.forcing),
        "optimiser": named,
        "updates": updates,
        "windows": str(plan.windows),
        "penalties": [str(p) for p in plan.penalties],
        "score_every": selection.every if selection else None,
        "patience": selection.patience if selection else None,
        "precision": np.dtype(precision).name,
        "key": seed_of(key),
    }
