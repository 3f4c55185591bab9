"""The wall of pictures of the catalogue."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import dynascope as ds
from dynascope import InputError
from dynascope.models import Catalogue


def chosen(*names: str) -> Catalogue:
    return Catalogue(tuple(entry for entry in ds.catalogue() if entry["name"] in names))


def drawn(axes: Any) -> np.ndarray:
    """The points of the first line, shape `(n, 2)`."""
    return np.asarray(axes.lines[0].get_xydata(), float)


def test_each_certified_system_gets_a_titled_picture() -> None:
    figure = ds.plot(chosen("henon", "lorenz", "van-der-pol"), columns=2)
    assert isinstance(figure, Figure)
    shown = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in shown] == ["henon", "lorenz", "van-der-pol"]
    assert [axes.get_xlabel() for axes in shown] == ["chaos", "chaos", "limit cycle"]
    for axes in shown:
        assert len(np.unique(drawn(axes)[:, 0])) > 1000


def test_a_cycle_closes() -> None:
    (axes,) = ds.plot(chosen("van-der-pol"), columns=1).axes
    points = drawn(axes)
    heights = [a[1] for a, b in pairwise(points) if a[0] < 0 <= b[0]][2:]
    assert len(heights) > 20
    assert max(heights) - min(heights) < 0.1


def test_nothing_certified_and_axes_are_refused() -> None:
    with pytest.raises(InputError, match="No system of this catalogue has a certificate"):
        ds.plot(chosen("hopfield"))
    with pytest.raises(InputError, match="fills a figure of its own"):
        ds.plot(chosen("lorenz"), axes=Figure().subplots())
