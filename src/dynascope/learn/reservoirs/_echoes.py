"""States of driven reservoirs: compiled, or by compressed sparse rows where the network is sparse."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._tree import is_traced
from ..._types import State
from ...models.networks import EchoState
from ...systems import AbstractMap, SparseConnectivity


def echoes(network: AbstractMap, drive: Any, y0: State = None) -> jax.Array:
    """States after each sample of `drive`, from `y0` or the network's own start.

    A sparse `EchoState` is stepped by SciPy's compressed rows where that can be (on a processor, outside of compiled
    functions), which take a quarter of the time of a sum over edges in XLA.

    Args:
        network: A map that takes the samples as input.
        drive: Samples, shape `(time, input)`.
        y0: State before the first sample; None for `network.initial_state()`.

    Returns:
        Shape `(time, units)`.
    """
    if isinstance(network, EchoState) and _on_host(network, drive, y0):
        start = network.initial_state() if y0 is None else y0
        return jnp.asarray(_by_rows(network, np.asarray(drive), np.asarray(start)))
    return _compiled(network, drive, y0)


@eqx.filter_jit
def _compiled(network: AbstractMap, drive: Any, y0: State) -> jax.Array:
    start = network.initial_state() if y0 is None else y0

    def heard(y: State, u: Any) -> tuple[State, State]:
        fresh = network.step(0, y, u)
        return fresh, fresh

    return jax.lax.scan(heard, start, drive)[1]


def _on_host(network: EchoState, drive: Any, y0: State) -> bool:
    """Whether compressed rows on the processor serve: nothing is traced, and no accelerator waits for the product."""
    plain = isinstance(network.W, SparseConnectivity) and not is_traced((network, drive, y0))
    one = plain and jnp.ndim(network.leak) == jnp.ndim(network.spectral_radius) == 0 and jnp.ndim(network.bias) == 1
    return one and jnp.ndim(drive) == 2 and jax.default_backend() == "cpu"


def _by_rows(network: EchoState, drive: np.ndarray, y: np.ndarray) -> np.ndarray:
    """All states; what the drive adds is overwritten by the state after it, so that memory holds them once."""
    states = drive @ np.asarray(network.W_in).T + np.asarray(network.bias)
    leak = float(network.leak)
    matrix = _rows(network) * np.asarray(network.spectral_radius)
    for row in states:
        row += matrix @ y
        np.tanh(row, out=row)
        if leak != 1.0:
            row *= leak
            row += (1.0 - leak) * y
        y = row
    return states


def _rows(network: EchoState) -> Any:
    """The weights between units as compressed rows: targets rise, so that edges are in order already."""
    from scipy.sparse import csr_array

    W: Any = network.W
    ends = np.searchsorted(np.asarray(W.targets), np.arange(W.size + 1))
    return csr_array((np.asarray(W.weights), np.asarray(W.sources), ends), shape=(W.size, W.size))
