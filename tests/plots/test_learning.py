"""Figures of trained networks hold the numbers of their results."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.learning import depth_exponents, gradient_health, input_sensitivity, lyapunov_over_sequences
from dynascope.models.artificial import RNN
from dynascope.models.canonical import LinearMap

RNG = np.random.default_rng(0)


def test_spectrum_over_sequences() -> None:
    found = lyapunov_over_sequences(RNN.draw(n=3, gain=1.0, key=jax.random.key(0)), RNG.normal(size=(4, 40, 1)))
    (panel,) = ds.plot(found).axes
    drawn = np.concatenate([np.asarray(line.get_ydata(), float) for line in panel.lines[:3]])
    np.testing.assert_allclose(drawn, found.per_sequence.T.ravel())
    assert "4 sequences" in panel.get_title(loc="left")


def test_gradients_over_lag_mark_the_horizon() -> None:
    found = gradient_health(LinearMap(0.8 * np.eye(3)), np.zeros((2, 60, 0)), lags=40)
    figure = ds.plot(found)
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert [float(np.asarray(m.get_xdata(), float)[0]) for m in marks] == [pytest.approx(found.vanishing_horizon)]
    assert any("31 steps" in text.get_text() for text in figure.axes[0].texts)
    own = Figure()
    assert ds.plot(found, axes=own.subplots()) is own
    wiped = gradient_health(LinearMap(np.zeros((2, 2))), np.zeros((2, 20, 0)), lags=5)
    with pytest.raises(InputError, match="zero"):
        ds.plot(wiped)


def test_depth_and_sensitivity() -> None:
    matrix = RNG.normal(size=(2, 2))
    deep = depth_exponents([jnp.tanh, lambda x: matrix @ x], RNG.normal(size=(3, 2)))
    figure = ds.plot(deep)
    assert [a.get_xlabel() for a in figure.axes] == ["layers passed", "layer"]
    plane = ds.plot(input_sensitivity(lambda x: jnp.tanh(matrix @ x), RNG.normal(size=(20, 2))))
    assert len(plane.axes[0].collections[0].get_offsets()) == 20  # type: ignore[arg-type]
    heap = ds.plot(input_sensitivity(lambda x: jnp.tanh(x), RNG.normal(size=(20, 5))))
    assert heap.axes[0].get_ylabel() == "inputs"
