import math

import numpy as np
import pytest

from dynascope import InputError
from dynascope.analysis.spikes import bursts


def train(sizes: list[int], *, within: float, between: float) -> np.ndarray:
    gaps = np.concatenate([np.r_[np.full(n - 1, within), between] for n in sizes])
    return np.concatenate([[0.0], np.cumsum(gaps)])


def test_counts_spikes_of_regular_bursts() -> None:
    found = bursts(train([5] * 12, within=3.0, between=40.0))
    assert found.bursting
    assert found.spikes_per_burst == 5.0
    assert found.within == pytest.approx(3.0)
    assert found.between == pytest.approx(40.0)
    assert 3.0 < found.threshold < 40.0


def test_bursts_of_different_sizes_have_a_standard_error() -> None:
    found = bursts(train([3, 5] * 10, within=2.0, between=30.0))
    assert found.spikes_per_burst == pytest.approx(4.0, abs=3 * found.spikes_per_burst_stderr)
    assert found.spikes_per_burst_stderr > 0


def test_long_bursts_with_few_pauses() -> None:
    assert bursts(train([30] * 4, within=2.0, between=50.0)).spikes_per_burst == 30.0


def test_regular_spiking_is_no_bursting() -> None:
    found = bursts(np.arange(50.0) + 1e-12 * np.arange(50) ** 2)
    assert not found.bursting
    assert math.isnan(found.threshold)
    assert found.spikes_per_burst == 1.0
    assert found.between == pytest.approx(1.0)


def test_a_train_that_adapts_is_no_bursting() -> None:
    assert not bursts(np.cumsum(np.linspace(5.0, 40.0, 30))).bursting


def test_poisson_trains_are_hardly_ever_bursting() -> None:
    generator = np.random.default_rng(1)
    calls = [bursts(np.cumsum(generator.exponential(10.0, 200))).bursting for _ in range(200)]
    assert np.mean(calls) < 0.02


def test_occasional_doublets_are_two_kinds_of_intervals() -> None:
    found = bursts(train([1, 1, 2] * 10, within=2.0, between=40.0))
    assert not found.bursting
    assert math.isfinite(found.threshold)
    assert found.spikes_per_burst == pytest.approx(4 / 3, abs=0.1)


def recorded(generator: np.random.Generator, *, count: int = 60) -> np.ndarray:
    """Bursts of six spikes within 30 ms at random times: intervals of every length, no stretch is empty."""
    starts = np.cumsum(generator.exponential(300.0, count))
    return np.sort(np.concatenate([start + generator.uniform(0.0, 30.0, 6) for start in starts]))


def test_recorded_bursts_have_a_valley_instead_of_an_empty_stretch() -> None:
    generator = np.random.default_rng(2)
    found = [bursts(recorded(generator)) for _ in range(20)]
    assert np.mean([one.bursting for one in found]) >= 0.9
    seen = [one for one in found if one.bursting]
    assert np.mean([one.spikes_per_burst for one in seen]) == pytest.approx(6.0, abs=1.5)  # some overlap
    assert 10.0 < np.median([one.threshold for one in seen]) < 100.0


@pytest.mark.parametrize("count", [150, 600])
def test_intervals_of_one_kind_hardly_ever_have_a_valley(count: int) -> None:
    generator = np.random.default_rng(3)
    kinds = [
        lambda: generator.gamma(0.4, 10.0, count),
        lambda: generator.gamma(4.0, 10.0, count),
        lambda: generator.lognormal(0.0, 1.0, count),
        lambda: generator.wald(1.0, 1.0, count),
        lambda: generator.uniform(1.0, 9.0, count),
    ]
    assert np.mean([bursts(np.cumsum(kind())).bursting for kind in kinds for _ in range(20)]) < 0.03


def test_too_few_spikes_say_nothing() -> None:
    assert not bursts([1.0, 2.0, 10.0]).successful
    assert not bursts([]).bursting


def test_refuses_times_out_of_order() -> None:
    with pytest.raises(InputError, match="increasing"):
        bursts([1.0, 3.0, 2.0])
