"""A neuron with the stimulus that shows what it does."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._types import State
from ...systems import AbstractInput


class Experiment(NamedTuple):
    """One run of a neuron that shows one pattern of spikes.

    Attributes:
        system: The neuron; its own current is zero, so that `inputs` is the whole of it.
        y0: State to start from.
        inputs: The stimulus.
        duration: Length of the run, ms.

    Example:
        >>> from dynascope.models import Izhikevich
        >>> system, y0, inputs, duration = Izhikevich.behaviour("tonic spiking")
        >>> float(inputs(50.0)[0]), duration
        (14.0, 100.0)
    """

    system: Any
    y0: State
    inputs: AbstractInput
    duration: float

    def times(self, count: int = 2001) -> NDArray[np.float64]:
        """`count` output times from 0 to the end."""
        return np.linspace(0.0, self.duration, count)
