"""Expansion entropy against maps of constant slope, topological entropies and a repeller."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope._errors import ComputationFailed
from dynascope.analysis.tangent import expansion_entropy
from dynascope.analysis.tangent._expansion import _log_g
from dynascope.models.canonical import Henon, LinearMap, Logistic, MackeyGlass

UNIT = ds.Box(jnp.zeros(1), jnp.ones(1))


def square(half: float, n: int = 2) -> ds.Box:
    return ds.Box(jnp.full(n, -half), jnp.full(n, half))


def test_maps_of_constant_slope() -> None:
    doubling = ds.iterated(lambda n, y, p: jnp.mod(2 * y, 1.0), [0.3])
    assert expansion_entropy(doubling, UNIT, starts=100, duration=20).entropy == pytest.approx(math.log(2), abs=1e-12)
    tent = expansion_entropy(ds.build("tent-map"), UNIT, starts=100, duration=20)
    assert tent.entropy == pytest.approx(math.log(1.9), abs=1e-12)
    cat = expansion_entropy(ds.build("arnold-cat-map"), ds.Box(jnp.zeros(2), jnp.ones(2)), starts=100, duration=20)
    assert cat.entropy == pytest.approx(math.log((3 + math.sqrt(5)) / 2), abs=1e-12)
    assert cat.staying.tolist() == [1.0] * 20
    assert cat.converged


def test_logistic_map() -> None:
    found = expansion_entropy(Logistic(r=4.0), UNIT, starts=50_000, duration=15)
    assert abs(found.entropy - math.log(2)) <= 3 * found.stderr
    assert 0 < found.stderr < 0.002


def test_henon_map() -> None:
    """Its topological entropy is 0.4649."""
    found = expansion_entropy(Henon(), square(3.0), starts=40_000, duration=30)
    assert abs(found.entropy - 0.4649) <= 3 * found.stderr
    assert found.stderr < 0.004
    assert found.staying[0] > found.staying[-1] > 0.1


def test_repeller_is_chaotic_too() -> None:
    """Above r = 4 all orbits but a Cantor set leave; on it the map is a full shift of two symbols."""
    beyond = ds.iterated(lambda n, y, p: 4.5 * y * (1 - y), [0.3])
    found = expansion_entropy(beyond, UNIT, starts=100_000, duration=20)
    assert abs(found.entropy - math.log(2)) <= 3 * found.stderr
    assert found.escape_rate > 0.2
    assert found.staying[-1] < 0.01


def test_linear_expansion_leaves_at_the_rate_of_volumes() -> None:
    """What stays in a box shrinks as fast as it expands: 1/2 stays of a doubling, so the mean of G keeps to 1."""
    found = expansion_entropy(LinearMap(np.diag([2.0, 0.5])), square(1.0), starts=40_000, duration=8)
    assert abs(found.entropy) <= 3 * found.stderr
    assert found.escape_rate == pytest.approx(math.log(2), abs=0.05)


def test_contraction_has_none() -> None:
    found = expansion_entropy(LinearMap(np.diag([0.5, 0.5, 0.5])), square(1.0, 3), starts=100, duration=20)
    assert found.entropy == 0.0


def test_flow_in_its_own_time() -> None:
    """A linear flow x' = x, y' = -y on a strip that it never leaves sideways: starts leave, G grows, the mean stays."""
    from dynascope.models.canonical import LinearFlow

    found = expansion_entropy(LinearFlow(np.diag([1.0, -1.0])), square(1.0), starts=20_000, duration=4.0)
    assert found.unit == "nats/time"
    assert found.escape_rate == pytest.approx(1.0, abs=0.1)
    assert abs(found.entropy) <= 3 * found.stderr


def test_products_of_singular_values() -> None:
    rng = np.random.default_rng(0)
    for d in (1, 2, 3, 5):
        for _ in range(5):
            a = rng.normal(size=(d, d))
            values = np.linalg.svd(a, compute_uv=False)
            expected = float(np.sum(np.log(values[values > 1])))
            volume = jnp.log(jnp.abs(jnp.linalg.det(jnp.asarray(a))))
            assert float(_log_g(jnp.asarray(a / 3), jnp.log(3.0), volume)) == pytest.approx(expected, abs=1e-12)


def test_error_is_that_of_repetition() -> None:
    keys = jax.random.split(jax.random.key(3), 16)
    runs = [expansion_entropy(Logistic(r=4.0), UNIT, starts=1000, duration=8, key=k) for k in keys]
    spread = float(np.std([r.entropy for r in runs], ddof=1))
    assert np.mean([r.stderr for r in runs]) == pytest.approx(spread, rel=0.6)


def test_too_few_stay() -> None:
    fast = LinearMap(np.diag([100.0, 100.0]))
    with pytest.raises(ComputationFailed):
        expansion_entropy(fast, square(1.0), starts=200, duration=20)
    found = expansion_entropy(fast, square(1.0), starts=200, duration=20, throw=False)
    assert math.isnan(found.entropy)
    assert not found.converged


def test_bad_input_is_refused() -> None:
    with pytest.raises(ds.InputError, match="delay flow"):
        expansion_entropy(MackeyGlass(), UNIT)
    with pytest.raises(ds.InputError, match="region"):
        expansion_entropy(ds.build("arnold-cat-map"))
    with pytest.raises(ds.InputError, match="corners"):
        expansion_entropy(Henon(), UNIT)
