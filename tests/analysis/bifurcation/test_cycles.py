"""Branches of cycles against published points and closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.bifurcation import CycleContinuation, bifurcations, cycle_branch
from dynascope.analysis.cycles import hopf_guess, periodic_orbit


def lure_rule(t, y, p):
    return jnp.stack([y[1], y[2], -p["a"] * y[2] - y[1] - y[0] + y[0] ** 2])


def test_lure_doubles_its_period():
    """The control system of Lur'e type: Hopf at a = 1 exactly, period doubling at 0.6303 (MatCont, BifurcationKit)."""
    lure = ds.flow(lure_rule, jnp.zeros(3), parameters={"a": 0.8}, names="x y z")
    box = ds.Box(-2 * jnp.ones(3), 2 * jnp.ones(3))
    diagram = bifurcations(lure, "p.a", 0.55, 1.5, region=box)
    hopf = next(p for p in diagram.points if p.type == "hopf")
    assert hopf.parameter == pytest.approx(1.0, abs=1e-9)
    doublings = [p for p in diagram.points if p.type == "period doubling"]
    assert doublings[0].parameter == pytest.approx(0.6303020, abs=1e-6)
    # The trace of the Jacobian is -a everywhere, so that the product of all multipliers is known at each point.
    for branch in (b for b in diagram.branches if b.kind == "cycle"):
        product = np.prod(branch.eigenvalues, axis=1)
        np.testing.assert_allclose(product, np.exp(-branch.parameter * branch.period), rtol=1e-5)
    assert np.min(np.abs(doublings[0].eigenvalues + 1)) < 1e-6
    # The doubled branch is born there, with twice the period, and doubles again.
    first, second = (b for b in diagram.branches if b.kind == "cycle")
    assert diagram.points[second.origin].parameter == doublings[0].parameter
    assert second.period[0] == pytest.approx(2 * doublings[0].period, rel=1e-4)
    # The normal form says so too: the doubled cycle is stable where it is born.
    assert doublings[0].criticality == "supercritical"
    assert second.unstable[2] == 0
    assert first.unstable[first.parameter > 0.64].max() == 0
    assert first.unstable[first.parameter < 0.62].min() == 1
    assert doublings[1].parameter == pytest.approx(0.5796298, abs=1e-6)


def test_lorenz_ends_in_a_homoclinic_orbit():
    """The unstable cycle of the subcritical Hopf at 470/19 grows into the homoclinic orbit at 13.926557 (Sparrow)."""
    lorenz = ds.build("lorenz", rho=24.0)
    start = periodic_orbit(lorenz, _small_cycle(lorenz))
    assert start.stability == "saddle"
    diagram = cycle_branch(lorenz, "rho", 13.0, 24.7, orbit=start)
    branch = diagram.branches[0]
    assert branch.parameter.min() == pytest.approx(13.926557, abs=1e-4)
    assert any("homoclinic" in end for end in branch.ends)
    assert np.all(branch.unstable == 1)


def _small_cycle(lorenz):
    c = np.sqrt(8 / 3 * 23.0)
    return hopf_guess(lorenz, [c, c, 23.0], amplitude=6.0)


def test_no_branch_without_an_orbit():
    lorenz = ds.build("lorenz", rho=0.5)
    nothing = periodic_orbit(lorenz, throw=False)
    assert not nothing.successful
    with pytest.raises(InputError, match="orbit that was found"):
        cycle_branch(lorenz, "rho", 0.0, 1.0, orbit=nothing)
    with pytest.raises(InputError, match="intervals"):
        CycleContinuation(intervals=1)


@pytest.mark.slow
def test_hodgkin_huxley():
    """From Hopf point to Hopf point through three folds: that near 6.26 bounds the range of repetitive firing."""
    diagram = bifurcations(ds.build("hodgkin-huxley"), "I", 0.0, 200.0)
    assert {p.criticality for p in diagram.points if p.type == "fold of cycles"} == {"quadratic"}
    folds = [p.parameter for p in diagram.points if p.type == "fold of cycles"]
    assert folds == pytest.approx([7.842347, 7.917785, 6.260321], abs=1e-5)  # to 1e-6 whatever the steps
    cycles = next(b for b in diagram.branches if b.kind == "cycle")
    assert cycles.parameter[0] == pytest.approx(9.775438, abs=1e-6)
    assert cycles.parameter[-1] == pytest.approx(154.522434, abs=1e-6)
    high = cycles.high[:, 0] - cycles.low[:, 0] > 100
    at = np.interp(10.0, cycles.parameter[high], cycles.period[high])
    assert at == pytest.approx(14.63621, abs=0.05)
    assert periodic_orbit(ds.build("hodgkin-huxley", I=10.0)).period == pytest.approx(14.63621, abs=1e-6)
