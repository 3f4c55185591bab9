"""Attractors and shares along a parameter against exact boundaries, counts and known bifurcations."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.attractors import Features
from dynascope.analysis.continuation import global_continuation
from dynascope.data import load, save
from dynascope.plots import plot


def box(low: list[float], high: list[float]) -> ds.Box:
    return ds.Box(jnp.array(low), jnp.array(high))


def tilted() -> ds.AbstractFlow:
    """x' = h + x - x^3: two wells between the folds at h = -+ 2 / (3 sqrt 3) = -+ 0.3849."""
    return ds.flow(lambda t, y, p: p["h"] + y - y**3, [0.5], parameters={"h": 0.0}, names="x")


def test_shares_follow_the_unstable_root_between_the_folds():
    values = np.linspace(-0.6, 0.6, 13)
    found = global_continuation(tilted(), "p.h", values, region=box([-2], [2]), starts=800)
    assert len(found) == 2
    assert found.successful
    np.testing.assert_array_equal(found.present[:, 0], values < 0.3849)
    np.testing.assert_array_equal(found.present[:, 1], values > -0.3849)
    for n, h in enumerate(values):
        roots = np.roots([-1, 0, 1, h])
        real = np.sort(roots[np.abs(roots.imag) < 1e-9].real)
        share = (real[1] + 2) / 4 if len(real) == 3 else float(h < 0)
        assert abs(found.shares[n, 0] - share) < 3 * found.stderr[n, 0]
        if found.present[n, 1]:
            assert found.points[n, 1, 0, 0] == pytest.approx(real[-1], abs=1e-5)
        else:
            assert np.isnan(found.points[n, 1]).all()
    np.testing.assert_allclose(found.shares.sum(axis=1), 1.0)
    assert found.span(0) == pytest.approx((-0.6, 0.3))


def test_numbers_survive_the_way_back():
    """Past a fold and back, in one row of values: the well that was lost is the same one again."""
    values = [0.0, 0.2, 0.3, 0.6, 0.3, 0.0, -0.6]
    found = global_continuation(tilted(), "p.h", values, region=box([-2], [2]), starts=100)
    assert len(found) == 2
    right = int(np.argmax(found.points[0, :, 0, 0]))
    np.testing.assert_array_equal(found.present[:, right], [True] * 6 + [False])
    np.testing.assert_array_equal(found.present[:, 1 - right], [True] * 3 + [False] + [True] * 3)


def test_three_competing_species_share_alike():
    """dx_i = x_i (1 - x_i - c sum of the others): all coexist for c < 1, one survives for c > 1, each as often."""
    species = ds.flow(
        lambda t, y, p: y * (1 - y - p["c"] * (jnp.sum(y) - y)), [0.3, 0.4, 0.5], parameters={"c": 0.8}, names="x y z"
    )
    found = global_continuation(species, "p.c", [0.7, 0.9, 1.1, 1.3], region=box([0.01] * 3, [1.5] * 3), starts=600)
    assert found.present.sum(axis=1).tolist() == [1, 1, 3, 3]
    np.testing.assert_allclose(found.points[1, 0, 0], 1 / 2.8, atol=1e-4)
    assert np.all(np.abs(found.shares[2:, 1:] - 1 / 3) < 3 * found.stderr[2:, 1:])


def test_henon_in_windows_and_beyond_its_crisis():
    """One attractor, also in the window of period 11 at 1.36615 where chaos lasts for 10^4 steps; none at 1.43.

    The share at 1.4 is 0.4325 on a fine grid of starts.
    """
    values = [1.2, 1.366153846153846, 1.4, 1.43]
    found = global_continuation(ds.build("henon"), "a", values, region=box([-2, -2], [2, 2]), starts=1000)
    assert found.present.sum(axis=1).tolist() == [1, 1, 1, 0]
    assert len(found) == 1
    assert len(np.unique(np.round(found.points[1, 0], 4), axis=0)) == 11
    assert abs(found.shares[2, 0] - 0.4325) < 3 * found.stderr[2, 0]
    assert found.unbounded[-1] == 1.0


def test_period_of_a_forcing_may_be_the_parameter():
    """x' = -x + cos(w t) has one attractor, a cycle that the strobe sees at rest at 1 / (1 + w^2)."""

    class Pushed(ds.AbstractFlow):
        w: Any = ds.param(1.0)

        def initial_state(self):
            return jnp.array([0.3])

        def vector_field(self, t, y, u):
            del u
            return -y + jnp.cos(self.w * t)

        def forcing_period(self):
            return 2 * jnp.pi / self.w

    found = global_continuation(Pushed(), "w", [0.5, 1.0, 2.0], region=box([-1], [1]), starts=50)
    assert found.discrete
    np.testing.assert_array_equal(found.shares, 1.0)
    np.testing.assert_allclose(found.points[:, 0, 0, 0], 1 / (1 + np.array([0.5, 1.0, 2.0]) ** 2), atol=1e-4)


def test_another_finder_and_an_input_level():
    class Pushed(ds.AbstractFlow):
        def initial_state(self):
            return jnp.array([0.5])

        def vector_field(self, t, y, u):
            return u + y - y**3

        def input_size(self):
            return 1

    finder = Features(transient=3000, duration=1000)
    found = global_continuation(Pushed(), "input", [-0.6, 0.0, 0.6], region=box([-2], [2]), starts=120, finder=finder)
    assert found.present.tolist() == [[True, False], [True, True], [False, True]]


def test_result_can_be_saved_and_drawn_with_local_branches(tmp_path):
    found = global_continuation(tilted(), "p.h", [-0.6, 0.0, 0.6], region=box([-2], [2]), starts=100)
    save(found, tmp_path / "along.nc")
    again = load(tmp_path / "along.nc")
    np.testing.assert_array_equal(again.shares, found.shares)
    diagram = ds.bifurcations(tilted(), "p.h", -0.6, 0.6)
    texts = [t.get_text() for t in plot(found, diagram=diagram).legends[0].get_texts()]
    assert texts == ["attractor 1", "attractor 2", "stable branch", "unstable branch"]
    other = ds.bifurcations(ds.build("henon"), "a", 0.2, 0.3)
    with pytest.raises(InputError, match=r"must be over `p\.h`"):
        plot(found, diagram=other)
    with pytest.raises(InputError, match="`variable` must be one of x"):
        plot(found, variable="q")


def test_wrong_arguments_are_refused():
    with pytest.raises(InputError, match="has no parameter `q`"):
        global_continuation(ds.build("henon"), "q", [1.0])
    with pytest.raises(InputError, match="numbers in one row"):
        global_continuation(ds.build("henon"), "a", [[1.0]])
    with pytest.raises(InputError, match="finite"):
        global_continuation(ds.build("henon"), "a", [1.0, np.nan])
