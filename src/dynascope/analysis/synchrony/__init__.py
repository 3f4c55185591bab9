"""Synchrony: is a common motion of coupled systems stable, and does a driven system follow its drive?"""

from ._conditional import ConditionalExponents as ConditionalExponents
from ._conditional import conditional_exponents as conditional_exponents
from ._master import MasterStability as MasterStability
from ._master import master_stability as master_stability
from ._order import Chimera as Chimera
from ._order import OrderParameters as OrderParameters
from ._order import PhaseClusters as PhaseClusters
from ._order import chimera as chimera
from ._order import order_parameters as order_parameters
from ._order import phase_clusters as phase_clusters
from ._spectrum import LaplacianSpectrum as LaplacianSpectrum
from ._spectrum import laplacian_spectrum as laplacian_spectrum
from ._transversal import TransversalExponents as TransversalExponents
from ._transversal import transversal_exponents as transversal_exponents
