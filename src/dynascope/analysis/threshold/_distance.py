"""Distance of an attractor to the threshold, and its exact period."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...solve import checked_state
from ...systems import AbstractMap

#: Distances below this many roundings of the state could be rounding themselves: no period is believed there.
_ROUNDINGS = 1e3
#: Turns of a cycle after which it counts as settled if it still shrinks.
_TURNS = 4_000


@runtime_checkable
class Thresholded(Protocol):
    """A map with a discontinuity at a threshold, which tells where its units fire and how far the state is from it.

    `BMS` and `GIF` of the catalogue are two; a map of your own needs these two methods beside `step`.
    """

    def spikes(self, y: State) -> jax.Array:
        """1 for each unit that is at or above threshold in state `y`, else 0."""
        ...

    def distance(self, y: State) -> jax.Array:
        """The smallest distance of any unit of state `y` to the threshold."""
        ...


class ThresholdDistance(AbstractResult):
    """Attractors of a spiking map, one for each start.

    Attributes:
        distances: Smallest distance of the attractor to the threshold, d(Omega, S). Where no period was found it is
            that of a finite run: an upper bound.
        periods: Exact period in steps; 0 where none was found. 1 is a state of rest.
        closures: How far the state is from itself a period later: what `distances` may be wrong by. Infinite where no
            period was found.
        rates: Spikes per unit and step.
        active: Number of units that fire at all.
        states: A state on each attractor, flattened.
    """

    units: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    distances: np.ndarray = output("start", doc="smallest distance to the threshold")
    periods: np.ndarray = output("start", unit="step", doc="exact period, 0 for none found")
    closures: np.ndarray = output("start", doc="distance of the state to itself a period later")
    rates: np.ndarray = output("start", unit="1/step", doc="spikes per unit and step")
    active: np.ndarray = output("start", doc="units that fire")
    states: np.ndarray = output("start", "component", doc="a state on the attractor")

    def __len__(self) -> int:
        return len(self.distances)

    @property
    def dead(self) -> np.ndarray:
        """Whether no unit fires any more."""
        return self.active == 0

    @property
    def periodic(self) -> np.ndarray:
        """Whether the attractor is an exact cycle on which units fire."""
        return (self.periods > 0) & ~self.dead

    def summary(self) -> str:
        """How many starts die, end in cycles or show no period, and the distances."""
        dead, cycles = int(np.sum(self.dead)), int(np.sum(self.periodic))
        none = len(self) - dead - cycles
        parts = [f"{dead} of {len(self)} starts die", f"{cycles} end in exact cycles"]
        if cycles:
            periods, near = self.periods[self.periodic], self.distances[self.periodic]
            parts[-1] += f" of {periods.min()} to {periods.max()} steps, {near.min():.2g} to {near.max():.2g} from it"
        if none:
            near = self.distances[self.periods == 0]
            parts.append(f"{none} show no period within the run and come as near as {near.min():.2g}")
        return f"Attractors and the threshold: {'; '.join(parts)}."


def threshold_distance(
    system: AbstractMap,
    y0: State = None,
    *,
    starts: int = 1,
    longest: int = 20_000,
    tolerance: float = 1e-3,
    key: Key | None = None,
) -> ThresholdDistance:
    r"""The distance of an attractor to the threshold, $d(\Omega, S) = \inf_{V \in \Omega} \min_i |V_i - \theta|$.

    Between resets such a map contracts. While the spikes of two states agree, the states come closer, and they agree as
    long as the states lie closer than the distance of either to the threshold. A state that returns to within a small
    part (`tolerance`) of the smallest distance on its way therefore returns for ever: the cycle is real, not a
    coincidence of rounding, and its raster is coded by finitely many symbols. Changes smaller than $d$ leave every
    spike where it was. Cycles are looked for by Brent's algorithm, in constant memory; distances of a thousand
    roundings or less are not believed.

    Args:
        system: A map with `spikes(y)` and `distance(y)` whose rule does not depend on time (see `Thresholded`).
        y0: One start; None draws `starts` of them from the system's region.
        starts: Number of random starts.
        longest: Steps within which a cycle must have closed.
        tolerance: Part of the distance to the threshold within which a state counts as returned.
        key: Random key of the starts; None takes seed 0.

    Returns:
        A `ThresholdDistance`; code `not_converged` if some start shows no period, `nonfinite` if one diverges.

    Raises:
        InputError: For a system without threshold, or numbers that are not positive.

    Reference:
        Cessac (2008), A discrete time neural network model with spiking neurons, Journal of Mathematical Biology 56,
        311-345; Cessac & Vieville (2008), Frontiers in Computational Neuroscience 2:2; Brent (1980), BIT 20, 176-184.

    Example:
        >>> import dynascope as ds
        >>> found = threshold_distance(ds.build("bms"))
        >>> bool(found.distances[0] > 0), bool(found.closures[0] < 1e-12)
        (True, True)
    """
    checked_rule(system, longest, tolerance)
    key = jax.random.key(0) if key is None else key
    states = starting(system, y0, starts, key)
    found = orbits(system, states, longest, tolerance)
    leaves = [np.asarray(leaf).reshape(len(found.period), -1) for leaf in jax.tree.leaves(found.state)]
    flat = np.concatenate(leaves, axis=1)
    periods = np.asarray(found.period)
    return ThresholdDistance(
        units=int(found.fired.shape[1]),
        result=outcome(flat, periods),
        settings=provenance(
            system=type(system).__name__,
            longest=longest,
            tolerance=tolerance,
            seed=seed_of(key),
        ),
        distances=np.asarray(found.distance),
        periods=periods,
        closures=np.where(periods > 0, np.asarray(found.closure), np.inf),
        rates=np.asarray(found.rate),
        active=np.asarray(found.fired).sum(axis=1),
        states=flat,
    )


class Orbit(eqx.Module):
    """Where one start leads: a state on the attractor and what was measured along it."""

    state: State
    period: jax.Array
    distance: jax.Array
    closure: jax.Array
    rate: jax.Array
    fired: jax.Array


def checked_rule(system: Any, longest: int, tolerance: float) -> None:
    """Refuse systems without threshold and bad numbers."""
    if not isinstance(system, AbstractMap) or not isinstance(system, Thresholded):
        raise InputError(
            f"`{type(system).__name__}` has no threshold to measure. Give a map with `spikes(y)` and `distance(y)`, "
            "such as `BMS` or `GIF`."
        )
    if longest < 2 or not 0 < tolerance < 0.5:
        raise InputError(
            f"`longest` must be at least 2 steps and `tolerance` lie between 0 and 0.5, got {longest} and {tolerance}."
        )


def starting(system: AbstractMap, y0: State, starts: int, key: Key) -> State:
    """States to start from, with a leading axis.

    Raises:
        InputError: If there is no region to draw from.
    """
    if y0 is not None:
        return jax.tree.map(lambda leaf: leaf[None], checked_state(system, y0))
    box = system.region()
    if box is None or starts < 1:
        raise InputError(f"Random starts need a `region()` of the system and at least one start, got {starts}.")
    return box.sample(key, starts)


def outcome(states: np.ndarray, periods: np.ndarray) -> Any:
    """The code of a set of orbits."""
    if not np.all(np.isfinite(states)):
        return RESULTS.nonfinite
    return RESULTS.successful if np.all(periods > 0) else RESULTS.not_converged


@compiled
def orbits(system: Any, states: State, longest: int, tolerance: float) -> Orbit:
    """The attractor of each state, one after the other: each start runs as long as it needs."""
    return jax.lax.map(lambda y: orbit(system, y, jnp.asarray(longest), tolerance), states)


def orbit(system: Any, y: State, longest: jax.Array, tolerance: float) -> Orbit:
    """The attractor of one state."""
    state, period = _returned(system, y, longest, tolerance)
    state, closure = _settled(system, state, period)
    window = jnp.where(period > 0, period, longest // 2)
    nothing = jnp.zeros_like(system.spikes(state))

    def look(n: Any, carry: Any) -> Any:
        y, least, count = carry
        y = system.step(n, y, None)
        return y, jnp.minimum(least, system.distance(y)), count + system.spikes(y)

    state, least, count = jax.lax.fori_loop(0, window, look, (state, jnp.asarray(jnp.inf, closure.dtype), nothing))
    return Orbit(state, period, least, closure, jnp.mean(count) / window, count > 0)


def apart(a: State, b: State) -> jax.Array:
    """Largest difference of any component of two states."""
    gaps = jax.tree.map(lambda x, y: jnp.max(jnp.abs(x - y)), a, b)
    return jnp.max(jnp.stack(jax.tree.leaves(gaps)))


def _returned(system: Any, y: State, longest: jax.Array, tolerance: float) -> tuple[State, jax.Array]:
    """A state of a cycle and its period, or the last state and 0: Brent's algorithm."""

    def running(carry: Any) -> Any:
        _, n, _, _, _, _, period = carry
        return (period == 0) & (n < longest)

    def advance(carry: Any) -> Any:
        y, n, kept, since, power, least, period = carry
        y = system.step(n, y, None)
        since, here = since + 1, system.distance(y)
        least = jnp.minimum(least, here)
        rounding = _ROUNDINGS * jnp.finfo(least.dtype).eps * apart(kept, jax.tree.map(jnp.zeros_like, kept))
        back = (apart(y, kept) <= tolerance * least) & (least > rounding)
        period = jnp.where(back, since, 0)
        anew = since == power
        kept = jax.tree.map(lambda new, old: jnp.where(anew, new, old), y, kept)
        least = jnp.where(anew & ~back, here, least)
        return y, n + 1, kept, jnp.where(anew, 0, since), jnp.where(anew, 2 * power, power), least, period

    zero = jnp.asarray(0)
    y, _, _, _, _, _, period = jax.lax.while_loop(
        running, advance, (y, zero, y, zero, jnp.asarray(1), system.distance(y), zero)
    )
    return y, period


def _settled(system: Any, y: State, period: jax.Array) -> tuple[State, jax.Array]:
    """The state after turns of its cycle that bring it no closer to itself, and how close that is."""

    def turned(y: State) -> State:
        return jax.lax.fori_loop(0, period, lambda n, state: system.step(n, state, None), y)

    def running(carry: Any) -> Any:
        _, gap, shrinking, turns = carry
        return shrinking & (gap > 0) & (turns < _TURNS) & (period > 0)

    def advance(carry: Any) -> Any:
        y, gap, _, turns = carry
        after = turned(y)
        now = apart(after, y)
        return after, now, now < gap, turns + 1

    start = (y, jnp.asarray(jnp.inf, apart(y, y).dtype), jnp.asarray(True), jnp.asarray(0))
    y, gap, _, _ = jax.lax.while_loop(running, advance, start)
    return y, gap
