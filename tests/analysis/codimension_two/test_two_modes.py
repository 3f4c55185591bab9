"""Zero-Hopf and double Hopf points: normal forms in bent and mixed coordinates, and the tori that begin there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.bifurcation import CycleContinuation, SpecialPoint
from dynascope.analysis.codimension_two import CodimensionTwoPoint
from dynascope.analysis.codimension_two._bifurcation_set import _Made
from dynascope.analysis.codimension_two._points import normal_form
from tests.analysis.bifurcation import small_systems

_COARSE = CycleContinuation(intervals=16, doublings=0)
_WINDOW = {"p.a": (-1.0, 1.0), "p.b": (-1.0, 1.0)}


def _bent(x, shears):
    for i, form in enumerate(shears):
        rest = x.at[i].set(0.0)
        x = x.at[i].add(rest @ form @ rest)
    return x


def _straight(x, shears):
    for i, form in reversed(list(enumerate(shears))):
        rest = x.at[i].set(0.0)
        x = x.at[i].add(-(rest @ form @ rest))
    return x


def mixed(rate, size, seed):
    """A rate (x, p) -> x' near the origin in coordinates y = L bent(x), with random quadratic shears and random L."""
    generator = np.random.default_rng(seed)
    linear = jnp.asarray(np.linalg.qr(generator.normal(size=(size, size)))[0] * np.exp(generator.normal(size=size) / 3))
    inverse = jnp.linalg.inv(linear)
    shears = jnp.asarray(0.4 * generator.normal(size=(size, size, size)))

    def mixed_rate(t, y, p):
        x = _straight(inverse @ y, shears)
        return linear @ jax.jvp(lambda s: _bent(s, shears), (x,), (rate(x, p),))[1]

    return ds.flow(mixed_rate, [0.0] * size, parameters={"a": 0.0, "b": 0.0})


def _form(system, type_):
    size = system.initial_state().size
    made = _Made(system, _WINDOW, ds.Box(-jnp.ones(size), jnp.ones(size)), None, None, None)
    return normal_form(made.plane, type_, np.zeros(size + 2))


def zero_hopf(square, couple, act):
    """w' = a + square w^2 + couple |z|^2, z' = (b + 1.7 i + act w) z, and a decaying direction driven by both."""

    def rate(x, p):
        w, z, v = x[0], x[1] + 1j * x[2], x[3]
        size = x[1] ** 2 + x[2] ** 2
        dz = (p["b"] + 1.7j + act * w) * z + (0.2 - 0.1j) * w**2 * z
        dw = p["a"] + square * w**2 + couple * size + 0.3 * w**3
        return jnp.stack([dw, jnp.real(dz), jnp.imag(dz), -v])

    return rate


@pytest.mark.parametrize(
    ("square", "couple", "act", "said"),
    [(2.0, -0.5, 1.0, "tori"), (-1.0, -0.7, 0.6, "tori"), (1.0, 3.0, 0.6, "no tori")],
)
def test_zero_hopf_coefficients_do_not_depend_on_coordinates(square, couple, act, said):
    # With x = square w: x' = x^2 + square couple |z|^2, z' = act / square x z.
    form = _form(mixed(zero_hopf(square, couple, act), 4, 1), "zero-hopf")
    assert form.first == np.sign(square * couple)
    assert form.second == pytest.approx(act / square, abs=1e-12)
    assert form.said == said


def double_hopf(P, fast):
    """z_k' = (mu_k + i omega_k + sum_l P_kl |z_l|^2) z_k with frequencies 1 and `fast`, and a decaying direction."""

    def rate(x, p):
        z, w = x[0] + 1j * x[1], x[2] + 1j * x[3]
        r, s = x[0] ** 2 + x[1] ** 2, x[2] ** 2 + x[3] ** 2
        dz = (p["a"] + 1j + (P[0][0] + 0.3j) * r + (P[0][1] - 0.2j) * s) * z
        dw = (p["b"] + 1j * fast + (P[1][0] + 0.1j) * r + (P[1][1] + 0.4j) * s) * w
        return jnp.stack([jnp.real(dz), jnp.imag(dz), jnp.real(dw), jnp.imag(dw), -x[4]])

    return rate


@pytest.mark.parametrize(
    ("P", "said"),
    [
        (((-0.5, 0.8), (1.2, 0.7)), "one subcritical"),
        pytest.param(((-1.0, -2.0), (-1.5, -1.0)), "both supercritical", marks=pytest.mark.slow),
    ],
)
def test_double_hopf_coefficients_do_not_depend_on_coordinates(P, said):
    form = _form(mixed(double_hopf(P, np.sqrt(5)), 5, 2), "double hopf")
    assert form.first == pytest.approx(P[0][1] / P[1][1], abs=1e-11)
    assert form.second == pytest.approx(P[1][0] / P[0][0], abs=1e-11)
    assert form.said == said


@pytest.mark.slow
def test_resonant_double_hopf_points_have_no_coefficients():
    form = _form(mixed(double_hopf(((-1.0, -2.0), (-1.5, -1.0)), 2.0), 5, 2), "double hopf")
    assert np.isnan(form.first)
    assert np.isnan(form.second)
    assert form.said == "frequencies as 1 : 2"


