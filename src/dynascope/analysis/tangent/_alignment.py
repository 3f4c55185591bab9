"""Alignment of tangent vectors: SALI and GALI, which tell chaos from tori long before exponents settle."""

from __future__ import annotations

import math
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
from .._frames import Tangent, random_frames, tangent_of
from ._orbit import checked_count, rate_error, settled, stacked, steps_of, transient_steps

#: Moments of one compiled call.
_CHUNK = 64
#: Default duration in solver steps (maps: steps).
_DURATION = 64_000
#: Fewest moments from which a law is said.
_FEWEST = 16
#: A fall with an effective power above the steepest law of a torus by this much is exponential; one below the second
#: number is no fall at all.
_STEEPER, _FLAT = 2.0, 0.5
#: Mean fall of the logarithm over the later half that an exponential law must reach.
_FAR = 10.0


class Alignment(AbstractResult):
    """How tangent vectors align along one orbit.

    Attributes:
        times: Moments since the vectors were started.
        log_sali: Logarithm of the smaller alignment index of the first two vectors.
        orders: Numbers of vectors `j = 2 ... k` of each index.
        log_gali: Logarithm of the generalised index of the first `j` vectors, shape `(time, order)`.
        rates: Rate of the exponential fall of each index over the second half of the run.
        rates_stderr: Its standard error.
        expected_rates: What the exponents predict, sum of `(exponent 1 - exponent i)` for `i` up to `j`.
        expected_rates_stderr: Its standard error.
        powers: Effective power of the fall over the last three quarters of the run: `-d log GALI / d log t`.
        laws: Of each index: `exponential` (chaos), `power law` or `constant` (tori).
        exponents: Exponents over the same run.
        stderr: Their standard errors.
        chaotic: Whether the index of the first two vectors falls exponentially.
        unit: `nats/step` or `nats/<time unit>`.
    """

    laws: tuple[str, ...] = eqx.field(static=True)
    chaotic: bool
    unit: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    times: np.ndarray = output("time", doc="times since the start of the vectors")
    log_sali: np.ndarray = output("time", doc="logarithm of SALI")
    orders: np.ndarray = output("order", doc="numbers of vectors")
    log_gali: np.ndarray = output("time", "order", doc="logarithm of GALI")
    rates: np.ndarray = output("order", doc="exponential rates of the fall")
    rates_stderr: np.ndarray = output("order", doc="standard errors of the rates")
    expected_rates: np.ndarray = output("order", doc="rates expected from the exponents")
    expected_rates_stderr: np.ndarray = output("order", doc="standard errors of the expected rates")
    powers: np.ndarray = output("order", doc="effective powers of the fall")
    exponents: np.ndarray = output("exponent", doc="exponents")
    stderr: np.ndarray = output("exponent", doc="standard errors of the exponents")

    def summary(self) -> str:
        """The law of each index."""
        if not len(self.times):
            return "No alignment: the orbit was lost at once."
        lines = []
        rows = zip(self.orders, self.laws, self.rates, self.rates_stderr, self.expected_rates, self.powers, strict=True)
        for j, law, rate, error, expected, power in rows:
            detail = f"rate {rate:.3g} +- {error:.1g}, {expected:.3g} expected from the exponents"
            lines.append(f"GALI_{j}: {law} ({detail if law == 'exponential' else f'power {power:.2g}'})")
        return f"{'Chaotic' if self.chaotic else 'Not chaotic'} over {self.times[-1]:g}. {'; '.join(lines)}."


