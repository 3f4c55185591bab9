"""Multiple shooting: parameters of Lorenz and of a map from noisy data, where one long run is lost."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope._param import param
from dynascope.learn.training import SampledFlow, multiple_shooting
from dynascope.models import Henon, Lorenz
from dynascope.systems import AbstractMap

DT, TRUE = 0.05, {"sigma": 10.0, "rho": 28.0, "beta": 8 / 3}
WRONG = Lorenz(sigma=14.0, rho=22.0, beta=2.0)
NAMES = ("system.sigma", "system.rho", "system.beta")


@pytest.fixture(scope="module")
def noisy():
    """Twenty time units, some eighteen Lyapunov times, with five percent of noise."""
    run = ds.trajectory(ds.build("lorenz"), None, DT * np.arange(600)).flat[200:]
    return np.asarray(run) + 0.05 * np.std(run, axis=0) * np.random.default_rng(0).normal(size=run.shape)


def true_values(found):
    return np.array([TRUE[name.rpartition(".")[2]] for name in found.names])


def test_parameters_of_lorenz_are_found_where_single_shooting_is_lost(noisy):
    model = SampledFlow(WRONG, DT, steps=4)
    found = multiple_shooting(model, noisy, trainable=NAMES, length=20)
    true = true_values(found)
    assert found.successful
    assert np.all(np.abs(found.parameters - true) < 4 * found.stderr + 1e-3 * true)
    assert np.all(found.stderr < 0.01 * true)
    # What is left is the noise, and the segments are one run, nearer to the clean one than the data are.
    np.testing.assert_allclose(found.misfit, 0.05 * noisy.std(axis=0), rtol=0.1)
    single = multiple_shooting(model, noisy, trainable=NAMES, length=len(noisy))
    assert np.max(np.abs(single.parameters / true - 1)) > 0.05
    assert np.all(single.misfit > 5 * found.misfit)


class Spiral(AbstractMap):
    """A turn by `angle` and a factor `decay`, of which the first component is seen."""

    angle: Any = param(0.3, doc="angle of a step")
    decay: Any = param(0.99, doc="factor of a step")

    def initial_state(self):
        return jnp.array([1.0, 0.0])

    def observe(self, t, y, u):
        del t, u
        return y[:1]

    def step(self, n, y, u):
        del n, u
        c, s = jnp.cos(self.angle), jnp.sin(self.angle)
        return self.decay * jnp.stack([c * y[0] - s * y[1], s * y[0] + c * y[1]])


def test_one_channel_of_two_with_gaps_is_enough():
    k = np.arange(150)
    clean = 0.985**k * np.cos(0.25 * k)
    data = (clean + 0.03 * np.random.default_rng(1).normal(size=150))[:, None]
    data[3::7] = np.nan
    guess = np.stack([clean, np.zeros(150)], axis=1)
    found = multiple_shooting(Spiral(), data, trainable=("angle", "decay"), length=15, states=guess)
    assert found.successful
    assert np.all(np.abs(found.parameters - [0.25, 0.985]) < 4 * found.stderr)
    assert np.all(found.stderr < 1e-3)
    # The component that nobody saw follows.
    np.testing.assert_allclose(found.states[:, 1], 0.985**k * np.sin(0.25 * k), atol=0.05)
    assert "one run" in found.summary()


def test_parameter_of_a_map():
    run = np.asarray(ds.trajectory(ds.build("henon"), None, np.arange(200)).flat)
    data = run + 0.01 * np.random.default_rng(2).normal(size=run.shape)
    found = multiple_shooting(Henon(a=1.25, b=0.2), data, trainable=("a", "b"), length=5)
    assert found.names == ("a", "b")
    assert np.all(np.abs(found.parameters - [1.4, 0.3]) < 4 * found.stderr)
    assert np.all(found.stderr < 2e-3)


def test_errors_are_those_of_repeated_noise():
    k = np.arange(60)
    true = 0.99**k * np.stack([np.cos(0.25 * k), np.sin(0.25 * k)])
    rng = np.random.default_rng(3)
    fits = []
    for _ in range(30):
        guess = (true + 0.05 * rng.normal(size=true.shape)).T
        fits.append(multiple_shooting(Spiral(), guess[:, :1], trainable=("angle",), length=15, states=guess))
    values = np.array([f.parameters[0] for f in fits])
    # The spread of thirty draws is itself known to within 13 percent.
    assert values.std() == pytest.approx(np.mean([f.stderr[0] for f in fits]), rel=0.4)
    assert abs(values.mean() - 0.25) < 4 * values.std() / np.sqrt(30)


def test_bad_input(noisy):
    model = SampledFlow(WRONG, DT)
    with pytest.raises(InputError, match="needs a map"):
        multiple_shooting(WRONG, noisy, trainable=("rho",))  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="no parameter `rhi`"):
        multiple_shooting(model, noisy, trainable=("rhi",))
    with pytest.raises(InputError, match="must lie between 2 and the 400"):
        multiple_shooting(model, noisy, trainable=NAMES, length=500)
    with pytest.raises(InputError, match="first guess of all 3"):
        multiple_shooting(model, np.where(np.arange(400)[:, None] % 20 == 0, np.nan, noisy), trainable=NAMES)
    with pytest.raises(InputError, match="must be finite"):
        multiple_shooting(model, noisy[:, :2], trainable=NAMES)
