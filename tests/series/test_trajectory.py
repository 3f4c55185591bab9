import numpy as np

import dynascope as ds
from dynascope.models import Kuramoto
from dynascope.plots import projection, time_series


def test_angles_that_wind_are_shown_by_their_cosines() -> None:
    """Frequencies 1 and 3 of uncoupled phases, of which one winds in the time given: both are shown by cosines."""
    phases = Kuramoto(omega=np.array([1.0, 3.0]), K=0.0)
    run = ds.trajectory(phases, np.array([0.5, 0.0]), np.linspace(0.0, 4.0, 81))
    assert run.periods == (2 * np.pi, 2 * np.pi)
    np.testing.assert_array_equal(run.winding(), [1.0, 1.0])
    figure = time_series(run)
    lines = [np.asarray(axes.get_lines()[0].get_xydata()) for axes in figure.axes]
    assert [axes.get_ylabel() for axes in figure.axes] == ["cos theta0", "cos theta1"]
    for (time, shown), frequency, start in zip((line.T for line in lines), (1.0, 3.0), (0.5, 0.0), strict=True):
        np.testing.assert_allclose(shown, np.cos(start + frequency * time), atol=1e-6)
    np.testing.assert_allclose(projection(run)(run.flat), np.cos(np.asarray(run.flat)))


def test_angles_that_stay_are_shown_as_they_are() -> None:
    phases = Kuramoto(omega=np.array([1.0, 3.0]), K=0.0)
    run = ds.trajectory(phases, np.array([0.5, 0.0]), np.linspace(0.0, 2.0, 41))
    np.testing.assert_array_equal(run.winding(), [0.0, 0.0])
    assert time_series(run).axes[0].get_ylabel() == "theta0 (rad)"
    np.testing.assert_allclose(projection(run)(run.flat), np.asarray(run.flat))


def test_what_is_no_angle_never_winds() -> None:
    run = ds.trajectory(ds.build("lorenz"), None, np.linspace(0.0, 1.0, 11))
    assert run.periods == ()
    np.testing.assert_array_equal(run.winding(), [0.0, 0.0, 0.0])
