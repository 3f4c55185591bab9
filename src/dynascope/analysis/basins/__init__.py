"""Basins of attraction: which start leads where, how often, and how well that can be foretold."""

from ._basins import Basins as Basins
from ._basins import basins as basins
from ._grid import Grid as Grid
from ._grid import grid_of as grid_of
from ._shares import BasinShares as BasinShares
from ._shares import basin_shares as basin_shares
