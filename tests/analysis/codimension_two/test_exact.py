"""Curves and points of codimension two against systems in which they are known exactly."""

import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.bifurcation import SpecialPoint
from dynascope.analysis.codimension_two._doubled_folds import HALVED
from tests.analysis.codimension_two import planes

WINDOW = ((-1.0, 1.0), (-1.0, 1.0))


def _set(made, ranges=WINDOW):
    system, region = made
    return ds.bifurcation_set(system, {"p.a": ranges[0], "p.b": ranges[1]}, region=region, lines=3)


def _curve(made, type_, place, state, *, turn=None, ranges=WINDOW):
    """The curve through one point that is given."""
    system, region = made
    point = SpecialPoint(
        type=type_,
        branch=0,
        parameter=place[0],
        error=0.0,
        state=np.array(state, float),
        eigenvalues=np.array([1.0 if turn is None else turn]),
        period=np.nan if turn is None else 2 * np.pi / turn,
        coefficient=np.nan,
        criticality="",
    )
    system = system.replace(**{"p.b": place[1]})
    return ds.bifurcation_curve(system, point, {"p.a": ranges[0], "p.b": ranges[1]}, region=region)


def _places(found, type_):
    return sorted(tuple(np.round(p.parameters, 9) + 0.0) for p in found.points if p.type == type_)


def _curves(found, kind):
    return [c for c in found.curves if c.kind == kind]


@pytest.mark.parametrize("made", [planes.cusp, planes.cubic_map])
def test_folds_meet_in_a_cusp(made):
    found = _curve(made(), "fold", (2 * 0.5**1.5 / 3**1.5, 0.5), [-((0.5 / 3) ** 0.5)])
    assert found.kinds == ("fold",)
    (curve,) = found.curves
    a, b = curve.parameters.T
    np.testing.assert_allclose(4 * b**3, 27 * a**2, atol=1e-9)
    assert np.min(a) < -0.38
    assert np.max(a) > 0.38
    assert curve.ends == ("The curve reached an end of the range of `p.b`.",) * 2
    (point,) = found.points
    assert point.type == "cusp"
    np.testing.assert_allclose(point.parameters, 0.0, atol=1e-10)
    assert np.all(np.abs(point.parameters) <= point.error + 1e-14)
    assert point.coefficients[0] == pytest.approx(-1.0, abs=1e-9)
    assert point.said == "two stable states"


def test_cusp_among_two_components_has_the_coefficient_of_the_centre_manifold():
    # On y = x^2 / 4 + ..., the cubic term of x' is -1; that of the coupling y x^3 is of the fifth order.
    (point,) = _curve(planes.twisted_cusp(), "fold", (0.136, 0.5), [-0.408, 0.04]).points
    np.testing.assert_allclose(point.parameters, 0.0, atol=1e-10)
    assert point.coefficients[0] == pytest.approx(-1.0, abs=1e-9)


def test_curves_that_meet_in_a_bogdanov_takens_point():
    found = _set(planes.bogdanov_takens())
    (fold,), (hopf,), (saddle,) = (_curves(found, k) for k in ("fold", "hopf", "neutral saddle"))
    a, b = fold.parameters.T
    np.testing.assert_allclose(b**2, 4 * a, atol=1e-10)
    np.testing.assert_allclose(hopf.parameters[:, 0], 0.0, atol=1e-10)
    assert np.max(hopf.parameters[:, 1]) == pytest.approx(0.0, abs=1e-9)
    assert np.min(hopf.parameters[:, 1]) == pytest.approx(-1.0)
    np.testing.assert_allclose(
        hopf.period[hopf.special < 0], 2 * np.pi / np.sqrt(-hopf.parameters[hopf.special < 0, 1])
    )
    assert np.all(hopf.coefficient[hopf.special < 0] > 0)
    # Beyond the point the pair is real, +-sqrt(b): nothing turns.
    assert np.min(saddle.parameters[:, 1]) == pytest.approx(0.0, abs=1e-9)
    assert np.all(np.isnan(saddle.period[saddle.special < 0]))
    (point,) = found.points
    assert (point.type, point.said) == ("bogdanov-takens", "unstable cycles")
    np.testing.assert_allclose(point.parameters, 0.0, atol=1e-9)
    np.testing.assert_allclose(np.abs(point.coefficients), 1.0, atol=1e-8)
    assert np.prod(point.coefficients) > 0
    assert any("bogdanov-takens" in end for end in hopf.ends)


