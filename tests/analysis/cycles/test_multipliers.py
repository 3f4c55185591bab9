"""Eigenvalues of products of matrices that no product of them could hold."""

import numpy as np

from dynascope.analysis.cycles._multipliers import of_product


def test_eigenvalues_many_powers_of_ten_apart():
    # Maps that are diagonal in a basis which turns from one to the next: the logarithms of the eigenvalues add up.
    rng = np.random.default_rng(4)
    bases = [np.linalg.qr(rng.normal(size=(4, 4)))[0] @ np.diag(rng.uniform(0.5, 2.0, 4)) for _ in range(12)]
    sizes = np.array([30.0, 1.0, 0.1, -1e-2])
    maps = [bases[(i + 1) % 12] @ np.diag(sizes) @ np.linalg.inv(bases[i]) for i in range(12)]
    found = of_product(maps)
    exact = sizes.astype(complex) ** 12
    assert np.max(np.abs(found / exact - 1)) < 1e-10
    # The plain product has them 41 powers of ten apart and loses the small ones.
    plain = np.linalg.multi_dot(maps[::-1])
    assert np.min(np.abs(np.linalg.eigvals(plain))) > 1e6 * abs(exact[-1])


def test_pair_beside_a_large_one():
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    one = np.zeros((3, 3))
    one[0, 0], one[1:, 1:] = 50.0, 0.9 * turn
    basis = np.random.default_rng(5).normal(size=(3, 3))
    found = of_product([basis @ one @ np.linalg.inv(basis)] * 6)
    assert abs(found[0] / 50.0**6 - 1) < 1e-11
    exact = 0.9**6 * np.exp(1.8j)
    pair = found[1:][np.argsort(-found[1:].imag)]
    assert np.max(np.abs(pair - [exact, np.conj(exact)])) < 1e-10


def test_singular_and_unbounded_maps():
    assert np.allclose(of_product([np.diag([0.0, 2.0]), np.diag([3.0, 1.0])]), [2.0, 0.0])
    assert of_product([np.full((2, 2), np.inf)]).size == 0
