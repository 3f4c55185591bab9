"""The verdict on populations made for it, several of each kind."""

import numpy as np
import pytest
from scipy.special import gammaln, jv

from dynascope.analysis.spikes import firing_regime, interval_coherence
from dynascope.series import as_spike_trains

STOP = 10.0


def poisson(rng, n=40):
    return [np.sort(rng.uniform(0, STOP, rng.poisson(10 * STOP))) for _ in range(n)]


def common_clock(rng, n=40):
    """All on one clock of 10 Hz, each spike jittered by 5 ms."""
    return [np.arange(0.1, STOP - 0.1, 0.1) + 0.005 * rng.standard_normal(98) for _ in range(n)]


def own_clocks(rng, n=40):
    """Each on a clock of its own rate and phase."""
    return [np.arange(rng.uniform(0, 0.1), STOP, rng.uniform(0.08, 0.12)) for _ in range(n)]


def common_noise(rng, n=40):
    """Poisson spikes of which most are common to all, jittered by 3 ms: synchronous but irregular."""
    mother = np.sort(rng.uniform(0.05, STOP - 0.05, 12 * int(STOP)))
    mother = mother[np.diff(mother, prepend=-1.0) > 0.02]
    rows = [mother[rng.random(mother.size) < 0.7] for _ in range(n)]
    return [row + 0.003 * rng.standard_normal(row.size) for row in rows]


def burst(rng, starts):
    return np.concatenate([s + np.cumsum(rng.uniform(0.004, 0.008, rng.integers(4, 7))) for s in starts])


def common_bursts(rng, n=40):
    starts = np.arange(0.2, STOP - 0.2, 0.4)
    return [burst(rng, starts + 0.01 * rng.standard_normal(starts.size)) for _ in range(n)]


def own_bursts(rng, n=40):
    return [burst(rng, rng.uniform(0, 0.4) + np.arange(0.0, STOP - 0.6, 0.4)) for _ in range(n)]


def silence(rng, n=40):
    return [rng.uniform(0, STOP, int(rng.random() < 0.1)) for _ in range(n)]


KINDS = {
    "asynchronous irregular": poisson,
    "synchronous regular": common_clock,
    "asynchronous regular": own_clocks,
    "synchronous irregular": common_noise,
    "silent": silence,
}


