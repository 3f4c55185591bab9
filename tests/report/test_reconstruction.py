"""The chapter on a reconstruction: what is learned from a recording, whether to believe it, and what it does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.symbols import symbolic_code
from dynascope.learn.fitting import (
    NVAR,
    AbstractLearner,
    AbstractReconstruction,
    LastSample,
    Observed,
    fit,
    recorded_diagnosis,
)
from dynascope.learn.fitting._learners import map_of, range_of
from dynascope.learn.preparation import Prepared
from dynascope.models.learned import ShallowPLRNN
from dynascope.report._reconstruction import Reconstruction, chapter
from tests.report.test_report import strict

TURN = 0.2


def ring(count: int = 1500, noise: float = 0.0) -> ds.Recording:
    t = TURN * np.arange(count)
    values = np.stack([3.0 + np.sin(t), 2.0 * np.cos(t)], axis=1)
    values += noise * np.random.default_rng(0).standard_normal(values.shape)
    return ds.Recording(values, dt=0.1, time_unit="s", names=("a", "b"))


class Turning(AbstractLearner):
    """A piecewise-linear map that turns the plane, with one region in each quadrant: known beforehand."""

    @property
    def label(self) -> str:
        return "turning"

    def learn(self, data: Prepared, *, key: Any) -> AbstractReconstruction:
        del key
        back, on = np.sin(TURN) * np.eye(2)
        inner = np.array([[0.0, 1.0], [0.0, -1.0], [1.0, 0.0], [-1.0, 0.0]])
        # The second channel leads the first by a quarter of a turn: z1' = cos z1 + sin z2, z2' = cos z2 - sin z1.
        outer = np.stack([back, -back, -on, on], axis=1)
        model = ShallowPLRNN(np.cos(TURN) * np.ones(2), outer, inner, np.zeros(4), np.zeros(2))
        return map_of(data, model, Observed(), LastSample(), around=range_of(data))


@pytest.fixture(scope="module")
def turning() -> Reconstruction:
    data = ring()
    fitted = fit(data, model=Turning())
    code = symbolic_code(fitted.system.system, fitted.system.begin, duration=2000)
    low, high = data.values.min(axis=0), data.values.max(axis=0)
    return Reconstruction(fitted, recorded_diagnosis(fitted.system), code, low, high, 5.0, "")


def test_numbers_are_those_of_the_recording(turning: Reconstruction) -> None:
    said = turning.to_json()
    assert (said["grade"], said["believable"]) == ("good", True)
    assert "good likeness" in turning.sentence()
    # Fixed points are told in the units of the recording, and the centre of the ring lies in the range of the data.
    (centre,) = said["fixed_points"]
    assert centre["state"] == pytest.approx([3.0, 0.0], abs=0.02)
    assert centre["in_range"]
    # Exponents are told per second, not per step.
    assert said["lyapunov"]["unit"] == "nats/s"
    assert said["lyapunov"]["exponents"] == pytest.approx([0.0, 0.0], abs=1e-6)


def test_the_chapter_shows_scores_points_and_symbols(turning: Reconstruction) -> None:
    sections = chapter(turning, origin="recording = None", seed=0)
    assert [x.title.split(" ")[0] for x in sections] == ["Reconstruction", "Behaviour", "Fixed", "Symbols"]
    assert "4 region(s)" in sections[3].caption
    assert "<svg" in sections[0].figure
    assert "<svg" in sections[3].figure
    assert sections[0].table is not None
    assert [row[0] for row in sections[0].table.rows] == ["D_stsp", "D_H", "PE(1)", "PE(20)", "Valid prediction time"]
    assert sections[2].table is not None
    assert sections[2].table.head[:2] == ("a", "b")
    assert sections[2].table.rows[0][-1] == "yes"


def test_a_report_of_a_sampled_cycle_speaks_of_no_torus() -> None:
    # With noise, a cubic map learns the way back to the ring: samples of it attract.
    learned = fit(ring(noise=0.03), model=NVAR(taps=1, order=3)).system
    assert ds.regime_of(learned, starts=4).verdict.regime == "torus"
    made = ds.report_system(learned, target="ring")
    assert made.verdict.regime == "limit cycle"
    assert "limit cycle" in made.sentence
    assert "torus" not in made.sentence


def test_report_learns_judges_and_keeps_a_system(tmp_path: Path) -> None:
    file = tmp_path / "ring.npy"
    np.save(file, ring(noise=0.01).values)
    recording = ds.read_recording(file, dt=0.1)
    made = ds.report_recording(recording, origin=f"recording = ds.read_recording({str(file)!r}, dt=0.1)", budget=0.5)
    paths = made.save(tmp_path)
    said = strict(Path(paths["json"]).read_text(encoding="utf-8"))["reconstruction"]
    assert said["believable"]
    assert said["verdict"]["regime"] == "limit cycle"
    assert made.notes[0] == said["sentence"]
    model = ds.load(paths["model"])
    ahead = np.asarray(model.forecast(recording.values[:300], 3))
    assert ahead == pytest.approx(recording.values[300:303], abs=0.1)
    chapter_of = next(x for x in made.page.sections if x.title == "Reconstruction")
    compile(chapter_of.code, "page", "exec")
    assert "ds.learn.fit(recording, budget=0.5" in chapter_of.code


def test_what_is_too_poor_is_not_to_be_believed() -> None:
    noise = ds.Recording(np.random.default_rng(1).standard_normal((600, 2)), dt=1.0)
    made = ds.report_recording(noise, budget=0.1)
    assert "TOO POOR TO BE BELIEVED" in made.notes[0]
    assert made.reconstruction is not None
    assert not made.reconstruction["believable"]
    captions = {x.title: x.caption for x in made.page.sections}
    assert "too poor for this to be believed" in captions["Behaviour of the reconstructed system"]


def test_what_cannot_be_learned_leaves_the_rest_of_the_report() -> None:
    late = np.column_stack([ring(400).values, np.arange(400) > 350]).astype(float)
    made = ds.report_recording(ds.Recording(late, dt=0.1), budget=0.1)
    assert made.notes[0].startswith("No system could be learned from it.")
    assert made.reconstruction is not None
    assert made.reconstruction["model"] is None
    assert made.page.sections[-1].title == "Reconstruction"


def test_no_budget_no_reconstruction() -> None:
    made = ds.report_recording(ring(400), budget=0)
    assert made.reconstruction is None
    assert "reconstruction" not in made.to_json()
    with pytest.raises(ds.InputError, match="`budget` must be a number of seconds"):
        ds.report_recording(ring(400), budget=-1.0)
