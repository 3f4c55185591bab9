"""Integrate-and-fire networks in discrete time: exact periods, exact contraction, and orbits read off from spikes."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import spearmanr

import dynascope as ds
from dynascope.models import BMS, GIF, facts


@eqx.filter_jit
def iterate(network: Any, y: jax.Array, steps: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """States, spikes and distances to threshold at steps 0, ..., `steps` - 1."""

    def one(y: jax.Array, n: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array, jax.Array]]:
        return network.step(n, y, None), (y, network.spikes(y), network.distance(y))

    return jax.lax.scan(one, y, jnp.arange(steps))[1]


def period(states: np.ndarray) -> int | None:
    """The least p for which the last state occurred p steps before, bit by bit; None where it did not."""
    flat = states.reshape(len(states), -1)
    same = np.flatnonzero(np.all(flat[:-1] == flat[-1], axis=1))
    return len(flat) - 1 - int(same[-1]) if same.size else None


def test_bms_is_its_equation() -> None:
    network = BMS.draw(n=20, C=3.0, gamma=0.7, I=0.1, key=jax.random.key(0))
    V = np.asarray(network.region().sample(jax.random.key(1), 1)[0])
    for _ in range(5):
        image = np.zeros(20)
        for i in range(20):
            kept = 0.0 if V[i] >= 1.0 else 0.7 * V[i]
            image[i] = kept + sum(3.0 * float(network.W[i, j]) for j in range(20) if V[j] >= 1.0) + 0.1
        np.testing.assert_allclose(network.step(0, jnp.asarray(V), None), image, atol=1e-12)
        V = image


@pytest.mark.parametrize(("gamma", "current"), [(0.5, 0.6), (0.8, 0.3), (0.9, 0.17), (0.95, 0.0501)])
def test_one_neuron_fires_with_the_period_of_the_geometric_sum(gamma: float, current: float) -> None:
    network = BMS(jnp.zeros((1, 1)), jnp.array([current]), gamma=gamma)
    states, fired, _ = map(np.asarray, iterate(network, jnp.ones(1), 400))
    wanted = int(np.ceil(np.log(1.0 - (1.0 - gamma) / current) / np.log(gamma)))
    assert period(states) == wanted
    np.testing.assert_array_equal(np.diff(np.flatnonzero(fired[:, 0])), wanted)


def test_least_currents_are_the_facts() -> None:
    for name, one in (
        ("bms", BMS(jnp.zeros((1, 1)), jnp.zeros(1))),
        ("gif", GIF(jnp.zeros((1, 1)), jnp.zeros(1))),
    ):
        known = facts(name)["rheobase"]
        for factor, fires in ((0.999, False), (1.001, True)):
            network = one.replace(I=factor * known.value)
            start = network.initial_state() * 0.0
            assert bool(jnp.any(iterate(network, start, 2000)[1])) == fires


def active(C: float, seeds: int, steps: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    runs = []
    for seed in range(seeds):
        network = BMS.draw(n=50, C=C, key=jax.random.key(seed))
        start = network.region().sample(jax.random.key(100 + seed), 1)[0]
        runs.append(tuple(map(np.asarray, iterate(network, start, steps))))
    return runs


def test_weak_networks_die_and_strong_ones_live_on_periodic_orbits() -> None:
    dead = [not np.any(fired[-500:]) for _, fired, _ in active(1.0, 20, 1000)]
    assert facts("bms")["share_of_dead_networks"].agrees(np.mean(dead))
    runs = active(8.0, 20, 6000)
    rates = np.array([np.mean(fired[-2000:]) for _, fired, _ in runs])
    assert np.mean(rates == 0.0) <= 0.25
    assert np.all(rates[rates > 0] < 0.7)
    periods = [period(states) for states, _, _ in runs]
    found = [(p, np.min(distance[-p:])) for p, (_, _, distance) in zip(periods, runs, strict=True) if p is not None]
    assert len(found) >= 15
    assert all(d > 0 for _, d in found)
    assert len({p for p, _ in found}) > 5
    # The nearer to the threshold, the longer the period.
    ranks: Any = spearmanr([np.log(p) for p, _ in found], [np.log(d) for _, d in found])
    assert ranks.statistic <= -0.3


@pytest.mark.parametrize("network", [BMS.example(), GIF.example(), GIF.draw(n=50, C=0.2, key=jax.random.key(3))])
def test_what_is_smaller_than_the_distance_to_threshold_changes_no_spike(network: Any) -> None:
    start = network.initial_state()
    states, fired, distance = map(np.asarray, iterate(network, start, 2000))
    assert fired[-500:].any()
    nearest = float(np.min(distance))
    assert nearest > 0
    for key in range(5):
        change = nearest * jax.random.uniform(jax.random.key(key), start.shape[-1:], minval=-0.99, maxval=0.99)
        moved = start + change if start.ndim == 1 else start.at[0].add(change)
        later, refired, _ = map(np.asarray, iterate(network, moved, 2000))
        np.testing.assert_array_equal(refired, fired)
        # All is forgotten but the spikes.
        np.testing.assert_allclose(later[-1], states[-1], atol=1e-12)
    # A little more, at the place and time where it is nearest, does change one.
    when = int(np.argmin(distance))
    y = jnp.asarray(states[when])
    V = y if y.ndim == 1 else y[0]
    who = int(jnp.argmin(jnp.abs(V - 1.0)))
    beyond = V.at[who].add(1.01 * (1.0 - V[who]) + (1e-12 if V[who] < 1.0 else -1e-12))
    other = beyond if y.ndim == 1 else y.at[0].set(beyond)
    assert not np.array_equal(network.spikes(other), network.spikes(y))


def test_one_neuron_of_gif_charges_exactly() -> None:
    network = GIF(jnp.zeros((1, 1)), jnp.array([0.08]))
    states, fired, _ = map(np.asarray, iterate(network, jnp.zeros((3, 1)), 200))
    k = np.arange(20)
    charge = 0.08 * 20.0 * (1.0 - np.exp(-k / 20.0))
    np.testing.assert_allclose(states[:20, 0, 0], charge, atol=1e-12)
    np.testing.assert_array_equal(np.diff(np.flatnonzero(fired[:, 0])), np.ceil(-20.0 * np.log(1.0 - 1.0 / 1.6)))


def test_conductances_contract_by_their_exact_integral_and_charge_to_second_order() -> None:
    y = jnp.array([[0.3], [0.05], [0.08]])

    def closing(t: float) -> tuple[float, float]:
        return 0.05 * np.exp(-t / 5.0), 0.08 * np.exp(-t / 10.0)

    def rate(t: float, V: np.ndarray) -> np.ndarray:
        G_E, G_I = closing(t)
        return -V / 20.0 + G_E * (4.7 - V) + G_I * (-0.7 - V) + 0.02

    exact = solve_ivp(rate, (0.0, 8.0), [0.3], rtol=1e-11, atol=1e-12).y[0, -1]
    errors = []
    for delta in (2.0, 1.0, 0.5):
        network = GIF(jnp.zeros((1, 1)), jnp.array([0.02]), theta=1e3, delta=delta)
        end = np.asarray(iterate(network, y, int(8 / delta) + 1)[0][-1])
        np.testing.assert_allclose(end[1:, 0], closing(8.0), rtol=1e-12)
        errors.append(abs(end[0, 0] - exact))
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    np.testing.assert_allclose(orders, 2.0, atol=0.2)
    network = GIF(jnp.zeros((1, 1)), jnp.array([0.02]), delta=2.0)
    contraction = jax.jacfwd(lambda y: network.step(0, y, None))(y)[0, 0, 0, 0]
    integral = 2.0 / 20.0 + 0.05 * 5.0 * (1 - np.exp(-0.4)) + 0.08 * 10.0 * (1 - np.exp(-0.2))
    np.testing.assert_allclose(contraction, np.exp(-integral), rtol=1e-12)


def test_spikes_open_conductances_by_sign() -> None:
    network = GIF(jnp.array([[0.0, 2.0], [-3.0, 0.0]]), jnp.zeros(2), C=0.1)
    y = jnp.array([[1.5, 1.2], [0.0, 0.0], [0.0, 0.0]])
    after = np.asarray(network.step(0, y, None))
    np.testing.assert_allclose(after[1], [0.2 * np.exp(-0.2), 0.0], rtol=1e-12)
    np.testing.assert_allclose(after[2], [0.0, 0.3 * np.exp(-0.1)], rtol=1e-12)
    # Both were reset; excitation drives one up and inhibition the other down.
    assert after[0, 0] > 0 > after[0, 1]


def test_attractors_of_the_contracting_map_have_negative_exponents() -> None:
    network = BMS.draw(n=10, key=jax.random.key(0)).replace(gamma=0.5)
    exponents = ds.lyapunov_spectrum(network, k=1, transient=500, duration=500).exponents
    assert exponents[0] <= np.log(0.5) + 1e-9
