"""Lyapunov spectra of many kinds of systems against exact values, published ones and runs without derivatives."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from benchmarks.lyapunov_table import COUPLED_EXPONENTS, coupled_fitzhugh_nagumo
from dynascope.analysis.stability import Benettin, LyapunovSpectrum, lyapunov_spectrum
from dynascope.models.artificial import LSTM
from dynascope.models.canonical import LinearFlow, LinearMap
from dynascope.models.networks import RateNetwork
from dynascope.solve import RK4, Euler
from dynascope.systems import Noise

SKEWED = np.array([[1.0, 0.3, -0.2, 0.1], [0.1, 1.0, 0.4, 0.0], [0.0, -0.3, 1.0, 0.2], [0.2, 0.0, 0.1, 1.0]])


def with_blocks(*blocks: Any) -> np.ndarray:
    """A matrix with these numbers, and these pairs a + ib, as eigenvalues, and eigenvectors far from orthogonal."""
    sizes = [1 if np.isreal(b) else 2 for b in blocks]
    inner, at = np.zeros((sum(sizes), sum(sizes))), 0
    for block, size in zip(blocks, sizes, strict=True):
        part = [[np.real(block)]] if size == 1 else [[block.real, -block.imag], [block.imag, block.real]]
        inner[at : at + size, at : at + size] = part
        at += size
    basis = SKEWED[:at, :at]
    return basis @ inner @ np.linalg.inv(basis)


def near(found: LyapunovSpectrum, expected: Any, *, known: float = 0.0) -> None:
    """Within three standard errors, and `known`, the error of the reference and of the length of the run."""
    apart = np.abs(found.exponents - np.asarray(expected))
    assert np.all(apart <= 3 * np.hypot(found.stderr, known)), f"{found.exponents} +- {found.stderr}, not {expected}"


@pytest.mark.parametrize("time", [50.0, 3000.0])
def test_real_eigenvalues_of_a_flow(time: float) -> None:
    """Also where e^t has long left the range of double precision, on both sides."""
    values = np.array([1.5, 0.2, -1.0])
    rest = np.zeros(3)
    found = lyapunov_spectrum(
        LinearFlow(with_blocks(*values)), y0=rest, transient=30.0, duration=time, solver=RK4(0.002)
    )
    np.testing.assert_allclose(found.exponents, values, atol=1e-10)
    assert found.settings["duration"] * values[0] > (700 if time > 700 else 0)


@pytest.mark.parametrize("steps", [500, 20_000])
def test_real_eigenvalues_of_a_map(steps: int) -> None:
    values = np.array([1.6, -0.9, 0.4, 0.1])
    found = lyapunov_spectrum(LinearMap(with_blocks(*values)), y0=np.zeros(4), transient=300, duration=steps)
    np.testing.assert_allclose(found.exponents, np.log(np.abs(values)), atol=1e-10)


@pytest.mark.parametrize("time", [100.0, 3000.0])
def test_complex_eigenvalues_of_a_flow(time: float) -> None:
    """A pair turns its vectors for ever: its sum is known at once, each of the two within its error."""
    h, pair, last = 0.002, 0.3 + 2.0j, -1.0
    matrix = with_blocks(pair, last)
    found = lyapunov_spectrum(LinearFlow(matrix), y0=np.zeros(3), transient=40.0, duration=time, solver=RK4(h))
    z = h * np.array([pair, last])
    computed = np.log(np.abs(1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24)) / h
    assert found.exponents[:2].sum() == pytest.approx(2 * computed[0], abs=1e-10)
    np.testing.assert_allclose(computed, [0.3, -1.0], atol=1e-10)
    assert found.exponents[2] == pytest.approx(last, abs=1e-10)
    # The turning of a pair is bounded: what it leaves falls as one over the time.
    near(found, [0.3, 0.3, -1.0], known=1.0 / time)


@pytest.mark.parametrize("steps", [1000, 20_000])
def test_complex_eigenvalues_of_a_map(steps: int) -> None:
    pair = 1.1 * np.exp(1.0j)
    found = lyapunov_spectrum(LinearMap(with_blocks(pair, 0.5)), y0=np.zeros(3), transient=300, duration=steps)
    assert found.exponents[:2].sum() == pytest.approx(2 * math.log(1.1), abs=1e-10)
    assert found.exponents[2] == pytest.approx(math.log(0.5), abs=1e-10)
    near(found, np.log([1.1, 1.1, 0.5]), known=1.0 / steps)


def test_cat_map_has_its_eigenvalues() -> None:
    found = lyapunov_spectrum(ds.build("arnold-cat-map"), duration=5000)
    golden = 2 * math.log((1 + math.sqrt(5)) / 2)
    np.testing.assert_allclose(found.exponents, [golden, -golden], atol=1e-12)


def test_ikeda_map_contracts_at_a_constant_rate() -> None:
    found = lyapunov_spectrum(ds.build("ikeda-map"), duration=200_000)
    assert found.exponents.sum() == pytest.approx(2 * math.log(0.9), abs=1e-11)
    near(found, [0.5076, -0.7183], known=1e-4)


def test_coupled_neurons_of_fitzhugh_and_nagumo() -> None:
    found = lyapunov_spectrum(coupled_fitzhugh_nagumo(), transient=5000.0, duration=50_000.0, solver=RK4(0.1))
    near(found, COUPLED_EXPONENTS, known=1e-3)
    assert found.exponents[0] > 3 * found.stderr[0]


@pytest.mark.slow
def test_weather_on_a_ring() -> None:
    found = lyapunov_spectrum(ds.build("lorenz96"), duration=2000.0, solver=RK4(0.02))
    assert np.sum(found.exponents > 3 * found.stderr + 0.001) == 13
    assert found.exponents[0] == pytest.approx(1.68, abs=3 * found.stderr[0] + 0.01)
    assert found.kaplan_yorke == pytest.approx(27.05, abs=3 * found.kaplan_yorke_stderr + 0.05)
    assert found.exponents.sum() == pytest.approx(-40.0, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "duration", "positive", "total"),
    # The divergence is constant: a + d - 2 b - c, and so on.
    [
        ("hyper-lorenz", 2000.0, 2, -1 - 10 - 8 / 3 + 1.1),
        ("hyper-xu", 1000.0, 2, -12.5),
        ("folded-towel", 20_000, 2, None),
    ],
)
def test_hyperchaos_has_two_positive_exponents(name: str, duration: float, positive: int, total: float | None) -> None:
    found = lyapunov_spectrum(ds.build(name), duration=duration)
    assert np.sum(found.exponents > 3 * found.stderr + 1 / duration) == positive
    if total is not None:
        assert found.exponents.sum() == pytest.approx(total, abs=1e-4)


def test_hyperchaos_of_roessler() -> None:
    found = lyapunov_spectrum(ds.build("hyper-roessler"), duration=3000.0)
    # Wolf et al. (1985): 0.16, 0.03 and 0 bits, to half a digit.
    near(found, [*(math.log(2) * np.array([0.16, 0.03, 0.0])), found.exponents[3]], known=0.005 * math.log(2))


@pytest.mark.slow
@pytest.mark.parametrize(("tau", "expected"), [(16.4, 0.0), (17.0, 0.0051), (23.0, 0.0094), (30.0, 0.0070)])
def test_blood_of_mackey_and_glass(tau: float, expected: float) -> None:
    found = lyapunov_spectrum(ds.build("mackey-glass", tau=tau), k=1, transient=4000.0, duration=40_000.0)
    near(found, [expected], known=5e-5)
    assert found.signs[0] == (1 if expected else 0)


def test_network_at_rest_has_the_eigenvalues_of_its_couplings() -> None:
    """Weak coupling: the origin attracts, and all depends on J alone, self-couplings included."""
    network = RateNetwork.draw(n=12, g=0.7, tau=2.0, key=jax.random.key(1))
    found = lyapunov_spectrum(network, y0=np.zeros(12), transient=400.0, duration=400.0, solver=RK4(0.01))
    values = (0.7 * np.linalg.eigvals(np.asarray(network.J)) - 1) / 2
    assert found.exponents.sum() == pytest.approx(values.real.sum(), abs=1e-9)
    assert values.real.sum() == pytest.approx((-12 + 0.7 * np.trace(network.J)) / 2, abs=1e-12)
    np.testing.assert_allclose(found.exponents, np.sort(values.real)[::-1], atol=0.02)


def test_sum_of_a_network_without_self_coupling_is_its_leak() -> None:
    network = RateNetwork.draw(n=30, g=5.0, tau=2.0, self_coupling=False, key=jax.random.key(2))
    found = lyapunov_spectrum(network, transient=100.0, duration=200.0, solver=RK4(0.05))
    assert found.exponents.sum() == pytest.approx(-30 / 2.0, abs=1e-4)


def test_sum_of_a_network_is_leak_and_self_coupling() -> None:
    r"""$\sum_i \lambda_i = (-N + g \sum_i \langle J_{ii} \tanh'(x_i) \rangle) / \tau$ along a chaotic orbit."""
    n, g, tau = 30, 6.0, 2.0
    network = RateNetwork.draw(n=n, g=g, tau=tau, key=jax.random.key(4))
    found = lyapunov_spectrum(network, transient=200.0, duration=2000.0, solver=RK4(0.05))
    assert found.exponents[0] > 3 * found.stderr[0]
    run = ds.trajectory(network, None, np.arange(200.0, 2200.0, 0.5), solver=RK4(0.05))
    gain = g * np.diag(network.J) * (1 - np.tanh(np.asarray(run.ys)) ** 2) / tau
    means = gain.sum(axis=1).reshape(20, -1).mean(axis=1)
    error = means.std(ddof=1) / math.sqrt(20)
    assert abs(means.mean()) > 10 * error
    # The two runs part after a while, and are two samples of the same mean.
    expected = -n / tau + means.mean()
    assert found.exponents.sum() == pytest.approx(expected, abs=3 * math.sqrt(2) * error)


def test_network_in_steps_of_euler() -> None:
    """N ln(1 - dt) / dt: what random couplings without a diagonal leave of the determinant."""
    network = RateNetwork.draw(n=100, g=4.0, self_coupling=False, key=jax.random.key(3))
    found = lyapunov_spectrum(network, k=100, transient=50.0, duration=60.0, solver=Euler(0.1))
    assert found.exponents.mean() == pytest.approx(math.log(0.9) / 0.1, rel=0.003)


def test_lstm_separates_its_twins() -> None:
    """Along one long input, memory cells included; all exponents against PyTorch are in `learning`."""
    network = LSTM.draw(n=8, gain=8.0, key=jax.random.key(1))
    found = lyapunov_spectrum(network, inputs=Noise(key=jax.random.key(0), std=0.3), duration=20_000)
    assert found.dimension == 16
    assert found.exponents[0] > 10 * found.stderr[0]
    assert abs(found.twin - found.exponents[0]) < 3 * math.hypot(found.twin_stderr, found.stderr[0])
    assert found.twin_stderr < 0.02


def test_interval_of_a_wide_spectrum_is_short_enough() -> None:
    """Directions that differ by e^-60 per step drown unless frames are made orthonormal in time."""
    found = lyapunov_spectrum(LinearMap(with_blocks(2.0, 1.0, 1e-3)), y0=np.zeros(3), duration=2000)
    np.testing.assert_allclose(found.exponents, np.log([2.0, 1.0, 1e-3]), atol=1e-10)
    late = lyapunov_spectrum(
        LinearMap(with_blocks(2.0, 1.0, 1e-3)), y0=np.zeros(3), duration=2000, method=Benettin(every=8)
    )
    assert not late.converged


def test_noise_is_fixed_along_the_run() -> None:
    """Exponents of x' = x exp(a + b w) with w drawn anew: the mean a, its error b / sqrt(T)."""

    class Products(ds.AbstractRandomMap):
        variables = ds.variables("x")

        def initial_state(self) -> jax.Array:
            return jnp.ones(1)

        def draw(self, key: Any, n: Any) -> jax.Array:
            del n
            return jax.random.normal(key, ())

        def step(self, n: Any, y: Any, u: Any, w: Any) -> jax.Array:
            del n, u
            return 0.5 * jnp.exp(-0.3 * w) * y

    found = lyapunov_spectrum(Products(), duration=20_000, y0=np.zeros(1), key=jax.random.key(7))
    assert found.stderr[0] == pytest.approx(0.3 / math.sqrt(20_000), rel=0.6)
    near(found, [math.log(0.5)])
