"""Spikes and noise from outside: Poisson trains, recorded trains, white noise."""

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Key, Param
from ...series import SpikeTrains, check_spike_trains
from ...systems import Variable
from ._cells import AbstractCells, Parts
from ._receptors import AbstractReceptor

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar

#: Chance that a count of Poisson is larger than the largest drawn.
_TAIL = 1e-10
#: Largest mean count per step, neuron and input.
_LARGEST = 50.0


class PoissonCells(AbstractCells):
    """Sources of independent Poisson spikes: each fires in a step with probability 1 - exp(-rate dt).

    Args:
        rate: Mean rate, Hz; one number, or one per source.

    Example:
        >>> float(PoissonCells(rate=10.0).rate)
        10.0
    """

    rate: Param = param(10.0, unit="Hz", doc="mean rate", bounds=(0.0, None))
    refractory: Param = param(0.0, unit="ms", doc="not used: sources have no memory", bounds=(0.0, None))
    receptors: tuple[AbstractReceptor, ...] = ()

    @property
    def variables(self) -> tuple[Variable, ...]:
        return ()

    @property
    def unit(self) -> str:
        return "1"

    def rest(self) -> Parts:
        return ()

    def advance(self, x: Parts, s: Parts, drive: Any, *, dt: Any, busy: jax.Array, w: Any) -> tuple[Parts, jax.Array]:
        del s, drive, busy
        # `w` is uniform between 0 and 1 here.
        return x, w < -jnp.expm1(-self.rate * (1e-3 * dt))

    def reset(self, x: Parts, fired: jax.Array) -> Parts:
        del fired
        return x


class RecordedCells(AbstractCells):
    """Sources that repeat recorded spikes, each at the end of the step it falls in.

    Make one with `RecordedCells.of(trains, dt=...)`. Before the first recorded time and after the last they are silent.

    Args:
        units: Who fires, in the order of the steps, shape `(spike,)`.
        first: Position of the first spike of each step in `units`, shape `(step + 1,)`.
        most: Largest number of spikes in one step.
        count: Number of trains, which is that of the sources.
        dt: The step of the network that they were put into, ms.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> trains = as_spike_trains([[1.0], [1.0, 2.0]], start=0.0, stop=3.0, time_unit="ms")
        >>> RecordedCells.of(trains, dt=0.5).most
        2
    """

    units: jax.Array
    first: jax.Array
    most: int = setting(doc="largest number of spikes in one step")
    count: int = setting(doc="number of trains")
    dt: float = setting(doc="step of the network that they were put into, ms")
    refractory: Param = param(0.0, unit="ms", doc="not used: sources have no memory", bounds=(0.0, None))
    receptors: tuple[AbstractReceptor, ...] = ()

    @classmethod
    def of(cls, trains: SpikeTrains, *, dt: float) -> "RecordedCells":
        """Sources for `trains`, whose times count from 0, the start of the simulation.

        Args:
            trains: Spike trains in ms or s.
            dt: The step of the network, ms.

        Raises:
            InputError: If times are negative, in another unit, or two spikes of a train fall in one step.
        """
        check_spike_trains(trains, "RecordedCells.of")
        scale = {"ms": 1.0, "s": 1e3}.get(trains.time_unit)
        if scale is None:
            raise InputError(f"`RecordedCells` needs spikes in ms or s, got `{trains.time_unit}`.")
        times, units = trains.pooled()
        # A spike at the time of a step's end belongs to that step; the offset undoes the rounding of t / dt.
        steps = np.ceil(times * scale / dt - 1e-6).astype(int) - 1
        if np.any(steps < 0):
            raise InputError("`RecordedCells` needs spikes after time 0, where the simulation starts. Shift the times.")
        if len(np.unique(steps * len(trains) + units)) < len(units):
            raise InputError(f"Two spikes of one train fall in one step of {dt:g} ms. Use a shorter step.")
        counts = np.bincount(steps, minlength=1)
        first = np.concatenate([[0], np.cumsum(counts)])
        most = int(counts.max(initial=0))
        return cls(jnp.asarray(units, jnp.int32), jnp.asarray(first, jnp.int32), most, len(trains), float(dt))

    @property
    def variables(self) -> tuple[Variable, ...]:
        return ()

    @property
    def unit(self) -> str:
        return "1"

    def rest(self) -> Parts:
        return ()

    def advance(self, x: Parts, s: Parts, drive: Any, *, dt: Any, busy: jax.Array, w: Any) -> tuple[Parts, jax.Array]:
        del s, drive, dt
        # `w` is the number of the step here.
        last = self.first.size - 2
        inside = (w >= 0) & (w <= last)
        n = jnp.clip(w, 0, last)
        places = self.first[n] + jnp.arange(self.most)
        wanted = inside & (places < self.first[n + 1])
        units = self.units[jnp.minimum(places, self.units.size - 1)] if self.units.size else places
        target = jnp.where(wanted, units, busy.size)
        return x, jnp.zeros(busy.shape, bool).at[target].set(True, mode="drop")

    def reset(self, x: Parts, fired: jax.Array) -> Parts:
        del fired
        return x


