"""Spikes and amplitudes against the phase of a rhythm."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance

Array = NDArray[np.float64]


class PhaseLocking(AbstractResult):
    """How strongly phases gather around one.

    Attributes:
        strength: Length of the mean vector, abs(mean of exp(i phi)): 0 for uniform phases, 1 for equal ones.
        strength_stderr: Its standard error by leaving out one phase at a time.
        unbiased: Pairwise phase consistency, (n strength^2 - 1) / (n - 1), whose mean does not depend on n.
        phase: Direction of the mean vector.
        phase_stderr: Its standard error, radians; infinite where the strength is nil.
        pvalue: Of the Rayleigh test: the chance of such a strength for uniform independent phases.
        count: Number of phases.
    """

    strength: float
    strength_stderr: float
    unbiased: float
    phase: float
    phase_stderr: float
    pvalue: float
    count: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)

    def summary(self) -> str:
        """Strength, phase and how likely by chance."""
        return (
            f"Locked with strength {self.strength:.3g} +- {self.strength_stderr:.1g} at phase {self.phase:.3g} +- "
            f"{self.phase_stderr:.1g} rad ({self.count} phases; by chance with p = {self.pvalue:.2g})."
        )


def phases_at(spikes: ArrayLike, phases: ArrayLike, *, dt: float, start: float = 0.0) -> Array:
    """Phases of a sampled rhythm at the times of spikes, interpolated along the chord between neighbouring samples.

    Args:
        spikes: Times of the spikes.
        phases: Phase of every sample, radians, for instance the angle of the analytic signal.
        dt: Sampling interval.
        start: Time of the first sample.

    Returns:
        Phases between -pi and pi, one for every spike.

    Raises:
        InputError: If a spike lies outside of the samples.

    Example:
        >>> phases_at([0.5], [0.0, 1.0], dt=1.0).round(12).tolist()
        [0.5]
    """
    vectors = np.exp(1j * np.asarray(phases, float))
    place = (np.asarray(spikes, float) - start) / dt
    if place.size and not (place.min() >= 0 and place.max() <= vectors.size - 1):
        raise InputError(
            f"Spikes lie outside of the samples from {start:g} to {start + dt * (vectors.size - 1):g}. Cut them first."
        )
    before = np.minimum(place.astype(int), max(vectors.size - 2, 0))
    share = place - before
    after = np.minimum(before + 1, vectors.size - 1)
    return np.angle((1 - share) * vectors[before] + share * vectors[after])


def phase_locking(phases: ArrayLike) -> PhaseLocking:
    """How strongly phases gather: of spikes in a rhythm, or the differences of phase of two rhythms.

    For samples of rhythms, which are not independent, the errors and the p-value are too small: thin them to one a
    cycle.

    Args:
        phases: Phases, radians, at least two.

    Returns:
        A `PhaseLocking`.

    Raises:
        InputError: If there are fewer than two phases or some are not finite.

    Reference:
        Lachaux, Rodriguez, Martinerie & Varela (1999), Measuring phase synchrony in brain signals, Human Brain Mapping
        8, 194-208; Vinck, van Wingerden, Womelsdorf, Fries & Pennartz (2010), NeuroImage 51, 112-122 (unbiased); Zar
        (1999), Biostatistical Analysis, equation 27.4 (p-value).

    Example:
        >>> phase_locking([0.1, 0.1, 0.1, 0.1]).strength
        1.0
    """
    angles = np.asarray(phases, float).ravel()
    n = angles.size
    if n < 2 or not np.isfinite(angles).all():
        raise InputError(f"Phase locking needs at least two finite phases, got {n}.")
    vectors = np.exp(1j * angles)
    mean = vectors.mean()
    strength = min(float(abs(mean)), 1.0)
    left = np.abs((vectors.sum() - vectors) / (n - 1))
    # Spread of the direction: the part of the vectors across the mean one.
    across = np.imag(vectors * np.exp(-1j * np.angle(mean)))
    total = n * strength
    pvalue = math.exp(math.sqrt(1 + 4 * n + 4 * max(n**2 - total**2, 0.0)) - (1 + 2 * n))
    return PhaseLocking(
        strength=strength,
        strength_stderr=float(math.sqrt((n - 1) / n * np.sum((left - left.mean()) ** 2))),
        unbiased=(n * strength**2 - 1) / (n - 1),
        phase=float(np.angle(mean)),
        phase_stderr=float(math.sqrt(np.mean(across**2) / n) / strength) if strength > 0 else math.inf,
        pvalue=min(pvalue, 1.0),
        count=n,
        result=RESULTS.successful,
        settings=provenance(count=n),
    )


class PhaseAmplitudeCoupling(AbstractResult):
    """How the amplitude of a fast rhythm depends on the phase of a slow one.

    Attributes:
        modulation_index: Divergence of the distribution of amplitude over phase from the uniform one, over log(bins):
            0 without coupling.
        mean_vector: abs(mean of A exp(i phi)) / mean A.
        preferred: Phase of the largest amplitude: the direction of that vector.
        chance: Mean modulation index of surrogates with the amplitude shifted in time.
        chance_stderr: Standard deviation of the surrogates: the error of the index where there is no coupling.
        pvalue: Share of surrogates with an index as large.
        centres: Middles of the bins of phase.
        amplitudes: Mean amplitude in each.
        amplitudes_stderr: Its error for independent samples.
    """

    modulation_index: float
    mean_vector: float
    preferred: float
    chance: float
    chance_stderr: float
    pvalue: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    centres: Array = output("phase", unit="rad", doc="Middles of the bins of phase")
    amplitudes: Array = output("phase", doc="Mean amplitude")
    amplitudes_stderr: Array = output("phase", doc="Standard error of the mean amplitude")

    def summary(self) -> str:
        """The index, what chance gives, and the preferred phase."""
        return (
            f"Modulation index {self.modulation_index:.3g} (by chance {self.chance:.2g} +- {self.chance_stderr:.1g}, "
            f"p = {self.pvalue:.2g}), largest amplitude at phase {self.preferred:.3g} rad."
        )


def phase_amplitude_coupling(
    phases: ArrayLike, amplitudes: ArrayLike, *, bins: int = 18, surrogates: int = 199, seed: int = 0
) -> PhaseAmplitudeCoupling:
    """The dependence of the amplitude of a fast rhythm on the phase of a slow one.

    Args:
        phases: Phase of the slow rhythm at every sample, radians.
        amplitudes: Amplitude of the fast one, not negative.
        bins: Bins of phase.
        surrogates: How many random shifts in time, each of a twentieth of the record at least, tell chance.
        seed: Of the shifts.

    Returns:
        A `PhaseAmplitudeCoupling`.

    Raises:
        InputError: If shapes differ, an amplitude is negative, or a bin of phase is never visited.

    Reference:
        Tort, Komorowski, Eichenbaum & Kopell (2010), Measuring phase-amplitude coupling between neuronal oscillations,
        J. Neurophysiol. 104, 1195-1210; Canolty et al. (2006), Science 313, 1626-1628.

    Example:
        >>> phi = np.linspace(0.0, 200.0, 20001)
        >>> phase_amplitude_coupling(phi, 1 + np.cos(phi - 1.0)).preferred
        1.0...
    """
    phi, size = np.asarray(phases, float), np.asarray(amplitudes, float)
    if phi.shape != size.shape or phi.ndim != 1 or not np.all(size >= 0) or not size.any():
        raise InputError(
            f"`phases` and `amplitudes` must be of one length, amplitudes not negative, got {phi.shape} and "
            f"{size.shape}."
        )
    place = np.minimum((np.mod(phi, 2 * np.pi) / (2 * np.pi) * bins).astype(int), bins - 1)
    visits = np.bincount(place, minlength=bins)
    if visits.min() == 0:
        raise InputError(f"{np.sum(visits == 0)} of {bins} bins of phase hold no sample. Use fewer `bins`.")

    def index(values: Array) -> float:
        means = np.bincount(place, values, minlength=bins) / visits
        share = means / means.sum()
        share = share[share > 0]
        return float(1 + np.sum(share * np.log(share)) / math.log(bins))

    generator = np.random.default_rng(seed)
    least = max(1, phi.size // 20)
    shifts = generator.integers(least, max(phi.size - least, least + 1), surrogates)
    chance = np.array([index(np.roll(size, int(shift))) for shift in shifts])
    found = index(size)
    means = np.bincount(place, size, minlength=bins) / visits
    squares = np.bincount(place, size**2, minlength=bins) / visits
    vector = np.mean(size * np.exp(1j * phi))
    return PhaseAmplitudeCoupling(
        modulation_index=found,
        mean_vector=float(abs(vector) / size.mean()),
        preferred=float(np.angle(vector)),
        chance=float(chance.mean()) if surrogates else math.nan,
        chance_stderr=float(chance.std(ddof=1)) if surrogates > 1 else math.nan,
        pvalue=float((1 + np.sum(chance >= found)) / (surrogates + 1)),
        result=RESULTS.successful,
        settings=provenance(samples=phi.size, bins=bins, surrogates=surrogates, seed=seed),
        centres=(np.arange(bins) + 0.5) * 2 * np.pi / bins,
        amplitudes=means,
        amplitudes_stderr=np.sqrt(np.maximum(squares - means**2, 0.0) / visits),
    )
