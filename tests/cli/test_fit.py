"""The command `fit`: what it writes, what it says, and a table of bad input."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import dynascope as ds
from tests.cli.conftest import Outcome

Run = Callable[..., Outcome]


@pytest.fixture
def recordings(folder: Path) -> Path:
    t = np.arange(1500)
    ring = np.stack([np.sin(0.2 * t), np.cos(0.2 * t)], axis=1)
    np.save(folder / "ring.npy", 3.0 + ring)
    np.save(folder / "wide.npy", ring[:200].T)
    np.save(folder / "short.npy", ring[:110])
    np.save(folder / "tiny.npy", ring[:20])
    np.save(folder / "flat.npy", np.column_stack([ring, np.ones(len(t))]))
    np.save(folder / "late.npy", np.column_stack([ring, t > 1400]).astype(float))
    np.save(folder / "holes.npy", np.where((t == 7)[:, None], np.nan, ring))
    (folder / "empty.npy").write_bytes(b"")
    return folder


def test_a_recording_becomes_a_system(dynascope: Run, recordings: Path) -> None:
    done = dynascope("fit", "ring.npy", "--dt", "0.1", "--model", "linear", "--out", "ring.safetensors", "--json", "-q")
    assert done.code == 0, done.err
    facts = done.object
    assert (facts["grade"], facts["believable"], facts["kind"], facts["dt"]) == ("good", True, "map", 0.1)
    for metric in facts["metrics"]:
        assert {"name", "definition", "value", "floor", "trivial"} <= set(metric)
        assert metric["trivial"]["mean"] > metric["value"]
    assert [m["name"] for m in facts["metrics"]] == ["D_stsp", "D_H"]
    assert facts["prediction_errors"][0]["value"] < 1e-6
    assert facts["candidates"]
    assert 0 <= facts["regime_confidence"] <= 1
    made = ds.load(recordings / "ring.safetensors")
    assert np.asarray(made.observe(0, made.initial_state(), None)).mean() == pytest.approx(3.0, abs=1.0)
    # What was written goes into the other commands.
    again = dynascope("lyapunov", "ring.safetensors", "--t1", "2000", "--json")
    assert again.code == 0, again.err
    assert again.object["exponents"][0] == pytest.approx(0.0, abs=1e-3)


def test_people_read_scores_beside_floors(dynascope: Run, recordings: Path) -> None:
    done = dynascope("fit", "ring.npy", "--dt", "0.1", "--model", "mean", "--budget", "1s")
    assert done.code == 0, done.err
    assert "TOO POOR TO BE BELIEVED" in done.out
    assert "floor" in done.out
    assert "best so far" in done.err
    assert (recordings / "ring-model.safetensors").exists()


WRONG = [
    (("fit", "ring.npy"), "sampling interval"),
    (("fit", "wide.npy", "--dt", "0.1"), "time axis"),
    (("fit", "short.npy", "--dt", "0.1"), "fewer than"),
    (("fit", "tiny.npy", "--dt", "0.1"), "fewer than the 100"),
    (("fit", "flat.npy", "--dt", "0.1"), "--drop-constant"),
    (("fit", "late.npy", "--dt", "0.1"), "over the training data"),
    (("fit", "holes.npy", "--dt", "0.1"), "--missing"),
    (("fit", "empty.npy", "--dt", "0.1"), "empty.npy"),
    (("fit", "nowhere.npy", "--dt", "0.1"), "no file"),
    (("fit", "lorenz"), "simulate lorenz"),
    (("fit", "ring.npy", "--dt", "0.1", "--model", "magic"), "There is no model `magic`"),
    (("fit", "ring.npy", "--dt", "0.1", "--model", "nvar", "--latent", "3"), "means nothing to `nvar`"),
    (("fit", "ring.npy", "--dt", "0.1", "--budget", "soon"), "must be a positive time"),
    (("fit", "ring.npy", "--dt", "0.1", "--budget", "0"), "must be a positive time"),
    (("fit", "ring.npy", "--dt", "0.1", "--out", "model.npy"), "ends in .safetensors"),
    (("fit", "ring.npy", "--dt", "-1"), "dt"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(words[1:]) for words, _ in WRONG])
def test_bad_input_is_one_sentence(dynascope: Run, recordings: Path, words: tuple[str, ...], said: str) -> None:
    del recordings
    done = dynascope(*words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert not done.out
