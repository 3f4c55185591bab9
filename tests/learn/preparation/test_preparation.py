"""Preparation: what later parts must not tell, trials, gaps, delays, and a table of bad input."""

import numpy as np
import pytest

import dynascope as ds
from dynascope.learn.preparation import Delayed, SplitAtGaps, Standardisation, prepare
from dynascope.series import Interpolate


def wave(count: int = 1000, channels: int = 2, seed: int = 0) -> np.ndarray:
    t = np.arange(count)[:, None]
    noise = np.random.default_rng(seed).normal(size=(count, channels))
    return 5.0 + np.sin(0.07 * t + np.arange(channels)) + 0.01 * noise


def test_only_training_statistics_are_used() -> None:
    values = wave()
    values[700:] += 100.0
    ready = prepare(values, dt=0.1)
    assert ready.train[0].mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert ready.train[0].std(axis=0) == pytest.approx(1.0)
    assert ready.standard.offset == pytest.approx(values[:700].mean(axis=0))
    assert ready.standard.undo(ready.test[0]) == pytest.approx(values[850:])
    assert [len(p[0]) for p in (ready.train, ready.validation, ready.test)] == [700, 150, 150]


def test_trials_of_unequal_length() -> None:
    trials = [wave(1000), wave(400, seed=1), wave(701, seed=2)]
    ready = prepare(trials, dt=0.5, shares=(0.5, 0.25, 0.25))
    assert [len(x) for x in ready.train] == [500, 200, 350]
    assert np.concatenate(ready.train).std(axis=0) == pytest.approx(1.0)
    assert sum(len(p[2]) for p in zip(ready.train, ready.validation, ready.test, strict=True)) == 250 + 100 + 175
    assert "3 stretch" in ready.summary()


def test_trend_is_fitted_to_the_training_part() -> None:
    trend = 3.0 - 0.02 * np.arange(1000)[:, None]
    ready = prepare(wave() + trend, dt=0.1, detrend=1)
    plain = prepare(wave(), dt=0.1, detrend=1)
    assert ready.test[0] == pytest.approx(plain.test[0], abs=1e-9)
    assert any("polynomial of order 1" in note for note in ready.notes)


def test_gaps_become_trials() -> None:
    values = wave()
    values[300] = np.nan
    values[305, 0] = np.inf
    with pytest.raises(ds.InputError, match="not numbers"):
        prepare(values, dt=0.1)
    ready = prepare(values, dt=0.1, missing=SplitAtGaps())
    assert [sum(len(x) for x in parts) for parts in zip(ready.train, ready.validation, ready.test, strict=True)] == [
        300,
        694,
    ]
    assert len(prepare(values, dt=0.1, missing=Interpolate()).train) == 1
    with pytest.raises(ds.InputError, match="No stretch"):
        prepare(values, dt=0.1, missing=SplitAtGaps(shortest=900))


def test_delays() -> None:
    values = wave(channels=1)
    ready = prepare(values, dt=0.1, delayed=Delayed(delay=7, dimension=3))
    assert ready.names == ("x(t-14)", "x(t-7)", "x")
    shown = ready.standard.undo(ready.train[0])
    assert shown[:, 2] == pytest.approx(values[14:700, 0])
    assert shown[:, 0] == pytest.approx(values[:686, 0])
    chosen = prepare(values, dt=0.1, delayed=Delayed())
    assert chosen.channels >= 2


BAD = [
    (lambda: prepare(np.ones((500, 2)), dt=0.1), "constant"),
    (lambda: prepare(np.column_stack([wave(channels=1), np.ones(1000)]), dt=0.1), "constant channels: x1|`x1`"),
    (
        lambda: prepare(np.column_stack([wave(channels=1), np.arange(1000) > 800]).astype(float), dt=0.1),
        "over the training data",
    ),
    (lambda: prepare(wave(40), dt=0.1), "40 samples"),
    (lambda: prepare(wave(90), dt=0.1), "fewer than 20"),
    (lambda: prepare(np.where(np.arange(1000)[:, None] == 3, np.nan, wave()), dt=0.1), "not numbers"),
    (lambda: prepare(wave().T, dt=0.1), "time axis seems to be the second"),
    (lambda: prepare(wave()), "sampling interval"),
    (lambda: prepare(wave(), dt=-1.0), "dt"),
    (lambda: prepare([wave(), wave(channels=3)], dt=0.1), "Trial 1 has 3 channels"),
    (lambda: prepare(wave(), dt=0.1, shares=(0.5, 0.5, 0.5)), "sum 1"),
    (lambda: prepare(wave(), dt=0.1, detrend=3), "run away"),
    (lambda: prepare(wave(), dt=0.1, delayed=Delayed(delay=66, dimension=3)), "leave fewer than 20"),
    (lambda: prepare([], dt=0.1), "empty"),
    (lambda: Standardisation.of([np.ones((5, 1))], names=("V",)), "`V`|V"),
]


@pytest.mark.parametrize(("act", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_input(act: object, said: str) -> None:
    with pytest.raises(ds.InputError, match=said) as caught:
        act()  # type: ignore[operator]
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(("unit", "said"), [("1", "every 0.1."), ("ms", "every 0.1 ms.")])
def test_the_unit_of_time_is_told_where_there_is_one(unit: str, said: str) -> None:
    assert said in prepare(wave(), dt=0.1, time_unit=unit).summary()
