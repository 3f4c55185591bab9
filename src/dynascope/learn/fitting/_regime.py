"""What kind of motion was recorded, from the system learned: a map that stands for a flow is read as one."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..._types import Key
from ...analysis import Evidence, Verdict
from ...analysis.regime import Attractor, Diagnosis, regime_of
from ...systems import AbstractMap, AbstractSystem
from ._reconstruction import AbstractReconstruction

#: Starts near the recorded motion: one attractor is asked for, not its basin.
_STARTS = 8


def recorded_regime(system: AbstractReconstruction, *, key: Key | None = None) -> Verdict:
    """The regime of the motion that was recorded, as the system learned shows it.

    Samples of a limit cycle fill a closed curve, on which a map has one exponent of zero, as on a torus, or repeat
    after some samples. Unless the recording counts steps itself, a map of that kind is therefore named a limit cycle,
    and one with two exponents of zero a torus.

    Args:
        system: A reconstruction.
        key: Random key of the starts, which lie near the state to which the training data lead.

    Returns:
        The verdict on the attractor to which that state itself leads.
    """
    return recorded_diagnosis(system, key=key).verdict


def recorded_diagnosis(system: AbstractReconstruction, *, key: Key | None = None, solver: Any = None) -> Diagnosis:
    """All that `recorded_regime` rests on: its verdict, the attractors near the recorded motion and fixed points.

    Args:
        system: A reconstruction.
        key: Random key of the starts.
        solver: Fixed-step solver of a flow; None takes that of `fixed_solver(system)`.
    """
    diagnosis = as_recorded(system, regime_of(system, starts=_STARTS, key=key, solver=solver))
    home = next((a for a in diagnosis.attractors if a.home), None)
    return diagnosis if home is None else dataclasses.replace(diagnosis, verdict=home.verdict)


def as_recorded(system: AbstractSystem, diagnosis: Diagnosis) -> Diagnosis:
    """A diagnosis of a system learned from samples of a flow, with its attractors named as those of the flow.

    Other systems keep theirs.
    """
    if not isinstance(system, AbstractReconstruction) or not isinstance(system, AbstractMap) or system.clock == "step":
        return diagnosis
    attractors = tuple(dataclasses.replace(a, verdict=_of_flow(a)) for a in diagnosis.attractors)
    before = {a.verdict.regime for a in diagnosis.attractors}
    # The verdict on the whole is that on its attractors where they are all of one kind.
    whole = diagnosis.verdict
    if len(before) == 1 and whole.regime in before and len({a.verdict.regime for a in attractors}) == 1:
        first = next((a for a in attractors if a.home), attractors[0]).verdict
        if first.regime != whole.regime:
            whole = dataclasses.replace(
                whole, regime=first.regime, evidence=(*whole.evidence, first.evidence[-1]), attributes=()
            )
    return dataclasses.replace(diagnosis, verdict=whole, attractors=attractors)


def _of_flow(found: Attractor) -> Verdict:
    """The verdict on an attractor of a map that samples a flow."""
    verdict = found.verdict
    if found.spectrum is None:
        return verdict
    zeros = int(np.sum(np.abs(found.spectrum.exponents) <= found.spectrum.zero_widths))
    again = verdict.regime == "periodic" and found.returns is not None and found.returns.multiplicity > 1
    if again or (verdict.regime == "torus" and zeros == 1):
        meaning = "Samples of a limit cycle lie on a closed curve: of a flow, this is one rhythm."
        sign = Evidence("exponents of zero of the sampled motion", float(zeros), None, meaning)
        return dataclasses.replace(verdict, regime="limit cycle", evidence=(*verdict.evidence, sign), attributes=())
    return verdict
