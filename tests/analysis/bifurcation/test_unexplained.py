"""Changes of stability that no special point explains are told."""

import dataclasses

import numpy as np

import dynascope as ds
from dynascope.analysis.bifurcation import bifurcations
from dynascope.analysis.bifurcation._unexplained import unexplained


def test_a_diagram_that_misses_a_point_says_so():
    diagram = bifurcations(ds.build("fitzhugh-nagumo"), "I", 0.0, 2.0, cycles=None)
    assert not diagram.notes
    (branch,), points = diagram.branches, diagram.points
    assert unexplained([branch], points, "I", discrete=False) == []
    keep = branch.special != 0
    rows = ("parameter", "states", "low", "high", "period", "eigenvalues", "unstable", "special")
    hidden = dataclasses.replace(branch, **{name: getattr(branch, name)[keep] for name in rows})
    (told,) = unexplained([hidden], points, "I", discrete=False)
    assert "changes from 0 to 2" in told
    assert "no special point" in told
    # One of the wrong kind does not explain it.
    wrong = [dataclasses.replace(p, type="fold") for p in points]
    assert len(unexplained([branch], wrong, "I", discrete=False)) == 2


def test_multipliers_on_the_border_count_for_neither_side():
    diagram = bifurcations(ds.build("logistic"), "r", 2.5, 3.4)
    assert not diagram.notes
    assert np.any(diagram.unstable > 0)
