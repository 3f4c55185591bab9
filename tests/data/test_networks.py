"""Networks are read from every kind of file that PyTorch writes, and every bad file gets its own message."""

import argparse
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from dynascope import InputError
from dynascope.data import from_state_dict, from_torch, read_network
from dynascope.models.artificial import ALRNN, GRU, LSTM, RNN


@pytest.fixture(scope="module")
def torch():
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


def weights_of(kind, *, n=5, inputs=3, layers=1, prefix="", seed=0, bias=True):
    """A state_dict of NumPy arrays as PyTorch would write it."""
    rows = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind] * n
    rng = np.random.default_rng(seed)
    found = {}
    for i in range(layers):
        found[f"{prefix}weight_ih_l{i}"] = rng.normal(size=(rows, n if i else inputs))
        found[f"{prefix}weight_hh_l{i}"] = rng.normal(size=(rows, n))
        if bias:
            found[f"{prefix}bias_ih_l{i}"] = rng.normal(size=rows)
            found[f"{prefix}bias_hh_l{i}"] = rng.normal(size=rows)
    return found


def classifier(torch, kind="GRU", **options):
    """A module with one recurrent network and a linear readout, as a user writes it."""

    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = getattr(torch.nn, kind)(3, 6, **options)
            self.head = torch.nn.Linear(6, 2)

        def forward(self, x):
            return self.head(self.rnn(x)[0])

    torch.manual_seed(1)
    return Classifier()


def run(system, inputs):
    """What the readout shows along an input."""
    step = jax.jit(lambda n, y, u: system.step(n, y, u))
    y, shown = system.initial_state(), []
    for n, u in enumerate(inputs):
        y = step(n, y, jnp.asarray(u))
        shown.append(system.observe(n, y, u))
    return np.asarray(shown)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".safetensors"])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_files_give_the_network_of_torch(torch, tmp_path, kind, suffix):
    from safetensors.torch import save_file as save_torch

    model, path = classifier(torch, kind, num_layers=2), tmp_path / f"net{suffix}"
    if suffix == ".safetensors":
        save_torch(model.state_dict(), path)
    elif suffix == ".ckpt":
        optimiser = torch.optim.Adam(model.parameters())
        model(torch.zeros(1, 1, 3)).sum().backward()
        optimiser.step()
        states = {"state_dict": model.state_dict(), "optimizer_states": [optimiser.state_dict()]}
        torch.save({"epoch": 3, **states, "optimizer": optimiser.state_dict()}, path)
    else:
        torch.save(model.state_dict(), path)
    read = read_network(path)
    inputs = np.random.default_rng(2).normal(size=(30, 3))
    with torch.no_grad():
        expected = model.double()(torch.tensor(inputs)[:, None])[:, 0].numpy()
    np.testing.assert_allclose(run(read.system, inputs), expected, atol=1e-12)
    assert read.prefix == ("state_dict.rnn" if suffix == ".ckpt" else "rnn")
    assert read.description == f"{kind}, 2 layers of 6 units, 3 input channel(s)"
    assert any("head` (6 -> 2) is taken as the readout" in note for note in read.notes)
    assert (kind == "RNN") == any("tanh is assumed" in note for note in read.notes)
    assert len(read.notes) == 1 + (kind == "RNN")


