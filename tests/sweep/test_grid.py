"""Which points a grid has, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest

from dynascope import InputError
from dynascope.sweep import Grid, Random, Range, Sobol, Together
from dynascope.sweep._grid import points_of


def test_product_has_the_last_dimension_fastest() -> None:
    points = points_of({"a": [1.0, 2.0], "b": range(3)}, seeds=2)
    assert points.dims == {"a": 2, "b": 3, "seed": 2}
    values = points.values(np.arange(len(points)))
    assert values["a"].tolist() == [1.0] * 6 + [2.0] * 6
    assert values["b"].tolist() == [0, 0, 1, 1, 2, 2] * 2
    assert values["seed"].tolist() == [0, 1] * 6


def test_ranges() -> None:
    assert Range(0.0, 60.0, 121).values()[1] == 0.5
    np.testing.assert_allclose(Range(1.0, 100.0, 3, log=True).values(), [1.0, 10.0, 100.0])


def test_condition_keeps_a_part() -> None:
    points = points_of(Grid({"a": [1, 2, 3], "b": [1, 2, 3]}, where=lambda p: p["a"] < p["b"]))
    values = points.values(np.arange(len(points)))
    assert list(zip(values["a"].tolist(), values["b"].tolist(), strict=True)) == [(1, 2), (1, 3), (2, 3)]
    assert points.size == 9


def test_together_is_one_dimension() -> None:
    points = points_of(Grid({"a": [0.0, 1.0]}, Together({"b": [1, 2, 3], "c.d": [4, 5, 6]})))
    assert points.dims == {"a": 2, "point": 3}
    values = points.values(np.arange(6))
    assert values["c.d"].tolist() == [4, 5, 6, 4, 5, 6]


@pytest.mark.parametrize("kind", [Random, Sobol])
def test_samples_fill_the_box(kind: Any) -> None:
    sample = kind({"a": (1.0, 100.0), "b": (-1.0, 1.0)}, 512, seed=3, log=("a",))
    found = sample.expanded()
    assert all(len(values) == 512 for values in found.values())
    assert found["a"].min() >= 1.0
    assert found["a"].max() <= 100.0
    # Half below the geometric middle; four standard errors of a binomial share.
    assert abs(np.mean(found["a"] < 10.0) - 0.5) < 4 * 0.5 / math.sqrt(512)
    np.testing.assert_array_equal(found["b"], kind({"a": (1.0, 100.0), "b": (-1.0, 1.0)}, 512, seed=3).expanded()["b"])
    assert not np.array_equal(found["b"], kind({"a": (1.0, 9.0), "b": (-1.0, 1.0)}, 512, seed=4).expanded()["b"])


def test_sobol_is_evener_than_random() -> None:
    # Of 2^9 points of the sequence exactly one lies in each of 2^9 equal intervals.
    found = Sobol({"a": (0.0, 1.0)}, 512).expanded()["a"]
    assert sorted(np.floor(found * 512).astype(int)) == list(range(512))


WRONG = [
    ({}, None, "empty"),
    ({"a": []}, None, "at least 1"),
    ({"a": 3.0}, None, "sequence"),
    ({"a": "text"}, None, "sequence"),
    ({"a": [1.0, math.nan]}, None, "finite"),
    ({"a": [1.0, 1.0]}, None, "differ"),
    ({"a": [[1.0, 2.0]]}, None, "one number"),
    ({"a": [None]}, None, "numbers or text"),
    ({"seed": [1]}, None, "reserved"),
    (Grid({"a": [1]}, {"a": [2]}), None, "dimension `a`"),
    (Grid({"a": [1]}, Together({"a": [2]})), None, "twice"),
    (Together({"a": [1, 2], "b": [1]}), None, "same number"),
    (Grid({"a": [1, 2]}, where=lambda p: p["a"] > 5), None, "No point"),
    (Grid({"a": [1, 2]}, where=lambda p: True), None, "truth value"),
    (3.0, None, "mapping"),
    ({"a": [1.0]}, 0, "seeds"),
    ({"a": [1.0]}, [1, 1], "differ"),
    ({"a": [1.0]}, [-1], "seeds"),
    (Random({"a": (1.0, 1.0)}, 3), None, "increase"),
    (Random({"a": (-1.0, 1.0)}, 3, log=("a",)), None, "positive"),
    (Sobol({"a": (0.0, 1.0)}, 3, log=("b",)), None, "not in the box"),
    (Sobol({}, 3), None, "at least one"),
]


@pytest.mark.parametrize(("grid", "seeds", "complaint"), WRONG)
def test_wrong_grids_are_refused(grid: Any, seeds: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        points_of(grid, seeds)


def test_wrong_ranges_are_refused() -> None:
    with pytest.raises(InputError, match="at least one value"):
        Range(0.0, 1.0, 0)
    with pytest.raises(InputError, match="one sign"):
        Range(0.0, 1.0, 3, log=True)
