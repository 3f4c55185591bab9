"""Covariant Lyapunov vectors, and the angles between expanding and contracting directions."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._config import one_blas_thread
from ..._errors import RESULTS, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...solve import Progress
from ...systems import AbstractSystem
from .._as_map import Stepped
from .._differentiable import differentiable_map, rate_unit
from .._frames import random_frames, tangent_of
from ._angles import angles_between, subspaces
from ._orbit import checked_count, rate_error, settled, stacked, steps_of, transient_steps

#: Factorisations of one compiled piece: at most this many, and no more memory than this many numbers.
_PIECE, _NUMBERS = 256, 4_000_000
#: Pieces of the tail: how far beyond a piece the backward iteration may begin.
_LONGEST_TAIL = 32
#: What two backward iterations from different vectors may differ by where they enter a piece.
_CONVERGED = 1e-9
_ROUNDING = 1e-15
#: Default duration in factorisations.
_DURATION = 4_096
#: Largest size of the back substitution that is unrolled.
_UNROLLED = 8


class CovariantVectors(AbstractResult):
    """Covariant Lyapunov vectors along an orbit.

    Attributes:
        exponents: Growth rates of the covariant vectors, in the order of the forward factorisation.
        stderr: Standard error of each, from the power of the growth rates at low frequencies.
        backward_stderr: Standard error of the exponents of the forward factorisation over the same orbit.
        backward_exponents: The exponents from the forward factorisation: what `lyapunov_spectrum` gives.
        times: Times of the sampled states.
        states: Sampled states, shape `(sample, dimension)`.
        vectors: Unit covariant vectors there, one per column, shape `(sample, dimension, exponent)`.
        vector_error: By how much (as an angle) vectors of two backward iterations differed where they entered a piece:
            the largest over the run. Vectors of equal exponents have none of their own: theirs stays large.
        unstable: How many exponents are positive; the next `centre` ones are nil, the rest negative.
        centre: How many exponents count as nil.
        pairs: Which subspaces the angles lie between.
        angle_times: Times of the angles.
        angles: Smallest principal angle between the two subspaces of each pair, in radians, at every factorisation (at
            most 100,000 are kept).
        smallest_angle: The smallest of each pair.
        near_tangency: Share of angles below 0.05 of each pair.
        converged: Whether all vectors were found to 1e-9 or better (those of equal exponents apart) and the numbers of
            unstable and centre directions are those that the whole run shows.
        unit: `nats/step` or `nats/<time unit>`.
    """

    unstable: int
    centre: int
    pairs: tuple[str, ...] = eqx.field(static=True)
    converged: bool
    unit: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    exponents: np.ndarray = output("exponent", doc="exponents of covariant vectors")
    stderr: np.ndarray = output("exponent", doc="standard errors")
    backward_exponents: np.ndarray = output("exponent", doc="exponents of the forward factorisation")
    backward_stderr: np.ndarray = output("exponent", doc="standard errors of the forward factorisation")
    vector_error: np.ndarray = output("exponent", unit="rad", doc="errors of the covariant vectors")
    times: np.ndarray = output("sample", doc="times of sampled states")
    states: np.ndarray = output("sample", "component", doc="sampled states")
    vectors: np.ndarray = output("sample", "component", "exponent", doc="unit covariant vectors")
    angle_times: np.ndarray = output("moment", doc="times of the angles")
    angles: np.ndarray = output("moment", "pair", unit="rad", doc="smallest principal angles")
    smallest_angle: np.ndarray = output("pair", unit="rad", doc="smallest angles of the run")
    near_tangency: np.ndarray = output("pair", doc="shares of angles below 0.05")

    def angle(self, i: int, j: int) -> np.ndarray:
        """Angle between the directions of vectors `i` and `j` (counted from 0) at the sampled states, 0 to pi/2."""
        return angles_between(self.vectors[:, :, [i]], self.vectors[:, :, [j]])

    def summary(self) -> str:
        """The exponents, the split into subspaces and the smallest angles."""
        shown = ", ".join(f"{x:.5g} +- {e:.1g}" for x, e in zip(self.exponents[:6], self.stderr, strict=False))
        angles = "; ".join(
            f"{name}: smallest angle {a:.2g} rad, {100 * s:.2g}% below 0.05"
            for name, a, s in zip(self.pairs, self.smallest_angle, self.near_tangency, strict=True)
        )
        stable = len(self.exponents) - self.unstable - self.centre
        split = f"{self.unstable} unstable, {self.centre} nil, {stable} stable"
        state = "" if self.converged else " Not converged: see `vector_error`, or run longer."
        angles = angles or "No pair of subspaces"
        return f"Exponents of covariant vectors ({self.unit}): {shown}; {split}. {angles}.{state}"


def covariant_vectors(
    system: AbstractSystem,
    *,
    k: int | None = None,
    centre: int | None = None,
    samples: int = 1000,
    y0: State = None,
    transient: float | None = None,
    duration: float | None = None,
    key: Key | None = None,
    inputs: Any = None,
    solver: Any = None,
    throw: bool = True,
    progress: bool = False,
) -> CovariantVectors:
    r"""The first `k` covariant Lyapunov vectors, by the dynamical algorithm of Ginelli et al.

    Forward, $M_n Q_{n-1} = Q_n R_n$ with orthonormal $Q_n$. The covariant vectors are $V_n = Q_n C_n$ with upper
    triangular $C_n$ of unit columns, and $C_{n-1} = R_n^{-1} C_n D_n$ converges backward in time from almost any
    start, $D_n$ restoring the lengths: $-\log D_n$ is the growth of each vector. Unlike orthonormal frames, $V_n$ is
    carried into itself by the tangent map and does not depend on a scalar product; hyperbolic systems keep the angle
    between their unstable and stable subspaces away from zero. Memory is bounded: the run is cut into pieces, and each
    is entered backward from a tail beyond its end. The tail is doubled until two backward iterations agree to 1e-9.

    Args:
        system: Any system with a continuous state.
        k: Number of vectors; None takes all, at most 32.
        centre: How many exponents are nil; None takes those within 4 standard errors, a thousandth of the largest and
            3 over the duration.
        samples: Number of states (evenly over the run) at which vectors are kept.
        y0: Initial state; None takes `initial_state()`.
        transient: Time left out, through whose second half the forward frame converges; None takes 20,000 solver steps
            (maps 2,000).
        duration: Time over which vectors are computed; None takes 4,096 factorisations.
        key: Random key of the first frame and of a noisy system, which needs one.
        inputs: Input signal of a driven system.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
        throw: Raise `ComputationFailed` if the orbit diverges or a direction is wiped out.
        progress: Show progress on standard error.

    Returns:
        A `CovariantVectors`.

    Raises:
        InputError: For a discrete state, a missing key, or a number out of range.
        ComputationFailed: If the orbit becomes infinite or the tangent map wipes out a direction, and `throw`.

    Reference:
        Ginelli, Poggi, Turchi, Chate, Livi & Politi (2007), Characterizing dynamics with covariant Lyapunov vectors,
        Phys. Rev. Lett. 99, 130601.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.tangent import covariant_vectors
        >>> found = covariant_vectors(ds.build("arnold-cat-map"), duration=500)
        >>> bool(abs(found.smallest_angle[0] - np.pi / 2) < 1e-9)  # its matrix is symmetric
        True
    """
    stepped = differentiable_map(system, y0, inputs=inputs, key=key, solver=solver, what="covariant_vectors")
    dimension = stepped.dimension
    k = min(dimension, 32) if k is None else checked_count(k, "k", least=1, most=dimension)
    if centre is not None:
        checked_count(centre, "centre", least=0, most=k)
    samples = checked_count(samples, "samples", least=1)
    skipped = transient_steps(system, stepped, transient)
    frame = random_frames(key if key is not None else jax.random.key(0), dimension, k)
    runs, at, every = settled(stepped, stacked(stepped.template), frame[None], transient=skipped)
    run = jax.tree.map(lambda leaf: leaf[0], runs)
    wanted = _DURATION if duration is None else max(2, -(-steps_of(duration, stepped, "duration") // every))
    sweep = _Sweep(stepped, run, at, every, wanted=wanted, k=k, dimension=dimension)
    keep = _Keeping(wanted, samples, centre, interval=every * float(stepped.dt))
    result = RESULTS.successful
    with Progress(wanted, f"covariant vectors of {type(system).__name__}", show=progress) as bar, one_blas_thread():
        try:
            while keep.done < wanted:
                piece = sweep.next_piece()
                if piece is None:
                    result = RESULTS.nonfinite if not sweep.finite else RESULTS.singular_tangent
                    break
                bar.advance(keep.take(*piece))
        except KeyboardInterrupt:
            if not keep.done:
                raise
            result = RESULTS.interrupted
    if throw and result != RESULTS.interrupted:
        raise_if_failed(result, what=f"`covariant_vectors` of `{type(system).__name__}`")
    settings = provenance(
        system=type(system).__name__,
        step=float(stepped.dt),
        every=every,
        transient=skipped * float(stepped.dt),
        duration=keep.done * every * float(stepped.dt),
        tail=sweep.tail * sweep.size * every * float(stepped.dt),
    )
    return _finished(keep, sweep, rate_unit(system.time_unit), result, settings)


class _Sweep:
    """Forward pieces, of which the first leaves by the backward iteration as soon as its tail is long enough."""

    def __init__(self, stepped: Stepped, run: Any, at: Any, every: int, *, wanted: int, k: int, dimension: int) -> None:
        self._stepped, self._run, self._at, self._every = stepped, run, at, jnp.asarray(every)
        affordable = _NUMBERS // (k * k + k * dimension + dimension)
        self.size = int(np.clip(min(affordable, -(-wanted // 4)), 16, _PIECE))
        self.tail, self.finite = 1, True
        self.error = np.zeros(k)
        self._k = k
        self._pieces: deque[Any] = deque()
        # Two different starts of the backward iteration: their difference shows what the tail has not yet forgotten.
        mixed = np.triu(np.random.default_rng(0).uniform(0.3, 1.0, (k, k)) * np.where(np.eye(k), 1, -1))
        self._ends = jnp.asarray(np.stack([np.eye(k), mixed / np.linalg.norm(mixed, axis=0)]))

    def next_piece(self) -> Any:
        """States, frames, coefficients and growth of the next piece; None if the orbit or a direction is lost."""
        while True:
            while len(self._pieces) < self.tail + 1:
                self._run, self._at, piece = _forward(self._stepped, self._run, self._at, self._every, length=self.size)
                rs = np.asarray(piece[2])
                self.finite = bool(np.isfinite(rs).all())
                # Less than this share of a vector left after the others are taken out is their rounding.
                rest = np.diagonal(rs, axis1=1, axis2=2)
                if not self.finite or not np.all(rest > _ROUNDING * np.linalg.norm(rs, axis=1)):
                    return None
                self._pieces.append(piece)
            ends = self._ends
            for later in range(self.tail, 0, -1):
                ends, _, _ = _backward(self._pieces[later][2], ends)
            gap = self._gap(np.asarray(ends))
            # The last vector is never wrong by more than the first, so one that stays apart belongs to equal exponents.
            if np.max(gap) <= _CONVERGED or self.tail >= _LONGEST_TAIL:
                break
            self.tail *= 2
        self.error = np.maximum(self.error, gap)
        states, frames, rs = self._pieces.popleft()
        _, coefficients, logs = _backward(rs, ends[:1])
        return (np.asarray(states), np.asarray(frames), np.asarray(rs), np.asarray(coefficients)[:, 0],
                np.asarray(logs)[:, 0])  # fmt: skip

    @staticmethod
    def _gap(ends: np.ndarray) -> np.ndarray:
        """Angle between the columns of two matrices of unit columns."""
        one, two = ends
        overlap = np.sum(one * two, axis=0)
        return np.linalg.norm(two - one * overlap, axis=0)


@compiled
def _forward(stepped: Stepped, run: Any, first: Any, every: Any, *, length: int) -> tuple[Any, Any, Any]:
    """`length` factorisations: the state, Q and R after each."""
    tangent = tangent_of(stepped)

    def interval(carry: Any, _: Any) -> Any:
        run, i = carry
        y, vectors = jax.lax.fori_loop(0, every, lambda m, s: tangent.push(i + m, s), run)
        vectors, r = tangent.factored(vectors)
        return ((y, vectors), i + every), (tangent.place(y), tangent.columns(vectors), r)

    (run, last), piece = jax.lax.scan(interval, (run, first), None, length=length)
    return run, last, piece


@compiled
def _backward(rs: Any, ends: Any) -> tuple[Any, Any, Any]:
    """From coefficients at the end of a piece to those at its beginning; all between, and the growth over each step."""

    def back(c: Any, r: Any) -> Any:
        before = jax.vmap(lambda m: _back_substituted(r, m))(c)
        lengths = jnp.linalg.norm(before, axis=1)
        return before / lengths[:, None, :], (c, -jnp.log(lengths))

    first, (coefficients, logs) = jax.lax.scan(back, ends, rs, reverse=True)
    return first, coefficients, logs


def _back_substituted(r: Any, c: Any) -> Any:
    k = r.shape[0]
    if k > _UNROLLED:
        return jax.scipy.linalg.solve_triangular(r, c)
    rows: list[Any] = []
    for i in reversed(range(k)):
        known = sum((r[i, j] * row for j, row in zip(range(i + 1, k), reversed(rows), strict=True)), jnp.zeros(k))
        rows.append((c[i] - known) / r[i, i])
    return jnp.stack(rows[::-1])


class _Keeping:
    """What is kept of the pieces: growth rates, angles, and vectors at a thinned set of states."""

    def __init__(self, wanted: int, samples: int, centre: int | None, *, interval: float) -> None:
        self._wanted, self._centre, self.interval = wanted, centre, interval
        self._sampled = np.unique(np.linspace(0, wanted - 1, min(samples, wanted)).astype(int))
        self.done = 0
        self.split: tuple[int, int] | None = None
        self._waiting: list[np.ndarray] = []
        self.pairs: tuple[str, ...] = ()
        self._times: list[np.ndarray] = []
        self._states: list[np.ndarray] = []
        self._vectors: list[np.ndarray] = []
        self._growth: list[np.ndarray] = []
        self._forward: list[np.ndarray] = []
        self._angles: list[np.ndarray] = []

    def take(self, states: Any, frames: Any, rs: Any, coefficients: Any, logs: Any) -> int:
        """Keep what belongs to the run; how many factorisations that was."""
        some = min(len(logs), self._wanted - self.done)
        here = self._sampled[(self._sampled >= self.done) & (self._sampled < self.done + some)] - self.done
        self._times.append((self.done + here + 1) * self.interval)
        self._states.append(states[here])
        self._vectors.append(frames[here] @ coefficients[here])
        self._growth.append(logs[:some])
        self._forward.append(np.log(np.diagonal(rs[:some], axis1=1, axis2=2)))
        self._waiting.append(coefficients[:some])
        self.done += some
        # Which exponents are nil is best said at the end, but no more than this may wait for it.
        if self.split is not None or sum(c.size for c in self._waiting) > _NUMBERS:
            self._measure()
        return some

    def _measure(self) -> None:
        if self.split is None:
            self.split = self.seen(self._centre)
        for coefficients in self._waiting:
            self.pairs, angles = subspaces(coefficients, *self.split)
            self._angles.append(angles)
        self._waiting = []

    def angles(self) -> np.ndarray:
        """Smallest principal angles, shape `(factorisation, pair)`."""
        self._measure()
        return np.concatenate(self._angles)

    def growth(self) -> np.ndarray:
        """Growth rates of the covariant vectors, shape `(factorisation, k)`."""
        return np.concatenate(self._growth) / self.interval

    def forward(self) -> np.ndarray:
        """Growth rates of the forward frame."""
        return np.concatenate(self._forward) / self.interval

    def seen(self, centre: int | None) -> tuple[int, int]:
        """How many exponents are positive and how many nil, from what has been kept."""
        rates = self.forward()
        mean, error = rates.mean(axis=0), rate_error(rates)
        if centre is not None:
            start = int(min(range(len(mean) - centre + 1), key=lambda i: np.sum(np.abs(mean[i : i + centre]))))
            return (start, centre) if centre else (int(np.sum(mean > 0)), 0)
        width = 4 * error + 1e-3 * float(np.max(np.abs(mean))) + 3 / (len(rates) * self.interval)
        # A linear system has constant rates: what remains of its transient is no reason to call an exponent nil.
        width = np.where(rates.std(axis=0) < 1e-6 * np.abs(mean), 0.0, width)
        return int(np.sum(mean > width)), int(np.sum(np.abs(mean) <= width))


def _finished(keep: _Keeping, sweep: _Sweep, unit: str, result: Any, settings: dict[str, Any]) -> CovariantVectors:
    if not keep.done:
        return _nothing(sweep, unit, result, settings)
    growth, forward = keep.growth(), keep.forward()
    angles = keep.angles()
    unstable, centre = keep.split or (0, 0)
    thin = np.unique(np.linspace(0, len(angles) - 1, min(len(angles), 100_000)).astype(int))
    mean, error = growth.mean(axis=0), rate_error(growth)
    equal = np.zeros(len(mean), bool)
    close = np.abs(np.diff(mean)) <= 3 * np.hypot(error[1:], error[:-1]) + 1e-9
    equal[1:] |= close
    equal[:-1] |= close
    return CovariantVectors(
        exponents=mean,
        stderr=error,
        backward_exponents=forward.mean(axis=0),
        backward_stderr=rate_error(forward),
        vector_error=sweep.error,
        times=np.concatenate(keep._times),
        states=np.concatenate(keep._states),
        vectors=np.concatenate(keep._vectors),
        unstable=unstable,
        centre=centre,
        pairs=keep.pairs,
        angle_times=(thin + 1) * keep.interval,
        angles=angles[thin],
        smallest_angle=angles.min(axis=0),
        near_tangency=(angles < 0.05).mean(axis=0),
        converged=bool(
            np.all((sweep.error <= _CONVERGED) | equal)
            and keep.seen(keep._centre) == (unstable, centre)
            and result == RESULTS.successful
        ),
        unit=unit,
        result=result,
        settings=settings,
    )


def _nothing(sweep: _Sweep, unit: str, result: Any, settings: dict[str, Any]) -> CovariantVectors:
    k = sweep._k
    unknown = np.full(k, math.nan)
    return CovariantVectors(
        exponents=unknown,
        stderr=unknown,
        backward_exponents=unknown,
        backward_stderr=unknown,
        vector_error=unknown,
        times=np.zeros(0),
        states=np.zeros((0, 0)),
        vectors=np.zeros((0, 0, k)),
        unstable=0,
        centre=0,
        pairs=(),
        angle_times=np.zeros(0),
        angles=np.zeros((0, 0)),
        smallest_angle=np.zeros(0),
        near_tangency=np.zeros(0),
        converged=False,
        unit=unit,
        result=result,
        settings=settings,
    )
