"""Reproduced papers: claims with source and tolerance, fixed before the run, and a verdict on each."""

from ._catalogue import STUDIES as STUDIES
from ._catalogue import study as study
from ._study import Claim as Claim
from ._study import Judged as Judged
from ._study import Study as Study
from ._study import StudyOutcome as StudyOutcome
