"""Finite-time exponents against sums of independent terms, coboundaries and constant rates."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope._errors import ComputationFailed
from dynascope.analysis.tangent import finite_time_exponents
from dynascope.models.canonical import LinearMap

UNIT = ds.Box(jnp.zeros(2), jnp.ones(2))


def test_baker_map_adds_independent_terms() -> None:
    """Each step multiplies by 1/c or 1/(1-c) with these chances: entropy and variance of one coin."""
    c = 0.4
    found = finite_time_exponents(ds.build("baker-map"), window=10, count=4096, k=2)
    mean, diffusion = -c * math.log(c) - (1 - c) * math.log(1 - c), c * (1 - c) * math.log((1 - c) / c) ** 2
    assert abs(found.mean[0] - mean) <= 3 * found.stderr[0]
    assert abs(found.diffusion[0] - diffusion) <= 3 * found.diffusion_stderr[0]
    assert found.diffusion_stderr[0] < 0.1 * diffusion
    assert found.level.all()
    np.testing.assert_allclose(found.values.sum(axis=1), 0.0, atol=1e-9)  # areas are kept
    assert found.positive.tolist() == [1.0, 0.0]


def test_random_starts_agree_with_one_orbit() -> None:
    found = finite_time_exponents(ds.build("baker-map"), window=10, count=1280, starts=64, region=UNIT)
    assert abs(found.mean[0] - 0.673012) <= 3.5 * found.stderr[0]
    assert found.values.shape == (1280, 1)
    assert found.diverged == 0
    assert found.settings["starts_from"] == "given"


def test_logistic_map_does_not_diffuse() -> None:
    """Its exponent is ln 2 up to differences of a function at the two ends of the window (conjugacy to the tent)."""
    found = finite_time_exponents(ds.build("logistic", r=4.0), window=10, count=4096)
    assert abs(found.mean[0] - math.log(2)) <= 3 * found.stderr[0]
    assert abs(found.diffusion[0]) <= 3 * found.diffusion_stderr[0]
    assert found.diffusion_stderr[0] < 0.02
    np.testing.assert_allclose(found.scaled_variance[3] / found.scaled_variance[0], 1 / 8, rtol=0.3)


def test_constant_rates_have_no_variance() -> None:
    found = finite_time_exponents(LinearMap(np.diag([1.5, 0.5])), window=7, count=64, k=2, transient=0, starts=2)
    assert found.values.shape == (64, 2)
    straight = finite_time_exponents(ds.build("arnold-cat-map"), window=10, count=128, k=2)
    np.testing.assert_allclose(straight.values[:, 0], math.log((3 + math.sqrt(5)) / 2), atol=1e-12)
    np.testing.assert_allclose(straight.diffusion, 0.0, atol=1e-20)


def test_errors_cover() -> None:
    """Of 40 short runs most mean values lie within two standard errors."""
    runs = [
        finite_time_exponents(ds.build("baker-map"), window=10, count=256, y0=[0.1 + 0.02 * i, 0.3], transient=100)
        for i in range(40)
    ]
    inside = [abs(r.mean[0] - 0.673012) <= 2 * r.stderr[0] for r in runs]
    assert np.mean(inside) >= 0.85


def test_transient_of_nothing_starts_at_the_start() -> None:
    """From the fixed point of the logistic map at 0 the first window already grows by ln 4 a step."""
    found = finite_time_exponents(ds.build("logistic", r=4.0), window=5, count=2, y0=[0.0], transient=0)
    np.testing.assert_allclose(found.values, math.log(4), atol=1e-12)


def test_divergence_is_told() -> None:
    escaping = LinearMap(np.diag([1e10, 0.5]))
    with pytest.raises(ComputationFailed, match="finite_time_exponents"):
        finite_time_exponents(escaping, window=100, count=10, y0=[1.0, 1.0], transient=0)
    found = finite_time_exponents(escaping, window=100, count=10, y0=[1.0, 1.0], transient=0, throw=False)
    assert not found.successful
    assert np.isnan(found.mean).all()


@pytest.mark.parametrize(
    ("options", "text"),
    [({"window": 0}, "window"), ({"window": 5, "k": 3}, "`k`"), ({"window": 5, "count": 1}, "`count`")],
)
def test_bad_numbers_are_refused(options: dict, text: str) -> None:
    with pytest.raises(ds.InputError, match=text):
        finite_time_exponents(ds.build("henon"), **options)


def test_discrete_states_are_refused() -> None:
    with pytest.raises(ds.InputError, match="discrete"):
        finite_time_exponents(ds.build("synchronous-hopfield"), window=5)
