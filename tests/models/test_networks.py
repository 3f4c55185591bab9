"""Known answers of the networks."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope import InputError
from dynascope.models import (
    AsynchronousHopfield,
    Gaussian,
    GradedHopfield,
    Hopfield,
    Kuramoto,
    Lorentzian,
    RateNetwork,
    SynchronousHopfield,
    Uniform,
    facts,
    hebb,
    random_patterns,
)

N, P = 200, 5
PATTERNS = random_patterns(jax.random.key(7), P, N)


@pytest.mark.parametrize("model", [Hopfield, SynchronousHopfield])
def test_stored_patterns_are_fixed_points_at_low_load(model: Any) -> None:
    network = model.from_patterns(PATTERNS)
    recalled = jax.jit(jax.vmap(lambda s: network.step(0, s, None)))(PATTERNS)
    np.testing.assert_array_equal(recalled, PATTERNS)


def test_a_damaged_pattern_is_repaired_in_a_few_sweeps() -> None:
    network = Hopfield.from_patterns(PATTERNS)
    flips = jnp.where(jax.random.uniform(jax.random.key(1), (P, N)) < 0.2, -1.0, 1.0)
    step = jax.jit(jax.vmap(lambda s: network.step(0, s, None)))
    states = PATTERNS * flips
    for _ in range(3):
        states = step(states)
    np.testing.assert_array_equal(states, PATTERNS)


def test_energy_never_rises_in_asynchronous_updates() -> None:
    network = AsynchronousHopfield.from_patterns(random_patterns(jax.random.key(3), 30, N))
    sweeping = Hopfield(network.W, network.threshold)
    s = network.initial_state()

    def update(s: jax.Array, n: jax.Array) -> tuple[jax.Array, jax.Array]:
        after = network.step(n, s, None, network.draw(jax.random.fold_in(jax.random.key(4), n), n))
        return after, network.energy(after)

    _, energies = jax.jit(lambda s: jax.lax.scan(update, s, jnp.arange(10_000)))(s)
    energies = np.concatenate([[network.energy(s)], energies])
    assert np.max(np.diff(energies)) <= 1e-9
    assert energies[-1] < energies[0] - 1.0
    swept = [float(sweeping.energy(s))]
    step = jax.jit(lambda s: sweeping.step(0, s, None))
    for _ in range(20):
        s = step(s)
        swept.append(float(sweeping.energy(s)))
    assert np.max(np.diff(swept)) <= 1e-9
    np.testing.assert_array_equal(step(s), s)


def test_energy_never_rises_with_thresholds_either() -> None:
    network = Hopfield(hebb(PATTERNS), 0.3 * jax.random.normal(jax.random.key(5), (N,)))
    step = jax.jit(lambda s: network.step(0, s, None))
    s, energies = network.initial_state(), []
    for _ in range(10):
        energies.append(float(network.energy(s)))
        s = step(s)
    assert np.max(np.diff(energies)) <= 1e-9


def test_synchronous_updates_can_cycle_and_asynchronous_ones_cannot() -> None:
    W = jnp.array([[0.0, -1.0], [-1.0, 0.0]])
    both = SynchronousHopfield(W, jnp.zeros(2))
    s = jnp.ones(2)
    np.testing.assert_array_equal(both.step(0, s, None), -s)
    np.testing.assert_array_equal(both.step(1, -s, None), s)
    one_by_one = Hopfield(W, jnp.zeros(2)).step(0, s, None)
    np.testing.assert_array_equal(one_by_one, [-1.0, 1.0])
    np.testing.assert_array_equal(Hopfield(W, jnp.zeros(2)).step(1, one_by_one, None), one_by_one)


def test_the_four_neurons_of_the_primer() -> None:
    network = Hopfield.from_patterns(jnp.array([[-1, -1, -1, 1]]))
    np.testing.assert_array_equal(network.step(0, -jnp.ones(4), None), [-1, -1, -1, 1])
    states = jnp.asarray(np.stack(np.meshgrid(*[[-1.0, 1.0]] * 4), -1).reshape(16, 4))
    held = [s for s in states if np.array_equal(network.step(0, s, None), s)]
    stable = {tuple(np.asarray(s)) for s in held}
    assert stable == {(-1.0, -1.0, -1.0, 1.0), (1.0, 1.0, 1.0, -1.0)}


@pytest.mark.parametrize("beta", [0.5, 4.0])
def test_graded_network_lowers_its_energy_but_not_the_quadratic_form(beta: float) -> None:
    network = GradedHopfield.from_patterns(PATTERNS, beta=beta)

    def rate(y: jax.Array) -> jax.Array:
        return jax.jvp(network.energy, (y,), (network.vector_field(0.0, y, None),))[1]

    rates = jax.jit(jax.vmap(rate))(network.region().sample(jax.random.key(2), 50))
    assert np.all(np.asarray(rates) < 0)
    one = GradedHopfield(jnp.ones((1, 1)), beta=0.5)
    y = jnp.array([0.8])
    quadratic = jax.jvp(lambda y: -0.5 * y @ y, (y,), (one.vector_field(0.0, y, None),))[1]
    assert quadratic > 0 > jax.jvp(one.energy, (y,), (one.vector_field(0.0, y, None),))[1]


def test_graded_energy_is_the_integral_that_defines_it() -> None:
    network = GradedHopfield(jnp.ones((1, 1)), beta=2.0)
    v = np.tanh(2.0 * 0.6)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    integral = 0.5 * v * np.sum(weights * np.arctanh(0.5 * v * (nodes + 1.0)))
    np.testing.assert_allclose(network.energy(jnp.array([0.6])), -0.5 * v * v + integral / 2.0, rtol=1e-10)


def test_hebb_stores_outer_products_without_the_diagonal() -> None:
    W = np.asarray(hebb(PATTERNS))
    np.testing.assert_allclose(np.diag(W), 0.0)
    np.testing.assert_allclose(W, W.T)
    np.testing.assert_allclose(W[0, 1], np.sum(PATTERNS[:, 0] * PATTERNS[:, 1]) / N)
    with pytest.raises(InputError, match=r"`patterns` must have shape \(patterns, units\), got \(4,\)"):
        hebb(jnp.ones(4))


def test_kuramoto_is_the_double_sum() -> None:
    network = Kuramoto.draw(n=40, frequencies=Gaussian(), K=1.7, key=jax.random.key(1))
    theta = np.asarray(network.region().sample(jax.random.key(2), 1)[0])
    pairs = 1.7 / 40 * np.sum(np.sin(theta[None, :] - theta[:, None]), axis=1)
    np.testing.assert_allclose(network.vector_field(0.0, theta, None), network.omega + pairs, rtol=1e-12)
    np.testing.assert_allclose(network.order(theta), np.mean(np.exp(1j * theta)), rtol=1e-12)


@pytest.mark.parametrize(
    ("frequencies", "critical"),
    [
        (Lorentzian(), 2.0),
        (Lorentzian(width=0.5), 1.0),
        (Gaussian(), 1.5957691216057308),
        (Uniform(), 4.0 / np.pi),
    ],
)
def test_frequencies(frequencies: Any, critical: float) -> None:
    np.testing.assert_allclose(frequencies.critical_coupling(), critical, rtol=1e-12)
    # The density at the centre is that of the quantiles: (share between) / (distance).
    low, high = frequencies.at(jnp.array([0.4999, 0.5001]))
    np.testing.assert_allclose(0.0002 / (high - low), frequencies.peak(), rtol=1e-5)
    w = np.asarray(frequencies.quantiles(1001))
    np.testing.assert_allclose(w, -w[::-1], atol=1e-9)
    assert np.all(np.diff(w) > 0)
    drawn = np.asarray(frequencies.sample(jax.random.key(0), 20_001))
    assert np.all(np.isfinite(drawn))
    np.testing.assert_allclose(np.quantile(drawn, [0.25, 0.75]), frequencies.at(jnp.array([0.25, 0.75])), atol=0.05)


def test_kuramoto_critical_coupling_is_the_fact() -> None:
    assert facts("kuramoto")["critical_coupling"].agrees(Lorentzian().critical_coupling())
    assert facts("kuramoto")["order_parameter"].agrees(np.sqrt(1.0 - 2.0 / 3.0))


def test_rate_network_loses_its_rest_at_the_known_gain() -> None:
    network = RateNetwork.draw(n=300, key=jax.random.key(0))
    jacobian = np.asarray(jax.jacfwd(lambda y: network.replace(g=1.0).vector_field(0.0, y, None))(jnp.zeros(300)))
    largest = np.linalg.eigvals(jacobian + np.eye(300)).real.max()
    assert facts("rate-network")["critical_gain"].agrees(1.0 / largest)
    np.testing.assert_allclose(jacobian + np.eye(300), network.J, atol=1e-12)


def test_rate_network_keeps_its_draw_when_the_gain_changes() -> None:
    a = RateNetwork.draw(n=50, g=1.5, key=jax.random.key(0))
    b = RateNetwork.draw(n=50, g=3.0, key=jax.random.key(0))
    np.testing.assert_array_equal(a.J, b.J)
    assert a.input_size() is None
    np.testing.assert_allclose(np.var(np.asarray(a.J)) * 50, 1.0, atol=0.1)


def test_rate_network_with_input_and_without_self_coupling() -> None:
    network = RateNetwork.draw(n=20, inputs=3, self_coupling=False, tau=2.0, key=jax.random.key(0))
    assert network.input_size() == 3
    np.testing.assert_array_equal(np.diag(np.asarray(network.J)), 0.0)
    u = jnp.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(network.vector_field(0.0, jnp.zeros(20), u), network.B @ u / 2.0, rtol=1e-12)


def test_capacity_of_the_binary_memory() -> None:
    # Below 0.138 patterns per spin memories stay nearly whole; well above they are lost.
    below, above = (overlap(load) for load in (0.10, 0.20))
    capacity = float(np.asarray(facts("hopfield")["capacity"].value))
    assert 0.10 < capacity < 0.20
    assert below >= 0.97
    assert above <= 0.6


def overlap(load: float) -> float:
    """Mean overlap with the stored pattern after 20 synchronous steps and sweeps from it, for 1000 spins."""
    patterns = random_patterns(jax.random.key(11), int(load * 1000), 1000)
    network = Hopfield.from_patterns(patterns)
    step = jax.jit(lambda s: network.step(0, s, None))
    found = []
    for pattern in patterns[:3]:
        s = pattern
        for _ in range(20):
            s = step(s)
        found.append(float(jnp.mean(s * pattern)))
    return float(np.mean(found))
