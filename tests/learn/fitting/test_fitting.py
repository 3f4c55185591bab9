"""From recordings to systems: forecasts, files, units, the choice among models, and its verdict."""

from pathlib import Path

import jax
import numpy as np
import pytest

import dynascope as ds
from dynascope.learn.fitting import (
    DMD,
    EDMD,
    ESN,
    KINDS,
    NVAR,
    AbstractLearner,
    RandomFlow,
    SINDy,
    Trained,
    Trivial,
    candidates,
    fit,
    forecasts,
    recorded_regime,
)
from dynascope.learn.measures import prediction_error, valid_times
from dynascope.learn.preparation import Prepared, prepare
from dynascope.learn.training import NoForcing
from dynascope.models.artificial import ALRNN, GRU
from dynascope.models.learned import NeuralODE, ShallowPLRNN
from dynascope.systems import AbstractFlow


@pytest.fixture(scope="module")
def lorenz() -> Prepared:
    run = ds.trajectory(ds.build("lorenz"), None, np.arange(0.0, 200.0, 0.025))
    return prepare(ds.Recording(np.asarray(run.ys)[1000:], dt=0.025, time_unit="1", names=("x", "y", "z")))


LEARNERS = [
    Trivial(),
    Trivial(persists=True),
    NVAR(),
    NVAR(order=1),
    DMD(),
    EDMD(order=2),
    SINDy(),
    RandomFlow(50),
    ESN(units=30),
]


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda x: x.label)
def test_every_model_is_a_system_that_files_keep(learner: AbstractLearner, lorenz: Prepared, tmp_path: Path) -> None:
    made = learner.learn(lorenz, key=jax.random.key(0))
    again = ds.load(ds.save(made, tmp_path / "model.safetensors"))
    history = lorenz.standard.undo(lorenz.test[0][:150])
    ahead = np.asarray(made.forecast(history, 5))
    assert np.array_equal(ahead, np.asarray(again.forecast(history, 5)))
    assert (again.names, again.dt, again.clock) == (("x", "y", "z"), 0.025, "1")
    run = ds.trajectory(again, None, np.arange(3) if isinstance(again, ds.AbstractMap) else [0.0, 0.025])
    assert run.successful
    # What is observed is in the units of the recording, near where the training data end.
    seen = np.asarray(again.observe(0, again.initial_state(), None))
    if not isinstance(learner, Trivial):
        assert seen == pytest.approx(lorenz.standard.undo(lorenz.train[0][-1]), abs=3.0)
    box = again.region()
    assert all((a <= b).all() for a, b in zip(jax.tree.leaves(box.low), jax.tree.leaves(box.high), strict=True))


TRAINED = [ALRNN, ShallowPLRNN, NeuralODE]


@pytest.mark.parametrize("family", TRAINED, ids=lambda x: x.__name__)
def test_networks_are_trained_and_kept(family: type, lorenz: Prepared, tmp_path: Path) -> None:
    learner = Trained(family, updates=100, length=20)
    made = learner.learn(lorenz, key=jax.random.key(0))
    again = ds.load(ds.save(made, tmp_path / "model.safetensors"))
    own = lorenz.standard.undo(lorenz.test[0])
    ahead = np.asarray(made.forecast(own[:60], 3))
    assert np.array_equal(ahead, np.asarray(again.forecast(own[:60], 3)))
    # After 100 updates one step ahead is nearer than the mean is.
    found = forecasts(made, own, horizon=1, starts=50)
    error = prediction_error(found.predicted, found.actual, scale=lorenz.standard.scale)[0][0]
    assert error < 0.5
    assert learner.effort() == 1.0 < Trained(family, updates=4000).effort()


@pytest.mark.slow
@pytest.mark.parametrize("learner", [Trained(ALRNN, updates=10_000), Trained(ShallowPLRNN, updates=10_000)])
def test_networks_learn_the_attractor_of_lorenz(learner: Trained) -> None:
    run = ds.trajectory(ds.build("lorenz"), None, np.arange(0.0, 350.0, 0.025))
    found = fit(np.asarray(run.ys)[2000:], dt=0.025, model=learner)
    assert found.fidelity.grade != "poor"
    assert abs(found.exponent - 0.906) < 0.3


def test_forecast_begins_one_step_after_the_history(lorenz: Prepared) -> None:
    own = lorenz.standard.undo(lorenz.test[0])
    for learner in (NVAR(penalty=1e-9), SINDy(), ESN()):
        made = learner.learn(lorenz, key=jax.random.key(0))
        ahead = np.asarray(made.forecast(own[:200], 10))
        assert ahead == pytest.approx(own[200:210], abs=0.05)
    still = Trivial(persists=True).learn(lorenz, key=jax.random.key(0))
    assert np.asarray(still.forecast(own[:7], 3)) == pytest.approx(np.tile(own[6], (3, 1)))


