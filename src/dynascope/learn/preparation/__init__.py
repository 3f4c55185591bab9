"""Data made ready for learning: checked, split in time, standardised by the training part, unfolded."""

from ._prepared import Delayed as Delayed
from ._prepared import Prepared as Prepared
from ._prepared import SplitAtGaps as SplitAtGaps
from ._prepared import prepare as prepare
from ._standardisation import Standardisation as Standardisation
