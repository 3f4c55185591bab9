"""Where the search for a cycle begins: a simulation, a Hopf point, an earlier orbit, or times and states."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from ..._errors import RESULTS, InputError
from ..._types import State
from ...series import Trajectory
from ...solve import Dop853, trajectory
from ...systems import AbstractInput, AbstractSystem, Constant, Variable, state_variables
from ..regime._time import depends_on_time
from ..rhythm import returns
from ..rhythm._cycle import multiplicity, scale_of
from ..stability._frozen import frozen_at
from ._orbit import PeriodicOrbit

Array = NDArray[np.float64]

#: Points of a simulated period.
_POINTS = 1_000
#: Forcing periods of a pilot run, and how many of them are looked at.
_STROBES, _SEEN = 400, 100
#: Mismatch up to which a simulation counts as periodic enough for a guess.
_NEAR = 1e-2


class Guess(NamedTuple):
    """A closed curve that may lie near a cycle.

    Attributes:
        phases: From 0 to 1.
        states: Flattened states, `(phase, d)`.
        period: Its period.
        source: Where it comes from, in words.
    """

    phases: Array
    states: Array
    period: float
    source: str

    def at(self, s: Array, variables: tuple[Variable, ...]) -> tuple[Array, Array]:
        """States at the phases `s` and what is gained once around, after closing the curve."""
        winding = winding_of(self.states, variables)
        closed = self.states - self.phases[:, None] * (self.states[-1] - self.states[0] - winding)
        ramp = self.phases[:, None] * winding
        closed = closed - ramp
        closed[-1] = closed[0]
        return CubicSpline(self.phases, closed, bc_type="periodic")(s) + s[:, None] * winding, winding


class Failure(NamedTuple):
    """No guess could be made, and why."""

    code: Any
    why: str


def winding_of(states: Array, variables: tuple[Variable, ...]) -> Array:
    """Whole turns of the angles from the first to the last of `states`; zero for other components."""
    gap = states[-1] - states[0]
    return np.array(
        [v.period * round(g / v.period) if v.topology == "circle" else 0.0 for v, g in zip(variables, gap, strict=True)]
    )


def forcing_of(system: AbstractSystem, inputs: Any, period: float | None) -> float | None:
    """The period of what drives the system from outside, None for autonomous flows.

    Raises:
        InputError: If it depends on time and no period is known.
    """
    changing = isinstance(inputs, AbstractInput) and not isinstance(inputs, Constant)
    if changing:
        known = getattr(inputs, "period", None)
        if known is not None:
            return float(known)
    elif system.forcing_period() is not None:
        return float(system.forcing_period())
    elif not depends_on_time(system):
        return None
    if period is None:
        raise InputError(
            f"`{type(system).__name__}` is driven in time with a period that is not known. Give `period=`, a "
            "multiple of that of the drive."
        )
    return float(period)


def guessed(
    system: AbstractSystem, guess: Any, *, period: float | None, forcing: float | None, inputs: Any
) -> Guess | Failure:
    """A closed curve from whatever the user gives.

    Raises:
        InputError: If it does not fit the system.
    """
    match guess:
        case PeriodicOrbit():
            return Guess(guess.times / guess.period, guess.states, period or guess.period, "earlier orbit")
        case Trajectory():
            times, states = np.asarray(guess.ts, float), np.asarray(guess.flat, float)
            return _from_path(system, times, states, period or forcing, "trajectory")
        case (times, states) if np.ndim(times) == 1 and np.ndim(states) == 2:
            given = np.asarray(times, float), np.asarray(states, float)
            return _from_path(system, *given, period or forcing, "times and states")
        case _ if guess is not None and period is not None:
            return simulated(system, guess, period, inputs, "state and period")
    if forcing is not None:
        return _strobed(system, guess, forcing, period, inputs)
    return _returned(system, guess, inputs)


def hopf_guess(
    system: AbstractSystem, state: State, *, amplitude: float = 0.05, inputs: Any = None
) -> tuple[Array, Array]:
    r"""The small ellipse on which a flow turns around an equilibrium at or near a Hopf point.

    $y(t) = y^* + a\, \mathrm{Re}(q\, e^{i \omega t})$ with the eigenvector q of the complex pair of eigenvalues nearest
    to the imaginary axis, of length 1, and $\omega$ its imaginary part.

    Args:
        system: A flow.
        state: The equilibrium.
        amplitude: a, in the units of the state.
        inputs: Constant input.

    Returns:
        Times over one turn and flattened states: the `guess` of `periodic_orbit`.

    Raises:
        InputError: If no eigenvalues are complex.

    Example:
        >>> import dynascope as ds
        >>> times, states = hopf_guess(ds.build("stuart-landau"), [0.0, 0.0], amplitude=1.0)
        >>> round(float(times[-1]), 6)
        6.283185
    """
    frozen = frozen_at(system, inputs, 0.0)
    flat = ravel_pytree(jax.tree.map(jnp.asarray, state))[0]
    found: Any = np.linalg.eig(np.asarray(jax.jacfwd(frozen.residual)(flat)))
    values, vectors = np.asarray(found[0], complex), np.asarray(found[1], complex)
    rates, turns = np.real(values), np.imag(values)
    turning = turns > 1e-9 * np.abs(values).max(initial=1e-300)
    if not np.any(turning):
        raise InputError(
            f"The Jacobian of `{type(system).__name__}` has only real eigenvalues at this state ({rates}), so nothing "
            "turns around it. Give the state at a Hopf point."
        )
    best = int(np.argmin(np.where(turning, np.abs(rates), np.inf)))
    omega, vector = float(turns[best]), vectors[:, best] / np.linalg.norm(vectors[:, best])
    angle = np.linspace(0.0, 2 * np.pi, 201)
    states = np.asarray(flat) + amplitude * np.real(np.exp(1j * angle)[:, None] * vector)
    return angle / omega, states


def _from_path(
    system: AbstractSystem, times: Array, states: Array, period: float | None, source: str
) -> Guess | Failure:
    """The last `period` of a path, or all of it."""
    d = len(state_variables(system))
    if states.shape != (times.size, d) or times.size < 5:
        raise InputError(
            f"A guess of times and states needs at least 5 times and states of shape (times, {d}), got shapes "
            f"{times.shape} and {states.shape}."
        )
    if not (np.all(np.isfinite(times)) and np.all(np.isfinite(states)) and np.all(np.diff(times) > 0)):
        raise InputError("The times of a guess must increase and its states must be finite.")
    length = times[-1] - times[0] if period is None else period
    start = times[-1] - length
    if start < times[0] - 1e-9 * length:
        raise InputError(
            f"The guess spans {times[-1] - times[0]:g}, which is shorter than `period = {length:g}`. Give a longer one."
        )
    inside = times > start + 1e-12 * length
    first = CubicSpline(times, states)(max(start, times[0]))
    phases = np.concatenate([[0.0], (times[inside] - start) / length])
    return Guess(phases, np.concatenate([first[None], states[inside]]), float(length), source)


def simulated(system: AbstractSystem, y0: Any, period: float, inputs: Any, source: str) -> Guess | Failure:
    """One period from a state."""
    run = trajectory(
        system, y0, np.linspace(0.0, period, _POINTS + 1), inputs=inputs, solver=Dop853(rtol=1e-9, atol=1e-10),
        throw=False,
    )  # fmt: skip
    if not run.successful:
        return Failure(run.result, "the run of one period failed")
    return Guess(np.linspace(0.0, 1.0, _POINTS + 1), np.asarray(run.flat, float), float(period), source)


def _returned(system: AbstractSystem, y0: Any, inputs: Any) -> Guess | Failure:
    """One period of the attractor on which the system settles."""
    found = returns(system, y0, inputs=inputs, tolerance=_NEAR)
    if not found.successful:
        return Failure(found.result, "the pilot run does not return to its section")
    if not found.multiplicity:
        return Failure(RESULTS.not_converged, f"the pilot run is not periodic (mismatch {found.gap:.1g})")
    _, unravel = ravel_pytree(system.initial_state())
    state = unravel(jnp.asarray(found.states[-1]))
    return simulated(system, state, found.period, inputs, "pilot run")


def _strobed(system: AbstractSystem, y0: Any, forcing: float, period: float | None, inputs: Any) -> Guess | Failure:
    """The response to a forcing on which the system settles."""
    ts = forcing * np.arange(_STROBES - _SEEN, _STROBES + 1)
    run = trajectory(system, y0, np.concatenate([[0.0], ts]), inputs=inputs, throw=False)
    if not run.successful:
        return Failure(run.result, "the pilot run failed")
    flat = np.asarray(run.flat, float)[1:]
    variables = state_variables(system)
    _, unravel = ravel_pytree(system.initial_state())
    m = 0 if period is None else round(period / forcing)
    if not m:
        dense = trajectory(
            system, unravel(jnp.asarray(flat[0])), ts[0] + forcing * np.linspace(0, 4, 401), inputs=inputs
        )
        cover = np.asarray(dense.flat, float)
        scale = scale_of(np.stack([cover.min(axis=0), cover.max(axis=0)]), variables)
        m, gap = multiplicity(flat, np.full(_SEEN, forcing), scale=scale, variables=variables, tolerance=_NEAR)
        if not m:
            return Failure(RESULTS.not_converged, f"the response is not periodic (mismatch {gap:.1g})")
    return simulated(system, unravel(jnp.asarray(flat[-1])), m * forcing, inputs, "pilot run")
