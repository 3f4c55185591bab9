"""Known answers: Poisson and regular trains, branching processes, coins, rhythms; and what is refused."""

import math
from functools import partial

import numpy as np
import pytest

from dynascope import InputError
from dynascope.analysis.spikes import (
    Causal,
    Dither,
    Gaussian,
    PlaceCode,
    ShuffleIntervals,
    UniformTimes,
    avalanches,
    binned,
    branching_ratio,
    correlations,
    correlogram,
    decoded_position,
    entropy,
    fano_factor,
    firing_regime,
    firing_statistics,
    interval_coherence,
    intervals,
    isi_distance,
    mutual_information,
    phase_amplitude_coupling,
    phase_locking,
    phases_at,
    rate_curve,
    spike_distance,
    spike_synchronisation,
    spike_time_tiling,
    van_rossum_distance,
    victor_purpura_distance,
    words,
)
from dynascope.series import as_spike_trains


def poisson(n, *, rate=10.0, stop=200.0, seed=0):
    rng = np.random.default_rng(seed)
    rows = [rng.uniform(0.0, stop, rng.poisson(rate * stop)) for _ in range(n)]
    return as_spike_trains(rows, start=0.0, stop=stop)


def within(value, error, truth, *, times=4.0):
    """Whether most of the estimates lie within so many of their errors of the truth, and all finite."""
    z = (np.asarray(value) - truth) / np.asarray(error)
    assert np.all(np.abs(z) < times), z


def test_poisson_statistics_with_calibrated_errors():
    found = firing_statistics(poisson(200))
    for name, truth in {"rates": 10.0, "cv": 1.0, "cv2": 1.0, "lv": 1.0, "lvr": 1.0}.items():
        z = (getattr(found, name) - truth) / getattr(found, f"{name}_stderr")
        assert 0.85 < z.std() < 1.15, name
        assert abs(z.mean()) < 0.35, name
    assert found.burst_index.mean() == pytest.approx(1 - math.exp(-0.5), abs=0.01)
    assert "200 trains" in found.summary()


def test_gamma_process_has_lv_below_one():
    # LV of gamma intervals of shape k is 3 / (2 k + 1), CV is 1 / sqrt k.
    rows = np.cumsum(np.random.default_rng(1).gamma(4.0, 0.025, (50, 2000)), axis=1)
    found = firing_statistics(as_spike_trains(rows, start=0.0, stop=float(rows.max())))
    within(found.lv, found.lv_stderr, 3 / 9)
    within(found.cv, found.cv_stderr, 0.5)


def test_each_train_has_the_numbers_that_it_has_alone():
    trains = poisson(120)
    assert trains.times.size > 2 * 100_000  # more than is worked on at once
    found = firing_statistics(trains, refractory=0.01)
    for k in (0, 47, 48, 119):
        alone = firing_statistics(trains.select([k]), refractory=0.01)
        for name in ("cv_stderr", "cv2", "lv_stderr", "lvr", "burst_index"):
            assert getattr(found, name)[k] == pytest.approx(getattr(alone, name)[0], rel=1e-12)


def test_trains_with_few_spikes():
    few = as_spike_trains([[], [1.0], [1.0, 2.0], [1.0, 2.0, 4.0]], start=0.0, stop=5.0)
    found = firing_statistics(few)
    assert np.isnan(found.cv).tolist() == [True, True, True, False]
    assert found.rates.tolist() == [0.0, 0.2, 0.4, 0.6]
    assert np.all(found.rates_stderr > 0)
    assert "left out" in found.summary()
    assert np.isnan(fano_factor([0, 0]).value)


def test_fano_of_counts():
    rng = np.random.default_rng(0)
    within(*fano_factor(rng.poisson(20.0, (100, 400))), 1.0)


def test_rate_curve_holds_all_spikes():
    trains = as_spike_trains([[5.0], [5.0, 5.5]], start=0.0, stop=10.0)
    curve = rate_curve(trains, bin=0.01, smoothing=Causal(0.2))
    np.testing.assert_allclose(curve.rates.sum(axis=1) * 0.01, [1.0, 2.0], rtol=0.03)
    assert curve.rates[0, :490].max() < 1e-9
    assert "trains" in curve.summary()


