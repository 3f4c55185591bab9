"""Cycles of piecewise-linear maps from the regions that they visit: in each of them the cycle is a linear system."""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import numpy as np

from ..._errors import InputError
from ...systems import RectifiedForm

#: Sequences of regions that are solved at once.
_BATCH = 8192
#: A rectified unit is on its threshold if its drive is this small relative to the largest; then both signs fit.
_EDGE = 1e-10


class Regions(eqx.Module):
    r"""Sequences of linear regions, each with its one candidate for a cycle, kept where it visits these very regions.

    Where the state passes the regions $D_1, ..., D_p$ (which rectified units are active), a cycle solves
    $(1 - \prod M_{D_i}) z = h_D$. All sequences are tried where there are few, which finds all cycles that are not in a
    continuum; else random sequences are replaced by those which their candidate visits under the true map, again and
    again, and this walk soon ends at a true cycle.

    Args:
        exhaustive: Try all sequences if there are at most so many, that is 2^(units * period).
        starts: Random walks otherwise.
        sweeps: Replacements in each walk.

    Reference:
        Eisenmann, Monfared, Goering & Durstewitz (2023), Bifurcations and loss jumps in RNN training, Advances in
        Neural Information Processing Systems 36 (SCYFI).
    """

    exhaustive: int = eqx.field(static=True, default=1 << 17)
    starts: int = eqx.field(static=True, default=1024)
    sweeps: int = eqx.field(static=True, default=60)

    def __check_init__(self) -> None:
        if min(self.exhaustive, self.starts, self.sweeps) < 1:
            raise InputError(
                f"`Regions` needs `exhaustive`, `starts` and `sweeps` of at least 1, got {self.exhaustive}, "
                f"{self.starts} and {self.sweeps}."
            )


class Enumerated(NamedTuple):
    """Orbits of shape `(n, period, d)` that visit the regions assumed, how many sequences were tried, and if all."""

    orbits: np.ndarray
    tried: int
    complete: bool


def enumerated(form: RectifiedForm, period: int, method: Regions, rng: np.random.Generator) -> Enumerated:
    """Orbits of length `period` (or a divisor) of a piecewise-linear map; one orbit may come several times."""
    form = RectifiedForm(
        *(np.asarray(x, float) for x in (form.linear, form.outer, form.inner, form.threshold, form.bias))
    )
    units = len(form.threshold)
    if units * period < 60 and 2 ** (units * period) <= method.exhaustive:
        total = 2 ** (units * period)
        found = []
        for first in range(0, total, _BATCH):
            codes = np.arange(first, min(first + _BATCH, total))
            active = (codes[:, None] >> np.arange(units * period)) & 1
            found.append(_true(form, active.reshape(-1, period, units).astype(bool))[0])
        return Enumerated(np.concatenate(found), total, True)
    active = rng.random((method.starts, period, units)) < 0.5
    found, tried = [], 0
    for _ in range(method.sweeps):
        orbits, visited, good = _true(form, active)
        tried += len(active)
        found.append(orbits)
        # Walks that arrived begin anew, and so do those that stay or have no candidate.
        stuck = good | np.all(visited == active, axis=(1, 2))
        active = np.where(stuck[:, None, None], rng.random(active.shape) < 0.5, visited)
    return Enumerated(np.concatenate(found), tried, False)


def _true(form: RectifiedForm, active: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True orbits among the candidates of `active`, the regions that each candidate visits, and which are true."""
    first, sound = _candidates(form, active)
    z, visited, states = first, np.zeros_like(active), []
    fits = sound.copy()
    for k in range(active.shape[1]):
        drive = z @ form.inner.T + form.threshold
        visited[:, k] = drive > 0
        edge = np.abs(drive) <= _EDGE * (1 + np.max(np.abs(drive), axis=1, keepdims=True))
        fits &= np.all((visited[:, k] == active[:, k]) | edge, axis=1)
        states.append(z)
        z = z @ form.linear.T + np.maximum(drive, 0.0) @ form.outer.T + form.bias
    visited[~sound] = active[~sound]
    return np.stack(states, axis=1)[fits], visited, fits


def _candidates(form: RectifiedForm, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The state from which each sequence of regions would be a cycle, and where there is exactly one."""
    d = len(form.bias)
    total = np.broadcast_to(np.eye(d), (len(active), d, d))
    shift = np.zeros((len(active), d))
    for k in range(active.shape[1]):
        gated = form.outer[None] * active[:, k, None, :]
        matrix = form.linear + gated @ form.inner
        shift = np.einsum("nij,nj->ni", matrix, shift) + gated @ form.threshold + form.bias
        total = matrix @ total
    system = np.eye(d) - total
    sound = np.isfinite(system).all(axis=(1, 2))
    system[~sound] = np.eye(d)
    sound &= np.linalg.cond(system) < 1e12
    system[~sound] = np.eye(d)
    return np.linalg.solve(system, shift[..., None])[..., 0], sound
