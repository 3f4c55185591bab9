"""Place cells: precession that is recovered, and positions that are decoded as closely as theory allows."""

import jax
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis import spikes
from dynascope.analysis.spikes import PlaceCode, decoded_position, phase_precession, phases_at

DT, THETA, TRACK = 0.001, 8.0, 2.0
CODE = PlaceCode(np.linspace(-0.3, TRACK + 0.3, 53))


def runs(laps=12, speed=0.25):
    """Position and phase of theta of an animal that runs to and fro."""
    t = DT * np.arange(int(laps * TRACK / speed / DT) + 1)
    way = (speed * t) % (2 * TRACK)
    return np.minimum(way, 2 * TRACK - way), 2 * np.pi * THETA * t


@pytest.fixture(scope="module")
def recorded():
    x, phi = runs()
    return x, phi, CODE.draw(x, phi, dt=DT, key=jax.random.key(0))


def at_spikes(x, phi, train):
    return np.interp(train, DT * np.arange(x.size), x), phases_at(train, phi, dt=DT)


def test_mean_rate_is_the_field_and_the_phase_keeps_it():
    place, cycle = np.array([0.9, 1.0]), np.linspace(0, 2 * np.pi, 400, endpoint=False)
    whole = CODE.rates(np.repeat(place, 400), np.tile(cycle, 2)).reshape(53, 2, 400).mean(axis=2)
    np.testing.assert_allclose(whole, CODE.rates(place), rtol=1e-12)
    assert CODE.rates(CODE.centres[:1])[0, 0] == CODE.peak


def test_counts_are_those_of_the_rates(recorded):
    x, phi, trains = recorded
    expected = CODE.rates(x[:-1], phi[:-1]).sum(axis=1) * DT
    assert np.all(np.abs(trains.counts - expected) < 5 * np.sqrt(expected + 1))
    assert abs(trains.counts.sum() - expected.sum()) < 4 * np.sqrt(expected.sum())


@pytest.mark.parametrize("cell", [15, 26, 33])
def test_slope_of_precession_is_recovered(recorded, cell):
    x, phi, trains = recorded
    place, phase = at_spikes(x, phi, trains.train(cell))
    found = phase_precession(place, phase)
    assert found.successful
    assert abs(found.slope - CODE.slope) < 4 * found.slope_stderr
    assert found.slope_stderr < 0.05 * abs(CODE.slope)
    assert found.correlation < -0.4
    assert found.pvalue < 1e-6
    middle = np.angle(np.exp(1j * (found.offset + found.slope * CODE.centres[cell] - CODE.offset)))
    assert abs(middle) < 0.2


def test_errors_of_the_slope_are_those_of_repetition():
    rng = np.random.default_rng(0)
    slopes, errors = [], []
    for _ in range(200):
        x = rng.normal(0, 0.1, 80)
        found = phase_precession(x, rng.vonmises(1.0 - 12.0 * x, 2.0), steepest=40.0)
        slopes.append(found.slope)
        errors.append(found.slope_stderr)
    assert np.mean(slopes) == pytest.approx(-12.0, abs=4 * np.std(slopes) / np.sqrt(200))
    assert np.std(slopes) == pytest.approx(np.mean(errors), rel=0.15)


def test_no_precession_is_found_by_chance_as_often_as_it_says():
    rng = np.random.default_rng(1)
    # The slope is chosen so that phases gather, so p-values are a little small; far from none, as Kempter et al. say.
    pvalues = [phase_precession(rng.normal(0, 1, 60), rng.uniform(0, 7, 60), steepest=2.0).pvalue for _ in range(200)]
    assert np.mean(np.array(pvalues) < 0.01) < 0.08


def test_strong_precession_has_a_correlation_near_minus_one():
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 0.4, 300)
    found = phase_precession(x, rng.vonmises(2.0 - 2 * np.pi * x / 0.4, 8.0))
    assert found.slope == pytest.approx(-5 * np.pi, rel=0.03)
    assert found.correlation < -0.7


def test_phases_double_what_spikes_say_of_the_position(recorded):
    x, phi, trains = recorded
    window = 1 / THETA
    grid = np.linspace(0, TRACK, 401)
    rate = decoded_position(CODE, trains, window=window, grid=grid)
    both = decoded_position(CODE, trains, window=window, grid=grid, phases=phi, dt=DT)
    true = np.interp(rate.times, DT * np.arange(x.size), x)
    inner = (true > 0.2) & (true < 1.8)
    errors = [np.abs(found.positions - true)[inner] for found in (rate, both)]
    # Of a Gaussian error the median is 0.674 of the deviation, and no estimate is better than the bound.
    for error, found, phased in ((errors[0], rate, False), (errors[1], both, True)):
        bound = CODE.error_bound(window, phased=phased)
        assert 0.9 < np.median(error) / (0.674 * bound) < 1.3
        # The posterior knows how far off it is.
        calibrated = np.mean(error < found.stderr[inner])
        assert 0.6 < calibrated < 0.76
    assert np.median(errors[1]) < 0.7 * np.median(errors[0])
    assert "spikes and their phases" in both.summary()


def test_without_spikes_the_prior_is_left_and_the_error_says_so():
    silent = ds.as_spike_trains([[]] * 53, start=0.0, stop=1.0)
    found = decoded_position(CODE, silent, window=0.01, grid=np.linspace(0, TRACK, 201))
    assert found.lapse == 1.0
    # Half the width of an even distribution over the root of three.
    np.testing.assert_allclose(found.stderr, 1 / np.sqrt(3), rtol=0.02)


def test_wrong_inputs():
    with pytest.raises(ds.InputError, match="at least five"):
        phase_precession([1.0, 2.0], [0.0, 1.0])
    with pytest.raises(ds.InputError, match="equal"):
        phase_precession([1.0] * 6, np.arange(6))
    with pytest.raises(ds.InputError, match="`steepest`"):
        phase_precession(np.arange(6), np.arange(6), steepest=-1.0)
    with pytest.raises(ds.InputError, match="positive"):
        PlaceCode([0.0], width=0.0)
    with pytest.raises(ds.InputError, match="53 cells but 1"):
        decoded_position(CODE, ds.as_spike_trains([[0.1]], start=0, stop=1), window=0.1, grid=[0, 1])
    with pytest.raises(ds.InputError, match="must fit"):
        decoded_position(CODE, ds.as_spike_trains([[]] * 53, start=0, stop=1), window=2.0, grid=[0, 1])
    with pytest.raises(ds.InputError, match="A path needs"):
        CODE.draw([0.0], [0.0], dt=DT, key=jax.random.key(0))
    steep = phase_precession(np.linspace(0, 1, 50), -9.0 * np.linspace(0, 1, 50), steepest=5.0)
    assert not steep.successful
    assert "raise `steepest`" in steep.summary()
    assert spikes.PhasePrecession is type(steep)
