"""The spectrum of a given sequence of Jacobians."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._config import one_blas_thread
from ..._errors import InputError
from ..._results import provenance
from .._differentiable import rate_unit
from .._frames import factor_matrix, logs_of, random_frames
from .._precision import require_64_bit
from ..stability import LyapunovSpectrum
from ..stability._spectrum import spectrum_of
from ._orbit import checked_count

#: Numbers of one compiled piece, blocks of an error, and the share left out when no transient is given.
_NUMBERS, _BLOCKS, _TRANSIENT = 2_000_000, 64, 0.1
#: Fewest matrices from which exponents are taken.
_FEWEST = 16


def exponents_from_jacobians(
    jacobians: Any,
    dt: float = 1.0,
    *,
    k: int | None = None,
    transient: float | None = None,
    time_unit: str = "step",
) -> LyapunovSpectrum:
    r"""Lyapunov exponents of the product of a given sequence of matrices.

    Matrix n carries tangent vectors from moment n to moment n + 1, so the product after N steps is $J_{N-1} \cdots J_1
    J_0$: the first matrix acts first, and `jacobians[n][i, j]` is the derivative of component i at moment n + 1 by
    component j at moment n. $\lambda_i = (N dt)^{-1} \sum_n \log R^{(n)}_{ii}$ with $J_n Q_n = Q_{n+1} R^{(n)}$. Errors
    are those of time averages, from the power of the rates at low frequencies.

    Args:
        jacobians: Shape `(time, d, d)`: derivatives of a map, of a network's layers or steps, or flow maps over `dt`
            (not the Jacobian of a vector field: take `expm(J * dt)` of that).
        dt: Time between moments.
        k: Number of exponents; None takes all.
        transient: Time left out, in which the frame turns into its own directions; None takes a tenth of the sequence.
        time_unit: Unit of `dt`, for the unit of the exponents.

    Returns:
        A `LyapunovSpectrum`.

    Raises:
        InputError: For another shape, values that are not finite, fewer than 16 matrices left, or numbers out of range.

    Reference:
        Benettin, Galgani, Giorgilli & Strelcyn (1980), Lyapunov characteristic exponents for smooth dynamical systems
        and for Hamiltonian systems: a method for computing all of them, Meccanica 15, 9-30.

    Example:
        >>> import numpy as np
        >>> from dynascope.analysis.tangent import exponents_from_jacobians
        >>> found = exponents_from_jacobians(np.tile([[2.0, 1.0], [1.0, 1.0]], (400, 1, 1)))
        >>> bool(abs(found.exponents[0] - np.log((3 + 5**0.5) / 2)) < 1e-12)
        True
    """
    require_64_bit("A Lyapunov spectrum")
    matrices = np.asarray(jacobians)
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2] or np.iscomplexobj(matrices):
        raise InputError(
            f"`jacobians` must be real matrices of shape (time, d, d), got {matrices.dtype} of shape {matrices.shape}."
        )
    n, d, _ = matrices.shape
    bad = int(np.sum(~np.isfinite(matrices).all(axis=(1, 2))))
    if bad:
        raise InputError(f"`jacobians` holds {bad} matrices with values that are not finite. Leave them out.")
    if not (math.isfinite(dt) and dt > 0):
        raise InputError(f"`dt` must be a positive number, got {dt}.")
    vectors = d if k is None else checked_count(k, "k", least=1, most=d)
    skipped = int(_TRANSIENT * n) if transient is None else round(transient / dt)
    if not 0 <= skipped <= n - _FEWEST:
        raise InputError(
            f"{n} matrices after a transient of {skipped} leave {n - skipped}; at least {_FEWEST} are needed. Shorten "
            "`transient`, or give a longer sequence."
        )
    frame = random_frames(jax.random.key(0), d, vectors)
    pieces = []
    size = max(1, _NUMBERS // (d * d))
    with one_blas_thread():
        for first in range(0, n, size):
            frame, logs = _pushed(frame, jnp.asarray(matrices[first : first + size], float))
            pieces.append(np.asarray(logs))
    rates = np.concatenate(pieces)[skipped:] / dt
    settings = provenance(
        method="given Jacobians", matrices=n, step=dt, transient=skipped * dt, duration=len(rates) * dt
    )
    return _spectrum(rates, d, dt, rate_unit(time_unit), settings)


@compiled
def _pushed(frame: Any, matrices: Any) -> tuple[Any, Any]:
    def push(q: Any, jacobian: Any) -> Any:
        q, r = factor_matrix(jacobian @ q)
        return q, logs_of(r)

    return jax.lax.scan(push, frame, matrices)


def _spectrum(rates: np.ndarray, dimension: int, dt: float, unit: str, settings: dict[str, Any]) -> LyapunovSpectrum:
    """From growth rates at every moment, shape `(time, k)`."""
    group = max(1, len(rates) // _BLOCKS)
    whole = len(rates) // group * group
    rates = rates[len(rates) - whole :]
    series = rates.reshape(-1, group, rates.shape[1]).mean(axis=1)
    return spectrum_of(series, span=whole * dt, dimension=dimension, unit=unit, settings=settings)
