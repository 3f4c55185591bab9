"""Stiff flows and other solvers of diffrax against scipy."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynascope as ds
from dynascope.solve import Diffrax, Kvaerno5
from tests.solve.known import explosion, rotation


def test_stiff_van_der_pol_agrees_with_radau() -> None:
    mu, ts = 1000.0, np.linspace(0.0, 2000.0, 11)
    theirs = solve_ivp(
        lambda t, y: [y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]],
        (0, 2000),
        [2.0, 0.0],
        method="Radau",
        t_eval=ts,
        rtol=1e-10,
        atol=1e-12,
    )
    run = ds.trajectory(ds.build("van-der-pol").replace(mu=mu), [2.0, 0.0], ts, solver=Kvaerno5(1e-10, 1e-12))
    assert run.stats["steps"] < 20_000
    np.testing.assert_allclose(run.ys[:, 0], theirs.y[0], rtol=1e-5)


@pytest.mark.parametrize(
    "solver",
    [Kvaerno5(1e-9, 1e-11), Diffrax(diffrax.Dopri5(), 1e-9, 1e-11), Diffrax(diffrax.Dopri5(), dt=0.01)],
    ids=["Kvaerno5", "Dopri5", "Dopri5 fixed"],
)
def test_oscillator(solver: Any) -> None:
    ts = np.array([0.0, 0.3, 2.0, 5.0])
    run = ds.trajectory(rotation(), None, ts, solver=solver)
    np.testing.assert_allclose(run.ys[:, 0], np.cos(ts), atol=1e-7)


def test_failure_is_a_code() -> None:
    run = ds.trajectory(explosion(), None, np.linspace(0, 2, 11), solver=Kvaerno5(max_steps=500), throw=False)
    assert run.result == ds.RESULTS.max_steps
    assert len(run.ts) == 5
    np.testing.assert_allclose(run.ys[:, 0], 1 / (1 - run.ts), rtol=1e-6)


def test_reverse_mode_with_a_chosen_adjoint() -> None:
    def end(y: Any) -> Any:
        solver = Diffrax(diffrax.Tsit5(), 1e-9, 1e-10, adjoint=diffrax.RecursiveCheckpointAdjoint(), max_steps=1000)
        return ds.trajectory(rotation(), y, jnp.array([0.0, 1.0]), solver=solver).ys[-1, 0]

    np.testing.assert_allclose(jax.grad(end)(jnp.array([1.0, 0.0])), [np.cos(1), np.sin(1)], atol=1e-6)
