"""The most probable way out under weak noise, and how improbable it is."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ..._types import State
from ...systems import AbstractNoisy, AbstractSystem, default_input, kind

#: Iterations of the search on each level, and bent paths to start from besides the straight one.
_ITERATIONS, _BENT = 1000, 3
#: Weight of even spacing: it does not move the minimum, since every path can be spaced evenly.
_SPACING = 1.0
#: Fewest segments of the coarsest path; each level has twice as many.
_COARSEST = 25


class ActionPath(AbstractResult):
    """The path of least action between two states.

    Attributes:
        action: Its action: the time of escape grows as exp(action / sigma^2) for weak noise of strength sigma.
        error: Difference to the action with half as many points, a third of which is what is left (order 2).
        path: States along it at even distances.
    """

    action: float
    error: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    path: np.ndarray = output("point", "component", doc="states along the path")

    def summary(self) -> str:
        """The action."""
        return f"Least action {self.action:.6g} +- {self.error:.1g} over {len(self.path)} points."


def minimum_action_path(
    system: AbstractSystem, start: State, end: State, *, points: int = 200, seed: int = 0, throw: bool = True
) -> ActionPath:
    r"""The path that a noisy system takes when it goes against its flow, in the limit of weak noise.

    Minimises the geometric action $S = \int |\dot\varphi| |b(\varphi)| - \langle \dot\varphi, b(\varphi) \rangle$ over
    paths from `start` to `end`, which is that of Freidlin and Wentzell over all durations. Lengths and products are
    those of the inverse of the noise's shape, $(g g^T / \sigma^2)^{-1}$ where its largest entry is $\sigma$; the flow
    b is that of the system. The path is refined from 25 points on, from the straight line and from bent ones, since a
    symmetric start may stay on a symmetric path that is not the least.

    Args:
        system: A flow; one with noise lends its shape, one without gets equal noise in all components.
        start: Usually an attractor.
        end: Usually the saddle (`edge_state`) towards the other one.
        points: Number of segments of the finest path, from 50 on.
        seed: Of the bends.
        throw: Whether to raise if the search does not converge.

    Raises:
        InputError: If the system is no flow, or noise is missing in a component.

    Reference:
        Heymann & Vanden-Eijnden (2008), The geometric minimum action method, Communications on Pure and Applied
        Mathematics 61, 1052-1117.

    Example:
        >>> import jax.numpy as jnp, dynascope as ds
        >>> well = ds.flow(lambda t, y, p: y - y**3, [-1.0])
        >>> round(minimum_action_path(well, jnp.array([-1.0]), jnp.array([0.0])).action, 3)  # twice the barrier
        0.5
    """
    if kind(system) not in ("flow", "sde"):
        raise InputError(f"Paths of least action need a flow; `{type(system).__name__}` is a {kind(system)}.")
    if points < 2 * _COARSEST:
        raise InputError(f"`points` must be at least {2 * _COARSEST}, so that two levels show the error; got {points}.")
    a, b = (np.asarray(ravel_pytree(y)[0], float) for y in (start, end))
    action = _action(system)
    rng = np.random.default_rng(seed)
    halvings = int(np.log2(points / _COARSEST))
    levels = [max(2, points >> n) for n in range(halvings, -1, -1)]
    bends = rng.normal(size=(_BENT, len(a))) * np.linalg.norm(b - a) / 4
    guesses = [_straight(a, b, levels[0], bend) for bend in ([np.zeros_like(a)] if len(a) == 1 else [*bends, 0 * a])]
    coarse = [_relaxed(action, g) for g in guesses]
    path, value, fine = min(coarse, key=lambda found: found[1])
    values = [value]
    for count in levels[1:]:
        shares = np.linspace(0, len(path) - 1, count + 1)
        path = np.stack([np.interp(shares, np.arange(len(path)), column) for column in path.T], axis=1)
        path, value, fine = _relaxed(action, path)
        values.append(value)
    out = ActionPath(
        action=values[-1],
        error=abs(values[-1] - values[-2]) / 3 + 1e-12,
        result=RESULTS.successful if fine else RESULTS.not_converged,
        settings=provenance(system=type(system).__name__, points=points, seed=seed, levels=[float(v) for v in values]),
        path=path,
    )
    return out.checked(what="Path of least action") if throw else out


def _straight(a: np.ndarray, b: np.ndarray, count: int, bend: np.ndarray) -> np.ndarray:
    share = np.linspace(0, 1, count + 1)[:, None]
    return a + share * (b - a) + np.sin(np.pi * share) * bend


def _action(system: AbstractSystem) -> Any:
    """The action of a path, shape `(point, d)`, and the penalty for uneven spacing."""
    _, unravel = ravel_pytree(system.initial_state())
    u = default_input(system)
    rule: Any = system
    shape = None
    if isinstance(system, AbstractNoisy):
        g = np.asarray(rule.diffusion(0.0, system.initial_state(), u))
        if (g.ndim == 1 and np.any(g == 0)) or (g.ndim == 2 and np.linalg.matrix_rank(g) < g.shape[0]) or not g.any():
            raise InputError(
                f"The noise of `{type(system).__name__}` leaves a direction out, which the action of a path cannot. "
                "Give it noise in every component, or take it away to assume equal noise."
            )
        shape = np.max(np.abs(g))

    def inverse(y: jax.Array) -> jax.Array | None:
        """The inverse of the covariance of the noise, the largest amplitude of which is 1."""
        if shape is None:
            return None
        g = rule.diffusion(0.0, unravel(y), u) / shape
        return jnp.diag(1 / g**2) if g.ndim == 1 else jnp.linalg.inv(g @ g.T)

    def piece(y: jax.Array, step: jax.Array) -> tuple[jax.Array, jax.Array]:
        flow = ravel_pytree(rule.vector_field(0.0, unravel(y), u))[0]
        m = inverse(y)
        product = (lambda p, q: p @ q) if m is None else (lambda p, q: p @ m @ q)
        # The square root has no slope at nil: a floor far below rounding of the sum keeps the gradient finite.
        size = jnp.sqrt(product(step, step) * product(flow, flow) + 1e-24)
        return size - product(step, flow), step @ step

    def total(path: jax.Array) -> tuple[jax.Array, jax.Array]:
        steps, middles = path[1:] - path[:-1], (path[1:] + path[:-1]) / 2
        actions, squares = jax.vmap(piece)(middles, steps)
        mean = jnp.mean(squares)
        return jnp.sum(actions), jnp.mean((squares / mean - 1) ** 2)

    return total


def _relaxed(action: Any, path: np.ndarray) -> tuple[np.ndarray, float, bool]:
    """The path nearby with least action, its action, and whether the search ended well."""
    from scipy.optimize import minimize

    first, last, shape = path[0], path[-1], path[1:-1].shape

    @jax.jit
    @jax.value_and_grad
    def cost(inner: jax.Array) -> jax.Array:
        whole = jnp.concatenate([first[None], inner.reshape(shape), last[None]])
        value, uneven = action(whole)
        return value + _SPACING * uneven

    def both(inner: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = cost(jnp.asarray(inner))
        return float(value), np.asarray(slope)

    found = minimize(
        both, path[1:-1].ravel(), jac=True, method="L-BFGS-B",
        options={"maxiter": _ITERATIONS, "maxfun": 2 * _ITERATIONS, "ftol": 1e-12, "gtol": 1e-8, "maxcor": 20},
    )  # fmt: skip
    whole = np.concatenate([first[None], found.x.reshape(shape), last[None]])
    # Ending for want of progress in the last digits is an end too; running out of iterations is not.
    return whole, float(action(jnp.asarray(whole))[0]), bool(found.status != 1)
