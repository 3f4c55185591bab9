"""Known answers of the population models: bifurcations from our fixed points, periods, and what they are limits of."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.rhythm import period
from dynascope.models import (
    Epileptor,
    JansenRit,
    Kuramoto,
    MontbrioPazoRoxin,
    OttAntonsen,
    StuartLandau,
    TsodyksMarkramNetwork,
    WilsonCowan,
    WongWang,
    facts,
)

Choice = Callable[[Any], int]


def highest(component: int) -> Choice:
    """Picks the fixed point whose component is largest."""
    return lambda found: int(np.argmax(found.states[:, component]))


def at_rest(system: Any, choice: Choice, y0: Any = None) -> tuple[np.ndarray, Any]:
    """State and eigenvalues of one of the fixed points that we find; `y0` are states to start from as well."""
    found = ds.fixed_points(system, starts=y0)
    i = choice(found)
    return found.states[i], found.eigenvalues[i]


def growth_of_swing(system: Any, choice: Choice) -> float:
    """Largest real part of the complex eigenvalues at rest."""
    values = at_rest(system, choice)[1]
    swinging = values[np.abs(values.imag) > 1e-6]
    return float(np.max(swinging.real))


def hopf_point(system: Any, name: str, between: tuple[float, float], choice: Choice) -> float:
    """The value of parameter `name` at which a complex pair of eigenvalues of the fixed point crosses."""
    return brentq(lambda p: growth_of_swing(system.replace(**{name: p}), choice), *between, xtol=1e-9)  # type: ignore[return-value]


def fold_point(system: Any, name: str, near: float, choice: Choice, y0: Any = None) -> float:
    """The value of `name` at which a fixed point ends: f = 0, J v = 0, |v| = 1, solved from one found `near` it."""
    state, _ = at_rest(system.replace(**{name: near}), choice, y0)
    d = len(state)

    @jax.jit
    def conditions(z: jax.Array) -> jax.Array:
        y, v, p = z[:d], z[d : 2 * d], z[-1]
        changed = system.replace(**{name: p})
        moved, turned = jax.jvp(lambda y: changed.vector_field(0.0, y, None), (y,), (v,))
        return jnp.concatenate([moved, turned, jnp.array([v @ v - 1.0])])

    J = np.asarray(jax.jacfwd(lambda y: system.replace(**{name: near}).vector_field(0.0, y, None))(jnp.asarray(state)))
    values: Any
    values, vectors = np.linalg.eig(J)
    v = np.real(vectors[:, int(np.argmin(np.abs(values) + 1e6 * (np.abs(values.imag) > 1e-9)))])
    z = jnp.concatenate([state, v / np.linalg.norm(v), jnp.array([near])])
    derivative = jax.jit(jax.jacfwd(conditions))
    change = z
    for _ in range(30):
        change = jnp.linalg.solve(derivative(z), conditions(z))
        z = z - change
    assert abs(float(change[-1])) < 1e-8, "Newton's method did not converge"
    return float(z[-1])


def first_lyapunov_coefficient(system: Any, choice: Choice) -> float:
    """The cubic coefficient of the normal form at a Hopf point; negative where the cycle is stable (supercritical)."""
    state, _ = at_rest(system, choice)

    def rule(y: jax.Array) -> jax.Array:
        return system.vector_field(0.0, y, None)

    y = jnp.asarray(state)
    A = np.asarray(jax.jacfwd(rule)(y))
    second = np.asarray(jax.jacfwd(jax.jacfwd(rule))(y))
    third = np.asarray(jax.jacfwd(jax.jacfwd(jax.jacfwd(rule)))(y))
    values: Any
    values, vectors = np.linalg.eig(A)
    i = int(np.argmin(np.abs(values.real) + 1e6 * (values.imag <= 1e-6)))
    omega, q = values[i].imag, vectors[:, i]
    of_transpose, left = np.linalg.eig(A.T)
    p = left[:, int(np.argmin(np.abs(of_transpose + 1j * omega)))]
    p = p / np.conj(np.vdot(p, q))

    def B(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.einsum("ijk,j,k->i", second, a, b)

    cubic = np.einsum("ijkl,j,k,l->i", third, q, q, q.conj())
    shifted = B(q, np.linalg.solve(A, B(q, q.conj())))
    doubled = B(q.conj(), np.linalg.solve(2j * omega * np.eye(len(A)) - A, B(q, q)))
    return float(np.real(np.vdot(p, cubic - 2 * shifted + doubled)) / (2 * omega))


def seen(system: Any, until: float, *, dt: float, y0: Any = None) -> np.ndarray:
    """The last half of a run, time first."""
    ys = np.asarray(ds.trajectory(system, y0, np.arange(0.0, until, dt)).ys)
    return ys[len(ys) // 2 :]


def test_first_lyapunov_coefficient_of_the_normal_form() -> None:
    # r' = -r^3, where the state is sqrt(2) times as long as the complex amplitude: that gives -2.
    np.testing.assert_allclose(first_lyapunov_coefficient(StuartLandau(lam=0.0), lambda found: 0), -2.0, rtol=1e-9)


def test_wilson_cowan_oscillates_up_to_its_hopf_point() -> None:
    column, known = WilsonCowan(), facts("wilson-cowan")
    assert known["hopf_P"].agrees(hopf_point(column, "P", (1.5, 2.2), highest(0)))
    rhythm = period(seen(column, 400.0, dt=0.01)[:, 0], dt=0.01)
    assert known["period"].agrees(rhythm.period)
    assert first_lyapunov_coefficient(column.replace(P=known["hopf_P"].value), highest(0)) < 0
    assert np.ptp(seen(column.replace(P=2.5), 400.0, dt=0.1)[:, 0]) < 1e-6


@pytest.mark.parametrize(("preset", "stable", "saddles"), [("bistable", 2, 1), ("multistable", 3, 2)])
def test_wilson_cowan_states_of_rest(preset: str, stable: int, saddles: int) -> None:
    found = ds.fixed_points(WilsonCowan.preset(preset))
    assert sum(name.startswith("stable") for name in found.stability) == stable
    assert sum(name.startswith("saddle") for name in found.stability) == saddles
    np.testing.assert_allclose(found.states[np.argmin(found.states[:, 0])], 0.0, atol=1e-12)


def test_wilson_cowan_without_refractoriness_is_the_plain_rate_equation() -> None:
    column, y = WilsonCowan(r_E=0.0, r_I=0.0), np.array([0.2, 0.1])
    k = 1 - 1 / (1 + np.exp(1.3 * 4.0))
    response = 1 / (1 + np.exp(-1.3 * (16 * 0.2 - 12 * 0.1 + 1.25 - 4.0))) - (1 - k)
    np.testing.assert_allclose(column.vector_field(0.0, y, None)[0], -0.2 + k * response, rtol=1e-12)


def test_unknown_presets_are_refused() -> None:
    with pytest.raises(InputError, match="`WilsonCowan` has no preset `chaos`"):
        WilsonCowan.preset("chaos")
    with pytest.raises(InputError, match="`TsodyksMarkramNetwork` has no preset `chaos`"):
        TsodyksMarkramNetwork.preset("chaos")


def potential(found: Any) -> np.ndarray:
    return found.states[:, 1] - found.states[:, 2]


def test_jansen_rit_hopf_points() -> None:
    column, known = JansenRit(), facts("jansen-rit")

    def upper(found: Any) -> int:
        return int(np.argmax(potential(found)))

    found = [hopf_point(column, "p", between, upper) for between in ((80.0, 100.0), (300.0, 330.0))]
    assert known["hopf_p"].agrees(found)
    lower = hopf_point(column, "p", (-20.0, -5.0), upper)
    assert known["lower_hopf_p"].agrees(lower)
    kinds = [first_lyapunov_coefficient(column.replace(p=p), upper) for p in (lower, *found)]
    assert kinds[0] > 0 > max(kinds[1:])


def test_jansen_rit_lower_rest_ends_at_the_fold() -> None:
    fold = facts("jansen-rit")["fold_p"]
    lower = ds.trajectory(JansenRit(p=113.0), np.zeros(6), np.array([0.0, 5.0])).ys[-1:]

    def lowest(found: Any) -> int:
        return int(np.argmin(potential(found)))

    assert fold.agrees(fold_point(JansenRit(), "p", 113.5, lowest, lower))
    assert [len(ds.fixed_points(JansenRit(p=p), starts=lower)) for p in (113.0, 114.0)] == [3, 1]


@pytest.mark.parametrize(("p", "quantity"), [(120.0, "alpha_frequency_at_120"), (200.0, "alpha_frequency")])
def test_jansen_rit_alpha_rhythm(p: float, quantity: str) -> None:
    column, fact = JansenRit(p=p), facts("jansen-rit")[quantity]
    ys = seen(column, 20.0, dt=5e-4)
    assert fact.agrees(1.0 / period(ys[:, 1] - ys[:, 2], dt=5e-4).period)
    assert 8.0 < fact.value < 13.0, "the alpha band"


def test_jansen_rit_has_two_rhythms_between_fold_and_137() -> None:
    column = JansenRit(p=120.0)
    slow = seen(column, 20.0, dt=1e-3, y0=jnp.zeros(6))
    v = slow[:, 1] - slow[:, 2]
    assert 2.0 < 1.0 / period(v, dt=1e-3).period < 6.0
    assert np.ptp(v) > 8.0


def test_montbrio_states_of_rest_are_those_of_the_quartic() -> None:
    population = MontbrioPazoRoxin()
    R = np.roots([4 * np.pi**4, -4 * np.pi**2 * 15.0, -4 * np.pi**2 * -5.0, 0.0, -1.0])
    real = np.sort(R[np.abs(R.imag) < 1e-9].real)
    found = ds.fixed_points(population)
    order = np.argsort(found.states[:, 0])
    np.testing.assert_allclose(10.0 * found.states[order, 0], real, rtol=1e-9)
    np.testing.assert_allclose(found.states[order, 1], -1.0 / (2 * np.pi * real), rtol=1e-9)
    physical = found.states[:, 0] > 0
    assert sorted(np.array(found.stability)[physical]) == ["saddle", "stable focus", "stable node"]
    drives = jax.vmap(population.drive_at_rest)(jnp.asarray(real / 10.0))
    np.testing.assert_allclose(drives, -5.0, rtol=1e-9)


def test_montbrio_cusp_and_folds() -> None:
    population, known = MontbrioPazoRoxin(), facts("montbrio-pazo-roxin")
    assert known["cusp"].agrees(population.cusp())

    def states(eta: float, J: float = 15.0) -> int:
        found = ds.fixed_points(population.replace(eta=eta, J=J))
        return int(np.sum(found.states[:, 0] > 0))

    low, high = known["fold_eta"].value
    shift = 10 * known["fold_eta"].tolerance
    assert [states(eta) for eta in (low - shift, low + shift, high - shift, high + shift)] == [1, 3, 3, 1]
    # Along the line on which the two folds meet, three states exist only beyond the cusp.
    J, eta = known["cusp"].value
    R = 0.75**0.25 / np.pi
    assert [states(eta - R * s, J + s) for s in (-0.5, 0.5)] == [1, 3]


def test_montbrio_maps_to_the_order_parameter_of_theta_neurons() -> None:
    population = MontbrioPazoRoxin(tau=1.0)
    r, v = 0.3, -0.4
    # Potentials of Lorentzian density at its quantiles, as phases theta = 2 arctan V.
    V = v + np.pi * r * np.tan(np.pi * ((np.arange(200_000) + 0.5) / 200_000 - 0.5))
    mean = np.mean(np.exp(2j * np.arctan(V)))
    np.testing.assert_allclose(population.order(jnp.array([r, v])), mean, atol=1e-5)
    np.testing.assert_allclose(population.from_order(jnp.asarray(mean)), [r, v], atol=1e-4)


def spikes_and_potentials(V: np.ndarray, drive: np.ndarray, dt: float) -> tuple[int, np.ndarray]:
    """Quadratic neurons V' = V^2 + drive after `dt`, exactly, through infinity and back; and how many fired."""
    w = np.sqrt(np.abs(drive))
    phase = np.arctan(V / w) + w * dt
    turns = np.floor((phase + np.pi / 2) / np.pi)
    T = np.tanh(w * dt)
    below = w - V * T
    after = np.where(drive > 0, w * np.tan(phase), w * (V - w * T) / below)
    fired = np.where(drive > 0, turns, (w < V) & (below < 0))
    return int(np.sum(fired)), after


