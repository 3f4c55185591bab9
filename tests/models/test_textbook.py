"""Known answers of the textbook oscillators, populations, wells and of systems with several rest states."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.models import (
    Brusselator,
    DoubleWell,
    LotkaVolterra,
    MagneticPendulum,
    MaierStein,
    NewtonMap,
    Oregonator,
    Repressilator,
    RosenzweigMacArthur,
    Selkov,
    facts,
)
from dynascope.systems import AbstractFlow


def velocity(system: AbstractFlow, y: Any) -> Any:
    return np.asarray(system.vector_field(0.0, jnp.asarray(y), None))


def eigenvalues(system: AbstractFlow, y: Any) -> Any:
    jacobian = jax.jacfwd(lambda z: system.vector_field(0.0, z, None))(jnp.asarray(y))
    return np.linalg.eigvals(np.asarray(jacobian))


def hopf_values() -> list[tuple[float, list[tuple[AbstractFlow, list[float]]]]]:
    """The sign of the growth on either side, with systems there and their rest states."""
    B = float(facts("brusselator")["hopf_B"].value)
    K = float(facts("rosenzweig-macarthur")["hopf_K"].value)
    low, high = np.asarray(facts("selkov")["hopf_b"].value)
    below, above = [], []
    for d, found in ((-0.01, below), (0.01, above)):
        found += [
            (Brusselator(B=B + d), [1.0, B + d]),
            (RosenzweigMacArthur(K=K + d), [1.0, 2.0 * (1.0 - 1.0 / (K + d))]),
        ]
    for b, found in ((low - 0.01, below), (high + 0.01, below), (low + 0.01, above), (high - 0.01, above)):
        found.append((Selkov(b=b), [b, b / (0.08 + b * b)]))
    return [(-1.0, below), (1.0, above)]


def test_hopf_points() -> None:
    for sign, systems in hopf_values():
        for system, rest in systems:
            np.testing.assert_allclose(velocity(system, rest), 0.0, atol=1e-12)
            found = eigenvalues(system, rest)
            assert np.all(np.sign(found.real) == sign)
            assert np.all(np.abs(found.imag) > 0.1)


def test_lotka_volterra_cycles() -> None:
    model = LotkaVolterra()
    period = float(facts("lotka-volterra")["small_period"].value)
    np.testing.assert_allclose(2 * np.pi / np.abs(eigenvalues(model, [3.0, 1.5]).imag), period, rtol=1e-12)
    run = ds.trajectory(model, model.initial_state(), np.linspace(0.0, 20.0, 50))
    x, y = np.asarray(run.ys).T
    kept = x - 3.0 * np.log(x) + y - 1.5 * np.log(y)
    np.testing.assert_allclose(kept, kept[0], atol=1e-4)


def test_repressilator_beats_where_its_rest_state_is_unstable() -> None:
    model = Repressilator()
    p = 5.0
    for _ in range(50):
        f = 216.0 / (1 + p**2) + 0.216 - p
        p -= f / (-432.0 * p / (1 + p**2) ** 2 - 1)
    np.testing.assert_allclose(velocity(model, [p] * 6), 0.0, atol=1e-10)
    x = -432.0 * p / (1 + p**2) ** 2
    assert (3 * x**2 / (4 + 2 * x) > 1.2**2 / 0.2) == bool(eigenvalues(model, [p] * 6).real.max() > 0)
    gentle = Repressilator(n=1.0, alpha=20.0)
    q = (-(1 - 0.216) + np.sqrt((1 - 0.216) ** 2 + 4 * 20.216)) / 2
    np.testing.assert_allclose(velocity(gentle, [q] * 6), 0.0, atol=1e-10)
    assert eigenvalues(gentle, [q] * 6).real.max() < 0


def test_oregonator_has_one_unstable_rest_state() -> None:
    model = Oregonator()
    # z = x and y = f x / (q + x) leave a quadratic equation for x.
    q = 8e-4
    x = (1 - 1 - q + np.sqrt((1 - 1 - q) ** 2 + 4 * q * 2)) / 2
    y = [x, x / (q + x), x]
    np.testing.assert_allclose(velocity(model, y), 0.0, atol=1e-10)
    assert eigenvalues(model, y).real.max() > 0


def test_magnetic_pendulum_is_symmetric_under_a_third_of_a_turn() -> None:
    model = MagneticPendulum()
    c, s = -0.5, np.sqrt(3) / 2
    turn = np.array([[c, -s], [s, c]])
    turn = np.block([[turn, np.zeros((2, 2))], [np.zeros((2, 2)), turn]])
    y = np.array([0.3, -0.8, 0.2, 0.5])
    np.testing.assert_allclose(velocity(model, turn @ y), turn @ velocity(model, y), atol=1e-13)


def test_magnetic_pendulum_loses_energy_to_friction_alone() -> None:
    model = MagneticPendulum(gamma=jnp.array([1.0, 0.7, 1.2]))
    magnets = np.array([[np.cos(a), np.sin(a)] for a in 2 * np.pi * np.arange(1, 4) / 3])

    def energy(y: Any) -> Any:
        apart = y[:2] - magnets
        near = model.gamma / jnp.sqrt(jnp.sum(apart**2, axis=1) + model.d**2)
        return (y[2:] @ y[2:] + model.omega**2 * (y[:2] @ y[:2])) / 2 - jnp.sum(near)

    y = jnp.array([0.3, -0.8, 0.2, 0.5])
    loss = float(jax.grad(energy)(y) @ velocity(model, y))
    np.testing.assert_allclose(loss, -0.2 * (0.2**2 + 0.5**2), rtol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_newton_map_is_that_of_complex_numbers_and_rests_on_the_roots(n: int) -> None:
    z = 0.7 - 0.4j
    expected = z - 0.9 * (z**n - 1) / (n * z ** (n - 1))
    found = NewtonMap(n=n, a=0.9).step(0, jnp.array([z.real, z.imag]), None)
    np.testing.assert_allclose(found, [expected.real, expected.imag], rtol=1e-13)
    for k in range(n):
        root = jnp.array([np.cos(2 * np.pi * k / n), np.sin(2 * np.pi * k / n)])
        np.testing.assert_allclose(NewtonMap(n=n).step(0, root, None), root, atol=1e-14)
        slope = jax.jacfwd(lambda y: NewtonMap(n=n).step(0, y, None))(root)
        np.testing.assert_allclose(slope, 0.0, atol=1e-13)


def test_double_well_has_the_barrier_of_its_potential() -> None:
    model = DoubleWell()
    # Two-point Gauss quadrature is exact for a cubic force.
    places = 0.5 + 0.5 * np.array([-1.0, 1.0]) / np.sqrt(3.0)
    height = np.mean([velocity(model, [x])[0] for x in places])
    assert facts("double-well")["barrier"].agrees(height)
    for valley in (-1.0, 1.0):
        np.testing.assert_allclose(velocity(model, [valley]), 0.0)


def test_maier_stein_has_a_potential_only_for_equal_coefficients() -> None:
    y = jnp.array([0.4, 0.7])
    for alpha, symmetric in ((1.0, True), (10.0, False)):
        model = MaierStein(alpha=alpha)
        slope = np.asarray(jax.jacfwd(lambda z, s=model: s.vector_field(0.0, z, None))(y))
        assert bool(np.isclose(slope[0, 1], slope[1, 0], rtol=1e-12)) == symmetric
    for rest in ([-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]):
        np.testing.assert_allclose(velocity(MaierStein(), rest), 0.0, atol=1e-14)
