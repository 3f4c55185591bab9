"""Exponents over sequences against twins in PyTorch, closed forms and the time average of a long run."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope._errors import RESULTS, ComputationFailed, InputError
from dynascope.analysis.learning import lyapunov_over_sequences, sequence_exponents
from dynascope.analysis.stability import Benettin
from dynascope.models.artificial import GRU, LSTM, RNN, RecurrentLayer
from dynascope.models.canonical import LinearMap, Lorenz

RNG = np.random.default_rng(3)
SEQUENCES = RNG.normal(size=(3, 90, 2))
LONG_SHORT: Any = LSTM.draw(n=4, inputs=2, gain=2.0, bias=0.3, key=jax.random.key(5))


def twins(lstm: Any, sequence: np.ndarray, transient: int) -> np.ndarray:
    """All exponents of a live `torch.nn.LSTM` from runs that start close together, by Gram-Schmidt on differences."""
    torch = pytest.importorskip("torch")
    n, small = lstm.hidden_size, 1e-7

    def step(states: np.ndarray, u: np.ndarray) -> np.ndarray:
        h, c = (torch.tensor(states[:, part])[None] for part in (slice(0, n), slice(n, 2 * n)))
        inputs = torch.tensor(np.tile(u, (1, len(states), 1)))
        with torch.no_grad():
            _, (h, c) = lstm(inputs, (h.contiguous(), c.contiguous()))
        return np.concatenate([h[0].numpy(), c[0].numpy()], axis=1)

    frame = np.linalg.qr(np.asarray(jax.random.normal(jax.random.key(0), (2 * n, 2 * n))).T)[0]
    start = np.concatenate([np.asarray(LONG_SHORT.initial_state().h), np.asarray(LONG_SHORT.initial_state().c)])
    logs = np.zeros(2 * n)
    y = start
    for t, u in enumerate(sequence):
        above, below = step(y + small * frame.T, u), step(y - small * frame.T, u)
        y = step(y[None], u)[0]
        frame, r = np.linalg.qr((above - below).T / (2 * small))
        if t >= transient:
            logs += np.log(np.abs(np.diag(r)))
    return logs / (len(sequence) - transient)


@pytest.fixture(scope="module")
def torch_lstm() -> Any:
    torch = pytest.importorskip("torch")
    lstm = torch.nn.LSTM(2, 4).double()
    layer = LONG_SHORT.layers[0]
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(torch.tensor(np.asarray(layer.weight_ih)))
        lstm.weight_hh_l0.copy_(torch.tensor(np.asarray(2.0 * layer.weight_hh)))
        lstm.bias_ih_l0.copy_(torch.tensor(np.asarray(layer.bias_ih)))
        lstm.bias_hh_l0.copy_(torch.tensor(np.asarray(layer.bias_hh)))
    return lstm


def test_all_exponents_of_an_lstm_are_those_of_twins(torch_lstm: Any) -> None:
    found = lyapunov_over_sequences(LONG_SHORT, SEQUENCES, transient=10)
    assert found.dimension == 8
    assert found.per_sequence.shape == (3, 8)
    expected = [np.sort(twins(torch_lstm, s, 10))[::-1] for s in SEQUENCES]
    np.testing.assert_allclose(np.sort(found.per_sequence)[:, ::-1], expected, atol=2e-6)
    np.testing.assert_allclose(found.exponents, np.mean(found.per_sequence, axis=0), atol=1e-14)
    np.testing.assert_allclose(found.stderr, np.std(found.per_sequence, axis=0, ddof=1) / np.sqrt(3), atol=1e-14)


def test_a_loaded_lstm_has_the_exponents_of_its_twins(torch_lstm: Any) -> None:
    system = ds.data.from_torch(torch_lstm)
    y0 = LONG_SHORT.initial_state()
    found = lyapunov_over_sequences(system, SEQUENCES[:1], k=2, transient=10, y0=y0)
    np.testing.assert_allclose(found.exponents, twins(torch_lstm, SEQUENCES[0], 10)[:2], atol=2e-6)


def test_memory_cell_dropped_or_order_reversed_gives_other_numbers() -> None:
    """What public code does: h alone with c frozen, and transposed Jacobians multiplied forward in time."""
    found = lyapunov_over_sequences(LONG_SHORT, SEQUENCES[:1], transient=10)
    y: Any = LONG_SHORT.initial_state()
    frozen, reversed_order = np.eye(4), np.eye(8)
    logs_frozen, logs_reversed = np.zeros(4), np.zeros(8)
    jacobian = jax.jit(jax.jacfwd(lambda y, u: jnp.concatenate(LONG_SHORT.step(0, y, u))))
    step = jax.jit(lambda y, u: LONG_SHORT.step(0, y, u))
    for t, u in enumerate(SEQUENCES[0]):
        full = np.concatenate(jacobian(y, u), axis=1)
        frozen, r = np.linalg.qr(full[:4, :4].T @ frozen)
        reversed_order, whole = np.linalg.qr(full.T @ reversed_order)
        if t >= 10:
            logs_frozen += np.log(np.abs(np.diag(r)))
            logs_reversed += np.log(np.abs(np.diag(whole)))
        y = step(y, u)
    # The sum survives any order of the factors; the exponents do not, and half a state has others altogether.
    assert logs_reversed.sum() / 80 == pytest.approx(found.exponents.sum(), abs=0.05)
    assert abs(logs_reversed[0] / 80 - found.exponents[0]) > 0.01
    assert abs(logs_frozen[0] / 80 - found.exponents[0]) > 0.5


def test_lstm_without_weights_forgets_by_its_forget_gate() -> None:
    """c' = sigmoid(b_f) c, and nothing is kept in h."""
    bias = np.zeros(12)
    bias[3:6] = forget = np.array([2.0, 1.0, -0.5])
    layer = RecurrentLayer(np.zeros((12, 1)), np.zeros((12, 3)), bias, np.zeros(12))
    found = lyapunov_over_sequences(LSTM((layer,)), np.zeros((2, 300, 1)), transient=100)
    np.testing.assert_allclose(found.exponents[:3], -np.log1p(np.exp(-forget)), atol=1e-12)
    assert np.all(np.isneginf(found.exponents[3:]))
    assert np.all(found.stderr[3:] == 0)


