"""Recordings: the value itself, the door `as_recording`, and every mending that it offers."""

import copy
import re

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import dynascope.series._samples as naming
from dynascope._errors import InputError
from dynascope.series import MENDINGS, DropRows, Interpolate, LongestStretch, Recording, as_recording
from dynascope.series._sampling import grid_of


def waves(count=200, channels=2):
    """Distinct waves, one per column."""
    t = np.arange(count)[:, None]
    return np.sin(0.1 * t * (1 + np.arange(channels))) + np.arange(channels)


def holed(*holes, count=200):
    """`waves` with NaN at the given (row, channel) places."""
    values = waves(count)
    for row, channel in holes:
        values[row, channel] = np.nan
    return values


def record(**changes):
    return Recording(waves(), **{"dt": 0.5, "t0": 10.0, "names": ("a", "b"), "units": ("mV", "pA"), **changes})


class TestRecording:
    def test_times_and_sizes(self):
        r = record()
        assert r.shape == (200, 2)
        assert r.ts[0] == 10.0
        assert r.ts[-1] == 10.0 + 199 * 0.5
        assert r.duration == r.ts[-1] - r.ts[0]
        assert r.sampling_rate == 2.0
        assert r.values.dtype == np.float64

    def test_is_a_value(self):
        source = waves()
        r = Recording(source, dt=1.0)
        source[0, 0] = 99.0
        assert r.values[0, 0] == waves()[0, 0]
        with pytest.raises(ValueError, match="read-only"):
            r.values[0, 0] = 1.0

    def test_is_a_tree_of_one_leaf(self):
        leaves, tree = jax.tree.flatten(record())
        assert len(leaves) == 1
        again = jax.tree.unflatten(tree, leaves)
        assert again.names == ("a", "b")
        assert again.dt == 0.5

    def test_default_names(self):
        assert Recording(waves(channels=3), dt=1.0).names == ("x0", "x1", "x2")
        assert Recording(waves(channels=1), dt=1.0).names == ("x",)
        assert Recording(waves(channels=3), dt=1.0).units == ("1", "1", "1")

    def test_channel_and_select(self):
        r = record()
        np.testing.assert_array_equal(r.channel("b"), waves()[:, 1])
        swapped = r.select("b", "a")
        np.testing.assert_array_equal(swapped.values, waves()[:, ::-1])
        assert swapped.units == ("pA", "mV")

    @pytest.mark.parametrize(
        ("start", "stop", "first", "last"),
        [(None, None, 10.0, 109.5), (12.0, 20.0, 12.0, 19.5), (12.1, None, 12.5, 109.5), (None, 11.1, 10.0, 11.0)],
    )
    def test_between(self, start, stop, first, last):
        part = record().between(start, stop)
        assert part.ts[0] == first
        assert part.ts[-1] == last
        np.testing.assert_array_equal(part.values, record().values[(record().ts >= first) & (record().ts <= last)])

    def test_consecutive_parts_share_no_sample(self):
        r = Recording(waves(), dt=0.1)
        # 0.1 is no binary number: 70 * 0.1 must still mean sample 70.
        left, right = r.between(stop=7.0), r.between(start=7.0)
        assert len(left.values) == 70
        np.testing.assert_array_equal(np.concatenate([left.values, right.values]), r.values)

    def test_standardised(self):
        z = record().standardised()
        np.testing.assert_allclose(z.values.mean(axis=0), 0.0, atol=1e-14)
        np.testing.assert_allclose(z.values.std(axis=0), 1.0, rtol=1e-14)
        assert z.units == ("1", "1")
        assert "standardised" in z.summary().lower()

    def test_standardised_like_a_training_part(self):
        train, test = record().between(stop=60.0), record().between(start=60.0)
        mean, sd = train.values.mean(axis=0), train.values.std(axis=0)
        np.testing.assert_allclose(test.standardised(like=train).values, (test.values - mean) / sd, rtol=1e-14)

    def test_xarray_round_trip(self):
        r = record(time_unit="ms")
        again = as_recording(r.to_xarray())
        np.testing.assert_array_equal(again.values, r.values)
        assert (again.names, again.units, again.time_unit) == (r.names, r.units, "ms")
        assert again.dt == pytest.approx(r.dt, rel=1e-14)
        assert again.t0 == r.t0

    def test_summary(self):
        text = record(source="probe.csv", time_unit="ms", notes=("it was mended",)).summary()
        assert text == (
            "probe.csv: 200 samples of 2 channels (`a`, `b`), one every 0.5 ms, from 10 to 109.5 ms. It was mended."
        )

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Recording(np.zeros(5), dt=1.0), r"shape \(time, channel\), got \(5,\)"),
            (lambda: record(dt=0.0), "must be a positive number, got 0.0"),
            (lambda: record(dt=np.inf), "must be a positive number, got inf"),
            (lambda: record(names=("a",)), "2 channels, but 1 names and 2 units"),
            (lambda: record(names=("a", "a")), "must differ, but `a` occurs"),
            (lambda: Recording(holed((3, 1)), dt=1.0), "must be finite"),
            (lambda: record().channel("c"), "no channel `c`. There is: `a`, `b`"),
            (lambda: record().select(), "at least one channel"),
            (lambda: record().between(200.0, 300.0), "Fewer than two samples .* covers 10 to 109.5 s"),
            (lambda: Recording(np.ones((9, 1)), dt=1.0).standardised(), "cannot be standardised: `x`"),
            (lambda: record().standardised(like=record(names=("c", "d"))), "`like` has the channels `c`, `d`"),
        ],
    )
    def test_refuses(self, make, message):
        with pytest.raises(InputError, match=message) as caught:
            make()
        assert str(caught.value).endswith(".")


