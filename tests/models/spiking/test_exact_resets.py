"""Neurons reset inside their step, against closed forms and against the same neurons in steps many times finer."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope import InputError
from dynascope.models.spiking import (
    ConductanceReceptor,
    CurrentReceptor,
    DeltaReceptor,
    ExactResets,
    LeakyCells,
    OneToOne,
    Population,
    Projection,
    RecordedCells,
    WhiteNoise,
    spiking_network,
)
from dynascope.series import as_spike_trains
from dynascope.solve import simulate

KEY = jax.random.key(0)
DRIVEN = LeakyCells(drive=30.0, tau=20.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, refractory=2.03)


def exact_times(net: Any, duration: float) -> np.ndarray:
    """The times of spikes inside their steps, of the last unit."""
    run = simulate(net, duration, sample=lambda y: net.of(y, "a", "since"), every=net.dt)
    ends = run.steps[run.units == net.size - 1] + 1
    return ends * net.dt - np.asarray(run.samples)[ends, 0]


@pytest.mark.parametrize("dt", [0.1, 0.7])
def test_the_period_of_a_driven_neuron_is_that_of_the_closed_form(dt: float) -> None:
    net = spiking_network([Population("a", 1, ExactResets(DRIVEN))], dt=dt, key=KEY)
    times = exact_times(net, 560.0)
    rise = 20.0 * np.log(30.0 / 15.0)
    exact = rise + (rise + 2.03) * np.arange(len(times))
    assert len(times) == 35
    np.testing.assert_allclose(times, exact, rtol=0, atol=1e-10)
    # On the grid the same neuron errs by part of a step in every interval.
    plain = simulate(spiking_network([Population("a", 1, DRIVEN)], dt=dt, key=KEY), 560.0)
    assert abs((plain.steps[-1] + 1) * dt - exact[len(plain.steps) - 1]) > dt


def test_currents_are_integrated_through_reset_and_pause() -> None:
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0),), drive=16.0, refractory=1.23)
    train = RecordedCells.of(as_spike_trains([[9.6, 24.0, 32.8]], start=0.0, stop=100.0, time_unit="ms"), dt=0.8)
    link = Projection("in", "a", OneToOne(), "exc", weight=150.0)
    parts = [Population("in", 1, train), Population("a", 1, ExactResets(cells))]
    net = spiking_network(parts, [link], dt=0.8, key=KEY, weight_type=jnp.float64)
    times = exact_times(net, 80.0)
    # A potential in closed form between arrivals, and each spike as the first zero on a fine grid, then by bisection.
    run = simulate(net, 80.0)
    arrivals = (run.steps[run.units == 0] + 1) * 0.8
    found, start, V = [], 0.0, -65.0

    def potential(t: float, start: float, V: float) -> float:
        # The currents that flow at `start`, and those that come later, each by its own closed form.
        value = -49.0 + (V + 49.0) * np.exp(-(t - start) / 20.0)
        for a in arrivals:
            begin = max(a, start)
            if t > begin:
                size = 150.0 * np.exp(-(begin - a) / 5.0)
                value += size * 5.0 / (5.0 - 20.0) * (np.exp(-(t - begin) / 5.0) - np.exp(-(t - begin) / 20.0))
        return value

    while True:
        grid = np.arange(start, 80.0, 0.01)
        above = [k for k, t in enumerate(grid) if potential(t, start, V) > -50.0]
        if not above:
            break
        low, high = grid[above[0] - 1], grid[above[0]]
        for _ in range(50):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if potential(middle, start, V) > -50.0 else (middle, high)
        found.append(high)
        start, V = high + 1.23, -65.0
    assert len(found) > 5
    np.testing.assert_allclose(times, found, rtol=0, atol=1e-9)


def test_kicks_spike_at_the_end_of_their_step_and_are_ignored_in_the_pause() -> None:
    cells = LeakyCells((DeltaReceptor("exc"),), refractory=1.25)
    train = RecordedCells.of(as_spike_trains([[5.0, 6.0, 7.0]], start=0.0, stop=50.0, time_unit="ms"), dt=0.5)
    link = Projection("in", "a", OneToOne(), "exc", weight=20.0, delay="0.5 ms")
    parts = [Population("in", 1, train), Population("a", 1, ExactResets(cells))]
    net = spiking_network(parts, [link], dt=0.5, key=KEY)
    run = simulate(net, 20.0)
    sent = run.steps[run.units == 0]
    times = exact_times(net, 20.0)
    # The second comes 1 ms after the first, in the pause; the third after it.
    np.testing.assert_allclose(np.diff(times), [2.0], atol=1e-12)
    assert len(sent) == 3


def test_derivatives_see_that_a_spike_moves_within_its_step() -> None:
    net: Any = spiking_network([Population("a", 1, ExactResets(DRIVEN))], dt=0.7, key=KEY)

    def last(drive: Any) -> jax.Array:
        moved = net.replace(**{"groups.0.cells.cells.drive": drive})
        y = jax.lax.fori_loop(0, 60, lambda n, y: moved.step(n, y, None), net.initial_state())
        return y.cells[0][0]

    found = float(jax.jit(jax.jacfwd(last))(30.0)[0])

    # Two spikes so far; V of now is the closed form of the time since the second pause.
    def closed(drive: float) -> float:
        rise = 20.0 * np.log(drive / (drive - 15.0))
        since = 60 * 0.7 - 2 * (rise + 2.03)
        return -65.0 + drive * (1.0 - np.exp(-since / 20.0))

    assert float(last(30.0)[0]) == pytest.approx(closed(30.0), abs=1e-10)
    assert found == pytest.approx((closed(30.0 + 1e-4) - closed(30.0 - 1e-4)) / 2e-4, rel=1e-7)


def test_what_is_not_linear_is_refused() -> None:
    with pytest.raises(InputError, match="linear flow; `inh`"):
        ExactResets(LeakyCells((ConductanceReceptor("inh"),)))
    parts = [Population("a", 1, ExactResets(DRIVEN))]
    with pytest.raises(InputError, match="no `WhiteNoise`"):
        simulate(spiking_network(parts, background=[WhiteNoise("a", sigma=1.0)], key=KEY), 1.0, key=KEY)
