"""Training of driven models: inputs act on the step after their sample, and make a difference where they drive."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope._param import param
from dynascope._types import Param
from dynascope.learn.training import (
    AdaptiveForcing,
    GeneralisedTeacherForcing,
    RectifiedAdam,
    SparseTeacherForcing,
    Windows,
    synchronised,
    train,
)
from dynascope.models import ClosedFormContinuous, ShallowPLRNN
from dynascope.systems import AbstractMap, Recorded, Variable


class DrivenLinear(AbstractMap):
    """z' = A z + B u.

    Args:
        A: Shape `(N, N)`.
        B: Shape `(N, K)`.
        z0: State at the start.
    """

    A: Param = param(doc="linear part", learned=True)
    B: Param = param(doc="weights of the input", learned=True)
    z0: Param = param(doc="state at the start")

    variables = (Variable("z"),)
    reference = "Kalman (1960), A new approach to linear filtering and prediction problems"
    family = "learned"

    def initial_state(self):
        return self.z0

    def input_size(self):
        return self.B.shape[1]

    def step(self, n, y, u):
        del n
        return self.A @ y if u is None else self.A @ y + self.B @ u


A = np.array([[0.9, 0.3], [-0.3, 0.8]])
B = np.array([[0.5], [-0.2]])


def linear_runs() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Two trials of unequal length, driven by white noise."""
    rng = np.random.default_rng(0)
    data, inputs = [], []
    for count in (600, 20):
        u, z = rng.normal(size=(count, 1)), [rng.normal(size=2)]
        for step in u[:-1]:
            z.append(A @ z[-1] + B @ step)
        data.append(np.array(z))
        inputs.append(u)
    return data, inputs


def test_a_driven_linear_system_is_identified_exactly() -> None:
    data, inputs = linear_runs()
    model = DrivenLinear(jnp.eye(2) * 0.5, jnp.zeros((2, 1)), jnp.zeros(2))
    given = {
        "windows": Windows(length=30, batch=16),
        "optimiser": RectifiedAdam(3e-2, 1e-5),
        "updates": 2000,
        "precision": jnp.float64,
        "key": jax.random.key(0),
    }
    found = train(model, data, inputs=inputs, forcing=SparseTeacherForcing(5), **given)
    np.testing.assert_allclose(found.model.A, A, atol=1e-7)
    np.testing.assert_allclose(found.model.B, B, atol=1e-7)
    assert found.losses[-1, 0] < 1e-10
    # It begins where the last trial ends; inputs up to there are heard, and what follows comes from `inputs`.
    np.testing.assert_allclose(found.model.z0, data[1][-1], atol=1e-6)
    ahead = ds.trajectory(found.model, None, np.arange(4), inputs=Recorded(inputs[1][-1:], hold=True)).ys
    np.testing.assert_allclose(ahead[1], A @ data[1][-1] + B @ inputs[1][-1], atol=1e-5)
    states = synchronised(found.model, data[0], inputs=inputs[0], alpha=0.1)
    np.testing.assert_allclose(states[200:], data[0][200:], atol=1e-5)
    assert np.abs(synchronised(found.model, data[0], alpha=0.1)[200:] - data[0][200:]).max() > 0.3


