"""Echo-state networks as models of data: driven by it, read by regression, then run by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ..._errors import InputError
from ..._types import Key, State
from ...models.networks import EchoState
from ...systems import closed_loop
from ...systems.derived import RuledMap
from ..regression import AbstractLeastSquares, Cholesky, ridge
from ..regression._ridge import NormalEquations, solver_for
from ._echoes import echoes, over, written
from ._readouts import AbstractReadout, AlternatingReadout


def fit_echo_state(
    network: EchoState,
    stretches: Sequence[Any],
    *,
    readout: AbstractReadout | None = None,
    penalty: float = 1e-8,
    washout: int = 100,
    noise: float = 0.0,
    method: AbstractLeastSquares | None = None,
    key: Key | None = None,
) -> RuledMap:
    r"""Learn the readout of a reservoir so that, fed with its own readout, it goes on like the data.

    The network is driven by the samples u[n]; after a washout, ridge regression makes its readout at state x[n+1] that
    of the next sample u[n+1]. `closed_loop` then replaces the drive.

    Args:
        network: The reservoir, with as many inputs as there are channels.
        stretches: Arrays of shape `(time, channel)`, standardised.
        readout: The kind of readout; every second unit squared if not given.
        penalty: Of the ridge regression, per sample.
        washout: Samples of each stretch after which its start is forgotten, not learned from.
        noise: Standard deviation of noise added to the drive, which makes the closed loop more stable.
        method: How the regression is solved.
        key: Random key of the noise.

    Returns:
        The closed loop, a map of the network's state; its `rule` is the readout.

    Raises:
        InputError: If the channels differ, no stretch is longer than the washout, or noise is asked for without key.

    Reference:
        Jaeger & Haas (2004), Harnessing nonlinearity, Science 304, 78-80; Pathak, Lu, Hunt, Girvan & Ott (2017), Using
        machine learning to replicate chaotic attractors and calculate Lyapunov exponents from data, Chaos 27, 121102.
    """
    kind = AlternatingReadout() if readout is None else readout
    if noise and key is None:
        raise InputError("`noise` needs a `key` to be drawn from. Give one, such as `jax.random.key(0)`.")
    sums: NormalEquations | None = None
    held: list[tuple[Any, Any]] = []
    solver = solver_for(penalty, method)
    for i, data in enumerate(np.asarray(s, float) for s in stretches):
        if data.ndim != 2 or data.shape[1] != network.input_size():
            raise InputError(
                f"The reservoir takes {network.input_size()} inputs, but stretch {i} has shape {data.shape}. Draw a "
                "network with as many inputs as there are channels."
            )
        if len(data) <= washout + 1:
            continue
        drive = data
        if noise and key is not None:
            drive = data + noise * np.asarray(jax.random.normal(jax.random.fold_in(key, i), data.shape))
        if isinstance(solver, Cholesky):
            sums = _summed(network, kind, (drive, data), washout, sums)
        else:
            held.append((np.asarray(_features(kind, echoes(network, drive[:-1])))[washout:], data[washout + 1 :]))
    if sums is not None:
        weights = sums.solved(penalty * sums.samples)
    elif held:
        phi, targets = (np.concatenate(x) for x in zip(*held, strict=True))
        weights = ridge(phi, targets, penalty=penalty * len(phi), method=solver)
    else:
        raise InputError(f"No stretch is longer than the washout of {washout} samples. Lower `washout`.")
    loop: Any = closed_loop(network, eqx.tree_at(lambda r: r.weights, kind, jnp.asarray(weights)))
    return loop


def predictions(loop: RuledMap, drive: Any, y0: State = None) -> NDArray[np.float64]:
    """What the readout of a closed loop says after each sample of `drive`: the next sample, if it was learned well.

    Args:
        loop: What `fit_echo_state` gives.
        drive: Samples, shape `(time, channel)`.
        y0: State of the reservoir before the first sample; None for its own start.

    Returns:
        Shape `(time, channel)`.
    """
    rule: Any = loop.rule
    shape = len(drive), rule.weights.shape[1]

    def take(kept: NDArray[np.float64], states: NDArray[np.float64], places: NDArray[np.int64]) -> None:
        written(kept, np.asarray(_read(rule, states)), places)

    return over(loop.system, drive, y0, lambda: np.empty(shape), take)


def _summed(
    network: EchoState,
    kind: AbstractReadout,
    given: tuple[NDArray[np.float64], NDArray[np.float64]],
    washout: int,
    before: NormalEquations | None,
) -> NormalEquations:
    """The normal equations with one more stretch: the samples that drive, and the samples themselves."""
    drive, data = given
    last = len(data) - 1

    def take(sums: NormalEquations, states: NDArray[np.float64], places: NDArray[np.int64]) -> None:
        phi = np.asarray(_features(kind, states)).reshape(places.size, -1)
        at = places.ravel()
        kept = (at >= washout) & (at < last)
        if not kept.all():
            phi, at = phi[kept], at[kept]
        sums.add(phi, data[at + 1])

    def fresh() -> NormalEquations:
        count = jax.eval_shape(kind.features, jax.ShapeDtypeStruct((network.W.size,), float)).shape[0]
        return NormalEquations(count, data.shape[1]) if before is None else before.copy()

    return over(network, drive[:-1], None, fresh, take)


@compiled
def _features(kind: AbstractReadout, states: Any) -> jax.Array:
    return kind.features(jnp.asarray(states))


@compiled
def _read(rule: AbstractReadout, states: Any) -> jax.Array:
    return rule(0, jnp.asarray(states))
