"""The verdict on populations made for it, several of each kind."""

import numpy as np
import pytest

from dynascope.analysis.spikes import firing_regime
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
