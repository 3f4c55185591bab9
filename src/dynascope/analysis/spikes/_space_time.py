"""Gibbs distributions of many units by sampling whole rasters: in space and time at once."""

from __future__ import annotations

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ..._errors import InputError
from ._potential import Terms

Array = NDArray[np.float64]

#: Nodes of the integral of the energy over the strength of the couplings, which gives the pressure.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


class MonteCarlo(eqx.Module):
    """Maximum likelihood by Gibbs sampling of a ring of bins.

    Args:
        bins: Bins of the ring.
        sweeps: Updates of every spike between two steps of the coefficients.
        rounds: Steps of the coefficients.
        samples: Rings, `sweeps` apart, over which the averages are taken at the end.
        seed: Of the spikes.
    """

    bins: int = 10000
    sweeps: int = 10
    rounds: int = 30
    samples: int = 20
    seed: int = 0


class Sampled(NamedTuple):
    """Coefficients found by sampling, with averages, their errors, the Fisher information and the pressure."""

    coefficients: Array
    averages: Array
    errors: Array
    information: Array
    pressure: float
    pressure_error: float


class _Couplings(NamedTuple):
    """Positions of the coefficients in fields b, and in J[d, i, j] for a spike of i followed by one of j d bins on."""

    single: NDArray[np.int64]
    units: NDArray[np.int64]
    double: NDArray[np.int64]
    places: NDArray[np.int64]


