"""Measures of reconstructions against sums done by hand, formulas, and the published floors."""

import numpy as np
import pytest

import dynascope as ds
from dynascope.learn.measures import (
    ALRNNBins,
    FirstFrequencies,
    GTFBins,
    Mixture,
    NRMSEThreshold,
    SMAPEPrefix,
    SmoothedSpectra,
    ctf_long,
    ctf_short,
    fidelity,
    invariant_errors,
    prediction_error,
    smape,
    valid_times,
)


@pytest.fixture(scope="module")
def lorenz() -> np.ndarray:
    run = ds.trajectory(ds.build("lorenz"), None, np.arange(0.0, 250.0, 0.01))
    values = np.asarray(run.ys)[5000:]
    return (values - values.mean(axis=0)) / values.std(axis=0)


def test_bins_by_hand() -> None:
    truth = np.array([0.0, 0.0, 0.0, 1.0])
    made = np.array([0.0, 1.0, 1.0, 1.0])
    # Two cells: 3 and 1 counts against 1 and 3, so the divergence is (3/4) ln 3 - (1/4) ln 3.
    found = GTFBins(bins=2, smoothing=1e-12)(made, truth)
    assert found == pytest.approx(0.5 * np.log(3))
    # With a count of one added everywhere: 4/6 and 2/6.
    assert GTFBins(bins=2, smoothing=1.0)(made, truth) == pytest.approx(np.log(2) / 3)
    with pytest.raises(ds.InputError, match="above 0"):
        GTFBins(smoothing=0.0)


def test_cells_that_nobody_visits_count() -> None:
    generator = np.random.default_rng(0)
    truth, made = generator.normal(size=(50, 2)), generator.normal(size=(70, 2))
    bins, smooth = 5, 0.3
    low, high = truth.min(0) - 0.1 * truth.std(0), truth.max(0) + 0.1 * truth.std(0)
    edges = [np.linspace(a, b, bins + 1) for a, b in zip(low, high, strict=True)]
    p, q = (np.histogram2d(*x.T, bins=edges)[0].ravel() + smooth for x in (truth, made))
    p, q = p / p.sum(), q / q.sum()
    found = GTFBins(bins=bins, smoothing=smooth)(made, truth)
    assert found == pytest.approx(np.sum(p * np.log(p / q)), rel=1e-12)


def test_variant_without_first_bins() -> None:
    # Range 0 to 10 in 10 bins; 0.5 falls into bin 0 and 10 onto the edge: neither counts.
    truth = np.array([0.0, 0.5, 1.5, 2.5, 2.5, 10.0])
    made = np.array([0.5, 1.5, 1.5, 2.5, 2.5, 2.5])
    p, q = np.array([1, 2]) / 3, np.array([2, 3]) / 5
    expected = np.sum(p * np.log(p / q))
    assert ALRNNBins(bins=10, smoothing=1e-12)(made, truth) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("measure", [GTFBins(), ALRNNBins(), Mixture(points=500)], ids=lambda m: type(m).__name__)
def test_same_series_diverge_by_nothing(measure: object, lorenz: np.ndarray) -> None:
    assert measure(lorenz, lorenz) == pytest.approx(0.0, abs=1e-12)  # type: ignore[operator]


@pytest.mark.parametrize("measure", [GTFBins(), ALRNNBins(), Mixture(points=500)], ids=lambda m: type(m).__name__)
def test_diverged_orbit_is_a_failure(measure: object, lorenz: np.ndarray) -> None:
    made = lorenz.copy()
    made[100:] = np.inf
    assert np.isnan(measure(made, lorenz))  # type: ignore[operator]


def test_orbit_elsewhere_is_a_failure(lorenz: np.ndarray) -> None:
    assert np.isnan(GTFBins()(lorenz + 100.0, lorenz))


def test_mixture_of_two_gaussians() -> None:
    # One Gaussian against one at distance d: the divergence is d^2 / 2 s^2, and far away no draw is lost.
    truth, made = np.zeros((50, 3)), np.full((50, 3), 20.0)
    found = Mixture(variance=4.0, draws=20_000)(made, truth)
    assert found == pytest.approx(3 * 400 / 8.0, rel=0.01)


def test_spectra_same_and_disjoint() -> None:
    t = np.arange(1000)
    slow, fast = (np.sin(2 * np.pi * f * t / 1000) for f in (20, 300))
    assert SmoothedSpectra(0.0)(slow, slow) == pytest.approx(0.0, abs=1e-7)
    assert SmoothedSpectra(0.0)(slow, fast) == pytest.approx(1.0, abs=1e-9)
    assert SmoothedSpectra(2.0)(slow, fast) == pytest.approx(1.0, abs=1e-9)
    assert FirstFrequencies()(slow, slow) == pytest.approx(0.0, abs=1e-7)
    # Half of the power in common: 1 - sqrt(1/2) under the root.
    assert SmoothedSpectra(0.0)(slow, slow + fast) == pytest.approx(np.sqrt(1 - np.sqrt(0.5)), abs=1e-9)
    assert SmoothedSpectra()(np.ones(1000), slow) == 1.0
    with pytest.raises(ds.InputError, match="depends on the length"):
        SmoothedSpectra()(slow[:500], slow)


