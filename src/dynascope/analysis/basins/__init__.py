"""Basins of attraction: which start leads where, how often, and how well that can be foretold."""

from ._basins import Basins as Basins
from ._basins import basins as basins
from ._entropy import BasinEntropy as BasinEntropy
from ._entropy import basin_entropy as basin_entropy
from ._exits import Exits as Exits
from ._exits import exit_times as exit_times
from ._fates import Fates as Fates
from ._fates import fates as fates
from ._grid import Grid as Grid
from ._grid import grid_of as grid_of
from ._known_cells import KnownCells as KnownCells
from ._prepared import flat_box as flat_box
from ._shares import BasinShares as BasinShares
from ._shares import basin_shares as basin_shares
from ._shares import share_error as share_error
from ._uncertainty import UncertaintyExponent as UncertaintyExponent
from ._uncertainty import uncertainty_exponent as uncertainty_exponent
