"""The optimiser that training uses unless another one of Optax is given."""

from __future__ import annotations

import functools

import equinox as eqx
import optax

from ..._errors import InputError


class RectifiedAdam(eqx.Module):
    """RAdam with a learning rate that falls exponentially from `first` to `last` over the training.

    Args:
        first: Learning rate at the start.
        last: Learning rate at the end.
        clip: A gradient that is longer is cut to this length; None cuts none.

    Reference:
        Liu et al. (2020), On the variance of the adaptive learning rate and beyond, ICLR.
    """

    first: float = eqx.field(static=True, default=1e-3)
    last: float = eqx.field(static=True, default=1e-5)
    clip: float | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if not 0 < self.last <= self.first or (self.clip is not None and self.clip <= 0):
            raise InputError(
                f"`RectifiedAdam` needs 0 < `last` <= `first` and a positive `clip`, got {self.last}, {self.first} and "
                f"{self.clip}."
            )

    def over(self, updates: int) -> optax.GradientTransformation:
        """The transformation of Optax for a training of so many updates."""
        return _transformation(self, updates)


@functools.cache
def _transformation(of: RectifiedAdam, updates: int) -> optax.GradientTransformation:
    """One object for equal settings: functions made anew would be compiled anew."""
    adam = optax.radam(optax.exponential_decay(of.first, max(updates, 1), of.last / of.first))
    return adam if of.clip is None else optax.chain(optax.clip_by_global_norm(of.clip), adam)
