"""Plain values over time: trajectories of systems and recordings of anything."""

from ._as_recording import as_recording as as_recording
from ._mending import MENDINGS as MENDINGS
from ._mending import AbstractMending as AbstractMending
from ._mending import DropRows as DropRows
from ._mending import Interpolate as Interpolate
from ._mending import LongestStretch as LongestStretch
from ._recording import Recording as Recording
from ._spike_trains import SpikeTrains as SpikeTrains
from ._spike_trains import as_spike_trains as as_spike_trains
from ._spike_trains import check_spike_trains as check_spike_trains
from ._trajectory import Events as Events
from ._trajectory import Trajectory as Trajectory
