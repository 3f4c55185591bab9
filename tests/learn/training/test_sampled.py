"""Flows at the sampling of data: the flow itself, its derivatives both ways, and the memory that they take."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.learn.training import Backsolved, Direct, SampledFlow
from dynascope.models import Lorenz, NeuralODE, build
from dynascope.solve import Dop853

FLOW = NeuralODE.draw(n=3, width=6, depth=2, key=jax.random.key(0))
Y = jnp.array([0.3, -0.2, 0.5])


def test_the_map_is_the_flow_watched_at_samples():
    lorenz = Lorenz()
    run = ds.trajectory(lorenz, None, 0.02 * np.arange(30), solver=Dop853(rtol=1e-11, atol=1e-11))
    sampled = ds.trajectory(SampledFlow(lorenz, 0.02, steps=8), lorenz.initial_state(), np.arange(30))
    np.testing.assert_allclose(sampled.ys, run.ys, rtol=1e-6, atol=1e-6)


def gradient(adjoint, steps):
    def loss(flow, y, dt):
        return jnp.sum(SampledFlow(flow, dt, steps=steps, adjoint=adjoint).step(2, y, None) ** 2)

    return jax.jit(jax.grad(loss, argnums=(0, 1, 2)))(FLOW, Y, jnp.asarray(0.4))


def test_both_derivatives_converge_to_each_other():
    difference = []
    for steps in (4, 8):
        direct, back = (jax.tree.leaves(gradient(a, steps)) for a in (Direct(), Backsolved()))
        difference.append(max(float(jnp.max(jnp.abs(a - b))) for a, b in zip(direct, back, strict=True)))
    assert difference[0] < 1e-4
    assert difference[1] < difference[0] / 10  # of fourth order, like the steps


def test_derivative_by_a_start_of_a_flow_that_knows_the_time():
    forced = ds.flow(lambda t, y, p: -y + p["a"] * jnp.sin(t), [0.5], parameters={"a": 2.0})

    def loss(dt, adjoint):
        return jnp.sum(SampledFlow(forced, dt, steps=20, adjoint=adjoint).step(3, jnp.array([0.5]), None) ** 2)

    direct, back = (float(jax.grad(loss)(0.3, adjoint)) for adjoint in (Direct(), Backsolved()))
    assert back == pytest.approx(direct, rel=1e-5)


def test_memory_of_the_adjoint_does_not_grow_with_the_steps():
    def memory(adjoint, steps):
        def loss(flow):
            return jnp.sum(SampledFlow(flow, 0.4, steps=steps, adjoint=adjoint).step(0, Y, None) ** 2)

        weights, rest = eqx.partition(FLOW, eqx.is_inexact_array)
        compiled = jax.jit(jax.grad(lambda w: loss(eqx.combine(w, rest)))).lower(weights).compile()
        found = compiled.memory_analysis()
        assert found is not None
        return found.temp_size_in_bytes

    assert memory(Backsolved(), 2000) == memory(Backsolved(), 50)
    assert memory(Direct(), 2000) > 10 * memory(Direct(), 50)


def test_no_flow_is_refused():
    with pytest.raises(InputError, match="needs a flow"):
        SampledFlow(build("henon"), 0.1)  # pyright: ignore[reportArgumentType]
