"""Known answers of the chaotic catalogue: energies, walls, symmetries, exact exponents, independent integrations."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynascope as ds
from dynascope import InputError, models
from dynascope.models import (
    ArnoldBeltramiChildress,
    BickleyJet,
    BlinkingRotlet,
    BlinkingVortex,
    BlinkingVortexMap,
    CircleMap,
    CoupledMapLattice,
    DoubleGyre,
    DoublePendulum,
    GeneralisedHenon,
    HenonHeiles,
    IkedaDelay,
    InteriorSquirmer,
    KuramotoSivashinsky,
    LidDrivenCavityFlow,
    Lorenz96,
    NoseHoover,
    NuclearQuadrupole,
    OscillatingFlow,
    StandardMap,
    SwingingAtwood,
    Thomas,
    ThomasLabyrinth,
    facts,
)
from dynascope.systems import AbstractFlow

_FIXTURES = np.load(Path(__file__).parents[1] / "data" / "dysts.npz")


def velocity(system: AbstractFlow, y: Any) -> jax.Array:
    return system.vector_field(0.0, jnp.asarray(y), None)


def divergence(system: AbstractFlow, y: Any) -> float:
    return float(jnp.trace(jax.jacfwd(lambda z: velocity(system, z))(jnp.asarray(y))))


def growth(system: AbstractFlow, rest: Any) -> float:
    """Largest real part of the eigenvalues at a state of rest."""
    return np.linalg.eigvals(np.asarray(jax.jacfwd(lambda z: velocity(system, z))(rest))).real.max()


def determinant(system: Any, y: Any) -> float:
    return float(jnp.linalg.det(jax.jacfwd(lambda z: system.step(0, z, None))(jnp.asarray(y))))


def double_pendulum_energy(s: DoublePendulum, y: Any) -> jax.Array:
    """From velocities in the plane, not from the formula in momenta: v = M^-1 p with the mass matrix M."""
    theta, p = y[:2], y[2:]
    mixed = s.m2 * s.l1 * s.l2 * jnp.cos(theta[0] - theta[1])
    mass = jnp.array([[(s.m1 + s.m2) * s.l1**2, mixed], [mixed, s.m2 * s.l2**2]])
    height = -(s.m1 + s.m2) * s.l1 * jnp.cos(theta[0]) - s.m2 * s.l2 * jnp.cos(theta[1])
    return p @ jnp.linalg.solve(mass, p) / 2 + s.g * height


def atwood_energy(s: SwingingAtwood, y: Any) -> jax.Array:
    r, theta, p_r, p = y
    kinetic = p_r**2 / (2 * (s.M + s.m)) + p**2 / (2 * s.m * r**2)
    return kinetic + s.M * s.g * r - s.m * s.g * r * jnp.cos(theta)


def henon_heiles_energy(s: HenonHeiles, y: Any) -> jax.Array:
    x, y_, p, q = y
    return (p**2 + q**2 + x**2 + y_**2) / 2 + s.lam * (x**2 * y_ - y_**3 / 3)


def quadrupole_energy(s: NuclearQuadrupole, y: Any) -> jax.Array:
    q, p = y[:2], y[2:]
    square = q @ q
    cubic = s.B / jnp.sqrt(2.0) * q[0] * (3 * q[1] ** 2 - q[0] ** 2)
    return s.A * (p @ p + square) / 2 + cubic + s.D * square**2 / 4


HAMILTONIANS = [
    (DoublePendulum(m1=1.3, m2=0.8, l1=0.9, l2=1.2), double_pendulum_energy),
    (SwingingAtwood(m=1.2), atwood_energy),
    (HenonHeiles(lam=0.8), henon_heiles_energy),
    (NuclearQuadrupole(A=0.9), quadrupole_energy),
]


@pytest.mark.parametrize(("system", "energy"), HAMILTONIANS, ids=lambda v: type(v).__name__)
def test_mechanical_systems_follow_their_hamiltonian(system: Any, energy: Any) -> None:
    for y in jax.random.uniform(jax.random.key(1), (5, 4), minval=0.3, maxval=1.7):
        slope = jax.grad(lambda z: energy(system, z))(y)
        expected = jnp.concatenate([slope[2:], -slope[:2]])
        np.testing.assert_allclose(velocity(system, y), expected, rtol=1e-11, atol=1e-11)


def test_the_double_pendulum_of_dysts_does_not_keep_its_energy() -> None:
    states, values = _FIXTURES["flow.DoublePendulum.states"], _FIXTURES["flow.DoublePendulum.values"]
    system = DoublePendulum()
    slopes = np.asarray(jax.vmap(jax.grad(lambda z: double_pendulum_energy(system, z)))(states))
    ours = np.asarray(jax.vmap(lambda y: velocity(system, y))(states))
    scale = np.abs(slopes * ours).sum(axis=1)
    assert np.all(np.abs(np.sum(slopes * ours, axis=1)) < 1e-12 * scale)
    assert np.median(np.abs(np.sum(slopes * values, axis=1)) / scale) > 1e-3


def test_windmi_takes_the_root_of_the_pressure_where_dysts_takes_half_of_it() -> None:
    states, values = _FIXTURES["flow.WindmiReduced.states"], _FIXTURES["flow.WindmiReduced.values"]
    system = models.WindmiReduced(v_sw=5.0)
    ours = np.asarray(jax.vmap(lambda y: velocity(system, y))(states))
    excess = float(system.b2) * (np.sqrt(states[:, 2]) - states[:, 2] / 2)
    np.testing.assert_allclose(ours + excess[:, None] * [0, 1, 0], values, rtol=1e-12, atol=1e-12)


def test_henon_heiles_starts_just_below_the_energy_of_escape() -> None:
    system = HenonHeiles()
    assert 0.16 < float(henon_heiles_energy(system, system.initial_state())) < 1 / 6


@pytest.mark.parametrize(
    "system",
    [
        ArnoldBeltramiChildress(),
        BickleyJet(),
        BlinkingRotlet(),
        BlinkingVortex(),
        DoubleGyre(),
        InteriorSquirmer(),
        LidDrivenCavityFlow(),
        OscillatingFlow(),
        ThomasLabyrinth(),
    ],
    ids=lambda s: type(s).__name__,
)
def test_incompressible_flows_keep_volumes(system: AbstractFlow) -> None:
    size = system.initial_state().size
    for y in jax.random.uniform(jax.random.key(2), (5, size), minval=0.05, maxval=0.6):
        assert abs(divergence(system, y)) < 1e-10 * (1 + float(jnp.max(jnp.abs(velocity(system, y)))))


@pytest.mark.parametrize("angle", [0.3, 2.0, 4.5])
def test_fluids_meet_their_walls(angle: float) -> None:
    wall = jnp.array([jnp.cos(angle), jnp.sin(angle)])
    for phi in (0.5, 2.0, 5.0):
        y = jnp.append(wall, phi)
        for tank in (BlinkingVortex(), InteriorSquirmer()):
            assert abs(float(velocity(tank, y)[:2] @ wall)) < 1e-12
        np.testing.assert_allclose(velocity(BlinkingRotlet(), y)[:2], 0.0, atol=1e-12)
        cavity = LidDrivenCavityFlow()
        for x in (0.0, 6.0):
            assert abs(float(velocity(cavity, jnp.array([x, 0.4, phi]))[0])) < 1e-12
        for side in (-1.0, 1.0):
            assert abs(float(velocity(cavity, jnp.array([2.0, side, phi]))[1])) < 1e-12
        # The side walls, x = 0 and x = 2, and the floor and ceiling of the double gyre.
        gyre = DoubleGyre()
        for x in (0.0, 2.0):
            assert abs(float(velocity(gyre, jnp.array([x, 0.3, phi]))[0])) < 1e-12
        for side in (0.0, 1.0):
            assert abs(float(velocity(gyre, jnp.array([0.7, side, phi]))[1])) < 1e-12


def test_the_bickley_jet_is_steady_between_its_waves() -> None:
    jet = BickleyJet(eps=jnp.zeros(3))
    for y in (-2.0, 0.0, 1.5):
        found = velocity(jet, [0.4, y, 0.1, 0.2])
        speed = float(jet.U) / np.cosh(y / 1.77) ** 2 - float(jet.c3)
        np.testing.assert_allclose(found[:2], [speed / 3.1855, 0.0], rtol=1e-12, atol=1e-14)


def test_the_vortex_map_is_the_flow_over_one_period() -> None:
    a, b, period = 1.0, 0.5, 3.0

    def flow(vortex: float) -> Any:
        def rates(t: float, y: Any) -> Any:
            z = complex(*y)
            # Circulation 2 pi: velocity conjugate to 1 / (i (z - vortex)), with an opposite image.
            w = np.conj(-1j / (z - vortex) + 1j / (z - a * a / vortex))
            return [w.real, w.imag]

        return rates

    for start in ([0.1, 0.3], [-0.6, 0.2], [0.3, -0.7], [0.45, 0.05]):
        y = start
        for vortex in (b, -b):
            y = solve_ivp(flow(vortex), (0, period / 2), y, rtol=1e-12, atol=1e-13).y[:, -1]
        found = BlinkingVortexMap().step(0, jnp.array(start), None)
        np.testing.assert_allclose(found, y, atol=1e-6)
        assert abs(abs(determinant(BlinkingVortexMap(), start)) - 1) < 1e-9


@pytest.mark.parametrize(
    "name", ["standard-map", "bogdanov", "gingerbreadman", "hopalong", "arnold-cat-map", "baker-map"]
)
def test_conservative_maps_keep_areas(name: str) -> None:
    system = models.build(name)
    for y in jax.random.uniform(jax.random.key(3), (5, 2), minval=0.05, maxval=0.9):
        np.testing.assert_allclose(abs(determinant(system, y)), 1.0, rtol=1e-12)


def test_generalised_henon_shrinks_volumes_by_b_and_is_henon_in_two_dimensions() -> None:
    hyper = GeneralisedHenon(d=5)
    np.testing.assert_allclose(abs(determinant(hyper, hyper.initial_state())), 0.1, rtol=1e-12)
    # y = a x turns y' = a - y^2 - b y_before into x' = 1 - a x^2 - b x_before, the map of Hénon with -b.
    planar, henon = GeneralisedHenon(a=1.4, b=-0.3, d=2), models.Henon()
    now, before = 0.3, 0.2
    moved = planar.step(0, 1.4 * jnp.array([now, before]), None) / 1.4
    np.testing.assert_allclose(moved[0], henon.step(0, jnp.array([now, 0.3 * before]), None)[0], rtol=1e-12)


EXACT = ["tent-map", "bernoulli-map", "chebyshev-map", "baker-map", "kaplan-yorke", "arnold-cat-map"]


@pytest.mark.parametrize("name", EXACT)
def test_exponents_of_maps_that_are_known_exactly(name: str) -> None:
    found = ds.lyapunov_spectrum(models.build(name), duration=200_000, transient=1000)
    fact = facts(name)["lyapunov_exponents"]
    assert fact.agrees(np.asarray(found.exponents))


def test_lorenz96_is_a_ring_whose_advection_keeps_energy() -> None:
    ring = Lorenz96(n=7)
    y = jax.random.normal(jax.random.key(4), (7,))
    power = float(y @ velocity(ring, y))
    np.testing.assert_allclose(power, float(-y @ y + 8.0 * jnp.sum(y)), rtol=1e-12)
    np.testing.assert_allclose(velocity(ring, jnp.roll(y, 2)), jnp.roll(velocity(ring, y), 2), rtol=1e-14)
    threshold = facts("lorenz96")["instability_F"].value
    for shift, sign in ((-0.01, -1.0), (0.01, 1.0)):
        ring = Lorenz96(F=threshold + shift)
        rest = jnp.full(40, threshold + shift)
        assert np.sign(growth(ring, rest)) == sign


def test_thomas_turns_unstable_at_its_hopf_point() -> None:
    hopf = facts("thomas")["hopf_b"].value
    for shift, sign in ((-0.002, 1.0), (0.002, -1.0)):
        thomas = Thomas(b=hopf + shift)
        x = 2.3
        for _ in range(30):
            x -= (np.sin(x) - (hopf + shift) * x) / (np.cos(x) - (hopf + shift))
        assert np.sign(growth(thomas, jnp.full(3, x))) == sign


def test_nose_hoover_is_reversible() -> None:
    y = jnp.array([0.3, 1.2, -0.4])
    mirror = jnp.array([1.0, -1.0, -1.0])
    np.testing.assert_allclose(velocity(NoseHoover(), mirror * y), -mirror * velocity(NoseHoover(), y), rtol=1e-14)


def test_standard_map_and_circle_map_commute_with_full_turns() -> None:
    y = jnp.array([0.4, 1.1])
    moved = StandardMap().step(0, y, None)
    turned = StandardMap().step(0, y.at[1].add(2 * jnp.pi), None)
    np.testing.assert_allclose(turned, moved + jnp.array([0, 2 * jnp.pi]))
    theta = jnp.array([0.2])
    np.testing.assert_allclose(CircleMap().step(0, theta + 1.0, None), CircleMap().step(0, theta, None) + 1.0)
    # Without the kick the winding number is Omega.
    np.testing.assert_allclose(CircleMap(K=0.0).step(0, theta, None), theta + 0.333)


def test_coupled_map_lattice_of_equal_sites_is_the_logistic_map() -> None:
    lattice = CoupledMapLattice(n=6)
    np.testing.assert_allclose(lattice.step(0, jnp.full(6, 0.3), None), np.full(6, 1 - 1.8 * 0.09), rtol=1e-14)
    alone = CoupledMapLattice(n=6, eps=0.0)
    y = lattice.initial_state()
    np.testing.assert_allclose(alone.step(0, y, None), 1 - 1.8 * y**2, rtol=1e-14)


def test_kuramoto_sivashinsky_against_derivatives_on_a_fine_grid() -> None:
    system = KuramotoSivashinsky()
    y = system.initial_state()
    points = 128
    u = np.asarray(system.field(y, points))
    q = 2 * np.pi / 22.0 * np.fft.fftfreq(points, 1 / points)

    def derivative(f: Any, order: int) -> Any:
        return np.fft.ifft((1j * q) ** order * np.fft.fft(f)).real

    rate = -derivative(u * u / 2, 1) - derivative(u, 2) - derivative(u, 4)
    modes = np.fft.fft(rate)[1:17] / points
    np.testing.assert_allclose(velocity(system, y), np.concatenate([modes.real, modes.imag]), atol=1e-12)
    # Energy: the quadratic term only moves it from mode to mode.
    found = float(jnp.mean(system.field(y, points) * system.field(velocity(system, y), points)))
    np.testing.assert_allclose(found, np.mean(derivative(u, 1) ** 2 - derivative(u, 2) ** 2), rtol=1e-10)


def test_kuramoto_sivashinsky_rests_on_short_rings() -> None:
    for L, sign in ((6.2, -1.0), (6.4, 1.0)):
        system = KuramotoSivashinsky(L=L, modes=4)
        assert np.sign(growth(system, jnp.zeros(8))) == sign


def test_delays_longer_than_the_history_are_refused() -> None:
    with pytest.raises(InputError, match="`tau` must be at most `max_delay` = 10"):
        IkedaDelay(tau=11.0)
    with pytest.raises(InputError, match="Give a longer history first"):
        IkedaDelay().replace(tau=12.0)
    assert float(IkedaDelay().replace(max_delay=20.0).replace(tau=12.0).tau) == 12.0


@pytest.mark.parametrize(
    ("name", "size"), [("lorenz96", {"n": 3}), ("generalised-henon", {"d": 1}), ("newton-map", {"n": 1})]
)
def test_sizes_that_make_no_system_are_refused(name: str, size: dict[str, int]) -> None:
    with pytest.raises(InputError, match="must be at least"):
        models.build(name, **size)
