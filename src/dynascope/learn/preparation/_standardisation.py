"""Units in which models learn: mean 0 and standard deviation 1 over the training data, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError
from ...series._recording import is_constant
from ...series._samples import listed


class Standardisation(eqx.Module):
    """z = (x - offset) / scale for every channel.

    Args:
        offset: Mean of the training data, shape `(channel,)`.
        scale: Their standard deviation, shape `(channel,)`.
    """

    offset: NDArray[np.float64] = eqx.field(converter=np.asarray)
    scale: NDArray[np.float64] = eqx.field(converter=np.asarray)

    @classmethod
    def of(cls, stretches: Sequence[Any], *, names: Sequence[str] = ()) -> Self:
        """Mean and standard deviation over several stretches of data together.

        Args:
            stretches: Arrays of shape `(time, channel)`.
            names: Names of the channels, for the message.

        Raises:
            InputError: If a channel is constant.
        """
        whole = np.concatenate([np.asarray(x, float) for x in stretches])
        still = is_constant(whole)
        if still.any():
            known = names or [f"x{i}" for i in range(len(still))]
            which = listed([n for n, s in zip(known, still, strict=True) if s])
            raise InputError(
                f"Channels that are constant over the training data cannot be standardised: {which}. Leave them out, "
                "or train on a stretch in which they change."
            )
        return cls(whole.mean(axis=0), whole.std(axis=0))

    def __call__(self, values: Any) -> Any:
        """`values` in standard units."""
        return (values - self.offset) / self.scale

    def undo(self, standard: Any) -> Any:
        """Values in the units of the data."""
        return self.offset + self.scale * standard
