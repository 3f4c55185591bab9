"""Small systems against the numbers of other programs and against formulae."""

from typing import Any

import numpy as np
import pytest
from scipy import optimize

import dynascope as ds
from dynascope.analysis.bifurcation import bifurcations
from tests.analysis.bifurcation import small_systems as small


def _diagram(made, parameter, low, high):
    system, region = made
    return bifurcations(system, f"p.{parameter}", low, high, region=region, cycles=None)


def _places(diagram, type_):
    return sorted(p.parameter for p in diagram.points if p.type == type_)


def test_s_curve_folds_and_their_coefficients():
    diagram = _diagram(small.s_curve(), "p", -1.0, 1.0)
    found = {round(p.parameter, 9): (p.state[0], p.coefficient) for p in diagram.points}
    assert diagram.types == ("fold", "fold")
    assert len(diagram.kinds) == 1
    np.testing.assert_allclose(_places(diagram, "fold"), [-2 / 3, 2 / 3], atol=1e-13)
    np.testing.assert_allclose(found[round(2 / 3, 9)], (-1.0, 1.0), atol=1e-9)
    np.testing.assert_allclose(found[round(-2 / 3, 9)], (1.0, -1.0), atol=1e-9)


def test_degenerate_hopf_point_of_van_der_pol_is_called_so():
    diagram = _diagram(small.van_der_pol(), "mu", -1.5, 1.5)
    assert diagram.types == ("hopf",)
    assert abs(diagram.special_parameter[0]) < 1e-12
    assert diagram.special_coefficient[0] == pytest.approx(0.0, abs=1e-12)
    assert diagram.criticality == ("degenerate",)
    assert diagram.special_period[0] == pytest.approx(2 * np.pi)


@pytest.mark.slow
def test_adaptive_control_has_the_lyapunov_coefficient_of_matcont():
    diagram = _diagram(small.adaptive_control(), "alpha", -2.0, 2.0)
    found = {round(p.parameter): p for p in diagram.points}
    assert set(diagram.types) == {"hopf"}
    np.testing.assert_allclose(_places(diagram, "hopf"), [-1.0, 1.0], atol=1e-12)
    assert found[1].coefficient == pytest.approx(-0.3, abs=1e-9)
    assert found[1].criticality == "supercritical"


@pytest.mark.slow
def test_reaction_of_the_demonstration_ab():
    diagram = _diagram(small.a_to_b(), "p1", 0.0, 0.25)
    # Folds: u2 (1 - 3 u2 / 14) = 1, on the curve p1 = u1 / (1 - u1) exp(-u2) with u1 = 3 u2 / 14.
    roots = np.roots([-3 / 14, 1.0, -1.0])
    folds = sorted(3 * r / 14 / (1 - 3 * r / 14) * np.exp(-r) for r in roots)
    np.testing.assert_allclose(_places(diagram, "fold"), folds, atol=1e-12)
    np.testing.assert_allclose(_places(diagram, "hopf"), [0.1309000], atol=5e-8)
    assert len(diagram.kinds) == 1


@pytest.mark.slow
def test_predator_and_prey_of_the_demonstration_pp2():
    diagram = _diagram(small.predator_prey(), "p1", 0.0, 1.0)
    assert sorted(diagram.types) == ["branch point", "branch point", "fold", "hopf"]
    crossing = (3 / 3 * (1 - 1 / 3)) / (1 - np.exp(-5 / 3))
    np.testing.assert_allclose(_places(diagram, "branch point"), [0.6, crossing], atol=1e-12)
    fold: Any = optimize.minimize_scalar(
        lambda u: -3 * u * (1 - u) / (1 - np.exp(-5 * u)), bounds=(0.2, 0.6), method="bounded", options={"xatol": 1e-10}
    )
    np.testing.assert_allclose(_places(diagram, "fold"), [-fold.fun], atol=1e-10)

    def trace(p):
        u, e = 1 / 3, np.exp(-5 / 3)
        v = 3 * (1 - u) - p * (1 - e) / u
        return 3 * (1 - 2 * u) - v - 5 * p * e

    hopf: Any = optimize.brentq(trace, 0.5, 0.8, xtol=1e-14)
    np.testing.assert_allclose(_places(diagram, "hopf"), [hopf], atol=1e-12)
    assert {p.criticality for p in diagram.points if p.type == "branch point"} == {"transcritical"}
    assert len(diagram.kinds) == 3


@pytest.mark.slow
def test_co_oxidation():
    diagram = _diagram(small.co_oxidation(), "q2", 0.5, 2.0)
    np.testing.assert_allclose(_places(diagram, "fold"), [1.04204851, 1.05220029], atol=1e-8)
    np.testing.assert_allclose(_places(diagram, "hopf"), [1.04099157, 1.05155746], atol=5e-6)
    assert {p.criticality for p in diagram.points if p.type == "hopf"} == {"subcritical"}


@pytest.mark.slow
def test_lorenz_84_lies_in_the_published_intervals_and_a_second_branch_is_found():
    diagram = _diagram(small.lorenz_84(), "F", -1.5, 3.0)
    (fold,) = _places(diagram, "fold")
    assert fold == pytest.approx(1.5466483726, abs=1e-9)
    hopf = _places(diagram, "hopf")
    intervals = [(1.619657484, 1.619665463), (2.467211879, 2.467246155), (2.859863413, 2.859897758)]
    for low, high in intervals:
        assert sum(low <= h <= high for h in hopf) == 1
    assert len(diagram.kinds) == 2


@pytest.mark.slow
def test_lorenz_pitchfork_and_hopf():
    diagram = bifurcations(ds.build("lorenz"), "rho", 0.0, 40.0, cycles=None)
    by_type = {t: [p for p in diagram.points if p.type == t] for t in set(diagram.types)}
    assert set(by_type) == {"branch point", "hopf"}
    assert by_type["branch point"][0].parameter == pytest.approx(1.0, abs=1e-12)
    assert by_type["branch point"][0].criticality == "supercritical pitchfork"
    assert [p.parameter for p in by_type["hopf"]] == pytest.approx([470 / 19] * 2, abs=1e-10)
    assert {p.criticality for p in by_type["hopf"]} == {"subcritical"}
    assert len(diagram.kinds) == 2


@pytest.mark.slow
def test_jansen_rit():
    diagram = bifurcations(ds.build("jansen-rit"), "p", -50.0, 400.0, cycles=None)
    np.testing.assert_allclose(_places(diagram, "hopf"), [-12.15, 89.829, 315.696], atol=5e-3)
    np.testing.assert_allclose(_places(diagram, "fold"), [-41.30, 113.58627], atol=2e-3)
    said = {round(p.parameter): p.criticality for p in diagram.points if p.type == "hopf"}
    assert said == {-12: "subcritical", 90: "supercritical", 316: "supercritical"}
