"""Random rate networks: where rest ends, the sum of all exponents, and what an input does to chaos."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.models import RateNetwork, facts
from dynascope.solve import RK4
from dynascope.systems import Sine


@pytest.mark.parametrize("self_coupling", [True, False])
def test_rest_is_stable_below_the_critical_gain_and_not_above(self_coupling: bool) -> None:
    network = RateNetwork.draw(n=200, self_coupling=self_coupling, key=jax.random.key(0))
    spectrum = np.linalg.eigvals(np.asarray(network.J))
    # The circular law: couplings of variance 1/N have their eigenvalues in the unit disk.
    assert np.max(np.abs(spectrum)) == pytest.approx(1.0, abs=0.1)
    assert np.mean(np.abs(spectrum) < 0.5) == pytest.approx(0.25, abs=0.06)
    critical = 1.0 / np.max(spectrum.real)
    assert facts("rate-network")["critical_gain"].agrees(critical)
    for factor, stable in ((0.98, True), (1.02, False)):
        tuned = network.replace(g=factor * critical)
        rates = np.linalg.eigvals(jax.jacfwd(lambda y, s=tuned: s.vector_field(0.0, y, None))(jnp.zeros(200)))
        assert (np.max(rates.real) < 0) == stable
    start = 0.1 * network.initial_state()
    ends = [
        ds.trajectory(network.replace(g=g), start, jnp.array([0.0, 300.0]), solver=RK4(0.1)).ys[-1] for g in (0.8, 1.5)
    ]
    assert float(jnp.max(jnp.abs(ends[0]))) < 1e-6
    assert float(jnp.std(ends[1])) > 0.1


def test_without_self_coupling_volumes_shrink_at_the_known_rate() -> None:
    network = RateNetwork.draw(n=30, self_coupling=False, g=3.0, tau=2.0, key=jax.random.key(1))
    found = ds.lyapunov_spectrum(network, k=30, transient=50.0, duration=100.0, solver=RK4(0.05))
    np.testing.assert_allclose(found.exponents.sum(), -30 / 2.0, rtol=1e-6)
    assert facts("rate-network")["mean_exponent"].agrees(2.0 * found.exponents.mean())


def test_strong_input_suppresses_chaos() -> None:
    # Rajan, Abbott & Sompolinsky (2010), Physical Review E 82, 011903.
    network = RateNetwork.draw(n=100, inputs=1, g=2.0, key=jax.random.key(3))
    common = {"k": 1, "transient": 100.0, "solver": RK4(0.1)}
    free = ds.lyapunov_spectrum(network, duration=400.0, **common)  # type: ignore[arg-type]
    driven = ds.lyapunov_spectrum(network, duration=100.0, inputs=Sine(amplitude=8.0, period=4.0), **common)  # type: ignore[arg-type]
    assert free.exponents[0] > 0
    assert driven.exponents[0] < -0.1


def test_constant_input_without_coupling_is_followed() -> None:
    network = RateNetwork.draw(n=10, inputs=2, g=0.0, tau=0.5, key=jax.random.key(0))
    u = jnp.array([0.3, -1.0])
    run = ds.trajectory(network, None, jnp.array([0.0, 20.0]), inputs=u)
    np.testing.assert_allclose(run.ys[-1], network.B @ u, atol=1e-6)
