"""Place cells: fields, phases that precess through them, and the position that their spikes tell."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import i0e

from ..._errors import RESULTS, InputError
from ..._random import generator_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...series import SpikeTrains, as_spike_trains, check_spike_trains
from ._phases import phases_at

Array = NDArray[np.float64]


def _row(values: Any) -> Any:
    array = np.atleast_1d(np.asarray(values, np.float64))
    array.setflags(write=False)
    return array


class PlaceCode(eqx.Module):
    r"""Cells that fire around a place, at a phase of a rhythm that falls on the way through.

    rate_i(x, phi) = peak exp(-(x - c_i)^2 / (2 width^2)) exp(kappa cos(phi - phi_i(x))) / I_0(kappa),
    phi_i(x) = offset + slope (x - c_i).

    Averaged over the phases of a cycle the field is the Gaussian alone. `slope` = -2 pi / L is one cycle over a field
    of length L, as O'Keefe and Recce found it.

    Args:
        centres: Where cells fire most, shape `(cell,)`.
        width: Standard deviation of the fields.
        peak: Rate in the middle of a field, mean over a cycle, 1/time.
        slope: Radians per unit of position.
        offset: Phase of the spikes in the middle of the field, radians.
        kappa: How closely spikes keep to their phase; 0 leaves no phase.

    Reference:
        O'Keefe & Recce (1993), Phase relationship between hippocampal place units and the EEG theta rhythm,
        Hippocampus 3, 317-330.

    Example:
        >>> code = PlaceCode(np.linspace(0.0, 2.0, 5))
        >>> int(code.rates([1.0]).argmax())
        2
    """

    centres: Array = eqx.field(converter=_row)
    width: float = 0.1
    peak: float = 15.0
    slope: float = -5 * math.pi
    offset: float = 0.0
    kappa: float = 2.0

    def __check_init__(self):
        if self.centres.ndim != 1 or not np.isfinite(self.centres).all():
            raise InputError(f"`centres` must be finite, one per cell, got the shape {self.centres.shape}.")
        if not (self.width > 0 and self.peak > 0 and self.kappa >= 0):
            raise InputError(
                f"`width` and `peak` must be positive and `kappa` not negative, got {self.width}, {self.peak} and "
                f"{self.kappa}."
            )

    def rates(self, positions: ArrayLike, phases: ArrayLike | None = None) -> Array:
        """Rates at positions, shape `(cell, position)`; without phases the mean over a cycle."""
        x = np.atleast_1d(np.asarray(positions, float))
        field = self.peak * np.exp(-0.5 * ((x - self.centres[:, None]) / self.width) ** 2)
        return field if phases is None else field * self.gain(x, phases)

    def gain(self, positions: ArrayLike, phases: ArrayLike) -> Array:
        """The factor of the phase, shape `(cell, position)`; its mean over a cycle is 1."""
        x = np.atleast_1d(np.asarray(positions, float))
        own = self.offset + self.slope * (x - self.centres[:, None])
        return np.exp(self.kappa * (np.cos(np.asarray(phases, float) - own) - 1.0)) / i0e(self.kappa)

    def draw(
        self, positions: ArrayLike, phases: ArrayLike, *, dt: float, key: Key, time_unit: str = "s"
    ) -> SpikeTrains:
        """Poisson spikes along a path.

        Args:
            positions: Position at times 0, dt, 2 dt ..., shape `(time,)`.
            phases: Phase of the rhythm at the same times, radians.
            dt: Sampling interval, much shorter than a cycle: within it the rate is that of its beginning.
            key: Random key.
            time_unit: Unit of `dt`.

        Raises:
            InputError: If positions and phases do not fit, or `dt` is not positive.
        """
        x, phi = _path(positions, phases, dt)
        generator = generator_of(key)
        counts = generator.poisson(self.rates(x[:-1], phi[:-1]) * dt)
        rows = []
        for row in counts:
            at = np.repeat(np.arange(x.size - 1), row)
            rows.append(np.unique(dt * (at + generator.uniform(0.0, 1.0, at.size))))
        return as_spike_trains(rows, start=0.0, stop=dt * (x.size - 1), time_unit=time_unit, source="PlaceCode")

    def error_bound(self, window: float, *, phased: bool = True) -> float:
        r"""The smallest standard deviation of an unbiased estimate of the position, by Cramer and Rao.

        1 / sqrt(I) for evenly and closely spaced fields of density rho: I = rho window sqrt(2 pi) peak width (1 /
        width^2 + kappa slope^2 I_1(kappa) / I_0(kappa)), the second term only with phases.

        Args:
            window: Length of time of which the spikes are known.
            phased: Whether their phases are known too.
        """
        if self.centres.size < 2:
            raise InputError("The bound is that of evenly spaced fields. Give at least two `centres`.")
        density = (self.centres.size - 1) / float(np.ptp(self.centres))
        told = 1.0 / self.width**2
        if phased:
            told += self.kappa * self.slope**2 * float(_bessel_ratio(self.kappa))
        return float(1.0 / np.sqrt(density * window * math.sqrt(2 * math.pi) * self.peak * self.width * told))


class DecodedPosition(AbstractResult):
    """Where an animal was, by the spikes of its place cells.

    Attributes:
        times: Middles of the windows.
        positions: Mean of the posterior.
        stderr: Standard deviation of the posterior.
        counts: Spikes in each window.
        lapse: Share of windows without spikes, in which the posterior is little more than the prior.
    """

    lapse: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    times: Array = output("window", unit="time unit", doc="Middles of the windows")
    positions: Array = output("window", doc="Mean of the posterior")
    stderr: Array = output("window", doc="Standard deviation of the posterior")
    counts: NDArray[np.int64] = output("window", doc="Spikes in the window")

    def summary(self) -> str:
        """How closely the position is known."""
        known = "spikes and their phases" if self.settings["phases"] else "spikes"
        return (
            f"Position in {self.times.size} windows of {self.settings['window']:g} from {known}: known to "
            f"{np.median(self.stderr):.3g} in the median; {self.lapse:.1%} of the windows hold no spike."
        )


def decoded_position(
    code: PlaceCode,
    trains: SpikeTrains,
    *,
    window: float,
    grid: ArrayLike,
    phases: ArrayLike | None = None,
    dt: float = 0.0,
) -> DecodedPosition:
    """The position that explains the spikes of each window, by the rule of Bayes with an even prior over `grid`.

    log p(x | spikes) = sum over spikes log rate_i(x, phi) - window sum_i rate_i(x) + const, with the phase of every
    spike where phases are given, else without.

    Args:
        code: The cells, in the order of the trains.
        trains: Their spikes.
        window: Length of the windows, best one cycle of the rhythm or more; the position hardly changes in one.
        grid: Positions that are considered, evenly spaced.
        phases: Phase of the rhythm at times start, start + dt, ... of the trains; None leaves phases out.
        dt: Sampling interval of the phases.

    Returns:
        A `DecodedPosition`.

    Raises:
        InputError: If cells and trains do not fit, or no window fits into the trains.

    Reference:
        Zhang, Ginzburg, McNaughton & Sejnowski (1998), Interpreting neuronal population activity by reconstruction, J.
        Neurophysiol. 79, 1017-1044; Jensen & Lisman (2000), Position reconstruction from an ensemble of hippocampal
        place cells: contribution of theta phase coding, J. Neurophysiol. 83, 2602-2609.

    Example:
        >>> code = PlaceCode(np.linspace(0.0, 2.0, 40))
        >>> path, rhythm = np.full(1001, 0.7), 2 * np.pi * 8.0 * np.linspace(0.0, 1.0, 1001)
        >>> trains = code.draw(path, rhythm, dt=0.001, key=jax.random.key(0))
        >>> found = decoded_position(
        ...     code, trains, window=0.125, grid=np.linspace(0, 2, 401), phases=rhythm, dt=0.001
        ... )
        >>> bool(abs(np.median(found.positions) - 0.7) < 0.03)
        True
    """
    check_spike_trains(trains, "decoded_position")
    x = np.asarray(grid, float).ravel()
    size = int(trains.duration / window + 1e-9) if window > 0 else 0
    if len(trains) != code.centres.size:
        raise InputError(f"There are {code.centres.size} cells but {len(trains)} spike trains. Give one each.")
    if size < 1 or x.size < 2 or not np.all(np.diff(x) > 0):
        raise InputError(
            f"`window` must fit into the {trains.duration:g} of the trains and `grid` must rise, got {window}."
        )
    times, cells = trains.pooled()
    inside = times < trains.start + size * window
    times, cells = times[inside], cells[inside]
    place = np.minimum(((times - trains.start) / window).astype(int), size - 1)
    fields = code.rates(x)
    score = np.zeros((size, x.size))
    gains = 0.0
    if phases is not None:
        at = phases_at(times, phases, dt=dt, start=trains.start)
        own = code.offset + code.slope * (x[None, :] - code.centres[cells][:, None])
        gains = code.kappa * np.cos(at[:, None] - own)
    # Of the Gaussian only the exponent: its logarithm is known where the rate itself is nil.
    np.add.at(score, place, -0.5 * ((x[None, :] - code.centres[cells][:, None]) / code.width) ** 2 + gains)
    score -= window * fields.sum(axis=0)
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    mean = weight @ x
    deviation = np.sqrt(np.maximum(np.sum(weight * (x - mean[:, None]) ** 2, axis=1), 0.0))
    counts = np.bincount(place, minlength=size)
    return DecodedPosition(
        lapse=float(np.mean(counts == 0)),
        result=RESULTS.successful,
        settings=provenance(window=window, cells=len(trains), grid=x.size, phases=phases is not None),
        times=np.asarray(trains.start + window * (np.arange(size) + 0.5), float),
        positions=mean,
        stderr=deviation,
        counts=counts,
    )


def _path(positions: ArrayLike, phases: ArrayLike, dt: float) -> tuple[Array, Array]:
    x, phi = np.asarray(positions, float).ravel(), np.asarray(phases, float).ravel()
    if x.size < 2 or x.size != phi.size or not (np.isfinite(x).all() and np.isfinite(phi).all()) or not dt > 0:
        raise InputError(
            f"A path needs at least two finite positions, as many phases, and a positive `dt`; got {x.size} positions, "
            f"{phi.size} phases and {dt}."
        )
    return x, phi


def _bessel_ratio(kappa: Any) -> Any:
    """I_1 / I_0."""
    return jax.scipy.special.i1e(kappa) / jax.scipy.special.i0e(kappa)
