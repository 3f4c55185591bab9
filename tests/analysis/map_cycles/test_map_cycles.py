"""Cycles of maps against formulas, published counts and an independent method."""

import itertools
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.map_cycles import DavidchackLai, SchmelcherDiakonos, periodic_points
from dynascope.analysis.map_cycles._transformations import signed_permutations

#: Cycles of the Hénon map (a = 1.4, b = 0.3) on its attractor, periods 1 to 12: Galias (2001), Interval methods for
#: rigorous investigations of periodic orbits, Int. J. Bifurcation and Chaos 11, 2427-2450.
HENON = (1, 1, 0, 1, 0, 2, 4, 7, 6, 10, 14, 19)


def moebius(n: int) -> int:
    result, p = 1, 2
    while n > 1:
        if n % p == 0:
            n //= p
            if n % p == 0:
                return 0
            result = -result
        p += 1
    return result


def prime_cycles(fixed: Any, p: int) -> int:
    """Cycles of minimal period p from the number of fixed points of each iterate, by Moebius inversion."""
    total = sum(moebius(p // d) * fixed(d) for d in range(1, p + 1) if p % d == 0)
    assert total % p == 0
    return total // p


def test_logistic_map_has_the_cycles_of_the_formula_up_to_period_12():
    cycles = periodic_points(ds.build("logistic", r=4.0), 12)
    assert cycles.counts() == {p: prime_cycles(lambda d: 2**d, p) for p in range(1, 13)}
    sizes = np.abs(cycles.multipliers[:, 0])
    zero = np.abs(cycles.points[:, 0, 0]) < 1e-12
    assert zero.sum() == 1
    assert sizes[zero][0] == pytest.approx(4.0, rel=1e-12)
    np.testing.assert_allclose(sizes[~zero], 2.0 ** cycles.periods[~zero], rtol=1e-9)
    # x = sin^2(pi phi) turns the map into the doubling of phi, whose cycles are the fractions of 2^p - 1 and 2^p + 1.
    phi = np.arcsin(np.sqrt(np.clip(cycles.points[..., 0], 0, 1))) / np.pi
    for p in (5, 12):
        x = phi[cycles.periods == p, :p]
        off = [np.abs(x * n - np.round(x * n)).max(axis=1) for n in (2**p - 1, 2**p + 1)]
        assert np.min(off, axis=0).max() < 1e-4
    assert cycles.errors.max() < 1e-12
    assert np.all(cycles.hits >= 2)
    assert "12: 335" in cycles.summary()
    assert cycles.to_xarray()["points"].dims == ("cycle", "phase", "component")


def biham_wenzel(p: int, a: float = 1.4, b: float = 0.3) -> np.ndarray:
    """Orbits of period dividing p: rest of dx_n/dt = s_n (x_(n+1) - 1 + a x_n^2 - b x_(n-1)) for all signs s."""
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=p)))
    x = -signs * 0.5

    def force(x: np.ndarray) -> np.ndarray:
        return np.roll(x, -1, axis=1) - 1 + a * x**2 - b * np.roll(x, 1, axis=1)

    for _ in range(6000):
        x = np.clip(x + 0.05 * signs * force(x), -20, 20)
    return x[np.max(np.abs(force(x)), axis=1) < 1e-9]


def test_biham_and_wenzel_find_the_same_cycles_of_henon():
    cycles = periodic_points(ds.build("henon"), [1, 2, 6], method=DavidchackLai(starts=1024))
    for p in (6,):
        theirs = biham_wenzel(p)
        ours = np.concatenate(
            [cycles.points[cycles.periods == q, :q, 0].ravel() for q in (1, 2, 3, 6, 7) if p % q == 0]
        )
        assert len(theirs) == len(ours)
        gaps = np.abs(theirs[:, :1] - ours[None])
        assert gaps.min(axis=1).max() < 1e-7
        assert gaps.min(axis=0).max() < 1e-7