def test_montbrio_is_the_mean_of_quadratic_neurons() -> None:
    N, dt, steps = 4000, 2e-3, 7500
    eta = -5.0 + np.tan(np.pi * ((np.arange(N) + 0.5) / N - 0.5))
    # The current of a pulse that switches the population up; without it the low state would stay.
    V, rate, counts = np.full(N, -2.0), 0.0, np.zeros(steps)
    for i in range(steps):
        pulse = 3.0 if i * dt < 5.0 else 0.0
        counts[i], V = spikes_and_potentials(V, eta + 15.0 * rate + pulse, dt)
        rate = counts[i] / (N * dt)
    high = counts[-2500:].sum() / (N * 2500 * dt)
    mean_field = ds.fixed_points(MontbrioPazoRoxin(tau=1.0)).states
    # The rates of finite networks fluctuate like 1 / sqrt(N), over five time constants of a weakly damped focus.
    assert abs(high - np.max(mean_field[:, 0])) < 3 / np.sqrt(N)


def test_tsodyks_markram_regimes() -> None:
    network, known = TsodyksMarkramNetwork(), facts("tsodyks-markram-network")
    assert known["hopf_I"].agrees(hopf_point(network, "I", (-1.75, -1.5), highest(0)))
    assert first_lyapunov_coefficient(network.replace(I=known["hopf_I"].value), highest(0)) > 0
    low = fold_point(network, "I", -3.2, highest(0))
    high = fold_point(network, "I", -1.55, lambda found: int(np.argmin(found.states[:, 0])))
    assert known["fold_I"].agrees([low, high])
    currents = (low - 0.1, low + 0.1, high - 0.1, high + 0.1)
    assert [len(ds.fixed_points(network.replace(I=current))) for current in currents] == [1, 3, 3, 1]


