from typing import Any, Self

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param
from ..._sincos import sincos
from ..._tree import is_traced
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractFlow, Box, Variable


class SakaguchiPopulations(AbstractFlow):
    r"""Populations of oscillators that pull each other with a lag: synchrony and incoherence side by side.

    theta_i^a' = omega_i^a + Im(H_a exp(-i (theta_i^a + alpha))),  H_a = sum_b K_ab Z_b,  Z_b = mean_j exp(i theta_j^b).

    With two populations of equal oscillators, pull mu = (1 + A)/2 within and nu = (1 - A)/2 between them, and a lag
    alpha = pi/2 - beta just below a quarter turn, one population may synchronise while the other does not: a chimera
    state, which is steady for A = 0.2 and beta = 0.1 and breathes for A = 0.28. It costs one sine and cosine per
    oscillator. The state has shape `(M, n)`.

    Args:
        omega: Natural frequencies, rad/time, shape `(M, n)`.
        K: Pull of population b on a, rad/time, shape `(M, M)`.
        alpha: Lag, rad.

    Raises:
        InputError: If the shapes do not fit.

    Reference:
        Abrams, Mirollo, Strogatz & Wiley (2008), Solvable model for chimera states of coupled oscillators, Physical
        Review Letters 101, 084103.

    Example:
        >>> twins = SakaguchiPopulations.two(n=3)
        >>> twins.K.shape, abs(twins.orders(jnp.zeros((2, 3)))).tolist()
        ((2, 2), [1.0, 1.0])
    """

    variables = (Variable("theta", "rad", topology="circle"),)
    reference = "Abrams, Mirollo, Strogatz & Wiley (2008), Solvable model for chimera states, PRL 101, 084103"
    family = "networks"

    omega: Param = param(unit="rad", doc="natural frequencies")
    K: Param = param(unit="rad", doc="pull of one population on another")
    alpha: Param = param(1.4707963267948965, unit="rad", doc="lag")

    def __check_init__(self) -> None:
        if is_traced(self.omega, self.K) or jnp.ndim(self.omega) != 2:
            return
        m = self.omega.shape[0]
        if self.K.shape != (m, m):
            raise InputError(f"`K` must have the shape ({m}, {m}) for {m} populations, got {self.K.shape}.")

    @classmethod
    def two(cls, *, n: int, A: Any = 0.2, beta: Any = 0.1, omega: Any = 0.0) -> Self:
        """Two populations of equal oscillators.

        Args:
            n: Oscillators in each.
            A: How much stronger the pull within a population is than that between them.
            beta: A quarter turn less the lag, rad.
            omega: Natural frequency, rad/time.
        """
        A = jnp.asarray(A, jnp.result_type(float))
        K = 0.5 * jnp.array([[1.0, 1.0], [1.0, 1.0]]) + 0.5 * A * jnp.array([[1.0, -1.0], [-1.0, 1.0]])
        return cls(jnp.full((2, n), omega, K.dtype), K, 0.5 * jnp.pi - jnp.asarray(beta))

    @classmethod
    def example(cls, *, n: int = 32, key: Key | None = None) -> Self:
        """Two populations of `n` oscillators where a chimera state is stable."""
        del key
        return cls.two(n=n)

    def orders(self, y: State) -> jax.Array:
        """The complex order parameters of the populations, shape `(M,)`."""
        return jax.lax.complex(jnp.mean(jnp.cos(y), axis=1), jnp.mean(jnp.sin(y), axis=1))

    def initial_state(self) -> State:
        # The first population synchronised, each further one less so: Poisson kernels, which the equations preserve.
        m, n = self.omega.shape[-2:]
        order = jnp.linspace(1.0, 0.7, m)[:, None]
        quantiles = jnp.tan(jnp.pi * ((jnp.arange(n) + 0.5) / n - 0.5))
        ahead = 0.2 * jnp.arange(m)[:, None]
        phases = ahead + 2.0 * jnp.arctan((1.0 - order) / (1.0 + order) * quantiles)
        return phases.astype(self.omega.dtype)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        s, c = sincos(y + self.alpha)
        # Of the means without the lag: turned back by alpha.
        low, high = jnp.mean(s, axis=1), jnp.mean(c, axis=1)
        sa, ca = jnp.sin(self.alpha), jnp.cos(self.alpha)
        real, imaginary = self.K @ (high * ca + low * sa), self.K @ (low * ca - high * sa)
        return self.omega + imaginary[:, None] * c - real[:, None] * s

    def region(self) -> Box:
        circle = jnp.full_like(self.initial_state(), jnp.pi)
        return Box(-circle, circle)
