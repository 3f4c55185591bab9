"""Predictability: what is left of the knowledge of a state once exponential growth has ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._config import one_blas_thread
from ..._errors import RESULTS, ComputationFailed, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...solve import Progress
from ...systems import AbstractSystem
from .._as_map import Stepped
from .._differentiable import differentiable_map
from .._frames import random_frames, tangent_of
from ._orbit import alive, checked_count, grown, rate_error, settled, stacked, steps_of, transient_steps

#: Moments of one run, and moments of one compiled call.
_MOMENTS, _CHUNK = 128, 16
#: Prediction times that a run lasts, and longest run (in steps) chosen without a duration.
_TIMES, _LONGEST = 10.0, 200_000
#: Windows of the pilot that estimates the exponent, and steps of each.
_WINDOWS, _WINDOW = 64, 500
#: Bootstrap repetitions, and the two borders of the rule.
_BOOTSTRAP, _BORDER = 400, 0.5
#: An attractor smaller than this, in units of its distance from the origin, is a point.
_POINT = 1e-9


class Predictability(AbstractResult):
    """How far pairs of orbits that start close end up from each other.

    Attributes:
        kind: `laminar`, `partially predictable chaos`, `strong chaos` or `undecided`.
        exponent: Largest Lyapunov exponent, from a pilot run.
        exponent_stderr: Its standard error.
        prediction_time: Time in which the smallest distance grows to the size of the attractor at this rate; infinite
            without growth.
        scaling: Slope of log(final distance) against log(initial distance): 1 where distances keep their proportion, 0
            for chaos.
        scaling_stderr: Its standard error, by a bootstrap over pairs.
        correlation: Final cross-correlation of pairs with the smallest initial distance: 1 - D^2 / D_unrelated^2.
        correlation_stderr: Its standard error.
        unrelated: Root mean square distance of unrelated states of the attractor.
        distances: Initial distances, in units of `unrelated`.
        final: Root mean square distances over the last half of the run, in units of `unrelated`.
        final_stderr: Their standard errors.
        times: Moments.
        growth: Root mean square distance at each moment, in units of `unrelated`, shape `(time, distance)`.
    """

    kind: str
    exponent: float
    exponent_stderr: float
    prediction_time: float
    scaling: float
    scaling_stderr: float
    correlation: float
    correlation_stderr: float
    unrelated: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    distances: np.ndarray = output("distance", doc="initial distances")
    final: np.ndarray = output("distance", doc="final distances")
    final_stderr: np.ndarray = output("distance", doc="standard errors of the final distances")
    times: np.ndarray = output("time", doc="moments")
    growth: np.ndarray = output("time", "distance", doc="distances over time")

    def summary(self) -> str:
        """The class, and the two numbers that decide it."""
        return (
            f"{self.kind.capitalize()}: cross-distance scaling {self.scaling:.3g} +- {self.scaling_stderr:.1g}, final "
            f"cross-correlation {self.correlation:.3g} +- {self.correlation_stderr:.1g} after {self.times[-1]:.4g} "
            f"(prediction time {self.prediction_time:.3g}, exponent {self.exponent:.3g} +- {self.exponent_stderr:.1g})."
        )


def predictability(
    system: AbstractSystem,
    *,
    distances: Sequence[float] = (1e-8, 1e-7, 1e-6, 1e-5),
    pairs: int = 128,
    y0: State = None,
    transient: float | None = None,
    duration: float | None = None,
    key: Key | None = None,
    inputs: Any = None,
    solver: Any = None,
    throw: bool = True,
    progress: bool = False,
) -> Predictability:
    r"""The predictability test of partially predictable chaos.

    Pairs of states of the attractor start at the distance $\delta$; long after the exponential phase, which ends at
    $T_\lambda = \ln(1/\delta) / \lambda_1$, their distance $D(\delta)$ scales as $\delta^\nu$, and
    $C = 1 - D^2 / D_\infty^2$ with the distance $D_\infty$ of unrelated states tells how much of the one orbit the
    other still knows. The rule: `laminar` for $\nu$ above 1/2; else `partially predictable chaos` for C above 1/2
    (chaos whose orbits stay together on a braid around a former cycle), else `strong chaos`; `undecided` where the
    number that decides lies within 2 standard errors of 1/2.

    Args:
        system: Any system with a continuous state.
        distances: Initial distances in units of the distance of unrelated states, two at least.
        pairs: Number of pairs of each distance.
        y0: Initial state; None takes `initial_state()`.
        transient: Time left out; None takes 20,000 solver steps (maps 2,000).
        duration: Time over which pairs are followed; None takes ten prediction times of the smallest distance, at most
            200,000 steps.
        key: Random key of the directions and of a noisy system, which needs one (both of a pair get the same noise).
        inputs: Input signal of a driven system.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
        throw: Raise `ComputationFailed` if orbits diverge or the attractor is a point.
        progress: Show progress on standard error.

    Returns:
        A `Predictability`.

    Raises:
        InputError: For a discrete state, a missing key, or numbers out of range.
        ComputationFailed: If an orbit becomes infinite, and `throw`.

    Reference:
        Wernecke, Sandor & Gros (2017), How to test for partially predictable chaos, Scientific Reports 7, 1087.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.tangent import predictability
        >>> predictability(ds.build("henon"), pairs=64).kind
        'strong chaos'
    """
    stepped = differentiable_map(system, y0, inputs=inputs, key=key, solver=solver, what="predictability")
    dimension = stepped.dimension
    pairs = checked_count(pairs, "pairs", least=16)
    deltas = np.asarray(sorted(float(x) for x in distances))
    if len(deltas) < 2 or not np.all((deltas > 1e-14) & (deltas < 0.1)) or np.any(np.diff(deltas) <= 0):
        raise InputError(
            f"`distances` must be two or more different numbers between 1e-14 and 0.1, got {tuple(distances)}."
        )
    skipped = transient_steps(system, stepped, transient)
    seed = key if key is not None else jax.random.key(0)
    with one_blas_thread():
        run, at, rates = _pilot(stepped, seed, dimension, skipped)
        exponent, error = float(rates.mean()), float(rate_error(rates)[0])
        rising = exponent > 2 * error
        span = math.log(1 / deltas[0]) / exponent if rising else math.inf
        steps = (
            int(min(_LONGEST // stepped.work, _TIMES * span / float(stepped.dt)))
            if duration is None
            else steps_of(duration, stepped, "duration", least=_MOMENTS)
        )
        # The states of the pairs lie apart in time, so that they sample the attractor.
        gap = max(1, min(int(span / float(stepped.dt)) if rising else _WINDOW, _LONGEST // stepped.work // pairs))
        carries, at = _sampled(stepped, run[0], at, jnp.asarray(gap), pairs=pairs)
        unrelated, size = _unrelated(stepped, carries)
        stride = max(1, steps // _MOMENTS)
        squares, result = _followed(stepped, carries, at, deltas * unrelated, (stride, seed), progress)
    settings = provenance(
        system=type(system).__name__,
        step=float(stepped.dt),
        transient=skipped * float(stepped.dt),
        pairs=pairs,
        apart=gap * float(stepped.dt),
        duration=len(squares) * stride * float(stepped.dt),
    )
    if not (np.isfinite(squares).all() and math.isfinite(unrelated)):
        result = RESULTS.nonfinite
        squares = np.where(np.isfinite(squares), squares, np.nan)
        if throw:
            raise_if_failed(result, what=f"`predictability` of `{type(system).__name__}`")
    elif unrelated <= _POINT * size:
        result = RESULTS.not_converged
        if throw:
            raise ComputationFailed(
                f"`predictability` of `{type(system).__name__}`: the orbit comes to rest, so all pairs meet and "
                "nothing is left to predict. Take a start on another attractor, or see `fixed_points`."
            )
    times = stride * float(stepped.dt) * np.arange(1, len(squares) + 1)
    return _finished((exponent, error, span), deltas, unrelated, (times, squares), result, settings)


def _pilot(stepped: Stepped, key: Key, dimension: int, skipped: int) -> tuple[Any, Any, np.ndarray]:
    """The orbit after its transient, and its growth rates over 64 windows, shape `(window, 1)`."""
    frame = random_frames(key, dimension, 1)[None]
    runs, at, every = settled(stepped, stacked(stepped.template), frame, transient=skipped)
    window = max(1, _WINDOW // stepped.work)
    runs, at, logs = grown(stepped, runs, at, jnp.asarray(every), jnp.asarray(window), windows=_WINDOWS)
    if not alive(runs).all():
        logs = jnp.full_like(logs, jnp.nan)
    return jax.tree.map(lambda leaf: leaf[0], runs), at, np.asarray(logs)[0] / (window * float(stepped.dt))


@compiled
def _sampled(stepped: Stepped, carry: Any, first: Any, gap: Any, *, pairs: int) -> tuple[Any, Any]:
    tangent = tangent_of(stepped)

    def sample(c: Any, _: Any) -> Any:
        y, i = c
        y = jax.lax.fori_loop(0, gap, lambda m, s: tangent.step(i + m, s), y)
        return (y, i + gap), y

    (_, last), carries = jax.lax.scan(sample, (carry, first), None, length=pairs)
    return carries, last


def _periods(stepped: Stepped, dimension: int) -> jax.Array:
    """Period of each component of the state; infinite where it is no angle. Histories repeat the present."""
    variables = stepped.variables()
    periods = [v.period if v.topology == "circle" else math.inf for v in variables]
    return jnp.asarray(periods * (dimension // len(periods)))


def _squared(difference: Any, periods: Any) -> Any:
    """Squared distance, angles the shorter way round."""
    whole = jnp.where(jnp.isinf(periods), 1.0, periods)
    turned = difference - whole * jnp.round(difference / whole)
    return jnp.sum(jnp.where(jnp.isinf(periods), difference, turned) ** 2, axis=-1)


@compiled
def _places(stepped: Stepped, carries: Any) -> Any:
    return jax.vmap(tangent_of(stepped).place)(carries)


def _unrelated(stepped: Stepped, carries: Any) -> tuple[float, float]:
    """Root mean square distance of different states of the sample, and the largest size of a component."""
    places = _places(stepped, carries)
    distance = float(_between(places, _periods(stepped, places.shape[1])))
    return math.sqrt(distance), float(jnp.max(jnp.abs(places)))


def _between(places: Any, periods: Any) -> Any:
    """Mean squared distance of different states."""
    shifts = range(1, len(places), max(1, len(places) // 8))
    return jnp.mean(jnp.stack([_squared(jnp.roll(places, s, axis=0) - places, periods) for s in shifts]))


def _followed(
    stepped: Stepped, carries: Any, first: Any, sizes: np.ndarray, plan: tuple[int, Key], progress: bool
) -> tuple[np.ndarray, Any]:
    """Squared distances, shape `(moment, distance, pair)`, in units of that of unrelated states late in the run.

    An interrupted run gives what was finished.
    """
    stride, key = plan
    state = (carries, _displaced(stepped, carries, jnp.asarray(sizes), key), first)
    pieces: list[Any] = []
    result = RESULTS.successful
    with Progress(_MOMENTS, "predictability", show=progress) as bar:
        try:
            for _ in range(_MOMENTS // _CHUNK):
                state, piece = _apart(stepped, state, jnp.asarray(stride))
                pieces.append(jax.tree.map(np.asarray, piece))
                bar.advance(_CHUNK)
        except KeyboardInterrupt:
            if not pieces:
                raise
            result = RESULTS.interrupted
    squares, between = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return squares / max(float(between[len(between) // 2 :].mean()), 1e-300), result


@compiled
def _displaced(stepped: Stepped, carries: Any, sizes: Any, key: Key) -> Any:
    """Partners of every state at every distance, in random directions; carries with axes `(distance, pair)`."""
    tangent = tangent_of(stepped)
    places = jax.vmap(tangent.place)(carries)
    steps = jax.random.normal(key, (len(sizes), *places.shape))
    steps = steps / jnp.linalg.norm(steps, axis=-1, keepdims=True) * sizes[:, None, None]
    one = jax.tree.map(lambda leaf: leaf[0], carries)
    unravel = ravel_pytree(one)[1]
    return jax.vmap(jax.vmap(unravel))(places + steps)


@compiled
def _apart(stepped: Stepped, state: Any, stride: Any) -> tuple[Any, Any]:
    """Advance states and partners by `_CHUNK` moments; squared distances, shape `(moment, distance, pair)`."""
    tangent = tangent_of(stepped)
    periods = _periods(stepped, tangent.dimension)

    def moment(state: Any, _: Any) -> Any:
        states, partners, i = state

        def moved(m: Any, c: Any) -> Any:
            states, partners = c
            step = jax.vmap(lambda y: tangent.step(i + m, y))
            return step(states), jax.vmap(step)(partners)

        states, partners = jax.lax.fori_loop(0, stride, moved, (states, partners))
        place = jax.vmap(tangent.place)
        here = place(states)
        squares = _squared(jax.vmap(place)(partners) - here, periods)
        return (states, partners, i + stride), (squares, _between(here, periods))

    return jax.lax.scan(moment, state, None, length=_CHUNK)


def _finished(
    pilot: tuple[float, float, float],
    deltas: np.ndarray,
    unrelated: float,
    course: tuple[np.ndarray, np.ndarray],
    result: Any,
    settings: dict[str, Any],
) -> Predictability:
    times, relative = course
    late = relative[len(relative) // 2 :].mean(axis=0)  # (distance, pair)
    pairs = late.shape[1]
    draws = np.random.default_rng(0).integers(pairs, size=(_BOOTSTRAP, pairs))
    again = late[:, draws].mean(axis=2)  # (distance, repetition)
    mean = late.mean(axis=1)
    x = np.log(deltas) - np.log(deltas).mean()
    tiny = 1e-300
    scaling, scalings = (0.5 * x @ np.log(np.maximum(m, tiny)) / np.sum(x**2) for m in (mean, again))
    scaling_error = float(np.std(scalings, ddof=1))
    correlation, correlation_error = 1 - float(mean[0]), float(np.std(again[0], ddof=1))
    final = np.sqrt(mean)
    return Predictability(
        kind=_kind(float(scaling), scaling_error, correlation, correlation_error),
        exponent=pilot[0],
        exponent_stderr=pilot[1],
        prediction_time=pilot[2],
        scaling=float(scaling),
        scaling_stderr=scaling_error,
        correlation=correlation,
        correlation_stderr=correlation_error,
        unrelated=unrelated,
        result=result,
        settings=settings,
        distances=deltas,
        final=final,
        final_stderr=np.std(again, axis=1, ddof=1) / np.maximum(2 * final, 1e-300),
        times=times,
        growth=np.sqrt(relative.mean(axis=2)),
    )


def _kind(scaling: float, scaling_error: float, correlation: float, correlation_error: float) -> str:
    if not (math.isfinite(scaling) and math.isfinite(correlation)):
        return "undecided"
    if abs(scaling - _BORDER) <= 2 * scaling_error:
        return "undecided"
    if scaling > _BORDER:
        return "laminar"
    if abs(correlation - _BORDER) <= 2 * correlation_error:
        return "undecided"
    return "partially predictable chaos" if correlation > _BORDER else "strong chaos"
