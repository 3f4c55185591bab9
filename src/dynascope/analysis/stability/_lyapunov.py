"""The Lyapunov spectrum by the QR method, with standard errors and convergence."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import provenance
from ..._types import Key, State
from ...solve import Progress
from ...systems import AbstractSystem, Recorded, kind
from .._as_map import Stepped
from .._blocks import block_error
from .._differentiable import differentiable_map, rate_unit
from .._frames import (
    LONGEST,
    Tangent,
    condition_grown,
    grown,
    interval_for,
    interval_of,
    interval_of_lengths,
    log_growth,
    random_frames,
    tangent_of,
)
from ._spectrum import LyapunovSpectrum, no_spectrum, spectrum_of
from ._twin import BLOCKS as TWIN_BLOCKS
from ._twin import twin_growth
from ._volume import log_volume

#: Blocks of one compiled call.
_BLOCKS = 64
#: Largest logarithm of a number of 64 bit.
_LOG_LARGEST = 709.0
#: Growth of the condition beyond which double precision resolves nothing, as a logarithm.
_LOG_DOUBLE = 30.0
#: Solver steps of the transient when none is given: flows take more, their steps are small.
_TRANSIENT = {"flow": 20_000, "sde": 20_000, "hybrid": 20_000, "delay flow": 20_000, "map": 2_000, "random map": 2_000}
#: Tangent work, in solver steps times vectors times dimension, that an automatic run may spend; a component of a system
#: beyond dimension 8 counts more, because it costs as much as its couplings.
_SMALL, _HEAVIER = 8, 8
_BUDGET = {"flow": 2e8, "sde": 6e6, "hybrid": 1e6, "delay flow": 5e9, "map": 2e8, "random map": 6e6}
#: Largest dimension of which the sum of the exponents is compared with the growth of volumes.
_CHECKED = 64
#: Growth of the separation of twins, as a logarithm, after which they are pulled together: they must stay close.
_SMALL_GROWTH = 5.0
#: Share of a long run, and steps of a short one, along which twins are followed: a quarter of it at most.
_TWIN_SHARE, _TWIN_STEPS = 16, 50_000
#: Growth of a difference, as a logarithm, over which two computations of one orbit stay the same.
_TOGETHER = 12.0
#: Fewest map steps per block of the pilot and of the shortest average.
_FEWEST = 4
#: Most pieces into which a run is cut, the tangent work of a piece that is worth a call of its own, and the share of
#: the steps asked for that is used.
_PIECES, _WORK, _USED = 32, 5e6, 0.99
#: Pieces below which the blocks are too long to show how growth is followed by less growth, and errors too large.
_SERIES = 4


class Benettin(eqx.Module):
    """The QR method of Benettin et al. (1980) and Shimada and Nagashima (1979).

    Args:
        every: Steps between orthonormalisations; None chooses the interval from the growth seen in a pilot run, so
            that the condition number of the frame stays below e^10 (loss of accuracy about 1e-11). What was seen in the
            run itself, and the accuracy that is left, are `growth_per_interval` and `accuracy` in the settings.
    """

    every: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.every is not None and self.every < 1:
            raise InputError(f"`every` of `Benettin` must be a whole number of at least 1, got {self.every}.")


def lyapunov_spectrum(
    system: AbstractSystem,
    *,
    k: int | None = None,
    y0: State = None,
    transient: float | None = None,
    duration: float | None = None,
    key: Key | None = None,
    inputs: Any = None,
    method: Benettin | None = None,
    solver: Any = None,
    rtol: float = 0.01,
    throw: bool = True,
    progress: bool = False,
) -> LyapunovSpectrum:
    r"""The `k` largest Lyapunov exponents of any system with a tangent.

    $\lambda_i = \lim_{t \to \infty} t^{-1} \sum_n \log R^{(n)}_{ii}$, where $Q^{(n)} R^{(n)}$ is the QR factorisation
    of the tangent map over one interval applied to $Q^{(n-1)}$. Flows are linearised through their solver's own steps;
    hybrid systems through their resets (saltation); delay flows as maps on their history; noisy systems for one
    realisation of the noise; driven systems along their input (conditional exponents).

    Args:
        system: Any system with a continuous state.
        k: Number of exponents; None takes all up to dimension 64, else 16 (delay flows: 4).
        y0: Initial state; None takes `initial_state()`.
        transient: Time (maps: steps) left out, at least 128 steps; None takes 20,000 solver steps (maps 2,000).
        duration: Time (maps: steps) averaged over, at least 64 steps; None doubles the run until the standard error of
            the largest exponent is below `rtol` of it (of the largest in absolute value if it is not positive), within
            a fixed budget of steps.
        key: Random key of a noisy system.
        inputs: Input signal of a driven system. A recording that ends also ends the average.
        method: `Benettin(every=...)`.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
        rtol: Relative precision asked for.
        throw: Raise `ComputationFailed` if the orbit diverges.
        progress: Show progress on standard error.

    Returns:
        A `LyapunovSpectrum`.

    Raises:
        InputError: For a discrete state, a missing key, or `k` or `rtol` out of range.
        ComputationFailed: If the orbit becomes infinite, and `throw`.

    Example:
        >>> import dynascope as ds
        >>> spectrum = ds.lyapunov_spectrum(ds.build("henon"), duration=20000)
        >>> bool(abs(spectrum.exponents.sum() - math.log(0.3)) < 1e-9)
        True
    """
    method = method if method is not None else Benettin()
    if not isinstance(rtol, (int, float)) or not 0 < rtol < math.inf:
        raise InputError(f"`rtol` must be a positive number, got {rtol!r}.")
    stepped = differentiable_map(system, y0, inputs=inputs, key=key, solver=solver, what="lyapunov_spectrum")
    found = kind(system)
    vectors = _vectors(stepped.dimension, k, found)
    dt = float(stepped.dt)
    skipped = _steps(transient, dt, "transient", _TRANSIENT[found] // stepped.work)
    wanted = None if duration is None else max(1, _steps(duration, dt, "duration", 0))
    wanted = _recorded(stepped.inputs, wanted, max(skipped, 2 * _BLOCKS), dt)

    cost = stepped.work * vectors * stepped.dimension * (1 if stepped.dimension <= _SMALL else _HEAVIER)
    most = max(_BLOCKS * _FEWEST, int(_BUDGET[found] / cost)) if wanted is None else wanted
    run = _Averaging(stepped, vectors, method.every)
    if not run.settle(skipped, most):
        return _failed(run, vectors, skipped, system, throw)
    # Pieces short enough that an interrupt is answered soon, and long enough that a piece costs more than its call.
    piece = max(_BLOCKS * run.every * _FEWEST, most // _PIECES)
    if wanted is not None:
        pieces = min(wanted // _BLOCKS**2, max(_SERIES, wanted * cost / _WORK))
        piece = run.fit(wanted, int(np.clip(pieces, 1, _PIECES)))
        most = max(most, piece)
    result = RESULTS.successful
    with Progress(most, f"Lyapunov spectrum of {type(system).__name__}", show=progress) as bar:
        try:
            while run.averaged + (piece - 1 if wanted is not None else 0) < most:
                run.extend(piece if wanted is not None else min(piece, max(run.averaged, run.first_piece)))
                bar.advance(run.last)
                if not run.finite:
                    return _failed(run, vectors, skipped, system, throw)
                if wanted is None and run.precise(rtol):
                    break
        except KeyboardInterrupt:
            if not run.averaged:
                raise
            result = RESULTS.interrupted
    finished = _finished(run, skipped, system, rtol, result)
    if finished.successful:
        finished = eqx.tree_at(lambda r: (r.twin, r.twin_stderr), finished, run.twin())
    if found in ("flow", "map", "random map") and vectors == stepped.dimension <= _CHECKED:
        finished = eqx.tree_at(lambda r: (r.volume_rate, r.sum_error), finished, run.sum_rule())
    if found != "sde" or not finished.successful:
        return finished
    beyond = _step_error(run, stepped, vectors, skipped)
    return eqx.tree_at(lambda r: r.stderr, finished, np.hypot(finished.stderr, beyond))


def _step_error(run: _Averaging, stepped: Stepped, vectors: int, skipped: int) -> np.ndarray:
    """What a method of first order leaves in the exponents: twice their change when the step is halved.

    The second run lasts half as long under other noise, so its own fluctuation is in this estimate too.
    """
    finer = eqx.tree_at(lambda s: (s.solver.dt, s.dt), stepped, (stepped.solver.dt / 2, stepped.dt / 2))
    again = _Averaging(finer, vectors, run.every)
    if not again.settle(2 * skipped, 2 * run.averaged):
        return np.full(vectors, np.inf)
    again.extend(run.averaged)
    coarse, fine = (np.sort(r.series().mean(axis=0))[::-1] for r in (run, again))
    return 2 * np.abs(coarse - fine)


def _vectors(dimension: int, k: int | None, found: str) -> int:
    if k is None:
        return min(dimension, 4 if found == "delay flow" else dimension if dimension <= 64 else 16)
    if not 1 <= k <= dimension:
        raise InputError(f"`k` must lie between 1 and the dimension {dimension}, got {k}.")
    return k


def _steps(time: float | None, dt: float, name: str, default: int) -> int:
    if time is None:
        return default
    if not (math.isfinite(time) and time >= 0):
        raise InputError(f"`{name}` must be a finite time of at least 0, got {time}.")
    return math.ceil(time / dt - 1e-6)


def _recorded(signal: Any, wanted: int | None, skipped: int, dt: float) -> int | None:
    """The steps to average over under a recorded input that ends: all that it has, if no duration is given."""
    if not isinstance(signal, Recorded) or signal.cyclic:
        return wanted
    samples = signal.values.shape[0] - (0 if signal.hold else 1)
    end = float(signal.t0) + samples * float(signal.dt)
    most = math.floor(end / dt + 1e-6) - skipped
    if most < max(_BLOCKS, wanted or 0):
        raise InputError(
            f"The recorded input ends at time {end:.6g}, but {skipped * dt:.6g} are left out and "
            f"{max(_BLOCKS, wanted or 0) * dt:.6g} averaged over. Give a longer recording, a shorter `transient` or "
            "`duration`, or `Recorded(..., cyclic=True)`."
        )
    return most if wanted is None else wanted


class _Averaging:
    """A run under way on the host: the frame's state and the growth rates of its blocks so far."""

    def __init__(self, stepped: Stepped, vectors: int, every: int | None) -> None:
        self._stepped, self._vectors = stepped, vectors
        self._step = jnp.zeros((), jnp.int32 if jax.dtypes.canonicalize_dtype(int) == jnp.int32 else jnp.int64)
        self._state = _start(stepped, vectors)
        self._rates: list[np.ndarray] = []
        self._lengths: list[int] = []
        self.every = every or 1
        self._choose = every is None
        self.grown = 0.0
        self.finite = True
        self.last = 0
        self._origin: tuple[Any, Any]
        self._early: np.ndarray
        self._early_block = 1

    def settle(self, transient: int, average: int) -> bool:
        """Leave the transient out, turn the frame into its own directions and choose the interval."""
        # The frame turns during the last part of the transient; 64 blocks of one step are the shortest way to do so.
        turning = min(transient, _BLOCKS * (1 + LONGEST))
        # Exponents that are close take longer: half of the transient, if that is little beside the average to come.
        before = max(0, min(transient // 2, average // 4) - turning)
        skipped = transient - turning - before
        self._state, self._step = _skip(self._stepped, self._state, self._step, jnp.asarray(skipped))
        logs = self._advance(1)
        if not self.finite:
            return False
        if self._choose:
            self.every = interval_of(logs)
        if every := min(self.every, before // _BLOCKS):
            self._advance(every, before // (_BLOCKS * every))
            if not self.finite:
                return False
        self._origin = (self._state[0], self._step)
        left = max(1, (turning - _BLOCKS) // _BLOCKS)
        every = min(self.every, left)
        self.grown = 0.0
        self._early, self._early_block = self._advance(every, left // every), every * (left // every)
        # Growth over an interval is less than that of its steps added up, and the first steps were those of a random
        # frame: the largest growth of this longer stretch decides.
        if self._choose:
            self.every = min(interval_for(self.grown / every), interval_of_lengths(logs))
        self.grown = 0.0
        return self.finite

    def fit(self, wanted: int, most: int) -> int:
        """Choose up to `most` pieces of one size that add up to `wanted` steps, or a little less; the piece.

        The interval is shortened only if it was not given, and only where more than one step in a hundred would be
        left out.
        """
        every = min(self.every, max(1, wanted // _BLOCKS))
        shortest = every if not self._choose else (every + 1) // 2
        best = (-1, every, 1)
        for interval in range(every, shortest - 1, -1):
            for pieces in range(most, (most - 1) // 2, -1):
                used = pieces * (wanted // (_BLOCKS * pieces * interval)) * interval
                best = max(best, (used, interval, pieces))
            if best[0] * _BLOCKS >= _USED * wanted:
                break
        used, self.every, pieces = best
        return _BLOCKS * used // pieces

    def extend(self, steps: int) -> None:
        """Average over at least `steps` further steps."""
        per_block = max(1, math.ceil(steps / (_BLOCKS * self.every)))
        logs = self._advance(self.every, per_block)
        self.last = _BLOCKS * self.every * per_block
        if self.finite:
            self._rates.append(logs / (self.every * per_block * float(self._stepped.dt)))
            self._lengths.append(per_block)

    def _advance(self, every: int, per_block: int = 1) -> np.ndarray:
        with one_blas_thread():
            self._state, self._step, logs, good, most = _grow(
                self._stepped, self._state, self._step, jnp.asarray(every), jnp.asarray(per_block)
            )
            self.finite = bool(good)
            self.grown = max(self.grown, float(most))
            return np.asarray(logs)

    @property
    def first_piece(self) -> int:
        """The shortest average, in steps."""
        return _BLOCKS * self.every * _FEWEST

    @property
    def averaged(self) -> int:
        """Steps averaged over so far."""
        return sum(length * _BLOCKS * self.every for length in self._lengths)

    def series(self) -> np.ndarray:
        """Growth rates of blocks of one common length, shape `(blocks, vectors)`."""
        longest = max(self._lengths)
        merged = []
        for rates, length in zip(self._rates, self._lengths, strict=True):
            group = longest // length
            whole = (len(rates) // group) * group
            if whole:
                merged.append(rates[:whole].reshape(-1, group, rates.shape[1]).mean(axis=1))
        return np.concatenate(merged)

    def sum_rule(self) -> tuple[float, float]:
        """The growth rate of volumes over an early stretch, and how far the sum of the rates is from it, relatively.

        Two programs round differently, so the stretch ends before that has grown to anything.
        """
        dt = float(self._stepped.dt)
        # Where growth comes in bursts, the mean rate says little of how fast the two part here.
        grown = np.maximum.accumulate(np.cumsum(np.max(self._early, axis=1)))
        blocks = int(np.clip(np.sum(grown < _TOGETHER), 1, _BLOCKS))
        logs = self._early[:blocks]
        if not np.all(np.isfinite(logs)):
            return math.nan, math.nan
        steps = blocks * self._early_block
        with one_blas_thread():
            log = float(log_volume(self._stepped, *self._origin, jnp.asarray(steps)))
        largest = max(float(np.max(np.abs(logs), axis=1).sum()), 1e-300)
        return log / (steps * dt), float(abs(logs.sum() - log) / largest)

    def twin(self) -> tuple[float, float]:
        """The growth rate of a small separation of two orbits over the first part of the run, with its error."""
        dt = float(self._stepped.dt)
        top = float(np.max(self.series().mean(axis=0)))
        every = int(np.clip(_SMALL_GROWTH / max(top * dt, 1e-300), 1, self.every))
        steps = max(self.averaged // _TWIN_SHARE, min(self.averaged // 4, _TWIN_STEPS))
        per_block = max(1, steps // (TWIN_BLOCKS * every))
        with one_blas_thread():
            logs = twin_growth(self._stepped, *self._origin, jnp.asarray(every), jnp.asarray(per_block))
        rates = np.asarray(logs) / (every * per_block * dt)
        return float(rates.mean()), float(block_error(rates)) if np.all(np.isfinite(rates)) else math.inf

    def precise(self, rtol: float) -> bool:
        """Whether the largest exponent is known to `rtol`, or to `rtol` of the largest magnitude if not positive."""
        mean = self.series().mean(axis=0)
        top = int(np.argmax(mean))
        if not np.isfinite(mean[top]):
            return True
        error = float(block_error(self.series()[:, top]))
        scale = mean[top] if mean[top] > 3 * error else 0.1 * np.max(np.abs(mean[np.isfinite(mean)]))
        return bool(error <= rtol * max(scale, 1e-300))


@compiled
def _start(stepped: Stepped, vectors: int) -> Any:
    tangent = tangent_of(stepped)
    d = tangent.dimension
    frame = jnp.eye(d)[:, :vectors] if d <= _SMALL else random_frames(jax.random.key(0), d, vectors)
    return tangent.start(stepped.template, frame)


@compiled
def _skip(stepped: Stepped, state: Any, first: Any, steps: Any) -> tuple[Any, Any]:
    tangent = tangent_of(stepped)
    y, q = state
    return (jax.lax.fori_loop(0, steps, lambda i, c: tangent.step(first + i, c), y), q), first + steps


@compiled
def _grow(stepped: Stepped, state: Any, first: Any, every: Any, per_block: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Advance `_BLOCKS` blocks of `per_block` orthonormalisations, one per `every` steps.

    Returns:
        The state, the number of the next step, sums of logarithms per block, whether all is finite, and the largest
        growth of the frame's condition over one interval.
    """
    tangent: Tangent = tangent_of(stepped)

    def interval(j: Any, carry: Any) -> Any:
        del j
        state, i, total, most = carry
        y, q = jax.lax.fori_loop(0, every, lambda m, s: tangent.push(i + m, s), state)
        q, lengths = tangent.orthonormal(q)
        return (y, q), i + every, grown(total, lengths), jnp.maximum(most, condition_grown(lengths))

    def block(carry: Any, _: Any) -> Any:
        state, i, most = carry
        start = (state, i, tangent.no_growth(state[1]), most)
        state, i, total, most = jax.lax.fori_loop(0, per_block, interval, start)
        return (state, i, most), log_growth(total)

    (state, last, most), logs = jax.lax.scan(block, (state, first, jnp.ones(())), None, length=_BLOCKS)
    good = jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(state)]))
    return state, last, logs, good, jnp.log(most)


def _finished(run: _Averaging, skipped: int, system: AbstractSystem, rtol: float, result: Any) -> LyapunovSpectrum:
    found = spectrum_of(
        run.series(),
        span=run.averaged * float(run._stepped.dt),
        dimension=run._stepped.dimension,
        unit=rate_unit(system.time_unit),
        settings=_settings(run, skipped, system),
        result=result,
    )
    # Directions that shrink by more than this between orthonormalisations drown in the rounding of the others.
    resolved = not run.grown > _LOG_DOUBLE
    sure = found.converged and run.precise(rtol) and resolved and bool(result == RESULTS.successful)
    return eqx.tree_at(lambda r: r.converged, found, sure)


def _settings(run: _Averaging, skipped: int, system: AbstractSystem) -> dict[str, Any]:
    dt = float(run._stepped.dt)
    return provenance(
        system=type(system).__name__,
        method="Benettin",
        every=run.every,
        growth_per_interval=min(run.grown, _LOG_LARGEST),
        accuracy=float(np.finfo(float).eps * np.exp(min(run.grown, _LOG_DOUBLE))),
        step=dt,
        transient=skipped * dt,
        duration=run.averaged * dt,
    )


def _failed(run: _Averaging, vectors: int, skipped: int, system: AbstractSystem, throw: bool) -> LyapunovSpectrum:
    if throw:
        raise_if_failed(RESULTS.nonfinite, what=f"`lyapunov_spectrum` of `{type(system).__name__}`")
    return no_spectrum(
        vectors,
        dimension=run._stepped.dimension,
        unit=rate_unit(system.time_unit),
        settings=_settings(run, skipped, system),
        result=RESULTS.nonfinite,
    )
