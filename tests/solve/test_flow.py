"""Fixed-step and adaptive methods against exact solutions and scipy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynascope as ds
from dynascope import solve
from dynascope._tree import astype
from dynascope.models.canonical import Lorenz
from dynascope.solve import RK4, AbstractAdaptive, AbstractFixedStep, Dop853, Euler, Heun, Layout, Tsit5
from dynascope.solve._runge_kutta import rk_step
from tests.solve.known import explosion, pendulum_like, rotation

FIXED: list[tuple[type[Any], int]] = [(Euler, 1), (Heun, 2), (RK4, 4)]
TABLEAUS = [Euler.tableau, Heun.tableau, RK4.tableau, Tsit5.tableau, Dop853.tableau]


def slope(steps: Any, errors: Any) -> float:
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


@pytest.mark.parametrize(("method", "order"), FIXED)
def test_order_of_fixed_steps(method: Any, order: int) -> None:
    steps = np.array([0.05, 0.025, 0.0125, 0.00625])
    ends = [ds.trajectory(pendulum_like(), None, [0.0, 2.0], solver=method(h)).ys[-1, 0] for h in steps]
    assert slope(steps, np.abs(np.array(ends) - 0.2)) == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize("tableau", TABLEAUS, ids=lambda t: t.name)
def test_order_and_consistency_of_the_tableau(tableau: Any) -> None:
    """The step of every method, also of the adaptive ones, at its order; stages at the row sums."""
    assert sum(tableau.b) == pytest.approx(1, abs=1e-14)
    for c, row in zip(tableau.c, tableau.a, strict=True):
        assert sum(row) == pytest.approx(c, abs=1e-14)
    for estimate in (tableau.e, tableau.e2):
        assert estimate is None or sum(estimate) == pytest.approx(0, abs=1e-14)
    counts = np.array([12, 16, 24, 32]) if tableau.order > 5 else np.array([100, 200, 400, 800])

    @jax.jit
    def end(count: Any) -> Any:
        h = 10.0 / count

        def step(i: Any, y: Any) -> Any:
            return rk_step(lambda t, c: jnp.stack([c[1], -c[0] * c[2], jnp.cos(t)]), tableau, i * h, y, h=h)

        return jax.lax.fori_loop(0, count, step, jnp.array([1.0, 0.0, 1.0]))

    exact = ds.trajectory(
        ds.flow(lambda t, y, p: jnp.stack([y[1], -y[0] * y[2], jnp.cos(t)]), [1.0, 0.0, 1.0]),
        None,
        [0.0, 10.0],
        solver=RK4(5e-4),
    ).ys[-1]
    errors = [float(np.linalg.norm(end(int(n)) - exact)) for n in counts]
    assert slope(10.0 / counts, errors) == pytest.approx(tableau.order, abs=0.4)


@pytest.mark.parametrize("method", [Tsit5, Dop853])
def test_error_follows_the_tolerance(method: Any) -> None:
    tolerances = 10.0 ** -np.arange(5, 12, 2)
    ends = [
        ds.trajectory(pendulum_like(), None, [0.0, 2.0], solver=method(rtol=tol, atol=tol)).ys[-1, 0]
        for tol in tolerances
    ]
    errors = np.abs(np.array(ends) - 0.2)
    assert np.all(errors < 10 * tolerances)
    assert errors[-1] < 1e-3 * errors[0]


@pytest.mark.parametrize("solver", [RK4(2e-4), Tsit5(1e-12, 1e-13), Dop853()], ids=lambda s: type(s).__name__)
def test_agrees_with_scipy(solver: Any) -> None:
    lorenz = ds.build("lorenz")
    ts = np.linspace(0.0, 2.0, 11)
    theirs = solve_ivp(
        lambda t, y: [10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]],
        (0, 2),
        [1.0, 1.0, 15.0],
        method="DOP853",
        t_eval=ts,
        rtol=1e-13,
        atol=1e-13,
    )
    ours = ds.trajectory(lorenz, None, ts, solver=solver)
    assert np.max(np.abs(ours.ys - theirs.y.T)) < 1e-10


@pytest.mark.parametrize("solver", [RK4(0.01), Tsit5()], ids=lambda s: type(s).__name__)
def test_uneven_times_equal_even_ones(solver: Any) -> None:
    ts = np.array([0.0, 0.013, 0.5, 0.51, 2.0, 3.0])
    run = ds.trajectory(rotation(), None, ts, solver=solver)
    assert run.ys.shape == (6, 2)
    np.testing.assert_allclose(run.ys[:, 0], np.cos(ts), atol=2e-8)
    np.testing.assert_allclose(run.ys[:, 1], -np.sin(ts), atol=2e-8)


def test_start_time_is_respected() -> None:
    ts = np.array([1.0, 2.0, 3.5])
    run = ds.trajectory(pendulum_like(), [0.5], ts)
    np.testing.assert_allclose(run.ys[:, 0], 1 / (1 + ts**2), atol=1e-8)


def test_step_never_exceeds_dt() -> None:
    """An interval that is no multiple of `dt` is cut into equal, shorter steps."""
    run = ds.trajectory(rotation(), None, [0.0, 0.25], solver=RK4(0.1))
    equal = ds.trajectory(rotation(), None, [0.0, 0.25], solver=RK4(0.25 / 3))
    np.testing.assert_array_equal(run.ys, equal.ys)


@pytest.mark.parametrize("system", ["lorenz", "hodgkin-huxley"])
def test_layouts_agree(system: str) -> None:
    ts = np.linspace(0.0, 1.0, 3)
    runs = [
        ds.trajectory(ds.build(system), None, ts, solver=RK4(0.01, Layout(scalars))).ys for scalars in (True, False)
    ]
    for a, b in zip(jax.tree.leaves(runs[0]), jax.tree.leaves(runs[1]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("solver", [RK4(0.01), Tsit5(), Dop853()], ids=lambda s: type(s).__name__)
def test_single_precision_stays(solver: Any) -> None:
    run = ds.trajectory(astype(rotation(), jnp.float32), None, np.linspace(0.0, 1.0, 3), solver=solver)
    assert run.ys.dtype == np.float32
    assert run.successful
    np.testing.assert_allclose(run.ys[:, 0], np.cos(run.ts), atol=1e-5)


@pytest.mark.parametrize("solver", [RK4(0.01), Tsit5(), Dop853()], ids=lambda s: type(s).__name__)
def test_divergence_is_a_code(solver: AbstractFixedStep | AbstractAdaptive) -> None:
    ts = np.linspace(0.0, 2.0, 21)
    run = ds.trajectory(explosion(), None, ts, solver=solver, throw=False)
    assert run.result == ds.RESULTS.nonfinite
    assert not run.successful
    assert 9 <= len(run.ts) <= 12
    assert run.ys.shape == (len(run.ts), 1)
    assert int(run.count) == len(run.ts)
    assert np.all(np.isfinite(run.ys))
    np.testing.assert_allclose(run.ys[:8, 0], 1 / (1 - ts[:8]), rtol=1e-6)
    assert "infinite" in run.summary()
    with pytest.raises(ds.ComputationFailed, match="`trajectory` of `FunctionFlow`: The state became infinite"):
        ds.trajectory(explosion(), None, ts, solver=solver)


@pytest.mark.parametrize("method", [Tsit5, Dop853])
def test_max_steps_is_exact(method: Any) -> None:
    ts = [0.0, 3.0]
    needed = int(sum(ds.trajectory(rotation(), None, ts, solver=method()).stats[k] for k in ("steps", "rejected")))
    assert ds.trajectory(rotation(), None, ts, solver=method(max_steps=needed)).successful
    run = ds.trajectory(rotation(), None, ts, solver=method(max_steps=needed - 1), throw=False)
    assert run.result == ds.RESULTS.max_steps
    assert len(run.ts) == 1
    with pytest.raises(ds.ComputationFailed, match="Raise `max_steps`"):
        ds.trajectory(rotation(), None, ts, solver=method(max_steps=needed - 1))


def test_work_is_counted() -> None:
    stats = ds.trajectory(ds.build("van-der-pol"), None, [0.0, 30.0]).stats
    assert stats["steps"] > 50
    assert stats["rejected"] > 0
    assert 0 < stats["smallest_step"] < 0.5


@pytest.mark.parametrize("method", [Tsit5, Dop853])
def test_tangent_at_rest_is_finite(method: Any) -> None:
    """At an equilibrium the error estimate is nil, where its square root has no derivative."""
    decay = ds.flow(lambda t, y, p: -y, [0.0, 0.0])
    _, moved = jax.jvp(
        lambda y: ds.trajectory(decay, y, jnp.linspace(0, 1, 11), solver=method()).ys[-1],
        (jnp.zeros(2),),
        (jnp.array([1.0, 0.0]),),
    )
    np.testing.assert_allclose(moved, [np.exp(-1), 0], rtol=1e-6)


def test_derivative_by_the_last_time_is_the_velocity() -> None:
    lorenz = Lorenz()
    run = jax.jvp(lambda end: ds.trajectory(lorenz, None, jnp.stack([0.0, end])).ys[-1], (1.0,), (1.0,))
    np.testing.assert_allclose(run[1], lorenz.vector_field(1.0, run[0], None), rtol=1e-6)


def test_pilot_step_suits_the_system() -> None:
    fast = ds.flow(lambda t, y, p: 1000 * jnp.stack([y[1], -y[0]]), [1.0, 0.0])
    slow, quick = solve.step_for(rotation()), solve.step_for(fast)
    assert slow / quick == pytest.approx(1000, rel=0.2)
    end = ds.trajectory(rotation(), None, [0.0, 10.0], solver=RK4(slow)).ys[-1]
    np.testing.assert_allclose(end, [np.cos(10), -np.sin(10)], atol=1e-6)
