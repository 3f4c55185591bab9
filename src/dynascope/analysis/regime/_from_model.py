"""What kind of system is this? Attractors from many starts, each named by its exponents, its rest or its returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import RESULTS, ComputationFailed
from ..._results import AbstractResult, provenance
from ..._types import Key, State
from ...systems import (
    AbstractHybrid,
    AbstractInput,
    AbstractSystem,
    Box,
    Constant,
    Variable,
    default_input,
    dimension,
    is_discrete,
    kind,
    state_variables,
)
from .._as_map import as_map
from .._region import start_region
from .._topology import distance
from .._verdict import Evidence, Verdict
from ..attractors import Attractors, attractors
from ..rhythm import Returns, returns
from ..spikes import bursts
from ..stability import FixedPoints, LyapunovSpectrum, Newton, fixed_points, lyapunov_spectrum
from ._attributes import Sign
from ._continuum import continuum
from ._rules import judge_motion, judge_noise, judge_rest, judge_steps
from ._stepping import too_long_a_step
from ._time import depends_on_time
from ._watched import excitable, of_motion, transient_chaos

#: Exponents computed for large systems, and the number of attractors that are examined one by one.
_LEADING, _EXAMINED = 6, 6
#: A state at rest this close to a fixed point, relative to its size, is that fixed point.
_SAME = 1e-2
#: Relative change of volume below this is none.
_PRESERVED = 1e-9


class Attractor(eqx.Module):
    """One attractor: what it is, how likely it is reached, and the numbers behind it.

    Attributes:
        verdict: Its own regime, confidence and evidence.
        share: Share of the random starts that lead there.
        stderr: Standard error of the share.
        home: Whether the system's own initial state leads there.
        state: A flattened state on it.
        carry: A full state on it, to go on from.
        spectrum: Lyapunov spectrum on it; None at rest or without a tangent.
        returns: Returns to a section or spike times; None at rest.
    """

    verdict: Verdict
    share: float
    stderr: float
    home: bool
    state: np.ndarray
    carry: Any
    spectrum: LyapunovSpectrum | None
    returns: Returns | None

    def to_json(self) -> dict[str, Any]:
        """Regime, share, a state and, for rhythms, the period, as plain values."""
        out: dict[str, Any] = {
            **self.verdict.to_json(),
            "share": self.share,
            "stderr": self.stderr,
            "state": [float(x) for x in self.state],
        }
        if self.returns is not None and self.returns.multiplicity:
            out |= {"period": float(self.returns.period), "period_stderr": float(self.returns.period_stderr)}
        if self.spectrum is not None:
            out["lyapunov"] = [float(x) for x in self.spectrum.exponents]
            out["lyapunov_stderr"] = [float(x) for x in self.spectrum.stderr]
        return out


class Diagnosis(AbstractResult):
    """The verdict on a system with all that it rests on.

    Attributes:
        verdict: Regime, confidence, evidence and attributes of the whole system.
        attractors: The attractors, most frequent first: six at most, and the one that the initial state leads to. Of a
            system that preserves volume, where nothing attracts, only the motion from the initial state.
        found: The grouping of the starts.
        fixed_points: All fixed points found; None where they have no meaning (noise, discrete states).
        volume_preserving: Whether the flow preserves volume.
    """

    verdict: Verdict
    attractors: tuple[Attractor, ...]
    found: Attractors
    fixed_points: FixedPoints | None
    volume_preserving: bool
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)

    def summary(self) -> str:
        """The verdict and what was found."""
        return f"{self.verdict.summary()}\n{self.found.summary()}"


def regime_of(
    system: AbstractSystem,
    *,
    region: Box | None = None,
    starts: int = 64,
    y0: State = None,
    inputs: Any = None,
    key: Key | None = None,
    transient: float | None = None,
    solver: Any = None,
) -> Diagnosis:
    """Say what kind of dynamical system this is.

    Attractors are found from random starts (`attractors`). Each one at rest is a fixed point if its eigenvalues agree;
    each moving one is named from its Lyapunov spectrum and its returns, which must not contradict each other. Several
    that random starts reach are `multistable`, unless all exponents of all of them are zero: those attract nothing and
    are orbits on one torus. A noisy or driven system is `contracting` if its largest exponent under one realisation of
    the drive is negative and `chaos` if it is positive.

    Args:
        system: Any system.
        region: Box of random starts; None takes the system's own, else that of a pilot run.
        starts: Number of random starts, at least 64 for shares worth naming.
        y0: A state to run as well; None takes `initial_state()`.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        transient: Time before the first window; None takes 20,000 solver steps.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Returns:
        A `Diagnosis`; its `verdict` may be `undecided`.

    Example:
        >>> import dynascope as ds
        >>> ds.regime_of(ds.build("logistic", r=3.2)).verdict.regime
        'periodic'
    """
    key = key if key is not None else jax.random.key(0)
    of_starts, of_points = jax.random.split(key)
    found = attractors(
        system, region=region, starts=starts, y0=y0, inputs=inputs, key=of_starts, transient=transient, solver=solver
    )
    points = _points(system, found, inputs, of_points)
    preserved = _preserves_volume(system, found, inputs)
    examined = tuple(
        _examined(system, found, i, points, inputs=inputs, key=of_starts, solver=solver)
        for i in _worth_examining(found, preserved)
    )
    verdict = too_long_a_step(system, found, y0=y0, inputs=inputs, solver=solver)
    if verdict is None:
        verdict = _overall(system, found, examined, points, preserved)
        signs = _of_transients(system, found, examined, verdict, region=region, inputs=inputs, key=key, solver=solver)
        verdict = _with(verdict, signs)
    return Diagnosis(
        verdict=verdict,
        attractors=examined,
        found=found,
        fixed_points=points,
        volume_preserving=preserved,
        result=RESULTS.successful,
        settings=provenance(**{k: v for k, v in found.settings.items() if k != "versions"}),
    )


def _with(verdict: Verdict, signs: list[Sign]) -> Verdict:
    """The verdict with further attributes and their evidence."""
    fresh = [s.attribute for s in signs if s.attribute not in verdict.attributes]
    evidence = (*verdict.evidence, *(s.evidence for s in signs))
    return Verdict(verdict.regime, verdict.confidence, evidence, (*verdict.attributes, *fresh))


def _of_transients(
    system: AbstractSystem,
    found: Attractors,
    examined: tuple[Attractor, ...],
    verdict: Verdict,
    *,
    region: Box | None,
    inputs: Any,
    key: Key,
    solver: Any,
) -> list[Sign]:
    """What pushes and pairs of starts tell where nothing is chaotic for ever."""
    tame = {"fixed point", "limit cycle", "periodic", "torus", "unbounded"}
    regimes = {a.verdict.regime for a in examined} | ({verdict.regime} - {"multistable"})
    whole = len(examined) == len(found) and kind(system) in ("flow", "map")
    if not regimes <= tame or not whole or not _has_tangent(system) or _is_driven(system, inputs):
        return []
    box, _ = start_region(system, region, inputs=inputs, key=key)
    carries = tuple(a.carry for a in examined)
    signs = [transient_chaos(system, carries, box, inputs=inputs, solver=solver, key=key)]
    for a in examined:
        if a.verdict.regime == "fixed point" and signs[0] is None:
            signs.append(excitable(system, a.state, box, inputs=inputs, solver=solver))
    return [s for s in signs if s is not None]


def examine(
    system: AbstractSystem, found: Attractors, *, inputs: Any = None, key: Key | None = None, solver: Any = None
) -> tuple[Attractor, ...]:
    """What each of the attractors in `found` is, each with its own verdict.

    Args:
        system: The system that they belong to.
        found: The attractors; their full states are gone on from.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
    """
    of_starts, of_points = jax.random.split(key if key is not None else jax.random.key(0))
    points = _points(system, found, inputs, of_points)
    return tuple(
        _examined(system, found, i, points, inputs=inputs, key=of_starts, solver=solver) for i in range(len(found))
    )


def _worth_examining(found: Attractors, preserved: bool) -> list[int]:
    """The most frequent attractors and that of the initial state; where nothing attracts, only the latter."""
    if preserved and found.moving.any():
        return [max(found.home, 0)]
    first = list(range(min(len(found), _EXAMINED)))
    return first if found.home < len(first) else [*first, found.home]


def _has_tangent(system: AbstractSystem) -> bool:
    return all(v.topology != "discrete" for v in state_variables(system))


def _is_driven(system: AbstractSystem, inputs: Any) -> bool:
    """Whether time enters from outside: noise, a changing input, a periodic force or a rule that depends on time."""
    changing = isinstance(inputs, AbstractInput) and not isinstance(inputs, Constant)
    if kind(system) in ("sde", "random map") or changing or system.forcing_period() is not None:
        return True
    return depends_on_time(system)


def _points(system: AbstractSystem, found: Attractors, inputs: Any, key: Any) -> FixedPoints | None:
    if kind(system) in ("sde", "random map") or not _has_tangent(system) or _is_driven(system, inputs):
        return None
    _, unravel = ravel_pytree(system.initial_state())
    visited = jax.vmap(unravel)(jnp.asarray(found.states)) if len(found) else None
    return fixed_points(system, starts=visited, inputs=inputs, key=key, method=Newton(), throw=False)


def _preserves_volume(system: AbstractSystem, found: Attractors, inputs: Any) -> bool:
    """Whether divergence (flows) or log|det| (maps) of the Jacobian vanishes wherever the runs went."""
    if (
        kind(system) not in ("flow", "map")
        or not _has_tangent(system)
        or not 2 <= dimension(system) <= 64
        or not len(found)
    ):
        return False
    stepped = as_map(system, None, inputs=inputs)
    _, unravel = ravel_pytree(system.initial_state())
    u = None if stepped.inputs is None else stepped.inputs(0.0)

    def change(flat: Any) -> Any:
        def rule(y: Any) -> Any:
            flow: Any = system
            moved = flow.vector_field(0.0, unravel(y), u) if kind(system) == "flow" else flow.step(0, unravel(y), u)
            return ravel_pytree(moved)[0]

        j = jax.jacfwd(rule)(flat)
        if kind(system) == "flow":
            return jnp.trace(j) / (jnp.sum(jnp.abs(j)) + 1e-300)
        return jnp.linalg.slogdet(j)[1]

    return bool(np.max(np.abs(compiled(jax.vmap(change))(jnp.asarray(found.states[:32])))) < _PRESERVED)


def _examined(
    system: AbstractSystem, found: Attractors, i: int, points: Any, *, inputs: Any, key: Any, solver: Any
) -> Attractor:
    """One attractor with its own verdict."""
    carry = found.carries[i]
    spectrum, back = None, None
    driven = _is_driven(system, inputs)
    settled = float(found.settled[i])
    if not _has_tangent(system):
        verdict = judge_steps(_period_by_equality(system, carry, inputs, key), settled)
    elif not found.moving[i] and not driven:
        here = _fixed_point_at(found.states[i], points, state_variables(system))
        verdict = judge_rest(float(found.spreads[i]), points, here, settled, turns=found.turns)
    else:
        k = min(dimension(system), _LEADING) if kind(system) != "delay flow" else None
        try:
            spectrum = lyapunov_spectrum(
                system, k=k, y0=carry, transient=0.0, key=key, inputs=inputs, solver=solver, rtol=0.01
            )
        except ComputationFailed as error:
            verdict = Verdict("undecided", 0.0, (Evidence("Lyapunov spectrum", None, None, str(error)),))
        else:
            if driven:
                verdict = judge_noise(spectrum)
            else:
                back = returns(system, carry, inputs=inputs, solver=solver, key=key)
                spikes = bursts(back.times) if _spikes_alone(system) and len(back.times) > 3 else None
                verdict = judge_motion(spectrum, back, settled, is_discrete(system), spikes=spikes)
                watched = back.settings.get("section")
                signs = of_motion(system, carry, verdict.regime, watched=watched, inputs=inputs, solver=solver)
                verdict = _with(verdict, signs)
    return Attractor(
        verdict=verdict,
        share=float(found.shares[i]),
        stderr=float(found.stderr[i]),
        home=i == found.home,
        state=found.states[i],
        carry=carry,
        spectrum=spectrum,
        returns=back,
    )


def _spikes_alone(system: AbstractSystem) -> bool:
    """Whether all events are of one surface: those of several are no train of one neuron."""
    if not isinstance(system, AbstractHybrid):
        return False
    return jnp.size(system.guard(0.0, system.initial_state(), default_input(system))) == 1


def _fixed_point_at(state: np.ndarray, points: FixedPoints | None, variables: Sequence[Variable]) -> int | None:
    """Which fixed point a state at rest is: the nearest, if it is close for its size."""
    if points is None or not len(points):
        return None
    gaps = [distance(state, point, np.ones(len(state)), variables) for point in points.states]
    i = int(np.argmin(gaps))
    return i if gaps[i] <= _SAME * (np.max(np.abs(state)) + 0.1) else None


def _period_by_equality(system: AbstractSystem, carry: State, inputs: Any, key: Any) -> int:
    """Steps after which a discrete state repeats exactly, up to 64; 0 if it does not."""
    stepped = as_map(system, carry, inputs=inputs, key=key)
    packed = stepped.packing()
    step = compiled(stepped.stepper(packed))
    first = packed.pack(carry)
    now = first
    for n in range(1, 65):
        now = step(jnp.asarray(n), now)
        if all(bool(jnp.array_equal(a, b)) for a, b in zip(jax.tree.leaves(now), jax.tree.leaves(first), strict=True)):
            return n
    return 0


def _lost(system: AbstractSystem) -> str:
    meaning = "Share of the random starts whose state grows without bound."
    if is_discrete(system) or any(v.topology == "circle" for v in state_variables(system)):
        return meaning
    return f"{meaning} (An angle must be declared as a circle, else its turns count as growth.)"


def _attracts_nothing(one: Attractor) -> bool:
    """Whether the motion is a torus and no direction contracts on it: an attractor needs one that does."""
    found = one.spectrum
    if one.verdict.regime != "torus" or found is None or len(found.exponents) < len(one.state):
        return False
    return bool(np.all(np.abs(found.exponents) <= found.zero_widths))


def _overall(
    system: AbstractSystem, found: Attractors, examined: tuple[Attractor, ...], points: Any, preserved: bool
) -> Verdict:
    """The verdict on the whole system from those on its attractors."""
    lost = Evidence("starts that diverge", found.unbounded, None, _lost(system))
    if not examined or found.unbounded >= 1.0:
        return Verdict("unbounded", 0.95, (lost,))
    attributes = ["partly unbounded"] if found.unbounded > 0 else []
    many = Evidence("attractors", float(len(found)), None, found.summary())
    if preserved and found.moving.any():
        sign = Evidence("change of volume", 0.0, _PRESERVED, "The rule preserves volume, so nothing attracts.")
        return Verdict("conservative", 0.95, (sign,), tuple(attributes))
    endless = continuum(found, points, state_variables(system))
    if endless is not None:
        return endless
    reached = [a for a in examined if a.share > 0] or list(examined[:1])
    # What only the initial state found counts where it is of another kind; else it may be the same, seen differently.
    regimes = {a.verdict.regime for a in reached} | {"undecided"}
    reached += [a for a in examined if a.home and a.verdict.regime not in regimes]
    for a in reached:
        attributes += [x for x in a.verdict.attributes if x not in attributes]
    extra = (lost,) if found.unbounded > 0 else ()
    if len(reached) == 1:
        only = reached[0].verdict
        return Verdict(only.regime, only.confidence, (*only.evidence, *extra), tuple(attributes))
    if all(_attracts_nothing(a) for a in reached):
        meaning = "All exponents of all motions are zero, so none of them attracts: they are orbits on one torus."
        sign = Evidence("groups of orbits", float(len(reached)), None, meaning)
        only = min((a.verdict for a in reached), key=lambda v: v.confidence)
        return Verdict("torus", only.confidence, (*only.evidence, sign, *extra), tuple(attributes))
    regimes = sorted({a.verdict.regime for a in reached})
    sign = Evidence("regimes", ", ".join(regimes), None, "What coexists.")
    confidence = min(a.verdict.confidence for a in reached)
    first = reached[0].verdict.evidence
    if regimes == ["contracting"]:  # under one drive there are several responses, so the past is not all forgotten
        meaning = "States near one another become alike under the same drive; others end in another response."
        first = tuple(Evidence(e.sign, e.value, e.error, meaning) for e in first)
    return Verdict("multistable", confidence, (many, sign, *first, *extra), tuple(attributes))
