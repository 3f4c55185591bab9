"""Bifurcation diagrams: what is solid, what is dashed, and what is marked."""

import functools

import numpy as np
import pytest

import dynascope as ds
from dynascope.plots import bifurcation_diagram, plot


@functools.cache
def _diagram():
    return ds.bifurcations(ds.build("fitzhugh-nagumo"), "I", 0.0, 2.0, cycles=None)


def test_stable_is_solid_and_unstable_dashed():
    axes = plot(_diagram()).axes[0]
    lines = [(np.asarray(line.get_xdata(), float), line.get_linestyle()) for line in axes.lines]
    spans = [(float(x[0]), float(x[-1]), style) for x, style in lines if x.size > 1]
    first, second = sorted(_diagram().special_parameter)
    np.testing.assert_allclose([s[0] for s in spans], [0, first, second])
    np.testing.assert_allclose([s[1] for s in spans], [first, second, 2])
    assert [s[2] == "-" for s in spans] == [True, False, True]


def test_special_points_are_marked_with_their_place():
    axes = bifurcation_diagram(_diagram(), variable="w").axes[0]
    assert sorted(t.get_text() for t in axes.texts) == ["H 0.33128", "H 1.4187"]
    assert axes.get_ylabel() == "w"


def test_unknown_variable_is_refused():
    with pytest.raises(ds.InputError, match="must be one of v, w"):
        bifurcation_diagram(_diagram(), variable="q")


@pytest.mark.parametrize(("count", "marker"), [(6, "o"), (120, ",")])
def test_a_few_orbits_are_dots_above_the_branches_and_many_are_pixels_beneath(count, marker):
    logistic = ds.build("logistic")
    orbits = ds.orbit_diagram(logistic, "r", 2.75, 3.5, count=count)
    figure = bifurcation_diagram(_logistic(), orbits=orbits)
    (dots,) = [line for line in figure.axes[0].lines if line.get_linestyle() == "None" and line.get_marker() == marker]
    x, y = (np.asarray(data, float) for data in dots.get_data())
    assert (dots.get_zorder() > 3) == (count < 100)
    if count == 6:
        # Fixed points 1 - 1/r, then cycles of 2 and 4.
        at, repeats = np.unique(x[np.isfinite(y)], return_counts=True)
        np.testing.assert_allclose(at, orbits.parameter)
        assert repeats.tolist() == orbits.repeats.tolist() == [1, 1, 2, 2, 2, 4]
        assert np.min(np.abs(y[x == at[0]] - (1 - 1 / at[0]))) < 1e-9
    assert "orbits" in [text.get_text() for text in figure.legends[0].get_texts()]


@functools.cache
def _logistic():
    return ds.bifurcations(ds.build("logistic"), "r", 2.75, 3.5)
