"""How long states stay in a region: escape of transients, and exit by noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...systems import AbstractSystem, Box, state_variables
from .._as_map import Stepped, as_map
from ._prepared import drawn, flat_box

#: Share of the exits that are latest, from which the rate is taken: the first ones depend on where the starts lie.
_TAIL = 0.5
#: Longest stay, in solver steps (maps: iterations).
_STEPS = 200_000


class Exits(AbstractResult):
    """Times at which states leave a region.

    Attributes:
        times: Time of exit of each start, in order; infinite for those still inside at the end.
        mean: Mean time of exit: all time spent inside over the number of exits, right also if some never left (then
            exits must come at a constant rate).
        stderr: Its standard error.
        rate: Rate of the late exits, those after the median.
        rate_stderr: Its standard error.
        stayed: Share of starts still inside at the end.
        limit: The longest time that was waited.
    """

    mean: float
    stderr: float
    rate: float
    rate_stderr: float
    stayed: float
    limit: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    times: np.ndarray = output("start", unit="time", doc="time of exit")

    def summary(self) -> str:
        """Mean time, rate, and how many stayed."""
        stayed = f"; {self.stayed:.3f} stayed for {self.limit:.4g}" if self.stayed else ""
        return (
            f"Mean exit time {self.mean:.5g} +- {self.stderr:.2g}; late exits at rate {self.rate:.4g} +- "
            f"{self.rate_stderr:.2g}{stayed}."
        )


def exit_times(
    system: AbstractSystem,
    inside: Box | Callable[[jax.Array], jax.Array],
    *,
    starts: int | np.ndarray = 1024,
    region: Box | None = None,
    limit: float | None = None,
    inputs: Any = None,
    key: Key | None = None,
    solver: Any = None,
) -> Exits:
    """Times after which states leave a region, each under noise of its own.

    For chaotic transients the late exits come at the escape rate of the chaotic saddle; for a noisy system in a well
    the mean is its mean exit time. A flow is looked at after each step of its solver: take a short one where the
    state may leave and come back within a step.

    Args:
        system: Any system but one with delays.
        inside: The region to leave: a box, or a function of the flattened state that says whether it is inside.
        starts: Number of random starts, or flattened states, shape `(start, d)`.
        region: Box of random starts; None takes `inside`.
        limit: Longest time; None takes 200,000 steps.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Raises:
        InputError: If there is no region to draw starts from.

    Reference:
        Lai & Tél (2011), Transient chaos, Springer, chapter 1.
    """
    key = key if key is not None else jax.random.key(0)
    of_starts, of_noise = jax.random.split(key)
    stepped = as_map(system, None, inputs=inputs, key=of_noise, solver=solver)
    if isinstance(starts, int):
        box = region if region is not None else inside
        if not isinstance(box, Box):
            raise InputError("Random starts need a `region`, because `inside` is a function. Give a `Box`.")
        flats = drawn(box, of_starts, starts, state_variables(system))
    else:
        flats = np.asarray(starts, float)
    steps = _STEPS if limit is None else max(1, round(limit / float(stepped.dt)))
    test = _Within(*map(jnp.asarray, flat_box(inside))) if isinstance(inside, Box) else inside
    keys = jax.random.split(of_noise, len(flats))
    took = np.asarray(_left(stepped, test, jnp.asarray(flats), keys, jnp.asarray(steps, jnp.int32)))
    dt = float(stepped.dt)
    gone = took <= steps
    times = np.sort(np.where(gone, took * dt, np.inf))
    count, spent = int(gone.sum()), float(np.minimum(took, steps).sum() * dt)
    mean = spent / count if count else float("inf")
    whole = float(np.std(times, ddof=1) / np.sqrt(count)) if count == len(times) > 1 else mean / np.sqrt(max(count, 1))
    rate, rate_error = _late_rate(times, steps * dt, discrete=stepped.solver is None)
    return Exits(
        mean=mean,
        stderr=whole if count else float("inf"),
        rate=rate,
        rate_stderr=rate_error,
        stayed=1 - count / len(times),
        limit=steps * dt,
        result=RESULTS.successful if count else RESULTS.not_converged,
        settings=provenance(
            system=type(system).__name__,
            starts=len(flats),
            step=dt,
            seed=seed_of(key),
        ),
        times=times,
    )


class _Within(eqx.Module):
    """Whether a flattened state lies in a box."""

    low: jax.Array
    high: jax.Array

    def __call__(self, y: jax.Array) -> jax.Array:
        return jnp.all((y >= self.low) & (y <= self.high))


def _late_rate(times: np.ndarray, limit: float, *, discrete: bool) -> tuple[float, float]:
    """Rate of the exits after the median one, with those that stayed taken into account."""
    gone = times[np.isfinite(times)]
    if len(gone) < 8:
        return float("nan"), float("nan")
    first = np.quantile(gone, 1 - _TAIL)
    late = gone[gone > first]
    if not len(late):
        return float("nan"), float("nan")
    stayed = len(times) - len(gone)
    waited = float(np.sum(late - first) + stayed * (limit - first))
    if discrete:
        # Steps until exit are geometric: of all steps taken, the share that ended is 1 - exp(-rate).
        p = len(late) / waited
        error = np.sqrt(p * (1 - p) / waited)
        return float(-np.log1p(-p)), float(error / (1 - p))
    return float(len(late) / waited), float(np.sqrt(len(late)) / waited)


@compiled
def _left(stepped: Stepped, inside: Any, flats: jax.Array, keys: Any, steps: Any) -> jax.Array:
    """Step at which each start is first outside; one more than `steps` if never."""
    _, unravel = ravel_pytree(stepped.template)
    packed = stepped.packing()

    def one(i: Any, c: Any, key: Any) -> Any:
        own = eqx.tree_at(lambda s: s.key, stepped, key, is_leaf=lambda x: x is None)
        return own.stepper(packed)(i, c)

    def still(c: Any) -> jax.Array:
        return inside(ravel_pytree(packed.unpack(c))[0])

    def body(loop: Any) -> Any:
        i, c, took, live = loop
        moved = jax.vmap(lambda s, k: one(i, s, k))(c, keys)
        c = jax.tree.map(lambda new, old: jnp.where(live.reshape(-1, *[1] * (new.ndim - 1)), new, old), moved, c)
        now = live & jax.vmap(still)(c)
        return i + 1, c, jnp.where(live & ~now, i + 1, took), now

    carries = jax.vmap(lambda y: packed.pack(unravel(y)))(flats)
    live = jax.vmap(still)(carries)
    took = jnp.where(live, steps + 1, 0).astype(jnp.int32)
    start = (jnp.zeros((), jnp.int32), carries, took, live)
    return jax.lax.while_loop(lambda loop: (loop[0] < steps) & jnp.any(loop[3]), body, start)[2]
