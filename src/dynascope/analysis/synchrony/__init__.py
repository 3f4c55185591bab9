"""Synchrony: is a common motion of coupled systems stable, and does a driven system follow its drive?"""

from ._conditional import ConditionalExponents as ConditionalExponents
from ._conditional import conditional_exponents as conditional_exponents
from ._master import MasterStability as MasterStability
from ._master import master_stability as master_stability
from ._transversal import TransversalExponents as TransversalExponents
from ._transversal import transversal_exponents as transversal_exponents
