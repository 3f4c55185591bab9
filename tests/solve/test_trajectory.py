"""The host driver: chunks, interrupts, checks of what is given, transformations."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import dynascope as ds
from dynascope import solve
from dynascope._tree import astype
from dynascope.solve import RK4, Dop853, Euler, EulerMaruyama, GridEvents, Kvaerno5, LocatedEvents, Tsit5, _trajectory
from tests.solve.known import Ball, Clocks, Echo, explosion, rotation

TIMES = np.linspace(0.0, 4.0, 41)


def chunky(name: str) -> dict[str, Any]:
    """A run of each kind: arguments of `trajectory`."""
    key = jax.random.key(3)
    return {
        "fixed": {"system": ds.build("lorenz"), "ts": TIMES, "solver": RK4(0.01)},
        "uneven": {"system": ds.build("lorenz"), "ts": TIMES**2 / 4, "solver": RK4(0.01)},
        "adaptive": {"system": ds.build("lorenz"), "ts": TIMES, "solver": Tsit5()},
        "map": {"system": ds.build("henon"), "ts": np.arange(0, 123, 3)},
        "random map": {"system": ds.build("asynchronous-hopfield"), "ts": np.arange(41), "key": key},
        "noise": {"system": ds.build("ornstein-uhlenbeck"), "ts": TIMES, "solver": EulerMaruyama(0.03), "key": key},
        "located": {"system": Clocks(), "ts": TIMES, "solver": LocatedEvents(RK4(0.07))},
        "grid": {"system": Clocks(), "ts": TIMES, "solver": GridEvents(RK4(0.07))},
        "delay": {"system": Echo(), "ts": TIMES, "solver": RK4(0.07)},
    }[name]


@pytest.mark.parametrize(
    "name", ["fixed", "uneven", "adaptive", "map", "random map", "noise", "located", "grid", "delay"]
)
def test_chunks_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = chunky(name)
    system, ts = arguments.pop("system"), arguments.pop("ts")
    whole = ds.trajectory(system, None, ts, **arguments)
    monkeypatch.setattr(_trajectory, "_CHUNK", 7 * ds.systems.dimension(system))
    calls = []
    advance = _trajectory._advance

    def counted(run: Any, chunk: Any, count: Any) -> Any:
        calls.append(len(chunk[0]))
        return advance(run, chunk, count)

    monkeypatch.setattr(_trajectory, "_advance", counted)
    parts = ds.trajectory(system, None, ts, **arguments)
    assert calls == [7, 7, 7, 7, 7, 5]
    np.testing.assert_array_equal(parts.ts, whole.ts)
    np.testing.assert_array_equal(parts.flat, whole.flat)
    if whole.events is not None:
        assert parts.events is not None
        np.testing.assert_array_equal(parts.events.times, whole.events.times)
        np.testing.assert_array_equal(parts.events.surfaces, whole.events.surfaces)


def test_long_work_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few outputs with many steps between them still leave room for an interrupt."""
    monkeypatch.setattr(_trajectory, "_WORK", 2 * 100 * 10)
    calls = []
    advance = _trajectory._advance
    monkeypatch.setattr(_trajectory, "_advance", lambda *a: calls.append(len(a[1][0])) or advance(*a))
    ds.trajectory(rotation(), None, np.arange(21.0), solver=RK4(0.01))
    assert calls == [10, 10]


@pytest.mark.parametrize("progress", [False, True])
def test_interrupt_keeps_what_is_done(progress: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_trajectory, "_CHUNK", 20)
    done = []
    advance = _trajectory.Progress.advance

    def impatient(self: Any, units: int) -> None:
        advance(self, units)
        done.append(units)
        if sum(done) >= 20:
            raise KeyboardInterrupt

    monkeypatch.setattr(_trajectory.Progress, "advance", impatient)
    run = ds.trajectory(rotation(), None, TIMES, progress=progress)
    assert run.result == ds.RESULTS.interrupted
    np.testing.assert_array_equal(run.ts, TIMES[:21])
    np.testing.assert_allclose(run.ys[:, 0], np.cos(TIMES[:21]), atol=1e-7)
    assert "kept" in run.summary()


def test_progress_goes_to_standard_error_only(capsys: pytest.CaptureFixture[str]) -> None:
    ds.trajectory(rotation(), None, TIMES, solver=RK4(0.1), progress=True)
    assert capsys.readouterr().out == ""


def test_one_time_gives_the_start() -> None:
    for system, key in [(rotation(), None), (ds.build("henon"), None), (Ball(), None), (Echo(), None)]:
        run = ds.trajectory(system, None, [0], key=key)
        assert run.successful
        np.testing.assert_array_equal(run.flat[0], ravel_pytree(system.initial_state())[0])