def langford():
    """Langford (1984): (x + i v)' = (w - B + i D) (x + i v), w' = c + a w - w^3 / 3 - (1 + E w) r^2.

    Hopf points lie on w = B, r = 0, cycles on w = B; where a - B^2 = E r^2 these have a pair i sqrt(2 (1 + E B)) r
    beside them, which turns by that over D.
    """

    def rate(t, y, p):
        x, v, w = y
        growth = w - B
        size = x**2 + v**2
        dw = p["c"] + p["a"] * w - w**3 / 3 - size * (1 + E * w)
        return jnp.stack([growth * x - D * v, D * x + growth * v, dw])

    return ds.flow(rate, [0.0, 0.0, B], parameters={"a": 0.2, "c": B**3 / 3 - 0.2 * B}, names="x v w")


B, D, E = 0.7, 3.5, 0.25


def test_tori_of_langford_begin_at_its_zero_hopf_point():
    system, ranges = langford(), {"p.a": (0.0, 1.2), "p.c": (-0.6, 1.0)}
    region = ds.Box(jnp.full(3, -2.0), jnp.full(3, 2.0))
    hopf = SpecialPoint("hopf", 0, 0.2, 0.0, np.array([0.0, 0.0, B]), np.array([1j * D]), 2 * np.pi / D, np.nan, "")
    found = ds.bifurcation_curve(system, hopf, ranges, region=region)
    (point,) = found.points
    assert (point.type, point.said) == ("zero-hopf", "tori")
    np.testing.assert_allclose(point.parameters, [B**2, -2 * B**3 / 3], atol=1e-9)
    # x = -B w and z' = w z: s = sign(B (1 + E B)), theta = -1 / B.
    np.testing.assert_allclose(point.coefficients, [1.0, -1 / B], rtol=1e-7)
    tori = ds.bifurcation_curve(system, point, ranges, region=region, cycles=_COARSE)
    (curve,) = tori.curves
    assert curve.kind == "neimark-sacker"
    a, c = curve.parameters.T
    size = (c + a * B - B**3 / 3) / (1 + E * B)
    np.testing.assert_allclose(a - B**2, E * size, atol=1e-10)
    np.testing.assert_allclose(curve.period, 2 * np.pi / D, rtol=1e-9)
    assert tori.types[curve.special[0]] == "zero-hopf"
    assert max(c) == 1.0
    for type_, turn in (("resonance 1:4", 4), ("resonance 1:3", 3)):
        (there,) = [p for p in tori.points if p.type == type_]
        a, c = there.parameters
        size = (c + a * B - B**3 / 3) / (1 + E * B)
        assert np.sqrt(2 * (1 + E * B) * size) == pytest.approx(D / turn, rel=1e-7)


@pytest.mark.slow
def test_two_curves_of_tori_begin_at_a_double_hopf_point():
    P, fast = ((-1.0, -2.0), (-1.5, -1.0)), np.sqrt(5)
    system = ds.flow(
        lambda t, y, p: double_hopf(P, fast)(y, p), [0.0] * 5, parameters={"a": 0.0, "b": 0.0}, names="x v q w s"
    )
    point = CodimensionTwoPoint(
        "double hopf", np.zeros(2), np.zeros(2), np.zeros(5), np.array([1j, -1j, fast * 1j, -fast * 1j, -1]),
        np.full(2, np.nan), "",
    )  # fmt: skip
    region = ds.Box(-jnp.ones(5), jnp.ones(5))
    found = ds.bifurcation_curve(system, point, {"p.a": (-0.5, 0.5), "p.b": (-0.5, 0.5)}, region=region, cycles=_COARSE)
    assert found.kinds == ("neimark-sacker", "neimark-sacker")
    slow, other = found.curves
    np.testing.assert_allclose(slow.parameters[:, 1], 1.5 * slow.parameters[:, 0], atol=1e-9)
    np.testing.assert_allclose(other.parameters[:, 0], 2.0 * other.parameters[:, 1], atol=1e-9)
    for curve in (slow, other):
        np.testing.assert_allclose(curve.parameters[0], 0.0, atol=1e-12)
        assert curve.parameters.min() > -1e-9
        assert found.types[curve.special[0]] == "double hopf"


@pytest.mark.slow
def test_tori_of_lorenz_84_begin_at_its_double_hopf_points():
    system, region = small_systems.lorenz_84()
    ranges = {"p.F": (0.5, 4.0), "p.T": (-0.05, 0.05)}
    whole = ds.bifurcation_set(system, ranges, region=region, lines=2)
    one, other = (p for p in whole.points if p.type == "double hopf")
    ends = []
    for point in (one, other):
        found = ds.bifurcation_curve(system, point, ranges, region=region, cycles=CycleContinuation(doublings=0))
        assert found.kinds == ("neimark-sacker", "neimark-sacker")
        for curve in found.curves:
            # Multipliers come from the chain of matrices, not from what was solved: the trivial one and the pair.
            off = np.sort(np.abs(np.abs(curve.eigenvalues[1:-1]) - 1), axis=1)
            assert off[:, :3].max() < 1e-8
        ends.append([p.parameters for p in found.points if p.type == "resonance 1:2"])
    # U -> -U with T -> -T is a symmetry.
    np.testing.assert_allclose(np.array(ends[0]), np.array(ends[1]) * [1, -1], atol=1e-6)
    for point in (p for p in whole.points if p.type == "zero-hopf"):
        assert point.said == "no tori"
        with pytest.raises(ds.InputError, match=r"a zero-Hopf point that has tori, or .*; got a zero-hopf"):
            ds.bifurcation_curve(system, point, ranges, region=region)
