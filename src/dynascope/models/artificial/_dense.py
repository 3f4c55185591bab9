"""One layer of a feed-forward network."""

from __future__ import annotations

import equinox as eqx

from ..._errors import InputError
from ..._param import param
from ..._types import Param, Vector


class Dense(eqx.Module):
    """An affine layer x -> W x + b, one step of a network read as a map over depth.

    Args:
        weight: W, shape `(outputs, inputs)`.
        bias: b, shape `(outputs,)`.

    Raises:
        InputError: If the shapes do not fit together.

    Example:
        >>> import numpy as np
        >>> Dense([[1.0, 2.0]], [0.5])(np.ones(2)).tolist()
        [3.5]
    """

    weight: Param = param(doc="weights", learned=True)
    bias: Param = param(doc="bias", learned=True)

    def __check_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            raise InputError(
                f"A dense layer needs `weight` (outputs, inputs) and `bias` (outputs,), got {self.weight.shape} and "
                f"{self.bias.shape}."
            )

    def __call__(self, x: Vector) -> Vector:
        """The output for one input."""
        return self.weight @ x + self.bias
