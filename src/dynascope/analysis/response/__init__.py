"""Response: what a small kick does to the averages of a network, pair by pair, and how learning changes it."""

from ._effective import EffectiveConnectivity as EffectiveConnectivity
from ._effective import effective_connectivity as effective_connectivity
from ._learning import LearningCourse as LearningCourse
from ._learning import learning_course as learning_course
from ._linear import JacobianProducts as JacobianProducts
from ._linear import Kicks as Kicks
from ._linear import LinearResponse as LinearResponse
from ._linear import linear_response as linear_response
