"""Phase response curves against a closed form and against kicks."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.cycles import periodic_orbit, phase_response


def test_stuart_landau():
    """The phase is (theta - c ln r) / omega', so Z = (-sin - c cos, cos - c sin) / (r omega')."""
    lam, omega, c = 0.3, 2.0, 0.7
    system = ds.build("stuart-landau", lam=lam, omega=omega, c=c)
    orbit = periodic_orbit(system)
    found = phase_response(system, orbit)
    states = orbit.at(found.phases)
    angle, turn = np.arctan2(states[:, 1], states[:, 0]), omega - c * lam
    wanted = np.stack([-np.sin(angle) - c * np.cos(angle), np.cos(angle) - c * np.sin(angle)], axis=1)
    assert found.response == pytest.approx(wanted / (np.sqrt(lam) * turn), abs=1e-8)
    assert found.norm_error < 1e-9


def test_against_a_kick():
    """A kick of van der Pol's oscillator moves its later crossings by what the curve says."""
    system: Any = ds.build("van-der-pol", mu=1.0)
    orbit = periodic_orbit(system)
    found = phase_response(system, orbit)
    k, size = 20, 1e-4
    kick = np.array([size, -0.5 * size])
    time = (8 - found.phases[k]) * orbit.period
    run = ds.trajectory(system, orbit.at(found.phases[[k]])[0] + kick, [0.0, time], solver=ds.solve.Dop853())
    end, home = np.asarray(run.ys)[-1], orbit.at([0.0])[0]
    velocity = np.asarray(system.vector_field(0.0, jnp.asarray(home), None))
    moved = (end - home) @ velocity / (velocity @ velocity)
    assert moved == pytest.approx(found.response[k] @ kick, rel=2e-3)


def test_a_forced_phase_is_held():
    pulled = ds.flow(lambda t, y, p: jnp.stack([jnp.cos(t) - y[0]]), [0.0])
    orbit = periodic_orbit(pulled, [0.5], period=2 * np.pi)
    with pytest.raises(InputError, match="forced orbit"):
        phase_response(pulled, orbit)
