"""Multiple shooting: parameters of a known rule from noisy data, by short runs that are made to join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ...systems import AbstractMap
from ._learned import learned_leaves
from ._pull import dtype_of, flat_step, seen

#: Weights of the jumps between segments, against misfits of one standard deviation of the data: from free to joined.
_WEIGHTS = (0.1, 1.0, 10.0, 100.0, 1000.0)
#: Steps of the minimiser at each weight, damping at the start, gain of a step below which it ends.
_STEPS, _DAMPING, _ENOUGH = 60, 1e-3, 1e-7
#: A jump above this share of the spread of the state means that the segments do not form one run.
_JOINED = 1e-2


class Shooting(AbstractResult):
    """Parameters found by multiple shooting.

    Attributes:
        model: The model with these parameters, begun as before.
        parameters: Values of the trained parameters, flattened in the order of `names`.
        stderr: Their standard errors, from the curvature at the minimum, for noise that is independent between samples.
        names: Names of the entries.
        states: The state at every sample, shape `(time, component)`.
        misfit: Root mean square of data less model per channel, in the units of the data.
        jumps: Largest jump between two segments, in units of the spread of the state.
        steps: Steps of the minimiser.
    """

    model: Any
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    parameters: np.ndarray = output("parameter", doc="values found")
    stderr: np.ndarray = output("parameter", doc="their standard errors")
    states: np.ndarray = output("time", "component", doc="state at every sample")
    misfit: np.ndarray = output("channel", doc="root mean square of data less model")
    jumps: np.ndarray = output(doc="largest jump between segments, in spreads of the state")
    steps: np.ndarray = output(doc="steps of the minimiser")

    def summary(self) -> str:
        """The parameters with their errors, how well the run fits, and whether it is one."""
        values = ", ".join(
            f"{n} = {p:.5g} +- {e:.2g}" for n, p, e in zip(self.names, self.parameters, self.stderr, strict=True)
        )
        joined = "one run" if self.successful else "no single run: the segments do not join"
        return (
            f"Multiple shooting over {len(self.states)} samples: {values}. Misfit "
            f"{', '.join(f'{m:.3g}' for m in self.misfit)}; largest jump {float(self.jumps):.1e} spreads, {joined}."
        )


class _Problem(NamedTuple):
    """What is fitted: segments of `length` samples, weights 0 where a sample is missing or filled up."""

    values: Any
    known: Any
    scale: Any
    spread: Any


def multiple_shooting(
    model: AbstractMap,
    data: Any,
    *,
    trainable: Sequence[str],
    length: int = 20,
    states: Any = None,
) -> Shooting:
    r"""Fit parameters of a rule to noisy data by many short runs, which are joined more and more strictly.

    The data are cut into segments, each run from a start of its own. Minimised over the parameters $\theta$ and the
    starts $s_k$ is $\sum_k \sum_i |x_{ki} - B\,\phi^i_\theta(s_k)|^2 / \sigma^2 + w \sum_k |\phi^L_\theta(s_k) -
    s_{k+1}|^2 / S^2$, by the method of Levenberg and Marquardt, with the weight w of the jumps rising from 0.1 to 1000
    (their square roots multiply the residuals). One long run from a single start has a misfit with many local minima,
    and for chaos none that can be followed; short runs have not.

    Args:
        model: A map, or a flow made one: `SampledFlow(flow, dt, steps=...)`. It begins where the data do.
        data: Samples in the units that the model shows, shape `(time, channel)`; NaN where missing.
        trainable: Names of the parameters, such as `("system.rho",)` of a flow in `SampledFlow`.
        length: Samples of a segment. For chaos a Lyapunov time or two; the number of samples for single shooting.
        states: First guess of the state at every sample, shape `(time, component)`; None takes the data, which then
            must show the whole state.

    Raises:
        InputError: If the data do not fit the model, nothing is to be trained, or a first guess is needed.

    Reference:
        Bock (1981), Numerical treatment of inverse problems in chemical reaction kinetics, Springer Series in Chemical
        Physics 18, 102-125; for chaos Baake, Baake, Bock & Briggs (1992), Fitting ordinary differential equations to
        chaotic data, Physical Review A 45, 5524-5529.

    Example:
        >>> import dynascope as ds
        >>> run = ds.trajectory(ds.build("logistic", r=3.7), None, range(60)).flat
        >>> found = multiple_shooting(ds.build("logistic", r=3.5), run, trainable=("r",), length=5)
        >>> round(float(found.parameters[0]), 4)
        3.7
    """
    rows, guess = _checked(model, data, length, states)
    learned = learned_leaves(model, trainable)
    weights, rest = eqx.partition(model, learned)
    theta, unravel = ravel_pytree(weights)
    if not theta.size:
        raise InputError("`trainable` names parameters without entries, so there is nothing to fit.")
    problem = _cut(rows, guess, length)
    starts = jnp.asarray(guess[::length], dtype_of(model))
    found = _minimised(_Fit(unravel, rest), problem, theta, starts)
    made = eqx.combine(unravel(found.theta), rest)
    after = np.asarray(_runs(made, found.starts, length))[:, :-1].reshape(-1, guess.shape[1])[: len(rows)]
    shown = np.asarray(jax.vmap(lambda z: seen(made, z))(jnp.asarray(after)))
    joined = found.jump < _JOINED
    return Shooting(
        model=made,
        result=RESULTS.successful if joined else RESULTS.not_converged,
        settings=provenance(
            model=type(model).__name__, trainable=list(trainable), length=length, samples=len(rows), weights=_WEIGHTS
        ),
        names=_names(weights),
        parameters=np.asarray(found.theta),
        stderr=found.stderr,
        states=after,
        misfit=np.sqrt(np.nanmean((shown - rows) ** 2, axis=0)),
        jumps=np.asarray(found.jump),
        steps=np.asarray(found.steps),
    )


class _Fit(NamedTuple):
    """The model as a function of its flattened parameters."""

    unravel: Any
    rest: Any


class _Found(NamedTuple):
    theta: Any
    starts: Any
    stderr: np.ndarray
    jump: float
    steps: int


def _checked(model: Any, data: Any, length: int, states: Any) -> tuple[np.ndarray, np.ndarray]:
    """The data, and a first guess of the state at every sample."""
    if not isinstance(model, AbstractMap):
        raise InputError(
            f"`multiple_shooting` needs a map, got `{type(model).__name__}`. Make one of a flow by `SampledFlow`."
        )
    rows = np.asarray(data, float)
    size = ravel_pytree(model.initial_state())[0].size
    channels = jax.eval_shape(lambda z: seen(model, z), jnp.zeros(size)).shape
    if rows.ndim != 2 or channels != (rows.shape[1],) or np.isinf(rows).any():
        raise InputError(
            f"`data` must be finite (NaN where missing), of shape (time, channel) with the {channels} that the model "
            f"shows, got {rows.shape}."
        )
    if not 2 <= length <= len(rows):
        raise InputError(f"`length` must lie between 2 and the {len(rows)} samples of the data, got {length}.")
    guess = rows if states is None else np.asarray(states, float)
    if guess.shape != (len(rows), size) or not np.isfinite(guess[::length]).all():
        raise InputError(
            f"Segments need a first guess of all {size} components at every {length}th sample, and `data` do not give "
            "it. Give `states`, of shape (time, component)."
        )
    return rows, guess


def _cut(rows: np.ndarray, guess: np.ndarray, length: int) -> _Problem:
    count = -(-len(rows) // length)
    filled = np.full((count * length, rows.shape[1]), np.nan)
    filled[: len(rows)] = rows
    known = np.isfinite(filled)
    scale = np.nanstd(rows, axis=0)
    spread = np.nanstd(guess, axis=0)
    cut = (count, length, rows.shape[1])
    return _Problem(
        np.where(known, filled, 0.0).reshape(cut),
        known.astype(float).reshape(cut),
        np.where(scale > 0, scale, 1.0),
        np.where(spread > 0, spread, 1.0),
    )


def _minimised(fit: _Fit, problem: _Problem, theta: Any, starts: Any) -> _Found:
    """Levenberg-Marquardt at each weight of the jumps, from the minimum of the one before."""
    point = np.concatenate([np.asarray(theta, float), np.asarray(starts, float).reshape(-1)])
    shape, size = starts.shape, theta.size
    steps = 0

    def parts(point: np.ndarray) -> tuple[Any, Any]:
        return jnp.asarray(point[:size], theta.dtype), jnp.asarray(point[size:].reshape(shape), starts.dtype)

    residual, jacobian = np.zeros(0), np.zeros((0, 0))
    for weight in _WEIGHTS:
        damping = _DAMPING
        residual, jacobian = _linear(fit, problem, *parts(point), weight)
        for _ in range(_STEPS):
            normal, slope = jacobian.T @ jacobian, jacobian.T @ residual
            move = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), -slope)
            fresh, tangent = _linear(fit, problem, *parts(point + move), weight)
            steps += 1
            before, after = residual @ residual, fresh @ fresh
            if not after < before:
                damping *= 10
                if damping > 1e12:
                    break
                continue
            point, residual, jacobian, damping = point + move, fresh, tangent, max(damping / 10, 1e-12)
            if before - after < _ENOUGH * before:
                break
    known = int(problem.known.sum())
    freedom = max(known - size - shape[1], 1)
    misfits = residual[: problem.values.size]
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * (misfits @ misfits) / freedom
    jumps = residual[problem.values.size :] / _WEIGHTS[-1]
    theta_found, starts_found = parts(point)
    return _Found(
        theta_found,
        starts_found,
        np.sqrt(np.diag(covariance)[:size]),
        float(np.max(np.abs(jumps), initial=0.0)),
        steps,
    )


def _linear(fit: _Fit, problem: _Problem, theta: Any, starts: Any, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """Residuals (misfits, then jumps) and their derivatives by parameters and starts, dense."""
    misfit, ends, by_theta, by_start = map(np.asarray, _segments(fit.unravel, fit.rest, problem, theta, starts))
    count, each = misfit.shape
    size, d = theta.size, starts.shape[1]
    jump = (ends[:-1, :] - np.asarray(starts)[1:]) / problem.spread * weight
    residual = np.concatenate([misfit.reshape(-1), jump.reshape(-1)])
    jacobian = np.zeros((len(residual), size + count * d))
    for k in range(count):
        rows = slice(k * each, (k + 1) * each)
        own = slice(size + k * d, size + (k + 1) * d)
        jacobian[rows, :size], jacobian[rows, own] = by_theta[k, :each], by_start[k, :each]
        if k < count - 1:
            rows = slice(count * each + k * d, count * each + (k + 1) * d)
            scaled = weight / problem.spread[:, None]
            jacobian[rows, :size], jacobian[rows, own] = by_theta[k, each:] * scaled, by_start[k, each:] * scaled
            jacobian[rows, size + (k + 1) * d : size + (k + 2) * d] = -np.diag(weight / problem.spread)
    bad = ~np.isfinite(residual)
    return np.where(bad, 1e6, residual), np.where(np.isfinite(jacobian), jacobian, 0.0)


@compiled
def _segments(unravel: Any, rest: Any, problem: Any, theta: Any, starts: Any) -> Any:
    """Misfits and ends of all segments, with derivatives of both, stacked, by parameters and own start."""

    def one(theta: Any, start: Any, values: Any, known: Any) -> Any:
        model = eqx.combine(unravel(theta), rest)
        states = _run(model, start, len(values))
        shown = jax.vmap(lambda z: seen(model, z))(states[:-1])
        return jnp.concatenate([(known * (shown - values) / problem.scale).reshape(-1), states[-1]])

    def both(start: Any, values: Any, known: Any) -> Any:
        derivatives = jax.jacfwd(one, argnums=(0, 1))(theta, start, values, known)
        return one(theta, start, values, known), *derivatives

    whole, by_theta, by_start = jax.vmap(both)(starts, problem.values, problem.known)
    each = problem.values.shape[1] * problem.values.shape[2]
    return whole[:, :each], whole[:, each:], by_theta, by_start


@compiled
def _runs(model: Any, starts: Any, length: int) -> Any:
    return jax.vmap(lambda start: _run(model, start, length))(starts)


def _run(model: Any, start: Any, length: int) -> Any:
    """The states from `start` on, shape `(length + 1, component)`."""

    def step(z: Any, _: Any) -> Any:
        after = flat_step(model, z)
        return after, after

    return jnp.concatenate([start[None], jax.lax.scan(step, start, length=length)[1]])


def _names(weights: Any) -> tuple[str, ...]:
    """Names of the flattened entries of the trained part of a model, in their order."""
    found: list[str] = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(weights)[0]:
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        found += [name] if np.ndim(leaf) == 0 else [f"{name}[{i}]" for i in range(np.size(leaf))]
    return tuple(found)
