"""Expansion entropy: how fast volumes of every dimension grow inside a region, transient chaos included."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...solve import Progress
from ...systems import AbstractSystem, Box, kind
from .._as_map import Stepped
from .._differentiable import differentiable_map, rate_unit
from .._frames import tangent_of
from ._orbit import checked_count, steps_of

#: Starts of one compiled call, moments at which the growth of a flow is taken, and repetitions of the bootstrap.
_CHUNK, _MOMENTS, _BOOTSTRAP = 1024, 64, 200
#: Steps of a map, and solver steps of a flow, when no duration is given.
_DURATION_MAP, _DURATION = 40, 4_000
#: Fewest starts that must carry the mean (as an effective number) and moments that a slope is drawn through.
_EFFECTIVE, _FEWEST = 50, 4
#: Largest growth, as a logarithm, at which singular values near 1 still have digits.
_RESOLVED = 30.0


class ExpansionEntropy(AbstractResult):
    """The expansion entropy of a system on a region.

    Attributes:
        entropy: Slope of `log_growth` over the moments used.
        stderr: Its standard error, by a bootstrap over starts.
        drift: Slope over the later half of these moments minus that over the earlier half.
        drift_stderr: Its standard error.
        converged: Whether the drift is within 3 of its standard errors (or 1% of the slope).
        times: Moments.
        log_growth: Logarithm of the mean of G over all starts; those that have left the region count as 0.
        log_growth_stderr: Its standard error.
        staying: Share of starts that have stayed in the region up to each moment.
        used: Whether each moment enters the slope.
        escape_rate: Rate at which starts leave, over the moments used.
        unit: `nats/step` or `nats/<time unit>`.
    """

    entropy: float
    stderr: float
    drift: float
    drift_stderr: float
    escape_rate: float
    converged: bool
    unit: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    times: np.ndarray = output("time", doc="moments")
    log_growth: np.ndarray = output("time", doc="logarithm of the mean growth of volumes")
    log_growth_stderr: np.ndarray = output("time", doc="standard errors of it")
    staying: np.ndarray = output("time", doc="shares of starts still in the region")
    used: np.ndarray = output("time", doc="whether a moment enters the slope")

    def summary(self) -> str:
        """The entropy with its error, and whether the slope is one."""
        state = "" if self.converged else f" The slope still drifts by {self.drift:.2g}: run longer, with more starts."
        leave = f"; starts leave at the rate {self.escape_rate:.3g}" if self.escape_rate > 0 else ""
        return f"Expansion entropy {self.entropy:.5g} +- {self.stderr:.1g} {self.unit}{leave}.{state}"


def expansion_entropy(
    system: AbstractSystem,
    region: Box | None = None,
    *,
    starts: int = 10_000,
    duration: float | None = None,
    key: Key | None = None,
    inputs: Any = None,
    solver: Any = None,
    throw: bool = True,
    progress: bool = False,
) -> ExpansionEntropy:
    r"""The expansion entropy of a system on a region.

    $H = \lim_{t \to \infty} t^{-1} \ln \left[ \frac{1}{N} \sum_i G(D f^t(x_i)) \right]$, where the starts $x_i$ are
    uniform in the region, the sum is over those that have stayed in it up to time t, and $G(A)$ is the product of the
    singular values of $A$ above 1. It is positive for chaos of every kind, also on repellers and with noise or forcing,
    and agrees with the topological entropy for smooth maps. It is taken as the slope of the logarithm against time over
    the later two thirds of the moments at which the mean is carried by at least 50 starts (effective number
    $(\sum G)^2 / \sum G^2$).

    Args:
        system: Any system with a continuous state but delay flows, whose states fill no box.
        region: The box; None takes that of the system.
        starts: Number of starts.
        duration: Time; None takes 40 steps of a map or 4,000 solver steps.
        key: Random key of the starts and of a noisy system, which needs one (all starts get the same noise).
        inputs: Input signal of a driven system.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
        throw: Raise `ComputationFailed` if too few starts stay for a slope.
        progress: Show progress on standard error.

    Returns:
        An `ExpansionEntropy`.

    Raises:
        InputError: For a discrete state, a delay flow, a missing key or region, or a number out of range.
        ComputationFailed: If starts leave so fast that fewer than four moments are left, and `throw`.

    Reference:
        Hunt & Ott (2015), Defining chaos, Chaos 25, 097618.

    Example:
        >>> import dynascope as ds, jax.numpy as jnp
        >>> from dynascope.analysis.tangent import expansion_entropy
        >>> unit = ds.Box(jnp.zeros(2), jnp.ones(2))
        >>> found = expansion_entropy(ds.build("arnold-cat-map"), unit, starts=200, duration=20)
        >>> bool(abs(found.entropy - math.log((3 + 5**0.5) / 2)) < 1e-9)
        True
    """
    if kind(system) == "delay flow":
        raise InputError(
            f"`{type(system).__name__}` is a delay flow: its states are histories, which fill no box. Look at the "
            "entropy rate of `lyapunov_spectrum` instead."
        )
    box = region if region is not None else system.region()
    if box is None:
        raise InputError(
            f"`{type(system).__name__}` names no region of its own. Give one: `expansion_entropy(system, "
            "Box(low, high))` with two states as its corners."
        )
    stepped = differentiable_map(system, None, inputs=inputs, key=key, solver=solver, what="expansion_entropy")
    dimension = stepped.dimension
    starts = checked_count(starts, "starts", least=2 * _EFFECTIVE)
    low, high = (
        ravel_pytree(jax.tree.map(lambda x: jnp.asarray(x, float), corner))[0] for corner in (box.low, box.high)
    )
    if low.size != dimension or not bool(jnp.all(low < high)):
        raise InputError(
            f"The corners of the region must be states of `{type(system).__name__}` ({dimension} numbers) with `low` "
            f"below `high`, got {low} and {high}."
        )
    discrete = kind(system) in ("map", "random map")
    default = (_DURATION_MAP if discrete else _DURATION // stepped.work) * float(stepped.dt)
    steps = steps_of(default if duration is None else duration, stepped, "duration", least=2 * _FEWEST)
    stride = 1 if steps <= 2 * _MOMENTS else steps // _MOMENTS
    # Rounded up to whole chunks, so that one program serves all.
    drawn = box.sample(key if key is not None else jax.random.key(0), -(-starts // _CHUNK) * _CHUNK)
    pieces: list[np.ndarray] = []
    result = RESULTS.successful
    with Progress(starts, f"expansion entropy of {type(system).__name__}", show=progress) as bar, one_blas_thread():
        try:
            for first in range(0, starts, _CHUNK):
                some = jax.tree.map(lambda leaf, first=first: leaf[first : first + _CHUNK], drawn)
                pieces.append(np.asarray(_expanded(stepped, some, (low, high), stride, moments=steps // stride)))
                bar.advance(_CHUNK)
        except KeyboardInterrupt:
            if not pieces:
                raise
            result = RESULTS.interrupted
    growth = np.concatenate(pieces)[:starts]
    settings = provenance(
        system=type(system).__name__,
        starts=len(growth),
        region=[np.asarray(low).tolist(), np.asarray(high).tolist()],
        step=float(stepped.dt),
    )
    resolved = _RESOLVED if dimension > 2 else math.inf
    found = _fitted(growth, stride * float(stepped.dt), resolved, rate_unit(system.time_unit), result, settings)
    if throw and found.result != RESULTS.interrupted:
        raise_if_failed(found.result, what=f"`expansion_entropy` of `{type(system).__name__}`")
    return found


@compiled
def _expanded(stepped: Stepped, starts: State, corners: Any, stride: int, *, moments: int) -> Any:
    """Logarithm of G at each moment, shape `(start, moment)`; `-inf` once a start has left the region."""
    tangent = tangent_of(stepped)
    low, high = corners
    d = tangent.dimension

    def one(y: State) -> Any:
        def moment(state: Any, _: Any) -> Any:
            run, i, inside, product, scale, volume = state

            def moved(m: Any, c: Any) -> Any:
                run, inside = c
                run = tangent.push(i + m, run)
                place = tangent.place(run[0])
                return run, inside & jnp.all((place >= low) & (place <= high))

            (carry, vectors), inside = jax.lax.fori_loop(0, stride, moved, (run, inside))
            moved_frame = tangent.columns(vectors)
            vectors, r = tangent.factored(vectors)
            volume = volume + jnp.sum(jnp.log(jnp.diagonal(r)))
            product = moved_frame @ product
            size = jnp.max(jnp.abs(product))
            safe = jnp.where(size > 0, size, 1.0)
            product, scale = product / safe, scale + jnp.log(safe)
            log_g = _log_g(product, scale, volume)
            # The frame is set back to the axes, so that its images are the columns of the next Jacobian.
            run = (carry, tangent.start(y, jnp.eye(d))[1])
            return (run, i + stride, inside, product, scale, volume), jnp.where(inside, log_g, -jnp.inf)

        at = jnp.zeros((), int)
        begun = (tangent.start(y, jnp.eye(d)), at, jnp.ones((), bool), jnp.eye(d), jnp.zeros(()), jnp.zeros(()))
        return jax.lax.scan(moment, begun, None, length=moments)[1]

    return jax.vmap(one)(starts)


def _log_g(product: Any, scale: Any, volume: Any) -> Any:
    """Logarithm of the product of the singular values above 1 of `exp(scale) product`, whose |det| is `exp(volume)`.

    In the plane it is the largest of 1, the norm and |det|, which keeps its digits however far the values lie apart.
    """
    if product.shape[0] == 1:
        return jnp.maximum(volume, 0.0)
    if product.shape[0] == 2:
        # Norm of a 2 x 2 matrix, without the cancellation of the formula by trace and determinant.
        (a, b), (c, e) = product
        norm = 0.5 * (jnp.hypot(a + e, c - b) + jnp.hypot(a - e, b + c))
        return jnp.maximum(jnp.maximum(jnp.log(norm) + scale, volume), 0.0)
    # Starts that blow up have left the region; LAPACK must not see what they have become.
    values = jnp.linalg.svd(jnp.where(jnp.isfinite(product), product, 0.0), compute_uv=False)
    return jnp.sum(jnp.maximum(jnp.log(values) + scale, 0.0))


def _fitted(
    growth: np.ndarray, interval: float, resolved: float, unit: str, result: Any, settings: dict[str, Any]
) -> ExpansionEntropy:
    """From `log G` of shape `(start, moment)`, whose digits suffice up to `resolved`."""
    n, moments = growth.shape
    times = interval * np.arange(1, moments + 1)
    growth = np.where(np.isnan(growth), -np.inf, growth)
    top = np.max(growth, axis=0)
    top = np.where(np.isfinite(top), top, 0.0)
    weights = np.exp(growth - top)
    total = weights.sum(axis=0)
    effective = total**2 / np.maximum((weights**2).sum(axis=0), 1e-300)
    with np.errstate(divide="ignore"):
        log_growth = np.log(total / n) + top
    error = np.where(total > 0, weights.std(axis=0) * math.sqrt(n) / np.maximum(total, 1e-300), np.inf)
    good = (effective >= _EFFECTIVE) & (top <= resolved)
    last = int(np.argmin(good)) if not good.all() else moments
    used = np.zeros(moments, bool)
    used[last // 3 : last] = True
    staying = np.isfinite(growth).mean(axis=0)
    if used.sum() < _FEWEST:
        return ExpansionEntropy(
            entropy=math.nan,
            stderr=math.nan,
            drift=math.nan,
            drift_stderr=math.nan,
            escape_rate=math.nan,
            converged=False,
            unit=unit,
            result=RESULTS.not_converged if result == RESULTS.successful else result,
            settings=settings,
            times=times,
            log_growth=log_growth,
            log_growth_stderr=error,
            staying=staying,
            used=np.zeros(moments, bool),
        )
    # Each start is drawn again 0, 1, 2, ... times.
    draws = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=_BOOTSTRAP).astype(float)
    again = np.log(draws @ weights[:, used] / n) + top[used]
    slope, slopes = _slope(times[used], log_growth[used]), _slope(times[used], again)
    drift, drifts = _drift(times[used], log_growth[used]), _drift(times[used], again)
    drift_error = float(np.std(drifts, ddof=1))
    return ExpansionEntropy(
        entropy=float(slope),
        stderr=float(np.std(slopes, ddof=1)),
        drift=float(drift),
        drift_stderr=drift_error,
        escape_rate=max(0.0, -float(_slope(times[used], np.log(staying[used])))),
        converged=bool(abs(drift) <= 3 * drift_error + 0.01 * abs(slope) and result == RESULTS.successful),
        unit=unit,
        result=result,
        settings=settings,
        times=times,
        log_growth=log_growth,
        log_growth_stderr=error,
        staying=staying,
        used=used,
    )


def _slope(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Slopes of `values`, shape `(..., time)`, against time."""
    centred = times - times.mean()
    return values @ centred / np.sum(centred**2)


def _drift(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    half = len(times) // 2
    return _slope(times[half:], values[..., half:]) - _slope(times[:half], values[..., :half])
