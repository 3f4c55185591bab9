"""Who is joined to whom: rules that draw the pairs of a projection."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError

#: Pairs drawn at once, which bounds the memory that drawing needs beside the result.
_CHUNK = 4_000_000


class Pairs(NamedTuple):
    """Pairs in the order of their source.

    Attributes:
        counts: Number of targets of each source, shape `(pre,)`.
        targets: The targets, rising for each source, shape `(edge,)`.
        order: Where each pair stood in the lists that it was made from, or None.
        weights: Weights that come with the pairs, or None.
    """

    counts: NDArray[np.int64]
    targets: NDArray[np.int32]
    order: NDArray[np.int64] | None = None
    weights: NDArray[np.float64] | None = None


class AbstractPattern(eqx.Module):
    """Which pairs of neurons a projection joins.

    Implement `pairs`; then projections use it.
    """

    @abstractmethod
    def pairs(self, pre: int, post: int, *, same: bool, generator: np.random.Generator) -> Pairs:
        """The pairs between `pre` sources and `post` targets; `same` where both are one population."""


class AllPairs(AbstractPattern):
    """Every source with every target.

    Args:
        loops: Whether a neuron may be joined to itself.

    Example:
        >>> AllPairs().pairs(2, 2, same=True, generator=np.random.default_rng(0)).targets.tolist()
        [1, 0]
    """

    loops: bool = eqx.field(static=True, default=False)

    def pairs(self, pre: int, post: int, *, same: bool, generator: np.random.Generator) -> Pairs:
        del generator
        source, target = np.divmod(np.arange(pre * post), post)
        keep = np.ones(pre * post, bool) if self.loops or not same else source != target
        return Pairs(np.bincount(source[keep], minlength=pre), target[keep].astype(np.int32))


class OneToOne(AbstractPattern):
    """Each source with the target of the same number.

    Example:
        >>> OneToOne().pairs(3, 3, same=False, generator=np.random.default_rng(0)).targets.tolist()
        [0, 1, 2]
    """

    def pairs(self, pre: int, post: int, *, same: bool, generator: np.random.Generator) -> Pairs:
        del same, generator
        if pre != post:
            raise InputError(f"`OneToOne` needs populations of one size, got {pre} and {post}.")
        return Pairs(np.ones(pre, int), np.arange(pre, dtype=np.int32))


class FixedProbability(AbstractPattern):
    """Every pair with the same probability, independently.

    Args:
        p: The probability.
        loops: Whether a neuron may be joined to itself.

    Example:
        >>> found = FixedProbability(0.1).pairs(100, 200, same=False, generator=np.random.default_rng(0))
        >>> 1800 < len(found.targets) < 2200
        True
    """

    p: float = eqx.field(static=True)
    loops: bool = eqx.field(static=True, default=False)

    def __check_init__(self) -> None:
        if not 0 < self.p <= 1:
            raise InputError(f"`p` of `FixedProbability` must be above 0 and at most 1, got {self.p}.")

    def pairs(self, pre: int, post: int, *, same: bool, generator: np.random.Generator) -> Pairs:
        # The gaps between pairs that are joined, in the list of all pairs, are geometric.
        total, last, targets = pre * post, -1, []
        counts = np.zeros(pre, np.int64)
        while last < total - 1:
            expected = (total - 1 - last) * self.p
            size = min(_CHUNK, int(expected + 5 * math.sqrt(expected) + 10))
            places = last + np.cumsum(generator.geometric(self.p, size))
            last = int(places[-1])
            source, target = np.divmod(places[places < total], post)
            if same and not self.loops:
                source, target = source[source != target], target[source != target]
            counts += np.bincount(source, minlength=pre)
            targets.append(target.astype(np.int32))
        return Pairs(counts, np.concatenate(targets))


class FixedInDegree(AbstractPattern):
    """Every target with the same number of sources, all different and drawn evenly.

    Args:
        degree: Number of sources of each target.
        loops: Whether a neuron may be joined to itself.

    Example:
        >>> found = FixedInDegree(3).pairs(10, 5, same=False, generator=np.random.default_rng(0))
        >>> np.bincount(found.targets).tolist()
        [3, 3, 3, 3, 3]
    """

    degree: int = eqx.field(static=True)
    loops: bool = eqx.field(static=True, default=False)

    def pairs(self, pre: int, post: int, *, same: bool, generator: np.random.Generator) -> Pairs:
        alone = same and not self.loops
        able = pre - alone
        if self.degree != int(self.degree) or not 0 < self.degree <= able:
            raise InputError(
                f"`degree` must be a whole number from 1 to {able}, the sources there are; got {self.degree}."
            )
        rows = max(1, _CHUNK // self.degree)
        chunks = [self._sources(able, min(rows, post - at), generator) for at in range(0, post, rows)]
        sources = np.concatenate(chunks)
        if alone:
            sources += sources >= np.arange(post)[:, None]
        flat = sources.reshape(-1)
        order = np.argsort(flat, kind="stable")  # targets rise within each source
        return Pairs(np.bincount(flat, minlength=pre), (order // self.degree).astype(np.int32))

    def _sources(self, able: int, rows: int, generator: np.random.Generator) -> NDArray[np.int64]:
        if 3 * self.degree > able:
            every = np.broadcast_to(np.arange(able), (rows, able))
            return generator.permuted(every, axis=1)[:, : self.degree]
        drawn = generator.integers(0, able, (rows, self.degree))
        while True:
            drawn.sort(axis=1)
            again = np.zeros(drawn.shape, bool)
            again[:, 1:] = drawn[:, 1:] == drawn[:, :-1]
            if not again.any():
                return drawn
            drawn[again] = generator.integers(0, able, int(again.sum()))


class DistanceDependent(AbstractPattern):
    """Pairs with a probability that falls with their distance, p(d) = peak exp(-d^2 / (2 length^2)).

    Args:
        pre: Positions of the sources, shape `(pre, k)`.
        post: Positions of the targets, shape `(post, k)`.
        peak: Probability at distance nil.
        length: The range.
        period: Length of the box in each direction where it is closed in itself, or None.
        loops: Whether a neuron may be joined to itself.

    Example:
        >>> x = np.linspace(0.0, 1.0, 50, endpoint=False)[:, None]
        >>> near = DistanceDependent(x, x, peak=1.0, length=0.01, period=1.0)
        >>> found = near.pairs(50, 50, same=True, generator=np.random.default_rng(0))
        >>> len(found.targets) < 40
        True
    """

    pre: NDArray[np.float64] = eqx.field(converter=np.asarray)
    post: NDArray[np.float64] = eqx.field(converter=np.asarray)
    peak: float = eqx.field(static=True, kw_only=True)
    length: float = eqx.field(static=True, kw_only=True)
    period: float | None = eqx.field(static=True, default=None, kw_only=True)
    loops: bool = eqx.field(static=True, default=False, kw_only=True)

    def __check_init__(self) -> None:
        if self.pre.ndim != 2 or self.post.ndim != 2 or self.pre.shape[1] != self.post.shape[1]:
            raise InputError(
                "Positions must have the shapes (pre, k) and (post, k), got "
                f"{self.pre.shape} and {self.post.shape}. One coordinate is a column, `x[:, None]`."
            )
        if not (0 < self.peak <= 1 and self.length > 0):
            raise InputError(
                f"`peak` must be above 0 and at most 1, and `length` positive; got {self.peak} and {self.length}."
            )

    def pairs(self, pre: int, post: int, *, same: bool, generator: np.random.Generator) -> Pairs:
        if (pre, post) != (len(self.pre), len(self.post)):
            raise InputError(
                f"There are positions of {len(self.pre)} sources and {len(self.post)} targets, but {pre} and {post} "
                "neurons. Give one position for each."
            )
        counts, targets = np.zeros(pre, np.int64), []
        rows = max(1, _CHUNK // (post * self.pre.shape[1]))
        for at in range(0, pre, rows):
            apart = np.abs(self.pre[at : at + rows, None] - self.post[None])
            if self.period is not None:
                apart = np.minimum(apart % self.period, self.period - apart % self.period)
            chance = self.peak * np.exp(-np.sum(apart**2, axis=2) / (2 * self.length**2))
            joined = generator.random(chance.shape) < chance
            if same and not self.loops:
                inside = np.arange(at, at + len(joined))
                joined[np.arange(len(joined)), inside] = False
            counts[at : at + rows] = joined.sum(axis=1)
            targets.append(np.nonzero(joined)[1].astype(np.int32))
        return Pairs(counts, np.concatenate(targets))


class Edges(AbstractPattern):
    """Pairs that are given, in any order; several between the same two neurons are as many synapses.

    Args:
        sources: The source of each.
        targets: The target of each.
        weights: Their weights, in the same order; None takes those of the projection.
        shape: Numbers of sources and targets, where they are known; None takes those of the populations.

    Example:
        >>> found = Edges([1, 0], [0, 2]).pairs(2, 3, same=False, generator=np.random.default_rng(0))
        >>> found.targets.tolist()
        [2, 0]
    """

    sources: Any = eqx.field(converter=lambda x: np.asarray(x, np.int64).ravel())
    targets: Any = eqx.field(converter=lambda x: np.asarray(x, np.int64).ravel())
    weights: Any = None
    shape: tuple[int, int] | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        given = None if self.weights is None else np.shape(self.weights)
        if self.sources.shape != self.targets.shape or given not in (None, self.sources.shape):
            raise InputError(
                "`Edges` needs as many targets (and weights) as sources, got "
                f"{self.sources.shape}, {self.targets.shape}, {given}."
            )

    @classmethod
    def of(cls, matrix: Any) -> Edges:
        """The pairs of a matrix of weights that are not nil, entry `[i, j]` from neuron j to i; dense or of SciPy."""
        from scipy import sparse

        entries: Any = sparse.coo_array(matrix)
        if entries.ndim != 2:
            raise InputError(f"A matrix of weights has two axes, got shape {np.shape(matrix)}.")
        rows, columns = entries.coords
        return cls(columns, rows, np.asarray(entries.data, float), (entries.shape[1], entries.shape[0]))

    def pairs(self, pre: int, post: int, *, same: bool, generator: np.random.Generator) -> Pairs:
        del same, generator
        if self.shape is not None and self.shape != (pre, post):
            raise InputError(
                f"The matrix of `Edges` is for {self.shape[0]} sources and {self.shape[1]} targets, but there are "
                f"{pre} and {post}: its shape must be ({post}, {pre}), entry `[i, j]` from neuron j to i."
            )
        for name, ends, size in (("sources", self.sources, pre), ("targets", self.targets, post)):
            if ends.size and not (ends.min() >= 0 and ends.max() < size):
                raise InputError(
                    f"The {name} of `Edges` go from {ends.min()} to {ends.max()}, but there are {size}, counted from 0."
                )
        order = np.lexsort((self.targets, self.sources))
        weights = None if self.weights is None else np.asarray(self.weights, float)[order]
        counts = np.bincount(self.sources, minlength=pre)
        return Pairs(counts, self.targets[order].astype(np.int32), order, weights)
