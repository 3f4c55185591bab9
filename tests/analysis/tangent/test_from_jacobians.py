"""Exponents of given Jacobians against eigenvalues and the spectrum along the same orbit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.tangent import exponents_from_jacobians
from dynascope.models.canonical import Henon

BASIS = np.array([[1.0, 0.3, -0.2], [0.1, 1.0, 0.4], [0.0, -0.3, 1.0]])


def test_constant_matrices_give_their_moduli_for_ever() -> None:
    matrix = BASIS @ np.diag([2.5, -0.5, 0.1]) @ np.linalg.inv(BASIS)
    found = exponents_from_jacobians(np.tile(matrix, (5000, 1, 1)))  # 2.5^5000 is far beyond every number
    np.testing.assert_allclose(found.exponents, np.log([2.5, 0.5, 0.1]), atol=1e-12)
    assert found.unit == "nats/step"
    assert found.converged


def test_complex_pairs_give_their_sum() -> None:
    matrix = np.array([[0.9, -0.8, 0.0], [0.8, 0.9, 0.3], [0.0, 0.0, 0.2]])
    found = exponents_from_jacobians(np.tile(matrix, (2000, 1, 1)))
    assert found.exponents[:2].sum() == pytest.approx(np.log(0.81 + 0.64), abs=1e-10)


def henon_jacobians(n: int) -> tuple[np.ndarray, np.ndarray]:
    system = Henon()

    def step(y: jax.Array, _: None) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        return system.step(0, y, None), (y, jax.jacfwd(lambda y: system.step(0, y, None))(y))

    _, (states, jacobians) = jax.lax.scan(step, jnp.asarray(system.initial_state()), None, length=n)
    return np.asarray(states), np.asarray(jacobians)


def test_it_equals_the_spectrum_along_the_same_orbit() -> None:
    """The same orbit from the same start, up to where the average begins."""
    states, jacobians = henon_jacobians(6600)
    found = exponents_from_jacobians(jacobians[:6600], transient=200)
    spectrum = ds.lyapunov_spectrum(Henon(), y0=states[0], transient=200, duration=6400)
    np.testing.assert_allclose(found.exponents, spectrum.exponents, atol=3e-3)
    np.testing.assert_allclose(found.stderr, spectrum.stderr, rtol=0.7)
    assert found.exponents.sum() == pytest.approx(np.log(0.3), abs=1e-12)
    assert found.kaplan_yorke == pytest.approx(1 + found.exponents[0] / abs(found.exponents[1]))


def test_the_first_matrix_acts_first() -> None:
    """A product whose exponents depend on the order: the sequence against its brute product."""
    rng = np.random.default_rng(1)
    jacobians = rng.normal(size=(24, 2, 2))
    product = np.eye(2)
    for jacobian in jacobians:
        product = jacobian @ product
    found = exponents_from_jacobians(jacobians, transient=0, k=1)
    start = np.linalg.qr(np.asarray(jax.random.normal(jax.random.key(0), (2, 1))))[0]
    assert found.exponents[0] * 24 == pytest.approx(np.log(np.linalg.norm(product @ start)), abs=1e-9)


def test_time_and_large_matrices() -> None:
    values = np.linspace(1.1, 0.2, 12)
    found = exponents_from_jacobians(np.tile(np.diag(values), (600, 1, 1)), 0.5, k=3, transient=200, time_unit="ms")
    np.testing.assert_allclose(found.exponents, 2 * np.log(values[:3]), atol=1e-6)
    assert found.unit == "nats/ms"
    assert found.times[-1] == pytest.approx(0.5 * 192, rel=0.05)


def test_wiped_out_directions_are_minus_infinity() -> None:
    found = exponents_from_jacobians(np.tile([[2.0, 0.0], [0.0, 0.0]], (64, 1, 1)))
    assert found.exponents[0] == pytest.approx(np.log(2))
    assert found.exponents[1] == -np.inf


@pytest.mark.parametrize(
    ("jacobians", "options", "text"),
    [
        (np.zeros((20, 2, 3)), {}, "shape"),
        (np.full((20, 2, 2), np.nan), {}, "not finite"),
        (np.ones((10, 2, 2)), {}, "at least 16"),
        (np.ones((20, 2, 2)), {"dt": 0.0}, "`dt`"),
        (np.ones((20, 2, 2)), {"k": 3}, "`k`"),
    ],
)
def test_bad_input_is_refused(jacobians: np.ndarray, options: dict, text: str) -> None:
    with pytest.raises(ds.InputError, match=text):
        exponents_from_jacobians(jacobians, **options)
