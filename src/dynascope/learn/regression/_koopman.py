"""Linear models: dynamic mode decomposition, and its extension to monomials (Koopman)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...models.canonical import LinearMap
from ...systems import AbstractMap
from ._polynomials import monomials, terms
from ._ridge import SVD, AbstractLeastSquares, ridge


def fit_linear_map(stretches: Sequence[Any], *, rank: int | None = None) -> LinearMap:
    r"""Exact dynamic mode decomposition: the matrix $A = Y X^+$ that best carries each sample to the next.

    Args:
        stretches: Arrays of shape `(time, channel)`, with their mean taken away.
        rank: Number of singular values of X that are kept; None keeps all.

    Raises:
        InputError: If there is no step to learn from, or `rank` is not between 1 and the number of channels.

    Reference:
        Schmid (2010), Dynamic mode decomposition of numerical and experimental data, Journal of Fluid Mechanics 656,
        5-28; Tu, Rowley, Luchtenburg, Brunton & Kutz (2014), On dynamic mode decomposition, Journal of Computational
        Dynamics 1, 391-421.
    """
    now, then = _steps(stretches)
    left, values, right = np.linalg.svd(now, full_matrices=False)
    most = int(np.sum(values > 1e-13 * values[0]))
    if rank is not None and not 1 <= rank <= now.shape[1]:
        raise InputError(f"`rank` must lie between 1 and the number of channels, {now.shape[1]}, got {rank}.")
    kept = most if rank is None else min(rank, most)
    inverse = right[:kept].T @ (left[:, :kept] / values[:kept]).T
    return LinearMap(jnp.asarray((inverse @ then).T))


class KoopmanMap(AbstractMap):
    r"""A linear map of the monomials of the channels, of which the channels themselves are shown.

    psi[n+1] = K psi[n],  x[n] = psi[n][1 ... d],  begun at psi[0] = psi(x[0]), all monomials up to `order`.

    Args:
        K: Matrix of shape `(term, term)`.
        channels: d, the number of channels.
        order: Highest degree.

    Raises:
        InputError: If the size of K is not the number of terms.

    Reference:
        Williams, Kevrekidis & Rowley (2015), A data-driven approximation of the Koopman operator: extending dynamic
        mode decomposition, Journal of Nonlinear Science 25, 1307-1346.

    Example:
        >>> KoopmanMap(jnp.eye(3), channels=1, order=2).lifted(jnp.array([2.0])).tolist()
        [1.0, 2.0, 4.0]
    """

    reference: ClassVar[str] = "Williams, Kevrekidis & Rowley (2015), Journal of Nonlinear Science 25, 1307-1346"

    K: Param = param(doc="matrix on the monomials", learned=True)
    channels: int = setting(doc="number of channels")
    order: int = setting(2, doc="highest degree of the monomials")

    def __check_init__(self) -> None:
        wanted = len(terms(self.channels, self.order))
        if self.K.shape != (wanted, wanted):
            raise InputError(
                f"{self.channels} channels up to order {self.order} need a matrix of {wanted} rows and columns, got "
                f"{self.K.shape}."
            )

    def lifted(self, x: Any) -> jax.Array:
        """The state that belongs to channels `x`: all their monomials."""
        return monomials(jnp.asarray(x), self.order)

    def initial_state(self) -> State:
        return self.lifted(jnp.zeros(self.channels, self.K.dtype))

    def observe(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return y[1 : 1 + self.channels]

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return self.K @ y


def fit_koopman_map(
    stretches: Sequence[Any],
    *,
    order: int = 2,
    penalty: float = 0.0,
    method: AbstractLeastSquares | None = None,
) -> KoopmanMap:
    """Extended dynamic mode decomposition on the monomials of the channels.

    Args:
        stretches: Arrays of shape `(time, channel)`.
        order: Highest degree; 1 is dynamic mode decomposition with a constant.
        penalty: Of the ridge regression, per sample.
        method: How the regression is solved; by singular values if not given.

    Raises:
        InputError: If there is no step to learn from.
    """
    now, then = (np.asarray(monomials(jnp.asarray(x), order)) for x in _steps(stretches))
    matrix = ridge(now, then, penalty=penalty * len(now), method=SVD() if method is None else method).T
    return KoopmanMap(jnp.asarray(matrix), channels=np.shape(stretches[0])[1], order=order)


def _steps(stretches: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """All samples that have a next one, and those next ones."""
    tables = [np.asarray(s, np.float64) for s in stretches]
    if not tables or max(len(x) for x in tables) < 2:
        raise InputError("`stretches` holds no step from one sample to the next. Give longer ones.")
    return np.concatenate([x[:-1] for x in tables]), np.concatenate([x[1:] for x in tables])
