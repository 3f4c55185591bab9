"""The return map of a cycle of a flow, differentiable to third order."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ...solve import Dop853
from ..cycles._collocation import CollocationEquations
from ..cycles._rule import Rule

Array = NDArray[np.float64]

#: Steps onto the section at the end: the distance is squared in each.
_LAST = 3
#: Steps at most.
CAPACITY = 8192


class ReturnMap(eqx.Module):
    r"""The return map $s \mapsto E^T (y(t_s) - y_0)$ of an autonomous flow near a cycle, with $y(0) = y_0 + E s$.

    $y_0$ is the first point of the cycle, the columns of E are orthonormal and normal to the velocity there, and $t_s$
    is the time at which the orbit is back in that section. Runge-Kutta steps of order 8 lead around the cycle; a few
    more lead onto the section, each as long as the distance over the velocity. These are Newton's steps for the time of
    return, so that after k of them its Taylor series is right to order $2^k - 1$, and derivatives of the return map are
    those of this program. Of a forced flow it is the map over one period, with E the identity.

    Attributes:
        rule: The flow in its scaled state, with one parameter.
        start: The point y_0.
        frame: The matrix E.
        across: Unit vector along the velocity at y_0; zero for forced flows.
        steps: Lengths of the steps, shape `(CAPACITY,)`; zero for those that are found on the way.
        count: How many of them there are.
        winding: By how much angles grow once around.
    """

    rule: Rule
    start: Any
    frame: Any
    across: Any
    steps: Any
    count: Any
    winding: Any

    def moved(self, s: Any, p: Any) -> Any:
        """The image of the point `s` of the section at the parameter `p`."""
        table, scale = Dop853.tableau, self.rule.scale
        count = len(table.b)
        rows = np.zeros((count, count))
        for i, row in enumerate(table.a):
            rows[i, : len(row)] = row
        stages = jnp.asarray(rows), jnp.asarray(table.c), jnp.arange(count)

        def velocity(t: Any, y: Any) -> Any:
            return scale * self.rule.velocity(t, y / scale, p)

        def one(i: Any, carry: Any) -> Any:
            t, y = carry
            given = self.steps[i]
            onto = given == 0

            # One stage is compiled, not all twelve with their derivatives.
            def stage(inner: Any, entry: Any) -> Any:
                ks, h = inner
                row, c, i = entry
                k = velocity(t + c * h, y + h * (row @ ks))
                speed = jnp.where(onto, jnp.sum(self.across * k), 1.0)
                back = -jnp.sum(self.across * (y - self.start - self.winding)) / speed
                return (ks.at[i].set(k), jnp.where((i == 0) & onto, back, h)), None

            (ks, h), _ = jax.lax.scan(stage, (jnp.zeros((count, y.size)), given), stages)
            return t + h, y + h * (jnp.asarray(table.b) @ ks)

        begin = jnp.zeros(()), self.start + self.frame @ s
        _, end = jax.lax.fori_loop(0, self.count, one, begin)
        return self.frame.T @ (end - self.start - self.winding)


def return_map(equations: CollocationEquations, z: Any, parts: int) -> ReturnMap:
    """The return map of the cycle z with `parts` steps on each interval of its mesh."""
    rule, unknowns = equations.rule, equations.unpacked(jnp.asarray(z))
    scale = np.asarray(rule.scale)
    start = scale * np.asarray(unknowns.nodes[0])
    widths = np.asarray(equations.widths)
    steps = np.repeat(float(rule.period(unknowns.free)) * widths / (parts * widths.sum()), parts)
    across, frame = np.zeros(start.size), np.eye(start.size)
    if rule.multiple is None:
        velocity = scale * np.asarray(_velocity(rule, unknowns.nodes[0], unknowns.free))
        across = velocity / np.linalg.norm(velocity)
        frame = np.linalg.svd(across[None])[2][1:].T
        steps = np.append(steps, np.zeros(_LAST))
    # One program serves all meshes.
    padded, winding = np.zeros(CAPACITY), scale * np.asarray(equations.winding)
    padded[: len(steps)] = steps
    return ReturnMap(rule, *(jnp.asarray(x) for x in (start, frame, across, padded, len(steps), winding)))


@compiled
def _velocity(rule: Rule, x: Any, free: Any) -> Any:
    return rule.velocity(jnp.zeros(()), x, rule.value(free))
