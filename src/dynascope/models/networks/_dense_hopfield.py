from typing import Self

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Key, Param, State, Time, Vector
from ...systems import AbstractMap, Box, Variable
from ._spins import aligned, check_patterns, mixed_spins, random_patterns


class DenseHopfield(AbstractMap):
    r"""A memory of spins with a steep energy around each pattern, which holds many more than there are spins.

    E = -N sum_mu m_mu^order with the overlaps m_mu = X_mu . s / N; each step is a sweep over all spins in fixed order:
    s_i <- the sign of lower energy, -sign(E(s_i = 1) - E(s_i = -1)); a spin with equal energies keeps its value.

    Order 2 is `Hopfield` with the weights of Hebb's rule. In one step from a pattern a spin is wrong with probability
    erfc(sqrt(N^(order - 1) / (2 (2 order - 3)!! P))) / 2, so that the capacity grows like N^(order - 1).

    Args:
        X: Patterns of spins -1 and 1, one per row, shape `(P, N)`.
        order: Degree of the energy, 2 or more.

    Reference:
        Krotov & Hopfield (2016), Dense associative memory for pattern recognition, Advances in Neural Information
        Processing Systems 29, 1172-1180.

    Example:
        >>> network = DenseHopfield(jnp.array([[1.0, -1.0, 1.0, -1.0, 1.0]]), order=3)
        >>> network.step(0, jnp.array([1.0, -1.0, 1.0, -1.0, -1.0]), None).tolist()
        [1.0, -1.0, 1.0, -1.0, 1.0]
    """

    variables = (Variable("s", topology="discrete"),)
    reference = "Krotov & Hopfield (2016), Dense associative memory for pattern recognition, NeurIPS 29, 1172-1180"
    family = "networks"

    X: Param = param(doc="patterns")
    order: int = setting(3, doc="degree of the energy")

    def __check_init__(self) -> None:
        check_patterns(self.X)
        if self.order < 2:
            raise InputError(f"`order` of `DenseHopfield` must be 2 or more, got {self.order}.")

    @classmethod
    def example(cls, *, n: int = 50, patterns: int = 100, key: Key | None = None) -> Self:
        """A network of order 3 with `n` spins that stores random patterns, twice as many as spins."""
        return cls(random_patterns(jax.random.key(0) if key is None else key, patterns, n))

    def energy(self, y: State) -> jax.Array:
        """The energy -N sum_mu m_mu^order of spins `y`; no sweep raises it."""
        n = self.X.shape[-1]
        return -n * jnp.sum((self.X @ y / n) ** self.order)

    def fields(self, y: State) -> Vector:
        """Half the energy that each spin would lose by being 1 instead of -1, the others as in `y`, shape `(N,)`."""
        others = (self.X @ y)[:, None] - self.X * y
        return jnp.sum(self._gap(others, self.X), axis=0)

    def _gap(self, others: jax.Array, mine: jax.Array) -> jax.Array:
        """What one pattern adds to a field: `others` is X_mu . s without the spin whose entry of X_mu is `mine`."""
        n = self.X.shape[-1]
        return 0.5 * n * (((others + mine) / n) ** self.order - ((others - mine) / n) ** self.order)

    def initial_state(self) -> State:
        return mixed_spins(self.X.shape[-1], self.X)

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u

        def update(i: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            s, products = now
            mine = self.X[:, i]
            others = products - mine * s[i]
            new = aligned(jnp.sum(self._gap(others, mine)), s[i])
            return s.at[i].set(new), others + mine * new

        return jax.lax.fori_loop(0, y.shape[0], update, (y, self.X @ y))[0]

    def region(self) -> Box:
        corner = jnp.ones_like(self.initial_state())
        return Box(-corner, corner)
