"""Exponents as a pure function: the same numbers, under `jit` and `vmap`, with the right slopes."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.tangent import orbit_exponents
from dynascope.models.canonical import Henon, LinearFlow, Logistic, Lorenz, MackeyGlass, OrnsteinUhlenbeck, VanDerPol
from dynascope.models.networks import RateNetwork
from dynascope.models.neurons import LeakyIntegrateAndFire
from dynascope.solve import RK4, EulerMaruyama


def test_one_orbit_is_that_of_the_spectrum() -> None:
    mine = orbit_exponents(Henon(), steps=50_000, transient_steps=500)
    found = ds.lyapunov_spectrum(Henon(), transient=500, duration=50_000)
    assert np.all(np.abs(mine - found.exponents) < 4 * found.stderr)
    assert mine.sum() == pytest.approx(math.log(0.3), abs=1e-12)


@pytest.mark.parametrize("every", [1, 7])
def test_linear_flow_has_its_real_parts(every: int) -> None:
    matrix = np.array([[-0.5, 1.0], [0.0, -2.0]])
    mine = orbit_exponents(LinearFlow(matrix), steps=4000, transient_steps=4000, every=every, solver=RK4(0.005))
    np.testing.assert_allclose(mine, [-0.5, -2.0], atol=1e-9)


def test_parameters_and_starts_go_through_vmap() -> None:
    """One program for three flows from two starts each; the sum is the divergence of every one."""

    def spectrum(rho: Any, y0: Any) -> Any:
        return orbit_exponents(Lorenz(rho=rho), y0, steps=4000, transient_steps=1000, every=5, solver=RK4(0.005))

    rhos, starts = jnp.array([0.5, 10.0, 28.0]), jnp.array([[1.0, 2.0, 20.0], [3.0, -2.0, 25.0]])
    found = jax.jit(jax.vmap(jax.vmap(spectrum, (None, 0)), (0, None)))(rhos, starts)
    assert found.shape == (3, 2, 3)
    np.testing.assert_allclose(found.sum(axis=-1), -41 / 3, atol=2e-5)
    # At rho = 0.5 everything goes to the origin, whose eigenvalues are known.
    slow = (-11 + math.sqrt(81 + 40 * 0.5)) / 2
    np.testing.assert_allclose(found[0, :, 0], slow, atol=2e-3)
    assert np.all(found[1] < 0)
    assert np.all(found[2, :, 0] > 0.5)
    alone = spectrum(rhos[2], starts[0])
    np.testing.assert_allclose(alone.sum(), found[2, 0].sum(), atol=1e-9)


def test_networks_go_through_vmap() -> None:
    keys = jax.random.split(jax.random.key(0), 4)
    networks = jax.vmap(lambda key: RateNetwork.draw(n=12, self_coupling=False, g=2.0, key=key))(keys)
    found = jax.vmap(
        lambda network: orbit_exponents(network, steps=400, transient_steps=400, every=5, solver=RK4(0.05))
    )(networks)
    assert found.shape == (4, 12)
    np.testing.assert_allclose(found.sum(axis=1), -12.0, atol=1e-4)
    assert np.ptp(found[:, 0]) > 1e-3


@pytest.mark.parametrize("mode", [jax.jacfwd, jax.jacrev])
def test_slope_with_a_parameter_is_exact_where_it_is_known(mode: Any) -> None:
    """At the fixed point 1 - 1/r the logistic map has ln |2 - r|; the Lorenz flow at the origin an eigenvalue."""

    def logistic(r: Any) -> Any:
        return orbit_exponents(Logistic(r=r), steps=50, transient_steps=400)[0]

    assert logistic(2.8) == pytest.approx(math.log(0.8), abs=1e-12)
    assert mode(logistic)(2.8) == pytest.approx(1 / 0.8, abs=1e-9)

    def lorenz(rho: Any) -> Any:
        return orbit_exponents(Lorenz(rho=rho), steps=500, transient_steps=6000, k=1, every=5, solver=RK4(0.01))[0]

    assert lorenz(0.5) == pytest.approx((-11 + math.sqrt(101)) / 2, abs=1e-8)
    assert mode(lorenz)(0.5) == pytest.approx(10 / math.sqrt(101), abs=1e-5)


def test_slope_along_a_finite_orbit_is_that_of_differences() -> None:
    def largest(a: Any, b: Any) -> Any:
        return orbit_exponents(Henon(a=a, b=b), steps=12, transient_steps=4)[0]

    slopes = jax.grad(largest, argnums=(0, 1))(1.4, 0.3)
    h = 1e-6
    for slope, (da, db) in zip(slopes, ((h, 0.0), (0.0, h)), strict=True):
        difference = (largest(1.4 + da, 0.3 + db) - largest(1.4 - da, 0.3 - db)) / (2 * h)
        assert float(slope) == pytest.approx(float(difference), rel=1e-4)


def test_slope_of_a_sum_is_that_of_the_divergence() -> None:
    """-(sigma + 1 + beta) along any orbit, chaotic or not."""

    def total(sigma: Any, beta: Any) -> Any:
        system = Lorenz(sigma=sigma, beta=beta)
        return orbit_exponents(system, steps=400, every=4, solver=RK4(0.005)).sum()

    np.testing.assert_allclose(jax.grad(total, argnums=(0, 1))(10.0, 8 / 3), [-1.0, -1.0], atol=1e-4)


def test_exponents_can_be_trained() -> None:
    """Descent along the slope moves the second exponent of a limit cycle to where it is wanted."""

    def second(mu: Any) -> Any:
        return orbit_exponents(VanDerPol(mu=mu), steps=1300, transient_steps=1500, every=10, solver=RK4(0.02))[1]

    step = jax.jit(jax.value_and_grad(lambda mu: (second(mu) + 0.6) ** 2))
    mu = 1.0
    for _ in range(12):
        _, slope = step(mu)
        mu -= 0.4 * slope
    assert second(mu) == pytest.approx(-0.6, abs=5e-3)
    assert mu < 0.7


def test_noise_is_that_of_its_key() -> None:
    def one(key: Any) -> Any:
        return orbit_exponents(OrnsteinUhlenbeck(theta=1.5), steps=500, key=key, solver=EulerMaruyama(0.01))

    found = jax.vmap(one)(jax.random.split(jax.random.key(0), 3))
    np.testing.assert_allclose(found[:, 0], math.log(1 - 0.015) / 0.01, atol=1e-9)


@pytest.mark.slow
def test_delays_take_forward_mode() -> None:
    def largest(beta: Any) -> Any:
        return orbit_exponents(MackeyGlass(beta=beta), steps=6, k=1)[0]

    slope = float(jax.jacfwd(largest)(0.2))
    difference = float(largest(0.2 + 1e-6) - largest(0.2 - 1e-6)) / 2e-6
    assert slope == pytest.approx(difference, rel=1e-4)


def test_divergence_is_nan_and_wrong_numbers_are_refused() -> None:
    assert np.all(np.isnan(orbit_exponents(Henon(a=2.0), steps=500)))
    with pytest.raises(InputError, match="`k`"):
        orbit_exponents(Henon(), steps=10, k=3)
    with pytest.raises(InputError, match="`every`"):
        orbit_exponents(Henon(), steps=10, every=0)
    with pytest.raises(InputError, match="wrong slopes through the resets"):
        orbit_exponents(LeakyIntegrateAndFire(), steps=10)
    with pytest.raises(InputError, match="`steps`"):
        orbit_exponents(Henon(), steps=0)
