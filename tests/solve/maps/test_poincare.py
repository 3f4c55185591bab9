"""Poincare maps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.models.canonical import Lorenz, Roessler
from dynascope.solve import RK4
from dynascope.solve.maps import Section, poincare_map


def test_crossings_lie_on_the_section_and_go_up() -> None:
    roessler = Roessler()
    mapped = poincare_map(roessler, Section(jnp.array([0.0, 1.0, 0.0]), 0.0))
    ys = ds.trajectory(mapped, None, np.arange(20)).ys[1:]
    assert np.max(np.abs(ys[:, 1])) < 1e-12
    velocity = np.array([roessler.vector_field(0.0, y, None) for y in jnp.asarray(ys)])
    assert np.all(velocity[:, 1] > 0)
    time, _, found = mapped.returned(jnp.asarray(ys[5]), None)
    assert bool(found)
    assert 5 < float(time) < 7


def test_jacobian_forgets_the_flow_and_agrees_with_differences() -> None:
    roessler = Roessler()
    mapped = poincare_map(roessler, Section(jnp.array([0.0, 1.0, 0.0]), 0.0), solver=RK4(0.01))
    y = jnp.asarray(ds.trajectory(mapped, None, np.arange(6)).ys[-1])
    jacobian = np.asarray(jax.jacfwd(lambda c: mapped.step(0, c, None))(y))
    assert np.linalg.norm(jacobian @ roessler.vector_field(0.0, y, None)) < 1e-5
    assert np.max(np.abs(jacobian[1])) < 1e-10  # the image stays on the section
    step = 1e-5
    for i in range(3):
        shift = step * jnp.eye(3)[i]
        slope = (mapped.step(0, y + shift, None) - mapped.step(0, y - shift, None)) / (2 * step)
        np.testing.assert_allclose(jacobian[:, i], slope, atol=1e-5 * np.abs(jacobian).max())


def test_period_and_multiplier_of_a_limit_cycle() -> None:
    """Stuart and Landau: the unit circle with period 2 pi / omega, contracting by exp(-2 T)."""
    circle = ds.flow(
        lambda t, y, p: jnp.stack([y[0] - p["w"] * y[1] - y[0] * (y @ y), y[1] + p["w"] * y[0] - y[1] * (y @ y)]),
        [1.0, 0.0],
        parameters={"w": 3.0},
    )
    mapped = poincare_map(circle, Section(jnp.array([0.0, 1.0])), solver=RK4(0.005))
    time, end, found = mapped.returned(jnp.array([1.0, 0.0]), None)
    assert bool(found)
    assert float(time) == pytest.approx(2 * np.pi / 3, rel=1e-8)
    np.testing.assert_allclose(end, [1.0, 0.0], atol=1e-9)
    eigenvalues = np.linalg.eigvals(jax.jacfwd(lambda y: mapped.step(0, y, None))(jnp.array([1.0, 0.0])))
    np.testing.assert_allclose(np.sort(np.abs(eigenvalues)), [0, np.exp(-4 * np.pi / 3)], atol=1e-7)


def test_no_return_is_nan() -> None:
    mapped = poincare_map(Lorenz(), Section(jnp.array([0.0, 0.0, 1.0]), 500.0), max_time=5.0)
    assert np.all(np.isnan(mapped.step(0, jnp.ones(3), None)))


def test_wrong_sections_are_refused() -> None:
    with pytest.raises(ds.InputError, match=r"must have shape \(3,\), got \(2,\)"):
        poincare_map(Lorenz(), Section(jnp.ones(2)))
    with pytest.raises(ds.InputError, match="needs a flow; `Henon` is a map"):
        poincare_map(ds.build("henon"), Section(jnp.ones(2)))  # type: ignore[arg-type]
