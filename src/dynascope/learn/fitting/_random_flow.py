"""A flow whose velocity is a linear readout of random features: smooth, general and learned by one regression."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ..._random import generator_of
from ..._types import Key
from ...models.artificial import Dense
from ...models.learned import NeuralODE
from ..preparation import Prepared
from ..regression import SavitzkyGolay, ridge
from ._learners import AbstractLearner, flow_of, range_of
from ._reconstruction import AbstractReconstruction

#: Smallest and largest size of the hidden weights: from nearly linear units to sharply bent ones.
_SIZES = 0.1, 1.5


class RandomFlow(AbstractLearner):
    r"""A flow with one layer of random units, of which only the readout is learned.

    $\dot x = W \tanh(A x + b) + c$ in standard units, with random A and b. Velocities are taken from polynomials in a
    moving window, which also smooths the states; W and c follow by ridge regression. The result is a `NeuralODE` of
    one hidden layer.

    Args:
        units: Random units.
        window: Samples of the smoothing window, an odd number above 4.
        penalty: Of the ridge regression, per sample.

    Reference:
        Rahimi & Recht (2008), Random features for large-scale kernel machines, NIPS 20.
    """

    units: int = eqx.field(static=True, default=200)
    window: int = eqx.field(static=True, default=7)
    penalty: float = eqx.field(static=True, default=1e-9)

    @property
    def label(self) -> str:
        """Units, window and penalty."""
        return f"flow of {self.units} random units, window {self.window}, penalty {self.penalty:g}"

    def learn(self, data: Prepared, *, key: Key) -> AbstractReconstruction:
        generator = generator_of(key)
        pairs = [SavitzkyGolay(self.window)(x, data.dt) for x in data.train]
        x, rate = (np.concatenate([p[i] for p in pairs]) for i in range(2))
        channels = data.channels
        direction = generator.normal(size=(self.units, channels)) / np.sqrt(channels)
        size = np.exp(generator.uniform(*np.log(_SIZES), size=(self.units, 1)))
        # Units bend somewhere on the data, where they are of use.
        weight = direction * size
        bias = -np.sum(weight * x[generator.integers(len(x), size=self.units)], axis=1)
        features = np.concatenate([np.tanh(x @ weight.T + bias), np.ones((len(x), 1))], axis=1)
        spread = np.maximum(np.sqrt(np.mean(rate**2, axis=0)), np.finfo(float).tiny)
        out = ridge(features, rate / spread, penalty=self.penalty * len(x)) * spread
        hidden, readout = Dense(weight, bias), Dense(out[:-1].T, out[-1])
        flow = NeuralODE((hidden, readout), y0=jnp.asarray(data.train[0][-1]))
        return flow_of(data, flow, standard=True, around=range_of(data))