@pytest.mark.parametrize("second", [-0.7, 0.9])
def test_second_lyapunov_coefficient_does_not_depend_on_coordinates(second):
    found = _curve(planes.bautin(second), "hopf", (0.0, 0.5), [0.0] * 3, turn=2.0)
    (curve,) = found.curves
    assert curve.kind == "hopf"
    a, b = curve.parameters.T
    np.testing.assert_allclose(a, 0.0, atol=1e-10)
    plain = curve.special < 0
    np.testing.assert_allclose(curve.coefficient[plain], b[plain], atol=1e-7)
    (point,) = found.points
    assert point.type == "generalised hopf"
    np.testing.assert_allclose(point.parameters, 0.0, atol=1e-9)
    assert point.coefficients[0] == pytest.approx(2 * second, rel=1e-6)
    assert point.said == f"outer cycle {'stable' if second < 0 else 'unstable'}"


@pytest.mark.slow
def test_zero_hopf_point_joins_folds_and_hopf_points():
    found = _set(planes.zero_hopf())
    (fold,), (hopf,) = (_curves(found, k) for k in ("fold", "hopf"))
    np.testing.assert_allclose(fold.parameters[:, 0], 0.0, atol=1e-10)
    a, b = hopf.parameters.T
    np.testing.assert_allclose(a, -(b**2), atol=1e-9)
    assert found.types == ("zero-hopf",)
    np.testing.assert_allclose(found.special_parameters[0], 0.0, atol=1e-8)
    number = {int(n) for c in (fold, hopf) for n in c.special if n >= 0}
    assert number == {0}


@pytest.mark.slow
def test_double_hopf_point_is_where_two_curves_cross():
    found = _set(planes.double_hopf())
    assert found.kinds == ("hopf", "hopf")
    periods = sorted(float(np.nanmean(c.period)) for c in found.curves)
    np.testing.assert_allclose(periods, [np.pi, 2 * np.pi], rtol=1e-9)
    assert found.types == ("double hopf",)
    np.testing.assert_allclose(found.special_parameters[0], 0.0, atol=1e-9)


def test_closed_curve_of_folds_closes():
    found = _curve(planes.isola(), "fold", (0.4, 0.3), [0.0])
    (curve,) = found.curves
    np.testing.assert_allclose(np.sum(curve.parameters**2, axis=1), 0.25, atol=1e-10)
    assert curve.ends == ("The curve closed on itself.",) * 2
    angle = np.unwrap(np.arctan2(*curve.parameters.T))
    assert abs(angle[-1] - angle[0]) > 6.2


def test_generalised_period_doubling():
    found = _curve(planes.flip_map(), "period doubling", (0.0, 0.5), [0.0])
    (curve,) = _curves(found, "period doubling")
    np.testing.assert_allclose(curve.parameters[:, 0], 0.0, atol=1e-10)
    plain = curve.special < 0
    np.testing.assert_allclose(curve.coefficient[plain], curve.parameters[plain, 1], atol=1e-9)
    assert _places(found, "generalised period doubling") == [(0.0, 0.0)]


@pytest.mark.parametrize("made", [planes.flip_map, planes.bent_flip_map])
def test_folds_of_the_doubled_cycle_begin_at_a_generalised_period_doubling(made):
    # x -> -x where -a + b x^2 + x^4 = 0, a double root at a = -b^2 / 4, x^2 = -b / 2: tangent to a = 0, for b < 0.
    (point,) = _curve(made(), "period doubling", (0.0, 0.5), [0.0] * made()[0].initial_state().size).points
    system, region = made()
    ranges = {"p.a": WINDOW[0], "p.b": WINDOW[1]}
    found = ds.bifurcation_curve(system, point, ranges, region=region)
    (curve,) = found.curves
    assert (curve.kind, curve.iterates, curve.origin) == ("fold", 2, 0)
    a, b = curve.parameters.T
    np.testing.assert_allclose(a, -(b**2) / 4, atol=1e-9)
    assert (b.min(), abs(b.max()) < 1e-9) == (-1.0, True)
    assert sorted(curve.special) == [*([-1] * (len(curve) - 1)), 0]
    ends = dict(zip(b[[0, -1]].round(9) + 0.0, curve.ends, strict=True))
    assert ends[0.0] == HALVED
    assert "end of the range of `p.b`" in ends[-1.0]
    # Two points of the cycle for each: x and -x.
    z = np.abs(curve.states[:, 0])
    x = np.sqrt(np.maximum(-b / 2, 0.0))
    bent = 0.2 * x**2 if made is planes.bent_flip_map else 0.0
    assert np.max(np.minimum(np.abs(z - np.abs(x + bent)), np.abs(z - np.abs(x - bent)))) < 1e-6


