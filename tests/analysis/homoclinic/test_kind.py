"""Eigenspaces and what the eigenvalues of a homoclinic orbit say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope.analysis.homoclinic._ending import ending, matrix_sign
from dynascope.analysis.homoclinic._kind import born_of, leading_of, saddle_quantity, type_of


def matrix(values, seed=0):
    """A real matrix with these eigenvalues (pairs given once) and eigenvectors at random."""
    blocks = [np.array([[v.real, v.imag], [-v.imag, v.real]]) if np.imag(v) else np.array([[v.real]]) for v in values]
    d = sum(map(len, blocks))
    inner = np.zeros((d, d))
    i = 0
    for b in blocks:
        inner[i : i + len(b), i : i + len(b)] = b
        i += len(b)
    basis = np.random.default_rng(seed).normal(size=(d, d))
    return basis @ inner @ np.linalg.inv(basis)


def test_sign_of_a_matrix_and_its_derivative():
    a, b = matrix([1e-3 + 0j, -2 + 1j, 50 + 0j]), matrix([1 + 0j, 2 + 0j, -1 + 0j, -1 + 0j], 1)
    found = np.linalg.eig(a)
    exact = (found.eigenvectors * np.sign(np.real(found.eigenvalues))) @ np.linalg.inv(found.eigenvectors)
    np.testing.assert_allclose(matrix_sign(jnp.asarray(a / 50)), exact.real, atol=1e-9)
    # Tangent against differences.
    slope = jax.jvp(matrix_sign, (jnp.asarray(a / 50),), (jnp.asarray(b),))[1]
    h = 1e-7
    differences = (matrix_sign(jnp.asarray(a / 50 + h * b)) - matrix_sign(jnp.asarray(a / 50 - h * b))) / (2 * h)
    np.testing.assert_allclose(slope, differences, rtol=1e-3, atol=1e-3 * float(np.max(np.abs(slope))))


@pytest.mark.parametrize("arrives", [False, True])
def test_distance_grows_along_spirals(arrives):
    """The quadratic form changes in one direction along each solution of the linearised flow, however it turns."""
    a = matrix([0.1 + 3j, -0.2 + 5j], seed=4)
    end = ending(a, 2, arrives=arrives, distance=1e-3)
    assert end.rows.shape == end.basis.T.shape == (2, 4)
    allowed = np.asarray(end.basis)
    np.testing.assert_allclose(np.asarray(end.forbidden(jnp.asarray(a), jnp.asarray(allowed[:, 0]))), 0.0, atol=1e-9)
    inner = allowed.T @ a @ allowed
    form = np.asarray(end.form)
    change = np.linalg.eigvalsh(inner.T @ form + form @ inner)
    assert np.all(change < 0) if arrives else np.all(change > 0)


SADDLE, FOCUS = np.array([1.0, -2.0, -3.0], complex), np.array([1.0, -0.5 + 2j, -0.5 - 2j])


@pytest.mark.parametrize(
    ("values", "type_", "sigma", "born"),
    [
        (SADDLE, "saddle", -1.0, "one stable cycle"),
        (-SADDLE, "saddle", 1.0, "one repelling cycle"),
        (np.array([3.0, -2.0, -3.0], complex), "saddle", 1.0, "one saddle cycle"),
        (FOCUS, "saddle-focus", 0.5, "infinitely many"),
        (-FOCUS, "saddle-focus", -0.5, "infinitely many"),
        (np.array([0.2, -0.5 + 2j, -0.5 - 2j]), "saddle-focus", -0.3, "one stable cycle"),
        (np.array([0.2 + 1j, 0.2 - 1j, -0.5 + 2j, -0.5 - 2j]), "focus-focus", -0.3, "infinitely many"),
        (np.array([1.0, -1.0], complex), "saddle", 0.0, "more than one"),
        (np.array([1.0, -0.5, -2 + 1j, -2 - 1j]), "saddle", 0.5, "one saddle cycle"),
    ],
)
def test_what_is_born(values, type_, sigma, born):
    assert type_of(values) == type_
    assert saddle_quantity(values) == pytest.approx(sigma)
    assert born in born_of(values)


def test_leading_eigenvalues():
    found = leading_of(FOCUS)
    assert (found.stable, found.unstable) == (-0.5 + 2j, 1.0)
    assert (found.stable_count, found.unstable_count) == (2, 1)
