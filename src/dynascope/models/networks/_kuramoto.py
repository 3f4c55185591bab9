from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractConnectivity, AbstractFlow, Box, Variable
from ._frequencies import AbstractFrequencies, Lorentzian
from ._phase_coupling import as_graph, check_graph, order_parameter, pull, resolving_step, spread_phases


class Kuramoto(AbstractFlow):
    r"""Oscillators with different frequencies, each pulled by all others or by its neighbours: how synchrony sets in.

    theta_i' = omega_i + K / N sum_j sin(theta_j - theta_i) = omega_i + K Im(Z exp(-i theta_i)),
    Z = r exp(i psi) = mean_j exp(i theta_j);
    on a graph theta_i' = omega_i + K sum_j A_ij sin(theta_j - theta_i), where A = 1/N everywhere is the same again.

    For N to infinity synchrony begins at K_c = 2 / (pi g(0)); for Lorentzian frequencies r = sqrt(1 - K_c / K) above.
    On a ring of equal oscillators the twisted states theta_i = 2 pi q i / N are stable for abs(q) < N/4.
    Make one with `quantiles` (frequencies without chance) or `draw`; the coupling stays a parameter of its own.

    Args:
        omega: Natural frequencies, rad/time, shape `(N,)`.
        K: Coupling, rad/time.
        graph: Weights A of the pairs: a matrix, full or sparse, or a connectivity; None couples all to all by 1/N, at
            the cost of N.

    Raises:
        InputError: If the graph has another size than `omega`.

    Reference:
        Kuramoto (1975), Self-entrainment of a population of coupled non-linear oscillators, Lecture Notes in Physics
        39, 420-422; Strogatz (2000), Physica D 143, 1-20; on rings Wiley, Strogatz & Girvan (2006), Chaos 16, 015103.

    Example:
        >>> Kuramoto.quantiles(n=10, K=3.0).order(jnp.zeros(10)).tolist()
        (1+0j)
    """

    variables = (Variable("theta", "rad", topology="circle"),)
    reference = "Kuramoto (1975), Self-entrainment of a population of coupled non-linear oscillators, LNP 39, 420-422"
    family = "networks"

    omega: Param = param(unit="rad", doc="natural frequencies")
    K: Param = param(3.0, unit="rad", doc="coupling")
    graph: AbstractConnectivity | None = eqx.field(default=None, converter=as_graph)

    def __check_init__(self) -> None:
        check_graph(self.graph, self.omega)

    @classmethod
    def quantiles(
        cls, *, n: int, frequencies: AbstractFrequencies | None = None, K: Any = 3.0, graph: Any = None
    ) -> Self:
        """A network whose frequencies are the quantiles of a distribution, by default the unit Lorentzian.

        Args:
            n: Number of oscillators.
            frequencies: Their distribution: `Lorentzian`, `Gaussian` or `Uniform`.
            K: Coupling, rad/time.
            graph: Weights of the pairs, None for all to all.
        """
        return cls((Lorentzian() if frequencies is None else frequencies).quantiles(n), K, graph)

    @classmethod
    def draw(
        cls, *, n: int, frequencies: AbstractFrequencies | None = None, K: Any = 3.0, graph: Any = None, key: Key
    ) -> Self:
        """A network with random frequencies, by default from the unit Lorentzian; arguments as for `quantiles`."""
        return cls((Lorentzian() if frequencies is None else frequencies).sample(key, n), K, graph)

    @classmethod
    def example(cls, *, n: int = 100) -> Self:
        """A network of `n` oscillators at one and a half times the critical coupling."""
        return cls.quantiles(n=n)

    def order(self, y: State) -> jax.Array:
        """The complex order parameter Z = mean exp(i theta) of phases `y`."""
        return order_parameter(y)

    def initial_state(self) -> State:
        return spread_phases(self.omega)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        return self.omega + self.K * pull(self.graph, y)

    def region(self) -> Box:
        circle = jnp.full_like(self.initial_state(), jnp.pi)
        return Box(-circle, circle)

    def typical_step(self) -> float:
        return resolving_step(self.omega, self.K, self.graph)
