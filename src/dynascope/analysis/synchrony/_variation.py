"""Perturbations of one orbit, many at once: how fast those of a linear rule along the orbit grow."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError
from ..._types import State
from ...solve import Progress, fixed_step
from ...systems import AbstractSystem, kind
from .._as_map import Stepped
from .._blocks import block_error
from .._differentiable import differentiable_map
from .._frames import UNROLLED, interval_of, orthonormal_columns, orthonormal_few, random_frames

#: Blocks of one compiled call, and calls into which a run is cut.
_BLOCKS, _PIECES = 64, 16
#: Solver steps of the transient when none is given, and the share of it in which vectors turn with the orbit.
_TRANSIENT, _TRANSIENT_MAP, _TURNING = 20_000, 2_000, 0.25
#: Work, in steps times numbers in all vectors, of a run whose duration is not given.
_BUDGET = 3e8
#: Fewest steps of a run whose duration is not given.
_FEWEST = 20_000


class AbstractVariation(eqx.Module):
    """A linear rule for perturbations along an orbit; one parameter `alpha` may differ between perturbations.

    A subclass implements `size` and `at`; growth rates of any number of perturbations then work without further code.
    """

    @abstractmethod
    def size(self, y: State) -> int:
        """Number of components of a perturbation of the state `y`."""

    @abstractmethod
    def at(self, rule: Callable[[State], State], y: State) -> tuple[State, Callable[[jax.Array, Any], jax.Array]]:
        """The value of `rule` at `y`, and `(xi, alpha) -> xi'` (flows) or the next `xi` (maps) there."""


class Growth(eqx.Module):
    """Growth rates of blocks of a run, shape `(block, alpha, vector)`."""

    rates: np.ndarray
    result: Any
    steps: int
    skipped: int
    every: int
    per_block: int
    dt: float

    @property
    def mean(self) -> np.ndarray:
        """Exponents, shape `(alpha, vector)`."""
        return self.rates.mean(axis=0)

    @property
    def stderr(self) -> np.ndarray:
        """Their standard errors."""
        finite = np.where(np.isfinite(self.rates), self.rates, 0.0)
        return block_error(finite)


def prepared(system: AbstractSystem, y0: State, *, inputs: Any, solver: Any, what: str) -> Stepped:
    """`system` as a map, if it is a flow or a map with a continuous state of 64 bit.

    Raises:
        InputError: If it is not.
    """
    found = kind(system)
    if found not in ("flow", "map"):
        raise InputError(
            f"`{what}` works on a flow or a map; `{type(system).__name__}` is a {found}. Make it a map first, for "
            "example with `time_t_map` or `history_map`."
        )
    return differentiable_map(system, y0, inputs=inputs, solver=solver, what=what)


class Run:
    """A run under way on the host; the same start serves several sets of `alphas`."""

    def __init__(self, stepped: Stepped, variation: AbstractVariation, vectors: int, transient: float | None) -> None:
        self.stepped, self.variation, self.vectors = stepped, variation, vectors
        self._size = variation.size(stepped.template)
        default = _TRANSIENT if kind(stepped.system) == "flow" else _TRANSIENT_MAP
        self.skipped = default if transient is None else self.steps_of(transient, "transient", least=0)
        self._turning = int(_TURNING * self.skipped)
        alone = jnp.asarray(self.skipped - self._turning)
        self.settled = _skip(stepped, stepped.packing().pack(stepped.template), alone)

    def steps_of(self, time: float, name: str, *, least: int = 1) -> int:
        """A time in steps.

        Raises:
            InputError: If it is no finite time of at least `least` steps.
        """
        dt = float(self.stepped.dt)
        if not (math.isfinite(time) and math.ceil(time / dt - 1e-6) >= least):
            raise InputError(f"`{name}` must be a finite time of at least {least * dt:g}, got {time}.")
        return math.ceil(time / dt - 1e-6)

    def grown(
        self,
        alphas: np.ndarray,
        steps: int | None,
        *,
        rtol: float | None = None,
        like: Growth | None = None,
        progress: bool = False,
    ) -> Growth:
        """Growth rates along the orbit after its transient.

        Args:
            alphas: Real or complex, shape `(A,)`.
            steps: Length of the run; None takes the default budget.
            rtol: Stop once every error is below this part of the spread of the exponents.
            like: An earlier run, which this one follows step by step.
            progress: Show progress.
        """
        dt = float(self.stepped.dt)
        parameters, number = jnp.asarray(alphas), len(alphas)
        vectors = _start(self._size, self.vectors, parameters)
        state, at, every = (self.settled, vectors), jnp.asarray(self.skipped - self._turning), 1
        args = (self.stepped, self.variation, parameters)
        most = steps or max(_FEWEST, int(_BUDGET / (self._size * self.vectors * number)))
        rates: list[np.ndarray] = []
        result = RESULTS.successful
        with Progress(most, "growth along an orbit", show=progress) as bar, one_blas_thread():
            state, at, logs, good = _grow(*args, state, at, jnp.asarray(1), jnp.asarray(1))
            every = interval_of(np.moveaxis(np.asarray(logs), 1, -1)) if like is None else like.every
            turns = max(1, math.ceil(self._turning / (_BLOCKS * every)))
            state, at, _, fine = _grow(*args, state, at, jnp.asarray(every), jnp.asarray(turns))
            per_block = max(1, math.ceil(most / (_PIECES * _BLOCKS * every))) if like is None else like.per_block
            good, done = bool(good) and bool(fine), 0
            try:
                while good and done < most:
                    state, at, logs, fine = _grow(*args, state, at, jnp.asarray(every), jnp.asarray(per_block))
                    good = bool(fine)
                    rates.append(np.moveaxis(np.asarray(logs), 1, 2) / (every * per_block * dt))
                    done += _BLOCKS * every * per_block
                    bar.advance(_BLOCKS * every * per_block)
                    if rtol is not None and _precise(np.concatenate(rates), rtol):
                        break
            except KeyboardInterrupt:
                if not rates:
                    raise
                result = RESULTS.interrupted
        if not good:
            nothing = np.full((2, number, self.vectors), np.nan)
            return Growth(nothing, RESULTS.nonfinite, done, self.skipped, every, per_block, dt)
        return Growth(np.concatenate(rates), result, done, self.skipped, every, per_block, dt)


def _precise(rates: np.ndarray, rtol: float) -> bool:
    mean = rates.mean(axis=0)
    known = np.isfinite(mean)
    if not known.any():
        return True
    scale = max(float(np.ptp(mean[known])), 0.1 * float(np.max(np.abs(mean[known]))))
    return bool(np.max(block_error(rates[:, known])) <= rtol * scale)


def _split(flat: jax.Array) -> tuple[jax.Array, ...]:
    """Small vectors as separate numbers, which XLA keeps in one loop over the perturbations."""
    return tuple(flat) if flat.shape[0] <= UNROLLED else (flat,)


def _joined(parts: tuple[jax.Array, ...]) -> jax.Array:
    return jnp.stack(parts) if parts[0].ndim == 0 else parts[0]


def _start(size: int, vectors: int, alphas: jax.Array) -> Any:
    """The same random orthonormal vectors for every alpha: coordinate directions may lie in invariant subspaces."""
    frame = random_frames(jax.random.key(0), size, vectors).astype(alphas.dtype)
    repeated = jnp.broadcast_to(frame[:, :, None], (size, vectors, alphas.shape[0]))
    return tuple(_split(repeated[:, i]) for i in range(vectors))


@compiled
def _skip(stepped: Stepped, carry: Any, steps: Any) -> Any:
    step = stepped.stepper(stepped.packing())
    return jax.lax.fori_loop(0, steps, step, carry)


def _pusher(stepped: Stepped, variation: AbstractVariation, alphas: jax.Array) -> Callable[[Any, Any], Any]:
    packed = stepped.packing()
    system: Any = stepped.system

    def moved(t: Any, time: Any, state: Any, rule_of: Any) -> Any:
        carry, vectors = state
        u = None if stepped.inputs is None else stepped.inputs(time)
        value, apply = variation.at(lambda y: rule_of(t, y, u), packed.unpack(carry))
        one = lambda parts, alpha: _split(apply(_joined(parts), alpha))  # noqa: E731
        spread = jax.vmap(one, in_axes=-1, out_axes=-1)
        return packed.pack(value), tuple(spread(v, alphas) for v in vectors)

    if kind(stepped.system) == "map":
        return lambda i, state: moved(i, i * stepped.dt, state, system.step)

    def field(t: Any, state: Any) -> Any:
        return moved(t, t, state, system.vector_field)

    step = fixed_step(field, stepped.solver.tableau, stepped.dt)
    return lambda i, state: step(i * stepped.dt, state)


@compiled
def _grow(
    stepped: Stepped, variation: AbstractVariation, alphas: Any, state: Any, first: Any, every: Any, per_block: Any
) -> tuple[Any, Any, Any, Any]:
    """Advance `_BLOCKS` blocks; logarithms of growth per block, shape `(block, vector, alpha)`."""
    push = _pusher(stepped, variation, alphas)

    def interval(j: Any, carry: Any) -> Any:
        del j
        state, i, logs = carry
        y, vectors = jax.lax.fori_loop(0, every, lambda m, s: push(i + m, s), state)
        vectors, log = _orthonormal(vectors)
        return (y, vectors), i + every, logs + log

    def block(carry: Any, _: Any) -> Any:
        state, i = carry
        nothing = jnp.zeros((len(state[1]), alphas.shape[0]))
        state, i, logs = jax.lax.fori_loop(0, per_block, interval, (state, i, nothing))
        return (state, i), logs

    (state, last), logs = jax.lax.scan(block, (state, first), None, length=_BLOCKS)
    good = jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(state)]))
    return state, last, logs, good


def _orthonormal(vectors: tuple[Any, ...]) -> tuple[tuple[Any, ...], jax.Array]:
    """Orthonormal vectors and the logarithms of what was lost in length, shape `(vector, alpha)`; -inf where all is."""
    few = len(vectors) <= UNROLLED
    done, lengths = jax.vmap(orthonormal_few if few else _by_lapack, in_axes=-1, out_axes=-1)(vectors)
    return done, jnp.log(jnp.asarray(lengths))


def _by_lapack(vectors: tuple[Any, ...]) -> tuple[tuple[Any, ...], jax.Array]:
    q, lengths = orthonormal_columns(jnp.stack([_joined(v) for v in vectors], axis=1))
    return tuple(_split(v) for v in q.T), lengths


def linear_part(rule: Callable[[State], State], y: State) -> tuple[State, Callable[[jax.Array], jax.Array]]:
    """The value of `rule` at `y` and its derivative there, on flat vectors, real or complex."""
    _, unravel = ravel_pytree(y)
    value, linear = jax.linearize(rule, y)

    def apply(xi: jax.Array) -> jax.Array:
        if jnp.iscomplexobj(xi):
            return apply(jnp.real(xi)) + 1j * apply(jnp.imag(xi))
        return ravel_pytree(linear(unravel(xi)))[0]

    return value, apply
