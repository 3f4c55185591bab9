"""Potentials of spike trains: sums of monomials of spikes in a block of bins, and their Gibbs distributions."""

from __future__ import annotations

import math
from typing import NamedTuple

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._errors import InputError
from ._information import words

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Largest number of bits of a block whose Gibbs distribution is found exactly.
BITS = 16
#: Relative change at which the power iteration ends, and its longest length.
_TOLERANCE, _ITERATIONS = 1e-14, 5000


class Terms(eqx.Module):
    """Which spikes make the monomials of a potential.

    Each monomial is a tuple of pairs (unit, bin): it is 1 where all of these spikes are in a block, else 0. Use
    `independent_terms`, `pairwise_terms` or `markov_terms`, or give your own.

    Args:
        units: Number of units.
        length: Bins of a block: 1 for words without memory, 1 + r for a Markov chain of memory r.
        monomials: The monomials.

    Raises:
        InputError: If a monomial is empty, occurs twice, or lies outside of the block.
    """

    units: int = eqx.field(static=True)
    length: int = eqx.field(static=True)
    monomials: tuple[tuple[tuple[int, int], ...], ...] = eqx.field(static=True)

    def __check_init__(self):
        for monomial in self.monomials:
            inside = all(0 <= unit < self.units and 0 <= bin < self.length for unit, bin in monomial)
            if not monomial or not inside or len(set(monomial)) < len(monomial):
                raise InputError(
                    f"The monomial {monomial} is no set of spikes (unit, bin) of {self.units} units in {self.length} "
                    "bins."
                )
        if len({frozenset(m) for m in self.monomials}) < len(self.monomials):
            raise InputError("A monomial occurs twice, so that its coefficient is not determined. Leave one out.")

    def __len__(self) -> int:
        return len(self.monomials)

    @property
    def bits(self) -> int:
        """Bits of a block."""
        return self.units * self.length

    def of_blocks(self) -> NDArray[np.uint8]:
        """Every monomial on every block, shape `(block, monomial)`; blocks are numbered as `words` numbers them."""
        blocks = np.arange(1 << self.bits)
        out = np.ones((blocks.size, len(self)), np.uint8)
        for k, monomial in enumerate(self.monomials):
            for unit, bin in monomial:
                shift = self.bits - 1 - (bin * self.units + unit)
                out[:, k] &= ((blocks >> shift) & 1).astype(np.uint8)
        return out

    def along(self, raster: ArrayLike) -> NDArray[np.bool_]:
        """Every monomial on the block that begins at every bin of a raster, shape `(time - length + 1, monomial)`."""
        spikes = checked_raster(raster, self)
        count = len(spikes) - self.length + 1
        out = np.ones((count, len(self)), bool)
        for k, monomial in enumerate(self.monomials):
            for unit, bin in monomial:
                out[:, k] &= spikes[bin : bin + count, unit]
        return out

    def seen_in(self, raster: ArrayLike) -> Terms:
        """Those monomials that occur in a raster: no finite coefficient fits one that never does."""
        seen = self.along(raster).mean(axis=0) > 0
        kept = tuple(m for m, s in zip(self.monomials, seen, strict=True) if s)
        return Terms(self.units, self.length, kept)


def checked_raster(raster: ArrayLike, terms: Terms) -> NDArray[np.bool_]:
    """A raster of the units of the terms as true and false."""
    spikes = np.asarray(raster) > 0
    if spikes.ndim != 2 or spikes.shape[1] != terms.units or len(spikes) <= terms.length:
        raise InputError(
            f"A raster of shape {spikes.shape} does not fit terms of {terms.units} units in {terms.length} bins: the "
            "shape must be (time, unit)."
        )
    return spikes


def independent_terms(units: int) -> Terms:
    """One monomial per unit: units fire independently.

    Example:
        >>> independent_terms(2).monomials
        (((0, 0),), ((1, 0),))
    """
    return Terms(units, 1, tuple(((i, 0),) for i in range(units)))


def pairwise_terms(units: int) -> Terms:
    """Units and pairs of units in one bin: the Ising model.

    Reference:
        Schneidman, Berry, Segev & Bialek (2006), Weak pairwise correlations imply strongly correlated network states in
        a neural population, Nature 440, 1007-1012.
    """
    return markov_terms(units, length=1)


def markov_terms(units: int, *, length: int) -> Terms:
    """Units, pairs in one bin, and pairs with every delay up to length - 1, of a unit with itself too.

    Reference:
        Marre, El Boustani, Fregnac & Destexhe (2009), Prediction of spatiotemporal patterns of neural activity from
        pairwise correlations, Physical Review Letters 102, 138101; Vasquez, Marre, Palacios, Berry & Cessac (2012),
        Gibbs distribution analysis of temporal correlations structure in retina ganglion cells, J. Physiol. Paris 106,
        120-127.

    Example:
        >>> len(markov_terms(3, length=2))
        15
    """
    same = tuple(((i, 0), (j, 0)) for i in range(units) for j in range(i + 1, units))
    later = tuple(((i, 0), (j, d)) for d in range(1, length) for i in range(units) for j in range(units))
    return Terms(units, length, independent_terms(units).monomials + same + later)


