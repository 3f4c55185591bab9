"""Duffing's oscillator has a region of its own, so that shares of its attractors mean the same everywhere."""

import jax
import numpy as np

from dynascope.models import build


def test_region_holds_both_wells_and_all_phases() -> None:
    system = build("duffing")
    box = system.region()
    assert box is not None
    np.testing.assert_allclose(np.asarray(box.low), [-2.2, -2.2, 0.0])
    np.testing.assert_allclose(np.asarray(box.high), [2.2, 2.2, 2 * np.pi])
    starts = np.asarray(box.sample(jax.random.key(0), 1000))
    assert np.all(starts.min(axis=0) < [-1, -1, 1])
    assert np.all(starts.max(axis=0) > [1, 1, 5])