class TestSources:
    def test_array(self):
        r = as_recording(waves().astype(np.float32), dt=0.1, names=["a", "b"], units=["V", "A"], time_unit="ms")
        np.testing.assert_array_equal(r.values, waves().astype(np.float32))
        assert (r.dt, r.names, r.units, r.time_unit) == (0.1, ("a", "b"), ("V", "A"), "ms")

    def test_one_dimension_is_one_channel(self):
        assert as_recording(waves()[:, 0], dt=1.0).shape == (200, 1)

    def test_integers_and_lists(self):
        np.testing.assert_array_equal(as_recording(list(range(150)), dt=1).values[:, 0], np.arange(150.0))

    def test_times_give_interval_and_start(self):
        r = as_recording(waves(), times=5.0 + 0.25 * np.arange(200))
        assert (r.dt, r.t0) == (0.25, 5.0)

    def test_dates(self):
        r = as_recording(waves(), times=np.datetime64("2020-01-01") + np.arange(200) * np.timedelta64(20, "ms"))
        assert r.dt == pytest.approx(0.02, rel=1e-12)
        assert r.time_unit == "s"
        assert "dates became seconds since 2020-01-01" in r.notes

    def test_masked_entries_are_missing(self):
        masked = np.ma.masked_array(waves(), mask=np.zeros((200, 2), bool))
        masked[7, 1] = np.ma.masked
        with pytest.raises(InputError, match=r"channel `x1`: 1 NaN \(first at row 7\)"):
            as_recording(masked, dt=1.0)

    def test_recording_passes_with_everything(self):
        r = record(notes=("hello",))
        again = as_recording(r)
        assert (again.dt, again.t0, again.names, again.units, again.notes) == (r.dt, r.t0, r.names, r.units, r.notes)

    def test_transposed(self):
        np.testing.assert_array_equal(as_recording(waves().T, dt=1.0, transpose=True).values, waves())

    def test_more_channels_than_samples_if_the_caller_says_so(self):
        assert as_recording(waves(120, 130), dt=1.0, transpose=False).shape == (120, 130)

    def test_frame_with_time_column(self):
        frame = pd.DataFrame({"V (mV)": waves()[:, 0], "time_ms": 2.0 * np.arange(200), "I [nA]": waves()[:, 1]})
        r = as_recording(frame)
        assert (r.names, r.units) == (("V", "I"), ("mV", "nA"))
        assert (r.dt, r.time_unit) == (2.0, "ms")

    def test_frame_with_index_of_dates(self):
        index = pd.date_range("2021-05-01", periods=200, freq="1min")
        r = as_recording(pd.DataFrame(waves(), index=index, columns=["a", "b"]))
        assert (r.dt, r.time_unit, r.names) == (60.0, "s", ("a", "b"))

    def test_series_with_named_index(self):
        index = pd.Index(np.linspace(0, 1.99, 200), name="t")
        r = as_recording(pd.Series(waves()[:, 0], index=index, name="v"))
        assert r.names == ("v",)
        assert r.dt == pytest.approx(0.01)

    def test_frame_with_counter(self):
        frame = pd.DataFrame({"index": np.arange(200), "a": waves()[:, 0]})
        with pytest.raises(InputError, match="sampling interval of array is not known"):
            as_recording(frame)
        r = as_recording(frame, dt=0.1)
        assert r.names == ("a",)
        assert "column `index` counts the rows and was left out" in r.notes

    def test_rising_first_column(self):
        frame = pd.DataFrame({"q": 0.5 * np.arange(200), "a": waves()[:, 0]})
        r = as_recording(frame)
        assert r.dt == 0.5
        assert any("`q` is taken for the time axis" in note for note in r.notes)
        # With `dt` known, an uneven rising column is data.
        frame["q"] = np.arange(200.0) ** 2
        assert as_recording(frame, dt=1.0).names == ("q", "a")

    def test_data_array(self):
        array = xr.DataArray(
            waves().T, dims=("space", "time"), coords={"time": ("time", np.arange(200) * 3.0, {"units": "days"})}
        )
        r = as_recording(array)
        np.testing.assert_array_equal(r.values, waves())
        assert (r.dt, r.time_unit) == (3.0, "day")

    def test_dataset_of_vectors(self):
        time = ("time", 0.1 * np.arange(200), {"units": "1"})
        data = {n: ("time", waves()[:, j], {"units": u}) for j, (n, u) in enumerate([("V", "mV"), ("w", "1")])}
        events = {"event_times": ("event", np.arange(5.0))}
        r = as_recording(xr.Dataset(data | events, {"time": time}))
        assert (r.names, r.units, r.time_unit) == (("V", "w"), ("mV", "1"), "1")


