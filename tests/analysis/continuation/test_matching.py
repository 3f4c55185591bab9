"""Which attractor is which, on sets made by hand."""

import numpy as np
import pytest

from dynascope.analysis.continuation import Identities
from dynascope.analysis.continuation._matching import set_distance


def at(*xs: float) -> tuple[np.ndarray, ...]:
    return tuple(np.array([[x]]) for x in xs)


NOBODY = np.zeros((0, 0))


def test_distance_of_sets_is_the_larger_mean():
    a, b = np.array([[0.0], [1.0]]), np.array([[0.0]])
    assert set_distance(a, b) == pytest.approx(0.5)  # 0 and 1 are 0 and 1 away, the other way round 0
    assert set_distance(a, a) == 0.0


def test_numbers_stay_when_the_order_changes():
    known, first = Identities().followed(at(0.0, 1.0), np.zeros((0, 2)), furthest=0.3)
    assert first.tolist() == [0, 1]
    known, second = known.followed(at(1.1, 0.1), np.array([[0.0, 1.0], [1.0, 0.0]]), furthest=0.3)
    assert second.tolist() == [1, 0]
    assert known.present == (True, True)


def test_what_states_lead_to_comes_before_what_is_near():
    known, _ = Identities().followed(at(0.0), np.zeros((0, 1)), furthest=0.3)
    _, numbers = known.followed(at(0.05, 0.2), np.array([[0.0, 1.0]]), furthest=0.3)
    assert numbers.tolist() == [1, 0]


def test_one_that_comes_back_gets_its_number_and_a_far_one_does_not():
    known, _ = Identities().followed(at(0.0, 1.0), np.zeros((0, 2)), furthest=0.3)
    # The second has vanished; its states lead to the first, which keeps its own number.
    known, numbers = known.followed(at(0.0), np.array([[1.0], [1.0]]), furthest=2.0)
    assert (numbers.tolist(), known.present) == ([0], (True, False))
    again, numbers = known.followed(at(0.0, 1.1), np.array([[1.0, 0.0], [0.0, 0.0]]), furthest=0.3)
    assert (numbers.tolist(), again.present) == ([0, 1], (True, True))
    _, numbers = known.followed(at(0.0, 1.5), np.array([[1.0, 0.0], [0.0, 0.0]]), furthest=0.3)
    assert numbers.tolist() == [0, 2]