def test_trajectory_names_its_components() -> None:
    run = ds.trajectory(ds.build("leaky-integrate-and-fire"), None, [0.0, 20.0])
    data = run.to_xarray()
    assert data["V"].attrs["units"] == "mV"
    assert data["time"].attrs["units"] == "ms"
    assert data["event_times"].size == 1
    assert "1 variables at 2 times" in run.summary()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ts": []}, r"one-dimensional array of times, got shape \(0,\)\."),
        ({"ts": [[0.0, 1.0]]}, r"got shape \(1, 2\)"),
        ({"ts": 1.0}, r"got shape \(\)"),
        ({"ts": [0.0, np.nan]}, "must be finite, got nan"),
        ({"ts": [0.0, 1.0, 1.0]}, r"must increase, but `ts\[2\] = 1.0` follows `ts\[1\] = 1.0`"),
        ({"ts": [1.0, 0.0]}, "must increase"),
        ({"ts": ["a", "b"]}, "real numbers"),
        ({"ts": [0, 1j]}, "real numbers"),
        ({"y0": [1.0]}, r"shape \(3,\), got \(1,\)|sequence of 3 numbers"),
        ({"y0": np.ones(4)}, r"must have shape \(3,\), got \(4,\)"),
        ({"y0": [1.0, np.inf, 0.0]}, "must be finite"),
        ({"y0": np.array([1j, 0, 0])}, "is real, got complex"),
        ({"y0": {"x": 1.0}}, "structure"),
        ({"y0": [1.0, "a", 0.0]}, "structure"),
        ({"y0": lambda t: jnp.ones(3)}, "has no memory: it is a flow"),
        ({"inputs": 1.0}, "takes no input"),
        ({"solver": RK4}, r"Build one: `RK4\(...\)`"),
        ({"solver": "RK4"}, "`str` cannot step `Lorenz`, which is a flow. Use `RK4"),
        ({"solver": EulerMaruyama(0.1)}, "`EulerMaruyama` cannot step `Lorenz`"),
        ({"solver": LocatedEvents(RK4(0.1))}, "`LocatedEvents` cannot step `Lorenz`"),
        ({"system": 3}, "`int` is not a system"),
        ({"system": ds.models.Lorenz}, r"`Lorenz` is a class, not a system. Build one: `Lorenz\(\)`"),
        ({"system": ds.build("henon"), "ts": [0, 0.5]}, r"whole step numbers, got 0.5. Use `jnp.arange\(steps\)`"),
        ({"system": ds.build("henon"), "solver": RK4(0.1)}, "A map needs no solver, got `RK4`"),
        ({"system": ds.build("ornstein-uhlenbeck")}, "needs a random key"),
        ({"system": ds.build("mackey-glass"), "solver": Tsit5()}, "a fixed-step method such as"),
        ({"system": ds.build("leaky-integrate-and-fire"), "inputs": [1.0, 2.0]}, r"takes 1 input channel"),
    ],
)
def test_wrong_use_is_refused(arguments: dict[str, Any], message: str) -> None:
    given = {"system": ds.build("lorenz"), "y0": None, "ts": [0.0, 1.0]} | arguments
    with pytest.raises(ds.InputError, match=message):
        ds.trajectory(given.pop("system"), given.pop("y0"), given.pop("ts"), **given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RK4(0.0), r"The step `dt` of `RK4` must be a positive number, got 0"),
        (lambda: Euler(-0.1), "`Euler` must be a positive number"),
        (lambda: EulerMaruyama(float("nan")), "`EulerMaruyama` must be a positive number"),
        (lambda: Tsit5(rtol=0.0, atol=0.0), "not both 0"),
        (lambda: Dop853(rtol=2.0), r"`rtol` in \[0, 1\)"),
        (lambda: Kvaerno5(max_steps=0), "`max_steps` of `Kvaerno5` must be at least 1, got 0"),
    ],
)
def test_impossible_solvers_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ds.InputError, match=message):
        make()


@pytest.mark.parametrize(
    "y0", [[1, 1, 15], np.array([1, 1, 15]), jnp.array([1, 1, 15]), np.array([1, 1, 15], np.float32)]
)
def test_any_type_of_number_starts_a_run(y0: Any) -> None:
    lorenz = ds.build("lorenz")
    run = ds.trajectory(lorenz, y0, [0.0, 0.5], solver=RK4(0.01))
    assert run.ys.dtype == np.float64
    np.testing.assert_array_equal(run.ys, ds.trajectory(lorenz, [1.0, 1.0, 15.0], [0.0, 0.5], solver=RK4(0.01)).ys)


