"""The phase plane: nullclines, fixed points, and the one-dimensional manifolds of saddles."""

from ._manifold import InvariantManifold as InvariantManifold
from ._manifold import invariant_manifold as invariant_manifold
from ._phase_plane import PhasePlane as PhasePlane
from ._phase_plane import phase_plane as phase_plane
