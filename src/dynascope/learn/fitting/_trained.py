"""Models that are trained by gradients: latent networks run freely, and neural flows."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import RESULTS, InputError
from ..._types import Key
from ...models.artificial import ALRNN, GRU, LSTM, RNN
from ...models.learned import AutoregressiveNetwork, DendriticPLRNN, NeuralODE, ShallowPLRNN
from ..preparation import Prepared
from ..training import (
    AbstractForcing,
    AdaptiveForcing,
    RectifiedAdam,
    SampledFlow,
    Selection,
    SparseTeacherForcing,
    Windows,
    train,
)
from ..training._learned import learned_leaves
from ..training._pull import observation_of
from ._learners import AbstractLearner, flow_of, map_of, range_of
from ._reconstruction import AbstractReconstruction
from ._scored import judged, judging
from ._starts import Forced, Observed

#: Time between two samples while a neural flow is trained: its own time unit, in which velocities are of unit size.
_INTERVAL = 0.1
#: Scores along a training, samples that force a model before a forecast, updates that cost what a regression does.
_SCORES, _FORCED, _CHEAP = 5, 50, 400
#: Excess over the floor that counts for a run that diverged, while models are chosen along a training.
_FAILED = 10.0

#: The networks that can be trained.
Family = type[ALRNN | ShallowPLRNN | DendriticPLRNN | RNN | GRU | LSTM | NeuralODE]


class Trained(AbstractLearner):
    """A network trained by back-propagation through forced runs.

    Along the training the model is chosen by its long runs over the validation part, as among learners, since the loss
    does not tell a failed attractor.

    Args:
        family: `ALRNN`, `ShallowPLRNN`, `DendriticPLRNN`, `RNN`, `GRU`, `LSTM` or `NeuralODE`.
        latent: Components of the latent state, or units of a recurrent network; None chooses.
        width: Rectified units of an `ALRNN`, hidden units of a `ShallowPLRNN` or `NeuralODE`, branches of a
            `DendriticPLRNN`; None chooses.
        updates: Steps of the optimiser.
        length: Points of each training window.
        batch: Windows in each update.
        noise: Standard deviation of noise on the data that force, in standard units.
        rate: Learning rate at the start; it falls to a hundredth.
        forcing: How data force the state; None takes adaptive forcing where the data are the whole state, else a
            replacement every 16 steps.
    """

    family: Family = eqx.field(static=True, default=ALRNN)
    latent: int | None = eqx.field(static=True, default=None)
    width: int | None = eqx.field(static=True, default=None)
    updates: int = eqx.field(static=True, default=2000)
    length: int = eqx.field(static=True, default=100)
    batch: int = eqx.field(static=True, default=16)
    noise: float = eqx.field(static=True, default=0.0)
    rate: float = eqx.field(static=True, default=3e-3)
    forcing: AbstractForcing | None = None

    @property
    def label(self) -> str:
        """The network, its size and the updates."""
        size = f", {self.latent} components" if self.latent is not None else ""
        width = f", width {self.width}" if self.width is not None else ""
        noise = f", noise {self.noise:g}" if self.noise else ""
        return f"{self.family.__name__}{size}{width}, {self.updates} updates{noise}"

    def effort(self) -> float:
        """Grows with the updates."""
        return max(1.0, self.updates / _CHEAP)

    def learn(self, data: Prepared, *, key: Key) -> AbstractReconstruction:
        drawn, shuffled = jax.random.split(key)
        length = min(self.length, max(map(len, data.train)) // 2)
        if length < 10:
            raise InputError(
                f"The longest training stretch has {max(map(len, data.train))} samples, too few for training windows. "
                "Record for longer, or choose a regression such as `nvar`."
            )
        model, forcing = self._network(data, drawn)
        stretch = judging(data, final=False)

        def measure(candidate: Any) -> float:
            made = self._made(candidate, np.zeros((0, data.channels)), data)
            return float(np.sum(np.minimum(judged(made, data, stretch).excess, _FAILED)))

        found = train(
            model,
            list(data.train),
            forcing=forcing,
            optimiser=RectifiedAdam(self.rate, self.rate / 100),
            updates=self.updates,
            windows=Windows(length=length, batch=self.batch, noise=self.noise),
            validate=Selection(measure, every=max(1, self.updates // _SCORES)),
            key=shuffled,
        )
        if found.result == RESULTS.interrupted:
            raise KeyboardInterrupt
        if np.min(found.scores, initial=np.inf) >= _FAILED:
            # Whatever was there along the way ran away; if the gradients were lost as well, there is no model to keep.
            found.checked(what=f"training {self.label}")
        return self._made(found.model, found.starts[found.best], data)

    def _network(self, data: Prepared, key: Key) -> tuple[Any, AbstractForcing]:
        """The network as it is drawn, and how it is forced."""
        channels = data.channels
        sparse, adaptive = SparseTeacherForcing(16), AdaptiveForcing()
        forcing: AbstractForcing = sparse
        if self.family is ALRNN:
            n = max(20, 2 * channels) if self.latent is None else self._at_least(channels)
            drawn = ALRNN.draw(n=n, rectified=min(n // 2 if self.width is None else self.width, n), key=key)
            model: Any = dataclasses.replace(drawn, observed=channels)
        elif self.family is ShallowPLRNN:
            n = channels if self.latent is None else self._at_least(channels)
            model = ShallowPLRNN.draw(n=n, hidden=self.width or 50, observed=channels, key=key)
            forcing = adaptive if n == channels else sparse
        elif self.family is DendriticPLRNN:
            n = max(10, 2 * channels) if self.latent is None else self._at_least(channels)
            model = DendriticPLRNN.draw(n=n, branches=self.width or 20, observed=channels, key=key)
        elif self.family is NeuralODE:
            n = channels if self.latent is None else self._at_least(channels)
            flow = NeuralODE.draw(n=n, width=self.width or 50, observed=channels, key=key)
            model = SampledFlow(flow, _INTERVAL)
        else:
            kind: Any = self.family
            model = AutoregressiveNetwork.draw(kind, n=self.latent or 32, observed=channels, key=key)
        return model, forcing if self.forcing is None else self.forcing

    def _at_least(self, channels: int) -> int:
        if self.latent is None or self.latent < channels:
            raise InputError(
                f"`{self.family.__name__}` shows its first components, so `latent` must be {channels} at least, the "
                f"number of channels; got {self.latent}."
            )
        return self.latent

    def _made(self, model: Any, hidden: Any, data: Prepared) -> AbstractReconstruction:
        # A flow with hidden components stays the map that was trained: data do not give its whole state.
        if isinstance(model, SampledFlow) and model.system.initial_state().shape[0] == data.channels:
            return flow_of(data, _in_time_of(data, model.system), standard=True, around=range_of(data))
        seen = observation_of(model, learned_leaves(model))
        matrix = np.zeros((seen.size, seen.channels)) if not np.size(hidden) else np.asarray(hidden)
        samples = min(_FORCED, max(map(len, data.train)))
        start = Forced(jnp.asarray(matrix), seen.channels, seen.size, seen.direct, samples)
        whole = seen.size == data.channels
        return map_of(data, model, Observed(), start, around=range_of(data) if whole else None)


def _in_time_of(data: Prepared, flow: Any) -> Any:
    """The flow in the time unit of the recording: velocities scale with the last layer."""
    factor = _INTERVAL / data.dt
    last = flow.layers[-1]
    scaled = eqx.tree_at(lambda x: (x.weight, x.bias), last, (last.weight * factor, last.bias * factor))
    return eqx.tree_at(lambda f: f.layers, flow, (*flow.layers[:-1], scaled))
