"""Basins on grids and shares of random starts against exact and counted ones."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.basins import Grid, KnownCells, basin_shares, basins, grid_of
from dynascope.data import load, save
from dynascope.plots import plot

#: Share of [-2, 2]^2 whose orbit under the Henon map (a 1.4, b 0.3) stays bounded: 10^6 starts, error 0.0005.
HENON_BASIN = (0.4325, 0.0005)


def test_share_of_the_henon_basin():
    box = ds.Box(jnp.array([-2.0, -2.0]), jnp.array([2.0, 2.0]))
    found = basin_shares(ds.build("henon"), region=box, precision=0.008)
    value, error = HENON_BASIN
    assert len(found) == 1
    assert abs(found.shares[0] - value) < 3 * np.hypot(found.stderr[0], error)
    assert found.stderr[0] < 0.008
    assert found.shares[0] + found.unbounded == pytest.approx(1.0)
    assert "diverge" in found.summary()


@pytest.mark.parametrize("side", [60, 500])
def test_starts_thrown_far_do_not_blur_the_places_of_rest(side: int):
    # One step from near zero leads to where the plane is hundreds of times wider than the grid.
    found = basins(ds.build("newton-map"), Grid([-1.5, -1.5], [1.5, 1.5], (side, side)))
    assert len(found) == 3
    np.testing.assert_allclose(found.shares, 1 / 3, atol=0.02)


def test_angles_of_attractors_stay_on_their_circle():
    firing = basin_shares(ds.build("theta-neuron", I=0.5), precision=0.5)
    assert firing.moving.tolist() == [True]
    assert firing.points.min() >= 0.0
    assert 5.0 < firing.points.max() < 2 * np.pi


def test_basins_of_newtons_method_have_its_symmetries():
    found = basins(ds.build("newton-map"), Grid([-1, -1], [1, 1], (60, 60)))
    assert len(found) == 3
    roots = np.array([[1, 0], [-0.5, np.sqrt(0.75)], [-0.5, -np.sqrt(0.75)]])
    order = [int(np.argmin(np.linalg.norm(found.states - r, axis=1))) for r in roots]
    np.testing.assert_allclose(found.states[order], roots, atol=1e-6)
    mirrored = np.array([order[0], order[2], order[1]])
    back = np.empty(3, int)
    back[order] = mirrored
    # The conjugate of a start goes to the conjugate of its root.
    np.testing.assert_array_equal(found.image[:, ::-1], back[found.image])
    # Starts near a root reach it at once, and none takes less.
    near = np.linalg.norm(found.grid.states(np.arange(found.grid.size)) - roots[0], axis=1) < 0.05
    assert np.all(found.labels[near] == order[0])
    assert found.times[near].max() <= 4


def test_labels_agree_with_the_method_itself():
    grid = Grid([-1, -1], [1, 1], (50, 50))
    found = basins(ds.build("newton-map"), grid)
    y = grid.states(np.arange(grid.size))
    z = y[:, 0] + 1j * y[:, 1]
    for _ in range(200):
        z = z - (z**3 - 1) / (3 * z**2)
    ends = found.states[found.labels]
    np.testing.assert_allclose(z, ends[:, 0] + 1j * ends[:, 1], atol=1e-9)


def test_grid_of_names():
    system = ds.build("magnetic-pendulum")
    grid = grid_of(system, {"x": (-2.0, 2.0), "y": (-1.0, 1.0)}, cells=(8, 4))
    assert (grid.axes, grid.shape, grid.size) == ((0, 1), (8, 4), 32)
    np.testing.assert_allclose(grid.states(np.array([0, 5])), [[-1.75, -0.75, 0, 0], [-1.25, -0.25, 0, 0]])
    np.testing.assert_allclose(grid.ticks(1), [-0.75, -0.25, 0.25, 0.75])
    with pytest.raises(InputError, match="names 'w'"):
        grid_of(system, {"w": (0.0, 1.0)})
    with pytest.raises(InputError, match="`shape` must give"):
        Grid([0, 0], [1, 1], (3,))
    with pytest.raises(InputError, match="must be below"):
        Grid([0, 2], [1, 1], (3, 3))
    with pytest.raises(InputError, match="need 2 components"):
        basins(ds.build("henon"), Grid([0, 0, 0], [1, 1, 1], (2, 2, 2)))


def test_result_can_be_saved_and_drawn(tmp_path):
    found = basins(ds.build("newton-map"), Grid([-1, -1], [1, 1], (20, 20)), name=True)
    assert found.regimes == ("fixed point",) * 3
    save(found, tmp_path / "basins.nc")
    again = load(tmp_path / "basins.nc")
    np.testing.assert_array_equal(again.image, found.image)
    assert again.grid.shape == (20, 20)
    assert plot(found).legends[0].get_texts()[0].get_text().startswith("fixed point: 0.3")
    shares = basin_shares(ds.build("newton-map"), precision=0.1)
    assert len(plot(shares).axes[0].patches) == 3


@pytest.mark.slow
def test_magnetic_pendulum():
    """Counted on a grid of 10^6 cells by RK4: 0.3324, 0.3324 and 0.3353 for the magnets at 120, 240 and 0 degrees."""
    box = ds.Box(jnp.array([-2.0, -2.0, 0.0, 0.0]), jnp.array([2.0, 2.0, 0.0, 0.0]))
    found = basin_shares(ds.build("magnetic-pendulum"), region=box, precision=0.015)
    assert len(found) == 3
    wanted = [0.3353 if x > 0 else 0.3324 for x in found.states[:, 0]]
    assert np.all(np.abs(found.shares - wanted) < 3 * found.stderr)


@pytest.mark.slow
def test_lorenz_84_with_three_kinds_of_attractor():
    """Freire et al. (2008): chaos, a fixed point and a cycle; shares 0.18, 0.645, 0.175 counted from 1000 starts."""
    box = ds.Box(jnp.full(3, -3.0), jnp.full(3, 3.0))
    system = ds.build("lorenz84", F=6.886, G=1.347, a=0.255, b=4.0)
    found = basin_shares(system, region=box, precision=0.012, name=True)
    wanted = {"chaos": 0.18, "fixed point": 0.645, "limit cycle": 0.175}
    assert sorted(found.regimes) == sorted(wanted)
    for regime, share, error in zip(found.regimes, found.shares, found.stderr, strict=True):
        assert abs(share - wanted[regime]) < 3 * np.hypot(error, 0.015)


@pytest.mark.slow
def test_thomas_has_three_attractors():
    box = ds.Box(jnp.full(3, -4.0), jnp.full(3, 4.0))
    found = basin_shares(ds.build("thomas", b=0.1665), region=box, precision=0.02)
    assert len(found) == 3
    assert found.shares.sum() == pytest.approx(1.0)


def test_known_cells_tell_nearly_the_same_with_few_looks_and_say_how_nearly():
    system, grid = ds.build("newton-map"), Grid([-1, -1], [1, 1], (96, 96))
    whole = basins(system, grid)
    found = basins(system, grid, known=whole.known, shortcut=KnownCells(streak=2, checked=1024, stride=1))
    differ = np.mean(found.labels != whole.labels)
    assert found.times.mean() < whole.times.mean()
    assert differ < 0.05
    # The share that is checked is of those that stopped early: nearly all.
    assert abs(found.doubt - differ) < 4 * found.doubt_stderr + 0.2 * differ
    assert "doubtful" in found.summary()
    assert whole.doubt == whole.doubt_stderr == 0.0


def test_known_cells_need_cells_that_are_whole_states():
    with pytest.raises(InputError, match="whose components all vary"):
        basins(ds.build("magnetic-pendulum"), Grid([-2, -2, 0, 0], [2, 2, 0, 0], (8, 8)), shortcut=KnownCells())
    with pytest.raises(InputError, match="power of two"):
        KnownCells(every=3)


def test_neighbourhoods_of_rest_are_longer_where_states_return_faster():
    # Lyapunov's form of two decays with rates 1 and 20 is diagonal, its lengths as the square root of 20.
    decays = ds.flow(lambda t, y, _: -jnp.array([1.0, 20.0]) * y, [0.5, 0.5])
    found = basins(decays, Grid([-1, -1], [1, 1], (8, 8)))
    (one,) = found.known
    lengths = np.linalg.norm(one.form, axis=0)
    assert lengths[0] == pytest.approx(1.0)
    assert 3.9 < lengths[0] / lengths[1] < 4.5
    assert one.radius == pytest.approx(0.08)  # all that was tried comes back
    assert one.distance(one.points[0] + np.array([0.3, 0.0])) == pytest.approx(0.3)
