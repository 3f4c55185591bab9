"""Chaotic systems against the values that `dysts` gives at the same states (`benchmarks/dysts_fixtures.py`)."""

import json
import re
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from dynascope import models
from dynascope._param import parameters
from dynascope.systems import AbstractDelayFlow, AbstractFlow, AbstractMap, AbstractSystem, dimension, state_variables
from tools.dysts_names import DIFFERENT, FIXTURES, ours

_FIXTURES = np.load(FIXTURES / "dysts.npz")
ABOUT: dict[str, Any] = json.loads(str(_FIXTURES["about"]))["systems"]


def _in_plane(period: float) -> Callable[[Any], jax.Array]:
    """From polar coordinates and time to the plane and the phase of the protocol."""
    return lambda y: jnp.array([y[0] * jnp.cos(y[1]), y[0] * jnp.sin(y[1]), 2 * jnp.pi * y[2] / period])


def _with_jet(y: Any) -> jax.Array:
    """From the fixed frame with time to the frame of the third wave with two phases."""
    c1, c2, c3 = 9.05854e-6, 1.28453e-5, 2.88863e-5
    k, time = 0.313922, y[2]
    return jnp.array([k * (y[1] - c3 * time), y[0], k * (c1 - c3) * time, 2 * k * (c2 - c3) * time])


#: Where our state is another function of theirs.
CHARTS: dict[str, Callable[[Any], jax.Array]] = {
    "flow.BickleyJet": _with_jet,
    "flow.BlinkingRotlet": _in_plane(3.0),
    "flow.BlinkingVortex": _in_plane(3.0),
    "flow.HindmarshRose": lambda y: jnp.array([y[0], y[1] / 0.03 - y[0], -y[2] / 0.03]),
    "flow.InteriorSquirmer": _in_plane(3.0),
    "flow.LidDrivenCavityFlow": lambda y: y * jnp.array([1.0, 1.0, 2 * jnp.pi / 1.1]),
    "flow.LiuChen": lambda y: -y,
    "flow.MooreSpiegel": lambda y: y * jnp.array([1.0, 1.0, 10.0]) / jnp.sqrt(13.0),
    "flow.NoseHoover": lambda y: y * jnp.array([1.0, 1.0, -1.0]),
    "map.Hopalong": lambda y: y - jnp.array([1.0, 2.0]),
}

#: Where numbers are rounded there, and the relative difference which that makes.
ROUNDED: dict[str, float] = {
    "flow.BelousovZhabotinsky": 1e-3,  # Thirteen combined coefficients in six digits.
    "flow.BickleyJet": 1e-3,  # Wave numbers which are not quite multiples of the first.
    "map.Baker": 1e-6,  # A stretch of 2 - 1e-10, so that digits do not run out.
    "map.KaplanYorke": 1e-4,  # A remainder modulo 0.99999995, for the same reason.
}


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


def test_every_system_of_dysts_is_in_the_catalogue() -> None:
    assert not sorted(t for t in ABOUT if ours(t)[0] not in models.names())


def carried(chart: Callable[[Any], jax.Array], y: Any, value: Any, theirs: str) -> tuple[Any, Any]:
    """State and velocity (for maps: image) of theirs in our coordinates."""
    if theirs.startswith("map."):
        return chart(y), chart(value)
    return jax.jvp(chart, (y,), (value,))


@pytest.mark.parametrize("theirs", SHARED)
def test_right_hand_side_equals_that_of_dysts(theirs: str) -> None:
    name, changes = ours(theirs)
    system = models.build(name, **changes)
    states, values = _FIXTURES[f"{theirs}.states"], _FIXTURES[f"{theirs}.values"]
    size = values.shape[1]
    if theirs in CHARTS:
        states, values = jax.vmap(lambda y, v: carried(CHARTS[theirs], y, v, theirs))(states, values)
        states, values, size = np.asarray(states), np.asarray(values), states.shape[1]
    with jax.disable_jit():
        found = np.stack([
            ravel_pytree(rule(system, state[:size], state[size:], ABOUT[theirs]["time"]))[0] for state in states
        ])  # fmt: skip
    scale = np.abs(values) + np.max(np.abs(values)) * 1e-3
    assert np.max(np.abs(found - values) / scale) < ROUNDED.get(theirs, 1e-12)


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
    directions = np.random.default_rng(3).standard_normal((3, start.size))
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
