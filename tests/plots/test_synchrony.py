"""Figures of synchrony hold what the results say."""

from typing import Any

import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError, plots
from dynascope.analysis.chaos import spectrum_from_data
from dynascope.analysis.synchrony import conditional_exponents, master_stability, transversal_exponents
from dynascope.systems import subsystem

HENON = ds.build("henon")


def labels(figure: Any) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()]


def test_master_curve():
    logistic: Any = ds.build("logistic").replace(r=4.0)
    found = master_stability(logistic, lambda y: logistic.step(0, y, None), np.linspace(0.0, 2.0, 8), duration=5000)
    figure = plots.plot(found)
    line = next(line for line in figure.axes[0].lines if np.size(line.get_xdata()) == len(found.alphas))
    assert np.asarray(line.get_ydata()) == pytest.approx(found.exponents)
    assert len(found.crossings) == 2
    assert set(labels(figure)) == {"stable", "± 2 standard errors"}
    complexes = master_stability(HENON, None, np.array([0.0, 0.5 + 0.5j, 3j]), duration=2000)
    assert set(labels(plots.plot(complexes))) <= {"stable", "undecided", "unstable"}


def test_modes():
    found = transversal_exponents(HENON, [[0, 1], [1, 0]], strength=0.9, k=2, duration=2000)
    figure = plots.plot(found)
    assert "unstable" in figure.axes[0].get_title(loc="left")
    assert labels(figure) == ["modes of the network", "one unit"]


def test_copies():
    found = conditional_exponents(HENON, subsystem(HENON, ["y"]), duration=500, copies=1)
    figure = plots.plot(found)
    assert figure.axes[0].get_title(loc="left") == found.verdict


def test_data_spectrum():
    x = np.asarray(ds.trajectory(HENON, None, np.arange(1500)).ys)[:, 0]
    figure = plots.plot(spectrum_from_data(x, dimension=3))
    assert labels(figure)[:3] == ["larger neighbourhoods", "confirmed", "not confirmed"]


def test_nothing_to_draw():
    def away(t: Any, y: Any, p: Any) -> Any:
        del t, p
        return y**2

    bad = master_stability(
        ds.flow(away, [1.0]), None, [0.0], duration=10.0, transient=0.0, solver=ds.solve.RK4(0.01), throw=False
    )
    with pytest.raises(InputError, match="nothing"):
        plots.plot(bad)
