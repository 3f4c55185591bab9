"""Readers and writers of files: recordings, trained networks, and whatever Dynascope itself has made."""

from ._feedforward import layers_from_torch as layers_from_torch
from ._kinds import FileKind as FileKind
from ._kinds import sniff as sniff
from ._networks import NetworkFile as NetworkFile
from ._networks import from_state_dict as from_state_dict
from ._networks import from_torch as from_torch
from ._networks import read_network as read_network
from ._recordings import read_recording as read_recording
from ._saving import load as load
from ._saving import save as save
from ._spike_files import holds_spike_trains as holds_spike_trains
from ._spike_files import read_spike_trains as read_spike_trains