class AbstractBackground(eqx.Module):
    """What reaches all neurons of a population from outside; `PoissonInput` and `WhiteNoise` are all there are.

    Implement a field `population`, the name of whom it reaches.
    """

    population: AbstractVar[str]


class PoissonInput(AbstractBackground):
    """Independent Poisson trains into every neuron of a population, many into each as one of their summed rate.

    Args:
        population: Whom they reach.
        name: The receptor of these neurons that they reach.
        rate: Mean rate per neuron, of all trains together, Hz.
        weight: Weight of one spike, in the unit of the receptor.
        most: Largest number of spikes per step and neuron that is drawn; None for one beyond which chance is below
            1e-10 at the rate given.

    Example:
        >>> PoissonInput("E", "exc", rate=1000.0, weight=0.1).population
        'E'
    """

    population: str = setting(doc="whom they reach")
    name: str = setting(doc="the receptor that they reach")
    rate: Param = param(1000.0, unit="Hz", doc="mean rate per neuron", bounds=(0.0, None))
    weight: Param = param(1.0, doc="weight of one spike")
    most: int | None = setting(None, doc="largest number of spikes per step and neuron that is drawn")

    def largest(self, dt: float) -> int:
        """The largest number of spikes per step and neuron that needs to be drawn."""
        mean = float(np.max(np.asarray(self.rate))) * 1e-3 * dt
        if mean > _LARGEST:
            raise InputError(
                f"`PoissonInput` brings {mean:.3g} spikes per step and neuron, more than {_LARGEST:g}. Use a shorter "
                "step, or `WhiteNoise` of the same mean and variance."
            )
        counts = np.arange(200)
        chances = np.exp(-mean + counts * np.log(max(mean, 1e-300)) - np.cumsum(np.log(np.maximum(counts, 1))))
        return max(1, int(np.argmax(1.0 - np.cumsum(chances) < _TAIL)))

    def arriving(self, key: Key, n: int, *, dt: float) -> jax.Array:
        """What arrives at each of `n` neurons in one step.

        One uniform number per neuron is compared with the distribution function of the counts.
        """
        most = self.largest(dt) if self.most is None else self.most
        mean = self.rate * (1e-3 * dt)
        k = jnp.arange(1, most, dtype=mean.dtype)
        ratios = jnp.concatenate([jnp.ones((1,), mean.dtype), mean / k])
        below = jnp.cumsum(jnp.exp(-mean) * jnp.cumprod(ratios))
        draw = jax.random.uniform(key, (n,), mean.dtype)
        count = sum(((draw > below[j]).astype(mean.dtype) for j in range(most)), jnp.zeros((n,), mean.dtype))
        return self.weight * count


class WhiteNoise(AbstractBackground):
    """White noise into every neuron of a population, independent.

    In `LeakyCells` tau V' gains sigma sqrt(tau) xi(t), sigma in mV; in others C V' gains sigma xi(t), sigma in the unit
    of the input times the root of ms.

    Args:
        population: Whom it reaches.
        sigma: Its strength.

    Example:
        >>> float(WhiteNoise("E", sigma=1.5).sigma)
        1.5
    """

    population: str = setting(doc="whom it reaches")
    sigma: Param = param(1.0, unit="mV", doc="strength", bounds=(0.0, None))