class TestTimeAxis:
    def test_rounded_stamps_are_even(self):
        # 160 Hz written with three decimals: intervals of 6 and 7 ms.
        r = as_recording(waves(), times=np.round(np.arange(200) / 160, 3))
        assert r.dt == pytest.approx(1 / 160, rel=1e-3)

    def test_single_precision_stamps_are_even(self):
        stamps = (1000 + 0.004 * np.arange(200)).astype(np.float32)
        assert np.diff(stamps).std() > 1e-6
        assert as_recording(waves(), times=stamps).dt == pytest.approx(0.004, rel=1e-3)

    def test_epoch_stamps_are_even(self):
        stamps = np.round(1.7e9 + np.arange(200) / 160, 3)
        assert as_recording(waves(), times=stamps).dt == pytest.approx(1 / 160, rel=1e-3)

    @pytest.mark.parametrize("lost", [1, 100, 198])
    def test_one_lost_sample_is_noticed(self, lost):
        stamps = np.delete(np.arange(201) / 160, lost)
        assert not grid_of(stamps).even
        assert not grid_of(np.round(stamps, 3)).even

    def test_irregular_names_the_jitter(self):
        stamps = np.arange(200.0)
        stamps[50] += 0.3
        with pytest.raises(InputError) as caught:
            as_recording(waves(), times=stamps)
        message = str(caught.value)
        assert "intervals lie between 0.7 and 1.3 s (median 1), up to 0.3 intervals off an even grid" in message
        assert "--resample" in message

    def test_resample_is_linear(self):
        rng = np.random.default_rng(1)
        stamps = np.cumsum(rng.uniform(0.5, 1.5, 300))
        line = np.stack([2 * stamps + 1, -stamps], axis=1)
        r = as_recording(line, times=stamps, resample=True)
        assert r.dt == pytest.approx(np.median(np.diff(stamps)))
        assert r.t0 == stamps[0]
        np.testing.assert_allclose(r.values, np.stack([2 * r.ts + 1, -r.ts], axis=1), rtol=1e-12)
        assert stamps[-1] - r.ts[-1] < r.dt
        assert "Resampled linearly" in r.summary()
        assert as_recording(line, times=stamps, resample=True, dt=2.0).dt == pytest.approx(2.0)

    def test_resample_leaves_even_data_alone(self):
        r = as_recording(waves(), times=0.1 * np.arange(200), resample=True)
        np.testing.assert_array_equal(r.values, waves())
        assert any("nothing was resampled" in note for note in r.notes)

    def test_resample_bridges_dropped_rows_in_true_time(self):
        values = np.stack([np.arange(200.0), 3 * np.arange(200.0)], axis=1)
        values[20:23] = np.nan
        r = as_recording(values, times=np.arange(200.0), missing=DropRows(), resample=True)
        np.testing.assert_allclose(r.values[:, 0], np.arange(200.0), atol=1e-12)

    def test_given_interval_wins_and_is_noted(self):
        stamps = np.arange(200.0)
        stamps[50] += 0.3
        r = as_recording(waves(), times=stamps, dt=0.25)
        assert r.dt == 0.25
        assert any("`dt` = 0.25 was given" in note for note in r.notes)


