"""Recurrent networks step as PyTorch does, have its Jacobians, and obey what can be said of them on paper."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from dynascope import InputError
from dynascope._param import parameters
from dynascope.data import from_torch
from dynascope.models.artificial import (
    ALRNN,
    GRU,
    LSTM,
    RNN,
    LSTMState,
    OutputProjection,
    Readout,
    RecurrentLayer,
    from_cell,
)
from dynascope.systems import dimension, kind, state_variables

INPUTS = 3

# Name of the class in `torch.nn` and its arguments after the sizes.
VARIANTS = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
    ("RNN", {"num_layers": 3}),
    ("RNN", {"num_layers": 2, "nonlinearity": "relu", "bias": False}),
    ("RNN", {"num_layers": 2, "batch_first": True, "dropout": 0.5}),
    ("GRU", {}),
    ("GRU", {"bias": False}),
    ("GRU", {"num_layers": 3}),
    ("GRU", {"num_layers": 2, "bias": False}),
    ("LSTM", {}),
    ("LSTM", {"bias": False}),
    ("LSTM", {"num_layers": 3}),
    ("LSTM", {"num_layers": 2, "bias": False}),
    ("LSTM", {"proj_size": 4}),
    ("LSTM", {"proj_size": 4, "num_layers": 3}),
    ("LSTM", {"proj_size": 1, "num_layers": 2, "bias": False}),
    ("RNNCell", {}),
    ("RNNCell", {"nonlinearity": "relu"}),
    ("RNNCell", {"bias": False}),
    ("GRUCell", {}),
    ("GRUCell", {"bias": False}),
    ("LSTMCell", {}),
    ("LSTMCell", {"bias": False}),
]
NAMES = [" ".join([name, *(f"{k}={v}" for k, v in options.items())]) for name, options in VARIANTS]


@pytest.fixture(scope="module")
def torch():
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


def made(torch, name, options, units=7):
    """A module of torch in double precision with weights large enough to bend the nonlinearities."""
    torch.manual_seed(3)
    module = getattr(torch.nn, name)(INPUTS, units, dtype=torch.float64, **options).eval()
    with torch.no_grad():
        for weights in module.parameters():
            weights.mul_(1.5)
    return module


def torch_step(torch, module, units=7):
    """The step of a module of torch as a function of flat state and input: (h of all layers, c of all layers)."""
    depth, outputs = getattr(module, "num_layers", 1), getattr(module, "proj_size", 0) or units
    has_memory = type(module).__name__.startswith("LSTM")
    is_cell = type(module).__name__.endswith("Cell")

    def step(y, x):
        h = y[: depth * outputs].reshape(depth, 1, outputs)
        c = y[depth * outputs :].reshape(depth, 1, -1)
        if is_cell:
            out = module(x[None], (h[0], c[0]) if has_memory else h[0])
        else:
            out = module(x[None, None], (h, c) if has_memory else h)[1]
        return torch.cat([part.reshape(-1) for part in out]) if has_memory else out.reshape(-1)

    return step, depth * (outputs + units if has_memory else outputs)


def flat_step(system):
    _, unravel = ravel_pytree(system.initial_state())
    return lambda y, u: ravel_pytree(system.step(0, unravel(y), u))[0]


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=NAMES)
def test_steps_like_torch(torch, name, options):
    module = made(torch, name, options)
    theirs, size = torch_step(torch, module)
    system = from_torch(module)
    assert dimension(system) == size
    assert system.input_size() == INPUTS
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, INPUTS))
    y = torch.tensor(rng.normal(size=size))
    step = jax.jit(flat_step(system))
    ours = jnp.asarray(y.numpy())
    with torch.no_grad():
        for u in inputs:
            y = theirs(y, torch.tensor(u))
            ours = step(ours, u)
            np.testing.assert_allclose(ours, y.numpy(), rtol=0, atol=1e-12)
    assert np.abs(y.numpy()).max() > 1e-3


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("RNN", {"num_layers": 2}),
        ("GRU", {"num_layers": 2}),
        ("LSTM", {"num_layers": 2}),
        ("LSTM", {"num_layers": 2, "proj_size": 3}),
        ("LSTMCell", {}),
    ],
)
def test_jacobian_like_torch(torch, name, options):
    module = made(torch, name, options)
    theirs, size = torch_step(torch, module)
    rng = np.random.default_rng(1)
    y, u = rng.normal(size=size), rng.normal(size=INPUTS)
    system = from_torch(module)
    ours = jax.jit(jax.jacfwd(flat_step(system)))(jnp.asarray(y), u)
    reference = torch.autograd.functional.jacobian(lambda v: theirs(v, torch.tensor(u)), torch.tensor(y))
    np.testing.assert_allclose(ours, reference.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("drawn", [RNN, GRU, LSTM], ids=lambda c: c.__name__)
def test_jacobian_by_finite_differences(drawn, keys):
    system = drawn.draw(n=5, inputs=2, layers=2, gain=1.5, bias=0.5, key=keys())
    y, _ = ravel_pytree(system.initial_state())
    step, u = jax.jit(flat_step(system)), jnp.array([0.3, -0.7])
    shift = 1e-6 * jnp.eye(y.size)
    differences = np.stack([(step(y + e, u) - step(y - e, u)) / 2e-6 for e in shift], axis=1)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(step))(y, u), differences, atol=2e-9)


def silent(gates, n, *, bias):
    """A layer whose weights are all zero."""
    zeros = np.zeros(gates * n)
    return RecurrentLayer(np.zeros((gates * n, 1)), np.zeros((gates * n, n)), np.asarray(bias, float), zeros)


def sigma(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def test_lstm_without_weights():
    b_i, b_f, b_g, b_o = np.array([0.1, 0.2]), np.array([1.0, -1.0]), np.array([0.5, 0.0]), np.array([0.3, 2.0])
    system = LSTM((silent(4, 2, bias=np.concatenate([b_i, b_f, b_g, b_o])),))
    c = jnp.array([0.7, -1.3])
    new = system.step(0, LSTMState(jnp.array([0.4, 0.9]), c), jnp.ones(1))
    expected = sigma(b_f) * c + sigma(b_i) * np.tanh(b_g)
    np.testing.assert_allclose(new.c, expected, atol=1e-15)
    np.testing.assert_allclose(new.h, sigma(b_o) * np.tanh(expected), atol=1e-15)
    # Without a candidate the memory only decays: c' = sigma(b_f) c, and the exponents are ln sigma(b_f).
    np.testing.assert_allclose(new.c[1], sigma(-1.0) * -1.3, atol=1e-15)


def test_gru_without_weights_halves():
    system = GRU((silent(3, 4, bias=np.zeros(12)),))
    h = jnp.array([0.2, -0.4, 0.6, 1.0])
    np.testing.assert_allclose(system.step(0, h, None), h / 2, atol=1e-15)
    np.testing.assert_allclose(jax.jacfwd(lambda y: system.step(0, y, None))(h), np.eye(4) / 2, atol=1e-15)


def test_rnn_without_weights_forgets():
    bias = np.array([0.5, -0.2, 3.0])
    h = jnp.array([9.0, -9.0, 0.0])
    np.testing.assert_allclose(RNN((silent(1, 3, bias=bias),)).step(0, h, None), np.tanh(bias), atol=1e-15)
    relu = RNN((silent(1, 3, bias=bias),), nonlinearity="relu")
    np.testing.assert_array_equal(relu.step(0, h, None), [0.5, 0.0, 3.0])


def test_layers_see_the_new_output_of_the_layer_below():
    one = RecurrentLayer(np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1), np.zeros(1))
    system = RNN((one, one, one))
    u = jnp.array([0.8])
    expected = [np.tanh(0.8), np.tanh(np.tanh(0.8)), np.tanh(np.tanh(np.tanh(0.8)))]
    np.testing.assert_allclose(system.step(0, jnp.zeros(3), u), expected, atol=1e-15)


@pytest.mark.parametrize("drawn", [RNN, GRU, LSTM], ids=lambda c: c.__name__)
def test_gain_multiplies_recurrent_weights_only(drawn, keys):
    system = drawn.draw(n=6, inputs=2, layers=2, bias=0.3, key=keys())
    scaled = system.replace(**{f"layers.{i}.weight_hh": 2.5 * system.layers[i].weight_hh for i in range(2)})
    y, u = system.initial_state(), jnp.array([1.0, -1.0])
    ours, expected = system.replace(gain=2.5).step(0, y, u), scaled.step(0, y, u)
    np.testing.assert_allclose(ravel_pytree(ours)[0], ravel_pytree(expected)[0], atol=1e-14)


def test_no_input_equals_zero_input(keys):
    for drawn in (RNN, GRU, LSTM):
        system: Any = drawn.draw(n=6, inputs=3, layers=2, bias=0.3, key=keys())
        y = system.initial_state()
        np.testing.assert_array_equal(
            ravel_pytree(system.step(0, y, None))[0], ravel_pytree(system.step(0, y, jnp.zeros(3)))[0]
        )


@pytest.mark.parametrize("outputs", [None, 3])
def test_region_of_lstm_holds_every_orbit(keys, outputs):
    system = LSTM.draw(n=4, layers=2, outputs=outputs, gain=0.4, bias=0.2, key=keys())
    box = system.region()
    assert box is not None
    assert jnp.all(box.high.c < 10), "cut off, so nothing is tested here"
    states = box.sample(keys(), 500)
    step = jax.jit(jax.vmap(lambda y: system.step(0, y, None)))
    for _ in range(20):
        states = step(states)
        assert jnp.all(jnp.abs(states.c) <= box.high.c)
        assert jnp.all(jnp.abs(states.h) <= box.high.h)


def test_regions_of_the_others(keys):
    for system in (RNN.draw(n=4, key=keys()), GRU.draw(n=4, key=keys())):
        box = system.region()
        assert box is not None
        np.testing.assert_array_equal(box.high, np.ones(4))
        np.testing.assert_array_equal(box.low, -np.ones(4))
    assert RNN.draw(n=4, nonlinearity="relu", key=keys()).region() is None
    assert jnp.all(LSTM.draw(n=4, gain=100.0, key=keys()).region().high.c <= 10)  # pyright: ignore[reportOptionalMemberAccess]


def test_draw_has_the_stated_variance(keys):
    system = GRU.draw(n=200, inputs=50, layers=2, bias=0.7, key=keys())
    first, second = system.layers
    assert float(first.weight_hh.std()) == pytest.approx(200**-0.5, rel=0.02)
    assert float(first.weight_ih.std()) == pytest.approx(50**-0.5, rel=0.03)
    assert float(second.weight_ih.std()) == pytest.approx(200**-0.5, rel=0.02)
    assert float(first.bias_hh.std()) == pytest.approx(0.7, rel=0.1)
    assert jnp.std(system.initial_state()) > 0.3


def test_draw_repeats_and_differs(key, keys):
    one, same, other = (LSTM.draw(n=4, outputs=2, key=k) for k in (key, key, jax.random.key(9)))
    assert eqx.tree_equal(one, same)
    assert not eqx.tree_equal(one, other)
    assert dimension(one) == 6


@pytest.mark.parametrize("drawn", [RNN, GRU, LSTM], ids=lambda c: c.__name__)
def test_examples_are_chaotic(drawn):
    system = drawn.example()
    step = flat_step(system)
    y, _ = ravel_pytree(system.initial_state())
    y = jax.lax.fori_loop(0, 500, lambda _, v: step(v, None), y)

    def body(carry, _):
        y, v = carry
        y, v = jax.jvp(lambda w: step(w, None), (y,), (v,))
        norm = jnp.linalg.norm(v)
        return (y, v / norm), jnp.log(norm)

    _, growth = jax.lax.scan(body, (y, jnp.ones_like(y)), None, length=4000)
    blocks = growth.reshape(8, -1).mean(axis=1)
    assert growth.mean() > 3 * blocks.std() / jnp.sqrt(8) > 0


def test_names_and_parameters(keys):
    system = LSTM.draw(n=3, outputs=2, layers=2, key=keys())
    names = [v.name for v in state_variables(system)]
    assert names == ["h0", "h1", "h2", "h3", "c0", "c1", "c2", "c3", "c4", "c5"]
    known = parameters(system)
    assert {"layers.1.weight_ih", "projections.0.weight", "gain", "h0", "c0"} <= set(known)
    assert [n for n, (_, meta) in known.items() if not meta["learned"]] == ["gain", "h0", "c0"]
    assert [v.name for v in state_variables(RNN.draw(n=2, layers=2, key=keys()))] == ["h0", "h1", "h2", "h3"]
    assert kind(system) == "map"


def test_single_precision_stays(keys):
    for system in (RNN.example(), GRU.example(), LSTM.draw(n=4, outputs=2, key=keys()), ALRNN.example()):
        small = jax.tree.map(lambda x: x.astype(jnp.float32), system)
        u = None if system.input_size() is None else jnp.ones(1)
        y = small.initial_state()
        for leaf in jax.tree.leaves((y, small.step(0, y, u))):
            assert leaf.dtype == jnp.float32


def test_readout_is_observed(keys):
    plain = LSTM.draw(n=3, layers=2, key=keys())
    weight, bias = np.arange(6.0).reshape(2, 3), np.array([1.0, -1.0])
    system = LSTM(plain.layers, h0=plain.h0, readout=Readout(weight, bias))
    y = system.initial_state()
    np.testing.assert_allclose(system.observe(0, y, None), weight @ np.asarray(y.h[3:]) + bias)
    assert plain.observe(0, y, None) is y
    with pytest.raises(InputError, match=r"readout of `GRU` must have 4 columns, got shape \(2, 3\)"):
        GRU(GRU.draw(n=4, key=keys()).layers, readout=Readout(weight, bias))


def test_bad_inputs_of_cells(keys):
    system = GRU.draw(n=4, inputs=2, key=keys())
    y = system.initial_state()
    with pytest.raises(InputError, match=r"takes 2 input channel\(s\), got an input of shape \(3,\)"):
        system.step(0, y, jnp.ones(3))
    with pytest.raises(InputError, match="`nonlinearity` must be `tanh` or `relu`, got 'sigmoid'"):
        RNN.draw(n=4, nonlinearity="sigmoid", key=keys())
    with pytest.raises(InputError, match="`nonlinearity` must be"):
        RNN.example().replace(nonlinearity="gelu")
    with pytest.raises(InputError, match="`layers` must be at least 1, got 0"):
        LSTM.draw(n=4, layers=0, key=keys())
    with pytest.raises(InputError, match="`outputs` must lie between 1 and n - 1 = 3, got 4"):
        LSTM.draw(n=4, outputs=4, key=keys())
    with pytest.raises(InputError, match="4 does not divide"):
        LSTM(RNN.draw(n=5, key=keys()).layers)
    with pytest.raises(InputError, match=r"Layer 1 of `RNN` must have `weight_hh` of shape \(\(?4, 4\)"):
        RNN((*RNN.draw(n=4, key=keys()).layers, *RNN.draw(n=5, inputs=4, key=keys()).layers))
    with pytest.raises(InputError, match=r"`h0` must be a number or have shape \(4,\), got shape \(3,\)"):
        RNN(RNN.draw(n=4, key=keys()).layers, h0=np.zeros(3))
    with pytest.raises(InputError, match="equally many rows"):
        RecurrentLayer(np.zeros((4, 1)), np.zeros((4, 4)), np.zeros(3), np.zeros(4))
    with pytest.raises(InputError, match="at least one layer"):
        GRU(())
    with pytest.raises(InputError, match="`projections` must hold one weight"):
        LSTM(LSTM.draw(n=4, outputs=2, layers=2, key=keys()).layers, (OutputProjection(np.zeros((2, 4))),))


def test_scalar_input_for_one_channel(keys):
    system = RNN.draw(n=3, inputs=1, key=keys())
    y = system.initial_state()
    np.testing.assert_array_equal(system.step(0, y, 0.5), system.step(0, y, jnp.array([0.5])))


def test_alrnn_is_its_equation(keys):
    system = ALRNN.draw(n=6, rectified=2, key=keys())
    z = np.asarray(jax.random.normal(keys(), (6,)))
    phi = np.concatenate([z[:4], np.maximum(z[4:], 0)])
    expected = np.asarray(system.a) * z + np.asarray(system.weight) @ phi + np.asarray(system.bias)
    np.testing.assert_allclose(system.step(0, jnp.asarray(z), None), expected, atol=1e-15)


def test_alrnn_has_at_most_two_to_the_p_pieces(keys):
    system = ALRNN.draw(n=6, rectified=2, key=keys())
    jacobians = jax.vmap(jax.jacfwd(lambda z: system.step(0, z, None)))(jax.random.normal(keys(), (200, 6)))
    assert len(np.unique(np.asarray(jacobians).reshape(200, -1), axis=0)) == 4


def test_alrnn_example_has_the_exponents_of_the_tent_map():
    system = ALRNN.example()
    states = []
    y = system.initial_state()
    for _ in range(300):
        states.append(y)
        y = system.step(0, y, None)
    z = np.asarray(states)
    np.testing.assert_allclose(z[1:, 1], 1 - 1.9 * np.abs(z[:-1, 1]), atol=1e-12)
    jacobians = jax.vmap(jax.jacfwd(lambda v: system.step(0, v, None)))(jnp.asarray(z))
    assert np.all(np.asarray(jacobians[:, 1, 0]) == 0)  # triangular, so its diagonal gives the exponents
    np.testing.assert_allclose(np.log(np.abs(jacobians[:, 1, 1])).mean(), np.log(1.9), atol=1e-12)
    np.testing.assert_allclose(np.log(np.abs(jacobians[:, 0, 0])).mean(), np.log(0.5), atol=1e-12)


def test_alrnn_observes_and_complains():
    system = ALRNN(np.ones(3), np.eye(3), np.zeros(3), rectified=1, observed=2)
    np.testing.assert_array_equal(system.observe(0, jnp.array([1.0, 2.0, 3.0]), None), [1.0, 2.0])
    with pytest.raises(InputError, match="`rectified` must lie between 0 and the 3 units of the network, got 4"):
        ALRNN(np.ones(3), np.eye(3), np.zeros(3), rectified=4)
    with pytest.raises(InputError, match=r"`ALRNN` needs `a` \(M,\)"):
        ALRNN(np.ones(3), np.eye(2), np.zeros(3))


@pytest.mark.parametrize(("cell", "parts"), [("GRUCell", 1), ("LSTMCell", 2)])
def test_equinox_cells(cell, parts, keys):
    made_cell = getattr(eqx.nn, cell)(2, 5, key=keys())
    system = from_cell(made_cell, hidden=5, inputs=2)
    assert dimension(system) == 5 * parts
    assert kind(system) == "map"
    y = jax.tree.map(lambda x: x + 0.3, system.initial_state())
    u = jnp.array([0.2, -1.0])
    ours = jax.jit(lambda s, v: s.step(0, v, u))(system, y)
    np.testing.assert_allclose(ravel_pytree(ours)[0], ravel_pytree(made_cell(u, y))[0], atol=1e-15)
    assert eqx.tree_equal(system.step(0, y, None), system.step(0, y, jnp.zeros(2)))


def test_plain_function_as_cell():
    system = from_cell(lambda u, h: jnp.tanh(2.0 * h + u), hidden=1, inputs=1)
    ours = jax.jit(lambda s: s.step(0, jnp.array([0.5]), jnp.array([0.1])))(system)
    np.testing.assert_allclose(ours, np.tanh([1.1]), atol=1e-15)


def test_bad_cells(keys):
    gru = eqx.nn.GRUCell(2, 5, key=keys())
    with pytest.raises(InputError, match="could not be called with an input of shape"):
        from_cell(gru, hidden=5, inputs=3)
    with pytest.raises(InputError, match="If it also returns an output"):
        from_cell(lambda u, h: (h, h.sum()), hidden=5, inputs=2)
    with pytest.raises(InputError, match="must be callable"):
        from_cell(3, hidden=5, inputs=2)  # pyright: ignore[reportArgumentType]
