"""Attractors: where a system ends up, and from how many starts."""

from ._attractors import Attractors as Attractors
from ._attractors import attractors as attractors
