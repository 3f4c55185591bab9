"""What is known at each point of a curve of critical states, and the tests for points of codimension two."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..bifurcation._branches import leading, unstable_count
from ._curve_problems import Curve, PairCurve, ZeroCurve
from ._forms import (
    CurveForms,
    critical,
    flip_coefficient,
    fold_coefficient,
    hopf_coefficient,
    neimark_sacker_coefficient,
)

#: A coefficient below this share of the size of its own terms is zero: only rounding is left.
_ZERO = 1e-7


@dataclasses.dataclass(frozen=True)
class Measured:
    """What is known at the points of a curve.

    Attributes:
        values: Eigenvalues of the Jacobian, the leading first, shape `(N, n)`.
        rest: Those beside the critical ones.
        unstable: How many of these are unstable.
        coefficient: Coefficient of the normal form of the bifurcation of codimension one.
        period: Period of the cycles born there, not a number where there are none.
        tests: Test functions by the name of what they show, shape `(N,)` each.
        sizes: Sizes of their terms, of which rounding is a small share, for those that are not of order one.
        vector: The critical right eigenvector of a real eigenvalue, with signs carried along the curve.
    """

    values: np.ndarray
    rest: np.ndarray
    unstable: np.ndarray
    coefficient: np.ndarray
    period: np.ndarray
    tests: dict[str, np.ndarray]
    sizes: dict[str, np.ndarray]
    vector: np.ndarray


#: Tests that are coefficients of normal forms.
OF_COEFFICIENTS = ("cusp", "generalised period doubling", "generalised hopf", "chenciner")


def measured(
    problem: Curve, z: np.ndarray, reference: np.ndarray | None = None, *, coefficients: bool = True
) -> Measured:
    """All of it at the points z, shape `(N, m + 1)`.

    Args:
        problem: What was followed.
        z: The points.
        reference: Has the sign that the first vector shall have.
        coefficients: Whether to compute coefficients, too; without them nothing but eigenvalues is needed.
    """
    forms = CurveForms(problem.plane, z)
    values = leading(forms.A, discrete=problem.plane.discrete)
    match problem:
        case ZeroCurve():
            return _zero(problem, forms, values, reference, coefficients)
        case PairCurve():
            return _pair(problem, forms, values, z[:, -3], coefficients)
    raise AssertionError(type(problem))


def _zero(
    problem: ZeroCurve, forms: CurveForms, values: np.ndarray, reference: np.ndarray | None, coefficients: bool
) -> Measured:
    plane, scale = problem.plane, np.asarray(problem.plane.scale)
    shift = float(problem.eigenvalue) + (1.0 if plane.discrete else 0.0)
    q, p, product = critical(forms.A, np.full(len(values), shift), scale)
    before = q[0] if reference is None else reference
    for i in range(len(q)):
        # One eigenvector at the next point is the same one only up to its sign, which has to be carried along.
        if np.dot(q[i] / scale, before / scale) < 0:
            q[i], p[i] = -q[i], -p[i]
        before = q[i]
    away = np.argsort(np.abs(values - shift), axis=-1, kind="stable")
    rest = np.take_along_axis(values, away[:, 1:], axis=-1)
    tests: dict[str, np.ndarray] = {}
    sizes: dict[str, np.ndarray] = {}
    coefficient = np.full(len(values), np.nan)
    if coefficients:
        name = "cusp" if shift >= 0 else "generalised period doubling"
        own = (fold_coefficient if shift >= 0 else flip_coefficient)(forms, q, p)
        tests[name], sizes[name] = own
        value = np.abs(own.value) if shift >= 0 else own.value * np.sign(product)
        # That of normalised vectors, which grows without bounds where they become orthogonal.
        coefficient = np.where(np.abs(value) < _ZERO * own.size, 0.0, value)
        coefficient = coefficient / np.where(product != 0, np.abs(product), np.nan)
    if values.shape[-1] > 1:
        double = "resonance 1:2" if shift < 0 else "resonance 1:1" if plane.discrete else "bogdanov-takens"
        tests[double] = product
        if plane.discrete:
            tests["fold-flip"] = _real(rest, -shift)
    if values.shape[-1] > 2:
        name = "flip-neimark-sacker" if shift < 0 else "fold-neimark-sacker" if plane.discrete else "zero-hopf"
        tests[name] = _pairs(rest, plane.discrete)
    born = 2.0 * plane.iterates if shift < 0 else float(plane.iterates) if plane.iterates > 1 else np.nan
    return Measured(
        values, rest, _unstable(rest, plane.discrete), coefficient, np.full(len(values), born), tests, sizes, q
    )  # fmt: skip


def _pair(problem: PairCurve, forms: CurveForms, values: np.ndarray, kappa: np.ndarray, coefficients: bool) -> Measured:
    plane, rate, scale = problem.plane, float(problem.rate), np.asarray(problem.plane.scale)
    rest = _without_pair(values / rate, kappa, plane.discrete) * rate
    turns = np.abs(kappa) < 1 if plane.discrete else kappa > 0
    coefficient, size = np.full(len(values), np.nan), np.ones(len(values))
    if coefficients and np.any(turns):
        some = CurveForms(plane, forms.points[turns])
        if plane.discrete:
            theta = np.arccos(kappa[turns])
            q, p, product = critical(some.A, np.exp(1j * theta), scale)
            found = neimark_sacker_coefficient(some, q, p, theta)
        else:
            theta = rate * np.sqrt(kappa[turns])
            q, p, product = critical(some.A, 1j * theta, scale)
            found = hopf_coefficient(some, q, p, theta)
        coefficient[turns] = np.real(found.value / product)
        size[turns] = found.size / np.abs(product)
    tests = _pair_tests(plane.discrete, kappa, rest if plane.discrete else rest / rate)
    name = "chenciner" if plane.discrete else "generalised hopf"
    sizes: dict[str, np.ndarray] = {}
    if coefficients:
        tests[name], sizes[name] = coefficient, size
    coefficient = np.where(np.abs(coefficient) < _ZERO * size, 0.0, coefficient)
    unstable = _unstable(rest, plane.discrete)
    return Measured(
        values, rest, unstable, coefficient, pair_period(problem, kappa), tests, sizes, np.zeros(values.shape)
    )


def pair_period(problem: PairCurve, kappa: np.ndarray) -> np.ndarray:
    """Period of the cycles born on the curve; not a number where the pair is real."""
    plane = problem.plane
    if plane.discrete:
        turn = np.arccos(np.where(np.abs(kappa) < 1, kappa, np.nan))
    else:
        turn = float(problem.rate) * np.sqrt(np.where(kappa > 0, kappa, np.nan))
    return 2 * np.pi / turn * plane.iterates


def _pair_tests(discrete: bool, kappa: np.ndarray, rest: np.ndarray) -> dict[str, np.ndarray]:
    if not discrete:
        tests = {"bogdanov-takens": kappa}
        if rest.shape[-1] > 0:
            tests["zero-hopf"] = _real(rest, 0.0)
        if rest.shape[-1] > 1:
            tests["double hopf"] = _pairs(rest, discrete)
        return tests
    tests = {
        "resonance 1:1": kappa - 1,
        "resonance 1:2": kappa + 1,
        "resonance 1:3": kappa + 0.5,
        "resonance 1:4": kappa,
    }
    if rest.shape[-1] > 0:
        tests["fold-neimark-sacker"] = _real(rest, 1.0)
        tests["flip-neimark-sacker"] = _real(rest, -1.0)
    if rest.shape[-1] > 1:
        tests["double neimark-sacker"] = _pairs(rest, discrete)
    return tests


def _without_pair(values: np.ndarray, kappa: np.ndarray, discrete: bool) -> np.ndarray:
    """The eigenvalues beside the pair whose sum and product are nearest to those that kappa says."""
    i, j = np.triu_indices(values.shape[-1], 1)
    total, product = (2 * kappa, 1.0) if discrete else (0.0 * kappa, kappa[:, None])
    off = np.abs(values[:, i] + values[:, j] - total[:, None]) + np.abs(values[:, i] * values[:, j] - product)
    best = np.argmin(off, axis=-1)
    keep = np.ones(values.shape, bool)
    rows = np.arange(len(values))
    keep[rows, i[best]] = keep[rows, j[best]] = False
    return values[keep].reshape(len(values), -1)


def _real(values: np.ndarray, at: float) -> np.ndarray:
    """The sign of the product of all lambda - at, times its least factor: zero where an eigenvalue passes `at`."""
    return _signed(values - at)


def _pairs(values: np.ndarray, discrete: bool) -> np.ndarray:
    """The like for all lambda_i + lambda_j (maps: lambda_i lambda_j - 1)."""
    i, j = np.triu_indices(values.shape[-1], 1)
    a, b = values[:, i], values[:, j]
    return _signed(a * b - 1 if discrete else (a + b) / np.maximum(np.abs(a) + np.abs(b), 1e-300))


def _signed(factors: np.ndarray) -> np.ndarray:
    size = np.abs(factors)
    phase = np.prod(factors / np.where(size > 0, size, 1.0), axis=-1)
    return np.sign(phase.real) * np.min(size, axis=-1)


def _unstable(values: np.ndarray, discrete: bool) -> np.ndarray:
    if not values.shape[-1]:
        return np.zeros(len(values), np.int64)
    return unstable_count(values, discrete=discrete)
