"""Predictability: one clear case of each class."""

import math

import numpy as np
import pytest

import dynascope as ds
from dynascope._errors import ComputationFailed
from dynascope.analysis.tangent import predictability
from dynascope.analysis.tangent._predictability import _kind
from dynascope.models.canonical import Henon, LinearMap, Lorenz, VanDerPol


def test_strong_chaos() -> None:
    found = predictability(Henon(), pairs=64)
    assert found.kind == "strong chaos"
    assert abs(found.scaling) <= 4 * found.scaling_stderr + 0.01
    assert abs(found.correlation) <= 4 * found.correlation_stderr + 0.02
    assert abs(found.exponent - 0.41922) <= 4 * found.exponent_stderr
    assert found.prediction_time == pytest.approx(math.log(1e8) / found.exponent)


def test_distance_grows_at_the_rate_of_the_exponent() -> None:
    """On the cat map, whose rate is constant, until the size of the torus is reached; angles the shorter way round."""
    found = predictability(ds.build("arnold-cat-map"), distances=(1e-12, 1e-11), duration=128, pairs=64)
    growth = np.log(found.growth[5:20, 0])
    assert np.polyfit(found.times[5:20], growth, 1)[0] == pytest.approx(math.log((3 + math.sqrt(5)) / 2), rel=1e-3)
    assert found.unrelated == pytest.approx(math.sqrt(1 / 6), rel=0.05)  # two uniform numbers on each of two circles
    assert found.kind == "strong chaos"


def test_limit_cycle_is_laminar() -> None:
    found = predictability(VanDerPol(), pairs=16, duration=100.0)
    assert found.kind == "laminar"
    assert found.scaling == pytest.approx(1.0, abs=0.1)
    assert found.correlation > 0.999
    assert math.isinf(found.prediction_time)


@pytest.mark.parametrize(
    ("rho", "kind"), [(28.0, "strong chaos"), (180.78, "partially predictable chaos"), (181.1, "laminar")]
)
def test_lorenz(rho: float, kind: str) -> None:
    """Beyond a window of a cycle, at rho = 180.78, chaos stays on a thin braid around what was the cycle."""
    found = predictability(Lorenz(rho=rho), pairs=32, transient=500.0 if rho > 100 else 50.0, duration=200.0)
    assert found.kind == kind
    if kind == "partially predictable chaos":
        assert found.exponent > 2 * found.exponent_stderr
        assert found.correlation > 0.95
        assert abs(found.scaling) < 0.1


def test_rule() -> None:
    assert _kind(1.0, 0.01, 1.0, 0.01) == "laminar"
    assert _kind(0.0, 0.01, 0.9, 0.01) == "partially predictable chaos"
    assert _kind(0.0, 0.01, 0.1, 0.01) == "strong chaos"
    assert _kind(0.55, 0.03, 1.0, 0.01) == "undecided"
    assert _kind(0.0, 0.01, 0.45, 0.03) == "undecided"
    assert _kind(math.nan, 0.0, 1.0, 0.0) == "undecided"


def test_rest_and_divergence_are_told() -> None:
    with pytest.raises(ComputationFailed, match="comes to rest"):
        predictability(LinearMap(np.diag([0.5, 0.4])), pairs=16, duration=200)
    with pytest.raises(ComputationFailed):
        predictability(Henon(), y0=[10.0, 10.0], pairs=16, duration=200)
    found = predictability(Henon(), y0=[10.0, 10.0], pairs=16, duration=200, throw=False)
    assert found.kind == "undecided"


def test_bad_distances_are_refused() -> None:
    for distances in ((1e-8,), (1e-8, 1e-8), (1e-20, 1e-5), (1e-5, 1.0)):
        with pytest.raises(ds.InputError, match="distances"):
            predictability(Henon(), distances=distances)
