"""Synapses and plasticity: kinds of synapse, rules of learning, and circuits of a few neurons joined by them."""

from ._bcm import BCMRule as BCMRule
from ._bcm import BCMState as BCMState
from ._chemical import ConductanceSynapse as ConductanceSynapse
from ._chemical import CurrentSynapse as CurrentSynapse
from ._chemical import DeltaSynapse as DeltaSynapse
from ._chemical import NMDASynapse as NMDASynapse
from ._continuous import GapJunction as GapJunction
from ._continuous import GradedSynapse as GradedSynapse
from ._graded_circuit import GradedCircuit as GradedCircuit
from ._graded_circuit import GradedState as GradedState
from ._hebb import HebbRule as HebbRule
from ._oja import OjaRule as OjaRule
from ._spiking_circuit import CircuitState as CircuitState
from ._spiking_circuit import SpikingCircuit as SpikingCircuit
from ._stdp import AbstractPairing as AbstractPairing
from ._stdp import AbstractPlasticity as AbstractPlasticity
from ._stdp import AllToAll as AllToAll
from ._stdp import NearestSpike as NearestSpike
from ._stdp import PairSTDP as PairSTDP
from ._stdp import TripletSTDP as TripletSTDP
from ._synapse import AbstractSynapse as AbstractSynapse
from ._time_courses import AbstractTimeCourse as AbstractTimeCourse
from ._time_courses import AlphaFunction as AlphaFunction
from ._time_courses import DoubleExponential as DoubleExponential
from ._time_courses import ExponentialDecay as ExponentialDecay
from ._tsodyks_markram import TsodyksMarkramSynapse as TsodyksMarkramSynapse