def pendulum(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A damped pendulum under a torque that is held for some samples: (sin, cos, velocity), and the torque."""
    rng, dt = np.random.default_rng(seed), 0.02
    torque = np.repeat(rng.uniform(-2, 2, size=count // 8 + 1), 8)[:count]
    y, rows = np.array([0.3, 0.0]), []
    for u in torque:
        rows.append([np.sin(y[0]), np.cos(y[0]), y[1]])
        for _ in range(10):
            middle = y + 0.5 * dt * np.array([y[1], u - np.sin(y[0]) - 0.4 * y[1]])
            y = y + dt * np.array([middle[1], u - np.sin(middle[0]) - 0.4 * middle[1]])
    return np.array(rows), torque[:, None]


def test_a_closed_form_cell_learns_a_driven_pendulum_by_its_input() -> None:
    x, torque = pendulum(2400, 0)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    cell = ClosedFormContinuous.draw(n=16, inputs=1, hidden=24, channels=3, key=jax.random.key(0))
    heard = np.concatenate([np.full_like(torque, 0.2), torque], axis=1)  # the gap to the next sample, then the torque
    errors = []
    for inputs in (heard, np.stack([heard[:, 0], 0 * heard[:, 1]], axis=1)):
        found = train(
            cell,
            z[:2000],
            inputs=inputs[:2000],
            forcing=GeneralisedTeacherForcing(0.2),
            optimiser=RectifiedAdam(1e-2, 1e-4),
            windows=Windows(length=30, batch=16),
            updates=800,
            key=jax.random.key(1),
        )
        start = found.starts[found.best]
        ends = np.arange(2050, 2380, 20)
        apart = []
        for end in ends:
            state = synchronised(found.model, z[end - 50 : end], inputs=inputs[end - 50 : end], start=start, alpha=0.2)
            drive = Recorded(inputs[end - 1 : end + 10], hold=True)
            run = ds.trajectory(found.model, state[-1], np.arange(11), inputs=drive).ys
            shown = jax.vmap(lambda h, m=found.model: m.observe(0, h, None))(jnp.asarray(run))
            apart.append(np.mean((np.asarray(shown)[1:] - z[end : end + 10]) ** 2))
        errors.append(np.mean(apart))
    # Ten samples, 2 time units, ahead: with the torque a small part of the variance, without it most of what it moves.
    assert errors[0] < 0.2
    assert errors[1] > 3 * errors[0]


def test_inputs_that_do_not_fit_are_refused() -> None:
    data, inputs = linear_runs()
    model = DrivenLinear(jnp.eye(2), jnp.zeros((2, 1)), jnp.zeros(2))
    short = {"windows": Windows(length=20), "updates": 1, "key": jax.random.key(0)}
    with pytest.raises(ds.InputError, match="one row for each sample"):
        train(model, data, inputs=inputs[:1], **short)
    with pytest.raises(ds.InputError, match="one row for each sample"):
        train(model, data[0], inputs=inputs[0][:, 0], **short)
    with pytest.raises(ds.InputError, match="takes 1 input"):
        train(model, data[0], inputs=np.zeros((600, 2)), **short)
    with pytest.raises(ds.InputError, match="known at every sample"):
        train(model, data[0], inputs=np.full((600, 1), np.nan), **short)
    plain = ShallowPLRNN.draw(n=2, key=jax.random.key(0))
    with pytest.raises(ds.InputError, match="takes 0 input"):
        train(plain, data[0], inputs=inputs[0], **short)
    with pytest.raises(ds.InputError, match="one row for each sample"):
        synchronised(model, data[0], inputs=inputs[1])


def test_growth_is_measured_under_the_input() -> None:
    # z' = z u: derivatives grow by |u|, which only the input tells.
    class Multiplied(DrivenLinear.__bases__[0]):
        a: Param = param(1.0, doc="factor", learned=True)
        variables, reference, family = DrivenLinear.variables, DrivenLinear.reference, "learned"

        def initial_state(self):
            return jnp.ones(1)

        def input_size(self):
            return 1

        def step(self, n, y, u):
            del n
            return self.a * y * (1.0 if u is None else u)

    u = np.full((200, 1), 0.5)
    data = np.sin(0.3 * np.arange(200))[:, None]
    alphas = [
        train(
            Multiplied(jnp.asarray(4.0)), data, inputs=given, forcing=AdaptiveForcing(every=1, memory=0.0), updates=2,
            optimiser=RectifiedAdam(1e-9, 1e-9), windows=Windows(length=20), key=jax.random.key(0),
        ).strengths[-1, 0]
        for given in (u, None)
    ]  # fmt: skip
    assert alphas == pytest.approx([1 - 1 / 2.0, 1 - 1 / 4.0], abs=0.01)
