"""Cycles of flows as a curve in the space of orbits and parameter."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..cycles._collocation import CollocationEquations
from ..cycles._condensed import Chain, eliminated, solve_chain
from ..cycles._gauss import lagrange_rows
from ._problem import AbstractProblem, length

#: Newton steps of one point at most, and the length of a step after which only one more is taken.
_NEWTON, _SHORT = 8, 1e-6
#: On the way a short step is the last if it is this much shorter than the one before, or a first step if shorter than
#: the second. As the steps shrink quadratically, the tangent and the multipliers, which are those of the start of the
#: last step, are then off by about the square of the first.
_SHRUNK, _TINY = 1e-3, 1e-10
#: A change of the parameter along the branch, as a share of its range, so small that its sign may be wrong then.
_FLAT = 1e-5
#: The tests of cycles, in order.
CYCLE_TESTS = ("fold", "branch point", "period doubling", "neimark-sacker")


class Cycles(AbstractProblem):
    """Cycles with z = (states at the mesh, states at Gauss points, period, parameter) in units of the rule's scale.

    The tests come from the numbers c = (mu - 1) / (mu + 1) of the Floquet multipliers mu, which are well scaled however
    large or small mu is, and turn the unit circle into the imaginary axis: 1 becomes 0 and -1 infinity. They are: the
    parameter's part of the tangent (fold); the product of all c but the trivial one over it (branch point); the product
    of 1 + mu (period doubling); the product of the sums of two c (Neimark-Sacker, or neutral saddle).

    Args:
        equations: The equations on a mesh, with the phase of a nearby cycle.
        width: Width of the range of the parameter.
    """

    equations: CollocationEquations
    width: Any

    def residual(self, z: Any) -> Any:
        return self.equations.residual(z)

    def bordered_solve(self, z: Any, border: Any, rhs: Any) -> Any:
        return self.equations.bordered_solve(z, border, rhs)

    def weights(self) -> Any:
        forced = self.equations.rule.multiple is not None
        # A period twice as long, or as short, is a large step.
        ends = [] if forced else [1 / self.equations.pace**2]
        return jnp.concatenate([self.equations.weights(), jnp.stack([*ends, 1 / self.width**2])])

    def tests(self, z: Any, tangent: Any) -> Any:
        return self.tests_of(self.equations.once_around(z), tangent)

    def tests_of(self, pair: tuple[Any, Any], tangent: Any) -> Any:
        """The tests from the pair of matrices of `once_around`."""
        c = jnp.linalg.eigvals(cayley(*pair))
        if self.equations.rule.multiple is None:
            c = jnp.where(jnp.arange(c.size) == jnp.argmin(jnp.abs(c)), jnp.nan, c)
        there = ~jnp.isnan(c)
        turn = tangent[-1] / self.width
        doubling = 1 / (1 - jnp.where(there, c, 0.0))  # (1 + mu) / 2
        small = jnp.abs(doubling) / (0.5 + jnp.abs(doubling - 0.5))
        # Where mu passes -1 its c passes infinity and changes its sign, which is no zero of the other tests.
        beyond = _signed(jnp.where(there, doubling, 1.0))
        crossing = beyond * _signed(jnp.where(there, c, 1.0)) * jnp.min(jnp.where(there, jnp.abs(c), jnp.inf))
        parts = [turn, crossing * jnp.sign(turn), beyond * jnp.min(jnp.where(there, small, jnp.inf))]
        if c.size > (2 if self.equations.rule.multiple is None else 1):
            parts.append(_sums(c, there) * jnp.where(jnp.sum(there) % 2 == 0, beyond, 1.0))
        return jnp.stack(parts)


def cayley(p: Any, q: Any) -> Any:
    """A matrix whose eigenvalues are (mu - 1) / (mu + 1) for P v + mu Q v = 0: (P + Q) (P - Q)^-1."""
    d = p.shape[0]
    size = jnp.maximum(jnp.max(jnp.abs(p), axis=1), jnp.max(jnp.abs(q), axis=1))[:, None]
    p, q = p / size, q / size
    return eliminated(jnp.concatenate([(p - q).T, (p + q).T], axis=1), d)[0].T


class Eigenfunction(NamedTuple):
    """A solution of the linearised equations along a cycle, at the mesh and at its Gauss points."""

    nodes: Any
    stages: Any


def eigenfunction(equations: CollocationEquations, z: Any, sign: float, seed: Any) -> Eigenfunction:
    """The solution of the linearised equations that is multiplied by `sign` (1 or -1) once around.

    The singular chain is bordered by `seed`, shape `(2, intervals, d)`: then its solution is the null vector.
    """
    linear = equations.linearised(z)
    right = jnp.broadcast_to(jnp.eye(linear.step.shape[-1]), linear.step.shape).at[-1].multiply(sign)
    zero = jnp.zeros_like(linear.step[..., :1])
    one, corner = jnp.ones((1, 1)), jnp.zeros((1, 1))
    chain = Chain(-linear.step, right, seed[0][..., None], zero, seed[1][None], corner, one)
    nodes = solve_chain(chain)[0][..., 0]
    stages = jnp.einsum("iab,ib->ia", linear.per_node, nodes).reshape(equations.shape)
    size = jnp.max(jnp.abs(nodes))
    return Eigenfunction(nodes / size, stages / size)


def extent(equations: CollocationEquations, z: Any, rows: Any) -> tuple[Any, Any]:
    """Lowest and highest scaled value of each component along the cycle; `rows` from `lagrange_rows`."""
    unknowns = equations.unpacked(z)
    values = jnp.concatenate([unknowns.nodes[:, None], unknowns.stages], axis=1)
    dense = jnp.einsum("sj,ijd->isd", rows, values)
    return jnp.min(dense, axis=(0, 1)), jnp.max(dense, axis=(0, 1))


class Here(NamedTuple):
    """A point of a branch of cycles: where it is, and all that is looked at there.

    Attributes:
        z: The point.
        converged: Whether Newton's method found it.
        newton: Number of its steps.
        tangent: Unit tangent.
        tests: Test functions.
        low: Least value of each component.
        high: Greatest value.
        start: The state at phase zero.
        period: The period.
        pair: The pair of matrices that holds its multipliers.
        slopes: Derivative with respect to the phase at the Gauss points.
    """

    z: Any
    converged: Any
    newton: Any
    tangent: Any
    tests: Any
    low: Any
    high: Any
    start: Any
    period: Any
    pair: tuple[Any, Any]
    slopes: Any


def look(problem: Cycles, guess: Any, border: Any, along: Any, passing: Any) -> Here:
    """The cycle in the plane through `guess` across `border`; its tangent makes an acute angle with `along`.

    Newton's method as `correct` does it, but the tangent is a second right-hand side of the same equations. The last
    step is taken when the one before was short enough, so that the tangent is that of the end; in `passing` it is left
    out where it would change the tangent by less than 1e-6.
    """
    equations, weights = problem.equations, problem.weights()
    unit = jnp.zeros_like(guess).at[-1].set(1.0)

    def unfinished(carry: Any) -> Any:
        return (carry[-2] < _NEWTON) & ~carry[-1]

    def one(carry: Any) -> Any:
        z, _, _, _, before, count, _ = carry
        off = jnp.append(problem.residual(z), jnp.sum(border * (z - guess)))
        both, pair = equations.solve_around(z, border, jnp.stack([-off, unit], axis=1))
        size = length(problem, both[:, 0])
        bad = ~jnp.isfinite(size) | ((count > 0) & (size > 2 * before) & (size > _SHORT))
        enough = jnp.where(count > 0, jnp.minimum(_SHORT, _SHRUNK * before), _TINY)
        # Where the parameter hardly changes, the sign of its change takes all care.
        turning = jnp.abs(both[-1, 1]) < _FLAT * problem.width * length(problem, both[:, 1])
        end = (before < _SHORT) | (passing & (size < enough) & ~turning)
        # The step after the first short one does not count.
        return z + both[:, 0], both[:, 1], pair, bad, size, count + (before >= _SHORT), bad | end

    d = equations.shape[2]
    none = jnp.zeros((d, d))
    first = (guess, unit, (none, none), jnp.asarray(False), jnp.asarray(jnp.inf), jnp.asarray(0), jnp.asarray(False))
    z, tangent, pair, bad, size, count, _ = jax.lax.while_loop(unfinished, one, first)
    tangent = tangent * jnp.sign(jnp.sum(weights * along * tangent)) / length(problem, tangent)
    low, high = extent(equations, z, jnp.asarray(lagrange_rows(equations.shape[1], 8)))
    scale, unknowns = equations.rule.scale, equations.unpacked(z)
    return Here(
        z=z,
        converged=~bad & (size < _SHORT),
        newton=count,
        tangent=tangent,
        tests=problem.tests_of(pair, tangent),
        low=low * scale,
        high=high * scale,
        start=unknowns.nodes[0] * scale,
        period=equations.rule.period(unknowns.free),
        pair=pair,
        slopes=equations.slopes_of(z),
    )


@compiled
def _looked(problem: Cycles, guess: Any, border: Any, along: Any, passing: Any) -> Any:
    return ravel_pytree(look(problem, guess, border, along, passing))[0]


def looked(problem: Cycles, guess: Any, border: Any, along: Any, *, passing: bool = False) -> Here:
    """`look`, with all that it gives on the host; fetched as one vector, which takes a fifth of the time."""
    given = (np.asarray(x) for x in (guess, border, along, passing))
    flat = np.asarray(_looked(problem, *given))
    count, degree, d = problem.equations.shape
    n, inner = np.size(guess), count * degree * d
    left = flat.size - 2 * n - 3 - 3 * d - 2 * d * d - inner  # the number of tests
    ends = np.cumsum([0, n, 1, 1, n, left, d, d, d, 1, d * d, d * d, inner]).tolist()
    z, converged, newton, tangent, tests, low, high, start, period, p, q, slopes = (
        flat[a:b] for a, b in itertools.pairwise(ends)
    )
    return Here(
        z=z,
        converged=bool(converged[0]),
        newton=int(newton[0]),
        tangent=tangent,
        tests=tests,
        low=low,
        high=high,
        start=start,
        period=float(period[0]),
        pair=(p.reshape(d, d), q.reshape(d, d)),
        slopes=slopes.reshape(count, degree, d),
    )


def _signed(values: Any) -> Any:
    """The sign of the product of numbers that come in complex pairs."""
    size = jnp.abs(values)
    return jnp.sign(jnp.real(jnp.prod(values / jnp.where(size > 0, size, 1.0))))


def _sums(c: Any, there: Any) -> Any:
    """The sign of the product of c_i + c_j, i < j, times its least factor in units of its terms."""
    i, j = jnp.triu_indices(c.size, 1)
    both = there[i] & there[j]
    a, b = jnp.where(both, c[i], 1.0), jnp.where(both, c[j], 1.0)
    size = jnp.abs(a) + jnp.abs(b)
    factor = (a + b) / jnp.where(size > 0, size, 1.0)
    return _signed(factor) * jnp.min(jnp.abs(factor))
