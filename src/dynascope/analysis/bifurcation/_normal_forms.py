"""Coefficients of normal forms, from exact second and third derivatives."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ._equilibria import Equilibria
from ._return_map import ReturnMap

#: A coefficient below this share of the size of its own terms is called zero: only rounding is left.
_ZERO = 1e-7


class NormalForm(NamedTuple):
    """A coefficient and what it says, such as `supercritical`."""

    coefficient: float
    criticality: str


@compiled
def _derivatives(problem: Equilibria | ReturnMap, z: Any, directions: Any) -> tuple[Any, Any]:
    """B(u, v) and C(u, v, w) of the rule at z, for each triple of real directions, shape `(k, 3, n)`."""
    nothing = jnp.zeros_like(z[:-1]), jnp.zeros_like(z[:-1])

    def one(triple: Any) -> tuple[Any, Any]:
        u, v, w = triple

        def first(y: Any) -> Any:
            return jax.jvp(lambda s: problem.moved(s, z[-1]), (y,), (u,))[1]

        def second(y: Any) -> Any:
            return jax.jvp(first, (y,), (v,))[1]

        return jax.jvp(second, (z[:-1],), (w,))

    # Rows that only fill up take no time: rules that are integrated are dear.
    return jax.lax.map(lambda triple: jax.lax.cond(jnp.any(triple != 0), one, lambda _: nothing, triple), directions)


class Forms(eqx.Module):
    """The multilinear forms of the rule at the point z, for complex vectors: A, B(u, v), C(u, v, w)."""

    problem: Equilibria | ReturnMap
    z: Any
    A: np.ndarray

    def B(self, u: Any, v: Any) -> np.ndarray:
        """The second derivative in the directions `u` and `v`."""
        return self._expanded((u, v))

    def C(self, u: Any, v: Any, w: Any) -> np.ndarray:
        """The third derivative in the directions `u`, `v` and `w`."""
        return self._expanded((u, v, w))

    def _expanded(self, vectors: tuple[Any, ...]) -> np.ndarray:
        """The form at complex vectors, as the sum over the real and imaginary parts of each."""
        parts = [(np.real(x), np.imag(x)) for x in vectors]
        rows, factors = [], []
        for choice in np.ndindex(*(2,) * len(parts)):
            rows.append([pair[i] for pair, i in zip(parts, choice, strict=True)])
            factors.append(1j ** sum(choice))
        stacked = np.zeros((8, 3, len(self.A)))
        stacked[: len(rows), : len(parts)] = rows
        second, third = _derivatives(self.problem, self.z, jnp.asarray(stacked))
        found = np.asarray(second if len(parts) == 2 else third)[: len(rows)]
        total = np.asarray(factors) @ found
        return total if any(np.iscomplexobj(x) for x in vectors) else np.real(total)


def forms_at(problem: Equilibria, z: Any) -> Forms:
    """The multilinear forms of the rule of `problem` at z."""
    return Forms(problem, jnp.asarray(z), np.asarray(_jacobian(problem, jnp.asarray(z))))


@compiled
def _jacobian(problem: Equilibria, z: Any) -> Any:
    return problem.jacobian(z)


def critical_vectors(matrix: np.ndarray, eigenvalue: complex) -> tuple[np.ndarray, np.ndarray]:
    """Right and left eigenvectors q, p of the eigenvalue nearest to `eigenvalue`, with |q| = 1 and <p, q> = 1.

    The inner product is <p, q> = sum conj(p_i) q_i, so that p is an eigenvector of the transpose to the conjugate.
    """
    u, _, vh = np.linalg.svd(matrix - eigenvalue * np.eye(len(matrix)))
    q, p = vh[-1].conj(), u[:, -1]
    return q, p / np.vdot(p, q).conj()


def fold_form(forms: Forms, discrete: bool) -> NormalForm:
    r"""The quadratic coefficient $a = \frac12 \langle p, B(q, q) \rangle$ of x' = beta + a x^2 (maps: the change of x).

    Reference:
        Kuznetsov (2004), Elements of applied bifurcation theory, 3rd edition, Springer, section 5.4.
    """
    q, p = critical_vectors(forms.A, 1.0 if discrete else 0.0)
    second = forms.B(q, q)
    a = 0.5 * float(p @ second)
    return NormalForm(a, "degenerate" if _vanishes(a, p, second) else "quadratic")


def hopf_form(forms: Forms, omega: float) -> NormalForm:
    r"""The first Lyapunov coefficient of a Hopf point; negative for a stable cycle on the centre manifold.

    $l_1 = \frac{1}{2\omega} \mathrm{Re} \langle p, C(q, q, \bar q) - 2 B(q, A^{-1} B(q, \bar q))
    + B(\bar q, (2 i \omega - A)^{-1} B(q, q)) \rangle$ with $A q = i \omega q$, $|q| = 1$, $\langle p, q \rangle = 1$.
    Its size depends on the units of the states, its sign does not.

    Reference:
        Kuznetsov (2004), Elements of applied bifurcation theory, 3rd edition, Springer, section 5.4.
    """
    A = forms.A
    q, p = critical_vectors(A, 1j * omega)
    terms = [
        forms.C(q, q, q.conj()),
        -2 * forms.B(q, np.linalg.solve(A.astype(complex), forms.B(q, q.conj()))),
        forms.B(q.conj(), np.linalg.solve(2j * omega * np.eye(len(A)) - A, forms.B(q, q))),
    ]
    l1 = float(np.real(np.vdot(p, sum(terms)))) / (2 * omega)
    return NormalForm(l1, _critical(l1, p, terms, 2 * omega, stable=-1))


def flip_form(forms: Forms) -> NormalForm:
    r"""The cubic coefficient b of x -> -x + b x^3 at a period doubling; positive for a stable doubled cycle.

    $b = \frac16 \langle p, C(q, q, q) + 3 B(q, (1 - A)^{-1} B(q, q)) \rangle$, $|q| = 1$, $\langle p, q \rangle = 1$.

    Reference:
        Kuznetsov (2004), Elements of applied bifurcation theory, 3rd edition, Springer, section 5.4.
    """
    A = forms.A
    q, p = critical_vectors(A, -1.0)
    terms = [forms.C(q, q, q), 3 * forms.B(q, np.linalg.solve(np.eye(len(A)) - A, forms.B(q, q)))]
    b = float(p @ sum(terms)) / 6
    return NormalForm(b, _critical(b, p, terms, 6.0, stable=1))


def neimark_sacker_form(forms: Forms, theta: float) -> NormalForm:
    r"""The real part of the cubic coefficient d at a Neimark-Sacker point; negative for a stable invariant circle.

    $d = \frac12 \mathrm{Re}\, e^{-i \theta} \langle p, C(q, q, \bar q) + 2 B(q, (1 - A)^{-1} B(q, \bar q))
    + B(\bar q, (e^{2 i \theta} - A)^{-1} B(q, q)) \rangle$, $|q| = 1$, $\langle p, q \rangle = 1$. At the strong
    resonances 1:3 and 1:4 it does not decide, and at 1:3 it does not exist.

    Reference:
        Kuznetsov (2004), Elements of applied bifurcation theory, 3rd edition, Springer, section 5.4.
    """
    A, one = forms.A, np.eye(len(forms.A))
    for order in (3, 4):
        if abs(theta - 2 * np.pi / order) < 1e-6:
            return NormalForm(float("nan"), f"strong resonance 1:{order}")
    q, p = critical_vectors(A, np.exp(1j * theta))
    terms = [
        forms.C(q, q, q.conj()),
        2 * forms.B(q, np.linalg.solve((one - A).astype(complex), forms.B(q, q.conj()))),
        forms.B(q.conj(), np.linalg.solve(np.exp(2j * theta) * one - A, forms.B(q, q))),
    ]
    terms = [np.exp(-1j * theta) * term for term in terms]
    d = float(np.real(np.vdot(p, sum(terms)))) / 2
    return NormalForm(d, _critical(d, p, terms, 2.0, stable=-1))


def crossing_form(forms: Forms, discrete: bool, size: float) -> NormalForm:
    r"""What crosses at a branch point with one critical eigenvector q: a transcritical or pitchfork bifurcation.

    The coefficient is $a = \frac12 \langle p, B(q, q) \rangle$ of x' = b mu x + a x^2, or, where that vanishes,
    $c = \frac16 \langle p, C(q, q, q) - 3 B(q, A^+ B(q, q)) \rangle$ of x' = b mu x + c x^3, with $A^+$ the inverse on
    the other directions; c < 0 makes the pitchfork supercritical.

    Args:
        forms: The forms at the branch point.
        discrete: Whether the rule gives the image, so that the change of the state is the rule minus the state.
        size: Length of a large step, which weighs the quadratic against the cubic term.
    """
    A = forms.A - np.eye(len(forms.A)) if discrete else forms.A
    q, p = critical_vectors(A, 0.0)
    second = forms.B(q, q)
    a = 0.5 * float(p @ second)
    border = np.block([[A, p[:, None] / np.linalg.norm(p)], [q[None], np.zeros((1, 1))]])
    inner = np.linalg.solve(border, np.append(second - q * float(p @ second), 0.0))[:-1]
    terms = [forms.C(q, q, q), -3 * forms.B(q, inner)]
    c = float(p @ sum(terms)) / 6
    if abs(a) > _ZERO * (0.5 * float(np.abs(p) @ np.abs(second)) + abs(c) * size):
        return NormalForm(a, "transcritical")
    said = _critical(c, p, terms, 6.0, stable=-1)
    return NormalForm(c, f"{said} pitchfork")


def _vanishes(value: float, p: np.ndarray, *terms: np.ndarray) -> bool:
    return abs(value) <= _ZERO * sum(float(np.abs(p) @ np.abs(term)) for term in terms)


def _critical(value: float, p: np.ndarray, terms: list[np.ndarray], divisor: float, *, stable: int) -> str:
    if _vanishes(value * divisor, p, *terms):
        return "degenerate"
    return "supercritical" if value * stable > 0 else "subcritical"
