"""The rules of the verdict on made-up signs, also on signs that contradict each other."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import RESULTS
from dynascope.analysis.attractors import Attractors
from dynascope.analysis.regime import Attractor
from dynascope.analysis.regime._from_model import _overall
from dynascope.analysis.regime._rules import judge_motion, judge_noise, judge_rest, judge_steps
from dynascope.analysis.rhythm import Returns
from dynascope.analysis.stability import FixedPoints, LyapunovSpectrum


def filled(cls: Any, **known: Any) -> Any:
    """A result of which only the fields that the rules read are known."""
    return cls(**{f.name: known.get(f.name) for f in dataclasses.fields(cls)})


def spectrum(exponents: list[float], stderr: float = 1e-3, *, converged: bool = True, ky: float = 2.06) -> Any:
    return filled(
        LyapunovSpectrum,
        exponents=np.array(exponents),
        stderr=np.full(len(exponents), stderr),
        kaplan_yorke=ky,
        kaplan_yorke_stderr=0.01,
        converged=converged,
        unit="nats/time",
        result=RESULTS.successful,
        settings={"step": 1.0},
    )


def returns(multiplicity: int, gap: float = 0.3) -> Any:
    known = {"multiplicity": multiplicity, "period": 2.5, "period_stderr": 1e-6, "gap": gap, "unit": "1"}
    return filled(Returns, **known, intervals=np.ones(8), result=RESULTS.successful, settings={})


def points(leading: complex, *, unstable: int, discrete: bool = False) -> Any:
    return filled(
        FixedPoints,
        states=np.zeros((1, 2)),
        eigenvalues=np.array([[leading, -1.0]], complex),
        unstable_dimension=np.array([unstable]),
        stability=("saddle" if unstable else "stable node",),
        discrete=discrete,
        result=RESULTS.successful,
        settings={},
    )


FLOWS = [
    ([0.9, 0.0, -14.5], 0, "chaos"),
    ([0.9, 0.2, 0.0, -14.5], 0, "hyperchaos"),
    ([0.0, -0.3, -1.0], 1, "limit cycle"),
    ([0.0, -0.3, -1.0], 4, "limit cycle"),
    ([0.0, 0.0, -1.0], 0, "torus"),
    ([0.0, 0.0, -1.0], 1, "limit cycle"),
    ([0.0, -0.3, -1.0], 0, "limit cycle"),
    ([-0.1, -0.3, -1.0], 0, "undecided"),
    ([0.9, 0.0, -14.5], 1, "undecided"),
]
MAPS = [
    ([0.42, -1.62], 0, "chaos"),
    ([0.2, 0.1], 0, "hyperchaos"),
    ([-0.3, -0.9], 2, "periodic"),
    ([0.0, -0.9], 0, "torus"),
    ([-0.3, -0.9], 0, "undecided"),
    ([0.42, -1.62], 3, "undecided"),
    ([-0.9, -np.inf], 1, "periodic"),
]


@pytest.mark.parametrize(("exponents", "multiplicity", "regime"), FLOWS)
def test_motion_of_a_flow(exponents, multiplicity, regime):
    assert judge_motion(spectrum(exponents), returns(multiplicity), 1.0, discrete=False).regime == regime


@pytest.mark.parametrize(("exponents", "multiplicity", "regime"), MAPS)
def test_motion_of_a_map(exponents, multiplicity, regime):
    verdict = judge_motion(spectrum(exponents), returns(multiplicity), 1.0, discrete=True)
    assert verdict.regime == regime
    assert (f"period {multiplicity}" in verdict.attributes) == (regime == "periodic")


@pytest.mark.parametrize("sign", [1, -1])
def test_an_exponent_counts_from_four_errors_on(sign):
    exponent = [0.1 * sign, -0.4, -1.0]
    sure = judge_motion(spectrum(exponent, 0.02), returns(0), 1.0, discrete=True)
    unsure = judge_motion(spectrum(exponent, 0.03), returns(0), 1.0, discrete=True)
    assert sure.regime == ("chaos" if sign > 0 else "undecided")
    assert unsure.regime == "torus"
    assert unsure.confidence < 0.9


def test_a_torus_needs_zeros_that_are_known_well():
    blurred = judge_motion(spectrum([0.01, -0.02, -1.0], 0.1), returns(0), 1.0, discrete=False)
    assert blurred.regime == "undecided"
    assert blurred.confidence < 0.3
    # What has been seen to repeat exactly needs no such precision.
    assert judge_motion(spectrum([0.01, -0.02, -1.0], 0.1), returns(1), 1.0, discrete=False).regime == "limit cycle"


def test_contradictions_are_undecided_with_both_signs():
    verdict = judge_motion(spectrum([0.9, 0.0, -14.5]), returns(2), 1.0, discrete=False)
    assert verdict.regime == "undecided"
    assert verdict.confidence <= 0.3
    assert [e.sign for e in verdict.evidence] == ["largest Lyapunov exponent (nats/time)", "period (1)"]
    rest = judge_rest(0.0, points(0.3, unstable=1), 0, 1.0)
    assert rest.regime == "undecided"
    assert rest.confidence <= 0.3
    assert "saddle" in rest.evidence[1].meaning


def test_confidence_falls_when_signs_are_weak():
    flow, cycle = [0.9, 0.0, -14.5], [0.0, -0.3, -1.0]

    def confidence(exponents: list[float], multiplicity: int, settled: float = 1.0, *, converged: bool = True) -> float:
        signs = spectrum(exponents, converged=converged)
        return judge_motion(signs, returns(multiplicity), settled, discrete=False).confidence

    assert confidence(flow, 0) > confidence(flow, 0, converged=False) > confidence(flow, 0, 0.2, converged=False)
    assert confidence(cycle, 1) > confidence(cycle, 0)
    assert confidence(cycle, 1) > confidence([0.0, 0.0, -1.0], 1)
    assert all(0 <= confidence(x, m) <= 1 for x, m, _ in FLOWS)


def test_evidence_names_value_and_error():
    verdict = judge_motion(spectrum([0.9, 0.0, -14.5], 0.004), returns(0), 1.0, discrete=False)
    largest, dimension, rhythm = verdict.evidence
    assert (largest.value, largest.error) == (0.9, 0.004)
    assert (dimension.value, dimension.error) == (2.06, 0.01)
    assert (rhythm.value, rhythm.error) == (0.3, None)
    unknown = judge_motion(spectrum([0.9, 0.1, 0.05], ky=float("nan")), returns(0, float("inf")), 1.0, discrete=False)
    assert unknown.evidence[1].value is None
    assert unknown.evidence[2].value is None


@pytest.mark.parametrize(
    ("exponents", "regime"), [([0.0, 0.0], "torus"), ([0.0, 0.0, -0.5], "multistable")], ids=["neutral", "attracting"]
)
def test_motions_that_attract_nothing_are_one_torus(exponents, regime):
    """Orbits on one torus that nearly close look apart; where a direction contracts there may be two tori."""
    system = ds.flow(lambda t, y, p: jnp.ones(len(exponents)), [0.1] * len(exponents))
    verdict = judge_motion(spectrum(exponents), returns(0), 1.0, discrete=False)
    known = {"verdict": verdict, "share": 0.5, "home": False, "state": np.zeros(len(exponents))}
    both = tuple(filled(Attractor, **known, spectrum=spectrum(exponents)) for _ in range(2))
    found = filled(
        Attractors, unbounded=0.0, starts=64, states=np.zeros((2, 1)), shares=np.full(2, 0.5), stderr=np.full(2, 0.06),
        moving=np.ones(2, bool),
    )  # fmt: skip
    overall = _overall(system, found, both, None, False)
    assert overall.regime == regime, overall.summary()
    assert overall.confidence <= 0.85


def test_rest():
    sure = judge_rest(1e-12, points(-0.3, unstable=0), 0, 1.0)
    assert sure.regime == "fixed point"
    assert sure.evidence[1].sign == "largest real part of an eigenvalue"
    assert sure.evidence[1].value == -0.3
    map_like = judge_rest(1e-12, points(0.3 + 0.4j, unstable=0, discrete=True), 0, 1.0)
    assert map_like.evidence[1].sign == "largest modulus of an eigenvalue"
    assert map_like.evidence[1].value == pytest.approx(0.5)
    alone = judge_rest(1e-12, None, None, 1.0)
    nowhere = judge_rest(1e-12, points(-0.3, unstable=0), None, 1.0)
    slow = judge_rest(1e-6, None, None, 0.1)
    assert alone.regime == nowhere.regime == slow.regime == "fixed point"
    assert sure.confidence > alone.confidence == nowhere.confidence > slow.confidence


def test_steps_of_spins():
    assert judge_steps(1, 1.0).regime == "fixed point"
    cycle = judge_steps(2, 1.0)
    assert (cycle.regime, cycle.attributes) == ("periodic", ("period 2",))
    assert judge_steps(0, 1.0).regime == "undecided"
    assert judge_steps(0, 1.0).confidence <= 0.3


@pytest.mark.parametrize(
    ("value", "error", "regime"),
    [(-0.5, 0.01, "contracting"), (0.5, 0.01, "chaos"), (-0.03, 0.01, "undecided"), (0.03, 0.01, "undecided")],
)
def test_driven(value, error, regime):
    verdict = judge_noise(spectrum([value], error))
    assert verdict.regime == regime
    assert verdict.evidence[0].value == value
