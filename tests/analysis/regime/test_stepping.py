import jax.numpy as jnp
import pytest

import dynascope as ds
from dynascope.analysis.regime import regime_of
from dynascope.report import report_system
from dynascope.solve import RK4
from dynascope.systems import Box


class Oregonator(ds.AbstractFlow):
    """The Belousov-Zhabotinsky reaction of Field and Noyes (1974): a stiff limit cycle of period 302.9."""

    variables = ds.variables("x y z")

    def initial_state(self):
        return jnp.array([1.0, 2.0, 3.0])

    def region(self):
        return Box(jnp.ones(3), jnp.array([10.0, 10.0, 10.0]))

    def vector_field(self, t, y, u):
        x, y_, z = y
        return jnp.stack([77.27 * (y_ + x * (1 - 8.375e-6 * x - y_)), (z - (1 + x) * y_) / 77.27, 0.161 * (x - z)])


@pytest.mark.slow
def test_a_stiff_cycle_is_not_said_to_run_away() -> None:
    found = report_system(Oregonator())
    assert found.verdict.regime == "undecided"
    assert "stiff" in found.sentence
    assert "runs away" not in found.sentence + str(found.page)
    assert "--dt" in found.verdict.evidence[0].meaning


def test_a_step_beyond_stability_is_named() -> None:
    relaxing = ds.flow(lambda t, y, p: -p["k"] * y, [1.0], parameters={"k": 1000.0}, names="x")
    verdict = regime_of(relaxing, solver=RK4(0.01), starts=8).verdict  # k dt = 10, beyond the 2.785 of RK4
    assert verdict.regime == "undecided"
    assert "fixed step of 0.01" in verdict.evidence[0].meaning


@pytest.mark.parametrize("growth", ["exponential", "in finite time", "steady"])
def test_true_growth_stays_unbounded(growth: str) -> None:
    rules = {
        "exponential": lambda t, y, p: p["a"] * y,
        "in finite time": lambda t, y, p: p["a"] * y**2,
        "steady": lambda t, y, p: p["a"] + 0 * y,
    }
    system = ds.flow(rules[growth], [1.0], parameters={"a": 1.0}, names="x")
    region = Box(jnp.array([0.5]), jnp.array([1.5]))
    assert regime_of(system, region=region, starts=8).verdict.regime == "unbounded"
