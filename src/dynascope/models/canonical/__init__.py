"""Systems that every textbook has: chaos, oscillation, noise, delay and the linear case."""

from ._brusselator import Brusselator as Brusselator
from ._double_well import DoubleWell as DoubleWell
from ._henon import Henon as Henon
from ._linear_flow import LinearFlow as LinearFlow
from ._linear_map import LinearMap as LinearMap
from ._logistic import Logistic as Logistic
from ._lorenz import Lorenz as Lorenz
from ._lotka_volterra import LotkaVolterra as LotkaVolterra
from ._mackey_glass import MackeyGlass as MackeyGlass
from ._magnetic_pendulum import MagneticPendulum as MagneticPendulum
from ._maier_stein import MaierStein as MaierStein
from ._newton_map import NewtonMap as NewtonMap
from ._oregonator import Oregonator as Oregonator
from ._ornstein_uhlenbeck import OrnsteinUhlenbeck as OrnsteinUhlenbeck
from ._repressilator import Repressilator as Repressilator
from ._roessler import Roessler as Roessler
from ._rosenzweig_macarthur import RosenzweigMacArthur as RosenzweigMacArthur
from ._selkov import Selkov as Selkov
from ._stuart_landau import StuartLandau as StuartLandau
from ._van_der_pol import VanDerPol as VanDerPol
