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
    lines = [line for line in axes.lines if len(line.get_xdata()) > 1]
    spans = [(line.get_xdata()[0], line.get_xdata()[-1], line.get_linestyle()) for line in lines]
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
