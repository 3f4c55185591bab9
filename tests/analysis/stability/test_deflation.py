"""Deflated search for fixed points against systems whose number of fixed points is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.stability import Deflated, Newton, fixed_points


def cube(d: int, size: float) -> ds.Box:
    return ds.Box(-size * jnp.ones(d), size * jnp.ones(d))


def cluster():
    """Three zeros within 0.0002 of a box 20 wide: the middle one attracts starts next to it only."""
    return ds.flow(lambda t, y, p: y * (y - 1e-3) * (y - 2e-3) * (1 + y**2), [0.5])


def himmelblau():
    """Down the gradient of (x^2 + y - 11)^2 + (x + y^2 - 7)^2: four minima, four saddles, one maximum."""

    def height(y):
        return (y[0] ** 2 + y[1] - 11) ** 2 + (y[0] + y[1] ** 2 - 7) ** 2

    return ds.flow(lambda t, y, p: -jax.grad(height)(y), [0.1, 0.1])


def network(n: int):
    """h -> tanh(h W) with rows -roll(linspace(-1, 1, n), -i): 3, 3 and 9 fixed points for n = 2, 3, 4."""
    W = jnp.stack([-jnp.roll(jnp.linspace(-1, 1, n), -i) for i in range(n)])
    return ds.iterated(lambda step, h, p: jnp.tanh(h @ W), [0.1] * n)


def test_a_zero_with_a_tiny_basin_is_found():
    box = cube(1, 10.0)
    plain = fixed_points(cluster(), region=box, method=Newton(starts=32))
    np.testing.assert_allclose(np.sort(plain.states[:, 0]), [0.0, 2e-3], atol=1e-15)
    found = fixed_points(cluster(), region=box, method=Deflated(starts=32))
    np.testing.assert_allclose(np.sort(found.states[:, 0]), [0.0, 1e-3, 2e-3], atol=1e-15)
    assert found.stability.count("stable node") == 1
    assert found.hits.min() >= 1
    # Rounds: the plain one, one that finds it, and one with each exponent that finds nothing.
    assert found.settings["starts"] == 4 * 32
    assert "With all of these deflated, 32 starts found no other" in found.summary()
    assert (found.missed_share, found.missed_stderr) == (0.0, 1 / 32)


def test_all_critical_points_of_a_polynomial_from_four_starts():
    box = cube(2, 6.0)
    plain = fixed_points(himmelblau(), region=box, method=Newton(starts=4))
    found = fixed_points(himmelblau(), region=box, method=Deflated(starts=4))
    assert len(plain) < 5
    assert np.bincount(found.unstable_dimension).tolist() == [4, 4, 1]
    # Indices of all zeros of a gradient that points outward everywhere add up to 1.
    assert np.sum((-1) ** found.unstable_dimension) == 1
    minima = [[3.0, 2.0], [-2.805118, 3.131312], [-3.779310, -3.283186], [3.584428, -1.848126]]
    for place in minima:
        assert np.min(np.max(np.abs(found.states - place), axis=1)) < 1e-6
    assert np.min(np.max(np.abs(found.states - [3.0, 2.0]), axis=1)) < 1e-12
    assert found.residuals.max() < 1e-11


@pytest.mark.parametrize(("n", "count"), [(2, 3), (3, 3), (4, 9)])
def test_networks_with_three_three_and_nine_fixed_points(n, count):
    system = network(n)
    found = fixed_points(system, region=cube(n, 1.0), method=Deflated(starts=16))
    assert len(found) == count
    for state in found.states:
        np.testing.assert_allclose(np.asarray(system.step(0, jnp.asarray(state), None)), state, atol=1e-12)
        # With h its mirror image is fixed, too.
        assert np.min(np.max(np.abs(found.states + state), axis=1)) < 1e-9
    if n == 4:
        assert len(fixed_points(system, region=cube(n, 1.0), method=Newton(starts=4))) < count


def test_angles_are_deflated_on_their_circle():
    found = fixed_points(ds.build("standard-map", K=7.0), method=Deflated(starts=32))
    side = np.arcsin(2 * np.pi / 7.0)
    places = [0.0, side, np.pi - side, np.pi, np.pi + side, 2 * np.pi - side]
    np.testing.assert_allclose(np.sort(found.states[:, 1]), places, atol=1e-9)


def test_where_nothing_rests_nothing_is_found():
    empty = fixed_points(
        ds.flow(lambda t, y, p: 1 + y**2, [0.0]), region=cube(1, 1.0), method=Deflated(starts=8, rounds=4)
    )
    assert len(empty) == 0
    assert "No fixed point found from 24 starts" in empty.summary()


def test_a_continuum_ends_the_search():
    ring = ds.flow(lambda t, y, p: y * (1 - jnp.sum(y**2)), [0.5, 0.2])
    found = fixed_points(ring, region=cube(2, 2.0), method=Deflated(starts=32, most=40))
    assert found.continuum == "ring"
    assert found.settings["starts"] <= 3 * 32
    assert "stopped at `most` points" in found.settings["completeness"]


def test_rounds_that_do_not_suffice_are_told():
    found = fixed_points(himmelblau(), region=cube(2, 6.0), method=Deflated(starts=4, rounds=2))
    assert "The last of 2 rounds still found new ones" in found.summary()
    assert found.missed_share > 0


def test_starts_that_are_given_are_used_in_the_first_round():
    far = ds.flow(lambda t, y, p: (y - 50.0) * (y + 50.0) * y, [0.0])
    found = fixed_points(
        far,
        region=cube(1, 0.1),
        starts=jnp.array([[50.0]]),
        method=Deflated(starts=4, rounds=1),
    )
    np.testing.assert_allclose(np.sort(found.states[:, 0])[-1], 50.0, atol=1e-9)


@pytest.mark.parametrize("wrong", [{"starts": 0}, {"rounds": 0}, {"most": 0}, {"powers": (0.5,)}, {"powers": ()}])
def test_numbers_without_meaning_are_refused(wrong):
    with pytest.raises(ds.InputError, match="`Deflated` needs"):
        Deflated(**wrong)
