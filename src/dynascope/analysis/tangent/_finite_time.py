"""Exponents over windows of finite length: how they are distributed, and how their spread shrinks."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._config import one_blas_thread
from ..._errors import RESULTS, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...solve import Progress
from ...systems import AbstractSystem, Box
from .._as_map import Stepped
from .._blocks import block_error
from .._differentiable import differentiable_map, rate_unit
from .._frames import random_frames
from .._region import start_region
from ._orbit import alive, checked_count, grown, rate_error, settled, stacked, steps_of, transient_steps

#: Windows of one compiled call, and the fewest joined windows whose variance is still taken.
_CHUNK, _FEWEST = 64, 32


class FiniteTimeExponents(AbstractResult):
    """Exponents over many windows of one length.

    Attributes:
        values: Exponents of each window, shape `(window, exponent)`; start after start, in the order of time.
        mean: Their mean: the Lyapunov exponents.
        stderr: Its standard error.
        variance: Variance over windows.
        positive: Share of windows in which the exponent is positive. Shares between 0 and 1 of an exponent whose mean
            is not nil hint at intermittency, or at a number of unstable directions that varies along the orbit.
        positive_stderr: Its standard error.
        lengths: Lengths of joined windows: 1, 2, 4, ... times `window`.
        scaled_variance: Variance over windows of each of these lengths times the length, shape `(length, exponent)`.
        scaled_variance_stderr: Its standard error.
        diffusion: The limit of the scaled variance S for long windows, without its leading correction: 2 S(2 T) - S(T)
            where it has settled. The diffusion coefficient of the large deviations.
        diffusion_stderr: Its standard error.
        level: Whether it has settled: that it agrees, within errors, with those of all longer windows.
        window: Length of a window.
        starts: Number of orbits.
        diverged: How many of them became infinite and were left out.
        unit: `nats/step` or `nats/<time unit>`.
    """

    window: float
    starts: int
    diverged: int
    unit: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    values: np.ndarray = output("window", "exponent", doc="finite-time exponents")
    mean: np.ndarray = output("exponent", doc="means over windows")
    stderr: np.ndarray = output("exponent", doc="standard errors of the means")
    variance: np.ndarray = output("exponent", doc="variances over windows")
    positive: np.ndarray = output("exponent", doc="shares of positive windows")
    positive_stderr: np.ndarray = output("exponent", doc="standard errors of the shares")
    lengths: np.ndarray = output("length", doc="lengths of joined windows")
    scaled_variance: np.ndarray = output("length", "exponent", doc="variance times length")
    scaled_variance_stderr: np.ndarray = output("length", "exponent", doc="standard errors of variance times length")
    diffusion: np.ndarray = output("exponent", doc="diffusion coefficients")
    diffusion_stderr: np.ndarray = output("exponent", doc="standard errors of the diffusion coefficients")
    level: np.ndarray = output("exponent", doc="whether the diffusion coefficients have settled")

    def summary(self) -> str:
        """Mean, diffusion coefficient and share of positive windows of the first exponents."""
        shown = "; ".join(self._line(i) for i in range(min(4, len(self.mean))))
        lost = f" {self.diverged} of {self.starts} starts diverged and are left out." if self.diverged else ""
        return f"Exponents over {len(self.values)} windows of {self.window:g} ({self.unit}): {shown}.{lost}"

    def share(self, i: int) -> str:
        """The share of positive windows of exponent `i` in percent; only what holds in all windows is called 100%."""
        percent = f"{100 * self.positive[i]:.4g}%"
        return ">99.99%" if percent == "100%" and self.positive[i] < 1 else percent

    def _line(self, i: int) -> str:
        settled = "" if self.level[i] else " (not settled)"
        return (
            f"{self.mean[i]:.5g} +- {self.stderr[i]:.1g}, diffusion {self.diffusion[i]:.3g} +- "
            f"{self.diffusion_stderr[i]:.1g}{settled}, {self.share(i)} positive"
        )


def finite_time_exponents(
    system: AbstractSystem,
    *,
    window: float,
    count: int = 1000,
    k: int = 1,
    starts: int = 1,
    region: Box | None = None,
    y0: State = None,
    transient: float | None = None,
    key: Key | None = None,
    inputs: Any = None,
    solver: Any = None,
    throw: bool = True,
    progress: bool = False,
) -> FiniteTimeExponents:
    r"""The `k` largest exponents over windows of finite length, and their large deviations.

    $\lambda_i(T) = T^{-1} \sum_{t < n \le t + T} \log R^{(n)}_{ii}$: the growth over a window of vectors that have
    turned with the orbit before it (backward vectors). Over long windows its variance falls as $D_i / T$, where the
    diffusion coefficient $D_i$ is the second cumulant of the large deviations; windows are joined by twos to see it.

    Args:
        system: Any system with a continuous state.
        window: Length of a window, in the system's time unit (maps: steps).
        count: Number of windows in all.
        k: Number of exponents.
        starts: Number of orbits. One orbit starts at `y0`, and its windows follow each other; several start at random
            in `region` and share the windows.
        region: Box of random starts; None takes that of the system, or the surroundings of a pilot run.
        y0: Initial state of a single orbit; None takes `initial_state()`.
        transient: Time left out before the first window; through its second half the vectors turn with the orbit. None
            takes 20,000 solver steps (maps 2,000). With 0 the windows begin at the starts, with random vectors.
        key: Random key of starts, first vectors and a noisy system (which needs one; all orbits get the same noise).
        inputs: Input signal of a driven system.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
        throw: Raise `ComputationFailed` if every orbit diverges.
        progress: Show progress on standard error.

    Returns:
        A `FiniteTimeExponents`.

    Raises:
        InputError: For a discrete state, a missing key, or a number out of range.
        ComputationFailed: If every orbit becomes infinite, and `throw`.

    Reference:
        Grassberger, Badii & Politi (1988), Scaling laws for invariant measures on hyperbolic and nonhyperbolic
        attractors, J. Stat. Phys. 51, 135-178.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.tangent import finite_time_exponents
        >>> found = finite_time_exponents(ds.build("baker-map"), window=10, count=640)
        >>> abs(float(found.mean[0]) - 0.6730) < 4 * float(found.stderr[0])
        True
    """
    seed = key if key is not None else jax.random.key(0)
    of_noise, of_starts, of_frames = (key, *jax.random.split(seed, 2))
    stepped = differentiable_map(system, y0, inputs=inputs, key=of_noise, solver=solver, what="finite_time_exponents")
    dimension = stepped.dimension
    k = checked_count(k, "k", least=1, most=dimension)
    starts = checked_count(starts, "starts", least=1)
    count = checked_count(count, "count", least=2 * starts)
    steps = steps_of(window, stepped, "window")
    skipped = transient_steps(system, stepped, transient)
    if starts == 1:
        begun, source = stacked(stepped.template), "one orbit"
    else:
        box, source = start_region(system, region, inputs=inputs, key=seed)
        begun = jax.vmap(lambda y: lifted(y, stepped.template))(box.sample(of_starts, starts))
    frames = jax.vmap(lambda key: random_frames(key, dimension, k))(jax.random.split(of_frames, starts))
    pieces, every, good, result = _windows(stepped, begun, frames, (skipped, steps, -(-count // starts)), progress)
    settings = provenance(
        system=type(system).__name__,
        step=float(stepped.dt),
        transient=skipped * float(stepped.dt),
        every=every,
        starts_from=source,
    )
    kept = pieces[good] / (steps * float(stepped.dt)) if pieces.size else pieces
    if not len(kept):
        result = RESULTS.nonfinite
        if throw:
            raise_if_failed(result, what=f"`finite_time_exponents` of `{type(system).__name__}`")
        kept = np.full((1, 2, k), np.nan)
    return FiniteTimeExponents(
        window=steps * float(stepped.dt),
        starts=starts,
        diverged=int(np.sum(~good)),
        unit=rate_unit(system.time_unit),
        result=result,
        settings=settings,
        **_statistics(kept, steps * float(stepped.dt)),
    )


def lifted(y: State, template: State) -> State:
    """A start as a full state: a constant history for delay flows, itself otherwise."""
    if jax.tree.map(jnp.shape, y) == jax.tree.map(jnp.shape, template):
        return y
    return jnp.tile(ravel_pytree(y)[0], (jnp.shape(template)[0], 1))


def _windows(
    stepped: Stepped, begun: Any, frames: Any, plan: tuple[int, int, int], progress: bool
) -> tuple[np.ndarray, int, np.ndarray, Any]:
    """Growth of each window, shape `(run, window, k)`; what was finished before an interrupt."""
    skipped, steps, count = plan
    runs, at, every = settled(stepped, begun, frames, transient=skipped)
    pieces: list[np.ndarray] = []
    result = RESULTS.successful
    size = min(_CHUNK, count)
    with Progress(count, "finite-time exponents", show=progress) as bar, one_blas_thread():
        try:
            while sum(piece.shape[1] for piece in pieces) < count:
                runs, at, logs = grown(stepped, runs, at, jnp.asarray(every), jnp.asarray(steps), windows=size)
                pieces.append(np.asarray(logs))
                bar.advance(size)
                if not alive(runs).any():
                    break
        except KeyboardInterrupt:
            if not pieces:
                raise
            result = RESULTS.interrupted
    return np.concatenate(pieces, axis=1)[:, :count], every, alive(runs), result


def _statistics(values: np.ndarray, window: float) -> dict[str, np.ndarray]:
    """Of windows of shape `(start, window, k)`."""
    flat = values.reshape(-1, values.shape[2])
    mean = flat.mean(axis=0)
    lengths, scaled, errors, limits, limit_errors = [], [], [], [], []
    joined, length = values - mean, window
    while True:
        squares = joined.reshape(-1, joined.shape[2]) ** 2 * length
        lengths.append(length)
        scaled.append(squares.mean(axis=0) * len(squares) / (len(squares) - 1))
        errors.append(block_error(squares))
        half = joined.shape[1] // 2
        if half * len(joined) < _FEWEST or half == 0:
            break
        pairs = joined[:, : 2 * half].reshape(len(joined), half, 2, -1)
        # 2 S(2 T) - S(T), pair by pair: correlations over less than T leave S(T) off by a term in 1/T, and this not.
        limit = ((pairs**2).mean(axis=2) + 2 * pairs.prod(axis=2)).reshape(-1, joined.shape[2]) * length
        limits.append(limit.mean(axis=0))
        limit_errors.append(block_error(limit))
        joined, length = pairs.mean(axis=2), 2 * length
    limits, limit_errors = limits or [scaled[0]], limit_errors or [errors[0]]
    row, level = _plateau(np.array(limits), np.array(limit_errors), 1e-25 * window * (1 + mean**2))
    column = np.arange(flat.shape[1])
    positive = (values > 0).astype(float)
    return {
        "values": flat,
        "mean": mean,
        "stderr": _error(values),
        "variance": flat.var(axis=0, ddof=1),
        "positive": positive.reshape(flat.shape).mean(axis=0),
        "positive_stderr": _error(positive),
        "lengths": np.array(lengths),
        "scaled_variance": np.array(scaled),
        "scaled_variance_stderr": np.array(errors),
        "diffusion": np.array(limits)[row, column],
        "diffusion_stderr": np.array(limit_errors)[row, column],
        "level": level,
    }


def _error(values: np.ndarray) -> np.ndarray:
    """Of the mean: over independent starts if there are many, else over blocks of time."""
    if len(values) >= 16:
        return values.mean(axis=1).std(axis=0, ddof=1) / math.sqrt(len(values))
    return rate_error(values.reshape(-1, values.shape[2]))


def _plateau(limits: np.ndarray, errors: np.ndarray, rounding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Among the lengths whose limit agrees with that of all longer ones (two at least) the one with the least error.

    The longest if there is none.
    """
    rows = np.full(limits.shape[1], len(limits) - 1)
    found = np.zeros(limits.shape[1], bool)
    for i in range(limits.shape[1]):
        agreeing = []
        for j in range(len(limits) - 2):
            apart = np.abs(limits[j + 1 :, i] - limits[j, i])
            if np.all(apart <= 2 * np.hypot(errors[j + 1 :, i], errors[j, i]) + rounding[i]):
                agreeing.append(j)
        if agreeing:
            rows[i], found[i] = min(agreeing, key=lambda j: errors[j, i]), True
    return rows, found