@pytest.mark.slow
def test_henon_has_the_published_cycles_up_to_period_12():
    cycles = periodic_points(ds.build("henon"), 12)
    outside = (cycles.periods == 1) & (cycles.points[:, 0, 0] < -1)
    assert outside.sum() == 1
    assert tuple(np.bincount(cycles.periods[~outside], minlength=13)[1:]) == HENON
    np.testing.assert_allclose(
        np.prod(cycles.multipliers, axis=1).real, (-0.3) ** cycles.periods.astype(float), rtol=1e-4, atol=1e-12
    )
    assert set(cycles.stability) == {"saddle"}
    assert cycles.residuals.max() < 1e-11


def test_henon_has_the_published_cycles_up_to_period_8_from_either_method():
    henon = ds.build("henon")
    one = periodic_points(henon, 8, method=DavidchackLai(starts=1024))
    other = periodic_points(henon, [1, 2, 4, 6], method=SchmelcherDiakonos(starts=512))
    assert list(one.counts().values()) == [2, *HENON[1:8]]
    assert other.counts() == {p: one.counts()[p] for p in (1, 2, 4, 6)}
    for p in (1, 2, 4, 6):
        a, b = (np.sort(c.multipliers[c.periods == p, 0].real) for c in (one, other))
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_cat_map_on_its_torus_has_as_many_points_as_its_determinant_says():
    cycles = periodic_points(ds.build("arnold-cat-map"), 4, method=DavidchackLai(starts=1024))
    matrix = np.array([[2, 1], [1, 1]])

    def fixed(p: int) -> int:
        return round(abs(np.linalg.det(np.linalg.matrix_power(matrix, p) - np.eye(2))))

    assert cycles.counts() == {p: prime_cycles(fixed, p) for p in range(1, 5)}
    golden = (3 + np.sqrt(5)) / 2
    np.testing.assert_allclose(np.abs(cycles.multipliers[:, 0]), golden**cycles.periods, rtol=1e-9)


def test_a_stable_cycle_is_found_and_named():
    cycles = periodic_points(ds.build("logistic", r=3.5), 4)
    assert cycles.counts() == {1: 2, 2: 1, 3: 0, 4: 1}
    four = cycles.points[-1, :, 0]
    assert cycles.stability[-1] == "stable node"
    np.testing.assert_allclose(np.roll(3.5 * four * (1 - four), 1), four, atol=1e-14)
    assert cycles.multipliers[-1, 0].real == pytest.approx(np.prod(3.5 * (1 - 2 * four)), rel=1e-10)
    two = np.sort(cycles.points[cycles.periods == 2, :2, 0][0])
    r = 3.5
    expected = [(r + 1 - np.sqrt((r - 3) * (r + 1))) / (2 * r), (r + 1 + np.sqrt((r - 3) * (r + 1))) / (2 * r)]
    np.testing.assert_allclose(two, expected, atol=1e-14)


def test_matrices_of_signed_permutations():
    assert [len(signed_permutations(d)) for d in (1, 2, 3)] == [2, 8, 48]
    for matrix in signed_permutations(5):
        np.testing.assert_array_equal(matrix @ matrix.T, np.eye(5))


def test_a_map_without_cycles_says_so():
    away = ds.iterated(lambda n, y, p: y + 1.0, [0.0])
    cycles = periodic_points(away, 2, region=ds.Box(jnp.array([0.0]), jnp.array([1.0])))
    assert len(cycles) == 0
    assert cycles.counts() == {1: 0, 2: 0}


def test_what_is_refused():
    with pytest.raises(ds.InputError, match="poincare_map"):
        periodic_points(ds.build("lorenz"), 2)
    with pytest.raises(ds.InputError, match="at least 1"):
        periodic_points(ds.build("henon"), 0)
    with pytest.raises(ds.InputError, match="`beta`"):
        DavidchackLai(beta=(2.0, 1.0))
    with pytest.raises(ds.InputError, match="`strength`"):
        SchmelcherDiakonos(strength=1.5)
