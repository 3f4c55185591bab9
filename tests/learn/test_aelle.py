"""AeLLE and its comparison: it learns what is there, finds nothing where nothing is, and its statistics are right."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import rankdata

import dynascope as ds
from dynascope import InputError
from dynascope.data import load, save
from dynascope.learn import AeLLETraining, Comparison, fit_aelle, loss_prediction
from dynascope.learn import _loss_prediction as statistics

QUICK = AeLLETraining(steps=150)
PLAN = Comparison(repeats=1, bootstrap=200, components=3)
POINTS = 12


def spearman(a, b):
    return np.corrcoef(rankdata(a), rankdata(b))[0, 1]


def drawn(rule, *, count=80, seed=0):
    """Spectra of three shape numbers, and a target that `rule` makes of these; two replicates of each setting."""
    rng = np.random.default_rng(seed)
    shape = np.repeat(rng.uniform(-1, 1, (count // 2, 3)), 2, axis=0) + 0.02 * rng.normal(size=(count, 3))
    ranks = (np.arange(POINTS) + 0.5) / POINTS
    spectra = shape[:, :1] - ranks * (2 + shape[:, 1:2]) + 0.5 * shape[:, 2:] * np.sin(np.pi * ranks)
    return spectra, rule(shape, rng), np.repeat(np.arange(count // 2), 2)


def compared(rule, **options):
    spectra, targets, groups = drawn(rule, **options)
    given = np.random.default_rng(1).normal(size=(len(targets), 2))
    return loss_prediction(
        spectra, targets, hyperparameters=given, settings=groups, code=3, training=QUICK, comparison=PLAN,
        key=jax.random.key(0),
    )  # fmt: skip


@pytest.fixture(scope="module")
def bent():
    # The product of two shape numbers: no single feature and no linear map of the spectrum tells it.
    return compared(lambda s, rng: 3 * s[:, 0] * s[:, 1], count=240)


def test_a_bent_relation_is_found_where_linear_ones_fail(bent):
    aelle, single, components, hyper = bent.correlation
    assert aelle > 0.6
    assert max(abs(single), abs(components), abs(hyper)) < 0.4
    assert bent.advantage_low[1] > 0
    assert bent.correlation_low[0] < aelle < bent.correlation_high[0]
    assert bent.separation[0] > 0.6


def test_replicates_are_on_one_side(bent):
    np.testing.assert_array_equal(bent.folds[:, ::2], bent.folds[:, 1::2])
    assert {int(n) for n in np.bincount(bent.folds[0])} == {48}


def test_nothing_is_found_in_noise():
    found = compared(lambda s, rng: rng.normal(size=len(s)), count=80)
    assert np.all(np.abs(found.correlation) < 0.35)
    assert found.correlation_low[0] < 0.15


def test_the_single_feature_that_says_all_is_chosen():
    spectra, _, groups = drawn(lambda s, rng: s[:, 0], count=60)
    targets = -3 * spectra.mean(axis=1)  # the sign must be learned too
    train = groups < 20
    feature, values = statistics._single_feature(spectra, targets, train)
    assert feature == "mean"
    assert spearman(values[~train], targets[~train]) == pytest.approx(1.0)


def test_ridge_finds_a_linear_relation():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 4))
    y = 2 + x @ [1.0, -2.0, 0.0, 0.5]
    inside = np.arange(60) < 40
    np.testing.assert_allclose(statistics._ridge(x, y, inside), y, atol=1e-3)


def test_weighted_ranks_are_those_of_the_repeated_sample():
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 6, 30).astype(float), rng.normal(size=30)
    weights = rng.integers(0, 4, (5, 30)).astype(float)
    found = statistics._rank_correlation(a, b, weights)
    for row, value in zip(weights.astype(int), found, strict=True):
        assert value == pytest.approx(spearman(np.repeat(a, row), np.repeat(b, row)), abs=1e-12)
    assert statistics._rank_correlation(np.ones(30), b, np.ones((1, 30)))[0] == 0


def test_held_out_targets_do_not_reach_the_fit():
    spectra, targets, groups = drawn(lambda s, rng: s[:, 0], count=60)
    weights = (groups < 20).astype(float)
    fit = jax.jit(
        lambda y: fit_aelle(spectra, y, code=2, weights=weights, training=AeLLETraining(steps=5), key=jax.random.key(0))
    )
    one, other = fit(jnp.asarray(targets)), fit(jnp.asarray(np.where(weights > 0, targets, 1e3)))
    np.testing.assert_array_equal(jax.vmap(one.predict)(spectra), jax.vmap(other.predict)(spectra))


def test_code_keeps_the_spectrum():
    spectra, targets, _ = drawn(lambda s, rng: s[:, 0], count=80)
    model = fit_aelle(spectra, targets, code=3, training=AeLLETraining(steps=300, dropout=0.0), key=jax.random.key(0))
    again = jax.vmap(lambda x: model.decode(model.encode(x)))(jnp.asarray(spectra))
    assert float(jnp.abs(again - spectra).mean()) < 0.25 * float(np.abs(spectra - spectra.mean(axis=0)).mean())
    assert float(jnp.abs(jax.vmap(model.encode)(jnp.asarray(spectra))).max()) <= 1


def test_result_is_saved_told_and_drawn(bent, tmp_path):
    save(bent, tmp_path / "p.nc")
    loaded = load(tmp_path / "p.nc")
    for field in dataclasses.fields(bent):
        if "dims" in field.metadata:
            np.testing.assert_array_equal(getattr(loaded, field.name), getattr(bent, field.name))
    assert "AeLLE adds" in loaded.summary()
    figure = ds.plot(bent)
    assert [a.get_xlabel() for a in figure.axes[:2]] == ["first component of the code", "true log10 loss"]


def test_what_cannot_be_compared_is_refused():
    spectra, targets, groups = drawn(lambda s, rng: s[:, 0], count=40)
    arguments = {"hyperparameters": np.zeros((40, 1)), "settings": groups, "key": jax.random.key(0)}
    with pytest.raises(InputError, match="NaN or infinite"):
        loss_prediction(spectra, np.where(groups == 3, np.nan, targets), **arguments)
    with pytest.raises(InputError, match="three settings in each fold"):
        loss_prediction(spectra, targets, **{**arguments, "settings": groups // 4})
    with pytest.raises(InputError, match="one row per network"):
        loss_prediction(spectra[:-1], targets, **arguments)
    with pytest.raises(InputError, match="`code` must be at least 1"):
        fit_aelle(spectra, targets, code=0, key=jax.random.key(0))
