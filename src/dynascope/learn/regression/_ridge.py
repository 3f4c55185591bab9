"""Linear regression with a penalty on the size of the weights, in double precision."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError


class AbstractLeastSquares(eqx.Module):
    """A way to solve penalised least squares."""

    @abstractmethod
    def solve(self, features: NDArray[np.float64], targets: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
        """Weights W of shape `(feature, target)` that minimise |features W - targets|^2 + penalty |W|^2.

        Raises:
            InputError: If the problem cannot be solved this way; the message says what to change.
        """


class Cholesky(AbstractLeastSquares):
    """By the normal equations: fast for many samples, but squares the condition number; needs a penalty above 0."""

    def solve(self, features: NDArray[np.float64], targets: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
        equations = NormalEquations(features.shape[1], targets.shape[1])
        equations.add(features, targets)
        return equations.solved(penalty)


class NormalEquations:
    """Sums over samples, all that `Cholesky` needs of them: features that come in parts need not be held together.

    Args:
        features: Number of features.
        targets: Number of targets.
    """

    def __init__(self, features: int, targets: int) -> None:
        # Its upper triangle alone is filled, in the order of Fortran, so that BLAS adds in place.
        self._gram = np.zeros((features, features), order="F")
        self._cross = np.zeros((features, targets))
        self.samples = 0

    def add(self, features: NDArray[np.float64], targets: NDArray[np.float64]) -> None:
        """Add samples: shapes `(sample, feature)` and `(sample, target)`."""
        from scipy.linalg import get_blas_funcs

        added: Any = get_blas_funcs("syrk", dtype=np.float64)
        self._gram = added(1.0, features.T, beta=1.0, c=self._gram, overwrite_c=1)
        self._cross += features.T @ targets
        self.samples += len(features)

    def copy(self) -> NormalEquations:
        """The same sums, to be gone on with apart."""
        twin = NormalEquations(*self._cross.shape)
        twin._gram, twin._cross, twin.samples = self._gram.copy(order="F"), self._cross.copy(), self.samples
        return twin

    def solved(self, penalty: float) -> NDArray[np.float64]:
        """Weights of shape `(feature, target)`; `penalty` is not divided by the number of samples.

        Raises:
            InputError: If a sum is not finite, or the features depend on each other too closely.
        """
        from scipy.linalg import cho_factor, cho_solve

        if not (np.isfinite(self._gram).all() and np.isfinite(self._cross).all()):
            raise InputError("`features` and `targets` must be finite. Use smaller values, or a lower order.")
        gram = self._gram.copy(order="F")
        gram[np.diag_indices_from(gram)] += penalty
        try:
            factor = cho_factor(gram, overwrite_a=True)
        except np.linalg.LinAlgError as error:
            raise InputError(
                f"The features depend on each other too closely for a `penalty` of {penalty:g}. Raise it, "
                "or use `SVD()`."
            ) from error
        return cho_solve(factor, self._cross)


class SVD(AbstractLeastSquares):
    """By singular values: exact also where features depend on each other, with no penalty too.

    Args:
        cutoff: Singular values below this share of the largest one count as zero.
    """

    cutoff: float = eqx.field(static=True, default=1e-13)

    def solve(self, features: NDArray[np.float64], targets: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
        left, values, right = np.linalg.svd(features, full_matrices=False)
        kept = values > self.cutoff * values[0]
        gains = np.where(kept, values, 0.0) / np.where(kept, values**2 + penalty, 1.0)
        return right.T @ (gains[:, None] * (left.T @ targets))


def ridge(
    features: Any, targets: Any, *, penalty: float = 0.0, method: AbstractLeastSquares | None = None
) -> NDArray[np.float64]:
    r"""Ridge regression, $W = (\Phi^T \Phi + \lambda I)^{-1} \Phi^T Y$.

    Args:
        features: $\Phi$, shape `(sample, feature)`.
        targets: Y, shape `(sample, target)`.
        penalty: $\lambda$, not divided by the number of samples.
        method: `Cholesky()` where there is a penalty and `SVD()` where there is none, if not given.

    Returns:
        W, shape `(feature, target)`.

    Raises:
        InputError: If shapes differ, a number is not finite, or the penalty is negative.

    Example:
        >>> ridge([[1.0], [2.0]], [[2.0], [4.0]]).round(6).tolist()
        [[2.0]]
    """
    phi, y = np.asarray(features, np.float64), np.asarray(targets, np.float64)
    if phi.ndim != 2 or y.ndim != 2 or len(phi) != len(y) or not phi.size:
        raise InputError(
            f"`features` and `targets` must have shapes (sample, feature) and (sample, target), got {phi.shape} and "
            f"{y.shape}."
        )
    if not (np.isfinite(penalty) and penalty >= 0):
        raise InputError(f"`penalty` must be zero or more, got {penalty}.")
    if not (np.isfinite(phi).all() and np.isfinite(y).all()):
        raise InputError("`features` and `targets` must be finite. Use smaller values, or a lower order.")
    return solver_for(penalty, method).solve(phi, y, float(penalty))


def solver_for(penalty: float, method: AbstractLeastSquares | None) -> AbstractLeastSquares:
    """`method`, or if there is none, the normal equations where there is a penalty."""
    return method if method is not None else Cholesky() if penalty > 0 else SVD()
