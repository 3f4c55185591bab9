"""Lyapunov spectra against what is known exactly or has been published."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope._errors import ComputationFailed
from dynascope._tree import astype
from dynascope.analysis.stability import Benettin, LyapunovSpectrum, lyapunov_spectrum
from dynascope.models.canonical import (
    Henon,
    LinearFlow,
    LinearMap,
    Logistic,
    Lorenz,
    MackeyGlass,
    OrnsteinUhlenbeck,
    Roessler,
    VanDerPol,
)
from dynascope.models.neurons import LeakyIntegrateAndFire
from dynascope.solve import RK4, LocatedEvents, Tsit5
from dynascope.systems import Sine, driven

SKEWED = np.array([[1.0, 0.3, -0.2], [0.1, 1.0, 0.4], [0.0, -0.3, 1.0]])


def with_eigenvalues(*values: float) -> np.ndarray:
    """A matrix with these eigenvalues and eigenvectors far from orthogonal."""
    basis = SKEWED[: len(values), : len(values)]
    return basis @ np.diag(values) @ np.linalg.inv(basis)


def within(found: LyapunovSpectrum, *expected: float, by: float = 3.0) -> None:
    """Every exponent is known to `by` standard errors, or to a part in a thousand where the error is smaller."""
    error = by * found.stderr + 1e-3 * np.abs(expected)
    assert np.all(np.abs(found.exponents - expected) <= error), f"{found.exponents} +- {found.stderr}, not {expected}"


def test_linear_flow_gives_its_real_parts() -> None:
    """To rounding, for the flow that the method of order 4 computes; to its error, for the flow itself."""
    h, values = 0.005, np.array([0.1, -1.0, -4.0])
    found = lyapunov_spectrum(LinearFlow(with_eigenvalues(*values)), transient=20.0, duration=50.0, solver=RK4(h))
    z = h * values
    computed = np.log(1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24) / h
    np.testing.assert_allclose(found.exponents, computed, atol=1e-10)
    np.testing.assert_allclose(found.exponents, values, atol=1e-8)
    assert found.unit == "nats/time"


def test_linear_map_gives_its_moduli() -> None:
    found = lyapunov_spectrum(LinearMap(with_eigenvalues(1.01, -0.5, 0.1)), transient=100, duration=300)
    np.testing.assert_allclose(found.exponents, np.log([1.01, 0.5, 0.1]), atol=1e-10)
    assert found.unit == "nats/step"
    spiral = lyapunov_spectrum(LinearMap(), duration=4000)
    np.testing.assert_allclose(spiral.exponents, 0.5 * np.log(0.8125), atol=1e-3)
    assert spiral.exponents.sum() == pytest.approx(np.log(0.8125), abs=1e-12)


def test_sum_of_lorenz_is_its_divergence() -> None:
    found = lyapunov_spectrum(Lorenz(), duration=200.0, solver=RK4(0.0025))
    assert found.exponents.sum() == pytest.approx(-41 / 3, abs=1e-6)


def test_sum_of_henon_is_its_determinant() -> None:
    found = lyapunov_spectrum(Henon(), duration=20_000)
    assert found.exponents.sum() == pytest.approx(math.log(0.3), abs=1e-9)


@pytest.mark.parametrize(
    ("system", "duration", "expected"),
    [
        (Lorenz(), 500.0, (0.9056, 0.0, -14.5723)),
        (Roessler(), 5000.0, (0.0714, 0.0, -5.3943)),
        (Henon(), 50_000, (0.41922, -1.62319)),
        (Logistic(r=4.0), 50_000, (math.log(2),)),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, ds.systems.AbstractSystem) else None,
)
def test_published_values(system: Any, duration: float, expected: tuple[float, ...]) -> None:
    found = lyapunov_spectrum(system, duration=duration)
    # An exponent that is nil approaches it like 1 / duration, without any error of sampling.
    nil = 3 / duration
    np.testing.assert_array_less(np.abs(found.exponents - expected), 3 * found.stderr + nil + 2e-4 * np.abs(expected))
    assert found.stderr[0] < 0.1 * expected[0]
    assert found.successful


def test_automatic_run_reaches_its_precision() -> None:
    found = lyapunov_spectrum(Henon(), rtol=0.01)
    assert found.converged
    assert found.stderr[0] <= 0.01 * found.exponents[0]
    within(found, 0.41922, -1.62319)


def test_standard_error_covers() -> None:
    """Of 40 short runs from different starts most lie within two of their standard errors."""
    starts = 0.1 * np.asarray(jax.random.uniform(jax.random.key(0), (40, 2)))
    inside = []
    for start in starts:
        found = lyapunov_spectrum(Henon(), y0=jnp.asarray(start), duration=6400, transient=500)
        inside.append(abs(found.exponents[0] - 0.41922) <= 2 * found.stderr[0])
    assert np.mean(inside) >= 0.8


def test_interval_of_orthonormalisation_does_not_matter() -> None:
    runs = [
        lyapunov_spectrum(Lorenz(), duration=64 * 2.5, method=Benettin(every=every), solver=RK4(0.0025)).exponents
        for every in (1, 5, 10)
    ]
    np.testing.assert_allclose(runs[1], runs[0], rtol=0, atol=2e-2)
    np.testing.assert_allclose(runs[2], runs[0], rtol=0, atol=2e-2)


def test_fewer_exponents_are_the_first_ones() -> None:
    all_of_them = lyapunov_spectrum(Henon(), duration=6400)
    first = lyapunov_spectrum(Henon(), k=1, duration=6400)
    assert first.exponents.shape == (1,)
    assert first.exponents[0] == pytest.approx(all_of_them.exponents[0], abs=0.02)
    assert math.isnan(first.kaplan_yorke)


def test_kaplan_yorke_dimension_and_entropy() -> None:
    found = lyapunov_spectrum(Henon(), duration=50_000)
    assert found.kaplan_yorke == pytest.approx(1 + found.exponents[0] / abs(found.exponents[1]))
    assert abs(found.kaplan_yorke - 1.2583) < 3 * found.kaplan_yorke_stderr + 1e-3
    assert found.entropy_rate == pytest.approx(found.exponents[0])
    rest = lyapunov_spectrum(LinearMap(), duration=640)
    assert (rest.kaplan_yorke, rest.entropy_rate) == (0.0, 0.0)
    spreading = lyapunov_spectrum(LinearMap(np.diag([1.01, 1.02])), duration=640)
    assert spreading.kaplan_yorke == 2.0


def test_large_frames_go_through_lapack() -> None:
    """Ten dimensions: beyond the unrolled Gram-Schmidt."""
    values = np.linspace(0.9, 0.1, 10)
    basis = np.eye(10) + 0.1 * np.random.default_rng(0).normal(size=(10, 10))
    found = lyapunov_spectrum(LinearMap(basis @ np.diag(values) @ np.linalg.inv(basis)), transient=300, duration=600)
    np.testing.assert_allclose(found.exponents, np.log(values), atol=1e-9)


def test_limit_cycle_has_one_nil_exponent() -> None:
    found = lyapunov_spectrum(VanDerPol(mu=1.0), duration=300.0)
    assert abs(found.exponents[0]) < 0.01
    assert found.exponents[1] == pytest.approx(-1.0593, abs=0.02)


def test_noise_of_ornstein_and_uhlenbeck() -> None:
    found = lyapunov_spectrum(OrnsteinUhlenbeck(theta=1.5), key=jax.random.key(0), duration=50.0)
    step = 0.01
    assert found.exponents[0] == pytest.approx(math.log(1 - 1.5 * step) / step, abs=1e-9)
    assert found.exponents[0] == pytest.approx(-1.5, abs=0.02)


def test_integrate_and_fire() -> None:
    """Below threshold the leak; above it a rhythm, whose phase is never forgotten."""
    quiet = lyapunov_spectrum(LeakyIntegrateAndFire(I=1.0), duration=100.0, transient=10.0)
    assert quiet.exponents[0] == pytest.approx(-0.1, abs=1e-8)
    spiking = lyapunov_spectrum(LeakyIntegrateAndFire(I=2.0), duration=1400.0, transient=30.0)
    assert spiking.exponents[0] == pytest.approx(0.0, abs=2e-3)


def test_driven_systems_have_conditional_exponents() -> None:
    """A linear filter forgets at its own rate whatever drives it."""
    neuron = LeakyIntegrateAndFire(I=0.0)
    through_input = lyapunov_spectrum(neuron, inputs=Sine(amplitude=0.5, period=20.0), duration=100.0, transient=10.0)
    assert through_input.exponents[0] == pytest.approx(-0.1, abs=1e-8)
    inside = lyapunov_spectrum(driven(neuron, 0.5), duration=100.0, transient=10.0)
    assert inside.exponents[0] == pytest.approx(-0.1, abs=1e-8)


@pytest.mark.slow
def test_mackey_glass_is_chaotic() -> None:
    found = lyapunov_spectrum(MackeyGlass(), k=2, transient=2000.0, duration=20_000.0)
    assert found.exponents[0] > 3 * found.stderr[0]
    assert found.exponents[0] == pytest.approx(0.0059, abs=0.0015)
    calm = lyapunov_spectrum(MackeyGlass(tau=4.0), k=1, transient=2000.0, duration=2000.0)
    assert calm.exponents[0] < 0


def test_result_tells_its_story() -> None:
    found = lyapunov_spectrum(Henon(), duration=6400)
    assert found.summary().startswith("Lyapunov exponents (nats/step): 0.4")
    assert found.times.shape == (found.running.shape[0],)
    np.testing.assert_allclose(found.running[-1], found.exponents, rtol=1e-9)
    assert found.settings["system"] == "Henon"
    assert found.settings["duration"] >= 6400
    data = found.to_xarray()
    assert data["exponents"].dims == ("exponent",)
    again = lyapunov_spectrum(Henon(), duration=6400)
    np.testing.assert_array_equal(again.exponents, found.exponents)


def test_divergence_is_a_code() -> None:
    with pytest.raises(ComputationFailed, match="`lyapunov_spectrum` of `Henon`: The state became infinite"):
        lyapunov_spectrum(Henon(a=2.0), duration=1000)
    found = lyapunov_spectrum(Henon(a=2.0), duration=1000, throw=False)
    assert found.result == ds.RESULTS.nonfinite
    assert not found.converged
    assert np.all(np.isnan(found.exponents))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lyapunov_spectrum(ds.build("asynchronous-hopfield"), key=jax.random.key(0)), "discrete states"),
        (lambda: lyapunov_spectrum(Henon(), k=3), "between 1 and the dimension 2, got 3"),
        (lambda: lyapunov_spectrum(Henon(), k=0), "got 0"),
        (lambda: lyapunov_spectrum(Lorenz(), solver=Tsit5()), "fixed-step solver such as"),
        (lambda: lyapunov_spectrum(OrnsteinUhlenbeck()), "needs `key`"),
        (lambda: lyapunov_spectrum(Lorenz(), duration=-1.0), "`duration` must be a finite time"),
        (lambda: lyapunov_spectrum(Lorenz(), rtol=0.0), "`rtol` must be a positive number"),
        (lambda: lyapunov_spectrum(Lorenz(), transient=math.inf), "`transient` must be a finite time"),
        (lambda: lyapunov_spectrum(Lorenz(), inputs=1.0), "takes no input"),
        (lambda: lyapunov_spectrum(LeakyIntegrateAndFire(), solver=RK4(0.1)), "LocatedEvents"),
        (lambda: lyapunov_spectrum(Lorenz(), y0=[1.0, 2.0]), r"shape \(3,\)|3 numbers"),
        (lambda: lyapunov_spectrum(Henon(), solver=RK4(0.1)), "needs no solver"),
        (lambda: lyapunov_spectrum(Lorenz(), solver=LocatedEvents(RK4(0.1))), "`LocatedEvents` cannot step `Lorenz`"),
        (lambda: lyapunov_spectrum(Henon(), method=Benettin(every=0)), "`every`"),
        (lambda: lyapunov_spectrum(astype(Lorenz(), jnp.float32), duration=10.0), "64"),
    ],
)
def test_wrong_use_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ds.InputError, match=message):
        make()


def test_sum_is_compared_with_the_growth_of_volume() -> None:
    lorenz = lyapunov_spectrum(Lorenz(), transient=10.0, duration=20.0)
    assert lorenz.volume_rate == pytest.approx(-41.0 / 3.0, rel=1e-12)
    assert lorenz.sum_error < 1e-6
    henon = lyapunov_spectrum(Henon(), duration=2000)
    assert henon.volume_rate == pytest.approx(math.log(0.3), rel=1e-12)
    assert henon.sum_error < 1e-12


def test_sum_rule_ends_before_two_programs_of_one_orbit_part_in_a_burst() -> None:
    # The mean growth of this network is small, and its bursts amplify rounding all the same.
    network = lyapunov_spectrum(ds.build("gru"), transient=500, duration=500)
    assert network.sum_error < 1e-9


def test_sum_error_is_that_of_the_step() -> None:
    """Of order four with RK4, on a flow whose divergence varies along the orbit."""
    errors = [lyapunov_spectrum(Roessler(), duration=200.0, solver=RK4(h)).sum_error for h in (0.04, 0.02)]
    assert 10 < errors[0] / errors[1] < 25


def test_sum_rule_needs_all_exponents_and_no_noise() -> None:
    for found in (
        lyapunov_spectrum(Lorenz(), k=2, duration=5.0),
        lyapunov_spectrum(OrnsteinUhlenbeck(), duration=5.0, key=jax.random.key(0)),
    ):
        assert math.isnan(found.volume_rate)
        assert math.isnan(found.sum_error)


@pytest.mark.parametrize("wanted", [64, 1000, 5000, 77_777])
def test_runs_as_long_as_asked_and_no_longer(wanted: int) -> None:
    settings = lyapunov_spectrum(Henon(), transient=500, duration=wanted).settings
    assert settings["duration"] <= wanted
    assert settings["duration"] >= 0.99 * wanted - 64


def test_recorded_input_ends_the_average() -> None:
    from dynascope.models.artificial import RNN
    from dynascope.systems import Recorded

    network = RNN.draw(inputs=1, n=3, key=jax.random.key(0))
    samples = jax.random.normal(jax.random.key(1), (3000, 1))
    signal = Recorded(samples, hold=True)
    whole = lyapunov_spectrum(network, inputs=signal, transient=500)
    assert 2300 <= whole.settings["duration"] <= 2500
    with pytest.raises(ds.InputError, match="recorded input ends at time 3000"):
        lyapunov_spectrum(network, inputs=signal, transient=500, duration=2600)
    longer = lyapunov_spectrum(network, inputs=Recorded(samples, hold=True, cyclic=True), transient=500, duration=5000)
    assert longer.settings["duration"] > 4800


@pytest.mark.parametrize("system", [Lorenz(), Henon(), Roessler()], ids=lambda s: type(s).__name__)
def test_twin_orbits_separate_as_the_largest_exponent_says(system: Any) -> None:
    found = lyapunov_spectrum(system)
    assert found.twin_agrees
    assert abs(found.twin - found.exponents[0]) < 4 * math.hypot(found.twin_stderr, found.stderr[0])
    assert "instead" not in found.summary()


def test_twin_orbits_see_a_wrong_derivative() -> None:
    """The half of the derivative of the logistic map that `stop_gradient` hides."""
    wrong = ds.iterated(lambda n, y, p: 3.9 * jax.lax.stop_gradient(y) * (1.0 - y), [0.3])
    found = lyapunov_spectrum(wrong, duration=20_000)
    right = lyapunov_spectrum(Logistic(r=3.9), duration=20_000)
    assert not found.twin_agrees
    assert abs(found.twin - right.exponents[0]) < 5 * math.hypot(found.twin_stderr, right.stderr[0])
    assert "or a derivative is wrong" in found.summary()
