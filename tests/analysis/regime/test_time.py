import jax.numpy as jnp
import pytest

import dynascope as ds
from dynascope.analysis.regime import regime_of
from dynascope.analysis.regime._time import depends_on_time
from dynascope.report import report_system


class Forced(ds.AbstractFlow):
    """A damped oscillator under a force whose period nobody declared: x'' = -x - v / 2 + cos(1.2 t)."""

    variables = ds.variables("x v")

    def initial_state(self):
        return jnp.array([0.1, 0.0])

    def vector_field(self, t, y, u):
        x, v = y
        return jnp.stack([v, -x - 0.5 * v + jnp.cos(1.2 * t)])


def test_a_force_without_declared_period_is_seen() -> None:
    found = regime_of(Forced(), starts=8)
    assert found.verdict.regime == "contracting"
    assert found.fixed_points is None  # the zeros of a frozen field are no states of rest
    spectrum = found.attractors[0].spectrum
    assert spectrum is not None
    assert abs(spectrum.exponents[0] + 0.25) < 0.01  # half of the friction


@pytest.mark.parametrize("name", ["lorenz", "henon", "hodgkin-huxley", "leaky-integrate-and-fire", "rnn", "kuramoto"])
def test_autonomous_systems_do_not_depend_on_time(name: str) -> None:
    assert not depends_on_time(ds.build(name))


def test_a_signal_inside_of_a_system_is_seen() -> None:
    neuron = ds.build("leaky-integrate-and-fire")
    assert depends_on_time(ds.systems.driven(neuron, ds.systems.Sine(amplitude=1.0, period=10.0)))
    assert not depends_on_time(ds.systems.driven(neuron, ds.systems.Constant(jnp.ones(1))))


class Wells(ds.AbstractFlow):
    """Two wells, weakly shaken: x' = x - x^3 + 0.1 cos t."""

    variables = ds.variables("x")

    def initial_state(self):
        return jnp.array([1.0])

    def vector_field(self, t, y, u):
        return y - y**3 + 0.1 * jnp.cos(t)


def test_several_responses_to_one_drive_are_no_forgetting() -> None:
    found = report_system(Wells())
    assert found.verdict.regime == "multistable"
    assert "2 responses to the drive" in found.sentence
    assert not any("forgets" in e.meaning for e in found.verdict.evidence)
