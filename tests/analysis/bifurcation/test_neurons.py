"""Equilibria of neurons: Hodgkin-Huxley, Morris-Lecar, FitzHugh-Nagumo against known numbers."""

import functools
from typing import Any

import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.bifurcation import bifurcations, with_branches


@functools.cache
def _diagram(name, low, high):
    return bifurcations(ds.build(name), "I", low, high, cycles=None)


CASES = [
    ("hodgkin-huxley", 0.0, 200.0, [9.775438, 154.522434], ["subcritical", "supercritical"], 1e-6),
    ("morris-lecar", 0.0, 300.0, [93.857618, 212.018816], ["subcritical", "subcritical"], 1e-6),
    ("fitzhugh-nagumo", 0.0, 2.0, [0.33128133745474, 1.41871866254526], ["subcritical", "subcritical"], 1e-10),
]


@pytest.mark.parametrize(("name", "low", "high", "places", "said", "tolerance"), CASES)
def test_hopf_points_and_their_kind(name, low, high, places, said, tolerance):
    diagram = _diagram(name, low, high)
    assert diagram.types == ("hopf", "hopf")
    np.testing.assert_allclose(diagram.special_parameter, places, atol=tolerance)
    assert list(diagram.criticality) == said
    assert np.all(diagram.special_error < 1e-9)


@pytest.mark.parametrize(("name", "low", "high"), [case[:3] for case in CASES])
def test_there_is_one_equilibrium_which_loses_and_regains_stability(name, low, high):
    diagram = _diagram(name, low, high)
    (branch,) = diagram.branches
    assert branch.kind == "equilibrium"
    assert np.all(np.diff(branch.parameter) > 0)
    assert (branch.parameter[0], branch.parameter[-1]) == (low, high)
    first, second = sorted(diagram.special_parameter)
    ordinary = branch.special < 0
    between = (branch.parameter > first) & (branch.parameter < second)
    np.testing.assert_array_equal(branch.unstable[ordinary], np.where(between, 2, 0)[ordinary])
    assert not diagram.notes


def test_points_solve_the_equations_and_periods_come_from_eigenvalues():
    diagram = _diagram("hodgkin-huxley", 0.0, 200.0)
    system: Any = ds.build("hodgkin-huxley")
    for value, state in zip(diagram.parameter[::5], diagram.states[::5], strict=True):
        assert np.max(np.abs(system.replace(I=value).vector_field(0.0, state, None))) < 1e-9
    for point in diagram.points:
        pair = point.eigenvalues[np.argmax(np.abs(point.eigenvalues.imag))]
        assert abs(pair.real) < 1e-10
        assert point.period == pytest.approx(2 * np.pi / abs(pair.imag), rel=1e-10)


def test_summary_saving_and_xarray(tmp_path):
    diagram = _diagram("fitzhugh-nagumo", 0.0, 2.0)
    assert "hopf at I = 0.331281337" in diagram.summary()
    for suffix in (".nc", ".npz"):
        again = ds.load(ds.save(diagram, tmp_path / f"diagram{suffix}"))
        assert again.summary() == diagram.summary()
        np.testing.assert_array_equal(again.states, diagram.states)
        np.testing.assert_array_equal(again.special_eigenvalues, diagram.special_eigenvalues)
    table = diagram.to_xarray()
    assert table.sizes["point"] == len(diagram.parameter)
    assert table.sizes["special_point"] == 2


def test_branches_can_be_added():
    diagram = _diagram("fitzhugh-nagumo", 0.0, 2.0)
    more = with_branches(diagram, diagram.branches, diagram.points, ["twice"])
    assert more.kinds == ("equilibrium", "equilibrium")
    assert len(more.points) == 4
    assert more.notes == ("twice",)
    np.testing.assert_array_equal(more.branches[1].states, diagram.states)


@pytest.mark.parametrize(
    ("name", "parameter", "low", "high", "says"),
    [
        ("lorenz", "rh", 0, 1, "has no parameter `rh`"),
        ("lorenz", "rho", 2, 1, "`low` below `high`"),
        ("lorenz", "rho", 0, float("nan"), "must be finite"),
        ("hodgkin-huxley", "C", -1, 1, r"must lie in \[1e-06, inf\]"),
        ("mackey-glass", "tau", 1, 2, "has delays"),
        ("ornstein-uhlenbeck", "theta", 1, 2, "is noisy"),
    ],
)
def test_wrong_questions_are_refused_before_the_work(name, parameter, low, high, says):
    with pytest.raises(ds.InputError, match=says):
        bifurcations(ds.build(name), parameter, low, high)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"max_branches": 0}, "`max_branches` must be a whole number from 1 on, got 0"),
        ({"doublings": -1}, "`doublings` must be a whole number from 0 on, got -1"),
        ({"deflations": 1.5}, "`deflations` must be 0, or at least 2"),
        ({"method": "moore-penrose"}, r"`method` must be a `PseudoArclength\(...\)` or None, got 'moore-penrose'"),
        ({"cycles": True}, r"`cycles` must be a `CycleContinuation\(...\)` or None, got True"),
    ],
)
def test_wrong_options_are_refused_before_the_work(options, says):
    with pytest.raises(ds.InputError, match=says):
        bifurcations(ds.build("lorenz"), "rho", 0.0, 1.0, **options)


def test_where_a_phase_keeps_turning_the_diagram_says_what_to_do():
    diagram = bifurcations(ds.build("duffing"), "gamma", 0.1, 0.5)
    assert not diagram.kinds
    assert "`phi` turns at the same rate everywhere" in diagram.notes[0]
    assert "cycle_branch" in diagram.summary()
    with pytest.raises(ds.InputError, match=r"no equilibrium was found\. Nothing rests, for `phi`"):
        ds.plot(diagram)
    assert bifurcations(ds.build("lorenz"), "rho", 0.1, 0.5).notes == ()


def test_the_advice_to_forced_systems_names_what_exists():
    swing = ds.systems.driven(ds.build("fitzhugh-nagumo"), ds.systems.Sine(amplitude=0.1, period=30.0))
    with pytest.raises(ds.InputError, match=r"`dynascope\.solve\.stroboscopic_map`"):
        bifurcations(swing, "I", 0.0, 1.0)
    assert callable(ds.solve.stroboscopic_map)


def test_an_input_level_is_a_parameter():
    system = ds.build("morris-lecar", I=80.0)
    diagram = bifurcations(system, "input", 0.0, 50.0, cycles=None)
    np.testing.assert_allclose(diagram.special_parameter, [93.857618 - 80.0], atol=1e-6)
