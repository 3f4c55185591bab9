"""Bifurcation sets: what is drawn, dashed and named."""

import functools

import numpy as np
import pytest

import dynascope as ds
from dynascope.plots import plot
from tests.analysis.codimension_two import planes
from tests.analysis.codimension_two.test_exact import _curve


@functools.cache
def _found():
    return _curve(planes.bautin(), "hopf", (0.0, 0.5), [0.0] * 3, turn=2.0)


def test_hopf_points_are_dashed_where_they_are_subcritical():
    axes = plot(_found()).axes[0]
    lines = [(np.asarray(line.get_ydata(), float), line.get_linestyle()) for line in axes.lines]
    spans = [(float(y.min()), float(y.max()), style) for y, style in lines if y.size > 1]
    (low,) = [s for s in spans if s[2] == "-"]
    (high,) = [s for s in spans if s[2] != "-"]
    np.testing.assert_allclose([low[0], low[1], high[0], high[1]], [-1.0, 0.0, 0.0, 1.0], atol=1e-9)
    assert [t.get_text() for t in axes.texts] == ["GH"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("p.a", "p.b")


def test_legend_names_curves_and_points():
    texts = [t.get_text() for t in plot(_found()).legends[0].get_texts()]
    assert texts == ["Hopf", "Hopf, subcritical", "GH: generalised Hopf"]


def test_nothing_found_is_not_drawn():
    empty = ds.bifurcation_set(
        ds.flow(lambda t, y, p: -y + p["a"] + p["b"], [0.0], parameters={"a": 0.0, "b": 0.0}),
        {"p.a": (-1.0, 1.0), "p.b": (-1.0, 1.0)},
        lines=1,
    )
    with pytest.raises(ds.InputError, match="no curve to draw"):
        plot(empty)
