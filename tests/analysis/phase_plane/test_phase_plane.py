"""Nullclines and manifolds against formulas."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.phase_plane import invariant_manifold, phase_plane


def curve(points: np.ndarray) -> np.ndarray:
    return points[np.isfinite(points[:, 0])]


def test_nullclines_of_fitzhugh_nagumo_are_its_cubic_and_its_line():
    plane = phase_plane(ds.build("fitzhugh-nagumo", I=0.3), resolution=80)
    v, w = curve(plane.first).T
    np.testing.assert_allclose(w, v - v**3 / 3 + 0.3, atol=1e-12)
    v, w = curve(plane.second).T
    np.testing.assert_allclose(w, (v + 0.7) / 0.8, atol=1e-12)
    assert len(curve(plane.first)) > 80
    assert plane.errors.max() < 1e-12
    assert len(plane.fixed) == 1
    # Each curve is one chain of neighbours.
    assert np.sum(np.isnan(plane.first[:, 0])) == 1
    assert np.max(np.linalg.norm(np.diff(curve(plane.second), axis=0), axis=1)) < 0.3


def test_closed_nullcline_and_separatrix_of_a_double_well():
    """x'' = x - x^3 - c x': the stable manifold of the saddle in the middle parts the two wells."""
    well = ds.flow(lambda t, y, p: jnp.stack([y[1], y[0] - y[0] ** 3 - 0.2 * y[1]]), [1.0, 0.0])
    plane = phase_plane(well, region=ds.Box(-2 * jnp.ones(2), 2 * jnp.ones(2)), resolution=200)
    assert len(plane.fixed) == 3
    # Nodes of the grid that lie on a nullcline up to rounding do no harm.
    x, v = curve(plane.second).T
    np.testing.assert_allclose(v, 5 * (x - x**3), atol=1e-12)
    assert plane.separatrices.shape[0] == 2
    for branch in plane.separatrices:
        inside = branch[np.isfinite(branch[:, 0])]
        run = ds.trajectory(well, jnp.asarray(inside[len(inside) // 2]), np.linspace(0, 12, 61))
        assert np.min(np.linalg.norm(np.asarray(run.ys), axis=1)) < 0.05
    ring = ds.flow(lambda t, y, p: jnp.stack([y @ y - 1, y[0]]), [1.0, 0.0])
    closed = phase_plane(ring, region=ds.Box(-2 * jnp.ones(2), 2 * jnp.ones(2)), resolution=30)
    circle = curve(closed.first)
    np.testing.assert_allclose(np.linalg.norm(circle, axis=1), 1.0, atol=1e-14)
    np.testing.assert_array_equal(circle[0], circle[-1])


def test_homoclinic_orbit_of_the_double_well_closes():
    """Without friction the unstable manifold is y^2 = x^2 - x^4 / 2, by energy."""
    well = ds.flow(lambda t, y, p: jnp.stack([y[1], y[0] - y[0] ** 3]), [1.0, 0.0])
    found = invariant_manifold(well, [0.0, 0.0], length=4.0, spacing=0.01)
    for branch in found.branches:
        x, y = branch[np.isfinite(branch[:, 0])].T
        np.testing.assert_allclose(y**2, x**2 - x**4 / 2, atol=1e-7)
    assert np.nanmax(np.abs(found.branches[0, :, 0])) == pytest.approx(np.sqrt(2), abs=1e-4)
    assert found.eigenvalue == pytest.approx(1.0)
    assert found.gaps.max() <= 0.0101


def test_unstable_manifold_of_henon_lies_on_its_attractor():
    henon = ds.build("henon")
    points = ds.fixed_points(henon)
    saddle = points.states[np.argmax(points.states[:, 0])]
    found = invariant_manifold(henon, saddle, length=10.0, spacing=0.01)
    assert found.lengths.min() >= 10.0
    assert found.gaps.max() <= 0.01
    attractor = np.asarray(ds.trajectory(henon, None, np.arange(0, 60_000)).ys)[100:]
    for branch in found.branches:
        places = branch[np.isfinite(branch[:, 0])][::50]
        gaps = np.linalg.norm(places[:, None] - attractor[None], axis=2).min(axis=1)
        assert np.quantile(gaps, 0.95) < 0.01
    # It is invariant: the image of each of its points lies on it.
    branch = found.branches[0][np.isfinite(found.branches[0, :, 0])]
    x, y = branch[20:200:20].T
    images = np.stack([1 - 1.4 * x**2 + y, 0.3 * x], axis=1)
    every = found.branches.reshape(-1, 2)
    every = every[np.isfinite(every[:, 0])]
    assert np.linalg.norm(images[:, None] - every[None], axis=2).min(axis=1).max() < 0.01


def test_linear_manifolds_are_lines():
    """x' = 2x, y' = x / 2 has the unstable line y = x / 3 (times x) and the stable one x = 0."""
    shear = ds.iterated(lambda n, y, p: jnp.stack([2 * y[0], 0.5 * y[1] + 0.5 * y[0]]), [0.1, 0.1])
    found = invariant_manifold(shear, [0.0, 0.0], length=3.0)
    for branch in found.branches:
        x, y = branch[np.isfinite(branch[:, 0])].T
        np.testing.assert_allclose(y, x / 3, atol=1e-14)


def test_what_is_refused():
    with pytest.raises(ds.InputError, match="two variables"):
        phase_plane(ds.build("lorenz"))
    with pytest.raises(ds.InputError, match="no fixed point"):
        invariant_manifold(ds.build("henon"), [0.3, 0.3])
    with pytest.raises(ds.InputError, match="inverse"):
        invariant_manifold(ds.build("henon"), [0.3, 0.3], stable=True)
    with pytest.raises(ds.InputError, match="dimension 2"):
        invariant_manifold(ds.build("lorenz"), [0.0, 0.0, 0.0], stable=True)
