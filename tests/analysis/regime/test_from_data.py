import json

import numpy as np
import pytest

from dynascope._errors import InputError
from dynascope.analysis._rest import is_resting
from dynascope.analysis.regime import regime_from_data
from dynascope.analysis.regime._denoised import denoised
from tests.analysis.signals import (
    autoregressive,
    henon,
    logistic,
    lorenz,
    noisy,
    ornstein_uhlenbeck,
    roessler,
    sine,
    torus,
    van_der_pol,
    white,
)

CASES = [
    pytest.param(sine(2000), "limit cycle", id="sine"),
    pytest.param(van_der_pol(3000)[:, 0], "limit cycle", id="van der pol"),
    pytest.param(logistic(1000, r=3.5), "limit cycle", id="period 4"),
    pytest.param(torus(3000), "torus", id="torus"),
    pytest.param(lorenz(5000)[:, 0], "chaos", id="lorenz"),
    pytest.param(roessler(4000)[:, 0], "chaos", id="roessler"),
    pytest.param(henon(2000)[:, 0], "chaos", id="henon"),
]


@pytest.mark.parametrize(("x", "regime"), CASES)
@pytest.mark.parametrize("decibels", [np.inf, 20.0], ids=["clean", "20 dB"])
def test_regimes_with_and_without_noise(x, regime, decibels):
    found = regime_from_data(noisy(x, decibels=decibels))
    assert found.verdict.regime == regime, found.summary()
    assert found.verdict.confidence >= 0.5
    assert json.loads(json.dumps(found.verdict.to_json()))["regime"] == regime


@pytest.mark.parametrize(
    "x",
    [white(1000), autoregressive(2000, 0.9), autoregressive(2000, 1.8, -0.9), ornstein_uhlenbeck(5000)],
    ids=["white", "AR(1)", "AR(2)", "Ornstein-Uhlenbeck"],
)
def test_noise(x):
    assert regime_from_data(x).verdict.regime == "noise"


def test_settled_series_is_a_fixed_point():
    time = np.arange(1000) * 0.1
    x = np.exp(-0.2 * time) * np.cos(3 * time)
    assert regime_from_data(x).verdict.regime == "fixed point"
    assert regime_from_data(np.full(500, 3.0)).verdict.confidence == 1.0


def test_noisy_way_to_rest_is_a_fixed_point_and_a_pause_is_not():
    time = np.arange(1000) * 0.1
    x = np.exp(-0.2 * time) * np.cos(3 * time)
    found = regime_from_data(noisy(x, decibels=20.0))
    assert found.verdict.regime == "fixed point", found.summary()
    assert found.verdict.confidence <= 0.75
    # What still moves at the end is not at rest, however small.
    assert not is_resting(0.05 * np.sin(time[:250]), x)


def test_values_that_crowd_at_two_ends_are_not_called_noise():
    """Forty-eight tanh units in chaos, one of them seen: as hard to predict as surrogates. Even spread stays noise."""
    rng = np.random.default_rng(2)
    w, b, y = 4 * rng.normal(size=(48, 48)) / np.sqrt(48), 0.2 * rng.normal(size=48), rng.normal(size=48)
    seen = np.empty(1500)
    for n in range(1700):
        y = np.tanh(w @ y + b)
        seen[n - 200] = y[0]
    assert regime_from_data(seen).verdict.regime != "noise"
    assert regime_from_data(rng.uniform(size=1000)).verdict.regime == "noise"


@pytest.mark.parametrize(
    ("x", "regime"),
    [
        pytest.param(van_der_pol(8000)[::4, 0], {"limit cycle"}, id="van der pol"),
        pytest.param(torus(2000), {"torus"}, id="torus"),
        pytest.param(roessler(1000)[:, 0], {"chaos", "undecided"}, id="roessler, few turns"),
    ],
)
def test_much_noise_is_taken_away_from_finely_sampled_series(x, regime):
    found = regime_from_data(noisy(x, decibels=10.0))
    assert found.verdict.regime in regime, found.summary()
    assert found.verdict.confidence <= 0.75


def test_denoised_series_is_near_the_clean_one():
    x = torus(3000)
    left = denoised(noisy(x, decibels=10.0).reshape(-1, 1), 7)[:, 0] - x.ravel()
    assert np.var(left) < 0.2 * 0.1 * np.var(x)
    # White noise has no direction that stands out, so hardly anything of it is left.
    assert np.var(denoised(white(3000)[:, None], 7)) < 0.05


def test_bursts_of_a_recording_are_counted():
    hump = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, 50, endpoint=False))
    x = np.tile(np.concatenate([*[hump] * 3, np.zeros(300)]), 12)
    found = regime_from_data(noisy(x, decibels=30.0))
    assert found.verdict.regime == "limit cycle", found.summary()
    assert "bursting" in found.verdict.attributes
    assert found.verdict.evidence[-1].value == 3.0


def test_several_channels():
    assert regime_from_data(lorenz(4000), dt=0.02).verdict.regime == "chaos"


def test_too_little_to_say():
    found = regime_from_data(lorenz(400, dt=0.01)[:, 0])
    assert found.verdict.regime == "undecided"
    assert not found.successful


def test_too_short():
    with pytest.raises(InputError, match="at least 300"):
        regime_from_data(np.arange(100.0))


def test_trend_is_no_regime():
    found = regime_from_data(white(2000) + np.linspace(0, 10, 2000))
    assert found.verdict.regime == "undecided"
    assert "nonstationary" in found.verdict.attributes


def test_noise_that_drives_a_rhythm_is_not_called_chaos():
    # A phase that wanders: the spectrum is a broad peak, neighbours predict, but nothing grows exponentially.
    x = np.sin(np.cumsum(0.2 + 0.02 * white(3000)))
    assert regime_from_data(x).verdict.regime != "chaos"


def test_spike_train_is_one_rhythm():
    x = (np.arange(3000) % 97 == 0).astype(float)
    assert regime_from_data(x).verdict.regime == "limit cycle"


def test_two_rhythms_that_meet_only_above_the_sampling_rate():
    # 1 + 0.082942 is 17.01 times 0.06365, within the errors of both, but none of the harmonics between is there.
    time = np.arange(1000)
    x = np.sin(2 * np.pi * 0.082942 * time) + 0.4 * np.sin(2 * np.pi * 0.06365 * time + 1)
    assert regime_from_data(noisy(x, decibels=20.0)).verdict.regime == "torus"


@pytest.mark.parametrize("decibels", [np.inf, 20.0], ids=["clean", "20 dB"])
def test_harmonics_above_the_sampling_rate_are_one_rhythm(decibels):
    x = np.exp(np.cos(2 * np.pi * (0.37 + 1e-3 * np.sqrt(2)) * np.arange(1000)))
    assert regime_from_data(noisy(x, decibels=decibels)).verdict.regime == "limit cycle"


def test_chaos_in_narrow_bands_is_no_torus():
    # Narrow bands of the logistic map (exponent 0.105): 99 % of the power are lines.
    found = regime_from_data(logistic(20_000, r=3.58))
    assert found.spectrum is not None
    assert found.spectrum.line_fraction > 0.95
    assert found.verdict.regime == "chaos", found.summary()


def test_noise_is_never_sure():
    assert regime_from_data(white(1000)).verdict.confidence <= 0.75
