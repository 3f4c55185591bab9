"""The runs of one training on the host: stretches of updates, scores, checkpoints, interrupts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._config import one_blas_thread
from ..._errors import RESULTS
from ..._tree import astype
from ..._types import Key
from ...solve import Progress
from ._checkpoint import read, written
from ._starts import begun_at, synchronised
from ._training import Training
from ._update import Carry, Plan, Weights, many_updates
from ._windows import Prepared

#: Updates in one call of the compiled program, at most.
_STRETCH = 200
#: Seconds between two writings of the checkpoint.
_BETWEEN = 10.0
#: What is kept of each update, and its type.
_LOGGED = {"loss": np.float32, "gradient_norm": np.float32, "strength": np.float32, "skipped": bool}


class Best(NamedTuple):
    """The weights with the best score of each run, that score, and after how many updates."""

    weights: Any
    score: Any
    update: Any


class Runs:
    """Several models in training at once.

    Args:
        models: Maps of one structure.
        learned: Tree of which leaves are trained.
        data: What they are trained on.
        plan: What does not change along the training.
        key: Random key.
        precision: Floating type during training.
    """

    def __init__(
        self, models: tuple[Any, ...], learned: Any, data: Prepared, plan: Plan, *, key: Key, precision: Any
    ) -> None:
        self._models, self._learned, self._data, self._plan, self._key = models, learned, data, plan, key
        parts = [eqx.partition(astype(m, precision), learned) for m in models]
        weights, self.fixed = (
            jax.tree.map(lambda *leaves: jnp.stack(leaves), *half) for half in zip(*parts, strict=True)
        )
        shape = (plan.observation.size, plan.observation.channels) if plan.observation.hidden else (0, 0)
        both = Weights(weights, jnp.zeros((len(models), *shape), precision))
        memory = jnp.broadcast_to(jnp.asarray(plan.forcing.start(), precision), (len(models),))
        self.carry = Carry(both, jax.vmap(plan.optimiser.init)(both), memory)
        worst = np.full(len(models), np.inf)
        self._best = Best(both, worst, np.zeros(len(models), int))
        self._logs = {name: np.zeros((0, len(models)), dtype) for name, dtype in _LOGGED.items()}
        self._scored, self._scores = np.zeros(0, int), np.zeros((0, len(models)))

    def go(self, updates: int, selection: Any, file: tuple[Path, str] | None, *, progress: bool) -> Any:
        """Train until so many updates are done, and return the result code."""
        if file is not None:
            self._go_on_from(*file)
        every = selection.every if selection else updates
        stretch = max(n for n in range(1, min(every, _STRETCH) + 1) if every % n == 0)
        with Progress(updates, "Training", show=progress) as bar, one_blas_thread():
            bar.advance(self.done)
            last = time.monotonic()
            try:
                while self.done < updates and not self._hopeless() and not self._idle(selection):
                    before = self.done
                    self._stretch(min(stretch, updates - before))
                    if selection and (self.done % every == 0 or self.done == updates):
                        self._score(selection.measure)
                    if file is not None and (self.done == updates or time.monotonic() - last > _BETWEEN):
                        self._write(*file)
                        last = time.monotonic()
                    bar.advance(self.done - before)
                    bar.say(self._said())
            except KeyboardInterrupt:
                if not self.done:
                    raise
                if file is not None:
                    self._write(*file)
                return RESULTS.interrupted
        return RESULTS.training_diverged if self._hopeless() else RESULTS.successful

    @property
    def done(self) -> int:
        """Updates done."""
        return len(self._logs["loss"])

    def result(self, code: Any, settings: dict[str, Any]) -> Training:
        """What came of it so far."""
        scored = np.isfinite(self._best.score)
        last = self._built(self.carry.weights)
        chosen = tuple(b if s else m for b, s, m in zip(self._built(self._best.weights), scored, last, strict=True))
        return Training(
            models=tuple(model for model, _, _ in chosen),
            last=tuple(model for model, _, _ in last),
            result=code,
            settings=settings,
            starts=np.stack([start for _, start, _ in chosen]),
            ends=np.stack([end for _, _, end in chosen]),
            losses=self._logs["loss"],
            gradient_norms=self._logs["gradient_norm"],
            strengths=self._logs["strength"],
            skipped=self._logs["skipped"].sum(axis=0),
            diverged=self._lost(),
            scored=self._scored,
            scores=self._scores,
            chosen=np.where(scored, self._best.update, self.done),
        )

    def _stretch(self, count: int) -> None:
        span = self._key, jnp.arange(self.done, self.done + count)
        rows = self._data.rows, self._data.known, self._data.starts, self._data.inputs
        together = jax.default_backend() != "cpu"
        carry, log = _compiled(self.carry, self.fixed, rows, self._plan, span, together=together)
        new = {name: np.asarray(getattr(log, name)) for name in _LOGGED}
        self.carry = carry
        self._logs = {name: np.concatenate([old, new[name].astype(old.dtype)]) for name, old in self._logs.items()}

    def _score(self, measure: Callable[[Any], Any]) -> None:
        scores = np.array([float(measure(model)) for model, _, _ in self._built(self.carry.weights)])
        scores[~np.isfinite(scores)] = np.inf
        better = scores < self._best.score
        weights = jax.tree.map(
            lambda new, old: jnp.where(better.reshape((-1,) + (1,) * (new.ndim - 1)), new, old),
            self.carry.weights,
            self._best.weights,
        )
        self._best = Best(
            weights, np.where(better, scores, self._best.score), np.where(better, self.done, self._best.update)
        )
        self._scored, self._scores = np.append(self._scored, self.done), np.vstack([self._scores, scores])

    def _built(self, weights: Weights) -> list[tuple[Any, np.ndarray, np.ndarray]]:
        """Each run's model in its own precision, begun at the end of the data, with its start matrix and that state."""
        first, end = self._data.tail
        rows = self._data.rows[first:end].astype(float)
        if self._data.known is not None:
            rows[self._data.known[first:end] == 0] = np.nan
        heard = None if self._data.inputs is None else self._data.inputs[first:end].astype(float)
        built = []
        for i, model in enumerate(self._models):
            mine = jax.tree.map(lambda leaf, i=i: leaf[i], weights)
            # What is not trained comes back to the last bit, and not as it was in the precision of the training.
            drawn, rest = eqx.partition(model, self._learned)
            whole = eqx.combine(jax.tree.map(lambda new, old: new.astype(old.dtype), mine.model, drawn), rest)
            size, channels = self._plan.observation.size, self._plan.observation.channels
            start = np.asarray(mine.start, float) if self._plan.observation.hidden else np.zeros((size, channels))
            state = synchronised(whole, rows, start=start, inputs=heard, observation=self._plan.observation.noise)[-1]
            built.append((begun_at(whole, state), start, state))
        return built

    def _lost(self) -> np.ndarray:
        """Which runs skipped all of their latest updates."""
        latest = self._logs["skipped"][-_STRETCH // 4 :]
        return np.all(latest, axis=0) if len(latest) else np.zeros(len(self._models), bool)

    def _hopeless(self) -> bool:
        return bool(self._lost().all())

    def _idle(self, selection: Any) -> bool:
        """Whether no run has bettered its score for longer than the patience."""
        if selection is None or selection.patience is None or len(self._scores) <= selection.patience:
            return False
        recent = self._scores[-selection.patience :].min(axis=0)
        return bool(np.all(recent >= self._scores[: -selection.patience].min(axis=0)))

    def _said(self) -> str:
        loss = np.nanmedian(self._logs["loss"][-_STRETCH:])
        score = f", score {self._best.score.min():.3g}" if np.isfinite(self._best.score).any() else ""
        return f"Training, loss {loss:.3g}{score}"

    def _write(self, path: Path, mark: str) -> None:
        history = {**self._logs, "scored": self._scored, "scores": self._scores}
        written(path, mark, (self.carry, self._best), history)

    def _go_on_from(self, path: Path, mark: str) -> None:
        found = read(path, mark, (self.carry, self._best))
        if found is not None:
            (self.carry, best), history = found
            self._best = Best(best.weights, np.asarray(best.score), np.asarray(best.update))
            self._scored, self._scores = history.pop("scored"), history.pop("scores")
            self._logs = history


_compiled = compiled(many_updates)