def test_forecasts_start_where_they_say(lorenz: Prepared) -> None:
    still = Trivial(persists=True).learn(lorenz, key=jax.random.key(0))
    data = [np.arange(30.0)[:, None] * np.ones(3), 100 + np.arange(10.0)[:, None] * np.ones(3)]
    made = forecasts(still, data, horizon=4, starts=1000)
    assert made.predicted.shape == (26 + 6, 4, 3)
    # The last sample before the horizon persists, also at the seam of two stretches.
    apart = made.actual[:, :, 0] - made.predicted[:, :, 0]
    assert apart == pytest.approx(np.tile([1.0, 2.0, 3.0, 4.0], (32, 1)))
    with pytest.raises(ds.InputError, match="Shorten the horizon"):
        forecasts(still, data, horizon=40)


def test_next_generation_foresees_lorenz_for_five_lyapunov_times(lorenz: Prepared) -> None:
    made = NVAR(taps=2, order=2, penalty=1e-10).learn(lorenz, key=jax.random.key(0))
    own = lorenz.standard.undo(lorenz.test[0])
    ahead = forecasts(made, own, horizon=400, starts=40)
    scale = lorenz.standard.scale
    found = valid_times(ahead.predicted, ahead.actual, dt=0.025, exponent=0.9056, scale=scale)
    assert 4.0 < found.median < 7.0
    assert prediction_error(ahead.predicted, ahead.actual, scale=scale)[0][0] < 1e-7


def test_fit_chooses_and_judges(lorenz: Prepared) -> None:
    told = []
    # The second is at the floor, where the search ends: the third is not tried.
    learners = [NVAR(order=1), NVAR(penalty=1e-6), Trivial()]
    found = fit(lorenz, model=learners, tell=lambda *said: told.append(said))
    assert found.label == learners[1].label
    assert found.believable
    assert len(told) == len(found.tried) == len(found.scores) == 2
    assert found.scores.argmin() == 1
    assert abs(found.exponent - 0.906) < 0.06
    assert found.valid_unit == "Lyapunov times"
    assert found.errors[0] < 1e-3 < found.persistence[0]
    text = found.summary()
    for said in ("good", "floor", "GTF bins", "PE(20)", "Lyapunov times", "T = 26.25"):
        assert said in text


def test_poor_models_are_called_poor(lorenz: Prepared) -> None:
    found = fit(lorenz, model="linear", budget=1e-9)
    assert len(found.tried) == 1
    assert not found.believable
    assert "TOO POOR TO BE BELIEVED" in found.summary()
    wild = fit(lorenz, model=EDMD(order=3))
    assert not wild.believable


def test_equations_are_in_the_units_of_the_recording(lorenz: Prepared) -> None:
    made = SINDy().learn(lorenz, key=jax.random.key(0))
    assert made.system.equations(made.names)[0] == "dx/dt = -10 x + 10 y"
    exponents = ds.lyapunov_spectrum(made, duration=300).exponents
    assert np.asarray(exponents) == pytest.approx([0.906, 0.0, -14.57], abs=0.1)


def test_single_channel_is_unfolded() -> None:
    wave = np.sin(0.11 * np.arange(3000)) + 0.3 * np.sin(0.22 * np.arange(3000))
    found = fit(wave, dt=0.1, model=NVAR(taps=5, order=1, penalty=1e-12))
    assert len(found.system.names) >= 2
    assert found.believable
    assert any("unfolded" in note for note in found.notes)


@pytest.mark.parametrize(("name", "regime"), [("van-der-pol", "limit cycle"), ("henon", "chaos")])
def test_regime_of_what_was_recorded(name: str, regime: str) -> None:
    system = ds.build(name)
    flow = isinstance(system, ds.AbstractFlow)
    ts = np.arange(0.0, 300.0, 0.06) if flow else np.arange(4000)
    values = np.asarray(ds.trajectory(system, None, ts).ys)[1000:]
    recording = ds.Recording(values, dt=0.06 if flow else 1.0, time_unit="1" if flow else "step")
    found = recorded_regime(NVAR(1, 1, 3, 1e-12).learn(prepare(recording), key=jax.random.key(0)))
    assert found.regime == regime
    assert found.confidence > 0.5


def test_every_kind_of_model_has_candidates(lorenz: Prepared) -> None:
    for name in KINDS:
        assert candidates(lorenz, model=name)
    (first, *_) = candidates(lorenz, model="echo-state", latent=20)
    assert first.units == 20  # type: ignore[attr-defined]
    assert Trained(GRU) in candidates(lorenz, model="gru")
    assert any(isinstance(x, RandomFlow) for x in candidates(lorenz))


