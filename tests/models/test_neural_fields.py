"""Known answers of neural fields: Turing's threshold, Amari's bumps, the tuned ring, patterns of the lattice."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import erf

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.stability import Newton
from dynascope.models import (
    Cosine,
    DifferenceOfGaussians,
    NeuralFieldLattice,
    NeuralFieldRing,
    Sigmoid,
    ThresholdLinear,
    facts,
)


def settled(field: Any, until: float = 200.0, y0: Any = None) -> jax.Array:
    """The state at the end of a run."""
    return ds.trajectory(field, y0, np.array([0.0, until])).ys[-1]


def residual(field: Any, v: jax.Array) -> float:
    return float(jnp.max(jnp.abs(field.vector_field(0.0, v, None))))


def eigenvalues(field: Any, v: jax.Array) -> Any:
    """Of the Jacobian at `v`, largest real part first."""
    flat = v.ravel()
    J = jax.jacfwd(lambda z: field.vector_field(0.0, z.reshape(v.shape), None).ravel())(flat)
    values: Any = np.linalg.eigvals(np.asarray(J))
    return values[np.argsort(-values.real)]


def crossings(v: np.ndarray, spacing: float) -> np.ndarray:
    """Where the profile passes through zero, between its places."""
    i = np.flatnonzero(np.diff(np.sign(v)))
    return (i + v[i] / (v[i] - v[i + 1])) * spacing


@pytest.mark.parametrize("level", [-0.3, 0.0, 0.4])
@pytest.mark.parametrize("n", [64, 65])
def test_growth_rates_are_the_eigenvalues_of_the_uniform_state(n: int, level: float) -> None:
    field = NeuralFieldRing(n=n)
    rates = np.asarray(field.growth_rates(jnp.array(level)))
    twice = np.concatenate([rates, rates[1 : (n + 1) // 2]])  # cosine and sine of each wave number
    found = eigenvalues(field, jnp.full(n, level))
    np.testing.assert_allclose(np.abs(found.imag).max(), 0.0, atol=1e-10)
    np.testing.assert_allclose(np.sort(found.real), np.sort(twice), atol=1e-10)


def test_growth_rates_of_the_lattice_are_its_eigenvalues() -> None:
    n = 12
    field = NeuralFieldLattice(n=n, length=12.0)
    rates = np.asarray(field.growth_rates(jnp.array(0.1)))
    full = np.concatenate([rates, rates[:, 1 : n // 2]], axis=1)  # what the transform of real fields leaves out
    found = eigenvalues(field, jnp.full((n, n), 0.1))
    np.testing.assert_allclose(np.sort(found.real), np.sort(full.ravel()), atol=1e-10)


def test_transforms_are_those_of_the_gaussians() -> None:
    k = NeuralFieldRing().wave_numbers()
    exact = np.sqrt(2 * np.pi) * (1.5 * np.exp(-(k**2) / 2) - 0.75 * 2 * np.exp(-2 * k**2))
    np.testing.assert_allclose(NeuralFieldRing().transform(), exact, atol=1e-5)
    field = NeuralFieldLattice()
    k = field.wave_numbers()
    exact = 2 * np.pi * (1.5 * np.exp(-(k**2) / 2) - 0.75 * 4 * np.exp(-2 * k**2))
    np.testing.assert_allclose(field.transform(), exact, atol=1e-4)


def test_fourier_sum_is_the_integral_over_places() -> None:
    field = NeuralFieldRing(n=48)
    v = settled(field, 3.0)
    apart = np.abs(field.places()[:, None] - field.places()[None, :])
    w = field.kernel.at(jnp.minimum(apart, field.length - apart))
    lateral = np.asarray(w) @ np.asarray(field.gain.of(v)) * float(field.length) / 48
    np.testing.assert_allclose(field.vector_field(0.0, v, None), -v + lateral + field.h, atol=1e-12)


def test_turing_threshold_of_the_ring() -> None:
    # About v = 0, which is uniform rest for h = -w_hat(0) / 2, patterns grow for slopes beyond 4 / w_hat(k).
    field = NeuralFieldRing(n=96, length=24.0)
    w = np.asarray(field.transform())
    critical = 4.0 / w.max()
    for slope, grows in ((0.98 * critical, False), (1.02 * critical, True)):
        near = field.replace(h=-w[0] / 2, **{"gain.slope": slope})
        assert (float(jnp.max(near.growth_rates(jnp.array(0.0)))) > 0) == grows
        ripple = 1e-3 * jnp.cos(field.wave_numbers()[int(w.argmax())] * field.places())
        swing = float(jnp.ptp(settled(near, 300.0, ripple)))
        assert (swing > 0.02) == grows


def area(a: float) -> float:
    """The integral of the default kernel from 0 to a."""
    return float(np.sqrt(np.pi / 2) * 1.5 * (erf(a / np.sqrt(2)) - erf(a / 2 / np.sqrt(2))))


def test_amari_bump_is_as_wide_as_the_larger_zero() -> None:
    fact = facts("neural-field-ring")["bump_width"]
    narrow: Any
    wide: Any
    narrow, wide = brentq(lambda a: area(a) - 0.5, 0.1, 1.4), brentq(lambda a: area(a) - 0.5, 1.6, 6.0)
    assert fact.agrees(wide)
    field = NeuralFieldRing(h=-0.5, n=512, gain=Sigmoid(100.0))
    bump = np.asarray(settled(field, 100.0))
    edges = crossings(bump, 20.0 / 512)
    assert len(edges) == 2
    assert fact.agrees(edges[1] - edges[0])
    # Between the two widths a bump grows to the wide one, below the narrow one it dies out.
    x = np.abs(np.asarray(field.places()) - 10.0)
    for width, survives in ((1.3 * narrow, True), (0.7 * narrow, False)):
        end = np.asarray(settled(field, 100.0, jnp.asarray(np.where(x < width / 2, 0.3, -0.5))))
        assert (end.max() > 0) == survives


def test_amari_eigenvalues_of_the_bump() -> None:
    # For a step of the rate: 0 for a shift, and 2 w(a) / (w(0) - w(a)) for a change of width, Amari (1977).
    wide: Any = brentq(lambda a: area(a) - 0.5, 1.6, 6.0)
    w = np.asarray(DifferenceOfGaussians().at(jnp.array([0.0, wide])))
    breathing = 2 * w[1] / (w[0] - w[1])
    assert breathing < 0
    field = NeuralFieldRing(h=-0.5, n=512, gain=Sigmoid(30.0))
    bump = settled(field, 200.0)
    assert residual(field, bump) < 1e-6
    found = eigenvalues(field, bump).real
    np.testing.assert_allclose(found[:2], [0.0, breathing], atol=0.02)


def test_default_ring_holds_its_bump_anywhere() -> None:
    field = NeuralFieldRing()
    bump = settled(field)
    found = eigenvalues(field, bump).real
    assert abs(found[0]) < 1e-4
    assert found[1] < -0.3
    moved = jnp.roll(bump, 31)
    np.testing.assert_allclose(residual(field, moved), residual(field, bump), atol=1e-12)
    rest = ds.fixed_points(field, starts=jnp.full((1, 128), -0.4), method=Newton(starts=2), throw=False)
    assert any(
        np.ptp(state) < 1e-8 and s == "stable node" for state, s in zip(rest.states, rest.stability, strict=True)
    )


@pytest.mark.parametrize(("mean", "tuned"), [(-2.0, 4.0), (-1.0, 3.0), (-3.0, 8.0)])
def test_orientation_tuning_of_ben_yishai(mean: float, tuned: float) -> None:
    half: Any = brentq(lambda c: tuned * (c - np.sin(2 * c) / 2) - 2 * np.pi, 0.1, np.pi)
    amplitude = 1.0 / (-np.cos(half) - mean * (np.sin(half) - half * np.cos(half)) / np.pi)
    n = 512
    field = NeuralFieldRing.orientation(mean=mean, tuned=tuned, n=n)
    v = np.asarray(settled(field, 400.0))
    # Only mean and first mode are left: v = a cos(x - x0) + b, zero at x0 +- half.
    modes = np.fft.rfft(v) / n
    assert np.max(np.abs(modes[2:])) < 1e-6
    measured = 2 * np.abs(modes[1])
    np.testing.assert_allclose(measured, amplitude, rtol=2e-3)
    np.testing.assert_allclose(np.arccos(-modes[0].real / measured), half, rtol=1e-3)


def test_orientation_below_two_stays_untuned() -> None:
    field = NeuralFieldRing.orientation(tuned=1.8)
    v = np.asarray(settled(field, 400.0))
    # v = 1 + mean v = 1 / 3 everywhere.
    np.testing.assert_allclose(v, 1.0 / 3.0, atol=1e-6)
    assert float(field.growth_rates(jnp.array(1.0 / 3.0))[1]) == pytest.approx(-1.0 + 1.8 / 2)


SMOOTH = NeuralFieldRing(1.0, length=2 * jnp.pi, kernel=Cosine(-2.0, 6.0), gain=Sigmoid(2.0), n=32)


def test_ring_attractor_has_one_neutral_direction_along_the_ring() -> None:
    v = settled(SMOOTH)
    J = jax.jacfwd(lambda z: SMOOTH.vector_field(0.0, z, None))(v)
    # A shift of the bump by rotation: the derivative of its Fourier series.
    k = jnp.fft.rfftfreq(32, 1.0 / 32)
    shift = jnp.fft.irfft(1j * k * jnp.fft.rfft(v), 32)
    assert float(jnp.linalg.norm(J @ shift) / jnp.linalg.norm(shift)) < 1e-9
    found = eigenvalues(SMOOTH, v).real
    assert abs(found[0]) < 1e-9
    assert found[1] < -0.5


@pytest.mark.slow
def test_regime_of_a_ring_attractor() -> None:
    assert ds.regime_of(SMOOTH, starts=16, transient=100.0).verdict.regime == "ring attractor"


def test_critical_wave_number_and_slope_of_the_lattice() -> None:
    known = facts("neural-field-lattice")
    kernel = NeuralFieldLattice().kernel
    k = np.sqrt(2 * np.log(0.75 * 2.0**4 / 1.5) / 3.0)
    assert known["critical_wave_number"].agrees(k)
    # A lattice on which exactly four wavelengths fit.
    field = NeuralFieldLattice(3 * np.pi / 2, length=4 * 2 * np.pi / k, kernel=kernel)
    rates = np.asarray(field.growth_rates(jnp.array(0.0)))
    assert np.asarray(field.wave_numbers()).ravel()[rates.argmax()] == pytest.approx(k, rel=1e-12)

    def growth(slope: float) -> float:
        return float(jnp.max(field.replace(**{"gain.slope": slope}).growth_rates(jnp.array(0.0))))

    assert known["critical_slope"].agrees(brentq(growth, 0.5, 2.0, xtol=1e-10))
    assert residual(field, jnp.zeros((32, 32))) < 1e-4


@pytest.mark.parametrize(("h", "slope"), [(3 * np.pi / 2, 1.3), (2.5, 2.0)])
def test_patterns_of_the_lattice_have_the_critical_wavelength(h: float, slope: float) -> None:
    k = facts("neural-field-lattice")["critical_wave_number"].value
    field = NeuralFieldLattice(h, length=6 * 2 * np.pi / k, gain=Sigmoid(slope), n=48)
    v = np.asarray(settled(field, 600.0))
    power = np.abs(np.fft.rfft2(v - v.mean())) ** 2
    power[:, 1:24] *= 2
    mean = float(np.sum(power * np.asarray(field.wave_numbers())) / np.sum(power))
    assert np.ptp(v) > 0.5
    assert field.wave_numbers().ravel()[power.argmax()] == pytest.approx(k, rel=0.1)
    assert mean == pytest.approx(k, rel=0.15)


def test_inputs_reach_their_place() -> None:
    ring, lattice = NeuralFieldRing(tau=2.0), NeuralFieldLattice(n=8, tau=2.0)
    for field, where in ((ring, 17), (lattice, (3, 5))):
        y = field.initial_state()
        u = jnp.zeros(y.shape).at[where].set(1.0)
        change = field.vector_field(0.0, y, u.ravel()) - field.vector_field(0.0, y, None)
        np.testing.assert_allclose(change, u / 2.0, atol=1e-12)


def test_gains() -> None:
    v = jnp.array([-1.0, 0.5, 2.0])
    np.testing.assert_allclose(ThresholdLinear(2.0, 0.5).of(v), [0.0, 0.0, 3.0])
    np.testing.assert_allclose(Sigmoid(3.0, 0.5).of(v), 1 / (1 + np.exp(-3.0 * (np.asarray(v) - 0.5))))


def test_fields_refuse_what_makes_no_sense() -> None:
    with pytest.raises(InputError, match="`n` of `NeuralFieldRing` must be at least 3, got 2"):
        NeuralFieldRing(n=2)
    with pytest.raises(InputError, match="`n` of `NeuralFieldLattice` must be at least 3, got 0"):
        NeuralFieldLattice().replace(n=0)
    with pytest.raises(InputError, match="got `Cosine`, which is for rings"):
        NeuralFieldLattice(kernel=Cosine())
