"""A trajectory: the states of a system at increasing times, with how the computation went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._errors import RESULTS

if TYPE_CHECKING:
    import xarray as xr


class Events(eqx.Module):
    """Events of a hybrid system, padded to a fixed capacity.

    Attributes:
        times: Times of the events in order, shape `(max_events,)`; entries from `count` on are NaN.
        surfaces: Which entry of the guard fired, same shape; -1 from `count` on.
        count: Number of events.
    """

    times: Any
    surfaces: Any
    count: Any

    def of(self, surface: int) -> np.ndarray:
        """The event times of one surface, without padding."""
        times, surfaces = np.asarray(self.times), np.asarray(self.surfaces)
        return times[surfaces == surface]


class Trajectory(eqx.Module):
    """States of a system at increasing times.

    Attributes:
        ts: Times, shape `(time,)`.
        ys: States; every leaf has time as its first axis.
        result: Code of `RESULTS`. On failure a trajectory from `trajectory` holds only the times reached;
            one from `integrate`, whose shapes are fixed, holds `count` good entries and NaN after them.
        count: Number of good entries.
        events: Event times of hybrid systems, else None.
        stats: Work done: steps accepted and rejected where the solver adapts.
        names: Names of the flattened components.
        units: Units of the flattened components.
        time_unit: Unit of time.
        periods: Lengths of the circles on which components are angles, infinite for the others; () if none is.
    """

    ts: Any
    ys: Any
    result: Any
    count: Any
    events: Events | None = None
    stats: dict[str, Any] = eqx.field(default_factory=dict)
    names: tuple[str, ...] = eqx.field(static=True, default=())
    units: tuple[str, ...] = eqx.field(static=True, default=())
    time_unit: str = eqx.field(static=True, default="1")
    periods: tuple[float, ...] = eqx.field(static=True, default=())

    @property
    def flat(self) -> Any:
        """The states as one array of shape `(time, d)`."""
        leaves = jax.tree.leaves(self.ys)
        arrays = [jnp.reshape(leaf, (leaf.shape[0], -1)) for leaf in leaves]
        return arrays[0] if len(arrays) == 1 else jnp.concatenate(arrays, axis=1)

    @property
    def successful(self) -> bool:
        """Whether the end was reached."""
        return bool(self.result == RESULTS.successful)

    def winding(self) -> np.ndarray:
        """Frequencies 2 pi / period of angles, and 0 of other components; all 0 unless an angle winds round; `(d,)`."""
        flat = np.asarray(self.flat, dtype=float)[: int(self.count)]
        periods = np.asarray(self.periods or (np.inf,) * flat.shape[1])
        winds = len(flat) > 0 and bool(np.any(np.ptp(flat, axis=0) > periods))
        return 2 * np.pi / periods if winds else np.zeros(len(periods))

    def summary(self) -> str:
        """One line: size, time span, and what went wrong if anything did."""
        span = f"t = {float(self.ts[0]):g} to {float(self.ts[-1]):g}" if len(self.ts) else "empty"
        text = f"Trajectory of {len(self.names)} variables at {len(self.ts)} times, {span} ({self.time_unit})."
        return text if self.successful else f"{text} {RESULTS[self.result]}"

    def to_xarray(self) -> xr.Dataset:
        """One variable per component over the coordinate `time`, with units."""
        import xarray as xr

        flat = np.asarray(self.flat)
        data = {
            name: ("time", flat[:, i], {"units": unit})
            for i, (name, unit) in enumerate(zip(self.names, self.units, strict=True))
        }
        if self.events is not None:
            count = int(self.events.count)
            data["event_times"] = ("event", np.asarray(self.events.times)[:count], {"units": self.time_unit})
            data["event_surface"] = ("event", np.asarray(self.events.surfaces)[:count], {"units": "1"})
        coords = {"time": ("time", np.asarray(self.ts), {"units": self.time_unit})}
        return xr.Dataset(data, coords, {"result": RESULTS[self.result] or "successful"})