def test_older_torch_files_and_half_precision(torch, tmp_path):
    model = torch.nn.GRU(2, 4)
    torch.save(model.half().state_dict(), tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    read = read_network(tmp_path / "a.pt")
    np.testing.assert_array_equal(read.system.layers[0].weight_hh, model.weight_hh_l0.detach().double().numpy())  # pyright: ignore[reportAttributeAccessIssue]


def test_safetensors_need_no_torch(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    weights = weights_of("LSTM", layers=2)
    save_file(weights, tmp_path / "a.safetensors")
    system = read_network(tmp_path / "a.safetensors").system
    assert isinstance(system, LSTM)
    np.testing.assert_array_equal(system.layers[1].weight_ih, weights["weight_ih_l1"])


def test_safetensors_of_bfloat16(tmp_path):
    weights = {k: v.astype(jnp.bfloat16) for k, v in weights_of("GRU").items()}
    save_file(weights, tmp_path / "a.safetensors")
    system = read_network(tmp_path / "a.safetensors").system
    assert isinstance(system, GRU)
    np.testing.assert_array_equal(system.layers[0].bias_hh, weights["bias_hh_l0"].astype(float))
    assert system.layers[0].bias_hh.dtype == jnp.float64


def test_without_torch_the_message_says_so(tmp_path, monkeypatch):
    (tmp_path / "a.pt").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"pip install 'dynascope\[torch\]'"):
        read_network(tmp_path / "a.pt")


def test_nonlinearity_and_its_note():
    weights = weights_of("RNN", bias=False)
    assumed, told = from_state_dict(weights), from_state_dict(weights, nonlinearity="relu")
    assert isinstance(assumed.system, RNN)
    assert isinstance(told.system, RNN)
    assert (assumed.system.nonlinearity, told.system.nonlinearity) == ("tanh", "relu")
    assert "--nonlinearity relu" in assumed.notes[0]
    assert told.notes == ()
    assert assumed.description.endswith("no biases")
    np.testing.assert_array_equal(assumed.system.layers[0].bias_ih, np.zeros(5))


@pytest.mark.parametrize("prefix", ["b.rnn", "b", "model.b.rnn"])
def test_prefix_chooses(prefix):
    weights = weights_of("GRU", prefix="model.a.rnn.") | weights_of("LSTM", prefix="model.b.rnn.")
    if prefix == "b":
        weights = {k.removeprefix("model."): v for k, v in weights.items()}
    assert isinstance(from_state_dict(weights, prefix=prefix).system, LSTM)


def test_prefix_of_the_top():
    weights = weights_of("GRU") | weights_of("LSTM", prefix="b.")
    assert isinstance(from_state_dict(weights, prefix="").system, GRU)


def test_cells_and_other_entries():
    weights = {k.removesuffix("_l0"): v for k, v in weights_of("LSTM", prefix="module.cell.").items()}
    read = from_state_dict(weights | {"module.bn.num_batches_tracked": np.array(3)})
    assert isinstance(read.system, LSTM)
    assert read.prefix == "module.cell"


def test_readout_only_where_it_is_clear():
    rng = np.random.default_rng(0)

    def linear(name, out, into):
        return {f"{name}.weight": rng.normal(size=(out, into)), f"{name}.bias": rng.normal(size=out)}

    def read(*parts, readout=None):
        beside = {k: v for part in parts for k, v in part.items()}
        return from_state_dict(weights_of("GRU", prefix="rnn.") | beside, readout=readout)

    encoder, head, deep, wide = linear("enc", 3, 8), linear("head", 2, 5), linear("top", 4, 2), linear("wide", 5, 5)
    embedding = {"embedding.weight": rng.normal(size=(100, 5))}
    clear = read(encoder, head)
    assert clear.system.readout is not None  # pyright: ignore[reportAttributeAccessIssue]
    assert clear.notes[1] == "Left out, as only the recurrent part is the system: `enc`."
    for parts in ([head, deep], [head, wide], [embedding]):
        unclear = read(*parts)
        assert unclear.system.readout is None  # pyright: ignore[reportAttributeAccessIssue]
        assert len(unclear.notes) == 1
    assert "Name the readout with `--readout head`." in read(head, wide).notes[0]
    named = read(head, wide, readout="wide").system
    np.testing.assert_array_equal(named.readout.weight, wide["wide.weight"])  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(InputError, match=r"`readout` must name one linear layer whose weight has 5 columns, got 'top'"):
        read(head, deep, readout="top")


def test_almost_linear_network():
    rng = np.random.default_rng(0)
    a, w, h, lift = rng.normal(size=4), rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=(2, 4))
    read = from_state_dict({"A": a, "W": w, "h": h, "B": lift}, rectified=1)
    assert isinstance(read.system, ALRNN)
    assert (read.system.rectified, read.system.observed) == (1, 2)
    z = rng.normal(size=4)
    expected = a * z + w @ np.append(z[:3], max(z[3], 0)) + h
    np.testing.assert_allclose(read.system.step(0, jnp.asarray(z), None), expected, atol=1e-14)
    with pytest.raises(InputError, match="AL-RNN of 4 units, but weights do not tell how many of them are rectified"):
        from_state_dict({"A": a, "W": w, "h": h})
    with pytest.raises(InputError, match="`rectified` must lie between 0 and the 4 units of the network, got 7"):
        from_state_dict({"A": a, "W": w, "h": h}, rectified=7)
    with pytest.raises(InputError, match="`nonlinearity` applies to a simple RNN, but the network is an AL-RNN"):
        from_state_dict({"A": a, "W": w, "h": h}, rectified=1, nonlinearity="relu")


