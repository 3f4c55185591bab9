"""Attractors: where a system ends up, and from how many starts."""

from ._attractors import Attractors as Attractors
from ._attractors import attractors as attractors
from ._features import Features as Features
from ._features import moments as moments
from ._finder import AbstractFinder as AbstractFinder
from ._finder import Assigned as Assigned
from ._known import KnownAttractor as KnownAttractor
from ._proximity import Proximity as Proximity
from ._recurrences import Recurrences as Recurrences
from ._stage import Stage as Stage
from ._stage import staged as staged
