"""Cycles of maps, stable or not."""

from ._map_cycles import MapCycles as MapCycles
from ._map_cycles import periodic_points as periodic_points
from ._regions import Regions as Regions
from ._transformations import DavidchackLai as DavidchackLai
from ._transformations import SchmelcherDiakonos as SchmelcherDiakonos
