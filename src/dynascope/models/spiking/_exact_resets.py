"""Leaky neurons that are reset where they cross threshold, not where the step ends."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ...systems import Variable
from ._cells import AbstractCells, LeakyCells, Parts, ramp
from ._receptors import AbstractReceptor, ConductanceReceptor, CurrentReceptor, DeltaReceptor

#: Steps of Newton's method: the curve in a step is nearly straight, and three or four reach the last bit.
_STEPS = 12


class ExactResets(AbstractCells):
    r"""`LeakyCells` with currents and kicks, reset at the time of their crossing inside the step.

    V(t) of a step is known exactly, so that its crossing V(t) = V_th is the root of one equation; there the neuron is
    reset, rests for the refractory time (a whole number of steps or not), and the remainder of the step is integrated
    exactly again. The period of a driven neuron is that of the closed form to rounding, for any step, and derivatives
    see that a spike moves within its step.

    The variable `since` is the time since the last spike, held at the refractory time (or the step, if longer): the
    exact time of a spike that is seen in the step ending at t is t - since. Others receive it from t on, as of all
    spikes of a network, and a neuron spikes once a step at most. Kicks come at ends of steps. Who rises above threshold
    and falls below again within one step is not seen.

    Args:
        cells: The neurons, with `CurrentReceptor` and `DeltaReceptor` only; without `WhiteNoise`.

    Raises:
        InputError: If a receptor is a conductance, of which the flow is not linear.

    Reference:
        Morrison, Straube, Plesser & Diesmann (2007), Exact subthreshold integration with continuous spike times in
        discrete-time neural network simulations, Neural Computation 19, 47-79.

    Example:
        >>> [v.name for v in ExactResets(LeakyCells(drive=30.0)).variables]
        ['V', 'since']
    """

    cells: LeakyCells

    def __check_init__(self) -> None:
        for one in self.cells.receptors:
            if isinstance(one, ConductanceReceptor):
                raise InputError(
                    f"`ExactResets` needs receptors with a linear flow; `{one.name}` is a `ConductanceReceptor`. "
                    "Use `LeakyCells` alone, or a `CurrentReceptor`."
                )

    @property
    def receptors(self) -> tuple[AbstractReceptor, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.cells.receptors

    @property
    def refractory(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """None by the clock of the network, which counts whole steps: `since` is the clock of these neurons."""
        return 0.0

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (*self.cells.variables, Variable("since", "ms", topology="positive"))

    @property
    def unit(self) -> str:
        return self.cells.unit

    def rest(self) -> Parts:
        return (*self.cells.rest(), self.cells.refractory)

    def advance(self, x: Parts, s: Parts, drive: Any, *, dt: Any, busy: jax.Array, w: Any) -> tuple[Parts, jax.Array]:
        del busy
        if w is not None:
            raise InputError("`ExactResets` takes no `WhiteNoise`. Use `LeakyCells` alone, or `PoissonInput`.")
        V, since = x
        cells = self.cells
        begin = jnp.clip(cells.refractory - since, 0.0, dt)
        flow = self._flow(V, s, drive, begin)
        left = dt - begin
        end, _ = flow(left)
        crossed = (cells.V_th < end) & (left > 0.0)
        # Where nobody crosses, as in most steps of a few neurons, nobody looks for a root.
        cross = begin + jax.lax.cond(
            jnp.any(crossed), lambda: self._crossing(V, left, crossed, flow), lambda: jnp.zeros_like(left)
        )
        again = jnp.clip(cross + cells.refractory, 0.0, dt)
        after = self._flow(jnp.broadcast_to(cells.V_reset, V.shape).astype(V.dtype), s, drive, again)(dt - again)[0]
        V = jnp.where(crossed, after, end)
        # Never longer than it matters, so that the state of a silent neuron stays where it is.
        since = jnp.where(crossed, dt - cross, jnp.minimum(since + dt, jnp.maximum(cells.refractory, dt)))
        for one, arrived in zip(self.receptors, s, strict=True):
            if isinstance(one, DeltaReceptor):
                V = V + jnp.where(since >= cells.refractory, arrived, 0.0)
        kicked = ~crossed & (cells.V_th < V) & (since >= cells.refractory)
        V, since = jnp.where(kicked, cells.V_reset, V), jnp.where(kicked, 0.0, since)
        return (V, since), crossed | kicked

    def reset(self, x: Parts, fired: jax.Array) -> Parts:
        del fired
        return x

    def _flow(self, V: jax.Array, s: Parts, drive: Any, begin: jax.Array) -> Callable[[Any], tuple[Any, Any]]:
        """The potential and its slope at a time after `begin` in the step, where it is `V`."""
        cells = self.cells
        level = cells.E_L + cells.drive + drive
        pairs = zip(self.receptors, s, strict=True)
        currents = [(a * jnp.exp(-begin / one.tau), one.tau) for one, a in pairs if isinstance(one, CurrentReceptor)]

        def flow(t: Any) -> tuple[Any, Any]:
            now = (
                level + (V - level) * jnp.exp(-t / cells.tau) + sum(a * ramp(t, cells.tau, tau) for a, tau in currents)
            )
            return now, (level - now + sum(a * jnp.exp(-t / tau) for a, tau in currents)) / cells.tau

        return flow

    def _crossing(self, first: jax.Array, left: jax.Array, crossed: jax.Array, flow: Any) -> jax.Array:
        """When the potential crosses threshold, by Newton's method between bounds; 0 where it is above already."""
        threshold = self.cells.V_th
        held = jax.lax.stop_gradient

        def step(_: Any, bounds: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
            low, high, t = bounds
            V, slope = flow(t)
            low, high = jnp.where(threshold < V, low, t), jnp.where(threshold < V, t, high)
            next_ = t - (V - threshold) / jnp.where(slope > 0.0, slope, 1.0)
            inside = (slope > 0.0) & (next_ >= low) & (next_ <= high)
            return low, high, jnp.where(inside, next_, 0.5 * (low + high))

        t = held(jax.lax.fori_loop(0, _STEPS, step, (jnp.zeros_like(left), left, left))[2])
        V, slope = flow(t)
        # One more step gives the derivative of the root by that of the curve.
        t = t - (V - threshold) / held(jnp.where(crossed & (slope > 0.0), slope, 1.0))
        return jnp.where(crossed & (first <= threshold), jnp.clip(t, 0.0, left), 0.0)
