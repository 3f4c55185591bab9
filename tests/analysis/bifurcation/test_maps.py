"""Fixed points of maps: logistic and Hénon, their doublings, and a delayed logistic map that starts to turn."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.bifurcation import bifurcations
from tests.analysis.bifurcation.small_systems import box


def test_logistic_map_crosses_and_doubles():
    diagram = bifurcations(ds.build("logistic"), "r", 0.5, 4.0, doublings=1)
    found = {p.type: p for p in diagram.points if p.branch < 2}
    assert found["branch point"].parameter == pytest.approx(1.0, abs=1e-12)
    assert found["branch point"].criticality == "transcritical"
    doubling = [p for p in diagram.points if p.type == "period doubling"]
    np.testing.assert_allclose([p.parameter for p in doubling], [3.0, 1 + np.sqrt(6)], atol=1e-11)
    assert [p.period for p in doubling] == [2.0, 4.0]
    assert {p.criticality for p in doubling} == {"supercritical"}
    # b = (f'' / 2)^2 + f''' / 6 at the fixed point, with f'' = -6.
    assert doubling[0].coefficient == pytest.approx(9.0, rel=1e-10)


def test_doubled_cycle_of_the_logistic_map_is_the_formula():
    diagram = bifurcations(ds.build("logistic"), "r", 2.5, 3.4, doublings=1)
    (cycle,) = [b for b in diagram.branches if b.kind == "cycle"]
    r = cycle.parameter[1:]
    root = np.sqrt((r - 3) * (r + 1))
    np.testing.assert_allclose(cycle.low[1:, 0], (r + 1 - root) / (2 * r), atol=1e-11)
    np.testing.assert_allclose(cycle.high[1:, 0], (r + 1 + root) / (2 * r), atol=1e-11)
    np.testing.assert_allclose(cycle.eigenvalues[1:, 0].real, 4 + 2 * r - r**2, atol=1e-9)
    assert diagram.points[cycle.origin].type == "period doubling"


@pytest.mark.slow
def test_henon_fold_and_doublings():
    diagram = bifurcations(ds.build("henon"), "a", -0.5, 1.4, doublings=1)
    found = [(p.type, p.parameter) for p in diagram.points]
    assert [t for t, _ in found] == ["fold", "period doubling", "period doubling"]
    # (1 - b)^2 / -4, 3 (1 - b)^2 / 4, and that of the 2-cycle, (5 - 6 b + 5 b^2) / 4, with b = 0.3.
    np.testing.assert_allclose([p for _, p in found], [-0.1225, 0.3675, 0.9125], atol=1e-11)


@pytest.mark.slow
def test_delayed_logistic_map_starts_to_turn():
    def rule(n, y, p):
        return jnp.stack([p["r"] * y[0] * (1 - y[1]), y[0]])

    system = ds.systems.iterated(rule, [0.4, 0.4], parameters={"r": 1.9}, names="x y")
    diagram = bifurcations(system, "p.r", 1.5, 2.2, region=box([-0.2, -0.2], [1, 1]))
    (point,) = [p for p in diagram.points if p.type == "neimark-sacker"]
    # At r = 2 the eigenvalues are exp(+- i pi / 3), and the circle is born stable: Kuznetsov (2004), section 4.6.
    assert point.parameter == pytest.approx(2.0, abs=1e-11)
    assert point.period == pytest.approx(6.0, abs=1e-9)
    assert point.criticality == "supercritical"
