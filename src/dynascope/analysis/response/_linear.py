"""Linear response of a map: the mean effect of a kick, by products of Jacobians or by kicks."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import ArrayLike

from ..._compile import compiled
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...solve import Progress
from ...systems import AbstractMap

#: Independent orbits, whose scatter gives the errors.
_BLOCKS = 16
#: Windows of one compiled call.
_WINDOWS = 256


class JacobianProducts(eqx.Module):
    """The response as the mean of products of Jacobians along orbits: exact for infinitely small kicks."""


class Kicks(eqx.Module):
    """The response as the mean difference of orbits kicked up and down, over twice the size of the kick.

    Args:
        size: Size of the kick.
    """

    size: float = 1e-3

    def __check_init__(self) -> None:
        if not (self.size > 0 and np.isfinite(self.size)):
            raise InputError(f"`size` of `Kicks` must be positive, got {self.size}.")


class LinearResponse(AbstractResult):
    """Mean effect of a kick to one component on another, some steps later.

    Attributes:
        chi: `chi[tau, i, j]` is d<y_i(t + tau)> / dy_j(t): the effect on i of a kick to j; the unit matrix at tau = 0.
        stderr: Its standard errors.
        blocks: The same for each of the independent orbits that the errors come from.
        lags: tau, in steps.
    """

    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    lags: np.ndarray = output("lag", unit="step", doc="steps after the kick")
    chi: np.ndarray = output("lag", "to", "from", doc="mean effect of a kick")
    stderr: np.ndarray = output("lag", "to", "from", doc="standard error of the effect")
    blocks: np.ndarray = output("block", "lag", "to", "from", doc="effect on each orbit")

    def susceptibility(self, frequencies: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """The complex susceptibility chi(omega) = sum over tau of chi(tau) exp(i omega tau), and errors of its modulus.

        Args:
            frequencies: omega, radians per step.

        Returns:
            Both of shape `(frequency, to, from)`.
        """
        waves = np.exp(1j * np.multiply.outer(np.atleast_1d(np.asarray(frequencies, float)), self.lags))
        each = np.einsum("wt,btij->bwij", waves, self.blocks)
        mean = each.mean(axis=0)
        # Along the mean: to first order the error of the modulus.
        along = np.real(each * np.exp(-1j * np.angle(mean)))
        return mean, along.std(axis=0, ddof=1) / np.sqrt(len(each))

    def resonance(self, to: int, start: int, *, frequencies: ArrayLike | None = None) -> tuple[float, float, float]:
        """The frequency at which a component answers to another most strongly.

        Args:
            to: The component that answers.
            start: The component that is driven.
            frequencies: Frequencies tried, radians per step; None takes 257 from 0 to pi.

        Returns:
            That frequency, the modulus of the susceptibility there, and its standard error.

        Raises:
            InputError: If there is no such component, or a frequency is not finite.
        """
        size = self.chi.shape[1]
        if not (0 <= to < size and 0 <= start < size):
            raise InputError(f"Components are numbered from 0 to {size - 1}, got {to} and {start}.")
        omega = np.linspace(0.0, np.pi, 257) if frequencies is None else np.atleast_1d(np.asarray(frequencies, float))
        if not (omega.size and np.all(np.isfinite(omega))):
            raise InputError("`frequencies` must be finite numbers, radians per step, at least one.")
        values, errors = self.susceptibility(omega)
        gain = np.abs(values[:, to, start])
        k = int(np.argmax(gain))
        return float(omega[k]), float(gain[k]), float(errors[k, to, start])

    def summary(self) -> str:
        """The largest effect at each lag, and how far it is above its error."""
        size = np.abs(self.chi[1:]).max(axis=(1, 2))
        error = self.stderr[1:].max(axis=(1, 2))
        rows = ", ".join(f"{s:.3g} +- {e:.1g}" for s, e in zip(size[:6], error[:6], strict=True))
        return f"Linear response of {self.chi.shape[1]} components, largest effect from lag 1 on: {rows}."


def linear_response(
    system: AbstractMap,
    y0: State = None,
    *,
    lags: int = 8,
    samples: int = 20_000,
    method: JacobianProducts | Kicks | None = None,
    transient: int = 1_000,
    every: int = 5,
    key: Key | None = None,
    throw: bool = True,
    progress: bool = False,
) -> LinearResponse:
    r"""The linear response $\chi_{ij}(\tau) = \langle \partial y_i(t + \tau) / \partial y_j(t) \rangle$ of a map.

    Averages run over 16 independent orbits, whose scatter gives the errors. In a chaotic system each product grows with
    the lag while its mean falls, so that the errors grow: the response is a sum over paths of weights and slopes, most
    of which cancel.

    Args:
        system: A map, differentiable along the orbit (of a flow, take `time_t_map(flow, T)`).
        y0: Start of all orbits, each of them moved by a millionth; None draws them from the system's region.
        lags: Longest lag, in steps.
        samples: Kicks to each component altogether.
        method: `JacobianProducts()` (the default) or `Kicks(size)`.
        transient: Steps left out.
        every: Steps between the kicks of an orbit. Where chaos lies in bands that are visited in turn, a number that
            shares a factor with theirs kicks each orbit in some bands only, and the errors are large.
        key: Random key of the starts; None takes seed 0.
        throw: Raise `ComputationFailed` if an orbit diverges.
        progress: Show progress on standard error.

    Returns:
        A `LinearResponse`.

    Raises:
        InputError: For another kind of system, or numbers that are not positive.
        ComputationFailed: If an orbit becomes infinite, and `throw`.

    Reference:
        Cessac & Sepulchre (2004), Stable resonances and signal propagation in a chaotic network of coupled units, Phys.
        Rev. E 70, 056111; Ruelle (1999), Smooth dynamics and new theoretical ideas in nonequilibrium statistical
        mechanics, J. Stat. Phys. 95, 393-468.

    Example:
        >>> from dynascope.models import LinearMap
        >>> found = linear_response(LinearMap([[0.5, 0.2], [0.0, 0.3]]), lags=2, samples=160)
        >>> found.chi[2].round(12).tolist()
        [[0.25, 0.16], [0.0, 0.09]]
    """
    if not isinstance(system, AbstractMap):
        raise InputError(
            f"`linear_response` works on maps; `{type(system).__name__}` is none. Make it one, for example with "
            "`time_t_map(flow, T)`."
        )
    if lags < 1 or samples < _BLOCKS or transient < 0 or every < 1:
        raise InputError(
            f"`lags` and `every` must be at least 1, `samples` at least {_BLOCKS} and `transient` not negative, got "
            f"{lags}, {every}, {samples} and {transient}."
        )
    method = JacobianProducts() if method is None else method
    if not isinstance(method, JacobianProducts | Kicks):
        raise InputError(f"`method` must be `JacobianProducts()` or `Kicks(size)`, got {method!r}.")
    key = jax.random.key(0) if key is None else key
    states = _settled(system, _starts(system, y0, key), transient)
    windows = -(-samples // _BLOCKS)
    total, done = 0.0, 0
    result = RESULTS.successful
    with Progress(windows, "kicks", show=progress) as bar:
        try:
            while done < windows:
                count = min(_WINDOWS, windows - done)
                states, part = _windows(system, states, (method, lags, every), jnp.asarray(count))
                total = total + np.asarray(part)
                done += count
                bar.advance(count)
        except KeyboardInterrupt:
            if not done:
                raise
            result = RESULTS.interrupted
    blocks = np.asarray(total) / done
    if not np.all(np.isfinite(blocks)):
        result = RESULTS.nonfinite
        if throw:
            raise_if_failed(result, what=f"`linear_response` of `{type(system).__name__}`")
    return LinearResponse(
        result=result,
        settings=provenance(
            system=type(system).__name__,
            method=repr(method),
            samples=done * _BLOCKS,
            transient=transient,
            every=every,
            seed=seed_of(key),
        ),
        lags=np.arange(lags + 1),
        chi=blocks.mean(axis=0),
        stderr=blocks.std(axis=0, ddof=1) / np.sqrt(_BLOCKS),
        blocks=blocks,
    )


def _starts(system: AbstractMap, y0: State, key: Key) -> State:
    box = system.region()
    if y0 is None and box is not None:
        return box.sample(key, _BLOCKS)
    flat, unravel = ravel_pytree(system.initial_state() if y0 is None else y0)
    noise = jax.random.normal(key, (_BLOCKS, flat.size), flat.dtype)
    return jax.vmap(unravel)(flat + 1e-6 * noise)


@compiled
def _settled(system: Any, states: State, steps: int) -> State:
    def one(y: State) -> State:
        return jax.lax.fori_loop(0, steps, lambda n, y: system.step(n, y, None), y)

    return jax.vmap(one)(states)


@compiled
def _windows(system: Any, states: State, plan: tuple[Any, int, int], count: jax.Array) -> tuple[State, jax.Array]:
    """Sums of the responses of `count` kicks of each orbit, shape `(block, lag, to, from)`."""
    method, lags, every = plan

    def one(y: State) -> tuple[State, jax.Array]:
        flat, _ = ravel_pytree(y)
        nothing = jnp.zeros((lags + 1, flat.size, flat.size), flat.dtype)

        def kick(_: Any, carry: Any) -> Any:
            y, total = carry
            found = (
                _by_products(system, y, lags)
                if isinstance(method, JacobianProducts)
                else _by_kicks(system, y, lags, method.size)
            )
            return jax.lax.fori_loop(0, every, lambda n, y: system.step(n, y, None), y), total + found

        return jax.lax.fori_loop(0, count, kick, (y, nothing))

    return jax.vmap(one)(states)


def _by_products(system: Any, y: State, lags: int) -> jax.Array:
    flat, unravel = ravel_pytree(y)

    def rule(x: jax.Array) -> jax.Array:
        return ravel_pytree(system.step(0, unravel(x), None))[0]

    def push(carry: Any, _: Any) -> Any:
        x, product = carry
        value, linear = jax.linearize(rule, x)
        product = jax.vmap(linear, 1, 1)(product)
        return (value, product), product

    unit = jnp.eye(flat.size, dtype=flat.dtype)
    _, products = jax.lax.scan(push, (flat, unit), None, length=lags)
    return jnp.concatenate([unit[None], products])


def _by_kicks(system: Any, y: State, lags: int, size: float) -> jax.Array:
    flat, unravel = ravel_pytree(y)

    def run(x: jax.Array) -> jax.Array:
        def push(x: jax.Array, _: Any) -> Any:
            x = ravel_pytree(system.step(0, unravel(x), None))[0]
            return x, x

        return jnp.concatenate([x[None], jax.lax.scan(push, x, None, length=lags)[1]])

    kicks = size * jnp.eye(flat.size, dtype=flat.dtype)
    up, down = jax.vmap(lambda k: run(flat + k))(kicks), jax.vmap(lambda k: run(flat - k))(kicks)
    return jnp.transpose((up - down) / (2.0 * size), (1, 2, 0))
