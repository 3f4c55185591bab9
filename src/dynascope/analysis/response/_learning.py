"""How a network changes from epoch to epoch of learning: its exponent, and its response to what it learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...solve import Progress
from ...systems import AbstractMap

#: Blocks of an epoch, whose scatter gives the errors.
_BLOCKS = 16


class LearningCourse(AbstractResult):
    """The largest exponent and the response to a change, before each epoch of learning.

    Attributes:
        exponents: Largest Lyapunov exponent.
        exponents_stderr: Its standard errors.
        responses: Root mean square change of the mean rates by the change of the network, with the part of chance
            taken off: 0 where it is not above chance.
        responses_stderr: Its standard errors.
        crossing: Epoch at which the exponent has fallen to zero within two errors; NaN if it never does.
        peak: Epoch of the largest response.
    """

    crossing: float
    peak: int
    system: AbstractMap
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    epochs: np.ndarray = output("epoch", doc="epochs of learning before")
    exponents: np.ndarray = output("epoch", unit="nats/step", doc="largest exponent")
    exponents_stderr: np.ndarray = output("epoch", unit="nats/step", doc="its standard error")
    responses: np.ndarray = output("epoch", doc="change of the mean rates")
    responses_stderr: np.ndarray = output("epoch", doc="its standard error")

    def summary(self) -> str:
        """Where chaos ends and where the response is largest."""
        first, last = self.exponents[0], self.exponents[-1]
        where = f"reaches zero at epoch {self.crossing:.0f}" if np.isfinite(self.crossing) else "does not reach zero"
        return (
            f"Learning over {len(self.epochs)} epochs: the largest exponent goes from {first:.3f} to {last:.3f} "
            f"nats/step and {where}; the response is largest at epoch {self.peak}, {self.responses[self.peak]:.3g} +- "
            f"{self.responses_stderr[self.peak]:.1g}."
        )


def learning_course(
    system: AbstractMap,
    learn: Callable[[Any, jax.Array], AbstractMap],
    *,
    without: Callable[[Any], AbstractMap],
    epochs: int = 30,
    steps: int = 8_000,
    transient: int = 500,
    key: Key | None = None,
    throw: bool = True,
    progress: bool = False,
) -> LearningCourse:
    """Follow a network through epochs of learning.

    In each epoch the network runs with its weights fixed; the means of what is observed of it make the weights of the
    next. Its largest exponent is measured on the way, and how far the means move if the network is changed, for
    instance if the pattern that it learns is taken away. That response is largest where chaos ends (Siri et al. 2008).

    Args:
        system: A differentiable map; `observe` gives the rates.
        learn: `(system, mean rates) -> system` after an epoch.
        without: The changed network, for the response.
        epochs: Number of epochs.
        steps: Steps of an epoch that means run over.
        transient: Steps of an epoch left out.
        key: Random key of the first perturbation; None takes seed 0.
        throw: Raise `ComputationFailed` if the network diverges.
        progress: Show progress on standard error.

    Returns:
        A `LearningCourse`, with the network after the last epoch.

    Raises:
        InputError: For another kind of system, or fewer than 16 steps.
        ComputationFailed: If a mean becomes infinite, and `throw`.

    Reference:
        Siri, Berry, Cessac, Delord & Quoy (2008), A mathematical analysis of the effects of Hebbian learning rules on
        the dynamics and structure of discrete-time random recurrent neural networks, Neural Computation 20, 2937-2966.
    """
    if not isinstance(system, AbstractMap):
        raise InputError(f"`learning_course` works on maps; `{type(system).__name__}` is none.")
    if epochs < 1 or steps < _BLOCKS or transient < 0:
        raise InputError(f"`epochs` must be at least 1 and `steps` at least {_BLOCKS}, got {epochs} and {steps}.")
    key = jax.random.key(0) if key is None else key
    flat, _ = ravel_pytree(system.initial_state())
    vector = jax.random.normal(key, flat.shape, flat.dtype)
    y, other = system.initial_state(), system.initial_state()
    rows: list[tuple[np.ndarray, ...]] = []
    plan = (transient, max(1, steps // _BLOCKS))
    result = RESULTS.successful
    with Progress(epochs, "epochs", show=progress) as bar:
        for _ in range(epochs):
            y, rates, logs, vector = _epoch(system, y, vector, plan)
            other, rest, _, _ = _epoch(without(system), other, vector, plan)
            rows.append((np.asarray(rates), np.asarray(rest), np.asarray(logs)))
            if not all(np.all(np.isfinite(part)) for part in rows[-1][:2]):
                result = RESULTS.nonfinite
                break
            system = learn(system, jnp.mean(rates, axis=0))
            bar.advance(1)
    if throw:
        raise_if_failed(result, what=f"`learning_course` of `{type(system).__name__}`")
    return _result(system, rows, result, plan)


def _result(system: AbstractMap, rows: list[Any], result: Any, plan: tuple[int, int]) -> LearningCourse:
    logs = np.stack([row[2] for row in rows])
    exponents = logs.mean(axis=1)
    errors = logs.std(axis=1, ddof=1) / np.sqrt(_BLOCKS)
    squares = [_shift(row[0] - row[1]) for row in rows]
    responses = np.sqrt(np.maximum([s for s, _ in squares], 0.0))
    spread = np.array([e for _, e in squares])
    # d sqrt(s) = ds / (2 sqrt(s)), but no more than the error of s = 0 itself.
    responses_error = np.minimum(spread / np.maximum(2 * responses, 1e-300), np.sqrt(spread))
    ended = np.flatnonzero(exponents <= 2 * errors)
    return LearningCourse(
        crossing=float(ended[0]) if ended.size else float("nan"),
        peak=int(np.argmax(responses)),
        system=system,
        result=result,
        settings=provenance(system=type(system).__name__, transient=plan[0], steps=plan[1] * _BLOCKS),
        epochs=np.arange(len(rows)),
        exponents=exponents,
        exponents_stderr=errors,
        responses=responses,
        responses_stderr=responses_error,
    )


def _shift(differences: np.ndarray) -> tuple[float, float]:
    """Mean square of the mean differences less that of chance, and its standard error (jackknife over blocks)."""

    def unbiased(values: np.ndarray) -> float:
        return float(np.mean(values.mean(axis=0) ** 2 - values.var(axis=0, ddof=1) / len(values)))

    left = np.array([unbiased(np.delete(differences, k, axis=0)) for k in range(len(differences))])
    n = len(left)
    return unbiased(differences), float(np.sqrt((n - 1) / n * np.sum((left - left.mean()) ** 2)))


@compiled
def _epoch(system: Any, y: State, vector: jax.Array, plan: tuple[int, int]) -> tuple[State, Any, Any, jax.Array]:
    """The state, mean rates and growth of each block, and the perturbation, after an epoch."""
    transient, length = plan
    flat, unravel = ravel_pytree(y)

    def push(carry: Any) -> Any:
        x, v = carry
        x, v = jax.jvp(lambda x: ravel_pytree(system.step(0, unravel(x), None))[0], (x,), (v,))
        size = jnp.linalg.norm(v)
        return (x, v / size), jnp.log(size)

    def alone(_: Any, carry: Any) -> Any:
        return push(carry)[0]

    def block(carry: Any, _: Any) -> Any:
        def one(_: Any, inner: Any) -> Any:
            carry, rates, growth = inner
            carry, log = push(carry)
            return carry, rates + ravel_pytree(system.observe(0, unravel(carry[0]), None))[0], growth + log

        seen = ravel_pytree(system.observe(0, unravel(carry[0]), None))[0]
        start = (carry, jnp.zeros_like(seen), jnp.zeros((), flat.dtype))
        carry, rates, growth = jax.lax.fori_loop(0, length, one, start)
        return carry, (rates / length, growth / length)

    carry = jax.lax.fori_loop(0, transient, alone, (flat, vector / jnp.linalg.norm(vector)))
    (x, v), (rates, growth) = jax.lax.scan(block, carry, None, length=_BLOCKS)
    return unravel(x), rates, growth, v
