"""Spectra of recordings whose exponents are known, and of noise, where nothing may be claimed."""

import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.chaos import LocalMaps, spectrum_from_data
from dynascope.analysis.geometry import embedding


@pytest.fixture(scope="module")
def henon() -> np.ndarray:
    return np.asarray(ds.trajectory(ds.build("henon"), None, np.arange(4100)).ys)[100:]


@pytest.fixture(scope="module")
def lorenz() -> np.ndarray:
    return np.asarray(ds.trajectory(ds.build("lorenz"), None, np.arange(0.0, 220.0, 0.02)).ys)[1000:]


def test_henon_from_one_coordinate(henon):
    """0.4192 and log 0.3 - 0.4192."""
    found = spectrum_from_data(henon[:, 0], dimension=2)
    assert found.converged
    assert np.all(np.abs(found.exponents - [0.4192, -1.6232]) < 3 * found.stderr)
    assert np.all(found.stderr < 0.03)
    assert found.confirmed.all()
    assert found.exponents.sum() == pytest.approx(np.log(0.3), abs=1e-3)
    assert found.kaplan_yorke == pytest.approx(1.258, abs=0.02)


def test_linear_maps_are_less_exact(henon):
    found = spectrum_from_data(henon[:, 0], dimension=2, method=LocalMaps(degree=1))
    assert found.exponents == pytest.approx([0.4192, -1.6232], abs=0.1)
    assert found.unexplained > 1e-9


def test_time_reversal_finds_the_spurious_exponent(henon):
    found = spectrum_from_data(henon[:, 0], dimension=3)
    assert found.confirmed.tolist() == [True, False, True]
    assert found.exponents[[0, 2]] == pytest.approx([0.4192, -1.6232], abs=0.03)
    assert "not confirmed" in found.summary()


def test_lorenz_from_one_coordinate(lorenz):
    """0.9056 and 0; -14.57 cannot be seen, as the attractor is too thin, and is not confirmed."""
    found = spectrum_from_data(lorenz[:, 0], dt=0.02, dimension=3)
    assert found.converged
    assert np.all(np.abs(found.exponents[:2] - [0.9056, 0.0]) < 3 * found.stderr[:2])
    assert np.all(found.stderr[:2] < 0.2)
    assert found.confirmed.tolist() == [True, True, False]
    assert found.kaplan_yorke == pytest.approx(2.06, abs=0.1)


def test_lorenz_from_all_coordinates(lorenz):
    found = spectrum_from_data(lorenz, dt=0.02)
    assert found.settings["dimension"] == 1
    assert found.exponents[:2] == pytest.approx([0.9056, 0.0], abs=0.15)
    assert found.converged


@pytest.mark.parametrize("share", [0.003, 0.03])
def test_noise_is_refused(henon, share):
    noise = np.random.default_rng(1).standard_normal(len(henon))
    found = spectrum_from_data(henon[:, 0] + share * henon[:, 0].std() * noise, dimension=2)
    assert not found.converged
    assert not found.successful
    assert "noise" in found.summary()


def test_random_processes_are_refused():
    rng = np.random.default_rng(2)
    assert not spectrum_from_data(rng.standard_normal(3000), dimension=3).converged
    swing = np.zeros(3000)
    for i in range(2, len(swing)):
        swing[i] = 1.6 * swing[i - 1] - 0.8 * swing[i - 2] + rng.standard_normal()
    assert not spectrum_from_data(swing, dimension=3).converged


def test_wrong_questions(henon):
    with pytest.raises(InputError, match="`degree`"):
        LocalMaps(degree=3)
    with pytest.raises(InputError, match="`references`"):
        LocalMaps(references=10)
    with pytest.raises(InputError, match="`evolve`"):
        spectrum_from_data(embedding(henon[:, 0], dimension=2), evolve=7)
    with pytest.raises(InputError, match="too few for neighbourhoods"):
        spectrum_from_data(henon[:100, 0], dimension=4)