def alignment(
    system: AbstractSystem,
    *,
    k: int | None = None,
    samples: int = 512,
    y0: State = None,
    transient: float | None = 0.0,
    duration: float | None = None,
    key: Key | None = None,
    inputs: Any = None,
    solver: Any = None,
    throw: bool = True,
    progress: bool = False,
) -> Alignment:
    r"""The alignment indices SALI and GALI_2 ... GALI_k of tangent vectors that start orthonormal.

    $GALI_j = |\hat w_1 \wedge \dots \wedge \hat w_j|$, the volume spanned by unit vectors, and
    $SALI = \min |\hat w_1 \pm \hat w_2|$. For chaos $GALI_j \propto \exp(-[(\lambda_1 - \lambda_2) + \dots +
    (\lambda_1 - \lambda_j)] t)$; on a torus of dimension s of a system of N degrees of freedom it stays constant for
    j <= s and else falls as a power, not steeper than $t^{-2(j-1)}$. Volumes come from the factorisation
    $M = Q R$, $\log GALI_j = \sum_i \log R_{ii} - \sum_i \log |R e_i|$, so that they do not end at the rounding of
    parallel vectors (1e-16) but can be followed for as long as wanted.

    The rule: the effective power of the fall is the slope of $-\log GALI$ against $\log t$ over the last three quarters
    of the run; above $2(j-1) + 2$, and with a mean fall of more than 10 in all, the law is exponential, below 0.5 it is
    constant, else a power law. Weak chaos needs a long run: it looks like a torus until $(\lambda_1 - \lambda_2) t$ is
    some 10.

    Args:
        system: Any system with a continuous state of two dimensions at least.
        k: Largest number of vectors; None takes all, at most 6.
        samples: Moments, evenly over the run, at which the indices are taken.
        y0: Initial state; None takes `initial_state()`.
        transient: Time left out before the vectors start; None takes 20,000 solver steps (maps 2,000).
        duration: Time over which vectors are followed; None takes 64,000 solver steps.
        key: Random key of the vectors and of a noisy system, which needs one.
        inputs: Input signal of a driven system.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
        throw: Raise `ComputationFailed` if the orbit diverges.
        progress: Show progress on standard error.

    Returns:
        An `Alignment`.

    Raises:
        InputError: For a discrete state, a missing key, or a number out of range.
        ComputationFailed: If the orbit becomes infinite, and `throw`.

    Reference:
        Skokos (2001), Alignment indices: a new, simple method for determining the ordered or chaotic nature of orbits,
        J. Phys. A 34, 10029-10043; Skokos, Bountis & Antonopoulos (2007), Geometrical properties of local dynamics in
        Hamiltonian systems: the Generalized Alignment Index (GALI) method, Physica D 231, 30-54.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.tangent import alignment
        >>> alignment(ds.build("standard-map"), y0=[0.5, 3.0], duration=4000).laws  # an island
        ('power law',)
    """
    stepped = differentiable_map(system, y0, inputs=inputs, key=key, solver=solver, what="alignment")
    dimension = stepped.dimension
    k = max(2, min(dimension, 6)) if k is None else k
    k = checked_count(k, "k", least=2, most=dimension)
    samples = checked_count(samples, "samples", least=_FEWEST)
    skipped = transient_steps(system, stepped, transient)
    steps = _DURATION // stepped.work if duration is None else steps_of(duration, stepped, "duration", least=samples)
    stride = max(1, steps // samples)
    frame = random_frames(key if key is not None else jax.random.key(0), dimension, k)
    run, at, every = _started(stepped, frame, skipped)
    state = (run, at, jnp.eye(k), jnp.zeros(k))
    pieces: list[Any] = []
    result = RESULTS.successful
    chunks = -(-samples // _CHUNK)
    with Progress(chunks, f"alignment of {type(system).__name__}", show=progress) as bar, one_blas_thread():
        try:
            for _ in range(chunks):
                state, piece = _followed(stepped, state, jnp.asarray(every), jnp.asarray(stride))
                pieces.append(jax.tree.map(np.asarray, piece))
                bar.advance(1)
                if not (np.isfinite(pieces[-1][0]).all() and np.isfinite(pieces[-1][1]).all()):
                    result = RESULTS.nonfinite
                    break
        except KeyboardInterrupt:
            if not pieces:
                raise
            result = RESULTS.interrupted
    if throw and result == RESULTS.nonfinite:
        raise_if_failed(result, what=f"`alignment` of `{type(system).__name__}`")
    growth, lengths = (np.concatenate(parts)[:samples] for parts in zip(*pieces, strict=True))
    finite: np.ndarray = np.all(np.isfinite(growth + lengths), axis=1)
    some = len(finite) if finite.all() else int(np.argmin(finite))
    growth, lengths = growth[:some], lengths[:some]
    settings = provenance(
        system=type(system).__name__, step=float(stepped.dt), every=every, transient=skipped * float(stepped.dt)
    )
    return _finished(growth, lengths, stride * float(stepped.dt), rate_unit(system.time_unit), result, settings)


def _started(stepped: Stepped, frame: Any, skipped: int) -> tuple[Any, Any, int]:
    """The orbit after its transient with fresh vectors, and the interval between factorisations."""
    # The pilot's vectors are thrown away: the indices are those of vectors that start orthonormal.
    runs, at, every = settled(stepped, stacked(stepped.template), frame[None], transient=skipped)
    fresh = _fresh(stepped, stepped.template, frame)
    return (jax.tree.map(lambda leaf: leaf[0], runs[0]), fresh), at, every


@compiled
def _fresh(stepped: Stepped, y: State, frame: Any) -> Any:
    return tangent_of(stepped).start(y, frame)[1]


@compiled
def _followed(stepped: Stepped, state: Any, every: Any, stride: Any) -> tuple[Any, Any]:
    """Advance by `_CHUNK` moments; growth of the frame and of the vectors themselves since the start of each."""
    tangent: Tangent = tangent_of(stepped)

    def moment(state: Any, _: Any) -> Any:
        run, i, inside, lengths = state
        end = i + stride
        nothing = jnp.zeros_like(lengths)

        def interval(c: Any) -> Any:
            run, i, inside, lengths, growth = c
            some = jnp.minimum(every, end - i)
            y, vectors = jax.lax.fori_loop(0, some, lambda m, s: tangent.push(i + m, s), run)
            vectors, r = tangent.factored(vectors)
            inside = r @ inside
            size = jnp.linalg.norm(inside, axis=0)
            return (y, vectors), i + some, inside / size, lengths + jnp.log(size), growth + jnp.log(jnp.diagonal(r))

        run, i, inside, lengths, growth = jax.lax.while_loop(
            lambda c: c[1] < end, interval, (run, i, inside, lengths, nothing)
        )
        return (run, i, inside, lengths), (growth, lengths)

    return jax.lax.scan(moment, state, None, length=_CHUNK)


def _finished(
    growth: np.ndarray, lengths: np.ndarray, interval: float, unit: str, result: Any, settings: dict[str, Any]
) -> Alignment:
    if len(growth) < _FEWEST:
        return _nothing(growth.shape[1], unit, result, settings)
    times = interval * np.arange(1, len(growth) + 1)
    log_gali = (np.cumsum(np.cumsum(growth, axis=0), axis=1) - np.cumsum(lengths, axis=1))[:, 1:]
    log_gali = np.minimum(log_gali, 0.0)
    # |w1 -+ w2| = 2 sin(angle / 2), and the index of two vectors is the sine of their angle.
    half = 0.5 * np.arcsin(np.exp(np.maximum(log_gali[:, 0], -700.0)))
    log_sali = np.where(log_gali[:, 0] > -30, np.log(2 * np.sin(half)), log_gali[:, 0])
    rates = growth / interval
    later = slice(len(rates) // 2, None)
    exponents, error = rates[later].mean(axis=0), rate_error(rates[later])
    gaps = np.cumsum(rates[:, :1] - rates, axis=1)[later, 1:]
    fall = -np.diff(log_gali[later], axis=0) / interval
    powers: list[float] = []
    laws: list[str] = []
    for j in range(log_gali.shape[1]):
        powers.append(_power(times, log_gali[:, j]))
        far = -float(log_gali[later, j].mean()) > _FAR
        steep = powers[-1] > 2 * (j + 1) + _STEEPER and far
        laws.append("exponential" if steep else "constant" if powers[-1] < _FLAT else "power law")
    return Alignment(
        times=times,
        log_sali=log_sali,
        orders=np.arange(2, growth.shape[1] + 1),
        log_gali=log_gali,
        rates=fall.mean(axis=0),
        rates_stderr=rate_error(fall),
        expected_rates=gaps.mean(axis=0),
        expected_rates_stderr=rate_error(gaps),
        powers=np.array(powers),
        laws=tuple(laws),
        exponents=exponents,
        stderr=error,
        chaotic=laws[0] == "exponential",
        unit=unit,
        result=result,
        settings=settings,
    )


def _power(times: np.ndarray, log_index: np.ndarray) -> float:
    """Slope of `-log_index` against the logarithm of time over the last three quarters."""
    last = slice(len(times) // 4, None)
    return -float(np.polyfit(np.log(times[last]), log_index[last], 1)[0])


def _nothing(k: int, unit: str, result: Any, settings: dict[str, Any]) -> Alignment:
    """An orbit that was lost before anything could be said."""
    unknown, exponents = np.full(k - 1, math.nan), np.full(k, math.nan)
    return Alignment(
        times=np.zeros(0),
        log_sali=np.zeros(0),
        orders=np.arange(2, k + 1),
        log_gali=np.zeros((0, k - 1)),
        rates=unknown,
        rates_stderr=unknown,
        expected_rates=unknown,
        expected_rates_stderr=unknown,
        powers=unknown,
        laws=("undecided",) * (k - 1),
        exponents=exponents,
        stderr=exponents,
        chaotic=False,
        unit=unit,
        result=result,
        settings=settings,
    )
