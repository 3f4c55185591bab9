"""How data pull on a latent state: through the pseudo-inverse of what is observed of it."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._types import Vector
from ._observations import AbstractObservation, GaussianObservation


class Observation(eqx.Module):
    """What is observed of a model: its first `channels` components exactly, or a linear function of all.

    Args:
        channels: Number of observed channels N.
        size: Components of the flattened state M.
        direct: Whether the channels are the first components themselves, with equal noise.
        noise: How data are spread about what is shown.
    """

    channels: int = eqx.field(static=True)
    size: int = eqx.field(static=True)
    direct: bool = eqx.field(static=True)
    noise: AbstractObservation = GaussianObservation()

    @property
    def hidden(self) -> int:
        """Components beyond those that data determine."""
        return max(self.size - self.channels, 0)

    def inverse(self, model: Any) -> Any:
        """What brings data back into the state, such as the pseudo-inverse; None where components are seen."""
        if self.direct:
            return None
        rest = jnp.zeros(self.size, dtype_of(model))
        matrix = jax.jacfwd(lambda z: seen(model, z))(rest)
        # The pull is no path of learning: a gradient through it would bend the readout towards a weaker pull.
        return jax.lax.stop_gradient(self.noise.gain(*jax.lax.stop_gradient((matrix, seen(model, rest)))))

    def pulled(self, model: Any, inverse: Any, z: Vector, data: Any) -> Vector:
        """`z` after the pull by `data`, a triple of values, weights of the channels (0 where missing), and strength."""
        x, known, alpha = data
        if self.direct:
            return z + jnp.pad(alpha * known * (x - z[: self.channels]), (0, self.size - self.channels))
        return z + self.noise.correction(inverse, seen(model, z), x, alpha * known)


def observation_of(model: Any, learned: Any, noise: AbstractObservation | None = None) -> Observation:
    """How `model` is observed, found from the model itself.

    Args:
        model: A map.
        learned: The same tree with True at leaves that are trained.
        noise: How data are spread about it; None for equal noise.

    Raises:
        InputError: If the observation is not linear, or no vector.
    """
    size = ravel_pytree(model.initial_state())[0].size
    points = jnp.asarray(np.random.default_rng(0).normal(size=(3, size)), dtype_of(model))
    shape = jax.eval_shape(lambda z: seen(model, z), points[0]).shape
    if len(shape) != 1:
        raise InputError(
            f"`{type(model).__name__}.observe` must give a vector of channels to be trained on data, got shape {shape}."
        )
    matrices = np.asarray(jax.vmap(jax.jacfwd(lambda z: seen(model, z)))(points))
    if not np.allclose(matrices[0], matrices[1:], rtol=1e-5, atol=1e-7):
        raise InputError(
            f"`{type(model).__name__}.observe` is not linear, so data cannot be brought back into the state. Give the "
            "model a linear readout, or train it on components of its state."
        )
    weights, rest = eqx.partition(model, learned)
    gradient = jax.grad(lambda w: jnp.sum(seen(eqx.combine(w, rest), points[0])))(weights)
    fixed = all(not np.any(np.asarray(leaf)) for leaf in jax.tree.leaves(gradient))
    noise = GaussianObservation() if noise is None else noise
    direct = fixed and np.array_equal(matrices[0], np.eye(shape[0], size)) and isinstance(noise, GaussianObservation)
    return Observation(channels=shape[0], size=size, direct=direct, noise=noise)


def flat_step(model: Any, z: Vector, u: Any = None) -> Vector:
    """One step of the model under input `u` on its flattened state."""
    _, unravel = ravel_pytree(model.initial_state())
    return ravel_pytree(model.step(0, unravel(z), u))[0]


def seen(model: Any, z: Vector) -> Any:
    """What is observed of the flattened state `z`."""
    _, unravel = ravel_pytree(model.initial_state())
    return model.observe(0, unravel(z), None)


def dtype_of(model: Any) -> Any:
    """The floating type of the state."""
    return ravel_pytree(model.initial_state())[0].dtype