def test_a_set_holds_the_folds_of_doubled_cycles():
    found = _set(planes.flip_map())
    assert sorted(found.kinds) == ["fold", "period doubling"]
    assert found.types == ("generalised period doubling",)
    (curve,) = _curves(found, "fold")
    a, b = curve.parameters.T
    np.testing.assert_allclose(a, -(b**2) / 4, atol=1e-9)
    assert not found.notes


@pytest.mark.slow
def test_resonances_of_the_delayed_logistic_map_with_an_offset():
    # det = a x and trace = a (1 - x): Neimark-Sacker points on a b = 2 - a, flips on a = -1.
    found = _set(planes.delayed_logistic(), ((-2.0, 4.0), (-4.0, 2.0)))
    for curve in _curves(found, "neimark-sacker"):
        a, b = curve.parameters.T
        np.testing.assert_allclose(a * b, 2 - a, atol=1e-9)
    for curve in _curves(found, "period doubling"):
        np.testing.assert_allclose(curve.parameters[:, 0], -1.0, atol=1e-10)
    third = round(-1 / 3, 9)
    assert _places(found, "resonance 1:1") == [(3.0, third)]
    assert _places(found, "resonance 1:2") == [(-1.0, -3.0)]
    assert _places(found, "resonance 1:4") == [(1.0, 1.0)]
    assert _places(found, "fold-flip") == [(-1.0, 1.0)]


@pytest.mark.parametrize(("kind", "factor"), [("fold", -0.25), ("period doubling", 0.75)])
def test_henon_folds_and_flips_have_closed_forms(kind, factor):
    # x = (b - 1) / (2 a) at folds and (1 - b) / (2 a) at flips.
    a = factor * 0.7**2
    x = -0.7 / (2 * a) if kind == "fold" else 0.7 / (2 * a)
    system = ds.build("henon").replace(b=0.3)
    y = [x, 0.3 * x]
    points = ds.bifurcations(system, "a", -0.2, 0.5, doublings=0).points
    (point,) = [p for p in points if p.type == kind]
    assert point.parameter == pytest.approx(a, abs=1e-12)
    np.testing.assert_allclose(point.state, y, atol=1e-9)
    found = ds.bifurcation_curve(system, point, {"a": (-0.9, 1.5), "b": (-0.8, 0.6)})
    (curve,) = _curves(found, kind)
    a, b = curve.parameters.T
    np.testing.assert_allclose(a, factor * (1 - b) ** 2, atol=1e-10)
    assert np.ptp(b) > 1


def test_curve_of_fitzhugh_nagumo_is_the_formula_and_becomes_neutral_at_its_bogdanov_takens_point():
    neuron = ds.models.FitzHughNagumo()
    eps, a, b = float(neuron.eps), float(neuron.a), float(neuron.b)
    v = -np.sqrt(1 - eps * b)
    point = SpecialPoint(
        type="hopf",
        branch=0,
        parameter=float((v + a) / b - v + v**3 / 3),
        error=0.0,
        state=np.array([v, (v + a) / b]),
        eigenvalues=np.array([1.0]),
        period=2 * np.pi / np.sqrt(eps * (1 - eps * b**2)),
        coefficient=np.nan,
        criticality="",
    )
    found = ds.bifurcation_curve(neuron, point, {"I": (0.0, 2.0), "b": (0.2, 5.0)})
    for curve in found.curves:
        current, b = curve.parameters.T
        v = curve.states[:, 0]
        np.testing.assert_allclose(v**2, 1 - eps * b, atol=1e-9)
        np.testing.assert_allclose(current, (v + a) / b - v + v**3 / 3, atol=1e-9)
        sign = 1 if curve.kind == "hopf" else -1
        assert np.all(sign * (1 - eps * b**2) > -1e-9)
    for place in (p.parameters for p in found.points if p.type == "bogdanov-takens"):
        assert place[1] == pytest.approx(1 / np.sqrt(eps), rel=1e-9)
    assert "bogdanov-takens" in found.types
    assert set(found.kinds) == {"hopf", "neutral saddle"}
