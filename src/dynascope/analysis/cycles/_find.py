"""One periodic orbit of a flow, stable or not."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import provenance
from ...systems import AbstractSystem, driving, kind, state_variables
from .._precision import require_64_bit
from ..rhythm._cycle import scale_of
from ._guess import Failure, Guess, forcing_of, guessed
from ._multipliers import multipliers
from ._orbit import PeriodicOrbit, stability_of
from ._rule import Rule
from ._shooting import Shooting, shot
from ._solved import Collocation, Solved, collocated

Array = NDArray[np.float64]

#: Harmonics whose share of the amplitude is below this are taken as absent when the smallest period is looked for.
_ABSENT = 1e-5
#: An orbit smaller than this part of its guess has shrunk to an equilibrium.
_SHRUNK = 1e-3
#: A component smaller than this part of the largest is nil.
_NIL = 1e-12
#: How often a guess may go around its orbit to be recognised.
_COVERS = 16


def periodic_orbit(
    system: AbstractSystem,
    guess: Any = None,
    *,
    period: float | None = None,
    inputs: Any = None,
    method: Collocation | Shooting | None = None,
    throw: bool = True,
) -> PeriodicOrbit:
    r"""A periodic orbit $y(t + T) = y(t)$ of a flow by Newton's method, with its Floquet multipliers.

    It need not be stable: the method solves a boundary value problem and does not wait for the system to settle. The
    multipliers are the eigenvalues of the monodromy matrix, computed without forming the product of its factors, so
    that very large and very small ones do not spoil those near 1. An orbit that the guess went around several times is
    given with its smallest period.

    Args:
        system: A flow. One that is driven in time repeats after a multiple of the period of its drive.
        guess: Where to begin: None (a pilot run from `initial_state()` onto an attractor), a state (a pilot run from
            there, or with `period` one period from there without any transient, as an unstable orbit needs it), a
            `Trajectory` or `(times, states)` over one period (or longer, if `period` is given), what `hopf_guess`
            gives at a Hopf point, or a `PeriodicOrbit` at other parameters.
        period: Period of the guess; driven flows: a multiple of the period of the drive.
        inputs: Input signal, constant or periodic.
        method: `Collocation(...)`, the default, or `Shooting(...)`.
        throw: Raise `ComputationFailed` if there is no orbit near the guess.

    Returns:
        A `PeriodicOrbit`. Without `throw` its code says why there is none: `not_converged`, `no_crossing`,
        `collapsed` (Newton's method ended on an equilibrium), `nonfinite`.

    Raises:
        InputError: If the system is no flow, the guess does not fit it, or JAX runs at 32 bit.
        ComputationFailed: If no orbit was found, and `throw`.

    Reference:
        Ascher, Mattheij and Russell (1988), Numerical Solution of Boundary Value Problems for Ordinary Differential
        Equations, Prentice Hall; Fairgrieve and Jepson (1991), O.K. Floquet multipliers, SIAM Journal on Numerical
        Analysis 28, 1446-1462.

    Example:
        >>> import dynascope as ds
        >>> orbit = periodic_orbit(ds.build("van-der-pol", mu=1.0))
        >>> round(orbit.period, 6), orbit.stability
        (6.663287, 'stable')
    """
    require_64_bit("The search for a periodic orbit")
    method = Collocation() if method is None else method
    if kind(system) != "flow":
        raise InputError(
            f"`periodic_orbit` is for flows; `{type(system).__name__}` is a {kind(system)}. Cycles of maps are fixed "
            "points of their iterates; of hybrid systems take `hybrid_orbit`, of noisy ones the deterministic part."
        )
    if period is not None and not (math.isfinite(period) and period > 0):
        raise InputError(f"`period` must be a positive finite time, got {period}.")
    signal = driving(system, inputs)
    forcing = forcing_of(system, inputs, period)
    multiple = _multiple(period, forcing)
    found = guessed(system, guess, period=period, forcing=forcing, inputs=inputs)
    settings: dict[str, Any] = {"system": type(system).__name__, "method": type(method).__name__}
    settings |= {name: getattr(method, name) for name in method.__dataclass_fields__}
    if isinstance(found, Failure):
        return _none(system, found.code, provenance(**settings, why=found.why), forcing is not None, throw)
    if forcing is not None:
        multiple = _multiple(found.period, forcing)
    rule = rule_of(system, signal, found, forcing=forcing, multiple=multiple)
    settings |= {"guess": found.source, "guessed_period": found.period}
    orbit = _found(rule, found, method, settings)
    if throw:
        raise_if_failed(orbit.result, what=f"`periodic_orbit` of `{type(system).__name__}`")
    return orbit


def rule_of(
    system: AbstractSystem,
    signal: Any,
    guess: Guess,
    *,
    forcing: float | None = None,
    multiple: int | None = None,
    parameter: Any = None,
) -> Rule:
    """The velocity in units of the extent of the guess.

    A component that is nil all along has no extent, but may have one on branches that leave the orbit: its unit is the
    width of the region of the system, or without one the largest unit of the others.
    """
    cover = np.stack([guess.states.min(axis=0), guess.states.max(axis=0)])
    size = np.abs(cover).max(axis=0)
    scale = np.maximum(scale_of(cover, state_variables(system)), 1e-3 * size)
    own = system.region()
    widths = np.full(scale.shape, scale.max()) if own is None else _flat(own.high) - _flat(own.low)
    scale = np.where(size > _NIL * size.max(), scale, np.maximum(scale, widths))
    given = None if system.forcing_period() is not None else forcing
    return Rule(system, signal, system.initial_state(), jnp.asarray(scale), parameter, multiple, given)


def _flat(state: Any) -> Any:
    return np.asarray(ravel_pytree(state)[0])


def _found(rule: Rule, guess: Guess, method: Any, settings: dict[str, Any]) -> PeriodicOrbit:
    """The orbit near the guess, on its smallest period."""
    variables = state_variables(rule.system)
    run: Any = collocated if isinstance(method, Collocation) else shot
    solved: Solved = run(rule, guess, method, variables)
    covers = 1
    if solved.code == RESULTS.successful and _shrunk(solved, guess):
        return _none(rule.system, RESULTS.collapsed, provenance(**settings), rule.multiple is not None, throw=False)
    if solved.code == RESULTS.successful:
        covers = _covers(solved, rule.multiple)
        if covers > 1:
            share = np.linspace(0.0, 1.0, 1001)
            once = Guess(share, solved.at(share / covers) * np.asarray(rule.scale), solved.period / covers, "part")
            if rule.multiple is not None:
                rule = _with_multiple(rule, rule.multiple // covers)
            solved = run(rule, once, method, variables)
    return described(rule, solved, covers=covers, settings=provenance(**settings, **solved.settings))


def described(rule: Rule, solved: Solved, *, covers: int, settings: dict[str, Any]) -> PeriodicOrbit:
    """The result for an orbit that was solved for."""
    forced = rule.multiple is not None
    mu = multipliers(solved.once_around)
    trivial = math.nan if forced or not mu.size else float(np.min(np.abs(mu - 1)))
    name, unstable = stability_of(mu, forced=forced, error=trivial) if mu.size else ("unknown", 0)
    return PeriodicOrbit(
        period=solved.period,
        period_error=solved.period_error,
        trivial_error=trivial,
        covers=covers,
        residual=solved.residual,
        unstable_dimension=unstable,
        stability=name,
        names=tuple(v.name for v in state_variables(rule.system)),
        degree=solved.stages.shape[1],
        forced=forced,
        time_unit=rule.system.time_unit,
        result=solved.code,
        settings=settings,
        times=solved.period * solved.phases,
        states=solved.points * np.asarray(rule.scale),
        multipliers=mu,
    )


def _multiple(period: float | None, forcing: float | None) -> int | None:
    """Periods of the forcing in one period of the orbit, None for autonomous flows."""
    if forcing is None:
        return None
    if period is None:
        return 1
    whole = round(period / forcing)
    if whole < 1 or abs(period / forcing - whole) > 1e-6 * whole:
        raise InputError(
            f"`period` of a driven flow must be a multiple of the period {forcing:g} of its drive, got {period:g}."
        )
    return whole


def _with_multiple(rule: Rule, multiple: int) -> Rule:
    return Rule(rule.system, rule.signal, rule.template, rule.scale, rule.parameter, multiple, rule.forcing)


def _shrunk(solved: Solved, guess: Guess) -> bool:
    """Whether nothing moves any more, or too little to be the orbit that was guessed."""
    size = np.ptp(solved.points, axis=0).max()
    return bool(size < _SHRUNK or solved.period < _SHRUNK * guess.period)


def _covers(solved: Solved, multiple: int | None) -> int:
    """How often the orbit repeats within its period: the common divisor of its harmonics."""
    count = 4096
    share = np.arange(count) / count
    winding = solved.points[-1:] - solved.points[:1]
    wave = np.abs(np.fft.rfft(solved.at(share) - share[:, None] * winding, axis=0))[1:]
    height = (wave / np.maximum(wave.max(axis=0), 1e-300)).max(axis=1)
    best = 1
    for k in range(2, _COVERS + 1):
        turning = np.any(np.abs(np.round(winding) / k % 1) > 1e-9)
        if turning or (multiple is not None and multiple % k):
            continue
        others = np.arange(1, height.size + 1) % k != 0
        if np.max(height[others]) < _ABSENT:
            best = k
    return best


def _none(system: AbstractSystem, code: Any, settings: dict[str, Any], forced: bool, throw: bool) -> PeriodicOrbit:
    """A result without an orbit."""
    if throw:
        raise_if_failed(code, what=f"`periodic_orbit` of `{type(system).__name__}` ({settings.get('why', 'no orbit')})")
    names = tuple(v.name for v in state_variables(system))
    return PeriodicOrbit(
        period=math.nan,
        period_error=math.nan,
        trivial_error=math.nan,
        covers=0,
        residual=math.nan,
        unstable_dimension=0,
        stability="unknown",
        names=names,
        degree=1,
        forced=forced,
        time_unit=system.time_unit,
        result=code,
        settings=settings,
        times=np.zeros(0),
        states=np.zeros((0, len(names))),
        multipliers=np.zeros(0, complex),
    )
