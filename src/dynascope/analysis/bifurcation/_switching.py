"""New branches at branch points and period doublings."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ._equilibria import Equilibria

#: Singular values below this share of the largest make a direction of the branch point; the next must be far above.
_NULL = 1e-6


@compiled
def _scaled_matrix(problem: Equilibria, z: Any) -> Any:
    """G_z in units of the scales."""
    units = jnp.append(problem.scale, problem.width)
    return jax.jacfwd(problem.residual)(z) * units / problem.scale[:, None]


@compiled
def _curvature(problem: Equilibria, z: Any, u: Any, v: Any) -> Any:
    """G_zz[u, v], for directions in units of the scales."""
    units = jnp.append(problem.scale, problem.width)

    def along(x: Any) -> Any:
        return jax.jvp(problem.residual, (x,), (units * u,))[1]

    return jax.jvp(along, (z,), (units * v,))[1] / problem.scale


def crossing_tangents(problem: Equilibria, z: np.ndarray) -> np.ndarray | None:
    r"""The two tangents of the branches that cross at the simple branch point z, shape `(2, n + 1)`.

    With $\psi$ the left null vector of $G_z$ and $n_1, n_2$ a basis of its null space, tangents $a n_1 + b n_2$ solve
    the algebraic bifurcation equation $\alpha_{11} a^2 + 2 \alpha_{12} a b + \alpha_{22} b^2 = 0$,
    $\alpha_{ij} = \psi^T G_{zz}[n_i, n_j]$.

    Returns:
        The tangents in the units of z, of unit length in the metric; None where more than two branches meet, or none.

    Reference:
        Keller (1977), Numerical solution of bifurcation and nonlinear eigenvalue problems, in Applications of
        Bifurcation Theory, Academic Press, 359-384.
    """
    at = jnp.asarray(z)
    u, s, vh = np.linalg.svd(np.asarray(_scaled_matrix(problem, at)))
    if s.size > 1 and s[-2] < _NULL * max(s[0], 1e-300):
        return None
    psi, basis = u[:, -1], vh[-2:]
    alpha = np.array([[psi @ np.asarray(_curvature(problem, at, a, b)) for a in basis] for b in basis])
    # The quadratic form is zero on two lines if its eigenvalues differ in sign.
    values, vectors = np.linalg.eigh(alpha)
    if values[0] * values[1] >= 0:
        return None
    slope = np.sqrt(-values[0] / values[1])
    lines = np.stack([vectors[:, 0] + sign * slope * vectors[:, 1] for sign in (1.0, -1.0)])
    tangents = lines @ basis * np.append(np.asarray(problem.scale), float(problem.width))
    size = np.sqrt(np.sum(np.asarray(problem.weights()) * tangents**2, axis=1, keepdims=True))
    return tangents / size


def other_tangent(problem: Equilibria, z: np.ndarray, along: np.ndarray) -> np.ndarray | None:
    """The tangent of the other branch at the branch point z of a branch with tangent `along`, if there is just one."""
    both = crossing_tangents(problem, z)
    if both is None:
        return None
    return both[int(np.argmin(np.abs(both @ (np.asarray(problem.weights()) * along))))]
