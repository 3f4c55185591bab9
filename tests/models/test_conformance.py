"""What every system promises, tested on all of the catalogue: right-hand sides only, no trajectories."""

import functools
import re
import tomllib
from importlib import resources
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from dynascope import InputError, models
from dynascope._param import parameters
from dynascope._types import Input, State
from dynascope.systems import (
    AbstractDelayFlow,
    AbstractEventful,
    AbstractFlow,
    AbstractMap,
    AbstractNoisy,
    AbstractRandomMap,
    AbstractSystem,
    dimension,
    kind,
    state_variables,
)

#: The many of the family `chaos` share one code path: `test_chaos.py` asks less of each.
NAMES = tuple(entry["name"] for entry in models.catalogue() if entry["family"] != "chaos")


build = functools.cache(models.build)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def system(name: str) -> AbstractSystem:
    return build(name)


@pytest.fixture
def states(name: str) -> State:
    return starts(name)


def rule(system: AbstractSystem, y: State, u: Input = None) -> State:
    """What moves the state, whatever the kind; the past of a delay flow is its present, noise comes from one key."""
    match system:
        case AbstractFlow():
            return system.vector_field(0.0, y, u)
        case AbstractMap():
            return system.step(0, y, u)
        case AbstractDelayFlow():
            return system.vector_field(0.0, y, lambda s: y, u)
        case AbstractRandomMap():
            return system.step(0, y, u, system.draw(jax.random.key(1), 0))
    raise AssertionError(f"{type(system).__name__} is of no known kind")


@functools.cache
def starts(name: str) -> State:
    """`starts_of` a system of the catalogue, drawn once."""
    return starts_of(build(name))


def starts_of(system: AbstractSystem) -> State:
    """States to test at: random ones of the region, or the initial state shaken a little; a leading axis is added.

    They are cut by NumPy (`taken`), as every number of states would be a program of its own.
    """
    box = system.region()
    if box is not None:
        return box.sample(jax.random.key(2), 20)
    flat, unravel = ravel_pytree(system.initial_state())
    shaken = flat + 0.1 * np.random.default_rng(2).standard_normal((20, flat.size)).astype(flat.dtype)
    return jax.vmap(unravel)(shaken)


def taken(states: State, which: int | slice) -> State:
    return jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf)[which]), states)


def finite(tree: Any) -> bool:
    return all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(tree))


def is_discrete_valued(system: AbstractSystem) -> bool:
    return any(v.topology == "discrete" for v in state_variables(system))


def cast(tree: Any, dtype: Any) -> Any:
    return jax.tree.map(lambda x: x.astype(dtype) if eqx.is_inexact_array(x) else x, tree)


def shapes(tree: Any) -> Any:
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), tree)


def assert_trees_close(a: Any, b: Any, rtol: float = 1e-12) -> None:
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol)


def test_initial_state(system: AbstractSystem) -> None:
    y = system.initial_state()
    for leaf in jax.tree.leaves(y):
        assert isinstance(leaf, jax.Array)
        assert leaf.dtype == jnp.float64
        assert finite(leaf)
    assert len(state_variables(system)) == dimension(system)
    assert len({v.name for v in state_variables(system)}) == dimension(system)


def test_kind_time_and_family_are_declared(system: AbstractSystem) -> None:
    assert kind(system)
    assert system.time_unit in ("1", "ms", "s", "step")
    assert (system.time_unit == "step") == isinstance(system, AbstractMap | AbstractRandomMap)
    assert system.family == type(system).__module__.split(".")[-2]
    step = system.typical_step()
    assert step is None or (isinstance(step, float) and step > 0)


