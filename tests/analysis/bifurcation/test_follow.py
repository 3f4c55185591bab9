"""Curves whose shape is known: circles, parabolas, lines, and one that ends."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope.analysis.bifurcation import (
    ENDS,
    AbstractProblem,
    Bounds,
    PseudoArclength,
    crossings,
    follow,
    locate,
    solve_bordered,
)


class Circle(AbstractProblem):
    """y^2 + p^2 = r^2 with the tests p' and y - 0.3 r."""

    r: jax.Array

    def residual(self, z):
        return z[:1] ** 2 + z[1:] ** 2 - self.r**2

    def bordered_solve(self, z, border, rhs):
        return solve_bordered(self.residual, z, border, rhs)

    def tests(self, z, tangent):
        return jnp.stack([tangent[-1], z[0] - 0.3 * self.r])

    def weights(self):
        return jnp.ones(2)


class Cubic(AbstractProblem):
    """p = y^3 - 3 y, with folds at y = -1 and 1; the test is p'."""

    def residual(self, z):
        return z[:1] ** 3 - 3 * z[:1] - z[1:]

    def bordered_solve(self, z, border, rhs):
        return solve_bordered(self.residual, z, border, rhs)

    def tests(self, z, tangent):
        return tangent[-1:]

    def weights(self):
        return jnp.asarray([0.25, 1 / 36])


class Root(AbstractProblem):
    """y = sqrt(p), which has no points where p < 0."""

    def residual(self, z):
        return z[:1] - jnp.sqrt(z[1:])

    def bordered_solve(self, z, border, rhs):
        return solve_bordered(self.residual, z, border, rhs)

    def tests(self, z, tangent):
        return tangent[-1:]

    def weights(self):
        return jnp.ones(2)


FOLLOW = eqx.filter_jit(follow)
WIDE = Bounds(jnp.full(2, -5.0), jnp.full(2, 5.0))


@eqx.filter_jit
def _circle(r):
    return follow(Circle(r), jnp.stack([r, 0.0 * r]), 1.0, bounds=WIDE)


def test_circle_is_followed_round_and_closes():
    path = _circle(jnp.asarray(1.0))
    count = int(path.count)
    points = np.asarray(path.points)[:count]
    assert path.end == ENDS.closed
    assert np.max(np.abs(np.sum(points**2, axis=1) - 1)) < 1e-12
    assert np.all(np.isnan(np.asarray(path.points)[count:]))
    turned = np.unwrap(np.arctan2(points[:, 1], points[:, 0]))
    assert np.all(np.diff(turned) > 0)
    assert 2 * np.pi <= turned[-1] < 2 * np.pi + 0.1


def test_tangents_are_unit_and_along_the_curve():
    path = _circle(jnp.asarray(1.0))
    n = int(path.count)
    points, tangents = np.asarray(path.points)[:n], np.asarray(path.tangents)[:n]
    np.testing.assert_allclose(np.sum(tangents**2, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(np.sum(tangents * points, axis=1), 0, atol=1e-10)


def test_zeros_of_tests_are_located_to_rounding():
    path = _circle(jnp.asarray(2.0))
    rows, which = np.nonzero(np.asarray(crossings(path)))
    one = eqx.filter_jit(locate)
    found = [(int(k), one(Circle(jnp.asarray(2.0)), path, i, k)) for i, k in zip(rows, which, strict=True)]
    assert all(bool(at.converged) and float(at.width) < 1e-12 for _, at in found)
    folds = [np.asarray(at.point) for k, at in found if k == 0]
    levels = [np.asarray(at.point) for k, at in found if k == 1]
    np.testing.assert_allclose(folds, [[0, 2], [0, -2]], atol=1e-9)
    np.testing.assert_allclose(levels, [[0.6, np.sqrt(3.64)], [0.6, -np.sqrt(3.64)]], atol=1e-9)


def test_family_of_branches_in_one_program():
    radii = jnp.linspace(0.3, 2.0, 8)
    together = eqx.filter_jit(jax.vmap(_circle))(radii)
    for i, r in enumerate(radii):
        alone = _circle(r)
        assert int(alone.count) == int(together.count[i])
        np.testing.assert_allclose(together.points[i], alone.points, atol=1e-10)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_branch_ends_exactly_on_the_bound_beyond_its_folds(sign):
    bounds = Bounds(jnp.asarray([-9.0, -4.0]), jnp.asarray([9.0, 4.0]))
    start = jnp.asarray([2.0, 2.0])
    path = FOLLOW(Cubic(), start, sign, bounds=bounds)
    last = np.asarray(path.points)[int(path.count) - 1]
    assert path.end == ENDS.bound
    assert last[1] == sign * 4
    assert abs(last[0] ** 3 - 3 * last[0] - last[1]) < 1e-11
    assert np.asarray(crossings(path)).sum() == (2 if sign < 0 else 0)


def test_a_direction_may_be_a_vector():
    bounds = Bounds(jnp.asarray([-9.0, -4.0]), jnp.asarray([9.0, 4.0]))
    start = jnp.asarray([0.0, 0.0])
    path = FOLLOW(Cubic(), start, jnp.asarray([1.0, 0.0]), bounds=bounds)
    assert path.points[1, 0] > 0
    assert path.points[1, 1] < 0


def test_start_on_the_bound_going_out_is_one_point():
    bounds = Bounds(jnp.asarray([-9.0, -4.0]), jnp.asarray([9.0, 2.0]))
    path = FOLLOW(Cubic(), jnp.asarray([2.0, 2.0]), 1.0, bounds=bounds)
    assert path.end == ENDS.bound
    assert int(path.count) == 1


def test_leaving_the_region_of_states_and_running_full():
    near = Bounds(jnp.asarray([1.5, -4.0]), jnp.asarray([9.0, 4.0]))
    path = FOLLOW(Cubic(), jnp.asarray([2.0, 2.0]), -1.0, bounds=near)
    assert path.end == ENDS.left
    assert np.asarray(path.points)[int(path.count) - 1, 0] < 1.5
    short = PseudoArclength(max_points=7)
    path = FOLLOW(Cubic(), jnp.asarray([2.0, 2.0]), -1.0, short, bounds=near)
    assert path.end == ENDS.full
    assert int(path.count) == 7


def test_a_curve_that_ends_says_so():
    bounds = Bounds(jnp.full(2, -2.0), jnp.full(2, 2.0))
    path = FOLLOW(Root(), jnp.asarray([1.0, 1.0]), -1.0, bounds=bounds)
    assert path.end == ENDS.stuck
    assert 0 <= float(path.points[int(path.count) - 1, 1]) < 1e-3


def test_a_start_far_from_any_curve_says_so():
    path = FOLLOW(Root(), jnp.asarray([1.0, -1.0]), 1.0, bounds=WIDE)
    assert path.end == ENDS.no_start
    assert int(path.count) == 0


def test_a_test_that_is_zero_on_a_point_is_counted_once():
    path = _circle(jnp.asarray(1.0))
    tests = np.asarray(path.tests).copy()
    tests[:, 1] = np.arange(len(tests)) - 20.0
    assert np.flatnonzero(np.asarray(crossings(eqx.tree_at(lambda p: p.tests, path, jnp.asarray(tests))))[:, 1]) == [20]
    touching = tests.copy()
    touching[:, 1] = (np.arange(len(tests)) - 20.0) ** 2
    assert not np.asarray(crossings(eqx.tree_at(lambda p: p.tests, path, jnp.asarray(touching))))[:, 1].any()
