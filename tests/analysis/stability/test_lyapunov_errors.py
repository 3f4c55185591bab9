"""Standard errors of exponents mean what they say: the truth lies within two of them in 90 to 99 of a hundred runs."""

import jax
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.stability import lyapunov_spectrum
from dynascope.models.canonical import Henon, LinearFlow, LinearMap, Lorenz, VanDerPol
from dynascope.solve import RK4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "transient", "duration", "truth", "within"),
    [("henon", 500, 2000, 0.41922, (0.90, 0.99)), ("lorenz", 25.0, 150.0, 0.9056, (0.92, 1.0))],
)
def test_two_errors_cover_the_largest_exponent(name, transient, duration, truth, within):
    system = ds.build(name)
    box = system.region()
    assert box is not None
    values, errors = [], []
    for y in box.sample(jax.random.key(3), 200):
        found = ds.lyapunov_spectrum(system, y0=y, transient=transient, duration=duration, throw=False)
        if found.successful:
            values.append(found.exponents[0])
            errors.append(found.stderr[0])
    share = np.mean(np.abs(np.array(values) - truth) <= 2 * np.array(errors))
    assert within[0] <= share <= within[1]
    # An error that is always too large covers everything: it must be of the size of the real spread.
    assert 0.8 < np.median(errors) / np.std(values, ddof=1) < 1.8
    assert len(values) > 100


def test_a_run_too_short_to_say_the_sign_says_so() -> None:
    short = lyapunov_spectrum(Lorenz(), transient=20.0, duration=1.5)
    assert list(short.signs) == [0, 0, -1]
    assert "The signs of exponents 1, 2 are not known: nil, or the run is too short to say." in short.summary()
    long = lyapunov_spectrum(Lorenz(), transient=20.0, duration=300.0)
    assert list(long.signs) == [1, 0, -1]
    assert not long.warning  # one exponent of a flow is nil without a word
    assert "not known" not in long.summary()


def test_signs_of_maps_and_cycles() -> None:
    assert list(lyapunov_spectrum(Henon(), duration=20_000).signs) == [1, -1]
    edge = lyapunov_spectrum(LinearMap(np.diag([1.0, 0.5])), y0=np.zeros(2), duration=640)
    assert list(edge.signs) == [0, -1]
    assert "The sign of exponent 1 is not known" in edge.summary()
    cycle = lyapunov_spectrum(VanDerPol(), duration=300.0)
    assert list(cycle.signs) == [0, -1]
    assert not cycle.warning
    wiped = lyapunov_spectrum(LinearMap(np.diag([0.5, 0.0])), y0=np.zeros(2), duration=640)
    assert list(wiped.signs) == [-1, -1]


def test_two_nil_exponents_are_told() -> None:
    centre = LinearFlow(np.array([[0.0, 1.0], [-1.0, 0.0]]))
    found = lyapunov_spectrum(centre, duration=200.0, solver=RK4(0.01))
    assert list(found.signs) == [0, 0]
    assert found.warning


def test_errors_of_dimension_and_entropy_cover() -> None:
    """Of 60 short runs most lie within two errors of a long one, and the errors have the size of the spread."""
    system = Henon()
    starts = system.region().sample(jax.random.key(5), 60)
    truth = lyapunov_spectrum(system, duration=1_000_000)
    runs = [lyapunov_spectrum(system, y0=y, transient=500, duration=3000, throw=False) for y in starts]
    runs = [run for run in runs if run.successful]
    assert len(runs) > 30
    for name in ("kaplan_yorke", "entropy_rate"):
        values = np.array([getattr(run, name) for run in runs])
        errors = np.array([getattr(run, f"{name}_stderr") for run in runs])
        assert np.mean(np.abs(values - getattr(truth, name)) <= 2 * errors) >= 0.85
        assert 0.6 < np.median(errors) / values.std(ddof=1) < 1.7


def test_running_means_converge_to_the_exponents() -> None:
    found = lyapunov_spectrum(Henon(), duration=100_000)
    assert found.times[-1] == found.settings["duration"]
    np.testing.assert_allclose(found.running[-1], found.exponents, rtol=1e-9)
    # The mean over t of T steps differs from the mean over all by the error of the latter times sqrt(T / t - 1).
    width = found.stderr[0] * np.sqrt(found.times[-1] / found.times - 1)
    apart = np.abs(found.running[:, 0] - found.exponents[0])
    assert np.all(apart <= 4 * width + 1e-12)
    assert np.any(apart > width / 2)
