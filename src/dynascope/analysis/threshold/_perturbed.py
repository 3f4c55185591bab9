"""Do small changes of the state change the raster?"""

from __future__ import annotations

from collections.abc import Sequence
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
from ..._types import Key, State
from ...systems import AbstractMap
from ._distance import ThresholdDistance, checked_rule


class PerturbedRasters(AbstractResult):
    """How often a changed state gives another raster.

    Attributes:
        factors: Sizes of the changes, in distances of the orbit to the threshold.
        orbits: Which starts of the `ThresholdDistance` were tried: those with an exact period.
        random: Share of random changes, of random states of the orbit, that change the raster; shape `(orbit, factor)`.
        aimed: Whether the change changes it that moves the unit nearest to the threshold, where it is nearest, towards
            it.
    """

    trials: int
    steps: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    factors: np.ndarray = output("factor", doc="size of the change over the distance")
    orbits: np.ndarray = output("orbit", doc="start")
    random: np.ndarray = output("orbit", "factor", doc="share of random changes that change the raster")
    aimed: np.ndarray = output("orbit", "factor", doc="whether the aimed change changes it")

    def summary(self) -> str:
        """Shares over all orbits for each size."""
        rows = [
            f"{factor:g} d: {self.random[:, k].mean():.3g} of random and {self.aimed[:, k].mean():.3g} of aimed changes"
            for k, factor in enumerate(self.factors)
        ]
        return f"Rasters that change, {len(self.orbits)} orbits of {self.trials} trials each: {'; '.join(rows)}."


def perturbed_rasters(
    system: AbstractMap,
    found: ThresholdDistance,
    factors: Sequence[float] = (0.5, 0.99, 1.01, 10.0),
    *,
    trials: int = 20,
    steps: int = 500,
    components: Sequence[int] | None = None,
    key: Key | None = None,
) -> PerturbedRasters:
    """Change states of periodic orbits by multiples of their distance to the threshold, and compare the rasters.

    Below a factor of 1 no raster changes, if the map contracts: that is a theorem (Cessac 2008), and it holds for any
    change in the largest norm. Just above 1 the change aimed at the nearest unit always does.

    Args:
        system: The map.
        found: Its attractors, from `threshold_distance`; those without a period are left out.
        factors: Sizes of the changes in units of the distance.
        trials: Random changes of each orbit and size: half of them uniform in the cube, half of them corners of it.
        steps: Length of the rasters.
        components: Flat indices of the components to change, for states that are not all potentials; None takes all.
        key: Random key; None takes seed 0.

    Returns:
        A `PerturbedRasters`.

    Raises:
        InputError: If no orbit has a period, or a number is not positive.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.threshold import threshold_distance
        >>> network = ds.build("bms")
        >>> tried = perturbed_rasters(network, threshold_distance(network), (0.99, 1.01))
        >>> tried.random[0, 0].tolist(), tried.aimed[0].tolist()
        (0.0, [False, True])
    """
    checked_rule(system, 2, 0.1)
    chosen = np.flatnonzero(found.periods > 0)
    sizes = np.asarray(factors, float)
    if not chosen.size:
        raise InputError("No start of `found` has an exact period, so there is no orbit to change.")
    if trials < 1 or steps < 1 or sizes.ndim != 1 or not np.all(sizes > 0):
        raise InputError(f"`trials`, `steps` and `factors` must be positive, got {trials}, {steps} and {factors}.")
    key = jax.random.key(0) if key is None else key
    template = system.initial_state()
    _, unravel = ravel_pytree(template)
    allowed = np.zeros(found.states.shape[1])
    allowed[np.arange(allowed.size) if components is None else np.asarray(components)] = 1.0
    random, aimed = np.zeros((len(chosen), len(sizes))), np.zeros((len(chosen), len(sizes)), bool)
    for row, i in enumerate(chosen):
        start, period = unravel(jnp.asarray(found.states[i])), jnp.asarray(found.periods[i])
        for k, factor in enumerate(sizes):
            size = jnp.asarray(factor * found.distances[i])
            own = jax.random.fold_in(jax.random.fold_in(key, int(i)), k)
            changed = _tried(system, start, period, size, (jnp.asarray(allowed), trials, steps), own)
            random[row, k], aimed[row, k] = float(jnp.mean(changed[1:])), bool(changed[0])
    return PerturbedRasters(
        trials=trials,
        steps=steps,
        result=RESULTS.successful,
        settings=provenance(
            system=type(system).__name__,
            trials=trials,
            steps=steps,
            seed=seed_of(key),
        ),
        factors=sizes,
        orbits=chosen,
        random=random,
        aimed=aimed,
    )


@compiled
def _tried(
    system: Any, start: State, period: jax.Array, size: jax.Array, plan: tuple[jax.Array, int, int], key: Key
) -> jax.Array:
    """Whether the raster changes: by the aimed change first, then by random ones."""
    allowed, trials, steps = plan

    def moved(y: State, change: jax.Array) -> State:
        flat, unravel = ravel_pytree(y)
        return unravel(flat + allowed * change)

    def nearer(n: Any, carry: Any) -> Any:
        y, best, least = carry
        y = system.step(n, y, None)
        here = system.distance(y)
        best = jax.tree.map(lambda new, old: jnp.where(here < least, new, old), y, best)
        return y, best, jnp.minimum(here, least)

    _, nearest, _ = jax.lax.fori_loop(0, period, nearer, (start, start, system.distance(start)))
    slope, _ = ravel_pytree(jax.grad(system.distance)(nearest))

    def differs(y: State, other: State) -> jax.Array:
        def compare(carry: Any, n: Any) -> Any:
            y, other, changed = carry
            changed = changed | jnp.any(system.spikes(y) != system.spikes(other))
            return (system.step(n, y, None), system.step(n, other, None), changed), None

        return jax.lax.scan(compare, (y, other, jnp.asarray(False)), jnp.arange(steps))[0][2]

    def by_chance(trial: jax.Array) -> jax.Array:
        of_phase, of_change = jax.random.split(jax.random.fold_in(key, trial))
        phase = jax.random.randint(of_phase, (), 0, period)
        y = jax.lax.fori_loop(0, phase, lambda n, state: system.step(n, state, None), start)
        inside = jax.random.uniform(of_change, allowed.shape, minval=-1.0, maxval=1.0)
        change = jnp.where(trial % 2 == 0, inside, jnp.sign(inside))
        return differs(y, moved(y, size * change))

    aimed = differs(nearest, moved(nearest, -size * jnp.sign(slope)))
    return jnp.concatenate([aimed[None], jax.lax.map(by_chance, jnp.arange(trials))])