def test_single_precision_maps_take_inputs() -> None:
    cell = astype(ds.build("rnn"), jnp.float32)
    run = ds.trajectory(cell, None, np.arange(4), inputs=np.ones(cell.input_size() or 0))
    assert run.flat.dtype == np.float32


# Under transformations the trajectory is a pure function.


def end(rho: Any, solver: Any = None) -> Any:
    lorenz = ds.build("lorenz").replace(rho=rho)
    return ds.trajectory(lorenz, None, np.linspace(0.0, 0.5, 6), solver=solver or RK4(0.01)).ys[-1]


def test_jit_and_vmap_agree_with_the_host() -> None:
    rhos = jnp.array([20.0, 28.0, 35.0])
    host = np.stack([end(rho) for rho in rhos])
    np.testing.assert_allclose(jax.vmap(end)(rhos), host, rtol=1e-13)
    np.testing.assert_allclose(jax.jit(end)(28.0), host[1], rtol=1e-13)
    np.testing.assert_allclose(jax.vmap(lambda r: end(r, Tsit5()))(rhos), host, rtol=1e-4)
    starts = jnp.array([[1.0, 1.0, 15.0], [2.0, 0.0, 20.0]])
    lorenz = ds.build("lorenz")
    many = jax.vmap(lambda y: ds.trajectory(lorenz, y, np.linspace(0.0, 0.5, 6), solver=RK4(0.01)).ys[-1])(starts)
    np.testing.assert_allclose(many[0], host[1], rtol=1e-13)


def test_gradient_equals_finite_differences() -> None:
    def loss(rho: Any) -> Any:
        return jnp.sum(end(rho) ** 2)

    step = 1e-5
    slope = (loss(28.0 + step) - loss(28.0 - step)) / (2 * step)
    assert float(jax.grad(loss)(28.0)) == pytest.approx(float(slope), rel=1e-7)


@pytest.mark.parametrize("solver", [Tsit5(1e-11, 1e-12), Dop853()], ids=lambda s: type(s).__name__)
def test_forward_derivative_through_error_control(solver: Any) -> None:
    exact = jax.jvp(lambda r: end(r, RK4(0.001)), (28.0,), (1.0,))[1]
    np.testing.assert_allclose(jax.jvp(lambda r: end(r, solver), (28.0,), (1.0,))[1], exact, rtol=1e-5)


def test_vmap_over_keys_and_steps() -> None:
    noise = ds.build("ornstein-uhlenbeck")
    keys = jax.random.split(jax.random.key(0), 3)
    many = jax.vmap(lambda k: ds.trajectory(noise, None, TIMES, key=k, solver=EulerMaruyama(0.1)).ys)(keys)
    one = ds.trajectory(noise, None, TIMES, key=keys[1], solver=EulerMaruyama(0.1)).ys
    np.testing.assert_allclose(many[1], one, rtol=1e-12)
    steps = jax.vmap(lambda h: ds.trajectory(rotation(), None, TIMES, solver=RK4(h)).ys[-1, 0])(jnp.array([0.1, 0.01]))
    np.testing.assert_allclose(steps, np.cos(4.0), atol=1e-5)


def test_failure_under_vmap_is_a_code_and_nan() -> None:
    runs = jax.vmap(lambda y: ds.trajectory(explosion(), y, np.linspace(0.0, 2.0, 5)))(jnp.array([[0.1], [1.0]]))
    assert runs.count.tolist() == [5, 3] or runs.count.tolist() == [5, 2]
    assert bool((runs.result == ds.RESULTS.successful)[0])
    assert bool((runs.result == ds.RESULTS.nonfinite)[1])
    assert np.all(np.isnan(runs.ys[1, int(runs.count[1]) :]))


def test_traced_runs_are_checked_too() -> None:
    with pytest.raises(ds.InputError, match="must increase"):
        jax.jit(lambda y: ds.trajectory(rotation(), y, [1.0, 0.0]).ys)(jnp.ones(2))
    with pytest.raises(ds.InputError, match="plain number"):
        jax.vmap(lambda h: ds.trajectory(Echo(), None, [0.0, 1.0], solver=RK4(h)).ys)(jnp.array([0.1, 0.2]))


def test_integrate_needs_a_solver() -> None:
    with pytest.raises(ds.InputError, match="`NoneType` cannot step"):
        solve.integrate(rotation(), jnp.ones(2), jnp.array([0.0, 1.0]))
