"""Coupled phases: onset of synchrony, twisted states on rings, machines with inertia."""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

import dynascope as ds
from dynascope import InputError
from dynascope._tree import astype
from dynascope.models import Gaussian, Kuramoto, Lorentzian, SecondOrderKuramoto, SwingEquation, Uniform, facts
from dynascope.solve import RK4
from dynascope.systems import StencilConnectivity, connectivity


def mean_order(network: Kuramoto, *, transient: float, duration: float, dt: float | None = None) -> float:
    """The time average of r, sampled once per time unit."""
    ts = jnp.concatenate([jnp.zeros(1), jnp.arange(transient, transient + duration + 0.5)])
    run = ds.trajectory(network, None, ts, solver=RK4(dt or network.typical_step()))
    return float(np.mean(np.abs(jax.vmap(network.order)(run.ys[1:]))))


@pytest.mark.parametrize("K", [3.0, 4.0, 6.0])
def test_order_of_lorentzian_frequencies(K: float) -> None:
    n = 400
    found = mean_order(Kuramoto.quantiles(n=n, K=K), transient=25.0, duration=25.0)
    assert abs(found - np.sqrt(1.0 - 2.0 / K)) <= 3.0 / np.sqrt(n)
    if K == 3.0:
        assert facts("kuramoto")["order_parameter"].agrees(found)


def test_no_order_below_the_critical_coupling() -> None:
    for frequencies in (Lorentzian(), Gaussian(), Uniform()):
        K = 0.5 * float(frequencies.critical_coupling())
        network = Kuramoto.quantiles(n=200, frequencies=frequencies, K=K)
        assert mean_order(network, transient=30.0, duration=20.0) <= 3.0 / np.sqrt(200)


def test_order_of_gaussian_frequencies_solves_the_self_consistent_equation() -> None:
    # 1 = K int cos^2(x) g(K r sin x) dx over the half circle (Kuramoto 1975; Strogatz 2000, equation 4.5).
    K, n = 2.0, 1000
    x = np.linspace(-np.pi / 2, np.pi / 2, 20_001)
    radii = np.linspace(0.3, 0.99, 691)
    waves = np.exp(-((K * radii[:, None] * np.sin(x)) ** 2) / 2) / np.sqrt(2 * np.pi)
    sides = K * np.trapezoid(np.cos(x) ** 2 * waves, x, axis=1)
    theory = float(np.interp(0.0, 1.0 - sides, radii))
    found = mean_order(Kuramoto.quantiles(n=n, frequencies=Gaussian(), K=K), transient=40.0, duration=40.0)
    assert abs(found - theory) <= 3.0 / np.sqrt(n)
    assert facts("kuramoto")["critical_coupling_gaussian"].agrees(Gaussian().critical_coupling())


def test_graph_of_all_pairs_is_the_mean_field() -> None:
    n = 30
    free = Kuramoto.quantiles(n=n, K=2.5)
    theta = free.region().sample(jax.random.key(0), 1)[0]
    for graph in (np.full((n, n), 1.0 / n), sparse.csr_array(np.full((n, n), 1.0 / n))):
        tied = Kuramoto.quantiles(n=n, K=2.5, graph=graph)
        np.testing.assert_allclose(tied.vector_field(0.0, theta, None), free.vector_field(0.0, theta, None), atol=1e-12)


def test_mean_field_and_its_derivatives_are_those_of_the_double_sum() -> None:
    theta = jnp.asarray(np.random.default_rng(0).uniform(-9.0, 9.0, (3, 40)))
    network = Kuramoto.quantiles(n=40, frequencies=Gaussian(), K=2.0)

    def pairs(y: jax.Array) -> jax.Array:
        return network.omega + network.K * jnp.mean(jnp.sin(y[None, :] - y[:, None]), axis=1)

    def field(y: jax.Array) -> jax.Array:
        return network.vector_field(0.0, y, None)

    np.testing.assert_allclose(jax.vmap(field)(theta), jax.vmap(pairs)(theta), rtol=0, atol=1e-14)
    for derivative in (jax.jacfwd, jax.jacrev):
        found, right = (jax.vmap(derivative(f))(theta) for f in (field, pairs))
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-14)


