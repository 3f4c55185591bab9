"""Points of codimension two as zeros of extended systems: exact, and differentiable in every other parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._errors import RESULTS, InputError
from ..._types import State
from ...systems import AbstractSystem, is_discrete
from .._precision import require_64_bit
from ..bifurcation import free_parameter
from ..bifurcation._pinned import solve_extended
from ..stability._frozen import frozen_at
from ._plane import RestPlane


class PinnedMeeting(eqx.Module):
    """A point of codimension two, located by an extended system.

    Attributes:
        values: Values of both free parameters, shape `(2,)`.
        state: Flattened state.
        frequencies: Imaginary parts of the critical pairs, the slowest first; empty where there are none.
        error: Estimated errors of `values`: their parts in the last Newton step.
        result: `successful` or `not_converged`.
    """

    values: Any
    state: Any
    frequencies: Any
    error: Any
    result: RESULTS


class _Extended(NamedTuple):
    """An extended system: what is zero, where it starts, and where its frequencies stand."""

    zero: Callable[[Any], Any]
    start: Any
    frequencies: list[int]


class _Rest(NamedTuple):
    """What is zero at rest, and the guess (y, p, q)."""

    change: Callable[[Any, Any], Any]
    start: Any
    size: int

    def matrix(self) -> Any:
        """The Jacobian at the guess."""
        y, p = self.start[: self.size], self.start[self.size :]
        return jax.lax.stop_gradient(jax.jacfwd(self.change)(y, p))

    def forms(self, y: Any, p: Any) -> Callable[..., Any]:
        """The derivative of the order of the number of real directions given, along them."""

        def form(*directions: Any) -> Any:
            function = lambda s: self.change(s, p)  # noqa: E731
            for v in directions:
                function = _along(function, v)
            return function(y)

        return form


def cusp_point(
    system: AbstractSystem, parameters: tuple[str, str], values: Any, state: State, *, inputs: Any = None
) -> PinnedMeeting:
    r"""The cusp near `state` and `values`, as a differentiable function of `system`.

    Solves $f = 0$, $A v = 0$, $\langle v_0, v \rangle = 1$, $A h + B(v, v) = 0$, $\langle v_0, h \rangle = 0$ by
    Newton's method, with A the Jacobian and B the second derivative. Derivatives with respect to all other parameters
    of the system come from the implicit function theorem, in forward and reverse mode.

    Args:
        system: A flow or a map (for which f is the change of the state in one step).
        parameters: Names of both free parameters.
        values: Their values near the point.
        state: The state near the point.
        inputs: Constant input.

    Returns:
        A `PinnedMeeting`; its code says whether Newton's method converged.

    Raises:
        InputError: For a system without fixed points, or an unknown parameter.

    Reference:
        Govaerts (2000), Numerical methods for bifurcations of dynamical equilibria, SIAM, chapter 8.
    """
    rest = _rest(system, parameters, values, state, inputs)
    n, first = rest.size, jnp.linalg.svd(rest.matrix())[2][-1]

    def zero(x: Any) -> Any:
        y, p, v, h = x[:n], x[n : n + 2], x[n + 2 : 2 * n + 2], x[2 * n + 2 :]
        form = rest.forms(y, p)
        own = jnp.stack([jnp.sum(first * v) - 1, jnp.sum(first * h)])
        return jnp.concatenate([rest.change(y, p), form(v), form(h) + form(v, v), own])

    return _pinned(rest, _Extended(zero, jnp.concatenate([rest.start, first, jnp.zeros(n)]), []))


def bogdanov_takens_point(
    system: AbstractSystem, parameters: tuple[str, str], values: Any, state: State, *, inputs: Any = None
) -> PinnedMeeting:
    r"""The Bogdanov-Takens point (maps: the resonance 1:1) near `state` and `values`; otherwise as `cusp_point`.

    Solves $f = 0$, $A v = 0$, $A w = v$, $\langle v_0, v \rangle = 1$, $\langle v_0, w \rangle = 0$.
    """
    rest = _rest(system, parameters, values, state, inputs)
    A = rest.matrix()
    n, first = rest.size, jnp.linalg.svd(A)[2][-1]
    # The vector w of the guess, from the same bordered matrix that Newton's method will have.
    second = jnp.linalg.lstsq(jnp.concatenate([A, first[None]]), jnp.append(first, 0.0))[0]

    def zero(x: Any) -> Any:
        y, p, v, w = x[:n], x[n : n + 2], x[n + 2 : 2 * n + 2], x[2 * n + 2 :]
        form = rest.forms(y, p)
        own = jnp.stack([jnp.sum(first * v) - 1, jnp.sum(first * w)])
        return jnp.concatenate([rest.change(y, p), form(v), form(w) - v, own])

    return _pinned(rest, _Extended(zero, jnp.concatenate([rest.start, first, second]), []))


def zero_hopf_point(
    system: AbstractSystem, parameters: tuple[str, str], values: Any, state: State, *, inputs: Any = None
) -> PinnedMeeting:
    r"""The zero-Hopf point of a flow near `state` and `values`; otherwise as `cusp_point`.

    Solves $f = 0$, $A v = 0$, $A q = i \omega q$, $\langle v_0, v \rangle = 1$, $\langle q_0, q \rangle = 1$.
    """
    rest = _rest(_flow(system), parameters, values, state, inputs)
    n, (omega,) = rest.size, _turning(rest.matrix(), 1)
    vectors = _null_vectors(rest.matrix(), jnp.stack([jnp.zeros(()), omega]))[1]
    # Of a complex factorisation the null vector of a real matrix has some phase.
    v0 = vectors[0] * jnp.exp(-1j * jnp.angle(vectors[0][jnp.argmax(jnp.abs(vectors[0]))]))
    first = jnp.real(v0) / jnp.linalg.norm(jnp.real(v0))

    def zero(x: Any) -> Any:
        y, p, v = x[:n], x[n : n + 2], x[n + 2 : 2 * n + 2]
        form = rest.forms(y, p)
        pair = _pair(form, x[2 * n + 2 :], vectors[1])
        return jnp.concatenate([rest.change(y, p), form(v), jnp.sum(first * v)[None] - 1, pair])

    start = jnp.concatenate([rest.start, first, _packed(vectors[1], omega)])
    return _pinned(rest, _Extended(zero, start, [start.size - 1]))


def double_hopf_point(
    system: AbstractSystem, parameters: tuple[str, str], values: Any, state: State, *, inputs: Any = None
) -> PinnedMeeting:
    r"""The double Hopf point of a flow near `state` and `values`; otherwise as `cusp_point`.

    Solves $f = 0$, $A q_k = i \omega_k q_k$, $\langle q_{k0}, q_k \rangle = 1$ for k = 1, 2.
    """
    rest = _rest(_flow(system), parameters, values, state, inputs)
    n, omegas = rest.size, _turning(rest.matrix(), 2)
    vectors = _null_vectors(rest.matrix(), omegas)[1]

    def zero(x: Any) -> Any:
        y, p, pairs = x[:n], x[n : n + 2], x[n + 2 :].reshape(2, -1)
        form = rest.forms(y, p)
        return jnp.concatenate([rest.change(y, p), *(_pair(form, pairs[k], vectors[k]) for k in (0, 1))])

    start = jnp.concatenate([rest.start, *(_packed(vectors[k], omegas[k]) for k in (0, 1))])
    return _pinned(rest, _Extended(zero, start, [n + 2 + 2 * n, start.size - 1]))


def generalised_hopf_point(
    system: AbstractSystem, parameters: tuple[str, str], values: Any, state: State, *, inputs: Any = None
) -> PinnedMeeting:
    r"""The generalised Hopf (Bautin) point of a flow near `state` and `values`; otherwise as `cusp_point`.

    Solves $f = 0$, $A q = i \omega q$, $\langle q_0, q \rangle = 1$ and $l_1 = 0$, where the vectors of which the first
    Lyapunov coefficient l_1 is made are unknowns, too: $A^T p + i \omega p + \beta q_0 = 0$,
    $\langle p_0, p \rangle = 1$, $A h + B(q, \bar q) = 0$ and $(2 i \omega - A) g = B(q, q)$.
    """
    rest = _rest(_flow(system), parameters, values, state, inputs)
    n, (omega,) = rest.size, _turning(rest.matrix(), 1)
    left, right = (side[0] for side in _null_vectors(rest.matrix(), omega[None]))

    def zero(x: Any) -> Any:
        y, p, x = x[:n], x[n : n + 2], x[n + 2 :]
        form = rest.forms(y, p)
        (q, w), (a, beta) = _unpacked(x[: 2 * n + 1]), _adjoint(x[2 * n + 1 : 4 * n + 3])
        h, g = x[4 * n + 3 : 5 * n + 3], x[5 * n + 3 : 6 * n + 3] + 1j * x[6 * n + 3 :]
        re, im, gr, gi = jnp.real(q), jnp.imag(q), jnp.real(g), jnp.imag(g)
        # Each order once, for many directions: programs grow with the number of forms.
        many = jax.vmap(form)
        ah, ar, ai = many(jnp.stack([h, gr, gi]))
        firsts, seconds = [re, im, re, re, im, re, im, re, im], [re, im, im, h, h, gr, gi, gi, gr]
        rr, ii, ri, rh, ih, rgr, igi, rgi, igr = many(jnp.stack(firsts), jnp.stack(seconds))
        c0, c1, c2, c3 = many(jnp.stack([re, re, re, im]), jnp.stack([re, im, re, im]), jnp.stack([re, im, im, im]))
        pull = jax.vmap(jax.vjp(lambda s: rest.change(s, p), y)[1])
        down, across = pull(jnp.stack([jnp.real(a), jnp.imag(a)]))[0]
        against = down + 1j * across + 1j * w * a + beta * right
        own = jnp.sum(left.conj() * a) - 1
        slow = ah + rr + ii
        fast = 2j * w * g - ar - 1j * ai - (rr - ii + 2j * ri)
        third = c0 + c1 + 1j * (c2 + c3) + 2 * (rh + 1j * ih) + rgr + igi + 1j * (rgi - igr)
        # <p, q> is near to a constant that is not real: the coefficient is that of vectors with product 1.
        l1 = jnp.real(jnp.sum(a.conj() * third) / jnp.sum(a.conj() * q))
        parts = [against, own[None], fast]
        return jnp.concatenate(
            [rest.change(y, p), _pair(form, x[: 2 * n + 1], right), *map(_real, parts), slow, l1[None]]
        )

    more = jnp.concatenate([_real(left), jnp.zeros(2), jnp.zeros(3 * n)])
    start = jnp.concatenate([rest.start, _packed(right, omega), more])
    return _pinned(rest, _Extended(zero, start, [3 * n + 2]))


def _along(function: Callable[[Any], Any], v: Any) -> Callable[[Any], Any]:
    return lambda s: jax.jvp(function, (s,), (v,))[1]


def _rest(system: AbstractSystem, parameters: tuple[str, str], values: Any, state: State, inputs: Any) -> _Rest:
    require_64_bit("A point of codimension two")
    frozen = frozen_at(system, inputs, 0.0)
    first, second = (free_parameter(system, name, frozen.u) for name in parameters)
    y = ravel_pytree(state)[0].astype(float)
    plane = RestPlane(frozen, (first, second), jnp.ones(y.size), jnp.zeros(2), jnp.ones(2), is_discrete(system))
    start = jax.lax.stop_gradient(jnp.concatenate([y, jnp.asarray(values, float)]))
    return _Rest(plane.change, start, y.size)


def _flow(system: AbstractSystem) -> AbstractSystem:
    if is_discrete(system):
        raise InputError(
            f"`{type(system).__name__}` is a map; this point is located for flows. Of maps there are `cusp_point` and "
            "`bogdanov_takens_point`."
        )
    return system


def _turning(A: Any, count: int) -> Any:
    """The frequencies of the `count` pairs nearest to being imaginary, the slowest first."""
    values = jnp.linalg.eigvals(A)
    away = jnp.where(jnp.imag(values) > 0, jnp.abs(jnp.real(values)), jnp.inf)
    order = jnp.argsort(away)[:count]
    # Where there are fewer pairs, nothing can converge.
    return jnp.sort(jnp.where(jnp.isfinite(away[order]), jnp.imag(values[order]), jnp.nan))


def _null_vectors(A: Any, omegas: Any) -> tuple[Any, Any]:
    """Left and right singular vectors of A - i omega to the smallest singular value, for all omegas by one call."""
    u, _, vh = jnp.linalg.svd(A - 1j * omegas[:, None, None] * jnp.eye(A.shape[0]))
    return u[:, :, -1], vh[:, -1].conj()


def _pair(form: Callable[..., Any], x: Any, first: Any) -> Any:
    """A q - i omega q and <q_0, q> - 1, as real numbers."""
    q, w = _unpacked(x)
    turned = form(jnp.real(q)) + 1j * form(jnp.imag(q)) - 1j * w * q
    return jnp.concatenate([_real(turned), _real((jnp.sum(first.conj() * q) - 1)[None])])


def _packed(q: Any, omega: Any) -> Any:
    return jnp.append(_real(q), omega)


def _unpacked(x: Any) -> tuple[Any, Any]:
    n = x.size // 2
    return x[:n] + 1j * x[n : 2 * n], x[-1]


def _adjoint(x: Any) -> tuple[Any, Any]:
    n = x.size // 2 - 1
    return x[:n] + 1j * x[n : 2 * n], x[-2] + 1j * x[-1]


def _real(x: Any) -> Any:
    return jnp.concatenate([jnp.real(x), jnp.imag(x)])


def _pinned(rest: _Rest, extended: _Extended) -> PinnedMeeting:
    x, error, good = solve_extended(extended.zero, extended.start)
    n = rest.size
    omegas = x[jnp.asarray(extended.frequencies, int)]
    good = good & jnp.all(jnp.abs(omegas) > 1e-9)
    return PinnedMeeting(
        values=x[n : n + 2],
        state=x[:n],
        frequencies=jnp.abs(omegas),
        error=jnp.abs(error[n : n + 2]),
        result=RESULTS.where(good, RESULTS.successful, RESULTS.not_converged),
    )
