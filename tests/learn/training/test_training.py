"""Training: forced runs by hand, choice of models, interrupts, checkpoints, divergence, and what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope._errors import RESULTS
from dynascope.data import load, save
from dynascope.learn.training import (
    AdaptiveForcing,
    Backsolved,
    GeneralisedTeacherForcing,
    ManifoldAttractor,
    NoForcing,
    OrthogonalReadout,
    RectifiedAdam,
    SampledFlow,
    Selection,
    SmallWeights,
    SparseTeacherForcing,
    Windows,
    synchronised,
    train,
)
from dynascope.learn.training import _run as run_module
from dynascope.models import ALRNN, GRU, LSTM, AutoregressiveNetwork, NeuralODE, ShallowPLRNN

T = np.arange(600)
WAVE = np.sqrt(2) * np.stack([np.sin(0.1 * T), np.cos(0.1 * T)], axis=1)
SHORT = Windows(length=25, batch=8)
FAST = RectifiedAdam(first=1e-2, last=1e-3)


def drawn(seed=0, **given):
    return ShallowPLRNN.draw(**{"n": 2, "hidden": 10, **given}, key=jax.random.key(seed))


@pytest.fixture(scope="module")
def trained():
    return train(
        (drawn(0), drawn(1)),
        WAVE,
        forcing=GeneralisedTeacherForcing(0.2),
        optimiser=FAST,
        updates=600,
        windows=SHORT,
        key=jax.random.key(1),
    )


def test_a_wave_is_learned(trained):
    assert trained.successful
    assert trained.losses.shape == trained.gradient_norms.shape == (600, 2)
    assert np.all(trained.losses[-50:].mean(axis=0) < 0.02 * trained.losses[0])
    np.testing.assert_allclose(trained.strengths, 0.2, rtol=1e-6)
    # The model begins where the data end and says how they go on.
    run = ds.trajectory(trained.model, None, np.arange(30))
    ahead = np.sqrt(2) * np.stack([np.sin(0.1 * (599 + np.arange(30))), np.cos(0.1 * (599 + np.arange(30)))], axis=1)
    assert np.sqrt(np.mean((run.ys - ahead) ** 2)) < 0.25
    assert trained.model.a.dtype == jnp.float64
    assert "600 updates" in trained.summary()


def test_training_round_trips_through_a_file(trained, tmp_path):
    save(trained, tmp_path / "t.npz")
    again = load(tmp_path / "t.npz")
    assert eqx.tree_equal(again.models, trained.models)
    np.testing.assert_array_equal(again.losses, trained.losses)
    save(trained.model, tmp_path / "m.safetensors")
    assert eqx.tree_equal(load(tmp_path / "m.safetensors"), trained.model)


def test_runs_at_once_are_runs_alone(trained):
    alone = train(
        drawn(0),
        WAVE,
        forcing=GeneralisedTeacherForcing(0.2),
        optimiser=FAST,
        updates=600,
        windows=SHORT,
        key=jax.random.key(1),
    )
    np.testing.assert_allclose(alone.losses[:20, 0], trained.losses[:20, 0], rtol=1e-3)


def test_a_model_larger_than_the_data_learns_its_hidden_start():
    model = ALRNN.draw(n=6, rectified=2, key=jax.random.key(0))
    model = ALRNN(model.a, model.weight, model.bias, rectified=2, observed=2)
    forcing = SparseTeacherForcing(5)
    found = train(model, WAVE, forcing=forcing, optimiser=FAST, updates=400, windows=SHORT, key=jax.random.key(2))
    assert found.losses[-50:].mean() < 0.05 * found.losses[0, 0]
    assert np.all(found.starts[0, :2] == 0)
    assert np.all(np.abs(found.starts[0, 2:]).sum(axis=1) > 0)
    assert found.strengths[0, 0] == pytest.approx(5 / 24)


@pytest.mark.parametrize("kind", [GRU, LSTM])
def test_autoregressive_networks_learn(kind):
    model = AutoregressiveNetwork.draw(kind, n=8, observed=2, key=jax.random.key(0))
    forcing = GeneralisedTeacherForcing(0.3)
    found = train(model, WAVE, forcing=forcing, optimiser=FAST, updates=300, windows=SHORT, key=jax.random.key(2))
    assert found.losses[-30:].mean() < 0.1 * found.losses[0, 0]
    np.testing.assert_allclose(found.model.initial_state(), found.ends[0], atol=1e-12)


def test_a_neural_ode_learns_through_its_sampling():
    flow = NeuralODE.draw(n=2, width=8, depth=1, key=jax.random.key(0))
    model = SampledFlow(flow, 0.1, steps=2, adjoint=Backsolved())
    forcing = GeneralisedTeacherForcing(0.2)
    found = train(model, WAVE, forcing=forcing, optimiser=FAST, updates=600, windows=SHORT, key=jax.random.key(2))
    assert found.losses[-30:].mean() < 0.1 * found.losses[0, 0]
    assert float(found.model.dt) == 0.1
    # The flow turns once in 2 pi / 0.1 samples, that is in 2 pi of its time.
    velocity = found.model.system.vector_field(0.0, jnp.array([1.0, 0.0]), None)
    np.testing.assert_allclose(velocity, [0.0, -1.0], atol=0.3)


def test_a_readout_is_inverted_and_learned():
    data = WAVE @ np.array([[1.0, 0.5, -0.5, 0.2], [0.0, 1.0, 0.5, -1.0]])
    data = data / data.std(axis=0)
    model = drawn(0, channels=4)
    forcing = GeneralisedTeacherForcing(0.3)
    found = train(
        model,
        data,
        forcing=forcing,
        optimiser=FAST,
        updates=1200,
        windows=SHORT,
        penalties=(OrthogonalReadout(1e-3), SmallWeights(1e-6)),
        key=jax.random.key(2),
    )
    assert found.losses[-30:].mean() < 0.05 * found.losses[0, 0]
    states = synchronised(found.model, data[:50])
    seen = np.asarray(jax.vmap(lambda z: found.model.observe(0, z, None))(states))
    assert np.sqrt(np.mean((seen - data[:50]) ** 2)) < 0.1


def test_missing_values_do_not_count():
    rng = np.random.default_rng(0)
    holes = np.where(rng.random(WAVE.shape) < 0.15, np.nan, WAVE)
    common = {"forcing": GeneralisedTeacherForcing(0.2), "optimiser": FAST, "updates": 400, "windows": SHORT}
    found = train(drawn(), [holes[:300], holes[300:310], holes[310:]], **common, key=jax.random.key(1))
    assert found.losses[-50:].mean() < 0.05 * found.losses[0, 0]
    # What stands at a missing place does not matter: its neighbours are the same, so are all numbers.
    one = train(drawn(), [holes, WAVE[:10]], **{**common, "updates": 5}, key=jax.random.key(1))
    two = train(drawn(), [holes.copy(), WAVE[:10]], **{**common, "updates": 5}, key=jax.random.key(1))
    np.testing.assert_array_equal(one.losses, two.losses)


def test_the_best_score_chooses_the_model():
    # A measure that is best in the middle of the training: how far a weight is from where it then was.
    path = []

    def measure(model):
        path.append(float(model.outer[0, 0]))
        return abs(len(path) - 3) if len(path) != 2 else np.nan

    found = train(
        drawn(),
        WAVE,
        optimiser=FAST,
        updates=100,
        windows=SHORT,
        validate=Selection(measure, every=20),
        key=jax.random.key(1),
    )
    np.testing.assert_array_equal(found.scored, [20, 40, 60, 80, 100])
    np.testing.assert_array_equal(found.scores[:, 0], [2, np.inf, 0, 1, 2])
    assert found.chosen[0] == 60
    assert float(found.models[0].outer[0, 0]) == path[2]
    assert float(found.last[0].outer[0, 0]) == path[4]


def test_patience_ends_a_training():
    found = train(
        drawn(),
        WAVE,
        updates=200,
        windows=SHORT,
        validate=Selection(lambda model: 1.0, every=10, patience=3),
        key=jax.random.key(1),
    )
    assert len(found.losses) == 40
    assert found.successful


class Killed(Exception):
    """Stands for the end of a process."""


def test_a_killed_training_goes_on_bit_by_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "_BETWEEN", 0.0)
    common = {
        "forcing": AdaptiveForcing(),
        "optimiser": FAST,
        "updates": 60,
        "windows": Windows(length=20, batch=4, noise=0.05),
        "penalties": (ManifoldAttractor(1e-3),),
        "key": jax.random.key(5),
    }

    def measure(model):
        return float(jnp.abs(model.outer).sum())

    calls = []

    def dying(model):
        calls.append(1)
        if len(calls) == 5:  # two models are scored every 20 updates: in the third round
            raise Killed
        return measure(model)

    pair = (drawn(0), drawn(1))
    whole = train(pair, WAVE, **common, validate=Selection(measure, every=20))
    with pytest.raises(Killed):
        train(pair, WAVE, **common, validate=Selection(dying, every=20), checkpoint=tmp_path / "c.npz")
    again = train(pair, WAVE, **common, validate=Selection(measure, every=20), checkpoint=tmp_path / "c.npz")
    assert eqx.tree_equal(again.models, whole.models)
    assert eqx.tree_equal(again.last, whole.last)
    for name in ("losses", "gradient_norms", "strengths", "scores", "scored", "chosen", "skipped"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    # What is done is not done again.
    calls.clear()
    third = train(pair, WAVE, **common, validate=Selection(dying, every=20), checkpoint=tmp_path / "c.npz")
    assert not calls
    np.testing.assert_array_equal(third.losses, whole.losses)
    with pytest.raises(InputError, match="not a checkpoint of this training"):
        train(pair, WAVE + 0.1, **common, validate=Selection(measure, every=20), checkpoint=tmp_path / "c.npz")


def test_an_interrupt_keeps_what_is_done():
    calls = []

    def measure(model):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 1.0

    found = train(
        drawn(), WAVE, updates=100, windows=SHORT, validate=Selection(measure, every=10), key=jax.random.key(1)
    )
    assert found.result == RESULTS.interrupted
    assert len(found.losses) == 30
    assert len(found.scores) == 2


def test_divergence_is_a_code_and_the_weights_before_are_kept():
    wild = train(
        drawn(clipped=False),
        WAVE,
        forcing=NoForcing(),
        optimiser=optax.sgd(1e12),
        updates=400,
        windows=Windows(length=200),
        key=jax.random.key(1),
    )
    assert wild.diverged.all()
    assert not wild.successful
    with pytest.raises(ds.ComputationFailed, match="gradient became infinite"):
        wild.checked(what="training")
    assert wild.skipped[0] > 0
    assert len(wild.losses) < 400  # it does not go on in vain
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(wild.models))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": WAVE.T}, "Time must run along the first axis"),
        ({"data": WAVE[:, 0]}, "must be an array"),
        ({"data": WAVE * [1.0, 0.0]}, "Channel 1 is constant"),
        ({"data": WAVE * 1e3}, "takes standardised data"),
        ({"data": WAVE[:20]}, "do not fit into data of 20 points"),
        ({"data": np.where(T[:, None] % 2 == 0, np.nan, WAVE) * [1, np.nan]}, "Channel 1 holds no value"),
        ({"data": np.where([True, False], WAVE, np.where(T[:, None] > 100, np.nan, WAVE)) * 1.0}, None),
        ({"data": np.concatenate([WAVE, [[np.inf, 0.0]]])}, "infinite"),
        ({"data": np.concatenate([WAVE, WAVE], axis=1)}, "shows 2 channel"),
        ({"updates": 0}, "at least one model and one update"),
        ({"model": NeuralODE.draw(key=jax.random.key(0))}, "SampledFlow"),
        ({"model": (drawn(), drawn(hidden=11))}, "must be of one class"),
        ({"model": ds.build("henon")}, "has no learned weights"),
        ({"trainable": ("outer", "colour")}, "no parameter `colour`"),
        ({"penalties": (OrthogonalReadout(),)}, "needs a model with a readout"),
    ],
)
def test_what_cannot_be_trained_is_refused(change, message):
    given = {"model": drawn(), "data": WAVE, "updates": 2, "windows": SHORT, "key": jax.random.key(0), **change}
    model, data = given.pop("model"), given.pop("data")
    if message is None:
        assert train(model, data, **given).losses.shape == (2, 1)
        return
    with pytest.raises(InputError, match=message):
        train(model, data, **given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GeneralisedTeacherForcing(1.5), "`alpha` must lie between 0 and 1"),
        (lambda: SparseTeacherForcing(0), "`interval` must be at least 1"),
        (lambda: AdaptiveForcing(every=0), "`every` must be at least 1"),
        (lambda: Windows(length=1), "`length` of at least 2"),
        (lambda: RectifiedAdam(1e-3, 1e-2), "0 < `last` <= `first`"),
        (lambda: Selection(lambda m: 0.0, every=0), "`every` and `patience`"),
        (lambda: SampledFlow(NeuralODE.example(), 0.1, steps=0), "`steps` of at least 1"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_only_named_parameters_are_trained():
    model = drawn()
    found = train(model, WAVE, updates=3, windows=SHORT, trainable=("bias",), key=jax.random.key(0)).last[0]
    np.testing.assert_array_equal(found.outer, model.outer)
    assert np.all(np.asarray(found.bias) != np.asarray(model.bias))
