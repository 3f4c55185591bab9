"""Reading recordings: every format there and back, and every file that must be refused with advice."""

import datetime
import pickle
import re
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import xarray as xr

from dynascope._errors import InputError
from dynascope.data import FileKind, read_recording, sniff
from dynascope.data._kinds import NEO, NETWORKS, RECORDINGS
from dynascope.data._recordings import _READERS
from dynascope.series import Interpolate, Recording

COUNT, DT = 240, 0.004
TIMES = DT * np.arange(COUNT)
VALUES = np.stack([np.sin(20 * TIMES), np.cos(31 * TIMES) + 0.3], axis=1)


def write_npz(path: Path):
    np.savez(path, data=VALUES, t=TIMES, names=np.array(["V", "w"]))


def write_csv(path: Path):
    pd.DataFrame({"time": TIMES, "V": VALUES[:, 0], "w": VALUES[:, 1]}).to_csv(path, index=False)


def write_tsv(path: Path):
    pd.DataFrame({"time [s]": TIMES, "V": VALUES[:, 0], "w": VALUES[:, 1]}).to_csv(path, index=False, sep="\t")


def write_txt(path: Path):
    np.savetxt(path, np.column_stack([TIMES, VALUES]), fmt="%.17g", header="t V w")


def write_mat5(path: Path):
    scipy.io.savemat(path, {"x": VALUES, "time": TIMES, "names": np.array(["V", "w"], dtype=object)})


def write_mat73(path: Path):
    # As MATLAB does: column-major, vectors with two dimensions, a block of text in front of the HDF5 file.
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("x", data=VALUES.T).attrs["MATLAB_class"] = np.bytes_("double")
        file.create_dataset("time", data=TIMES[:, None]).attrs["MATLAB_class"] = np.bytes_("double")
        label = file.create_dataset("title", data=np.frombuffer(b"test", np.uint8).astype(np.uint16)[:, None])
        label.attrs["MATLAB_class"] = np.bytes_("char")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


def write_hdf5(path: Path):
    with h5py.File(path, "w") as file:
        group = file.create_group("session")
        group["data"] = VALUES
        group["channel_names"] = ["V", "w"]
        group["data"].attrs["fs"] = 1 / DT


def write_netcdf(path: Path):
    Recording(VALUES, dt=DT, names=("V", "w"), units=("mV", "1")).to_xarray().to_netcdf(path, engine="h5netcdf")


def write_netcdf3(path: Path):
    time = ("time", TIMES, {"units": "s"})
    data = xr.Dataset({"V": ("time", VALUES[:, 0]), "w": ("time", VALUES[:, 1])}, {"time": time})
    data.to_netcdf(path, engine="scipy")


def write_zarr(path: Path):
    pytest.importorskip("zarr")
    time = ("time", TIMES, {"units": "s"})
    data = xr.Dataset({"V": ("time", VALUES[:, 0]), "w": ("time", VALUES[:, 1])}, {"time": time})
    data.to_zarr(path, consolidated=False)


def write_zarr_group(path: Path):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(path), mode="w")
    group.create_array("V", data=VALUES[:, 0])
    group.create_array("w", data=VALUES[:, 1])
    group.create_array("t", data=TIMES)


WRITERS = {
    "npz": (write_npz, ".npz", {}),
    "csv": (write_csv, ".csv", {}),
    "tsv": (write_tsv, ".tsv", {}),
    "txt": (write_txt, ".txt", {}),
    "mat 5": (write_mat5, ".mat", {}),
    "mat 7.3": (write_mat73, ".mat", {"names": ["V", "w"]}),
    "hdf5": (write_hdf5, ".h5", {}),
    "netcdf 4": (write_netcdf, ".nc", {}),
    "netcdf 3": (write_netcdf3, ".nc", {}),
    "zarr": (write_zarr, ".zarr", {}),
    "zarr group": (write_zarr_group, ".zarr", {"variable": "V,w"}),
}


