"""What each attractor is, in the words of the verdict."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import RESULTS
from ..._results import provenance
from ...systems import AbstractSystem
from .._topology import wrapped
from ..attractors import Attractors, KnownAttractor, Stage
from ..regime import examine
from ..stability import lyapunov_spectrum

#: A largest exponent within this many standard errors of zero counts as zero.
_ERRORS = 3


def states_of(known: tuple[KnownAttractor, ...], stage: Stage, *, count: int) -> np.ndarray:
    """States of each attractor, repeated if fewer are known, angles on their circle; shape `(attractor, count, d)`."""
    if not known:
        return np.zeros((0, count, len(stage.variables)))
    return wrapped(np.stack([a.states[np.arange(count) % len(a.states)] for a in known]), stage.variables)


def as_attractors(stage: Stage, known: tuple[KnownAttractor, ...], system: AbstractSystem) -> Attractors:
    """Known attractors in the form that the verdict examines, all with equal share."""
    packed = stage.stepped.packing()
    count = max(len(known), 1)
    return Attractors(
        unbounded=0.0,
        starts=count,
        home=0 if known else -1,
        turns=stage.lens.turns,
        names=tuple(v.name for v in stage.variables),
        carries=tuple(packed.unpack(jax.tree.map(jnp.asarray, a.carry)) for a in known),
        result=RESULTS.successful,
        settings=provenance(system=type(system).__name__),
        states=states_of(known, stage, count=1)[:, 0],
        shares=np.full(len(known), 1 / count),
        stderr=np.zeros(len(known)),
        moving=np.array([a.moving for a in known], bool),
        settled=np.ones(len(known)),
        spreads=np.array([a.spread for a in known]),
    )


def named(
    system: AbstractSystem,
    stage: Stage,
    known: tuple[KnownAttractor, ...],
    *,
    inputs: Any,
    key: Any,
    solver: Any,
) -> tuple[str, ...]:
    """The regime of each attractor; of a forced system, where rest at the strobe is a cycle of the flow."""
    if not known:
        return ()
    if stage.unit > 1:
        return tuple(_forced(system, stage, a, inputs=inputs, key=key) for a in known)
    found = as_attractors(stage, known, system)
    seen = examine(system, found, inputs=inputs, key=key, solver=solver)
    return tuple(a.verdict.regime for a in seen)


def _forced(system: AbstractSystem, stage: Stage, one: KnownAttractor, *, inputs: Any, key: Any) -> str:
    """Regime of an attractor of a forced system, from its largest exponent."""
    if not one.moving:
        return "limit cycle"
    y = stage.stepped.packing().unpack(jax.tree.map(jnp.asarray, one.carry))
    top = lyapunov_spectrum(system, k=1, y0=y, transient=0.0, inputs=inputs, key=key, solver=stage.stepped.solver)
    value, error = float(top.exponents[0]), float(top.stderr[0])
    if value > _ERRORS * error:
        return "chaos"
    return "limit cycle" if value < -_ERRORS * error else "torus"