def fit_by_sampling(observed: Array, terms: Terms, method: MonteCarlo) -> Sampled:
    """Coefficients whose averages over sampled rings meet the observed ones.

    Newton steps with the information of the current ring, no longer than one sampling error allows to be seen; rings
    go on from one round to the next.
    """
    where = _couplings(terms)
    length = terms.length
    size = max(1, method.bins // length) * length
    key = jax.random.key(method.seed)
    lam = np.zeros(len(terms))
    lam[where.single] = np.log(observed[where.single] / (1 - observed[where.single]))
    rates = 1 / (1 + np.exp(-_fields(lam, where, terms)[0]))
    ring = (jax.random.uniform(key, (size, terms.units)) < rates).astype(float)
    information = np.eye(len(terms))
    for round_ in range(method.rounds):
        ring = _sweep(ring, *_fields(lam, where, terms), jax.random.fold_in(key, round_ + 1), method.sweeps)
        values = _along(ring, where)
        information = _information(values, length)
        off = observed - values.mean(axis=0)
        # The first rounds are far from the linear range; later ones average the noise of the rings out.
        share = 0.5 if round_ < 10 else 2.0 / (round_ - 6)
        lam = lam + share * np.clip(np.linalg.solve(information, off), -1.0, 1.0)
    averages, errors, information = _measured(ring, lam, where, terms, method)
    # The last step is the one that the long average asks for.
    step = np.linalg.solve(information, observed - averages)
    lam = lam + np.clip(step, -0.5, 0.5)
    averages, errors, information = _measured(ring, lam, where, terms, method)
    pressure, pressure_error = _pressure(ring, lam, where, terms, method)
    return Sampled(lam, averages, errors, information, pressure, pressure_error)


def _couplings(terms: Terms) -> _Couplings:
    single, units, double, places = [], [], [], []
    for k, monomial in enumerate(terms.monomials):
        if len(monomial) > 2:
            raise InputError(f"Monte Carlo fits spikes and pairs of spikes only, but there is the monomial {monomial}.")
        (i, a), (j, b) = sorted((*monomial, *monomial)[:2], key=lambda spike: spike[1])
        if len(monomial) == 1:
            single.append(k)
            units.append(i)
        else:
            double.append(k)
            places.append((b - a, i, j))
    missing = set(range(terms.units)) - set(units)
    if missing:
        raise InputError(f"Monte Carlo needs the monomial of each single unit, but those of {sorted(missing)} lack.")
    return _Couplings(
        np.array(single, int), np.array(units, int), np.array(double, int), np.array(places, int).reshape(-1, 3)
    )


def _fields(lam: Array, where: _Couplings, terms: Terms) -> tuple[Array, Array]:
    b = np.zeros(terms.units)
    np.add.at(b, where.units, lam[where.single])
    J = np.zeros((terms.length, terms.units, terms.units))
    d, i, j = where.places.T
    np.add.at(J, (d, i, j), lam[where.double])
    # Within a bin either order is the same pair.
    J[0] = J[0] + J[0].T
    return b, J


@compiled
def _sweep(ring: jax.Array, b: Array, J: Array, key: jax.Array, sweeps: int) -> jax.Array:
    """Rings after so many updates of every spike given all others; bins farther apart than a block at once."""
    size, units = ring.shape
    length = J.shape[0]
    phase = jnp.arange(size) % length
    fields, couplings = jnp.asarray(b), jnp.asarray(J)

    def update(ring: jax.Array, number: jax.Array) -> tuple[jax.Array, None]:
        unit, now = number % units, (number // units) % length
        field = fields[unit] + ring @ couplings[0, :, unit]
        for d in range(1, length):
            later, earlier = jnp.roll(ring, -d, axis=0), jnp.roll(ring, d, axis=0)
            field = field + later @ couplings[d, unit, :] + earlier @ couplings[d, :, unit]
        chance = jax.random.uniform(jax.random.fold_in(key, number), (size,))
        spikes = (chance < jax.nn.sigmoid(field)).astype(ring.dtype)
        return ring.at[:, unit].set(jnp.where(phase == now, spikes, ring[:, unit])), None

    return jax.lax.scan(update, ring, jnp.arange(sweeps * units * length))[0]


def _along(ring: jax.Array, where: _Couplings) -> Array:
    """Every monomial at every bin of a ring, shape `(time, monomial)`."""
    spikes = np.asarray(ring)
    out = np.empty((len(spikes), where.single.size + where.double.size))
    out[:, where.single] = spikes[:, where.units]
    d, i, j = where.places.T
    for lag in np.unique(d):
        which = d == lag
        out[:, where.double[which]] = spikes[:, i[which]] * np.roll(spikes, -int(lag), axis=0)[:, j[which]]
    return out


def _information(values: Array, length: int) -> Array:
    """Covariance of the monomials summed over the lags at which blocks overlap or are close."""
    apart = values - values.mean(axis=0)
    total = apart.T @ apart / len(apart)
    for lag in range(1, 2 * length - 1):
        shifted = np.roll(apart, -lag, axis=0).T @ apart / len(apart)
        total += shifted + shifted.T
    # The sampled sum may have directions of no or negative information, along which a step would be noise.
    size, vectors = np.linalg.eigh(total)
    return (vectors * np.maximum(size, 1e-3 * np.median(np.diagonal(total)))) @ vectors.T


def _measured(
    ring: jax.Array, lam: Array, where: _Couplings, terms: Terms, method: MonteCarlo
) -> tuple[Array, Array, Array]:
    fields = _fields(lam, where, terms)
    means, information = [], np.zeros((lam.size, lam.size))
    for k in range(method.samples + 1):
        ring = _sweep(ring, *fields, jax.random.fold_in(jax.random.key(method.seed + 1), k), method.sweeps)
        if k:
            values = _along(ring, where)
            means.append(values.mean(axis=0))
            information += _information(values, terms.length) / method.samples
    stacked = np.array(means)
    return stacked.mean(axis=0), stacked.std(axis=0, ddof=1) / math.sqrt(method.samples), information


def _pressure(ring: jax.Array, lam: Array, where: _Couplings, terms: Terms, method: MonteCarlo) -> tuple[float, float]:
    """Pressure of independent units and the integral of the energy of the couplings over their strength."""
    b, J = _fields(lam, where, terms)
    total, variance = float(np.sum(np.logaddexp(0.0, b))), 0.0
    for node, weight in zip(0.5 + 0.5 * _NODES, 0.5 * _WEIGHTS, strict=True):
        energies = []
        for k in range(method.samples + 1):
            seed = jax.random.fold_in(jax.random.key(method.seed + 2), k)
            ring = _sweep(ring, b, node * J, seed, method.sweeps)
            if k:
                energies.append(float(_along(ring, where)[:, where.double].mean(axis=0) @ lam[where.double]))
        total += weight * float(np.mean(energies))
        variance += weight**2 * float(np.var(energies, ddof=1)) / method.samples
    return total, math.sqrt(variance)
