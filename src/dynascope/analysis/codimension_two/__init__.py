"""Two parameters: curves of bifurcations, and the points where two of them meet."""

from ._bifurcation_set import bifurcation_curve as bifurcation_curve
from ._bifurcation_set import bifurcation_set as bifurcation_set
from ._curve_problems import PairCurve as PairCurve
from ._curve_problems import ZeroCurve as ZeroCurve
from ._pinned_points import PinnedMeeting as PinnedMeeting
from ._pinned_points import bogdanov_takens_point as bogdanov_takens_point
from ._pinned_points import cusp_point as cusp_point
from ._pinned_points import double_hopf_point as double_hopf_point
from ._pinned_points import generalised_hopf_point as generalised_hopf_point
from ._pinned_points import zero_hopf_point as zero_hopf_point
from ._plane import RestPlane as RestPlane
from ._points import CodimensionTwoPoint as CodimensionTwoPoint
from ._result import BifurcationCurve as BifurcationCurve
from ._result import BifurcationSet as BifurcationSet
