"""Cycles of piecewise-linear networks against brute force over all regions, and against the tent map."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.map_cycles import DavidchackLai, Regions, periodic_points
from dynascope.models.artificial import ALRNN


def wild(n: int, seed: int) -> Any:
    """A PLRNN with strong random weights, which has several fixed points and cycles."""
    rng = np.random.default_rng(seed)
    return ALRNN(rng.uniform(0.2, 0.8, n), 1.5 * rng.normal(size=(n, n)) / np.sqrt(n), rng.normal(size=n), rectified=n)


def brute(network: Any, period: int) -> np.ndarray:
    """First states of all cycles whose length divides `period`, region by region in plain loops."""
    a, w, h = (np.asarray(x) for x in (network.a, network.weight, network.bias))
    n, found = len(a), []
    for signs in itertools.product(itertools.product((0.0, 1.0), repeat=n), repeat=period):
        total, shift = np.eye(n), np.zeros(n)
        for s in signs:
            m = np.diag(a) + w @ np.diag(s)
            total, shift = m @ total, m @ shift + h
        if abs(np.linalg.det(np.eye(n) - total)) < 1e-12:
            continue
        z = np.linalg.solve(np.eye(n) - total, shift)
        now, real = z, True
        for s in signs:
            real = real and bool(np.all((now > 0) == (np.array(s) > 0)))
            now = a * now + w @ np.maximum(now, 0) + h
        if real:
            found.append(z)
    return np.array(found).reshape(-1, n)


def divisors(p: int) -> list[int]:
    return [q for q in range(1, p + 1) if p % q == 0]


@pytest.mark.parametrize("seed", [0, 3, 7])
def test_all_cycles_are_those_of_brute_force(seed):
    network = wild(3, seed)
    cycles = periodic_points(network, 3)
    assert cycles.complete.all()
    assert "no isolated cycle is missing" in cycles.summary()
    for p in (1, 2, 3):
        theirs = brute(network, p)
        parts = [cycles.points[cycles.periods == q, :q].reshape(-1, 3) for q in divisors(p)]
        ours = np.concatenate(parts)
        assert len(ours) == len(theirs)
        if len(ours):
            gaps = np.max(np.abs(ours[:, None] - theirs[None]), axis=2)
            assert gaps.min(axis=1).max() < 1e-8
            assert gaps.min(axis=0).max() < 1e-8
    assert len(cycles) == 0 or cycles.residuals.max() < 1e-9


def test_walks_through_regions_find_what_exhaustion_finds():
    total = 0
    for seed in range(8):
        network = wild(8, seed)
        every = periodic_points(network, 1)
        walked = periodic_points(network, 1, method=Regions(exhaustive=1, starts=256))
        assert every.complete.all()
        assert not walked.complete.any()
        assert len(walked) == len(every)
        np.testing.assert_allclose(
            np.sort(walked.points[:, 0, 0]), np.sort(every.points[:, 0, 0]), rtol=1e-8, atol=1e-10
        )
        total += len(every)
    assert total >= 4


def test_network_that_is_a_tent_map_has_the_cycles_of_the_tent_map():
    """z' = 1 - 1.9 |z| has two fixed points, one cycle of period 2 and more; the other unit only follows."""
    network: Any = ALRNN.example()
    cycles = periodic_points(network, 6)
    tent = ds.iterated(lambda n, z, p: 1 - 1.9 * jnp.abs(z), [0.3])
    box = ds.Box(jnp.array([-1.0]), jnp.array([1.0]))
    other = periodic_points(tent, 6, region=box, method=DavidchackLai(starts=1024))
    assert cycles.counts() == other.counts()
    assert cycles.counts()[1] == 2
    np.testing.assert_allclose(np.abs(cycles.multipliers[:, 0]), 1.9**cycles.periods, rtol=1e-9)
    assert cycles.complete.all()


def test_form_and_step_of_the_network_agree():
    network = wild(5, 1).replace(rectified=2)
    form: Any = network.rectified_form(None)
    for key in range(4):
        z = 3 * jax.random.normal(jax.random.key(key), (5,))
        drive = form.inner @ z + form.threshold
        by_form = form.linear @ z + form.outer @ jnp.maximum(drive, 0) + form.bias
        np.testing.assert_allclose(by_form, network.step(0, z, None), atol=1e-12)


def test_only_maps_that_say_their_form():
    with pytest.raises(ds.InputError, match="rectified_form"):
        periodic_points(ds.build("henon"), 2, method=Regions())
