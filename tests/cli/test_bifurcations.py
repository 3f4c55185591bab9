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
        (("--parameter", "r", "--from", "0", "--to", "1", "--cycles"), "`--cycles` goes with `--and`"),
    ],
)
def test_wrong_options_are_explained(words: tuple[str, ...], says: str, dynascope: Run) -> None:
    done = dynascope("bifurcations", "logistic", *words)
    assert done.code == 2
    assert says in done.err


def test_two_parameters(dynascope: Run, folder: Path) -> None:
    words = ("--parameter", "a", "--from", "-0.2", "--to", "0.6", "--and", "b=0.0:0.4")
    done = dynascope("bifurcations", "henon", *words, "--json", "--out", "plane.nc")
    facts = done.object
    assert done.code == 0
    assert (facts["parameters"], facts["window"]) == (["a", "b"], [[-0.2, 0.6], [0.0, 0.4]])
    assert sorted(c["kind"] for c in facts["curves"]) == ["fold", "period doubling"]
    (fold,) = [c for c in facts["curves"] if c["kind"] == "fold"]
    for a, b in fold["parameters"]:
        assert a == pytest.approx(-((1 - b) ** 2) / 4)
    assert load(folder / "plane.nc").kinds == tuple(c["kind"] for c in facts["curves"])


@pytest.mark.parametrize("text", ["b", "b=1", "b=0:x", "=0:1", "a=0:1"])
def test_wrong_second_range_is_explained(text: str, dynascope: Run) -> None:
    done = dynascope("bifurcations", "henon", "--parameter", "a", "--from", "0", "--to", "1", "--and", text)
    assert done.code == 2
    assert "--and" in done.err
