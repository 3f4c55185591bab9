"""Memories: what they hold, how much of it, and what never rises."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erfc

import dynascope as ds
from dynascope import InputError
from dynascope._tree import astype
from dynascope.models import (
    AsynchronousHopfield,
    DenseHopfield,
    GradedHopfield,
    Hopfield,
    ModernHopfield,
    SynchronousHopfield,
    facts,
    hebb,
    random_patterns,
)
from dynascope.solve import RK4


def settled(network: Any, start: Any, *, sweeps: int = 50) -> np.ndarray:
    """The states in which the starts end; fails if one still moves."""
    step = jax.jit(jax.vmap(lambda s: network.step(0, s, None)))
    states = jnp.asarray(start)
    for _ in range(sweeps):
        before, states = states, step(states)
        if np.array_equal(before, states):
            return np.asarray(states)
    raise AssertionError("the network did not settle")


STATES = np.stack(np.meshgrid(*[[-1.0, 1.0]] * 4), -1).reshape(16, 4)
PATTERN = np.array([-1.0, -1.0, -1.0, 1.0])


def test_all_sixteen_states_of_the_primer_end_in_the_pattern_or_its_negative() -> None:
    network = Hopfield.from_patterns(jnp.asarray(PATTERN)[None])
    probe = -np.ones(4)
    np.testing.assert_allclose(4 * (network.W @ probe)[3], 3.0)
    np.testing.assert_array_equal(network.step(0, jnp.asarray(probe), None), PATTERN)
    ends = settled(network, STATES, sweeps=3)
    signs = ends @ PATTERN / 4.0
    np.testing.assert_array_equal(np.abs(signs), 1.0)
    # Whoever agrees with the pattern in three units goes there; states halfway go where the first flip takes them.
    overlaps = STATES @ PATTERN
    np.testing.assert_array_equal(signs[overlaps > 0], 1.0)
    np.testing.assert_array_equal(signs[overlaps < 0], -1.0)
    assert np.sum(overlaps == 0) == 6


def test_units_that_are_zero_or_one_move_alike_when_thresholds_are_shifted() -> None:
    W = np.asarray(hebb(jnp.asarray(PATTERN)[None]))
    network = AsynchronousHopfield(W, jnp.zeros(4))
    for s in STATES:
        for i in range(4):
            v = (s + 1.0) / 2.0
            field = W[i] @ v - np.sum(W[i]) / 2.0
            on = v[i] if field == 0 else float(field > 0)
            moved = np.asarray(network.step(0, jnp.asarray(s), None, i))
            np.testing.assert_array_equal((moved[i] + 1.0) / 2.0, on)


def test_synchronous_networks_end_in_points_or_pairs_and_their_own_energy_never_rises() -> None:
    noise = jax.random.normal(jax.random.key(0), (12, 12))
    W = (noise + noise.T) / 2.0 * (1.0 - jnp.eye(12))
    network = SynchronousHopfield(W, 0.1 * jax.random.normal(jax.random.key(1), (12,)))
    step = jax.jit(jax.vmap(lambda s: network.step(0, s, None)))
    states = [random_patterns(jax.random.key(2), 100, 12)]
    for _ in range(200):
        states.append(step(states[-1]))
    np.testing.assert_array_equal(states[-1], states[-3])
    pairs = np.any(np.asarray(states[-1] != states[-2]), axis=1)
    assert 0 < np.sum(pairs) < 100
    runs = np.asarray(jnp.stack(states))
    own = -np.einsum("tbi,ij,tbj->tb", runs[1:], np.asarray(W), runs[:-1]) + (runs[1:] + runs[:-1]) @ network.threshold
    assert np.max(np.diff(own, axis=0)) <= 1e-9
    single = np.asarray(jax.vmap(jax.vmap(network.energy))(jnp.stack(states[:20])))
    assert np.max(np.diff(single, axis=0)) > 0.5


@pytest.mark.slow
def test_capacity_for_many_spins() -> None:
    # benchmarks/hopfield_capacity.py does this for more patterns and loads; every start is a stored pattern.
    n, overlaps = 5000, {}
    for load in (0.10, 0.16):
        patterns = random_patterns(jax.random.key(0), int(load * n), n)
        network = astype(Hopfield.from_patterns(patterns), jnp.float32)
        starts = patterns[:16].astype(jnp.float32)
        overlaps[load] = np.mean(settled(network, starts, sweeps=150) * np.asarray(starts), axis=1)
    assert np.min(overlaps[0.10]) >= 0.97
    assert np.median(overlaps[0.16]) < 0.5
    assert 0.10 < facts("hopfield")["capacity"].value < 0.16


@pytest.mark.parametrize("beta", [0.5, 1.5, 4.0])
def test_lyapunov_function_of_the_graded_network_falls_along_orbits(beta: float) -> None:
    patterns = random_patterns(jax.random.key(1), 4, 40)
    network = GradedHopfield.from_patterns(patterns, beta=beta)
    starts = jnp.concatenate([patterns, 0.9 * network.region().sample(jax.random.key(2), 8)])
    rises = []
    for start in starts:
        run = ds.trajectory(network, start, jnp.linspace(0.0, 20.0, 401), solver=RK4(0.05))
        energies = np.asarray(jax.vmap(network.energy)(run.ys))
        assert np.max(np.diff(energies)) <= 1e-13 * np.max(np.abs(energies))
        assert energies[-1] < energies[0]
        quadratic = np.asarray(jax.vmap(lambda x: -0.5 * x @ network.W @ x)(run.ys))
        rises.append(np.max(np.diff(quadratic)))
    # The quadratic form, which the primer names, rises where a pattern fades: it is no Lyapunov function.
    assert (np.max(rises) > 0.1) == (beta < 2.0)


def test_dense_network_of_order_two_is_hopfield() -> None:
    patterns = random_patterns(jax.random.key(0), 8, 60)
    dense, plain = DenseHopfield(patterns, order=2), Hopfield.from_patterns(patterns)
    for s in random_patterns(jax.random.key(1), 5, 60):
        np.testing.assert_allclose(dense.fields(s), 2.0 * plain.W @ s, atol=1e-10)
        np.testing.assert_array_equal(dense.step(0, s, None), plain.step(0, s, None))
        np.testing.assert_allclose(dense.energy(s), 2.0 * plain.energy(s) - patterns.shape[0], rtol=1e-10)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_dense_energy_never_rises_and_fields_are_its_differences(order: int) -> None:
    network = DenseHopfield(random_patterns(jax.random.key(0), 200, 30), order=order)
    s = network.initial_state()
    up, down = (jax.vmap(lambda i, v=v: network.energy(s.at[i].set(v)))(jnp.arange(30)) for v in (1.0, -1.0))
    np.testing.assert_allclose(network.fields(s), 0.5 * (down - up), atol=1e-10)
    energies = [float(network.energy(s))]
    step = jax.jit(lambda s: network.step(0, s, None))
    for _ in range(20):
        s = step(s)
        energies.append(float(network.energy(s)))
    assert np.max(np.diff(energies)) <= 1e-9
    np.testing.assert_array_equal(step(s), s)


@pytest.mark.parametrize(("order", "n", "count"), [(2, 400, 120), (3, 100, 1000), (3, 200, 4000), (4, 50, 2200)])
def test_share_of_wrong_spins_after_one_step_is_that_of_gaussian_noise(order: int, n: int, count: int) -> None:
    found = []
    for key in range(4):
        patterns = random_patterns(jax.random.key(key), count, n)
        fields = jax.jit(lambda X: jax.lax.map(DenseHopfield(X, order=order).fields, X[:100]))(patterns)
        found.append(float(jnp.mean(fields * patterns[:100] < 0)))
    factorial = float(np.prod(np.arange(2 * order - 3, 0, -2)))
    theory = 0.5 * erfc(np.sqrt(n ** (order - 1) / (2.0 * factorial * count)))
    assert 0.02 < theory < 0.05
    # Draws differ by a tenth; few spins weaken the signal by (1 - 2/N)^(order - 2).
    assert np.mean(found) == pytest.approx(theory, rel=0.2)
    if order == 3:
        assert facts("dense-hopfield")["error_rate_order_3"].agrees(np.mean(found))


def test_steep_energy_holds_three_patterns_per_spin_where_the_quadratic_one_holds_none() -> None:
    patterns = random_patterns(jax.random.key(5), 300, 100)
    overlap = {
        order: np.mean(
            settled(DenseHopfield(patterns, order=order), patterns[:40], sweeps=200) * np.asarray(patterns[:40])
        )
        for order in (2, 3)
    }
    assert overlap[3] >= 0.97
    assert overlap[2] <= 0.5


def retrieval(n: int, count: int, key: int) -> tuple[np.ndarray, np.ndarray]:
    """Relative error of each pattern after one step from it, and the pattern nearest to where it went."""
    network = ModernHopfield.draw(n=n, patterns=count, key=jax.random.key(key))
    np.testing.assert_allclose(jnp.linalg.norm(network.X, axis=1), np.sqrt(n), rtol=1e-12)
    ends = jax.jit(jax.vmap(lambda y: network.step(0, y, None)))(network.X)
    errors = np.linalg.norm(ends - network.X, axis=1) / np.sqrt(n)
    return errors, np.argmax(np.asarray(ends @ network.X.T), axis=1)


def test_modern_network_holds_a_thousand_patterns_in_sixteen_dimensions() -> None:
    for key in range(3):
        errors, nearest = retrieval(16, 1024, key)
        np.testing.assert_array_equal(nearest, np.arange(1024))
        # Two of a thousand random points happen to lie close together; they pull at each other most.
        assert np.mean(errors) < 0.03
        assert np.mean(errors < 0.05) > 0.98
        assert np.max(errors) < 0.1
        if key == 0:
            assert facts("modern-hopfield")["retrieval_error"].agrees(np.mean(errors))
    # The number of patterns grows as 2^(n/2 + 2), and still the worst error falls.
    larger, nearest = retrieval(20, 4096, 0)
    np.testing.assert_array_equal(nearest, np.arange(4096))
    assert np.max(larger) < 0.05


def test_modern_network_is_attention_and_forgets_at_high_temperature() -> None:
    network = ModernHopfield.draw(n=8, patterns=20, key=jax.random.key(0))
    y = network.region().sample(jax.random.key(1), 1)[0]
    weights = np.exp(np.asarray(network.beta * network.X @ y))
    np.testing.assert_allclose(network.step(0, y, None), weights @ np.asarray(network.X) / weights.sum(), rtol=1e-12)
    np.testing.assert_allclose(network.replace(beta=1e-9).step(0, y, None), jnp.mean(network.X, axis=0), atol=1e-6)


@pytest.mark.parametrize("beta", [0.1, 1.0, 5.0])
def test_modern_energy_never_rises_and_its_step_is_the_one_of_the_concave_convex_procedure(beta: float) -> None:
    network = ModernHopfield.draw(n=8, patterns=30, key=jax.random.key(0)).replace(beta=beta)
    for y in network.region().sample(jax.random.key(1), 5):
        # grad E = y - step(y): fixed points are where the energy is stationary.
        np.testing.assert_allclose(jax.grad(network.energy)(y), y - network.step(0, y, None), atol=1e-10)
        energies = [float(network.energy(y))]
        for _ in range(20):
            y = network.step(0, y, None)
            energies.append(float(network.energy(y)))
        assert np.max(np.diff(energies)) <= 1e-10
        assert 0.0 <= energies[-1] <= 2 * 8.0


def test_patterns_must_be_rows_and_the_order_at_least_two() -> None:
    for model in (DenseHopfield, ModernHopfield):
        with pytest.raises(InputError, match=r"`patterns` must have shape \(patterns, units\), got \(4,\)"):
            model(jnp.ones(4))
    with pytest.raises(InputError, match="`order` of `DenseHopfield` must be 2 or more, got 1"):
        DenseHopfield(jnp.ones((2, 4)), order=1)
