"""Reports on networks of spiking neurons: verdict, page, numbers, and the command line."""

import json

import jax
import numpy as np
import pytest

import dynascope as ds
from dynascope.cli import main
from dynascope.models.spiking import (
    CurrentReceptor,
    FixedProbability,
    LeakyCells,
    PoissonCells,
    Population,
    Projection,
    RecordedCells,
    UniformDraw,
    spiking_network,
)
from dynascope.report import report_spiking
from dynascope.report._spiking import _joined
from dynascope.solve import simulate

KEY = jax.random.key(0)


def test_poisson_cells_are_asynchronous_irregular(tmp_path):
    network = spiking_network([Population("a", 60, PoissonCells(rate=40.0))], key=KEY)
    made = report_spiking(network, target="sources", key=KEY)
    assert made.verdict.regime == "asynchronous irregular"
    assert made.sentence.startswith("sources fires asynchronously and irregularly, ")
    assert made.kind == "random map"
    # Their rate is known, and so is its error.
    assert made.results["statistics"].rates.mean() == pytest.approx(40.0, abs=4 * np.sqrt(40.0 / 60))
    page = made.html()
    assert "Connections" not in page
    assert page.count("<svg") == 4
    for word in ("Raster", "Populations", "Spectrum of the population rate", "correlation of counts"):
        assert word in page
    files = made.save(tmp_path)
    stored = json.loads((tmp_path / "report.json").read_text())
    assert stored["settings"]["populations"] == {"a": 60}
    assert files["nc"].endswith("report.nc")


@pytest.mark.parametrize(
    ("start", "regime"),
    [({"V": 0.0}, "synchronous regular"), ({"V": UniformDraw(0.0, 20.0)}, "asynchronous regular")],
)
def test_equal_cells_that_start_together_or_apart(start, regime):
    cells = LeakyCells(drive=25.0, tau=20.0, E_L=0.0, V_th=20.0, V_reset=0.0, refractory=2.0)
    made = report_spiking(spiking_network([Population("a", 300, cells, start)], key=KEY), t1=1000.0)
    assert made.verdict.regime == regime
    # From rest to threshold in tau log(25 / 5), and two milliseconds of rest, in whole steps; a second holds one more
    # spike or one less.
    interval = 0.1 * (np.ceil(10 * 20.0 * np.log(5.0)) + 20)
    assert made.results["statistics"].rates.mean() == pytest.approx(1e3 / interval, abs=1.0)


def test_volleys_of_noise_are_synchronous_irregular():
    mother = np.sort(np.random.default_rng(0).uniform(1.0, 1999.0, 80))
    volleys = ds.as_spike_trains([np.round(mother, 1)], start=0.0, stop=2000.0, time_unit="ms")
    cells = LeakyCells((CurrentReceptor("exc", tau=2.0),), tau=10.0, E_L=-65.0, V_reset=-65.0, V_th=-55.0)
    network = spiking_network(
        [Population("in", 1, RecordedCells.of(volleys, dt=0.1)), Population("out", 80, cells)],
        [Projection("in", "out", FixedProbability(1.0), "exc", weight=UniformDraw(150.0, 200.0))],
        key=KEY,
    )
    made = report_spiking(network, t1=1800.0)
    assert made.verdict.regime == "synchronous irregular"
    assert made.page.sections[-1].title == "Connections"


def test_activity_that_ends_is_silent():
    spikes = ds.as_spike_trains([np.arange(201.0, 400.0, 10.0)] * 5, start=0.0, stop=2000.0, time_unit="ms")
    network = spiking_network([Population("a", 5, RecordedCells.of(spikes, dt=0.1))], key=KEY)
    made = report_spiking(network, t1=800.0)
    assert made.verdict.regime == "silent"
    assert "the last spike comes at 391 of 1000 ms" in made.sentence
    nothing = report_spiking(spiking_network([Population("a", 5, LeakyCells())], key=KEY), t1=100.0)
    assert nothing.verdict.regime == "silent"
    assert "fewer than one spike" in nothing.sentence


def test_a_run_in_two_pieces_is_the_run_in_one():
    network = spiking_network([Population("a", 20, PoissonCells(rate=50.0))], key=KEY)
    whole = simulate(network, 60.0, key=KEY)
    first = simulate(network, 25.0, key=KEY)
    both = _joined(first, simulate(network, 35.0, y0=first.state, key=KEY, first_step=first.last_step))
    assert (both.start, both.stop) == (whole.start, whole.stop)
    np.testing.assert_array_equal(both.steps, whole.steps)
    np.testing.assert_array_equal(both.units, whole.units)


def test_wrong_lengths():
    network = spiking_network([Population("a", 2, LeakyCells())], key=KEY)
    with pytest.raises(ds.InputError, match="`t1` must be positive"):
        report_spiking(network, t1=0.0)


def test_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Without inhibition and with strong drive all fire like clocks, each at its own time.
    arguments = [
        "report",
        "noisy-spiking-network",
        "--set",
        "g=3",
        "--set",
        "eta=3",
        "--t1",
        "4000",
        "--transient",
        "500",
        "--json",
    ]
    assert main([*arguments, "--out", "page"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"]["regime"].endswith("regular")
    assert answer["settings"]["window_ms"] == pytest.approx(400.0)
    assert answer["kind"] == "random map"
    assert (tmp_path / "page" / "report.html").exists()
