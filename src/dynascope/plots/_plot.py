"""The one way to draw a result."""

from __future__ import annotations

import functools
import sys
from typing import Any

from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.basins import Basins, BasinShares
from ..analysis.bifurcation import BifurcationDiagram, OrbitDiagram
from ..analysis.chaos import ExponentFromData, SpectrumFromData, SurrogateTest, ZeroOne
from ..analysis.codimension_two import BifurcationSet
from ..analysis.continuation import GlobalContinuation
from ..analysis.cycles import HybridOrbit, Isochrons, PeriodicOrbit, PhaseResponse
from ..analysis.geometry import CorrelationDimension, Embedding, Recurrence
from ..analysis.homoclinic import ConnectingOrbit, HomoclinicCurve
from ..analysis.learning import DepthExponents, GradientHealth, InputSensitivity, SequenceExponents
from ..analysis.map_cycles import MapCycles
from ..analysis.phase_plane import InvariantManifold, PhasePlane
from ..analysis.response import EffectiveConnectivity, LearningCourse
from ..analysis.rhythm import Period, Spectrum
from ..analysis.spikes import Correlogram, FiringPattern, FiringRegime
from ..analysis.stability import FixedPoints, LyapunovSpectrum
from ..analysis.symbols import SymbolicCode
from ..analysis.synchrony import ConditionalExponents, MasterStability, TransversalExponents
from ..analysis.tangent import Alignment, CovariantVectors, ExpansionEntropy, FiniteTimeExponents, Predictability
from ..analysis.threshold import ThresholdDiagram
from ..learn import Fit, LossPrediction
from ..learn.training import Training
from ..models import Catalogue
from ..models.spiking import NoisySpikingNetwork, SpikingNetwork
from ..series import Recording, SpikeTrains, Trajectory
from ..solve import SpikingRun
from ._basins import basin_map, share_bars
from ._bifurcation import bifurcation_diagram, orbit_figure
from ._bifurcation_set import bifurcation_set_figure
from ._chaos import divergence, strengths, surrogates
from ._continuation import continuation_figure
from ._cycles import hybrid_orbit_figure, isochrons_figure, periodic_orbit_figure, phase_response_figure
from ._firing import firing
from ._fixed_points import equilibria
from ._gallery import gallery
from ._geometry import dimension_slopes, recurrence_plot, unfolding
from ._homoclinic import connecting_orbit_figure, homoclinic_curve_figure
from ._learning import gradient_flow, sensitivity_map, sequence_spectrum, through_depth
from ._loss_prediction import loss_prediction_figure
from ._lyapunov import lyapunov
from ._phase_plane import cycles_of_map, manifold, plane
from ._portrait import draw_portrait
from ._reconstruction import reconstruction_figure
from ._response import effective_matrix, learning_curve
from ._rhythm import power_spectrum, return_times
from ._series import draw_series, shown, time_series
from ._spikes import correlograms, firing_map, raster
from ._spiking import connectivity, network_raster
from ._style import new_figure, styled
from ._sweep import sweep_figure
from ._symbols import symbols_figure
from ._synchrony import copies, data_spectrum, master_curve, modes
from ._tangent import aligning, covariant, cross_distances, expansion, finite_time
from ._threshold import threshold_map
from ._training import training_figure


@functools.singledispatch
def plot(result: Any, *, axes: Any = None, **options: Any) -> Figure:
    """The figure of a result, chosen by its type.

    Args:
        result: A `Trajectory`, a `Recording`, or what an analysis returns.
        axes: Draw the main panel into these matplotlib axes instead of a new figure.
        **options: Of the figure of that type, such as `variables=` of a trajectory or `time_unit=` of a spectrum.

    Returns:
        A matplotlib `Figure` that pyplot does not know of: save it with `figure.savefig("name.pdf")`;
        a notebook shows it.

    Raises:
        InputError: If there is no figure of this type, or nothing in the result to draw.

    Example:
        >>> import dynascope as ds, numpy as np
        >>> run = ds.trajectory(ds.build("lorenz"), None, np.linspace(0.0, 20.0, 2001))
        >>> figure = ds.plots.plot(run)
        >>> figure.savefig("lorenz.svg")  # doctest: +SKIP
    """
    # A dataset exists only where xarray is loaded, which takes too long to load it for the sake of its type.
    if "xarray" in sys.modules and isinstance(result, sys.modules["xarray"].Dataset):
        return sweep_figure(result, axes=axes, **options)
    del axes, options
    raise InputError(
        f"There is no figure of a `{type(result).__name__}`. There are figures of: "
        f"{', '.join(sorted(kind.__name__ for kind in plot.registry if kind is not object))}."
    )


