"""Firing patterns by rule: all twenty and all eight by name, and trains just on either side of each rule."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import RESULTS, InputError
from dynascope.analysis.spikes import FiringPattern, firing_pattern
from dynascope.models import (
    AdEx,
    ConnorStevens,
    HodgkinHuxley,
    Izhikevich,
    LeakyIntegrateAndFire,
    MorrisLecar,
    QuadraticIntegrateAndFire,
    WangBuzsaki,
)
from dynascope.models.neurons import Experiment
from dynascope.systems import Pieces, Ramp

#: Two names for one pattern: that of Naud et al. (2008), and that of the rules.
ALSO_CALLED = {
    "adaptation": "spike frequency adaptation",
    "initial burst": "mixed mode",
    "regular bursting": "tonic bursting",
    "delayed regular bursting": "delayed bursting",
}


def classified(experiment: Experiment, *, solver: Any = None, count: int = 2001) -> FiringPattern:
    ts = experiment.times(count)
    run = ds.trajectory(experiment.system, experiment.y0, ts, inputs=experiment.inputs, solver=solver)
    stimulus = np.asarray(jax.vmap(experiment.inputs)(jnp.asarray(ts)))[:, 0]
    assert run.events is not None
    return firing_pattern(run.events.of(0), times=ts, stimulus=stimulus, potential=run.ys[:, 0])


@pytest.mark.parametrize("name", Izhikevich.behaviours)
def test_each_of_the_twenty_behaviours(name: str) -> None:
    found = classified(Izhikevich.behaviour(name))
    assert found.pattern == name, found.summary()
    assert found.successful


@pytest.mark.parametrize("name", AdEx.patterns)
def test_each_of_the_eight_patterns(name: str) -> None:
    found = classified(AdEx.pattern(name))
    assert found.pattern == ALSO_CALLED.get(name, name), found.summary()


@pytest.mark.parametrize("name", ["resonator", "bistability", "depolarising after-potential", "class 2 excitability"])
def test_delicate_behaviours_do_not_depend_on_the_step(name: str) -> None:
    experiment = Izhikevich.behaviour(name)
    fine = ds.solve.LocatedEvents(ds.solve.RK4(0.0025))
    found, reference = classified(experiment), classified(experiment, solver=fine)
    assert found.pattern == reference.pattern
    np.testing.assert_allclose(found.event_times, reference.event_times, atol=0.01)


@pytest.mark.parametrize(
    ("name", "changes", "stimulus", "shown"),
    [
        ("depolarising after-potential", {"d": -21.0}, None, "undecided"),
        ("bistability", {}, Pieces.steps([37.5, 42.5, 216.0, 221.0], [0.24, 1.24, 0.24, 1.24, 0.24]), "undecided"),
    ],
)
def test_numbers_of_the_script_do_not_show_the_pattern(name: str, changes: Any, stimulus: Any, shown: str) -> None:
    experiment = Izhikevich.behaviour(name)
    system = experiment.system.replace(**changes)
    found = classified(experiment._replace(system=system, inputs=stimulus or experiment.inputs))
    assert found.pattern == shown, found.summary()
    assert found.result == RESULTS.not_converged


def test_the_burst_of_the_script_never_ends() -> None:
    system, y0, inputs, _ = Izhikevich.behaviour("inhibition-induced bursting")
    run = ds.trajectory(system.replace(d=-2.0), y0, np.linspace(0.0, 240.0, 241), inputs=inputs, throw=False)
    assert run.events is not None
    assert run.result == RESULTS.event_overflow or run.events.count > 1000


def test_irregular_spiking_of_the_table_repeats_after_ten_intervals() -> None:
    experiment = AdEx.pattern("irregular spiking")._replace(inputs=Pieces.steps([50.0], [0.0, 160.0]), duration=4000.0)
    found = classified(experiment)
    assert found.pattern == "periodic spiking"
    assert "repeats after 10." in found.summary()


@pytest.mark.parametrize(
    ("system", "inputs", "duration", "surface", "shown"),
    [
        (WangBuzsaki(I=0.0), (0.0, 2.0), 1000.0, 0.0, "class 1"),
        (ConnorStevens(I=0.0), (0.0, 20.0), 1000.0, 0.0, "class 1"),
        (MorrisLecar.preset("class 1").replace(I=0.0), (20.0, 60.0), 4000.0, 0.0, "class 1"),
        (LeakyIntegrateAndFire(I=0.0), (0.0, 3.0), 1000.0, None, "class 1"),
        (QuadraticIntegrateAndFire(I=0.0), (-0.1, 0.5), 2000.0, None, "class 1"),
        (HodgkinHuxley(I=0.0), (0.0, 20.0), 1000.0, 0.0, "class 2"),
        (MorrisLecar.preset("class 2").replace(I=0.0), (60.0, 140.0), 4000.0, 0.0, "class 2"),
    ],
)
def test_class_of_excitability_of_other_neurons(
    system: Any, inputs: tuple[float, float], duration: float, surface: float | None, shown: str
) -> None:
    ramp = Ramp(*inputs, 0.0, duration)
    ts = np.linspace(0.0, duration, int(5 * duration) + 1)
    run = ds.trajectory(system, None, ts, inputs=ramp)
    if surface is None:
        assert run.events is not None
        events = run.events.of(0)
    else:
        V = np.asarray(run.ys[:, 0])
        k = np.flatnonzero((V[:-1] < surface) & (V[1:] >= surface))
        events = ts[k] + (surface - V[k]) / (V[k + 1] - V[k]) * (ts[1] - ts[0])
    stimulus = np.linspace(*inputs, ts.size)
    found = firing_pattern(events, times=ts, stimulus=stimulus)
    assert found.pattern == f"{shown} excitability", found.summary()


TIMES = np.linspace(0.0, 1000.0, 10001)
STEP = np.where(TIMES >= 100.0, 1.0, 0.0)


def named(events: Any, *, stimulus: Any = STEP, potential: Any = None, **options: Any) -> str:
    return firing_pattern(events, times=TIMES, stimulus=stimulus, potential=potential, **options).pattern


def after(*gaps: float, first: float = 110.0) -> np.ndarray:
    return first + np.concatenate([[0.0], np.cumsum(gaps)])


def level(*pieces: tuple[float, float, float]) -> np.ndarray:
    """A stimulus of (start, stop, height)."""
    return np.asarray(sum(h * ((a <= TIMES) & (b > TIMES)) for a, b, h in pieces))


REGULAR = [50.0] * 17


@pytest.mark.parametrize(
    ("events", "pattern"),
    [
        ([], "silent"),
        (after(), "phasic spiking"),
        (after(4.0, 4.0), "phasic bursting"),
        (after(4.0), "transient spiking"),  # two spikes are no burst
        (after(4.0, 12.0), "transient spiking"),  # an interval beyond 10 is in no burst
        (after(first=800.0), "undecided"),  # late, and not long enough silent
        (after(300.0, 300.0), "undecided"),  # three spikes are no train
        (after(*REGULAR), "tonic spiking"),
        (after(10.0, *REGULAR[1:]), "tonic spiking"),  # a doublet is no burst
        (after(10.0, 10.0, *REGULAR[1:]), "mixed mode"),
        (after(20.0, 20.0, *REGULAR[1:]), "tonic spiking"),  # more than a third: neither a burst nor three intervals
        (after(10.0, 15.0, 30.0, 42.0, *REGULAR[2:]), "spike frequency adaptation"),
        (after(10.0, 42.0, 30.0, 44.0, *REGULAR[2:]), "tonic spiking"),  # does not lengthen in turn
        (after(*np.linspace(70.0, 40.0, 15), first=180.0), "delayed accelerating"),
        (after(*np.linspace(70.0, 40.0, 15)), "accelerating"),
        (after(*np.linspace(55.0, 47.0, 16)), "tonic spiking"),  # by less than a fifth
        (after(*[5.0, 5.0, 90.0] * 8), "tonic bursting"),
        (after(*[5.0, 5.0, 90.0] * 8, first=150.0), "delayed bursting"),
        (after(*[30.0, 30.0, 85.0] * 6), "undecided"),  # a factor below three, and too few to see the cycle
        (after(*[5.0, 95.0, 95.0] * 4), "undecided"),  # single spikes between pairs
    ],
)
def test_rules_of_a_step(events: Any, pattern: str) -> None:
    assert named(events) == pattern


def test_the_longest_interval_of_a_burst_is_an_option() -> None:
    assert named(after(4.0, 12.0), burst_interval=15.0) == "phasic bursting"


def test_a_constant_stimulus_is_a_step_from_the_begin() -> None:
    assert named(after(*[50.0] * 17, first=20.0), stimulus=np.zeros(TIMES.size)) == "tonic spiking"


def test_irregular_needs_many_intervals_without_order() -> None:
    rng = np.random.default_rng(1)
    gaps = rng.gamma(4.0, 3.0, size=200)
    gaps = gaps[gaps.cumsum() < 880.0]
    assert named(after(*gaps)) == "irregular spiking"
    assert named(after(*[8.0, 13.0, 17.0, 11.0] * 18)) == "periodic spiking"
    assert named(after(*(6 * gaps[:13]))) in ("undecided", "transient spiking")


PULSE = level((100.0, 110.0, 1.0))


def test_rules_of_a_pulse() -> None:
    def wave(decay: float, period: float, size: float) -> np.ndarray:
        t = np.maximum(TIMES - 113.0, 0.0)
        return -60.0 + np.where(t > 0, size * np.exp(-t / decay) * np.cos(2 * np.pi * t / period + 1.0), 0.0)

    assert named([], stimulus=PULSE) == "silent"
    assert named([112.0], stimulus=PULSE) == "single spike"
    assert named([125.0], stimulus=PULSE) == "spike latency"
    assert named([119.9], stimulus=PULSE) == "single spike"  # not later than the pulse is long
    assert named([125.0, 140.0], stimulus=PULSE) == "undecided"
    assert named([50.0], stimulus=PULSE) == "undecided"
    assert named([112.0], stimulus=PULSE, potential=wave(80.0, 60.0, 4.0)) == "subthreshold oscillations"
    assert named([112.0], stimulus=PULSE, potential=wave(80.0, 60.0, 0.1)) == "single spike"  # swings too small
    assert named([112.0], stimulus=PULSE, potential=wave(5.0, 60.0, 3.0)) == "single spike"  # one swing
    t = np.maximum(TIMES - 112.5, 0.0)
    hump = t / 10.0 * np.exp(1 - t / 10.0)
    assert named([112.0], stimulus=PULSE, potential=-70.0 + 5.0 * hump) == "depolarising after-potential"
    assert named([112.0], stimulus=PULSE, potential=-70.0 + 1.5 * hump) == "single spike"  # below 2 mV


def test_rules_of_several_pulses() -> None:
    pairs = level((100.0, 105.0, 1.0), (120.0, 125.0, 1.0), (500.0, 505.0, 1.0), (540.0, 545.0, 1.0))
    assert named([546.0], stimulus=pairs) == "resonator"
    assert named([126.0], stimulus=pairs) == "integrator"
    assert named([126.0, 546.0], stimulus=pairs) == "undecided"
    assert named([300.0], stimulus=pairs) == "undecided"  # answers no pair
    equal = level((100.0, 105.0, 1.0), (120.0, 125.0, 1.0), (500.0, 505.0, 1.0), (520.0, 525.0, 1.0))
    assert named([546.0], stimulus=equal) == "undecided"
    two = level((100.0, 105.0, 1.0), (500.0, 505.0, 1.0))
    train = np.arange(106.0, 500.0, 40.0)
    assert named(train, stimulus=two) == "bistability"
    assert named(np.r_[train, 510.0], stimulus=two) == "bistability"
    assert named(np.r_[50.0, train], stimulus=two) == "undecided"
    assert named(train[:5], stimulus=two) == "undecided"  # ends by itself
    assert named(np.r_[train, np.arange(510.0, 1000.0, 40.0)], stimulus=two) == "undecided"  # does not end


def test_rules_of_inhibition() -> None:
    down = level((100.0, 110.0, -1.0))
    assert named([130.0], stimulus=down) == "rebound spike"
    assert named([130.0, 134.0, 139.0], stimulus=down) == "rebound burst"
    assert named([130.0, 180.0], stimulus=down) == "undecided"
    assert named([50.0, 130.0], stimulus=down) == "undecided"
    assert named([130.0, 600.0], stimulus=down) == "undecided"
    long = level((100.0, 600.0, -1.0))
    assert named(np.arange(150.0, 600.0, 50.0), stimulus=long) == "inhibition-induced spiking"
    assert named(after(*[5.0, 5.0, 90.0] * 4, first=150.0), stimulus=long) == "inhibition-induced bursting"
    both = level((100.0, 105.0, 1.0), (300.0, 305.0, -2.0), (310.0, 315.0, 1.0))
    assert named([320.0], stimulus=both) == "threshold variability"
    assert named([104.0, 320.0], stimulus=both) == "undecided"
    stronger = level((100.0, 105.0, 1.0), (300.0, 305.0, -2.0), (310.0, 315.0, 1.5))
    assert named([320.0], stimulus=stronger) == "undecided"


def test_rules_of_ramps() -> None:
    ramp = np.clip((TIMES - 100.0) / 900.0, 0.0, 1.0)
    # At a saddle-node on a cycle the rate is sqrt(s (t - t0)), so that spike n comes at t0 + (3 n / (2 sqrt(s)))^(2/3).
    first = 300.0 + (1.5 * np.arange(1, 15) / 0.01) ** (2 / 3)
    assert named(first, stimulus=ramp) == "class 1 excitability"
    assert named(first[1:], stimulus=ramp) == "class 2 excitability"  # two spikes' worth of rate without a spike
    assert named(np.arange(300.0, 1000.0, 20.0), stimulus=ramp) == "class 2 excitability"
    assert named([300.0, 400.0, 480.0], stimulus=ramp) == "undecided"
    slow = np.where(TIMES < 400, TIMES / 400, 0.0)
    fast = np.where((TIMES >= 600) & (TIMES < 620), (TIMES - 600) / 40, 0.0)
    assert named([615.0], stimulus=slow + fast) == "accommodation"
    assert named([300.0, 615.0], stimulus=slow + fast) == "undecided"
    assert named([615.0], stimulus=slow + 4 * fast) == "undecided"  # the fast ramp rises higher


def test_numbers_and_export() -> None:
    found = firing_pattern(after(*REGULAR), times=TIMES, stimulus=STEP)
    assert found.spikes == 18
    assert found.latency == pytest.approx(10.0)
    assert found.isi_cv == pytest.approx(0.0, abs=1e-12)
    rng = np.random.default_rng(0)
    gaps = rng.exponential(1.0, 800)
    poisson = firing_pattern(np.cumsum(gaps), times=TIMES, stimulus=STEP)
    assert abs(poisson.isi_cv - 1) < 3 * poisson.isi_cv_stderr < 0.2
    assert abs(poisson.adaptation_index) < 3 * poisson.adaptation_index_stderr
    lengthening = firing_pattern(after(10.0, 20.0, 30.0), times=TIMES, stimulus=STEP)
    assert lengthening.adaptation_index == pytest.approx((10 / 30 + 10 / 50) / 2)
    assert np.isinf(lengthening.isi_cv_stderr)
    data = found.to_xarray()
    assert data["event_times"].shape == (18,)
    assert data.attrs["pattern"] == "tonic spiking"
    assert found.summary().startswith("Tonic spiking. After 0 interval(s)")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event_times": [2.0, 1.0]}, "increasing times"),
        ({"times": TIMES[:5], "stimulus": STEP[:5]}, "evenly spaced"),
        ({"times": TIMES**2}, "evenly spaced"),
        ({"stimulus": STEP[:-1]}, r"`stimulus` must hold one finite number for each of the 10001 times, got shape"),
        ({"potential": np.full(TIMES.size, np.nan)}, "`potential` must hold one finite number"),
    ],
)
def test_wrong_arguments(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"event_times": [1.0, 2.0], "times": TIMES, "stimulus": STEP} | change
    with pytest.raises(InputError, match=message):
        firing_pattern(arguments.pop("event_times"), **arguments)
