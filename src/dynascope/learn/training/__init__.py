"""Training of maps on data: forced runs, back-propagation through them, choice of a model by what it does freely."""

from ._forcing import AbstractForcing as AbstractForcing
from ._forcing import AdaptiveForcing as AdaptiveForcing
from ._forcing import GeneralisedTeacherForcing as GeneralisedTeacherForcing
from ._forcing import NoForcing as NoForcing
from ._forcing import ScheduledSampling as ScheduledSampling
from ._forcing import SparseTeacherForcing as SparseTeacherForcing
from ._growth import AbstractGradientGrowth as AbstractGradientGrowth
from ._growth import GrowthBound as GrowthBound
from ._growth import GrowthOfEntries as GrowthOfEntries
from ._growth import GrowthOfMean as GrowthOfMean
from ._growth import GrowthOfProducts as GrowthOfProducts
from ._growth import LargestGrowth as LargestGrowth
from ._optimiser import RectifiedAdam as RectifiedAdam
from ._penalties import AbstractPenalty as AbstractPenalty
from ._penalties import ManifoldAttractor as ManifoldAttractor
from ._penalties import OrthogonalReadout as OrthogonalReadout
from ._penalties import SmallWeights as SmallWeights
from ._sampled import AbstractAdjoint as AbstractAdjoint
from ._sampled import Backsolved as Backsolved
from ._sampled import Direct as Direct
from ._sampled import SampledFlow as SampledFlow
from ._starts import synchronised as synchronised
from ._train import Selection as Selection
from ._train import train as train
from ._training import Training as Training
from ._windows import Windows as Windows
