"""Order parameters, clusters, chimera states and Laplacian spectra against closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.synchrony import chimera, laplacian_spectrum, order_parameters, phase_clusters
from dynascope.models import Kuramoto, SakaguchiPopulations
from dynascope.solve import RK4


def test_order_parameters_of_clusters_and_of_chance() -> None:
    t = np.arange(50)[:, None]
    three = order_parameters(t + np.arange(30) % 3 * 2 * np.pi / 3, orders=(1, 2, 3, 6))
    np.testing.assert_allclose(three.values, [0, 0, 1, 1], atol=1e-12)
    random = order_parameters(np.random.default_rng(0).uniform(0, 2 * np.pi, (4000, 100)))
    assert np.all(np.abs(random.values - random.chance) < 4 * random.stderr)
    assert random.chance == pytest.approx(np.sqrt(np.pi / 100) / 2)
    assert "|Z4|" in random.summary()
    # The Poisson kernel of order r has Z_k = r^k.
    quantiles = 2 * np.arctan((1 - 0.6) / (1 + 0.6) * np.tan(np.pi * ((np.arange(4000) + 0.5) / 4000 - 0.5)))
    kernel = order_parameters(np.tile(quantiles, (2, 1)))
    np.testing.assert_allclose(kernel.values, [0.6, 0.36, 0.216, 0.1296], atol=1e-3)


def test_clusters_of_a_network_that_falls_into_two() -> None:
    # Two groups of frequencies, each narrow against the coupling within it, too far apart to lock.
    omega = np.r_[np.linspace(-0.1, 0.1, 20), 6 + np.linspace(-0.1, 0.1, 12), 40.0]
    run = ds.trajectory(Kuramoto(omega, 2.0), None, np.r_[0, np.arange(40, 80, 0.05)], solver=RK4(0.01))
    found = phase_clusters(np.asarray(run.ys)[1:])
    assert found.sizes.tolist() == [20, 12]
    assert found.labels.tolist() == [0] * 20 + [1] * 12 + [-1]
    assert np.all(found.coherence > 0.95)
    assert "1 alone" in found.summary()


def steady_chimera(A: float, beta: float) -> float:
    """Order of the unsynchronised population by descent on the reduced equations of Abrams et al. (2008)."""
    mu, nu, alpha = (1 + A) / 2, (1 - A) / 2, np.pi / 2 - beta
    r, psi = 0.7, -0.2
    for _ in range(400_000):
        grow = (1 - r**2) / 2 * (mu * r * np.cos(alpha) + nu * np.cos(psi - alpha))
        turn = (1 + r**2) / (2 * r) * (mu * r * np.sin(alpha) - nu * np.sin(psi - alpha))
        r, psi = r + 0.01 * grow, psi + 0.01 * (turn - mu * np.sin(alpha) - nu * r * np.sin(psi + alpha))
    return r


def test_a_chimera_has_the_order_of_the_reduced_equations() -> None:
    run = ds.trajectory(SakaguchiPopulations.two(n=200), None, np.r_[0, np.arange(400, 700, 0.5)], solver=RK4(0.05))
    found = chimera(np.asarray(run.ys)[1:].reshape(600, -1), np.repeat([0, 1], 200))
    assert found.verdict == "chimera"
    assert found.values[0] > 0.9999
    assert found.values[1] == pytest.approx(steady_chimera(0.2, 0.1), abs=1e-6)
    assert "Chimera" in found.summary()


def test_a_breathing_chimera_and_none() -> None:
    breathing = ds.trajectory(
        SakaguchiPopulations.two(n=200, A=0.28), None, np.r_[0, np.arange(400, 700, 0.5)], solver=RK4(0.05)
    )
    found = chimera(np.asarray(breathing.ys)[1:].reshape(600, -1), np.repeat([0, 1], 200))
    assert found.verdict == "breathing chimera"
    assert found.series[:, 1].std() > 0.03
    all_alike = np.zeros((20, 10))
    assert chimera(all_alike, np.arange(10) % 2).verdict == "synchrony"
    spread = np.tile(np.linspace(0, 6, 10), (20, 1))
    assert chimera(spread, np.arange(10) % 2).verdict == "no synchrony"


def test_populations_of_one_are_kuramoto_and_the_lag_turns() -> None:
    omega = np.array([[0.3, -0.2, 1.0, 0.1]])
    y = np.array([[0.1, 2.0, -1.0, 0.7]])
    lag = 0.4
    field = SakaguchiPopulations(omega, np.array([[1.5]]), lag).vector_field(0.0, jnp.asarray(y), None)
    direct = omega + 1.5 * np.mean(np.sin(y[:, :, None].swapaxes(1, 2) - y[:, :, None] - lag), axis=2)
    np.testing.assert_allclose(field, direct, atol=1e-12)


@pytest.mark.parametrize("n", [5, 12])
def test_laplacian_spectra_in_closed_form(n: int) -> None:
    ring = np.roll(np.eye(n), 1, 0) + np.roll(np.eye(n), -1, 0)
    found = laplacian_spectrum(ring)
    np.testing.assert_allclose(found.eigenvalues, np.sort(2 - 2 * np.cos(2 * np.pi * np.arange(n) / n)), atol=1e-12)
    full = laplacian_spectrum(np.ones((n, n)) - np.eye(n))
    assert (full.connectivity, full.eigenratio) == pytest.approx((n, 1.0))
    star = np.zeros((n, n))
    star[0, 1:] = star[1:, 0] = 1
    np.testing.assert_allclose(laplacian_spectrum(star).eigenvalues, [0.0] + [1.0] * (n - 2) + [n], atol=1e-12)
    directed = laplacian_spectrum(np.roll(np.eye(n), 1, 0))
    np.testing.assert_allclose(np.abs(directed.eigenvalues - 1), 1.0, atol=1e-9)
    apart = laplacian_spectrum(np.kron(np.eye(2), np.ones((3, 3))))
    assert (apart.components, apart.connectivity, apart.eigenratio) == (2, 0.0, np.inf)
    assert "2 parts" in apart.summary()


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        order_parameters(np.zeros(5))
    with pytest.raises(InputError, match="at least two groups"):
        chimera(np.zeros((5, 4)), np.zeros(4))
    with pytest.raises(InputError, match="shape"):
        SakaguchiPopulations(np.zeros((2, 3)), np.zeros((3, 3)))
