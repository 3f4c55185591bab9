"""Stability: Lyapunov spectra, fixed points and their eigenvalues."""

from ._deflation import Deflated as Deflated
from ._enclosed import EnclosedFixedPoints as EnclosedFixedPoints
from ._enclosed import enclosed_fixed_points as enclosed_fixed_points
from ._fixed_points import FixedPoints as FixedPoints
from ._fixed_points import fixed_points as fixed_points
from ._lyapunov import Benettin as Benettin
from ._lyapunov import lyapunov_spectrum as lyapunov_spectrum
from ._searches import Newton as Newton
from ._searches import SpeedDescent as SpeedDescent
from ._spectrum import LyapunovSpectrum as LyapunovSpectrum