@pytest.mark.parametrize("dtype", [jnp.float64, jnp.float32])
def test_rule_keeps_structure_shape_and_precision(system: AbstractSystem, dtype: Any) -> None:
    cast_system = cast(system, dtype)
    y = jax.eval_shape(cast_system.initial_state)
    wanted = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, dtype), system.initial_state())
    assert shapes(y) == wanted
    assert shapes(jax.eval_shape(lambda y: rule(cast_system, y), y)) == wanted
    if isinstance(system, AbstractNoisy):
        noise = jax.eval_shape(lambda y: cast_system.diffusion(0.0, y, None), y)
        assert noise.dtype == dtype
        assert noise.shape[0] == dimension(system)
    if isinstance(system, AbstractEventful):
        guard = jax.eval_shape(lambda y: cast_system.guard(0.0, y, None), y)
        assert guard.dtype == dtype
        assert guard.ndim == 1
        fired = jax.ShapeDtypeStruct(guard.shape, bool)
        after = jax.eval_shape(lambda y, fired: cast_system.reset(0.0, y, None, fired), y, fired)
        assert shapes(after) == shapes(y)
    box = jax.eval_shape(cast_system.region)
    if box is not None:
        assert shapes(box.low) == shapes(box.high) == shapes(y)


def test_region_is_a_box(system: AbstractSystem) -> None:
    box = system.region()
    if box is None:
        pytest.skip("leaves the box to a pilot run")
    assert jax.tree.structure(box.low) == jax.tree.structure(system.initial_state())
    assert finite((box.low, box.high))
    assert jax.tree.all(jax.tree.map(lambda low, high: np.all(np.asarray(low) < high), box.low, box.high))


def test_no_input_is_zero_input(system: AbstractSystem) -> None:
    size = system.input_size()
    if size is None:
        pytest.skip("takes no input")
    y = system.initial_state()
    silent, zero, driven = eqx.filter_jit(
        lambda s: (rule(s, y), rule(s, y, jnp.zeros(size)), rule(s, y, jnp.ones(size)))
    )(system)
    assert_trees_close(silent, zero)
    assert any(not np.array_equal(a, b) for a, b in zip(jax.tree.leaves(silent), jax.tree.leaves(driven), strict=True))


def test_batches_over_states_and_models_and_stays_finite(system: AbstractSystem, states: State) -> None:
    scaled = jax.tree.map(lambda x: np.asarray(x) * 0.99 if eqx.is_inexact_array(x) else x, system)
    stacked = jax.tree.map(lambda a, b: np.stack([a, b]) if eqx.is_array(a) else a, system, scaled)
    ys = taken(states, slice(10))

    @eqx.filter_jit
    @eqx.filter_vmap
    def batch(s: AbstractSystem) -> Any:
        return jax.vmap(lambda y: rule(s, y))(ys), s.initial_state(), s.region()

    @eqx.filter_jit
    def alone(s: AbstractSystem, y: State) -> Any:
        return rule(s, y), s.initial_state(), s.region()

    moved, *rest = batch(stacked)
    for i, one in enumerate((system, scaled)):
        for k in (0, 7):
            assert_trees_close((taken(taken(moved, i), k), *taken(rest, i)), alone(one, taken(ys, k)))
    assert finite(moved)


def test_parameters_are_array_leaves_with_unit_and_meaning(system: AbstractSystem) -> None:
    found = parameters(system)
    assert found
    leaves = {id(leaf) for leaf in jax.tree.leaves(system)}
    for name, (value, metadata) in found.items():
        assert isinstance(value, jax.Array), name
        assert jnp.issubdtype(value.dtype, jnp.inexact), name
        assert id(value) in leaves, name
        assert metadata["unit"], name
        assert metadata["doc"], name
        low, high = metadata["bounds"]
        assert low is None or jnp.all(value >= low), name
        assert high is None or jnp.all(value <= high), name


def test_gradients_with_respect_to_parameters_are_finite(system: AbstractSystem, states: State) -> None:
    y = taken(states, 0)

    @eqx.filter_jit
    @eqx.filter_grad
    def gradient(s: AbstractSystem) -> jax.Array:
        out = rule(s, y)
        return sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(out))  # type: ignore[return-value]

    for name, (value, _) in parameters(gradient(system)).items():
        assert finite(value), name


