import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope import InputError
from dynascope.models.neurons import FitzHughNagumo, Izhikevich, LeakyIntegrateAndFire
from dynascope.solve import RK4, LocatedEvents, trajectory
from dynascope.solve.maps import event_map


def test_the_next_spike_of_a_leaky_neuron() -> None:
    mapped = event_map(LeakyIntegrateAndFire(I=2.0))
    time, after, found = mapped.returned(jnp.array([-58.0]), None)
    assert bool(found)
    assert float(time) == pytest.approx(10 * np.log((-45.0 + 58.0) / 5.0), abs=1e-9)
    assert float(after[0]) == -65.0


def test_repeated_it_gives_the_events_of_the_trajectory() -> None:
    neuron, solver = Izhikevich.preset("CH"), RK4(0.01)
    mapped = event_map(neuron, solver=solver)
    y, t, times = neuron.initial_state(), 0.0, []
    for _ in range(8):
        wait, y, _ = mapped.returned(y, None)
        t += float(wait)
        times.append(t)
    run = trajectory(neuron, None, jnp.array([0.0, t + 1.0]), solver=LocatedEvents(solver))
    assert np.allclose(times, np.asarray(run.events.times)[:8], atol=1e-7)  # type: ignore[union-attr]


def test_its_tangent_is_that_of_the_reset_and_the_event_time() -> None:
    # The recovery jumps by d at an event; the change of its value by the event time is in the tangent.
    mapped = event_map(Izhikevich(), solver=RK4(0.01))
    y = jnp.array([-60.0, -5.0])
    direction = jnp.array([0.0, 1.0])
    _, tangent = jax.jvp(lambda s: mapped.step(0, s, None), (y,), (direction,))
    h = 1e-4
    difference = (mapped.step(0, y + h * direction, None) - mapped.step(0, y - h * direction, None)) / (2 * h)
    assert np.allclose(tangent, difference, rtol=1e-5, atol=1e-8)


def test_no_event_is_nowhere() -> None:
    mapped = event_map(LeakyIntegrateAndFire(I=1.0), max_time=50.0)
    _, after, found = mapped.returned(jnp.array([-60.0]), None)
    assert not bool(found)
    assert bool(jnp.isnan(after[0]))


def test_refuses_a_flow() -> None:
    with pytest.raises(InputError, match="hybrid"):
        event_map(FitzHughNagumo())  # type: ignore[arg-type]
