"""Fixed points against formulas: places, eigenvalues, names, and what must not be found."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import dynascope as ds
from dynascope.analysis.stability import Newton, fixed_points
from dynascope.analysis.stability._characteristic import chebyshev

#: Where the rest of FitzHugh-Nagumo (a = 0.7, b = 0.8, epsilon = 0.08) loses its stability: 1 - v^2 - b epsilon = 0.
FHN_HOPF = 0.331281


def by_state(points: Any, target: Any) -> int:
    gaps = np.max(np.abs(points.states - np.asarray(target)), axis=1)
    assert gaps.min() < 1e-9
    return int(np.argmin(gaps))


def test_lorenz_has_its_three_equilibria_with_their_eigenvalues():
    sigma, rho, beta = 10.0, 28.0, 8 / 3
    points = fixed_points(ds.build("lorenz"))
    assert len(points) == 3
    root = math.sqrt(beta * (rho - 1))
    assert points.stability[by_state(points, (0, 0, 0))] == "saddle"
    origin = points.eigenvalues[by_state(points, (0, 0, 0))]
    wide = math.sqrt((sigma - 1) ** 2 + 4 * sigma * rho)
    np.testing.assert_allclose(origin, [(-sigma - 1 + wide) / 2, -beta, (-sigma - 1 - wide) / 2], atol=1e-10)
    cubic = np.roots([1, sigma + beta + 1, beta * (sigma + rho), 2 * sigma * beta * (rho - 1)])
    for side in (1, -1):
        i = by_state(points, (side * root, side * root, rho - 1))
        assert points.stability[i] == "saddle focus"
        assert points.unstable_dimension[i] == 2
        np.testing.assert_allclose(np.sort_complex(points.eigenvalues[i]), np.sort_complex(cubic), atol=1e-9)
    assert points.unstable_dimension.tolist() == [1, 2, 2]
    assert points.hits.sum() + points.failed_starts == 256


def test_errors_and_residuals_cover_the_truth():
    points = fixed_points(ds.build("lorenz"))
    root = math.sqrt(8 / 3 * 27)
    for state, error, residual in zip(points.states, points.errors, points.residuals, strict=True):
        truth = np.array([np.sign(round(state[0])) * root] * 2 + [27.0 if abs(state[0]) > 1 else 0.0])
        assert np.linalg.norm(state - truth) <= 10 * error + 1e-14 * root
        x, y, z = state
        velocity = [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]
        assert residual == pytest.approx(np.max(np.abs(velocity)), abs=1e-14)
        assert error < 1e-12


def test_henon_has_a_saddle_on_and_one_off_its_attractor():
    points = fixed_points(ds.build("henon"))
    a, b = 1.4, 0.3
    roots = np.roots([a, 1 - b, -1])
    assert len(points) == 2
    for x in roots:
        i = next(i for i in range(2) if abs(points.states[i][0] - x) < 1e-9)
        expected = np.sort(np.roots([1, 2 * a * x, -b]))
        np.testing.assert_allclose(np.sort(points.eigenvalues[i].real), expected, atol=1e-9)
        assert points.stability[i] == "saddle"
        assert points.unstable_dimension[i] == 1
    assert points.discrete


def test_hodgkin_huxley_rests_at_minus_65_mV_without_current():
    points = fixed_points(ds.build("hodgkin-huxley", I=0.0))
    assert len(points) == 1
    assert points.states[0][0] == pytest.approx(-64.9964, abs=5e-5)
    assert points.stability == ("stable focus",)
    # The cell that fires has lost its stability, with one pair of eigenvalues.
    firing = fixed_points(ds.build("hodgkin-huxley", I=12.0))
    assert firing.unstable_dimension.tolist() == [2]
    assert firing.stability == ("saddle focus",)


@pytest.mark.parametrize(("current", "name"), [(-1e-4, "stable focus"), (1e-4, "unstable focus")])
def test_fitzhugh_nagumo_flips_at_its_hopf_point(current, name):
    points = fixed_points(ds.build("fitzhugh-nagumo", I=FHN_HOPF + current))
    assert points.stability == (name,)
    v, w = points.states[0]
    assert points.eigenvalues[0].real.sum() == pytest.approx(1 - v**2 - 0.8 * 0.08, abs=1e-12)
    assert w == pytest.approx((v + 0.7) / 0.8, abs=1e-12)


@pytest.mark.parametrize("distance", [1e-2, 1e-6, 1e-12])
def test_ghost_of_a_saddle_node_is_no_fixed_point(distance):
    before = ds.flow(lambda t, y, p: y**2 - p["e"], [0.5], parameters={"e": distance})
    after = before.replace(**{"p.e": -distance})
    region = ds.Box(jnp.array([-1.0]), jnp.array([1.0]))
    found = fixed_points(before, region=region, method=Newton(merge=1e-9))
    np.testing.assert_allclose(np.sort(found.states[:, 0]), [-math.sqrt(distance), math.sqrt(distance)], rtol=1e-4)
    assert len(fixed_points(after, region=region)) == 0


def test_no_rest_beyond_what_resets():
    """Above threshold an integrate-and-fire cell never rests, although its flow without resets might."""
    leaky: Any = ds.build("leaky-integrate-and-fire")
    below, above = fixed_points(leaky.replace(I=1.0)), fixed_points(leaky.replace(I=3.0))
    rest, gap = float(leaky.E_L), float(leaky.V_th - leaky.E_L)
    assert float(leaky.R) < gap < 3.0 * float(leaky.R)
    assert len(below) == 1
    assert below.states[0][0] == pytest.approx(rest + float(leaky.R), abs=1e-9)
    assert below.stability == ("stable node",)
    assert below.eigenvalues[0][0].real == pytest.approx(-1 / float(leaky.tau), rel=1e-12)
    assert len(above) == 0
    quadratic = ds.build("quadratic-integrate-and-fire")
    assert len(fixed_points(quadratic.replace(I=1.0))) == 0
    pair = fixed_points(quadratic.replace(I=-1.0))
    np.testing.assert_allclose(np.sort(pair.states[:, 0]), [-1, 1], atol=1e-9)
    assert pair.stability == ("stable node", "unstable node")


def test_angles_that_differ_by_full_turns_are_one_point():
    theta = fixed_points(ds.build("theta-neuron", I=-0.5))
    assert len(theta) == 2
    # 1 - cos + (1 + cos) I = 0.
    cosine = (1 - 0.5) / (1 + 0.5)
    np.testing.assert_allclose(np.cos(theta.states[:, 0]), cosine, atol=1e-9)
    assert np.all((theta.states >= 0) & (theta.states <= 2 * np.pi))
    assert theta.stability == ("stable node", "unstable node")


def test_characteristic_roots_of_mackey_glass_at_its_hopf_point():
    # Linearised at x = 1 (beta 0.2, gamma 0.1, n 10): x' = -0.1 x - 0.4 x(t - tau); i w solves it where
    # cos(w tau) = -1/4 and w = sqrt(0.16 - 0.01).
    omega = math.sqrt(0.15)
    tau = math.acos(-0.25) / omega
    assert tau == pytest.approx(4.7083, abs=2e-4)
    points = fixed_points(ds.build("mackey-glass", tau=tau))
    one = by_state(points, [1.0])
    leading = points.eigenvalues[one][:2]
    np.testing.assert_allclose(leading.real, 0, atol=1e-10)
    np.testing.assert_allclose(np.sort(leading.imag), [-omega, omega], atol=1e-10)
    for side, unstable, name in ((-1e-4, 0, "stable focus"), (1e-4, 2, "saddle focus")):
        moved = fixed_points(ds.build("mackey-glass", tau=tau + side))
        i = by_state(moved, [1.0])
        assert moved.unstable_dimension[i] == unstable
        assert moved.stability[i] == name


@pytest.mark.parametrize("tau", [1.0, 6.0, 17.0])
def test_characteristic_roots_solve_the_characteristic_equation(tau):
    points = fixed_points(ds.build("mackey-glass", tau=tau))
    roots = points.eigenvalues[by_state(points, [1.0])]
    np.testing.assert_allclose(roots + 0.1 + 0.4 * np.exp(-roots * tau), 0, atol=1e-8)
    # At the origin the delayed term is 0.2 x(t - tau): one real root, found by bisection.
    origin = next(i for i in range(len(points)) if abs(points.states[i][0]) < 1e-9)
    real = brentq(lambda s: s + 0.1 - 0.2 * math.exp(-s * tau), 0.0, 1.0, xtol=1e-14)
    assert points.eigenvalues[origin][0] == pytest.approx(real, abs=1e-10)


def test_chebyshev_differentiates_polynomials_exactly():
    matrix, x = chebyshev(8)
    np.testing.assert_allclose(matrix @ x**7, 7 * x**6, atol=1e-11)


def test_flow_without_zero_has_none_and_says_so():
    empty = fixed_points(ds.flow(lambda t, y, p: 1 + y**2, [0.0]), region=ds.Box(jnp.array([-1.0]), jnp.array([1.0])))
    assert len(empty) == 0
    assert empty.states.shape == (0, 1)
    assert empty.eigenvalues.shape == (0, 1)
    assert empty.failed_starts == 256
    assert "No fixed point found from 256 starts" in empty.summary()
    assert empty.to_xarray().sizes["fixed_point"] == 0


def test_names_of_planar_equilibria():
    def planar(trace: float, determinant: float) -> str:
        system = ds.flow(
            lambda t, y, p: jnp.stack([y[1], -p["d"] * y[0] + p["t"] * y[1]]),
            [0.5, 0.5],
            parameters={"t": trace, "d": determinant},
        )
        box = ds.Box(jnp.array([-1.0, -1.0]), jnp.array([1.0, 1.0]))
        return fixed_points(system, region=box).stability[0]

    assert planar(-1, 1) == "stable focus"
    assert planar(-3, 1) == "stable node"
    assert planar(1, 1) == "unstable focus"
    assert planar(3, 1) == "unstable node"
    assert planar(0, -1) == "saddle"
    assert planar(0, 1) == "centre"


def test_given_starts_and_input_are_used():
    far = ds.flow(lambda t, y, p: (y - 50.0) * (y + 50.0) * y, [0.0])
    box = ds.Box(jnp.array([-0.1]), jnp.array([0.1]))
    method = Newton(starts=4, max_steps=10)
    assert len(fixed_points(far, region=box, method=method)) == 1
    more = fixed_points(far, region=box, method=method, starts=jnp.array([[50.0], [-50.0]]))
    np.testing.assert_allclose(np.sort(more.states[:, 0]), [-50, 0, 50], atol=1e-9)
    assert more.settings["starts"] == 6


def test_the_key_decides_the_starts_and_nothing_else():
    lorenz = ds.build("lorenz")
    one, again = fixed_points(lorenz, key=jax.random.key(3)), fixed_points(lorenz, key=jax.random.key(3))
    other = fixed_points(lorenz, key=jax.random.key(4))
    np.testing.assert_array_equal(one.states, again.states)
    np.testing.assert_array_equal(one.hits, again.hits)
    assert one.hits.tolist() != other.hits.tolist()
    np.testing.assert_allclose(np.sort(one.states, axis=0), np.sort(other.states, axis=0), atol=1e-10)


def test_what_has_no_fixed_points_is_refused():
    with pytest.raises(ds.InputError, match="is noisy"):
        fixed_points(ds.build("ornstein-uhlenbeck"))
    with pytest.raises(ds.InputError, match="has discrete states"):
        fixed_points(ds.build("synchronous-hopfield", n=10, patterns=1))
    with pytest.raises(ds.InputError, match="takes no input"):
        fixed_points(ds.build("lorenz"), inputs=1.0)
    with pytest.raises(ds.InputError, match="`starts` must hold states of `Lorenz`"):
        fixed_points(ds.build("lorenz"), starts=jnp.zeros((4, 2)))


def test_a_field_that_is_nowhere_finite_fails():
    broken = ds.flow(lambda t, y, p: y * jnp.nan, [1.0])
    box = ds.Box(jnp.array([-1.0]), jnp.array([1.0]))
    with pytest.raises(ds.ComputationFailed, match="not a number"):
        fixed_points(broken, region=box)
    assert not fixed_points(broken, region=box, throw=False).successful


def test_export_carries_names_numbers_and_settings():
    points = fixed_points(ds.build("lorenz"))
    data = points.to_xarray()
    assert data["states"].dims == ("fixed_point", "component")
    np.testing.assert_array_equal(data["eigenvalues_real"].values, np.real(points.eigenvalues))
    np.testing.assert_array_equal(data["eigenvalues_imag"].values, np.imag(points.eigenvalues))
    assert data.attrs["class"] == "FixedPoints"
    assert '"starts": 256' in data.attrs["settings"]
    assert points.summary().startswith("3 fixed point(s): saddle")


def test_maps_of_angles_rest_where_they_come_back_turned():
    """The kicked rotor with K = 7 rests at K sin x = 2 pi m, m = -1, 0, 1: an angle that gains a full turn is back."""
    points = fixed_points(ds.build("standard-map", K=7.0))
    side = math.asin(2 * math.pi / 7.0)
    places = [0.0, side, math.pi - side, math.pi, math.pi + side, 2 * math.pi - side]
    np.testing.assert_allclose(np.sort(points.states[:, 1]), places, atol=1e-9)
    np.testing.assert_allclose(points.states[:, 0], 0.0, atol=1e-9)
    for state, values in zip(points.states, points.eigenvalues, strict=True):
        assert np.sum(values).real == pytest.approx(2 + 7.0 * math.cos(state[1]), abs=1e-8)
    # Turns are counted along a branch too: the circle map locks at a whole turn for |Omega - 1| < K / 2 pi.
    locked = ds.bifurcations(ds.build("circle-map", K=0.9), "Omega", 0.7, 1.3)
    folds = sorted(p.parameter for p in locked.points if p.type == "fold")
    np.testing.assert_allclose(folds, [1 - 0.9 / (2 * math.pi), 1 + 0.9 / (2 * math.pi)], atol=1e-12)
