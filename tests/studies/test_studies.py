"""Studies: verdicts follow from intervals by the rule that was fixed, and the first study runs, reduced."""

import html
import json

import equinox as eqx
import jax
import numpy as np
import pytest

from dynascope import ComputationFailed, InputError
from dynascope.learn import AeLLETraining, Comparison, Hyperparameters, PopulationTraining, Spectra
from dynascope.models import RNN
from dynascope.studies import STUDIES, Claim, study
from dynascope.studies._aelle import CLAIMS, Plan, judged, known, run

REDUCED = Plan(
    hyperparameters=Hyperparameters(kinds=(RNN,), sizes=(6, 8), settings=8, replicates=2),
    training=PopulationTraining(checkpoints=(0, 12, 60), batch=4, length=30),
    spectra=Spectra(points=12, length=60, transient=20),
    aelle=AeLLETraining(steps=60),
    comparison=Comparison(repeats=1, bootstrap=200, components=3),
)


@pytest.fixture(scope="module")
def outcome():
    return run(seed=1, plan=REDUCED)


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.1, 0.01, 0.2), "reproduced"),
        ((0.0, -0.1, 0.04), "not reproduced"),
        ((0.03, 0.01, 0.04), "reproduced"),
        ((0.1, -0.1, 0.3), "undecided"),
        ((float("nan"), float("nan"), float("nan")), "undecided"),
    ],
)
def test_verdict_follows_from_the_interval(interval, verdict):
    claim = Claim("a", "a", None, "a", 0.0, 0.05)
    assert claim.judged(*interval).verdict == verdict
    assert claim.tolerance() == "reproduced if the 95 % interval lies above 0, not if it lies below 0.05"


def test_one_limit_serves_both_sides():
    claim = Claim("a", "a", 0.7, "a", 0.6)
    assert [claim.judged(x, x - 0.05, x + 0.05).verdict for x in (0.5, 0.6, 0.7)] == [
        "not reproduced",
        "undecided",
        "reproduced",
    ]


def test_every_study_is_well_formed():
    assert len({s.name for s in STUDIES}) == len(STUDIES)
    for one in STUDIES:
        assert study(one.name) is one
        assert len({claim.id for claim in one.claims}) == len(one.claims) > 0
        assert all(claim.source and claim.statement.endswith(".") for claim in one.claims)
    with pytest.raises(InputError, match="There is no study `alle`"):
        study("alle")


def test_reduced_run_judges_every_claim(outcome):
    assert [j.claim.id for j in outcome.claims] == [c.id for c in CLAIMS]
    for claim in outcome.claims:
        assert claim.low <= claim.value <= claim.high or np.isclose(claim.low, claim.high)
        assert claim.verdict == claim.claim.judged(claim.value, claim.low, claim.high).verdict
    assert outcome.numbers["networks"] == 32
    assert outcome.numbers["settings"] == 16
    trained = outcome.results["trained"]
    # What was measured is what the results hold, each at its place.
    by_id = {j.claim.id: j for j in outcome.claims}
    assert by_id["spectrum-tells-loss"].value == trained.correlation[0]
    assert by_id["beats-single-features"].value == pytest.approx(trained.correlation[0] - trained.correlation[1])
    assert by_id["early"].value == outcome.results["early"].correlation[0]
    assert by_id["beyond-hyper-parameters"].value == pytest.approx(trained.correlation[0] - trained.correlation[3])


def test_hyper_parameters_are_told_apart(outcome):
    population = outcome.results["population"]
    table = known(population)
    assert table.shape == (32, 8)
    np.testing.assert_array_equal(table[:, 0], population.gain)
    assert np.linalg.matrix_rank(table) == 8


def test_outcome_is_written(outcome, tmp_path):
    files = outcome.save(tmp_path / "out")
    with open(files["json"], encoding="utf-8") as stream:
        facts = json.load(stream)
    assert {"id", "published", "source", "measured", "tolerance", "verdict"} <= set(facts["claims"][0])
    with open(files["page"], encoding="utf-8") as stream:
        page = stream.read()
    assert "<svg" in page
    assert all(html.escape(claim.statement.split(":")[0]) in page for claim in CLAIMS)
    assert outcome.summary().count("\n  ") >= len(CLAIMS)


def test_diverged_networks_are_left_out(outcome):
    population = outcome.results["population"]
    lost = eqx.tree_at(lambda p: p.losses, population, np.where(np.arange(32) < 8, np.nan, population.losses))
    with pytest.raises(ComputationFailed, match="8 of 32 networks diverged"):
        judged(lost, REDUCED, seed=0, key=jax.random.key(0))
