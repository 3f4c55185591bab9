"""Errors of what does not depend on coordinates: the largest exponent and the dimension."""

from __future__ import annotations

import equinox as eqx
import numpy as np

from ...analysis.stability import LyapunovSpectrum


class InvariantErrors(eqx.Module):
    """How far exponent and dimension of a reconstruction are from those of the true system.

    Args:
        exponent: Largest exponent of the reconstruction, per time unit.
        exponent_error: Its difference from the true one; NaN where that is not known.
        exponent_stderr: Standard error of the difference.
        dimension: Kaplan-Yorke dimension of the reconstruction.
        dimension_error: Its difference from the true one.
        dimension_stderr: Standard error of the difference.
    """

    exponent: float
    exponent_error: float
    exponent_stderr: float
    dimension: float
    dimension_error: float
    dimension_stderr: float


def invariant_errors(
    spectrum: LyapunovSpectrum,
    *,
    dt: float = 1.0,
    exponent: tuple[float, float] | None = None,
    dimension: tuple[float, float] | None = None,
) -> InvariantErrors:
    """Compare a reconstruction's spectrum with known invariants.

    Args:
        spectrum: Lyapunov exponents of the reconstruction.
        dt: Time unit of the spectrum in that of the reference: the sampling interval for a map learned from samples.
        exponent: True largest exponent per time unit, and its standard error.
        dimension: True Kaplan-Yorke dimension, and its standard error.
    """
    unknown = (float("nan"), float("nan"))
    rate, rate_error = (float(np.asarray(x)[0]) / dt for x in (spectrum.exponents, spectrum.stderr))
    known_rate, known_dimension = exponent or unknown, dimension or unknown
    return InvariantErrors(
        exponent=rate,
        exponent_error=rate - known_rate[0],
        exponent_stderr=float(np.hypot(rate_error, known_rate[1])),
        dimension=float(spectrum.kaplan_yorke),
        dimension_error=float(spectrum.kaplan_yorke) - known_dimension[0],
        dimension_stderr=float(np.hypot(spectrum.kaplan_yorke_stderr, known_dimension[1])),
    )
