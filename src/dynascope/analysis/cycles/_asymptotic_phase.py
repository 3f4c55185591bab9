"""The phase of states off a cycle: with which point of the cycle they will keep step."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ...systems import AbstractSystem
from ._clock import Clock, Paced, clock_of, in_batches
from ._orbit import PeriodicOrbit

Array = NDArray[np.float64]

#: Distance from the cycle, in units of its extent, within which a phase is believed.
_NEAR = 1e-2
#: Where the box ends in which states are followed, in the same units.
_WALL = 1e12
#: Rounding errors of the integration leave this much.
_LEAST = 1e-11


class AsymptoticPhase(AbstractResult):
    """The phases of states in the basin of a cycle.

    Attributes:
        period: Period of the cycle.
        time_unit: Unit of time.
        names: Names of the components.
        states: The flattened states.
        phases: Their phases in [0, 1), with 0 at the first point of the orbit; 0 for those that did not arrive.
        errors: Estimated error of each phase: how much a run of one period more changes it, with what the remaining
            periods and the error of the period would add. It is 0.5, which means any phase, for states that did not
            arrive.
        arrived: Whether the state came close enough to the cycle.
        waited: Periods after which it was there.
    """

    period: float
    time_unit: str = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    states: Array = output("state", "component", doc="Flattened states")
    phases: Array = output("state", doc="Asymptotic phase")
    errors: Array = output("state", doc="Estimated error of the phase")
    arrived: NDArray[np.bool_] = output("state", doc="Whether the state came to the cycle")
    waited: Array = output("state", doc="Periods until it was there")

    def summary(self) -> str:
        """How many states have a phase, and how well it is known."""
        count = int(self.arrived.sum())
        if not count:
            return f"None of {len(self.phases)} states came to the cycle."
        worst, longest = self.errors[self.arrived].max(), self.waited[self.arrived].max()
        missing = len(self.phases) - count
        rest = f" {missing} did not come to the cycle and have no phase." if missing else ""
        return f"Phases of {count} states, known to {worst:.1g}; the slowest took {longest:.1f} periods.{rest}"


def asymptotic_phase(
    system: AbstractSystem,
    orbit: PeriodicOrbit,
    y: Any,
    *,
    inputs: Any = None,
    tol: float = 1e-9,
    max_periods: int = 200,
) -> AsymptoticPhase:
    r"""The asymptotic phase $\Theta(y)$ of states in the basin of a stable cycle $\gamma$.

    $\Theta(y)$ is the phase s in [0, 1) for which $|\varphi_t(y) - \gamma(s + t/T)| \to 0$. Each state is run until it
    is near the first point $\gamma_0$ of the orbit, in pieces that end where it should be there by the phase of the
    nearest point of the cycle. Then, with the phase response Z,

    $$\Theta(y) = \langle Z_0, \varphi_t(y) - \gamma_0 \rangle / T - t / T \mod 1,$$

    up to an error of second order in the distance. It is run for one period more, until that changes nothing. On the
    cycle the gradient of the phase is Z / T. Kicks of any size: `asymptotic_phase(system, orbit, orbit.at(s) + kick)`.

    Args:
        system: The flow, autonomous, of any dimension, with the parameters of the orbit.
        orbit: A stable one, from `periodic_orbit`.
        y: Flattened states, shape `(state, d)` or `(d,)`.
        inputs: Constant input of the orbit.
        tol: A state has arrived when one period more changes its phase by less than this, and all later ones
            together too; at least 1e-11. The error of the period comes on top of it.
        max_periods: For how many periods a state may be under way.

    Returns:
        An `AsymptoticPhase`, whose mask `arrived` says which states came to the cycle. If not all did, its code is
        `not_converged`, or `nonfinite` where one could not be followed.

    Raises:
        InputError: If the orbit is not a stable one of an autonomous flow, or `y` does not fit it.

    Reference:
        Winfree (1974), Patterns of phase compromise in biological cycles, Journal of Mathematical Biology 1, 73-95;
        Guckenheimer (1975), Isochrons and phaseless sets, Journal of Mathematical Biology 1, 259-273.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.cycles import periodic_orbit
        >>> oscillator = ds.build("van-der-pol", mu=1.0)
        >>> orbit = periodic_orbit(oscillator)
        >>> found = asymptotic_phase(oscillator, orbit, orbit.at([0.25, 0.75]))
        >>> found.phases.round(8).tolist()
        [0.25, 0.75]
    """
    clock = clock_of(system, orbit, inputs=inputs, what="asymptotic_phase")
    d = len(orbit.names)
    states = np.atleast_2d(np.asarray(y, float))
    if states.ndim != 2 or states.shape[1] != d or not np.all(np.isfinite(states)):
        raise InputError(
            f"`y` must hold finite flattened states of {d} components, shape `(state, {d})`, got shape "
            f"{np.shape(y)}{'' if np.all(np.isfinite(states)) else ' with numbers that are not finite'}."
        )
    if not tol >= _LEAST or max_periods < 2:
        raise InputError(
            f"`tol` must be at least {_LEAST:g} and `max_periods` at least 2, got {tol} and {max_periods}."
        )
    phases, errors, waited, sound = phases_of_states(clock, orbit, states / clock.rule.scale, tol, max_periods)
    arrived = errors < 0.5
    failed = RESULTS.not_converged if np.all(sound) else RESULTS.nonfinite
    return AsymptoticPhase(
        period=orbit.period,
        time_unit=orbit.time_unit,
        names=orbit.names,
        result=RESULTS.successful if np.all(arrived) else failed,
        settings=provenance(system=type(system).__name__, tol=tol, max_periods=max_periods),
        states=states,
        phases=phases,
        errors=errors,
        arrived=arrived,
        waited=waited,
    )


def phases_of_states(
    clock: Clock, orbit: PeriodicOrbit, states: Array, tol: float, max_periods: int
) -> tuple[Array, Array, Array, Array]:
    """Phases of scaled states, their errors, the periods waited, and whether the run was sound."""
    slowest = float(np.max(np.abs(orbit.nontrivial), initial=0.0)) ** 2
    # The error falls by the square of the slowest multiplier in each period: this is what all later ones change.
    later = max(1.0, slowest / (1 - slowest))
    drift = orbit.period_error / orbit.period

    limits = jnp.asarray(tol / later), jnp.asarray(float(max_periods))
    phases, changes, waited, sound = in_batches(lambda x: _waited(clock, x, *limits), states)
    arrived = np.logical_and(sound, later * changes <= tol)
    return np.where(arrived, phases, 0.0), np.where(arrived, later * changes + drift * waited, 0.5), waited, sound


@compiled
def _waited(clock: Clock, states: Any, tol: Any, most: Any) -> Any:
    """Phase, its last change, periods and soundness of each state of a batch."""
    wall = jnp.full(clock.states.shape[1], _WALL)
    flow = Paced(clock.rule, jnp.ones(()), -wall, wall)
    table = jnp.asarray(clock.states), jnp.asarray(clock.gradients), jnp.asarray(clock.phases)

    def unfinished(carry: Any) -> Any:
        *_, change, waited, sound = carry
        return (change > tol) & (waited < most) & sound

    def go(carry: Any) -> Any:
        x, before, _, waited, _ = carry
        away = clock.gap(x - table[0])
        nearest = jnp.argmin(jnp.sum(away**2, axis=1))
        phase = table[2][nearest] + jnp.sum(table[1][nearest] * away[nearest])
        share = 1 - (phase - jnp.round(phase))  # of a period, until it should be at phase 0
        x, sound = flow.after(x, share * clock.period)
        waited = waited + share
        away = clock.gap(x - table[0][0])
        phase = jnp.sum(table[1][0] * away) - waited
        change = phase - before
        # Of the first round there is no phase before.
        known = (jnp.max(jnp.abs(away)) < _NEAR) & jnp.isfinite(change)
        return x, phase, jnp.where(known, jnp.abs(change - jnp.round(change)), jnp.inf), waited, sound

    def one(x: Any) -> Any:
        first = x, jnp.asarray(jnp.inf), jnp.asarray(jnp.inf), jnp.zeros(()), jnp.asarray(True)
        _, phase, change, waited, sound = jax.lax.while_loop(unfinished, go, first)
        # A phase just below 0 is rounded to 1.
        return jnp.where(phase % 1.0 < 1.0, phase % 1.0, 0.0), change, waited, sound

    return jax.vmap(one)(states)
