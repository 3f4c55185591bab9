"""Many runs of one thing: `sweep(function, system, grid)`, vectorised, in worker processes or on a cluster."""

from ._analyses import exponents as exponents
from ._analyses import regime as regime
from ._dask import Dask as Dask
from ._engines import AbstractEngine as AbstractEngine
from ._engines import InProcess as InProcess
from ._engines import Processes as Processes
from ._grid import Grid as Grid
from ._grid import Random as Random
from ._grid import Range as Range
from ._grid import Sobol as Sobol
from ._grid import Together as Together
from ._sweep import open_sweep as open_sweep
from ._sweep import sweep as sweep
