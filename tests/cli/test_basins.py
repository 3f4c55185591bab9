"""The command `basins`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dynascope.data import load
from tests.cli.conftest import Outcome

Run = Callable[..., Outcome]


def test_attractors_have_regime_share_and_error(dynascope: Run, folder: Path) -> None:
    done = dynascope("basins", "newton-map", "--rtol", "0.05", "--json", "--out", "shares.nc")
    facts = done.object
    assert done.code == 0
    assert [a["regime"] for a in facts["attractors"]] == ["fixed point"] * 3
    assert sum(a["share"] for a in facts["attractors"]) == pytest.approx(1.0)
    assert all(0 < a["stderr"] <= 0.05 for a in facts["attractors"])
    assert sum(a["home"] for a in facts["attractors"]) == 1
    assert (facts["unbounded"], facts["undecided"]) == (0.0, 0.0)
    assert load(folder / "shares.nc").starts == facts["starts"]


def test_picture_is_written(dynascope: Run, folder: Path) -> None:
    done = dynascope("basins", "newton-map", "--rtol", "0.1", "--out", "basins.png", "--cells", "20", "--seed", "1")
    assert done.code == 0
    assert "fixed point" in done.out
    assert (folder / "basins.png").stat().st_size > 5000


def test_region_holds_what_it_does_not_name(dynascope: Run) -> None:
    facts = dynascope("basins", "henon", "--region", "x=-2:2,y=0", "--rtol", "0.05", "--json").object
    assert facts["attractors"][0]["regime"] == "chaos"
    assert 0 < facts["unbounded"] < 1


def test_attractors_are_followed_over_a_parameter(dynascope: Run, folder: Path) -> None:
    words = ("basins", "henon", "--over", "a=0.2,1.0,1.075,2.0", "--region", "x=-2:2,y=-2:2", "--rtol", "0.05")
    facts = dynascope(*words, "--json", "--out", "along.nc").object
    assert (facts["parameter"], facts["values"], facts["starts"]) == ("a", [0.2, 1.0, 1.075, 2.0], 100)
    # Two attractors coexist at 1.075 (a cycle of chaotic pieces each), and all is lost at 2.
    assert [a["present"] for a in facts["attractors"]] == [[True, True, True, False], [False, False, True, False]]
    assert [a["first"] for a in facts["attractors"]] == [0.2, 1.075]
    assert facts["unbounded"][-1] == 1.0
    for shares in zip(*(a["share"] for a in facts["attractors"]), facts["unbounded"], facts["undecided"], strict=True):
        assert sum(shares) == pytest.approx(1.0)
    assert load(folder / "along.nc").parameter_name == "a"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--region", "q=1:2"), "NAME=LOW:HIGH"),
        (("--region", "x=2:1"), "lower end above"),
        (("--region", "x=a:1"), "NAME=LOW:HIGH"),
        (("--t1", "5"), "means nothing to `basins`"),
        (("--out", "basins.txt"), "must be a file in an existing folder"),
        (("--cells", "20"), "needs one"),
        (("--over", "a=1:2"), "is not a range"),
        (("--over", "q=1:2:3"), "has no parameter `q`"),
        (("--over", "a=1:2:3", "--over", "b=1:2:3"), "one parameter at a time"),
        (("--over", "a=1:2:3", "--cells", "5"), "does not draw"),
    ],
)
def test_wrong_options_are_explained(words: tuple[str, ...], says: str, dynascope: Run) -> None:
    done = dynascope("basins", "henon", *words)
    assert done.code == 2
    assert says in done.err
