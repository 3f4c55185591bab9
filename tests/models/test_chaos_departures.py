"""Chaotic flows where we depart from `dysts`: each against what its source says."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import models


def velocity(system: Any, y: jax.Array) -> jax.Array:
    return system.vector_field(0.0, y, None)


def test_burke_and_shaw_contract_volumes_at_the_rate_of_the_paper() -> None:
    system = models.build("burke-shaw", s=7.0)
    jacobian = jax.jacfwd(lambda y: velocity(system, y))(jnp.array([0.3, -0.8, 1.1]))
    assert float(jnp.trace(jacobian)) == -8.0


def test_orbits_of_the_torus_are_its_curves() -> None:
    n, r, tube = 3.7, 1.3, 0.4
    system = models.build("torus", n=n, r=r)

    def curve(t: jax.Array) -> jax.Array:
        rho = r + tube * jnp.cos(n * t)
        return jnp.stack([rho * jnp.cos(t), rho * jnp.sin(t), tube * jnp.sin(n * t)])

    for t in jnp.linspace(0.0, 6.0, 7):
        np.testing.assert_allclose(velocity(system, curve(t)), jax.jacfwd(curve)(t), rtol=1e-12, atol=1e-12)


def test_friction_on_the_belt_is_odd_in_the_slip() -> None:
    system = models.build("stick-slip-oscillator", vs=0.9)
    at = [velocity(system, jnp.array([0.5, 0.9 + slip, 1.0]))[1] for slip in (-0.3, 0.0, 0.3)]
    assert float(at[1]) == pytest.approx(0.05 * np.cos(1.0) + 0.5 - 0.125, rel=1e-14)
    assert float(at[0] + at[2]) == pytest.approx(2 * float(at[1]), rel=1e-14)
    # T(0.3) = t0 - alpha s + beta s^3.
    assert float(at[1] - at[2]) == pytest.approx(0.05 * (0.3 - 0.09 + 0.0081), rel=1e-12)


def test_clock_runs_free_with_the_published_period() -> None:
    # Leloup, Gonze & Goldbeter (1999): 21.5 h at vs = 1.6 nM/h.
    system = models.build("circadian-rhythm", vmax=1.6)
    ts = np.linspace(200.0, 600.0, 40001)
    y0 = system.initial_state()
    ys = np.asarray(ds.trajectory(system, y0, np.concatenate([[0.0], ts])).ys)[1:, 0]
    level = ys.mean()
    up = np.flatnonzero((ys[:-1] < level) & (ys[1:] >= level))
    crossings = ts[up] + (level - ys[up]) / (ys[up + 1] - ys[up]) * 0.01
    assert len(crossings) > 15
    assert np.mean(np.diff(crossings)) == pytest.approx(21.5, abs=0.1)
    assert np.std(np.diff(crossings)) < 1e-3


@pytest.mark.parametrize(("c", "stable"), [(17.2, True), (17.35, False)])
def test_foci_of_pan_xu_and_zhou_lose_stability_where_said(c: float, stable: bool) -> None:
    system = models.build("pan-xu-zhou", c=c)
    x = jnp.sqrt(8.0 / 3.0 * c)
    focus = jnp.stack([x, x, jnp.asarray(c)])
    np.testing.assert_allclose(velocity(system, focus), 0.0, atol=1e-12)
    eigenvalues = np.linalg.eigvals(np.asarray(jax.jacfwd(lambda y: velocity(system, y))(focus)))
    assert (eigenvalues.real.max() < 0) == stable
