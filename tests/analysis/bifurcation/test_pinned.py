"""Bifurcation points as differentiable functions of a system, and branches of a whole family at once."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.bifurcation import (
    Bounds,
    Equilibria,
    branch_point,
    crossings,
    fold_point,
    follow,
    free_parameter,
    hopf_point,
    period_doubling_point,
)
from dynascope.analysis.stability._frozen import frozen_at
from tests.analysis.bifurcation import small_systems as small


def test_gradient_of_a_hopf_point_is_that_of_finite_differences():
    system: Any = ds.build("fitzhugh-nagumo")

    def place(b):
        return hopf_point(system.replace(b=b), "I", 0.33, jnp.array([-0.967, -0.334])).value

    place = jax.jit(place)
    b = float(system.b)
    numeric = (place(b + 1e-5) - place(b - 1e-5)) / 2e-5
    assert float(jax.grad(place)(b)) == pytest.approx(float(numeric), rel=1e-7)
    assert float(jax.jacfwd(place)(b)) == pytest.approx(float(numeric), rel=1e-7)
    # By the formula v = -sqrt(1 - eps b), w = (v + a) / b, I = w - v + v^3 / 3.
    eps, a = float(system.eps), float(system.a)

    def formula(x):
        v = -jnp.sqrt(1 - eps * x)
        return (v + a) / x - v + v**3 / 3

    assert float(place(b)) == pytest.approx(float(formula(b)), abs=1e-12)
    assert float(jax.grad(place)(b)) == pytest.approx(float(jax.grad(formula)(b)), rel=1e-10)
    family = jnp.linspace(0.7, 0.9, 5)
    np.testing.assert_allclose(jax.vmap(place)(family), jax.vmap(formula)(family), atol=1e-12)


def test_gradient_of_a_fold_point():
    def rule(t, y, p):
        return p["p"] + p["k"] * y - y**3 / 3

    system = ds.flow(rule, [0.0], parameters={"p": 0.0, "k": 1.0})

    def place(k):
        return fold_point(system.replace(**{"p.k": k}), "p.p", 0.6, jnp.array([-0.9])).value

    # Folds at y = -sqrt(k), p = 2 k^(3/2) / 3, so that dp/dk = sqrt(k).
    assert float(place(1.3)) == pytest.approx(2 * 1.3**1.5 / 3, abs=1e-12)
    assert float(jax.grad(place)(1.3)) == pytest.approx(np.sqrt(1.3), rel=1e-10)


def test_points_of_the_logistic_map():
    system = ds.build("logistic")
    assert float(branch_point(system, "r", 0.9, jnp.array([0.05])).value) == pytest.approx(1.0, abs=1e-12)
    assert float(period_doubling_point(system, "r", 2.9, jnp.array([0.6])).value) == pytest.approx(3.0, abs=1e-12)
    with pytest.raises(ds.InputError, match="is a flow"):
        period_doubling_point(ds.build("lorenz"), "rho", 1.0, jnp.zeros(3))


def test_where_there_is_no_point_the_code_says_so():
    point = hopf_point(ds.build("logistic"), "r", 2.0, jnp.array([0.5]))
    assert point.result != ds.RESULTS.successful
    away = fold_point(ds.flow(lambda t, y, p: p["p"] - y, [0.0], parameters={"p": 0.0}), "p.p", 0.0, jnp.zeros(1))
    assert away.result != ds.RESULTS.successful


def test_a_state_of_another_size_is_refused():
    with pytest.raises(ds.InputError, match="must hold the 2 components of `FitzHughNagumo`, got 1"):
        hopf_point(ds.build("fitzhugh-nagumo"), "I", 0.33, jnp.array([-0.967]))


def test_a_family_of_branches_is_one_program():
    system, region = small.s_curve()
    frozen = frozen_at(system, None, 0.0)
    free = free_parameter(system, "p.p", frozen.u)
    bounds = Bounds(jnp.array([-9.0, -1.0]), jnp.array([9.0, 1.0]))

    def one(scale):
        problem = Equilibria(frozen, free, jnp.array([6.0]) * scale, jnp.asarray(2.0))
        path = follow(problem, jnp.array([-2.1038034027355366, -1.0]), 1.0, bounds=bounds)
        return path, jnp.sum(crossings(path)[:, 0])

    paths, folds = eqx.filter_jit(jax.vmap(one))(jnp.array([0.5, 1.0, 2.0]))
    np.testing.assert_array_equal(folds, [2, 2, 2])
    for i, count in enumerate(np.asarray(paths.count)):
        last = np.asarray(paths.points)[i, count - 1]
        np.testing.assert_allclose(last, [2.1038034027355366, 1.0], atol=1e-10)
    assert region is not None
