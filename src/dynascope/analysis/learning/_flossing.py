"""Gradient flossing: a loss term that holds Lyapunov exponents where gradients survive."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..._types import State
from ...systems import AbstractSystem
from ._exponents import sequence_exponents


def flossing_loss(
    system: AbstractSystem,
    sequences: Any,
    *,
    k: int,
    target: Any = 0.0,
    transient: int = 0,
    every: int = 1,
    y0: State = None,
) -> jax.Array:
    r"""How far the `k` leading finite-time exponents are from `target`.

    $\langle \sum_{i \le k} (\lambda_i - \lambda_i^*)^2 \rangle$, with the mean over the sequences. It is a pure
    function of the weights, differentiable in reverse mode through the QR factorisations. Minimise it before training
    ("pre-flossing"), or add a multiple of it to the loss for some steps during training. It is infinite where a
    direction is wiped out exactly, as rectified networks may: take `k` below the number of directions that live.

    Args:
        system: A map with input.
        sequences: Shape `(batch, time, channels)`; for a map without input `(batch, time, 0)`.
        k: Number of leading exponents.
        target: What they are pushed to, a number or shape `(k,)`; nats per step.
        transient: Steps at the beginning that are not counted.
        every: Steps between orthonormalisations.
        y0: State at the beginning of every sequence; None takes `initial_state()`.

    Returns:
        A number, in (nats per step) squared.

    Raises:
        InputError: As `sequence_exponents`.

    Reference:
        Engelken (2023), Gradient flossing: improving gradient descent through dynamic control of Jacobians, Advances
        in Neural Information Processing Systems 36.

    Example:
        >>> import dynascope as ds, equinox as eqx, jax.numpy as jnp
        >>> network = ds.build("rnn", n=6)
        >>> slope = eqx.filter_grad(flossing_loss)(network, jnp.ones((2, 20, 1)), k=2)
        >>> slope.layers[0].weight_hh.shape
        (6, 6)
    """
    found = sequence_exponents(system, sequences, k=k, transient=transient, every=every, y0=y0)
    return jnp.mean(jnp.sum((found - jnp.asarray(target)) ** 2, axis=1))
