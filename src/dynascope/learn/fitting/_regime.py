"""What kind of motion was recorded, from the system learned: a map that stands for a flow is read as one."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..._types import Key
from ...analysis import Evidence, Verdict
from ...analysis.regime import regime_of
from ...systems import AbstractMap
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
    diagnosis = regime_of(system, starts=_STARTS, key=key)
    home = next((a for a in diagnosis.attractors if a.home), None)
    verdict = diagnosis.verdict if home is None else home.verdict
    if not isinstance(system, AbstractMap) or system.clock == "step" or home is None or home.spectrum is None:
        return verdict
    zeros = int(np.sum(np.abs(home.spectrum.exponents) <= home.spectrum.zero_widths))
    again = verdict.regime == "periodic" and home.returns is not None and home.returns.multiplicity > 1
    if again or (verdict.regime == "torus" and zeros == 1):
        meaning = "Samples of a limit cycle lie on a closed curve: of a flow, this is one rhythm."
        sign = Evidence("exponents of zero of the sampled motion", float(zeros), None, meaning)
        return dataclasses.replace(verdict, regime="limit cycle", evidence=(*verdict.evidence, sign), attributes=())
    return verdict
