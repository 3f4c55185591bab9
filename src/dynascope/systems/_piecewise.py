"""Capability: piecewise-linear maps, whose fixed points and cycles can be enumerated."""

from abc import abstractmethod
from typing import Any

import equinox as eqx

from .._types import Input
from ._base import AbstractMap


class RectifiedForm(eqx.Module):
    r"""The map $z' = A z + W \max(V z + c, 0) + b$ on the flattened state: linear in each region of signs of V z + c.

    Args:
        linear: A, shape `(d, d)`.
        outer: W, shape `(d, k)`.
        inner: V, shape `(k, d)`.
        threshold: c, shape `(k,)`.
        bias: b, shape `(d,)`.
    """

    linear: Any
    outer: Any
    inner: Any
    threshold: Any
    bias: Any


class AbstractPiecewiseLinear(AbstractMap):
    """Capability: a map that is linear but for rectified units. Implement `rectified_form`; `step` must agree with it.

    Then `piecewise_linear_cycles` enumerates fixed points and cycles exactly.
    """

    @abstractmethod
    def rectified_form(self, u: Input) -> RectifiedForm:
        """The matrices of the map under the constant input `u`."""
