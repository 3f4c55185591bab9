"""Asymptotic phases against a closed form and the phase response."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.cycles import asymptotic_phase, periodic_orbit, phase_response
from tests.analysis.cycles.clocks import CLOCK, apart, cycle, exact_phase


def test_closed_form():
    """Phases of states all over the basin, and the error estimate bounds the error."""
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 50), rng.uniform(0.05, 2.9, 50)
    states = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = asymptotic_phase(CLOCK, cycle(), states)
    assert found.successful
    off = apart(found.phases, exact_phase(states) - exact_phase(cycle().states[0]))
    assert np.all(off < 2e-9)
    assert np.all(off < found.errors + 1e-10)
    assert np.all((found.phases >= 0) & (found.phases < 1))


def test_its_gradient_on_the_cycle_is_the_phase_response():
    response = phase_response(CLOCK, cycle())
    step, rows = 1e-4, [0, 7, 25, 41]
    at = cycle().states[:: cycle().degree + 1][rows]
    kicks = step * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    found = asymptotic_phase(CLOCK, cycle(), (at[:, None] + kicks).reshape(-1, 2), tol=1e-11).phases.reshape(-1, 2, 2)
    change = found[..., 0] - found[..., 1]
    gradient = (change - np.round(change)) / (2 * step)
    assert cycle().period * gradient == pytest.approx(response.response[rows], abs=1e-6)


def test_states_that_do_not_come_have_no_phase():
    found = asymptotic_phase(CLOCK, cycle(), [[0.0, 0.0], [0.5, 0.0], [3.2, 0.0]], max_periods=20)
    assert found.arrived.tolist() == [False, True, False]
    assert found.errors[[0, 2]].tolist() == [0.5, 0.5]
    assert np.all(np.isfinite(found.phases))
    assert found.result == ds.RESULTS.nonfinite  # the last one runs to infinity
    assert "2 did not come" in found.summary()
    resting = asymptotic_phase(CLOCK, cycle(), [0.0, 0.0], max_periods=5)
    assert resting.result == ds.RESULTS.not_converged
    assert "None of 1" in resting.summary()


def test_in_three_dimensions():
    """A third variable that follows the clock without pushing it back changes no phase."""

    def field(t: Any, y: Any, p: Any) -> Any:
        return jnp.append(CLOCK.vector_field(t, y[:2], None), y[0] - 0.8 * y[2])

    system = ds.flow(field, [1.0, 0.1, 0.0])
    orbit = periodic_orbit(system)
    states = np.array([[0.2, 1.5, 3.0], [-2.0, 0.3, -1.0], [0.1, -0.1, 0.5]])
    found = asymptotic_phase(system, orbit, states)
    assert found.waited.max() > 3  # it forgets more slowly than the clock
    assert np.all(apart(found.phases, exact_phase(states) - exact_phase(orbit.states[0])) < 2e-9)


def test_what_is_refused():
    edge = periodic_orbit(CLOCK, [3.0, 0.0], period=2 * np.pi / 3.6)
    with pytest.raises(InputError, match="stable cycle"):
        asymptotic_phase(CLOCK, edge, [2.0, 0.0])
    with pytest.raises(InputError, match="2 components"):
        asymptotic_phase(CLOCK, cycle(), [1.0, 0.0, 0.0])
    with pytest.raises(InputError, match="not finite"):
        asymptotic_phase(CLOCK, cycle(), [1.0, np.nan])
    with pytest.raises(InputError, match="`tol`"):
        asymptotic_phase(CLOCK, cycle(), [1.0, 0.0], tol=0.0)
