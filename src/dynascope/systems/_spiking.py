"""Capability of networks: units that spike, in steps of a fixed length."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import jax

from .._types import Input, State, Time
from ._base import AbstractSystem

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractSpiking(AbstractSystem):
    """Capability: spikes, of maps that step a network of neurons by a fixed length of time.

    Implement `fired` and `spiking_step` and say which units there are; then `solve.simulate` records who spikes when.
    """

    #: Length of one step, ms.
    dt: AbstractVar[float]
    #: Populations in the order of the units: name and number of units.
    populations: AbstractVar[tuple[tuple[str, int], ...]]

    @abstractmethod
    def fired(self, y: State) -> jax.Array:
        """Which units spiked at the end of the step that led to state `y`, boolean, shape `(N,)`."""

    @abstractmethod
    def spiking_step(self, n: Time, y: State, u: Input, *w: Any) -> tuple[State, jax.Array]:
        """The state after step `n`, and which units spiked at its end: `step` and `fired` in one.

        `w` is what `draw` gave, for networks with noise.
        """
