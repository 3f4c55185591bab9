"""Regressions against models that are known: a linear map, the equations of Lorenz, the map of Henon."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.learn.regression import (
    SVD,
    CentralDifference,
    Cholesky,
    KoopmanMap,
    NextGeneration,
    PolynomialFlow,
    SavitzkyGolay,
    fit_koopman_map,
    fit_linear_map,
    fit_next_generation,
    fit_sparse_flow,
    monomials,
    ridge,
    term_names,
    terms,
)


@pytest.fixture(scope="module")
def lorenz() -> np.ndarray:
    run = ds.trajectory(ds.build("lorenz"), None, np.arange(0.0, 60.0, 0.01))
    return np.asarray(run.ys)[1000:]


@pytest.mark.parametrize("method", [Cholesky(), SVD()], ids=["cholesky", "svd"])
def test_ridge_against_its_formula(method: object) -> None:
    generator = np.random.default_rng(0)
    phi, y = generator.normal(size=(50, 7)), generator.normal(size=(50, 2))
    expected = np.linalg.inv(phi.T @ phi + 0.3 * np.eye(7)) @ phi.T @ y
    assert ridge(phi, y, penalty=0.3, method=method) == pytest.approx(expected)  # type: ignore[arg-type]


def test_dependent_features() -> None:
    phi = np.ones((10, 2))
    assert ridge(phi, np.ones((10, 1)))[:, 0] == pytest.approx([0.5, 0.5])
    with pytest.raises(ds.InputError, match=r"Raise it, or use `SVD\(\)`"):
        ridge(np.eye(3)[:, [0, 0, 1]], np.ones((3, 1)), method=Cholesky())


def test_monomials() -> None:
    x = jnp.array([2.0, 3.0])
    assert monomials(x, 3).tolist() == [1, 2, 3, 4, 6, 9, 8, 12, 18, 27]
    assert term_names(("x", "y"), 2) == ("1", "x", "y", "x^2", "x y", "y^2")
    # The number of monomials of d variables up to degree p is binomial(d + p, p).
    assert len(terms(6, 2)) == 28
    # Derivatives at zero, where a power would give NaN.
    slope = jax.jacfwd(lambda x: monomials(x, 2))(jnp.zeros(2))
    assert np.isfinite(slope).all()


def test_dmd_recovers_a_linear_map_exactly() -> None:
    A = np.array([[0.9, 0.3, 0.0], [-0.3, 0.9, 0.1], [0.0, 0.0, 0.7]])
    x = np.array([np.linalg.matrix_power(A, n) @ [1.0, 2.0, 3.0] for n in range(30)])
    assert np.asarray(fit_linear_map([x]).A) == pytest.approx(A, abs=1e-12)
    assert np.asarray(fit_linear_map([x[:15], x[15:]]).A) == pytest.approx(A, abs=1e-12)
    # The two slow modes alone: the matrix of rank two has their eigenvalues.
    y = x[25:] - 0.0
    assert np.linalg.matrix_rank(np.asarray(fit_linear_map([y], rank=2).A), tol=1e-9) == 2


def test_edmd_is_exact_where_monomials_are_closed() -> None:
    # x' = a x, y' = b y + c x^2 is linear in (x, y, x^2) and all their products up to a degree that is closed.
    a, b, c = 0.9, 0.5, 0.3
    x = np.random.default_rng(0).uniform(-1, 1, size=(200, 2))
    pairs = [np.stack([p, [a * p[0], b * p[1] + c * p[0] ** 2]]) for p in x]
    model = fit_koopman_map(pairs, order=2)
    p = jnp.array([0.4, -0.3])
    after = model.observe(0, model.step(0, model.lifted(p), None), None)
    assert np.asarray(after) == pytest.approx([a * 0.4, b * -0.3 + c * 0.16], abs=1e-12)
    # Eigenvalues of the Koopman operator: 1, a, b, a^2 are exact.
    found = np.linalg.eigvals(np.asarray(model.K))
    for value in (1.0, a, b, a**2):
        assert np.abs(found - value).min() < 1e-10


def test_next_generation_finds_the_map_of_henon() -> None:
    run = ds.trajectory(ds.build("henon"), None, np.arange(500))
    x = np.asarray(run.ys)
    model = fit_next_generation([x], taps=1, order=2, penalty=0.0)
    found = np.asarray(model.weights)
    # x' - x = 1 - x + y - 1.4 x^2, y' - y = 0.3 x - y.
    expected = np.zeros((6, 2))
    expected[[0, 1, 2, 3], 0] = [1.0, -1.0, 1.0, -1.4]
    expected[[1, 2], 1] = [0.3, -1.0]
    assert found == pytest.approx(expected, abs=1e-8)
    exponents = ds.lyapunov_spectrum(model, y0=jnp.asarray(x[-1:]), duration=20_000).exponents
    assert np.asarray(exponents) == pytest.approx([0.419, -1.623], abs=0.01)


def test_next_generation_state_holds_the_past() -> None:
    # x[n+1] = x[n-2]: three taps, linear, exact.
    x = np.tile([1.0, 5.0, -2.0], 40)[:, None]
    model = fit_next_generation([x], taps=2, spacing=2, order=1, penalty=0.0)
    assert model.memory == 3
    y = jnp.asarray(x[:3][::-1])
    for n in range(6):
        assert float(model.observe(0, y, None)[0]) == pytest.approx(x[2 + n, 0])
        y = model.step(0, y, None)


def test_sindy_recovers_lorenz(lorenz: np.ndarray) -> None:
    flow = fit_sparse_flow([lorenz], dt=0.01)
    names = term_names(("x", "y", "z"), 2)
    known = {("x", 0): -10, ("y", 0): 10, ("x", 1): 28, ("y", 1): -1, ("x z", 1): -1, ("z", 2): -8 / 3, ("x y", 2): 1}
    table = np.asarray(flow.coefficients)
    found = {(names[i], j): table[i, j] for i, j in zip(*np.nonzero(table), strict=True)}
    assert set(found) == set(known)
    # Differences of order 8 leave errors below a thousandth of each coefficient at this sampling.
    for term, value in known.items():
        assert found[term] == pytest.approx(value, rel=1e-3)
    assert flow.equations(("x", "y", "z"))[0] == "dx/dt = -10 x + 10 y"


def test_sindy_under_noise(lorenz: np.ndarray) -> None:
    noisy = lorenz + 0.01 * lorenz.std(axis=0) * np.random.default_rng(0).normal(size=lorenz.shape)
    flow = fit_sparse_flow([noisy], dt=0.01, threshold=0.05, derivative=SavitzkyGolay(15))
    table = np.asarray(flow.coefficients)
    # With 1% of noise it is the seven terms still, within a tenth.
    assert (table != 0).sum() == 7
    found = [table[1, 0], table[2, 0], table[1, 1], table[2, 1], table[6, 1], table[3, 2], table[5, 2]]
    assert found == pytest.approx([-10, 10, 28, -1, -1, -8 / 3, 1], rel=0.1)


def test_derivatives() -> None:
    t = np.arange(0, 10, 0.05)[:, None]
    for rule in (CentralDifference(), CentralDifference(order=4), SavitzkyGolay(7)):
        x, rate = rule(np.sin(t), 0.05)
        assert x.shape == rate.shape
        inner = np.sqrt(1 - x**2) * np.sign(rate)
        assert np.abs(rate - inner)[np.abs(x) < 0.9].max() < 1e-4


BAD = [
    (lambda: ridge(np.ones((3, 2)), np.ones((4, 1))), "must have shapes"),
    (lambda: ridge(np.ones((3, 2)), np.ones((3, 1)), penalty=-1.0), "zero or more"),
    (lambda: ridge(np.full((3, 2), np.inf), np.ones((3, 1))), "finite"),
    (lambda: terms(60, 5), "more than 20000 monomials"),
    (lambda: terms(0, 2), "1 at least"),
    (lambda: fit_linear_map([np.ones((1, 2))]), "no step"),
    (lambda: fit_linear_map([np.random.default_rng(0).normal(size=(9, 2))], rank=3), "`rank` must lie"),
    (lambda: fit_next_generation([np.ones((3, 1))], taps=9), "memory"),
    (lambda: fit_sparse_flow([np.ones((5, 1))], dt=0.1), "Differences need"),
    (lambda: fit_sparse_flow([np.ones((50, 1))], dt=0.1), "never moves"),
    (lambda: SavitzkyGolay(window=4), "odd"),
    (lambda: CentralDifference(order=3), "one of"),
    (lambda: NextGeneration(jnp.ones((2, 2)), taps=1, order=2), "need 6 rows"),
    (lambda: NextGeneration(jnp.ones((2, 2)), taps=0), "1 at least"),
    (lambda: KoopmanMap(jnp.eye(2), channels=2, order=1), "matrix of 3"),
    (lambda: PolynomialFlow(jnp.ones((2, 2)), order=1), "need 3 rows"),
]


@pytest.mark.parametrize(("act", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_input(act: partial, said: str) -> None:
    with pytest.raises(ds.InputError, match=said):
        act()
