"""States of rest over a plane of two parameters."""

from __future__ import annotations

import dataclasses
from typing import Any

import equinox as eqx
import jax

from ..bifurcation import Equilibria, FreeParameter
from ..stability._frozen import Frozen


class RestPlane(eqx.Module):
    """A system at rest, with two free parameters.

    Args:
        frozen: The system under a constant input.
        free: The two parameters that vary.
        scale: Width of the region of states, shape `(n,)`.
        low: Least values of the parameters, shape `(2,)`.
        high: Greatest values.
        discrete: Whether time advances in steps.
        iterates: Steps after which the state returns (maps).
    """

    frozen: Frozen
    free: tuple[FreeParameter, FreeParameter]
    scale: Any
    low: Any
    high: Any
    discrete: bool = eqx.field(static=True, default=False)
    iterates: int = eqx.field(static=True, default=1)

    @property
    def width(self) -> Any:
        """Width of the ranges of the parameters."""
        return self.high - self.low

    def moved(self, y: Any, p: Any) -> Any:
        """The velocity at the flattened state `y` under the parameters `p` (flows), or its image (maps)."""
        frozen = self.frozen
        for free, value in zip(self.free, (p[0], p[1]), strict=True):
            system, u = free.at(frozen.system, frozen.u, value)
            frozen = Frozen(system, u, frozen.t, frozen.template)
        if not self.discrete:
            return frozen.residual(y)
        if self.iterates == 1:
            return y + frozen.residual(y)
        return jax.lax.fori_loop(0, self.iterates, lambda _, x: x + frozen.residual(x), y)

    def change(self, y: Any, p: Any) -> Any:
        """What is zero at rest: the velocity, or the image less the state."""
        return self.moved(y, p) - (y if self.discrete else 0.0)

    def jacobian(self, y: Any, p: Any) -> Any:
        """The Jacobian of the velocity or of the image with respect to the state."""
        return jax.jacfwd(self.moved)(y, p)

    def line(self, which: int, value: Any) -> Equilibria:
        """The problem in which only the parameter number `which` varies and the other one has `value`."""
        system, u = self.free[1 - which].at(self.frozen.system, self.frozen.u, value)
        frozen = Frozen(system, u, self.frozen.t, self.frozen.template)
        return Equilibria(frozen, self.free[which], self.scale, self.width[which], self.discrete, self.iterates)

    def visited(self, y: Any, p: Any) -> Any:
        """All states of the cycle through `y`, shape `(iterates, n)`."""
        once = self.repeated(1)
        return jax.lax.scan(lambda s, _: (once.moved(s, p), s), y, None, self.iterates)[1]

    def repeated(self, iterates: int) -> RestPlane:
        """The same for the map applied `iterates` times."""
        return dataclasses.replace(self, iterates=iterates)