def test_live_modules(torch):
    model = classifier(torch, "RNN", nonlinearity="relu").double()
    system = from_torch(model)
    assert isinstance(system, RNN)
    assert system.nonlinearity == "relu"
    inputs = np.random.default_rng(2).normal(size=(10, 3))
    with torch.no_grad():
        expected = model(torch.tensor(inputs)).numpy()
    np.testing.assert_allclose(run(system, inputs), expected, atol=1e-12)
    assert isinstance(from_torch(torch.nn.ModuleDict({"a": torch.nn.GRU(1, 2), "b": model}), prefix="a"), GRU)


def test_live_weights_are_those_that_act(torch):
    module = torch.nn.GRU(2, 3)
    torch.nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")
    acting = module.weight_hh_l0.detach().double().numpy()
    system = from_torch(module)
    assert isinstance(system, GRU)
    np.testing.assert_array_equal(system.layers[0].weight_hh, acting)
    with pytest.raises(InputError, match=r"`weight_hh_l0` is missing. `parametrizations.weight_hh_l0.original0` says"):
        from_state_dict(module.state_dict())


def test_bad_live_modules(torch):
    with pytest.raises(InputError, match=r"`module` must be a `torch.nn.Module`, got list"):
        from_torch([])
    with pytest.raises(InputError, match="The module `Linear` holds no recurrent network"):
        from_torch(torch.nn.Linear(2, 2))
    with pytest.raises(InputError, match="holds 2 recurrent networks: `0`, `1`"):
        from_torch(torch.nn.Sequential(torch.nn.GRU(2, 2), torch.nn.GRU(2, 2)))
    with pytest.raises(InputError, match="`weight_ih_l0_reverse` belongs to a bidirectional network"):
        from_torch(torch.nn.LSTM(2, 2, bidirectional=True))


# Bad content that any reader meets: what is changed in a good state_dict, the options, and the message.
BAD_WEIGHTS = [
    ({"rnn.weight_hh_l1": None}, {}, "The key `rnn.weight_hh_l1` is missing. Save the whole network."),
    ({"rnn.bias_hh_l0": None}, {}, "The key `rnn.bias_hh_l0` is missing"),
    ({"rnn.weight_ih_l0": None}, {}, "The key `rnn.weight_ih_l0` is missing"),
    ({"rnn.weight_hh_l3": np.ones((15, 5))}, {}, "The key `rnn.weight_ih_l1` is missing|`rnn.weight_ih_l2` is missing"),
    (
        {"rnn.weight_ih_l1": np.ones((15, 4))},
        {},
        r"`rnn.weight_ih_l1` has shape \(15, 4\), expected \(15, 5\) in layer 1 of this GRU of 5 units",
    ),
    ({"rnn.bias_ih_l0": np.ones(14)}, {}, r"`rnn.bias_ih_l0` has shape \(14,\), expected \(15,\)"),
    (
        {"rnn.weight_hh_l0": np.ones((10, 5))},
        {},
        r"`rnn.weight_hh_l0` has shape \(10, 5\), expected rows / columns of 1",
    ),
    ({"rnn.weight_hh_l0": np.ones(15)}, {}, r"`rnn.weight_hh_l0` has shape \(15,\), expected 2 dimension"),
    ({"rnn.weight_hh_l0": np.ones((0, 0))}, {}, r"`rnn.weight_hh_l0` has shape \(0, 0\), expected 2 dimension"),
    (
        {"rnn.weight_hr_l0": np.ones((5, 8)), "rnn.weight_hr_l1": np.ones((5, 8))},
        {},
        r"`rnn.weight_hh_l0` has shape \(15, 5\), expected \(32, 5\)",
    ),
    ({"rnn.weight_hh_l0": np.full((15, 5), np.nan)}, {}, r"`rnn.weight_hh_l0` holds 75 value\(s\) of 75 that are NaN"),
    ({"rnn.weight_hh_l0": np.ones((15, 5), int)}, {}, "`rnn.weight_hh_l0` is of type int64; real floating"),
    ({"rnn.weight_hh_l0": np.ones((15, 5), complex)}, {}, "`rnn.weight_hh_l0` is of type complex128"),
    ({"rnn.weight_ih_l0_reverse": np.ones((15, 3))}, {}, "`rnn.weight_ih_l0_reverse` belongs to a bidirectional"),
    ({"rnn.weight_hh": np.ones((15, 5))}, {}, "The keys at `rnn` mix those of a cell"),
    ({"b.weight_hh_l0": np.ones((15, 5))}, {}, "holds 2 recurrent networks: `rnn`, `b`. Choose one with `--prefix`"),
    ({}, {"prefix": "decoder"}, "`prefix` 'decoder' fits no recurrent networks in .*It has: `rnn`"),
    ({}, {"nonlinearity": "relu"}, "`nonlinearity` applies to a simple RNN, but the network is a GRU"),
    ({}, {"rectified": 2}, "`rectified` applies to an AL-RNN, but the network is a GRU"),
    ({}, {"readout": "head"}, "`readout` must name one linear layer .* got 'head'. Layers that fit: none"),
]


