"""Models that one linear regression fits: autoregressive, next-generation reservoir, Koopman, sparse polynomials."""

from ._autoregression import NextGeneration as NextGeneration
from ._autoregression import fit_next_generation as fit_next_generation
from ._koopman import KoopmanMap as KoopmanMap
from ._koopman import fit_koopman_map as fit_koopman_map
from ._koopman import fit_linear_map as fit_linear_map
from ._polynomials import monomials as monomials
from ._polynomials import term_names as term_names
from ._polynomials import terms as terms
from ._ridge import SVD as SVD
from ._ridge import AbstractLeastSquares as AbstractLeastSquares
from ._ridge import Cholesky as Cholesky
from ._ridge import ridge as ridge
from ._sparse import AbstractDerivative as AbstractDerivative
from ._sparse import CentralDifference as CentralDifference
from ._sparse import PolynomialFlow as PolynomialFlow
from ._sparse import SavitzkyGolay as SavitzkyGolay
from ._sparse import fit_sparse_flow as fit_sparse_flow
