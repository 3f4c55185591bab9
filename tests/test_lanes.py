"""A rule taken apart into operations on single numbers agrees with `jax.vmap` of the rule."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope._lanes import many_points
from dynascope.models.canonical import MagneticPendulum

POINTS = np.random.default_rng(0).uniform(0.2, 1.5, (3, 17))
MATRIX = np.random.default_rng(1).normal(size=(3, 3))


def joined(y: Any) -> Any:
    """Slices, joins, sums, products and a choice."""
    whole = jnp.concatenate([y[1:], jnp.stack([y[0], y[2]])[::-1]])
    pairs = whole.reshape(2, 2).T @ whole[:2]
    return jnp.stack([jnp.sum(pairs), jnp.max(whole), jnp.where(y[0] > y[1], jnp.prod(y), jnp.min(y))])


RULES: dict[str, Callable[[Any], Any]] = {
    "joined": joined,
    "matrix": lambda y: jnp.asarray(MATRIX) @ jnp.tanh(y),
    "waves": lambda y: jnp.sin(y) * jnp.cos(2 * y[::-1]) + y**3,
    "picked": lambda y: y[jnp.array([2, 0, 0])] * jnp.arange(3.0),
    "called": lambda y: jax.jit(jax.nn.sigmoid)(y) + jax.nn.softplus(y),
    "split": lambda y: jnp.concatenate(jnp.split(y, 3)[::-1]) + jnp.broadcast_to(y[0], (3,)),
}


def laned(rule: Callable[[Any], Any]) -> Any:
    return many_points(lambda *c: tuple(rule(jnp.stack(c))), *(jnp.zeros(()) for _ in range(3)))


@pytest.mark.parametrize("name", RULES)
def test_many_points_agree_with_vmap(name: str) -> None:
    found = laned(RULES[name])
    assert found is not None
    np.testing.assert_allclose(
        jnp.stack([jnp.broadcast_to(x, 17) for x in found(*POINTS)], axis=1),
        jax.vmap(RULES[name])(POINTS.T),
        rtol=1e-13,
        atol=1e-14,
    )


@pytest.mark.parametrize(
    "rule",
    [
        lambda y: jnp.sort(y),
        lambda y: jax.lax.fori_loop(0, 3, lambda _, c: 0.5 * c, y),
        lambda y: y[jnp.array([0, 0, 1])[jnp.argmax(y)]] * y,
        lambda y: jnp.sum(jnp.outer(y, y)[None] * jnp.arange(900.0)[:, None, None], axis=0)[0],
    ],
    ids=["sorting", "a loop", "a place that depends on the point", "too many operations"],
)
def test_what_is_not_taken_apart_is_refused(rule: Callable[[Any], Any]) -> None:
    assert laned(rule) is None


def test_parameters_are_the_same_for_all_points_and_may_be_traced() -> None:
    system, velocity = MagneticPendulum(), []

    @jax.jit
    def many(model: Any, points: jax.Array) -> Any:
        rule = many_points(lambda *c: tuple(model.vector_field(0.0, jnp.stack(c), None)), *points[:, 0])
        velocity.append(rule is not None)
        return jnp.stack(rule(*points), axis=1) if rule is not None else points.T

    points = jnp.asarray(np.random.default_rng(2).uniform(-1, 1, (4, 9)))
    for strength in (1.0, 2.0):
        model = system.replace(gamma=jnp.full(3, strength))
        expected = jax.vmap(lambda y, m=model: m.vector_field(0.0, y, None))(points.T)
        np.testing.assert_allclose(many(model, points), expected, rtol=1e-13)
    assert velocity == [True]  # traced once: a parameter is no constant of the program
