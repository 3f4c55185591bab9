import numpy as np
import pytest

from dynascope._errors import InputError
from dynascope.analysis.geometry import recurrence
from tests.analysis.signals import lorenz, sine, white


def test_rate_is_what_was_asked_for():
    found = recurrence(white(2000), rate=0.05, block=400)
    assert found["recurrence rate"] == pytest.approx(0.05, abs=0.003)


def test_order_of_determinism():
    regular = recurrence(sine(2000, period=23.719), block=400, delay=6, dimension=2)
    chaotic = recurrence(lorenz(2000)[:, 0], block=400)
    random = recurrence(white(2000), block=400, delay=1, dimension=1)
    assert regular["determinism"] > 0.95
    assert chaotic["determinism"] > 0.9
    # For independent points of rate r the share of recurrences in diagonals of two or more is 1 - (1 - r)^2.
    assert random["determinism"] == pytest.approx(1 - 0.95**2, abs=0.03)
    assert regular["longest diagonal"] > chaotic["longest diagonal"] > random["longest diagonal"]


def test_lines_of_a_plot_counted_by_hand():
    from dynascope.analysis.geometry._recurrence import _measures

    plot = np.zeros((5, 5), dtype=bool)
    for i, j in [(0, 2), (1, 3), (2, 4), (0, 4)]:
        plot[i, j] = plot[j, i] = True
    rate, determinism, mean, longest, entropy, divergence, laminarity, trapping = _measures(plot, theiler=0, shortest=2)
    assert rate == 4 / 10
    assert (determinism, mean, longest, entropy, divergence) == (3 / 4, 3.0, 3.0, 0.0, 1 / 3)
    assert (laminarity, trapping) == (0.0, 0.0)


def test_unknown_measure():
    with pytest.raises(InputError, match="determinism"):
        recurrence(white(500), block=100)["determinsm"]
