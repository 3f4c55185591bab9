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
