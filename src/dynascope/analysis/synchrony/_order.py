"""Order parameters of phases, groups that keep together, and chimera states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import connected_components

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._blocks import block_error

#: A population this coherent, on average, counts as synchronised.
_COHERENT = 0.9


class OrderParameters(AbstractResult):
    """Kuramoto's order parameter and those of Daido.

    Attributes:
        orders: k.
        values: Time average of abs(Z_k).
        stderr: Its standard error.
        spread: Standard deviation of abs(Z_k) over time: how metastable it is.
        chance: What as many independent phases would have on average, sqrt(pi / N) / 2.
        series: abs(Z_k) at each time.
    """

    chance: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    orders: np.ndarray = output("order", doc="order k")
    values: np.ndarray = output("order", doc="time average of the modulus")
    stderr: np.ndarray = output("order", doc="standard error of the average")
    spread: np.ndarray = output("order", doc="standard deviation over time")
    series: np.ndarray = output("time", "order", doc="modulus at each time")

    def summary(self) -> str:
        """Each order parameter with its error, and what chance gives."""
        rows = ", ".join(
            f"|Z{k}| = {v:.3f} +- {e:.1g}" for k, v, e in zip(self.orders, self.values, self.stderr, strict=True)
        )
        return f"Order parameters: {rows} (independent phases: {self.chance:.3f})."


def order_parameters(phases: ArrayLike, *, orders: Sequence[int] = (1, 2, 3, 4)) -> OrderParameters:
    r"""The order parameters $Z_k = \langle \exp(i k \theta_j) \rangle_j$ of phases over time.

    $|Z_1|$ is Kuramoto's: 1 in synchrony. M clusters evenly apart have $|Z_1| = ... = |Z_{M-1}| = 0$ and $|Z_M| = 1$,
    which only Daido's parameters see.

    Args:
        phases: Radians, shape `(time, oscillator)`.
        orders: Which k.

    Returns:
        An `OrderParameters`.

    Raises:
        InputError: If phases have another shape or are not finite.

    Reference:
        Kuramoto (1984), Chemical oscillations, waves, and turbulence, Springer; Daido (1992), Order function and
        macroscopic mutual entrainment in uniformly coupled limit-cycle oscillators, Prog. Theor. Phys. 88, 1213-1218.

    Example:
        >>> four = np.arange(8) % 4 * np.pi / 2
        >>> order_parameters(np.tile(four, (5, 1))).values.round(9).tolist()
        [0.0, 0.0, 0.0, 1.0]
    """
    theta = _checked(phases)
    series = np.stack([np.abs(np.exp(1j * k * theta).mean(axis=1)) for k in orders], axis=1)
    return OrderParameters(
        chance=float(np.sqrt(np.pi / theta.shape[1]) / 2),
        result=RESULTS.successful,
        settings=provenance(times=len(theta), oscillators=theta.shape[1]),
        orders=np.asarray(orders, int),
        values=series.mean(axis=0),
        stderr=block_error(series),
        spread=series.std(axis=0),
        series=series,
    )


class PhaseClusters(AbstractResult):
    """Groups of oscillators that keep together, the largest first.

    Attributes:
        labels: Group of each oscillator; -1 for one that keeps together with no other.
        sizes: Oscillators in each group.
        offsets: Mean phase of each group against the first.
        coherence: Time average of the order within each group.
    """

    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    labels: np.ndarray = output("oscillator", doc="group, -1 for none")
    sizes: np.ndarray = output("group", doc="oscillators in the group")
    offsets: np.ndarray = output("group", unit="rad", doc="mean phase against the first group")
    coherence: np.ndarray = output("group", doc="order within the group")

    def __len__(self) -> int:
        return len(self.sizes)

    def summary(self) -> str:
        """Sizes of the groups, and how many oscillators belong to none."""
        alone = int(np.sum(self.labels < 0))
        sizes = ", ".join(str(s) for s in self.sizes[:8]) or "none"
        return f"{len(self)} group(s) of oscillators that keep together, of sizes {sizes}; {alone} alone."


def phase_clusters(phases: ArrayLike, *, width: float = 0.5, locking: float = 0.95) -> PhaseClusters:
    r"""Which oscillators keep together: locked, and at about the same phase.

    Two of them are joined if $\langle \exp(i (\theta_j - \theta_k)) \rangle_t$ has a modulus above `locking` and an
    argument below `width`; groups are what joins connect.

    Args:
        phases: Radians, shape `(time, oscillator)`.
        width: Largest difference of phase between neighbours in a group, radians.
        locking: Least strength of locking.

    Returns:
        A `PhaseClusters`.

    Raises:
        InputError: If phases have another shape or are not finite.

    Example:
        >>> t = np.linspace(0, 10, 101)[:, None]
        >>> found = phase_clusters(t + np.array([0.0, 0.1, 3.0, 3.1, 0.05]))
        >>> found.sizes.tolist(), found.offsets.round(6).tolist()
        ([3, 2], [0.0, 3.0])
    """
    theta = _checked(phases)
    waves = np.exp(1j * theta)
    mutual = waves.T @ waves.conj() / len(theta)
    joined = (np.abs(mutual) > locking) & (np.abs(np.angle(mutual)) < width)
    count, group = connected_components(joined, directed=False)
    members = [np.flatnonzero(group == g) for g in range(count)]
    members = sorted((m for m in members if len(m) > 1), key=lambda m: (-len(m), m[0]))
    labels = np.full(theta.shape[1], -1)
    for k, m in enumerate(members):
        labels[m] = k
    fields = np.array([waves[:, m].mean(axis=1) for m in members]).reshape(len(members), len(theta))
    offsets = [np.angle(np.mean(f * fields[0].conj())) for f in fields]
    return PhaseClusters(
        result=RESULTS.successful,
        settings=provenance(times=len(theta), width=width, locking=locking),
        labels=labels,
        sizes=np.array([len(m) for m in members], int),
        offsets=np.array(offsets, float),
        coherence=np.abs(fields).mean(axis=1),
    )


class Chimera(AbstractResult):
    """Synchrony of groups of oscillators, side by side.

    Attributes:
        values: Time average of the order parameter of each group.
        stderr: Its standard errors.
        chimera_index: Variance of the order parameters over groups, averaged over time (Shanahan): 0 if all groups are
            alike, at most 2/7 for equally many in and out of synchrony for long.
        metastability: Variance of the order parameters over time, averaged over groups.
        verdict: `chimera`, `breathing chimera`, `synchrony` or `no synchrony`.
    """

    chimera_index: float
    metastability: float
    verdict: str = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    values: np.ndarray = output("group", doc="order parameter of the group")
    stderr: np.ndarray = output("group", doc="its standard error")
    series: np.ndarray = output("time", "group", doc="order parameter at each time")

    def summary(self) -> str:
        """The verdict and what it rests on."""
        rows = ", ".join(f"{v:.3f} +- {e:.1g}" for v, e in zip(self.values, self.stderr, strict=True))
        return (
            f"{self.verdict.capitalize()}: order parameters of the groups {rows}; chimera index "
            f"{self.chimera_index:.3f}, metastability {self.metastability:.3f}."
        )


def chimera(phases: ArrayLike, groups: ArrayLike) -> Chimera:
    """Whether groups of like oscillators are in and out of synchrony at the same time.

    A group is synchronised if its order parameter is 0.9 or more on average. A chimera has groups of either kind; it
    breathes if the order of an unsynchronised group varies by more than twice what that of as many
    independent phases would.

    Args:
        phases: Radians, shape `(time, oscillator)`; transients left out.
        groups: Group of each oscillator, shape `(oscillator,)`.

    Returns:
        A `Chimera`.

    Raises:
        InputError: If there are fewer than two groups, or shapes differ.

    Reference:
        Abrams, Mirollo, Strogatz & Wiley (2008), Phys. Rev. Lett. 101, 084103; Shanahan (2010), Metastable chimera
        states in community-structured oscillator networks, Chaos 20, 013108.

    Example:
        >>> spread = np.concatenate([np.zeros(50), np.linspace(0, 6, 50)])
        >>> chimera(np.tile(spread, (30, 1)), np.repeat([0, 1], 50)).verdict
        'chimera'
    """
    theta = _checked(phases)
    label = np.asarray(groups)
    names = np.unique(label)
    if label.shape != (theta.shape[1],) or len(names) < 2:
        raise InputError(
            f"`groups` must give one of at least two groups for each of {theta.shape[1]} oscillators, got shape "
            f"{label.shape} and {len(names)} group(s)."
        )
    series = np.stack([np.abs(np.exp(1j * theta[:, label == g]).mean(axis=1)) for g in names], axis=1)
    values = series.mean(axis=0)
    coherent = values >= _COHERENT
    sizes = np.array([np.sum(label == g) for g in names])
    # (1 - r^2) / sqrt(2 n): scatter of the order of n independent phases round r, to first order.
    chance = (1 - values**2) / np.sqrt(2 * sizes)
    moving = np.any((series.std(axis=0) > 2 * chance)[~coherent])
    if coherent.all():
        verdict = "synchrony"
    elif not coherent.any():
        verdict = "no synchrony"
    else:
        verdict = "breathing chimera" if moving else "chimera"
    return Chimera(
        chimera_index=float(series.var(axis=1, ddof=1).mean()),
        metastability=float(series.var(axis=0, ddof=1).mean()),
        verdict=verdict,
        result=RESULTS.successful,
        settings=provenance(times=len(theta), groups=len(names)),
        values=values,
        stderr=block_error(series),
        series=series,
    )


def _checked(phases: ArrayLike) -> np.ndarray:
    theta = np.asarray(phases, float)
    if theta.ndim != 2 or len(theta) < 2 or theta.shape[1] < 2 or not np.all(np.isfinite(theta)):
        raise InputError(
            f"`phases` must be finite, of shape (time, oscillator) with at least two of each, got {theta.shape}."
        )
    return theta
