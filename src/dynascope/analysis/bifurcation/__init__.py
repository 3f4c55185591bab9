"""Bifurcations: branches followed in a parameter, and what happens on them."""

from ._follow import ENDS as ENDS
from ._follow import Bounds as Bounds
from ._follow import Path as Path
from ._follow import PseudoArclength as PseudoArclength
from ._follow import correct as correct
from ._follow import follow as follow
from ._locate import Located as Located
from ._locate import crossings as crossings
from ._locate import locate as locate
from ._problem import AbstractProblem as AbstractProblem
from ._problem import length as length
from ._problem import solve_bordered as solve_bordered
from ._problem import tangent_at as tangent_at
