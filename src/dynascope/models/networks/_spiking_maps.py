"""What the integrate-and-fire networks in discrete time share: spikes, and how far they are from being others."""

import jax
import jax.numpy as jnp


def spikes(V: jax.Array, theta: jax.Array) -> jax.Array:
    """1 for each neuron whose potential is at or above threshold, else 0."""
    return (theta <= V).astype(V.dtype)


def distance_to_threshold(V: jax.Array, theta: jax.Array) -> jax.Array:
    """The least distance of a potential to the threshold."""
    return jnp.min(jnp.abs(V - theta))


def spread_potentials(I: jax.Array, theta: jax.Array) -> jax.Array:
    """Potentials between 0 and three times the threshold in golden-ratio order, so that some neurons fire at once."""
    shares = (jnp.arange(I.shape[-1]) * 0.6180339887498949) % 1.0
    return (3.0 * theta * shares).astype(I.dtype)
