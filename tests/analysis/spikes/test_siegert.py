"""The rate of Siegert: against quadrature by SciPy, its limits and its derivatives."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf, erfcx

from dynascope import InputError
from dynascope.analysis.spikes import siegert_rate
from dynascope.analysis.spikes._siegert import _scaled_erfc


def by_quadrature(mu: float, sigma: float, reset: float) -> float:
    """The same formula with the largest exponential taken out, by SciPy; threshold 15, tau 10, refractory 2."""
    low, high = (reset - mu) / sigma, (15.0 - mu) / sigma
    top = max(high, 0.0)

    def integrand(x: float) -> float:
        return np.exp(-(top**2)) * erfcx(-x) if x < 0 else np.exp(x * x - top**2) * (1 + erf(x))

    inner = [x for x in (0.0, high - 0.5, high - 0.05, -1.0, -10.0, -100.0) if low < x < high]
    edges = sorted([low, *inner, high])
    total = sum(quad(integrand, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in itertools.pairwise(edges))
    return float(np.exp(-(top**2)) / (2.0 * np.exp(-(top**2)) + 10.0 * np.sqrt(np.pi) * total))


def rate(mu: Any, sigma: Any, reset: Any = 0.0) -> jax.Array:
    return siegert_rate(mu, sigma, tau=10.0, threshold=15.0, reset=reset, refractory=2.0)


def test_known_rate_at_threshold() -> None:
    np.testing.assert_allclose(1000 * rate(15.0, np.sqrt(1.5)), 27.1096, atol=5e-5)


@pytest.mark.parametrize("mu", [0.0, 10.0, 14.0, 15.0, 16.0, 30.0])
@pytest.mark.parametrize("sigma", [0.3, 1.0, 5.0, 50.0])
@pytest.mark.parametrize("reset", [0.0, 14.5])
def test_equals_quadrature(mu: float, sigma: float, reset: float) -> None:
    np.testing.assert_allclose(rate(mu, sigma, reset), by_quadrature(mu, sigma, reset), rtol=1e-9, atol=1e-300)


def test_little_noise_gives_the_neuron_without_noise() -> None:
    # To second order the mean interval is shorter by tau sigma^2 / 4 times the difference of the squared slopes.
    exact = 2.0 + 10.0 * np.log(20.0 / 5.0)
    for sigma in (1e-3, 1e-2, 0.1):
        expected = exact - 10.0 * sigma**2 / 4.0 * (1 / 5.0**2 - 1 / 20.0**2)
        np.testing.assert_allclose(1 / rate(20.0, sigma), expected, rtol=1e-6)


def test_far_below_threshold_it_is_nil_without_overflow() -> None:
    assert float(rate(-20.0, 0.1)) == 0.0
    assert float(jax.grad(lambda mu: rate(mu, 0.1))(-20.0)) == 0.0
    # Kramers: rate = b exp(-b^2) / (tau sqrt(pi)) (1 - 1 / (2 b^2) ...) for a threshold b sigma above the mean.
    b = 8.0
    expected = b * np.exp(-(b**2)) / (10.0 * np.sqrt(np.pi)) * (1 - 1 / (2 * b**2) - 1 / (2 * b**4))
    np.testing.assert_allclose(rate(15.0 - b, 1.0), expected, rtol=1e-3)


def test_derivatives_and_batches() -> None:
    for mu in (10.0, 15.0, 20.0):
        slope = jax.grad(rate)(mu, 1.2)
        np.testing.assert_allclose(slope, (rate(mu + 1e-4, 1.2) - rate(mu - 1e-4, 1.2)) / 2e-4, rtol=1e-6)
    mus, sigmas = jnp.linspace(5.0, 25.0, 5), jnp.array([0.5, 2.0])
    batch = rate(mus[:, None], sigmas)
    assert batch.shape == (5, 2)
    np.testing.assert_allclose(batch[3, 1], rate(mus[3], sigmas[1]), rtol=1e-14)


def test_scaled_erfc_has_no_hole() -> None:
    x = np.concatenate([np.linspace(0.0, 40.0, 4001), np.geomspace(40.0, 1e8, 20)])
    np.testing.assert_allclose(_scaled_erfc(jnp.asarray(x)), erfcx(x), rtol=1e-13)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": 0.0}, r"`sigma` must be positive, got 0\.0\."),
        ({"tau": -1.0}, "`tau` must be positive"),
        ({"refractory": -1.0}, "`refractory` must not be negative"),
        ({"reset": 15.0}, "`reset` must lie below `threshold`"),
    ],
)
def test_wrong_arguments(change: dict[str, float], message: str) -> None:
    arguments: dict[str, Any] = {"mu": 10.0, "sigma": 1.0, "tau": 10.0, "threshold": 15.0, "reset": 0.0} | change
    with pytest.raises(InputError, match=message):
        siegert_rate(**arguments)