class TestMissing:
    def test_interpolate_is_exact_for_lines(self):
        line = np.stack([np.arange(200.0), 5 - 2 * np.arange(200.0)], axis=1)
        broken = line.copy()
        broken[30:34, 0] = np.nan
        broken[90, 1] = np.inf
        r = as_recording(broken, dt=1.0, missing=Interpolate())
        np.testing.assert_allclose(r.values, line, rtol=1e-14)
        assert "Interpolated 5 missing values (longest gap 4 samples); 1 of them were infinite." in r.summary()

    def test_interpolate_cuts_the_ends(self):
        r = as_recording(holed((0, 0), (1, 0), (199, 1)), dt=1.0, missing=Interpolate())
        np.testing.assert_array_equal(r.values, waves()[2:199])
        assert r.t0 == 2.0
        assert "cut 3 rows at the ends" in r.summary()

    def test_interpolate_follows_time(self):
        stamps = np.cumsum(np.random.default_rng(0).uniform(0.5, 1.5, 200))
        values = np.stack([stamps, -stamps], axis=1)
        values[70, 0] = np.nan
        r = as_recording(values, times=stamps, missing=Interpolate(), resample=True)
        np.testing.assert_allclose(r.values[:, 0], r.ts, rtol=1e-12)

    def test_drop_rows(self):
        r = as_recording(holed((0, 0), (50, 1), (51, 0), (120, 0)), dt=1.0, missing=DropRows())
        np.testing.assert_array_equal(r.values, np.delete(waves(), [0, 50, 51, 120], axis=0))
        assert r.t0 == 1.0
        assert "Dropped 4 rows with missing values, at 2 places inside the record" in r.summary()

    def test_longest_stretch(self):
        r = as_recording(holed((20, 0), (150, 1)), dt=0.5, missing=LongestStretch())
        np.testing.assert_array_equal(r.values, waves()[21:150])
        assert r.t0 == 21 * 0.5
        assert "Kept rows 21 to 149, the longest of 3 stretches" in r.summary()

    def test_nothing_missing_changes_nothing(self):
        for mending in MENDINGS.values():
            r = as_recording(waves(), dt=1.0, missing=mending)
            np.testing.assert_array_equal(r.values, waves())
            assert r.notes == ()

    def test_constant_channels_are_dropped_on_request(self):
        values = np.column_stack([waves(), np.full(200, 3.0)])
        r = as_recording(values, dt=1.0, names=["a", "b", "c"], units=["V", "A", "K"], drop_constant=True)
        assert (r.names, r.units) == (("a", "b"), ("V", "A"))
        assert "Left out the constant channels `c`" in r.summary()

    def test_small_changes_on_a_large_offset_are_no_constant(self):
        r = as_recording(1e6 + 1e-3 * waves(), dt=1.0)
        assert r.shape == (200, 2)


