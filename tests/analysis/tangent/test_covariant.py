"""Covariant vectors against eigenvectors, the velocity of a flow and the tangent map itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope._errors import RESULTS, ComputationFailed
from dynascope.analysis.tangent import covariant_vectors
from dynascope.analysis.tangent._angles import angles_between
from dynascope.models.canonical import Henon, LinearFlow, LinearMap, Logistic, Lorenz

BASIS = np.array([[1.0, 0.3, -0.2], [0.1, 1.0, 0.4], [0.0, -0.3, 1.0]])
UNIT_BASIS = BASIS / np.linalg.norm(BASIS, axis=0)


def with_eigenvalues(*values: float) -> np.ndarray:
    return BASIS @ np.diag(values) @ np.linalg.inv(BASIS)


def off(vectors: np.ndarray, directions: np.ndarray) -> float:
    """Largest difference up to the sign of each vector; `directions` may be one set or one per sample."""
    sign = np.sign(np.sum(vectors * directions, axis=-2, keepdims=True))
    return float(np.max(np.abs(vectors * sign - directions)))


def test_linear_map_has_its_eigenvectors() -> None:
    found = covariant_vectors(LinearMap(with_eigenvalues(1.01, -0.5, 0.1)), transient=200, duration=200)
    assert off(found.vectors, UNIT_BASIS) < 1e-12
    np.testing.assert_allclose(found.exponents, np.log([1.01, 0.5, 0.1]), atol=1e-12)
    assert (found.unstable, found.centre, found.pairs) == (1, 0, ("unstable-stable",))
    expected = angles_between(UNIT_BASIS[:, :1], UNIT_BASIS[:, 1:])
    np.testing.assert_allclose(found.angles[:, 0], expected, atol=1e-12)
    assert found.converged


def test_linear_flow_has_its_eigenvectors() -> None:
    found = covariant_vectors(LinearFlow(with_eigenvalues(0.1, -1.0, -4.0)), transient=60.0, duration=20.0)
    assert off(found.vectors, UNIT_BASIS) < 1e-10
    np.testing.assert_allclose(found.exponents, [0.1, -1.0, -4.0], atol=2e-6)  # the error of the step


def test_cat_map_has_constant_directions() -> None:
    found = covariant_vectors(ds.build("arnold-cat-map"), duration=1000)
    _, directions = np.linalg.eigh(np.array([[1.0, 1.0], [1.0, 2.0]]))
    assert off(found.vectors, directions[:, ::-1]) < 1e-12
    np.testing.assert_allclose(found.angles, np.pi / 2, atol=1e-12)
    assert found.near_tangency[0] == 0


def test_henon_has_tangencies() -> None:
    found = covariant_vectors(Henon(), duration=20_000, samples=300)
    assert found.smallest_angle[0] < 2e-3
    assert 0.003 < found.near_tangency[0] < 0.03
    np.testing.assert_allclose(found.exponents, found.backward_exponents, atol=1e-3)
    assert abs(found.exponents[0] - 0.41922) <= 3 * found.stderr[0]
    np.testing.assert_allclose(found.angle(0, 1), np.interp(found.times, found.angle_times, found.angles[:, 0]))


def test_vectors_are_carried_into_each_other() -> None:
    """The tangent map takes the directions at one state to those at the next."""
    system = Henon()
    found = covariant_vectors(system, duration=400, samples=400)
    steps = int(found.settings["every"])

    def moved(y: jax.Array) -> jax.Array:
        for _ in range(steps):
            y = system.step(0, y, None)
        return y

    images = np.asarray(jax.vmap(jax.jacfwd(moved))(jnp.asarray(found.states[:-1]))) @ found.vectors[:-1]
    np.testing.assert_allclose(np.asarray(jax.vmap(moved)(jnp.asarray(found.states[:-1]))), found.states[1:], atol=1e-9)
    assert off(images / np.linalg.norm(images, axis=1, keepdims=True), found.vectors[1:]) < 1e-8


def test_centre_of_lorenz_is_its_velocity() -> None:
    system = Lorenz()
    found = covariant_vectors(system, duration=300.0)
    velocity = np.array(jax.vmap(lambda y: system.vector_field(0.0, y, None))(jnp.asarray(found.states)))
    velocity /= np.linalg.norm(velocity, axis=1, keepdims=True)
    assert off(found.vectors[:, :, [1]], velocity[:, :, None]) < 1e-6
    assert (found.unstable, found.centre) == (1, 1)
    assert found.pairs == ("unstable-centre", "unstable-stable", "centre-stable")
    np.testing.assert_array_less(np.abs(found.exponents - (0.9056, 0.0, -14.5723)), 3 * found.stderr + 0.01)
    assert found.smallest_angle[1] > 0.05  # a pseudo-hyperbolic attractor
    assert found.converged


def test_pieces_do_not_show() -> None:
    """A short and a long run agree where they overlap: the tails were long enough."""
    short, long = (covariant_vectors(Henon(), duration=d, samples=d // 2) for d in (200, 2000))
    assert short.settings["every"] == long.settings["every"]
    n = min(len(short.times), 50)
    both = np.searchsorted(long.times, short.times[:n])
    np.testing.assert_allclose(long.times[both], short.times[:n])
    assert off(long.vectors[both], short.vectors[:n]) < 1e-8


def test_large_systems_go_through_lapack() -> None:
    values = np.linspace(1.2, 0.3, 10)
    basis = np.eye(10) + 0.1 * np.random.default_rng(0).normal(size=(10, 10))
    matrix = basis @ np.diag(values) @ np.linalg.inv(basis)
    found = covariant_vectors(LinearMap(matrix), k=4, transient=1600, duration=200)
    assert off(found.vectors, (basis / np.linalg.norm(basis, axis=0))[:, :4]) < 1e-9
    np.testing.assert_allclose(found.exponents, np.log(values[:4]), atol=1e-10)


def test_equal_exponents_have_no_vectors_of_their_own() -> None:
    """A rotation: the two vectors depend on where the backward iteration began, and the result says so."""
    found = covariant_vectors(LinearMap(0.9 * np.array([[0.6, -0.8], [0.8, 0.6]])), transient=50, duration=100)
    assert found.vector_error[1] > 0.1
    np.testing.assert_allclose(found.exponents, np.log(0.9), atol=1e-12)


def test_a_direction_that_is_wiped_out_is_told() -> None:
    flat = LinearMap(np.array([[1.0, 1.0], [1.0, 1.0]]) * 0.5)
    with pytest.raises(ComputationFailed, match="wipes out"):
        covariant_vectors(flat, transient=10, duration=100)
    found = covariant_vectors(flat, transient=10, duration=100, throw=False)
    assert found.result == RESULTS.singular_tangent
    assert covariant_vectors(flat, k=1, transient=10, duration=100).successful


def test_divergence_is_told() -> None:
    with pytest.raises(ComputationFailed):
        covariant_vectors(Henon(), y0=[10.0, 10.0], transient=0, duration=100)


def test_one_dimension_has_no_angles() -> None:
    found = covariant_vectors(Logistic(r=4.0), duration=500)
    assert found.pairs == ()
    assert "No pair" in found.summary()


def test_angles_between_subspaces() -> None:
    line, plane = np.eye(3)[:, :1], np.eye(3)[:, 1:]
    assert angles_between(line, plane) == pytest.approx(np.pi / 2)
    tilted = np.array([[np.cos(1e-9)], [np.sin(1e-9)], [0.0]])
    assert angles_between(line, tilted) == pytest.approx(1e-9, rel=1e-6)
    assert angles_between(plane, tilted) == pytest.approx(np.pi / 2 - 1e-9)
    assert angles_between(plane, np.array([[1.0], [1.0], [0.0]])) == pytest.approx(np.pi / 4)
