"""The figure of a training shows every run, and the models taken."""

import equinox as eqx
import jax
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.learn.training import Selection, Windows, train
from dynascope.models import ShallowPLRNN

WAVE = np.sqrt(2) * np.stack([np.sin(0.1 * np.arange(300)), np.cos(0.1 * np.arange(300))], axis=1)


@pytest.fixture(scope="module")
def trained():
    scores = iter([3.0, 300.0, 2.0, 1.0, 5.0, 4.0])
    models = tuple(ShallowPLRNN.draw(n=2, hidden=4, key=jax.random.key(i)) for i in range(2))
    return train(
        models,
        WAVE,
        updates=30,
        windows=Windows(20, 2),
        validate=Selection(lambda model: next(scores), every=10),
        key=jax.random.key(0),
    )


def test_a_panel_for_each_history(trained):
    figure = ds.plot(trained)
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
    assert titles == ["loss", "length of the gradient", "pull α of the data", "score, ○ models taken"]
    for axes in figure.axes[:3]:
        assert len(axes.lines) == 2
        assert len(np.asarray(axes.lines[0].get_xdata())) == 30
    np.testing.assert_allclose(np.asarray(figure.axes[0].lines[1].get_ydata()), trained.losses[:, 1], rtol=1e-6)
    taken = [line for line in figure.axes[3].lines if line.get_marker() == "o"]
    assert [(float(np.asarray(t.get_xdata())[0]), float(np.asarray(t.get_ydata())[0])) for t in taken] == [
        (20.0, 2.0),
        (20.0, 1.0),
    ]
    assert figure.axes[3].get_yscale() == "log"


def test_nothing_done_is_refused(trained):
    empty = eqx.tree_at(lambda t: t.losses, trained, np.zeros((0, 2)))
    with pytest.raises(InputError, match="not one update"):
        ds.plot(empty)
