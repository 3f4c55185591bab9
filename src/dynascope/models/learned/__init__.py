"""Systems whose rule is learned from data: piecewise-linear maps, recurrent networks run freely, neural flows."""

from ._autoregressive import AutoregressiveNetwork as AutoregressiveNetwork
from ._closed_form import ClosedFormContinuous as ClosedFormContinuous
from ._dendritic import DendriticPLRNN as DendriticPLRNN
from ._neural_ode import NeuralODE as NeuralODE
from ._shallow import ShallowPLRNN as ShallowPLRNN
