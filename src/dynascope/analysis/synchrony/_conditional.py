"""Drive and response: does a driven system forget its own start, and follow its drive as a function of it?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output
from ..._types import Key, State
from ...systems import AbstractSystem, coupled, dimension, kind
from ...systems.derived import SubsystemFlow, SubsystemMap, left_out
from .._as_map import Stepped
from .._differentiable import rate_unit
from .._region import start_region
from ._master import settings_of
from ._variation import AbstractVariation, Run, linear_part, prepared

#: Times at which the distance of copies is taken, and the relative distance below which they count as one.
_TIMES, _MERGED = 200, 1e-6
#: Distances, relative to the size of the response, between which their decay is fitted.
_FLOOR = 1e-13
#: How long copies are compared at most, in units of the time in which a difference changes e-fold.
_LONG = 60.0
#: Fewest times from which a rate of decay is taken.
_FEWEST = 8


class OfResponse(AbstractVariation):
    """Perturbations of the response alone, under an unchanged drive; the state is `(drive, response)`."""

    def size(self, y: State) -> int:
        return ravel_pytree(y[1])[0].size

    def at(self, rule: Callable[[State], State], y: State) -> tuple[State, Callable[[jax.Array, Any], jax.Array]]:
        _, apply = linear_part(lambda response: rule((y[0], response))[1], y[1])

        def pushed(xi: jax.Array, alpha: Any) -> jax.Array:
            del alpha
            return apply(xi)

        return rule(y), pushed


class ConditionalExponents(AbstractResult):
    """Exponents of a response under its drive, and what copies of it do.

    Attributes:
        exponents: Conditional exponents, in falling order.
        stderr: Standard errors.
        times: Times at which the copies were compared.
        distances: Largest distance of a copy of the response, started elsewhere, from the response, over the size of
            the response.
        merged: Whether all copies have become one with the response.
        decay: Rate at which the distance of the copies shrank, as an exponent; NaN where too little of it was seen.
        verdict: `generalised synchronisation` if the largest exponent is negative beyond its error and the copies
            merge; `several responses` if it is negative but copies stay apart: the response depends on its start;
            `no synchronisation` if it is positive beyond its error; `undecided`.
        unit: `nats/step` or `nats/<time unit>`.
    """

    merged: bool
    decay: float
    verdict: str
    unit: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    exponents: np.ndarray = output("exponent", doc="conditional exponents")
    stderr: np.ndarray = output("exponent", doc="standard errors")
    times: np.ndarray = output("time", doc="times of the comparison")
    distances: np.ndarray = output("time", doc="relative distance of copies of the response")

    def summary(self) -> str:
        """The exponents, what the copies do, and the verdict."""
        shown = ", ".join(f"{x:.4g} +- {e:.1g}" for x, e in zip(self.exponents[:4], self.stderr[:4], strict=True))
        copies = "copies merge" if self.merged else f"copies end {self.distances[-1]:.1g} apart"
        return f"Conditional exponents ({self.unit}): {shown}; {copies}: {self.verdict}."


class _Feed(eqx.Module):
    """The rule of a drive and copies of its response; the drive is fed nothing."""

    coupling: Any
    copies: int = eqx.field(static=True)

    def __call__(self, t: Any, states: Any) -> Any:
        return (None, *([self.coupling(t, states[0])] * self.copies))


class _LeftOut(eqx.Module):
    """What a subsystem lacks."""

    response: Any

    def __call__(self, t: Any, y: State) -> jax.Array:
        del t
        return left_out(self.response, y)


class _Observed(eqx.Module):
    """What is seen of the drive, as a vector."""

    drive: Any

    def __call__(self, t: Any, y: State) -> jax.Array:
        return ravel_pytree(self.drive.observe(t, y, None))[0]


def conditional_exponents(
    drive: AbstractSystem,
    response: AbstractSystem,
    coupling: Callable[[Any, State], Any] | None = None,
    *,
    k: int | None = None,
    copies: int = 3,
    y0: State = None,
    transient: float | None = None,
    duration: float | None = None,
    key: Key | None = None,
    solver: Any = None,
    rtol: float = 0.01,
    throw: bool = True,
    progress: bool = False,
) -> ConditionalExponents:
    r"""Exponents of a response r driven by a system x: $\dot x = f(x)$, $\dot r = g(r, u(x))$.

    The tangent of the joint system is block-triangular; the conditional exponents are those of the block of the
    response, $\dot\xi = \partial_r g(r, u)\, \xi$. If all are negative, the response forgets its start, and near the
    drive it becomes a function of the drive's past: generalised synchronisation. Whether that holds for distant starts
    too is seen from copies of the response under the same drive (auxiliary systems).

    Args:
        drive: A flow or a map without input.
        response: A system of the same kind with an input; `subsystem(drive, ["y", "z"])` gives the response of Pecora
            and Carroll, a copy of a part of the drive.
        coupling: `coupling(t, x) -> u`: what the response is fed. None feeds a `subsystem` of the drive with the
            components that it lacks, and another response with what the drive shows (`observe`).
        k: Number of exponents; None takes all up to dimension 16.
        copies: Copies of the response that start at random in its region.
        y0: Initial state `(drive, response)`; None takes the initial states of both.
        transient: Time (maps: steps) left out; None takes 20,000 solver steps (maps 2,000).
        duration: Time (maps: steps) averaged over; None runs until every error is below `rtol` of the spread of the
            exponents, within a fixed budget.
        key: Random key of the starts of the copies; None takes a fixed one.
        solver: Fixed-step solver of the joint system; None takes that of `fixed_solver`.
        rtol: Relative precision asked for where `duration` is None.
        throw: Raise `ComputationFailed` if the orbit diverges.
        progress: Show progress on standard error.

    Returns:
        A `ConditionalExponents`.

    Raises:
        InputError: If the systems are of different kinds, the drive takes an input or the coupling does not fit.
        ComputationFailed: If the orbit becomes infinite, and `throw`.

    Reference:
        Pecora & Carroll (1990), Synchronization in chaotic systems, Phys. Rev. Lett. 64, 821-824; Abarbanel, Rulkov &
        Sushchik (1996), Generalized synchronization of chaos: the auxiliary system approach, Phys. Rev. E 53, 4528.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.systems import subsystem
        >>> lorenz = ds.build("lorenz")
        >>> conditional_exponents(lorenz, subsystem(lorenz, ["y", "z"]), duration=100).verdict
        'generalised synchronisation'
    """
    if drive.input_size() is not None:
        raise InputError(f"The drive `{type(drive).__name__}` takes an input itself. Fix it with `driven`.")
    rule = _rule(drive, response, coupling)
    size = dimension(response)
    if copies < 1 or (k is not None and not 1 <= k <= size):
        raise InputError(f"`copies` must be at least 1 and `k` between 1 and {size}, got {copies} and {k}.")
    joint = coupled((drive, response), _Feed(rule, 1))
    stepped = prepared(joint, y0, inputs=None, solver=solver, what="conditional_exponents")
    run = Run(stepped, OfResponse(), min(size, 16) if k is None else k, transient)
    steps = None if duration is None else run.steps_of(duration, "duration")
    grown = run.grown(np.zeros(1), steps, rtol=None if steps else rtol, progress=progress)
    if throw and not bool(grown.result == RESULTS.interrupted):
        raise_if_failed(grown.result, what=f"`conditional_exponents` of `{type(response).__name__}`")
    order = np.argsort(-grown.mean[0], kind="stable")
    exponents, stderr = grown.mean[0][order], grown.stderr[0][order]
    seed = jax.random.key(0) if key is None else key
    span = grown.steps
    if math.isfinite(exponents[0]) and exponents[0] != 0:
        span = min(span, max(_TIMES, round(_LONG / (abs(float(exponents[0])) * grown.dt))))
    times, distances = _compared(run, (drive, response, rule), copies, span, seed)
    merged = bool(np.max(distances[-max(1, _TIMES // 10) :]) < _MERGED)
    return ConditionalExponents(
        exponents=exponents,
        stderr=stderr,
        times=times,
        distances=distances,
        merged=merged,
        decay=_decay(times, distances) if merged else math.nan,
        verdict=_verdict(float(exponents[0]), float(stderr[0]), merged),
        unit=rate_unit(response.time_unit),
        result=grown.result,
        settings=settings_of(response, grown) | {"drive": type(drive).__name__, "copies": copies},
    )


def _rule(drive: AbstractSystem, response: AbstractSystem, coupling: Any) -> Any:
    if response.input_size() is None:
        raise InputError(
            f"The response `{type(response).__name__}` takes no input, so nothing can drive it. Declare `input_size`, "
            "or take a `subsystem`."
        )
    if {kind(drive), kind(response)} not in ({"flow"}, {"map"}):
        raise InputError(
            f"Drive and response must both be flows or both maps, got a {kind(drive)} and a {kind(response)}."
        )
    if coupling is not None:
        return coupling
    if isinstance(response, SubsystemFlow | SubsystemMap) and dimension(response.system) == dimension(drive):
        return _LeftOut(response)
    return _Observed(drive)


def _compared(run: Run, parts: Any, copies: int, steps: int, key: Key) -> tuple[np.ndarray, np.ndarray]:
    """Distances of copies of the response from it over a run of the drive, at evenly spaced times."""
    drive, response, rule = parts
    together = coupled((drive, *([response] * (copies + 1))), _Feed(rule, copies + 1))
    first = run.stepped
    origin = first.packing().unpack(run.settled)
    box, _ = start_region(first.system, None, key=key)
    elsewhere = box.sample(key, copies)[1]
    starts = [jax.tree.map(lambda a, i=i: a[i], elsewhere) for i in range(copies)]
    state = (*origin, *starts)
    stepped = Stepped(together, None, first.solver, None, first.dt, state)
    every = max(1, steps // _TIMES)
    with one_blas_thread():
        distances, size = _distances(stepped, state, jnp.asarray(run.skipped), jnp.asarray(every))
    times = (np.arange(_TIMES) + 1) * every * float(first.dt)
    return times, np.asarray(distances) / max(float(size), 1e-300)


@compiled
def _distances(stepped: Stepped, state: Any, first: Any, every: Any) -> tuple[Any, Any]:
    packed = stepped.packing()
    step = stepped.stepper(packed)

    def block(carry: Any, n: Any) -> Any:
        begin = first + n * every
        carry = jax.lax.fori_loop(begin, begin + every, step, carry)
        own, *others = (ravel_pytree(y)[0] for y in packed.unpack(carry)[1:])
        return carry, (jnp.max(jnp.stack([jnp.linalg.norm(y - own) for y in others])), own)

    _, (distances, own) = jax.lax.scan(block, packed.pack(state), jnp.arange(_TIMES))
    return distances, jnp.sqrt(jnp.sum(jnp.var(own, axis=0)) + jnp.sum(own**2) / own.shape[0] * 1e-16)


def _decay(times: np.ndarray, distances: np.ndarray) -> float:
    """Slope of the log distance while it is larger than rounding."""
    some = np.flatnonzero(distances < _FLOOR)
    end = int(some[0]) if some.size else len(times)
    if end < _FEWEST:
        return math.nan
    return float(np.polyfit(times[:end], np.log(distances[:end]), 1)[0])


def _verdict(largest: float, error: float, merged: bool) -> str:
    if largest > 2 * error:
        return "no synchronisation"
    if largest < -2 * error:
        return "generalised synchronisation" if merged else "several responses"
    return "undecided"