@pytest.mark.parametrize("name", WRITERS)
def test_round_trip(name, tmp_path):
    write, suffix, options = WRITERS[name]
    path = tmp_path / f"record{suffix}"
    write(path)
    r = read_recording(path, **options)
    np.testing.assert_array_equal(r.values, VALUES)
    assert r.names == ("V", "w")
    assert r.dt == pytest.approx(DT, rel=1e-12)
    assert r.time_unit == "s"
    assert r.source == path.name


def test_npy(tmp_path):
    np.save(tmp_path / "a.npy", VALUES.astype(np.float32))
    r = read_recording(tmp_path / "a.npy", dt=DT)
    np.testing.assert_array_equal(r.values, VALUES.astype(np.float32))
    assert r.dt == DT
    np.save(tmp_path / "b.npy", VALUES.T)
    np.testing.assert_array_equal(read_recording(tmp_path / "b.npy", dt=1, transpose=True).values, VALUES)


def test_bare_zarr_array(tmp_path):
    zarr = pytest.importorskip("zarr")
    zarr.save_array(str(tmp_path / "a.zarr"), VALUES)
    np.testing.assert_array_equal(read_recording(tmp_path / "a.zarr", dt=DT).values, VALUES)


def test_zarr_channels_in_natural_order(tmp_path):
    pytest.importorskip("zarr")
    data = {f"x{j}": ("time", VALUES[:, 0] + j) for j in range(12)}
    xr.Dataset(data, {"time": ("time", TIMES)}).to_zarr(tmp_path / "a.zarr", consolidated=False)
    r = read_recording(tmp_path / "a.zarr")
    assert r.names == tuple(f"x{j}" for j in range(12))
    np.testing.assert_array_equal(r.values[0], VALUES[0, 0] + np.arange(12))


def test_objects_beside_the_samples_are_never_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", x=VALUES, t=TIMES, notes=np.array({"who": "me"}, dtype=object))
    assert read_recording(tmp_path / "a.npz").shape == VALUES.shape
    with pytest.raises(InputError, match="no array of numbers `notes`"):
        read_recording(tmp_path / "a.npz", variable="notes")


def test_matlab_structure(tmp_path):
    scipy.io.savemat(tmp_path / "eeg.mat", {"EEG": {"data": VALUES.T, "srate": 250.0, "setname": "s"}})
    r = read_recording(tmp_path / "eeg.mat", transpose=True)
    np.testing.assert_array_equal(r.values, VALUES)
    assert r.dt == pytest.approx(DT)
    assert any("`EEG/srate` = 250 is the sampling rate" in note for note in r.notes)


def test_trajectory_of_a_system(tmp_path):
    data = {n: ("time", VALUES[:, j], {"units": "1"}) for j, n in enumerate("xy")}
    data |= {"event_times": ("event", np.arange(3.0))}
    xr.Dataset(data, {"time": ("time", TIMES, {"units": "1"})}).to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    r = read_recording(tmp_path / "run.nc")
    assert (r.names, r.time_unit) == (("x", "y"), "1")


