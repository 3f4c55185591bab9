"""Spikes: what event times say by themselves."""

from ._bursts import Bursts as Bursts
from ._bursts import bursts as bursts
