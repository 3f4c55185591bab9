"""What is added to the loss so that a model keeps a slow memory, small weights, or a readout that can be inverted."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import parameters


class AbstractPenalty(eqx.Module):
    """A number that is added to the loss. Implement `of`, a function of the model alone."""

    @abstractmethod
    def of(self, model: Any) -> jax.Array:
        """The penalty."""


class ManifoldAttractor(AbstractPenalty):
    r"""Keep some latent components near a line of rest, so that they can remember: z' = z.

    $\lambda (|1 - a|^2 + |W|^2 + |h|^2)$ over the last `units` components and their rows.

    Args:
        strength: lambda.
        units: How many components.

    Reference:
        Schmidt, Koppe, Monfared, Beutelspacher & Durstewitz (2021), Identifying nonlinear dynamical systems with
        multiple time scales and long-range dependencies, ICLR.
    """

    strength: float = eqx.field(static=True, default=1e-2)
    units: int = eqx.field(static=True, default=1)

    def of(self, model: Any) -> jax.Array:
        known = {name: value for name, (value, _) in parameters(model).items()}
        weights = known.get("weight", known.get("outer"))
        if "a" not in known or "bias" not in known or weights is None or not 0 < self.units <= known["a"].size:
            raise InputError(
                "`ManifoldAttractor` needs a model with `a`, `bias` and `weight` (or `outer`), such as a PLRNN, and "
                f"`units` between 1 and its size; got `{type(model).__name__}` and {self.units}."
            )
        last = slice(-self.units, None)
        memory = jnp.sum((1 - known["a"][last]) ** 2)
        return self.strength * (memory + jnp.sum(weights[last] ** 2) + jnp.sum(known["bias"][last] ** 2))


class SmallWeights(AbstractPenalty):
    r"""$\lambda (|1 - a|^2 + \sum |w|^2)$ over all learned weights w; a, where there is one, is drawn to 1.

    Args:
        strength: lambda.

    Reference:
        Hess, Monfared, Brenner & Durstewitz (2023), Generalized teacher forcing for learning chaotic dynamics, ICML.
    """

    strength: float = eqx.field(static=True, default=1e-5)

    def of(self, model: Any) -> jax.Array:
        terms = [
            jnp.sum((1 - value if name == "a" else value) ** 2)
            for name, (value, said) in parameters(model).items()
            if said["learned"] and not name.startswith("readout")
        ]
        return self.strength * sum(terms, jnp.zeros(()))


class OrthogonalReadout(AbstractPenalty):
    r"""$\lambda |B^T B - 1|^2$ of the columns of a readout B (of its rows where those are fewer): it inverts well.

    Args:
        strength: lambda.
    """

    strength: float = eqx.field(static=True, default=1e-4)

    def of(self, model: Any) -> jax.Array:
        readout = getattr(model, "readout", None)
        if readout is None:
            raise InputError(
                f"`OrthogonalReadout` needs a model with a readout, and this `{type(model).__name__}` has none. Draw "
                "one with `channels=`, or leave the penalty out."
            )
        b = readout.weight if readout.weight.shape[0] >= readout.weight.shape[1] else readout.weight.T
        return self.strength * jnp.sum((b.T @ b - jnp.eye(b.shape[1])) ** 2)
