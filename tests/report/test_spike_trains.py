"""From a file of spikes to a page: NumPy, NWB, neo, and the command line."""

import datetime
import json
import struct

import numpy as np
import pytest

import dynascope as ds
from dynascope.cli import main
from dynascope.data import holds_spike_trains
from dynascope.data._spike_files import _from_neo, _segments

BURST = np.add.outer(np.arange(0.1, 9.0, 0.5), [0.0, 0.01, 0.02, 0.03]).ravel()


def write_nex(path, rows, *, frequency=10000.0, stop=11.0):
    """The trains as a file of NeuroExplorer, written by hand: neo reads such files but writes none."""
    head = struct.pack("<4si256sdiiii256x", b"NEX1", 104, b"", frequency, 0, int(stop * frequency), len(rows), 0)
    offset, parts = len(head) + 208 * len(rows), [head]
    for k, row in enumerate(rows):
        parts.append(struct.pack("<ii64sii128x", 0, 100, f"unit{k}".encode(), offset, len(row)))
        offset += 4 * len(row)
    path.write_bytes(b"".join(parts + [np.round(frequency * row).astype("<i4").tobytes() for row in rows]))


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return [np.sort(rng.uniform(0.0, 10.0, 80)) for _ in range(12)]


def test_npz_of_units_and_of_pairs(tmp_path, rows):
    named = tmp_path / "named.npz"
    np.savez(named, **{f"unit_{k}": row for k, row in enumerate(rows)}, stop=12.0)
    trains = ds.read_spike_trains(named)
    assert (trains.start, trains.stop, len(trains)) == (0.0, 12.0, 12)
    flat = tmp_path / "flat.npz"
    units = np.repeat(np.arange(12), 80)
    np.savez(flat, spike_times=np.concatenate(rows), spike_units=units)
    again = ds.read_spike_trains(flat)
    assert np.array_equal(again.times, trains.times)
    assert "window ends at the last spike" in again.notes[0]
    assert holds_spike_trains(named)
    assert holds_spike_trains(flat)
    assert ds.read_spike_trains(flat, start=2.0, stop=4.0).counts.sum() == sum(
        np.sum((row >= 2) & (row <= 4)) for row in rows
    )


def test_recordings_are_no_spike_trains(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.sin(np.arange(500)), dt=0.1)
    assert not holds_spike_trains(tmp_path / "x.npz")
    with pytest.raises(ds.InputError, match="no spike trains"):
        ds.read_spike_trains(tmp_path / "x.npz")
    with pytest.raises(ds.InputError, match="no file"):
        ds.read_spike_trains(tmp_path / "y.npz")
    (tmp_path / "z.csv").write_text("1,2\n")
    with pytest.raises(ds.InputError, match="not from"):
        ds.read_spike_trains(tmp_path / "z.csv")


def test_nwb(tmp_path, rows):
    pynwb = pytest.importorskip("pynwb")
    file = pynwb.NWBFile("session", "id", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    for row in rows:
        file.add_unit(spike_times=row, obs_intervals=[[0.0, 11.0]])
    path = tmp_path / "units.nwb"
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    trains = ds.read_spike_trains(path)
    assert holds_spike_trains(path)
    assert (trains.start, trains.stop) == (0.0, 11.0)
    np.testing.assert_array_equal(trains.train(3), rows[3])


def test_neo(tmp_path, rows):
    neo = pytest.importorskip("neo")
    io = pytest.importorskip("neo.io")
    segment = neo.Segment()
    segment.spiketrains.extend([neo.SpikeTrain(1000 * row, units="ms", t_start=0.0, t_stop=11000.0) for row in rows])
    block = neo.Block()
    block.segments.append(segment)
    path = tmp_path / "block.mat"
    io.NeoMatlabIO(str(path)).write(block)
    assert len(_segments(path)) == 1
    found, known = _from_neo(path)
    assert known == {"time_unit": "ms", "start": 0.0, "stop": 11000.0}
    np.testing.assert_allclose(found["unit 5"], 1000 * rows[5])


def test_page(tmp_path, rows):
    trains = ds.as_spike_trains(rows, start=0.0, stop=10.0)
    made = ds.report_spike_trains(trains, target="recorded.npz")
    assert made.verdict.regime == "asynchronous irregular"
    assert made.sentence.startswith("recorded.npz fires asynchronously and irregularly, 8 spikes per s")
    page = made.html()
    assert page.count("<svg") >= 3
    assert "Cross-correlogram" in page
    assert "local variation" in page.lower()
    assert "correlation of counts of pairs" in page
    assert "Spectrum of the population rate" in page
    assert {"correlations", "correlogram", "spectrum"} <= set(made.results)
    made.save(tmp_path)
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("made", "regime"),
    [
        ([[0.5]] + [[]] * 5, "silent"),
        ([np.arange(0.05, 10.0, 0.1) + 0.001 * k for k in range(6)], "synchronous regular"),
        ([[1.0, 2.0, 3.0]] * 3, "undecided"),
        (
            [np.add.outer(np.arange(0.1, 9.0, 0.5), [0.0, 0.01, 0.02, 0.03]).ravel() + 0.07 * k for k in range(5)],
            "bursting",
        ),
    ],
)
def test_other_verdicts_make_pages(made, regime):
    found = ds.report_spike_trains(ds.as_spike_trains(made, start=0.0, stop=10.0))
    assert found.verdict.regime == regime
    assert regime.split()[0].rstrip("ing") in found.html()
    assert found.to_json()["kind"] == "spike trains"


def test_command_line(tmp_path, rows, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("spikes.npz", **{f"unit_{k}": row for k, row in enumerate(rows)}, stop=10.0)
    assert main(["report", "spikes.npz", "--json", "--out", "page"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"]["regime"] == "asynchronous irregular"
    assert answer["kind"] == "spike trains"
    assert (tmp_path / "page" / "report.html").exists()


def test_reports_of_files_of_neo_and_nwb(tmp_path, rows, capsys, monkeypatch):
    pynwb = pytest.importorskip("pynwb")
    pytest.importorskip("neo")
    monkeypatch.chdir(tmp_path)
    write_nex(tmp_path / "units.nex", rows)
    file = pynwb.NWBFile("session", "id", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    for row in rows:
        file.add_unit(spike_times=row, obs_intervals=[[0.0, 11.0]])
    with pynwb.NWBHDF5IO(str(tmp_path / "units.nwb"), "w") as io:
        io.write(file)
    for name in ("units.nex", "units.nwb"):
        assert holds_spike_trains(name)
        assert main(["report", name, "--json", "--out", name[-3:]]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["verdict"]["regime"] == "asynchronous irregular"
        assert answer["dimension"] == 12
        page = (tmp_path / name[-3:] / "report.html").read_text()
        for word in ("Raster", "CV2", "Cross-correlogram", "Spectrum of the population rate", "correlation of counts"):
            assert word in page


def test_spikes_at_one_time_are_kept_once(tmp_path):
    np.savez(tmp_path / "twice.npz", unit_a=[1.0, 1.0, 2.0], unit_b=[1.0], stop=3.0)
    trains = ds.read_spike_trains(tmp_path / "twice.npz")
    assert trains.counts.tolist() == [2, 1]
    assert trains.notes == ("1 spikes at the same time as another one of their unit were left out",)
