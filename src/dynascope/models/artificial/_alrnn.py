"""The almost-linear recurrent network."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Key, Param, Time, Vector
from ...systems._base import Variable
from ...systems._piecewise import AbstractPiecewiseLinear, RectifiedForm


class ALRNN(AbstractPiecewiseLinear):
    """The almost-linear recurrent network: linear but for its last P units, so that it has at most 2^P linear pieces.

    z' = a z + W phi(z) + h, with phi(z_k) = max(z_k, 0) for the last P units and phi(z_k) = z_k for the others. With
    all units rectified (P = M) it is the piecewise-linear recurrent network (PLRNN) of Durstewitz (2017).

    Args:
        a: Diagonal of the linear part, shape `(M,)`.
        weight: W, shape `(M, M)`.
        bias: h, shape `(M,)`.
        z0: State at the start, a number or shape `(M,)`.
        rectified: P, the number of rectified units, the last ones.
        observed: The first so many units are what the network reconstructs; None shows the whole state.

    Raises:
        InputError: If shapes do not fit, or `rectified` or `observed` exceeds M.

    Reference:
        Brenner, Hemmer, Monfared & Durstewitz (2024), Almost-linear RNNs yield highly interpretable symbolic codes in
        dynamical systems reconstruction, Advances in Neural Information Processing Systems 37.

    Example:
        >>> network = ALRNN([0.5], [[-1.0]], [1.0], rectified=1)
        >>> network.step(0, network.initial_state() + 2.0, None).tolist()
        [0.0]
    """

    a: Param = param(doc="diagonal of the linear part", learned=True)
    weight: Param = param(doc="connections W", learned=True)
    bias: Param = param(doc="bias h", learned=True)
    z0: Param = param(0.0, doc="state at the start")
    rectified: int = setting(1, doc="number of rectified units, the last ones")
    observed: int | None = setting(None, doc="number of observed units, the first ones")

    variables: ClassVar[tuple[Variable, ...]] = (Variable("z"),)
    reference: ClassVar[str] = "Brenner, Hemmer, Monfared & Durstewitz (2024), Almost-linear RNNs, NeurIPS 37"
    family: ClassVar[str] = "artificial"

    def __check_init__(self) -> None:
        m = self.a.size
        if (self.a.shape, self.weight.shape, self.bias.shape) != ((m,), (m, m), (m,)) or self.z0.shape not in (
            (),
            (m,),
        ):
            raise InputError(
                "`ALRNN` needs `a` (M,), `weight` (M, M), `bias` (M,) and `z0` a number or (M,), got "
                f"{self.a.shape}, {self.weight.shape}, {self.bias.shape} and {self.z0.shape}."
            )
        for name, value in (("rectified", self.rectified), ("observed", self.observed)):
            if value is not None and not 0 <= value <= m:
                raise InputError(f"`{name}` must lie between 0 and the {m} units of the network, got {value}.")

    def initial_state(self) -> Vector:
        return jnp.broadcast_to(self.z0, self.a.shape)

    def observe(self, t: Time, y: Vector, u: Input) -> Any:
        """The observed units."""
        del t, u
        return y if self.observed is None else y[: self.observed]

    def step(self, n: Time, y: Vector, u: Input) -> Vector:
        del n, u
        linear = np.arange(self.a.size) < self.a.size - self.rectified
        return self.a * y + self.weight @ jnp.where(linear, y, jax.nn.relu(y)) + self.bias

    def rectified_form(self, u: Input) -> RectifiedForm:
        """The rectified units are the last ones, so V is the last rows of the identity."""
        del u
        linear = self.a.size - self.rectified
        rest = jnp.concatenate([self.weight[:, :linear], jnp.zeros((self.a.size, self.rectified))], axis=1)
        inner = jnp.eye(self.a.size)[linear:]
        return RectifiedForm(
            jnp.diag(self.a) + rest, self.weight[:, linear:], inner, jnp.zeros(self.rectified), self.bias
        )

    @classmethod
    def draw(cls, *, n: int = 20, rectified: int = 2, gain: float = 0.2, bias: float = 0.1, key: Key) -> Self:
        """A random network: a is uniform in [0.2, 0.8], entries of W have variance gain^2 / n.

        It comes to rest for small gain and diverges for large: reconstruction, not chance, finds chaos here.

        Args:
            n: Units M.
            rectified: Rectified units P.
            gain: Scale of W.
            bias: Standard deviation of h.
            key: Random key.

        Raises:
            InputError: If `n` is not positive or `rectified` exceeds it.
        """
        if n < 1:
            raise InputError(f"`n` must be at least 1, got {n}.")
        diagonal, weights, offset, start = jax.random.split(key, 4)
        return cls(
            a=jax.random.uniform(diagonal, (n,), minval=0.2, maxval=0.8),
            weight=gain * jax.random.normal(weights, (n, n)) / jnp.sqrt(n),
            bias=bias * jax.random.normal(offset, (n,)),
            z0=jax.random.normal(start, (n,)),
            rectified=rectified,
        )

    @classmethod
    def example(cls) -> Self:
        """Two units of which the rectified one is the tent map z' = 1 - 1.9 |z|, and the other one follows it.

        Its Lyapunov exponents are ln 1.9 and ln 0.5.
        """
        return cls(
            a=jnp.array([0.5, 1.9]),
            weight=jnp.array([[0.0, 1.0], [0.0, -3.8]]),
            bias=jnp.array([0.0, 1.0]),
            z0=jnp.array([0.0, 0.3]),
            rectified=1,
        )
