"""A network of integrate-and-fire neurons: exponents through its resets against differences of nearby orbits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from benchmarks.pulse_network import by_differences, orbit, small_network, sum_of_exponents
from dynascope.solve import RK4, LocatedEvents

NETWORK = small_network()


def test_solver_follows_the_orbit_in_closed_form() -> None:
    start = np.asarray(NETWORK.initial_state())
    run = ds.trajectory(NETWORK, start, jnp.array([0.0, 20.0]), solver=LocatedEvents(RK4(0.02)))
    y, spikes = orbit(NETWORK, start, 20.0)
    assert spikes.sum() > 20
    assert run.events is not None
    assert [len(run.events.of(i)) for i in range(4)] == spikes.tolist()
    np.testing.assert_allclose(run.ys[-1], y, atol=1e-7)


def test_exponents_are_those_of_nearby_orbits() -> None:
    transient, duration = 100.0, 400.0
    expected, rates = by_differences(NETWORK, transient=transient, duration=duration)
    found = ds.lyapunov_spectrum(
        NETWORK, transient=transient, duration=duration, solver=LocatedEvents(RK4(0.02)), throw=True
    )
    assert expected[3] < expected[1] - 0.05
    # Whatever the start of the window, a few units of logarithm are left.
    np.testing.assert_allclose(found.exponents, expected, atol=2 / duration)
    assert abs(found.exponents[0]) < 2 / duration
    assert found.exponents.sum() == pytest.approx(sum_of_exponents(NETWORK, rates), abs=4 / duration)


def test_without_the_jump_of_the_tangent_the_exponents_are_others() -> None:
    """Leaks alone would have every difference die out, and a rhythm forget its phase."""
    expected, rates = by_differences(NETWORK, transient=50.0, duration=100.0)
    leaks = -np.sort(1 / np.asarray(NETWORK.tau))
    assert expected[0] > leaks[0] + 0.5
    assert sum_of_exponents(NETWORK, rates) > leaks.sum() + 0.5


def test_slopes_with_respect_to_currents_go_through_the_pulses() -> None:
    def end(current: jax.Array) -> jax.Array:
        run = ds.trajectory(
            NETWORK.replace(drive=current), None, jnp.array([0.0, 5.0]), solver=LocatedEvents(RK4(0.02))
        )
        return run.ys[-1]

    slope = jax.jacfwd(end)(NETWORK.drive)
    for j, move in enumerate(1e-6 * np.eye(4)):
        above, below = (
            orbit(NETWORK.replace(drive=NETWORK.drive + s * move), np.asarray(NETWORK.initial_state()), 5.0)[0]
            for s in (1.0, -1.0)
        )
        np.testing.assert_allclose(slope[:, j], (above - below) / 2e-6, rtol=1e-3, atol=1e-3)
