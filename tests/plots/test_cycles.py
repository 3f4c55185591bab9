"""Figures of periodic orbits hold what the results say."""

import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError, plots
from dynascope.analysis.cycles import hybrid_orbit, isochrons, periodic_orbit, phase_response


def test_orbit_and_response():
    system = ds.build("van-der-pol", mu=1.0)
    orbit = periodic_orbit(system)
    figure = plots.plot(orbit)
    assert "stable" in figure.axes[0].get_title(loc="left")
    line = figure.axes[0].lines[0]
    assert np.max(np.asarray(line.get_xdata())) == pytest.approx(orbit.period)
    assert plots.plot(orbit, axes=figure.axes[0]) is figure
    found = phase_response(system, orbit)
    curve = plots.plot(found).axes[1].lines[1]
    assert np.asarray(curve.get_ydata()) == pytest.approx(found.response[:, 1])
    curves = isochrons(system, orbit, count=2, spacing=0.1)
    drawn = plots.plot(curves)
    assert np.asarray(drawn.axes[0].lines[3].get_xydata()) == pytest.approx(curves.curves[1, 1], nan_ok=True)
    assert [text.get_text() for text in drawn.axes[0].texts] == ["0", "0.5"]
    nothing = periodic_orbit(ds.build("lorenz", rho=0.5), throw=False)
    with pytest.raises(InputError, match="no orbit to draw"):
        plots.plot(nothing)


def test_orbit_through_resets_has_a_panel_each_and_its_multipliers():
    neuron = ds.build("leaky-integrate-and-fire")
    figure = ds.plot(hybrid_orbit(neuron))
    assert [panel.get_title(loc="left") or panel.get_title() for panel in figure.axes] == ["V", "multipliers"]
    with pytest.raises(ds.InputError, match="none was found"):
        ds.plot(hybrid_orbit(neuron.replace(I=0.0), throw=False))
