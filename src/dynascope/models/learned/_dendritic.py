"""The dendritic piecewise-linear recurrent network."""

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


class DendriticPLRNN(AbstractPiecewiseLinear):
    """The dendritic PLRNN: each unit passes through a sum of shifted rectifiers, as through branches of a dendrite.

    z' = a z + W phi(z) + h with phi(z) = sum_b slopes_b max(z - thresholds_b, 0). One branch with threshold nil is
    the piecewise-linear recurrent network (PLRNN) of Durstewitz (2017).

    Args:
        a: Diagonal of the linear part, shape `(M,)`.
        weight: W, shape `(M, M)`.
        bias: h, shape `(M,)`.
        slopes: Slope of each branch, shape `(B,)`, shared by all units.
        thresholds: Threshold of each branch in each unit, shape `(B, M)`.
        z0: State at the start, a number or shape `(M,)`.
        readout: What is seen of the state is B z + c; None for its components themselves.
        observed: Without readout, the first so many components are seen; None shows all.

    Raises:
        InputError: If shapes do not fit.

    Reference:
        Brenner, Hess, Mikhaeil, Bereska, Monfared, Kuo & Durstewitz (2022), Tractable dendritic RNNs for reconstructing
        nonlinear dynamical systems, Proceedings of the 39th International Conference on Machine Learning, 2292-2320.

    Example:
        >>> zigzag = DendriticPLRNN.example()
        >>> zigzag.step(0, jnp.array([0.1, 0.0]), None).round(3).tolist()
        [-0.25, 0.3]
    """

    a: Param = param(doc="diagonal of the linear part", learned=True)
    weight: Param = param(doc="connections W", learned=True)
    bias: Param = param(doc="bias h", learned=True)
    slopes: Param = param(doc="slopes of the branches", learned=True)
    thresholds: Param = param(doc="thresholds of the branches", learned=True)
    z0: Param = param(0.0, doc="state at the start")
    readout: Readout | None = None
    observed: int | None = setting(None, doc="number of components seen, the first ones")

    variables: ClassVar[tuple[Variable, ...]] = (Variable("z"),)
    reference: ClassVar[str] = (
        "Brenner, Hess, Mikhaeil, Bereska, Monfared, Kuo & Durstewitz (2022), Tractable dendritic RNNs, ICML"
    )
    family: ClassVar[str] = "learned"
    catalogue_name: ClassVar[str] = "dendritic-plrnn"

    def __check_init__(self) -> None:
        m, b = self.a.size, self.slopes.size
        shapes = self.a.shape, self.weight.shape, self.bias.shape, self.slopes.shape, self.thresholds.shape
        if shapes != ((m,), (m, m), (m,), (b,), (b, m)) or self.z0.shape not in ((), (m,)):
            raise InputError(
                "`DendriticPLRNN` needs `a` (M,), `weight` (M, M), `bias` (M,), `slopes` (B,), `thresholds` (B, M) and "
                f"`z0` a number or (M,), got {', '.join(map(str, shapes))} and {self.z0.shape}."
            )
        check_seen("DendriticPLRNN", m, self.observed, self.readout)

    def initial_state(self) -> Vector:
        return jnp.broadcast_to(self.z0, self.a.shape)

    def observe(self, t: Time, y: Vector, u: Input) -> Any:
        """The readout, or the first components."""
        del t, u
        return seen(y, self.observed, self.readout)

    def step(self, n: Time, y: Vector, u: Input) -> Vector:
        del n, u
        branches = self.slopes @ jax.nn.relu(y - self.thresholds)
        return self.a * y + self.weight @ branches + self.bias

    def rectified_form(self, u: Input) -> RectifiedForm:
        """Each branch of each unit is one rectified unit."""
        del u
        branches = self.slopes.size
        return RectifiedForm(
            jnp.diag(self.a),
            jnp.concatenate([slope * self.weight for slope in self.slopes], axis=1),
            jnp.tile(jnp.eye(self.a.size), (branches, 1)),
            -self.thresholds.reshape(-1),
            self.bias,
        )

    @classmethod
    def draw(
        cls,
        *,
        n: int = 16,
        branches: int = 10,
        observed: int | None = None,
        channels: int | None = None,
        key: Key,
    ) -> Self:
        """A random map to begin training with: a below one, entries of W normal of variance 0.01 / n.

        Args:
            n: Units M.
            branches: Branches B of each dendrite; thresholds are uniform between -2 and 2.
            observed: The first so many units are seen; None for all.
            channels: Draw a readout with so many channels instead.
            key: Random key.

        Raises:
            InputError: If a size is not positive, or `observed` exceeds `n`.
        """
        check_sizes(n=n, branches=branches)
        diagonal, weights, slope, threshold, read, start = jax.random.split(key, 6)
        return cls(
            a=contracting_diagonal(n, diagonal),
            weight=0.1 * jax.random.normal(weights, (n, n)) / jnp.sqrt(n),
            bias=jnp.zeros(n),
            slopes=jax.random.uniform(slope, (branches,), minval=-1.0, maxval=1.0),
            thresholds=jax.random.uniform(threshold, (branches, n), minval=-2.0, maxval=2.0),
            z0=jax.random.normal(start, (n,)),
            readout=drawn_readout(n, channels, read),
            observed=observed,
        )

    @classmethod
    def example(cls) -> Self:
        """One unit is a zigzag of slope 2.5 up and down with turns at -0.2 and 0.2; the other one shows its branch.

        Its largest Lyapunov exponent is ln 2.5.
        """
        s, c = 2.5, 0.2
        return cls(
            a=jnp.array([s, 0.0]),
            weight=jnp.array([[-2 * s, 0.0], [1.0, 0.0]]),
            bias=jnp.array([2 * s * c, 0.0]),
            slopes=jnp.array([1.0, -1.0]),
            thresholds=jnp.array([[-c, -c], [c, c]]),
            z0=jnp.array([0.1, 0.0]),
        )