uneven = np.arange(200.0)
uneven[100:] += 5.5
backwards = np.arange(200.0)
backwards[120] = 3.0

BAD = {
    "nan": ((holed((17, 1), (40, 1)),), {"dt": 1}, r"channel `x1`: 2 NaN \(first at row 17\).*--missing"),
    "infinite": ((np.where(waves() > 1.9999, np.inf, waves()),), {"dt": 1}, r"infinite \(first at row \d+\)"),
    "all missing": (
        (np.column_stack([waves(), np.full(200, np.nan)]),),
        {"dt": 1, "missing": Interpolate()},
        "Nothing was measured in channel `x2`",
    ),
    "no full row": (
        (np.where(np.arange(400).reshape(200, 2) % 3, waves(), np.nan) * [np.nan, 1],),
        {"dt": 1, "missing": DropRows()},
        "Only 0 of 200 rows",
    ),
    "never together": (
        (np.where((np.arange(200) < 100)[:, None] == [True, False], waves(), np.nan),),
        {"dt": 1, "missing": Interpolate()},
        "never measured at the same time",
    ),
    "long gap": (
        (holed(*((i, 0) for i in range(50, 61))),),
        {"dt": 1, "missing": Interpolate(longest_gap=10)},
        "`x0` misses 11 values in a row, more than `longest_gap=10`",
    ),
    "mending by name": ((waves(),), {"dt": 1, "missing": "drop"}, r"must be `Interpolate\(\)`.*got 'drop'"),
    "constant": ((np.column_stack([waves(), np.ones(200)]),), {"dt": 1}, "constant channels: `x2`.*--drop-constant"),
    "all constant": ((np.ones(200),), {"dt": 1, "drop_constant": True}, "Every channel of array is constant"),
    "too short": ((waves(99),), {"dt": 1}, "99 samples, fewer than the 100 .*`shortest=99`"),
    "empty": ((np.zeros((0, 3)),), {"dt": 1}, r"empty: its shape is \(0, 3\)"),
    "three dimensions": ((np.zeros((5, 200, 3)),), {"dt": 1}, r"3 dimensions: \(5, 200, 3\).*one trial"),
    "scalar": ((np.float64(3.0),), {"dt": 1}, "0 dimensions"),
    "channels first": ((waves().T,), {"dt": 1}, "2 samples of 200 channels.*--transpose"),
    "wrongly transposed": ((waves(),), {"dt": 1, "transpose": True}, "Time is its first axis already"),
    "text": ((np.array(["a"] * 200),), {"dt": 1}, "holds no numbers: its type is `<U1`"),
    "objects": ((np.array([None] * 200),), {"dt": 1}, "its type is `object`"),
    "booleans": ((waves() > 0,), {"dt": 1}, "its type is `bool`.*astype"),
    "complex": ((waves() + 1j,), {"dt": 1}, "complex numbers .*`values.real`"),
    "ragged": (([[1.0, 2.0], [3.0]],), {"dt": 1}, "rows of equal length"),
    "no interval": ((waves(),), {}, "sampling interval of array is not known.*--dt 0.004"),
    "negative interval": ((waves(),), {"dt": -0.1}, "positive number, got -0.1"),
    "interval of text": ((waves(),), {"dt": "1 ms"}, "positive number, got '1 ms'"),
    "uneven": ((waves(),), {"times": uneven}, "not evenly spaced: intervals lie between 1 and 6.5 s.*--resample"),
    "backwards": ((waves(),), {"times": backwards}, r"row 120 is at 3 after 119 \(1 such rows\)"),
    "repeated time": ((waves(),), {"times": np.arange(200) // 2}, r"does not increase.*100 such rows"),
    "times missing": (
        (waves(),),
        {"times": np.where(uneven == 9, np.nan, uneven)},
        "1 missing values, the first at row 9",
    ),
    "date missing": ((waves(),), {"times": np.full(200, "NaT", "datetime64[s]")}, "misses a date at row 0"),
    "times of text": ((waves(),), {"times": ["a"] * 200}, "of type `<U1`"),
    "times too few": ((waves(),), {"times": np.arange(10.0)}, r"shape \(10,\), but there are 200 samples"),
    "resample without times": ((waves(),), {"dt": 1, "resample": True}, "has no time axis"),
    "resample too finely": ((waves(),), {"times": uneven, "dt": 1e-6, "resample": True}, "near the median interval 1"),
    "names": ((waves(),), {"dt": 1, "names": ["a"]}, "1 names for 2 channels"),
    "units": ((waves(),), {"dt": 1, "units": ["a"] * 3}, "3 units for 2 channels"),
    "text column": (
        (pd.DataFrame({"a": waves()[:, 0], "b": ["x"] * 200}),),
        {"dt": 1},
        "`b` holds no numbers .'x' in row 0",
    ),
    "time column of words": (
        (pd.DataFrame({"time": ["soon"] * 200, "b": waves()[:, 0]}),),
        {},
        "neither numbers nor dates .first entry 'soon'",
    ),
    "only time": (
        (pd.DataFrame({"b": waves()[:, 0]}, index=pd.Index(range(200), name="t")).drop(columns="b"),),
        {},
        "no channel",
    ),
    "repeated columns": ((pd.DataFrame(waves(), columns=["a", "a"]),), {"dt": 1}, "`a` occurs more than once"),
    "index object": ((pd.Index(range(200)),), {"dt": 1}, "Cannot make a recording of a pandas"),
    "three dimensions of xarray": (
        (xr.DataArray(np.zeros((3, 4, 5))),),
        {"dt": 1},
        r"`dim_0`, `dim_1`, `dim_2`.*\.isel",
    ),
    "several variables": (
        (xr.Dataset({"u": (("time", "c"), waves()), "v": (("time", "c"), waves())}),),
        {"dt": 1},
        r"holds 2 arrays: `u` \(200, 2\); `v` \(200, 2\).*--variable u",
    ),
    "dataset of words": (
        (xr.Dataset({"u": ("time", ["a", "b"])}),),
        {"dt": 1},
        "no array of numbers: its variables are `u`",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    args, options, message = BAD[case]
    with pytest.raises(InputError) as caught:
        as_recording(*args, **options)
    text = str(caught.value)
    assert re.search(message, text, re.DOTALL), text
    assert text.endswith(".")


def test_input_is_left_alone():
    values = holed((5, 0))
    before = copy.deepcopy(values)
    as_recording(values, dt=1.0, missing=Interpolate())
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("t", (True, None)),
        ("Time (ms)", (True, "ms")),
        ("time [s]", (True, "s")),
        ("time_us", (True, "us")),
        ("YEAR", (True, "year")),
        ("milliseconds", (True, "ms")),
        ("step", (True, "step")),
        ("h", (False, None)),
        ("s", (False, None)),
        ("d", (False, None)),
        ("tau", (False, None)),
        ("timeout_s", (False, None)),
        ("V (mV)", (False, None)),
    ],
)
def test_names_of_time(label, expected):
    assert naming.time_name(label) == expected
