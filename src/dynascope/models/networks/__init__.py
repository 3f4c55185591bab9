"""Networks: memories, coupled oscillators, integrate-and-fire maps, reservoirs and random rate networks."""

from ._asynchronous_hopfield import AsynchronousHopfield as AsynchronousHopfield
from ._bms import BMS as BMS
from ._dense_hopfield import DenseHopfield as DenseHopfield
from ._echo_state import EchoState as EchoState
from ._frequencies import AbstractFrequencies as AbstractFrequencies
from ._frequencies import Gaussian as Gaussian
from ._frequencies import Lorentzian as Lorentzian
from ._frequencies import Uniform as Uniform
from ._gif import GIF as GIF
from ._graded_hopfield import GradedHopfield as GradedHopfield
from ._hopfield import Hopfield as Hopfield
from ._kuramoto import Kuramoto as Kuramoto
from ._modern_hopfield import ModernHopfield as ModernHopfield
from ._oscillatory_interference import OscillatoryInterference as OscillatoryInterference
from ._rate_map import HebbianForgetting as HebbianForgetting
from ._rate_map import RateMap as RateMap
from ._rate_network import RateNetwork as RateNetwork
from ._sakaguchi_populations import SakaguchiPopulations as SakaguchiPopulations
from ._second_order_kuramoto import SecondOrderKuramoto as SecondOrderKuramoto
from ._spins import AbstractSpinMemory as AbstractSpinMemory
from ._spins import hebb as hebb
from ._spins import random_patterns as random_patterns
from ._stimulated import CoordinatedReset as CoordinatedReset
from ._stimulated import DelayedFeedbackKuramoto as DelayedFeedbackKuramoto
from ._swing_equation import SwingEquation as SwingEquation
from ._synchronous_hopfield import SynchronousHopfield as SynchronousHopfield
