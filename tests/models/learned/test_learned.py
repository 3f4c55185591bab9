"""Learned systems: the known dynamics of their examples, their linear pieces, and what they refuse."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.map_cycles import periodic_points
from dynascope.models import (
    GRU,
    LSTM,
    RNN,
    AutoregressiveNetwork,
    ClosedFormContinuous,
    DendriticPLRNN,
    Dense,
    NeuralODE,
    ShallowPLRNN,
)

ONE = np.ones(1)
PIECEWISE = [
    ShallowPLRNN.example(),
    ShallowPLRNN.draw(n=3, hidden=7, clipped=True, key=jax.random.key(0)),
    ShallowPLRNN.draw(n=3, hidden=7, clipped=False, channels=5, key=jax.random.key(1)),
    DendriticPLRNN.example(),
    DendriticPLRNN.draw(n=5, branches=4, observed=3, key=jax.random.key(2)),
]


@pytest.mark.parametrize("system", PIECEWISE)
def test_rectified_form_is_the_step(system, key):
    form = system.rectified_form(None)
    for z in jax.random.normal(key, (20, system.a.size)) * 2:
        by_form = form.linear @ z + form.outer @ jax.nn.relu(form.inner @ z + form.threshold) + form.bias
        np.testing.assert_allclose(by_form, system.step(0, z, None), atol=1e-12)


def test_shallow_example_is_the_map_of_lozi():
    system = ShallowPLRNN.example()
    z = np.array([0.1, 0.1])
    ours = jnp.asarray(z)
    for _ in range(50):
        z = np.array([1 - 1.7 * abs(z[0]) + z[1], 0.5 * z[0]])
        ours = system.step(0, ours, None)
        np.testing.assert_allclose(ours, z, atol=1e-10)


def test_shallow_example_has_the_exponents_and_fixed_points_of_lozi():
    system = ShallowPLRNN.example()
    spectrum = ds.lyapunov_spectrum(system, duration=4000)
    assert abs(float(spectrum.exponents.sum()) + np.log(2)) < 1e-9  # the determinant is -1/2 everywhere
    assert spectrum.exponents[0] > 0.4
    found = periodic_points(system, 1)
    states = np.sort(np.asarray(found.points)[..., 0].reshape(-1))
    np.testing.assert_allclose(states, [-1 / 1.2, 1 / 2.2], atol=1e-9)


def test_dendritic_example_expands_by_two_and_a_half():
    spectrum = ds.lyapunov_spectrum(DendriticPLRNN.example(), duration=2000)
    assert abs(float(spectrum.exponents[0]) - np.log(2.5)) < 1e-9


def test_clipped_network_stays_bounded(key):
    # |z_i| <= (sum_j |W1_ij| |h2_j| + |h1_i|) / (1 - |a_i|), since the clipped bracket is at most |h2|.
    system = ShallowPLRNN.draw(n=3, hidden=20, clipped=True, key=key)
    system = system.replace(outer=np.asarray(system.outer) * 30)
    bound = (np.abs(system.outer) @ np.abs(system.threshold) + np.abs(system.bias)) / (1 - np.abs(system.a))
    run = ds.trajectory(system, jnp.full(3, 100.0), np.arange(3000))
    assert np.all(np.abs(run.ys)[2000:] <= bound + 1e-6)
    assert np.max(np.abs(run.ys)[2000:]) > 1e-3


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_autoregressive_network_is_its_cell_driven_by_its_own_output(kind, key):
    model = AutoregressiveNetwork.draw(kind, n=6, observed=2, key=key)
    network: Any = model.network
    y = model.initial_state()
    x, h = y[:2], network.initial_state()
    for n in range(5):
        h = network.step(n, h, x)
        x = x + network.observe(n, h, None)
        y = model.step(n, y, None)
        np.testing.assert_allclose(model.observe(n, y, None), x, atol=1e-12)
    whole = AutoregressiveNetwork(model.network, model.x0, increment=False)
    after = network.step(0, network.initial_state(), model.x0)
    np.testing.assert_allclose(
        whole.step(0, whole.initial_state(), None)[:2], network.observe(0, after, None), atol=1e-12
    )


def test_neural_ode_is_the_network_written_out(key):
    flow = NeuralODE.draw(n=2, width=5, depth=2, key=key)
    y = jnp.array([0.3, -0.7])
    a, b, c = ((np.asarray(layer.weight), np.asarray(layer.bias)) for layer in flow.layers)
    expected = c[0] @ np.tanh(b[0] @ np.tanh(a[0] @ y + a[1]) + b[1]) + c[1]
    np.testing.assert_allclose(flow.vector_field(0.0, y, None), expected, atol=1e-12)
    one = NeuralODE(flow.layers, observed=1)
    assert one.observe(0.0, y, None).shape == (1,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ShallowPLRNN(ONE, ONE[:, None], ONE[:, None], np.ones(2), ONE), "needs `a`"),
        (lambda: ShallowPLRNN.draw(n=2, observed=3, key=jax.random.key(0)), "`observed` must lie between 1 and the 2"),
        (lambda: ShallowPLRNN.draw(observed=2, channels=4, key=jax.random.key(0)), "not both"),
        (lambda: ShallowPLRNN.draw(hidden=0, key=jax.random.key(0)), "`hidden` must be at least 1"),
        (lambda: DendriticPLRNN(ONE, ONE[:, None], ONE, ONE, ONE), "needs `a`"),
        (lambda: AutoregressiveNetwork(GRU.draw(n=3, key=jax.random.key(0))), "got none"),
        (lambda: NeuralODE(()), "at least one layer"),
        (lambda: NeuralODE((Dense(np.ones((3, 2)), np.zeros(3)),)), "must take what the layer before gives"),
        (lambda: NeuralODE.draw(nonlinearity="sine", key=jax.random.key(0)), "must be one of"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_closed_form_cell_is_its_equation_and_time_opens_its_gate():
    cell = ClosedFormContinuous.draw(n=3, inputs=2, hidden=5, key=jax.random.key(0))
    rng = np.random.default_rng(0)
    cell = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), cell)
    h, x = rng.uniform(-1, 1, 3), rng.normal(size=2)

    def dense(layer, v):
        return np.asarray(layer.weight) @ v + np.asarray(layer.bias)

    z = 1.7159 * np.tanh(2 / 3 * dense(cell.backbone, np.concatenate([x, h])))
    short, long = np.tanh(dense(cell.first, z)), np.tanh(dense(cell.second, z))
    for gap in (0.0, 0.3, 2.0):
        gate = 1 / (1 + np.exp(-(gap * dense(cell.rate, z) + dense(cell.offset, z))))
        after = cell.step(0, jnp.asarray(h), jnp.asarray([gap, *x]))
        np.testing.assert_allclose(after, (1 - gate) * short + gate * long, rtol=1e-12)
    # After a long time it is at one target or the other, as the sign of the rate has it.
    at_end = cell.step(0, jnp.asarray(h), jnp.asarray([1e9, *x]))
    np.testing.assert_allclose(at_end, np.where(dense(cell.rate, z) > 0, long, short), rtol=1e-12)
    assert cell.input_size() == 3


def test_closed_form_cell_holds_the_decay_of_a_leak_at_any_gap():
    # One unit, its state so small that tanh is linear: what is left after tau is 2 (1 - g) = 2 sigma(-tau ln 3).
    one, nil = np.array([[1.0]]), np.array([[0.0]])
    small = 1e-4
    backbone = Dense(one * 1.5 / 1.7159, np.zeros(1))
    cell = ClosedFormContinuous(
        backbone, Dense(2 * one, nil[0]), Dense(nil, nil[0]), Dense(nil, np.log(3.0) * one[0]), Dense(nil, nil[0])
    )
    for gap, left in ((0.0, 1.0), (1.0, 0.5), (2.0, 0.2), (60.0, 0.0)):
        after = float(cell.step(0, jnp.array([small]), jnp.array([gap]))[0])
        assert after / small == pytest.approx(left, abs=1e-6)


def test_closed_form_cell_refuses_parts_that_do_not_fit():
    cell = ClosedFormContinuous.draw(n=3, inputs=2, key=jax.random.key(0))
    with pytest.raises(InputError, match="from the 64 outputs"):
        ClosedFormContinuous(cell.backbone, cell.first, cell.second, cell.rate, Dense(np.eye(3), np.zeros(3)))
    with pytest.raises(InputError, match="`h0` must be"):
        ClosedFormContinuous(cell.backbone, cell.first, cell.second, cell.rate, cell.offset, h0=np.zeros(2))
