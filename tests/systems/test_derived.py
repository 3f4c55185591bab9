"""Operations on systems that return systems."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import dynascope as ds
from dynascope.models.canonical import Henon, Lorenz, MackeyGlass, OrnsteinUhlenbeck
from dynascope.models.neurons import FitzHughNagumo, LeakyIntegrateAndFire
from dynascope.solve import RK4
from dynascope.systems import (
    Box,
    Sine,
    closed_loop,
    coupled,
    driven,
    kind,
    noisy,
    projected,
    reversed_time,
    state_variables,
    tangent,
)

TS = np.linspace(0.0, 2.0, 5)


def flat(y: Any) -> Any:
    return ravel_pytree(y)[0]


def test_reversed_time_undoes_the_flow() -> None:
    there = ds.trajectory(Lorenz(), None, [0.0, 0.5], solver=RK4(0.001)).ys[-1]
    back = ds.trajectory(reversed_time(Lorenz()), there, [0.0, 0.5], solver=RK4(0.001)).ys[-1]
    np.testing.assert_allclose(back, Lorenz().initial_state(), atol=1e-7)
    forced = ds.flow(lambda t, y, p: jnp.cos(t) + 0 * y, [0.0])
    run = ds.trajectory(reversed_time(forced), [np.sin(3.0)], [-3.0, 0.0], solver=RK4(0.01))
    np.testing.assert_allclose(run.ys[-1], [0.0], atol=1e-9)


@pytest.mark.parametrize(("system", "ts"), [(Lorenz(), np.array([0.0, 0.7])), (Henon(), np.array([0, 9]))])
def test_tangent_vectors_are_derivatives_of_the_flow(system: Any, ts: Any) -> None:
    solver = RK4(0.001) if kind(system) == "flow" else None

    def end(y: Any) -> Any:
        return ds.trajectory(system, y, ts, solver=solver).ys[-1]

    moved = ds.trajectory(tangent(system, 2), None, ts, solver=solver).ys
    start = np.asarray(system.initial_state())
    np.testing.assert_allclose(moved.y[-1], end(start), rtol=1e-12)
    for i in range(2):
        step = 1e-6 * np.eye(len(start))[i]
        np.testing.assert_allclose(moved.q[-1][:, i], (end(start + step) - end(start - step)) / 2e-6, rtol=1e-4)


def test_driven_system_is_the_system_with_input() -> None:
    neuron = FitzHughNagumo()
    signal = Sine(amplitude=0.3, period=7.0)
    inside = ds.trajectory(driven(neuron, signal), None, TS, solver=RK4(0.01))
    outside = ds.trajectory(neuron, None, TS, inputs=signal, solver=RK4(0.01))
    np.testing.assert_array_equal(inside.flat, outside.flat)
    assert float(driven(neuron, signal).forcing_period()) == 7.0
    assert driven(neuron, signal).input_size() is None
    assert inside.names == outside.names
    spiking = driven(LeakyIntegrateAndFire(I=0.0), 2.0)
    assert kind(spiking) == "hybrid"
    assert ds.trajectory(spiking, None, [0.0, 30.0]).events.count == 2  # type: ignore[union-attr]


def test_closed_loop_feeds_the_state_back() -> None:
    neuron = LeakyIntegrateAndFire(I=0.0, R=10.0)
    held = closed_loop(neuron, lambda t, y: -0.1 * (y + 60.0))  # one more conductance towards -60
    run = ds.trajectory(held, None, [0.0, 30.0])
    np.testing.assert_allclose(run.ys[-1], [-62.5 - 2.5 * np.exp(-6.0)], atol=1e-6)


def test_coupled_flows_synchronise() -> None:
    # Two neurons that pull at each other's voltage.
    pair = coupled(
        [FitzHughNagumo(), FitzHughNagumo()],
        lambda t, y: tuple(2.0 * (flat(b)[:1] - flat(a)[:1]) for a, b in (y, y[::-1])),
    )
    one = FitzHughNagumo()
    start = (one.initial_state(), jax.tree.map(lambda leaf: leaf + 0.5, one.initial_state()))
    run = ds.trajectory(pair, start, np.linspace(0.0, 200.0, 5))
    d = run.flat.shape[1] // 2
    assert np.max(np.abs(run.flat[-1, :d] - run.flat[-1, d:])) < 1e-6
    names = [v.name for v in state_variables(pair)]
    assert len(set(names)) == len(names)
    assert names[0].endswith("_0")
    assert names[-1].endswith("_1")


def test_uncoupled_parts_move_on_their_own() -> None:
    both = coupled([Lorenz(), Lorenz(rho=10.0)], lambda t, y: (None, None))
    run = ds.trajectory(both, None, TS, solver=RK4(0.01))
    np.testing.assert_allclose(run.ys[0], ds.trajectory(Lorenz(), None, TS, solver=RK4(0.01)).ys, rtol=1e-9)
    assert both.typical_step() == 0.0025


def test_projected_shows_and_completes() -> None:
    seen = projected(Lorenz(), [0, 2])
    y = jnp.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(seen.observe(0.0, y, None), [1.0, 3.0])
    np.testing.assert_array_equal(seen.complete(jnp.array([7.0, 8.0])), [7.0, 1.0, 8.0])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(
        ds.trajectory(seen, None, TS, solver=RK4(0.01)).ys, ds.trajectory(Lorenz(), None, TS, solver=RK4(0.01)).ys
    )


def test_noise_strength_is_a_parameter() -> None:
    system = noisy(Lorenz(), 0.1)
    assert kind(system) == "sde"
    assert float(system.replace(sigma=0.3).sigma) == pytest.approx(0.3)
    assert float(system.replace(**{"system.rho": 20.0}).system.rho) == 20.0  # type: ignore[attr-defined]


def test_box_samples_fill_the_box() -> None:
    box = Box(jnp.array([-1.0, 10.0]), jnp.array([1.0, 30.0]))
    drawn = np.asarray(box.sample(jax.random.key(0), 2000))
    assert drawn.shape == (2000, 2)
    assert np.all((drawn >= [-1, 10]) & (drawn <= [1, 30]))
    np.testing.assert_allclose((drawn.mean(axis=0) - [0, 20]) / [1, 10], 0, atol=4 / np.sqrt(6000))
    tree = Box({"a": jnp.zeros(2), "b": jnp.zeros(())}, {"a": jnp.ones(2), "b": jnp.ones(())}).sample(
        jax.random.key(1), 3
    )
    assert tree["a"].shape == (3, 2)
    assert tree["b"].shape == (3,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: reversed_time(OrnsteinUhlenbeck()), "`reversed_time` works on a flow; `OrnsteinUhlenbeck` is a sde"),
        (lambda: reversed_time(Henon()), "`Henon` is a map"),  # type: ignore[arg-type]
        (lambda: noisy(MackeyGlass(), 0.1), "`MackeyGlass` is a delay flow"),  # type: ignore[arg-type]
        (lambda: noisy(Lorenz(), [0.1, 0.2]), r"`sigma` must be a number or have shape \(3,\)"),
        (lambda: tangent(Lorenz(), 4), "`vectors` must lie between 1 and the dimension 3, got 4"),
        (lambda: tangent(Lorenz(), 0), "got 0"),
        (lambda: projected(Lorenz(), [0, 3]), r"must lie in 0..2, got \[3\]"),
        (lambda: driven(Lorenz(), 1.0), "takes no input"),
        (lambda: driven(LeakyIntegrateAndFire(), [1.0, 2.0]), "1 input channel"),
        (lambda: closed_loop(Lorenz(), lambda t, y: y), "takes no input and would ignore it"),
        (lambda: closed_loop(LeakyIntegrateAndFire(), lambda t, y: y[0]), r"shape \(1,\), got \(\)"),
        (lambda: coupled([], lambda t, y: ()), "empty list"),
        (lambda: coupled([Lorenz(), Henon()], lambda t, y: (None, None)), "flows and maps together"),
        (lambda: coupled([Lorenz(), Lorenz()], lambda t, y: (None,)), "tuple of 2 inputs"),
        (lambda: coupled([Lorenz(), Lorenz()], lambda t, y: (y[1], None)), "would ignore it"),
    ],
)
def test_wrong_operations_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ds.InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rhoo": 1.0}, "has no parameter `rhoo`. It has: `sigma`, `rho`, `beta`"),
        ({"sigma": -1.0}, r"`sigma` must lie in \[0.0, inf\], got -1"),
        ({"rho": float("nan")}, "must be finite"),
        ({"rho": "big"}, "must be a number or an array, got 'big'"),
    ],
)
def test_wrong_replacements_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ds.InputError, match=message):
        Lorenz().replace(**changes)


def test_replacement_changes_a_copy() -> None:
    lorenz = Lorenz()
    assert float(lorenz.replace(rho=1).rho) == 1.0
    assert float(lorenz.rho) == 28.0
    with pytest.raises(ds.InputError, match="got shape"):
        ds.build("linear-flow").replace(A=np.ones((3, 3)))
