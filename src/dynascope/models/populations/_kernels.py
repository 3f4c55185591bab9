"""Connectivity kernels and gains of neural fields: values that a field is made of."""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Param


class AbstractKernel(eqx.Module):
    """How strongly places at a distance act on each other: implement `at`."""

    @abstractmethod
    def at(self, distance: jax.Array) -> jax.Array:
        """The density w of connections at `distance`, per length (ring) or per area (lattice)."""


class DifferenceOfGaussians(AbstractKernel):
    """Excitation nearby, inhibition further off (a Mexican hat).

    w(d) = excitation exp(-d^2 / (2 near^2)) - inhibition exp(-d^2 / (2 far^2)).

    Args:
        excitation: Strength of the excitation.
        near: Its range.
        inhibition: Strength of the inhibition.
        far: Its range.
    """

    excitation: Param = param(1.5, doc="strength of the excitation")
    near: Param = param(1.0, doc="range of the excitation", bounds=(1e-6, None))
    inhibition: Param = param(0.75, doc="strength of the inhibition")
    far: Param = param(2.0, doc="range of the inhibition", bounds=(1e-6, None))

    def at(self, distance: jax.Array) -> jax.Array:
        s = -0.5 * distance * distance
        return self.excitation * jnp.exp(s / self.near**2) - self.inhibition * jnp.exp(s / self.far**2)


class Cosine(AbstractKernel):
    """The kernel of orientation tuning, w(d) = (mean + tuned cos(2 pi d / period)) / period, for rings of one period.

    Args:
        mean: Coupling to the mean activity.
        tuned: Coupling to its first Fourier mode.
        period: Length of the ring.
    """

    mean: Param = param(-2.0, doc="coupling to the mean activity")
    tuned: Param = param(4.0, doc="coupling to its first Fourier mode")
    period: Param = param(2 * jnp.pi, doc="length of the ring", bounds=(1e-6, None))

    def at(self, distance: jax.Array) -> jax.Array:
        return (self.mean + self.tuned * jnp.cos(2.0 * jnp.pi * distance / self.period)) / self.period


class AbstractGain(eqx.Module):
    """Firing rate as a function of potential: implement `of`."""

    @abstractmethod
    def of(self, u: jax.Array) -> jax.Array:
        """The firing rate at potential `u`."""


class Sigmoid(AbstractGain):
    """f(u) = 1 / (1 + exp(-slope (u - threshold))); a steep one stands for the step of Amari.

    Args:
        slope: Four times the largest derivative.
        threshold: Potential of half the largest rate.
    """

    slope: Param = param(5.0, doc="four times the largest derivative", bounds=(0.0, None))
    threshold: Param = param(0.0, doc="potential of half the largest rate")

    def of(self, u: jax.Array) -> jax.Array:
        return jax.nn.sigmoid(self.slope * (u - self.threshold))


class ThresholdLinear(AbstractGain):
    """f(u) = slope max(u - threshold, 0).

    Args:
        slope: Slope above the threshold.
        threshold: Potential at which firing begins.
    """

    slope: Param = param(1.0, doc="slope above the threshold", bounds=(0.0, None))
    threshold: Param = param(0.0, doc="potential at which firing begins")

    def of(self, u: jax.Array) -> jax.Array:
        return self.slope * jnp.maximum(u - self.threshold, 0.0)
