"""The command `study`: lists, runs, writes, and says what is wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from dynascope.studies import _aelle as aelle
from dynascope.studies import _study as studies
from tests.cli.conftest import Outcome

Run = Callable[..., Outcome]


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Put one quick study in the place of all; the seeds that it was run with."""
    seeds: list[int] = []

    def run(*, seed: int, progress: bool) -> Any:
        del progress
        seeds.append(seed)
        claim = aelle.CLAIMS[0]
        return studies.StudyOutcome(
            "quick",
            "A quick one",
            "Nobody (2000)",
            (claim.judged(0.7, 0.6, 0.8),),
            {"n": 3},
            (),
            {"seed": seed},
            (),
            {},
        )

    one = studies.Study("quick", "A quick one", "Nobody (2000)", 0.0, aelle.CLAIMS[:1], run)
    for door in ("dynascope.studies", "dynascope.studies._catalogue"):
        monkeypatch.setattr(f"{door}.STUDIES", (one,))
    return seeds


def test_studies_are_listed(dynascope: Run) -> None:
    done = dynascope("study", "--json")
    assert done.code == 0
    assert "aelle" in [entry["name"] for entry in done.object["studies"]]
    assert "aelle" in dynascope("study").out


@pytest.mark.parametrize("word", ["quick", "--all"])
def test_study_is_run_and_written(word: str, dynascope: Run, instant: list[int], folder: Any) -> None:
    done = dynascope("study", word, "--seed", "4", "--json")
    assert (done.code, instant) == (0, [4])
    (claim,) = done.object["claims"]
    assert claim["verdict"] == "reproduced"
    assert {"id", "published", "source", "measured", "tolerance", "study"} <= set(claim)
    assert (folder / "quick-study" / "study.html").exists()
    assert "reproduced" in dynascope("study", word).out


def test_wrong_use_is_told(dynascope: Run, instant: list[int]) -> None:
    for words, text in (
        (("nothing",), "There is no study `nothing`"),
        (("quick", "--all"), "Leave one of them out."),
        (("quick", "--out", "mine.py"), "is a file"),
    ):
        done = dynascope("study", *words)
        assert done.code == 2
        assert text in done.err
    assert instant == []