def test_long_sequence_agrees_with_the_time_average() -> None:
    network = RNN.draw(n=5, inputs=1, gain=1.4, key=jax.random.key(2))
    drive = np.random.default_rng(1).normal(size=(2, 6000, 1))
    found = lyapunov_over_sequences(network, drive, transient=500)
    for sequence, mine in zip(drive, found.per_sequence, strict=True):
        signal = ds.systems.Recorded(sequence, hold=True)
        other = ds.lyapunov_spectrum(network, inputs=signal, transient=500, duration=4800)
        # The windows differ by a few hundred steps.
        assert np.all(np.abs(mine - other.exponents) < 3 * other.stderr)


@pytest.mark.parametrize("every", [1, 3, 7])
def test_linear_map_has_its_moduli_at_any_interval(every: int) -> None:
    basis = np.array([[1.0, 0.3, -0.2], [0.1, 1.0, 0.4], [0.0, -0.3, 1.0]])
    matrix = basis @ np.diag([1.2, 0.5, -0.1]) @ np.linalg.inv(basis)
    found = lyapunov_over_sequences(
        LinearMap(matrix), np.zeros((2, 200, 0)), transient=100, method=Benettin(every=every)
    )
    np.testing.assert_allclose(found.exponents, np.log([1.2, 0.5, 0.1]), atol=1e-9)
    assert found.settled
    assert np.all(found.lengths == 200 - -(-100 // every) * every)


def test_padding_changes_nothing() -> None:
    network = GRU.draw(n=3, inputs=2, key=jax.random.key(1))
    ragged = [SEQUENCES[0], SEQUENCES[1][:53], SEQUENCES[2][:71]]
    together = lyapunov_over_sequences(network, ragged, transient=5)
    alone = [lyapunov_over_sequences(network, s[None], transient=5).per_sequence[0] for s in ragged]
    np.testing.assert_allclose(np.sort(together.per_sequence), np.sort(alone), atol=1e-12)
    assert together.lengths.tolist() == [85, 48, 66]


def test_pure_function_is_the_same_and_pieces_join(monkeypatch: pytest.MonkeyPatch) -> None:
    network = GRU.draw(n=3, inputs=2, key=jax.random.key(1))
    many = np.random.default_rng(0).normal(size=(7, 40, 2))
    pure = np.asarray(jax.jit(lambda s: sequence_exponents(network, s, k=3, transient=8))(many))
    monkeypatch.setattr("dynascope.analysis.learning._sequences._AT_ONCE", 3)
    found = lyapunov_over_sequences(network, many, k=3, transient=8)
    np.testing.assert_allclose(np.sort(found.per_sequence), np.sort(pure), atol=1e-12)
    assert found.lengths.tolist() == [32] * 7


def test_a_chaotic_network_is_told_from_one_that_forgets() -> None:
    drive = 0.1 * np.random.default_rng(0).normal(size=(6, 150, 1))
    chaotic = lyapunov_over_sequences(RNN.draw(n=40, gain=4.0, key=jax.random.key(0)), drive, k=1)
    assert "chaotic" in chaotic.summary()
    assert math.isfinite(chaotic.stderr[0])
    calm = lyapunov_over_sequences(RNN.draw(n=40, gain=0.5, key=jax.random.key(0)), drive, k=1)
    assert "forgets" in calm.summary()


def test_divergence_is_an_error_or_a_code() -> None:
    growing = LinearMap(np.diag([1e200, 0.5]))
    with pytest.raises(ComputationFailed, match="infinite"):
        lyapunov_over_sequences(growing, np.zeros((2, 50, 0)))
    found = lyapunov_over_sequences(growing, np.zeros((2, 50, 0)), throw=False)
    assert bool(found.result == RESULTS.nonfinite)
    assert "diverged" in found.summary()


@pytest.mark.parametrize(
    ("sequences", "options", "complaint"),
    [
        (np.zeros((3, 20)), {}, r"one channel"),
        (np.zeros((3, 20, 5)), {}, r"2 input channel"),
        ([], {}, "empty"),
        (np.full((1, 20, 2), np.nan), {}, "NaN"),
        (np.zeros((3, 20, 2)), {"transient": 20}, "`transient`"),
        (np.zeros((3, 20, 2)), {"k": 9}, "`k`"),
    ],
)
def test_wrong_input_is_explained(sequences: Any, options: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        lyapunov_over_sequences(LONG_SHORT, sequences, **options)


def test_flows_are_told_what_to_do() -> None:
    with pytest.raises(InputError, match="time_t_map"):
        lyapunov_over_sequences(Lorenz(), np.zeros((1, 10, 0)))
