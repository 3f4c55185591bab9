"""Input signals."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.systems import Constant, Noise, Pieces, PulseTrain, Ramp, Recorded, Sine, Step, Sum, as_input

#: Lists become arrays, which its type does not tell.
pieces: Any = Pieces


def values(signal: Any, ts: Any) -> np.ndarray:
    return np.array([signal(t) for t in ts])


def test_shapes_of_the_simple_signals() -> None:
    for signal in (Constant(2.0), Step(), PulseTrain(), Sine()):
        assert signal(jnp.asarray(0.3)).shape == (1,)
    assert Constant(jnp.ones(3))(0.0).shape == (3,)
    assert Sine(amplitude=jnp.ones(2))(0.0).shape == (2,)


def test_step_rises_at_its_onset() -> None:
    np.testing.assert_array_equal(values(Step(-1.0, 2.0, 3.0), [2.999, 3.0, 9.0])[:, 0], [-1, 2, 2])


def test_pulses() -> None:
    train = PulseTrain(height=2.0, width=1.0, period=4.0, onset=1.0)
    np.testing.assert_array_equal(
        values(train, [-3.0, 0.5, 1.0, 1.99, 2.0, 5.0, 5.5, 6.0])[:, 0], [0, 0, 2, 2, 0, 2, 2, 0]
    )


def test_ramp_is_constant_outside() -> None:
    ramp = Ramp(1.0, 3.0, 10.0, 20.0)
    np.testing.assert_allclose(values(ramp, [0.0, 10.0, 12.5, 20.0, 99.0])[:, 0], [1, 1, 1.5, 3, 3])
    np.testing.assert_allclose(jax.grad(lambda x: Ramp(0.0, x, 0.0, 4.0)(1.0)[0])(8.0), 0.25)


def test_pieces_jump_where_a_time_is_listed_twice() -> None:
    signal = pieces([1.0, 2.0, 2.0, 4.0], [0.0, 4.0, -1.0, 1.0])
    ts = [0.0, 1.0, 1.5, 2.0 - 1e-9, 2.0, 3.0, 4.0, 9.0]
    np.testing.assert_allclose(values(signal, ts)[:, 0], [0, 0, 2, 4, -1, 0, 1, 1], atol=1e-8)
    held = Pieces.steps([1.0, 2.0], [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    np.testing.assert_array_equal(values(held, [0.5, 1.0, 1.9, 2.0, 7.0]), [[0, 1], [2, 3], [2, 3], [4, 5], [4, 5]])
    np.testing.assert_array_equal(pieces([0.0], [3.0])(5.0), [3.0])


def test_pieces_equal_the_named_signals() -> None:
    ts = jnp.linspace(-1.0, 12.0, 131)
    for general, named in (
        (Pieces.steps([3.0], [0.5, 2.0]), Step(0.5, 2.0, 3.0)),
        (pieces([3.0, 7.0], [0.5, 2.0]), Ramp(0.5, 2.0, 3.0, 7.0)),
        (Pieces.steps([1.0, 2.0, 6.0, 7.0], [0.0, 3.0, 0.0, 3.0, 0.0]), PulseTrain(3.0, 1.0, 5.0, 1.0)),
    ):
        before_third = ts < 11.0
        np.testing.assert_allclose(jax.vmap(general)(ts)[before_third], jax.vmap(named)(ts)[before_third], atol=1e-14)


def test_pieces_differentiate_in_their_values_and_knots() -> None:
    def area(times: Any, heights: Any) -> Any:
        return jnp.mean(jax.vmap(Pieces(times, heights))(jnp.linspace(0.0, 4.0, 401))[:, 0])

    for where in (0, 1):
        got = jax.grad(area, argnums=where)(jnp.array([0.505, 1.505, 3.505]), jnp.array([1.0, 5.0, 2.0]))
        assert jnp.all(jnp.isfinite(got))
        assert jnp.any(got != 0)


def test_sum_of_signals() -> None:
    both = Step(0.0, 2.0, 1.0) + Sine(period=4.0)
    assert isinstance(both, Sum)
    np.testing.assert_allclose(values(both, [0.0, 1.0, 3.0])[:, 0], [0, 3, 1], atol=1e-14)
    three = both + Constant(1.0)
    np.testing.assert_allclose(three(1.0), [4.0])


def test_sine() -> None:
    ts = np.linspace(0, 3, 7)
    found = values(Sine(amplitude=2.0, period=5.0, phase=0.3, offset=1.0), ts)[:, 0]
    np.testing.assert_allclose(found, 1 + 2 * np.sin(2 * np.pi * ts / 5 + 0.3), rtol=1e-12)


def test_noise_is_held_repeatable_and_gaussian() -> None:
    noise = Noise(jax.random.key(0), channels=2, mean=1.0, std=3.0, dt=0.1)
    np.testing.assert_array_equal(noise(0.31), noise(0.39))
    assert np.all(noise(0.31) != noise(0.41))
    many = np.asarray(jax.vmap(noise)(0.1 * jnp.arange(5000)))
    np.testing.assert_allclose(many.mean(axis=0), 1.0, atol=4 * 3 / np.sqrt(5000))
    np.testing.assert_allclose(many.std(axis=0), 3.0, atol=4 * 3 / np.sqrt(10000))
    assert len(np.unique(many[:, 0])) == 5000  # no interval is entered twice through rounding
    assert np.isfinite(noise(-5.0)).all()


def test_recorded_signals() -> None:
    samples = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, -1.0]])
    line = Recorded(samples, dt=0.5, t0=1.0)
    np.testing.assert_allclose(values(line, [0.0, 1.0, 1.25, 1.5, 2.0, 9.0])[:, 0], [0, 0, 1, 2, 4, 4])
    held = Recorded(samples, dt=0.5, t0=1.0, hold=True)
    np.testing.assert_allclose(values(held, [0.0, 1.0, 1.49, 1.5, 9.0])[:, 1], [1, 1, 1, 3, -1])
    cyclic = Recorded(samples, cyclic=True)
    np.testing.assert_allclose(values(cyclic, [0, 1, 2, 3, 4, 2.5, -1])[:, 0], [0, 2, 4, 0, 2, 2, 4])
    third = Recorded(np.arange(1000.0)[:, None], dt=0.1, hold=True)
    np.testing.assert_array_equal(np.asarray(jax.vmap(third)(0.1 * jnp.arange(1000)))[:, 0], np.arange(1000))


def test_signals_reach_the_system() -> None:
    neuron = ds.build("leaky-integrate-and-fire").replace(I=0.0)
    ts = np.linspace(0.0, 5.0, 6)
    driven = ds.trajectory(neuron, None, ts, inputs=1.0).ys
    constant = ds.trajectory(neuron.replace(I=1.0), None, ts).ys
    np.testing.assert_allclose(driven, constant, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: as_input(1.0, channels=None), "takes no input"),
        (lambda: as_input([1.0, 2.0], channels=3), r"takes 3 input channel\(s\), but `inputs` has shape \(2,\)"),
        (lambda: Ramp(0.0, 1.0, 2.0, 2.0), "must lie after its `start`"),
        (lambda: pieces([1.0, 0.5], [0.0, 1.0]), "must not decrease"),
        (lambda: pieces([0.0, 1.0], [1.0]), r"one of `values` for each, got shapes \(2,\) and \(1,\)"),
        (lambda: Pieces.steps([1.0], [1.0]), "one more of `levels`"),
        (lambda: Sum(()), "at least one input"),
        (lambda: (Constant(jnp.ones(2)) + Constant(1.0))(0.0), r"must agree in channels, got \[2, 1\]"),
        (lambda: Recorded(np.ones(5)), r"shape \(time, channels\), got shape \(5,\)"),
        (lambda: Recorded(np.ones((0, 1))), "got shape"),
        (lambda: Recorded(np.ones((3, 1)), dt=0.0), "`dt` of `Recorded` must be positive, got 0"),
        (lambda: Sine(period=0.0), "`period` of `Sine` must be positive"),
        (lambda: PulseTrain(period=-1.0), "`period` of `PulseTrain` must be positive"),
        (lambda: Noise(jax.random.key(0), dt=float("nan")), "`dt` of `Noise` must be positive"),
    ],
)
def test_wrong_signals_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ds.InputError, match=message):
        make()
