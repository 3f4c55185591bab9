"""Known answers of the canonical systems, from their equations alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope import InputError, models
from dynascope.models import (
    Henon,
    LinearFlow,
    LinearMap,
    Logistic,
    Lorenz,
    MackeyGlass,
    OrnsteinUhlenbeck,
    Roessler,
    StuartLandau,
    VanDerPol,
    facts,
)
from dynascope.systems import AbstractFlow, AbstractMap


def flow_jacobian(system: AbstractFlow, y: object) -> np.ndarray:
    return np.asarray(jax.jacfwd(lambda y: system.vector_field(0.0, y, None))(jnp.asarray(y)))


def map_jacobian(system: AbstractMap, y: object) -> np.ndarray:
    return np.asarray(jax.jacfwd(lambda y: system.step(0, y, None))(jnp.asarray(y)))


def test_lorenz_contracts_volumes_at_the_same_rate_everywhere() -> None:
    lorenz = Lorenz()
    for y in lorenz.region().sample(jax.random.key(0), 5):
        assert facts("lorenz")["mean_divergence"].agrees(np.trace(flow_jacobian(lorenz, y)))


def test_lorenz_turns_unstable_at_its_hopf_point() -> None:
    rho = facts("lorenz")["hopf_rho"].value
    x = float(np.sqrt(8.0 / 3.0 * (rho - 1.0)))
    for shift, sign in ((-0.01, -1.0), (0.01, 1.0)):
        lorenz = Lorenz(rho=rho + shift)
        x = float(np.sqrt(lorenz.beta * (lorenz.rho - 1.0)))
        y = np.array([x, x, float(lorenz.rho) - 1.0])
        np.testing.assert_allclose(lorenz.vector_field(0.0, y, None), 0.0, atol=1e-12)
        growth = np.linalg.eigvals(flow_jacobian(lorenz, y)).real.max()
        assert np.sign(growth) == sign


@pytest.mark.parametrize("name", ["lorenz", "henon"])
def test_published_exponents_sum_to_the_exact_contraction(name: str) -> None:
    exact = facts("lorenz")["mean_divergence"] if name == "lorenz" else facts("henon")["lyapunov_sum"]
    known = facts(name)["lyapunov_exponents"]
    assert abs(np.sum(known.value) - exact.value) <= known.tolerance


def test_roessler_fixed_points() -> None:
    roessler = Roessler()
    for x in np.asarray(facts("roessler")["fixed_point_x"].value):
        y = np.array([x, -x / 0.2, x / 0.2])
        np.testing.assert_allclose(roessler.vector_field(0.0, y, None), 0.0, atol=1e-12)


def test_henon_contracts_areas_at_the_same_rate_everywhere_and_keeps_its_fixed_points() -> None:
    henon = Henon()
    for y in henon.region().sample(jax.random.key(0), 5):
        determinant = np.linalg.det(map_jacobian(henon, y))
        np.testing.assert_allclose(determinant, -0.3, rtol=1e-12)
        assert facts("henon")["lyapunov_sum"].agrees(np.log(abs(determinant)))
    for x in np.asarray(facts("henon")["fixed_point_x"].value):
        y = np.array([x, 0.3 * x])
        np.testing.assert_allclose(henon.step(0, y, None), y, atol=1e-12)


def test_logistic_map_doubles_its_period_where_it_should() -> None:
    first, second = np.asarray(facts("logistic")["period_doubling_r"].value)
    np.testing.assert_allclose(map_jacobian(Logistic(r=first), [1.0 - 1.0 / first]), -1.0, atol=1e-12)
    # The cycle of period two solves r^2 x^2 - r (r + 1) x + r + 1 = 0.
    x = (second + 1.0 - np.sqrt((second + 1.0) * (second - 3.0))) / (2.0 * second)
    logistic = Logistic(r=second)
    there = logistic.step(0, np.array([x]), None)
    np.testing.assert_allclose(logistic.step(1, there, None), [x], atol=1e-12)
    np.testing.assert_allclose(map_jacobian(logistic, [x]) * map_jacobian(logistic, there), -1.0, atol=1e-12)


def test_logistic_map_at_four_is_the_tent_map_in_disguise() -> None:
    angle = np.linspace(0.05, 1.5, 7)
    out = jax.vmap(lambda y: Logistic().step(0, y, None))(np.sin(angle)[:, None] ** 2)
    np.testing.assert_allclose(out[:, 0], np.sin(2 * angle) ** 2, atol=1e-12)


def test_van_der_pol_expands_inside_and_contracts_outside() -> None:
    for x, divergence in ((0.0, 2.0), (1.0, 0.0), (2.0, -6.0)):
        np.testing.assert_allclose(np.trace(flow_jacobian(VanDerPol(mu=2.0), [x, 0.3])), divergence, atol=1e-12)
    pushed = VanDerPol().vector_field(0.0, jnp.zeros(2), jnp.array([0.7]))
    np.testing.assert_allclose(pushed, [0.0, 0.7])


def test_ornstein_uhlenbeck_balances_drift_and_noise() -> None:
    process = OrnsteinUhlenbeck(theta=3.0, sigma=2.0, mu=0.5)
    y = jnp.array([1.5])
    # The stationary density p = exp(-(x - mu)^2 / (2 s)) carries no current: f p = (D p)' with D = g^2 / 2.
    drift, noise = process.vector_field(0.0, y, None), process.diffusion(0.0, y, None)
    s = 4.0 / (2 * 3.0)
    np.testing.assert_allclose(drift, -(noise**2 / 2) * (y - 0.5) / s, rtol=1e-12)
    assert facts("ornstein-uhlenbeck")["stationary_variance"].agrees(OrnsteinUhlenbeck().sigma ** 2 / 2)


def test_mackey_glass_turns_unstable_at_its_hopf_point() -> None:
    model = MackeyGlass()
    y = jnp.array([1.0])
    np.testing.assert_allclose(model.vector_field(0.0, y, lambda s: y, None), 0.0, atol=1e-15)
    delayed = float(jax.jacfwd(lambda past: model.vector_field(0.0, y, lambda s: past, None))(y)[0, 0])
    local = float(jax.jacfwd(lambda y: model.vector_field(0.0, y, lambda s: jnp.ones(1), None))(y)[0, 0])
    tau = facts("mackey-glass")["hopf_tau"].value
    omega = np.sqrt(delayed**2 - local**2)
    # i omega = local + delayed exp(-i omega tau) holds at the Hopf point.
    residual = 1j * omega - local - delayed * np.exp(-1j * omega * tau)
    assert abs(residual) < 1e-4


def test_mackey_glass_looks_back_by_tau_only() -> None:
    seen = []
    MackeyGlass(tau=5.0).vector_field(12.0, jnp.ones(1), lambda s: seen.append(float(s)) or jnp.ones(1), None)
    assert seen == [7.0]


def test_mackey_glass_keeps_its_delay_within_the_history() -> None:
    with pytest.raises(InputError, match=r"Delay `tau` must be at most `max_delay` = 50.0, got 60.0"):
        MackeyGlass(tau=60.0)
    with pytest.raises(InputError, match="Delay `tau` must be at most"):
        MackeyGlass().replace(tau=60.0)
    longer = MackeyGlass().replace(max_delay=100.0, tau=60.0)
    assert isinstance(longer, MackeyGlass)
    assert (float(longer.tau), longer.max_delay) == (60.0, 100.0)
    # A sweep under vmap cannot be checked while tracing, and is not stopped.
    swept = jax.vmap(lambda tau: MackeyGlass().replace(tau=tau).vector_field(0.0, jnp.ones(1), lambda s: s, None))
    assert swept(jnp.array([5.0, 10.0])).shape == (2, 1)


@pytest.mark.parametrize("name", ["linear-flow", "linear-map"])
def test_linear_systems_have_the_exponents_of_their_matrix(name: str) -> None:
    system = models.build(name)
    if isinstance(system, LinearFlow):
        exponents = np.linalg.eigvals(flow_jacobian(system, [0.3, -2.0])).real
    else:
        assert isinstance(system, LinearMap)
        exponents = np.log(np.abs(np.linalg.eigvals(map_jacobian(system, [0.3, -2.0]))))
    assert facts(name)["lyapunov_exponents"].agrees(np.sort(exponents)[::-1])


def test_linear_systems_take_any_size() -> None:
    A = jnp.diag(jnp.array([-1.0, -2.0, -3.0]))
    np.testing.assert_allclose(LinearFlow(A).vector_field(0.0, LinearFlow(A).initial_state(), None), [-1, -2, -3])
    np.testing.assert_allclose(LinearMap(A).step(0, LinearMap(A).initial_state(), None), [-1, -2, -3])


def test_stuart_landau_turns_on_its_cycle_at_the_known_speed() -> None:
    model = StuartLandau(lam=4.0, omega=3.0, c=0.5)
    angles = np.linspace(0.0, 6.0, 5)
    for angle in angles:
        y = 2.0 * np.array([np.cos(angle), np.sin(angle)])
        tangent = 2.0 * np.array([-np.sin(angle), np.cos(angle)])
        np.testing.assert_allclose(model.vector_field(0.0, y, None), (3.0 - 0.5 * 4.0) * tangent, atol=1e-12)
        # Along the cycle the divergence is constant: the exponents are 0 and -2 lambda.
        np.testing.assert_allclose(np.trace(flow_jacobian(model, y)), -8.0, atol=1e-12)
