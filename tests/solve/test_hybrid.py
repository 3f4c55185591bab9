"""Events against closed forms, Zeno behaviour, overflow, and derivatives through resets."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.solve import RK4, Euler, GridEvents, LocatedEvents
from tests.solve.known import Ball, Clocks, bounces


@pytest.mark.parametrize("I", [1.6, 2.0, 5.0])
def test_interspike_interval_of_the_default_solver(I: float) -> None:  # noqa: E741
    neuron = ds.build("leaky-integrate-and-fire").replace(I=I, V_reset=-70.0)
    drive = 10.0 * I - 65.0
    exact = 10 * np.log((drive + 70) / (drive + 50))
    run = ds.trajectory(neuron, None, [0.0, 10.5 * exact])
    assert run.events is not None
    assert int(run.events.count) == 10
    np.testing.assert_allclose(run.events.of(0), exact * np.arange(1, 11), rtol=1e-9)
    np.testing.assert_allclose(np.diff(run.events.of(0)), exact, rtol=1e-9)


def test_state_between_and_after_events_is_exact() -> None:
    neuron = ds.build("leaky-integrate-and-fire")
    ts = np.linspace(0.0, 60.0, 301)
    period = 10 * np.log(4)
    run = ds.trajectory(neuron, None, ts)
    np.testing.assert_allclose(run.ys[:, 0], -45 - 20 * np.exp(-(ts % period) / 10), atol=1e-8)


@pytest.mark.parametrize("e", [1.0, 0.8, 0.3, 0.02])
def test_ball_bounces_on_time(e: float) -> None:
    """Steps of a parabola are exact; each reset leaves the ball on the surface, which is no second event."""
    expected = bounces(e, 6)
    end = expected[-1] + 0.3 * (expected[-1] - expected[-2]) * e
    run = ds.trajectory(Ball(e=e), None, [0.0, end], solver=LocatedEvents(RK4(0.1)))
    assert run.events is not None
    np.testing.assert_allclose(run.events.of(0), expected, rtol=1e-12)
    assert run.ys[-1, 0] > 0


def test_many_bounces_keep_the_energy() -> None:
    run = ds.trajectory(Ball(e=1.0), None, np.linspace(0.0, 30.0, 61), solver=LocatedEvents(RK4(0.1)))
    np.testing.assert_allclose(run.ys[:, 1] ** 2 / 2 + 10 * run.ys[:, 0], 10, rtol=1e-11)


def test_accumulating_bounces_are_zeno() -> None:
    ts = np.linspace(0.0, 5.0, 51)
    run = ds.trajectory(Ball(), None, ts, solver=LocatedEvents(RK4(0.1)), throw=False)
    accumulation = np.sqrt(0.2) * (1 + 2 * 0.8 / 0.2)
    assert run.result == ds.RESULTS.zeno
    assert run.ts[-1] <= accumulation < run.ts[-1] + 0.1
    assert np.all(np.isfinite(run.ys))
    assert run.events is not None
    assert run.events.of(0)[-1] == pytest.approx(accumulation, abs=1e-9)
    np.testing.assert_allclose(run.events.of(0)[:30], bounces(0.8, 30), rtol=1e-10)


def test_reset_beyond_the_threshold_is_zeno() -> None:
    neuron = ds.build("leaky-integrate-and-fire").replace(V_reset=-40.0)
    with pytest.raises(ds.ComputationFailed, match="Zeno"):
        ds.trajectory(neuron, [-65.0], [0.0, 100.0])


def test_overflow_is_a_code() -> None:
    solver = LocatedEvents(RK4(0.1), max_events=3)
    run = ds.trajectory(ds.build("leaky-integrate-and-fire"), None, np.linspace(0, 100, 21), solver=solver, throw=False)
    assert run.result == ds.RESULTS.event_overflow
    assert run.events is not None
    assert int(run.events.count) == 3
    assert run.ts[-1] == 55.0  # the fourth event is at 55.45
    with pytest.raises(ds.ComputationFailed, match="Raise `max_events`"):
        ds.trajectory(
            ds.build("leaky-integrate-and-fire"), None, [0.0, 100.0], solver=GridEvents(RK4(0.1), max_events=3)
        )


def test_exactly_full_list_is_no_overflow() -> None:
    solver = LocatedEvents(RK4(0.1), max_events=3)
    run = ds.trajectory(ds.build("leaky-integrate-and-fire"), None, [0.0, 50.0], solver=solver)
    assert run.events is not None
    assert run.events.times.shape == (3,)


def test_several_surfaces_fire_together_and_apart() -> None:
    run = ds.trajectory(Clocks(), None, [0.0, 5.05], solver=LocatedEvents(Euler(0.3)))
    assert run.events is not None
    for i, rate in enumerate([1.0, 2.0, 0.7]):
        expected = np.arange(1, int(5.05 * rate) + 1) / rate
        np.testing.assert_allclose(run.events.of(i), expected, rtol=1e-12)
    times = np.asarray(run.events.times)[: int(run.events.count)]
    assert np.all(np.diff(times) >= -1e-12)
    np.testing.assert_allclose(run.ys[-1], [0.05, 0.1, 5.05 * 0.7 - 3], atol=1e-12)


def test_many_events_within_one_step_are_not_zeno() -> None:
    clocks = Clocks(rates=jnp.array([30.0, 41.0, 53.0]))
    run = ds.trajectory(clocks, None, [0.0, 1.01], solver=LocatedEvents(Euler(1.0)))
    assert run.events is not None
    assert [run.events.of(i).size for i in range(3)] == [30, 41, 53]


def test_start_beyond_the_threshold_fires_at_once() -> None:
    run = ds.trajectory(ds.build("leaky-integrate-and-fire"), [-40.0], [0.0, 1.0])
    assert run.events is not None
    np.testing.assert_array_equal(run.events.of(0), [0.0])


def test_start_on_a_surface_is_an_event_only_if_rising() -> None:
    rising = ds.trajectory(Ball(), [0.0, -1.0], [0.0, 0.05], solver=LocatedEvents(RK4(0.01)))
    falling = ds.trajectory(Ball(), [0.0, 1.0], [0.0, 0.05], solver=LocatedEvents(RK4(0.01)))
    assert rising.events is not None
    assert falling.events is not None
    assert (int(rising.events.count), int(falling.events.count)) == (1, 0)


@pytest.mark.parametrize("dt", [0.1, 0.02])
def test_grid_events_are_late_by_at_most_a_step(dt: float) -> None:
    neuron = ds.build("leaky-integrate-and-fire")
    run = ds.trajectory(neuron, None, [0.0, 50.0], solver=GridEvents(RK4(dt)))
    assert run.events is not None
    intervals = np.diff(run.events.of(0))
    exact = 10 * np.log(4)
    assert np.all((intervals >= exact - 1e-9) & (intervals <= exact + dt))
    ball = ds.trajectory(Ball(), None, [0.0, 2.0], solver=GridEvents(RK4(dt / 100)))
    assert ball.events is not None
    np.testing.assert_allclose(ball.events.of(0), bounces(0.8, 3), atol=3 * dt / 100)


@pytest.mark.parametrize(("name", "value"), [("I", 2.0), ("V_reset", -65.0), ("tau", 10.0)])
def test_derivative_through_resets(name: str, value: float) -> None:
    """Saltation: states and event times move with parameters as finite differences say."""
    neuron = ds.build("leaky-integrate-and-fire")

    def run(p: Any) -> tuple[Any, Any]:
        found = ds.trajectory(
            neuron.replace(**{name: p}), jnp.array([-60.0]), [0.0, 33.0, 47.0], solver=LocatedEvents(RK4(0.1))
        )
        assert found.events is not None
        return found.ys[1:], found.events.times[:3]

    step = 1e-5
    slopes = [(b - a) / (2 * step) for a, b in zip(run(value - step), run(value + step), strict=True)]
    moved = jax.jvp(run, (value,), (1.0,))[1]
    for ours, theirs in zip(moved, slopes, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_jacobian_of_the_ball_through_a_bounce() -> None:
    def end(y: Any) -> Any:
        return ds.trajectory(Ball(), y, [0.0, 1.0], solver=LocatedEvents(RK4(0.05))).ys[-1]

    y, step = np.array([1.0, 0.3]), 1e-6
    columns = [(end(y + step * e) - end(y - step * e)) / (2 * step) for e in np.eye(2)]
    jacobian = jax.jacfwd(end)(jnp.asarray(y))
    np.testing.assert_allclose(jacobian, np.array(columns).T, rtol=1e-6)
    assert np.linalg.det(jacobian) == pytest.approx(0.64, rel=1e-9)  # contracts by e at position and velocity


def test_vmap_over_neurons_equals_single_runs() -> None:
    neuron = ds.build("izhikevich")
    ts = np.linspace(0.0, 100.0, 3)
    currents = jnp.array([0.0, 6.0, 12.0])

    def count(I: Any) -> Any:  # noqa: E741
        run = ds.trajectory(neuron.replace(I=I), None, ts)
        assert run.events is not None
        return run.events.count, run.ys[-1]

    counts, ends = jax.vmap(count)(currents)
    for i, current in enumerate(currents):
        alone, end = count(float(current))
        assert int(alone) == int(counts[i])
        np.testing.assert_allclose(ends[i], end, rtol=1e-9)
    assert counts[0] == 0
    assert counts[1] < counts[2]
