"""From results to figures: `plot(result)`, and the single views that it is made of."""

from ._chaos import divergence as divergence
from ._chaos import strengths as strengths
from ._chaos import surrogates as surrogates
from ._firing import firing as firing
from ._firing import firing_grid as firing_grid
from ._fixed_points import equilibria as equilibria
from ._geometry import dimension_slopes as dimension_slopes
from ._geometry import recurrence_plot as recurrence_plot
from ._geometry import unfolding as unfolding
from ._interactive import phase_portrait_3d as phase_portrait_3d
from ._interactive import plotly_source as plotly_source
from ._lyapunov import lyapunov as lyapunov
from ._plot import plot as plot
from ._portrait import Projection as Projection
from ._portrait import phase_portrait as phase_portrait
from ._portrait import projection as projection
from ._return_map import cobweb as cobweb
from ._return_map import return_map as return_map
from ._return_map import successive_maxima as successive_maxima
from ._rhythm import power_spectrum as power_spectrum
from ._rhythm import return_times as return_times
from ._series import time_series as time_series
from ._style import svg as svg
