"""Alignment indices against the laws of tori and of chaos, and against vectors followed one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope._errors import ComputationFailed
from dynascope.analysis._frames import random_frames
from dynascope.analysis.tangent import alignment
from dynascope.models.canonical import Henon, LinearMap

#: A quasi-periodic orbit of Henon and Heiles at energy 1/8.
REGULAR = [0.0, 0.1, 0.49058, 0.0]


def test_torus_of_two_dimensions() -> None:
    """Of N = 2 degrees of freedom: GALI_2 constant, GALI_3 like t^-2, GALI_4 like t^-4."""
    found = alignment(ds.build("henon-heiles"), y0=REGULAR, duration=3000.0)
    assert found.laws == ("constant", "power law", "power law")
    np.testing.assert_allclose(found.powers, [0.0, 2.0, 4.0], atol=0.2)
    assert not found.chaotic


def test_chaos_of_henon_and_heiles() -> None:
    found = alignment(ds.build("henon-heiles"), duration=3000.0)
    assert found.laws == ("exponential",) * 3
    assert found.chaotic
    spectrum = ds.lyapunov_spectrum(ds.build("henon-heiles"), transient=0.0, duration=3000.0)
    gaps = np.cumsum(spectrum.exponents[0] - spectrum.exponents)[1:]
    errors = np.cumsum(spectrum.stderr[0] + spectrum.stderr)[1:]
    np.testing.assert_array_less(np.abs(found.rates - gaps), 3 * np.hypot(errors, found.rates_stderr))
    np.testing.assert_allclose(found.rates, found.expected_rates, atol=3 * found.rates_stderr.max())


def test_standard_map_has_both() -> None:
    system = ds.build("standard-map")
    island, sea = alignment(system, y0=[0.5, 3.0], duration=4000), alignment(system, duration=4000)
    assert island.laws == ("power law",)
    assert island.powers[0] == pytest.approx(2.0, abs=0.1)
    assert sea.laws == ("exponential",)
    # Areas are kept, so the rate is twice the first exponent.
    assert sea.expected_rates[0] == pytest.approx(2 * sea.exponents[0], abs=1e-9)


def test_linear_map_aligns_at_the_rate_of_its_eigenvalues() -> None:
    found = alignment(LinearMap(np.diag([1.2, 1.1, 0.5])), duration=1024)
    expected = [np.log(1.2 / 1.1), np.log(1.2 / 1.1) + np.log(1.2 / 0.5)]
    np.testing.assert_allclose(found.rates, expected, rtol=1e-9)
    np.testing.assert_allclose(found.expected_rates, expected, rtol=1e-9)


def test_indices_are_those_of_vectors_followed_one_by_one() -> None:
    """While rounding allows: unit vectors pushed by Jacobians, their volume and the length of their difference."""
    system, n = Henon(), 16
    found = alignment(system, duration=n, samples=n)
    frame = np.asarray(random_frames(jax.random.key(0), 2, 2))
    y, vectors = jnp.asarray(system.initial_state()), frame
    for i in range(n):
        jacobian = np.asarray(jax.jacfwd(lambda y: system.step(0, y, None))(y))
        vectors = jacobian @ vectors
        vectors = vectors / np.linalg.norm(vectors, axis=0)
        y = system.step(0, y, None)
        volume = abs(np.linalg.det(vectors))
        sali = min(np.linalg.norm(vectors[:, 0] - vectors[:, 1]), np.linalg.norm(vectors[:, 0] + vectors[:, 1]))
        if volume > 1e-9:
            assert found.log_gali[i, 0] == pytest.approx(np.log(volume), abs=1e-5)
            assert found.log_sali[i] == pytest.approx(np.log(sali), abs=1e-5)


def test_indices_go_far_below_rounding() -> None:
    found = alignment(Henon(), duration=2048)
    assert found.log_gali[-1, 0] < -2000  # 1e-16 is -37
    assert found.log_sali[-1] == pytest.approx(found.log_gali[-1, 0])


def test_divergence_is_told() -> None:
    with pytest.raises(ComputationFailed):
        alignment(Henon(), y0=[10.0, 10.0], duration=1024)
    found = alignment(Henon(), y0=[10.0, 10.0], duration=1024, throw=False)
    assert not found.successful
    assert found.laws == ("undecided",)
    assert "lost" in found.summary()


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(ds.InputError, match="`k`"):
        alignment(Henon(), k=3)
    with pytest.raises(ds.InputError, match="`k`"):
        alignment(ds.build("logistic"))
    with pytest.raises(ds.InputError, match="duration"):
        alignment(Henon(), duration=100)
