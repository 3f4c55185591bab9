"""Attractors and their shares along a parameter: the global side of a bifurcation diagram."""

from ._continuation import GlobalContinuation as GlobalContinuation
from ._continuation import global_continuation as global_continuation
from ._matching import Identities as Identities
