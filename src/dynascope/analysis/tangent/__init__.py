"""More of the tangent: exponents over finite times, covariant vectors, alignment, expansion, predictability."""

from ._alignment import Alignment as Alignment
from ._alignment import alignment as alignment
from ._covariant import CovariantVectors as CovariantVectors
from ._covariant import covariant_vectors as covariant_vectors
from ._expansion import ExpansionEntropy as ExpansionEntropy
from ._expansion import expansion_entropy as expansion_entropy
from ._finite_time import FiniteTimeExponents as FiniteTimeExponents
from ._finite_time import finite_time_exponents as finite_time_exponents
from ._from_jacobians import exponents_from_jacobians as exponents_from_jacobians
from ._orbit_exponents import orbit_exponents as orbit_exponents
from ._predictability import Predictability as Predictability
from ._predictability import predictability as predictability
