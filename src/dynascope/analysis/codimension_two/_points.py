"""Points of codimension two: what they are, and the coefficients of their normal forms."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ._forms import CurveForms, critical, dotted, solved
from ._plane import RestPlane

Array = NDArray[np.float64]


class CodimensionTwoPoint(eqx.Module):
    """A point of a plane of parameters where curves of bifurcations meet, touch or change their character.

    Attributes:
        type: `cusp`, `bogdanov-takens`, `generalised hopf`, `zero-hopf` or `double hopf`; of maps `cusp`,
            `generalised period doubling`, `chenciner`, `resonance 1:1` to `resonance 1:4`, `fold-flip`,
            `fold-neimark-sacker`, `flip-neimark-sacker` or `double neimark-sacker`; of cycles of flows `cusp of
            cycles`, a resonance, `fold-flip`, `fold-neimark-sacker` or `flip-neimark-sacker`.
        parameters: Values of both parameters.
        error: Their estimated errors.
        state: Flattened state.
        eigenvalues: Of the Jacobian, the leading first.
        coefficients: Two coefficients of the normal form, see `docs/two-parameters.md`; not numbers where there are
            none.
        said: What they say.
    """

    type: str = eqx.field(static=True)
    parameters: Array
    error: Array
    state: Array
    eigenvalues: Any
    coefficients: Array
    said: str = eqx.field(static=True)


#: Said of zero-Hopf points at which a curve of Neimark-Sacker points of cycles begins.
TORI_NEAR = "tori"


class Form(NamedTuple):
    """Coefficients, not numbers where there are none, and what they say."""

    first: float = float("nan")
    second: float = float("nan")
    said: str = ""


def normal_form(plane: RestPlane, type_: str, z: np.ndarray) -> Form:
    r"""The coefficients of the normal form at a point of codimension two, with critical vectors of length 1.

    - `cusp`: c of x' = beta_1 + beta_2 x + c x^3 (maps: of the change of x). Where c < 0 the outer two of three states
      are stable on the centre manifold.
    - `bogdanov-takens`, `resonance 1:1`: a and b of x' = y, y' = beta_1 + beta_2 x + a x^2 + b x y (maps: of the
      changes). Where a b < 0 the cycles (maps: invariant circles) born nearby are stable there.
    - `generalised hopf`: the second Lyapunov coefficient l_2 = Re c_2 / omega of z' = i omega z + c_1 z |z|^2 +
      c_2 z |z|^4. Where it is negative the outer one of two cycles is stable there.
    - `zero-hopf`: s = +-1 and theta of x' = beta_1 + x^2 + s |z|^2, z' = (beta_2 + i omega) z + theta x z. Where
      s theta < 0 a curve of Neimark-Sacker points of cycles begins there, and tori are near.
    - `double hopf`: theta = p_12 / p_22 and delta = p_21 / p_11 of r_k' = r_k (mu_k + p_k1 r_1^2 + p_k2 r_2^2), the
      slower pair first; not numbers where the frequencies are as 1 : 2 or 1 : 3. Curves of Neimark-Sacker points begin
      there along mu_2 = delta mu_1 and along mu_1 = theta mu_2.

    What is said is said of the whole state only where all other eigenvalues are stable.

    Reference:
        Kuznetsov (1999), Numerical normalization techniques for all codim 2 bifurcations of equilibria in ODE's, SIAM
        Journal on Numerical Analysis 36, 1104-1124.
    """
    match type_:
        case "cusp":
            return _cusp(plane, z)
        case "bogdanov-takens" | "resonance 1:1":
            return _double_zero(plane, z)
        case "generalised hopf":
            return _second_lyapunov(plane, z)
        case "zero-hopf":
            return _zero_hopf(plane, z)
        case "double hopf":
            return _double_hopf(plane, z)
    return Form()


def _where(plane: RestPlane, A: np.ndarray, critical_ones: int) -> str:
    """What has to be added to a statement about the centre manifold where other eigenvalues are unstable."""
    values = np.linalg.eigvals(A[0])
    size = np.abs(values) if plane.discrete else values.real
    off = np.sort(np.abs(size - (1.0 if plane.discrete else 0.0)))
    small = off[critical_ones - 1]
    unstable = np.sum(size > (1.0 if plane.discrete else 0.0) + small)
    return " on the centre manifold" if unstable else ""


def _one(value: np.ndarray) -> float:
    return float(np.real(value[0]))


def _bordered(matrix: np.ndarray, q: np.ndarray, p: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """The solution x of matrix x = rhs with <q, x> = 0, where q spans the null space and p that of the adjoint."""
    n = matrix.shape[-1]
    whole = np.zeros((n + 1, n + 1), np.result_type(matrix, q, p))
    whole[:n, :n], whole[:n, n], whole[n, :n] = matrix[0], p[0], q[0].conj()
    return np.linalg.solve(whole, np.append(rhs[0], 0.0))[None, :n]


def _cusp(plane: RestPlane, z: np.ndarray) -> Form:
    forms = CurveForms(plane, z[None])
    shift = 1.0 if plane.discrete else 0.0
    q, p, product = critical(forms.A, np.full(1, shift), np.asarray(plane.scale))
    p = p / product[:, None]
    inner = _bordered(forms.A - shift * np.eye(q.shape[-1]), q, p, forms(q, q))
    c = _one(dotted(p, forms(q, q, q) - 3 * forms(q, inner))) / 6
    return Form(c, said=("two stable states" if c < 0 else "one stable state") + _where(plane, forms.A, 1))


def _double_zero(plane: RestPlane, z: np.ndarray) -> Form:
    forms = CurveForms(plane, z[None])
    A = forms.A - (np.eye(forms.A.shape[-1]) if plane.discrete else 0.0)
    q0, p1, _ = critical(A, np.zeros(1), np.asarray(plane.scale))
    q1 = _bordered(A, q0, p1, q0)
    p1 = p1 / dotted(p1, q1)[:, None]
    p0 = _bordered(np.swapaxes(A, -1, -2), p1, q0, p1)
    p0 = p0 - dotted(p0, q1)[:, None] * p1
    square = forms(q0, q0)
    a = 0.5 * _one(dotted(p1, square))
    b = _one(dotted(p0, square) + dotted(p1, forms(q0, q1)))
    born = "circles" if plane.discrete else "cycles"
    return Form(a, b, f"{'stable' if a * b < 0 else 'unstable'} {born}{_where(plane, forms.A, 2)}")


def _second_lyapunov(plane: RestPlane, z: np.ndarray) -> Form:
    """By the formula of Kuznetsov; h_jk are the coefficients of the centre manifold."""
    forms = CurveForms(plane, z[None])
    A, one = forms.A.astype(complex), np.eye(forms.A.shape[-1])
    values = np.linalg.eigvals(forms.A[0])
    turning = values[np.imag(values) > 0]
    omega = float(np.imag(turning[np.argmin(np.abs(np.real(turning)))]))
    q, p, product = critical(forms.A, np.full(1, 1j * omega), np.asarray(plane.scale))
    # <p, q> is linear in q and conjugate linear in p.
    p, F, qb = p / product.conj()[:, None], forms, q.conj()
    h20 = solved(2j * omega * one - A, F(q, q))
    h11 = -solved(A, F(q, qb))
    third = F(q, q, qb) + F(qb, h20) + 2 * F(q, h11)
    c1 = 0.5 * dotted(p, third)[:, None]
    h30 = solved(3j * omega * one - A, F(q, q, q) + 3 * F(q, h20))
    h21 = _bordered(1j * omega * one - A, q, p, third - 2 * c1 * q)
    h02, h12 = h20.conj(), h21.conj()
    h31 = solved(
        2j * omega * one - A,
        F(q, q, q, qb) + 3 * F(q, q, h11) + 3 * F(q, qb, h20) + 3 * F(h20, h11) + F(qb, h30) + 3 * F(q, h21)
        - 6 * c1 * h20,
    )  # fmt: skip
    h22 = -solved(
        A,
        F(q, q, qb, qb) + 4 * F(q, qb, h11) + F(qb, qb, h20) + F(q, q, h02) + 2 * F(h11, h11) + 2 * F(q, h12)
        + 2 * F(qb, h21) + F(h02, h20),
    )  # fmt: skip
    fifth = (
        F(q, q, q, qb, qb) + F(q, q, q, h02) + 3 * F(q, qb, qb, h20) + 6 * F(q, q, qb, h11) + F(qb, qb, h30)
        + 3 * F(q, q, h12) + 6 * F(q, qb, h21) + 3 * F(q, h02, h20) + 6 * F(q, h11, h11) + 6 * F(qb, h20, h11)
        + 2 * F(qb, h31) + 3 * F(q, h22) + F(h02, h30) + 3 * F(h12, h20) + 6 * F(h11, h21)
    )  # fmt: skip
    l2 = _one(dotted(p, fifth)) / 12 / omega
    return Form(l2, said=f"outer cycle {'stable' if l2 < 0 else 'unstable'}{_where(plane, forms.A, 2)}")


def frequencies(A: np.ndarray, count: int) -> list[float]:
    """The frequencies of the pairs of eigenvalues nearest to being imaginary, the slowest first."""
    values = np.linalg.eigvals(A)
    turning = values[np.imag(values) > 0]
    return sorted(float(v) for v in np.imag(turning[np.argsort(np.abs(np.real(turning)))[:count]]))


def pair_vectors(plane: RestPlane, A: np.ndarray, omega: float) -> tuple[np.ndarray, np.ndarray]:
    """Right and left eigenvectors of the eigenvalue i omega, with product 1."""
    q, p, product = critical(A, np.full(1, 1j * omega), np.asarray(plane.scale))
    return q, p / product.conj()[:, None]


class ZeroHopfTerms(NamedTuple):
    """x' = square x^2 + couple |z|^2, z' = (i omega + act x) z, with the critical vector q of z."""

    omega: float
    square: float
    couple: float
    act: float
    q: np.ndarray


def zero_hopf_terms(plane: RestPlane, z: np.ndarray) -> ZeroHopfTerms:
    """The quadratic terms at a zero-Hopf point, for critical vectors of length 1."""
    F = CurveForms(plane, z[None])
    (omega,) = frequencies(F.A[0], 1)
    q0, p0, product = critical(F.A, np.zeros(1), np.asarray(plane.scale))
    p0 = p0 / product[:, None]
    q, p = pair_vectors(plane, F.A, omega)
    square, couple = 0.5 * _one(dotted(p0, F(q0, q0))), _one(dotted(p0, F(q, q.conj())))
    return ZeroHopfTerms(omega, square, couple, _one(dotted(p, F(q0, q))), q[0])


def _zero_hopf(plane: RestPlane, z: np.ndarray) -> Form:
    terms = zero_hopf_terms(plane, z)
    s, theta = float(np.sign(terms.square * terms.couple)), terms.act / terms.square
    return Form(s, theta, TORI_NEAR if s * theta < 0 else "no tori")


def _double_hopf(plane: RestPlane, z: np.ndarray) -> Form:
    """By the formulas of Kuznetsov; h are coefficients of the centre manifold."""
    F = CurveForms(plane, z[None])
    slow, fast = frequencies(F.A[0], 2)
    for k in (2, 3):
        if abs(fast - k * slow) < 1e-6 * fast:
            return Form(said=f"frequencies as 1 : {k}")
    A, one = F.A.astype(complex), np.eye(F.A.shape[-1])
    modes = [(omega, *pair_vectors(plane, F.A, omega)) for omega in (slow, fast)]

    def growth(i: int, j: int) -> float:
        """The real part of the coefficient by which mode j acts on mode i."""
        (w, q, p), (v, r, _) = modes[i], modes[j]
        rb = r.conj()
        still = -solved(A, F(r, rb))
        if i == j:
            third = F(q, q, rb) + F(rb, solved(2j * w * one - A, F(q, q))) + 2 * F(q, still)
            return 0.5 * float(np.real(dotted(p, third)[0]))
        plus, minus = (solved(1j * (w + sign * v) * one - A, F(q, x)) for sign, x in ((1, r), (-1, rb)))
        third = F(q, r, rb) + F(plus, rb) + F(minus, r) + F(q, still)
        return float(np.real(dotted(p, third)[0]))

    own = growth(0, 0), growth(1, 1)
    word = "both supercritical" if max(own) < 0 else "both subcritical" if min(own) > 0 else "one subcritical"
    return Form(growth(0, 1) / own[1], growth(1, 0) / own[0], word)
