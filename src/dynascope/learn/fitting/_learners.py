"""Ways to learn a system from prepared data, each with its choices as fields."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._types import Key, State
from ...models.networks import EchoState
from ...systems import Box
from ...systems._base import hook
from ..preparation import Prepared
from ..regression import (
    AbstractDerivative,
    CentralDifference,
    SavitzkyGolay,
    fit_koopman_map,
    fit_linear_map,
    fit_next_generation,
    fit_sparse_flow,
)
from ..reservoirs import AbstractReadout, AlternatingReadout, echoes, fit_echo_state
from ._reconstruction import AbstractReconstruction, ReconstructedFlow, ReconstructedMap
from ._starts import AbstractStart, AbstractView, Echo, FedBack, LastSample, LastSamples, Lifted, Observed
from ._trivial import Mean, Persistence

#: How far around its begin a state with a memory is started, in standard deviations of its components.
_NEAR = 0.05


class AbstractLearner(eqx.Module):
    """A method with its choices, which makes a system of prepared data."""

    @property
    @abstractmethod
    def label(self) -> str:
        """The method and its choices, in a few words."""

    @hook
    def effort(self) -> float:
        """How long it takes, against a regression; by default as long."""
        return 1.0

    @abstractmethod
    def learn(self, data: Prepared, *, key: Key) -> AbstractReconstruction:
        """Learn from the training stretches; those of validation serve to choose, those of test nothing.

        Args:
            data: Prepared data.
            key: Random key of whatever is drawn.

        Raises:
            InputError: If the data are too few for this method, or the regression fails.
        """


class Trivial(AbstractLearner):
    """The mean of the training data, or persistence of the last sample.

    Args:
        persists: Whether the last sample persists.
    """

    persists: bool = eqx.field(static=True, default=False)

    @property
    def label(self) -> str:
        """Which of the two."""
        return "persistence" if self.persists else "mean"

    def learn(self, data: Prepared, *, key: Key) -> AbstractReconstruction:
        del key
        nil = jnp.zeros(data.channels)
        system = Persistence(nil) if self.persists else Mean(nil)
        return map_of(data, system, Observed(), LastSample(), around=range_of(data))


class NVAR(AbstractLearner):
    """A next-generation reservoir; of order 1, the linear autoregressive model.

    Args:
        taps: Samples that the polynomial sees.
        spacing: Steps between them.
        order: Highest degree.
        penalty: Of the ridge regression, per sample.
    """

    taps: int = eqx.field(static=True, default=2)
    spacing: int = eqx.field(static=True, default=1)
    order: int = eqx.field(static=True, default=2)
    penalty: float = eqx.field(static=True, default=1e-6)

    @property
    def label(self) -> str:
        """Taps, spacing, order and penalty."""
        name = "linear" if self.order == 1 else f"nvar of order {self.order}"
        return f"{name}, {self.taps} tap(s) every {self.spacing}, penalty {self.penalty:g}"

    def learn(self, data: Prepared, *, key: Key) -> AbstractReconstruction:
        del key
        model = fit_next_generation(
            data.train, taps=self.taps, spacing=self.spacing, order=self.order, penalty=self.penalty
        )
        single = model.memory == 1
        return map_of(data, model, Observed(), LastSamples(), around=range_of(data, rows=1) if single else None)


class DMD(AbstractLearner):
    """Dynamic mode decomposition: a linear map of the channels.

    Args:
        rank: Singular values that are kept; None keeps all.
    """

    rank: int | None = eqx.field(static=True, default=None)

    @property
    def label(self) -> str:
        """The rank."""
        return "dmd" if self.rank is None else f"dmd of rank {self.rank}"

    def learn(self, data: Prepared, *, key: Key) -> AbstractReconstruction:
        del key
        return map_of(data, fit_linear_map(data.train, rank=self.rank), Observed(), LastSample(), around=range_of(data))


class EDMD(AbstractLearner):
    """Extended dynamic mode decomposition on monomials.

    Args:
        order: Highest degree.
        penalty: Of the ridge regression, per sample.
    """

    order: int = eqx.field(static=True, default=2)
    penalty: float = eqx.field(static=True, default=0.0)

    @property
    def label(self) -> str:
        """Order and penalty."""
        return f"edmd of order {self.order}, penalty {self.penalty:g}"

    def learn(self, data: Prepared, *, key: Key) -> AbstractReconstruction:
        del key
        return map_of(
            data, fit_koopman_map(data.train, order=self.order, penalty=self.penalty), Observed(), Lifted(), around=None
        )


class SINDy(AbstractLearner):
    """Sparse identification of a polynomial flow, in the units of the recording, where equations are sparse.

    Args:
        order: Highest degree.
        threshold: Terms that contribute less than this share to a derivative are left out.
        window: Samples of the smoothing window; 0 for differences without smoothing.
    """

    order: int = eqx.field(static=True, default=2)
    threshold: float = eqx.field(static=True, default=0.02)
    window: int = eqx.field(static=True, default=0)

    @property
    def label(self) -> str:
        """Order, threshold and window."""
        smoothing = f", window {self.window}" if self.window else ""
        return f"sindy of order {self.order}, threshold {self.threshold:g}{smoothing}"

    def learn(self, data: Prepared, *, key: Key) -> AbstractReconstruction:
        del key
        rule: AbstractDerivative = SavitzkyGolay(self.window) if self.window else CentralDifference()
        own = [data.standard.undo(x) for x in data.train]
        flow = fit_sparse_flow(own, dt=data.dt, order=self.order, threshold=self.threshold, derivative=rule)
        whole = np.concatenate(own)
        around = Box(jnp.asarray(whole.min(axis=0)), jnp.asarray(whole.max(axis=0)))
        return flow_of(data, flow, standard=False, around=around)


class ESN(AbstractLearner):
    """An echo-state network.

    Args:
        units: Number of units.
        spectral_radius: Of the weights between units.
        leak: Share of a unit that is renewed at each step.
        input_scale: Size of the input weights.
        bias: Size of the biases.
        penalty: Of the ridge regression, per sample.
        noise: Standard deviation of noise on the input while the readout is learned.
        density: Share of connected pairs.
        washout: Samples after which the start is forgotten.
        readout: The kind of readout; every second unit squared if not given.
    """

    units: int = eqx.field(static=True, default=300)
    spectral_radius: float = eqx.field(static=True, default=0.9)
    leak: float = eqx.field(static=True, default=1.0)
    input_scale: float = eqx.field(static=True, default=0.3)
    bias: float = eqx.field(static=True, default=0.3)
    penalty: float = eqx.field(static=True, default=1e-8)
    noise: float = eqx.field(static=True, default=0.0)
    density: float = eqx.field(static=True, default=1.0)
    washout: int = eqx.field(static=True, default=100)
    readout: AbstractReadout | None = None

    @property
    def label(self) -> str:
        """Units and the choices that matter."""
        noise = f", noise {self.noise:g}" if self.noise else ""
        return (
            f"echo-state, {self.units} units, radius {self.spectral_radius:g}, leak {self.leak:g}, input "
            f"{self.input_scale:g}, penalty {self.penalty:g}{noise}"
        )

    def learn(self, data: Prepared, *, key: Key) -> AbstractReconstruction:
        drawn, noisy = jax.random.split(key)
        network = EchoState.draw(
            n=self.units,
            inputs=data.channels,
            spectral_radius=self.spectral_radius,
            leak=self.leak,
            input_scale=self.input_scale,
            bias=self.bias,
            density=self.density,
            key=drawn,
        )
        kind = AlternatingReadout() if self.readout is None else self.readout
        loop = fit_echo_state(
            network,
            data.train,
            readout=kind,
            penalty=self.penalty,
            washout=self.washout,
            noise=self.noise,
            key=noisy,
        )
        visited = echoes(network, jnp.asarray(data.train[0][-1000:]))
        return map_of(data, loop, FedBack(), Echo(self.washout), around=_near(visited[-1], visited.std(axis=0)))


def map_of(
    data: Prepared, system: Any, view: AbstractView, start: AbstractStart, *, around: Box | None
) -> ReconstructedMap:
    """A map learned from `data`, begun where its training stretches end; `around` None is near there."""
    begin = start(system, jnp.asarray(_ending(data, start.least(system))))
    made = ReconstructedMap(
        system=system,
        view=view,
        start=start,
        offset=data.standard.offset,
        scale=data.standard.scale,
        begin=begin,
        around=_near(begin, 1.0) if around is None else around,
        dt=data.dt,
        names=data.names,
        units=data.units,
        clock=data.time_unit,
    )
    return made


def flow_of(data: Prepared, system: Any, *, standard: bool, around: Box) -> ReconstructedFlow:
    """A flow of the channels learned from `data`, in standard units or in those of the recording."""
    last = data.train[0][-1]
    return ReconstructedFlow(
        system=system,
        view=Observed(),
        start=LastSample(),
        offset=data.standard.offset if standard else np.zeros(data.channels),
        scale=data.standard.scale if standard else np.ones(data.channels),
        begin=jnp.asarray(last if standard else data.standard.undo(last)),
        around=around,
        dt=data.dt,
        names=data.names,
        units=data.units,
        clock=data.time_unit,
    )


def _ending(data: Prepared, least: int) -> np.ndarray:
    """The end of the longest training stretch."""
    longest = max(data.train, key=len)
    if len(longest) < least:
        raise InputError(
            f"The longest training stretch has {len(longest)} samples, but this model is begun by {least}. Use fewer "
            "taps or a shorter washout."
        )
    return longest[-least:]


def range_of(data: Prepared, *, rows: int | None = None) -> Box:
    """The box of the training data, for states that are one sample."""
    whole = np.concatenate(data.train)
    low, high = (jnp.asarray(edge if rows is None else edge[None]) for edge in (whole.min(axis=0), whole.max(axis=0)))
    return Box(low, high)


def _near(begin: State, spread: Any) -> Box:
    reach = jax.tree.map(lambda leaf: _NEAR * spread * jnp.ones_like(leaf), begin)
    return Box(jax.tree.map(jnp.subtract, begin, reach), jax.tree.map(jnp.add, begin, reach))
