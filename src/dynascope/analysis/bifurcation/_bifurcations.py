"""The whole bifurcation diagram of a system over one parameter, by one call."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import provenance
from ..._types import Key
from ...systems import AbstractSystem, Box, is_discrete, kind, state_variables
from .._precision import require_64_bit
from .._region import start_region
from ..stability import fixed_points
from ..stability._frozen import frozen_at
from ._cycle_branches import with_cycles
from ._cycle_walk import CycleContinuation
from ._deflated import deflate
from ._diagram import BifurcationDiagram, tables
from ._equilibria import Equilibria
from ._follow import Bounds, PseudoArclength
from ._free import FreeParameter, checked_range, free_parameter
from ._hybrid_walk import HybridContinuation
from ._spiking_branches import with_spikes
from ._surfaces import cut_at_surfaces
from ._trace import Traced, trace
from ._unexplained import unexplained

#: How cycles and orbits through resets are followed, and the dimension up to which they are unless asked for.
_CYCLES, _SPIKES, _SMALL = CycleContinuation(), HybridContinuation(), 16
#: Where in the range of the parameter fixed points are looked for, and how far beyond the region branches are followed.
_LOOK, _REACH = (0.0, 0.23, 0.47, 0.76, 1.0), 5.0


def bifurcations(
    system: AbstractSystem,
    parameter: str,
    low: float,
    high: float,
    *,
    region: Box | None = None,
    inputs: Any = None,
    key: Key | None = None,
    method: PseudoArclength | None = None,
    max_branches: int = 64,
    doublings: int = 2,
    deflations: int = 0,
    cycles: CycleContinuation | None = _CYCLES,
    spikes: HybridContinuation | None = _SPIKES,
) -> BifurcationDiagram:
    r"""The bifurcation diagram of a flow, a hybrid system or a map for one parameter between `low` and `high`.

    Fixed points are looked for at five values of the parameter, and every branch through one of them is followed both
    ways by pseudo-arclength continuation, once. On it folds, branch points, Hopf points (maps: period doublings and
    Neimark-Sacker points) are detected, located by extended systems to rounding, and described by the coefficient of
    their normal form. At simple branch points the other branch is followed too, and at period doublings of maps the
    doubled cycle. Nothing has to be tuned: lengths are measured in units of the region of states and of the range of
    the parameter.

    Every change in the number of unstable eigenvalues is checked against the points found, and a step that has passed
    over something is cut up. A branch that exists at none of the five values and is not connected to one that does is
    missed; `deflations` looks for such ones.

    Of a hybrid system, such as a spiking neuron, the orbits through resets are followed too on which runs settle at the
    five values, with what is born at their period doublings, up to where they graze a surface or their period becomes
    infinite. Branches of equilibria end where they reach a surface.

    Args:
        system: A flow, a hybrid system or a map, without noise.
        parameter: Name of the parameter, `w[2,3]` for an entry of an array, `input` or `input[0]` for an input level.
        low: Least value.
        high: Greatest value.
        region: Box of states in which fixed points are looked for; None takes the system's own, else that of pilot
            runs.
        inputs: Constant input.
        key: Random key of the starts; None takes seed 0.
        method: `PseudoArclength(...)`.
        max_branches: Largest number of branches.
        doublings: Generations of doubled cycles of maps that are followed.
        deflations: Values of the parameter at which more branches are looked for by deflated continuation: Newton's
            method is kept away from the solutions known there (Farrell, Beentjes and Birkisson, 2016).
        cycles: How the cycles of flows are followed that are born at Hopf points; None leaves them out. Beyond 16
            components they are left out too, and a note says so, unless another `CycleContinuation` is given.
        spikes: How the orbits of hybrid systems through resets are followed; None leaves them out. They are left out
            for systems of more components too, as cycles are.

    Returns:
        A `BifurcationDiagram`.

    Raises:
        InputError: For a system without fixed points (noisy, periodically forced, with delays), an unknown parameter,
            or a range that is empty or not allowed.

    Reference:
        Kuznetsov (2004), Elements of applied bifurcation theory, 3rd edition, Springer, chapter 10.

    Example:
        >>> import dynascope as ds
        >>> diagram = bifurcations(ds.build("fitzhugh-nagumo"), "I", 0.0, 2.0)
        >>> [(p.type, round(p.parameter, 5)) for p in diagram.points]
        [('hopf', 0.33128), ('hopf', 1.41872), ('fold of cycles', 0.32418), ('fold of cycles', 1.42582)]
    """
    require_64_bit("A bifurcation diagram")
    check_kind(system)
    _check_counts(max_branches=max_branches, doublings=doublings, deflations=deflations)
    _check_methods(
        method=(method, PseudoArclength), cycles=(cycles, CycleContinuation), spikes=(spikes, HybridContinuation)
    )
    frozen = frozen_at(system, inputs, 0.0)
    free = free_parameter(system, parameter, frozen.u)
    low, high = checked_range(system, free, low, high)
    key = key if key is not None else jax.random.key(0)
    box, source = _region(system, region, frozen.u, free, (low, high), key)
    corner, opposite = (ravel_pytree(c)[0] for c in (box.low, box.high))
    scale = jnp.maximum(opposite - corner, 1e-9)
    width = jnp.asarray(high - low)
    problem = Equilibria(frozen, free, scale, width, is_discrete(system))
    bounds = Bounds(jnp.append(corner - _REACH * scale, low), jnp.append(opposite + _REACH * scale, high))
    with one_blas_thread():
        starts, tried = _starts(system, frozen.u, free, (low, high), box, key)
        traced = Traced(problem, bounds, PseudoArclength() if method is None else method)
        if deflations:
            trace(traced, starts, most=max_branches, doublings=0)
            deflate(traced, np.linspace(low, high, deflations), most=max_branches)
        trace(traced, starts, most=max_branches, doublings=doublings)
    variables = state_variables(system)
    doubts = unexplained(traced.branches, traced.specials, free.name, discrete=is_discrete(system))
    diagram = BifurcationDiagram(
        parameter_name=free.name,
        parameter_unit=free.unit(system),
        window=(low, high),
        names=tuple(v.name for v in variables),
        time_unit=system.time_unit,
        discrete=is_discrete(system),
        notes=(*traced.notes, *doubts, *([] if traced.branches else _turning(problem, bounds))),
        result=RESULTS.successful,
        settings=provenance(
            system=type(system).__name__,
            parameter=parameter,
            low=low,
            high=high,
            method={name: getattr(traced.method, name) for name in traced.method.__dataclass_fields__},
            region=source,
            starts=tried,
            looked_at=[low + share * (high - low) for share in _LOOK],
            max_branches=max_branches,
            doublings=doublings,
            deflations=deflations,
            seed=seed_of(key),
        ),
        **tables(traced.branches, traced.specials, len(variables)),
    )
    return _with_orbits(diagram, problem, cycles, spikes, doublings)


def _with_orbits(
    diagram: BifurcationDiagram,
    problem: Equilibria,
    cycles: CycleContinuation | None,
    spikes: HybridContinuation | None,
    doublings: int,
) -> BifurcationDiagram:
    """The diagram of equilibria with the cycles of a flow, or those between resets and through them."""
    system, hybrid = problem.frozen.system, kind(problem.frozen.system) == "hybrid"
    if kind(system) not in ("flow", "hybrid"):
        return diagram
    small = len(diagram.names) <= _SMALL
    low, high = diagram.window
    diagram = cut_at_surfaces(diagram, problem) if hybrid else diagram
    if cycles is not None and "hopf" in diagram.types:
        if cycles is _CYCLES and not small:
            diagram = _noted(diagram, f"Cycles were left out, for there are more than {_SMALL} components", "cycles")
        else:
            diagram = with_cycles(diagram, problem, cycles, (low, high))
            diagram = cut_at_surfaces(diagram, problem) if hybrid else diagram
    if not hybrid:
        return diagram
    if spikes is None:
        return dataclasses.replace(diagram, notes=(*diagram.notes, "Orbits through resets were left out."))
    if spikes is _SPIKES and not small:
        text = f"Orbits through resets were left out, for there are more than {_SMALL} components"
        return _noted(diagram, text, "spikes")
    values = np.array([low + share * (high - low) for share in _LOOK])
    with one_blas_thread():
        return with_spikes(diagram, problem, values, method=spikes, doublings=doublings)


def _noted(diagram: BifurcationDiagram, text: str, option: str) -> BifurcationDiagram:
    note = f"{text}. Give `{option}` to follow them."
    return dataclasses.replace(diagram, notes=(*diagram.notes, note))


def _turning(problem: Equilibria, bounds: Bounds) -> list[str]:
    """What to do where a phase turns at the same rate everywhere, as that of a drive does, so that nothing rests."""
    if problem.discrete:
        return []
    z = (bounds.low + bounds.high) / 2
    rate, slopes = np.asarray(problem.moved(z[:-1], z[-1])), np.asarray(problem.jacobian(z))
    told = []
    for i, variable in enumerate(state_variables(problem.frozen.system)):
        if variable.topology == "circle" and rate[i] != 0 and not slopes[i].any():
            told.append(
                f"Nothing rests, for `{variable.name}` turns at the same rate everywhere. Follow a cycle: "
                "`dynascope.analysis.bifurcation.cycle_branch` goes on from one that `periodic_orbit` has found."
            )
    return told


def _check_counts(*, max_branches: int, doublings: int, deflations: int) -> None:
    """Refuse numbers of branches, generations or values that are none, before the work."""
    for name, value, least in (("max_branches", max_branches, 1), ("doublings", doublings, 0)):
        if not isinstance(value, (int, np.integer)) or value < least:
            raise InputError(f"`{name}` must be a whole number from {least} on, got {value!r}.")
    if not isinstance(deflations, (int, np.integer)) or deflations < 0 or deflations == 1:
        raise InputError(f"`deflations` must be 0, or at least 2 values of the parameter, got {deflations!r}.")


def _check_methods(**given: tuple[Any, type]) -> None:
    """Refuse what is no method, such as its name in quotes."""
    for name, (value, wanted) in given.items():
        if value is not None and not isinstance(value, wanted):
            raise InputError(f"`{name}` must be a `{wanted.__name__}(...)` or None, got {value!r}.")


def check_kind(system: AbstractSystem) -> None:
    """Refuse systems that rest nowhere, or whose rest cannot be followed here."""
    if kind(system) == "delay flow":
        raise InputError(
            f"`{type(system).__name__}` has delays, whose equilibria cannot be followed here. Follow those of its "
            "`history_map`, or give `fixed_points` one value of the parameter after another."
        )
    if system.forcing_period() is not None:
        raise InputError(
            f"`{type(system).__name__}` is forced periodically, so that no state stays put. Give its stroboscopic map "
            "(`dynascope.solve.stroboscopic_map`), whose fixed points are the cycles of the period of the forcing."
        )


def _region(
    system: AbstractSystem, region: Box | None, u: Any, free: FreeParameter, window: tuple[float, float], key: Any
) -> tuple[Box, str]:
    """The box of states that holds those of the system as it is and at both ends of the parameter's range."""
    boxes, sources = [], []
    for value in (None, *window):
        there, input_ = (system, u) if value is None else free.at(system, u, value)
        box, source = start_region(there, region, inputs=input_, key=key)
        boxes.append(box)
        sources.append(source)
    low = jax.tree.map(lambda *leaves: jnp.min(jnp.stack(leaves), axis=0), *(b.low for b in boxes))
    high = jax.tree.map(lambda *leaves: jnp.max(jnp.stack(leaves), axis=0), *(b.high for b in boxes))
    return Box(low, high), ", ".join(dict.fromkeys(sources))


def _starts(
    system: AbstractSystem, u: Any, free: FreeParameter, window: tuple[float, float], box: Box, key: Any
) -> tuple[list[np.ndarray], int]:
    """Fixed points at some values of the parameter, as points z, and how many starts they came from."""
    found, tried = [], 0
    for i, share in enumerate(_LOOK):
        value = window[0] + share * (window[1] - window[0])
        there, input_ = free.at(system, u, value)
        points = fixed_points(there, region=box, inputs=input_, key=jax.random.fold_in(key, i), throw=False)
        tried += int(points.settings["starts"])
        found += [np.append(state, value) for state in points.states]
    return found, tried