def test_samples_of_a_map_are_not_taken_for_those_of_a_flow() -> None:
    values = np.asarray(ds.trajectory(ds.build("henon"), None, np.arange(1000)).ys)
    data = prepare(ds.Recording(values, dt=1.0, time_unit="step"))
    assert not any(isinstance(x, RandomFlow | SINDy) for x in candidates(data))


def test_random_units_learn_the_velocities(lorenz: Prepared) -> None:
    made = RandomFlow().learn(lorenz, key=jax.random.key(0))
    states = lorenz.test[0][::50]
    scale, offset = (np.asarray(x) for x in (lorenz.standard.scale, lorenz.standard.offset))
    system = ds.build("lorenz")
    assert isinstance(system, AbstractFlow)
    assert isinstance(made, AbstractFlow)
    true = np.stack([np.asarray(system.vector_field(0.0, offset + scale * y, None)) / scale for y in states])
    found = np.stack([np.asarray(made.vector_field(0.0, y, None)) for y in states])
    # The smoothing window, a fifth of the time scale here, bends velocities by about a percent.
    assert np.sqrt(np.mean((found - true) ** 2) / np.mean(true**2)) < 0.02


def test_search_ends_with_a_model_at_the_floor(lorenz: Prepared) -> None:
    told = []
    found = fit(lorenz, budget=300.0, tell=lambda *said: told.append(said))
    assert len(told) < 6
    assert found.believable
    # A wave that dies out within ten times the stretch is good for a while, and does not end the search.
    wave = np.stack([np.sin(0.1 * np.arange(4000)), np.cos(0.1 * np.arange(4000))], axis=1)
    wave = wave + 0.05 * np.random.default_rng(0).normal(size=wave.shape)
    assert len(fit(wave, dt=0.1, model=[NVAR(1, 1, 1), NVAR(2, 1, 1)]).tried) == 2


def test_a_training_that_diverges_is_told_and_loses_nothing_else(lorenz: Prepared) -> None:
    wild = Trained(ShallowPLRNN, updates=400, length=200, rate=1e30, forcing=NoForcing())
    found = fit(lorenz, model=[wild, NVAR()])
    assert found.tried == (NVAR().label,)
    assert "gradient became infinite" in found.failures[0]


def test_a_motion_that_comes_to_rest_is_judged_by_its_way_there() -> None:
    t = 0.1 * np.arange(4000)
    decay = np.exp(-0.1 * t)[:, None] * np.stack([np.sin(t), np.cos(t)], axis=1)
    noisy = 2.0 + decay + 0.003 * np.random.default_rng(0).normal(size=decay.shape)
    found = fit(noisy, dt=0.1, model=[SINDy(1, 0.02, 9), Trivial()])
    assert found.label.startswith("sindy")
    assert found.fidelity.names == ("approach", "rest")
    assert found.believable
    assert found.exponent == pytest.approx(-0.1, abs=0.02)
    assert not fit(noisy, dt=0.1, model=Trivial()).believable


def test_result_is_saved(lorenz: Prepared, tmp_path: Path) -> None:
    found = fit(lorenz, model=NVAR())
    again = ds.load(ds.save(found, tmp_path / "fit.nc"))
    assert again.summary() == found.summary()
    assert "valid_time" in found.to_xarray()
    figure = ds.plot(again)
    assert len(figure.axes) == 4
    assert [panel.get_title(loc="left") for panel in figure.axes[:2]] == ["data", "model: nvar of order 2"]
    assert ds.plot(found, channels=("x", "x"), axes=figure.axes[0]) is figure


BAD = [
    (lambda d: fit(d, model="magic"), "no model `magic`"),
    (lambda d: fit(d, model="nvar", latent=5), "means nothing to `nvar`"),
    (lambda d: fit(d, latent=5), "name it with `model`"),
    (lambda d: fit(d, model="echo-state", latent=0), "at least 1"),
    (lambda d: fit(d, model=NVAR(), latent=3), "own field"),
    (lambda d: fit(d, model=[]), "must be the name"),
    (lambda d: fit(d, model=3), "got 3"),  # type: ignore[arg-type]
    (lambda d: fit(d, budget=-1.0), "positive number of seconds"),
    (lambda d: fit(np.ones((300, 2)), dt=0.1), "constant"),
]


@pytest.mark.parametrize(("act", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_input(act: object, said: str, lorenz: Prepared) -> None:
    with pytest.raises(ds.InputError, match=said):
        act(lorenz)  # type: ignore[operator]


def test_nothing_learned_is_a_failure(lorenz: Prepared) -> None:
    with pytest.raises(ds.ComputationFailed, match="No model could be learned"):
        fit(lorenz, model=ESN(units=10, washout=10**6))
    with pytest.raises(ds.ComputationFailed, match="`latent` must be 3 at least"):
        fit(lorenz, model="al-rnn", latent=2)
