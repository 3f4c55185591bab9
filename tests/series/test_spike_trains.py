"""Spike trains as values: what they hold, what they refuse."""

import numpy as np
import pytest

from dynascope import InputError
from dynascope.series import as_spike_trains


def test_sorted_padded_counted():
    trains = as_spike_trains({"a": [3.0, 1.0], "b": []}, start=0.0, stop=4.0)
    assert trains.names == ("a", "b")
    assert trains.times.tolist() == [[1.0, 3.0], [np.inf, np.inf]]
    assert trains.counts.tolist() == [2, 0]
    assert len(trains) == 2
    assert "2 spikes from 0 to 4 s" in trains.summary()
    with pytest.raises(ValueError, match="read-only"):
        trains.times[0, 0] = 0.0


def test_pooled_select_between():
    trains = as_spike_trains([[1.0, 3.0], [2.0, 4.0]], start=0.0, stop=4.0)
    times, units = trains.pooled()
    assert times.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert units.tolist() == [0, 1, 0, 1]
    part = trains.between(2.0, 4.0)
    assert [part.train(k).tolist() for k in range(2)] == [[3.0], [2.0, 4.0]]
    assert (part.start, part.stop) == (2.0, 4.0)
    assert trains.select([1]).names == ("unit 1",)


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([[5.0]], "outside of the window"),
        ([[1.0, 1.0]], "must increase"),
        ([[np.nan]], "NaN"),
        ([[np.inf]], "finite"),
        ([], "shape"),
    ],
)
def test_refused(rows, match):
    with pytest.raises(InputError, match=match):
        as_spike_trains(rows, start=0.0, stop=4.0)


def test_window_and_names():
    with pytest.raises(InputError, match="window"):
        as_spike_trains([[1.0]], start=2.0, stop=1.0)
    with pytest.raises(InputError, match="name of its own"):
        as_spike_trains([[1.0]], start=0.0, stop=2.0, names=("a", "b"))
    with pytest.raises(InputError, match="does not lie within"):
        as_spike_trains([[1.0]], start=0.0, stop=2.0).between(1.0, 3.0)
    assert as_spike_trains([[1.0, 7.0]], start=0.0, stop=2.0, cut=True).counts.tolist() == [1]
