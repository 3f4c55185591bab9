"""Sparse polynomial flows: equations that a person can read, found in data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow
from ._polynomials import monomials, term_names, terms
from ._ridge import ridge


class PolynomialFlow(AbstractFlow):
    r"""A flow whose right-hand side is a polynomial, dx/dt = C^T phi(x) with all monomials up to `order`.

    Args:
        coefficients: C, shape `(term, channel)`, mostly zeros.
        order: Highest degree.

    Raises:
        InputError: If the number of coefficients is not that of the terms.

    Reference:
        Brunton, Proctor & Kutz (2016), Discovering governing equations from data by sparse identification of nonlinear
        dynamical systems, PNAS 113, 3932-3937.

    Example:
        >>> decay = PolynomialFlow(jnp.array([[0.0], [-0.5]]), order=1)
        >>> decay.equations(("x",))
        ('dx/dt = -0.5 x',)
    """

    reference: ClassVar[str] = "Brunton, Proctor & Kutz (2016), PNAS 113, 3932-3937"

    coefficients: Param = param(doc="coefficients of the monomials", learned=True)
    order: int = setting(2, doc="highest degree of the monomials")

    def __check_init__(self) -> None:
        found, channels = self.coefficients.shape
        if found != len(terms(channels, self.order)):
            raise InputError(
                f"{channels} channels up to order {self.order} need {len(terms(channels, self.order))} rows of "
                f"`coefficients`, got {found}."
            )

    def initial_state(self) -> State:
        return jnp.zeros(self.coefficients.shape[-1], self.coefficients.dtype)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        return monomials(y, self.order) @ self.coefficients

    def equations(self, names: Sequence[str]) -> tuple[str, ...]:
        """The equations as text, one per channel."""
        written = term_names(names, self.order)
        table = np.asarray(self.coefficients)
        return tuple(
            f"d{name}/dt = {_joined([(c, t) for c, t in zip(column, written, strict=True) if c])}"
            for name, column in zip(names, table.T, strict=True)
        )


class AbstractDerivative(eqx.Module):
    """A way to differentiate samples."""

    @abstractmethod
    def __call__(self, x: NDArray[np.float64], dt: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Samples, possibly smoothed, and their derivatives, where both are known: shape `(time, channel)` each.

        Raises:
            InputError: If there are too few samples.
        """


class CentralDifference(AbstractDerivative):
    """By central differences of order 4 or 8; for data without noise."""

    order: int = eqx.field(static=True, default=8)

    def __check_init__(self) -> None:
        if self.order not in _STENCILS:
            raise InputError(f"`order` must be one of {sorted(_STENCILS)}, got {self.order}.")

    def __call__(self, x: NDArray[np.float64], dt: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        weights = _STENCILS[self.order]
        reach, count = len(weights), len(x)
        if count <= 2 * reach:
            raise InputError(f"Differences need more than {2 * reach} samples, got {count}. Give longer stretches.")
        rate = sum(
            w * (x[reach + k : count - reach + k] - x[reach - k : count - reach - k])
            for k, w in enumerate(weights, start=1)
        )
        return x[reach : count - reach], np.asarray(rate) / dt


class SavitzkyGolay(AbstractDerivative):
    """By polynomials fitted in a moving window, which smooths too; for data with noise.

    Args:
        window: Samples in the window, an odd number.
        order: Degree of the polynomials.

    Reference:
        Savitzky & Golay (1964), Smoothing and differentiation of data by simplified least squares procedures,
        Analytical Chemistry 36, 1627-1639.
    """

    window: int = eqx.field(static=True, default=15)
    order: int = eqx.field(static=True, default=4)

    def __check_init__(self) -> None:
        if self.window % 2 == 0 or self.window <= self.order or self.order < 1:
            raise InputError(f"`window` must be odd and above `order`, got {self.window} and {self.order}.")

    def __call__(self, x: NDArray[np.float64], dt: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from scipy.signal import savgol_filter

        if len(x) <= self.window:
            raise InputError(f"A window of {self.window} needs more samples than {len(x)}. Use a shorter one.")
        inner = slice(self.window // 2, len(x) - self.window // 2)
        smooth, rate = (
            np.asarray(savgol_filter(x, self.window, self.order, deriv=d, delta=dt, axis=0)) for d in (0, 1)
        )
        return smooth[inner], rate[inner]


def fit_sparse_flow(
    stretches: Sequence[Any],
    *,
    dt: float,
    order: int = 2,
    threshold: float = 0.02,
    penalty: float = 1e-10,
    derivative: AbstractDerivative | None = None,
) -> PolynomialFlow:
    r"""Sparse identification (SINDy) by sequentially thresholded least squares.

    Derivatives are regressed on all monomials. Terms whose contribution is less than `threshold` of the spread of the
    derivative, $|c| \, \mathrm{rms}(\phi) < \epsilon \, \mathrm{rms}(\dot x)$, are left out, and the rest is regressed
    again, until nothing changes. Measuring terms by their contribution makes the choice independent of units.

    Args:
        stretches: Arrays of shape `(time, channel)`, best in the user's own units, in which equations are sparse.
        dt: Sampling interval.
        order: Highest degree.
        threshold: $\epsilon$.
        penalty: Of the ridge regression on features of unit size, per sample.
        derivative: `CentralDifference()` if not given.

    Raises:
        InputError: If the stretches are too short, or no term is left for a channel that moves.

    Reference:
        Brunton, Proctor & Kutz (2016), Discovering governing equations from data by sparse identification of nonlinear
        dynamical systems, PNAS 113, 3932-3937.
    """
    rule = CentralDifference() if derivative is None else derivative
    pairs = [rule(np.asarray(s, np.float64), dt) for s in stretches]
    x, rate = (np.concatenate([p[i] for p in pairs]) for i in range(2))
    features = np.asarray(monomials(jnp.asarray(x), order))
    size = np.sqrt(np.mean(features**2, axis=0))
    size = np.where(size > 0, size, 1.0)
    spread = np.sqrt(np.mean(rate**2, axis=0))
    if not (np.isfinite(features).all() and np.isfinite(spread).all()) or np.any(spread == 0):
        raise InputError("A channel never moves, or monomials overflow. Leave it out, or standardise the channels.")
    columns = [_thresholded(features / size, r / s, threshold, penalty) for r, s in zip(rate.T, spread, strict=True)]
    return PolynomialFlow(jnp.asarray(np.stack(columns, axis=1) * spread / size[:, None]), order=order)


#: Weights of x(t + k h) - x(t - k h) for k = 1, 2, ...
_STENCILS = {4: (2 / 3, -1 / 12), 8: (4 / 5, -1 / 5, 4 / 105, -1 / 280)}


def _thresholded(
    features: NDArray[np.float64], target: NDArray[np.float64], threshold: float, penalty: float
) -> NDArray[np.float64]:
    """Coefficients of one channel, with small ones left out until nothing changes."""
    kept = np.ones(features.shape[1], bool)
    found = np.zeros(features.shape[1])
    while kept.any():
        found = np.zeros_like(found)
        found[kept] = ridge(features[:, kept], target[:, None], penalty=penalty * len(target))[:, 0]
        small = kept & (np.abs(found) < threshold)
        if not small.any():
            break
        kept &= ~small
    return found * kept


def _joined(parts: list[tuple[float, str]]) -> str:
    if not parts:
        return "0"
    text = ""
    for value, term in parts:
        sign = ("-" if value < 0 else "") if not text else (" - " if value < 0 else " + ")
        text += f"{sign}{abs(value):.4g}" + ("" if term == "1" else f" {term}")
    return text
