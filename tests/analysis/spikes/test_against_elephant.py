"""Every statistic against elephant and PySpike, whose values `benchmarks/spike_fixtures.py` has written."""

import pathlib

import numpy as np
import pytest

from dynascope.analysis.spikes import (
    Gaussian,
    binned,
    correlations,
    correlogram,
    fano_factor,
    firing_statistics,
    isi_distance,
    phase_locking,
    phases_at,
    rate_curve,
    spike_distance,
    spike_synchronisation,
    spike_time_tiling,
    van_rossum_distance,
    victor_purpura_distance,
)
from dynascope.series import SpikeTrains, as_spike_trains

FILE = pathlib.Path(__file__).parents[2] / "data" / "spikes.npz"
TOLERANCE = 1e-10


@pytest.fixture(scope="module")
def known():
    with np.load(FILE) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def trains(known) -> SpikeTrains:
    rows = np.split(known["times"], np.cumsum(known["counts"])[:-1])
    return as_spike_trains(rows, start=0.0, stop=float(known["stop"]), time_unit="ms")


@pytest.fixture(scope="module")
def inner(trains) -> SpikeTrains:
    """The trains without spikes at the very end, for which elephant has no bin."""
    rows = [trains.train(i) for i in range(len(trains))]
    return as_spike_trains([row[row < trains.stop] for row in rows], start=0.0, stop=trains.stop, time_unit="ms")


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


def test_rates_and_irregularity(trains, known):
    found = firing_statistics(trains, refractory=5.0)
    for name in ("rates", "cv", "cv2", "lv", "lvr"):
        close(getattr(found, name), known[name])
    close(fano_factor(trains.counts).value, known["fano"])


def test_bins_and_correlations(inner, known):
    np.testing.assert_array_equal(binned(inner, bin=float(known["bin"])), known["binned"])
    close(correlations(inner, bin=float(known["bin"])).matrix, known["correlation"])


def test_correlogram(inner, known):
    pairs = np.array([[0, 1], [0, 9]])
    close(correlogram(inner, bin=float(known["bin"]), longest=50.0, pairs=pairs).counts, known["correlogram"])


def test_smoothed_rate(inner, known):
    curve = rate_curve(inner.select(range(10)), bin=1.0, smoothing=Gaussian(10.0))
    close(curve.rates, known["smooth"])


def test_tiling(trains, known):
    close(spike_time_tiling(trains, width=float(known["width"])), known["tiling"])


def test_costs_and_filters(trains, known):
    close(victor_purpura_distance(trains, cost=0.1), known["victor_purpura"])
    # Near nought elephant's root of a difference carries the root of the rounding.
    np.testing.assert_allclose(
        van_rossum_distance(trains, time_constant=10.0) ** 2, known["van_rossum"] ** 2, atol=1e-10
    )


@pytest.mark.parametrize("measure", [isi_distance, spike_distance, spike_synchronisation])
def test_scale_free_measures(measure, trains, known):
    found = measure(trains)
    name = measure.__name__
    off = ~np.eye(len(trains), dtype=bool)
    close(found.matrix[off], known[name][off])
    close(found.value, known[f"{name}_mean"])


def test_phases(trains, known):
    times = np.arange(0.0, 1001.0)
    found = phases_at(trains.train(0)[:-1] + 0.25, 2 * np.pi * times / 37.3, dt=1.0)
    close(found, known["phases"])
    locked = phase_locking(found)
    close([locked.phase, locked.strength], known["mean_phase"])
