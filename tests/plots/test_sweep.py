"""Figures and page of sweeps: the right kind for what was swept, with the numbers of the dataset."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure

import dynascope as ds
from dynascope import InputError
from dynascope.plots import sweep_figure
from dynascope.report import sweep_page, write_page
from dynascope.sweep import InProcess, Random, Range, sweep

HENON, LORENZ = ds.build("henon"), ds.build("lorenz")


def signed(system: Any) -> Any:
    return {"sum": system.a - 1.2 + system.b}


def noisy(system: Any, key: Any) -> Any:
    return system.a + jax.random.normal(key)


def worded(system: Any) -> dict[str, str]:
    return {"word": "large" if float(system.a) > 1.2 else "small"}


def three(system: Any) -> Any:
    return system.rho + system.sigma * system.beta


A, B = Range(1.0, 1.4, 5), Range(0.0, 0.3, 4)


def test_a_line_shows_mean_and_error_over_seeds() -> None:
    found = sweep(noisy, HENON, {"a": A}, seeds=7)
    axes = ds.plot(found).axes[0]
    np.testing.assert_allclose(np.asarray(axes.lines[0].get_ydata(), float), found.value.mean("seed"))
    band = np.asarray(axes.collections[0].get_paths()[0].vertices)
    assert np.max(band[:, 1]) > np.max(found.value.mean("seed"))
    assert axes.get_xlabel() == "a"


def test_a_map_has_the_numbers_at_their_places() -> None:
    found = sweep(signed, HENON, {"a": A, "b": B})
    axes = ds.plot(found).axes[0]
    (mesh,) = [c for c in axes.collections if isinstance(c, QuadMesh)]
    np.testing.assert_allclose(np.asarray(mesh.get_array()).reshape(4, 5), found["sum"].values.T)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")


def test_an_entry_of_a_vector_is_chosen() -> None:
    found = sweep(lambda s: {"x": [s.a, 10 * s.b]}, HENON, {"b": B}, engine=InProcess())
    names = [str(n) for n in found.data_vars if n != "status"]
    assert names == ["x.0", "x.1"]
    drawn = sweep_figure(found, variable="x.1").axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(np.asarray(drawn, float), 10 * found.b)


def test_words_become_a_phase_diagram() -> None:
    found = sweep(worded, HENON, {"a": A, "b": B}, engine=InProcess())
    figure = ds.plot(found)
    (mesh,) = [c for c in figure.axes[0].collections if isinstance(c, QuadMesh)]
    small = (found.a.values <= 1.2).astype(int)
    np.testing.assert_array_equal(np.asarray(mesh.get_array()).reshape(4, 5)[0], small)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["large", "small"]
    line = ds.plot(found.isel(b=0)).axes[0]
    assert [t.get_text() for t in line.get_yticklabels()] == ["large", "small"]


def test_three_parameters_become_small_multiples() -> None:
    found = sweep(three, LORENZ, {"rho": Range(0.0, 3.0, 4), "sigma": Range(1.0, 5.0, 5), "beta": [1.0, 2.0, 3.0]})
    panels = [axes for axes in ds.plot(found).axes if axes.get_title("left").startswith("beta")]
    assert [axes.get_title("left") for axes in panels] == ["beta = 1", "beta = 2", "beta = 3"]


def test_samples_become_dots() -> None:
    found = sweep(signed, HENON, Random({"a": (1.0, 1.4), "b": (0.0, 0.3)}, 20))
    axes = ds.plot(found).axes[0]
    (dots,) = [c for c in axes.collections if isinstance(c, PathCollection)]
    np.testing.assert_allclose(np.asarray(dots.get_offsets(), float), np.stack([found.a, found.b], axis=1))
    np.testing.assert_allclose(np.asarray(dots.get_array(), float), found["sum"])


def test_what_cannot_be_drawn_is_refused() -> None:
    found = sweep(signed, HENON, {"a": A, "b": B})
    with pytest.raises(InputError, match="no output `none`"):
        ds.plot(found, variable="none")
    with pytest.raises(InputError, match="only if it comes from `sweep`"):
        ds.plot(found.drop_attrs())
    with pytest.raises(InputError, match="one point"):
        ds.plot(found.isel(a=0, b=0))
    assert ds.plot(found, axes=Figure().subplots()).axes


def test_the_page_has_figures_and_failures(tmp_path: Path) -> None:
    def fragile(system: Any) -> float:
        if float(system.a) > 1.35:
            raise ValueError("too <large>")
        return float(system.a)

    found = sweep(fragile, HENON, {"a": A}, engine=InProcess(), store=tmp_path / "a.zarr")
    page = sweep_page(found, store="a.zarr")
    text = write_page(page, tmp_path / "page.html").read_text()
    assert "1 raised" in page.verdict
    assert "too &lt;large&gt;" in text
    assert [section.title for section in page.sections] == ["value", "Failures"]
    assert page.sections[0].figure.startswith("<svg")
    assert "http://" not in text.replace("http://www.w3.org", "")
