"""Who acts on whom, by the response of a network instead of by its weights."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ._linear import LinearResponse


class EffectiveConnectivity(AbstractResult):
    """How strongly units answer to each other at some frequencies, beside the weights between them.

    Attributes:
        frequencies: omega, radians per step.
        gains: Modulus of the susceptibility, with the kick itself left out.
        gains_stderr: Its standard errors.
        weights: The weights.
        agreement: Rank correlation of gains and sizes of weights over all pairs of different units: 1 if the response
            tells no more than the weights.
        agreement_stderr: Its standard error, by leaving out one orbit after the other.
    """

    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    frequencies: np.ndarray = output("frequency", unit="rad/step", doc="frequency")
    gains: np.ndarray = output("frequency", "to", "from", doc="modulus of the susceptibility")
    gains_stderr: np.ndarray = output("frequency", "to", "from", doc="its standard error")
    weights: np.ndarray = output("to", "from", doc="weights")
    agreement: np.ndarray = output("frequency", doc="rank correlation with the weights")
    agreement_stderr: np.ndarray = output("frequency", doc="its standard error")

    def summary(self) -> str:
        """The range of the agreement, and where it is smallest."""
        k = int(np.argmin(self.agreement))
        return (
            f"Effective against anatomical connectivity of {len(self.weights)} units: rank correlation "
            f"{self.agreement.min():.3f} +- {self.agreement_stderr[k]:.1g} at {self.frequencies[k]:.3g} rad/step, up "
            f"to {self.agreement.max():.3f} elsewhere."
        )


def effective_connectivity(
    response: LinearResponse, weights: ArrayLike, frequencies: ArrayLike | None = None
) -> EffectiveConnectivity:
    """Compare the susceptibilities of all pairs with the weights between them.

    A signal of frequency omega sent into unit j is seen in unit i with the gain abs(chi_ij(omega)). It travels on many
    paths and by the slopes of the units on them, so that pairs without a strong weight may have a strong gain.

    Args:
        response: From `linear_response`.
        weights: Entry `[i, j]` from unit j to i.
        frequencies: Radians per step; None takes 33 from 0 to pi.

    Returns:
        An `EffectiveConnectivity`.

    Raises:
        InputError: If the weights have another shape than the response, or there are fewer than 3 units.

    Reference:
        Cessac & Sepulchre (2006), Transmitting a signal by amplitude modulation in a chaotic network, Chaos 16, 013104.
    """
    matrix = np.asarray(weights, float)
    if matrix.shape != response.chi.shape[1:] or len(matrix) < 3:
        raise InputError(
            f"`weights` must have the shape of the response, {response.chi.shape[1:]}, and at least 3 units, got "
            f"{matrix.shape}."
        )
    omega = np.linspace(0.0, np.pi, 33) if frequencies is None else np.atleast_1d(np.asarray(frequencies, float))
    waves = np.exp(1j * np.multiply.outer(omega, response.lags[1:]))
    each = np.einsum("wt,btij->bwij", waves, response.blocks[:, 1:])
    mean, count = each.mean(axis=0), len(each)
    along = np.real(each * np.exp(-1j * np.angle(mean)))
    off = ~np.eye(len(matrix), dtype=bool)
    from scipy.stats import rankdata  # slow to load: only where it is needed

    order = rankdata(np.abs(matrix)[off])

    def agreement(values: np.ndarray) -> np.ndarray:
        return np.array([np.corrcoef(order, rankdata(np.abs(v)[off]))[0, 1] for v in values])

    left_out = np.array([agreement((count * mean - one) / (count - 1)) for one in each])
    scatter = np.sum((left_out - left_out.mean(axis=0)) ** 2, axis=0)
    return EffectiveConnectivity(
        result=RESULTS.successful,
        settings=provenance(response=response.settings),
        frequencies=omega,
        gains=np.abs(mean),
        gains_stderr=along.std(axis=0, ddof=1) / np.sqrt(count),
        weights=matrix,
        agreement=agreement(mean),
        agreement_stderr=np.sqrt((count - 1) / count * scatter),
    )
