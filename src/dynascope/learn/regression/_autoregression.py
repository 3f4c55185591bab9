"""Maps on a few samples of the past: linear, or with products of samples (next-generation reservoirs)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractMap
from ._polynomials import monomials, terms
from ._ridge import AbstractLeastSquares, ridge


class NextGeneration(AbstractMap):
    r"""The next-generation reservoir: the next sample is the present one plus a polynomial of a few past samples.

    x[n+1] = x[n] + W^T phi(x[n], x[n-s], ..., x[n-(k-1)s]),  with phi all monomials up to `order`.

    With `order` 1 it is the linear autoregressive model. The state holds the (k-1) s + 1 latest samples, the newest
    first.

    Args:
        weights: W, shape `(term, channel)`.
        taps: k, the number of samples that the polynomial sees.
        spacing: s, steps between them.
        order: Highest degree.

    Raises:
        InputError: If the number of weights is not that of the terms.

    Reference:
        Gauthier, Bollt, Griffith & Barbosa (2021), Next generation reservoir computing, Nature Communications 12, 5564.

    Example:
        >>> model = NextGeneration(jnp.array([[0.5], [-0.5]]), taps=1, order=1)
        >>> model.step(0, jnp.array([[0.0]]), None).tolist()
        [[0.5]]
    """

    reference: ClassVar[str] = "Gauthier, Bollt, Griffith & Barbosa (2021), Nature Communications 12, 5564"

    weights: Param = param(doc="weights of the monomials", learned=True)
    taps: int = setting(2, doc="samples that the polynomial sees")
    spacing: int = setting(1, doc="steps between them")
    order: int = setting(2, doc="highest degree of the monomials")

    def __check_init__(self) -> None:
        if min(self.taps, self.spacing, self.order) < 1:
            raise InputError(
                f"`taps`, `spacing` and `order` must be 1 at least, got {self.taps}, {self.spacing} and {self.order}."
            )
        found, channels = self.weights.shape
        wanted = len(terms(channels * self.taps, self.order))
        if found != wanted:
            raise InputError(
                f"{self.taps} taps of {channels} channels up to order {self.order} need {wanted} rows of `weights`, "
                f"got {found}."
            )

    @property
    def memory(self) -> int:
        """Number of samples in the state."""
        return (self.taps - 1) * self.spacing + 1

    def initial_state(self) -> State:
        return jnp.zeros((self.memory, self.weights.shape[-1]), self.weights.dtype)

    def observe(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return y[0]

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        seen = y[:: self.spacing].reshape(-1)
        fresh = y[0] + monomials(seen, self.order) @ self.weights
        return jnp.concatenate([fresh[None], y[:-1]])


def fit_next_generation(
    stretches: Sequence[Any],
    *,
    taps: int = 2,
    spacing: int = 1,
    order: int = 2,
    penalty: float = 1e-6,
    method: AbstractLeastSquares | None = None,
) -> NextGeneration:
    """Fit a next-generation reservoir by ridge regression on the increments.

    Args:
        stretches: Arrays of shape `(time, channel)`.
        taps: Samples that the polynomial sees.
        spacing: Steps between them.
        order: Highest degree; 1 for a linear model.
        penalty: Of the ridge regression, per sample: it is multiplied by their number.
        method: How the regression is solved.

    Raises:
        InputError: If no stretch is longer than the memory.
    """
    memory = (taps - 1) * spacing + 1
    features, targets = [], []
    for x in (np.asarray(s, np.float64) for s in stretches):
        if len(x) > memory:
            seen = np.concatenate([x[memory - 1 - k * spacing : len(x) - 1 - k * spacing] for k in range(taps)], axis=1)
            features.append(np.asarray(monomials(jnp.asarray(seen), order)))
            targets.append(np.diff(x[memory - 1 :], axis=0))
    if not features:
        raise InputError(f"No stretch has more than the {memory} samples of the memory. Use fewer or nearer taps.")
    phi, y = _joined(features), _joined(targets)
    return NextGeneration(
        jnp.asarray(ridge(phi, y, penalty=penalty * len(phi), method=method)), taps=taps, spacing=spacing, order=order
    )


def _joined(parts: list[Any]) -> NDArray[np.float64]:
    return np.concatenate(parts)
