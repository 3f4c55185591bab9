"""The command `bifurcations`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dynascope.data import load
from tests.cli.conftest import Outcome

Run = Callable[..., Outcome]


def test_special_points_and_branches(dynascope: Run, folder: Path) -> None:
    words = ("--parameter", "r", "--from", "0.5", "--to", "2.9")
    done = dynascope("bifurcations", "logistic", *words, "--json", "--out", "diagram.nc")
    facts = done.object
    assert done.code == 0
    assert (facts["from"], facts["to"], facts["parameter"]) == (0.5, 2.9, "r")
    (point,) = facts["points"]
    assert point["type"] == "branch point"
    assert point["parameter"] == pytest.approx(1.0)
    assert point["normal_form"]["criticality"] == "transcritical"
    assert len(point["eigenvalues"]) == len(point["state"]) == 1
    assert [b["kind"] for b in facts["branches"]] == ["fixed point"] * 2
    assert [b["origin"] for b in facts["branches"]] == [-1, 0]
    assert len(load(folder / "diagram.nc").points) == 1


def test_picture_and_table(dynascope: Run, folder: Path) -> None:
    words = ("--parameter", "r", "--from", "0.5", "--to", "2.9")
    done = dynascope("bifurcations", "logistic", *words, "--out", "diagram.png")
    assert done.code == 0
    assert "transcritical" in done.out
    assert (folder / "diagram.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Say which parameter to vary"),
        (("--parameter", "r"), "Say the range of `r`"),
        (("--parameter", "q", "--from", "0", "--to", "1"), "has no parameter `q`"),
        (("--parameter", "r", "--from", "1", "--to", "0"), "`low` below `high`"),
        (("--parameter", "r", "--from", "0", "--to", "1", "--out", "x.txt"), "must be a file in an existing folder"),
    ],
)
def test_wrong_options_are_explained(words: tuple[str, ...], says: str, dynascope: Run) -> None:
    done = dynascope("bifurcations", "logistic", *words)
    assert done.code == 2
    assert says in done.err
