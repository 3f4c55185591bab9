"""Recurrent networks as maps: one time step of the network is one step of the system."""

from ._alrnn import ALRNN as ALRNN
from ._cell import CellMap as CellMap
from ._cell import from_cell as from_cell
from ._dense import Dense as Dense
from ._gru import GRU as GRU
from ._layers import Readout as Readout
from ._layers import RecurrentLayer as RecurrentLayer
from ._lstm import LSTM as LSTM
from ._lstm import LSTMState as LSTMState
from ._lstm import OutputProjection as OutputProjection
from ._rnn import RNN as RNN
