"""The shape of what a trajectory lives on: embedding, dimension, recurrence."""

from ._dimension import CorrelationDimension as CorrelationDimension
from ._dimension import correlation_dimension as correlation_dimension
from ._embedding import Embedding as Embedding
from ._embedding import embed as embed
from ._embedding import embedding as embedding
from ._recurrence import MEASURES as MEASURES
from ._recurrence import Recurrence as Recurrence
from ._recurrence import recurrence as recurrence