@plot.register
@styled
def _trajectory(result: Trajectory, *, axes: Any = None, variables: tuple[str, ...] | None = None) -> Figure:
    if axes is not None:
        return time_series(result, variables=variables, axes=axes)
    data = shown(result)
    if data.values.shape[1] == 1 and not data.discrete:
        return time_series(result, variables=variables)
    figure = new_figure(3.6, 9.6)
    parts: Any = figure.subfigures(1, 2, width_ratios=[1.15, 1.0])
    draw_series(parts[0], data, variables, narrow=True)
    draw_portrait(parts[1], result, variables, shadows=False)
    return figure


plot.register(PeriodicOrbit, periodic_orbit_figure)
plot.register(HybridOrbit, hybrid_orbit_figure)
plot.register(PhaseResponse, phase_response_figure)
plot.register(ConnectingOrbit, connecting_orbit_figure)
plot.register(HomoclinicCurve, homoclinic_curve_figure)
plot.register(Isochrons, isochrons_figure)
plot.register(Recording, time_series)
plot.register(Catalogue, gallery)
plot.register(LyapunovSpectrum, lyapunov)
plot.register(FixedPoints, equilibria)
plot.register(PhasePlane, plane)
plot.register(InvariantManifold, manifold)
plot.register(MapCycles, cycles_of_map)
plot.register(BifurcationDiagram, bifurcation_diagram)
plot.register(OrbitDiagram, orbit_figure)
plot.register(BifurcationSet, bifurcation_set_figure)
plot.register(SequenceExponents, sequence_spectrum)
plot.register(GradientHealth, gradient_flow)
plot.register(DepthExponents, through_depth)
plot.register(InputSensitivity, sensitivity_map)
plot.register(Spectrum, power_spectrum)
plot.register(Period, return_times)
plot.register(Embedding, unfolding)
plot.register(CorrelationDimension, dimension_slopes)
plot.register(Recurrence, recurrence_plot)
plot.register(ExponentFromData, divergence)
plot.register(ZeroOne, strengths)
plot.register(SurrogateTest, surrogates)
plot.register(FiringPattern, firing)
plot.register(SpikeTrains, raster)
plot.register(SpikingRun, network_raster)
plot.register(SpikingNetwork, connectivity)
plot.register(NoisySpikingNetwork, connectivity)
plot.register(Correlogram, correlograms)
plot.register(FiringRegime, firing_map)
plot.register(FiniteTimeExponents, finite_time)
plot.register(CovariantVectors, covariant)
plot.register(Alignment, aligning)
plot.register(ExpansionEntropy, expansion)
plot.register(Predictability, cross_distances)
plot.register(SymbolicCode, symbols_figure)
plot.register(MasterStability, master_curve)
plot.register(TransversalExponents, modes)
plot.register(ConditionalExponents, copies)
plot.register(SpectrumFromData, data_spectrum)
plot.register(LossPrediction, loss_prediction_figure)
plot.register(Basins, basin_map)
plot.register(ThresholdDiagram, threshold_map)
plot.register(EffectiveConnectivity, effective_matrix)
plot.register(LearningCourse, learning_curve)
plot.register(BasinShares, share_bars)
plot.register(GlobalContinuation, continuation_figure)
plot.register(Training, training_figure)
plot.register(Fit, reconstruction_figure)
