"""Figures of tangent results: what they show, what they refuse, and that results survive saving."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure

import dynascope as ds
from dynascope._results import AbstractResult
from dynascope.analysis.tangent import (
    alignment,
    covariant_vectors,
    expansion_entropy,
    finite_time_exponents,
    predictability,
)
from dynascope.models.canonical import Henon, LinearMap

UNIT = ds.Box(jnp.zeros(2), jnp.ones(2))


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    cat = ds.build("arnold-cat-map")
    return {
        "finite-time": finite_time_exponents(Henon(), window=5, count=512, k=2),
        "constant": finite_time_exponents(cat, window=5, count=64),
        "covariant": covariant_vectors(Henon(), duration=1000, samples=20),
        "alignment": alignment(Henon(), duration=512),
        "expansion": expansion_entropy(cat, UNIT, starts=100, duration=10),
        "predictability": predictability(Henon(), pairs=16, duration=128),
    }


@pytest.mark.parametrize("name", ["finite-time", "constant", "covariant", "alignment", "expansion", "predictability"])
def test_every_result_has_a_figure_and_survives_saving(name: str, results: dict[str, Any], tmp_path: Path) -> None:
    result = results[name]
    figure = ds.plot(result)
    figure.savefig(tmp_path / "figure.png")
    assert all(axes.get_xlabel() for axes in figure.axes if axes.lines and name not in ("finite-time",))
    assert ds.plot(result, axes=Figure().subplots()).axes
    ds.save(result, tmp_path / "result.nc")
    again = ds.load(tmp_path / "result.nc")
    assert type(again) is type(result)
    assert again.summary() == result.summary()
    for field, values in vars(result).items():
        if isinstance(values, np.ndarray):
            np.testing.assert_array_equal(getattr(again, field), values)
    assert isinstance(result, AbstractResult)
    assert result.to_xarray().attrs["class"] == type(result).__name__


def test_histogram_holds_all_windows(results: dict[str, Any]) -> None:
    result = results["finite-time"]
    axes = ds.plot(result).axes[0]
    assert sum(p.get_height() * p.get_width() for p in axes.patches) == pytest.approx(1.0)  # type: ignore[attr-defined]


def test_slope_is_drawn(results: dict[str, Any]) -> None:
    result = results["expansion"]
    line = ds.plot(result).axes[0].lines[-1].get_xydata()
    rise = (line[-1, 1] - line[0, 1]) / (line[-1, 0] - line[0, 0])  # type: ignore[index]
    assert rise == pytest.approx(result.entropy)


def test_nothing_to_draw_is_said() -> None:
    still = covariant_vectors(LinearMap(np.diag([0.5, 0.4])), transient=10, duration=50)
    with pytest.raises(ds.InputError, match="one sign"):
        ds.plot(still)
    lost = alignment(Henon(), y0=[10.0, 10.0], duration=512, throw=False)
    with pytest.raises(ds.InputError, match="lost"):
        ds.plot(lost)
    gone = finite_time_exponents(Henon(), window=5, count=4, y0=[10.0, 10.0], transient=0, throw=False)
    with pytest.raises(ds.InputError, match="finite"):
        ds.plot(gone)