class TestText:
    def read(self, tmp_path, text, name="a.csv", **options):
        path = tmp_path / name
        path.write_text(text)
        return read_recording(path, **options)

    def rows(self, *, sep=",", times=TIMES, end="\n", decimal="."):
        lines = (
            sep.join(f"{v:.17g}".replace(".", decimal) for v in (t, *row)) for t, row in zip(times, VALUES, strict=True)
        )
        return end.join(lines) + end

    def test_no_header(self, tmp_path):
        r = self.read(tmp_path, self.rows())
        np.testing.assert_array_equal(r.values, VALUES)
        assert r.dt == pytest.approx(DT)
        assert any("taken for the time axis, because it rises throughout" in note for note in r.notes)

    def test_decimal_comma(self, tmp_path):
        r = self.read(tmp_path, "Time (ms);V (mV);w\n" + self.rows(sep=";", decimal=",", times=1000 * TIMES))
        np.testing.assert_array_equal(r.values, VALUES)
        assert (r.names, r.units, r.time_unit) == (("V", "w"), ("mV", "1"), "ms")
        assert r.dt == pytest.approx(4.0)

    def test_comments_and_trailing_separators(self, tmp_path):
        r = self.read(tmp_path, "# made by hand\n# in the lab\n\nt,V,w,\n" + self.rows(end=",\n"))
        np.testing.assert_array_equal(r.values, VALUES)
        assert r.names == ("V", "w")

    def test_spreadsheet_mark_and_line_ends(self, tmp_path):
        r = self.read(tmp_path, "\ufefft,V,w\r\n" + self.rows(end="\r\n"))
        assert r.names == ("V", "w")
        assert r.shape == VALUES.shape

    def test_dates(self, tmp_path):
        stamps = pd.date_range("2024-01-01", periods=COUNT, freq="15min")
        text = "".join(f"{t:%Y-%m-%d %H:%M:%S},{row[0]},{row[1]}\n" for t, row in zip(stamps, VALUES, strict=True))
        r = self.read(tmp_path, "date,a,b\n" + text)
        assert (r.dt, r.time_unit, r.names) == (900.0, "s", ("a", "b"))

    def test_numbered_columns_are_a_header(self, tmp_path):
        pd.DataFrame(VALUES).to_csv(tmp_path / "a.csv", index=False)
        r = read_recording(tmp_path / "a.csv", dt=DT)
        np.testing.assert_allclose(r.values, VALUES, rtol=1e-15)
        assert r.names == ("0", "1")

    def test_written_with_its_index(self, tmp_path):
        pd.DataFrame(VALUES, columns=["a", "b"]).to_csv(tmp_path / "a.csv")
        r = read_recording(tmp_path / "a.csv", dt=DT)
        assert r.names == ("a", "b")
        assert r.shape == VALUES.shape

    def test_chosen_columns(self, tmp_path):
        text = "t,V (mV),label,w\n" + "".join(
            f"{t:.17g},{row[0]:.17g},rest,{row[1]:.17g}\n" for t, row in zip(TIMES, VALUES, strict=True)
        )
        r = self.read(tmp_path, text, variable="w,V")
        np.testing.assert_array_equal(r.values, VALUES[:, ::-1])
        assert (r.names, r.units) == (("w", "V"), ("1", "mV"))

    def test_named_time_column(self, tmp_path):
        r = self.read(
            tmp_path,
            "V,clock,w\n" + "".join(f"{a},{t},{b}\n" for t, (a, b) in zip(TIMES, VALUES, strict=True)),
            time="clock",
        )
        assert r.names == ("V", "w")
        assert r.dt == pytest.approx(DT)

    def test_holes(self, tmp_path):
        text = self.rows().splitlines()
        text[10] = f"{TIMES[10]},,1.0"
        r = self.read(tmp_path, "t,V,w\n" + "\n".join(text), missing=Interpolate())
        assert r.values[10, 0] == pytest.approx((VALUES[9, 0] + VALUES[11, 0]) / 2)

    def test_one_column(self, tmp_path):
        r = self.read(tmp_path, "\n".join(f"{v:.17g}" for v in VALUES[:, 0]), dt=DT)
        np.testing.assert_array_equal(r.values[:, 0], VALUES[:, 0])


