"""Populations of small networks: tasks, descent, training, and spectra that agree with the library's own."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope import InputError
from dynascope.data import load, save
from dynascope.learn import (
    Adam,
    Copy,
    DelayedSine,
    Hyperparameters,
    PopulationTraining,
    SequentialParity,
    Spectra,
    resampled,
    train_population,
)
from dynascope.learn import _population as population
from dynascope.models import LSTM, RNN

FEW = Hyperparameters(kinds=(RNN,), sizes=(6,), settings=3, replicates=2, rates=(0.01, 0.03), gains=(0.3, 1.5))
SHORT = PopulationTraining(checkpoints=(0, 20, 100), batch=8, length=30)
SPECTRA = Spectra(points=12, length=60, transient=20)


@pytest.fixture(scope="module")
def trained():
    return train_population(DelayedSine(2), hyperparameters=FEW, training=SHORT, spectra=SPECTRA, key=jax.random.key(3))


@pytest.mark.parametrize("task", [DelayedSine(3), SequentialParity(2), Copy(2, 3)])
def test_targets_have_variance_one_where_they_count(task, key):
    trials = jax.vmap(lambda k: task.trial(k, 70))(jax.random.split(key, 400))
    assert trials.inputs.shape == (400, 70, task.inputs)
    counted = trials.targets[trials.counts > 0]
    assert abs(float(counted.mean())) < 0.05
    assert abs(float(counted.var()) - 1) < 0.05


def test_tasks_ask_for_what_was_shown(key):
    sine = DelayedSine(7).trial(key, 50)
    np.testing.assert_array_equal(sine.targets[7:], sine.inputs[:-7])
    parity = SequentialParity(3).trial(key, 50)
    u = parity.inputs[:, 0]
    np.testing.assert_array_equal(parity.targets[2:, 0], u[2:] * u[1:-1] * u[:-2])
    assert float(parity.counts.sum()) == 48
    copy = Copy(3, 2).trial(key, 32)  # four rounds of eight steps
    shown, asked = copy.inputs.reshape(4, 8, 2), copy.targets.reshape(4, 8)
    np.testing.assert_array_equal(asked[:, 5:], shown[:, :3, 0])
    np.testing.assert_array_equal(asked[:, :5], 0)
    np.testing.assert_array_equal(copy.inputs[:, 1], copy.counts)


def test_task_without_memory_is_refused():
    with pytest.raises(InputError, match="`window` must be at least 1"):
        SequentialParity(0)


def test_first_step_of_adam_has_the_length_of_the_rate():
    # Mean and mean square of one gradient are the gradient and its square: each weight moves by the rate.
    weights = jnp.array([1.0, -2.0, 0.5])
    adam = Adam(0.01, clip=1e9)
    moved, state = adam.step(weights, jnp.array([3.0, -0.2, 1e-3]), adam.start(weights))
    np.testing.assert_allclose(moved - weights, [-0.01, 0.01, -0.01], rtol=1e-4)
    assert int(state.steps) == 1


def test_adam_cuts_long_gradients():
    adam, weights = Adam(0.1, clip=1.0), jnp.zeros(2)
    state = adam.step(weights, jnp.array([300.0, 400.0]), adam.start(weights))[1]
    np.testing.assert_allclose(state.mean, 0.1 * np.array([0.6, 0.8]), rtol=1e-6)


def test_resampling_keeps_a_line_and_sorts():
    # Exponents linear in the rank (i + 1/2) / n stay on that line, whatever the length.
    ranks = (np.arange(40) + 0.5) / 40
    new = (np.arange(16) + 0.5) / 16
    np.testing.assert_allclose(resampled(-3 * ranks[::-1], 16), -3 * new, atol=1e-12)
    np.testing.assert_array_equal(resampled([-1.0, 0.5, -4.0], 3), [0.5, -1.0, -4.0])


def test_training_lowers_the_loss(trained):
    assert trained.losses.shape == (3, 6)
    assert np.all(trained.usable())
    assert np.all(trained.losses[2] < trained.losses[0])
    assert np.median(trained.losses[2]) < 0.5
    assert np.all(np.diff(trained.spectra, axis=2) <= 0)
    assert np.all(trained.largest_stderr > 0)
    np.testing.assert_array_equal(trained.setting, [0, 0, 1, 1, 2, 2])
    assert trained.gain[0] == trained.gain[1]
    assert np.all((trained.rate >= 0.01) & (trained.rate <= 0.03))


def test_replicates_differ_and_a_key_repeats(trained):
    assert trained.losses[0, 0] != trained.losses[0, 1]
    arguments = {"hyperparameters": FEW, "training": SHORT, "spectra": SPECTRA, "key": jax.random.key(3)}
    again = train_population(DelayedSine(2), **arguments)
    np.testing.assert_array_equal(again.losses, trained.losses)
    np.testing.assert_array_equal(again.spectra, trained.spectra)


def test_population_is_saved_and_told(trained, tmp_path):
    save(trained, tmp_path / "p.nc")
    loaded = load(tmp_path / "p.nc")
    np.testing.assert_array_equal(loaded.spectra, trained.spectra)
    assert "6 networks (RNN) of 3 settings" in loaded.summary()


@pytest.mark.parametrize("kind", [RNN, LSTM])
def test_drawn_networks_carry_the_gain_in_their_weights(kind, key):
    gains = jnp.array([0.5, 2.0])
    networks = population._drawn_networks(kind, 40, DelayedSine(), gains, key)
    spread = np.asarray(networks.layers[0].weight_hh).std(axis=(1, 2)) * np.sqrt(40)
    np.testing.assert_allclose(spread, gains, rtol=0.1)
    first = jax.tree.map(lambda leaf: leaf[0], networks)
    assert all(float(jnp.abs(leaf).max()) == 0 for leaf in jax.tree.leaves(first.initial_state()))
    assert {leaf.dtype for leaf in jax.tree.leaves(networks)} == {jnp.dtype("float32")}


def test_only_weights_are_learned(key):
    networks = population._drawn_networks(LSTM, 4, DelayedSine(), jnp.ones(2), key)
    fixed = eqx.filter(networks, population._learned(networks), inverse=True)
    assert jax.tree.leaves((fixed.layers, fixed.readout)) == []
    assert len(jax.tree.leaves(fixed)) == 3  # gain, h0, c0


def test_spectrum_of_a_linear_network_is_that_of_its_matrix(key):
    # Without input and with tiny states tanh is linear: exponents are logarithms of moduli of eigenvalues, in
    # sum exactly.
    networks = population._drawn_networks(RNN, 5, DelayedSine(), jnp.array([0.4, 0.9]), key)
    networks = jax.tree.map(lambda leaf: leaf.astype(float), networks)
    found = population._exponents(networks, jnp.zeros((2, 400, 1)), 100, 2)
    for matrix, exponents in zip(np.asarray(networks.layers[0].weight_hh), np.asarray(found[:, 0]), strict=True):
        moduli = np.sort(np.log(np.abs(np.linalg.eigvals(matrix))))[::-1]
        np.testing.assert_allclose(exponents.sum(), moduli.sum(), atol=1e-9)
        np.testing.assert_allclose(np.sort(exponents)[::-1], moduli, atol=0.05)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Hyperparameters(sizes=(0,)), "sizes"),
        (lambda: Hyperparameters(gains=(2.0, 1.0)), "`gains` must be a positive interval"),
        (lambda: PopulationTraining(checkpoints=(0, 10, 10)), "increasing `checkpoints`"),
        (lambda: Spectra(sequences=1), "at least 2 `points`, and 2 `sequences`"),
    ],
)
def test_plans_that_make_no_sense_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
