"""Reservoirs: random networks of which only the readout is learned."""

from ._echo_state import fit_echo_state as fit_echo_state
from ._echo_state import predictions as predictions
from ._echoes import echoes as echoes
from ._readouts import AbstractReadout as AbstractReadout
from ._readouts import AlternatingReadout as AlternatingReadout
from ._readouts import LinearReadout as LinearReadout
from ._readouts import SquaresReadout as SquaresReadout
