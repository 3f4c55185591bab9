"""Verdicts on systems where nothing attracts, where everything rests, or where nothing stays."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.regime import regime_of
from dynascope.analysis.stability._continuum import chain_closes


def box(half: float, size: int = 2) -> ds.Box:
    return ds.Box(-half * jnp.ones(size), half * jnp.ones(size))


def rotation(angle: float, y):
    c, s = jnp.cos(angle), jnp.sin(angle)
    return jnp.stack([c * y[0] - s * y[1], s * y[0] + c * y[1]])


def test_ring_of_fixed_points():
    """x' = x (1 - r^2), y' = y (1 - r^2) rests anywhere on the circle r = 1."""
    found = regime_of(ds.flow(lambda t, y, p: y * (1 - y @ y), [1.0, 0.5]), region=box(2.0))
    assert found.verdict.regime == "ring attractor"
    assert [e.value for e in found.verdict.evidence if e.sign == "chain of neighbours"] == ["closed"]
    np.testing.assert_allclose(np.linalg.norm(found.found.states, axis=1), 1.0, atol=1e-6)


def test_line_of_fixed_points():
    found = regime_of(ds.flow(lambda t, y, p: jnp.stack([-y[0], 0.0 * y[1]]), [1.0, 0.0]), region=box(2.0))
    assert found.verdict.regime == "line attractor"
    np.testing.assert_allclose(found.found.states[:, 0], 0.0, atol=1e-6)


def test_plane_of_fixed_points():
    rule = ds.flow(lambda t, y, p: jnp.stack([-y[0], 0.0 * y[1], 0.0 * y[2]]), [1.0, 0.0, 0.0])
    assert regime_of(rule, region=box(2.0, 3)).verdict.regime == "slow manifold"


def test_a_few_memories_are_no_continuum():
    wells = ds.flow(lambda t, y, p: jnp.sin(y), [0.5])
    verdict = regime_of(wells, region=box(40.0, 1)).verdict
    assert verdict.regime == "multistable"


@pytest.mark.parametrize("count", [12, 60])
@pytest.mark.parametrize("turn", range(5))
def test_chains_of_random_places_on_rings_and_lines(count, turn):
    rng = np.random.default_rng(100 * count + turn)
    angle = rng.uniform(0, 2 * np.pi, count)
    ring = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    line = rng.uniform(-1, 1, (count, 1)) * np.array([[1.0, 2.0, -0.5]])
    arc = np.stack([np.cos(angle / 2), np.sin(angle / 2), 0 * angle], axis=1)
    # Twelve random places on a ring may leave a third of it empty: then nobody can tell.
    assert chain_closes(ring) or count == 12
    assert not chain_closes(line)
    assert not chain_closes(arc)


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [lambda t, y, p: jnp.stack([y[1], -y[0]]), lambda t, y, p: jnp.stack([y[1], -jnp.sin(y[0])])],
    ids=["harmonic oscillator", "pendulum"],
)
def test_conservative_flows(rule):
    found = regime_of(ds.flow(rule, [1.0, 0.5]), region=box(1.0), starts=8, transient=20.0)
    assert found.verdict.regime == "conservative"
    assert found.volume_preserving
    # Nothing attracts, so only the motion from the initial state is looked at.
    assert [a.home for a in found.attractors] == [True]


def test_conservative_map():
    """The standard map of a kicked rotor keeps areas."""

    def kicked(n, y, p):
        momentum = y[1] + 0.5 * jnp.sin(y[0])
        return jnp.stack([y[0] + momentum, momentum])

    assert regime_of(ds.iterated(kicked, [0.5, 0.1]), region=box(0.5), starts=8).verdict.regime == "conservative"


def test_growth_and_drift_are_unbounded():
    for system in (ds.flow(lambda t, y, p: y, [1.0]), ds.iterated(lambda n, y, p: y + 1, [0.0])):
        verdict = regime_of(system).verdict
        assert verdict.regime == "unbounded"
        assert verdict.evidence[0].value == 1.0


@pytest.mark.slow
def test_torus_of_two_clocks():
    """Two uncoupled clocks whose periods have the ratio sqrt(2)."""

    def clocks(t, y, p):
        one, two = y[:2], y[2:]
        turn = jnp.array([[0.0, -1.0], [1.0, 0.0]])
        return jnp.concatenate([(1 - one @ one) * one + turn @ one, (1 - two @ two) * two + jnp.sqrt(2.0) * turn @ two])

    system = ds.flow(clocks, [1.0, 0.0, 0.0, 1.0])
    verdict = regime_of(system, region=box(1.5, 4), starts=8).verdict
    assert verdict.regime == "torus"
    assert "quasiperiodic" in verdict.attributes


@pytest.mark.slow
def test_torus_of_a_map():
    system = ds.iterated(lambda n, y, p: rotation(1.0, y) / jnp.sqrt(0.5 + 0.5 * (y @ y)), [1.0, 0.0])
    assert regime_of(system, region=box(1.5), starts=8).verdict.regime == "torus"
    rational = ds.iterated(lambda n, y, p: rotation(jnp.pi / 2, y) / jnp.sqrt(0.5 + 0.5 * (y @ y)), [1.0, 0.0])
    verdict = regime_of(rational, region=box(1.5), starts=8).verdict
    # Every orbit has period 4, but a circle of such orbits is neutral: whether that is a cycle is left open.
    assert verdict.regime in ("periodic", "multistable", "undecided")


@pytest.mark.slow
def test_initial_state_of_another_kind_makes_it_multistable():
    """All random starts rest, and only the given state runs on the cycle r = 2 of a subcritical oscillator."""

    def rule(t, y, p):
        r2 = y @ y
        turn = jnp.array([[0.0, -1.0], [1.0, 0.0]])
        return -(r2 - 1) * (r2 - 4) * y + turn @ y

    system = ds.flow(rule, [2.0, 0.0])
    found = regime_of(system, region=box(0.5))
    assert found.verdict.regime == "multistable"
    assert {a.verdict.regime: a.share for a in found.attractors} == {"fixed point": 1.0, "limit cycle": 0.0}


def test_a_constant_input_is_no_drive():
    class Leak(ds.AbstractFlow):
        def initial_state(self):
            return jnp.zeros(1)

        def input_size(self):
            return 1

        def vector_field(self, t, y, u):
            del t
            return u - y

    for value in (1.0, jnp.asarray(1.0), np.float32(1.0), [1.0]):
        verdict = regime_of(Leak(), inputs=value, region=box(3.0, 1)).verdict
        assert verdict.regime == "fixed point"


def test_damped_pendulum_rests_at_its_fixed_point_on_the_circle():
    class Pendulum(ds.AbstractFlow):
        variables = (ds.Variable("theta", topology="circle"), ds.Variable("omega"))

        def initial_state(self):
            return jnp.array([1.0, 30.0])

        def vector_field(self, t, y, u):
            del t, u
            return jnp.stack([y[1], -jnp.sin(y[0]) - 0.2 * y[1]])

    found = regime_of(Pendulum())
    assert found.verdict.regime == "fixed point"
    assert "largest real part of an eigenvalue" in [e.sign for e in found.verdict.evidence]
    assert found.fixed_points is not None
    assert len(found.fixed_points) == 2


def test_export_of_a_diagnosis():
    found = regime_of(ds.build("logistic", r=3.2))
    data = found.to_xarray()
    assert data.attrs["class"] == "Diagnosis"
    assert found.summary().startswith("periodic (confidence")
    assert found.attractors[0].to_json()["period"] == 2.0
