"""Echo-state networks as models of data: driven by it, read by regression, then run by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._types import Key
from ...models.networks import EchoState
from ...systems import closed_loop
from ...systems.derived import RuledMap
from ..regression import AbstractLeastSquares, ridge
from ._echoes import echoes
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
    features, targets = [], []
    for i, data in enumerate(jnp.asarray(s, float) for s in stretches):
        if data.ndim != 2 or data.shape[1] != network.input_size():
            raise InputError(
                f"The reservoir takes {network.input_size()} inputs, but stretch {i} has shape {data.shape}. Draw a "
                "network with as many inputs as there are channels."
            )
        if len(data) <= washout + 1:
            continue
        drive = data
        if noise and key is not None:
            drive = data + noise * jax.random.normal(jax.random.fold_in(key, i), data.shape)
        states = echoes(network, drive[:-1])[washout:]
        features.append(np.asarray(kind.features(states)))
        targets.append(np.asarray(data[washout + 1 :]))
    if not features:
        raise InputError(f"No stretch is longer than the washout of {washout} samples. Lower `washout`.")
    # One stretch, perhaps of hundreds of megabytes, is not copied.
    phi = features[0] if len(features) == 1 else np.concatenate(features)
    weights = ridge(phi, np.concatenate(targets), penalty=penalty * len(phi), method=method)
    loop: Any = closed_loop(network, eqx.tree_at(lambda r: r.weights, kind, jnp.asarray(weights)))
    return loop
