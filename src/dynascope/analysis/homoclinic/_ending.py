"""How a connecting orbit leaves an equilibrium and how it arrives at one: projections onto its eigenspaces."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_lyapunov

from ..._compile import compiled
from ..cycles._condensed import eliminated
from ._kind import eigenvalues

Array = NDArray[np.float64]

#: Newton steps for the sign of a matrix; each halves the logarithm of the ratio of its eigenvalues.
_SIGN_STEPS = 40


class Ending(eqx.Module):
    r"""Where a connecting orbit is cut off near an equilibrium, and in which directions it may be there.

    At the beginning $x - x^*$ must have no part in the stable eigenspace, at the end none in the unstable one: with the
    spectral projector P(A) onto the forbidden eigenspace and fixed rows W, $W P(A(x^*, p)) (x - x^*) = 0$, which is
    smooth in $x^*$ and p. How far out the orbit is cut off is measured in a quadratic form that grows along each
    solution of the linearised flow, so that every orbit passes each distance once, spirals too.

    Attributes:
        rows: W, an orthonormal basis of the row space of P at the reference, `(k, d)`.
        basis: Orthonormal basis of the allowed eigenspace at the reference, `(d, m)`.
        form: The quadratic form on it, `(m, m)`, with 1 as its largest eigenvalue.
        shift: Real part that divides the forbidden eigenvalues from the allowed ones.
        side: 1 where the eigenvalues above `shift` are forbidden (arrival), -1 below (departure).
        distance: Distance at which the orbit is cut off, in scaled units.
        rate: Largest absolute eigenvalue.
    """

    rows: Any
    basis: Any
    form: Any
    shift: Any
    side: float = eqx.field(static=True)
    distance: Any
    rate: Any

    def projector(self, jacobian: Any) -> Any:
        """P, the spectral projector onto the forbidden eigenspace of a Jacobian."""
        d = jacobian.shape[0]
        return 0.5 * (jnp.eye(d) + self.side * matrix_sign((jacobian - self.shift * jnp.eye(d)) / self.rate))

    def forbidden(self, jacobian: Any, gap: Any) -> Any:
        """What must be zero of the gap between an end of the orbit and its equilibrium."""
        return self.rows @ (self.projector(jacobian) @ gap)

    def apart(self, gap: Any) -> Any:
        """The distance of an end of the orbit from its equilibrium."""
        inside = self.basis.T @ gap
        return jnp.sqrt(inside @ self.form @ inside)


def matrix_sign(a: Any) -> Any:
    """The sign of a matrix: the same eigenvectors, with 1 or -1 for each eigenvalue by the sign of its real part.

    Reference:
        Roberts (1980), Linear model reduction and solution of the algebraic Riccati equation by use of the sign
        function, International Journal of Control 32, 677-687.
    """
    d = a.shape[0]

    def halfway(x: Any, _: None) -> Any:
        return 0.5 * (x + eliminated(jnp.concatenate([x, jnp.eye(d)], axis=1), d)[0]), None

    return jax.lax.scan(halfway, a, None, length=_SIGN_STEPS)[0]


def ending(jacobian: Array, unstable: int, *, arrives: bool, distance: Any) -> Ending:
    """The conditions at one end of an orbit, from the Jacobian at its equilibrium.

    Args:
        jacobian: In scaled units, `(d, d)`.
        unstable: Number of eigenvalues that count as unstable, those with the largest real parts; neither none nor all.
        arrives: Whether it is the end (or the beginning) of the orbit.
        distance: Where it is cut off.
    """
    d = len(jacobian)
    values = eigenvalues(jacobian)
    # A shift of zero keeps the projector smooth as long as the equilibrium is hyperbolic.
    hyperbolic = np.sum(values.real > 0) == unstable and np.all(values.real != 0)
    shift = 0.0 if hyperbolic else float(0.5 * (values.real[unstable - 1] + values.real[unstable]))
    side = 1.0 if arrives else -1.0
    k = unstable if arrives else d - unstable
    rate = float(np.max(np.abs(values - shift)))
    shift, distance, rate = (jnp.asarray(x, float) for x in (shift, distance, rate))
    blank = Ending(jnp.zeros((k, d)), jnp.zeros((d, 0)), jnp.zeros((0, 0)), shift, side, distance, rate)
    p = np.asarray(_projector(blank, jnp.asarray(jacobian)))
    rows = np.linalg.svd(p)[2][:k]
    basis = np.linalg.svd(np.eye(d) - p)[0][:, : d - k]
    inner = basis.T @ jacobian @ basis - shift * np.eye(d - k)
    form = np.zeros((0, 0))
    if d > k:
        form = solve_continuous_lyapunov(inner.T, -side * np.eye(d - k))
        form = form / np.linalg.norm(form, 2)
    rows, basis, form = (jnp.asarray(x, float) for x in (rows, basis, form))
    return Ending(rows, basis, form, shift, side, distance, rate)


@compiled
def _projector(blank: Ending, jacobian: Any) -> Any:
    return blank.projector(jacobian)
