"""Spikes: what event times say by themselves, and together with the stimulus."""

from ._bursts import Bursts as Bursts
from ._bursts import bursts as bursts
from ._firing_pattern import FiringPattern as FiringPattern
from ._firing_pattern import firing_pattern as firing_pattern
from ._siegert import siegert_rate as siegert_rate