def test_single_precision_stays_single() -> None:
    network = astype(Kuramoto.quantiles(n=40, K=2.0), jnp.float32)
    y = network.initial_state()
    single = network.vector_field(0.0, y, None)
    double = Kuramoto.quantiles(n=40, K=2.0).vector_field(0.0, y.astype(float), None)
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, double, rtol=0, atol=1e-5)


def test_sparse_graph_is_the_sum_over_its_edges() -> None:
    rng = np.random.default_rng(0)
    A = np.where(rng.random((15, 15)) < 0.2, rng.random((15, 15)), 0.0)
    omega, theta = rng.normal(size=15), rng.uniform(-np.pi, np.pi, 15)
    wanted = omega + 1.5 * np.sum(A * np.sin(theta[None, :] - theta[:, None]), axis=1)
    network = Kuramoto(omega, 1.5, sparse.csr_array(A))
    np.testing.assert_allclose(network.vector_field(0.0, jnp.asarray(theta), None), wanted, atol=1e-13)
    with pytest.raises(InputError, match="The graph has 15 nodes, but there are 3 frequencies"):
        Kuramoto(omega[:3], 1.5, A)


@pytest.mark.parametrize("n", [11, 12, 20])
def test_twisted_states_of_a_ring(n: int) -> None:
    network = Kuramoto(jnp.zeros(n), 1.3, StencilConnectivity.ring(n))
    for q in range(n // 2 + 1):
        state = 2.0 * jnp.pi * q * jnp.arange(n) / n
        np.testing.assert_allclose(network.vector_field(0.0, state, None), 0.0, atol=1e-12)
        J = np.asarray(jax.jacfwd(lambda y: network.vector_field(0.0, y, None))(state))
        k = np.arange(n)
        theory = -2.0 * 1.3 * np.cos(2 * np.pi * q / n) * (1.0 - np.cos(2 * np.pi * k / n))
        np.testing.assert_allclose(np.sort(np.linalg.eigvals(J).real), np.sort(theory), atol=1e-7)
        # At abs(q) = n/4 exactly all eigenvalues vanish, which tells nothing.
        if 4 * q != n:
            assert (np.max(np.delete(theory, 0)) < 0) == (q < n / 4)


def test_winding_number_of_a_stable_twist_survives_a_push() -> None:
    n = 20
    network = Kuramoto(jnp.zeros(n), 1.0, StencilConnectivity.ring(n))
    push = 0.3 * jax.random.normal(jax.random.key(1), (n,))

    def winding(q: int) -> float:
        run = ds.trajectory(
            network, 2.0 * jnp.pi * q * jnp.arange(n) / n + push, jnp.array([0.0, 200.0]), solver=RK4(0.05)
        )
        steps = np.asarray(jnp.roll(run.ys[-1], -1) - run.ys[-1])
        return float(np.sum((steps + np.pi) % (2 * np.pi) - np.pi) / (2 * np.pi))

    assert winding(2) == pytest.approx(2.0, abs=1e-6)
    assert abs(winding(7)) < 5.0


def test_heavily_damped_machines_are_kuramoto() -> None:
    network = Kuramoto.quantiles(n=20, K=2.5)
    heavy = SecondOrderKuramoto(network.omega * 3.0, 2.5 * 3.0, m=1.0, alpha=3.0)
    theta = network.region().sample(jax.random.key(0), 1)[0]
    # On the slow speeds of the first-order model no machine accelerates.
    y = jnp.stack([theta, network.vector_field(0.0, theta, None)])
    np.testing.assert_allclose(heavy.vector_field(0.0, y, None)[1], 0.0, atol=1e-9)


def test_volumes_of_machines_shrink_by_their_damping() -> None:
    example = ds.build("second-order-kuramoto")
    for y in example.region().sample(jax.random.key(0), 2):  # type: ignore[union-attr]
        J = jax.jacfwd(lambda y: example.vector_field(0.0, y, None))(y).reshape(100, 100)  # type: ignore[attr-defined]
        assert facts("second-order-kuramoto")["mean_divergence"].agrees(jnp.trace(J))


def test_two_machines_are_one_machine_on_a_grid() -> None:
    pair = SecondOrderKuramoto(
        jnp.array([0.4, -0.4]), 0.7, m=1.3, alpha=0.2, graph=connectivity([[0.0, 1.0], [1.0, 0.0]])
    )
    one = SwingEquation(P=0.8, K=1.4, m=1.3, alpha=0.2)
    y = jnp.array([[0.9, -0.4], [0.3, 0.1]])
    moved, single = pair.vector_field(0.0, y, None), one.vector_field(0.0, y[:, 0] - y[:, 1], None)
    np.testing.assert_allclose(moved[:, 0] - moved[:, 1], single, rtol=1e-12)


def test_locked_states_of_the_swing_equation() -> None:
    known = facts("swing-equation")
    points = ds.fixed_points(SwingEquation(P=0.3))
    angles = np.sort(np.asarray(points.states[:, 0]))
    np.testing.assert_allclose(angles, [np.arcsin(0.3), np.pi - np.arcsin(0.3)], atol=1e-9)
    assert sorted(points.unstable_dimension.tolist()) == [0, 1]
    threshold = known["saddle_node"].value
    assert len(ds.fixed_points(SwingEquation(P=threshold - 0.01))) == 2
    assert len(ds.fixed_points(SwingEquation(P=threshold + 0.01))) == 0


def slips(P: float, alpha: float, start: list[float]) -> bool:
    """Whether the machine still goes round after a long time."""
    run = ds.trajectory(
        SwingEquation(P=P, alpha=alpha), jnp.array(start), jnp.linspace(0.0, 600.0, 3), solver=RK4(0.05)
    )
    return bool(run.ys[-1, 0] - run.ys[-2, 0] > 2 * np.pi)


def test_two_fates_between_homoclinic_bifurcation_and_saddle_node() -> None:
    known = facts("swing-equation")["homoclinic"]
    assert abs(known.value - 4 * 0.1 / np.pi) < 0.01 * known.value
    low, high = 0.10, 0.16
    for _ in range(8):
        middle = 0.5 * (low + high)
        # From fast rotation: it goes on where the cycle exists, and comes to rest where not.
        low, high = (low, middle) if slips(middle, 0.1, [0.0, 4.0]) else (middle, high)
    assert known.agrees(0.5 * (low + high))
    assert slips(0.3, 0.1, [0.0, 4.0])
    assert not slips(0.3, 0.1, [0.3, 0.0])
    assert not slips(0.1, 0.1, [0.0, 4.0])
    # Strong damping: no second fate.
    assert not slips(0.9, 2.0, [0.0, 4.0])


def test_inertia_makes_synchrony_hysteretic() -> None:
    n, K = 100, 3.0
    grid = SecondOrderKuramoto.quantiles(n=n, frequencies=Gaussian(), K=K).replace(m=6.0)
    theta = grid.initial_state()[0]
    ts = jnp.array([0.0, *np.arange(150.0, 200.0)])

    def order(start: jax.Array) -> float:
        run = ds.trajectory(grid, start, ts, solver=RK4(0.05))
        return float(np.mean(np.abs(jax.vmap(grid.order)(run.ys[1:]))))

    together = order(jnp.zeros((2, n)))
    apart = order(jnp.stack([4.0 * theta, grid.omega]))
    assert together > 0.85
    assert apart < 0.15


def test_network_on_a_graph_is_saved_and_loaded(tmp_path: Path) -> None:
    network = Kuramoto(jnp.arange(4.0), 2.0, sparse.csr_array(np.eye(4)[::-1]))
    ring = Kuramoto(jnp.arange(4.0), 2.0, StencilConnectivity.ring(4))
    for system in (network, ring):
        ds.save(system, tmp_path / "network.safetensors")
        assert eqx.tree_equal(ds.load(tmp_path / "network.safetensors"), system)
    assert float(network.replace(**{"graph.weights": 3.0}).graph.weights[0]) == 3.0  # type: ignore[union-attr]


def test_no_oscillators_are_refused() -> None:
    with pytest.raises(InputError, match="at least 1 oscillator, got 0"):
        Kuramoto.quantiles(n=0)