def test_tsodyks_markram_states_of_rest_lie_on_their_curve() -> None:
    for preset in TsodyksMarkramNetwork.presets:
        network = TsodyksMarkramNetwork.preset(preset)
        for h, x, u in ds.fixed_points(network).states:
            rate = network.rate(jnp.asarray(h))
            np.testing.assert_allclose(network.resources(rate), [u, x], rtol=1e-8)
            np.testing.assert_allclose(network.current_at_rest(rate), network.I, rtol=1e-7)


def test_tsodyks_markram_remembers_by_firing_or_by_bursts() -> None:
    steady, bursting = (TsodyksMarkramNetwork.preset(p) for p in ("working memory", "population spikes"))
    written = jnp.array([11.0, 0.35, 0.82])
    assert np.max(seen(steady, 10.0, dt=1e-3)[:, 0]) < 0.0
    assert np.min(seen(steady, 20.0, dt=1e-3, y0=written)[:, 0]) > 10.0
    assert np.max(seen(bursting, 10.0, dt=1e-3)[:, 0]) < 0.0
    spikes = seen(bursting, 20.0, dt=1e-3, y0=written)[:, 0]
    rhythm = period(spikes, dt=1e-3)
    assert np.ptp(spikes) > 50.0
    assert rhythm.variation < 1e-3
    # Facilitation (1.5 s) carries the memory from one burst to the next, after depression (0.2 s) has recovered.
    assert 0.2 < rhythm.period < 1.5


