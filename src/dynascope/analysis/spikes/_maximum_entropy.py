"""Maximum-entropy models of spike trains: the Gibbs distribution with the averages of a raster."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ._firing import Estimate
from ._potential import BITS, Terms, block_counts, checked_raster, drawn, gibbs, solved
from ._space_time import MonteCarlo, fit_by_sampling

Array = NDArray[np.float64]

#: Largest miss of the averages, in standard errors of the data, at which a fit counts as converged.
_MISS = 0.01
_STEP = 1e-4


class MaximumEntropy(AbstractResult):
    """The distribution of largest entropy with the averages of some monomials.

    Attributes:
        terms: The monomials.
        coefficients: lambda: the natural parameters, 0 for what independent unbiased spikes would do.
        coefficients_stderr: Their standard errors if the model is true: the inverse of the Fisher information.
        observed: Averages in the raster.
        observed_stderr: Their standard errors under the model.
        averages: Averages of the model.
        averages_stderr: Error of these by the computation: rounding, or that of sampling.
        pressure: Logarithm of the normalisation, per bin.
        entropy: Entropy rate of the model, nats per bin.
        entropy_stderr: Its standard error, from that of the coefficients.
        log_likelihood: Mean of the logarithm of the probability of a bin given those before it.
    """

    terms: Terms
    pressure: float
    entropy: float
    entropy_stderr: float
    log_likelihood: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    coefficients: Array = output("term", doc="Coefficients")
    coefficients_stderr: Array = output("term", doc="Standard errors of the coefficients")
    observed: Array = output("term", doc="Averages in the raster")
    observed_stderr: Array = output("term", doc="Standard errors of the averages in the raster")
    averages: Array = output("term", doc="Averages of the model")
    averages_stderr: Array = output("term", doc="Errors of the averages of the model")

    def summary(self) -> str:
        """Size of the model, its entropy, and how well it meets the averages."""
        miss = float(np.max(np.abs(self.averages - self.observed) / np.maximum(self.observed_stderr, 1e-300)))
        return (
            f"Maximum-entropy model of {self.terms.units} units in blocks of {self.terms.length} bins with "
            f"{len(self.terms)} terms: entropy {self.entropy:.5g} +- {self.entropy_stderr:.1g} nats per bin; the "
            f"farthest average lies {miss:.2g} sampling errors off."
        )


def maximum_entropy(raster: ArrayLike, terms: Terms, *, method: MonteCarlo | None = None) -> MaximumEntropy:
    """Fit the distribution of largest entropy that has the averages of a raster.

    The coefficients minimise the convex function pressure(lambda) - lambda . observed, which is minus the likelihood
    per bin. Without a method this is exact, by the transfer matrix, up to 16 bits a block.

    Args:
        raster: Whether each unit fired in each bin, shape `(time, unit)`.
        terms: The monomials whose averages are met.
        method: `MonteCarlo(...)` for larger populations; their monomials must be spikes and pairs of spikes.

    Returns:
        A `MaximumEntropy`; code `not_converged` if its averages are off by more than a hundredth of a sampling error
        (more than two of all errors together for Monte Carlo).

    Raises:
        InputError: If a monomial never or always occurs, so that its coefficient is infinite (see `Terms.seen_in`), or
            blocks are too long for the exact method.

    Reference:
        Jaynes (1957), Information theory and statistical mechanics, Physical Review 106, 620-630; Vasquez, Marre,
        Palacios, Berry & Cessac (2012), J. Physiol. Paris 106, 120-127.

    Example:
        >>> from dynascope.analysis.spikes import pairwise_terms
        >>> raster = np.array([[1, 1], [0, 0], [1, 0], [0, 0], [0, 1], [0, 0], [1, 1], [0, 0]] * 100)
        >>> fit = maximum_entropy(raster, pairwise_terms(2))
        >>> (fit.averages - [0.375, 0.375, 0.25]).round(9).tolist(), round(float(fit.coefficients[2]), 6)
        ([0.0, 0.0, 0.0], 2.079442)
    """
    spikes = checked_raster(raster, terms)
    seen = terms.along(spikes)
    _check_seen(seen, terms)
    observed = seen.mean(axis=0)
    if method is not None:
        return _by_sampling(observed, len(seen), terms, method)
    if terms.bits > BITS:
        raise InputError(
            f"Blocks of {terms.bits} bits are too many for the transfer matrix (at most {BITS}). Give a `method`, "
            "`MonteCarlo(...)`, or fewer units or bins."
        )
    features = terms.of_blocks()
    lam, information = _newton(terms, features, observed)
    model = solved(terms, features, lam)
    covariance = np.linalg.inv(information) / len(seen)
    sampling = np.sqrt(np.diagonal(information) / len(seen))
    met = np.max(np.abs(model.averages - observed) / sampling) < _MISS
    # Derivative of the entropy rate by the coefficients: -information @ lambda.
    slope = information @ lam
    return MaximumEntropy(
        terms=terms,
        pressure=model.pressure,
        entropy=model.entropy,
        entropy_stderr=float(np.sqrt(max(slope @ covariance @ slope, 0.0))),
        log_likelihood=float(lam @ observed) - model.pressure,
        result=RESULTS.successful if met and model.converged else RESULTS.not_converged,
        settings=provenance(bins=len(spikes), method="transfer matrix"),
        coefficients=lam,
        coefficients_stderr=np.sqrt(np.diagonal(covariance)),
        observed=observed,
        observed_stderr=sampling,
        averages=model.averages,
        averages_stderr=np.full(len(terms), 1e-13),
    )


class GoodnessOfFit(AbstractResult):
    """How far a raster is from a model fitted to it.

    Attributes:
        divergence: Divergence rate of the raster from the model, nats per bin, with the bias of finite data taken off.
        divergence_stderr: Its standard error: the scatter of rasters of the model, and of the logarithm over bins.
        pvalue: Share of rasters of the model, refitted, that are as far from it.
    """

    divergence: float
    divergence_stderr: float
    pvalue: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)

    def summary(self) -> str:
        """The divergence and whether chance explains it."""
        verdict = "chance explains it" if self.pvalue > 0.05 else "the model misses something"
        return (
            f"Divergence {self.divergence:.3g} +- {self.divergence_stderr:.1g} nats per bin (p = {self.pvalue:.2g}): "
            f"{verdict}."
        )


def goodness_of_fit(
    fit: MaximumEntropy, raster: ArrayLike, *, length: int | None = None, count: int = 99, seed: int = 0
) -> GoodnessOfFit:
    """Compare the words of a raster with those of the exact model that was fitted to it.

    The divergence rate sum p(block) log(p(last word | past) / q(last word | past)) of the raster p from the model q, in
    blocks of `length` bins, is compared with that of rasters of the same length drawn from the model; each of these is
    refitted, to first order in the difference of its averages.

    Args:
        fit: From `maximum_entropy` without Monte Carlo.
        raster: The raster that was fitted.
        length: Bins of the blocks: at least those of the model. More of them see memory that the model leaves out; None
            takes those of the model.
        count: Rasters of the model.
        seed: Of these.

    Returns:
        A `GoodnessOfFit`.

    Raises:
        InputError: If blocks are shorter than those of the model or have too many bits.

    Reference:
        Nasser, Marre & Cessac (2013), Spatio-temporal spike train analysis for large scale networks using the maximum
        entropy principle and Monte Carlo method, J. Stat. Mech. P03006.
    """
    terms = fit.terms
    width = terms.length if length is None else length
    if width < terms.length or width * terms.units > BITS:
        raise InputError(
            f"`length` must be at least {terms.length} and blocks have at most {BITS} bits, got {width} bins of "
            f"{terms.units} units."
        )
    wide = Terms(terms.units, width, terms.monomials)
    spikes = checked_raster(raster, wide)
    narrow = gibbs(terms, fit.coefficients)
    # The same distribution over longer blocks: the potential knows only their first bins.
    model = narrow if width == terms.length else gibbs(wide, fit.coefficients)
    features = terms.of_blocks()
    precision = np.linalg.inv(_information(terms, features, fit.coefficients))
    letters = 1 << terms.units

    def distance(sample: NDArray[np.bool_]) -> tuple[float, float]:
        table = block_counts(sample, wide).reshape(-1, letters).astype(float)
        pasts = table.sum(axis=1, keepdims=True)
        own = np.where(table > 0, table / np.where(pasts > 0, pasts, 1.0), 1.0)
        gain = table * (np.log(own) - np.log(model.conditional.reshape(-1, letters)))
        total = table.sum()
        mean = float(np.sum(np.where(table > 0, gain, 0.0)) / total)
        square = float(np.sum(np.where(table > 0, gain**2 / np.maximum(table, 1.0), 0.0)) / total)
        return mean, max(square - mean**2, 0.0) / total

    def refitted(sample: NDArray[np.bool_]) -> float:
        off = terms.along(sample).mean(axis=0) - narrow.averages
        return distance(sample)[0] - 0.5 * float(off @ precision @ off)

    samples = drawn(terms, narrow, (count, len(spikes)), np.random.default_rng(seed))
    chance = np.array([refitted(sample) for sample in samples])
    found, variance = distance(spikes)
    return GoodnessOfFit(
        divergence=found - float(chance.mean()),
        divergence_stderr=math.sqrt(float(chance.var(ddof=1)) + variance),
        pvalue=float((1 + np.sum(chance >= found)) / (count + 1)),
        result=RESULTS.successful,
        settings=provenance(bins=len(spikes), length=width, count=count, seed=seed),
    )


def divergence_rate(terms: Terms, coefficients: ArrayLike, *, other: tuple[Terms, ArrayLike]) -> float:
    """Kullback-Leibler divergence rate of one Gibbs distribution from another, exactly, nats per bin.

    Args:
        terms: Monomials of the first.
        coefficients: Their coefficients.
        other: Monomials and coefficients of the second, in blocks of any length.

    Returns:
        pressure_2 - lambda_2 . averages of the second's monomials under the first - entropy of the first.

    Raises:
        InputError: If units differ or the longer blocks have too many bits.

    Example:
        >>> from dynascope.analysis.spikes import independent_terms
        >>> one = independent_terms(1)
        >>> rate = divergence_rate(one, [0.0], other=(one, [math.log(3.0)]))
        >>> abs(rate - 0.5 * math.log(4 / 3)) < 1e-12
        True
    """
    second, values = other
    if second.units != terms.units:
        raise InputError(f"Both distributions must have the same units, got {terms.units} and {second.units}.")
    length = max(terms.length, second.length)
    wide = Terms(terms.units, length, terms.monomials)
    model = gibbs(wide, coefficients)
    lam = np.asarray(values, float)
    means = model.blocks @ Terms(terms.units, length, second.monomials).of_blocks()
    return gibbs(second, lam).pressure - float(lam @ means) - model.entropy


def rates_and_correlations(raster: ArrayLike) -> tuple[Estimate, Estimate]:
    """Rates per bin and Pearson correlations of all pairs of units of a raster, with the errors of independent bins.

    Args:
        raster: Whether each unit fired in each bin, shape `(time, unit)`.

    Returns:
        Rates, shape `(unit,)`, and correlations, shape `(unit, unit)`; NaN for units that never or always fire.
    """
    spikes = (np.asarray(raster) > 0).astype(float)
    count = len(spikes)
    rate = spikes.mean(axis=0)
    apart = spikes - rate
    spread = np.sqrt(np.mean(apart**2, axis=0))
    unit = np.where(spread > 0, apart / np.where(spread > 0, spread, 1.0), np.nan)
    matrix = unit.T @ unit / count
    error = np.sqrt(np.maximum((unit**2).T @ (unit**2) / count - matrix**2, 0.0) / count)
    return Estimate(rate, spread / math.sqrt(count)), Estimate(matrix, error)


def _check_seen(seen: NDArray[np.bool_], terms: Terms) -> None:
    share = seen.mean(axis=0)
    never = [m for m, c in zip(terms.monomials, share, strict=True) if c in (0.0, 1.0)]
    if never:
        raise InputError(
            f"{len(never)} monomials never or always occur in the raster, the first is {never[0]}: their coefficients "
            "would be infinite. Leave them out with `terms.seen_in(raster)`, or use a longer record or larger bins."
        )


def _newton(terms: Terms, features: NDArray[np.uint8], observed: Array) -> tuple[Array, Array]:
    """Coefficients that give the observed averages, and the Fisher information there."""

    def loss(lam: Array) -> tuple[float, Array]:
        model = solved(terms, features, lam)
        return model.pressure - float(lam @ observed), model.averages - observed

    alone = np.array([len(m) == 1 for m in terms.monomials])
    first = np.where(alone, np.log(observed / (1 - observed)), 0.0)
    found: Any = optimize.minimize(loss, first, jac=True, method="BFGS", options={"gtol": 1e-6, "maxiter": 300})
    lam: Array = np.asarray(found.x, np.float64)
    information = _information(terms, features, lam)
    best, slope = loss(lam)
    for _ in range(30):
        step: Array = np.asarray(np.linalg.solve(information, slope), np.float64)
        if np.max(np.abs(step)) < 1e-10:
            break
        share = 1.0
        # The function is convex: half the step until it does not rise beyond rounding.
        while share > 1e-6 and loss(lam - share * step)[0] > best + 1e-13 * abs(best):
            share *= 0.5
        lam = np.asarray(lam - share * step, np.float64)
        best, slope = loss(lam)
        if share * np.max(np.abs(step)) > 0.05:
            information = _information(terms, features, lam)
    return lam, _information(terms, features, lam)


def _information(terms: Terms, features: NDArray[np.uint8], lam: Array) -> Array:
    """Second derivatives of the pressure: the covariance of the averages times the number of bins."""
    if terms.length == 1:
        model = solved(terms, features, lam)
        weighted = features * model.blocks[:, None]
        return weighted.T @ features - np.outer(model.averages, model.averages)
    columns = []
    for k in range(len(lam)):
        shift = np.zeros(len(lam))
        shift[k] = _STEP
        high, low = (solved(terms, features, lam + sign * shift).averages for sign in (1, -1))
        columns.append((high - low) / (2 * _STEP))
    matrix = np.stack(columns)
    return 0.5 * (matrix + matrix.T)


def _by_sampling(observed: Array, bins: int, terms: Terms, method: MonteCarlo) -> MaximumEntropy:
    found = fit_by_sampling(observed, terms, method)
    covariance = np.linalg.inv(found.information) / bins
    sampling = np.sqrt(np.diagonal(found.information) / bins)
    miss = np.abs(found.averages - observed) / np.hypot(found.errors, sampling)
    slope = found.information @ found.coefficients
    drift = float(np.sqrt(max(slope @ covariance @ slope, 0.0)))
    return MaximumEntropy(
        terms=terms,
        pressure=found.pressure,
        entropy=found.pressure - float(found.coefficients @ found.averages),
        entropy_stderr=float(np.hypot(drift, found.pressure_error)),
        log_likelihood=float(found.coefficients @ observed) - found.pressure,
        result=RESULTS.successful if np.all(miss < 2.0) else RESULTS.not_converged,
        settings=provenance(bins=bins, method=repr(method)),
        coefficients=found.coefficients,
        coefficients_stderr=np.sqrt(np.diagonal(covariance)),
        observed=observed,
        observed_stderr=sampling,
        averages=found.averages,
        averages_stderr=found.errors,
    )
