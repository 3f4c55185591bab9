"""What cannot be followed is refused with a sentence, and what is not found is said."""

import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.bifurcation import SpecialPoint
from tests.analysis.codimension_two import planes

NEURON = ds.build("fitzhugh-nagumo")


@pytest.mark.parametrize(
    ("ranges", "says"),
    [
        ({"I": (0.0, 1.0)}, "must name two parameters"),
        ({"I": (0.0, 1.0), "q": (0.0, 1.0)}, "has no parameter `q`"),
        ({"I": (1.0, 0.0), "b": (0.0, 1.0)}, "`low` below `high`"),
        ({"I": (0.0, 1.0), "b": 3.0}, "must be two numbers"),
    ],
)
def test_ranges_are_checked(ranges, says):
    with pytest.raises(ds.InputError, match=says):
        ds.bifurcation_set(NEURON, ranges)


def test_lines_are_checked():
    with pytest.raises(ds.InputError, match="`lines` must be at least 1"):
        ds.bifurcation_set(NEURON, {"I": (0.0, 1.0), "b": (0.0, 1.0)}, lines=0)


def test_noisy_and_delayed_systems_are_refused():
    with pytest.raises(ds.InputError, match="has delays"):
        ds.bifurcation_set(ds.build("mackey-glass"), {"beta": (0.1, 1.0), "gamma": (0.1, 1.0)})
    with pytest.raises(ds.InputError, match="is noisy"):
        ds.bifurcation_set(ds.build("ornstein-uhlenbeck"), {"theta": (0.1, 1.0), "sigma": (0.1, 1.0)})


def _point(type_, place, state):
    return SpecialPoint(type_, 0, place, 0.0, np.array(state), np.array([1.0]), np.nan, np.nan, "")


def test_points_without_a_curve_are_refused():
    system, region = planes.cusp()
    with pytest.raises(ds.InputError, match="got a branch point"):
        ds.bifurcation_curve(
            system, _point("branch point", 0.0, [0.0]), {"p.a": (-1.0, 1.0), "p.b": (-1.0, 1.0)}, region=region
        )


def test_start_that_lies_on_no_curve_is_noted():
    system, region = planes.cusp()
    # Below b = 0 there are no folds.
    found = ds.bifurcation_curve(
        system.replace(**{"p.b": -0.9}), _point("fold", 0.9, [1.9]), {"p.a": (-1.0, 1.0), "p.b": (-1.0, -0.5)},
        region=region,
    )  # fmt: skip
    assert found.kinds == ()
    assert "could not be followed" in found.notes[0]
    assert "no bifurcation found" in found.summary()