@pytest.mark.parametrize("regime", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_each_kind(regime, seed):
    found = firing_regime(as_spike_trains(KINDS[regime](np.random.default_rng(seed)), start=0.0, stop=STOP))
    assert found.verdict.regime == regime, found.summary()
    assert found.verdict.confidence > 0.6
    assert found.verdict.evidence


@pytest.mark.parametrize(("made", "kind"), [(common_bursts, "synchronous"), (own_bursts, "asynchronous")])
@pytest.mark.parametrize("seed", range(3))
def test_bursts(made, kind, seed):
    found = firing_regime(as_spike_trains(made(np.random.default_rng(seed)), start=0.0, stop=STOP))
    assert found.verdict.regime == "bursting", found.summary()
    assert found.verdict.attributes == (kind,)


def test_undecided_for_few_spikes_and_for_one_train():
    rng = np.random.default_rng(0)
    few = as_spike_trains([rng.uniform(0, 1, 3) for _ in range(5)], start=0.0, stop=1.0)
    assert firing_regime(few).verdict.regime == "undecided"
    assert not firing_regime(few).successful
    one = firing_regime(as_spike_trains(poisson(rng, 1), start=0.0, stop=STOP))
    assert one.verdict.regime == "undecided"
    assert one.verdict.attributes == ("irregular",)
    assert "single train" in one.summary()


def test_unit_of_time_does_not_matter():
    rows = common_noise(np.random.default_rng(1))
    found = [firing_regime(as_spike_trains([s * r for r in rows], start=0.0, stop=s * STOP)) for s in (1.0, 1000.0)]
    assert found[0].verdict.regime == found[1].verdict.regime
    assert found[0].synchrony == pytest.approx(found[1].synchrony, rel=1e-6)


def gamma_trains(rng, shape, n=60, rate=20.0, stop=40.0):
    rows = [np.cumsum(rng.gamma(shape, 1 / (shape * rate), int(1.5 * rate * stop))) for _ in range(n)]
    return as_spike_trains([row[row < stop] for row in rows], start=0.0, stop=stop)


def modulated(rng, depth, n=60, rate=30.0, stop=STOP, frequency=20.0):
    """Poisson spikes whose common rate is a sinusoid of this depth."""
    rows = []
    for _ in range(n):
        at = np.sort(rng.uniform(0, stop, rng.poisson(rate * (1 + depth) * stop)))
        kept = rng.uniform(0, 1 + depth, at.size) < 1 + depth * np.cos(2 * np.pi * frequency * at)
        rows.append(at[kept])
    return as_spike_trains(rows, start=0.0, stop=stop)


@pytest.mark.parametrize("shape", [1.0, 2.5, 6.0, 14.0, 40.0])
def test_coherence_of_gamma_processes(shape):
    found = interval_coherence(gamma_trains(np.random.default_rng(0), shape))
    exact = np.exp(gammaln(shape + 0.5) - (shape - 0.5) * np.log(np.pi)) * jv(shape - 0.5, 2 * np.pi)
    assert found.mean() == pytest.approx(exact, abs=4 * found.std() / np.sqrt(found.size))
    assert found.std() / np.sqrt(found.size) < 0.005


@pytest.mark.parametrize(("shape", "word"), [(6.6, "irregular"), (9.0, "irregular"), (20.0, "regular")])
def test_gamma_trains_are_regular_from_shape_14_on(shape, word):
    assert firing_regime(gamma_trains(np.random.default_rng(1), shape)).verdict.regime == f"asynchronous {word}"


@pytest.mark.parametrize(("jitter", "word"), [(0.1, "regular"), (0.25, "irregular")])
def test_jittered_clocks(jitter, word):
    rng = np.random.default_rng(2)
    ticks = np.arange(1, 200) + rng.uniform(0, 1, (40, 1))
    rows = np.sort(ticks + jitter * rng.standard_normal(ticks.shape), axis=1)
    found = firing_regime(as_spike_trains(rows, start=-2.0, stop=203.0))
    assert found.verdict.regime == f"asynchronous {word}", found.summary()


@pytest.mark.parametrize("depth", [0.0, 0.5, 0.9])
def test_depth_of_a_common_rhythm(depth):
    found = firing_regime(modulated(np.random.default_rng(3), depth))
    assert found.synchrony == pytest.approx(depth, abs=0.2 if depth == 0 else 3 * found.synchrony_stderr)
    assert found.verdict.regime == "asynchronous irregular"


def test_depth_does_not_depend_on_how_many_trains_are_seen():
    trains = modulated(np.random.default_rng(4), 0.9, n=240)
    few = firing_regime(trains.select(np.arange(40)))
    assert abs(few.synchrony - firing_regime(trains).synchrony) < 3 * few.synchrony_stderr


def test_volleys_beyond_a_sinusoid_are_synchronous():
    """A rate that is nil for half of every cycle: the positive half of a cosine."""
    rng = np.random.default_rng(5)
    at = [np.sort(rng.uniform(0, STOP, rng.poisson(40 * STOP))) for _ in range(60)]
    rows = [row[rng.uniform(0, 1, row.size) < np.maximum(np.cos(2 * np.pi * 8 * row), 0)] for row in at]
    found = firing_regime(as_spike_trains(rows, start=0.0, stop=STOP))
    # The mean of max(cos, 0)^2 over that of max(cos, 0), squared, is pi^2 / 4.
    assert found.synchrony == pytest.approx(np.sqrt(2 * (np.pi**2 / 4 - 1)), rel=0.05)
    assert found.verdict.regime == "synchronous irregular"


def test_times_on_a_grid_make_no_synchrony():
    """At 3 steps to a bin, bins that are no whole steps would hold 2 or 3 of them."""
    rng = np.random.default_rng(6)
    rows = [0.001 * (1 + np.flatnonzero(rng.random(10000) < 0.04)) for _ in range(60)]
    found = firing_regime(as_spike_trains(rows, start=0.0, stop=10.001))
    assert found.verdict.regime == "asynchronous irregular", found.summary()
    assert found.synchrony < 0.2
    assert found.bin == pytest.approx(round(1000 * found.bin) / 1000)