@pytest.mark.parametrize(("changes", "options", "message"), BAD_WEIGHTS)
def test_bad_weights(changes, options, message):
    weights = weights_of("GRU", layers=2, prefix="rnn.") | changes
    with pytest.raises(InputError, match=message) as raised:
        from_state_dict({k: v for k, v in weights.items() if v is not None}, **options)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "holds no tensors at all"),
        (
            {"encoder.self_attn.in_proj_weight": np.ones((6, 2))},
            "`encoder.self_attn.in_proj_weight` belongs to a trans",
        ),
        ({"conv.weight": np.ones((2, 2, 3))}, "`conv.weight` belongs to a convolutional network"),
        (
            {"0.weight": np.ones((2, 2)), "0.bias": np.ones(2)},
            r"no recurrent network: among its 2 tensor\(s\) are `0.weig",
        ),
    ],
)
def test_no_recurrent_network(weights, message):
    with pytest.raises(InputError, match=message):
        from_state_dict(weights)


def test_unknown_nonlinearity():
    with pytest.raises(InputError, match="`nonlinearity` must be `tanh` or `relu`, got 'gelu'"):
        from_state_dict(weights_of("RNN"), nonlinearity="gelu")


def test_wrong_projection():
    weights = weights_of("LSTM") | {"weight_hr_l0": np.ones((3, 5))}
    with pytest.raises(InputError, match=r"`weight_hr_l0` has shape \(3, 5\), expected \(5, 5\)"):
        from_state_dict(weights)


def test_bad_paths(tmp_path):
    with pytest.raises(InputError, match=r"nowhere.pt` does not exist. Check the path"):
        read_network(tmp_path / "nowhere.pt")
    with pytest.raises(InputError, match="is a folder"):
        read_network(tmp_path)
    (tmp_path / "a.onnx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"its name ends in '.onnx'. Dynascope reads PyTorch files"):
        read_network(tmp_path / "a.onnx")
    for name in ("a.pt", "a.safetensors"):
        (tmp_path / name).touch()
        with pytest.raises(InputError, match=r"is empty \(0 bytes\)"):
            read_network(tmp_path / name)
    (tmp_path / "b.safetensors").write_bytes(b"this is text and nothing else")
    with pytest.raises(InputError, match="is not a valid safetensors file"):
        read_network(tmp_path / "b.safetensors")
    save_file({"rnn.weight_hh_l0": np.ones((4, 4), np.uint32)}, tmp_path / "c.safetensors")
    with pytest.raises(InputError, match=r"`rnn.weight_ih_l0` is missing"):
        read_network(tmp_path / "c.safetensors")


def test_bad_torch_files(torch, tmp_path):
    path = tmp_path / "a.pt"

    def refused(content, message):
        torch.save(content, path)
        with pytest.raises(InputError, match=message):
            read_network(path)

    model = torch.nn.GRU(2, 3)
    save_line = r"`torch.save\(model.state_dict\(\), \"model.pt\"\)`"
    refused(model, rf"class `torch.nn.modules.rnn.GRU`, which could only be opened by running code .*{save_line}")
    refused({"state_dict": model.state_dict(), "args": argparse.Namespace(a=1)}, "of class `argparse.Namespace`")
    refused(torch.ones(3), "holds a Tensor, not a dictionary of weights")
    refused([model.state_dict()], "holds a list, not a dictionary of weights")
    refused({}, "holds no tensors at all")
    refused(
        {"state_dict": torch.nn.Linear(2, 2).state_dict()}, r"no recurrent network: .* `state_dict.weight` \(2, 2\)"
    )
    torch.save(model.state_dict(), path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match="damaged, cut off or of another kind"):
        read_network(path)
    path.write_bytes(b"hello, this is no network")
    with pytest.raises(InputError, match="damaged, cut off or of another kind"):
        read_network(path)


def test_torchscript_is_refused(torch, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch has deprecated the format, but files of it exist
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "a.pt"))
    with pytest.raises(InputError, match="is a TorchScript archive"):
        read_network(tmp_path / "a.pt")
