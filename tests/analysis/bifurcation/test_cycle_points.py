"""Special points of cycles: found, located as other programs publish them, and as well known as they are said to be."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynascope as ds
from dynascope.analysis.bifurcation import CycleContinuation, bifurcations
from tests.analysis.bifurcation import small_systems as small

#: Freire's oscillator in the published run of MatCont 7.6 (`testtorBPC1`): type, parameter and period.
MATCONT = [
    ("fold of cycles", -0.584492842421877, 8.41186621425809),
    ("neimark-sacker", -0.595750403989607, 8.86109929893307),
    ("period doubling", -0.61468165370709, 9.25684575645854),
]


@functools.cache
def _diagram(epsilon, **changes):
    system, region = small.electronic_oscillator(epsilon)
    cycles = CycleContinuation(**changes)
    return bifurcations(system, "p.nu", -0.64, -0.56, region=region, cycles=cycles)


def _of(diagram, type_):
    return [p for p in diagram.points if p.type == type_]


def test_fold_torus_and_doubling_of_the_oscillator_are_those_of_matcont():
    diagram = _diagram(0.001)
    first = next(i for i, kind in enumerate(diagram.kinds) if kind == "cycle")
    for type_, parameter, period in MATCONT:
        (point,) = [p for p in _of(diagram, type_) if p.branch == first]
        assert point.parameter == pytest.approx(parameter, abs=1e-6)
        assert point.period == pytest.approx(period, abs=2e-5)
        assert point.error < 1e-9
    torus = _of(diagram, "neimark-sacker")[0].eigenvalues
    turning = torus[np.abs(torus.imag) > 1e-3]
    np.testing.assert_allclose(np.abs(turning), 1.0, atol=1e-8)
    doubling = _of(diagram, "period doubling")[0].eigenvalues
    assert np.min(np.abs(doubling + 1)) < 1e-8
    assert not diagram.notes


@pytest.mark.slow
def test_errors_of_special_points_are_honest():
    """On a mesh that is too coarse the points are off by less than is said, and not by far less."""
    exact, coarse = _diagram(0.001, degree=5), _diagram(0.001, intervals=8, tol=1.0)
    for type_, *_ in MATCONT:
        better, worse = _of(exact, type_)[0], _of(coarse, type_)[0]
        off = abs(better.parameter - worse.parameter)
        assert better.error < 1e-10
        assert off < worse.error + better.error
        assert worse.error < 1e3 * off


@pytest.mark.slow
def test_the_symmetric_oscillator_has_a_branch_point_of_cycles():
    """Two mirrored cycles branch off the symmetric one, where a second multiplier is 1, and go the same way."""
    diagram = _diagram(0.0)
    (crossing,) = _of(diagram, "branch point of cycles")
    symmetric, mirrored = (b for b in diagram.branches if b.kind == "cycle")
    assert diagram.points[mirrored.origin].type == "branch point of cycles"
    np.testing.assert_allclose(symmetric.low, -symmetric.high, atol=1e-4)
    half = len(mirrored) // 2
    assert np.max(np.abs(mirrored.low + mirrored.high)) > 0.1
    np.testing.assert_allclose(mirrored.low[0], -mirrored.high[-1], atol=1e-4)
    assert mirrored.parameter[half] == pytest.approx(crossing.parameter, abs=1e-3)
    # Mirrored cycles have the same bifurcations.
    for type_ in ("neimark-sacker", "period doubling"):
        one, other = (p for p in _of(diagram, type_) if p.branch == len(diagram.kinds) - 1)
        assert one.parameter == pytest.approx(other.parameter, abs=one.error + other.error + 1e-12)
    end, once_around = _integrated(crossing.state, crossing.parameter, crossing.period)
    np.testing.assert_allclose(end, crossing.state, atol=1e-6)
    assert np.sum(np.abs(np.linalg.eigvals(once_around) - 1) < 1e-5) == 2


def _integrated(state, nu, period):
    """The end of one period and its derivative by the start, by plain integration."""
    system: Any = small.electronic_oscillator(0.0)[0].replace(**{"p.nu": nu})
    field = jax.jit(lambda y: system.vector_field(0.0, y, None))
    slope = jax.jit(jax.jacfwd(field))

    def rule(t, y):
        return np.concatenate([field(y[:3]), np.ravel(np.asarray(slope(y[:3])) @ y[3:].reshape(3, 3))])

    start = np.concatenate([state, np.eye(3).ravel()])
    run = solve_ivp(rule, (0, period), start, method="DOP853", rtol=1e-9, atol=1e-9)
    return run.y[:3, -1], run.y[3:, -1].reshape(3, 3)


@pytest.mark.slow
def test_a_bubble_of_doubled_cycles_is_followed_once():
    """The parameter enters squared: the cycle doubles its period at both ends of one branch, which is found once."""

    def rule(t, y, p):
        return jnp.stack([y[1], y[2], -(0.6 + p["q"] ** 2) * y[2] - y[1] - y[0] + y[0] ** 2])

    system = ds.flow(rule, jnp.zeros(3), parameters={"q": 0.3}, names="x y z")
    diagram = bifurcations(system, "p.q", -0.8, 0.8, region=small.box([-2] * 3, [2] * 3))
    first, second = (b for b in diagram.branches if b.kind == "cycle")
    assert first.parameter[[0, -1]] == pytest.approx([-np.sqrt(0.4), np.sqrt(0.4)], abs=1e-9)
    places = [p.parameter for p in _of(diagram, "period doubling")]
    assert places == pytest.approx([-np.sqrt(0.030302), np.sqrt(0.030302)], abs=1e-6)
    assert second.parameter[[0, -1]] == pytest.approx(places, abs=1e-12)
    assert "halves" in second.ends[1]
    assert second.period[0] == pytest.approx(2 * _of(diagram, "period doubling")[0].period, rel=1e-9)