class Gibbs(NamedTuple):
    """The Gibbs distribution of a potential, exactly: the stationary Markov chain of largest entropy + potential.

    Attributes:
        pressure: Logarithm of the leading eigenvalue of the transfer matrix (of the partition function for one bin).
        entropy: Entropy rate, nats per bin.
        blocks: Probability of every block, shape `(2 ** bits,)`.
        conditional: Probability of the last word of every block given the words before it, same shape.
        averages: Mean of every monomial.
        converged: Whether the eigenvector was found to rounding.
    """

    pressure: float
    entropy: float
    blocks: Array
    conditional: Array
    averages: Array
    converged: bool


def gibbs(terms: Terms, coefficients: ArrayLike) -> Gibbs:
    r"""The Gibbs distribution of the potential H = sum_l lambda_l m_l, by its transfer matrix.

    With E(w_1 ... w_R) = exp H and its Perron eigenvalue s, left and right eigenvectors l and r:
    p(w_1 ... w_R) = l(w_1 ... w_{R-1}) E r(w_2 ... w_R) / s, pressure log s, entropy rate log s - sum lambda_l <m_l>.

    Args:
        terms: The monomials, of at most 16 bits a block.
        coefficients: lambda, one per monomial.

    Returns:
        A `Gibbs`.

    Raises:
        InputError: If blocks have too many bits or the coefficients do not fit.

    Reference:
        Vasquez, Vieville & Cessac (2010), Parametric estimation of Gibbs distributions as generalized maximum-entropy
        models for the analysis of spike train statistics, arXiv:1003.3157.

    Example:
        >>> found = gibbs(independent_terms(1), [0.0])
        >>> float(found.averages[0]), round(found.entropy / math.log(2), 12)
        (0.5, 1.0)
    """
    lam = np.asarray(coefficients, float)
    if terms.bits > BITS:
        raise InputError(f"Blocks of {terms.bits} bits are too many for the transfer matrix (at most {BITS}).")
    if lam.shape != (len(terms),) or not np.isfinite(lam).all():
        raise InputError(f"Give {len(terms)} finite coefficients, one per monomial, got the shape {lam.shape}.")
    return solved(terms, terms.of_blocks(), lam)


def solved(terms: Terms, features: NDArray[np.uint8], lam: Array) -> Gibbs:
    """The Gibbs distribution, where the monomials on all blocks are already there."""
    energy = features @ lam
    top = float(energy.max())
    weight = np.exp(energy - top)
    letters = 1 << terms.units
    # The first word, those in the middle, the last one; words of one bin have no past.
    shape = (letters, 1 << (terms.units * (terms.length - 2)), letters) if terms.length > 1 else (1, 1, letters)
    E = weight.reshape(shape)
    if terms.length == 1:
        before, after, past, scale, converged = (
            np.ones((1, 1)),
            np.ones((1, letters)),
            np.ones((1, 1)),
            weight.sum(),
            True,
        )
    else:
        before, past, scale, converged = _perron(E)
        after = before.reshape(shape[1], shape[2])
    conditional = E * after[None] / (scale * before[:, :, None])
    blocks = past[:, :, None] * before[:, :, None] * conditional
    blocks = blocks / blocks.sum()
    averages = blocks.ravel() @ features
    pressure = math.log(scale) + top
    return Gibbs(pressure, pressure - float(averages @ lam), blocks.ravel(), conditional.ravel(), averages, converged)


def block_counts(raster: NDArray[np.bool_], terms: Terms) -> Indices:
    """How often every block occurs in a raster."""
    return np.bincount(words(raster, length=terms.length), minlength=1 << terms.bits)


def drawn(terms: Terms, model: Gibbs, shape: tuple[int, int], generator: np.random.Generator) -> NDArray[np.bool_]:
    """Rasters of the chain of a Gibbs distribution, shape `(raster, time, unit)` for `shape = (raster, time)`."""
    count, steps = shape
    letters = 1 << terms.units
    table = np.cumsum(model.conditional.reshape(-1, letters), axis=1)
    pasts = len(table)
    first = np.cumsum(model.blocks.reshape(pasts, letters).sum(axis=1))
    state = np.minimum(np.searchsorted(first, generator.random(count) * first[-1]), pasts - 1)
    chosen = np.empty((steps, count), np.int64)
    chance = generator.random((steps, count))
    for t in range(steps):
        word = np.minimum((table[state] < chance[t, :, None]).sum(axis=1), letters - 1)
        chosen[t] = word
        state = (state * letters + word) % pasts
    bits = np.arange(terms.units - 1, -1, -1)
    return ((chosen.T[:, :, None] >> bits) & 1).astype(bool)


def _perron(E: Array) -> tuple[Array, Array, float, bool]:
    """Right and left eigenvectors over pasts (first, middle) of E(first, middle, last), eigenvalue, whether found.

    The word (middle, last) that follows is the past of the next step; both vectors are positive and largest 1.
    """
    letters, middle, _ = E.shape
    right = left = np.ones((letters, middle))
    scale, change = 1.0, np.inf
    for _ in range(_ITERATIONS):
        new_right = np.einsum("amb,mb->am", E, right.reshape(middle, letters))
        new_left = np.einsum("am,amb->mb", left, E).reshape(letters, middle)
        scale = float(new_right.max())
        new_right, new_left = new_right / scale, new_left / new_left.max()
        change = max(float(np.max(np.abs(new_right - right))), float(np.max(np.abs(new_left - left))))
        right, left = new_right, new_left
        if change < _TOLERANCE:
            break
    return right, left, scale, change < _TOLERANCE
