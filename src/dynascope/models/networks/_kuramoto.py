from typing import Any, Self

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from ._frequencies import AbstractFrequencies, Lorentzian


class Kuramoto(AbstractFlow):
    r"""Oscillators with different frequencies, each pulled by all others: how synchrony sets in.

    theta_i' = omega_i + K / N sum_j sin(theta_j - theta_i) = omega_i + K Im(Z exp(-i theta_i)),
    Z = r exp(i psi) = mean_j exp(i theta_j).

    For N to infinity synchrony begins at K_c = 2 / (pi g(0)); for Lorentzian frequencies r = sqrt(1 - K_c / K) above.
    Make one with `quantiles` (frequencies without chance) or `draw`; the coupling stays a parameter of its own.

    Args:
        omega: Natural frequencies, rad/time, shape `(N,)`.
        K: Coupling, rad/time.

    Reference:
        Kuramoto (1975), Self-entrainment of a population of coupled non-linear oscillators, Lecture Notes in Physics
        39, 420-422; Strogatz (2000), Physica D 143, 1-20.

    Example:
        >>> Kuramoto.quantiles(n=10, K=3.0).order(jnp.zeros(10)).tolist()
        (1+0j)
    """

    variables = (Variable("theta", "rad", topology="circle"),)
    reference = "Kuramoto (1975), Self-entrainment of a population of coupled non-linear oscillators, LNP 39, 420-422"
    family = "networks"

    omega: Param = param(unit="rad", doc="natural frequencies")
    K: Param = param(3.0, unit="rad", doc="coupling")

    @classmethod
    def quantiles(cls, *, n: int, frequencies: AbstractFrequencies | None = None, K: Any = 3.0) -> Self:
        """A network whose frequencies are the quantiles of a distribution, by default the unit Lorentzian.

        Args:
            n: Number of oscillators.
            frequencies: Their distribution: `Lorentzian`, `Gaussian` or `Uniform`.
            K: Coupling, rad/time.
        """
        return cls((Lorentzian() if frequencies is None else frequencies).quantiles(n), K)

    @classmethod
    def draw(cls, *, n: int, frequencies: AbstractFrequencies | None = None, K: Any = 3.0, key: Key) -> Self:
        """A network with random frequencies, by default from the unit Lorentzian; arguments as for `quantiles`."""
        return cls((Lorentzian() if frequencies is None else frequencies).sample(key, n), K)

    @classmethod
    def example(cls, *, n: int = 100) -> Self:
        """A network of `n` oscillators at one and a half times the critical coupling."""
        return cls.quantiles(n=n)

    def order(self, y: State) -> jax.Array:
        """The complex order parameter Z = mean exp(i theta) of phases `y`."""
        return jax.lax.complex(jnp.mean(jnp.cos(y)), jnp.mean(jnp.sin(y)))

    def initial_state(self) -> State:
        # Phases over half the circle in golden-ratio order: independent of the order of the frequencies, and
        # between full synchrony and none (r = 2 / pi).
        n = self.omega.shape[-1]
        shares = (jnp.arange(n) * 0.6180339887498949) % 1.0
        return (jnp.pi * shares).astype(self.omega.dtype)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        # One sine and one cosine per oscillator, where the double sum would need N^2.
        c, s = jnp.cos(y), jnp.sin(y)
        return self.omega + self.K * (jnp.mean(s) * c - jnp.mean(c) * s)

    def region(self) -> Box:
        circle = jnp.full_like(self.initial_state(), jnp.pi)
        return Box(-circle, circle)

    def typical_step(self) -> float:
        # The fastest oscillator drifts past all others and still has to be resolved.
        if isinstance(self.omega, jax.core.Tracer):
            return 0.005
        return float(np.clip(0.3 / max(float(np.max(np.abs(self.omega))), 1e-12), 0.001, 0.02))
