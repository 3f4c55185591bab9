"""Entropies, uncertainty exponents and exits against exact values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.basins import basin_entropy, exit_times, uncertainty_exponent


def box(low: list[float], high: list[float]) -> ds.Box:
    return ds.Box(jnp.array(low), jnp.array(high))


def test_entropy_of_a_straight_boundary_is_a_half_nat():
    """Averaged over where the line cuts the box, the integral of -p ln p - (1 - p) ln (1 - p) is 1/2."""
    rows = np.arange(20_000)
    cut = (rows * 0.618034) % 1 * 200 + 100
    image = (np.arange(400)[None] > np.repeat(cut[::20], 20)[:, None]).astype(int)
    found = basin_entropy(image, side=20)
    assert found.boxes[1] <= 1000
    assert found.boundary == pytest.approx(0.5 / (1 - 1 / 20), abs=0.02)  # boxes cut exactly at an edge do not count
    assert found.entropy == pytest.approx(found.boundary * found.boxes[1] / found.boxes[0])
    assert not found.fractal


def test_entropy_of_labels_drawn_at_random_is_the_logarithm_of_their_number():
    image = np.random.default_rng(0).integers(0, 3, (600, 600))
    found = basin_entropy(image, side=20)
    # A share counted from n cells lacks (k - 1) / 2n of the entropy.
    assert found.entropy == pytest.approx(np.log(3) - 2 / 800, abs=4 * found.stderr)
    assert found.fractal
    with pytest.raises(InputError, match="do not fit"):
        basin_entropy(image, side=1000)


def cantor() -> ds.systems.AbstractSystem:
    """Slope 3 on both halves of [0, 1]: all but the middle-third Cantor set leaves, to rest at -1 or 2."""
    return ds.iterated(lambda n, y, p: jnp.clip(jnp.where(y < 0.5, 3 * y, 3 * y - 2), -1.0, 2.0), [0.3])


def test_uncertainty_exponent_of_a_cantor_set():
    found = uncertainty_exponent(cantor(), region=box([0.0], [1.0]), starts=4096)
    wanted = 1 - np.log(2) / np.log(3)
    assert abs(found.exponent - wanted) < 3 * found.stderr + 0.02  # the power oscillates with the scale by a few %
    assert found.stderr < 0.05
    assert found.boundary_dimension == pytest.approx(1 - found.exponent)


def test_uncertainty_exponent_of_a_smooth_boundary_is_one():
    system = ds.flow(lambda t, y, p: jnp.stack([y[0] - y[0] ** 3 + 0.3 * y[1], -y[1]]), [0.5, 0.0])
    found = uncertainty_exponent(system, region=box([-1.5, -1.0], [1.5, 1.0]), starts=4096, scales=(0.1, 0.03, 0.01))
    assert abs(found.exponent - 1) < 3 * found.stderr
    assert found.stderr < 0.1


@pytest.mark.slow
def test_uncertainty_exponent_of_grebogi_and_others():
    """They found 0.2 for this map, so that the boundary has dimension 1.8."""

    def rule(n, y, p):
        theta, x = y
        turned = theta + 1.32 * jnp.sin(2 * theta) - 0.90 * jnp.sin(4 * theta) - x * jnp.sin(theta)
        return jnp.stack([turned, -0.3 * jnp.cos(theta)])

    found = uncertainty_exponent(
        ds.iterated(rule, [1.0, 0.1]),
        region=box([0.0, -0.5], [np.pi, 0.5]),
        starts=4096,
        scales=(1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
    )
    assert abs(found.exponent - 0.2) < 0.03
    assert found.stderr < 0.03


def test_escape_rate_of_a_linear_repeller():
    """Of [0, 1] two thirds remain after every step of slope 3."""
    found = exit_times(cantor(), box([0.0], [1.0]), starts=20_000)
    assert abs(found.rate - np.log(1.5)) < 3 * found.rate_stderr
    assert found.rate_stderr < 0.01
    assert abs(found.mean - 3.0) < 3 * found.stderr
    assert found.stayed == 0


def test_mean_exit_time_of_a_double_well():
    """From the left well to 0.6, against the quadrature of the backward equation."""
    sigma = 0.5
    system = ds.systems.noisy(ds.flow(lambda t, y, p: y - y**3, [-1.0]), sigma)
    found = exit_times(
        system, box([-10.0], [0.6]), starts=np.full((1000, 1), -1.0), solver=ds.solve.EulerMaruyama(0.01), limit=1000.0
    )
    x = np.linspace(-3, 0.6, 4001)
    potential = x**4 / 4 - x**2 / 2
    inner = np.concatenate([[0], np.cumsum(np.exp(-2 * potential / sigma**2))]) * (x[1] - x[0])
    outer = np.exp(2 * potential / sigma**2) * inner[1:]
    wanted = 2 / sigma**2 * outer[x >= -1].sum() * (x[1] - x[0])
    assert abs(found.mean - wanted) < 3 * found.stderr + 0.02 * wanted
    assert found.stderr < 0.05 * wanted


def test_each_start_has_noise_of_its_own():
    system = ds.systems.noisy(ds.flow(lambda t, y, p: 0 * y, [0.0]), 1.0)
    found = exit_times(
        system, box([-0.5], [0.5]), starts=np.zeros((64, 1)), solver=ds.solve.EulerMaruyama(0.01),
        key=jax.random.key(1),
    )  # fmt: skip
    assert len(np.unique(found.times)) > 20
    with pytest.raises(InputError, match="need a `region`"):
        exit_times(system, lambda y: jnp.all(y < 1))
