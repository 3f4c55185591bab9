"""Many small recurrent networks trained over hyper-parameters, with the Lyapunov spectrum of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._compile import compiled
from .._config import one_blas_thread
from .._errors import RESULTS, InputError
from .._random import seed_of
from .._results import AbstractResult, output, provenance
from .._tree import astype
from .._types import Key
from ..analysis.learning import sequence_exponents
from ..models.artificial import GRU, LSTM, RNN, Readout
from ..solve import Progress
from ._adam import Adam
from ._tasks import AbstractTask

#: Sequences of the test that the final loss is taken over.
_TESTED = 64


class Hyperparameters(eqx.Module):
    """What the networks of a population differ in.

    Args:
        kinds: Classes of networks with `draw(n=, inputs=, gain=, key=)`.
        sizes: Units per network.
        settings: Draws of gain and learning rate for each kind and size.
        replicates: Networks of each setting, from different weights.
        gains: Factor of the recurrent weights before training, whose entries have variance gain^2 / n: uniform between
            these.
        rates: Learning rates, uniform in the logarithm between these.
    """

    kinds: tuple[type, ...] = eqx.field(static=True, default=(RNN, GRU, LSTM), converter=tuple)
    sizes: tuple[int, ...] = eqx.field(static=True, default=(16, 32), converter=tuple)
    settings: int = eqx.field(static=True, default=18)
    replicates: int = eqx.field(static=True, default=2)
    gains: tuple[float, float] = eqx.field(static=True, default=(0.1, 3.0))
    rates: tuple[float, float] = eqx.field(static=True, default=(3e-4, 3e-2))

    def __check_init__(self) -> None:
        if not self.kinds or not self.sizes or min(*self.sizes, self.settings, self.replicates, 1) < 1:
            raise InputError(
                "`Hyperparameters` needs at least one kind, and sizes, `settings` and `replicates` of at least 1, got "
                f"{len(self.kinds)} kind(s), sizes {self.sizes}, {self.settings} and {self.replicates}."
            )
        for name, (low, high) in (("gains", self.gains), ("rates", self.rates)):
            if not 0 < low <= high:
                raise InputError(f"`{name}` must be a positive interval (low, high), got ({low}, {high}).")


class PopulationTraining(eqx.Module):
    """How each network is trained: by Adam on new sequences in every step, the same ones for all.

    Args:
        checkpoints: Steps of training after which spectra and losses are taken, increasing; the last ends the training.
        batch: Sequences per step.
        length: Steps of each sequence.
    """

    checkpoints: tuple[int, ...] = eqx.field(static=True, default=(0, 60, 300), converter=tuple)
    batch: int = eqx.field(static=True, default=16)
    length: int = eqx.field(static=True, default=60)

    def __check_init__(self) -> None:
        steps = np.diff([-1, *self.checkpoints])
        if not len(steps) or np.any(steps < 1) or min(self.batch, self.length) < 1:
            raise InputError(
                "`PopulationTraining` needs increasing `checkpoints` from 0 on, and `batch` and `length` of at least "
                f"1, got {self.checkpoints}, {self.batch} and {self.length}."
            )


class Spectra(eqx.Module):
    """How the Lyapunov spectrum of each network is taken, and brought to a common length.

    Args:
        points: Common length: exponents, sorted, are interpolated over their rank (i + 1/2) / n.
        sequences: Sequences of the task that drive the network, other ones than in training.
        length: Steps of each.
        transient: Steps of each that are not averaged over.
        every: Steps between orthonormalisations.
        floor: Exponents below this are set to it, in nats per step: such directions are forgotten within a step, and
            rounding makes some of them minus infinity.
    """

    points: int = eqx.field(static=True, default=64)
    sequences: int = eqx.field(static=True, default=2)
    length: int = eqx.field(static=True, default=150)
    transient: int = eqx.field(static=True, default=50)
    every: int = eqx.field(static=True, default=2)
    floor: float = eqx.field(static=True, default=-6.0)

    def __check_init__(self) -> None:
        if self.points < 2 or self.sequences < 2:
            raise InputError(
                "`Spectra` needs at least 2 `points`, and 2 `sequences` to know an error, got "
                f"{self.points} and {self.sequences}."
            )


class NetworkPopulation(AbstractResult):
    """Trained networks: what each was given, how well it does, and its Lyapunov spectrum along the training.

    Attributes:
        kinds: Names of the kinds of networks.
        kind: Which kind each network is.
        size: Units of each.
        gain: Factor of the recurrent weights before training.
        rate: Learning rate.
        setting: Number of the setting of hyper-parameters; replicates share it.
        checkpoints: Steps of training at which the rest was taken.
        losses: Mean squared error on sequences of a test, over the variance of the targets; NaN where it diverged.
        spectra: Lyapunov exponents under inputs of the task, decreasing, at the common length.
        largest_stderr: Standard error of the largest exponent, from the spread over sequences.
    """

    kinds: tuple[str, ...] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    kind: np.ndarray = output("network", doc="kind of network")
    size: np.ndarray = output("network", doc="units")
    gain: np.ndarray = output("network", doc="gain before training")
    rate: np.ndarray = output("network", doc="learning rate")
    setting: np.ndarray = output("network", doc="setting of hyper-parameters")
    checkpoints: np.ndarray = output("checkpoint", doc="steps of training")
    losses: np.ndarray = output("checkpoint", "network", doc="mean squared error over variance")
    spectra: np.ndarray = output("checkpoint", "network", "point", unit="nats/step", doc="Lyapunov exponents by rank")
    largest_stderr: np.ndarray = output("checkpoint", "network", unit="nats/step", doc="error of the largest exponent")

    def __len__(self) -> int:
        return len(self.size)

    def summary(self) -> str:
        """How many there are and how far their losses and exponents spread."""
        usable = self.usable()
        if not np.any(usable):
            return f"{len(self)} networks, all of which diverged."
        losses, largest = self.losses[-1, usable], self.spectra[-1, usable, 0]
        gone = f" {np.sum(~usable)} diverged and are left out." if np.any(~usable) else ""
        return (
            f"{len(self)} networks ({', '.join(self.kinds)}) of {len(np.unique(self.setting))} settings. After "
            f"{self.checkpoints[-1]} steps the loss lies between {losses.min():.3g} and {losses.max():.3g} (median "
            f"{np.median(losses):.3g}), the largest exponent between {largest.min():.3g} and {largest.max():.3g} "
            f"nats/step (median error {np.median(self.largest_stderr[-1, usable]):.1g}).{gone}"
        )

    def usable(self) -> np.ndarray:
        """Which networks have a finite spectrum and a finite loss at every checkpoint."""
        return np.all(np.isfinite(self.losses), axis=0) & np.all(np.isfinite(self.spectra), axis=(0, 2))


def train_population(
    task: AbstractTask,
    *,
    hyperparameters: Hyperparameters | None = None,
    training: PopulationTraining | None = None,
    spectra: Spectra | None = None,
    key: Key,
    progress: bool = False,
) -> NetworkPopulation:
    """Train many small recurrent networks on a task and take the Lyapunov spectrum of each.

    All networks of one kind and size are one batch of one compiled program. Training is done in single precision,
    spectra are taken in double precision. The state starts at zero and is not trained.

    Args:
        task: What the networks learn.
        hyperparameters: What they differ in.
        training: How they are trained.
        spectra: How their spectra are taken.
        key: Random key of hyper-parameters, weights and sequences.
        progress: Show progress on standard error.

    Returns:
        A `NetworkPopulation`. Interrupted from the keyboard it holds the kinds and sizes that were done.

    Reference:
        Vogt, Puelma Touzel, Shlizerman & Lajoie (2022), On Lyapunov exponents for RNNs, Frontiers in Applied
        Mathematics and Statistics 8, 818799.

    Example:
        >>> import jax
        >>> from dynascope.learn import DelayedSine
        >>> from dynascope.models import RNN
        >>> few = Hyperparameters(kinds=(RNN,), sizes=(4,), settings=2, replicates=1)
        >>> short = PopulationTraining(checkpoints=(0, 2), batch=2, length=20)
        >>> found = train_population(DelayedSine(2), hyperparameters=few, training=short, key=jax.random.key(0))
        >>> found.spectra.shape
        (2, 2, 64)
    """
    hyperparameters = hyperparameters or Hyperparameters()
    training, spectra = training or PopulationTraining(), spectra or Spectra()
    drawing, learning, testing = jax.random.split(key, 3)
    cases = [(i, n) for i in range(len(hyperparameters.kinds)) for n in hyperparameters.sizes]
    parts: list[dict[str, np.ndarray]] = []
    result = RESULTS.successful
    with Progress(len(cases) * len(training.checkpoints), "Training networks", show=progress) as bar, one_blas_thread():
        try:
            for number, (i, n) in enumerate(cases):
                own = jax.random.fold_in(drawing, number)
                given = _drawn_settings(hyperparameters, own, first=number * hyperparameters.settings)
                networks = _drawn_networks(hyperparameters.kinds[i], n, task, jnp.asarray(given["gain"]), own)
                followed = _followed(
                    networks, jnp.asarray(given["rate"]), (task, training, spectra), (learning, testing), bar
                )
                parts.append(
                    {"kind": np.full(len(given["gain"]), i), "size": np.full(len(given["gain"]), n)} | given | followed
                )
        except KeyboardInterrupt:
            if not parts:
                raise
            result = RESULTS.interrupted
    along = {"losses": 1, "spectra": 1, "largest_stderr": 1}
    joined = {name: np.concatenate([p[name] for p in parts], axis=along.get(name, 0)) for name in parts[0]}
    settings = provenance(
        task=_said(task),
        hyperparameters=_said(hyperparameters),
        training=_said(training),
        spectra=_said(spectra),
        key=seed_of(key),
    )
    kinds = tuple(kind.__name__ for kind in hyperparameters.kinds)
    return NetworkPopulation(
        kinds=kinds, result=result, settings=settings, checkpoints=np.array(training.checkpoints), **joined
    )


def resampled(exponents: Any, points: int) -> np.ndarray:
    """Spectra, sorted decreasingly, at `points` equally spaced ranks: entry j stands at the rank (j + 1/2) / points.

    Args:
        exponents: Shape `(..., n)`.
        points: Common length.

    Example:
        >>> resampled([0.0, -1.0], 4).tolist()
        [0.0, -0.25, -0.75, -1.0]
    """
    ordered = -np.sort(-np.asarray(exponents), axis=-1)
    n = ordered.shape[-1]
    old, new = (np.arange(n) + 0.5) / n, (np.arange(points) + 0.5) / points
    return np.apply_along_axis(lambda row: np.interp(new, old, row), -1, ordered)


def _said(value: Any) -> str:
    """A value of settings as text that reads like the call that made it."""
    fields = ", ".join(f"{k}={[kind.__name__ for kind in v] if k == 'kinds' else v}" for k, v in vars(value).items())
    return f"{type(value).__name__}({fields})"


def _drawn_settings(given: Hyperparameters, key: Key, *, first: int) -> dict[str, np.ndarray]:
    """Gain, learning rate and number of the setting of each network of one kind and size."""
    gain, rate = jax.random.uniform(jax.random.fold_in(key, 0), (2, given.settings))
    low, high = np.log(given.rates)
    gains = given.gains[0] + (given.gains[1] - given.gains[0]) * gain
    drawn = {
        "gain": np.asarray(gains),
        "rate": np.exp(low + (high - low) * np.asarray(rate)),
        "setting": first + np.arange(given.settings),
    }
    return {name: np.repeat(values, given.replicates) for name, values in drawn.items()}


def _drawn_networks(kind: Any, n: int, task: AbstractTask, gains: jax.Array, key: Key) -> Any:
    """Networks of one kind and size as one tree with a batch axis; the gain becomes part of the weights."""

    def one(key: Key, gain: Any) -> Any:
        weights, read = jax.random.split(key)
        network = kind.draw(n=n, inputs=task.inputs, key=weights)
        matrix = jax.random.normal(read, (task.outputs, n)) / jnp.sqrt(n)
        network = eqx.tree_at(
            lambda s: (s.layers[0].weight_hh, s.readout),
            network,
            (gain * network.layers[0].weight_hh, Readout(matrix, jnp.zeros(task.outputs))),
            is_leaf=lambda x: x is None,
        )
        return eqx.tree_at(_start, network, jax.tree.map(jnp.zeros_like, _start(network)))

    keys = jax.random.split(jax.random.fold_in(key, 1), len(gains))
    return astype(jax.vmap(one)(keys, gains), jnp.float32)


def _start(network: Any) -> Any:
    """Where the initial state of a network lies."""
    return (network.h0, network.c0) if isinstance(network, LSTM) else (network.h0,)


def _followed(
    networks: Any,
    rates: jax.Array,
    plan: tuple[AbstractTask, PopulationTraining, Spectra],
    keys: tuple[Key, Key],
    bar: Progress,
) -> dict[str, np.ndarray]:
    """Train the batch `networks`, and take losses and spectra at each checkpoint."""
    task, training, spectra = plan
    learning, testing = keys
    learned, fixed = eqx.partition(networks, _learned(networks))
    optimiser = jax.vmap(Adam)(rates)
    state = jax.vmap(lambda w, o: o.start(w))(learned, optimiser)
    tested, driving = (jax.random.fold_in(testing, i) for i in range(2))
    drives = jax.vmap(lambda k: task.trial(k, spectra.length).inputs)(jax.random.split(driving, spectra.sequences))
    step, rows = 0, []
    stretch = int(np.gcd.reduce(training.checkpoints)) or 1
    for checkpoint in training.checkpoints:
        while step < checkpoint:
            # Stretches of one length: one program, and an interrupt from the keyboard is heard.
            steps = jax.vmap(lambda i: jax.random.fold_in(learning, i))(step + jnp.arange(stretch))
            learned, state = _trained(
                learned, fixed, optimiser, (state, steps), task, (training.batch, training.length)
            )
            step += stretch
        whole = eqx.combine(learned, fixed)
        losses = _losses(whole, jax.random.split(tested, _TESTED), task, training.length)
        exponents = _exponents(astype(whole, jnp.float64), drives, spectra.transient, spectra.every)
        each = np.maximum(np.asarray(exponents), spectra.floor)
        common = resampled(each.mean(axis=1), spectra.points)
        error = each.max(axis=2).std(axis=1, ddof=1) / np.sqrt(spectra.sequences)
        rows.append((np.asarray(losses), common, error))
        bar.advance(1)
    return dict(zip(("losses", "spectra", "largest_stderr"), map(np.stack, zip(*rows, strict=True)), strict=True))


def _learned(networks: Any) -> Any:
    """Which leaves are trained: the weights of layers and readout, not the gain nor the start."""
    none = jax.tree.map(lambda _: False, networks)
    parts = (networks.layers, networks.readout)
    return eqx.tree_at(lambda s: (s.layers, s.readout), none, jax.tree.map(lambda _: True, parts))


def _error(network: Any, trials: Any) -> Any:
    """Mean squared error of a network over trials, where answers count."""

    def answered(inputs: Any) -> Any:
        def step(y: Any, u: Any) -> Any:
            after = network.step(0, y, u)
            return after, network.observe(0, after, u)

        return jax.lax.scan(step, network.initial_state(), inputs)[1]

    wrong = jnp.mean((jax.vmap(answered)(trials.inputs) - trials.targets) ** 2, axis=-1)
    return jnp.sum(wrong * trials.counts) / jnp.sum(trials.counts)


def _batch(task: AbstractTask, keys: Key, length: int) -> Any:
    return astype(jax.vmap(lambda k: task.trial(k, length))(keys), jnp.float32)


@compiled
def _trained(
    learned: Any, fixed: Any, optimiser: Adam, progress: tuple[Any, Key], task: AbstractTask, shape: Sequence[int]
) -> Any:
    """All networks after one step of training per key."""
    batch, length = shape

    def step(carry: Any, key: Key) -> Any:
        trials = _batch(task, jax.random.split(key, batch), length)

        def one(learned: Any, fixed: Any, optimiser: Adam, state: Any) -> Any:
            gradient = jax.grad(lambda w: _error(eqx.combine(w, fixed), trials))(learned)
            return optimiser.step(learned, gradient, state)

        return jax.vmap(one)(carry[0], fixed, optimiser, carry[1]), None

    state, keys = progress
    return jax.lax.scan(step, (learned, state), keys)[0]


@compiled
def _losses(networks: Any, keys: Key, task: AbstractTask, length: int) -> Any:
    trials = _batch(task, keys, length)
    return jax.vmap(lambda network: _error(network, trials))(networks)


@compiled
def _exponents(networks: Any, sequences: Any, transient: int, every: int) -> Any:
    """All exponents of each network along each sequence."""

    def one(network: Any) -> Any:
        size = sum(leaf.size for leaf in jax.tree.leaves(network.initial_state()))
        return sequence_exponents(network, sequences, k=size, transient=transient, every=every)

    return jax.vmap(one)(networks)
