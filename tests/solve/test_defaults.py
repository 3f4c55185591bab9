import jax
import jax.numpy as jnp
import pytest

import dynascope as ds
from dynascope.models import build
from dynascope.models.networks import RateNetwork
from dynascope.solve import step_for


def test_the_step_of_an_oscillator_is_a_small_part_of_its_period() -> None:
    # The start (1, 0) makes a first step of 1e-4, which says nothing about the step that accuracy needs.
    step = step_for(ds.flow(lambda t, y, p: jnp.stack([y[1], -y[0]]), [1.0, 0.0]))
    assert 2 * jnp.pi / 1000 < step < 2 * jnp.pi / 50


@pytest.mark.parametrize("name", ["lorenz", "roessler", "van-der-pol", "hodgkin-huxley"])
def test_the_pilot_run_finds_about_the_step_that_the_model_declares(name: str) -> None:
    system = build(name)
    undeclared = ds.flow(lambda t, y, p: system.vector_field(t, y, None), system.initial_state())  # type: ignore[attr-defined]
    assert 1 / 3 < step_for(undeclared) / system.typical_step() < 3  # type: ignore[operator]


def test_the_step_of_a_rate_network_is_a_part_of_its_time_constant() -> None:
    for gain in (0.5, 4.0):
        assert 0.005 < step_for(RateNetwork.draw(n=50, g=gain, key=jax.random.key(0))) < 0.1
