"""Systems from plain functions."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds


def test_flow_from_a_function() -> None:
    decay = ds.flow(lambda t, y, p: -p["k"] * y, [1.0, 2.0], parameters={"k": 2.0}, names="a b")
    run = ds.trajectory(decay, None, [0.0, 1.0])
    np.testing.assert_allclose(run.ys[-1], np.exp(-2) * np.array([1, 2]), rtol=1e-7)
    assert run.names == ("a", "b")
    faster = decay.replace(**{"p.k": 3.0})
    np.testing.assert_allclose(ds.trajectory(faster, None, [0.0, 1.0]).ys[-1, 0], np.exp(-3), rtol=1e-7)


def test_map_from_a_function() -> None:
    logistic = ds.iterated(lambda n, y, p: p["r"] * y * (1 - y), [0.5], parameters={"r": 2.0})
    np.testing.assert_array_equal(ds.trajectory(logistic, None, np.arange(4)).ys[:, 0], 0.5)
    assert ds.trajectory(logistic, None, [0]).names == ("y0",)


def test_state_may_be_a_tree() -> None:
    class Pair(NamedTuple):
        x: Any
        v: Any

    spring = ds.flow(lambda t, y, p: Pair(y.v, -y.x), Pair(1.0, 0.0))
    run = ds.trajectory(spring, None, [0.0, np.pi])
    np.testing.assert_allclose([run.ys.x[-1], run.ys.v[-1]], [-1, 0], atol=1e-7)
    flat = ds.trajectory(spring, [0.0, 1.0], [0.0, np.pi / 2])  # a flat start fills the tree
    np.testing.assert_allclose(flat.ys.x[-1], 1, atol=1e-7)


def test_parameters_are_swept_and_differentiated() -> None:
    decay = ds.flow(lambda t, y, p: -p["k"] * y, [1.0], parameters={"k": 2.0})

    def end(k: Any) -> Any:
        return ds.trajectory(decay.replace(**{"p.k": k}), None, [0.0, 1.0], solver=ds.solve.RK4(0.01)).ys[-1, 0]

    np.testing.assert_allclose(jax.vmap(end)(jnp.array([1.0, 2.0])), np.exp([-1, -2]), rtol=1e-8)
    assert float(jax.grad(end)(2.0)) == pytest.approx(-np.exp(-2), rel=1e-7)


@pytest.mark.parametrize("build", [ds.flow, ds.iterated])
def test_wrong_functions_are_refused(build: Any) -> None:
    with pytest.raises(ds.InputError, match=r"must return the shape of the state, \(2,\), got \(\)"):
        build(lambda t, y, p: y[0], [1.0, 2.0])
    with pytest.raises(ds.InputError, match="Stack the components"):
        build(lambda t, y, p: (y[1], y[0]), [1.0, 2.0])
    system = build(lambda t, y, p: y, [1.0, 2.0], names="only_one_of")
    assert len(ds.systems.state_variables(system)) == 2
    with pytest.raises(ds.InputError, match="names 3 components, but its state has 2"):
        ds.systems.state_variables(build(lambda t, y, p: y, [1.0, 2.0], names="a b c"))
