"""What a search has missed, against urns of which everything is known."""

import numpy as np
import pytest

from dynascope.analysis.stability._missed import completeness, missed


def test_estimate_covers_the_true_chance_of_something_new():
    rng = np.random.default_rng(5)
    weights = 1 / np.arange(1, 301) ** 1.2
    weights /= weights.sum()
    errors, scores = [], []
    for _ in range(300):
        drawn = rng.choice(300, 200, p=weights)
        counts = np.bincount(drawn, minlength=300)
        truth = weights[counts == 0].sum()
        found = missed(counts[counts > 0])
        errors.append(found.share - truth)
        scores.append(abs(found.share - truth) <= 2 * found.stderr)
        assert found.at_least <= 3 * np.sum(counts == 0)
    assert abs(np.mean(errors)) < 0.01
    assert np.mean(scores) > 0.9


def test_extremes():
    assert missed(np.array([5, 5])).share == 0
    assert missed(np.array([5, 5])).stderr == pytest.approx(0.1)
    assert missed(np.ones(7, int)).share == 1
    assert missed(np.zeros(0, int)).share == 1
    assert "at least 5 of 10" in completeness(np.array([5, 5]), 10, "cycle")
    assert "met a cycle that no other" in completeness(np.array([5, 1]), 6, "cycle")
