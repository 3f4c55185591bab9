"""One update of the weights: forced run, loss, gradient, step of the optimiser; many of them as one program."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from ..._types import Key
from ._forcing import AbstractForcing
from ._growth import AbstractGradientGrowth
from ._penalties import AbstractPenalty
from ._pull import Observation, dtype_of, flat_step, seen
from ._windows import Windows

#: Every so many points of a window the Jacobian is taken where growth is estimated.
_THIN = 4


class Weights(NamedTuple):
    """What is trained: the learned leaves of a model, and the map from first data to first hidden components."""

    model: Any
    start: Any


class Carry(NamedTuple):
    """All that passes from one update to the next."""

    weights: Weights
    optimiser: Any
    forcing: Any


class Log(NamedTuple):
    """What is kept of each update."""

    loss: Any
    gradient_norm: Any
    strength: Any
    skipped: Any


class Plan(eqx.Module):
    """All that does not change along a training and shapes the program."""

    observation: Observation
    windows: Windows
    forcing: AbstractForcing
    penalties: tuple[AbstractPenalty, ...]
    optimiser: Any = eqx.field(static=True)


def begun(model: Any, observation: Observation, matrix: Any, x: Any, inverse: Any) -> Any:
    """The state with which a window begins: the data in what is observed, a linear function of them elsewhere."""
    known = jnp.ones_like(x)
    z = jnp.zeros(observation.size, dtype_of(model))
    if observation.hidden:
        z = matrix @ observation.noise.begun(x)
        if observation.direct:
            z = z.at[: observation.channels].set(0.0)
    return observation.pulled(model, inverse, z, (x, known, jnp.ones((), x.dtype)))


def forced_run(model: Any, observation: Observation, matrix: Any, window: Any, strengths: Any) -> tuple[Any, Any]:
    """States after each step of a forced run before their pull, and those that the model stepped from.

    Args:
        model: A map.
        observation: How it is observed.
        matrix: From data to hidden components at the start.
        window: Values, weights (0 where missing), both `(steps, N)`, and the inputs of each step or None.
        strengths: alpha before each step, `(steps,)`.
    """
    inverse = observation.inverse(model)
    first = begun(model, observation, matrix, window[0][0], inverse)

    def step(z: Any, data: Any) -> Any:
        x, known, u, alpha = data
        z = observation.pulled(model, inverse, z, (x, known, alpha))
        after = flat_step(model, z, u)
        return after, (after, z)

    return jax.lax.scan(step, first, (*window, strengths))[1]


def many_updates(
    carry: Carry, fixed: Any, data: Any, plan: Plan, span: tuple[Key, Any], *, together: bool
) -> tuple[Carry, Log]:
    """The carry after the updates with the numbers in `span`, and the log of each; leaves lead with the runs.

    All runs advance `together`, as a graphics processor has it, or one after another: on a processor the products of
    small matrices in a batch of runs cost a third more than those of each run alone.
    """
    runs = jnp.arange(len(jax.tree.leaves(carry.forcing)[0]))

    def keyed(number: Any, run: Any) -> Key:
        return jax.random.fold_in(jax.random.fold_in(span[0], number), run)

    def one(carry: Carry, fixed: Any, run: Any, number: Any) -> tuple[Carry, Log]:
        return _update(carry, fixed, keyed(number, run), (data, plan, number))

    def along(carry: Carry, fixed: Any, run: Any) -> tuple[Carry, Log]:
        return jax.lax.scan(lambda c, number: one(c, fixed, run, number), carry, span[1])

    if not together:
        carry, log = jax.lax.map(lambda args: along(*args), (carry, fixed, runs))
        return carry, jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), log)
    # The number of the update is not batched, so that what is done every few updates stays a branch.
    batched = jax.vmap(one, in_axes=(0, 0, 0, None))
    return jax.lax.scan(lambda c, number: batched(c, fixed, runs, number), carry, span[1])


def _update(carry: Carry, fixed: Any, key: Key, setting: tuple[Any, Plan, Any]) -> tuple[Carry, Log]:
    data, plan, number = setting
    picking, shaking, pulling = jax.random.split(key, 3)
    windows = _drawn(data, plan.windows, picking)
    strengths = plan.forcing.strengths(carry.forcing, plan.windows.length - 1, pulling).astype(windows[0].dtype)

    def loss(weights: Weights) -> Any:
        return _loss(eqx.combine(weights.model, fixed), weights.start, windows, (plan, strengths, shaking))

    (value, visited), gradient = jax.value_and_grad(loss, has_aux=True)(carry.weights)
    norm = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(gradient)))
    good = jnp.isfinite(value) & jnp.isfinite(norm)
    change, after = plan.optimiser.update(gradient, carry.optimiser, carry.weights)
    stepped = Carry(optax.apply_updates(carry.weights, change), after, carry.forcing)  # type: ignore[arg-type]
    # An update whose gradient is not finite is skipped, and counted: one such window must not end a training.
    kept = jax.tree.map(lambda new, old: jnp.where(good, new, old), stepped, carry)
    model = eqx.combine(kept.weights.model, fixed)

    def measure(growth: AbstractGradientGrowth) -> Any:
        return growth.of(_jacobians(model, visited, windows[2]) if growth.needs_jacobians else None, model)

    forcing = plan.forcing.adapted(kept.forcing, number, measure)
    return kept._replace(forcing=forcing), Log(value, norm, jnp.mean(strengths), ~good)


def _drawn(data: Any, windows: Windows, key: Key) -> tuple[Any, Any, Any]:
    """A batch of windows: values, weights which are 1 where a value is known (None where all are), inputs or None."""
    rows, known, starts, inputs = data
    picked = starts[jax.random.randint(key, (windows.batch,), 0, len(starts))]

    def cut(array: Any) -> Any:
        return jax.vmap(lambda i: jax.lax.dynamic_slice_in_dim(array, i, windows.length))(picked)

    return cut(rows), None if known is None else cut(known), None if inputs is None else cut(inputs)[:, :-1]


def _loss(model: Any, matrix: Any, windows: Any, setting: tuple[Plan, Any, Key]) -> tuple[Any, Any]:
    """Mean loss of what is predicted one step ahead of each pull, with penalties; and the states visited."""
    plan, strengths, key = setting
    values, known, inputs = windows
    known = jnp.ones_like(values) if known is None else known
    teacher = values
    if plan.windows.noise:
        teacher = values + plan.windows.noise * jax.random.normal(key, values.shape, values.dtype)

    def run(teacher: Any, known: Any, inputs: Any) -> Any:
        return forced_run(model, plan.observation, matrix, (teacher[:-1], known[:-1], inputs), strengths)

    after, visited = jax.vmap(run)(teacher, known, inputs)
    predicted = jax.vmap(jax.vmap(lambda z: seen(model, z)))(after)
    losses = plan.observation.noise.losses(predicted, values[:, 1:])
    wrong = jnp.sum(known[:, 1:] * losses) / jnp.maximum(jnp.sum(known[:, 1:]), 1.0)
    penalty = sum((p.of(model).astype(wrong.dtype) for p in plan.penalties), jnp.zeros((), wrong.dtype))
    return wrong + penalty, jax.lax.stop_gradient(visited)


def _jacobians(model: Any, visited: Any, inputs: Any) -> Any:
    """Jacobians at some of the states visited, shape `(windows, steps, d, d)`."""
    heard = None if inputs is None else inputs[:, ::_THIN]
    return jax.vmap(jax.vmap(jax.jacfwd(lambda z, u: flat_step(model, z, u))))(visited[:, ::_THIN], heard)
