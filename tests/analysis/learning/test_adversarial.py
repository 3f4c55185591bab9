"""A trained classifier is most sensitive where least is needed to mislead it."""

import numpy as np

from benchmarks.adversarial_exponents import smallest_changes, study


def test_sensitive_inputs_are_easily_misled() -> None:
    found = study(0, count=120, steps=800)
    assert found["accuracy"] > 0.95
    assert found["spearman"] < -0.5


def test_smallest_change_of_a_linear_classifier_is_the_distance_to_its_boundary() -> None:
    weights = [(np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([1.0, 0.0]))]
    points = np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, 0.3]])
    expected = np.abs(points @ [3.0, 4.0] + 1.0) / 5
    # Directions are half a degree apart.
    np.testing.assert_allclose(smallest_changes(weights, points), expected, rtol=1e-4)
