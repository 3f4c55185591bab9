"""Training on counts: rates of a latent limit cycle are recovered, with nearly the likelihood of the true ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.learn.measures import count_likelihood
from dynascope.learn.training import (
    GaussianObservation,
    GeneralisedTeacherForcing,
    PoissonObservation,
    RectifiedAdam,
    Windows,
    synchronised,
    train,
)
from dynascope.models import ShallowPLRNN


def cycle(count: int, *, seed: int, channels: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Counts of units whose log rates are linear in the state on a circle, one turn in 40 samples; and the rates."""
    rng = np.random.default_rng(0)
    weights, rest = 0.9 * rng.normal(size=(channels, 2)), np.log(rng.uniform(0.2, 1.5, channels))
    angle = 2 * np.pi * np.arange(count) / 40 + seed
    rates = np.exp(np.stack([np.cos(angle), np.sin(angle)], axis=1) @ weights.T + rest)
    return np.random.default_rng(seed + 1).poisson(rates), rates


def test_rates_of_a_latent_limit_cycle_are_recovered() -> None:
    counts, _ = cycle(3000, seed=0)
    test, rates = cycle(1000, seed=5)
    found = train(
        ShallowPLRNN.draw(n=3, hidden=20, channels=20, key=jax.random.key(0)),
        counts,
        observation=PoissonObservation(),
        forcing=GeneralisedTeacherForcing(0.15),
        optimiser=RectifiedAdam(1e-2, 1e-4),
        windows=Windows(length=60, batch=16),
        updates=1000,
        key=jax.random.key(1),
    )
    start = found.starts[0]
    states = synchronised(found.model, test, start=start, alpha=0.1, observation=PoissonObservation())
    after = jax.vmap(lambda z: found.model.observe(0, found.model.step(0, z, None), None))(jnp.asarray(states))
    # Predicted before the counts that they are held against, after 50 samples to find the phase in.
    predicted = np.exp(np.asarray(after))[50:-1]
    counted, true = test[51:], rates[51:]
    assert np.corrcoef(predicted.ravel(), true.ravel())[0, 1] > 0.9
    ours = count_likelihood(predicted, counted, constant=counts.mean(axis=0))
    best = count_likelihood(true, counted, constant=counts.mean(axis=0))
    assert best.value - 3 * best.stderr < best.floor < best.value + 3 * best.stderr
    assert best.value <= ours.value < 1.04 * best.value < ours.constant
    assert ours.bits_per_event > 0.75 * best.bits_per_event
    # It runs freely on a cycle of that period.
    run = np.asarray(ds.trajectory(found.model, None, np.arange(1400)).ys)[400:]
    shown = run @ np.asarray(found.model.readout.weight)[0]
    power = np.abs(np.fft.rfft(shown - shown.mean()))
    assert 1000 / np.argmax(power) == pytest.approx(40, rel=0.05)


def test_likelihood_and_pull_by_hand() -> None:
    observation = PoissonObservation()
    # P(x = 3) at rate 2 is e^-2 2^3 / 3!.
    assert float(observation.losses(jnp.log(2.0), 3.0)) == pytest.approx(-np.log(np.exp(-2) * 8 / 6))
    # One unit, s = z: with rate 1 at rest the mode of the posterior of z is sought from 0, (x - 1) / (1 + 1) away.
    gain = observation.gain(jnp.eye(1), jnp.zeros(1))
    assert float(observation.correction(gain, jnp.zeros(1), jnp.array([3.0]), jnp.ones(1))[0]) == pytest.approx(1.0)
    # Many units that say the same outweigh the prior: their mean count counts.
    gain = observation.gain(jnp.ones((100, 1)), jnp.zeros(100))
    moved = observation.correction(gain, jnp.zeros(100), jnp.full(100, 1.5), jnp.ones(100))
    assert float(moved[0]) == pytest.approx(0.5, rel=0.02)
    # Where the rate is far too high the step stays bounded, one in the logarithm.
    moved = observation.correction(gain, jnp.full(100, 20.0), jnp.zeros(100), jnp.ones(100))
    assert float(moved[0]) == pytest.approx(-1.0, rel=0.02)
    gaussian = GaussianObservation()
    matrix = jnp.array([[2.0, 0.0], [0.0, 4.0], [0.0, 0.0]])
    pulled = gaussian.correction(gaussian.gain(matrix, None), jnp.zeros(3), jnp.array([2.0, 2.0, 9.0]), jnp.ones(3))
    np.testing.assert_allclose(pulled, [1.0, 0.5], atol=1e-12)


def test_floor_and_constant_of_counts() -> None:
    rng = np.random.default_rng(0)
    rates = np.exp(rng.normal(size=(4000, 3)))
    counts = rng.poisson(rates)
    found = count_likelihood(rates, counts)
    assert abs(found.value - found.floor) < 3 * found.stderr
    assert found.value < found.constant
    assert found.bits_per_event > 0
    # Rates that are twice too high are far from what they would get were they true.
    wrong = count_likelihood(2 * rates, counts)
    assert abs(wrong.value - wrong.floor) > 5 * wrong.stderr
    assert wrong.value > found.value
    # The entropy of a Poisson distribution of mean 1, by its series.
    k = np.arange(30)
    p = np.exp(-1) / np.cumprod(np.maximum(k, 1.0))
    assert count_likelihood(np.ones((5, 1)), np.ones((5, 1))).floor == pytest.approx(-np.sum(p * np.log(p)), rel=1e-9)
    assert "nats per count" in found.summary()
    with pytest.raises(ds.InputError, match="must both have shape"):
        count_likelihood(rates, counts[:-1])
    with pytest.raises(ds.InputError, match="must be positive"):
        count_likelihood(0 * rates, counts)
    with pytest.raises(ds.InputError, match="whole numbers"):
        count_likelihood(rates, counts + 0.5)


def test_what_is_no_count_is_refused() -> None:
    model = ShallowPLRNN.draw(n=2, channels=2, key=jax.random.key(0))
    short = {"windows": Windows(length=20), "updates": 1, "key": jax.random.key(0)}
    wave = np.stack([np.sin(0.1 * np.arange(200)), np.cos(0.1 * np.arange(200))], axis=1)
    with pytest.raises(ds.InputError, match="no counts"):
        train(model, wave, observation=PoissonObservation(), **short)
    with pytest.raises(ds.InputError, match="counts no more"):
        train(model, wave, observation=PoissonObservation(), windows=Windows(20, noise=0.1), key=jax.random.key(0))
    with pytest.raises(ds.InputError, match="standardised"):
        train(model, 100 + wave, **short)
