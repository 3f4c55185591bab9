"""The command `sweep`: options and file, what it writes and prints, and what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.cli._sweep import condition, values_of
from dynascope.sweep import Range, open_sweep
from tests.cli.conftest import Outcome

Run = Callable[..., Outcome]
FAST = ("--analysis", "exponents", "--t1", "400", "--transient", "100", "--quiet", "--json")


def test_exponents_over_a_plane(dynascope: Run, folder: Path) -> None:
    words = ("sweep", "henon", "--over", "a=1.2,1.4", "--over", "b=0.1:0.3:3", *FAST)
    done = dynascope(*words, "--out", "plane.zarr")
    facts = done.object
    assert done.code == 0
    assert (facts["points"], facts["computed"], facts["raised"]) == (6, 6, 0)
    assert facts["dimensions"] == {"a": 2, "b": 3}
    assert facts["execution"] == "vectorised"
    found = open_sweep(folder / "plane.zarr")
    wide = np.broadcast_to(np.log(found.b), (2, 3))
    np.testing.assert_allclose(found.exponents.sum("exponents_dim0"), wide, atol=1e-9)
    assert (folder / "plane.html").read_text().startswith("<!doctype html>")
    assert dynascope(*words, "--out", "plane.zarr").object["computed"] == 6
    again = dynascope(*words, "--out", "plane.zarr", "--no-resume")
    assert (again.code, "exists" in again.err) == (2, True)
    other = dynascope(*words[:-1], "--out", "plane.zarr", "--set", "a=1.3", "--json", "--seeds", "2")
    assert (other.code, "another sweep" in other.err) == (2, True)


def test_a_sweep_file(dynascope: Run, folder: Path) -> None:
    (folder / "design.toml").write_text("""
        target = "henon"
        analysis = "exponents"
        t1 = 200
        transient = 50
        out = "design.zarr"
        where = "a < 1.35 or b == 0.2"
        seeds = 2

        [over]
        a = "1.2:1.4:3"
        b = [0.2, 0.3]
    """)
    done = dynascope("sweep", "design.toml", "--quiet", "--json")
    assert done.object["points"] == 10
    assert open_sweep(folder / "design.zarr").status.values[:, :, 0].tolist() == [[1, 1], [1, 1], [1, -1]]
    other = dynascope("sweep", "design.toml", "--out", "other.zarr", "--seeds", "1", "--quiet", "--json")
    assert other.object["points"] == 5


def test_a_sample_in_a_file(dynascope: Run, folder: Path) -> None:
    (folder / "design.toml").write_text("""
        target = "henon"
        analysis = "exponents"
        t1 = 100
        [set]
        b = 0.2
        [[sample]]
        kind = "sobol"
        count = 8
        box = { a = [1.0, 1.3] }
    """)
    assert dynascope("sweep", "design.toml", "--quiet", "--json").object["dimensions"] == {"sample": 8}
    found = open_sweep(folder / "henon-sweep.zarr")
    np.testing.assert_allclose(found.exponents.sum("exponents_dim0"), np.log(0.2), atol=1e-9)


@pytest.mark.slow
def test_lyapunov_says_what_failed(dynascope: Run, folder: Path) -> None:
    words = ("sweep", "henon", "--over", "a=1.4,3.0", "--t1", "2000", "--transient", "100", "--quiet")
    done = dynascope(*words)
    assert done.code == 0
    assert "1 computed, 1 raised" in done.out
    assert "--retry-failed" in done.out
    found = open_sweep(folder / "henon-sweep.zarr")
    assert abs(float(found.exponents[0, 0]) - 0.419) < 0.02
    assert "infinite" in str(found.error[1].values)
    assert abs(float(found.stderr[0, 0])) < 0.02


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "something to vary"),
        (("--over", "a"), "NAME=START:STOP:COUNT"),
        (("--over", "a=0:1"), "is not a range"),
        (("--over", "a=0:1:3:5"), "is not a range"),
        (("--over", "zz=1,2"), "no parameter `zz`"),
        (("--over", "a=1,2", "--over", "a=3,4"), "twice"),
        (("--over", "a=1,2", "--analysis", "magic"), "`--analysis` must be"),
        (("--over", "a=1,2", "--analysis", "exponents", "--rtol", "0.1"), "means nothing"),
        (("--over", "a=1,2", "--out", "x.nc"), "must end in .zarr"),
        (("--over", "a=1,2", "--where", "a <"), "cannot be read"),
        (("--over", "a=1,2", "--where", "print(a)"), "swept names"),
        (("--over", "a=1,2", "--where", "zz > 1"), "swept names"),
    ],
)
def test_wrong_words_are_refused(words: tuple[str, ...], complaint: str, dynascope: Run) -> None:
    done = dynascope("sweep", "henon", *words)
    assert done.code == 2
    assert complaint in done.err


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = ", "cannot be read"),
        ("analysis = 'regime'", "names no system"),
        ("target = 'henon'\nbad = 1", "unknown entry `bad`"),
        ("target = 'henon'\n[[sample]]\nkind = 'magic'", "needs `kind`"),
    ],
)
def test_wrong_files_are_refused(text: str, complaint: str, dynascope: Run, folder: Path) -> None:
    (folder / "wrong.toml").write_text(text)
    done = dynascope("sweep", "wrong.toml")
    assert (done.code, complaint in done.err) == (2, True)
    assert dynascope("sweep", "absent.toml").code == 2


def test_help_names_it(dynascope: Run) -> None:
    assert "sweep" in dynascope("--help").out
    assert "--retry-failed" in dynascope("sweep", "--help").out


def test_ranges_and_lists() -> None:
    assert values_of("1,2.5,word", said="") == [1, 2.5, "word"]
    assert values_of("1e-3:10:5:log", said="") == Range(1e-3, 10.0, 5, log=True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a < b", [True, False]),
        ("not a < b", [False, True]),
        ("0 < a <= 2 and c.d == 5", [True, False]),
        ("a * 2 - 1 == -(-3) or b ** 2 == 9", [True, True]),
    ],
)
def test_conditions(text: str, wanted: Any) -> None:
    point = {"a": np.array([1, 2]), "b": np.array([3, 1]), "c.d": np.array([5, 6])}
    assert condition(text)(point).tolist() == wanted
    with pytest.raises(InputError):
        condition("__import__('os')")(point)
    assert ds.sweep.Range is Range
