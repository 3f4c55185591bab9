"""Chaotic systems against the values that `dysts` gives at the same states (`benchmarks/dysts_fixtures.py`)."""

import json
import re
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from dynascope import models
from dynascope._param import parameters
from dynascope.models._registry import catalogue_name
from dynascope.systems import AbstractDelayFlow, AbstractFlow, AbstractMap, AbstractSystem, dimension, state_variables

_FIXTURES = np.load(Path(__file__).parents[1] / "data" / "dysts.npz")
ABOUT: dict[str, Any] = json.loads(str(_FIXTURES["about"]))["systems"]

#: Where our name is not theirs in kebab-case, or where changes make our system theirs.
RENAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "flow.Lorenz": ("lorenz", {"beta": 2.667}),
    "flow.Rossler": ("roessler", {}),
    "map.Logistic": ("logistic", {"r": 3.9}),
}

#: Where we follow the source and `dysts` does not: its name there, and what is different.
DIFFERENT: dict[str, str] = {}


def ours(theirs: str) -> tuple[str, dict[str, Any]]:
    """Our name for a system of `dysts`, and the changes that make ours the same."""
    return RENAMED.get(theirs, (catalogue_name(type(theirs.split(".")[1], (), {})), {}))


SHARED = sorted(t for t in ABOUT if ours(t)[0] in models.names() and t not in DIFFERENT)


def rule(system: Any, y: jax.Array, past: jax.Array, t: float) -> jax.Array:
    match system:
        case AbstractFlow():
            return system.vector_field(t, y, None)
        case AbstractMap():
            return system.step(0, y, None)
        case AbstractDelayFlow():
            return system.vector_field(t, y, lambda s: past, None)
    raise AssertionError(type(system).__name__)


@pytest.mark.parametrize("theirs", SHARED)
def test_right_hand_side_equals_that_of_dysts(theirs: str) -> None:
    name, changes = ours(theirs)
    system = models.build(name, **changes)
    states, values = _FIXTURES[f"{theirs}.states"], _FIXTURES[f"{theirs}.values"]
    size = values.shape[1]
    with jax.disable_jit():
        found = np.stack([
            ravel_pytree(rule(system, state[:size], state[size:], ABOUT[theirs]["time"]))[0] for state in states
        ])  # fmt: skip
    scale = np.abs(values) + np.max(np.abs(values)) * 1e-3
    assert np.max(np.abs(found - values) / scale) < 1e-12


NAMES = tuple(entry["name"] for entry in models.catalogue() if entry["family"] == "chaos")


def flat_rule(system: AbstractSystem, flat: jax.Array) -> jax.Array:
    _, unravel = ravel_pytree(system.initial_state())
    return ravel_pytree(rule(system, unravel(flat), unravel(flat), 0.0))[0]


@pytest.mark.parametrize("name", NAMES)
def test_rule_is_finite_differentiable_and_keeps_precision(name: str) -> None:
    system = models.build(name)
    start = ravel_pytree(system.initial_state())[0]
    assert start.dtype == jnp.float64
    assert len({v.name for v in state_variables(system)}) == dimension(system) == start.size
    single = jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, system)
    assert {leaf.dtype for leaf in jax.tree.leaves(single.initial_state())} == {jnp.dtype("float32")}
    moved = jax.eval_shape(lambda: flat_rule(single, ravel_pytree(single.initial_state())[0]))
    assert (moved.shape, moved.dtype) == (start.shape, jnp.float32)
    directions = jax.random.normal(jax.random.key(3), (3, start.size))
    h = 1e-6 * (1e-3 + jnp.abs(start))

    @eqx.filter_jit
    def checks(system: AbstractSystem) -> Any:
        gradient = eqx.filter_grad(lambda s: jnp.sum(flat_rule(s, start) ** 2))(system)
        velocity = flat_rule(system, start)
        exact = jax.vmap(lambda v: jax.jvp(lambda z: flat_rule(system, z), (start,), (h * v,))[1])(directions)
        central = jax.vmap(lambda v: (flat_rule(system, start + h * v) - flat_rule(system, start - h * v)) / 2)(
            directions
        )
        return gradient, velocity, exact, central

    gradient, velocity, exact, central = checks(system)
    assert np.all(np.isfinite(velocity))
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))
    scale = np.max(np.abs(exact)) + 1e-9 * np.max(np.abs(velocity))
    np.testing.assert_allclose(exact, central, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("name", NAMES)
def test_documentation_names_every_parameter_and_its_source(name: str) -> None:
    system = models.build(name)
    doc = type(system).__doc__ or ""
    assert re.search(r"\b(1[789]|20)\d\d\b", system.reference), "the reference has no year"
    assert "Reference:" in doc
    assert parameters(system), "there is nothing to vary"
    for parameter, (_, metadata) in parameters(system).items():
        assert re.search(rf"(?<![A-Za-z]){re.escape(parameter)}(?![A-Za-z])", doc), f"`{parameter}` is not in the doc"
        assert metadata["doc"], parameter
