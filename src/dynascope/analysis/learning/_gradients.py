"""How far gradients reach back through time, and in how many directions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import State
from ...systems import AbstractSystem
from .._precision import require_64_bit
from ._exponents import lyapunov_over_sequences
from ._factored import extended, identity, log_mean_square, log_singular_values, participation
from ._sequences import as_sequences, check_map, flattened, in_pieces, mean_and_error

#: Longest lag, and number of lags, when none are given.
_LONGEST, _COUNT = 200, 24


class GradientHealth(AbstractResult):
    """Gradients of the state with respect to earlier states.

    The product of Jacobians over a lag, dh(t) / dh(t - lag), is averaged over the sequences in the logarithm.

    Attributes:
        vanishing_horizon: Lag at which the gradient has shrunk to `vanish`, in steps; infinite if it does not within
            the lags.
        vanishing_stderr: Its standard error over sequences.
        exploding_horizon: Lag at which it has grown to `explode`; infinite if it does not.
        exploding_stderr: Its standard error.
        largest_exponent: Largest finite-time Lyapunov exponent of the same sequences, nats per step; gradients go like
            exp(largest_exponent * lag) in the long run.
        largest_stderr: Its standard error.
        dimension: Size of the flattened state.
        lags: Lags at which singular values were taken, steps.
        log_singular_values: Mean logarithm of each singular value, decreasing, shape `(lag, direction)`; -inf for
            directions that are wiped out.
        log_stderr: Standard errors over sequences.
        participation: (sum s^2)^2 / sum s^4 of the singular values s at each lag: in how many directions gradients
            come back, from 1 to the dimension.
        participation_stderr: Standard errors.
        steps: Every lag from 0 on.
        log_gradient: Mean logarithm of the norm of the gradient at each of them, relative to lag 0: that of the
            `loss` if one was given, else the root mean square over all directions of the last state.
        gradient_stderr: Standard errors.
    """

    vanishing_horizon: float
    vanishing_stderr: float
    exploding_horizon: float
    exploding_stderr: float
    largest_exponent: float
    largest_stderr: float
    dimension: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    lags: np.ndarray = output("lag", unit="step", doc="lags of the singular values")
    log_singular_values: np.ndarray = output("lag", "direction", doc="mean log singular values")
    log_stderr: np.ndarray = output("lag", "direction", doc="standard errors")
    participation: np.ndarray = output("lag", doc="participation ratio of the directions")
    participation_stderr: np.ndarray = output("lag", doc="standard errors")
    steps: np.ndarray = output("step", unit="step", doc="lags of the gradient")
    log_gradient: np.ndarray = output("step", doc="mean log gradient norm")
    gradient_stderr: np.ndarray = output("step", doc="standard errors")

    def summary(self) -> str:
        """After how many steps gradients vanish or explode."""
        vanish, explode = self.settings["vanish"], self.settings["explode"]
        found = []
        for verb, factor, value, error in (
            (f"vanish (below {vanish:g})", vanish, self.vanishing_horizon, self.vanishing_stderr),
            (f"explode (beyond {explode:g})", explode, self.exploding_horizon, self.exploding_stderr),
        ):
            del factor
            if math.isfinite(value):
                sure = f" +- {error:.2g}" if math.isfinite(error) and error > 0 else ""
                found.append(f"gradients {verb} after {math.ceil(value - 1e-9)}{sure} steps")
        if not found:
            last = math.exp(self.log_gradient[-1]) if np.isfinite(self.log_gradient[-1]) else math.nan
            found.append(f"gradients neither vanish nor explode within {self.steps[-1]} steps (factor {last:.3g})")
        where = f"{self.participation[-1]:.2g} of {self.dimension} directions at lag {self.lags[-1]}"
        text = f"{'; '.join(found)}; they come back in {where}; largest exponent {self.largest_exponent:.3g}"
        error = f" +- {self.largest_stderr:.1g}" if math.isfinite(self.largest_stderr) else ""
        return f"{text[0].upper()}{text[1:]}{error} per step."


class _Window(eqx.Module):
    """What is done in each window of one sequence."""

    y0: State
    loss: Any
    lags: jax.Array
    ends: int = eqx.field(static=True)
    longest: int = eqx.field(static=True)
    transient: int = eqx.field(static=True)


def gradient_health(
    system: AbstractSystem,
    sequences: Any,
    *,
    lags: Sequence[int] | int | None = None,
    ends: int = 1,
    loss: Callable[[State], Any] | None = None,
    vanish: float = 1e-3,
    explode: float = 1e3,
    transient: int | None = None,
    y0: State = None,
    throw: bool = True,
    progress: bool = False,
) -> GradientHealth:
    r"""How gradients shrink or grow on their way back through time, under the user's own inputs.

    The Jacobian over a lag, $\partial h_t / \partial h_{t-\ell} = J_t J_{t-1} \cdots J_{t-\ell+1}$, is built backwards
    from t as training does, by vector-Jacobian products; it is kept as Q diag(e^s) T, so that products over hundreds of
    steps neither overflow nor lose their small singular values. Work per lag grows with the cube of the dimension.

    Args:
        system: A map with input, such as a network from `read_network`.
        sequences: Shape `(batch, time, channels)`, or a list of arrays `(time, channels)`.
        lags: Lags at which singular values are taken, or the longest of them; None takes up to 24 lags, spread evenly
            in the logarithm, as long as the sequences allow, at most 200.
        ends: Number of times t in each sequence, spread evenly; the last one is its end.
        loss: A function of the state to a number, whose gradient at t is sent back; None takes the root mean square
            over all directions.
        vanish: Factor at which a gradient counts as vanished.
        explode: Factor at which it counts as exploded.
        transient: Steps at the beginning of each sequence through which no gradient is followed; None takes a fifth
            of the shortest one, at most 500.
        y0: State at the beginning of every sequence; None takes `initial_state()`.
        throw: Raise `ComputationFailed` if the network diverges under some sequence.
        progress: Show progress on standard error.

    Returns:
        A `GradientHealth`; errors are from the spread over sequences, infinite for a single one.

    Raises:
        InputError: If `system` is no map with a tangent, shapes do not fit, or sequences are shorter than the lags.
        ComputationFailed: If a state becomes infinite, and `throw`.

    Reference:
        Bengio, Simard & Frasconi (1994), Learning long-term dependencies with gradient descent is difficult, IEEE
        Transactions on Neural Networks 5, 157-166; Pascanu, Mikolov & Bengio (2013), On the difficulty of training
        recurrent neural networks, ICML.

    Example:
        >>> import dynascope as ds, numpy as np
        >>> network = ds.build("gru", n=8).replace(gain=1.0)
        >>> found = gradient_health(network, np.random.default_rng(0).normal(size=(4, 80, 1)), lags=40)
        >>> found.log_singular_values.shape[1], bool(found.vanishing_horizon < 40)
        (8, True)
    """
    check_map(system, "gradient_health")
    require_64_bit("`gradient_health`")
    if not (0 < vanish < 1 < explode and math.isfinite(explode)):
        raise InputError(f"`vanish` must lie between 0 and 1 and `explode` above 1, got {vanish} and {explode}.")
    given = as_sequences(system, sequences)
    shortest = int(given.lengths.min())
    skipped = min(shortest // 5, 500) if transient is None else transient
    chosen = _lags(lags, shortest - skipped)
    if ends < 1:
        raise InputError(f"`ends` must be a whole number of at least 1, got {ends}.")
    window = _Window(y0, loss, jnp.asarray(chosen), ends, int(chosen[-1]), skipped)
    d = flattened(system, y0).start.size
    found, complete = in_pieces(
        lambda us, lengths: _all_windows(system, us, lengths, window),
        (given.values, given.lengths),
        bytes_each=8.0 * (given.values[0].size + given.values.shape[1] * d + ends * (12 * d * d + len(chosen) * d)),
        label=f"Gradients of {type(system).__name__}",
        progress=progress,
    )
    result = RESULTS.successful if complete else RESULTS.interrupted
    if np.any(np.isnan(found[0])):
        result = RESULTS.nonfinite
    if throw and bool(result == RESULTS.nonfinite):
        raise_if_failed(result, what=f"`gradient_health` of `{type(system).__name__}`")
    first = lyapunov_over_sequences(
        system, [s[:n] for s, n in zip(given.values, given.lengths, strict=True)][: len(found[0])],
        k=1, transient=skipped, y0=y0, throw=False,
    )  # fmt: skip
    settings = provenance(
        system=type(system).__name__, vanish=vanish, explode=explode, transient=skipped, ends=ends,
        loss=None if loss is None else getattr(loss, "__name__", type(loss).__name__), sequences=len(found[0]),
    )  # fmt: skip
    return _finished(found, chosen, settings, d, (result, first))


def _lags(lags: Sequence[int] | int | None, room: int) -> np.ndarray:
    """Increasing lags of at least one step that fit into `room` steps."""
    if lags is None or isinstance(lags, int):
        longest = min(room, _LONGEST) if lags is None else lags
        chosen = np.unique(np.geomspace(1, max(longest, 1), _COUNT).round().astype(int))
    else:
        chosen = np.unique(np.asarray(lags, int))
        longest = int(chosen[-1]) if chosen.size else 0
    if not chosen.size or chosen[0] < 1 or not 1 <= longest <= room:
        raise InputError(
            f"`lags` must lie between 1 and the {room} steps that the shortest sequence has after the transient, got "
            f"{lags}. Give longer sequences, a shorter `transient` or shorter `lags`."
        )
    return chosen


@compiled
def _all_windows(system: AbstractSystem, us: Any, lengths: Any, window: _Window) -> tuple[Any, ...]:
    return jax.vmap(lambda u, n: _windows(system, u, n, window))(us, lengths)


def _windows(system: AbstractSystem, us: Any, length: Any, window: _Window) -> tuple[Any, ...]:
    """Averages over the windows of one sequence: log singular values, participation, log gradient."""
    network = flattened(system, window.y0)
    numbers = jnp.arange(us.shape[0])

    def forward(y: Any, at: tuple[Any, Any]) -> tuple[Any, Any]:
        n, u = at
        return network.step(n, y, u), y

    last, ys = jax.lax.scan(forward, network.start, (numbers, us))
    ys = jnp.concatenate([ys, last[None]])
    earliest = window.transient + window.longest
    share = (jnp.arange(window.ends) + 1) / window.ends if window.ends > 1 else jnp.ones(1)
    ends = earliest + jnp.round(share * (length - earliest)).astype(int)

    def pull(n: Any) -> Any:
        return jax.vjp(lambda y: network.step(n, y, us[n]), ys[n])[1]

    found = jax.vmap(lambda end: _window(network, pull, (ys[end], end), window))(ends)
    finite = jnp.all(jnp.isfinite(jnp.where((jnp.arange(len(ys)) <= length)[:, None], ys, 0.0)))
    return tuple(jnp.where(finite, jnp.mean(x, axis=0), jnp.nan) for x in found)


def _window(network: Any, pull: Callable[[Any], Any], end: tuple[Any, Any], window: _Window) -> tuple[Any, ...]:
    """From one time back over all lags."""
    y, t = end
    sent = jnp.zeros_like(y)
    if window.loss is not None:
        sent = ravel_pytree(jax.grad(window.loss)(network.unravel(y)))[0]
    sent, _ = _unit(sent)
    record = jnp.zeros(window.longest + 1, y.dtype)

    def back(lag: Any, carry: Any) -> Any:
        product, sent, norm, record = carry
        transposed = pull(t - lag - 1)
        product = extended(product, jax.vmap(lambda c: transposed(c)[0], in_axes=1, out_axes=1)(product.q))
        sent, grown = _unit(transposed(sent)[0])
        norm = norm + grown
        value = 0.5 * log_mean_square(product) if window.loss is None else norm
        return product, sent, norm, record.at[lag + 1].set(value)

    def to_lag(carry: Any, lag: Any) -> Any:
        state, before = carry
        state = jax.lax.fori_loop(before, lag, back, state)
        logs = log_singular_values(state[0])
        return (state, lag), (logs, participation(logs))

    start = identity(y.size, y.dtype), sent, jnp.zeros((), y.dtype), record
    ((_, _, _, record), _), (logs, directions) = jax.lax.scan(to_lag, (start, jnp.zeros((), int)), window.lags)
    return logs, directions, record


def _unit(vector: Any) -> tuple[Any, Any]:
    """A vector of length one, and the logarithm of the length that it had."""
    # Scaled first, because squares of tiny entries underflow.
    largest = jnp.max(jnp.abs(vector))
    gone = largest == 0
    scaled = vector / jnp.where(gone, 1.0, largest)
    length = jnp.where(gone, 1.0, jnp.linalg.norm(scaled))
    return scaled / length, jnp.where(gone, -jnp.inf, jnp.log(length) + jnp.log(jnp.where(gone, 1.0, largest)))


def _finished(
    found: tuple[np.ndarray, ...], lags: np.ndarray, settings: dict[str, Any], dimension: int, outcome: tuple[Any, Any]
) -> GradientHealth:
    result, first = outcome
    (logs, log_error), (share, share_error), (norm, norm_error) = (mean_and_error(x) for x in found)
    vanish, vanish_error = _horizon(norm, norm_error, math.log(settings["vanish"]))
    explode, explode_error = _horizon(norm, norm_error, math.log(settings["explode"]))
    return GradientHealth(
        vanishing_horizon=vanish,
        vanishing_stderr=vanish_error,
        exploding_horizon=explode,
        exploding_stderr=explode_error,
        largest_exponent=float(first.exponents[0]),
        largest_stderr=float(first.stderr[0]),
        dimension=dimension,
        result=result,
        settings=settings,
        lags=lags,
        log_singular_values=logs,
        log_stderr=log_error,
        participation=share,
        participation_stderr=share_error,
        steps=np.arange(len(norm)),
        log_gradient=norm,
        gradient_stderr=norm_error,
    )


def _horizon(norm: np.ndarray, error: np.ndarray, level: float) -> tuple[float, float]:
    """The first lag at which a curve that starts at 0 reaches `level`, between steps by a straight line."""
    beyond = np.flatnonzero(norm <= level if level < 0 else norm >= level)
    if not beyond.size:
        return math.inf, math.inf
    i = int(beyond[0])
    slope = norm[i] - norm[i - 1]
    if not np.isfinite(slope):
        return float(i), 0.0
    return float(i - 1 + (level - norm[i - 1]) / slope), float(error[i] / abs(slope))
