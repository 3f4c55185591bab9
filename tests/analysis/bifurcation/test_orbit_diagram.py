"""Where orbits settle, against formulas and against the branches."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.bifurcation import bifurcations, orbit_diagram
from dynascope.analysis.bifurcation._agreement import AGREEMENTS

LEAVES, MISSING = AGREEMENTS.index("leaves its branch"), AGREEMENTS.index("not in the diagram")


def test_logistic_map_repeats_as_the_formulas_say():
    system = ds.build("logistic")
    diagram = bifurcations(system, "r", 2.6, 3.9)
    orbits = orbit_diagram(system, "r", 2.6, 3.9, count=131, beside=diagram)
    own = orbits.source < 0
    r, repeats = orbits.parameter[own], orbits.repeats[own]
    np.testing.assert_array_equal(repeats[r < 2.995], 1)
    np.testing.assert_array_equal(repeats[(r > 3.005) & (r < 3.445)], 2)
    np.testing.assert_array_equal(repeats[(r > 3.455) & (r < 3.54)], 4)
    one = int(np.argmin(np.abs(r - 3.2)))
    root = np.sqrt((r[one] - 3) * (r[one] + 1))
    low, high = (r[one] + 1 - root) / (2 * r[one]), (r[one] + 1 + root) / (2 * r[one])
    assert (orbits.low[own][one, 0], orbits.high[own][one, 0]) == pytest.approx((low, high), abs=1e-12)
    # The branches agree wherever they can; what they do not hold is told: period 8, and the window of period 3.
    assert not np.any(orbits.agreement == LEAVES)
    missing = orbits.parameter[orbits.agreement == MISSING]
    assert set(orbits.repeats[orbits.agreement == MISSING]) >= {3, 8}
    assert missing.min() > 3.5441
    window = (r > 1 + np.sqrt(8)) & (r < 3.84)
    np.testing.assert_array_equal(repeats[window], 3)
    assert orbits.behaviour[own][r > 3.87].max() == 2
    assert "regular orbits agree with the branches" in orbits.summary()


def test_a_branch_that_is_called_stable_wrongly_is_found_out():
    system = ds.build("logistic")
    diagram = bifurcations(system, "r", 2.6, 3.4)
    lying = dataclasses.replace(diagram, unstable=np.zeros_like(diagram.unstable))
    orbits = orbit_diagram(system, "r", 2.6, 3.4, count=17, beside=lying)
    left = orbits.parameter[orbits.agreement == LEAVES]
    assert left.size > 10
    assert orbits.share("leaves its branch") > 0.2
    honest = orbit_diagram(system, "r", 2.6, 3.4, count=17, beside=diagram)
    assert honest.share("agrees") == 1.0


def test_flows_are_seen_at_their_maxima():
    """Stuart and Landau's oscillator turns on the circle of radius sqrt(lam)."""
    system: Any = ds.build("stuart-landau")
    orbits = orbit_diagram(system, "lam", -1.0, 1.0, count=9, y0=jnp.array([0.3, 0.1]))
    assert orbits.behaviour.tolist()[:4] == [0, 0, 0, 0]
    for i in (6, 7, 8):
        assert orbits.repeats[i] == 1
        peaks = orbits.points[i, : orbits.count[i], 0]
        np.testing.assert_allclose(peaks, np.sqrt(orbits.parameter[i]), rtol=1e-4)


@pytest.mark.slow
def test_fitzhugh_nagumo_agrees_with_its_branches():
    system = ds.build("fitzhugh-nagumo")
    diagram = bifurcations(system, "I", 0.0, 2.0)
    orbits = orbit_diagram(system, "I", 0.0, 2.0, count=60, beside=diagram)
    assert orbits.share("agrees") == 1.0
    assert np.sum(orbits.agreement == 1) > 100
    # Without the cycles the firing is missing.
    rest = bifurcations(system, "I", 0.0, 2.0, cycles=None)
    alone = orbit_diagram(system, "I", 0.0, 2.0, count=60, beside=rest)
    missing = alone.parameter[alone.agreement == MISSING]
    assert missing.min() > 0.32
    assert missing.max() < 1.43
    assert ds.plot(diagram, orbits=orbits).axes
    assert ds.plot(orbits, variable=orbits.names[1]).axes


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("ornstein-uhlenbeck", {}, "is for flows, hybrid systems and maps"),
        ("logistic", {"count": 1}, "`count` of 2"),
        ("logistic", {"variable": "z"}, "`variable` must be one of x"),
        ("logistic", {"transient": -1.0}, "must not be negative"),
        ("lorenz", {"solver": ds.solve.Tsit5()}, "fixed-step solver"),
    ],
)
def test_wrong_questions_are_refused(name, options, says):
    system = ds.build(name)
    parameter = {"logistic": "r", "lorenz": "rho", "ornstein-uhlenbeck": "theta"}.get(name, "I")
    with pytest.raises(ds.InputError, match=says):
        orbit_diagram(system, parameter, 1.0, 2.0, **options)
