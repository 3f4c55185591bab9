"""How likely counts are under predicted rates, beside what rates that are right, and that stand still, would get."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance

#: Blocks of time over which the standard error is taken.
_BLOCKS = 20
#: Rates for which the entropy is summed; between them it is interpolated.
_GRID = 2000


class CountLikelihood(AbstractResult):
    """Negative log likelihood of counts under predicted rates, in nats per count: smaller is better, 0 out of reach.

    `floor` is what these rates would get on the average if they were the true ones, the entropy of their counts: far
    above it they are wrong; near it they may still be poor, for it falls with better rates. `constant` is what rates
    that stand still get. `bits_per_event` is the gain over them, for each event.
    """

    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    value: float = output(unit="nats", doc="negative log likelihood per count")
    stderr: float = output(unit="nats", doc="its standard error, over blocks of time")
    floor: float = output(unit="nats", doc="what the rates would get if they were true")
    constant: float = output(unit="nats", doc="what constant rates get")
    bits_per_event: float = output(unit="bit", doc="gain over constant rates, for each event")
    channels: NDArray[np.float64] = output("channel", unit="nats", doc="negative log likelihood of each channel")

    def summary(self) -> str:
        """The likelihood between its floor and that of constant rates."""
        channels = len(self.channels)
        return (
            f"Negative log likelihood {self.value:.4g} ± {self.stderr:.1g} nats per count, over "
            f"{self.settings['samples']} samples of {channels} channel(s). If the rates were true: {self.floor:.4g}; "
            f"constant rates: {self.constant:.4g}. {self.bits_per_event:.3g} bits gained for each event."
        )


def count_likelihood(rates: Any, counts: Any, *, constant: Any = None) -> CountLikelihood:
    r"""Hold predicted rates against counts: the mean of $r - x \ln r + \ln x!$.

    Args:
        rates: Expected counts r, shape `(time, channel)`, positive, predicted without looking at the counts they are
            held against.
        counts: The counts x, of the same shape.
        constant: Rates that stand still, shape `(channel,)`, such as the mean counts of the training part; None takes
            those of `counts` themselves, which flatters them.

    Raises:
        InputError: If shapes differ, rates are not positive and finite, or counts are no counts.

    Reference:
        Pillow, Shlens, Paninski, Sher, Litke, Chichilnisky & Simoncelli (2008), Spatio-temporal correlations and visual
        signalling in a complete neuronal population, Nature 454, 995-999 (bits per spike).

    Example:
        >>> found = count_likelihood([[1.0], [2.0]], [[1], [2]])
        >>> round(found.value, 4)  # the mean of 1 and 2 - 2 ln 2 + ln 2
        1.1534
    """
    r, x = np.asarray(rates, float), np.asarray(counts, float)
    if r.shape != x.shape or r.ndim != 2 or not r.size:
        raise InputError(f"`rates` and `counts` must both have shape (time, channel), got {r.shape} and {x.shape}.")
    still = x.mean(axis=0) if constant is None else np.asarray(constant, float)
    if not (np.isfinite(r).all() and (r > 0).all() and np.isfinite(still).all() and (still >= 0).all()):
        raise InputError("`rates` must be positive and finite. A rate of 0 makes any event impossible.")
    if (x < 0).any() or (x != np.round(x)).any():
        raise InputError("`counts` must be whole numbers of at least 0. Give counts as they are, not standardised.")
    losses, constants = _losses(r, x), _losses(np.broadcast_to(still, x.shape), x)
    blocks = [part.mean() for part in np.array_split(losses, min(_BLOCKS, len(losses)))]
    events = x.sum()
    return CountLikelihood(
        result=RESULTS.successful,
        settings=provenance(samples=len(x), events=int(events), constant="own" if constant is None else "given"),
        value=float(losses.mean()),
        stderr=float(np.std(blocks, ddof=1) / np.sqrt(len(blocks))) if len(blocks) > 1 else float("nan"),
        floor=float(_entropies(r).mean()),
        constant=float(constants.mean()),
        bits_per_event=float((constants.sum() - losses.sum()) / (events * np.log(2))) if events else float("nan"),
        channels=losses.mean(axis=0),
    )


def _losses(rates: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import gammaln, xlogy

    return rates - xlogy(counts, rates) + gammaln(counts + 1)


def _entropies(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropies of Poisson distributions, in nats."""
    low, high = np.log(rates.min()), np.log(rates.max())
    grid = np.exp(np.linspace(low, high, _GRID if high > low else 1))
    entropies = np.empty(len(grid))
    for i, rate in enumerate(grid):
        k = np.arange(np.ceil(rate + 12 * np.sqrt(rate) + 20))[None]
        loss = _losses(np.full_like(k, rate), k)
        entropies[i] = np.sum(np.exp(-loss) * loss)
    return np.interp(np.log(rates), np.log(grid), entropies)
