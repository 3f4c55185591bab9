"""The command `bifurcations`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
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


def test_orbits_beside_branches(dynascope: Run, folder: Path) -> None:
    words = ("--parameter", "r", "--from", "2.5", "--to", "3.4", "--orbits", "10")
    done = dynascope("bifurcations", "logistic", *words, "--json", "--out", "diagram.nc")
    assert done.code == 0
    facts, orbits = done.object, done.object["orbits"]
    assert orbits["variable"] == "x"
    r = np.array(orbits["parameter"])
    free = np.array(orbits["branch"]) < 0
    np.testing.assert_allclose(r[free], np.linspace(2.5, 3.4, 10))
    # A fixed point at 1 - 1/r up to r = 3, then a cycle of period 2.
    repeats = np.array(orbits["repeats"])
    assert repeats[free & (r < 2.95)].tolist() == [1] * 5
    assert repeats[free & (r > 3.05)].tolist() == [2] * 4
    for i in np.flatnonzero(free & (r < 2.95)):
        assert orbits["behaviour"][i] == "rest"
        assert orbits["high"][i][0] == pytest.approx(1 - 1 / r[i], abs=1e-6)
    assert set(np.array(orbits["agreement"])[np.abs(r - 3) > 0.05]) == {"agrees"}
    assert facts["orbits_file"].endswith("diagram-orbits.nc")
    saved = load(folder / "diagram-orbits.nc")
    np.testing.assert_array_equal(saved.parameter, r)
    assert len(load(folder / "diagram.nc").points) == 1


def test_orbits_in_picture_and_table(dynascope: Run, folder: Path) -> None:
    words = ("--parameter", "r", "--from", "2.5", "--to", "3.4", "--out", "diagram.png")
    plain = dynascope("bifurcations", "logistic", *words)
    size = (folder / "diagram.png").stat().st_size
    done = dynascope("bifurcations", "logistic", *words, "--orbits", "10")
    assert done.code == 0
    assert "regular orbits agree with the branches" in done.out
    assert "orbits" not in plain.out
    assert (folder / "diagram.png").stat().st_size != size


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Say which parameter to vary"),
        (("--parameter", "r"), "Say the range of `r`"),
        (("--parameter", "q", "--from", "0", "--to", "1"), "has no parameter `q`"),
        (("--parameter", "r", "--from", "1", "--to", "0"), "`low` below `high`"),
        (("--parameter", "r", "--from", "0", "--to", "1", "--out", "x.txt"), "must be a file in an existing folder"),
        (("--parameter", "r", "--from", "0", "--to", "1", "--cycles"), "`--cycles` goes with `--and`"),
        (("--parameter", "r", "--from", "0.5", "--to", "0.6", "--orbits", "1"), "needs 2 values of the parameter"),
        (
            ("--parameter", "r", "--from", "0", "--to", "1", "--and", "x=0:1", "--orbits", "5"),
            "Leave it or `--and` out",
        ),
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
