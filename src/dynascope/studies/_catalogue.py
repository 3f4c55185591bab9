"""Which studies there are."""

from __future__ import annotations

from .._errors import InputError
from ._aelle import STUDY as AELLE
from ._study import Study

#: All studies, in the order in which they are listed.
STUDIES: tuple[Study, ...] = (AELLE,)


def study(name: str) -> Study:
    """The study called `name`.

    Args:
        name: As `dynascope study` lists it.

    Raises:
        InputError: If there is none.

    Example:
        >>> study("aelle").claims[0].id
        'single-features-correlate'
    """
    for one in STUDIES:
        if one.name == name:
            return one
    known = ", ".join(f"`{one.name}`" for one in STUDIES)
    raise InputError(f"There is no study `{name}`. There is: {known}; `dynascope study` lists them.")
