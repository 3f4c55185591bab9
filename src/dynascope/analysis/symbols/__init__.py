"""Orbits of piecewise-linear maps as sequences of symbols: which linear regions they visit, and in what order."""

from ._code import SymbolicCode as SymbolicCode
from ._code import symbolic_code as symbolic_code
from ._entropy import entropy_rate as entropy_rate
from ._entropy import topological_entropy as topological_entropy
