"""Pictures of networks of spiking neurons hold what the runs and networks hold."""

from typing import Any

import jax
import numpy as np
import pytest
from matplotlib.figure import Figure

import dynascope as ds
from dynascope import plots
from dynascope.models.spiking import (
    AllPairs,
    ConductanceReceptor,
    CurrentReceptor,
    Edges,
    LeakyCells,
    Population,
    Projection,
    RecordedCells,
    spiking_network,
)
from dynascope.models.synapses import PairSTDP
from dynascope.solve import simulate

KEY = jax.random.key(0)


def relays() -> Any:
    """Recorded spikes of two sources, and three cells that get them."""
    spikes = ds.as_spike_trains([[2.0, 5.0], [4.0]], start=0.0, stop=10.0, time_unit="ms")
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0),), V_th=1e3)
    parts = [Population("in", 2, RecordedCells.of(spikes, dt=0.5)), Population("out", 3, cells)]
    joined = Projection("in", "out", Edges([0, 0, 1], [0, 2, 1]), "exc", weight=np.array([2.0, -4.0, 1.0]))
    return spiking_network(parts, [joined], dt=0.5, key=KEY)


@pytest.fixture(scope="module")
def network() -> Any:
    return relays()


def drawn(network: Any) -> Any:
    """The matrix that the picture of the connections holds."""
    return np.asarray(ds.plot(network).axes[0].images[0].get_array())


def test_raster_has_every_spike_at_its_time_and_row(network):
    figure = ds.plot(simulate(network, 10.0))
    dots, rates = figure.axes
    assert set(zip(*(np.asarray(a, float) for a in dots.lines[0].get_data()), strict=True)) == {
        (2.0, 0.0),
        (5.0, 0.0),
        (4.0, 1.0),
    }
    assert [t.get_text() for t in dots.get_yticklabels()] == ["in\n(2)", "out\n(3)"]
    assert set(rates.get_legend_handles_labels()[1]) == {"in", "out"}
    # Three spikes of two sources in 10 ms are 150 Hz on average.
    bars: Any = rates.patches[0]
    steps = bars.get_data()
    assert np.sum(steps.values * np.diff(steps.edges)) / 10.0 == pytest.approx(150.0)


def test_raster_of_a_window_and_in_own_axes(network):
    run = simulate(network, 10.0)
    figure = plots.network_raster(run, window=(3.0, 10.0), bin=1.0)
    assert np.sort(np.asarray(figure.axes[0].lines[0].get_xdata())).tolist() == [4.0, 5.0]
    panel = Figure().subplots()
    assert plots.network_raster(run, axes=panel) is panel.figure
    with pytest.raises(ds.InputError, match="`window` must lie in the run"):
        plots.network_raster(run, window=(5.0, 12.0))


def test_every_population_of_a_large_network_is_drawn():
    network: Any = ds.build("spiking-network", n=1000)
    run = simulate(network, 30.0)
    dots = ds.plot(run).axes[0]
    # 400 of 1000 neurons, 320 of 800 and 80 of 200.
    low, high = dots.get_ylim()
    assert (low, high) == pytest.approx((-0.7, 399.7))


def test_connectivity_is_the_matrix_of_weights(network):
    figure, shown = ds.plot(network), drawn(network)
    expected = np.zeros((5, 5))
    expected[2, 0], expected[4, 0], expected[3, 1] = 0.5, -1.0, 0.25
    np.testing.assert_allclose(shown, expected)
    # Two of five neurons have no input, three have one.
    bars: Any = figure.axes[1].patches[0]
    stairs = bars.get_data()
    np.testing.assert_allclose(stairs.values, [0.4, 0.6])


def test_conductances_inhibit_below_rest_and_learning_weights_are_drawn():
    receptors = (ConductanceReceptor("exc", tau=5.0, E=0.0), ConductanceReceptor("inh", tau=5.0, E=-80.0))
    cells = LeakyCells(receptors, E_L=-65.0, V_reset=-65.0, V_th=-50.0)
    parts = [Population("a", 2, cells), Population("b", 2, cells)]
    joined = [
        Projection("a", "b", AllPairs(), "exc", weight=1.0, plasticity=PairSTDP()),
        Projection("b", "a", AllPairs(), "inh", weight=3.0),
    ]
    shown = drawn(spiking_network(parts, joined, key=KEY))
    np.testing.assert_allclose(shown[2:, :2], 1 / 3)
    np.testing.assert_allclose(shown[:2, 2:], -1.0)
    assert not np.any(shown[:2, :2])


def test_no_synapses_no_picture():
    lone = spiking_network([Population("a", 3, LeakyCells(drive=20.0))], key=KEY)
    with pytest.raises(ds.InputError, match="no synapses"):
        ds.plot(lone)
