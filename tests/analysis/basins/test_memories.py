"""States of spins, counted against all of them."""

import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.basins import basin_shares
from dynascope.models.networks import Hopfield

#: A power of two, so that weights are exact and a field of zero is one.
SPINS = 8


def ends(weights: np.ndarray) -> np.ndarray:
    """Where each of all 2^8 states comes to rest, by sweeps in fixed order; a spin in zero field keeps its value."""
    states = 2.0 * ((np.arange(2**SPINS)[:, None] >> np.arange(SPINS)) & 1) - 1
    while True:
        before = states.copy()
        for i in range(SPINS):
            field = states @ weights[i]
            states[:, i] = np.where(field != 0, np.sign(field), states[:, i])
        if np.array_equal(states, before):
            return states


def test_stored_mirrored_and_spurious_states_are_counted_right_for_one_to_ten_patterns():
    rng = np.random.default_rng(11)
    region = ds.Box(jnp.full(SPINS, -1.0), jnp.full(SPINS, 1.0))
    for count in range(1, 11):
        patterns = rng.choice([-1.0, 1.0], (count, SPINS))
        network = Hopfield.from_patterns(jnp.asarray(patterns))
        states, sizes = np.unique(ends(np.asarray(network.W)), axis=0, return_counts=True)
        exact = {tuple(s): n / 2**SPINS for s, n in zip(states.astype(int).tolist(), sizes, strict=True)}
        found = basin_shares(network, region=region, precision=0.008, most=4096)
        assert found.undecided == 0.0
        got = {tuple(np.sign(s).astype(int).tolist()): i for i, s in enumerate(found.states)}
        assert len(got) == len(found)  # none twice
        assert set(got) <= set(exact)  # none that is not at rest
        assert all(state in got for state, share in exact.items() if share > 6 / found.starts)  # none missed
        for state, i in got.items():
            assert abs(found.shares[i] - exact[state]) < 4 * found.stderr[i]