class TestNeuro:
    def nwb(self, path, *series):
        pynwb = pytest.importorskip("pynwb")
        start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        file = pynwb.NWBFile("session", "id", start)
        for keywords in series:
            file.add_acquisition(pynwb.TimeSeries(**keywords))
        with pynwb.NWBHDF5IO(str(path), "w") as io:
            io.write(file)

    def test_nwb(self, tmp_path):
        lfp = {"name": "lfp", "data": VALUES, "unit": "V", "rate": 250.0, "starting_time": 2.0, "conversion": 0.5}
        self.nwb(tmp_path / "a.nwb", lfp)
        r = read_recording(tmp_path / "a.nwb")
        np.testing.assert_array_equal(r.values, 0.5 * VALUES)
        assert (r.dt, r.t0, r.units) == (DT, 2.0, ("V", "V"))

    def test_nwb_of_several_series(self, tmp_path):
        lfp = {"name": "lfp", "data": VALUES, "unit": "V", "timestamps": TIMES + 1.0}
        speed = {"name": "speed", "data": VALUES[:, 0], "unit": "m/s", "rate": 250.0}
        self.nwb(tmp_path / "a.nwb", lfp, speed)
        with pytest.raises(InputError, match=r"holds 2 arrays: .*`\w+/lfp` \(240, 2\).*--variable"):
            read_recording(tmp_path / "a.nwb")
        assert read_recording(tmp_path / "a.nwb", variable="speed").shape == (COUNT, 1)
        r = read_recording(tmp_path / "a.nwb", variable="lfp")
        assert r.t0 == 1.0
        assert r.dt == pytest.approx(DT)
        with pytest.raises(InputError, match=r"signal `eeg` of `a\.nwb` is not in it"):
            read_recording(tmp_path / "a.nwb", variable="eeg")

    def test_nwb_electrodes(self, tmp_path):
        pynwb = pytest.importorskip("pynwb")
        file = pynwb.NWBFile("session", "id", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        group = file.create_electrode_group("shank", "d", "cortex", file.create_device("probe"))
        for i in range(3):
            file.add_electrode(id=10 + i, location="cortex", group=group)
        table = file.create_electrode_table_region([0, 2], "two of them")
        gains = np.array([1.0, 3.0])
        file.add_acquisition(
            pynwb.ecephys.ElectricalSeries(
                name="raw", data=VALUES, electrodes=table, rate=250.0, channel_conversion=gains, conversion=1e-3
            )
        )
        with pynwb.NWBHDF5IO(str(tmp_path / "e.nwb"), "w") as io:
            io.write(file)
        r = read_recording(tmp_path / "e.nwb")
        assert r.names == ("electrode 10", "electrode 12")
        np.testing.assert_allclose(r.values, VALUES * gains * 1e-3, rtol=1e-15)

    def brainvision(self, folder: Path) -> Path:
        """A minimal BrainVision recording: a header, an empty list of markers, and 16-bit numbers."""
        header = [
            "Brain Vision Data Exchange Header File Version 1.0",
            "[Common Infos]\nDataFile=a.eeg\nMarkerFile=a.vmrk\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED",
            "NumberOfChannels=2\nSamplingInterval=4000",
            "[Binary Infos]\nBinaryFormat=INT_16",
            "[Channel Infos]\nCh1=Fz,,0.5,uV\nCh2=Cz,,0.5,uV",
        ]
        (folder / "a.vhdr").write_text("\n".join(header) + "\n")
        (folder / "a.vmrk").write_text("Brain Vision Data Exchange Marker File, Version 1.0\n[Marker Infos]\n")
        (folder / "a.eeg").write_bytes(np.round(1000 * VALUES).astype("<i2").tobytes())
        return folder / "a.vhdr"

    def test_neo(self, tmp_path):
        pytest.importorskip("neo")
        r = read_recording(self.brainvision(tmp_path))
        np.testing.assert_allclose(r.values, 0.5 * np.round(1000 * VALUES), atol=1e-9)
        assert r.dt == pytest.approx(DT)
        assert r.units == ("uV", "uV")

    def test_damaged_for_neo(self, tmp_path):
        pytest.importorskip("neo")
        (tmp_path / "a.abf").write_bytes(b"not an Axon file")
        with pytest.raises(InputError, match=r"neo cannot read `a\.abf`.*complete\."):
            read_recording(tmp_path / "a.abf")


@pytest.mark.parametrize(
    ("module", "name", "extra"), [("zarr", "a.zarr", "zarr"), ("pynwb", "a.nwb", "neuro"), ("neo", "a.abf", "neuro")]
)
def test_missing_extra(module, name, extra, tmp_path, monkeypatch):
    (tmp_path / name).mkdir() if extra == "zarr" else (tmp_path / name).touch()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"needs the package `{module}`.*pip install 'dynascope\[{extra}\]'"):
        read_recording(tmp_path / name)