def test_tsodyks_markram_depression_alone_bursts_between_two_hopf_points() -> None:
    network = TsodyksMarkramNetwork.preset("depression")
    onset, end = (hopf_point(network, "I", between, highest(0)) for between in ((-2.4, -2.0), (-1.0, -0.5)))
    np.testing.assert_allclose([onset, end], [-2.2296565542, -0.7426762335], atol=1e-6)
    assert np.ptp(seen(network, 30.0, dt=1e-3)[:, 0]) > 10.0
    assert np.ptp(seen(network.replace(I=onset - 0.1), 60.0, dt=1e-2)[:, 0]) < 0.1
    assert np.ptp(seen(network.replace(I=end + 0.3), 60.0, dt=1e-2)[:, 0]) < 0.1


def test_ott_antonsen_settles_at_the_known_order() -> None:
    population, known = OttAntonsen(), facts("ott-antonsen")
    end = seen(population, 100.0, dt=0.5)[-1]
    assert known["order_parameter"].agrees(np.hypot(*end))
    assert known["order_parameter"].agrees(population.order_at_rest())
    assert float(OttAntonsen(K=1.9).order_at_rest()) == 0.0
    # The exponent along the cycle is zero only up to 1 / T.
    exponents = ds.lyapunov_spectrum(population, rtol=0.01).exponents
    np.testing.assert_allclose(exponents, known["lyapunov_exponents"].value, atol=1e-4)


