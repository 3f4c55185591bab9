"""States of driven reservoirs: compiled, or by compressed sparse rows where the network is sparse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ..._tree import is_traced
from ..._types import State
from ...models.networks import EchoState
from ...systems import AbstractMap, SparseConnectivity
from ._abreast import abreast

Kept = TypeVar("Kept")


def echoes(network: AbstractMap, drive: Any, y0: State = None) -> jax.Array:
    """States after each sample of `drive`, from `y0` or the network's own start.

    On a processor, outside of compiled functions, a sparse `EchoState` that forgets its start hears a long drive at
    sixteen places at once, each begun from a state that has heard what was before; the result is the same up to some
    roundings. Where it does not forget, or the drive is short, it is stepped by SciPy's compressed rows, which take a
    quarter of the time of a sum over edges in XLA.

    Args:
        network: A map that takes the samples as input.
        drive: Samples, shape `(time, input)`.
        y0: State before the first sample; None for `network.initial_state()`.

    Returns:
        Shape `(time, units)`.
    """
    if not _on_host(network, drive, y0):
        return _compiled(network, drive, y0)
    shape = len(drive), jnp.shape(network.initial_state())[0]
    states = over(network, drive, y0, lambda: aligned(shape), written)
    # What may be hundreds of megabytes is handed over, not copied.
    return jax.device_put(states, may_alias=True)


def over(
    network: AbstractMap,
    drive: Any,
    y0: State,
    fresh: Callable[[], Kept],
    take: Callable[[Kept, NDArray[np.float64], NDArray[np.int64]], None],
) -> Kept:
    """What `take(kept, states, places)` makes of `fresh()` with the states after all samples, maybe out of order.

    States come in blocks, so that nobody has to hold them all; `places` are the numbers of their samples, not all of
    which need be within the drive.
    """
    if not _on_host(network, drive, y0):
        kept = fresh()
        take(kept, np.asarray(_compiled(network, drive, y0)), np.arange(len(drive)))
        return kept
    start = network.initial_state() if y0 is None else y0
    reservoir: Any = network
    samples, first = np.asarray(drive, float), np.asarray(start, float)
    kept = fresh()
    if not abreast(reservoir, samples, first, lambda states, places: take(kept, states, places)):
        kept = fresh()
        take(kept, _by_rows(reservoir, samples, first), np.arange(len(samples)))
    return kept


def written(kept: NDArray[np.float64], values: NDArray[np.float64], places: NDArray[np.int64]) -> None:
    """Write values to their places, as far as they are within."""
    inside = places < len(kept)
    if inside.all():
        kept[places] = values
    else:
        kept[places[inside]] = values[inside]


def aligned(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """An empty array that JAX takes over without a copy: it begins at a multiple of 64 bytes."""
    whole = np.empty(int(np.prod(shape)) + 8)
    skipped = -whole.ctypes.data // 8 % 8
    return whole[skipped : skipped + whole.size - 8].reshape(shape)


@compiled
def _compiled(network: AbstractMap, drive: Any, y0: State) -> jax.Array:
    start = network.initial_state() if y0 is None else y0

    def heard(y: State, u: Any) -> tuple[State, State]:
        fresh = network.step(0, y, u)
        return fresh, fresh

    return jax.lax.scan(heard, start, drive)[1]


def _on_host(network: AbstractMap, drive: Any, y0: State) -> bool:
    """Whether compressed rows on the processor serve: nothing is traced, and no accelerator waits for the product."""
    if not isinstance(network, EchoState):
        return False
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
