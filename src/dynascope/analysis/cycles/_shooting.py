"""Multiple shooting: the orbit in segments, each integrated with its tangent vectors, joined by Newton's method."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._errors import RESULTS, InputError
from ...solve import Dop853, integrate
from ...systems import AbstractFlow, Variable
from ._condensed import Chain, solve_chain
from ._gauss import phases_of
from ._guess import Guess
from ._rule import Rule
from ._solved import Solved

#: Intervals and degree of the polynomials by which a segment is handed over.
_INTERVALS, _DEGREE = 32, 4
#: The looser tolerance, by this factor, whose period gives the error.
_LOOSER = 100.0


class Shooting(eqx.Module):
    """Multiple shooting: segments are integrated from guessed states and joined by Newton's method.

    Independent of collocation, and so a check of it; for many dimensions it needs less memory.

    Args:
        segments: Number of segments; more of them for orbits that are very unstable.
        rtol: Relative tolerance of the integration, by the method of order 8 of Dormand and Prince.
        atol: Absolute tolerance, in units of the extent of the orbit.
        max_steps: Newton steps.
    """

    segments: int = eqx.field(static=True, default=8)
    rtol: float = eqx.field(static=True, default=1e-12)
    atol: float = eqx.field(static=True, default=1e-13)
    max_steps: int = eqx.field(static=True, default=40)

    def __check_init__(self) -> None:
        if self.segments < 1 or not self.rtol > 0 or not self.atol > 0:
            raise InputError(
                f"`Shooting` needs at least one of `segments` and positive tolerances, got {self.segments}, "
                f"{self.rtol} and {self.atol}."
            )


class _Variation(AbstractFlow):
    """A scaled flow together with the derivative of its state by the initial state."""

    rule: Rule
    size: int = eqx.field(static=True)
    tangents: int = eqx.field(static=True)

    def initial_state(self) -> Any:
        return jnp.zeros(self.size * (1 + self.tangents))

    def vector_field(self, t: Any, y: Any, u: Any) -> Any:
        del u
        x, frame = y[: self.size], y[self.size :].reshape(self.tangents, self.size)
        value, push = jax.linearize(lambda x: self.rule.velocity(t, x, jnp.zeros(())), x)
        return jnp.concatenate([value, jnp.ravel(jax.vmap(push)(frame))])


class _Joined(eqx.Module):
    """Segments between nodes: where they end, and the blocks of the linearised equations."""

    rule: Rule
    winding: Any
    anchor: Any
    slope: Any

    def ends(self, nodes: Any, period: Any, rtol: Any, atol: Any) -> tuple[Any, Any]:
        """End of each segment, and its derivative by the start, `(segments, d)` and `(segments, d, d)`."""
        count, d = nodes.shape
        flow = _Variation(self.rule, d, d)

        def one(i: Any, x: Any) -> Any:
            ts = period * jnp.stack([i, i + 1]) / count
            run = integrate(flow, jnp.concatenate([x, jnp.ravel(jnp.eye(d))]), ts, solver=Dop853(rtol=rtol, atol=atol))
            return run.ys[-1, :d], run.ys[-1, d:].reshape(d, d).T

        return jax.vmap(one)(jnp.arange(count, dtype=nodes.dtype), nodes)

    def mismatch(self, nodes: Any, ends: Any) -> Any:
        """Gaps at the ends of the segments, and of the phase (autonomous flows)."""
        gaps = ends - jnp.concatenate([nodes[1:], nodes[:1] + self.winding])
        return gaps, jnp.sum(self.slope * (nodes[0] - self.anchor))

    def chain(self, nodes: Any, ends: Any, blocks: Any, period: Any) -> Chain:
        """The linearised equations whose solution is the next Newton step."""
        count, d = nodes.shape
        gaps, off = self.mismatch(nodes, ends)
        eye = jnp.broadcast_to(jnp.eye(d), blocks.shape)
        if self.rule.multiple is not None:
            none = jnp.zeros((0, count, d)), jnp.zeros((0, 0)), jnp.zeros((0, 1))
            return Chain(-blocks, eye, jnp.zeros((count, d, 0)), gaps[..., None], *none)
        ts = period * (1 + jnp.arange(count)) / count
        drift = self.rule.velocities(ts, ends, jnp.zeros(())) / count
        border = jnp.zeros((1, count, d)).at[0, 0].set(self.slope)
        return Chain(-blocks, eye, -drift[..., None], gaps[..., None], border, jnp.zeros((1, 1)), -off[None, None])


def shot(rule: Rule, guess: Guess, method: Shooting, variables: tuple[Variable, ...]) -> Solved:
    """The orbit near `guess` by multiple shooting."""
    scale = np.asarray(rule.scale)
    states, winding = guess.at(np.arange(method.segments) / method.segments, variables)
    nodes = jnp.asarray(states / scale)
    slope = rule.velocity(jnp.zeros(()), nodes[0], jnp.zeros(()))
    joined = _Joined(rule, jnp.asarray(winding / scale), nodes[0], slope / jnp.sum(slope**2))
    start = nodes, jnp.asarray(guess.period if rule.multiple is None else float(rule.period(jnp.zeros(1))))
    nodes, period, residual, step, pair = _solved(joined, *start, method.rtol, method.atol, method.max_steps)
    again = _solved(joined, nodes, period, _LOOSER * method.rtol, _LOOSER * method.atol, method.max_steps)
    mesh, values = _sampled(joined, nodes, period, method.rtol, method.atol)
    values = np.asarray(values).reshape(len(mesh) - 1, _DEGREE + 1, -1)
    good = float(step) < 1e-7 and np.isfinite(residual)
    code = RESULTS.successful if good else RESULTS.not_converged
    finite = bool(np.all(np.isfinite(values))) and bool(np.isfinite(period))
    return Solved(
        mesh=mesh,
        nodes=values[:, 0],
        stages=values[:, 1:],
        winding=winding / scale,
        period=float(period),
        period_error=abs(float(again[1]) - float(period)) + float(step) * float(period),
        residual=float(residual),
        once_around=pair,
        code=code if finite else RESULTS.nonfinite,
        settings={"used_segments": method.segments},
    )


@compiled
def _solved(joined: _Joined, nodes: Any, period: Any, rtol: Any, atol: Any, max_steps: int) -> Any:
    """Damped Newton steps: nodes, period, the largest mismatch, the last step, and the pair of the multipliers."""

    def measured(nodes: Any, period: Any) -> Any:
        ends, blocks = joined.ends(nodes, period, rtol, atol)
        gaps, off = joined.mismatch(nodes, ends)
        return ends, blocks, jnp.maximum(jnp.max(jnp.abs(gaps)), 0.0 if joined.rule.multiple is not None else abs(off))

    def unfinished(carry: Any) -> Any:
        *_, length, share, count = carry
        return (count < max_steps) & (length > 1e-13) & (share > 1e-4)

    def one(carry: Any) -> Any:
        nodes, period, (ends, blocks, size), _, share, count = carry
        dx, e, _ = solve_chain(joined.chain(nodes, ends, blocks, period))
        dx = dx[..., 0]
        dt = e[0, 0] if joined.rule.multiple is None else jnp.zeros(())
        length = jnp.maximum(jnp.max(jnp.abs(dx)), jnp.abs(dt) / period)
        length = jnp.where(jnp.isfinite(length), length, jnp.inf)
        share = jnp.minimum(share, 0.5 * period / jnp.maximum(jnp.abs(dt), 1e-300))
        new = nodes + share * dx, period + share * dt
        seen = measured(*new)
        taken = (seen[2] < size) | ((length < 1e-9) & (seen[2] < 10 * size + 1e-12))
        kept = jax.tree.map(lambda a, b: jnp.where(taken, a, b), (*new, seen), (nodes, period, (ends, blocks, size)))
        # At rounding the steps shrink no more.
        still = ~taken & (length < 1e-9)
        share = jnp.where(taken, jnp.minimum(1.0, 3 * share), jnp.where(still, 0.0, share / 4))
        return *kept, length, share, count + 1

    first = measured(nodes, period)
    carry = nodes, period, first, jnp.asarray(jnp.inf), jnp.asarray(1.0), 0
    nodes, period, (ends, blocks, size), length, *_ = jax.lax.while_loop(unfinished, one, carry)
    pair = solve_chain(joined.chain(nodes, ends, blocks, period))[2]
    return nodes, period, size, length, pair


def _sampled(joined: _Joined, nodes: Any, period: Any, rtol: Any, atol: Any) -> tuple[Any, Any]:
    """A mesh of even intervals and the states at its starts and Gauss points."""
    from_one = np.linspace(0.0, 1.0, _INTERVALS + 1)
    local = _phases(from_one)
    count = nodes.shape[0]
    mesh = np.linspace(0.0, 1.0, count * _INTERVALS + 1)
    return mesh, _paths(joined, nodes, period, jnp.asarray(local), rtol, atol)


def _phases(mesh: Any) -> Any:
    return phases_of(mesh, _DEGREE)[:-1]


@compiled
def _paths(joined: _Joined, nodes: Any, period: Any, local: Any, rtol: Any, atol: Any) -> Any:
    count, d = nodes.shape
    flow = _Variation(joined.rule, d, 0)

    def one(i: Any, x: Any) -> Any:
        return integrate(flow, x, period * (i + local) / count, solver=Dop853(rtol=rtol, atol=atol)).ys

    return jax.vmap(one)(jnp.arange(count, dtype=nodes.dtype), nodes)
