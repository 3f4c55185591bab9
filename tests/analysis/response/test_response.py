"""Linear response against powers of a matrix and kicks; effective connectivity; learning at the edge of chaos."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import ComputationFailed, InputError
from dynascope.analysis.response import (
    JacobianProducts,
    Kicks,
    effective_connectivity,
    learning_course,
    linear_response,
)
from dynascope.models import HebbianForgetting, Henon, LinearMap, Lorenz, RateMap


@pytest.mark.parametrize("method", [JacobianProducts(), Kicks(0.1)])
def test_of_a_linear_map_are_the_powers_of_its_matrix(method: JacobianProducts | Kicks) -> None:
    phi, rho = 0.9, 0.95
    A = rho * np.array([[np.cos(phi), -np.sin(phi)], [np.sin(phi), np.cos(phi)]])
    found = linear_response(LinearMap(A), lags=200, samples=32, method=method)
    for tau in (0, 1, 7, 200):
        np.testing.assert_allclose(found.chi[tau], np.linalg.matrix_power(A, tau), atol=1e-11)
    # The resolvent: chi(omega) = (1 - exp(i omega) A)^-1, largest near the angle of the eigenvalues.
    omega = np.linspace(0, np.pi, 257)
    exact = np.array([np.linalg.inv(np.eye(2) - np.exp(1j * w) * A) for w in omega])
    values, errors = found.susceptibility(omega)
    np.testing.assert_allclose(values, exact, atol=2e-3)
    assert np.max(errors) < 1e-8
    where, gain, _ = found.resonance(0, 1)
    assert where == omega[np.argmax(np.abs(exact[:, 0, 1]))]
    assert abs(where - phi) < 0.03
    assert gain == pytest.approx(np.max(np.abs(exact[:, 0, 1])), rel=1e-3)
    assert "2 components" in found.summary()


def chaotic() -> RateMap:
    return RateMap.draw(n=9, g=3.0, C=1.5, key=jax.random.key(11))


def test_of_a_chaotic_network_products_and_kicks_agree() -> None:
    network = chaotic()
    products = linear_response(network, samples=100_000, lags=6)
    kicks = linear_response(network, samples=100_000, lags=6, method=Kicks(1e-2), key=jax.random.key(7))
    for tau in range(1, 5):
        apart = products.chi[tau] - kicks.chi[tau]
        assert np.linalg.norm(apart) < 0.05 * np.linalg.norm(products.chi[tau])
        errors = np.hypot(products.stderr[tau], kicks.stderr[tau])
        assert np.sqrt(np.mean((apart / errors) ** 2)) < 2.0
    # The first lag by hand: the weights times the mean slopes.
    slope = products.chi[1] / (1.5 * np.asarray(network.W))
    np.testing.assert_allclose(slope, np.broadcast_to(slope[:1], slope.shape), rtol=1e-9)
    assert np.all((slope > 0) & (slope < 3.0))
    # Averages of products decay although single products grow, so errors rise with the lag.
    assert products.stderr[6].mean() > 3 * products.stderr[1].mean()
    # Who acts on whom is not said by the weights.
    effective = effective_connectivity(products, network.W)
    assert np.all(effective.agreement < 0.5)
    assert np.all(effective.agreement_stderr < 0.1)
    assert "9 units" in effective.summary()
    assert ds.plot(effective).axes


def test_errors_tell_of_kicks_in_one_band_only() -> None:
    # The network jumps between two bands, which differ in their response.
    network = chaotic()
    both, one = (linear_response(network, samples=16_000, lags=1, every=every) for every in (5, 6))
    assert one.stderr[1].max() > 5 * both.stderr[1].max()
    assert np.all(np.abs(one.chi[1] - both.chi[1]) < 5 * np.hypot(one.stderr[1], both.stderr[1]))


def test_weak_weights_say_who_acts_on_whom() -> None:
    network = RateMap.draw(n=9, g=1.0, C=0.05, key=jax.random.key(0))
    found = linear_response(network, samples=160, lags=4)
    assert np.all(effective_connectivity(found, network.W).agreement > 0.97)


@pytest.mark.parametrize("seed", [0, 1])
def test_learning_ends_chaos_and_the_response_peaks_there(seed: int) -> None:
    n = 100
    i = np.arange(n)
    pattern = 0.01 * np.sin(2 * np.pi * i / n) * np.cos(8 * np.pi * i / n)
    network = RateMap.draw(n=n, xi=pattern, C=1.5, rest=0.5, balanced=True, key=jax.random.key(seed))
    course = learning_course(
        network, HebbianForgetting(), without=lambda net: net.replace(xi=jnp.zeros(n)), epochs=20, steps=8000
    )
    assert course.exponents[0] > 0.05
    assert course.exponents[-1] < -0.5
    assert 1 <= course.crossing <= 20
    assert abs(course.peak - course.crossing) <= 5
    assert course.responses[course.peak] > 2 * course.responses[-1]
    assert "reaches zero at epoch" in course.summary()
    assert ds.plot(course).axes
    # Weights have faded by lam each epoch but for the little that was learned.
    faded = 0.9**20 * np.asarray(network.W)
    assert np.max(np.abs(np.asarray(course.system.W) - faded)) < 1e-2  # type: ignore[attr-defined]


def test_exponents_and_responses_in_closed_form() -> None:
    # One neuron each, at rest at u = xi: exponent ln(C w g (1 - rest) / cosh^2), response f(xi) - f(0).
    weights = jnp.diag(jnp.array([0.3, 0.3]))
    network = RateMap(weights, jnp.array([0.05, 0.05]), 1.0)
    course = learning_course(
        network, lambda net, _: net, without=lambda net: net.replace(xi=jnp.zeros(2)), epochs=2, steps=320
    )
    u = 0.0
    for _ in range(200):
        u = 0.3 * np.tanh(u) + 0.05
    np.testing.assert_allclose(course.exponents, np.log(0.3 / np.cosh(u) ** 2), atol=1e-10)
    np.testing.assert_allclose(course.responses, np.tanh(u), atol=1e-10)
    assert course.crossing == 0


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="works on maps"):
        linear_response(Lorenz())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 1"):
        linear_response(LinearMap(np.eye(2)), lags=0)
    with pytest.raises(InputError, match="`method` must be"):
        linear_response(LinearMap(np.eye(2)), method="kicks")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="`size` of `Kicks`"):
        Kicks(0.0)
    found = linear_response(LinearMap(0.5 * np.eye(2)), lags=2, samples=16)
    with pytest.raises(InputError, match="from 0 to 1, got 5 and 0"):
        found.resonance(5, 0)
    with pytest.raises(InputError, match="`frequencies` must be finite"):
        found.resonance(0, 1, frequencies=[np.nan])
    with pytest.raises(InputError, match="shape of the response"):
        effective_connectivity(linear_response(LinearMap(0.5 * np.eye(3)), lags=2, samples=16), np.eye(4))
    with pytest.raises(ComputationFailed, match="finite"):
        linear_response(Henon(), jnp.array([50.0, 50.0]), samples=32)
    with pytest.raises(InputError, match="works on maps"):
        learning_course(Lorenz(), lambda s, m: s, without=lambda s: s)  # type: ignore[arg-type]