@pytest.mark.parametrize("K", [3.0, 4.0, 6.0])
def test_ott_antonsen_is_the_limit_of_kuramoto(K: float) -> None:
    N = 2000
    network = Kuramoto.quantiles(n=N, K=K)
    ys = ds.trajectory(network, None, np.arange(20.0, 60.0, 0.5), solver=ds.solve.RK4(0.02)).ys
    r = float(jnp.mean(jnp.abs(jax.vmap(network.order)(ys))))
    assert abs(r - float(OttAntonsen(K=K).order_at_rest())) < 3 / np.sqrt(N)


def test_wong_wang_decides_between_its_pitchforks() -> None:
    known = facts("wong-wang")["pitchfork_mu0"]

    def undecided(found: Any) -> int:
        return int(np.argmin(np.abs(found.states[:, 0] - found.states[:, 1])))

    def growth(mu0: float) -> float:
        # The eigenvalue of the antisymmetric mode is the larger one: inhibition adds to it.
        return float(np.max(at_rest(WongWang(mu0=mu0), undecided)[1].real))

    assert known.agrees([brentq(growth, *between, xtol=1e-9) for between in ((5.0, 15.0), (38.0, 48.0))])
    stable = {mu0: sum(s == "stable node" for s in ds.fixed_points(WongWang(mu0=mu0)).stability) for mu0 in (0, 30, 60)}
    assert stable == {0: 3, 30: 2, 60: 3}


def test_wong_wang_follows_the_evidence() -> None:
    for c in (0.3, -0.3):
        end = seen(WongWang(c=c), 10.0, dt=0.05)[-1]
        assert np.sign(end[0] - end[1]) == np.sign(c)
    y = jnp.array([0.3, 0.1])
    mirrored = WongWang(c=-0.3).vector_field(0.0, y[::-1], None)[::-1]
    np.testing.assert_allclose(WongWang(c=0.3).vector_field(0.0, y, None), mirrored, rtol=1e-12)


def test_epileptor_begins_to_seize_at_its_hopf_point() -> None:
    known = facts("epileptor")["seizure_onset_x0"]

    def growth(x0: float) -> float:
        # The lower state of the second subsystem, which does not act back on the first.
        values = at_rest(Epileptor(x0=x0), lambda found: int(np.argmin(found.states[:, 3])))[1]
        slow = values[(np.abs(values.imag) > 1e-4) & (np.abs(values) < 0.05)]
        return float(np.max(slow.real))

    assert known.agrees(brentq(growth, -2.1, -2.02, xtol=1e-10))
    assert np.ptp(seen(Epileptor(x0=-2.1), 20_000.0, dt=1.0)[:, 0]) < 1e-3
    ys = np.asarray(ds.trajectory(Epileptor(), None, np.arange(0.0, 20_000.0, 0.5)).ys)
    # Slow variable: rises in each seizure, falls between them. Several thousand units from one to the next.
    cycle = period(ys[4000:, 2], dt=0.5)
    assert cycle.converged
    assert 1500.0 < cycle.period < 3500.0
    assert cycle.variation < 0.05
    assert np.ptp(ys[4000:, 0]) > 3.0
