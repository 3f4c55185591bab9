"""Piecewise polynomials that satisfy an equation at Gauss points: nodes, weights, evaluation and meshes."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Gauss(NamedTuple):
    """The Gauss points of one degree m on [0, 1], and what collocation there needs.

    Attributes:
        nodes: The m points c_j.
        weights: b_j, the integrals of the Lagrange polynomials l_j over [0, 1].
        matrix: a_jk, the integral of l_k from 0 to c_j.
        leading: Weights of the slopes at the points in the m-th derivative of the polynomial.
    """

    nodes: Array
    weights: Array
    matrix: Array
    leading: Array


@functools.cache
def gauss(degree: int) -> Gauss:
    """The table of `degree` Gauss points: the implicit Runge-Kutta method of order `2 degree` (Butcher 1964)."""
    points, weights = legendre.leggauss(degree)
    nodes = (points + 1) / 2
    powers = nodes[:, None] ** np.arange(degree)  # of the monomials at the points
    inverse = np.linalg.inv(powers)  # row k: coefficients by which values at the points make the monomial's factor
    integrals = nodes[:, None] ** np.arange(1, degree + 1) / np.arange(1, degree + 1)
    factorial = float(np.prod(np.arange(1, degree)))
    return Gauss(nodes, weights / 2, integrals @ inverse, inverse[-1] * factorial)


def lagrange(points: Array, at: Any) -> Any:
    """Values of the Lagrange polynomials of `points` at `at`, shape `(len(at), len(points))`; of NumPy or JAX."""
    # The places come last, for long rows are fast.
    others = np.array([[k for k in range(points.size) if k != j] for j in range(points.size)]).T
    ratios = (at - points[others][..., None]) / (points - points[others])[..., None]
    return ratios.prod(axis=0).T


@functools.cache
def lagrange_rows(degree: int, count: int) -> Array:
    """Weights of the start and the Gauss points of an interval in the values at `count` even places of it."""
    points = np.concatenate([[0.0], gauss(degree).nodes])
    return lagrange(points, np.arange(count) / count)


def evaluated(mesh: Array, nodes: Array, stages: Array, s: Array) -> Array:
    """The piecewise polynomial at the phases `s` in [0, 1].

    Args:
        mesh: Ends of the intervals, from 0 to 1, shape `(intervals + 1,)`.
        nodes: States at the start of each interval, shape `(intervals, d)`.
        stages: States at its Gauss points, shape `(intervals, degree, d)`.
        s: Phases, shape `(phase,)`.

    Returns:
        States of shape `(phase, d)`.
    """
    points = np.concatenate([[0.0], gauss(stages.shape[1]).nodes])
    i = np.clip(np.searchsorted(mesh, s, side="right") - 1, 0, len(mesh) - 2)
    local = (s - mesh[i]) / (mesh[i + 1] - mesh[i])
    values = np.concatenate([nodes[:, None], stages], axis=1)
    return np.einsum("sj,sjd->sd", lagrange(points, local), values[i])


def equidistributed(mesh: Array, slopes: Array, count: int) -> Array:
    """A mesh of `count` intervals on which every interval has the same share of the error (de Boor 1973).

    The error on an interval of width h is that of the derivative of order m + 1, which is the jump of the m-th from
    one interval to the next over their distance; h times its root of order m + 1 is made equal.

    Args:
        mesh: The present mesh, shape `(intervals + 1,)`.
        slopes: Derivative with respect to the phase at the Gauss points, in units of the scale of each component, shape
            `(intervals, degree, d)`.
        count: Number of intervals of the new mesh.
    """
    degree = slopes.shape[1]
    widths = np.diff(mesh)
    top = np.einsum("j,ijd->id", gauss(degree).leading, slopes) / widths[:, None] ** (degree - 1)
    jump = np.abs(np.roll(top, -1, axis=0) - top) / (0.5 * (widths + np.roll(widths, -1)))[:, None]
    derivative = 0.5 * (jump + np.roll(jump, 1, axis=0))  # mean of what is seen at both ends
    density = np.sum(derivative ** (1 / (degree + 1)), axis=1)
    # An interval where nothing happens still gets some part, lest it grow past what the next step needs.
    density = density + 0.5 * float(np.sum(density * widths)) + 1e-12
    total = np.concatenate([[0.0], np.cumsum(density * widths)])
    inner = np.interp(np.linspace(0, total[-1], count + 1)[1:-1], total, mesh)
    return np.concatenate([[0.0], inner, [1.0]])


def bisected(mesh: Array) -> Array:
    """The mesh with all intervals halved."""
    return np.sort(np.concatenate([mesh, 0.5 * (mesh[1:] + mesh[:-1])]))


def phases_of(mesh: Array, degree: int) -> Array:
    """Phases of all that is kept of an orbit: start and Gauss points of each interval, and the end."""
    points = np.concatenate([[0.0], gauss(degree).nodes])
    inside = mesh[:-1, None] + np.diff(mesh)[:, None] * points
    return np.append(inside.ravel(), 1.0)
