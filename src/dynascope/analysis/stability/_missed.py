"""How much of a collection random draws have missed, judged by what was drawn only once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Missed(NamedTuple):
    """An estimate of what a random search has not found.

    Attributes:
        share: Chance that one more start would find something new (Good 1953): the share of the starts whose find
            nobody else made.
        stderr: Its standard error (Esty 1983); with no single find, one over the number of starts.
        at_least: Estimated least number of things not found (Chao 1984, bias-corrected).
    """

    share: float
    stderr: float
    at_least: float


def missed(hits: np.ndarray) -> Missed:
    """What a search missed that met each of its finds `hits` times.

    The estimate holds for draws that are alike and independent. It speaks of what such draws can reach: what no start
    can lead to, it cannot see.

    Args:
        hits: How many starts led to each find.

    Reference:
        Good (1953), Biometrika 40, 237-264; Esty (1983), Annals of Statistics 11, 905-912; Chao (1984), Scandinavian
        Journal of Statistics 11, 265-270.
    """
    hits = np.asarray(hits)
    n = int(hits.sum())
    if n == 0:
        return Missed(1.0, float("nan"), float("nan"))
    once, twice = int(np.sum(hits == 1)), int(np.sum(hits == 2))
    share = once / n
    stderr = max(float(np.sqrt(once * (1 - share) + 2 * twice)) / n, 1 / n)
    return Missed(share, stderr, once * (once - 1) / (2 * (twice + 1)))


def completeness(hits: np.ndarray, starts: int, what: str) -> str:
    """A sentence on how complete the search is."""
    found = missed(hits)
    if found.share == 0:
        return (
            f"Each was met by at least {int(np.min(hits)) if len(hits) else 0} of {starts} starts: another start would "
            f"find a new {what} with a chance below about {found.stderr:.1g}."
        )
    alone = int(np.sum(np.asarray(hits) == 1))
    return (
        f"{alone} of {starts} starts met a {what} that no other start met: another start would find a new one with a "
        f"chance of {found.share:.2g} ± {found.stderr:.1g}; about {max(1, round(found.at_least))} or more are missing."
    )
