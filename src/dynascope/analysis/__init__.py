"""What a system does: one question per file, each answered with its uncertainty."""

from . import attractors as attractors
from . import basins as basins
from . import bifurcation as bifurcation
from . import chaos as chaos
from . import continuation as continuation
from . import cycles as cycles
from . import geometry as geometry
from . import homoclinic as homoclinic
from . import learning as learning
from . import map_cycles as map_cycles
from . import phase_plane as phase_plane
from . import regime as regime
from . import resilience as resilience
from . import response as response
from . import rhythm as rhythm
from . import spikes as spikes
from . import stability as stability
from . import tangent as tangent
from . import threshold as threshold
from ._verdict import REGIMES as REGIMES
from ._verdict import Evidence as Evidence
from ._verdict import Verdict as Verdict
