"""Does the state grow without bound, or is it the fixed step that is too long for it?"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._types import State
from ...solve import Kvaerno5, fixed_solver, trajectory
from ...systems import AbstractSystem, kind
from .._verdict import Evidence, Verdict
from ..attractors import Attractors


def too_long_a_step(
    system: AbstractSystem, found: Attractors, *, y0: State, inputs: Any, solver: Any
) -> Verdict | None:
    """The verdict on a flow that every start leaves only because of its solver; None where the growth is its own.

    The run from the initial state is repeated, with the fixed step and with an implicit solver, for as long as the
    starts ran. An explicit method with too long a step becomes infinite on a stiff system, however tame its orbits are.
    """
    if kind(system) != "flow" or found.unbounded < 1.0:
        return None
    fixed = solver if solver is not None else fixed_solver(system)
    step = float(fixed.dt)
    ts = np.linspace(0.0, found.settings["solver_steps"] * step, 3)
    if trajectory(system, y0, ts, inputs=inputs, solver=fixed, throw=False).successful:
        return None
    if not trajectory(system, y0, ts, inputs=inputs, solver=Kvaerno5(), throw=False).successful:
        return None
    meaning = (
        f"At a fixed step of {step:.3g} every start becomes infinite, with an implicit solver the run from the "
        "initial state does not: the step is too long, or the system is stiff. Choose a shorter step (`--dt`, "
        "`solver=RK4(dt)`)."
    )
    return Verdict("undecided", 0.0, (Evidence("starts lost at a fixed step", found.unbounded, None, meaning),))
