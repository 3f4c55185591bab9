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


class Observation(eqx.Module):
    """What is observed of a model: its first `channels` components exactly, or a linear function of all.

    Args:
        channels: Number of observed channels N.
        size: Components of the flattened state M.
        direct: Whether the channels are the first components themselves.
    """

    channels: int = eqx.field(static=True)
    size: int = eqx.field(static=True)
    direct: bool = eqx.field(static=True)

    @property
    def hidden(self) -> int:
        """Components beyond those that data determine."""
        return max(self.size - self.channels, 0)

    def inverse(self, model: Any) -> Any:
        """The pseudo-inverse of the observation, shape `(M, N)`; None where components are seen themselves."""
        if self.direct:
            return None
        matrix = jax.jacfwd(lambda z: seen(model, z))(jnp.zeros(self.size, dtype_of(model)))
        # The pull is no path of learning: a gradient through it would bend the readout towards a weaker pull.
        return jax.lax.stop_gradient(jnp.linalg.pinv(matrix))

    def pulled(self, model: Any, inverse: Any, z: Vector, data: Any) -> Vector:
        """`z` after the pull by `data`, a triple of values, weights of the channels (0 where missing), and strength."""
        x, known, alpha = data
        miss = alpha * known * (x - (z[: self.channels] if self.direct else seen(model, z)))
        return z + (jnp.pad(miss, (0, self.size - self.channels)) if self.direct else inverse @ miss)


def observation_of(model: Any, learned: Any) -> Observation:
    """How `model` is observed, found from the model itself.

    Args:
        model: A map.
        learned: The same tree with True at leaves that are trained.

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
    direct = fixed and np.array_equal(matrices[0], np.eye(shape[0], size))
    return Observation(channels=shape[0], size=size, direct=direct)


def flat_step(model: Any, z: Vector) -> Vector:
    """One step of the free-running model on its flattened state."""
    _, unravel = ravel_pytree(model.initial_state())
    return ravel_pytree(model.step(0, unravel(z), None))[0]


def seen(model: Any, z: Vector) -> Any:
    """What is observed of the flattened state `z`."""
    _, unravel = ravel_pytree(model.initial_state())
    return model.observe(0, unravel(z), None)


def dtype_of(model: Any) -> Any:
    """The floating type of the state."""
    return ravel_pytree(model.initial_state())[0].dtype
