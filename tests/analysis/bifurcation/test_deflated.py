"""Deflated continuation: branches that are connected to no other one and exist at no value that is looked at."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from tests.analysis.bifurcation.small_systems import box

_H = 0.05


def _pitchfork(t, y, p):
    # x' = m x - x^3 + h, where m is positive for a while only: the isolated branch is a closed curve.
    m = 0.5 - 30.0 * (p["l"] - 0.35) ** 2
    return jnp.stack([m * y[0] - y[0] ** 3 + _H])


def test_the_isolated_branch_of_a_perturbed_pitchfork_is_found_by_deflation_alone():
    system = ds.flow(_pitchfork, [0.3], parameters={"l": 0.0}, names="x")
    region = box([-2.0], [2.0])
    plain = ds.bifurcations(system, "p.l", 0.0, 1.0, region=region)
    found = ds.bifurcations(system, "p.l", 0.0, 1.0, region=region, deflations=21)
    assert len(plain.branches) == 1
    assert plain.types == ()
    first, second = found.branches
    np.testing.assert_allclose(first.parameter[[0, -1]], [0.0, 1.0])
    assert "closed" in second.ends[0]
    # Folds where m = 3 (h / 2)^(2/3).
    reach = np.sqrt((0.5 - 3 * (_H / 2) ** (2 / 3)) / 30)
    assert found.types == ("fold", "fold")
    places = sorted(p.parameter for p in found.points)
    np.testing.assert_allclose(places, [0.35 - reach, 0.35 + reach], atol=1e-9)
    assert np.max(second.states) < 0.0
    # All three roots at the middle lie on the branches.
    seen = []
    for branch in found.branches:
        off = branch.parameter - 0.35
        for i in np.flatnonzero(off[1:] * off[:-1] < 0):
            share = off[i] / (off[i] - off[i + 1])
            seen.append(branch.states[i, 0] + share * (branch.states[i + 1, 0] - branch.states[i, 0]))
    np.testing.assert_allclose(sorted(seen), np.sort(np.roots([-1.0, 0.0, 0.5, _H]).real), atol=1e-2)


def test_a_negative_number_of_deflations_is_refused():
    system = ds.flow(_pitchfork, [0.3], parameters={"l": 0.0}, names="x")
    with pytest.raises(InputError, match="`deflations`"):
        ds.bifurcations(system, "p.l", 0.0, 1.0, deflations=-1)
