"""Networks of spiking maps: how near the attractor comes to the threshold, its exact period, its raster."""

from ._diagram import ThresholdDiagram as ThresholdDiagram
from ._diagram import threshold_diagram as threshold_diagram
from ._distance import ThresholdDistance as ThresholdDistance
from ._distance import Thresholded as Thresholded
from ._distance import threshold_distance as threshold_distance
from ._perturbed import PerturbedRasters as PerturbedRasters
from ._perturbed import perturbed_rasters as perturbed_rasters
