"""Reproduced papers: claims with source and tolerance, fixed before the run, and a verdict on each."""

from ._aelle import STUDY as _AELLE
from ._study import Claim as Claim
from ._study import Judged as Judged
from ._study import Study as Study
from ._study import StudyOutcome as StudyOutcome
from ._study import found as _found

#: All studies, in the order in which they are listed.
STUDIES: tuple[Study, ...] = (_AELLE,)


def study(name: str) -> Study:
    """The study called `name`.

    Raises:
        InputError: If there is none.

    Example:
        >>> study("aelle").claims[0].id
        'single-features-correlate'
    """
    return _found(STUDIES, name)