def save_npz(**arrays):
    return lambda path: np.savez(path, **arrays)


def save_text(text):
    return lambda path: path.write_text(text)


def save_bytes(content):
    return lambda path: path.write_bytes(content)


def save_hdf5(**arrays):
    def write(path):
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file[name.replace("__", "/")] = array

    return write


def save_pickled_array(path):
    np.save(path, np.array([{"a": 1}] * 200, dtype=object), allow_pickle=True)


def table(header, row, count=150):
    return save_text(header + "\n" + "".join(row.format(i=i, t=0.1 * i) + "\n" for i in range(count)))


BAD = {
    "pickle": ("a.pkl", save_bytes(pickle.dumps([1])), {}, "is a pickle.*runs whatever code.*`numpy.save`.*`.npy`"),
    "unknown suffix": ("a.xyz", save_text("1"), {}, "suffix `.xyz`, for which there is no reader.*`.csv`.*`.nwb`"),
    "no suffix": ("record", save_text("1"), {}, "suffix `none`"),
    "a network": ("a.pt", save_bytes(b"PK"), {}, "looks like a network, not like a recording"),
    "absent": ("a.npy", lambda path: None, {}, "There is no file.*Check the path"),
    "folder": ("a.csv", lambda path: path.mkdir(), {}, "is a folder. Give the path of a file"),
    "objects": ("a.npy", save_pickled_array, {"dt": 1}, "cannot be read as a NumPy array.*[Oo]bject arrays"),
    "damaged npy": ("a.npy", save_bytes(b"\x93NUMPY\x01\x00garbage"), {"dt": 1}, "cannot be read as a NumPy array"),
    "damaged npz": ("a.npz", save_bytes(b"PK\x03\x04 cut off"), {"dt": 1}, "cannot be read as a NumPy archive"),
    "damaged mat": ("a.mat", save_bytes(b"MATLAB?" * 40), {"dt": 1}, "`a.mat`.*read"),
    "damaged hdf5": ("a.h5", save_bytes(b"\x89HDF\r\n"), {"dt": 1}, "cannot be read as a HDF5 file"),
    "damaged netcdf": ("a.nc", save_bytes(b"hello"), {"dt": 1}, "cannot be read as a NetCDF file"),
    "damaged zarr": ("a.zarr", lambda path: path.mkdir(), {"dt": 1}, "a.zarr"),
    "damaged nwb": ("a.nwb", save_bytes(b"hello"), {}, "cannot be read as a NWB file"),
    "name for npy": ("a.npy", lambda p: np.save(p, VALUES), {"dt": 1, "variable": "x"}, "one array without a name"),
    "no interval": ("a.npy", lambda p: np.save(p, VALUES), {}, "sampling interval of a.npy is not known.*--dt"),
    "several arrays": (
        "a.npz",
        save_npz(u=VALUES, v=VALUES[:, 0], t=TIMES),
        {},
        r"`a.npz` holds 2 arrays: `u` \(240, 2\); `v` \(240,\)\. .*--variable u",
    ),
    "unknown array": (
        "a.npz",
        save_npz(u=VALUES),
        {"variable": "w"},
        r"no array of numbers `w` in `a.npz`. There is: `u`",
    ),
    "unequal arrays": (
        "a.npz",
        save_npz(u=VALUES[:, 0], v=VALUES[1:, 0]),
        {"variable": "u,v"},
        "vectors of one length",
    ),
    "only time": ("a.npz", save_npz(t=TIMES), {}, "holds only a time axis `t`"),
    "nothing": ("a.npz", save_npz(word=np.array(["a", "b"])), {}, "no array of numbers, besides `word .<U1.`"),
    "time too short": (
        "a.npz",
        save_npz(u=VALUES, t=TIMES[1:]),
        {"time": "t"},
        "`t` of `a.npz` has 239 entries, but there are 240",
    ),
    "unrelated time": ("a.npz", save_npz(u=VALUES, t=TIMES[1:]), {}, "sampling interval of a.npz is not known"),
    "ambiguous path": (
        "a.h5",
        save_hdf5(one__x=VALUES, two__x=VALUES),
        {"variable": "x", "dt": 1},
        "`x` could be `one/x`, `two/x` of `a.h5`. Give the full name",
    ),
    "trials": ("a.h5", save_hdf5(x=np.zeros((5, 200, 3))), {"dt": 1}, r"3 dimensions: \(5, 200, 3\)"),
    "empty table": ("a.csv", save_text(""), {}, "`a.csv` is empty"),
    "header alone": ("a.csv", save_text("t,x\n"), {}, "a.csv"),
    "ragged rows": ("a.csv", save_text("t,x\n0,1\n1,2\n2,3,4\n"), {}, "cannot be read as a table of text.*line"),
    "short header": ("a.csv", table("t,x", "{t},1,{i}"), {}, "names 2 columns in its header, but its rows have 3"),
    "words": ("a.csv", table("t,x,who", "{t},{i}1,me"), {}, "Column `who` holds no numbers .'me' in row 0.*--variable"),
    "one word": (
        "a.csv",
        save_text("x\n" + "1\n2\n" * 60 + "oops\n"),
        {"dt": 1},
        "`x` holds no numbers .'oops' in row 120",
    ),
    "unknown column": ("a.csv", table("t,x", "{t},{i}"), {"variable": "y"}, "no variable `y`. There is: `x`"),
    "unknown time": ("a.csv", table("t,x", "{t},{i}"), {"time": "s"}, "no variable `s`. There is: `t`, `x`"),
    "repeated names": ("a.csv", table("x,x", "{t},{i}"), {"dt": 1}, "`x` occurs more than once"),
    "bytes in a table": ("a.csv", save_bytes(b"t,x\n\xff\xfe\x00,1\n"), {}, "cannot be read as a table of text"),
    "nan": (
        "a.npy",
        lambda p: np.save(p, np.where(VALUES > 1.25, np.nan, VALUES)),
        {"dt": 1},
        "a.npy has values .*`x1`",
    ),
    "channels first": ("a.npy", lambda p: np.save(p, VALUES.T), {"dt": 1}, "--transpose"),
    "short": ("a.npy", lambda p: np.save(p, VALUES[:60]), {"dt": 1}, "60 samples, fewer than the 100"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file(case, tmp_path):
    name, write, options, message = BAD[case]
    if name.endswith(".nwb"):
        pytest.importorskip("pynwb")
    write(tmp_path / name)
    with pytest.raises(InputError) as caught:
        read_recording(tmp_path / name, **options)
    text = str(caught.value)
    assert re.search(message, text, re.DOTALL), text
    assert text.endswith(".")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.npy", FileKind.RECORDING),
        ("some/x.NWB", FileKind.RECORDING),
        ("x.abf", FileKind.RECORDING),
        ("x.pt", FileKind.NETWORK),
        ("x.safetensors", FileKind.NETWORK),
        ("model.py", FileKind.PYTHON),
        ("here/model.py:Mine", FileKind.PYTHON),
        ("lorenz", FileKind.UNKNOWN),
        ("x.pkl", FileKind.UNKNOWN),
    ],
)
def test_sniff(name, kind):
    assert sniff(name) is kind


def test_every_suffix_has_a_reader_and_one_meaning():
    assert set(_READERS) == set(RECORDINGS) | NEO
    assert not set(_READERS) & NETWORKS
