"""Curves of bifurcations of cycles of flows, where they are known exactly and against one-parameter diagrams."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.bifurcation import CycleContinuation, SpecialPoint, cycle_branch, free_parameter
from dynascope.analysis.bifurcation._free import FreePair
from dynascope.analysis.codimension_two import CodimensionTwoPoint
from dynascope.analysis.codimension_two._bifurcation_set import _Made
from dynascope.analysis.codimension_two._cycle_curve import DOUBLINGS, FOLDS, TORI
from dynascope.analysis.codimension_two._cycle_curve_search import CycleSearch
from dynascope.analysis.codimension_two._cycle_curve_walk import posed_curve
from dynascope.analysis.cycles import periodic_orbit
from dynascope.analysis.cycles._gauss import phases_of
from dynascope.analysis.cycles._rule import Rule
from dynascope.analysis.cycles._solved import posed
from tests.analysis.bifurcation import small_systems
from tests.analysis.codimension_two import planes

_WINDOW = {"p.a": (-0.3, 0.5), "p.b": (-0.9, 1.4)}
_COARSE = CycleContinuation(intervals=16, doublings=0)


def _of(found, kind):
    return [curve for curve in found.curves if curve.kind == kind]


def _places(found, type_):
    return np.array([p.parameters for p in found.points if p.type == type_])


@pytest.mark.parametrize(
    "family", [TORI, pytest.param(FOLDS, marks=pytest.mark.slow), pytest.param(DOUBLINGS, marks=pytest.mark.slow)]
)
def test_the_conditions_have_their_exact_derivatives(family):
    system, _ = planes.turning(0)
    free = FreePair(free_parameter(system, "p.a", None), free_parameter(system, "p.b", None))
    rule = Rule(system, None, system.initial_state(), jnp.full(4, 2.0), free, None)
    mesh = np.array([0.0, 0.2, 0.35, 0.7, 1.0])
    s = 2 * np.pi * phases_of(mesh, 3)
    points = np.stack([np.cos(s), np.sin(s), 0.3 * np.cos(s + 1), 0.2 + 0.1 * np.sin(s)], axis=1) / 2
    kappa = [0.3] if family == TORI else []
    equations, z = posed(rule, mesh, points, np.zeros(4), np.array([6.0, *kappa, 0.1, 0.5]), 3)
    problem = posed_curve(equations, z, family, jnp.ones(2))
    along = np.random.default_rng(1).normal(size=(3, z.size))
    z = z + 0.01 * along[0]
    condition = jax.jit(lambda x: problem.condition(x))
    slope = np.asarray(jax.jit(jax.jacrev(lambda x: problem.condition(x)))(z))
    for direction in along[1:]:
        change = (condition(z + 1e-5 * direction) - condition(z - 1e-5 * direction)) / 2e-5
        np.testing.assert_allclose(slope @ direction, change, rtol=1e-6, atol=1e-7)


@functools.cache
def _crossed(half):
    """The curves through what a diagram over the first parameter finds, and those that meet them."""
    a, b = (-0.02, -0.5) if half else (0.1, 1.0)
    system, region = planes.turning(half, a, b)
    x = 0.0 if half else (-b - np.sqrt(b * b - 4 * a)) / 2
    orbit = periodic_orbit(system, [1.0, 0.0, x + 0.4, 0.0], period=2 * np.pi / (1 + 0.2 * x * (1 - half)))
    diagram = cycle_branch(system, "p.a", -0.2, 0.4, orbit=orbit, method=_COARSE)
    made = _Made(system, _WINDOW, region, None, None, None)
    found = made.search([])
    own = CycleSearch(found, made.plane, _COARSE)
    starts = [own.at_point(point, np.array([point.parameter, b])) for point in diagram.points]
    own.follow([s for s in starts if s is not None], most=8, switching=True)
    return diagram, made.result(found, {})


@pytest.mark.slow
def test_folds_of_cycles_meet_neimark_sacker_points_where_they_should():
    diagram, found = _crossed(0)
    assert [p.type for p in diagram.points] == ["fold of cycles"]
    (folds,), (tori,) = _of(found, "fold of cycles"), _of(found, "neimark-sacker")
    a, b = folds.parameters.T
    np.testing.assert_allclose(4 * a, b**2, atol=1e-9)
    assert min(b) == -0.9
    assert max(b) == pytest.approx(1.4)
    np.testing.assert_allclose(_places(found, "resonance 1:1"), [[0.0, 0.0]], atol=1e-9)
    np.testing.assert_allclose(tori.parameters[:, 0], 0.0, atol=1e-9)
    assert tori.parameters[:, 1].max() == pytest.approx(0.0, abs=1e-9)
    assert tori.parameters[:, 1].min() == -0.9
    # The pair turns by 2 pi sqrt(-b): a third and a quarter of a turn, and two thirds and three quarters.
    np.testing.assert_allclose(sorted(_places(found, "resonance 1:3")[:, 1]), [-4 / 9, -1 / 9], atol=1e-9)
    np.testing.assert_allclose(sorted(_places(found, "resonance 1:4")[:, 1]), [-9 / 16, -1 / 16], atol=1e-9)
    # Beyond the resonance the fold has one unstable direction more; on the Neimark-Sacker curve all others are stable.
    assert set(folds.unstable[(b < -0.05)]) == {1}
    assert set(folds.unstable[b > 0.05]) == {0}
    assert set(tori.unstable) == {0}
    # Folds of equilibria x^2 + b x + a = 0 beside the cycle: there x = -b / 2.
    np.testing.assert_allclose(folds.period, 2 * np.pi / (1 - 0.1 * b), rtol=1e-9)


@pytest.mark.slow
def test_period_doublings_meet_neimark_sacker_points_where_they_should():
    diagram, found = _crossed(1)
    assert [p.type for p in diagram.points] == ["period doubling"]
    (doublings,), (tori,) = _of(found, "period doubling"), _of(found, "neimark-sacker")
    # What the mesh of 16 intervals leaves.
    np.testing.assert_allclose(doublings.parameters[:, 0], 0.0, atol=1e-10)
    assert list(doublings.parameters[[0, -1], 1]) in ([-0.9, 1.4], [1.4, -0.9])
    (point,) = [p for p in found.points if p.type == "resonance 1:2"]
    np.testing.assert_allclose(point.parameters, 0.0, atol=1e-10)
    assert np.all(np.abs(point.parameters) < point.error)
    np.testing.assert_allclose(tori.parameters[:, 1], 0.0, atol=1e-10)
    assert tori.parameters[:, 0].min() == pytest.approx(-0.3)
    assert tori.parameters[:, 0].max() < 1e-10
    np.testing.assert_allclose(_places(found, "resonance 1:3"), [[-1 / 36, 0.0]], atol=1e-9)
    np.testing.assert_allclose(_places(found, "resonance 1:4"), [[-1 / 16, 0.0]], atol=1e-9)
    assert found.types[tori.special[tori.special >= 0][0]] in ("resonance 1:2", "resonance 1:3", "resonance 1:4")
    assert any("real" in end for end in tori.ends)
    assert any("p.a" in end for end in tori.ends)


@functools.cache
def _bautin():
    """Folds of cycles from the fold of a diagram, and from the generalised Hopf point itself."""

    def rate(t, y, p):
        z, size = y[0] + 1j * y[1], y[0] ** 2 + y[1] ** 2
        dz = (p["a"] + 2j) * z + (p["b"] + 0.5j) * z * size - z * size**2
        return jnp.stack([jnp.real(dz), jnp.imag(dz)])

    system = ds.flow(rate, [0.1, 0.1], parameters={"a": 0.1, "b": 0.5}, names="x y")
    ranges, region = {"p.a": (-0.3, 0.3), "p.b": (-0.4, 1.0)}, small_systems.box([-1.0] * 2, [1.0] * 2)
    diagram = ds.bifurcations(system, "p.a", -0.3, 0.3, region=region)
    (fold,) = (p for p in diagram.points if p.type == "fold of cycles")
    first = ds.bifurcation_curve(system, fold, ranges, region=region)
    other = ds.bifurcation_curve(system, first.points[0], ranges, region=region)
    return first, other


def test_folds_of_cycles_end_at_the_generalised_hopf_point_and_begin_there():
    first, other = _bautin()
    for found in (first, other):
        (curve,), (point,) = found.curves, found.points
        a, b = curve.parameters.T
        # r^4 - b r^2 - a = 0 has a double root.
        np.testing.assert_allclose(-4 * a, b**2, atol=1e-9)
        assert point.type == "generalised hopf"
        np.testing.assert_allclose(point.parameters, 0.0, atol=1e-9)
        assert sorted(b)[0] == pytest.approx(0.0, abs=1e-9)
        assert sorted(b)[-1] == 1.0
        np.testing.assert_allclose(curve.period, 2 * np.pi / (2 + b / 4), rtol=1e-8)
        assert any("generalised Hopf" in end for end in curve.ends)
        assert curve.special.max() == 0
        assert not found.notes


def test_points_through_which_no_curve_of_cycles_goes_are_refused():
    system = ds.flow(lambda t, y, p: y**2 + p["a"] + p["b"], jnp.ones(1), parameters={"a": 0.0, "b": 0.0}, names="x")
    ranges, region = {"p.a": (-1.0, 1.0), "p.b": (-1.0, 1.0)}, small_systems.box([-1.0], [1.0])
    one, nothing = np.ones(1), np.full(2, np.nan)

    def special(type_):
        return SpecialPoint(type_, 0, 0.0, 0.0, one, one, 3.0, np.nan, "")

    # It is infinite after a time of 1, before it could come back after 3.
    with pytest.raises(InputError, match="No cycle goes through"):
        ds.bifurcation_curve(system, special("fold of cycles"), ranges, region=region)
    with pytest.raises(InputError, match="got a branch point of cycles"):
        ds.bifurcation_curve(system, special("branch point of cycles"), ranges, region=region)
    cusp = CodimensionTwoPoint("cusp", np.zeros(2), nothing, one, one, nothing, "")
    with pytest.raises(InputError, match="got a cusp"):
        ds.bifurcation_curve(system, cusp, ranges, region=region)


@pytest.mark.slow
def test_the_doubling_of_lure_is_where_other_diagrams_find_it():
    def rule(t, y, p):
        return jnp.stack([y[1], y[2], -p["a"] * y[2] - p["b"] * y[1] - y[0] + y[0] ** 2])

    system = ds.flow(rule, jnp.zeros(3), parameters={"a": 1.0, "b": 1.0}, names="x y z")
    region, cycles = small_systems.box([-2] * 3, [2] * 3), CycleContinuation(doublings=0)

    def doubling(b):
        there = system.replace(**{"p.b": b})
        diagram = ds.bifurcations(there, "p.a", 0.3, 1.5, region=region, cycles=cycles)
        return next(p for p in diagram.points if p.type == "period doubling")

    start = doubling(1.0)
    assert start.parameter == pytest.approx(0.6303020, abs=1e-6)
    (curve,) = ds.bifurcation_curve(system, start, {"p.a": (0.3, 1.5), "p.b": (0.5, 1.5)}, region=region).curves
    assert curve.kind == "period doubling"
    assert len(curve) > 20
    for b in (0.75, 1.25):
        a, row = min(((p[0], p[1]) for p in curve.parameters), key=lambda p: abs(p[1] - b))
        assert doubling(float(row)).parameter == pytest.approx(a, abs=1e-7)


@pytest.mark.slow
def test_folds_of_the_cycles_of_hodgkin_and_huxley_meet_in_a_cusp():
    axon, cycles = ds.build("hodgkin-huxley"), CycleContinuation(doublings=0)
    diagram = ds.bifurcations(axon, "I", 5.0, 12.0, cycles=cycles)
    folds = [p for p in diagram.points if p.type == "fold of cycles"]
    assert min(p.parameter for p in folds) == pytest.approx(6.26, abs=0.01)
    ranges = {"I": (0.0, 20.0), "g_K": (20.0, 50.0)}
    inner = max(folds, key=lambda p: p.parameter)
    found = ds.bifurcation_curve(axon, inner, ranges, cycles=cycles)
    (curve,), (cusp,) = found.curves, found.points
    assert cusp.type == "cusp of cycles"
    assert np.all(cusp.error < 1e-4)
    # Both other folds of the diagram lie on the curve, which turns round in the cusp; the outermost one is another.
    at = curve.parameters[:, 1] - 36.0
    crossed = np.flatnonzero((at[1:] * at[:-1] < 0) | (at[:-1] == 0))
    places = [np.interp(0.0, *np.array(sorted(zip(at[i : i + 2], curve.parameters[i : i + 2, 0], strict=True))).T)
              for i in crossed]  # fmt: skip
    middle = sorted(p.parameter for p in folds)[1:]
    np.testing.assert_allclose(sorted(places), middle, atol=0.02)
    assert cusp.parameters[1] == pytest.approx(curve.parameters[:, 1].min(), abs=1e-6)
    # An independent diagram across the line of one point of the curve finds a fold at that point.
    i = int(np.argmin(np.abs(curve.parameters[:, 1] - 32.0)))
    there = axon.replace(g_K=float(curve.parameters[i, 1]))
    other = ds.bifurcations(there, "I", 0.0, 12.0, cycles=cycles)
    gaps = [abs(p.parameter - curve.parameters[i, 0]) for p in other.points if p.type == "fold of cycles"]
    assert min(gaps) < 1e-5
