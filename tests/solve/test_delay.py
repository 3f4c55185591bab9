"""Delay flows against the method of steps done by hand."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.models.canonical import MackeyGlass
from dynascope.solve import RK4, Heun
from dynascope.solve.maps import history_map
from tests.solve.known import Echo, echo

TIMES = np.linspace(0.0, 4.0, 9)


def error(solver: Any, ts: Any = TIMES) -> float:
    run = ds.trajectory(Echo(), None, ts, solver=solver)
    return float(np.max(np.abs(run.ys[:, 0] - echo(np.asarray(ts)))))


def test_solution_by_hand_is_right() -> None:
    """The reference itself: y = 1 - t on [0, 1], and y'(t) = -y(t - 1) by differences."""
    np.testing.assert_allclose(echo(np.array([0.25, 1.0])), [0.75, 0.0], atol=1e-15)
    t = np.linspace(1.1, 3.9, 15)
    np.testing.assert_allclose((echo(t + 1e-5) - echo(t - 1e-5)) / 2e-5, -echo(t - 1), atol=1e-9)


@pytest.mark.parametrize(("method", "least"), [(RK4, 3.5), (Heun, 1.9)])
def test_order_where_the_delay_is_a_multiple_of_the_step(method: Any, least: float) -> None:
    """RK4 is exact on the first polynomials, so the order shows late."""
    ts = np.linspace(0.0, 9.0, 10)
    steps = np.array([0.2, 0.1, 0.05])
    errors = [error(method(h), ts) for h in steps]
    assert errors[-1] < 1e-3
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] > least


def test_kink_at_the_start_costs_nothing() -> None:
    """Just before the start the history is flat, just after it falls: the interpolation must know both slopes."""
    assert error(RK4(0.1), [0.0, 0.95, 1.0, 1.5, 2.0]) < 1e-12


def test_unaligned_step_still_converges() -> None:
    steps = np.array([0.07, 0.035, 0.0175])
    assert np.polyfit(np.log(steps), np.log([error(RK4(h)) for h in steps]), 1)[0] > 1.7


def test_output_times_are_free_of_the_step() -> None:
    ts = np.array([0.0, 0.123, 1.777, 2.0, 3.99])
    assert error(RK4(0.05), ts) < 1e-7


def test_history_as_a_function() -> None:
    """y' = -y(t - pi/2) from y = cos on the past: the solution stays cos."""
    system = Echo(tau=np.pi / 2, max_delay=2.0)
    run = ds.trajectory(system, lambda t: jnp.cos(t)[None], TIMES, solver=RK4(np.pi / 200))
    np.testing.assert_allclose(run.ys[:, 0], np.cos(TIMES), atol=1e-8)


def test_derivative_by_the_delay() -> None:
    system = Echo(max_delay=2.0)

    def end(tau: Any) -> Any:
        return ds.trajectory(system.replace(tau=tau), lambda t: jnp.cos(t)[None], [0.0, 3.0], solver=RK4(0.02)).ys[
            -1, 0
        ]

    step = 1e-4
    slope = (end(1.57 + step) - end(1.57 - step)) / (2 * step)
    assert float(jax.jvp(end, (1.57,), (1.0,))[1]) == pytest.approx(float(slope), rel=1e-3)


def test_long_ring_wraps_around() -> None:
    """Hundreds of delays with a ring of a few dozen entries: the slow decay at its known rate."""
    system = Echo(tau=0.3, max_delay=0.3)
    ys = ds.trajectory(system, None, [0.0, 40.0, 80.0], solver=RK4(0.01)).ys[:, 0]
    rate = np.log(ys[2] / ys[1]) / 40
    exact = -1.6313413  # the leading root of s = -exp(-0.3 s)
    assert exact + np.exp(-0.3 * exact) == pytest.approx(0, abs=1e-6)
    assert rate == pytest.approx(exact, rel=1e-6)


def test_mackey_glass_converges_and_stays_in_its_bounds() -> None:
    system = MackeyGlass()
    ts = np.linspace(0.0, 60.0, 7)
    rough, fine = (ds.trajectory(system, None, ts, solver=RK4(h)).ys for h in (0.1, 0.05))
    assert np.max(np.abs(rough - fine)) < 1e-6
    long = ds.trajectory(system, None, np.linspace(0.0, 1000.0, 1001)).ys[200:, 0]
    assert 0.2 < long.min() < 0.5
    assert 1.2 < long.max() < 1.4


def test_history_map_continues_the_trajectory() -> None:
    """From a smooth stretch of the solution, one step of the map is the next stretch."""
    system = MackeyGlass()
    span, nodes = 17.0, 171
    ts = 100.0 + np.linspace(0.0, 2 * span, 2 * nodes - 1)
    run = ds.trajectory(system, None, np.concatenate([[0.0], ts]), solver=RK4(0.1)).ys[1:]
    step = history_map(system, nodes, span=span).step(0, jnp.asarray(run[:nodes]), None)
    np.testing.assert_allclose(step, run[nodes - 1 :], atol=1e-6)


def test_history_map_refuses_nonsense() -> None:
    with pytest.raises(ds.InputError, match="needs a delay flow; `Lorenz` is a flow"):
        history_map(ds.build("lorenz"), 50)  # type: ignore[arg-type]
    with pytest.raises(ds.InputError, match="at least 6 nodes"):
        history_map(MackeyGlass(), 5)
