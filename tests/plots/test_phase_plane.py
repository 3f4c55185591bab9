"""Figures of the plane show what the results hold."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.map_cycles import DavidchackLai, periodic_points
from dynascope.analysis.phase_plane import invariant_manifold, phase_plane
from dynascope.analysis.stability import SpeedDescent


def test_plane_shows_nullclines_and_fixed_points():
    well = ds.flow(lambda t, y, p: jnp.stack([y[1], y[0] - y[0] ** 3 - 0.2 * y[1]]), [1.0, 0.0], names="x v")
    result = phase_plane(well, region=ds.Box(-2 * jnp.ones(2), 2 * jnp.ones(2)), resolution=30)
    figure = ds.plot(result)
    axes = figure.axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert {"x stands still", "v stands still", "separatrix", "saddle", "stable focus (2)"} <= set(labels)
    drawn = {line.get_label(): line.get_xydata() for line in axes.get_lines()}
    np.testing.assert_array_equal(drawn["v stands still"], result.second)
    assert axes.get_xlim() == (-2, 2)


def test_manifold_and_cycles_are_drawn():
    henon = ds.build("henon")
    cycles = periodic_points(henon, 2, method=DavidchackLai(starts=256))
    axes = ds.plot(cycles).axes[0]
    assert [line.get_label() for line in axes.get_lines()] == ["1", "2"]
    assert len(np.asarray(axes.get_lines()[0].get_xydata())) == 2
    saddle = cycles.points[np.argmax(cycles.points[:, 0, 0] * (cycles.periods == 1)), 0]
    curve = invariant_manifold(henon, saddle, length=2.0)
    lines = ds.plot(curve).axes[0].get_lines()
    np.testing.assert_array_equal(lines[0].get_xydata(), curve.branches[0])
    none = periodic_points(ds.iterated(lambda n, y, p: y + 1.0, [0.0]), 1, region=ds.Box(jnp.zeros(1), jnp.ones(1)))
    with pytest.raises(ds.InputError, match="no cycle"):
        ds.plot(none)


def test_slow_points_are_drawn_beside_fixed_ones():
    def field(t, y, p):
        del t, p
        return jnp.stack([1e-3 * (y[0] - y[0] ** 3), -y[1]])

    found = ds.fixed_points(
        ds.flow(field, [0.5, 0.2]),
        region=ds.Box(-2 * jnp.ones(2), 2 * jnp.ones(2)),
        method=SpeedDescent(starts=128),
    )
    assert found.continuum == "line"
    labels = ds.plot(found).axes[0].get_legend_handles_labels()[1]
    assert any(text.startswith("slow points (") for text in labels)
