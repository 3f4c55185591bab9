"""Is it chaos? Exponents, the 0-1 test and surrogates for recordings."""

from ._exponent_from_data import AbstractDivergence as AbstractDivergence
from ._exponent_from_data import ExponentFromData as ExponentFromData
from ._exponent_from_data import Kantz as Kantz
from ._exponent_from_data import Rosenstein as Rosenstein
from ._exponent_from_data import exponent_from_data as exponent_from_data
from ._spectrum_from_data import LocalMaps as LocalMaps
from ._spectrum_from_data import SpectrumFromData as SpectrumFromData
from ._spectrum_from_data import spectrum_from_data as spectrum_from_data
from ._surrogates import AbstractStatistic as AbstractStatistic
from ._surrogates import PredictionError as PredictionError
from ._surrogates import SurrogateTest as SurrogateTest
from ._surrogates import TimeReversal as TimeReversal
from ._surrogates import iaaft as iaaft
from ._surrogates import surrogate_test as surrogate_test
from ._zero_one import AbstractGrowth as AbstractGrowth
from ._zero_one import Correlation as Correlation
from ._zero_one import Regression as Regression
from ._zero_one import ZeroOne as ZeroOne
from ._zero_one import zero_one as zero_one
