"""Systems that every textbook has: chaos, oscillation, noise, delay and the linear case."""

from ._henon import Henon as Henon
from ._linear_flow import LinearFlow as LinearFlow
from ._linear_map import LinearMap as LinearMap
from ._logistic import Logistic as Logistic
from ._lorenz import Lorenz as Lorenz
from ._mackey_glass import MackeyGlass as MackeyGlass
from ._ornstein_uhlenbeck import OrnsteinUhlenbeck as OrnsteinUhlenbeck
from ._roessler import Roessler as Roessler
from ._stuart_landau import StuartLandau as StuartLandau
from ._van_der_pol import VanDerPol as VanDerPol