def test_jacobian_is_that_of_finite_differences(system: AbstractSystem, states: State) -> None:
    if is_discrete_valued(system):
        pytest.skip("nobody differentiates a spin")
    _, unravel = ravel_pytree(taken(states, 0))
    # The Jacobian is compared along random directions, which sees every entry of large ones at the cost of a few.
    directions = np.random.default_rng(3).standard_normal((min(4, dimension(system)), dimension(system)))

    def flat_rule(z: jax.Array) -> jax.Array:
        return ravel_pytree(rule(system, unravel(z)))[0]

    @eqx.filter_jit
    def both(z: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        h = 1e-6
        jacobian = jax.jacfwd(flat_rule)(z)
        central = jax.vmap(lambda v: (flat_rule(z + h * v) - flat_rule(z - h * v)) / (2 * h))(directions)
        return directions @ jacobian.T, central, jnp.max(jnp.abs(flat_rule(z)))

    for i in range(3):
        exact, central, size = both(ravel_pytree(taken(states, i))[0])
        scale = float(np.max(np.abs(exact))) + float(size) + 1.0
        np.testing.assert_allclose(exact, central, atol=1e-8 * scale, rtol=1e-6)


def test_replace_changes_one_parameter_and_keeps_bounds(system: AbstractSystem) -> None:
    found = parameters(system)
    for name, (value, metadata) in found.items():
        same = system.replace(**{name: value})
        assert eqx.tree_equal(same, system)
        low, high = metadata["bounds"]
        factor = 0.999 if low is None or low <= 0 else 1.001
        changed = system.replace(**{name: np.asarray(value) * factor})
        for other, (now, _) in parameters(changed).items():
            np.testing.assert_array_equal(now, np.asarray(found[other][0]) * (factor if other == name else 1.0))
        for bound, beyond in ((low, -1.0), (high, 1.0)):
            if bound is not None:
                with pytest.raises(InputError, match=f"`{re.escape(name)}` must lie in"):
                    system.replace(**{name: bound + beyond})


def test_noise_depends_on_its_key_alone(system: AbstractSystem) -> None:
    if not isinstance(system, AbstractRandomMap):
        pytest.skip("draws nothing")
    draws = [system.draw(jax.random.key(i), 0) for i in (1, 1, 2, 3, 4)]
    assert_trees_close(draws[0], draws[1])
    assert any(not np.array_equal(ravel_pytree(d)[0], ravel_pytree(draws[0])[0]) for d in draws[2:])


def test_resets_leave_their_guard(system: AbstractSystem, states: State) -> None:
    if not isinstance(system, AbstractEventful):
        pytest.skip("has no events")

    def guard(y: State) -> jax.Array:
        return system.guard(0.0, y, None)

    @jax.jit
    @jax.vmap
    def reset(y: State, fired: jax.Array) -> tuple[State, jax.Array]:
        after = system.reset(0.0, y, None, fired)
        return after, guard(after)

    assert np.all(np.asarray(guard(system.initial_state())) < 0)
    before = np.asarray(jax.vmap(guard)(states))
    assert np.all(before < 0)
    for fired in np.eye(before.shape[1], dtype=bool):
        _, after = reset(states, np.broadcast_to(fired, before.shape))
        assert np.all(np.where(fired, after, -1.0) < 0)
    assert_trees_close(reset(states, np.zeros(before.shape, bool))[0], states)


def test_documentation(system: AbstractSystem) -> None:
    doc = type(system).__doc__ or ""
    assert re.search(r"\b(1[89]|20)\d\d\b", system.reference), "the reference has no year"
    assert ">>> " in doc  # `tests/docs` runs it
    for name in parameters(system):
        if "." not in name:
            assert re.search(rf"^\s+{re.escape(name)}: ", doc, re.MULTILINE), f"`{name}` is not in the docstring"


def test_facts_are_of_known_systems_and_parameters() -> None:
    rows = tomllib.loads(resources.files("dynascope.models").joinpath("facts.toml").read_text("utf-8"))
    assert set(rows) <= set(models.names())
    for name, listed in rows.items():
        known = models.facts(name)
        quantities = [row["quantity"] for row in listed]
        assert len(set(quantities)) == len(quantities), f"`{name}` has two facts of one name"
        for quantity in quantities:
            fact = known[quantity]
            assert fact.quantity == quantity
            assert fact.tolerance > 0
            assert fact.source
            assert fact.checked in ("analytic", "computed", "published")
            build(name).replace(**fact.parameters)
            assert fact.agrees(fact.value)
            beyond = np.asarray(fact.value) + 1.01 * fact.tolerance
            assert not fact.agrees(beyond)


def test_facts_of_unknown_system() -> None:
    with pytest.raises(InputError, match="no system named `lorentz`"):
        models.facts("lorentz")
