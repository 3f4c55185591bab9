"""Where networks die, cycle, or show no period: a diagram over two parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from ..._compile import compiled
from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...solve import Progress
from ...systems import AbstractMap
from ._distance import Orbit, checked_rule, orbit, starting


class ThresholdDiagram(AbstractResult):
    """Attractors of many networks over two parameters, shape `(first, second, draw)`.

    Attributes:
        names: Names of the two parameters.
        first: Values of the first.
        second: Values of the second.
        distances: Smallest distance to the threshold; an upper bound where no period was found.
        periods: Exact periods in steps, 0 where none was found.
        rates: Spikes per unit and step.
    """

    names: tuple[str, str] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    first: np.ndarray = output("first", doc="values of the first parameter")
    second: np.ndarray = output("second", doc="values of the second parameter")
    distances: np.ndarray = output("first", "second", "draw", doc="smallest distance to the threshold")
    periods: np.ndarray = output("first", "second", "draw", unit="step", doc="exact period, 0 for none found")
    rates: np.ndarray = output("first", "second", "draw", unit="1/step", doc="spikes per unit and step")

    @property
    def dead(self) -> np.ndarray:
        """Share of networks in which no unit fires any more, shape `(first, second)`."""
        return np.mean(self.rates == 0, axis=2)

    @property
    def periodic(self) -> np.ndarray:
        """Share of networks that fire in an exact cycle."""
        return np.mean((self.rates > 0) & (self.periods > 0), axis=2)

    @property
    def irregular(self) -> np.ndarray:
        """Share of networks that show no period within the run."""
        return np.mean((self.rates > 0) & (self.periods == 0), axis=2)

    def share_error(self, shares: np.ndarray) -> np.ndarray:
        """Standard error of such shares: that of a binomial share with a uniform prior."""
        n = self.rates.shape[2]
        return np.sqrt((n * shares + 1) * (n * (1 - shares) + 1) / (n + 3)) / (n + 2)

    def summary(self) -> str:
        """Shares over the whole grid."""
        grid = f"{len(self.first)} x {len(self.second)} values of `{self.names[0]}` and `{self.names[1]}`"
        return (
            f"{self.rates.shape[2]} networks at each of {grid}: {self.dead.mean():.3f} die, "
            f"{self.periodic.mean():.3f} end in exact cycles, {self.irregular.mean():.3f} show no period within "
            f"{self.settings['longest']} steps."
        )


def threshold_diagram(
    draw: Callable[[Key], AbstractMap],
    grid: Mapping[str, ArrayLike],
    *,
    draws: int = 20,
    longest: int = 12_000,
    tolerance: float = 1e-3,
    key: Key | None = None,
    progress: bool = False,
) -> ThresholdDiagram:
    """Death, exact cycles and their distance to the threshold over two parameters of random networks.

    Each draw makes one network and one start, which all points of the grid share, so that a change along the grid is
    that of the parameters. Each point is what `threshold_distance` gives.

    Args:
        draw: From a random key to a network, for instance `lambda key: BMS.draw(n=50, key=key)`.
        grid: Two parameters by name, each with its values.
        draws: Number of networks.
        longest: Steps within which a cycle must have closed.
        tolerance: As in `threshold_distance`.
        key: Random key; None takes seed 0.
        progress: Show progress on standard error.

    Returns:
        A `ThresholdDiagram`; code `interrupted` with the networks done if the user stops it.

    Raises:
        InputError: If there are not two parameters, or the network has no threshold.

    Reference:
        Cessac (2010), A view of neural networks as dynamical systems, International Journal of Bifurcation and Chaos
        20, 1585-1629.

    Example:
        >>> from dynascope.models import BMS
        >>> found = threshold_diagram(
        ...     lambda key: BMS.draw(n=20, key=key), {"gamma": [0.5], "C": [1.0, 8.0]}, draws=3, longest=2000
        ... )
        >>> found.dead[0, 0].item()
        1.0
    """
    if len(grid) != 2 or draws < 1:
        raise InputError(f"`grid` must name two parameters, and `draws` be at least 1, got {list(grid)} and {draws}.")
    (one, firsts), (two, seconds) = ((name, np.atleast_1d(np.asarray(v, float))) for name, v in grid.items())
    key = jax.random.key(0) if key is None else key
    across = [np.ravel(part) for part in np.meshgrid(firsts, seconds, indexing="ij")]
    done: list[Orbit] = []
    result = RESULTS.successful
    network = draw(key)
    with Progress(draws, "networks", show=progress) as bar:
        for i in range(draws):
            of_network, of_start = jax.random.split(jax.random.fold_in(key, i))
            network = draw(of_network)
            checked_rule(network, longest, tolerance)
            # Known to fit before it is traced, where bounds cannot be checked.
            for a, b in ((firsts.min(), seconds.min()), (firsts.max(), seconds.max())):
                network.replace(**{one: a, two: b})
            start = starting(network, None, 1, of_start)
            try:
                found = _along(network, (one, two), across, start, longest, tolerance)
                done.append(jax.tree.map(np.asarray, found))
            except KeyboardInterrupt:
                if not done:
                    raise
                result = RESULTS.interrupted
                break
            bar.advance(1)
    shape = (len(firsts), len(seconds))

    def field(name: str) -> np.ndarray:
        return np.stack([getattr(o, name).reshape(shape) for o in done], axis=2)

    periods, rates = field("period"), field("rate")
    finite = all(np.all(np.isfinite(leaf)) for o in done for leaf in jax.tree.leaves(o.state))
    return ThresholdDiagram(
        names=(one, two),
        result=result if finite else RESULTS.nonfinite,
        settings=provenance(
            system=type(network).__name__,
            units=int(done[0].fired.shape[-1]),
            draws=len(done),
            longest=longest,
            tolerance=tolerance,
            seed=seed_of(key),
        ),
        first=firsts,
        second=seconds,
        distances=field("distance"),
        periods=periods,
        rates=rates,
    )


@compiled
def _along(
    network: Any, names: tuple[str, str], across: list[np.ndarray], start: Any, longest: int, tolerance: float
) -> Orbit:
    """The attractor at each point of the grid, one after the other."""

    def at(values: Any) -> Orbit:
        changed = network.replace(**dict(zip(names, values, strict=True)))
        return orbit(changed, jax.tree.map(lambda leaf: leaf[0], start), jnp.asarray(longest), tolerance)

    return jax.lax.map(at, tuple(jnp.asarray(part) for part in across))
