"""Scores of motions that come to rest: what counts as rest, and known differences."""

import numpy as np
import pytest

from dynascope.learn.measures import is_resting, resting_fidelity

T = np.arange(4000) * 0.05
DECAY = np.stack([np.exp(-0.1 * T) * np.cos(T), np.exp(-0.1 * T) * np.sin(T)], axis=1)
NOISE = 0.01 * np.random.default_rng(0).normal(size=DECAY.shape)


def test_rest_is_noise_about_one_place_after_a_motion() -> None:
    before, after = (DECAY + NOISE)[:2500], (DECAY + NOISE)[2500:]
    assert is_resting(after, before)
    assert is_resting(DECAY[3500:], DECAY[:2500])
    # A motion goes on: a wave of the size of the noise, a decay that is seen above it, and noise as large as before.
    wave = np.stack([np.sin(T), np.cos(T)], axis=1)[2500:]
    assert not is_resting(after + 0.02 * wave, before)
    assert not is_resting((DECAY + NOISE)[300:900], (DECAY + NOISE)[:300])
    assert not is_resting(NOISE[2500:], NOISE[:2500])


def test_scores_are_the_known_differences() -> None:
    way, truth = DECAY[:2500] + NOISE[:2500], NOISE[2500:]
    ends = [np.zeros_like(truth)] * 3
    good = resting_fidelity(ends, [DECAY[:2500]] * 3, truth, way=way)
    assert good.grade == "good"
    assert good.values == pytest.approx([1e-4, 0.0], abs=1e-3)
    assert good.floors[0] == pytest.approx(1e-4, rel=0.1)
    assert "approach" in good.summary()
    # To rest half a deviation away is a poor reconstruction, whatever the way there.
    away = resting_fidelity([x + 0.5 for x in ends], [DECAY[:2500]] * 3, truth, way=way)
    assert away.values[1] == pytest.approx(np.sqrt(0.5**2), abs=1e-2)
    assert away.grade == "poor"
    # To stand still at the mean is none either, nor to diverge.
    still = np.broadcast_to(way.mean(axis=0), way.shape)
    assert resting_fidelity(ends, [still] * 3, truth, way=way).excess[0] == pytest.approx(1.0)
    lost = resting_fidelity(ends, [np.full_like(way, np.nan)] * 3, truth, way=way)
    assert (lost.failed, lost.grade) == (3, "poor")