def test_floor_of_lorenz_falls_with_length(lorenz: np.ndarray) -> None:
    # Stretches of one long orbit on the attractor: medians near 6 at 1000 points and 0.6 at 10,000 (dt 0.01), and far
    # more between two of them that cover different lobes.
    floors = {}
    for samples in (1000, 10_000):
        stretches = [lorenz[i * samples : (i + 1) * samples] for i in range(min(6, len(lorenz) // samples))]
        floors[samples] = [GTFBins()(a, b) for a in stretches for b in stretches if a is not b]
    assert 4.0 < np.median(floors[1000]) < 9.0
    assert 0.2 < np.median(floors[10_000]) < 1.6
    assert max(floors[1000]) > 8.0


def test_prediction_error_by_hand() -> None:
    actual = np.zeros((2, 3, 2))
    predicted = actual.copy()
    predicted[0, 1] = [2.0, 0.0]
    predicted[1, 2] = np.nan
    mean, stderr = prediction_error(predicted, actual, scale=np.array([2.0, 1.0]))
    assert mean[:2] == pytest.approx([0.0, 0.25])
    assert stderr[1] == pytest.approx(0.25)
    assert np.isinf(mean[2])


def test_smape_by_hand() -> None:
    assert smape([[[1.0], [3.0]]], [[[1.0], [1.0]]]) == pytest.approx([50.0])
    assert smape([[[-1.0]], [[np.nan]]], [[[1.0]], [[1.0]]]) == pytest.approx([200.0, 200.0])
    assert smape([[[0.0]]], [[[0.0]]]) == pytest.approx([0.0])


def test_valid_times() -> None:
    actual = np.ones((4, 100, 1))
    error = np.arange(100)[None, :, None] * np.array([0.01, 0.02, 0.04, 0.0])[:, None, None]
    found = valid_times(actual + error, actual, dt=0.1, exponent=0.5, rule=NRMSEThreshold(0.401))
    assert found.times == pytest.approx(np.array([41, 21, 11, 100]) * 0.05)
    assert found.unit == "Lyapunov times"
    assert found.censored == 0.25
    assert found.median == pytest.approx(31 * 0.05)
    assert valid_times(actual, actual, dt=0.1, time_unit="s").unit == "s"
    # 200 e / (2 + e) averaged from the start first exceeds 30 where a term near 60 does.
    steps = SMAPEPrefix(30.0).lengths(actual + error, actual)
    terms = 200 * error[0, :, 0] / (2 + error[0, :, 0])
    prefix = np.cumsum(terms) / np.arange(1, 101)
    assert steps[0] == np.argmax(prefix > 30.0)


def test_ctf_scores() -> None:
    generator = np.random.default_rng(0)
    truth = generator.normal(size=(500, 3))
    assert ctf_short(truth, truth) == pytest.approx(100.0)
    assert ctf_short(np.zeros_like(truth), truth, rows=20) == pytest.approx(0.0)
    assert ctf_long(truth, truth) == pytest.approx(100.0)
    assert ctf_long(truth + 100.0, truth) == pytest.approx(-100.0)


def test_invariants() -> None:
    spectrum = ds.lyapunov_spectrum(ds.build("henon"), duration=20_000)
    found = invariant_errors(spectrum, dt=2.0, exponent=(0.419 / 2, 0.001), dimension=(1.258, 0.002))
    assert abs(found.exponent_error) < 4 * found.exponent_stderr + 0.002
    assert abs(found.dimension_error) < 0.01
    assert np.isnan(invariant_errors(spectrum).exponent_error)


def test_fidelity_grades(lorenz: np.ndarray) -> None:
    size = 4000
    stretches = [lorenz[i * size : (i + 1) * size] for i in range(5)]
    truth, others = stretches[0], stretches[1:3]
    good = fidelity(stretches[3:], truth, others=others, dt=0.01)
    assert good.grade == "good"
    assert good.believable
    assert "floor" in good.summary()
    noise = np.random.default_rng(0).normal(size=(size, 3))
    poor = fidelity([noise], truth, others=others)
    assert poor.grade == "poor"
    assert "TOO POOR" in poor.summary()
    diverged = fidelity([np.full_like(truth, np.nan), *stretches[3:]], truth, others=others)
    assert diverged.failed == 1
    assert diverged.grade != "good"
    assert "1 of 3 runs" in diverged.verdict()
    # What a model that stands still scores is the end of the scale.
    assert fidelity([np.zeros_like(truth) + truth.mean(0)], truth, others=others).excess == pytest.approx([1.0, 1.0])


def test_data_that_change_tell_nothing(lorenz: np.ndarray) -> None:
    truth = lorenz[:2000]
    moved = fidelity([truth], truth, others=[lorenz[2000:4000] + 50.0])
    assert not moved.believable
    assert "NONE IS TO BE BELIEVED" in moved.summary()
    still = np.zeros_like(truth)
    assert fidelity([still], still, others=[still]).grade == "poor"


def test_wrong_shapes() -> None:
    with pytest.raises(ds.InputError, match="of the same"):
        GTFBins()(np.zeros((10, 2)), np.zeros((10, 3)))
    with pytest.raises(ds.InputError, match="not finite"):
        GTFBins()(np.zeros((10, 1)), np.full((10, 1), np.nan))
    with pytest.raises(ds.InputError, match="Mixture"):
        GTFBins()(np.zeros((10, 20)), np.ones((10, 20)) * np.arange(10)[:, None])
    with pytest.raises(ds.InputError, match="one shape"):
        smape(np.zeros((1, 2, 3)), np.zeros((1, 2, 2)))
