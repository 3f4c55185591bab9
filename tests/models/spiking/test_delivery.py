"""Delivery of spikes: both ways of it agree, and nothing large is copied in a step."""

import re
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope._compile import _WIDE
from dynascope.models.spiking import (
    CurrentReceptor,
    FixedInDegree,
    LeakyCells,
    Population,
    Projection,
    UniformDraw,
    spiking_network,
)
from dynascope.models.spiking._table import delivered
from dynascope.models.synapses import PairSTDP
from dynascope.solve._simulate import _chunk

N = 300


def made(*, learns: bool) -> Any:
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0), CurrentReceptor("inh", tau=10.0)), E_L=-49.0)
    delay = UniformDraw(0.1, 3.0)
    links = [
        Projection("E", "E", FixedInDegree(20), "exc", 1.0, delay=delay, plasticity=PairSTDP() if learns else None),
        Projection("E", "E", FixedInDegree(30), "inh", -1.0, delay=delay),
    ]
    network = spiking_network([Population("E", N, cells)], links, key=jax.random.key(3))
    return jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, network)


@pytest.mark.parametrize("learns", [False, True])
def test_a_step_copies_neither_the_spikes_on_their_way_nor_weights(learns: bool) -> None:
    network = made(learns=learns)
    y = network.initial_state()
    plan = (jnp.asarray(0, jnp.int32), jnp.asarray(50, jnp.int32))
    chunk: Any = _chunk
    jit: Any = eqx.filter_jit
    step = jit(chunk.__wrapped__, compiler_options=_WIDE)  # as for all but the smallest networks
    text = step.lower(network, y, None, None, plan, None, (50, 1, 10)).compile().compiled.as_text()
    loops = text[: text.index("ENTRY")]
    ring = y.arriving.size
    assert f"f32[{ring}]" in loops
    sizes = [int(size) for size in re.findall(r"= f32\[(\d+)\]\S* copy\(", loops)]
    assert max(sizes, default=0) < ring, sizes
    if learns:
        assert network.learning[0].synapses.count not in sizes


def test_one_by_one_and_by_pieces_are_the_same_sum_as_numpy() -> None:
    network = made(learns=False)
    table, depth, n = network.synapses, network.depth, 17
    fired = np.random.default_rng(0).random((3, N)) < 0.05
    ring = jnp.zeros(network.initial_state().arriving.size, jnp.float64)

    def send(one: jax.Array) -> jax.Array:
        return delivered(table, ring, one, n, depth=depth)

    together = jax.jit(jax.vmap(send))(fired)
    alone = jax.jit(send)
    first, slots, waits, weights = (np.asarray(a) for a in (table.first, table.slots, table.waits, table.weights))
    sources = np.repeat(np.arange(N), np.diff(first))
    places = (n + 1 + waits.astype(int)) % depth * (ring.size // depth) + slots
    for one, batched in zip(fired, together, strict=True):
        expected = np.zeros(ring.size)
        np.add.at(expected, places, np.where(one[sources], weights, 0.0))
        np.testing.assert_allclose(alone(one), expected, rtol=1e-12)
        np.testing.assert_allclose(batched, expected, rtol=1e-12)
