"""Distributions of natural frequencies: their quantiles, random draws and density at the centre."""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import ndtri

from ..._errors import InputError
from ..._param import param
from ..._types import Key, Param, Vector


def _check_number(n: int) -> None:
    if n < 1:
        raise InputError(f"`n` must be at least 1 oscillator, got {n}.")


class AbstractFrequencies(eqx.Module):
    """A symmetric distribution of frequencies with one peak: implement `at` (the quantile function) and `peak`."""

    @abstractmethod
    def at(self, p: jax.Array) -> jax.Array:
        """The frequency below which a share `p` in (0, 1) of the oscillators lies."""

    @abstractmethod
    def peak(self) -> jax.Array:
        """The density at the centre, g(0)."""

    def quantiles(self, n: int) -> Vector:
        """`n` frequencies at the shares (i - 1/2) / n: the sample without chance."""
        _check_number(n)
        return self.at((jnp.arange(n) + 0.5) / n)

    def sample(self, key: Key, n: int) -> Vector:
        """`n` independent frequencies."""
        _check_number(n)
        tiny = jnp.finfo(jnp.result_type(float)).tiny
        return self.at(jax.random.uniform(key, (n,), minval=tiny))

    def critical_coupling(self) -> jax.Array:
        """The coupling K_c = 2 / (pi g(0)) at which a large Kuramoto network begins to synchronise."""
        return 2.0 / (jnp.pi * self.peak())


class Lorentzian(AbstractFrequencies):
    """Frequencies of density width / (pi ((w - centre)^2 + width^2)), for which Kuramoto's model is solved exactly."""

    centre: Param = param(0.0, unit="rad", doc="centre")
    width: Param = param(1.0, unit="rad", doc="half width at half height", bounds=(0.0, None))

    def at(self, p: jax.Array) -> jax.Array:
        return self.centre + self.width * jnp.tan(jnp.pi * (p - 0.5))

    def peak(self) -> jax.Array:
        return 1.0 / (jnp.pi * self.width)


class Gaussian(AbstractFrequencies):
    """Normally distributed frequencies."""

    centre: Param = param(0.0, unit="rad", doc="mean")
    width: Param = param(1.0, unit="rad", doc="standard deviation", bounds=(0.0, None))

    def at(self, p: jax.Array) -> jax.Array:
        return self.centre + self.width * ndtri(p)

    def peak(self) -> jax.Array:
        return 1.0 / (self.width * jnp.sqrt(2.0 * jnp.pi))


class Uniform(AbstractFrequencies):
    """Frequencies spread evenly over [centre - width, centre + width]; synchrony sets in with a jump."""

    centre: Param = param(0.0, unit="rad", doc="middle")
    width: Param = param(1.0, unit="rad", doc="half width", bounds=(0.0, None))

    def at(self, p: jax.Array) -> jax.Array:
        return self.centre + self.width * (2.0 * p - 1.0)

    def peak(self) -> jax.Array:
        return 1.0 / (2.0 * self.width)
