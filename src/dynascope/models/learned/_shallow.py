"""The shallow piecewise-linear recurrent network."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Key, Param, Time, Vector
from ...systems._base import Variable
from ...systems._piecewise import AbstractPiecewiseLinear, RectifiedForm
from ..artificial import Readout
from ._seen import check_seen, check_sizes, contracting_diagonal, drawn_readout, seen


class ShallowPLRNN(AbstractPiecewiseLinear):
    """The shallow PLRNN: a piecewise-linear map of few latent components with one hidden layer of rectified units.

    z' = a z + W1 max(W2 z + h2, 0) + h1, or clipped z' = a z + W1 (max(W2 z + h2, 0) - max(W2 z, 0)) + h1, which
    stays bounded where all |a| < 1, because the bracket is bounded.

    Args:
        a: Diagonal of the linear part, shape `(M,)`.
        outer: W1, shape `(M, H)`.
        inner: W2, shape `(H, M)`.
        threshold: h2, shape `(H,)`.
        bias: h1, shape `(M,)`.
        z0: State at the start, a number or shape `(M,)`.
        readout: What is seen of the state is B z + c; None for its components themselves.
        clipped: Whether the hidden layer is clipped.
        observed: Without readout, the first so many components are seen; None shows all.

    Raises:
        InputError: If shapes do not fit.

    Reference:
        Hess, Monfared, Brenner & Durstewitz (2023), Generalized teacher forcing for learning chaotic dynamics,
        Proceedings of the 40th International Conference on Machine Learning, 13017-13049.

    Example:
        >>> lozi = ShallowPLRNN.example()
        >>> x = 1 / 2.2
        >>> jnp.allclose(lozi.step(0, jnp.array([x, 0.5 * x]), None), jnp.array([x, 0.5 * x])).item()
        True
    """

    a: Param = param(doc="diagonal of the linear part", learned=True)
    outer: Param = param(doc="connections W1 from the hidden layer", learned=True)
    inner: Param = param(doc="connections W2 to the hidden layer", learned=True)
    threshold: Param = param(doc="thresholds h2 of the hidden layer", learned=True)
    bias: Param = param(doc="bias h1", learned=True)
    z0: Param = param(0.0, doc="state at the start")
    readout: Readout | None = None
    clipped: bool = setting(False, doc="whether the hidden layer is clipped")
    observed: int | None = setting(None, doc="number of components seen, the first ones")

    variables: ClassVar[tuple[Variable, ...]] = (Variable("z"),)
    reference: ClassVar[str] = (
        "Hess, Monfared, Brenner & Durstewitz (2023), Generalized teacher forcing for learning chaotic dynamics, ICML"
    )
    family: ClassVar[str] = "learned"
    catalogue_name: ClassVar[str] = "shallow-plrnn"

    def __check_init__(self) -> None:
        m, h = self.a.size, self.threshold.size
        shapes = self.a.shape, self.outer.shape, self.inner.shape, self.threshold.shape, self.bias.shape
        if shapes != ((m,), (m, h), (h, m), (h,), (m,)) or self.z0.shape not in ((), (m,)):
            raise InputError(
                "`ShallowPLRNN` needs `a` (M,), `outer` (M, H), `inner` (H, M), `threshold` (H,), `bias` (M,) and "
                f"`z0` a number or (M,), got {', '.join(map(str, shapes))} and {self.z0.shape}."
            )
        check_seen("ShallowPLRNN", m, self.observed, self.readout)

    def initial_state(self) -> Vector:
        return jnp.broadcast_to(self.z0, self.a.shape)

    def observe(self, t: Time, y: Vector, u: Input) -> Any:
        """The readout, or the first components."""
        del t, u
        return seen(y, self.observed, self.readout)

    def step(self, n: Time, y: Vector, u: Input) -> Vector:
        del n, u
        drive = self.inner @ y
        hidden = jax.nn.relu(drive + self.threshold)
        if self.clipped:
            hidden = hidden - jax.nn.relu(drive)
        return self.a * y + self.outer @ hidden + self.bias

    def rectified_form(self, u: Input) -> RectifiedForm:
        """The clipped map has twice as many rectified units, the second half with threshold nil."""
        del u
        if not self.clipped:
            return RectifiedForm(jnp.diag(self.a), self.outer, self.inner, self.threshold, self.bias)
        return RectifiedForm(
            jnp.diag(self.a),
            jnp.concatenate([self.outer, -self.outer], axis=1),
            jnp.concatenate([self.inner, self.inner]),
            jnp.concatenate([self.threshold, jnp.zeros_like(self.threshold)]),
            self.bias,
        )

    @classmethod
    def draw(
        cls,
        *,
        n: int = 3,
        hidden: int = 50,
        clipped: bool = True,
        observed: int | None = None,
        channels: int | None = None,
        key: Key,
    ) -> Self:
        """A random map to begin training with: a below one, W1 and W2 uniform within one over the root of their rows.

        Args:
            n: Latent components M.
            hidden: Rectified units H.
            clipped: Whether the hidden layer is clipped.
            observed: The first so many components are seen; None for all.
            channels: Draw a readout with so many channels instead.
            key: Random key.

        Raises:
            InputError: If a size is not positive, or `observed` exceeds `n`.
        """
        check_sizes(n=n, hidden=hidden)
        diagonal, outer, inner, threshold, read, start = jax.random.split(key, 6)
        within_m, within_h = 1 / jnp.sqrt(n), 1 / jnp.sqrt(hidden)
        shift = jax.random.uniform(threshold, (hidden,), minval=-within_m, maxval=within_m)
        return cls(
            a=contracting_diagonal(n, diagonal),
            outer=jax.random.uniform(outer, (n, hidden), minval=-within_h, maxval=within_h),
            inner=jax.random.uniform(inner, (hidden, n), minval=-within_m, maxval=within_m),
            threshold=shift if clipped else jnp.zeros(hidden),
            bias=jnp.zeros(n),
            z0=jax.random.normal(start, (n,)),
            readout=drawn_readout(n, channels, read),
            clipped=clipped,
            observed=observed,
        )

    @classmethod
    def example(cls) -> Self:
        """The map of Lozi, x' = 1 - 1.7 |x| + y, y' = x / 2, by four rectified units.

        The sum of its exponents is -ln 2, and its fixed points are x = 1 / 2.2 and x = -1 / 1.2.
        """
        return cls(
            a=jnp.zeros(2),
            outer=jnp.array([[-1.7, -1.7, 1.0, -1.0], [0.5, -0.5, 0.0, 0.0]]),
            inner=jnp.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]),
            threshold=jnp.zeros(4),
            bias=jnp.array([1.0, 0.0]),
            z0=jnp.array([0.1, 0.1]),
        )
