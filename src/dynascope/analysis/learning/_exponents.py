"""Lyapunov exponents of a network driven by finite sequences: per sequence, and on average."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import State
from ...systems import AbstractSystem
from .._precision import require_64_bit
from ..stability import Benettin
from ._sequences import as_sequences, check_map, flattened, in_pieces, mean_and_error

#: All exponents are computed up to this dimension, beyond it `_LEADING`.
_ALL, _LEADING = 64, 16


class SequenceExponents(AbstractResult):
    """Finite-time Lyapunov exponents along given input sequences.

    Attributes:
        exponents: Mean over the sequences, in decreasing order, nats per step. `-inf` marks a direction that is wiped
            out, beyond what double precision resolves in one interval.
        stderr: Standard error of each from the spread over sequences; infinite for one sequence.
        per_sequence: Exponents of each sequence, shape `(sequence, exponent)`.
        lengths: Steps of each sequence, without the transient.
        drift: Mean change of each exponent from the first to the second half of a sequence.
        drift_stderr: Its standard error.
        settled: Whether the largest exponent drifts by no more than three standard errors and 1 % of itself (a single
            sequence: 10 % of itself). If it does, the numbers depend on the length of the sequences, or the transient
            is too short.
        dimension: Size of the flattened state; 2n for an LSTM of n cells.
    """

    settled: bool
    dimension: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    exponents: np.ndarray = output("exponent", unit="nats/step", doc="mean finite-time exponents")
    stderr: np.ndarray = output("exponent", unit="nats/step", doc="standard errors over sequences")
    per_sequence: np.ndarray = output("sequence", "exponent", unit="nats/step", doc="exponents of each sequence")
    lengths: np.ndarray = output("sequence", doc="steps averaged over")
    drift: np.ndarray = output("exponent", unit="nats/step", doc="change from the first to the second half")
    drift_stderr: np.ndarray = output("exponent", unit="nats/step", doc="standard error of the change")

    def summary(self) -> str:
        """The leading exponents with errors, and what their sign says."""
        if not np.all(np.isfinite(self.per_sequence[:, :1]) | np.isneginf(self.per_sequence[:, :1])):
            return "No exponents: the network diverged under some of the sequences."
        shown = ", ".join(f"{x:.4g} +- {e:.1g}" for x, e in zip(self.exponents[:4], self.stderr[:4], strict=True))
        more = f" and {len(self.exponents) - 4} more" if len(self.exponents) > 4 else ""
        first, error = self.exponents[0], self.stderr[0]
        if first < -2 * error:
            verdict = "differences die out: the network forgets"
        elif first > 2 * error:
            verdict = "differences grow: the network is chaotic under this input"
        else:
            verdict = "the sign of the largest is not known"
        state = "" if self.settled else " They still change along the sequences: leave out a longer transient."
        return (
            f"Finite-time exponents over {len(self.lengths)} sequence(s) of {_span(self.lengths)} steps (nats/step): "
            f"{shown}{more}; {verdict}.{state}"
        )


def sequence_exponents(
    system: AbstractSystem,
    sequences: Any,
    *,
    k: int | None = None,
    transient: int = 0,
    every: int = 1,
    lengths: Any = None,
    y0: State = None,
) -> jax.Array:
    r"""The `k` leading finite-time exponents along each sequence, as a pure function.

    $\lambda_i = T^{-1} \sum_t \log |R^{(t)}_{ii}|$ with $Q^{(t)} R^{(t)} = J_t Q^{(t-1)}$, where $J_t$ is the Jacobian
    of step t. It may be compiled, batched and differentiated, also in reverse mode with respect to the weights, as long
    as no direction is wiped out exactly. `lyapunov_over_sequences` is the same with errors, for long lists.

    Args:
        system: A map with input.
        sequences: Shape `(batch, time, channels)`; for a map without input `(batch, time, 0)`.
        k: Number of exponents; None takes all up to dimension 64, else 16.
        transient: Steps at the beginning that turn the vectors into their own directions and are not averaged over.
        every: Steps between orthonormalisations.
        lengths: True length of each sequence, for padded ones; None takes all of it.
        y0: State at the beginning of every sequence; None takes `initial_state()`.

    Returns:
        Shape `(batch, k)`, unsorted: in the order of the orthonormalisation, which is nearly decreasing.

    Raises:
        InputError: If `system` is no map with a tangent, `k` is out of range, or nothing is left after the transient.

    Reference:
        Benettin, Galgani, Giorgilli & Strelcyn (1980), Lyapunov characteristic exponents for smooth dynamical systems,
        Meccanica 15, 9-30; Engelken, Wolf & Abbott (2023), Lyapunov spectra of chaotic recurrent neural networks,
        Physical Review Research 5, 043044.

    Example:
        >>> import dynascope as ds, jax.numpy as jnp
        >>> network = ds.build("rnn", n=4).replace(gain=0.5)
        >>> sequence_exponents(network, jnp.zeros((3, 50, 1)), k=2).shape
        (3, 2)
    """
    check_map(system, "sequence_exponents")
    time = jnp.shape(sequences)[1]
    _check_span(time, transient)
    until = jnp.full(jnp.shape(sequences)[0], time) if lengths is None else jnp.asarray(lengths)
    span = _span_of(system, y0, k, transient, every)
    logs, steps = jax.vmap(lambda us, n: _growth(system, us, n, span))(jnp.asarray(sequences), until)
    return logs.sum(axis=1) / steps.sum(axis=1)[:, None]


class _Span(eqx.Module):
    """How one sequence is run through."""

    y0: State
    vectors: int = eqx.field(static=True)
    transient: int = eqx.field(static=True)
    every: int = eqx.field(static=True)


def _span_of(system: AbstractSystem, y0: State, k: int | None, transient: int, every: int) -> _Span:
    return _Span(y0, _vectors(flattened(system, y0).start.size, k), transient, every)


def _growth(system: AbstractSystem, us: Any, length: Any, span: _Span) -> tuple[Any, Any]:
    """Logarithmic growth of the frame in the first and the second half of one sequence, `(2, k)`, and their steps."""
    network = flattened(system, span.y0)
    d, k = network.start.size, span.vectors
    # A random frame: coordinate vectors may lie in the null space of one step, such as h of an LSTM. Vectors are rows
    # as they are drawn, so that the first exponents do not depend on how many are asked for.
    q = jnp.linalg.qr(jax.random.normal(jax.random.key(0), (k, d), network.start.dtype).T)[0]
    middle = (span.transient + length) // 2
    # Steps after the end do not move the frame, so that the length may differ between sequences.
    blocks = -(-us.shape[0] // span.every)
    us = jnp.pad(us, ((0, blocks * span.every - us.shape[0]), (0, 0)), mode="edge")
    us = us.reshape(blocks, span.every, us.shape[1])

    def push(carry: Any, u: Any) -> Any:
        y, q, n = carry
        y1, linear = jax.linearize(lambda y: network.step(n, y, u), y)
        image = jax.vmap(linear, in_axes=1, out_axes=1)(q)
        live = n < length
        return (jnp.where(live, y1, y), jnp.where(live, image, q), n + 1), None

    def interval(carry: Any, block: Any) -> Any:
        y, q, n, logs, steps = carry
        (y, q, after), _ = jax.lax.scan(push, (y, q, n), block)
        q, r = jnp.linalg.qr(q)
        # Whole intervals count: the one in which the transient ends is left out.
        counts = (n >= span.transient) & (n < length)
        half = jnp.where(n < middle, 0, 1)
        logs = logs.at[half].add(jnp.where(counts, _log_diagonal(r), 0.0))
        steps = steps.at[half].add(jnp.where(counts, jnp.minimum(after, length) - n, 0))
        return (y, q, after, logs, steps), None

    nothing = jnp.zeros((2, k), q.dtype), jnp.zeros(2, int)
    (y, q, _, logs, steps), _ = jax.lax.scan(interval, (network.start, q, jnp.zeros((), int), *nothing), us)
    finite = jnp.all(jnp.isfinite(y)) & jnp.all(jnp.isfinite(q))
    return jnp.where(finite, logs, jnp.nan), steps


def _log_diagonal(r: Any) -> Any:
    """Log |R_ii|, -inf where a column has nothing left but the rounding of its projections."""
    length = jnp.abs(jnp.diagonal(r))
    column = jnp.sqrt(jnp.sum(r * r, axis=0) + jnp.finfo(r.dtype).tiny)
    gone = length <= 4 * len(r) * jnp.finfo(r.dtype).eps * column
    return jnp.where(gone, -jnp.inf, jnp.log(jnp.where(gone, 1.0, length)))


def lyapunov_over_sequences(
    system: AbstractSystem,
    sequences: Any,
    *,
    k: int | None = None,
    transient: int | None = None,
    y0: State = None,
    method: Benettin | None = None,
    throw: bool = True,
    progress: bool = False,
) -> SequenceExponents:
    """Lyapunov exponents of a network under the user's own input sequences, with errors from their spread.

    Sequences are finite and the input is not repeated, so the exponents are finite-time ones: growth rates of
    differences over the length of a sequence, by the QR method of `sequence_exponents`. The state of an LSTM is (h, c):
    it has 2n exponents for n cells.

    Args:
        system: A map with input, such as a network from `read_network`.
        sequences: Shape `(batch, time, channels)`, or a list of arrays `(time, channels)` of different lengths.
        k: Number of exponents; None takes all up to dimension 64, else 16.
        transient: Steps at the beginning of each sequence that are not averaged over; None takes a fifth of the
            shortest sequence, at most 500.
        y0: State at the beginning of every sequence; None takes `initial_state()`.
        method: `Benettin(every=...)`; without it vectors are orthonormalised at every step.
        throw: Raise `ComputationFailed` if the network diverges under some sequence.
        progress: Show progress on standard error.

    Returns:
        A `SequenceExponents`. Interrupted from the keyboard it holds the sequences that were done.

    Raises:
        InputError: If `system` is no map with a tangent, shapes do not fit, or `k` or `transient` is out of range.
        ComputationFailed: If a state becomes infinite, and `throw`.

    Reference:
        Engelken, Wolf & Abbott (2023), Lyapunov spectra of chaotic recurrent neural networks, Physical Review
        Research 5, 043044; Vogt, Puelma Touzel, Shlizerman & Lajoie (2022), On Lyapunov exponents for RNNs, Frontiers
        in Applied Mathematics and Statistics 8, 818799.

    Example:
        >>> import dynascope as ds, numpy as np
        >>> network = ds.build("lstm", n=4)
        >>> found = lyapunov_over_sequences(network, np.random.default_rng(0).normal(size=(5, 60, 1)))
        >>> found.exponents.shape, found.per_sequence.shape
        ((8,), (5, 8))
    """
    check_map(system, "lyapunov_over_sequences")
    require_64_bit("`lyapunov_over_sequences`")
    given = as_sequences(system, sequences)
    shortest = int(given.lengths.min())
    skipped = min(shortest // 5, 500) if transient is None else transient
    _check_span(shortest, skipped)
    every = (method.every if method is not None else None) or 1
    span = _span_of(system, y0, k, skipped, every)
    d = flattened(system, y0).start.size
    bytes_each = 8.0 * (given.values[0].size + 8 * d * span.vectors + 4 * d)
    (halves, steps), complete = in_pieces(
        lambda us, lengths: _all_growths(system, us, lengths, span),
        (given.values, given.lengths),
        bytes_each=bytes_each,
        label=f"Exponents of {type(system).__name__} over sequences",
        progress=progress,
    )
    result = RESULTS.successful if complete else RESULTS.interrupted
    if np.any(np.isnan(halves)):
        result = RESULTS.nonfinite
    if throw and bool(result == RESULTS.nonfinite):
        raise_if_failed(result, what=f"`lyapunov_over_sequences` of `{type(system).__name__}`")
    settings = provenance(system=type(system).__name__, every=every, transient=skipped, k=span.vectors)
    return _finished(halves, steps, settings, d, result)


@compiled
def _all_growths(system: AbstractSystem, us: Any, lengths: Any, span: _Span) -> tuple[Any, Any]:
    return jax.vmap(lambda u, n: _growth(system, u, n, span))(us, lengths)


def _finished(
    halves: np.ndarray, steps: np.ndarray, settings: dict[str, Any], dimension: int, result: Any
) -> SequenceExponents:
    averaged = steps.sum(axis=1)
    exponents = halves.sum(axis=1) / averaged[:, None]
    order = np.argsort(-exponents.mean(axis=0), kind="stable")
    exponents = exponents[:, order]
    mean, error = mean_and_error(exponents)
    rates = halves[:, :, order] / np.maximum(steps, 1)[:, :, None]
    lost: np.ndarray = ~np.isfinite(rates.sum(axis=1))
    change = np.where(lost, 0.0, np.diff(np.where(lost[:, None], 0.0, rates), axis=1)[:, 0])
    drift, drift_error = mean_and_error(change)
    # One sequence has no error to judge by: there a tenth of the exponent counts as a drift.
    allowed = 3 * drift_error + 0.01 * np.abs(mean) if len(exponents) > 1 else 0.1 * np.abs(mean)
    settled = bool(np.all(np.abs(drift[:1]) <= allowed[:1]))
    return SequenceExponents(
        settled=settled,
        dimension=dimension,
        result=result,
        settings=settings,
        exponents=mean,
        stderr=error,
        per_sequence=exponents,
        lengths=averaged,
        drift=drift,
        drift_stderr=drift_error,
    )


def _vectors(dimension: int, k: int | None) -> int:
    if k is None:
        return dimension if dimension <= _ALL else _LEADING
    if not 1 <= k <= dimension:
        raise InputError(f"`k` must lie between 1 and the dimension {dimension}, got {k}.")
    return k


def _check_span(shortest: int, transient: int) -> None:
    if not 0 <= transient < shortest:
        raise InputError(
            f"`transient` must lie between 0 and the {shortest} steps of the shortest sequence, got {transient}."
        )


def _span(lengths: np.ndarray) -> str:
    low, high = int(lengths.min()), int(lengths.max())
    return f"{low}" if low == high else f"{low} to {high}"
