"""Two parameters: curves of bifurcations, and the points where two of them meet."""

from ._bifurcation_set import bifurcation_curve as bifurcation_curve
from ._bifurcation_set import bifurcation_set as bifurcation_set
from ._curve_problems import PairCurve as PairCurve
from ._curve_problems import ZeroCurve as ZeroCurve
from ._plane import RestPlane as RestPlane
from ._points import CodimensionTwoPoint as CodimensionTwoPoint
from ._result import BifurcationCurve as BifurcationCurve
from ._result import BifurcationSet as BifurcationSet
