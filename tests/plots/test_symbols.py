"""Figures of symbolic codes: a graph of few regions, a matrix of many."""

import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.symbols import symbolic_code
from dynascope.models import ALRNN, ShallowPLRNN


def test_few_regions_are_a_graph():
    code = symbolic_code(ShallowPLRNN.example(), duration=500)
    figure = ds.plot(code)
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    for i, share in enumerate(code.shares):
        assert f"{i}\n{share:.0%}" in texts
    for i, j in np.argwhere(code.transitions > 0.02):
        if i != j:
            assert f"{code.transitions[i, j]:.2g}" in texts


def test_many_regions_are_a_matrix():
    # z' = 0.97 z passes twenty thresholds one after another.
    ones = np.ones((20, 1))
    system = ShallowPLRNN(np.array([0.97]), 0 * ones.T, ones, -np.arange(20.0), np.zeros(1), z0=np.array([20.5]))
    code = symbolic_code(system, duration=120, transient=0, least=0.0)
    assert len(code) > 12
    figure = ds.plot(code)
    (image,) = [image for axes in figure.axes for image in axes.images]
    np.testing.assert_allclose(np.nan_to_num(10 ** np.asarray(image.get_array(), float)), code.transitions, atol=1e-12)


def test_no_region_is_refused():
    code = symbolic_code(ALRNN.example(), duration=100, least=0.99)
    with pytest.raises(InputError, match="every one is rare"):
        ds.plot(code)
