from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractConnectivity, AbstractFlow, Box, Variable
from ._frequencies import AbstractFrequencies, Lorentzian
from ._phase_coupling import as_graph, check_graph, order_parameter, pull, resolving_step, spread_phases


class SecondOrderKuramoto(AbstractFlow):
    r"""Oscillators with inertia, such as the machines of a power grid: synchrony comes and goes with hysteresis.

    theta_i' = v_i,  m v_i' = -alpha v_i + omega_i + K / N sum_j sin(theta_j - theta_i);
    on a graph K sum_j A_ij sin(theta_j - theta_i) instead, the swing equation of a grid with lines of capacity K A_ij.

    The state has shape `(2, N)`, the phases theta and the speeds v. Without inertia it is `Kuramoto` with frequencies
    omega / alpha and coupling K / alpha; the locked states are those of `Kuramoto` whatever m and alpha.

    Args:
        omega: Torques (of a grid: power fed in or drawn), 1/time^2 per unit of m, shape `(N,)`.
        K: Coupling.
        m: Inertia.
        alpha: Damping.
        graph: Weights A of the pairs: a matrix, full or sparse, or a connectivity; None couples all to all by 1/N.

    Raises:
        InputError: If the graph has another size than `omega`.

    Reference:
        Tanaka, Lichtenberg & Oishi (1997), First order phase transition resulting from finite inertia in coupled
        oscillator systems, Physical Review Letters 78, 2104-2107; Filatrella, Nielsen & Pedersen (2008), Analysis of a
        power grid using a Kuramoto-like model, European Physical Journal B 61, 485-491.

    Example:
        >>> grid = SecondOrderKuramoto(jnp.array([0.5, -0.5]), 1.0, graph=[[0.0, 1.0], [1.0, 0.0]])
        >>> locked = jnp.array([[jnp.pi / 6, 0.0], [0.0, 0.0]])
        >>> bool(jnp.allclose(grid.vector_field(0.0, locked, None), 0.0))
        True
    """

    reference = "Tanaka, Lichtenberg & Oishi (1997), First order transition from finite inertia, PRL 78, 2104-2107"
    family = "networks"

    omega: Param = param(doc="torques")
    K: Param = param(6.0, doc="coupling")
    m: Param = param(1.0, doc="inertia", bounds=(1e-6, None))
    alpha: Param = param(1.0, doc="damping", bounds=(0.0, None))
    graph: AbstractConnectivity | None = eqx.field(default=None, converter=as_graph)

    def __check_init__(self) -> None:
        check_graph(self.graph, self.omega)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Phases first, then speeds."""
        n = self.omega.shape[-1]
        phases = tuple(Variable(f"theta{i}", "rad", topology="circle") for i in range(n))
        return (*phases, *(Variable(f"v{i}", "rad") for i in range(n)))

    @classmethod
    def quantiles(
        cls, *, n: int, frequencies: AbstractFrequencies | None = None, K: Any = 6.0, graph: Any = None
    ) -> Self:
        """A network whose torques are the quantiles of a distribution, by default the unit Lorentzian.

        Args:
            n: Number of oscillators.
            frequencies: Their distribution: `Lorentzian`, `Gaussian` or `Uniform`.
            K: Coupling.
            graph: Weights of the pairs, None for all to all.
        """
        return cls((Lorentzian() if frequencies is None else frequencies).quantiles(n), K, graph=graph)

    @classmethod
    def example(cls, *, n: int = 50) -> Self:
        """A network of `n` oscillators of unit inertia and damping, synchronised in part."""
        return cls.quantiles(n=n)

    def order(self, y: State) -> jax.Array:
        """The complex order parameter Z = mean exp(i theta) of state `y`."""
        return order_parameter(y[0])

    def initial_state(self) -> State:
        phases = spread_phases(self.omega)
        return jnp.stack([phases, jnp.zeros_like(phases)])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        theta, v = y
        return jnp.stack([v, (-self.alpha * v + self.omega + self.K * pull(self.graph, theta)) / self.m])

    def region(self) -> Box:
        # Drifting machines turn at about omega / alpha.
        speeds = 1.0 + jnp.abs(self.omega) / (1.0 + self.alpha)
        corner = jnp.stack([jnp.full_like(speeds, jnp.pi), speeds])
        return Box(-corner, corner)

    def typical_step(self) -> float:
        return resolving_step(self.omega / (self.alpha + self.m), self.K / self.m, self.graph)