@pytest.mark.parametrize("bins", [12, 300])
def test_smoothing_is_the_sum_over_spikes(bins):
    rng = np.random.default_rng(0)
    middles = 0.5 + np.arange(bins)
    rows = [np.unique(rng.choice(middles, bins // 3)) for _ in range(3)]
    curve = rate_curve(as_spike_trains(rows, start=0.0, stop=float(bins)), bin=1.0, smoothing=Gaussian(6.0))
    for row, rates, errors in zip(rows, curve.rates, curve.rates_stderr, strict=True):
        lags = middles[:, None] - row
        weights = np.exp(-0.5 * (lags / 6.0) ** 2) / (6.0 * math.sqrt(2 * math.pi)) * (np.abs(lags) <= 30)
        np.testing.assert_allclose(rates, weights.sum(axis=1), atol=1e-13)
        np.testing.assert_allclose(errors**2, (weights**2).sum(axis=1), atol=1e-13)


def test_correlogram_finds_the_delay_and_chance():
    first = poisson(1, stop=500.0)
    rows = [first.train(0), first.train(0) + 0.02]
    two = as_spike_trains(rows, start=0.0, stop=500.0, cut=True)
    found = correlogram(two, bin=0.01, longest=0.1, pairs=np.array([[0, 1]]))
    assert found.lags[np.argmax(found.counts)] == pytest.approx(0.02, abs=0.0101)
    assert "more pairs" in found.summary()
    alone = correlogram(poisson(50), bin=0.05, longest=1.0)
    z = (alone.counts - alone.expected) / alone.expected_stderr
    assert abs(z.mean()) < 0.1
    # Both signs of the lag are the same pairs; the lag nought has each of its pairs twice.
    assert 0.9 < np.delete(z, 20, axis=1).std() < 1.1


def test_correlations_against_surrogates():
    rng = np.random.default_rng(3)
    trains = poisson(6, rate=5.0, stop=100.0)
    common = rng.uniform(0.0, 100.0, 300)
    rows = [np.concatenate([trains.train(k), common]) if k < 2 else trains.train(k) for k in range(6)]
    mixed = as_spike_trains(rows, start=0.0, stop=100.0)
    found = correlations(mixed, bin=0.05)
    assert np.isnan(found.pvalue).all()
    for surrogate in (Dither(0.5), ShuffleIntervals(), UniformTimes()):
        found = correlations(mixed, bin=0.05, surrogate=surrogate, count=99)
        assert found.pvalue[0, 1] == 0.01
        assert found.zscore[0, 1] > 5
        assert found.pvalue[2:, 2:][np.triu_indices(4, 1)].min() > 0.01
        drawn = surrogate.drawn(mixed, rng)
        assert drawn.counts.tolist() == mixed.counts.tolist()
    assert "beyond chance" in found.summary()


def test_correlations_of_independent_trains_have_calibrated_errors():
    found = correlations(poisson(60), bin=0.1)
    pairs = np.triu_indices(60, 1)
    z = found.matrix[pairs] / found.stderr[pairs]
    assert abs(z.std() - 1) < 0.06
    assert found.mean == pytest.approx(found.matrix[pairs].mean(), abs=1e-14)
    assert abs(found.mean) < 4 * found.mean_stderr


def test_coefficients_that_are_equal_are_equally_far_from_chance():
    # One spike each in ten bins: a coefficient of 1 or -1/9, and none is nearer to chance than -1/9.
    pair = as_spike_trains([[0.5], [3.5]], start=0.0, stop=10.0)
    assert correlations(pair, bin=1.0, surrogate=UniformTimes(), count=19).pvalue[0, 1] == 1.0


def test_shuffled_intervals_are_the_same_intervals():
    trains = poisson(3, rate=2.0, stop=20.0)
    drawn = ShuffleIntervals().drawn(trains, np.random.default_rng(0))
    for k in range(3):
        ours, theirs = (np.sort(np.diff(t.train(k), prepend=0.0)) for t in (drawn, trains))
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_distances_of_identical_and_simple_trains():
    same = as_spike_trains([[1.0, 2.0, 5.0]] * 3, start=0.0, stop=6.0)
    assert isi_distance(same).value == spike_distance(same).value == 0.0
    assert spike_synchronisation(same).value == 1.0
    assert np.abs(van_rossum_distance(same, time_constant=1.0)).max() < 1e-7
    assert victor_purpura_distance(same, cost=3.0).max() == 0.0
    pair = as_spike_trains([[1.0, 2.0], [4.0]], start=0.0, stop=6.0)
    assert victor_purpura_distance(pair, cost=0.0)[0, 1] == 1.0
    assert victor_purpura_distance(pair, cost=math.inf)[0, 1] == 3.0
    expected = math.sqrt(2 + 2 * math.exp(-1) + 1 - 2 * (math.exp(-3) + math.exp(-2)))
    assert van_rossum_distance(pair, time_constant=1.0)[0, 1] == pytest.approx(expected, abs=1e-12)


def test_independent_poisson_trains_have_the_known_distances():
    # ISI-distance of independent Poisson trains of one rate is 1/2.
    found = isi_distance(poisson(12, stop=100.0))
    assert abs(found.value - 0.5) < 4 * found.value_stderr + 0.002
    assert 0.27 < spike_distance(poisson(6)).value < 0.33
    tiling = spike_time_tiling(poisson(8), width=0.02)
    assert np.abs(tiling[np.triu_indices(8, 1)]).max() < 0.06
    assert "12 trains" in found.summary()


def test_tiling_of_a_silent_train_is_not_a_number():
    pair = as_spike_trains([[1.0], []], start=0.0, stop=2.0)
    assert np.isnan(spike_time_tiling(pair, width=0.1)[0, 1])


def test_phase_locking_of_von_mises_phases():
    rng = np.random.default_rng(0)
    several = [phase_locking(rng.vonmises(0.7, 2.0, 300)) for _ in range(100)]
    # I_1(2) / I_0(2) = 0.697775.
    z = [[(f.strength - 0.697775) / f.strength_stderr, (f.phase - 0.7) / f.phase_stderr] for f in several]
    found = several[-1]
    assert np.all(np.abs(np.mean(z, axis=0)) < 0.4)
    assert np.all(np.abs(np.std(z, axis=0) - 1) < 0.2)
    assert found.pvalue < 1e-10
    chance = [phase_locking(rng.uniform(0, 2 * np.pi, 50)) for _ in range(300)]
    assert abs(np.mean([c.pvalue < 0.1 for c in chance]) - 0.1) < 0.055
    assert abs(np.mean([c.unbiased for c in chance])) < 0.005
    assert "Locked" in found.summary()


def test_phase_amplitude_coupling():
    rng = np.random.default_rng(0)
    phi = 2 * np.pi * 6.0 * np.arange(0, 20, 1e-3) + 0.02 * np.cumsum(rng.standard_normal(20000))
    amplitude = 1 + 0.5 * np.cos(phi - 1.0)
    found = phase_amplitude_coupling(phi, amplitude)
    assert found.preferred == pytest.approx(1.0, abs=0.02)
    assert found.mean_vector == pytest.approx(0.25, abs=0.01)
    assert found.pvalue == 0.005
    none = phase_amplitude_coupling(phi, 1 + 0.2 * rng.random(phi.size))
    assert none.pvalue > 0.05
    assert "Modulation" in found.summary()


@pytest.mark.parametrize("seen", [1.0, 0.1])
def test_branching_ratio_even_where_few_are_seen(seen):
    rng = np.random.default_rng(5)
    activity = np.zeros(60000, int)
    activity[0] = 100
    for t in range(1, activity.size):
        activity[t] = rng.poisson(0.9 * activity[t - 1] + 10.0)
    found = branching_ratio(rng.binomial(activity, seen), lags=25)
    assert found.successful
    assert abs(found.ratio - 0.9) < 4 * found.ratio_stderr
    assert found.ratio_stderr < 0.02
    assert (found.naive < 0.6) == (seen < 1)
    assert "Branching ratio" in found.summary()


def test_critical_branching_has_the_exponent_three_halves():
    # Total progeny of a critical Poisson branching process: the Borel distribution, p(s) ~ s^(-3/2).
    rng = np.random.default_rng(2)
    record = [0]
    for _ in range(6000):
        alive, steps = 1, 0
        while alive and steps < 2000:
            record.append(alive)
            alive, steps = int(rng.poisson(alive)), steps + 1
        record.append(0)
    found = avalanches(record, least=20)
    assert found.sizes.size == 6000
    assert abs(found.exponent - 1.5) < 4 * found.exponent_stderr + 0.02
    assert not avalanches([1, 2, 3, 4]).successful
    assert "avalanches" in found.summary()


def test_entropy_of_coins_without_bias():
    rng = np.random.default_rng(0)
    found = [entropy(words(rng.random((400, 4)) < 0.5)) for _ in range(200)]
    value = np.array([f.value for f in found])
    # The plain value lies 15 / 800 = 0.019 too low.
    assert abs(value.mean() - 4 * math.log(2)) < 0.002
    shares = rng.random((300, 1000)) < 0.2
    truth = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8))
    found = [entropy(row) for row in shares]
    within([f.value for f in found], [f.stderr for f in found], truth)


def test_mutual_information_of_a_noisy_channel():
    rng = np.random.default_rng(0)
    sent = rng.integers(0, 2, 20000)
    got = np.where(rng.random(sent.size) < 0.1, 1 - sent, sent)
    truth = math.log(2) + 0.1 * math.log(0.1) + 0.9 * math.log(0.9)
    within(*mutual_information(sent, got), truth)
    independent = [mutual_information(rng.integers(0, 4, 500), rng.integers(0, 4, 500)).value for _ in range(200)]
    assert abs(np.mean(independent)) < 0.001


def test_words():
    assert words(np.eye(3)).tolist() == [4, 2, 1]
    with pytest.raises(InputError, match="62 bits"):
        words(np.zeros((5, 63)))


def test_what_is_refused():
    one = as_spike_trains([[1.0]], start=0.0, stop=2.0)
    with pytest.raises(InputError, match="two trains"):
        isi_distance(one)
    with pytest.raises(InputError, match="positive"):
        spike_time_tiling(one, width=0.0)
    with pytest.raises(InputError, match="longer than the window"):
        correlogram(one, bin=3.0, longest=1.0)
    with pytest.raises(InputError, match="outside of the samples"):
        phases_at([3.0], [0.0, 1.0], dt=1.0)
    with pytest.raises(InputError, match="too few"):
        branching_ratio(np.ones(50))
    two = as_spike_trains([[1.0], [1.5]], start=0.0, stop=2.0)
    with pytest.raises(InputError, match=r"`surrogate` must be `Dither\(width\)`"):
        correlations(two, bin=0.5, surrogate="dither")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 2, got 0"):
        correlations(two, bin=0.5, surrogate=UniformTimes(), count=0)
    with pytest.raises(InputError, match="`width` of `Dither`"):
        Dither(-1.0)
    with pytest.raises(InputError, match="`smoothing` must be"):
        rate_curve(two, bin=0.5, smoothing="gaussian")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="`longest` must lie"):
        correlogram(two, bin=0.5, longest=math.nan)


@pytest.mark.parametrize(
    "ask",
    [
        firing_statistics,
        firing_regime,
        intervals,
        interval_coherence,
        isi_distance,
        spike_distance,
        spike_synchronisation,
        partial(binned, bin=0.1),
        partial(rate_curve, bin=0.1),
        partial(correlations, bin=0.1),
        partial(correlogram, bin=0.1, longest=0.1),
        partial(spike_time_tiling, width=0.1),
        partial(victor_purpura_distance, cost=1.0),
        partial(van_rossum_distance, time_constant=1.0),
        partial(decoded_position, PlaceCode([0.0]), window=0.1, grid=[0.0, 1.0]),
    ],
)
def test_plain_times_are_refused_because_their_window_is_not_known(ask):
    with pytest.raises(InputError, match=r"needs `SpikeTrains`.* got `list`\. Make them with `as_spike_trains"):
        ask([[1.0, 2.0], [1.5]])
