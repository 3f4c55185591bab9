import numpy as np
import pytest

from dynascope._errors import InputError
from dynascope.analysis.geometry import embed, embedding
from tests.analysis.signals import henon, lorenz, noisy, white


def test_embed_orders_delays_and_channels():
    x = np.stack([np.arange(10.0), np.arange(10.0) + 100], axis=1)
    points = embed(x, delay=3, dimension=2)
    assert points.shape == (7, 4)
    np.testing.assert_array_equal(points[2], [2, 102, 5, 105])


def test_lorenz_unfolds_in_three_dimensions():
    found = embedding(lorenz(5000)[:, 0], dt=0.02)
    # The first minimum of the mutual information of x is at 0.16 to 0.22 time units (Fraser and Swinney, 1986).
    assert 0.14 <= found.delay * found.dt <= 0.26
    assert found.dimension in (3, 4)
    assert found.converged
    assert "first minimum" in found.delay_rule


def test_henon_is_a_plane_seen_through_one_coordinate():
    found = embedding(henon(3000)[:, 0])
    assert (found.delay, found.dimension) == (1, 2)
    assert found.converged


def test_full_state_needs_no_copies():
    found = embedding(henon(3000))
    assert (found.components, found.dimension) == (2, 1)


def test_noise_is_never_unfolded():
    found = embedding(white(3000))
    assert not found.converged
    assert np.abs(found.e2 - 1).max() < 0.1
    assert "random" in found.summary()


def test_many_channels_are_reduced():
    mixing = np.random.default_rng(3).standard_normal((3, 40))
    found = embedding(noisy(lorenz(3000) @ mixing, decibels=30), dt=0.02)
    assert found.weights.shape == (40, found.components)
    assert found.components <= 5
    assert found.explained > 0.9


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.ones(200), "constant"),
        (np.zeros((3, 4, 5)), r"\(time, channel\)"),
        (np.full(200, np.nan), "not finite"),
        (np.arange(5.0), "at least 50"),
        (np.ones(100, dtype=complex), "real numbers"),
    ],
)
def test_bad_series_are_refused(x, words):
    with pytest.raises(InputError, match=words):
        embedding(x)
