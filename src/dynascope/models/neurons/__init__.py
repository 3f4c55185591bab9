"""Single neurons: with channels, in the plane, and integrate-and-fire."""

from ._adex import AdEx as AdEx
from ._connor_stevens import ConnorStevens as ConnorStevens
from ._experiment import Experiment as Experiment
from ._exponential_integrate_and_fire import ExponentialIntegrateAndFire as ExponentialIntegrateAndFire
from ._fitzhugh_nagumo import FitzHughNagumo as FitzHughNagumo
from ._hindmarsh_rose import HindmarshRose as HindmarshRose
from ._hodgkin_huxley import HodgkinHuxley as HodgkinHuxley
from ._izhikevich import Izhikevich as Izhikevich
from ._leaky_integrate_and_fire import LeakyIntegrateAndFire as LeakyIntegrateAndFire
from ._morris_lecar import MorrisLecar as MorrisLecar
from ._quadratic_integrate_and_fire import QuadraticIntegrateAndFire as QuadraticIntegrateAndFire
from ._refractory_integrate_and_fire import RefractoryIntegrateAndFire as RefractoryIntegrateAndFire
from ._theta_neuron import ThetaNeuron as ThetaNeuron
from ._wang_buzsaki import WangBuzsaki as WangBuzsaki
