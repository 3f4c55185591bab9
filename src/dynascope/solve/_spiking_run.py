"""What a run of a network of spiking neurons leaves: spikes, samples, and the last state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import numpy as np
from numpy.typing import NDArray

from .._errors import RESULTS, InputError
from ..series import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr


class SpikingRun(eqx.Module):
    """A run of a network of spiking neurons.

    Attributes:
        steps: Number of the step of each spike, in rising order, shape `(spike,)`; it happens at the end of the step.
        units: Who fired, same shape.
        sample_times: Times of the samples, ms.
        samples: What `sample` gave; every leaf has time as its first axis. None without samples.
        state: The state at the end.
        result: Code of `RESULTS`.
        populations: Names and sizes, in the order of the units.
        dt: Length of a step, ms.
        first_step: Number of the first step.
        last_step: Number of the step after the last: a run that continues this one begins there.
        source: The network.
    """

    steps: NDArray[np.int64]
    units: NDArray[np.int32]
    sample_times: NDArray[np.float64]
    samples: Any
    state: Any
    result: Any
    populations: tuple[tuple[str, int], ...] = eqx.field(static=True)
    dt: float = eqx.field(static=True)
    first_step: int = eqx.field(static=True)
    last_step: int = eqx.field(static=True)
    source: str = eqx.field(static=True, default="network")

    @property
    def start(self) -> float:
        """Begin of the run, ms."""
        return self.first_step * self.dt

    @property
    def stop(self) -> float:
        """End of the run, ms."""
        return self.last_step * self.dt

    @property
    def successful(self) -> bool:
        """Whether the end was reached."""
        return bool(self.result == RESULTS.successful)

    def span(self, population: str | None) -> tuple[int, int]:
        """The first unit of a population and the first after it; None stands for all.

        Raises:
            InputError: If there is none of that name.
        """
        if population is None:
            return 0, sum(size for _, size in self.populations)
        at = 0
        for name, size in self.populations:
            if name == population:
                return at, at + size
            at += size
        known = ", ".join(f"`{name}`" for name, _ in self.populations)
        raise InputError(f"There is no population `{population}`. There are {known}.")

    def trains(
        self, population: str | None = None, *, start: float | None = None, units: Sequence[int] | None = None
    ) -> SpikeTrains:
        """The spikes as trains, for every statistic of `dynascope.analysis.spikes`.

        Args:
            population: Whose; None for all.
            start: Begin of the window, ms; None for the begin of the run. A transient is left out that way.
            units: Only these, counted within the population.

        Returns:
            Spike trains in seconds, so that rates are in Hz.

        Raises:
            InputError: If there is no such population or unit, or the window is empty.
        """
        low, high = self.span(population)
        begin = self.start if start is None else float(start)
        if not self.start <= begin < self.stop:
            raise InputError(f"`start` must lie in the run, from {self.start:g} to {self.stop:g} ms, got {begin:g}.")
        chosen = np.arange(high - low) if units is None else np.asarray(units, int)
        if chosen.size == 0 or chosen.min() < 0 or chosen.max() >= high - low:
            raise InputError(f"`units` must be some of the {high - low} units, counted from 0, got {units}.")
        times = (self.steps + 1) * self.dt
        inside = (self.units >= low) & (self.units < high) & (times >= begin)
        unit, when = self.units[inside] - low, times[inside]
        order = np.argsort(unit, kind="stable")
        counts = np.bincount(unit, minlength=high - low)
        rows = np.split(when[order], np.cumsum(counts)[:-1])
        capacity = int(counts[chosen].max(initial=0))
        padded = np.full((chosen.size, capacity), np.inf)
        for k, i in enumerate(chosen):
            padded[k, : counts[i]] = rows[i]
        return SpikeTrains(
            padded * 1e-3,
            start=begin * 1e-3,
            stop=self.stop * 1e-3,
            time_unit="s",
            names=tuple(f"{self._name(low + int(i))}" for i in chosen),
            source=self.source,
        )

    def _name(self, unit: int) -> str:
        for name, size in self.populations:
            if unit < size:
                return f"{name} {unit}"
            unit -= size
        raise AssertionError(unit)

    def rate(
        self, population: str | None = None, *, bin: float = 1.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The rate of a population in bins.

        Args:
            population: Whose; None for all.
            bin: Length of the bins, ms; rounded to steps.

        Returns:
            Begins of the bins, ms, and mean rates per neuron, Hz; a bin cut short by the end is left out.

        Raises:
            InputError: If there is no such population, or no bin fits into the run.
        """
        low, high = self.span(population)
        width = round(bin / self.dt)
        bins = (self.last_step - self.first_step) // width if width > 0 else 0
        if bins < 1:
            raise InputError(
                f"`bin` must be from one step of {self.dt:g} ms to the length of the run, {self.stop - self.start:g} "
                f"ms; got {bin:g}."
            )
        mine = self.steps[(self.units >= low) & (self.units < high)] - self.first_step
        counts = np.bincount(mine // width, minlength=bins)[:bins]
        begins = self.start + width * self.dt * np.arange(bins, dtype=np.float64)
        return begins, counts / ((high - low) * width * self.dt * 1e-3)

    def summary(self) -> str:
        """How many spikes of whom, at which rates."""
        seconds = max((self.stop - self.start) * 1e-3, 1e-300)
        parts = []
        for name, size in self.populations:
            low, high = self.span(name)
            count = int(np.sum((self.units >= low) & (self.units < high)))
            parts.append(f"{name} ({size}) at {count / size / seconds:.4g} Hz")
        text = f"{self.source}, t = {self.start:g} to {self.stop:g} ms: {self.steps.size} spikes; {', '.join(parts)}."
        return text if self.successful else f"{text} {RESULTS[self.result]}"

    def to_xarray(self) -> xr.Dataset:
        """All spikes as `time` and `unit`, and the samples over `sample_time`."""
        import xarray as xr

        data: dict[str, Any] = {
            "time": ("spike", (self.steps + 1) * self.dt, {"units": "ms"}),
            "unit": ("spike", self.units),
        }
        coords: dict[str, Any] = {}
        if self.samples is not None:
            coords["sample_time"] = ("sample_time", self.sample_times, {"units": "ms"})
            for k, leaf in enumerate(jax.tree.leaves(self.samples)):
                axes = [f"axis{k}_{a}" for a in range(np.ndim(leaf) - 1)]
                data[f"sample{k}"] = (("sample_time", *axes), np.asarray(leaf))
        notes = {"populations": str(self.populations), "dt": self.dt, "result": RESULTS[self.result] or "successful"}
        return xr.Dataset(data, coords, {**notes, "start": self.start, "stop": self.stop})
