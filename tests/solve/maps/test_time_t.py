"""Time-T and stroboscopic maps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import dynascope as ds
from dynascope.models.canonical import LinearFlow
from dynascope.solve import RK4, EulerMaruyama, Kvaerno5, Tsit5
from dynascope.solve.maps import stroboscopic_map, time_t_map
from dynascope.systems import Sine, driven
from tests.solve.known import rotation


@pytest.mark.parametrize(("solver", "atol"), [(None, 1e-6), (RK4(0.01), 1e-9)])
@pytest.mark.parametrize("period", [0.5, 40.0])
def test_jacobian_at_rest_is_the_matrix_exponential(period: float, solver: RK4 | None, atol: float) -> None:
    flow = LinearFlow()
    mapped = time_t_map(flow, period, solver=solver)
    jacobian = jax.jacfwd(lambda y: mapped.step(0, y, None))(jnp.zeros(2))
    np.testing.assert_allclose(jacobian, expm(np.asarray(flow.A) * period), atol=atol)


@pytest.mark.parametrize("solver", [None, Tsit5(), Kvaerno5()], ids=lambda s: type(s).__name__)
def test_iterates_are_the_trajectory(solver: object) -> None:
    mapped = time_t_map(rotation(), 0.7, solver=solver)  # type: ignore[arg-type]
    ys = ds.trajectory(mapped, None, np.arange(6)).ys
    np.testing.assert_allclose(ys[:, 0], np.cos(0.7 * np.arange(6)), atol=1e-6)


def test_hybrid_systems_have_one() -> None:
    neuron = ds.build("leaky-integrate-and-fire")
    period = 10 * np.log(4)
    mapped = time_t_map(neuron, period)
    np.testing.assert_allclose(mapped.step(0, jnp.array([-60.0]), None), [-60.0], atol=1e-8)
    slope = jax.jacfwd(lambda y: mapped.step(0, y, None))(jnp.array([-60.0]))
    np.testing.assert_allclose(slope, [[1.0]], atol=1e-8)  # a shift in time is never forgotten


def test_failure_is_nan_and_then_a_code() -> None:
    mapped = time_t_map(ds.flow(lambda t, y, p: y**2, [1.0]), 2.0, solver=Tsit5())
    assert np.isnan(mapped.step(0, jnp.array([1.0]), None))
    assert ds.trajectory(mapped, None, [0, 1], throw=False).result == ds.RESULTS.nonfinite


def test_stroboscopic_map_follows_the_forcing() -> None:
    forced = ds.flow(lambda t, y, p: -y + jnp.cos(2 * jnp.pi * t), [0.3])
    with pytest.raises(ds.InputError, match=r"declares|no `forcing_period\(\)`"):
        stroboscopic_map(forced)
    neuron = driven(ds.build("fitzhugh-nagumo"), Sine(amplitude=0.1, period=3.0))
    mapped = stroboscopic_map(neuron, solver=RK4(0.01))
    assert float(mapped.period) == 3.0
    whole = ds.trajectory(neuron, None, [0.0, 9.0], solver=RK4(0.01))
    np.testing.assert_allclose(ds.trajectory(mapped, None, [0, 3]).flat[-1], whole.flat[-1], rtol=1e-9)


def test_only_flows_and_hybrids() -> None:
    with pytest.raises(ds.InputError, match="For delay flows use `history_map`"):
        time_t_map(ds.build("mackey-glass"), 1.0)
    with pytest.raises(ds.InputError, match="cannot step `Lorenz`"):
        time_t_map(ds.build("lorenz"), 1.0, solver=EulerMaruyama(0.1))
