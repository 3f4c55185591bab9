import math

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import RESULTS, InputError
from dynascope.analysis.rhythm import returns
from dynascope.models import build
from dynascope.models.networks import Kuramoto
from dynascope.models.neurons import Izhikevich, LeakyIntegrateAndFire, ThetaNeuron
from dynascope.solve import RK4
from dynascope.systems import Sine


@pytest.mark.parametrize(("r", "m"), [(2.9, 1), (3.2, 2), (3.5, 4), (3.55, 8), (3.83, 3), (4.0, 0)])
def test_logistic(r: float, m: int) -> None:
    # Period doublings at 3, 3.449, 3.544; the window of period 3 opens at 1 + sqrt 8 (May 1976).
    found = returns(build("logistic", r=r))
    assert found.multiplicity == m
    assert found.period == m if m else math.isnan(found.period)
    assert found.unit == "step"


def test_a_map_on_a_closed_curve_has_no_period() -> None:
    turn = 2 * np.pi * (np.sqrt(5) - 1) / 2
    c, s = np.cos(turn), np.sin(turn)
    found = returns(build("linear-map", A=[[c, s], [-s, c]]), transient=0)
    assert found.multiplicity == 0
    # The best return of the golden turn after at most 32 steps is after 21: |21 g - 13| = 0.0213 of a turn.
    assert found.gap > 0.05


def test_van_der_pol() -> None:
    found = returns(build("van-der-pol", mu=1.0))
    assert found.multiplicity == 1
    assert found.period == pytest.approx(6.66328686, abs=1e-7)
    assert abs(found.period - 6.66328686) < 4 * found.period_stderr
    assert found.variation < 1e-9


def test_the_step_is_part_of_the_error() -> None:
    found = returns(build("van-der-pol", mu=1.0), solver=RK4(0.1))
    error = abs(found.period - 6.66328686)
    assert 1e-6 < error < 2 * found.period_stderr < 1e-3


def test_hodgkin_huxley() -> None:
    found = returns(build("hodgkin-huxley", I=10.0))
    assert found.multiplicity == 1
    assert found.period == pytest.approx(14.6362, abs=1e-4)
    assert found.unit == "ms"


@pytest.mark.parametrize(("c", "m"), [(2.5, 1), (3.5, 2), (5.7, 0)])
def test_roessler(c: float, m: int) -> None:
    assert returns(build("roessler", c=c)).multiplicity == m


def test_lorenz() -> None:
    found = returns(build("lorenz", rho=28.0))
    assert found.multiplicity == 0
    assert found.gap > 0.5
    assert found.variation > 0.2


def test_leaky_integrate_and_fire() -> None:
    neuron = LeakyIntegrateAndFire(I=2.0)
    found = returns(neuron)
    assert found.multiplicity == 1
    assert found.period == pytest.approx(10 * np.log(4.0), abs=1e-9)
    assert np.allclose(found.states, -65.0, atol=1e-10)
    shifted = returns(neuron.replace(I=0.0), inputs=2.0, count=8)
    assert shifted.period == pytest.approx(found.period, abs=1e-9)


@pytest.mark.parametrize("system", [LeakyIntegrateAndFire(I=1.0), ds.flow(lambda t, y, p: -y, [1.0])])
def test_a_system_at_rest_does_not_return(system: ds.AbstractHybrid) -> None:
    found = returns(system)
    assert found.result == RESULTS.no_crossing
    assert found.intervals.size == 0
    assert found.multiplicity == 0
    assert "then none" in found.summary()


def test_a_burst_is_one_period() -> None:
    found = returns(Izhikevich.preset("CH"))
    assert found.multiplicity == 5
    assert found.period == pytest.approx(found.intervals[:5].sum(), rel=1e-9)
    assert found.variation > 1


@pytest.mark.parametrize("tau", [6.0, 10.0])
def test_mackey_glass(tau: float) -> None:
    found = returns(build("mackey-glass", tau=tau))
    assert found.multiplicity == 1
    assert 2 * tau < found.period < 4 * tau  # the bounds of a delayed negative feedback (Glass and Mackey 1979)


def test_a_history_is_a_start() -> None:
    system = build("mackey-glass", tau=10.0)
    from_history = returns(system, jnp.linspace(0.4, 1.1, 200)[:, None])
    assert from_history.period == pytest.approx(returns(system).period, abs=1e-6)


def test_angles_return_after_a_turn() -> None:
    # theta' = (1 - cos) + (1 + cos) I has the period pi / sqrt(I), in units of tau = 10 ms.
    assert returns(ThetaNeuron(I=4.0)).period == pytest.approx(10 * np.pi / 2, abs=1e-8)
    for sign in (1.0, -1.0):
        locked = returns(Kuramoto(sign * jnp.array([1.0, 1.2, 0.9, 1.4]), 3.0))
        assert locked.multiplicity == 1
        assert locked.period == pytest.approx(2 * np.pi / 1.125, abs=1e-8)


def test_a_torus_does_not_repeat() -> None:
    assert returns(Kuramoto(jnp.array([1.0, np.sqrt(2.0)]), 0.1)).multiplicity == 0


def test_a_driven_flow_follows_its_drive() -> None:
    system = build("van-der-pol", mu=-1.0)
    found = returns(system, jnp.zeros(2), inputs=Sine(amplitude=0.5, period=5.0))
    assert found.multiplicity == 1
    assert found.period == pytest.approx(5.0, abs=1e-5)


def test_divergence_is_a_code() -> None:
    assert returns(ds.flow(lambda t, y, p: y * y, [1.0])).result == RESULTS.nonfinite


def test_arrays_are_exported() -> None:
    data = returns(build("logistic", r=3.2), count=8).to_xarray()
    assert data["states"].dims == ("return", "component")
    assert data["intervals"].size == 8
    assert data.attrs["multiplicity"] == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": 1}, "count"),
        ({"transient": -1.0}, "transient"),
        ({"max_time": 0.0}, "max_time"),
        ({"tolerance": 2.0}, "tolerance"),
    ],
)
def test_refuses_numbers_without_sense(given: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        returns(build("logistic"), **given)


def test_refuses_a_hybrid_under_a_changing_input() -> None:
    with pytest.raises(InputError, match="changes with time"):
        returns(LeakyIntegrateAndFire(), inputs=Sine())
