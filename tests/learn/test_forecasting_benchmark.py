"""A piece of `benchmarks/forecasting.py`, three systems by cheap methods: protocol, resumption, table, leaderboard."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import benchmarks.forecasting as forecasting  # noqa: E402
from benchmarks.forecasting_table import TABLE, between, leaderboard, of_systems, table_of  # noqa: E402
from dynascope.sweep import open_sweep  # noqa: E402

CHEAP = ("mean", "persistence", "linear", "echo-state")
NAMES = ("lorenz", "roessler", "mackey-glass")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("forecasting") / "part.zarr"
    forecasting.swept(path, NAMES, CHEAP, points=(15,))
    return path


def test_history_and_future_follow_each_other_by_the_protocol():
    history, future = forecasting.task(forecasting.Case("lorenz", "mean", "multivariate", 15, 1))
    assert (history.shape, future.shape) == ((150, 3), (750, 3))
    whole = forecasting.orbit("lorenz", 3)
    np.testing.assert_array_equal(np.concatenate([history, future]), whole[1, ::20])
    assert forecasting.period_of("lorenz") == (pytest.approx(1.5008), pytest.approx(0.906, abs=0.01))


def test_a_finished_sweep_reads_and_its_table_is_labelled(store):
    again = forecasting.swept(store, NAMES, CHEAP, points=(15,))
    table = table_of(again)
    assert table.sizes == {"points": 1, "system": 3, "channels": 2, "seed": 3, "method": 4}
    # Three draws of two systems, one of the third, which has one channel only.
    assert table.smape_short.notnull().sum() == len(CHEAP) * (2 * 2 * 3 + 1)
    whole = of_systems(table, "multivariate", 15)
    assert list(whole.system.values) == ["lorenz", "roessler"]
    error = {str(m): float(whole.smape_short.sel({"method": m}).mean()) for m in whole.method.values}
    assert error["echo-state"] < 80 < error["mean"] < 200
    valid = whole.valid_lyapunov.sel({"method": "echo-state"}, drop=True)
    assert np.all(valid > 0.1)
    assert np.all(table.failed.values[np.isfinite(table.failed.values)] == 0)
    text = leaderboard(table, "multivariate", 15)
    assert "2 of 2 systems" in text
    assert text.splitlines()[4].startswith("| echo-state | 1.")


def test_what_raises_or_diverges_counts_as_the_worst(monkeypatch, store):
    case = forecasting.Case("lorenz", "linear", "multivariate", 15, 0)

    def run_away(history, steps):
        return forecasting.Forecast(np.where(np.arange(steps) < 10, history.z[-1:].T, np.inf).T)

    monkeypatch.setitem(forecasting.METHODS, "linear", run_away)
    found = forecasting.measured(case)
    assert found["failed"]
    assert found["smape_long"] > 197
    lost = open_sweep(store).load()
    lost.status[{"method": 2, "system": 0, "draw": 0}] = 2
    table = table_of(lost).isel(points=0, seed=0, system=0)
    assert np.all(table.failed.sel({"method": "linear"}) == 1)
    assert np.all(table.smape_short.sel({"method": "linear"}) == 200)


def test_the_page_shows_the_table_that_is_kept():
    import xarray as xr

    page = (ROOT / "docs" / "forecasting.md").read_text("utf-8")
    with xr.open_dataset(TABLE, engine="h5netcdf") as table:
        for channels in ("multivariate", "univariate"):
            mark = f"{channels}, 15 samples"
            assert between(page, mark, leaderboard(table, channels, 15)) == page
