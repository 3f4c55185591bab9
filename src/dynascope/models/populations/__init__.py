"""Populations: columns and sheets of neurons by a few averages, or as a field."""

from ._epileptor import Epileptor as Epileptor
from ._jansen_rit import JansenRit as JansenRit
from ._kernels import AbstractGain as AbstractGain
from ._kernels import AbstractKernel as AbstractKernel
from ._kernels import Cosine as Cosine
from ._kernels import DifferenceOfGaussians as DifferenceOfGaussians
from ._kernels import Sigmoid as Sigmoid
from ._kernels import ThresholdLinear as ThresholdLinear
from ._montbrio_pazo_roxin import MontbrioPazoRoxin as MontbrioPazoRoxin
from ._nested_oscillation import NestedOscillation as NestedOscillation
from ._neural_field_lattice import NeuralFieldLattice as NeuralFieldLattice
from ._neural_field_ring import NeuralFieldRing as NeuralFieldRing
from ._ott_antonsen import OttAntonsen as OttAntonsen
from ._tsodyks_markram_network import TsodyksMarkramNetwork as TsodyksMarkramNetwork
from ._wilson_cowan import WilsonCowan as WilsonCowan
from ._wong_wang import WongWang as WongWang
