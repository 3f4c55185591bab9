"""Forced runs against loops written out, bounds of gradients, and estimates of growth against NumPy."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.learn.training import (
    AdaptiveForcing,
    GeneralisedTeacherForcing,
    GrowthBound,
    GrowthOfEntries,
    GrowthOfMean,
    GrowthOfProducts,
    LargestGrowth,
    NoForcing,
    ScheduledSampling,
    SparseTeacherForcing,
    Windows,
)
from dynascope.learn.training._growth import spectral_norms
from dynascope.learn.training._learned import learned_leaves
from dynascope.learn.training._pull import observation_of
from dynascope.learn.training._run import Runs
from dynascope.learn.training._update import Plan, forced_run, many_updates
from dynascope.learn.training._windows import prepared
from dynascope.models import ALRNN, AutoregressiveNetwork, DendriticPLRNN, ShallowPLRNN, build

RNG = np.random.default_rng(0)


def forced(model, data, strengths, known=None, start=None):
    observation = observation_of(model, learned_leaves(model))
    matrix = jnp.zeros((observation.size, observation.channels)) if start is None else jnp.asarray(start)
    weights = jnp.ones_like(data) if known is None else jnp.asarray(known)
    return forced_run(model, observation, matrix, (jnp.asarray(data), weights, None), jnp.asarray(strengths))


def test_a_forced_run_is_the_loop_of_the_paper():
    model = ALRNN.draw(n=5, rectified=2, key=jax.random.key(0))
    model = ALRNN(model.a, model.weight, model.bias, rectified=2, observed=2)
    data, start = RNG.normal(size=(12, 2)), RNG.normal(size=(5, 2))
    strengths = RNG.random(12)
    after, visited = forced(model, data, strengths, start=start)
    z = np.concatenate([data[0], start[2:] @ data[0]])
    for t in range(12):
        z[:2] = (1 - strengths[t]) * z[:2] + strengths[t] * data[t]
        np.testing.assert_allclose(visited[t], z, atol=1e-12)
        z = np.array(model.step(0, jnp.asarray(z), None))
        np.testing.assert_allclose(after[t], z, atol=1e-12)


def test_a_readout_is_pulled_through_its_pseudo_inverse():
    few = ShallowPLRNN.draw(n=2, hidden=6, channels=4, key=jax.random.key(1))
    assert few.readout is not None
    data, b = RNG.normal(size=(6, 4)), np.asarray(few.readout.weight)
    after, visited = forced(few, data, np.full(6, 0.3))
    z = np.linalg.pinv(b) @ data[0]
    for t in range(6):
        # With fewer components than channels this is (1 - alpha) z + alpha B^+ x.
        z = 0.7 * z + 0.3 * np.linalg.pinv(b) @ data[t]
        np.testing.assert_allclose(visited[t], z, atol=1e-10)
        z = np.asarray(few.step(0, jnp.asarray(z), None))
        np.testing.assert_allclose(after[t], z, atol=1e-10)
    many = DendriticPLRNN.draw(n=6, branches=3, channels=2, key=jax.random.key(2))
    _, visited = forced(many, data[:, :2], np.ones(6))
    seen = jax.vmap(lambda z: many.observe(0, z, None))(visited)
    np.testing.assert_allclose(seen, data[:, :2], atol=1e-10)  # a full pull shows the data


def test_missing_values_do_not_pull():
    model = ShallowPLRNN.draw(n=3, hidden=6, key=jax.random.key(1))
    data, known = RNG.normal(size=(5, 3)), np.ones((5, 3))
    known[2, 1] = known[3] = 0.0
    _, visited = forced(model, data, np.ones(5), known=known)
    after, _ = forced(model, data, np.ones(5), known=known)
    np.testing.assert_allclose(visited[2], [data[2, 0], after[1][1], data[2, 2]], atol=1e-12)
    np.testing.assert_allclose(visited[3], after[2], atol=1e-12)


def lozi():
    """A chaotic map, its largest singular value over all regions, and a noisy orbit of a thousand steps."""
    model = ShallowPLRNN.example()
    pieces = [[[-1.7 * sign, 1.0], [0.5, 0.0]] for sign in (1, -1)]
    sigma = float(np.linalg.norm(np.array(pieces), 2, axis=(1, 2)).max())
    orbit = np.asarray(ds.trajectory(model, None, np.arange(1000)).ys)
    return model, sigma, jnp.asarray(orbit + 0.05 * RNG.normal(size=orbit.shape))


def test_gradients_are_bounded_at_the_strength_of_theory():
    model, sigma, data = lozi()
    assert sigma > 1.5

    def ends(first, alpha):
        def step(z, x):
            after = model.step(0, (1 - alpha) * z + alpha * x, None)
            return after, after

        return jax.lax.scan(step, first, data)[1]

    def norms(alpha, at):
        return np.linalg.norm(np.asarray(jax.jacrev(lambda z: ends(z, alpha)[at])(data[0])), 2, axis=(1, 2))

    times = jnp.array([0, 1, 10, 100, 500, 999])
    assert np.all(norms(1 - 1 / sigma, times) <= 1 + 1e-9)  # dz_T / dz_0 at alpha*, for T up to 1000
    assert norms(0.0, jnp.array([60])) > 1e9  # the free run: e^(0.47 T)


def test_gradient_of_the_weights_does_not_grow_with_the_window():
    model, sigma, data = lozi()

    def gradient(length, alpha):
        def loss(outer):
            after, _ = forced(
                eqx.tree_at(lambda m: m.outer, model, outer), data[: length - 1], jnp.full(length - 1, alpha)
            )
            return jnp.mean((after - data[1:length]) ** 2)

        return float(jnp.linalg.norm(jax.grad(loss)(model.outer)))

    assert gradient(1000, 1 - 1 / sigma) < 3 * gradient(50, 1 - 1 / sigma)
    assert gradient(60, 0.0) > 1e6 * gradient(1000, 1 - 1 / sigma)


@pytest.mark.parametrize("shape", [(3, 3), (20, 20), (50, 3), (3, 50)])
def test_spectral_norms_are_bounds_within_half_a_percent(shape):
    matrices = RNG.normal(size=(6, *shape)) * 10.0 ** RNG.integers(-6, 6, size=(6, 1, 1))
    exact = np.linalg.norm(matrices, 2, axis=(1, 2))
    ours = np.asarray(spectral_norms(jnp.asarray(matrices)))
    assert np.all(ours >= exact * (1 - 1e-9))
    assert np.all(ours <= exact * 1.005)


def test_growth_is_what_the_paper_defines():
    jacobians = RNG.normal(size=(4, 7, 3, 3))
    norms = np.linalg.norm(jacobians, 2, axis=(2, 3))
    entries = np.sign(jacobians.mean(axis=1)) * np.exp(np.log(np.abs(jacobians)).mean(axis=1))
    expected = [
        (GrowthOfProducts(), np.exp(np.log(norms).mean(axis=1)).max()),
        (GrowthOfMean(), np.linalg.norm(jacobians.mean(axis=1), 2, axis=(1, 2)).max()),
        (GrowthOfEntries(), np.linalg.norm(entries, 2, axis=(1, 2)).max()),
        (LargestGrowth(), norms.max()),
    ]
    for growth, value in expected:
        assert float(growth.of(jnp.asarray(jacobians), None)) == pytest.approx(value, rel=5e-3)


@pytest.mark.parametrize(
    "model",
    [
        ShallowPLRNN.draw(n=3, hidden=9, clipped=True, key=jax.random.key(0)),
        ShallowPLRNN.draw(n=3, hidden=9, clipped=False, key=jax.random.key(0)),
        DendriticPLRNN.draw(n=4, branches=3, key=jax.random.key(0)),
        ALRNN.draw(n=5, rectified=2, gain=1.0, key=jax.random.key(0)),
    ],
)
def test_the_bound_of_the_weights_holds_everywhere(model):
    bound = float(GrowthBound().of(None, model))
    points = jnp.asarray(RNG.normal(size=(300, model.a.size)) * 3)
    norms = np.linalg.norm(np.asarray(jax.vmap(jax.jacfwd(lambda z: model.step(0, z, None)))(points)), 2, axis=(1, 2))
    assert np.all(norms <= bound)
    assert bound < 40 * norms.max()


def test_bound_of_weights_needs_a_piecewise_linear_map():
    with pytest.raises(InputError, match="GrowthOfProducts"):
        GrowthBound().of(None, AutoregressiveNetwork.example())


def test_adaptive_forcing_rises_at_once_and_falls_slowly():
    forcing = AdaptiveForcing(every=2, memory=0.9, first=0.5)
    state = forcing.start()
    state = forcing.adapted(state, 0, lambda growth: jnp.asarray(5.0))
    assert float(state) == pytest.approx(0.8)  # 1 - 1/5 is more than 0.5
    state = forcing.adapted(state, 1, lambda growth: jnp.asarray(100.0))
    assert float(state) == pytest.approx(0.8)  # not asked in this update
    state = forcing.adapted(state, 2, lambda growth: jnp.asarray(0.5))
    assert float(state) == pytest.approx(0.72)  # nothing grows: alpha falls towards nil
    state = forcing.adapted(state, 4, lambda growth: jnp.asarray(np.nan))
    assert float(state) == pytest.approx(0.72)
    np.testing.assert_allclose(forcing.strengths(state, 3, jax.random.key(0)), 0.72)


def unused(growth):
    raise AssertionError("this forcing asks for no growth")


def test_other_forcings_pull_as_they_say(key):
    np.testing.assert_array_equal(NoForcing().strengths(0.0, 4, key), np.zeros(4))
    np.testing.assert_array_equal(SparseTeacherForcing(3).strengths(0.0, 7, key), [1, 0, 0, 1, 0, 0, 1])
    np.testing.assert_allclose(GeneralisedTeacherForcing(0.4).strengths(0.0, 3, key), 0.4)
    sampling = ScheduledSampling(first=0.8, last=0.2, decay=100.0)
    drawn = np.asarray(sampling.strengths(sampling.start(), 4000, key))
    assert set(drawn.tolist()) == {0.0, 1.0}
    assert abs(drawn.mean() - 0.8) < 0.03
    assert float(sampling.adapted(sampling.start(), 99, unused)) == pytest.approx(0.8 / np.e)
    assert float(sampling.adapted(sampling.start(), 9999, unused)) == pytest.approx(0.2)


def test_observation_is_found_from_the_model():
    plain = observation_of(build("shallow-plrnn"), learned_leaves(build("shallow-plrnn")))
    assert (plain.direct, plain.channels, plain.hidden) == (True, 2, 0)
    read = ShallowPLRNN.draw(n=4, hidden=5, channels=2, key=jax.random.key(0))
    through = observation_of(read, learned_leaves(read))
    assert (through.direct, through.channels, through.hidden) == (False, 2, 2)
    # A readout that happens to be the identity is still learned, so it is inverted anew as it changes.
    same = ShallowPLRNN.draw(n=2, hidden=5, channels=2, key=jax.random.key(0)).replace(**{"readout.weight": np.eye(2)})
    assert not observation_of(same, learned_leaves(same)).direct


@pytest.mark.parametrize("forcing", [AdaptiveForcing(), ScheduledSampling()])
def test_runs_together_are_runs_one_after_another(forcing):
    # A graphics processor takes the first way, a processor the second.
    models = tuple(ShallowPLRNN.draw(n=2, hidden=5, key=jax.random.key(i)) for i in range(3))
    data = RNG.normal(size=(60, 2))
    windows = Windows(length=12, batch=4)
    learned = learned_leaves(models[0])
    rows = prepared(data, windows, np.dtype(float))
    plan = Plan(observation_of(models[0], learned), windows, forcing, (), optax.adam(1e-2))
    runs = Runs(models, learned, rows, plan, key=jax.random.key(0), precision=jnp.float64)
    given = (
        runs.carry,
        runs.fixed,
        (rows.rows, rows.known, rows.starts, None),
        plan,
        (jax.random.key(0), jnp.arange(12)),
    )
    ways = [eqx.filter_jit(many_updates)(*given, together=together) for together in (True, False)]
    for one, other in zip(*map(jax.tree.leaves, ways), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
